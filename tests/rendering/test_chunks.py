"""Sound files with loops, marks and tags, read by others' readers and byte by byte."""

import errno
import struct
from pathlib import Path

import numpy as np
import pytest

from credo.errors import FileError, UsageError
from credo.rendering.sound.chunks import write_flac, write_ogg, write_wav
from credo.rendering.sound.comments import ogg_with_comments
from credo.rendering.sound.encode import encode_sound

soundfile = pytest.importorskip("soundfile")

RATE = 48_000
FULL = 1 << 23
MARKS = [(24_000, "Schlag – 打"), (0, "A"), (30_011, "end")]
INFO = {"comment": "für niemanden", "title": "Élan", "software": "Credo"}
LOOP = (1_009, 24_001)
WRITERS = {".wav": write_wav, ".ogg": write_ogg, ".flac": write_flac}


@pytest.fixture(scope="module")
def samples() -> np.ndarray:
    sound = np.random.default_rng(0).normal(0, 0.1 * FULL, (30_011, 2)).astype(np.int32)
    sound[:4] = [[FULL - 1, -FULL], [1, -1], [0, 0], [-FULL, FULL - 1]]
    return sound


def riff(data: bytes) -> list[tuple[bytes, bytes]]:
    """Chunks in order; a LIST is named by its kind."""
    assert data[:4] == b"RIFF"
    assert data[8:12] == b"WAVE"
    assert struct.unpack_from("<I", data, 4)[0] == len(data) - 8
    return subchunks(data[12:])


def subchunks(data: bytes) -> list[tuple[bytes, bytes]]:
    found = []
    while data:
        name, size = data[:4], struct.unpack_from("<I", data, 4)[0]
        body = data[8 : 8 + size]
        found.append((body[:4], body[4:]) if name == b"LIST" else (name, body))
        assert len(body) == size
        data = data[8 + size + size % 2 :]
    return found


@pytest.mark.parametrize("channels", [1, 2])
@pytest.mark.parametrize("suffix", [".wav", ".flac"])
def test_every_bit_comes_back(tmp_path, samples, suffix, channels):
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path, samples[:, :channels], RATE, loop=LOOP, marks=MARKS, info=INFO)
    found = soundfile.info(path)
    assert (found.samplerate, found.channels, found.subtype, found.frames) == (RATE, channels, "PCM_24", 30_011)
    assert np.array_equal(soundfile.read(path, dtype="int32", always_2d=True)[0] >> 8, samples[:, :channels])


def test_ogg_has_the_same_frames(tmp_path):
    for frames in (1, 30_011, 61 * RATE):
        tone = np.rint(FULL / 4 * np.sin(np.arange(frames) / 20)).astype(np.int32)[:, None]
        write_ogg(tmp_path / "a.ogg", tone, RATE, loop=(0, frames), info=INFO)
        read, rate = soundfile.read(tmp_path / "a.ogg", always_2d=True)
        assert (rate, read.shape) == (RATE, (frames, 1))
        assert np.abs(read - tone / FULL).max() < 0.1


def test_the_chunks_of_a_wav_file(tmp_path, samples):
    write_wav(tmp_path / "a.wav", samples, RATE, loop=LOOP, marks=MARKS, info=INFO)
    chunks = riff((tmp_path / "a.wav").read_bytes())
    assert [name for name, _ in chunks] == [b"fmt ", b"data", b"smpl", b"cue ", b"adtl", b"INFO"]
    bodies = dict(chunks)
    assert struct.unpack("<HHIIHH", bodies[b"fmt "]) == (1, 2, RATE, 6 * RATE, 6, 24)
    assert len(bodies[b"data"]) == 6 * 30_011
    fields = struct.unpack("<15I", bodies[b"smpl"])
    assert fields[:9] == (0, 0, 20_833, 60, 0, 0, 0, 1, 0)
    assert fields[9:] == (0, 0, 1_009, 24_000, 0, 0), "forwards, the last frame included, without end"
    count = struct.unpack_from("<I", bodies[b"cue "])[0]
    points = [struct.unpack_from("<II4sIII", bodies[b"cue "], 4 + 24 * i) for i in range(count)]
    assert len(bodies[b"cue "]) == 4 + 24 * count
    assert all(point[2:5] == (b"data", 0, 0) and point[1] == point[5] for point in points)
    names = {
        struct.unpack_from("<I", body)[0]: body[4:] for kind, body in subchunks(bodies[b"adtl"]) if kind == b"labl"
    }
    assert [(frame, names[number].decode()) for number, frame, *_ in points] == [
        (0, "A\0"),
        (1_009, "loop start\0"),
        (24_000, "Schlag – 打\0"),
        (24_000, "loop end\0"),
        (30_011, "end\0"),
    ]
    assert subchunks(bodies[b"INFO"]) == [
        (b"INAM", "Élan\0".encode()),
        (b"ISFT", b"Credo\0"),
        (b"ICMT", "für niemanden\0".encode()),
    ]


def test_another_reader_of_wav_files(tmp_path, samples):
    wavinfo = pytest.importorskip("wavinfo")
    path = tmp_path / "a.wav"
    write_wav(path, samples, RATE, loop=LOOP, marks=MARKS, info=INFO)
    read = wavinfo.WavInfoReader(str(path), info_encoding="utf-8")
    assert (read.fmt.bits_per_sample, read.fmt.sample_rate, read.data.frame_count) == (24, RATE, 30_011)
    [loop] = read.smpl.sample_loops
    assert (loop.start, loop.end, loop.repetition_count) == (1_009, 24_000, 0)
    assert {cue.position for cue in read.cues.cues} == {0, 1_009, 24_000, 30_011}
    assert (read.info.title, read.info.software, read.info.comment) == ("Élan", "Credo", "für niemanden")


@pytest.mark.parametrize("suffix", [".ogg", ".flac"])
def test_another_reader_of_comments(tmp_path, samples, suffix):
    mutagen = pytest.importorskip("mutagen")
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path, samples, RATE, loop=LOOP, marks=MARKS, info=INFO)
    read = mutagen.File(path)
    assert list(read.tags) == [
        ("LOOPSTART", "1009"),
        ("LOOPLENGTH", "22992"),
        ("TITLE", "Élan"),
        ("ENCODER", "Credo"),
        ("COMMENT", "für niemanden"),
        ("CHAPTER001", "00:00:00.000"),
        ("CHAPTER001NAME", "A"),
        ("CHAPTER002", "00:00:00.500"),
        ("CHAPTER002NAME", "Schlag – 打"),
        ("CHAPTER003", "00:00:00.625"),
        ("CHAPTER003NAME", "end"),
    ]
    assert read.info.length == pytest.approx(30_011 / RATE)


@pytest.mark.parametrize("suffix", [".ogg", ".flac"])
def test_the_loop_is_the_first_comment(tmp_path, samples, suffix):
    path = tmp_path / f"a{suffix}"
    WRITERS[suffix](path, samples, RATE, loop=LOOP, info={"title": "Élan"})
    data = path.read_bytes()
    start = data.index(b"LOOPSTART=") - 8
    count = struct.unpack_from("<I", data, start)[0]
    comments, here = [], start + 4
    for _ in range(count):
        size = struct.unpack_from("<I", data, here)[0]
        comments.append(data[here + 4 : here + 4 + size].decode())
        here += 4 + size
    assert comments == ["LOOPSTART=1009", "LOOPLENGTH=22992", "TITLE=Élan"]
    assert soundfile.SoundFile(path).title == "Élan"


def test_comments_of_many_pages(tmp_path, samples):
    """A packet of more than 255 segments goes on on a second page, and one of a multiple of 255 bytes ends with 0."""
    plain = encode_sound(samples << 8, RATE, ".ogg")
    for length in (0, 1, *range(4_000, 4_600), 65_025, 70_000, 200_000):
        data = ogg_with_comments(plain, [("COMMENT", "x" * length)])
        if length % 100 == 0 or length > 60_000:
            (tmp_path / "a.ogg").write_bytes(data)
            with soundfile.SoundFile(tmp_path / "a.ogg") as read:
                assert (read.frames, len(read.comment)) == (30_011, length)
        numbers = page_numbers(data)
        assert numbers == list(range(len(numbers)))


def page_numbers(ogg: bytes) -> list[int]:
    numbers, here = [], 0
    while here < len(ogg):
        assert ogg[here : here + 4] == b"OggS"
        numbers.append(struct.unpack_from("<I", ogg, here + 18)[0])
        table = ogg[here + 27 : here + 27 + ogg[here + 26]]
        here += 27 + len(table) + sum(table)
    return numbers


@pytest.mark.parametrize("suffix", WRITERS)
def test_without_anything_to_tell_there_is_only_sound(tmp_path, samples, suffix):
    WRITERS[suffix](tmp_path / f"b{suffix}", samples, RATE)
    assert soundfile.info(tmp_path / f"b{suffix}").frames == 30_011
    if suffix == ".wav":
        assert [name for name, _ in riff((tmp_path / "b.wav").read_bytes())] == [b"fmt ", b"data"]


@pytest.mark.parametrize("suffix", WRITERS)
def test_same_samples_same_bytes(tmp_path, samples, suffix):
    for name in ("a", "b"):
        WRITERS[suffix](tmp_path / f"{name}{suffix}", samples, RATE, loop=LOOP, marks=MARKS, info=INFO)
    assert (tmp_path / f"a{suffix}").read_bytes() == (tmp_path / f"b{suffix}").read_bytes()


@pytest.mark.parametrize("suffix", WRITERS)
@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"loop": (0, 30_012)}, "start < end <= 30011 frames, got 0 and 30012"),
        ({"loop": (7, 7)}, "got 7 and 7"),
        ({"marks": [(-1, "hit")]}, "mark 'hit': expected a frame"),
        ({"marks": [(30_012, "hit")]}, "got 30012"),
        ({"info": {"mood": "sad"}}, "expected title, artist, .* got 'mood'"),
    ],
)
def test_what_does_not_fit_is_refused(tmp_path, samples, suffix, arguments, message):
    with pytest.raises(UsageError, match=message):
        WRITERS[suffix](tmp_path / f"a{suffix}", samples, RATE, **arguments)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (np.zeros((5, 2), np.float32), "got float32"),
        (np.zeros((0, 2), np.int32), r"of shape \(0, 2\)"),
        (np.zeros(5, np.int32), r"got int32 of shape \(5,\)"),
        (np.zeros((5, 3), np.int32), r"\(5, 3\)"),
        (np.full((5, 2), FULL), "24 bits, got 8388608"),
    ],
)
def test_other_samples_are_refused(tmp_path, bad, message):
    with pytest.raises(UsageError, match=message):
        write_wav(tmp_path / "a.wav", bad, RATE)
    with pytest.raises(UsageError, match=message):
        write_flac(tmp_path / "a.flac", bad, RATE)


@pytest.mark.parametrize("suffix", WRITERS)
def test_a_full_disk_leaves_the_old_file(tmp_path, samples, suffix, monkeypatch):
    path = tmp_path / f"a{suffix}"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="no space left"):
        WRITERS[suffix](path, samples, RATE)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]
