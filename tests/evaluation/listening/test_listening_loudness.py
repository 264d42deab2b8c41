"""Loudness against the figures that the standard and the test signals of EBU Tech 3341 give."""

import math

import numpy as np
import pytest

from credo.errors import UsageError
from credo.evaluation.listening.loudness import HIGHEST_PEAK_DB, RATE, USUAL_LUFS, equal_gains, loudness


def tone(seconds, db, hertz=1000, channels=2):
    wave = 10 ** (db / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], channels, axis=1)


def test_a_full_scale_tone_in_one_channel():
    assert loudness(tone(3, 0, 997, channels=1)) == pytest.approx(-3.01, abs=0.02)


def test_a_stereo_tone_is_as_loud_as_its_level():
    assert loudness(tone(20, -23)) == pytest.approx(-23, abs=0.1)
    assert loudness(tone(20, -33)) == pytest.approx(-33, abs=0.1)


@pytest.mark.parametrize("quiet", [[(10, -36)], [(10, -72), (10, -36)]])
def test_what_is_soft_is_left_out(quiet):
    parts = [*quiet, (60, -23), *quiet[::-1]]
    assert loudness(np.concatenate([tone(*part) for part in parts])) == pytest.approx(-23, abs=0.1)


def test_low_tones_count_less():
    assert loudness(tone(3, -20, 40)) < loudness(tone(3, -20)) - 3


def test_silence_and_snippets():
    assert loudness(np.zeros((RATE, 2))) == -math.inf
    with pytest.raises(UsageError, match=r"at least 0\.4 seconds of sound, got 0\.10"):
        loudness(np.zeros((RATE // 10, 2)))
    with pytest.raises(UsageError, match="got silence"):
        equal_gains([tone(1, -20), np.zeros((RATE, 2))])


def test_gains_make_sounds_equally_loud_and_clip_none():
    click = tone(2, -50)
    click[RATE] = 0.9  # soft, with a high peak
    sounds = [tone(2, -30), tone(2, -12, 200), click]
    gains, target = equal_gains(sounds)
    assert [loudness(gain * sound) for gain, sound in zip(gains, sounds, strict=True)] == pytest.approx([target] * 3)
    assert target < USUAL_LUFS
    peak = max(np.abs(gain * sound).max() for gain, sound in zip(gains, sounds, strict=True))
    assert 20 * math.log10(peak) == pytest.approx(HIGHEST_PEAK_DB)
    assert equal_gains(sounds[:2])[1] == USUAL_LUFS
