"""What sounds together: chords, dissonance and the motion of pairs of voices.

All functions take the sounding pitches of V voices at T steps, shape (T, V), `REST` where a voice is silent, and give
counts that can be added up over pieces. Voices stand from the highest to the lowest.
"""

from __future__ import annotations

from itertools import combinations
from typing import NamedTuple

import numpy as np

from credo.music.grid import REST, Grid

#: Intervals of pairs of voices that count as dissonant, modulo the octave: seconds, tritones and sevenths.
DISSONANT = (1, 2, 6, 10, 11)
#: Whether a set of pitch classes, written as bits, is a major or minor triad; shape (4096,).
_IS_TRIAD = np.zeros(1 << 12, bool)
_IS_TRIAD[[sum(1 << (root + step) % 12 for step in (0, third, 7)) for third in (3, 4) for root in range(12)]] = True


class Share(NamedTuple):
    """A count out of a total.

    Attributes:
        count: how many.
        total: out of how many.
    """

    count: int
    total: int

    def __add__(self, other: object) -> Share:
        if not isinstance(other, Share):
            return NotImplemented
        return Share(self.count + other.count, self.total + other.total)

    @property
    def value(self) -> float:
        """The share, or 0 of nothing."""
        return self.count / self.total if self.total else 0.0


def sounding_pitches(grid: Grid) -> np.ndarray:
    """Pitches of a grid's mono voices, shape (T, V), int16, `REST` where silent."""
    return np.stack(
        [cells.sounding for voice, cells in zip(grid.texture.voices, grid.voices, strict=True) if voice.kind == "mono"],
        axis=1,
    )


def triads(pitches: np.ndarray) -> Share:
    """Steps that sound a major or minor triad, complete, out of the steps at which anything sounds."""
    bits = np.where(pitches == REST, 0, 1 << pitches.astype(np.int64) % 12)
    chords = np.bitwise_or.reduce(bits, axis=1)  # (T,)
    return Share(int(_IS_TRIAD[chords].sum()), int((chords != 0).sum()))


def dissonant_pairs(pitches: np.ndarray) -> Share:
    """Pairs of voices at a second, tritone or seventh, out of all pairs that sound, step by step."""
    count = total = 0
    for one, other in combinations(range(pitches.shape[1]), 2):
        sounding = (pitches[:, one] != REST) & (pitches[:, other] != REST)
        interval = np.abs(pitches[sounding, one] - pitches[sounding, other]) % 12
        count += int(np.isin(interval, DISSONANT).sum())
        total += int(sounding.sum())
    return Share(count, total)


def parallels(pitches: np.ndarray, interval: int) -> Share:
    """Pairs of voices that move in parallel from one perfect interval to the same.

    Args:
        pitches: shape (T, V).
        interval: in semitones modulo the octave: 7 for fifths, 0 for unisons and octaves.

    Returns:
        Pairs of voices that both move, in the same direction, from the interval to the same interval, out of all pairs
        that both move.
    """
    count = total = 0
    before, after = pitches[:-1], pitches[1:]
    for high, low in combinations(range(pitches.shape[1]), 2):
        sounding = (before[:, [high, low]] != REST).all(1) & (after[:, [high, low]] != REST).all(1)
        step_high = after[:, high].astype(int) - before[:, high]
        step_low = after[:, low].astype(int) - before[:, low]
        moving = sounding & (step_high != 0) & (step_low != 0)
        same = (before[:, high] - before[:, low]) % 12 == interval
        stays = (after[:, high] - after[:, low]) % 12 == interval
        count += int((moving & same & stays & (np.sign(step_high) == np.sign(step_low))).sum())
        total += int(moving.sum())
    return Share(count, total)


def crossings(pitches: np.ndarray) -> Share:
    """Steps at which a voice lies below the next lower one, out of the steps at which any two neighbours sound."""
    upper, lower = pitches[:, :-1], pitches[:, 1:]
    sounding = (upper != REST) & (lower != REST)
    return Share(int(((upper < lower) & sounding).any(1).sum()), int(sounding.any(1).sum()))
