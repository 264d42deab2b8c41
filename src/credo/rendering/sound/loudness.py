"""How loud sound is to a listener, and how high it peaks between its samples.

Both after Recommendation ITU-R BS.1770-4. Integrated loudness is the K-weighted power of blocks of 400 ms, averaged
over those that are neither silent (-70 LUFS) nor 10 LU below the rest. The true peak is the highest point of the wave
that a converter draws through the samples, which may lie between two of them.
"""

from __future__ import annotations

import math

import numpy as np

from credo.errors import UsageError

#: The only rate at which loudness is measured, in frames a second.
RATE = 48_000
#: The shortest sound whose loudness can be told, in frames: 400 ms.
SHORTEST = 19_200

# The two filters of K-weighting at 48 kHz (BS.1770-4, tables 1 and 2): a shelf for the head, a high-pass for the ear.
_SHELF = ([1.53512485958697, -2.69169618940638, 1.19839281085285], [1.0, -1.69065929318241, 0.73248077421585])
_HIGH_PASS = ([1.0, -2.0, 1.0], [1.0, -1.99004745483398, 0.99007225036621])
_HOP = 4_800  # frames: three quarters of a block overlap the next
_OFFSET, _ABSOLUTE_GATE, _RELATIVE_GATE = -0.691, -70.0, -10.0

# The interpolating filter of BS.1770-4, annex 2: four phases of twelve taps, the last two the first two backwards.
_PHASES = (
    np.array(
        [
            [14, 90, -161, 272, -487, 1125, 7964, -838, 390, -218, 122, -68],
            [-239, 240, -424, 730, -1364, 3810, 6388, -1641, 832, -477, 271, -155],
        ]
    )
    / 8192
)
_INTERPOLATOR = np.stack([*_PHASES, *_PHASES[::-1, ::-1]]).T.reshape(-1)  # tap by tap, the phases of each together
_OVERSHOOT = np.abs(_PHASES).sum(axis=1).max()  # no interpolated value exceeds the samples around it by more
_TAPS = _PHASES.shape[1]
_STRETCH = 256  # frames that are oversampled, or not, together
_AT_ONCE = 256  # stretches


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

    if len(samples) < SHORTEST:
        raise UsageError(f"loudness: expected at least 0.4 seconds of sound, got {len(samples) / RATE:.2f}")
    power = np.zeros(len(samples) + 1)
    for channel in samples.T:
        weighted = lfilter(*_HIGH_PASS, lfilter(*_SHELF, channel.astype(float)))
        power[1:] += weighted * weighted
    summed = np.cumsum(power)
    starts = np.arange(0, len(samples) - SHORTEST + 1, _HOP)
    blocks = (summed[starts + SHORTEST] - summed[starts]) / SHORTEST
    audible = blocks[_lufs(blocks) > _ABSOLUTE_GATE]
    if not len(audible):
        return -math.inf
    kept = audible[_lufs(audible) > _lufs(audible.mean()) + _RELATIVE_GATE]
    return float(_lufs(kept.mean()))


def true_peak(samples: np.ndarray) -> float:
    """The highest point of a sound, between its samples too, by four times oversampling.

    Only stretches whose samples are high enough to matter are oversampled: a filter of these taps cannot raise a
    value above 2.02 times the samples around it.

    Args:
        samples: shape (frames, channels), 1 is full scale, at 48 kHz.

    Returns:
        Decibels above full scale (dBTP), mostly less than 0; minus infinity for silence.
    """
    from scipy.signal import upfirdn

    frames, channels = samples.shape
    stretches = max(-(-frames // _STRETCH), 1)
    padded = np.zeros((channels, _TAPS + stretches * _STRETCH + _TAPS), np.float32)
    padded[:, _TAPS : _TAPS + frames] = samples.T
    windows = np.lib.stride_tricks.sliding_window_view(padded, _STRETCH + 2 * _TAPS, axis=1)[:, ::_STRETCH]
    highest = np.maximum(windows.max(axis=2), -windows.min(axis=2)).ravel()  # of each stretch of each channel
    order = np.argsort(-highest)
    best = float(highest[order[0]])
    taps = _INTERPOLATOR.astype(np.float32)
    for start in range(0, len(order), _AT_ONCE):
        some = order[start : start + _AT_ONCE]
        some = some[highest[some] * _OVERSHOOT > best]
        if not len(some):
            break
        between = upfirdn(taps, windows[some // stretches, some % stretches], up=4, axis=1)
        between = between[:, 4 * (_TAPS - 1) : 4 * windows.shape[2]]
        best = max(best, float(between.max()), -float(between.min()))
    return 20 * math.log10(best) if best else -math.inf


def _lufs(power: np.ndarray) -> np.ndarray:
    return _OFFSET + 10 * np.log10(np.maximum(power, 1e-30))
