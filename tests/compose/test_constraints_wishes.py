"""Constraints as people type them: what is read, what is refused, and that JSON keeps it."""

import json

import pytest

from credo.compose.constraints.symbols import parse_chords
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.scales import parse_scale

FULL = {
    "scale": "D dorian",
    "ranges": (("soprano", 60, 79), ("bass", 40, 60)),
    "chords": "C | G7 | Am F | %",
    "rhythm": (("bass", "x-x-"),),
    "density": (("all", 2.0),),
    "polyphony": 3,
    "parallels": False,
    "repeats": ((5, 4, 1),),
    "cadence": True,
}


def test_constraints_survive_json():
    wish = Request(**FULL)
    assert Request.from_dict(json.loads(json.dumps(wish.to_dict()))) == wish


def test_records_of_before_there_were_constraints_still_load():
    record = Request(seed=3).to_dict()
    old = {name: value for name, value in record.items() if name not in FULL}
    assert Request.from_dict(old) == Request(seed=3)


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"scale": "H major"}, "scale: expected key, or a tonic and one of"),
        ({"scale": "C"}, "scale: expected"),
        ({"scale": "D durian"}, "got 'D durian'"),
        ({"ranges": (("soprano", 70, 60),)}, "ranges: expected 0 <= lowest <= highest <= 127 for soprano, got 70..60"),
        ({"ranges": (("soprano", 0, 200),)}, "got 0..200"),
        ({"chords": ""}, "chords: expected chord symbols over bars"),
        ({"chords": "% | C"}, "chords: expected a chord before the first %"),
        ({"chords": "C | H7"}, "got 'H7'"),
        ({"chords": "C | Gmagic"}, "got 'Gmagic'"),
        ({"rhythm": (("bass", "x-o-"),)}, "rhythm: expected x"),
        ({"rhythm": (("bass", ""),)}, "rhythm: expected x"),
        ({"rhythm": (("bass", "----"),)}, "rhythm: expected x"),
        ({"rhythm": (("bass", "x.-."),)}, "- follows x or -"),
        ({"rhythm": (("bass", "-x.."),)}, "- follows x or -"),
        ({"rhythm": (("bass", "x"), ("bass", "xx"))}, "rhythm: expected each voice once, got bass, bass"),
        ({"density": (("all", 0),)}, "density: expected more than 0 and at most 16 notes a quarter for all, got 0"),
        ({"density": (("all", float("nan")),)}, "got nan"),
        ({"polyphony": 0}, "polyphony: expected at least 1 note at once, got 0"),
        ({"repeats": ((1, 1, 1),)}, "repeats: expected bars of 1 to 16 as copies of earlier ones"),
        ({"repeats": ((9, 9, 1),)}, "got 9 bars from 9 as copies of those from 1"),
        ({"repeats": ((2, 0, 1),)}, "repeats: expected"),
    ],
)
def test_what_cannot_be_is_refused(wish, told):
    with pytest.raises(UsageError) as caught:
        Request(**wish)
    assert told in str(caught.value)


@pytest.mark.parametrize(
    ("text", "notes"),
    [
        ("D dorian", {0, 2, 4, 5, 7, 9, 11}),
        ("d Dorian", {0, 2, 4, 5, 7, 9, 11}),
        ("A minor pentatonic", {9, 0, 2, 4, 7}),
        ("C blues", {0, 3, 5, 6, 7, 10}),
        ("blues C", {0, 3, 5, 6, 7, 10}),
        ("whole tone C", {0, 2, 4, 6, 8, 10}),
        ("whole-tone on Db", {1, 3, 5, 7, 9, 11}),
        ("B flat major", {10, 0, 2, 3, 5, 7, 9}),
        ("F# harmonic minor", {6, 8, 9, 11, 1, 2, 5}),
        ("half-whole octatonic C", {0, 1, 3, 4, 6, 7, 9, 10}),
        ("E phrygian", {4, 5, 7, 9, 11, 0, 2}),
    ],
)
def test_scales_are_read(text, notes):
    assert parse_scale(text) == notes


def test_the_scale_of_the_key_depends_on_the_piece():
    assert parse_scale(" Key ") is None


@pytest.mark.parametrize(
    ("symbol", "tones", "bass"),
    [
        ("C", (0, 4, 7), 0),
        ("Ebm", (3, 6, 10), 3),
        ("F#m7b5", (6, 9, 0, 4), 6),
        ("Bø7", (11, 2, 5, 9), 11),
        ("Cmaj7", (0, 4, 7, 11), 0),
        ("CM7", (0, 4, 7, 11), 0),
        ("CΔ", (0, 4, 7, 11), 0),
        ("C-7", (0, 3, 7, 10), 0),
        ("Cmin7", (0, 3, 7, 10), 0),
        ("G7sus4", (7, 0, 2, 5), 7),
        ("B°7", (11, 2, 5, 8), 11),
        ("Caug", (0, 4, 8), 0),
        ("C6", (0, 4, 7, 9), 0),
        ("Am/G", (9, 0, 4), 7),
        ("C7(b9)", (0, 4, 7, 10, 1), 0),
    ],
)
def test_chord_symbols_are_read(symbol, tones, bass):
    ((chord,),) = parse_chords(symbol)
    assert (chord.root, chord.tones, chord.bass, chord.symbol) == (tones[0], tones, bass, symbol)


def test_plans_are_read():
    plan = parse_chords("| C | G7 % Am | % || F |")
    assert [[chord.symbol for chord in bar] for bar in plan] == [["C"], ["G7", "G7", "Am"], ["G7", "G7", "Am"], ["F"]]


def test_plans_may_leave_bars_and_places_to_the_model():
    plan = parse_chords("C * | * | % | %  F")
    assert [[chord and chord.symbol for chord in bar] for bar in plan] == [["C", None], [None], [None], [None, "F"]]


@pytest.mark.parametrize("text", ["C | | G", "C |  | G |"])
def test_an_empty_bar_is_not_left_out(text):
    with pytest.raises(UsageError, match="empty one"):
        parse_chords(text)
