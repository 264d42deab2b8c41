"""How loud sound is to a listener, and making several sounds equally loud.

Integrated loudness after ITU-R BS.1770-4: the K-weighted power of blocks of 400 ms, averaged over those that are
neither silent (-70 LUFS) nor 10 LU below the rest.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from credo.errors import UsageError

#: The only rate at which loudness is measured, in frames a second.
RATE = 48_000
#: Sounds are played at this loudness, or more softly where one of them would be clipped. LUFS.
USUAL_LUFS = -18.0
#: No sample lies above this; lossy coding overshoots by less than what is left. dB below full scale.
HIGHEST_PEAK_DB = -2.0

# The two filters of K-weighting at 48 kHz (BS.1770-4, tables 1 and 2): a shelf for the head, a high-pass for the ear.
_SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
_HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
_BLOCK, _HOP = 19_200, 4_800  # frames: 400 ms, of which three quarters overlap
_OFFSET, _ABSOLUTE_GATE, _RELATIVE_GATE = -0.691, -70.0, -10.0


def loudness(samples: np.ndarray) -> float:
    """Integrated loudness of a sound.

    Args:
        samples: shape (frames, channels), -1..1, at 48 kHz; one or two channels of equal weight.

    Returns:
        LUFS; minus infinity for silence.

    Raises:
        UsageError: the sound is shorter than 400 ms.
    """
    from scipy.signal import lfilter

    if len(samples) < _BLOCK:
        raise UsageError(f"loudness: expected at least 0.4 seconds of sound, got {len(samples) / RATE:.2f}")
    weighted = lfilter(*_HIGH_PASS, lfilter(*_SHELF, samples.astype(float), axis=0), axis=0)
    summed = np.concatenate([[0.0], np.cumsum((weighted**2).sum(axis=1))])
    starts = np.arange(0, len(samples) - _BLOCK + 1, _HOP)
    power = (summed[starts + _BLOCK] - summed[starts]) / _BLOCK
    audible = power[_lufs(power) > _ABSOLUTE_GATE]
    if not len(audible):
        return -math.inf
    kept = audible[_lufs(audible) > _lufs(audible.mean()) + _RELATIVE_GATE]
    return float(_lufs(kept.mean()))


def equal_gains(sounds: Sequence[np.ndarray]) -> tuple[list[float], float]:
    """Gains that make sounds equally loud; nothing is compressed or limited.

    Args:
        sounds: each of shape (frames, channels), at 48 kHz, and not silent.

    Returns:
        A factor for each, and the loudness that all have then: -18 LUFS, or less where a peak would not fit.

    Raises:
        UsageError: a sound is silent or shorter than 400 ms.
    """
    levels = [loudness(sound) for sound in sounds]
    if not all(math.isfinite(level) for level in levels):
        raise UsageError("loudness: expected sounds that can be heard, got silence")
    room = [HIGHEST_PEAK_DB - 20 * math.log10(np.abs(sound).max()) for sound in sounds]
    target = min([USUAL_LUFS, *(level + spare for level, spare in zip(levels, room, strict=True))])
    return [10 ** ((target - level) / 20) for level in levels], target


def _lufs(power: np.ndarray) -> np.ndarray:
    return _OFFSET + 10 * np.log10(np.maximum(power, 1e-30))
