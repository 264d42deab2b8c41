"""Notes of recordings: tones whose notes are known, the lattice they are put on, and files that are no recordings."""

import warnings
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from credo.errors import FileError, FormatError, UsageError
from credo.io.audio.beats import find_beat
from credo.io.audio.hearing import FRAMES, KEYS, Heard
from credo.io.audio.tracking import track

soundfile = pytest.importorskip("soundfile", reason="needs the extra transcribe")
pytest.importorskip("onnxruntime", reason="needs the extra transcribe")

from credo.io import load  # noqa: E402
from credo.io.audio import transcribe  # noqa: E402
from credo.io.audio.sound import RATE, read_sound  # noqa: E402

#: A tune at 110 quarters a minute: onset in quarters, pitch, length in quarters, amplitude.
TUNE = [(0, 60, 1, 0.3), (1, 64, 1, 0.3), (2, 67, 0.5, 0.3), (2.5, 65, 0.5, 0.3), (3, 64, 1, 0.1), (4, 62, 1, 0.3)]
TUNE += [(5, 59, 1, 0.3), (6, 64, 2, 0.3), (6, 48, 2, 0.3)]
BPM = 110


def plucked(notes=TUNE, *, rate=44_100, bpm=BPM, lead=0.4) -> np.ndarray:
    """Notes of five partials that fade, as strings do; shape (samples,)."""
    seconds = max(onset + length for onset, _, length, _ in notes) * 60 / bpm + lead + 0.5
    sound = np.zeros(round(seconds * rate))
    for onset, pitch, length, amplitude in notes:
        start = round((onset * 60 / bpm + lead) * rate)
        time = np.arange(round(length * 60 / bpm * 0.95 * rate)) / rate
        frequency = 440 * 2 ** ((pitch - 69) / 12)
        partials = [k for k in range(1, 6) if k * frequency < rate / 2]
        tone = sum(np.sin(2 * np.pi * k * frequency * time) / k**2 for k in partials)
        tone *= np.exp(-2 * time) * np.minimum(1, (time[-1] - time) / 0.02)
        sound[start : start + len(time)] += amplitude * tone
    return sound


def heard_in(path: Path) -> list[tuple[Fraction, int]]:
    return [(note.onset, note.pitch) for note in transcribe(path, grid=4).notes]


WRITTEN = sorted((Fraction(onset), pitch) for onset, pitch, _, _ in TUNE)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "subtype"),
    [
        ("a.wav", 44_100, 1, "PCM_16"),
        ("b.wav", 48_000, 2, "PCM_24"),
        ("c.wav", 22_050, 1, "FLOAT"),
        ("d.wav", 44_101, 3, "PCM_16"),
        ("e.flac", 96_000, 2, "PCM_24"),
        ("f.ogg", 48_000, 2, None),
        ("g.WAV", 16_000, 1, "PCM_U8"),
    ],
)
def test_a_tune_is_written_down_from_any_file(tmp_path, name, rate, channels, subtype):
    sound = np.repeat(plucked(rate=rate)[:, None], channels, axis=1)
    soundfile.write(tmp_path / name, sound, rate, subtype=subtype)
    assert heard_in(tmp_path / name) == WRITTEN
    assert heard_in(tmp_path / name) == heard_in(tmp_path / name)


def test_what_is_told_of_a_tune(tmp_path):
    path = tmp_path / "tune.wav"
    soundfile.write(path, plucked(), 44_100)
    score = transcribe(path, grid=4)
    assert (score.timeline.tempos[0].bpm, score.timeline.key.name, score.title) == (BPM, "C major", "tune")
    velocity = {(note.onset, note.pitch): note.velocity for note in score.notes}
    assert velocity[Fraction(3), 64] < 0.75 * velocity[Fraction(1), 64]
    played = transcribe(path)
    seconds = [played.timeline.seconds_at(note.onset) for note in played.notes]
    assert np.allclose(seconds, [0.4 + float(onset) * 60 / BPM for onset, _ in WRITTEN], atol=0.025)
    at_half = transcribe(path, tempo=BPM / 2, grid=4)
    assert [note.onset * 2 for note in at_half.notes] == [onset for onset, _ in WRITTEN]
    assert transcribe(path, tempo=77).timeline.tempos[0].bpm == 77
    assert [note.pitch for note in load(path).notes] == [pitch for _, pitch in WRITTEN]


def test_blocks_leave_no_seams(tmp_path):
    noise = np.random.default_rng(3).normal(0, 0.1, 44_100 * 5)
    soundfile.write(tmp_path / "long.wav", noise, 44_100, subtype="FLOAT")
    from scipy.signal import resample_poly

    sound = read_sound(tmp_path / "long.wav")
    whole = resample_poly(noise, 1, 2)
    assert sound.rate == RATE
    assert len(sound.samples) == len(whole)
    assert np.abs(sound.samples - whole).max() < 1e-4


def test_samples_that_are_no_numbers_are_silence(tmp_path):
    sound = plucked()
    sound[5000:5003] = (np.nan, np.inf, -np.inf)
    soundfile.write(tmp_path / "nan.wav", sound, 44_100, subtype="FLOAT")
    assert heard_in(tmp_path / "nan.wav") == WRITTEN
    assert read_sound(tmp_path / "nan.wav").remarks == ("3 samples that are no numbers are read as silence",)


def bad_files(folder: Path) -> dict[str, str]:
    """Files that hold no music, and what is told of each."""
    noise = np.random.default_rng(1).normal(0, 1, 44_100)
    soundfile.write(folder / "good.wav", plucked(), 44_100)
    data = (folder / "good.wav").read_bytes()
    soundfile.write(folder / "silent.wav", np.zeros(44_100), 44_100)
    soundfile.write(folder / "hiss.wav", noise * 1e-5, 44_100, subtype="FLOAT")
    soundfile.write(folder / "none.wav", np.zeros(0), 44_100)
    soundfile.write(folder / "slow.wav", np.zeros(100), 1000)
    soundfile.write(folder / "nothing.wav", np.full(44_100, np.nan), 44_100, subtype="FLOAT")
    (folder / "empty.wav").write_bytes(b"")
    (folder / "head.wav").write_bytes(data[:20])
    (folder / "words.mp3").write_text("These are words. " * 100)
    (folder / "words.flac").write_text("These are words.")
    (folder / "folder.wav").mkdir()
    soundfile.write(folder / "day.flac", np.zeros(8000 * 1801, np.int16), 8000)
    return {
        "missing.wav": "no such file",
        "silent.wav": "no notes were heard",
        "hiss.wav": "no notes were heard",
        "nothing.wav": "no notes were heard",
        "none.wav": "holds no sound",
        "slow.wav": "expected 4000 to 768000 samples a second, got 1000",
        "empty.wav": "is empty",
        "head.wav": "cannot be read as sound",
        "words.mp3": "cannot be read as sound",
        "words.flac": "cannot be read as sound",
        "folder.wav": "expected a file, found a folder",
        "day.flac": "expected at most 30 minutes of sound, got 30",
    }


def test_files_that_hold_no_music(tmp_path):
    for name, told in bad_files(tmp_path).items():
        with pytest.raises(FileError) as caught:
            transcribe(tmp_path / name)
        assert told in str(caught.value), name
        assert isinstance(caught.value, FormatError) or name in ("missing.wav", "folder.wav")


def test_a_file_that_was_cut_off_gives_what_it_has(tmp_path):
    soundfile.write(tmp_path / "whole.wav", plucked(), 44_100)
    data = (tmp_path / "whole.wav").read_bytes()
    (tmp_path / "cut.wav").write_bytes(data[: len(data) // 2 + 1])
    assert set(heard_in(tmp_path / "cut.wav")) < set(WRITTEN)


@pytest.mark.parametrize("wish", [{"tempo": 0}, {"tempo": float("nan")}, {"grid": 0}, {"grid": 49}])
def test_wishes_out_of_bounds(tmp_path, wish):
    with pytest.raises(UsageError, match="expected"):
        transcribe(tmp_path / "not-looked-at.wav", **wish)


def curves(onsets: dict[int, float], sounding: slice) -> Heard:
    """What a network would have heard of one key, the 40th."""
    onset, note = np.zeros((2, FRAMES, KEYS), np.float32)
    note[sounding, 39] = 0.8
    for frame, height in onsets.items():
        onset[frame, 39] = height
    return Heard(onset, note)


def test_a_key_that_sounds_already_needs_a_clearer_onset():
    spans = [(event.start, event.end) for event in track(curves({10: 0.9, 40: 0.6}, slice(10, 90)))]
    assert spans == [(10, 90)]
    spans = [(event.start, event.end) for event in track(curves({10: 0.9, 40: 0.8}, slice(10, 90)))]
    assert spans == [(10, 40), (40, 90)]
    assert track(curves({}, slice(10, 90))) == []
    assert track(curves({10: 0.9}, slice(10, 12))) == []


@pytest.mark.parametrize("bpm", [80.0, 88.0, 97.3, 120.0, 151.0])
def test_the_tempo_of_a_steady_player(bpm):
    dice = np.random.default_rng(7)
    quarters = np.arange(0, 97)
    eighths = np.sort(np.concatenate((quarters, dice.choice(quarters, 30, replace=False) + 0.5)))
    onsets = 1.7 + eighths * 60 / bpm + dice.normal(0, 0.008, len(eighths))
    beat = find_beat(onsets, np.where(eighths % 1, 0.7, 1.0))
    assert beat.steady
    assert beat.bpm == pytest.approx(bpm, rel=2e-3)
    assert np.array_equal(np.round(beat.quarters(onsets) * 4), eighths * 4)


def test_a_player_who_slows_down_is_followed():
    beats = np.cumsum(np.linspace(0.56, 0.66, 60))
    onsets = np.sort(np.concatenate((beats, (beats[:-1:2] + beats[1::2]) / 2)))
    beat = find_beat(onsets, np.ones(len(onsets)))
    assert not beat.steady
    found = beat.quarters(beats)
    assert np.abs(np.diff(found) - 1).max() < 0.15


def test_nothing_is_warned_of_where_there_is_one_note():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert find_beat(np.array([3.0]), np.array([1.0])).quarters(np.array([3.0])).round(6) == 0
