"""Making several sounds equally loud, so that listeners do not choose the louder one."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from credo.errors import UsageError
from credo.rendering.sound.loudness import RATE, loudness

__all__ = ["HIGHEST_PEAK_DB", "RATE", "USUAL_LUFS", "equal_gains", "loudness"]

#: Sounds are played at this loudness, or more softly where one of them would be clipped. LUFS.
USUAL_LUFS = -18.0
#: No sample lies above this; lossy coding overshoots by less than what is left. dB below full scale.
HIGHEST_PEAK_DB = -2.0


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
