"""Sounds made equally loud."""

import math

import numpy as np
import pytest

from credo.errors import UsageError
from credo.evaluation.listening.loudness import HIGHEST_PEAK_DB, RATE, USUAL_LUFS, equal_gains, loudness


def tone(seconds, db, hertz=1000, channels=2):
    wave = 10 ** (db / 20) * np.sin(2 * np.pi * hertz * np.arange(round(seconds * RATE)) / RATE)
    return np.repeat(wave[:, None], channels, axis=1)


def test_silence_cannot_be_made_loud():
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
