"""Levels, and sums that are exact."""

import math

import numpy as np
import pytest

from credo.errors import UsageError
from credo.rendering.sound.loudness import RATE, loudness, true_peak
from credo.rendering.sound.mastering import FULL_SCALE, master
from credo.rendering.sound.stems import Stem, render_parts


def noise(seed: int, seconds: float = 2.0, level: float = 0.05, name: str = "noise") -> Stem:
    source = np.random.default_rng(seed)
    return Stem(name, source.normal(0, level, (round(seconds * RATE), 2)).astype(np.float32), 0)


def test_stems_add_up_to_the_mix_bit_for_bit():
    for count in (1, 2, 7, 13):
        made = master([noise(seed, level=0.3 / (seed + 1)) for seed in range(count)])
        assert np.array_equal(made.mix, np.sum(made.stems, axis=0))
        assert made.mix.dtype == np.int32
        assert {stem.dtype for stem in made.stems} == {np.dtype(np.int32)}
        assert max(np.abs(sound).max() for sound in (made.mix, *made.stems)) < FULL_SCALE


def test_the_mix_is_as_loud_as_asked_and_the_balance_stays():
    stems = [noise(1, level=0.02), noise(2, level=0.005)]
    made = master(stems, lufs=-23)
    assert loudness(made.mix / FULL_SCALE) == pytest.approx(-23, abs=0.01)
    assert made.lufs == pytest.approx(-23, abs=0.01)
    assert made.short_db == 0
    assert true_peak(made.mix / FULL_SCALE) == made.true_peak <= -1
    for stem, whole in zip(stems, made.stems, strict=True):
        assert np.abs(whole / FULL_SCALE - stem.samples * 10 ** (made.gain_db / 20)).max() <= 0.51 / FULL_SCALE


def test_peaks_come_before_loudness():
    click = noise(1, level=0.001)
    click.samples[RATE] = 0.9
    made = master([click], lufs=-16, peak=-1)
    assert made.true_peak == pytest.approx(-1, abs=0.001)
    assert made.true_peak <= -1
    assert made.lufs < -20
    assert made.short_db == pytest.approx(-16 - made.lufs, abs=0.01)


def test_peaks_between_samples_count():
    wave = np.sin(np.pi / 2 * np.arange(RATE) + np.pi / 4) * np.minimum(1, np.arange(RATE)[::-1] / 2_400)
    made = master([Stem("tone", np.stack([wave, wave], axis=1).astype(np.float32), 0)], lufs=0)
    assert made.true_peak <= -1
    assert np.abs(made.mix).max() < 0.75 * FULL_SCALE, "the samples lie 3 dB below the peaks"


def test_stems_that_cancel_do_not_clip():
    left = noise(1, level=0.3)
    right = Stem("against", -left.samples + noise(2, level=0.001).samples, 0)
    made = master([left, right])
    assert max(np.abs(sound).max() for sound in made.stems) <= FULL_SCALE * 10 ** (-1 / 20)
    assert made.short_db > 0
    assert np.array_equal(made.mix, made.stems[0] + made.stems[1])


def test_short_sounds_are_brought_to_the_peak():
    made = master([noise(1, seconds=0.3)])
    assert made.lufs is None
    assert made.true_peak == pytest.approx(-1, abs=0.001)


def test_silence_stays_silence():
    sounding, silent = noise(1), Stem("silent", np.zeros((2 * RATE, 2), np.float32), 2 * RATE)
    assert not master([sounding, silent]).stems[1].any()
    made = master([silent, silent])
    assert not made.mix.any()
    assert (made.gain_db, made.lufs, made.true_peak) == (0, -math.inf, -math.inf)


def test_very_soft_sound_is_brought_up_too():
    assert master([noise(1, level=1e-6)], lufs=-20).lufs == pytest.approx(-20, abs=0.05)


def test_a_version_keeps_the_level_of_the_whole():
    stems = [noise(1, level=0.02), noise(2, level=0.01)]
    whole = master(stems)
    part = master(stems[1:], gain_db=whole.gain_db)
    assert part.gain_db == whole.gain_db
    assert np.array_equal(part.mix, whole.stems[1])
    assert master(stems, gain_db=60.0).true_peak <= -1


def test_the_parts_of_a_score(chorale):
    pytest.importorskip("midirenderer")
    stems = render_parts(chorale, frames=7 * RATE, workers=1)
    made = master(stems, lufs=-18)
    assert made.lufs == pytest.approx(-18, abs=0.01)
    assert np.array_equal(made.mix, sum(made.stems))
    assert not made.mix[-1].any()


@pytest.mark.parametrize(
    ("stems", "arguments", "message"),
    [
        ([], {}, "got none"),
        ([noise(1), noise(1, seconds=1)], {}, "one length, got 48000, 96000 frames"),
        ([Stem("bad", np.full((100, 2), np.nan, np.float32), 0)], {}, "in 'bad'"),
        ([noise(1)], {"lufs": 3}, r"lufs: expected -70\.\.0, got 3"),
        ([noise(1)], {"peak": float("nan")}, "peak: expected"),
        ([noise(1)], {"gain_db": float("inf")}, "gain_db: expected"),
    ],
)
def test_what_cannot_be_mastered_is_refused(stems, arguments, message):
    with pytest.raises(UsageError, match=message):
        master(stems, **arguments)


def peaky(frames: int = 96_000) -> list[Stem]:
    """A soft tone, and strokes that are 14 dB higher."""
    time = np.arange(frames) / 48_000
    tone = 0.1 * np.sin(2 * np.pi * 220 * time)
    strokes = np.where(time % 0.5 < 0.01, 0.5 * np.sin(2 * np.pi * 900 * time), 0)
    return [Stem(name, np.stack([sound, sound], axis=1).astype(np.float32), 0)
            for name, sound in (("tone", tone), ("strokes", strokes))]  # fmt: skip


def test_peaks_are_turned_down_for_loudness_and_stems_still_add_up():
    plain, limited = master(peaky(), lufs=-14), master(peaky(), lufs=-14, limit_db=6)
    assert plain.short_db > 1
    assert limited.lufs == pytest.approx(-14, abs=0.7)
    assert 0 < limited.limited_db < 6.5
    assert limited.true_peak <= -1
    assert np.array_equal(np.sum(limited.stems, axis=0), limited.mix)


def test_what_is_not_near_a_peak_is_not_turned_down():
    made = master(peaky(), lufs=-14, limit_db=6)
    factor = 10 ** (made.gain_db / 20) * FULL_SCALE
    between = slice(10_000, 20_000)  # 0.2 to 0.4 s
    assert np.abs(made.stems[0][between] - peaky()[0].samples[between] * factor).max() <= 1


def test_a_limited_loop_goes_on_as_it_began():
    def strokes_at(shift: int) -> list[Stem]:
        return [Stem(stem.name, np.roll(stem.samples, shift, axis=0), 0) for stem in peaky()]

    made, rolled = (master(strokes_at(shift), gain_db=7, limit_db=6, wrap=True).mix for shift in (0, 1_000))
    assert np.abs(np.roll(made, 1_000, axis=0) - rolled).max() <= 2


def test_no_more_is_turned_down_than_is_allowed():
    made = master(peaky(), lufs=-5, limit_db=3)
    assert made.limited_db == pytest.approx(3, abs=0.6)
    assert made.short_db > 2
    with pytest.raises(UsageError, match="limit_db"):
        master(peaky(), limit_db=20)
