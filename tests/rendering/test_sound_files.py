"""Samples to sound files."""

import errno
import io
import sys
from pathlib import Path

import numpy as np
import pytest

from credo.errors import FileError, MissingExtraError, UsageError
from credo.music.score import Score
from credo.rendering.sound import encode
from credo.rendering.sound.audio import save_audio, synthesise

soundfile = pytest.importorskip("soundfile")


@pytest.mark.parametrize(
    ("name", "subtype", "tolerance"),
    [("a.wav", "PCM_24", 1e-6), ("a.FLAC", "PCM_24", 1e-6), ("a.ogg", "VORBIS", 0.1), ("a.mp3", "MPEG_LAYER_III", 0.1)],
)
def test_files_hold_the_samples(chorale, tmp_path, name, subtype, tolerance):
    samples, rate = synthesise(chorale)
    save_audio(chorale, tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == [name]
    info = soundfile.info(tmp_path / name)
    assert (info.samplerate, info.channels, info.subtype, info.frames) == (rate, 2, subtype, len(samples))
    read, _ = soundfile.read(tmp_path / name)
    assert np.abs(read - samples).max() < tolerance
    assert np.corrcoef(read[:, 0], samples[:, 0])[0, 1] > 0.99


@pytest.mark.parametrize("suffix", encode.SOUND_FORMATS)
def test_same_samples_same_bytes(suffix):
    samples = np.random.default_rng(0).normal(0, 0.1, (20_011, 2)).astype(np.float32)
    assert encode.encode_sound(samples, 48_000, suffix) == encode.encode_sound(samples, 48_000, suffix)


@pytest.mark.parametrize("suffix", encode.SOUND_FORMATS)
def test_a_score_of_no_length_is_a_file_too(suffix, tmp_path):
    save_audio(Score(()), tmp_path / f"a{suffix}")
    assert not soundfile.read(tmp_path / f"a{suffix}")[0].any()


def test_a_minute_of_ogg_does_not_end_the_interpreter():
    samples = np.sin(np.arange(61 * 48_000, dtype=np.float32) / 20)[:, None] * np.ones(2, np.float32) / 2
    content = encode.encode_sound(samples, 48_000, ".ogg")
    assert soundfile.info(io.BytesIO(content)).frames == len(samples)


def test_ogg_pages_keep_valid_checksums():
    content = encode.encode_sound(np.zeros((48_000, 2), np.float32), 48_000, ".ogg")
    assert content[14:18] == b"\x01\0\0\0"
    page = content[: 28 + content[27]]  # the first page has one segment
    assert slow_ogg_checksum(page[:22] + b"\0\0\0\0" + page[26:]) == int.from_bytes(page[22:26], "little")


def slow_ogg_checksum(page: bytes) -> int:
    """Bit by bit, from RFC 3533: polynomial 0x04c11db7, initial value and final exclusive-or 0."""
    register = 0
    for byte in page:
        register ^= byte << 24
        for _ in range(8):
            register = (register << 1 ^ (0x04C11DB7 if register >> 31 else 0)) & 0xFFFFFFFF
    return register


@pytest.mark.parametrize("name", ["a.mid", "a", "a.wav.txt"])
def test_other_names_are_refused(chorale, tmp_path, name):
    with pytest.raises(UsageError, match=r"\.wav, \.flac, \.ogg, \.mp3"):
        save_audio(chorale, tmp_path / name)


def test_a_missing_folder_is_one_error(chorale, tmp_path):
    with pytest.raises(FileError, match="cannot be written"):
        save_audio(chorale, tmp_path / "nowhere" / "a.wav")
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_leaves_the_old_file(chorale, tmp_path, monkeypatch):
    path = tmp_path / "a.wav"
    path.write_bytes(b"old")

    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match=r"a\.wav.*no space left"):
        save_audio(chorale, path)
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


def test_a_missing_library_names_its_extra(monkeypatch):
    monkeypatch.setitem(sys.modules, "soundfile", None)
    with pytest.raises(MissingExtraError, match=r"credo-music\[audio\]"):
        encode.encode_sound(np.zeros((10, 2)), 48_000, ".wav")
