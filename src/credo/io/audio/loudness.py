"""How loud the notes of a recording are."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credo.io.audio.hearing import HOP
from credo.io.audio.sound import RATE
from credo.io.audio.tracking import Event

#: Samples after its begin in which a note is measured, and the partials that are counted.
WINDOW, PARTIALS = 4096, 4
#: A recording whose loudest note is softer than this is silence with noise, in dB below a sine of full scale.
SILENCE_DB = -75.0
#: What is as far below the loud notes is an echo or noise.
FAINT_DB = -45.0
#: The velocity of a loud note (the 90th percentile).
LOUD = 96


def levels(samples: np.ndarray, events: Sequence[Event]) -> np.ndarray:
    """The level of each note's first partials at its begin, in dB; a sine of full scale is about 0.

    Args:
        samples: one channel at 22 050 Hz, shape (samples,).
        events: E notes.

    Returns:
        Shape (E,), float64.
    """
    window = np.hanning(WINDOW).astype(np.float32)
    found = np.empty(len(events))
    for number, event in enumerate(events):
        start = min(max(round(event.start * HOP), 0), max(len(samples) - 1, 0))
        piece = samples[start : start + WINDOW]
        power = np.abs(np.fft.rfft(piece * window[: len(piece)], WINDOW)) ** 2
        partials = 440 * 2 ** ((event.pitch - 69) / 12) * np.arange(1, PARTIALS + 1)
        bins = np.round(partials[partials < RATE / 2 - 50] * WINDOW / RATE).astype(int)
        total = sum(float(power[max(middle - 1, 0) : middle + 2].sum()) for middle in bins)
        found[number] = 10 * np.log10(total / (window.sum() / 2) ** 2 + 1e-20)
    return found


def velocities(found: np.ndarray) -> np.ndarray:
    """Velocities of levels in dB, any shape: 1..127, the loud ones `LOUD`.

    Twice the velocity is 12 dB, as soundfonts play it (SoundFont 2.04, section 9.5, the concave curve).
    """
    if not found.size:
        return np.zeros(found.shape, int)
    relative = found - np.percentile(found, 90)
    return np.clip(np.round(LOUD * 10 ** (relative / 40)), 1, 127).astype(int)
