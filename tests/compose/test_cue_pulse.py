"""Music on equal beats, laid on the beats of any metre."""

from fractions import Fraction
from itertools import pairwise

import pytest

from credo.compose.cue.pulse import lay_on, pulses_of, sampled_metre
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Timeline


@pytest.mark.parametrize(
    ("metre", "quarters"), [((4, 4), 4), ((3, 4), 3), ((6, 8), 2), ((12, 8), 4), ((7, 8), 3), ((5, 8), 2), ((3, 2), 6),
                            ((3, 8), 1), ((2, 2), 4), ((11, 8), 5), ((9, 16), 3), ((1, 4), 1)],
)  # fmt: skip
def test_a_bar_has_as_many_quarters_as_beats(metre, quarters):
    assert sampled_metre(metre) == (quarters, 4)
    assert sum(pulses_of(metre)) == Fraction(4 * metre[0], metre[1])


def sixteenths(bars: int, quarters: int) -> Score:
    notes = [Note(Fraction(step, 4), 60, Fraction(1, 4)) for step in range(bars * quarters * 4)]
    return Score(
        (Part.of("voice", notes),), Timeline(Fraction(bars * quarters), (), (Metre(Fraction(0), quarters, 4),))
    )


def test_quarters_stay_as_they_are():
    score = sixteenths(2, 3)
    assert lay_on(score, (3, 4)) is score


def test_the_last_beat_of_seven_eighths_is_longer():
    found = lay_on(sixteenths(2, 3), (7, 8))
    onsets = [note.onset for note in found.parts[0].notes]
    assert onsets[:12:4] == [0, 1, 2]
    assert onsets[8:12] == [2, Fraction(5, 2), 3, Fraction(13, 4)]  # long, long, short, short
    assert onsets[12] == Fraction(7, 2)
    assert found.timeline.length == 7
    assert found.timeline.metres == (Metre(Fraction(0), 7, 8),)


def test_notes_follow_one_another_without_gaps():
    notes = lay_on(sixteenths(3, 2), (6, 8)).parts[0].notes
    assert all(one.end == other.onset for one, other in pairwise(notes))
    assert notes[-1].end == 9


def test_a_short_last_bar_has_a_metre_of_its_own_and_keys_move_along():
    timeline = Timeline(
        Fraction(6),
        (),
        (Metre(Fraction(0), 4, 4), Metre(Fraction(4), 2, 4)),
        (KeyChange(Fraction(0), Key(0)), KeyChange(Fraction(4), Key(1))),
    )
    found = lay_on(Score((Part.of("voice", [Note(Fraction(4), 60, Fraction(2))]),), timeline), (12, 8))
    assert found.timeline.metres == (Metre(Fraction(0), 12, 8), Metre(Fraction(6), 6, 8))
    assert [change.onset for change in found.timeline.keys] == [0, 6]
    assert (found.parts[0].notes[0].onset, found.timeline.length) == (6, 9)
