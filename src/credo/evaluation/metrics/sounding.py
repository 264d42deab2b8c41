"""What sounds together: chords, dissonance, and how lines move against one another.

The figures of `credo.music.harmony` for any piece, by the time that things last. Drums do not count. All return NaN
where there is nothing to be measured.
"""

from __future__ import annotations

import math
from itertools import combinations
from typing import NamedTuple

import numpy as np

from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.tension import sounding_classes
from credo.music.harmony import DISSONANT

#: A line that is silent.
SILENT = -1
_OCTAVE = 12
_THIRDS = {"major": 4, "minor": 3}
#: The pitch classes of the 12 major and 12 minor triads, shape (24, 12).
TRIADS = np.array(
    [np.roll(np.isin(np.arange(12), (0, third, 7)), root) for third in _THIRDS.values() for root in range(12)], float
)
_BITS = 1 << np.arange(12)
_TRIAD_SETS = np.sort((TRIADS @ _BITS).astype(int))


class Slices(NamedTuple):
    """A piece between changes of what sounds, silence left out.

    Attributes:
        ticks: how long each of K slices lasts, shape (K,).
        keys: whether each MIDI note number sounds, shape (K, 128), bool.
        lines: the highest pitch that each part sounds, `SILENT` for none, shape (K, parts); parts that sound no note
            are left out.
        follows: whether a slice begins where the one before it ends, shape (K,), bool.
    """

    ticks: np.ndarray
    keys: np.ndarray
    lines: np.ndarray
    follows: np.ndarray

    @classmethod
    def of(cls, notes: Columns) -> Slices:
        """The slices of a piece."""
        notes = notes.pitched
        edges = np.unique(np.concatenate([notes.onset, notes.end]))
        count = max(len(edges) - 1, 0)
        keys = np.zeros((count, 128), bool)
        parts, part = np.unique(notes.part, return_inverse=True)
        lines = np.full((count, len(parts)), SILENT)
        first, after = np.searchsorted(edges, notes.onset), np.searchsorted(edges, notes.end)
        for begin, end, pitch, line in zip(first, after, notes.pitch, part, strict=True):
            keys[begin:end, pitch] = True
            np.maximum(lines[begin:end, line], pitch, out=lines[begin:end, line])
        sounding = keys.any(axis=1)
        follows = np.append(False, sounding[:-1])[:count]
        return cls(np.diff(edges)[sounding], keys[sounding], lines[sounding], follows[sounding])


def triad_rate(slices: Slices) -> float:
    """Share of the sounding time at which a major or minor triad stands complete, and nothing else, 0..1."""
    if not len(slices.ticks):
        return math.nan
    triad = np.isin(_classes(slices) @ _BITS, _TRIAD_SETS)
    return float(slices.ticks[triad].sum() / slices.ticks.sum())


def dissonance_rate(slices: Slices) -> float:
    """Share of the pairs of pitches that sound together at a second, tritone or seventh, by time, 0..1."""
    keys = slices.keys.astype(float)
    weighted = keys * slices.ticks[:, None]
    together = weighted.T @ keys  # ticks of each pair of pitches, (128, 128)
    low, high = np.triu_indices(128, 1)
    pairs = together[low, high]
    if not pairs.sum():
        return math.nan
    return float(pairs[np.isin((high - low) % _OCTAVE, DISSONANT)].sum() / pairs.sum())


def beat_chords(notes: Columns, beats: Beats) -> np.ndarray:
    """The triad that each beat is most like, 0..23 as in `TRIADS`, -1 where nothing sounds; shape (k,)."""
    weights = sounding_classes(notes, beats.beats)
    best = (weights @ TRIADS.T).argmax(axis=1) if len(weights) else np.zeros(0, int)
    return np.where(weights.any(axis=1), best, -1) if len(weights) else best


def chord_change_rate(notes: Columns, beats: Beats) -> float:
    """Share of the beats that are most like another triad than the beat before, 0..1."""
    chords = beat_chords(notes, beats)
    both = (chords[1:] >= 0) & (chords[:-1] >= 0)
    return float(np.mean(chords[1:][both] != chords[:-1][both])) if both.any() else math.nan


def progression_irregularity(notes: Columns, beats: Beats) -> float:
    """Number of different threes of successive chords out of all such threes, 0..1; repeated chords count once.

    Wu and Yang's chord progression irregularity (`structure`), with the triad that a beat is most like for its chord.
    """
    chords = beat_chords(notes, beats)
    chords = chords[chords >= 0]
    chords = chords[np.append(True, chords[1:] != chords[:-1])[: len(chords)]]
    threes = np.stack([chords[:-2], chords[1:-1], chords[2:]], axis=1) if len(chords) > 2 else np.zeros((0, 3))
    return len(np.unique(threes, axis=0)) / len(threes) if len(threes) else math.nan


def parallel_rate(slices: Slices, interval: int) -> float:
    """Parallel motion in perfect intervals, a thousand moves of pairs of parts.

    Args:
        slices: the piece; a part is followed along its highest pitch.
        interval: in semitones modulo the octave: 7 for fifths, 0 for unisons and octaves.

    Returns:
        Moves of two parts in the same direction from the interval to the same, of 1000 moves of both.
    """
    wrong = moves = 0
    before, after = slices.lines[:-1], slices.lines[1:]
    joined = slices.follows[1:, None] & (before != SILENT) & (after != SILENT)  # (K - 1, parts)
    step = after - before
    for one, other in combinations(range(slices.lines.shape[1]), 2):
        both = joined[:, one] & joined[:, other] & (step[:, one] != 0) & (step[:, other] != 0)
        spans = [np.abs(lines[:, one] - lines[:, other]) % _OCTAVE == interval for lines in (before, after)]
        same_way = np.sign(step[:, one]) == np.sign(step[:, other])
        wrong += int((both & spans[0] & spans[1] & same_way).sum())
        moves += int(both.sum())
    return 1000 * wrong / moves if moves else math.nan


def crossing_rate(slices: Slices) -> float:
    """Share of the time at which a part sounds below one that mostly lies lower, of the time that two sound, 0..1."""
    lines, crossed = _by_height(slices), np.zeros(len(slices.ticks), bool)
    together = np.zeros(len(slices.ticks), bool)
    for one in range(lines.shape[1] - 1):
        both = (lines[:, one] != SILENT) & (lines[:, one + 1] != SILENT)
        together |= both
        crossed |= both & (lines[:, one] < lines[:, one + 1])
    return _share(slices.ticks, crossed, together)


def wide_spacing_rate(slices: Slices) -> float:
    """Share of the time at which two neighbouring parts, the lowest aside, are more than an octave apart, 0..1."""
    lines, wide = _by_height(slices)[:, :-1], np.zeros(len(slices.ticks), bool)
    together = np.zeros(len(slices.ticks), bool)
    for one in range(lines.shape[1] - 1):
        both = (lines[:, one] != SILENT) & (lines[:, one + 1] != SILENT)
        together |= both
        wide |= both & (lines[:, one] - lines[:, one + 1] > _OCTAVE)
    return _share(slices.ticks, wide, together)


def _by_height(slices: Slices) -> np.ndarray:
    """The lines from the part with the highest median pitch down, shape (K, parts)."""
    medians = [np.median(line[line != SILENT]) for line in slices.lines.T]
    return slices.lines[:, np.argsort(medians, kind="stable")[::-1]]


def _classes(slices: Slices) -> np.ndarray:
    """Whether each pitch class sounds, shape (K, 12), bool."""
    padded = np.pad(slices.keys, ((0, 0), (0, -128 % _OCTAVE)))
    return padded.reshape(len(padded), -1, _OCTAVE).any(axis=1)


def _share(ticks: np.ndarray, chosen: np.ndarray, among: np.ndarray) -> float:
    return float(ticks[chosen].sum() / ticks[among].sum()) if among.any() else math.nan
