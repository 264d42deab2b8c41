"""How far a piece keeps to itself from bar to bar.

S.-L. Wu and Y.-H. Yang, "The Jazz Transformer on the Front Line: Exploring the Shortcomings of AI-composed Music
through Quantitative Measures", ISMIR 2020 (their program is MusDr), found generated music to use more pitch classes
within four bars than people's, and its rhythms to be less alike.

All return NaN where there is nothing to be measured.
"""

from __future__ import annotations

import math
from itertools import combinations

import numpy as np

from credo.evaluation.metrics.columns import TICKS, Beats, Columns

_PLACES_A_QUARTER = 16
_MOST_PAIRS = 1000


def bar_entropy(notes: Columns, beats: Beats, bars: int = 1) -> float:
    """Mean entropy of the pitch classes of the notes that begin in some neighbouring bars, bits.

    Low over one bar and four means tonal music that stays where it is.

    Args:
        notes: the piece.
        beats: its bars.
        bars: how many together; as many as there are where there are fewer.
    """
    notes, count = notes.pitched, len(beats.bars)
    if not count:
        return math.nan
    bars = min(bars, count)
    bar = np.searchsorted(beats.bars[:, 0], notes.onset, "right") - 1
    counts = np.zeros((count + 1, 12))
    np.add.at(counts, (bar + 1, notes.pitch % 12), 1)
    total = np.cumsum(counts, axis=0)
    windows = total[bars:] - total[:-bars]
    windows = windows[windows.sum(axis=1) > 0]
    share = windows / windows.sum(axis=1, keepdims=True)
    each = -(share * np.log2(np.where(share > 0, share, 1))).sum(axis=1)
    return float(each.mean()) + 0.0 if len(each) else math.nan


def groove_similarity(notes: Columns, beats: Beats, seed: int = 0) -> float:
    """How alike the rhythms of all pairs of whole bars are, 0..1.

    It is the mean share of the 64ths of a bar at which both or neither begin a note.

    Args:
        notes: the piece, drums included.
        beats: its bars; only those of one length are compared.
        seed: of the choice of pairs, where there are more than a thousand.
    """
    step, patterns = TICKS // _PLACES_A_QUARTER, []
    for start, end in beats.bars[beats.whole]:
        inside = notes.onset[(notes.onset >= start) & (notes.onset < end)] - start
        places = (end - start) // step
        patterns.append(np.bincount(np.minimum((inside + step // 2) // step, places - 1), minlength=places) > 0)
    pairs = [(one, other) for one, other in combinations(patterns, 2) if len(one) == len(other)]
    if len(pairs) > _MOST_PAIRS:
        chosen = np.random.default_rng(seed).choice(len(pairs), _MOST_PAIRS, replace=False)
        pairs = [pairs[number] for number in chosen]
    return float(np.mean([np.mean(one == other) for one, other in pairs])) if pairs else math.nan
