"""Counts over a piece, against counting moment by moment."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.evaluation.metrics import statistics
from credo.evaluation.metrics.columns import TICKS, Beats, Columns, ticks
from credo.music.score import Metre, Note, Part, Score, Timeline


def piece(*parts, metres=((0, 4, 4),), length=0, pickup=0, drums=()):
    """A score of parts, each a list of (onset, pitch, duration) in quarters."""
    return Score(
        tuple(
            Part.of(str(number), [Note(Fraction(o), p, Fraction(d)) for o, p, d in notes], is_drums=number in drums)
            for number, notes in enumerate(parts)
        ),
        Timeline(
            Fraction(length),
            metres=tuple(Metre(Fraction(onset), *metre) for onset, *metre in metres),
            pickup=Fraction(pickup),
        ),
    )


def of(score, name):
    function = getattr(statistics, name)
    rest = (Beats.of(score),) if function.__code__.co_argcount == 2 else ()
    return function(Columns.of(score), *rest)


VALUES = {
    "pitch_range": 5,
    "pitches_used": 3,
    "pitch_classes_used": 3,
    "pitch_entropy": math.log2(3),
    "pitch_class_entropy": math.log2(3),
    "scale_consistency": 1,
    "polyphony": 7 / 4,
    "polyphony_rate": 3 / 8,
    "empty_beat_rate": 1 / 2,
    "empty_bar_rate": 1 / 2,
    "groove_consistency": 1 - 2 / 48,
    "drum_pattern_consistency": 1,
}
CHORD = piece([(0, 60, 4)], [(0, 64, 2), (2, 65, 1)], [(0, 36, 1)], drums=(2,), length=8)


@pytest.mark.parametrize(("name", "value"), VALUES.items())
def test_a_chord_and_a_silent_bar(name, value):
    assert of(CHORD, name) == pytest.approx(value)


@pytest.mark.parametrize("name", VALUES)
def test_nothing_to_count_is_no_number(name):
    assert math.isnan(of(piece([]), name))


def test_scales():
    chromatic = piece([(k, 60 + k, 1) for k in range(12)])
    assert of(chromatic, "scale_consistency") == pytest.approx(7 / 12)
    assert of(chromatic, "pitch_class_entropy") == pytest.approx(math.log2(12))
    a_minor = piece([(k, pitch, 1) for k, pitch in enumerate((57, 59, 60, 62, 64, 65, 67, 68))])
    assert of(a_minor, "scale_consistency") == pytest.approx(7 / 8)


def test_drums_on_triplets():
    shuffled = piece([(Fraction(k, 3), 42, Fraction(1, 8)) for k in range(9)], drums=(0,))
    assert of(shuffled, "drum_pattern_consistency") == 1
    assert of(piece([(0, 42, 1), (Fraction(1, 8), 42, 1)], drums=(0,)), "drum_pattern_consistency") == 0.5
    assert math.isnan(of(shuffled, "pitch_entropy"))


def test_beats_of_an_upbeat_and_of_a_change_of_metre():
    score = piece([(0, 60, 1)], metres=((0, 3, 4), (4, 6, 8)), pickup=Fraction(1, 2), length=8)
    beats = Beats.of(score)
    quarters = lambda rows: [[Fraction(int(x), TICKS) for x in row] for row in rows]  # noqa: E731
    half = Fraction(1, 2)
    assert quarters(beats.bars) == [[0, half], [half, 3 + half], [3 + half, 4], [4, 7], [7, 10]]
    assert beats.whole.tolist() == [False, True, False, True, True]
    assert quarters(beats.beats) == [
        [0, half],
        *([half + k, half + k + 1] for k in range(3)),
        [3 + half, 4],
        *([4 + k * Fraction(3, 2), 4 + (k + 1) * Fraction(3, 2)] for k in range(3)),
    ]


def test_grooves_are_compared_in_whole_bars_of_one_length():
    same = [(bar * 3 + place, 60, half) for bar in range(2) for place, half in ((0, 1), (2, Fraction(1, 2)))]
    assert of(piece(same, metres=((0, 3, 4),)), "groove_consistency") == 1
    other = piece(same, metres=((0, 3, 4), (3, 6, 8), (6, 4, 4)), length=10)
    assert of(other, "groove_consistency") == 1  # 3/4 and 6/8 are of one length, 4/4 has no neighbour of its own
    assert math.isnan(of(piece(same, metres=((0, 3, 4), (3, 4, 4))), "groove_consistency"))
    late = piece([(Fraction(99, 100), 60, 1), (3, 60, 1), (4, 60, 1)], metres=((0, 3, 4),))
    assert of(late, "groove_consistency") == 1 - 1 / 36


NOTES = st.lists(st.tuples(st.integers(0, 30), st.integers(58, 63), st.integers(1, 9)), min_size=1, max_size=12)


@given(NOTES, NOTES, st.integers(0, 8))
@settings(deadline=None)
def test_what_sounds_together_is_what_sounds_at_each_moment(one, other, rest):
    """Times in sixteenths."""
    length = max(onset + duration for onset, _, duration in one + other) + rest
    roll = np.zeros((length, 128), bool)
    for onset, pitch, duration in one + other:
        roll[onset : onset + duration, pitch] = True
    score = piece(
        *([(Fraction(o, 4), p, Fraction(d, 4)) for o, p, d in part] for part in (one, other)),
        length=Fraction(length, 4),
    )
    sounding = roll.sum(axis=1)
    assert of(score, "polyphony") == pytest.approx(sounding.sum() / (sounding > 0).sum())
    assert of(score, "polyphony_rate") == pytest.approx((sounding > 1).mean())
    beats = [(sounding[k : k + 4] == 0).all() for k in range(0, length, 4)]
    bars = [(sounding[k : k + 16] == 0).all() for k in range(0, length, 16)]
    assert of(score, "empty_beat_rate") == pytest.approx(np.mean(beats))
    assert of(score, "empty_bar_rate") == pytest.approx(np.mean(bars))


@given(st.fractions(0, 1000, max_denominator=97))
def test_ticks_are_the_nearest(quarters):
    assert abs(Fraction(ticks(quarters), TICKS) - quarters) <= Fraction(1, 2 * TICKS)
