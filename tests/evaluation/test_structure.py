"""What is counted from bar to bar, against counting it bar by bar."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.structure import bar_entropy, groove_similarity
from credo.music.score import Metre, Note, Part, Score, Timeline


def piece(*notes, length=0, metres=()):
    """A score of (onset, pitch) in quarters."""
    return Score(
        (Part.of("", [Note(Fraction(onset), pitch, Fraction(1, 4)) for onset, pitch in notes]),),
        Timeline(Fraction(length), metres=metres),
    )


def of(function, score, *rest, **more):
    return function(Columns.of(score), Beats.of(score), *rest, **more)


def entropy(pitches):
    share = np.bincount(np.array(pitches) % 12) / len(pitches)
    return -sum(p * math.log2(p) for p in share if p)


def test_entropies_are_means_over_neighbouring_bars_with_notes():
    score = piece((0, 60), (1, 64), (2, 67), (3, 72), (4, 60), (16, 61), (17, 62), length=20)
    assert of(bar_entropy, score) == pytest.approx((1.5 + 0 + 1) / 3)
    first, last = [60, 64, 67, 72, 60], [61, 62]
    assert of(bar_entropy, score, 4) == pytest.approx((entropy(first) + entropy([60, *last])) / 2)
    assert of(bar_entropy, score, 5) == of(bar_entropy, score, 99) == pytest.approx(entropy(first + last))
    assert math.isnan(of(bar_entropy, piece(), 4))
    assert math.isnan(of(bar_entropy, piece(length=8), 1))


NOTES = st.lists(st.tuples(st.integers(0, 79), st.integers(40, 80)), min_size=1, max_size=20)


@given(NOTES, st.integers(1, 6))
@settings(deadline=None)
def test_entropies_of_any_piece(notes, bars):
    """Onsets in sixteenths."""
    score = piece(*((Fraction(onset, 4), pitch) for onset, pitch in notes))
    count = max(onset for onset, _ in notes) // 16 + 1
    wide = min(bars, count)
    windows = [[p for onset, p in notes if k <= onset // 16 < k + wide] for k in range(count - wide + 1)]
    assert of(bar_entropy, score, bars) == pytest.approx(np.mean([entropy(w) for w in windows if w]))


@given(NOTES)
@settings(deadline=None)
def test_grooves_of_all_pairs(notes):
    score = piece(*((Fraction(onset, 4), pitch) for onset, pitch in notes))
    struck = np.zeros((max(onset for onset, _ in notes) // 16 + 1, 16), bool)
    for onset, _ in notes:
        struck[divmod(onset, 16)] = True
    pairs = [(a, b) for k, a in enumerate(struck) for b in struck[k + 1 :]]
    found = of(groove_similarity, score)
    if not pairs:
        assert math.isnan(found)
    else:  # of four 64ths of a sixteenth three never begin a note
        assert found == pytest.approx(1 - np.mean([np.mean(a != b) for a, b in pairs]) / 4)


def test_bars_of_other_lengths_are_no_pair_and_many_pairs_are_drawn_from():
    metres = (Metre(Fraction(0), 4, 4), Metre(Fraction(4), 3, 4))
    assert math.isnan(of(groove_similarity, piece((0, 60), length=7, metres=metres)))
    assert of(groove_similarity, piece((0, 60), length=10, metres=metres)) == 1  # two silent bars of three quarters
    long = piece(*((4 * bar, 60) for bar in range(0, 60, 2)), length=240)
    exact = 1 - (30 * 30 / (60 * 59 / 2)) / 64
    assert of(groove_similarity, long) == pytest.approx(exact, abs=0.002)
    assert of(groove_similarity, long, seed=1) != of(groove_similarity, long)
