"""How single lines go: their intervals, their rests and their rhythm.

A line is the highest note that a part begins at each onset; drums do not count. All return NaN where there is nothing
to be measured.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from credo.evaluation.metrics.columns import TICKS, Beats, Columns

_STEP, _LEAP = 2, 7  # semitones: a whole tone, a fifth


def intervals(notes: Columns) -> np.ndarray:
    """From each onset of a line to the next, in semitones up, of all parts one after another; shape (n,)."""
    return _of_lines(notes, lambda line: np.diff(line.pitch))


def mean_interval(notes: Columns) -> float:
    """Mean size of the melodic intervals, semitones."""
    return _mean(np.abs(intervals(notes)))


def step_rate(notes: Columns) -> float:
    """Share of the melodic intervals that are seconds, 0..1."""
    size = np.abs(intervals(notes))
    return _mean((size > 0) & (size <= _STEP))


def leap_rate(notes: Columns) -> float:
    """Share of the melodic intervals that are fifths or wider, 0..1."""
    return _mean(np.abs(intervals(notes)) >= _LEAP)


def repeat_rate(notes: Columns) -> float:
    """Share of the melodic intervals that repeat the note, 0..1."""
    return _mean(intervals(notes) == 0)


def onset_rate(notes: Columns) -> float:
    """Moments at which notes begin, drums included, a quarter."""
    return len(np.unique(notes.onset)) * TICKS / notes.length if notes.length else math.nan


def mean_onset_interval(notes: Columns) -> float:
    """Mean time from onset to onset of a line, quarters."""
    return _mean(_of_lines(notes, lambda line: np.diff(line.onset))) / TICKS


def mean_note_length(notes: Columns) -> float:
    """Mean length of a note, quarters."""
    pitched = notes.pitched
    return _mean(pitched.end - pitched.onset) / TICKS


def rest_rate(notes: Columns) -> float:
    """Share of a line's time, from its first note to its last, in which its part is silent, 0..1."""
    silent = whole = 0
    for part in np.unique(notes.pitched.part):
        line = notes.pitched.where(notes.pitched.part == part)
        reached = np.maximum.accumulate(line.end)
        silent += int(np.maximum(line.onset[1:] - reached[:-1], 0).sum())
        whole += int(reached[-1] - line.onset[0])
    return silent / whole if whole else math.nan


def off_beat_rate(notes: Columns, beats: Beats) -> float:
    """Share of the onsets, drums included, that do not fall on a beat, 0..1."""
    return _mean(~np.isin(np.unique(notes.onset), beats.beats[:, 0]))


def rhythm_entropy(notes: Columns) -> float:
    """Entropy of the times from onset to onset of lines, rounded to twelfths of a quarter, bits."""
    steps = np.rint(_of_lines(notes, lambda line: np.diff(line.onset)) * 12 / TICKS).astype(int)
    if not len(steps):
        return math.nan
    share = np.unique(steps, return_counts=True)[1] / len(steps)
    return float(-(share * np.log2(share)).sum()) + 0.0


def skyline(notes: Columns) -> Columns:
    """The highest of the notes that begin together, of one part; sorted by onset."""
    last = np.append(np.diff(notes.onset) != 0, True)[: len(notes.onset)]
    return notes.where(last)


def _of_lines(notes: Columns, function: Callable[[Columns], np.ndarray]) -> np.ndarray:
    """What a function finds in each part's line, one after another."""
    notes = notes.pitched
    found = [function(skyline(notes.where(notes.part == part))) for part in np.unique(notes.part)]
    return np.concatenate(found) if found else np.zeros(0)


def _mean(values: np.ndarray) -> float:
    return float(np.mean(values)) if len(values) else math.nan
