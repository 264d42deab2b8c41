from fractions import Fraction as Q

import pytest
from hypothesis import given, settings

from credo.music.keys import estimate_key, estimate_metre, written_or_estimated_key
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
