"""What people type, as fields of a request."""

import pytest

from credo.compose import typed
from credo.errors import UsageError
from credo.music.general_midi import INSTRUMENTS, program_named
from credo.music.texture import SATB


@pytest.mark.parametrize(("text", "bars"), [("5-8", (5, 8)), ("5", (5, 5)), (" 5 – 8 ", (5, 8))])
def test_bars(text, bars):
    assert typed.parse_bars(text) == bars


@pytest.mark.parametrize(
    ("text", "pitch"), [("C4", 60), ("c4", 60), ("F#3", 54), ("Bb2", 46), ("60", 60), ("C-1", 0), ("B#3", 60)]
)
def test_pitches(text, pitch):
    assert typed.parse_pitch(text) == pitch


def test_wishes_of_voices():
    assert typed.parse_ranges(["soprano:C4-A5", "violin 1: 55 - 100"]) == (("soprano", 60, 81), ("violin 1", 55, 100))
    assert typed.parse_ranges(["bass:C-1-C2"]) == (("bass", 0, 36),)
    assert typed.parse_rhythm(["bass:x-x-"]) == (("bass", "x-x-"),)
    assert typed.parse_density(["2", "bass:0.5"]) == (("all", 2.0), ("bass", 0.5))
    assert typed.parse_repeats(["9-16=1", "20=3"]) == ((9, 8, 1), (20, 1, 3))


@pytest.mark.parametrize(
    ("parse", "text"),
    [
        (typed.parse_ranges, "soprano"),
        (typed.parse_ranges, "soprano:C4"),
        (typed.parse_ranges, "soprano:H4-C5"),
        (typed.parse_rhythm, "x-x-"),
        (typed.parse_density, "bass:many"),
        (typed.parse_density, ""),
        (typed.parse_repeats, "9-16"),
        (typed.parse_repeats, "x=1"),
    ],
)
def test_what_makes_no_sense(parse, text):
    with pytest.raises(UsageError, match=r"expected .* such as .*, got"):
        parse([text])


def test_one_length():
    assert typed.parse_length(None, 1.5, None) == 90
    assert typed.parse_length(8, None, None) is None
    with pytest.raises(UsageError, match="length: expected one of --bars, --minutes and --seconds"):
        typed.parse_length(8, None, 30)


def test_instruments_of_voices():
    row = "oboe,clarinet,french horn,bassoon"
    assert list(typed.parse_instruments((), row, SATB)) == ["soprano", "alto", "tenor", "bass"]
    assert typed.parse_instruments(["bass:tuba"], row, SATB)["bass"] == "tuba"
    with pytest.raises(UsageError, match="instruments: expected one for each of 4 voices"):
        typed.parse_instruments((), "oboe", SATB)


def test_instruments_have_the_numbers_of_general_midi():
    assert len(set(INSTRUMENTS)) == 128
    known = {0: "acoustic grand piano", 19: "church organ", 40: "violin", 48: "string ensemble 1", 56: "trumpet",
             68: "oboe", 73: "flute", 80: "lead 1 (square)", 104: "sitar", 127: "gunshot"}  # fmt: skip
    assert {number: INSTRUMENTS[number] for number in known} == known
    assert [program_named(name) for name in INSTRUMENTS] == list(range(128))


def test_instruments_by_a_part_of_their_names():
    assert program_named("Church Organ") == 19
    assert program_named("harpsi") == 6
    assert program_named("70") == 70
    with pytest.raises(UsageError, match="expected one name, got 'piano' for 6: acoustic grand piano, bright"):
        program_named("piano")
    with pytest.raises(UsageError, match="did you mean clarinet"):
        program_named("clarinette")
    with pytest.raises(UsageError, match="credo info instruments lists all 128"):
        program_named("")
