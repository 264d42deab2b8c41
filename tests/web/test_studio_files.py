"""Files in and out, the hostile ones too; words and pictures."""

import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest

pytest.importorskip("fastapi", reason="the extra studio is not installed")
pytest.importorskip("httpx2", reason="the client of these tests is not installed")

import tiny
from credo.web import reading
from credo.web.answers import AttributesAnswer, ImportAnswer
from credo.web.pieces import in_whole_bars, message_of


@pytest.fixture(scope="module")
def piece(server):
    grid = tiny.random_grid(server.studio.desk.model("tiny").texture, 32, np.random.default_rng(7))
    return message_of(in_whole_bars(grid)[0], "tiny")


def send(server, name, data, model="tiny", **form):
    begun = time.monotonic()
    answer = server.post("/api/v1/import", files={"file": (name, data)}, data={"model": model, **form})
    assert time.monotonic() - begun < 30
    return answer


def essence(piece):
    return sorted((n["voice"], n["onset"], n["duration"], n["pitch"]) for n in piece["notes"])


@pytest.mark.parametrize(("form", "name"), [("midi", "a.mid"), ("musicxml", "A.MusicXML")])
def test_notes_come_back_from_a_file(server, piece, form, name):
    answer = server.post("/api/v1/export", json={"piece": piece, "format": form})
    assert answer.status_code == 200
    assert answer.headers["content-disposition"].startswith('attachment; filename="')
    back = send(server, name, answer.content)
    assert back.status_code == 200, back.text
    ImportAnswer.model_validate(back.json())
    assert essence(back.json()["piece"]) == essence(piece)
    assert back.json()["tunes"] == []
    assert back.json()["piece"]["tempo"] == piece["tempo"]


BOOK = b"X:1\nT:Up\nL:1/4\nK:C\nCDEF|GABc|\n\nX:9\nT:Down\nL:1/4\nK:C\ncBAG|FEDC|\n\nX:5\nL:1/4\nK:C\nCCGG|AAGG|\n"


def test_each_tune_of_a_book_can_be_taken(server):
    pytest.importorskip("symusic")
    first = send(server, "book.abc", BOOK).json()
    ImportAnswer.model_validate(first)
    assert (first["piece"]["title"], first["tunes"]) == ("Up", ["Up", "Down", ""])
    assert not any("tunes" in remark for remark in first["remarks"])  # they are offered, not left out
    second = send(server, "book.abc", BOOK, tune=2).json()
    assert (second["piece"]["title"], second["tunes"]) == ("Down", ["Up", "Down", ""])
    pitches = [[note["pitch"] for note in found["piece"]["notes"]] for found in (first, second)]
    assert pitches[0] == pitches[1][::-1]


@pytest.mark.parametrize(("data", "tune"), [(BOOK, 4), (BOOK[: BOOK.index(b"X:9")], 2)])
def test_a_tune_that_is_not_in_the_file_is_refused(server, data, tune):
    answer = send(server, "book.abc", data, tune=tune)
    assert answer.status_code == 422
    assert f"got {tune}" in answer.json()["error"]["message"]


@pytest.mark.parametrize("form", ["svg", "png"])
def test_a_score_is_engraved_as_one_picture(server, piece, form):
    pytest.importorskip("verovio")
    pytest.importorskip("resvg_py")
    long = {**piece, "bars": 90}
    answer = server.post("/api/v1/export", json={"piece": long, "format": form})
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(b"\x89PNG" if form == "png" else b"<svg")
    assert server.post("/api/v1/export", json={"piece": {**piece, "bars": 300}, "format": form}).status_code == 422


@pytest.mark.parametrize("form", ["wav", "ogg", "flac"])
def test_a_piece_is_played(server, piece, form):
    pytest.importorskip("midirenderer")
    soundfile = pytest.importorskip("soundfile")
    answer = server.post("/api/v1/export", json={"piece": piece, "format": form})
    assert answer.status_code == 200
    samples, rate = soundfile.read(io.BytesIO(answer.content))
    assert 2 * 4 * 60 / piece["tempo"] - 0.1 < len(samples) / rate
    assert np.abs(samples).max() > 0.01


def midi(ticks=96, track=b"\x00\xff\x2f\x00", length=None):
    head = b"MThd" + struct.pack(">IHHH", 6, 1, 1, ticks)
    return head + b"MTrk" + struct.pack(">I", len(track) if length is None else length) + track


def bomb():
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        place = '<container><rootfiles><rootfile full-path="a.xml"/></rootfiles></container>'
        archive.writestr("META-INF/container.xml", place)
        archive.writestr("a.xml", b"<score-partwise>" + b" " * 300_000_000)
    return file.getvalue()


XXE = b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><score-partwise>&x;</score-partwise>'
LAUGHS = (
    b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY a "ha">'
    + b"".join(b'<!ENTITY %c "&%c;&%c;&%c;&%c;">' % (98 + n, *[97 + n] * 4) for n in range(20))
    + b"]><score-partwise>&u;</score-partwise>"
)
LATE = midi(track=b"\xff\xff\xff\x7f\x90\x3c\x40" + b"\xff\xff\xff\x7f\x80\x3c\x40" + b"\x00\xff\x2f\x00")


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.mid", b"MThd"),
        ("a.mid", midi(length=2**31)),
        ("a.mid", midi(ticks=0)),
        ("a.mid", midi()),
        ("a.mid", LATE),
        ("a.mid", XXE),
        ("a.mid", b""),
        ("a.musicxml", XXE),
        ("a.musicxml", LAUGHS),
        ("a.musicxml", b"<a>" * 100_000),
        ("a.mxl", bomb()),
        ("a.mxl", b"PK\x03\x04container.xml"),
        ("a.abc", b"X:1\nK:C\n" + b"[" * 5000),
    ],
)
def test_a_hostile_file_is_refused_in_words(server, name, data):
    answer = send(server, name, data)
    assert answer.status_code == 422, answer.text[:300]
    message = answer.json()["error"]["message"]
    assert message
    assert "/tmp" not in message
    assert "root:" not in answer.text


@pytest.mark.parametrize("name", ["a.exe", "a", "", "../../etc/passwd", "a.mid/../b", "a.mid\x00.exe", "a" * 5000])
def test_files_of_other_names_are_refused(server, name):
    assert send(server, name, b"MThd").status_code in (400, 415, 422)


def test_a_path_in_a_name_leads_nowhere(server, piece):
    data = server.post("/api/v1/export", json={"piece": piece, "format": "midi"}).content
    assert send(server, "../../../../tmp/x.mid", data).status_code == 200


def test_a_file_for_a_model_that_there_is_not(server):
    assert send(server, "a.mid", midi(), model="nobody").status_code == 404


def test_recordings_need_their_extra(server, monkeypatch):
    monkeypatch.setattr(reading, "can_hear", lambda: False)
    answer = send(server, "a.wav", b"RIFF")
    assert answer.status_code == 501
    assert "[transcribe]" in answer.json()["error"]["hint"]


def test_a_recording_that_is_none_is_refused(server):
    pytest.importorskip("onnxruntime")
    pytest.importorskip("soundfile")
    for data in (b"RIFF" + b"\xff" * 1000, b"OggS" + bytes(1000), b"fLaC" + bytes(1000)):
        assert send(server, "a.wav", data).status_code == 422


def test_reading_that_takes_too_long_ends(server, monkeypatch):
    monkeypatch.setitem(reading.LIMITS, "notes", (0.0, 1 << 30))
    assert send(server, "a.mid", midi()).status_code == 422


def test_words_and_moods_and_pieces_have_attributes(server, piece):
    words = {"text": "a waltz in D minor"}
    for asked in (words, {"mood": "tense"}, {**words, "mood": "calm"}, {"piece": piece}):
        answer = server.post("/api/v1/attributes", json=asked)
        assert answer.status_code == 200
        found = AttributesAnswer.model_validate(answer.json())
        assert {reason.attribute for reason in found.reasons} == set(found.attributes)
    assert answer.json()["attributes"]["tempo"] == piece["tempo"]
    for asked in ({}, {"text": " "}, {"text": "a", "piece": piece}, {"mood": "qwertz"}):
        assert server.post("/api/v1/attributes", json=asked).status_code == 422


def png(width, height, data=b""):
    def chunk(kind, body):
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    head = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + head + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def test_pictures_have_attributes(server):
    pytest.importorskip("PIL")
    row = b"\x00" + b"\xff\x00\x00" * 8

    def ask(data, **more):
        return server.post("/api/v1/attributes/image", files={"file": ("a.png", data)}, data=more)

    red = ask(png(8, 8, row * 8), mood="calm")
    assert red.status_code == 200, red.text
    assert red.json()["attributes"]["arousal"] < 0  # the mood wins
    assert ask(png(60_000, 60_000, row)).status_code == 422
    assert ask(b"no picture").status_code == 422
    assert ask(b"").status_code == 422
