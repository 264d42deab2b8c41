"""Stems to the level of delivery, as whole numbers that add up.

All stems are turned up or down by the same gain, so that their balance stays. Where the peaks leave no room for the
loudness that is asked for, they may be turned down by some decibels, with one envelope for all stems (`limiting`);
where that is not enough, the master is softer and says so.

Each stem is rounded to 24 bits and the mix is the sum of those whole numbers, so that stems played together are the mix
to the last bit. There is no dither: the rounding lies 144 dB below full scale, far below the noise of the 16 bits that
the synthesiser answers in, which decorrelates it; and silence stays digital silence.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from credo.errors import UsageError
from credo.rendering.sound.limiting import envelope
from credo.rendering.sound.loudness import SHORTEST, loudness, true_peak
from credo.rendering.sound.stems import Stem

#: Full scale of 24 bits.
FULL_SCALE = 1 << 23

_ROUNDING_DB = 1e-4  # room for the rounding of a few stems
_MOST_LIMITED, _TRIES = 12.0, 6


@dataclass(frozen=True, slots=True, eq=False)
class Master:
    """Stems and their mix, ready to be written.

    Attributes:
        mix: shape (frames, 2), int32, within 24 bits: the sum of the stems.
        stems: the same for each stem, in the order they came in.
        gain_db: what all stems were turned up by.
        lufs: integrated loudness of the mix; None where it is shorter than 400 ms, minus infinity where it is silent.
        true_peak: of the mix, dBTP; minus infinity where it is silent.
        short_db: how far the loudness stays below what was asked for, because of the peaks; 0 where it does not.
        limited_db: by how much the highest peak was turned down beside that; 0 where no peak was.
    """

    mix: np.ndarray
    stems: list[np.ndarray]
    gain_db: float
    lufs: float | None
    true_peak: float
    short_db: float
    limited_db: float = 0.0


def master(
    stems: Sequence[Stem],
    *,
    lufs: float = -16.0,
    peak: float = -1.0,
    gain_db: float | None = None,
    limit_db: float = 0.0,
    wrap: bool = False,
) -> Master:
    """Bring stems to a loudness that the peaks allow.

    Args:
        stems: sounds of the same length, at 48 kHz.
        lufs: loudness of their mix, -70..0 LUFS. Sounds shorter than 400 ms have none: they are brought to `peak`.
        peak: the highest true peak of the mix and the highest sample of any stem, -60..0 dBTP.
        gain_db: turn up by this instead, so that a version has the level of the whole; less where `peak` is passed.
        limit_db: by how much peaks may be turned down to make room, 0..12.
        wrap: whether this is a loop, whose end is followed by its start.

    Raises:
        UsageError: no stems, stems of different lengths, samples that are no numbers, or a level out of range.
    """
    _check(stems, lufs, peak, gain_db)
    if not 0 <= limit_db <= _MOST_LIMITED:
        raise UsageError(f"limit_db: expected 0..{_MOST_LIMITED:g}, got {limit_db}")
    mix = np.zeros(stems[0].samples.shape)  # double precision
    for stem in stems:
        mix += stem.samples
    highest = true_peak(mix)
    loudest = max(float(max(stem.samples.max(initial=0), -stem.samples.min(initial=0))) for stem in stems)
    if not loudest:
        silent = np.zeros(mix.shape, np.int32)
        return Master(silent, [silent.copy() for _ in stems], 0.0, _loudness(mix), -math.inf, 0.0)
    room = peak - max(highest, 20 * math.log10(loudest)) - _ROUNDING_DB
    level = _loudness(mix / loudest)  # as measured at full scale: soft sound would fall under the absolute gate
    if gain_db is not None:
        wanted = gain_db
    elif level is None or not math.isfinite(level):
        wanted = room
    else:
        wanted = lufs - level - 20 * math.log10(loudest)
    gain = min(wanted, room + limit_db)
    factor = 10 ** (gain / 20)
    sounds = [mix, *(stem.samples for stem in stems)]
    ceiling, gains = 10 ** (peak / 20), np.ones(1)
    for _ in range(_TRIES if gain > room else 1):
        gains = envelope(sounds, ceiling / factor, wrap=wrap) * factor if gain > room else np.array([factor])
        whole = [np.rint(stem.samples * (gains[:, None] * FULL_SCALE)).astype(np.int32) for stem in stems]
        total = np.zeros(mix.shape, np.int32)
        for sound in whole:
            total += sound
        sound = total / FULL_SCALE
        high = true_peak(sound)
        if high <= peak:
            break
        ceiling *= 10 ** ((peak - high - 0.01) / 20)  # what lies between the samples is higher than they are
    limited = 20 * math.log10(factor / float(gains.min())) if gain > room else 0.0
    return Master(total, whole, gain, _loudness(sound), high, wanted - gain, limited)


def _loudness(sound: np.ndarray) -> float | None:
    return loudness(sound) if len(sound) >= SHORTEST else None


def _check(stems: Sequence[Stem], lufs: float, peak: float, gain_db: float | None) -> None:
    if not stems:
        raise UsageError("master: expected stems, got none")
    lengths = {len(stem.samples) for stem in stems}
    if len(lengths) > 1:
        raise UsageError(f"master: expected stems of one length, got {', '.join(map(str, sorted(lengths)))} frames")
    for stem in stems:
        if not math.isfinite(float(stem.samples.sum())):
            raise UsageError(f"master: expected samples that are numbers, got others in {stem.name!r}")
    for name, value, least in (("lufs", lufs, -70), ("peak", peak, -60)):
        if not least <= value <= 0:
            raise UsageError(f"{name}: expected {least}..0, got {value}")
    if gain_db is not None and not -200 <= gain_db <= 200:
        raise UsageError(f"gain_db: expected -200..200, got {gain_db}")
