"""Whatever a file holds, the answer is a score or one FileError of one line, in bounded time and memory."""

import io
import os
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_pieces import midi_file, note, number, track

from credo.errors import CredoError, FileError, FormatError
from credo.io import midi, musicxml
from credo.io.files import load

NOTE = "<note><pitch><step>C</step><octave>4</octave></pitch><duration>1</duration></note>"


def xml(body: str, doctype: str = "", root: str = "score-partwise") -> bytes:
    return f'<?xml version="1.0"?>{doctype}<{root}><part id="P1"><measure>{body}</measure></part></{root}>'.encode()


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


PLACE = "META-INF/container.xml"
CONTAINER = b'<container><rootfiles><rootfile full-path="%s"/></rootfiles></container>'
LAUGHS = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))

BAD = {
    "empty.mid": (b"", "is empty"),
    "empty.xml": (b"", "is empty"),
    "text.mid": (b"hello", "expected MIDI, found text"),
    "xml.mid": (xml(NOTE), "expected MIDI, found MusicXML"),
    "midi.xml": (midi_file(track(note())), "expected MusicXML, found MIDI"),
    "zip.xml": (zipped({PLACE: CONTAINER}), "expected MusicXML, found compressed MusicXML"),
    "plain.mxl": (xml(NOTE), "expected compressed MusicXML, found MusicXML"),
    "html.xml": (b"<!DOCTYPE html><html></html>", "expected MusicXML, found a web page"),
    "mp3.mid": (b"ID3\x03\x00", "expected MIDI, found MP3 audio"),
    "wave.mid": (b"RIFF\x24\x00\x00\x00WAVEfmt ", "expected MIDI, found RIFF audio"),
    "picture.mxl": (b"\x89PNG\r\n\x1a\n", "expected compressed MusicXML, found a PNG picture"),
    "blank.abc": (b"  \n", "expected ABC, found blank text"),
    "words.abc": (b"no tune at all\n", "expected ABC, found text"),
    "song.wma": (b"RIFF", "expected one of .mid"),
    "nothing": (b"x", "got no suffix"),
    # MIDI: headers
    "header.mid": (b"MThd\x00\x00\x00\x06\x00\x01", "header is cut short"),
    "big_header.mid": (b"MThd\xff\xff\xff\xff\x00\x01\x00\x01\x00\x60", "a header that claims 4294967295"),
    "format2.mid": (midi_file(track(note()), file_format=2), "expected 0 or 1, got 2"),
    "division0.mid": (midi_file(track(note()), division=0), "0 ticks a quarter"),
    "smpte.mid": (midi_file(track(note()), division=-25 * 256 + 40), "SMPTE"),
    "no_tracks.mid": (midi_file(), "holds no notes"),
    "65535_tracks.mid": (midi_file(track(note()), promised=65535), "expected 65535 tracks, got 1"),
    "riff.mid": (b"RIFF\x04\x00\x00\x00RMIDdata", "starts with MThd"),
    # MIDI: tracks
    "no_notes.mid": (midi_file(track(b"\x00\xff\x03\x01a")), "holds no notes"),
    "unclosed.mid": (midi_file(track(b"\x00\x90\x3c\x50")), "holds no notes"),
    "cut.mid": (midi_file(track(note()))[:-3], "track is cut short: expected 12 bytes, got 9"),
    "long_track.mid": (midi_file(b"MTrk\xff\xff\xff\xff"), "expected 4294967295 bytes, got 0"),
    "no_status.mid": (midi_file(track(b"\x00\x3c\x50")), "without a status byte"),
    "data_byte.mid": (midi_file(track(b"\x00\x90\x3c\xd0")), "above 127"),
    "long_number.mid": (midi_file(track(b"\xff\xff\xff\xff\x7f\x90\x3c\x50")), "more than four bytes"),
    "cut_event.mid": (midi_file(b"MTrk\x00\x00\x00\x02\x00\x90"), "an event is cut short"),
    "cut_meta.mid": (midi_file(b"MTrk\x00\x00\x00\x05\x00\xff\x03\x7fa"), "an event is cut short"),
    "tempo0.mid": (midi_file(track(b"\x00\xff\x51\x03\x00\x00\x00", note())), "tempo"),
    "metre0.mid": (midi_file(track(b"\x00\xff\x58\x04\x00\x02\x18\x08", note())), "expected a metre"),
    "metre_2_200.mid": (midi_file(track(b"\x00\xff\x58\x04\x04\xc8\x18\x08", note())), "expected a metre"),
    # forty bytes that claim a quarter of a billion beats
    "beats.mid": (midi_file(track(b"\x00\x90\x3c\x50", number(0xFFFFFFF), b"\x80\x3c\x00"), division=1), "100000"),
    "slow.mid": (
        midi_file(track(b"\x00\xff\x51\x03\xff\xff\xff", note(ticks=90_000)), division=1),
        "expected at most 24 hours",
    ),
    # MusicXML
    "cut.xml": (xml(NOTE)[:-9], "XML is damaged"),
    "svg.xml": (b'<svg xmlns="http://www.w3.org/2000/svg"/>', "got <{http://www.w3.org/2000/svg}svg>"),
    "utf16.xml": (xml(NOTE).decode().encode("utf-16")[:60], "XML is damaged"),
    "latin.xml": (b"<?xml version='1.0'?><score-partwise>\xe4</score-partwise>", "XML is damaged"),
    "klingon.xml": (b'<?xml version="1.0" encoding="klingon"?><a/>', "XML is damaged"),
    "no_notes.xml": (xml(""), "holds no notes"),
    "no_parts.xml": (b"<score-partwise/>", "holds no notes"),
    "octave.xml": (xml(NOTE.replace("4", "x")), "MusicXML is damaged"),
    "step.xml": (xml(NOTE.replace("C", "H")), "MusicXML is damaged"),
    "high.xml": (xml(NOTE.replace("4", "12")), "within MIDI's 0..127, got 156"),
    "divisions0.xml": (xml("<attributes><divisions>0</divisions></attributes>" + NOTE), "divisions"),
    "divisions.xml": (xml("<attributes><divisions>9999999999</divisions></attributes>" + NOTE), "divisions"),
    "metre0.xml": (xml("<attributes><time><beats>0</beats><beat-type>4</beat-type></time></attributes>"), "metre"),
    "long.xml": (xml(NOTE.replace(">1<", ">99999999999999<")), "at most 100000 quarters"),
    "forward.xml": (xml("<forward><duration>1e99</duration></forward>" + NOTE), "at most 100000 quarters"),
    "laughs.xml": (
        xml("&a9;" + NOTE, f'<!DOCTYPE x [<!ENTITY a0 "ha">{LAUGHS}]>'),
        "expected XML without entities",
    ),
    "xxe.xml": (
        xml("&secret;" + NOTE, '<!DOCTYPE x [<!ENTITY secret SYSTEM "file:///etc/hostname">]>'),
        "expected XML without entities",
    ),
    # compressed MusicXML
    "cut.mxl": (zipped({PLACE: CONTAINER})[:-30], "archive is damaged"),
    "lost.mxl": (zipped({PLACE: b""}), "XML is damaged"),
    "absent.mxl": (zipped({PLACE: b"<container/>", "x.musicxml": xml(NOTE)}), "holds no score"),
    "other.mxl": (zipped({"a.txt": b"", "musicxml/a.txt": b""}), "holds no score"),
    "zip.mxl": (zipped({"a.txt": b"hello"}), "found a zip archive"),
    # ABC
    "no_key.abc": (b"X:1\nT:a\nCDEF|\n", "expected a K: line"),
    "no_tune.abc": (b"T:a\nK:C\nCDEF|\n", "starts with X:"),
    "no_notes.abc": (b"X:1\nT:a\nK:C\n", "holds no notes"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_gives_one_line_that_says_why(name, tmp_path):
    content, reason = BAD[name]
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError) as caught:
        load(path)
    message = str(caught.value)
    assert reason in message
    assert message.startswith(str(path))
    assert len(message.splitlines()) == 1
    assert len(message) < len(str(path)) + 160


@pytest.mark.parametrize("name", ["missing.mid", "missing.wav", "no/such/folder.xml", "\x00.mid"])
def test_a_missing_file(name, tmp_path):
    with pytest.raises(FileError, match="no such file"):
        load(tmp_path / name)


def test_a_folder_a_pipe_and_a_secret(tmp_path):
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(FileError, match="found a folder"):
        load(tmp_path / "folder.mid")
    if hasattr(os, "mkfifo"):
        os.mkfifo(tmp_path / "pipe.mid")
        with pytest.raises(FileError, match="device or pipe"):
            load(tmp_path / "pipe.mid")
    secret = tmp_path / "secret.mid"
    secret.write_bytes(midi_file(track(note())))
    secret.chmod(0)
    if not os.access(secret, os.R_OK):  # root may read everything
        with pytest.raises(FileError, match="permission denied"):
            load(secret)


def test_what_is_wrong_can_be_pickled_and_sent_home(tmp_path):
    with pytest.raises(FormatError) as caught:
        midi.parse(b"", tmp_path)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def _bombs(folder: Path) -> None:
    """Small files that would fill the memory, and what is at the limit of what is allowed."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        out.writestr(PLACE, CONTAINER % b"b.xml")
        with out.open("b.xml", "w") as entry:
            entry.write(b"<score-partwise>")
            for _ in range(60):
                entry.write(bytes([32]) * (1 << 20))
    data = archive.getvalue()
    (folder / "bomb.mxl").write_bytes(data)
    # the same, with a header that claims a few bytes only
    size = (60 << 20) + 16
    (folder / "liar.mxl").write_bytes(data.replace(size.to_bytes(4, "little"), (99).to_bytes(4, "little")))
    (folder / "tags.xml").write_bytes(b"<score-partwise>" + b"<a/>" * 2_600_000)
    (folder / "notes.mid").write_bytes(midi_file(track(b"\x00\x90\x3c\x50", b"\x00\x3c\x50" * 1_000_000)))
    (folder / "large.mid").write_bytes(b"MThd" + bytes(21_000_000))


@pytest.mark.skipif(sys.platform != "linux", reason="memory limits are those of Linux")
def test_bombs_are_refused_in_little_memory(tmp_path):
    _bombs(tmp_path)
    child = """
import resource, sys
resource.setrlimit(resource.RLIMIT_AS, (500 << 20, 500 << 20))
from credo.errors import FormatError
from credo.io import load
for path in sys.argv[1:]:
    try:
        load(path)
    except FormatError as error:
        print(error.reason)
"""
    paths = [str(tmp_path / name) for name in ("bomb.mxl", "liar.mxl", "tags.xml", "notes.mid", "large.mid")]
    done = subprocess.run(
        [sys.executable, "-c", child, *paths], capture_output=True, text=True, check=False, timeout=60
    )
    assert done.stderr == ""
    bomb, liar, tags, notes, large = done.stdout.splitlines()
    assert "at most 50 MB unpacked" in bomb
    assert "unpacked" in liar or "damaged" in liar
    assert "at most 2500000 XML tags" in tags
    assert "at most 500000 notes" in notes
    assert "at most 20 MB" in large


GOOD_MIDI = midi_file(
    track(b"\x00\xff\x51\x03\x07\xa1\x20\x00\xff\x58\x04\x03\x02\x18\x08"), track(note(60), note(64), note(67, 480))
)
GOOD_XML = xml("<attributes><divisions>2</divisions></attributes>" + NOTE * 3)


def _mutated(good: bytes) -> st.SearchStrategy[bytes]:
    places = st.integers(0, len(good) - 1)
    flips = st.lists(st.tuples(places, st.integers(0, 255)), min_size=1, max_size=5)

    def flip(changes: list[tuple[int, int]]) -> bytes:
        data = bytearray(good)
        for place, value in changes:
            data[place] = value
        return bytes(data)

    return st.one_of(flips.map(flip), places.map(lambda place: good[:place]), st.binary(max_size=99).map(good.__add__))


def _refusal(parse, data: bytes) -> str:
    """What the reader says against some bytes; nothing if it reads them."""
    try:
        parse(data, "fuzz")
    except CredoError as error:
        return str(error)
    return ""


@settings(max_examples=300, deadline=None)
@given(_mutated(GOOD_MIDI))
def test_damaged_midi_is_read_or_refused(data):
    assert "\n" not in _refusal(midi.parse, data)


@settings(max_examples=200, deadline=None)
@given(_mutated(GOOD_XML) | _mutated(musicxml.compress(GOOD_XML)))
def test_damaged_musicxml_is_read_or_refused(data):
    assert "\n" not in _refusal(musicxml.parse, data)
