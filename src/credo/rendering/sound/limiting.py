"""Peaks turned down so that the rest can be louder: one envelope for all stems, which still add up to their mix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

#: How far around a peak the sound is turned down, in frames at 48 kHz: 20 ms before and after it, in a smooth curve.
REACH = 960


def envelope(sounds: Sequence[np.ndarray], ceiling: float, *, wrap: bool = False) -> np.ndarray:
    """Gains with which no sample of any of some sounds passes a ceiling.

    The gain falls before a peak and rises after it, smoothly: the least gain that is needed anywhere within reach,
    averaged over a window that is no longer than that.

    Args:
        sounds: each of shape (frames, channels), of one length.
        ceiling: the highest sample.
        wrap: whether the last frame is followed by the first, as in a loop.

    Returns:
        Shape (frames,), float64, 0..1; 1 where nothing is too high.
    """
    from scipy.ndimage import minimum_filter1d, uniform_filter1d

    highest = np.zeros(len(sounds[0]))
    for sound in sounds:
        np.maximum(highest, np.abs(sound).max(axis=1), out=highest)
    needed = np.minimum(ceiling / np.maximum(highest, 1e-12), 1.0)
    if (needed >= 1).all():
        return needed
    mode = "wrap" if wrap else "nearest"
    lowest = minimum_filter1d(needed, 2 * REACH + 1, mode=mode)
    smooth = uniform_filter1d(uniform_filter1d(lowest, REACH + 1, mode=mode), REACH + 1, mode=mode)
    return np.minimum(smooth, needed)  # rounding apart, it is below already
