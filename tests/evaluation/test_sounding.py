"""Chords, dissonance and voice-leading of small pieces, against what stands in them; and of chorales, step by step."""

import math
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.sounding import (
    SILENT,
    Slices,
    beat_chords,
    chord_change_rate,
    crossing_rate,
    dissonance_rate,
    parallel_rate,
    progression_irregularity,
    triad_rate,
    wide_spacing_rate,
)
from credo.music import harmony
from credo.music.grid import REST
from credo.music.score import Note, Part, Score, Timeline


def voices(*lines, length=0):
    """A score of lines: pitches a quarter long each, None for a rest."""
    parts = [
        Part.of("", [Note(Fraction(k), pitch, Fraction(1)) for k, pitch in enumerate(line) if pitch is not None])
        for line in lines
    ]
    return Score(tuple(parts), Timeline(Fraction(length or max(map(len, lines), default=0))))


def slices(*lines):
    return Slices.of(Columns.of(voices(*lines)))


def test_slices_leave_silence_out_and_know_what_follows():
    found = slices([60, None, 62, 62], [48, None, None, 50])
    assert found.ticks.tolist() == [6720] * 3
    assert found.lines.tolist() == [[60, 48], [62, SILENT], [62, 50]]
    assert found.follows.tolist() == [False, False, True]
    assert found.keys.sum(axis=1).tolist() == [2, 1, 2]


def test_of_two_notes_of_a_part_the_higher_is_its_line():
    both = Score((Part.of("", [Note(Fraction(0), 60, Fraction(2)), Note(Fraction(1), 67, Fraction(1))]),))
    assert Slices.of(Columns.of(both)).lines.ravel().tolist() == [60, 67]


def test_triads_by_the_time_they_last():
    assert triad_rate(slices([72, 72, 71], [64, 65, 67], [48, 48, 48], [55, 57, 53])) == pytest.approx(2 / 3)
    assert triad_rate(slices([60, 60])) == 0
    assert math.isnan(triad_rate(slices([])))


def test_dissonance_counts_pairs_of_pitches():
    assert dissonance_rate(slices([62, 64], [60, 60])) == 0.5  # a second, a third
    assert dissonance_rate(slices([66], [62], [60])) == pytest.approx(
        2 / 3
    )  # C D F sharp: a second, a tritone, a third
    assert math.isnan(dissonance_rate(slices([60, 62])))


def test_parallel_fifths_octaves_and_what_is_neither():
    assert parallel_rate(slices([67, 69], [60, 62]), 7) == 1000
    assert parallel_rate(slices([67, 69], [60, 62]), 0) == 0
    assert parallel_rate(slices([72, 74], [60, 62]), 0) == 1000
    assert parallel_rate(slices([67, 57], [60, 62]), 7) == 0  # contrary
    assert math.isnan(parallel_rate(slices([67, 67], [60, 60]), 7))  # nothing moves
    assert math.isnan(parallel_rate(slices([67, None, 69], [60, None, 62]), 7))  # a rest between


def test_crossed_and_widely_spaced_parts():
    soprano, alto, tenor, bass = [72, 72, 72, 64], [64, 64, 58, 66], [55, 55, 52, 57], [36, 40, 40, 45]
    found = slices(bass, soprano, tenor, alto)  # whatever order they are written in
    assert crossing_rate(found) == 0.25
    assert wide_spacing_rate(found) == 0.25  # soprano and alto in the third chord; tenor and bass may be far apart
    assert math.isnan(crossing_rate(slices([60, 62])))


def chords(*roots):
    """A major triad on each beat."""
    return voices(*([root + step for root in roots] for step in (0, 4, 7)))


def of(function, score):
    return function(Columns.of(score), Beats.of(score))


def test_the_chord_of_a_beat_and_how_often_it_changes():
    assert of(beat_chords, chords(60, 65, 67, 60)).tolist() == [0, 5, 7, 0]
    assert of(beat_chords, voices([57, None], [60, None], [64, None], length=2)).tolist() == [12 + 9, -1]
    assert of(chord_change_rate, chords(60, 60, 67, 60, 60)) == 0.5
    assert math.isnan(of(chord_change_rate, chords(60)))


def test_progressions_that_come_back_are_regular():
    assert of(progression_irregularity, chords(60, 65, 67)) == 1
    assert of(progression_irregularity, chords(*4 * (60, 65, 67))) == pytest.approx(3 / 10)
    assert of(progression_irregularity, chords(60, 60, 65, 65, 67, 67)) == 1
    assert math.isnan(of(progression_irregularity, chords(60, 65)))


def parallels_by_pairs(table, interval):
    wrong = moves = 0
    for before, after in pairwise(table):
        for one, other in combinations(range(table.shape[1]), 2):
            here, there = (before[one], after[one]), (before[other], after[other])
            if REST in (*here, *there) or here[0] == here[1] or there[0] == there[1]:
                continue
            moves += 1
            spans = {abs(here[k] - there[k]) % 12 for k in (0, 1)}
            wrong += spans == {interval} and (here[1] > here[0]) == (there[1] > there[0])
    return 1000 * wrong / moves if moves else math.nan


LINES = st.integers(2, 12).flatmap(
    lambda length: st.lists(
        st.lists(st.one_of(st.none(), st.integers(40, 80)), min_size=length, max_size=length), min_size=2, max_size=4
    )
)


@given(LINES)
@settings(deadline=None, max_examples=60)
def test_lines_of_equal_notes_against_counting_steps(lines):
    """With every note a quarter long, time counts as steps do; parts without notes are no parts."""
    lines = [line for line in lines if any(pitch is not None for pitch in line)]
    assume(lines)
    table = np.array([[REST if pitch is None else pitch for pitch in line] for line in lines], int).T
    found = slices(*lines)
    expected = harmony.triads(table)
    assert triad_rate(found) == pytest.approx(expected.value if expected.total else math.nan, nan_ok=True)
    wrong = harmony.parallels(table, 0)
    rate = 1000 * wrong.value if wrong.total else math.nan
    assert parallel_rate(found, 0) == pytest.approx(rate, nan_ok=True)
    assert parallel_rate(found, 7) == pytest.approx(parallels_by_pairs(table, 7), nan_ok=True)
