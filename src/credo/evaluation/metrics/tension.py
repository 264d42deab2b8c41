"""How tense harmony is, beat by beat, on the spiral array.

E. Chew, "Mathematical and Computational Modeling of Tonality", Springer 2014: pitches stand on a spiral a fifth apart,
so that those which belong together are near each other, and a chord or a key is the weighted centre of its pitches. D.
Herremans and E. Chew, "Tension ribbons: Quantifying and visualising tonal tension", TENOR 2016, read three figures off
the cloud of pitches that sound in a window: how wide it is, how far its centre moves, and how far that is from the
key's. Distances are those of a spiral of radius 1 that rises by sqrt(2/15) a fifth: fifths and major thirds are 1.46
wide, minor thirds 1.79, tritones 2.97.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credo.evaluation.metrics.columns import Beats, Columns
from credo.music.pitch import LINE_OF_FIFTHS, Key, spell

_RISE = np.sqrt(2 / 15)
#: Shares of root, fifth and third in a chord, and of tonic, dominant and subdominant in a key.
_SHARES = np.array([0.536, 0.274, 0.190])
#: How much of a minor key's dominant is major, and of its subdominant minor.
_MIXED = 0.75


class Tension(NamedTuple):
    """Tension from beat to beat, in distances on the spiral; NaN where nothing sounds.

    Attributes:
        diameter: widest distance of two pitches of a beat, shape (k,): dissonance.
        momentum: distance of the centres of a beat and of the last before it in which anything sounds, shape (k,), NaN
            for the first: change of harmony.
        strain: distance of a beat's centre from the key's, shape (k,): remoteness.
    """

    diameter: np.ndarray
    momentum: np.ndarray
    strain: np.ndarray


def tension(notes: Columns, beats: Beats, key: Key) -> Tension:
    """The tension of a piece, drums aside.

    Args:
        notes: the piece.
        beats: its beats.
        key: the key that pitches are spelled in, and that strain is measured from.
    """
    fifths = np.array([fifths_of(pitch, key) for pitch in range(12)])
    places = place(fifths)  # (12, 3)
    weights = sounding_classes(notes, beats.beats)  # (k, 12)
    there = weights > 0
    distances = np.linalg.norm(places[:, None] - places, axis=2)
    diameter = np.where(there[:, :, None] & there[:, None], distances, 0.0).max(axis=(1, 2), initial=0.0)
    total = weights.sum(axis=1)
    centre = np.where(total[:, None] > 0, weights @ places / np.maximum(total, 1)[:, None], np.nan)
    heard = np.flatnonzero(total > 0)
    momentum = np.full(len(total), np.nan)
    momentum[heard[1:]] = np.linalg.norm(np.diff(centre[heard], axis=0), axis=1)
    strain = np.linalg.norm(centre - key_centre(key), axis=1)
    return Tension(np.where(total > 0, diameter, np.nan), momentum, strain)


def place(fifths: np.ndarray) -> np.ndarray:
    """Where pitches stand on the spiral; positions on the line of fifths (C is 0) of shape (...) to (..., 3)."""
    angle = np.asarray(fifths) * np.pi / 2
    return np.stack([np.sin(angle), np.cos(angle), _RISE * np.asarray(fifths)], axis=-1)


def fifths_of(pitch: int, key: Key) -> int:
    """The position of a pitch on the line of fifths, spelled in a key; C is 0."""
    step, alter, _ = spell(pitch, key)
    return LINE_OF_FIFTHS.index(step) + 7 * alter - 1


def key_centre(key: Key) -> np.ndarray:
    """Where a key stands, shape (3,)."""

    def major(root: int) -> np.ndarray:
        return _SHARES @ place(np.array([root, root + 1, root + 4]))

    def minor(root: int) -> np.ndarray:
        return _SHARES @ place(np.array([root, root + 1, root - 3]))

    if key.mode == "major":
        return _SHARES @ np.stack([major(key.fifths + fifths) for fifths in (0, 1, -1)])
    tonic = key.fifths + 3
    dominant = _MIXED * major(tonic + 1) + (1 - _MIXED) * minor(tonic + 1)
    subdominant = _MIXED * minor(tonic - 1) + (1 - _MIXED) * major(tonic - 1)
    return _SHARES @ np.stack([minor(tonic), dominant, subdominant])


def sounding_classes(notes: Columns, stretches: np.ndarray) -> np.ndarray:
    """How long each pitch class sounds in each of some stretches, drums aside.

    Args:
        notes: the piece.
        stretches: start and end of each in ticks, one after the other, shape (k, 2).

    Returns:
        Ticks, shape (k, 12); a class that sounds twice at once counts twice.
    """
    notes = notes.pitched
    first = np.searchsorted(stretches[:, 1], notes.onset, "right")
    last = np.searchsorted(stretches[:, 0], notes.end, "left")
    counts = np.maximum(last - first, 0)
    note = np.repeat(np.arange(len(counts)), counts)
    stretch = np.arange(len(note)) - np.repeat(np.cumsum(counts) - counts, counts) + first[note]
    inside = np.minimum(notes.end[note], stretches[stretch, 1]) - np.maximum(notes.onset[note], stretches[stretch, 0])
    index = 12 * stretch + notes.pitch[note] % 12
    return np.bincount(index, inside, 12 * len(stretches)).reshape(-1, 12)
