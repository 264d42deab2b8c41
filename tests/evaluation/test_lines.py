"""How lines go, of small pieces, against what stands in them."""

import math
from fractions import Fraction

import pytest

from credo.evaluation.metrics import lines
from credo.evaluation.metrics.columns import Beats, Columns
from credo.music.score import Note, Part, Score, Timeline

H = Fraction(1, 2)


def columns(*parts, length=0, drums=()):
    """Parts of (onset, pitch, duration)."""
    made = [Part.of("", [Note(Fraction(o), p, Fraction(d)) for o, p, d in part]) for part in parts]
    made += [Part.of("", [Note(Fraction(o), p, H) for o, p in drums], is_drums=True)] if drums else []
    return Columns.of(Score(tuple(made), Timeline(Fraction(length))))


TUNE = [(0, 60, 1), (1, 62, H), (3 * H, 62, H), (2, 69, 1), (4, 65, 2)]


def test_intervals_are_those_of_each_part():
    tune, bass = TUNE, [(0, 48, 2), (2, 43, 2)]
    assert lines.intervals(columns(tune, bass)).tolist() == [2, 0, 7, -4, -5]
    assert lines.mean_interval(columns(tune)) == 13 / 4
    assert lines.step_rate(columns(tune)) == 1 / 4
    assert lines.leap_rate(columns(tune)) == 1 / 4
    assert lines.repeat_rate(columns(tune)) == 1 / 4


def test_of_chords_the_highest_note_is_the_line():
    assert lines.intervals(columns([(0, 60, 1), (0, 67, 1), (1, 59, 1), (1, 65, 1)])).tolist() == [-2]


def test_rests_are_those_between_notes():
    assert lines.rest_rate(columns(TUNE, length=12)) == 1 / 6
    assert lines.rest_rate(columns([(0, 60, 3), (1, 62, 1), (4, 60, 1)])) == 1 / 5


def test_onsets_and_lengths():
    notes = columns(TUNE, [(0, 48, 4)], length=8)
    assert lines.onset_rate(notes) == 5 / 8
    assert lines.mean_onset_interval(notes) == pytest.approx(1)
    assert lines.mean_note_length(notes) == pytest.approx(9 / 6)
    beats = Beats.of(Score((), Timeline(Fraction(8))))
    assert lines.off_beat_rate(notes, beats) == 1 / 5


def test_the_entropy_of_a_rhythm():
    assert lines.rhythm_entropy(columns([(k, 60, 1) for k in range(5)])) == 0
    uneven = lines.rhythm_entropy(columns([(0, 60, 1), (1, 60, 1), (3 * H, 60, 1)]))
    assert uneven == pytest.approx(1)
    assert lines.rhythm_entropy(columns([(Fraction(k, 1000) + k, 60, H) for k in range(5)])) == 0  # played, not exact


def test_drums_sound_but_are_no_line():
    notes = columns(drums=[(0, 36), (1, 38)], length=2)
    assert lines.onset_rate(notes) == 1
    for function in (lines.mean_interval, lines.rest_rate, lines.mean_note_length, lines.mean_onset_interval):
        assert math.isnan(function(notes))


def test_nothing_of_nothing():
    silent = columns(length=4)
    assert lines.onset_rate(silent) == 0
    assert math.isnan(lines.rhythm_entropy(silent))
    assert math.isnan(lines.onset_rate(columns()))
