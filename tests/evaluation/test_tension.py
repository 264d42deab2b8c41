"""Tension on the spiral array: chords by hand, and what transposition leaves as it is."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.evaluation.metrics.columns import TICKS, Beats, Columns
from credo.evaluation.metrics.tension import fifths_of, key_centre, place, sounding_classes, tension
from credo.music.pitch import Key
from credo.music.score import Note, Part, Score, Timeline

C, A_MINOR = Key(0), Key(0, "minor")


def chords(*pitches, length=1):
    """A score of chords, one a quarter."""
    notes = [Note(Fraction(k), p, Fraction(length)) for k, chord in enumerate(pitches) for p in chord]
    return Score((Part.of("", notes),), Timeline(Fraction(len(pitches))))


def of(score, key=C):
    return tension(Columns.of(score), Beats.of(score), key)


def test_how_wide_chords_are():
    found = of(chords([60], [60, 72], [60, 67], [60, 64], [60, 63], [60, 66], [60, 64, 67], [60, 64, 67, 70], []))
    fifth, minor_third, tritone = (
        np.hypot(np.hypot(*side), rise * np.sqrt(2 / 15)) for side, rise in (((1, 1), 1), ((1, 1), 3), ((0, 2), 6))
    )
    expected = [0, 0, fifth, 4 * np.sqrt(2 / 15), minor_third, tritone, minor_third, tritone, np.nan]
    np.testing.assert_allclose(found.diameter, expected, atol=1e-12)


def test_what_moves_and_what_is_far():
    found = of(chords([60, 64, 67], [60, 64, 67], [], [67, 71, 74], [66, 70, 73]))
    assert np.isnan(found.momentum[[0, 2]]).all()
    assert found.momentum[1] == pytest.approx(0)
    up_a_fifth = place(np.array([1, 2, 5])).mean(axis=0) - place(np.array([0, 1, 4])).mean(axis=0)
    assert found.momentum[3] == pytest.approx(np.linalg.norm(up_a_fifth))
    assert np.isnan(found.strain[2])
    assert found.strain[0] < found.strain[3] < found.strain[4]
    minor = of(chords([57, 60, 64], [64, 68, 71], [63, 66, 70]), A_MINOR).strain
    assert minor[0] < minor[1] < minor[2]


def test_the_centre_of_a_chord_is_weighted_by_time():
    notes = [Note(Fraction(0), 60, Fraction(1)), Note(Fraction(1, 4), 67, Fraction(3))]
    score = Score((Part.of("", notes),))
    centre = (place(np.array(0)) + 0.75 * place(np.array(1))) / 1.75
    assert of(score).strain[0] == pytest.approx(np.linalg.norm(centre - key_centre(C)))


@given(st.integers(-5, 5), st.sampled_from(["major", "minor"]))
def test_a_key_is_where_its_signature_turns_it(fifths, mode):
    """Transposition turns and lifts the spiral: all distances stay."""
    here, there = Key(0, mode), Key(fifths, mode)
    tonic, other = (np.array(fifths_of(key.tonic, key)) for key in (here, there))
    assert other - tonic == fifths
    distance = np.linalg.norm(key_centre(there) - place(other))
    assert distance == pytest.approx(np.linalg.norm(key_centre(here) - place(tonic)))
    pitches = [[48, 52, 55], [50, 53, 58], [47, 50, 53, 56]]
    moved = [[p + 7 * fifths for p in chord] for chord in pitches]
    for one, two in zip(of(chords(*pitches), here), of(chords(*moved), there), strict=True):
        np.testing.assert_allclose(one, two, atol=1e-9)


NOTES = st.lists(st.tuples(st.integers(0, 40), st.integers(58, 73), st.integers(1, 20)), max_size=9)


@given(NOTES)
@settings(deadline=None)
def test_time_is_counted_where_it_is(notes):
    """Sixteenths in beats of a quarter."""
    score = Score((Part.of("", [Note(Fraction(o, 4), p, Fraction(d, 4)) for o, p, d in notes]),))
    beats = Beats.of(score).beats
    expected = np.zeros((len(beats), 12))
    for onset, pitch, duration in notes:
        for step in range(onset, onset + duration):
            expected[step // 4, pitch % 12] += TICKS // 4
    np.testing.assert_array_equal(sounding_classes(Columns.of(score), beats), expected)
