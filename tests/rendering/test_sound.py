"""Scores to samples."""

import shutil
import struct
import sys
import types
from fractions import Fraction

import numpy as np
import pytest

from credo.errors import CredoError, FileError, FormatError, MissingExtraError, UsageError
from credo.music.score import Note, Part, Score, Tempo, Timeline
from credo.rendering.sound.audio import SOUNDFONT_VARIABLE, find_soundfont, save_audio, synthesise

pytest.importorskip("midirenderer")
FLUTE = 73


def one_note(pitch: int, *, quarters: int = 2, rest: int = 0, program: int = FLUTE) -> Score:
    part = Part.of("flute", [Note(Fraction(0), pitch, Fraction(quarters))], program=program)
    return Score((part,), Timeline(length=Fraction(quarters + rest), tempos=(Tempo(Fraction(0), 120.0),)))


def test_sound_lasts_as_long_as_the_score_and_rings_out(chorale):
    samples, rate = synthesise(chorale)
    assert rate == 48_000
    assert samples.dtype == np.float32
    assert samples.shape[1] == 2
    assert chorale.duration_seconds == 6.0
    assert 6.0 < len(samples) / rate < 10.0
    ringing = np.abs(samples[6 * rate :]).max()
    assert ringing > 0.001
    assert np.abs(samples[-480:]).max() < 0.001
    assert np.all(samples[-1] == 0)


@pytest.mark.parametrize("pitch", [60, 69, 81])
def test_the_lowest_strong_frequency_is_the_pitch(pitch):
    samples, rate = synthesise(one_note(pitch, quarters=4))
    spectrum = np.abs(np.fft.rfft(samples[: 2 * rate].mean(axis=1) * np.hanning(2 * rate)))
    lowest = np.flatnonzero(spectrum > 0.2 * spectrum.max())[0] / 2  # a bin is half a hertz
    assert lowest == pytest.approx(440 * 2 ** ((pitch - 69) / 12), rel=0.01)


def test_peak_is_one_decibel_below_full_scale(chorale):
    samples, _ = synthesise(chorale)
    assert np.abs(samples).max() == pytest.approx(10 ** (-1 / 20), abs=1e-6)


def test_dense_loud_music_is_not_clipped():
    chords = [Note(Fraction(0), pitch, Fraction(1), 127) for pitch in range(40, 76, 3)]
    samples, _ = synthesise(Score(tuple(Part.of(f"brass {i}", chords, program=61) for i in range(13))))
    peak = np.abs(samples).max()
    assert np.count_nonzero(np.abs(samples) > 0.9999 * peak) < 5


def test_voices_stand_from_left_to_right():
    high, low = one_note(84).parts[0], one_note(60).parts[0]
    for parts, louder in (((high, low), 0), ((low, high), 1)):
        samples, rate = synthesise(Score(parts))
        spectrum = np.abs(np.fft.rfft(samples[:rate], axis=0))
        high_bin = slice(1020, 1080)  # C6 is 1046 Hz, and a second has one bin a hertz
        energies = (spectrum[high_bin] ** 2).sum(axis=0)
        assert energies.argmax() == louder
        assert energies.max() / energies.min() < 20, "still heard in the other ear"


def test_sixteen_and_more_parts_each_sound_with_their_instrument():
    silent = [Part.of(f"{i}", [Note(Fraction(0), 60, Fraction(1), 1)], program=0) for i in range(17)]
    loud = Part.of("flute", [Note(Fraction(0), 81, Fraction(4), 127)], program=FLUTE)
    samples, rate = synthesise(Score((*silent, loud)))
    assert np.abs(np.fft.rfft(samples[:rate].sum(axis=1))).argmax() == pytest.approx(880, rel=0.01)


def test_rests_at_the_end_are_kept():
    samples, rate = synthesise(one_note(60, quarters=1, rest=19))
    assert len(samples) == 10 * rate


def test_drums_alone_sound_in_the_middle(band):
    samples, _ = synthesise(Score(band.parts[1:]))
    left, right = np.sqrt((samples.astype(float) ** 2).mean(axis=0))
    assert left == pytest.approx(right, rel=0.35)


def test_no_notes_is_silence():
    samples, rate = synthesise(Score((Part("voice", ()),), Timeline(length=Fraction(3))))
    assert samples.shape == (2 * rate, 2)
    assert not samples.any()


def test_same_score_same_samples(chorale):
    assert np.array_equal(synthesise(chorale)[0], synthesise(chorale)[0])


def test_endless_music_is_refused_before_anything_is_allocated():
    with pytest.raises(UsageError, match="30 minutes"):
        synthesise(one_note(60, rest=10**9))


def test_a_named_soundfont_must_exist(chorale, tmp_path, monkeypatch):
    with pytest.raises(FileError, match="no such soundfont"):
        synthesise(chorale, tmp_path / "missing.sf2")
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(tmp_path / "elsewhere.sf2"))
    with pytest.raises(FileError, match=f"elsewhere.*{SOUNDFONT_VARIABLE}"):
        synthesise(chorale)


def test_soundfont_by_argument_or_environment(tmp_path, monkeypatch):
    own = tmp_path / "own.sf2"
    shutil.copy(find_soundfont(), own)
    monkeypatch.setenv(SOUNDFONT_VARIABLE, str(own))
    assert find_soundfont() == own
    assert find_soundfont(tmp_path / "own.sf2") == own
    samples, _ = synthesise(one_note(60, quarters=1))
    assert samples.any()


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("font.sf2", b"hello, I am no soundfont", "not a soundfont"),
        ("font.sf2", b"", "not a soundfont"),
        ("font.sf3", b"RIFF\x00\x00\x00\x00sfbk", "sf3"),
        ("font.sf2", b"RIFF\x40\x00\x00\x00sfbkLIST\x10\x00\x00\x00INFOifil\x04\x00\x00\x00\x03\x00\x00\x00", "sf3"),
    ],
)
def test_files_that_are_no_soundfont_are_refused(chorale, tmp_path, name, content, reason):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(FormatError, match=reason) as caught:
        synthesise(chorale, path)
    assert ".sf2" in caught.value.hint


def test_a_damaged_soundfont_is_an_error_of_ours(chorale, tmp_path):
    path = tmp_path / "cut.sf2"
    path.write_bytes(find_soundfont().read_bytes()[:100_000])
    with pytest.raises(CredoError, match="synthesiser"):
        save_audio(chorale, tmp_path / "out.wav", path)
    assert sorted(tmp_path.iterdir()) == [path]


class PanicException(BaseException):
    pass


@pytest.mark.parametrize(("raised", "expected"), [(PanicException, CredoError), (KeyboardInterrupt, KeyboardInterrupt)])
def test_a_panic_is_caught_and_an_interrupt_is_not(chorale, monkeypatch, raised, expected):
    def fail(*_):
        raise raised("index out of bounds")

    monkeypatch.setitem(sys.modules, "midirenderer", types.SimpleNamespace(render_wave_from=fail))
    with pytest.raises(expected):
        synthesise(chorale)


@pytest.mark.parametrize("library", ["midirenderer", "pretty_midi"])
def test_missing_libraries_name_their_extra(chorale, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r'pip install "credo-music\[audio\]"'):
        synthesise(chorale)


def test_the_soundfont_is_of_version_two():
    font = find_soundfont().read_bytes()
    version = font.find(b"ifil", 0, 256)
    assert struct.unpack_from("<H", font, version + 8) == (2,)
