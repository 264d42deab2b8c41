"""A score as columns of whole numbers, for counting."""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from credo.music.score import Score

#: Ticks a quarter: 64ths and triplets, quintuplets and septuplets of sixteenths fall on whole numbers.
TICKS = 6720


class Columns(NamedTuple):
    """The n notes of a piece, sorted by onset and pitch; times are rounded to ticks.

    Attributes:
        onset: start of each note in ticks, shape (n,), int64.
        end: where it stops in ticks, shape (n,), int64; later than it starts.
        pitch: MIDI note numbers or percussion keys, shape (n,), int64.
        velocity: loudness 1..127, shape (n,), int64.
        part: number of the part, shape (n,), int64.
        drums: whether it is a stroke of a drum, shape (n,), bool.
        length: of the piece in ticks, rests at its end included.
    """

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    part: np.ndarray
    drums: np.ndarray
    length: int

    @classmethod
    def of(cls, score: Score) -> Columns:
        """The columns of a score."""
        rows = [
            (onset, max(ticks(note.end), onset + 1), note.pitch, note.velocity, number, part.is_drums)
            for number, part in enumerate(score.parts)
            for note in part.notes
            for onset in (ticks(note.onset),)
        ]
        table = np.array(rows, np.int64).reshape(-1, 6)
        table = table[np.lexsort((table[:, 2], table[:, 0]))]
        return cls(*table.T[:5], table[:, 5].astype(bool), ticks(score.timeline.length))

    @property
    def pitched(self) -> Columns:
        """The notes that are no strokes of drums."""
        return self.where(~self.drums)

    def where(self, chosen: np.ndarray) -> Columns:
        """Some of the notes; `chosen` has shape (n,), bool."""
        return Columns(*(column[chosen] for column in self[:-1]), self.length)


class Beats(NamedTuple):
    """Where the bars and beats of a piece begin and end, in ticks: all that begin before its end.

    Attributes:
        bars: each bar, shape (m, 2); an upbeat, or a bar that a change of metre cuts, is as short as it is.
        whole: whether a bar is as long as its metre says, shape (m,), bool.
        beats: each beat, shape (k, 2); those of an upbeat are counted from its end.
    """

    bars: np.ndarray
    whole: np.ndarray
    beats: np.ndarray

    @classmethod
    def of(cls, score: Score) -> Beats:
        """The bars and beats of a score; none of an empty one."""
        bars, whole, beats = [], [], []
        for start, end, metre in score.timeline.bars():
            short = (end - start) % metre.beat if score.timeline.pickup and not bars else 0
            inner = np.arange(float(start + (short or metre.beat)), float(end), float(metre.beat))
            edges = [ticks(start), *np.rint(inner * TICKS).astype(int).tolist(), ticks(end)]
            bars.append((edges[0], edges[-1]))
            whole.append(end - start == metre.bar)
            beats.extend(beat for beat in pairwise(edges) if beat[0] < ticks(score.timeline.length))
        if not score.timeline.length:
            bars, whole, beats = [], [], []
        return cls(np.array(bars, int).reshape(-1, 2), np.array(whole, bool), np.array(beats, int).reshape(-1, 2))


def ticks(quarters: Fraction) -> int:
    """Quarters in ticks, rounded."""
    return (2 * quarters.numerator * TICKS + quarters.denominator) // (2 * quarters.denominator)
