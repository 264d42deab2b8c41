"""Loudness and peaks against the figures that the standard and the test signals of EBU Tech 3341 give."""

import math
import time

import numpy as np
import pytest
from scipy.signal import resample

from credo.errors import UsageError
from credo.rendering.sound.loudness import RATE, loudness, true_peak


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


def test_loudness_of_silence_and_snippets():
    assert loudness(np.zeros((RATE, 2))) == -math.inf
    with pytest.raises(UsageError, match=r"at least 0\.4 seconds of sound, got 0\.10"):
        loudness(np.zeros((RATE // 10, 2)))


@pytest.mark.parametrize(
    ("hertz", "phase", "amplitude", "expected"),
    [(12_000, 0, 0.5, -6), (12_000, 45, 0.5, -6), (8_000, 60, 0.5, -6), (6_000, 67.5, 0.5, -6), (12_000, 45, 1.41, 3)],
)
def test_peaks_between_the_samples(hertz, phase, amplitude, expected):
    """Tech 3341, test signals 15 to 19, with a soft start and end, and what it allows: 0.2 above, 0.4 below."""
    frames = np.arange(RATE)
    wave = amplitude * np.sin(2 * np.pi * hertz * frames / RATE + math.radians(phase))
    wave *= np.minimum(1, np.minimum(frames, frames[::-1]) / 2_400)
    measured = true_peak(np.stack([0 * wave, wave], axis=1))
    assert expected - 0.4 <= measured <= expected + 0.2


def test_no_stretch_with_a_peak_is_passed_over():
    """Against the whole sound resampled 16 times, with a band that both filters pass."""
    source = np.random.default_rng(3)
    for place in (5, 8_190, 16_384, 40_000):
        spectrum = np.zeros(30_001, complex)
        spectrum[:20_000] = source.normal(size=20_000) + 1j * source.normal(size=20_000)  # up to 16 kHz
        wave = np.fft.irfft(spectrum, 60_000)
        wave *= 0.2 + np.exp(-(((np.arange(60_000) - place) / 3_000) ** 2))
        wave[:40] *= np.linspace(0, 1, 40)
        exact = 20 * math.log10(np.abs(resample(np.pad(wave, 5_000), 16 * 70_000)).max())
        assert true_peak(wave[:, None]) == pytest.approx(exact, abs=0.3)


def test_the_true_peak_is_no_lower_than_the_highest_sample():
    click = np.zeros((30_011, 2))
    click[-1, 1] = -0.5
    assert true_peak(click) >= 20 * math.log10(0.5)
    assert true_peak(np.zeros((7, 2))) == -math.inf
    assert true_peak(np.zeros((0, 2))) == -math.inf


@pytest.mark.slow
def test_a_minute_is_measured_in_a_moment():
    noise = np.random.default_rng(0).normal(0, 0.1, (60 * RATE, 2)).astype(np.float32)
    true_peak(noise[:RATE])
    start = time.perf_counter()
    true_peak(noise)
    assert time.perf_counter() - start < 1
