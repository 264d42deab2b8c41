"""Counts over a whole piece: which pitches it uses, how many sound together, how its bars repeat their rhythm.

The set is that of MusPy (H.-W. Dong, K. Chen, J. McAuley, T. Berg-Kirkpatrick, "MusPy: A Toolkit for Symbolic Music
Generation", ISMIR 2020). None is better the higher or the lower it is: they are compared with those of other music.
Where MusPy's program and its documentation differ, or a definition depends on a file's resolution, this says what is
done here:

* `polyphony_rate` counts moments at which two pitches or more sound; the program counts those with three or more.
* Beats and bars are the metre's, and one is empty if nothing sounds in it. The program takes quarters and bars of one
  length, counts a note that ends where a beat begins as sounding in it, and one beat more after the last.
* `groove_consistency` compares neighbouring whole bars of equal length at the twelfths of a quarter; the program at
  the file's resolution, of which most is silent, so that its figure is nearer to 1 the finer a file is.
* `pitch_range` leaves drums out, as all others do.

All return NaN where there is nothing to be counted.
"""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from credo.evaluation.metrics.columns import TICKS, Beats, Columns

_PLACES_A_QUARTER = 12
_MAJOR = (0, 2, 4, 5, 7, 9, 11)


def pitch_range(notes: Columns) -> float:
    """From the lowest pitch to the highest, in semitones."""
    pitch = notes.pitched.pitch
    return float(np.ptp(pitch)) if len(pitch) else math.nan


def pitches_used(notes: Columns) -> float:
    """Number of different pitches."""
    return float(len(np.unique(notes.pitched.pitch))) if len(notes.pitched.pitch) else math.nan


def pitch_classes_used(notes: Columns) -> float:
    """Number of different pitch classes."""
    return float(len(np.unique(notes.pitched.pitch % 12))) if len(notes.pitched.pitch) else math.nan


def pitch_entropy(notes: Columns) -> float:
    """Entropy of the pitches of the notes, bits."""
    return _entropy(np.bincount(notes.pitched.pitch))


def pitch_class_entropy(notes: Columns) -> float:
    """Entropy of the pitch classes of the notes, bits: 0 of a repeated note, 3.58 where all twelve are as frequent."""
    return _entropy(np.bincount(notes.pitched.pitch % 12))


def scale_consistency(notes: Columns) -> float:
    """Share of the notes in the diatonic scale that most of them fit, 0..1. A major scale is its relative minor's."""
    counts = np.bincount(notes.pitched.pitch % 12, minlength=12)
    if not counts.sum():
        return math.nan
    return float(max(np.roll(counts, -tonic)[list(_MAJOR)].sum() for tonic in range(12)) / counts.sum())


def polyphony(notes: Columns) -> float:
    """Mean number of pitches that sound, over the moments at which any does."""
    spans, sounding = pitches_sounding(notes)
    time = spans[sounding > 0].sum()
    return float((spans * sounding).sum() / time) if time else math.nan


def polyphony_rate(notes: Columns) -> float:
    """Share of the time at which two pitches or more sound, 0..1."""
    spans, sounding = pitches_sounding(notes)
    return float(spans[sounding > 1].sum() / notes.length) if notes.length else math.nan


def empty_beat_rate(notes: Columns, beats: Beats) -> float:
    """Share of the beats in which nothing sounds, drums included, 0..1."""
    return _empty(notes, beats.beats)


def empty_bar_rate(notes: Columns, beats: Beats) -> float:
    """Share of the bars in which nothing sounds, drums included, 0..1."""
    return _empty(notes, beats.bars)


def groove_consistency(notes: Columns, beats: Beats) -> float:
    """How much neighbouring bars have the same rhythm: 1 less the mean share of places where one has an onset alone.

    (S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the Front Line", ISMIR 2020.)
    """
    step = TICKS // _PLACES_A_QUARTER
    patterns: list[np.ndarray | None] = []
    for (start, end), whole in zip(beats.bars, beats.whole, strict=True):
        places = (end - start) // step
        inside = notes.onset[(notes.onset >= start) & (notes.onset < end)] - start
        struck = np.bincount(np.minimum((inside + step // 2) // step, places - 1), minlength=places) > 0
        patterns.append(struck if whole else None)
    pairs = [
        np.mean(one != other)
        for one, other in pairwise(patterns)
        if one is not None and other is not None and len(one) == len(other)
    ]
    return 1 - float(np.mean(pairs)) if pairs else math.nan


def drum_pattern_consistency(notes: Columns) -> float:
    """Share of the strokes of drums on sixteenths, or on triplet eighths if those have more, 0..1."""
    onset = notes.onset[notes.drums]
    return float(max(np.mean(onset % (TICKS // parts) == 0) for parts in (4, 3))) if len(onset) else math.nan


def pitches_sounding(notes: Columns) -> tuple[np.ndarray, np.ndarray]:
    """How many different pitches sound, drums aside, from change to change.

    Returns:
        Ticks that each stretch lasts, and the number of pitches, both of shape (k,); what is before the first and after
        the last note is left out.
    """
    notes = notes.pitched
    if not len(notes.pitch):
        return np.zeros(0, int), np.zeros(0, int)
    order = np.lexsort((notes.onset, notes.pitch))
    pitch, onset, end = (column[order] for column in (notes.pitch, notes.onset, notes.end))
    # one pitch in several notes at once counts once: it begins where no earlier note of it sounds on
    lifted = pitch * (notes.end.max() + 1)
    reached = np.maximum.accumulate(lifted + end)
    begins = np.append(True, lifted[1:] + onset[1:] > reached[:-1])
    first, last = np.flatnonzero(begins), np.append(np.flatnonzero(begins)[1:], len(pitch)) - 1
    times = np.concatenate([onset[first], (reached - lifted)[last]])
    change = np.repeat([1, -1], len(first))
    order = np.argsort(times, kind="stable")
    return np.diff(times[order]), np.cumsum(change[order])[:-1]


def _empty(notes: Columns, places: np.ndarray) -> float:
    """Share of some stretches, shape (k, 2), in which no note sounds."""
    if not len(places):
        return math.nan
    begun = np.searchsorted(np.sort(notes.onset), places[:, 1], "left")
    over = np.searchsorted(np.sort(notes.end), places[:, 0], "right")
    return float(np.mean(begun == over))


def _entropy(counts: np.ndarray) -> float:
    if not counts.sum():
        return math.nan
    share = counts[counts > 0] / counts.sum()
    return float(-(share * np.log2(share)).sum()) + 0.0
