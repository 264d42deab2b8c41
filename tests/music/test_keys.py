from fractions import Fraction as Q

import pytest
from hypothesis import given, settings

from credo.music.keys import estimate_key, estimate_metre, keys_of, written_or_estimated_key
from credo.music.pitch import Key
from credo.music.score import KeyChange, Note, Part, Score, Timeline
from strategies import messy_scores


def tune(pitches, key=None, durations=(1,)):
    notes, onset = [], Q(0)
    for i, pitch in enumerate(pitches):
        duration = Q(durations[i % len(durations)])
        notes.append(Note(onset, pitch, duration))
        onset += duration
    return Score((Part.of("", notes),), Timeline(keys=(KeyChange(Q(0), key),) if key else ()))


MAJOR = (60, 64, 67, 65, 69, 65, 67, 71, 62, 67, 60, 62, 64, 65, 67, 60)
MINOR = (57, 60, 64, 62, 65, 62, 64, 68, 59, 64, 57, 59, 60, 62, 64, 57)
DORIAN = (62, 65, 69, 67, 71, 69, 65, 64, 62, 69, 60, 62, 65, 64, 61, 62)


@pytest.mark.parametrize("semitones", range(-11, 12))
def test_all_keys_are_heard(semitones):
    assert estimate_key(tune([p + semitones for p in MAJOR])).key == Key(0).transpose(semitones)
    assert estimate_key(tune([p + semitones for p in MINOR])).key == Key(0, "minor").transpose(semitones)


def test_a_signature_does_not_tell_the_mode():
    assert written_or_estimated_key(tune(MINOR, Key(0, "major"))) == Key(0, "minor")
    assert written_or_estimated_key(tune(MAJOR, Key(0, "major"))) == Key(0, "major")
    assert written_or_estimated_key(tune(DORIAN, Key(0, "minor"))) == Key(-1, "minor")


def test_a_written_key_keeps_its_spelling():
    assert written_or_estimated_key(tune([p + 1 for p in MAJOR], Key(7))) == Key(7)


def test_a_written_key_is_never_left_for_a_distant_one():
    assert written_or_estimated_key(tune([p + 6 for p in MAJOR], Key(0))).fifths in (-1, 0, 1)


def test_silence_is_c_major_without_confidence():
    estimate = estimate_key(Score((Part.of("", [Note(Q(0), 36, Q(1))], is_drums=True),)))
    assert (estimate.key, estimate.confidence) == (Key(0), 0.0)


@settings(max_examples=25, deadline=None)
@given(messy_scores())
def test_any_score_has_a_key_and_a_metre(score):
    assert 0 <= estimate_key(score).confidence <= 1
    assert written_or_estimated_key(score)
    assert estimate_metre(score).numerator in (3, 4)


@pytest.mark.parametrize(
    ("beats", "durations"), [(3, (2, 1)), (4, (2, 1, 1)), (4, (3, 1)), (3, (1, 2)), (4, (1, 1, 2))]
)
def test_long_notes_tell_the_metre(beats, durations):
    assert estimate_metre(tune(MAJOR * 3, durations=durations)).numerator == beats


def scale(key):
    """A scale of a key up and down to the tonic."""
    steps = [12 * (i // 7) + (key.scale[i % 7] - key.tonic) % 12 for i in range(8)]
    return [48 + key.tonic + step for step in (*steps, *steps[::-1])]


def heard(score):
    return [change.key for change in keys_of(score)]


@pytest.mark.parametrize("key", [Key(0), Key(3), Key(-4), Key(0, "minor"), Key(2, "minor"), Key(-5, "minor")])
def test_scales_without_a_signature_are_told_by_their_last_note(key):
    assert heard(tune(scale(key))) == [key]


def test_a_dorian_signature_does_not_deceive():
    one_flat_called_minor = Key(-1, "minor")
    assert heard(tune(scale(Key(-2, "minor")), one_flat_called_minor)) == [Key(-2, "minor")]


def test_a_far_signature_is_believed():
    assert abs(heard(tune(scale(Key(0)), Key(5)))[0].fifths - 5) <= 1


def test_a_spelling_is_kept():
    assert heard(tune(scale(Key(6)), Key(-6))) == [Key(-6)]


def test_each_written_change_has_its_key():
    notes = tune(scale(Key(0)) + scale(Key(3))).parts[0].notes
    changes = tuple(KeyChange(Q(onset), Key(fifths)) for onset, fifths in ((0, 0), (8, 0), (16, 3)))
    found = keys_of(Score((Part.of("both", notes),), Timeline(keys=changes)))
    assert [(change.onset, change.key) for change in found] == [(0, Key(0)), (16, Key(3))]


def test_music_without_pitch_has_no_key_but_the_written_one():
    drums = Part.of("drums", [Note(Q(0), 36, Q(1))], is_drums=True)
    written = Timeline(keys=(KeyChange(Q(0), Key(2)),))
    assert keys_of(Score((drums,))) == keys_of(Score(())) == ()
    assert written_or_estimated_key(Score((drums,), written)) == Key(2)
    assert written_or_estimated_key(Score(())) == Key(0)


def test_notes_that_fit_all_keys_alike_leave_the_written_one():
    chromatic = tune(range(60, 72), Key(-3))
    assert heard(chromatic) == [Key(-3)]
    assert estimate_key(chromatic).confidence == 0.0
