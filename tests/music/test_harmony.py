"""Chords, dissonance, parallels and crossings, counted by hand."""

import numpy as np
import pytest

from credo.music.grid import REST
from credo.music.harmony import Share, crossings, dissonant_pairs, parallels, sounding_pitches, triads
from credo.music.score import Part, Score
from credo.music.texture import SATB, SONG
from credo.music.transform import fit


def chords(*rows):
    """Chords from the highest voice down, one a step; shape (T, V)."""
    return np.array(rows, np.int16)


C_MAJOR, A_MINOR, SEVENTH = (72, 67, 64, 48), (72, 64, 60, 45), (74, 71, 65, 55)


@pytest.mark.parametrize("shift", range(12))
def test_major_and_minor_triads_in_all_keys_and_positions(shift):
    rows = chords(C_MAJOR, A_MINOR, (76, 72, 67, 64), (64, 60, 55, 52)) + shift
    assert triads(rows) == (4, 4)


def test_what_is_no_triad():
    diminished, augmented, open_fifth, added_sixth = (65, 62, 59), (68, 64, 60), (72, 67, 60), (69, 67, 64, 60)
    assert triads(chords(SEVENTH, added_sixth)) == (0, 2)
    assert triads(chords(diminished, augmented, open_fifth)) == (0, 3)


def test_steps_at_which_nothing_sounds_do_not_count():
    silent = (REST,) * 4
    assert triads(chords(C_MAJOR, silent, (72, 67, 64, REST), (72, REST, REST, REST))) == (2, 3)
    assert [count(chords(silent, silent)) for count in (triads, dissonant_pairs, crossings)] == [(0, 0)] * 3
    assert parallels(chords(silent, silent), 7) == (0, 0)
    assert [count(np.empty((0, 4), np.int16)) for count in (triads, dissonant_pairs, crossings)] == [(0, 0)] * 3


def test_triads_agree_with_sets_of_pitch_classes():
    rng = np.random.default_rng(7)
    rows = rng.integers(48, 80, (499, 3)).astype(np.int16)
    rows[rng.random(rows.shape) < 0.1] = REST
    known = [{(root + step) % 12 for step in (0, third, 7)} for third in (3, 4) for root in range(12)]
    sets = [{int(pitch) % 12 for pitch in row if pitch != REST} for row in rows]
    assert triads(rows) == (sum(chord in known for chord in sets), sum(bool(chord) for chord in sets))


@pytest.mark.parametrize("interval", range(25))
def test_seconds_tritones_and_sevenths_are_dissonant(interval):
    dissonant = interval % 12 in (1, 2, 6, 10, 11)
    assert dissonant_pairs(chords((60 + interval, 60))) == (dissonant, 1)
    assert dissonant_pairs(chords((60, 60 + interval))) == (dissonant, 1)


def test_pairs_are_counted_among_the_voices_that_sound():
    assert dissonant_pairs(chords(SEVENTH)) == (2, 6)  # B-F and F-G
    assert dissonant_pairs(chords((74, REST, 65, 55))) == (1, 3)


@pytest.mark.parametrize(
    ("after", "fifths", "octaves", "moving"),
    [
        ((69, 62), 1, 0, 1),  # C-G to D-A
        ((65, 58), 1, 0, 1),  # down
        ((81, 62), 1, 0, 1),  # to a twelfth
        ((67, 60), 0, 0, 0),  # held
        ((72, 60), 0, 0, 0),  # one voice moves
        ((69, 59), 0, 0, 1),  # to another interval
        ((60, 65), 0, 0, 1),  # to a fourth, the voices crossed
        ((57, 62), 0, 0, 1),  # contrary motion to an interval that is a fifth upside down
        ((66, 71), 0, 0, 1),
        ((REST, 62), 0, 0, 0),
    ],
)
def test_parallel_fifths(after, fifths, octaves, moving):
    rows = chords((67, 60), after)
    assert parallels(rows, 7) == (fifths, moving)
    assert parallels(rows, 0) == (octaves, moving)


def test_fifths_in_contrary_motion_are_not_parallel():
    assert parallels(chords((79, 60), (74, 67)), 7) == (0, 1)


def test_parallel_octaves_and_unisons():
    assert parallels(chords((72, 60), (74, 62), (74, 74)), 0) == (1, 1)
    assert parallels(chords((60, 60), (62, 62)), 0) == (1, 1)
    assert parallels(chords((60, 48), (62, 38)), 0) == (0, 1)


def test_all_pairs_of_voices_are_compared():
    assert parallels(chords((72, 67, 60), (74, 69, 62)), 7) == (1, 3)
    assert parallels(chords((72, 67, 60), (74, 69, 62)), 0) == (1, 3)


def test_a_voice_below_its_lower_neighbour_crosses():
    rows = chords(C_MAJOR, (64, 67, 60, 48), (67, 67, 60, 48), (64, REST, 67, 48), (REST, 60, REST, 48))
    assert crossings(rows) == (1, 4)


def test_shares_add_up():
    assert Share(1, 4) + Share(2, 4) == Share(3, 8)
    assert (Share(3, 8).value, Share(0, 0).value) == (0.375, 0.0)


def test_only_mono_voices_have_one_pitch_a_step():
    empty = Score((Part.of("", []),))
    assert sounding_pitches(fit(empty, SATB).grid).shape[1] == 4
    assert sounding_pitches(fit(empty, SONG).grid).shape[1] == 1
