"""Notes are cut, tied, spelled and beamed as an engraver would."""

import re
from fractions import Fraction
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credo.io.musicxml import to_musicxml
from credo.io.musicxml.rhythm import Ruler, beams
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Timeline

F = Fraction


def ruler(numerator: int, denominator: int) -> Ruler:
    return Ruler(48, 4 * 48 * numerator // denominator, numerator, denominator)


def cut(metre: tuple[int, int], start, end, **kind) -> list[str]:
    """The pieces of a stretch in quarters, each as its type, dots and a 3 for triplets."""
    pieces = ruler(*metre).cut(int(F(start) * 48), int(F(end) * 48), **kind)
    return [piece.type + "." * piece.dots + "3" * piece.is_triplet for piece in pieces]


@pytest.mark.parametrize(
    ("metre", "start", "end", "pieces"),
    [
        ((4, 4), 0, 4, ["whole"]),
        ((4, 4), 0, 3, ["half."]),
        ((4, 4), 1, 3, ["half"]),  # across the middle, but plain
        ((4, 4), "1/2", "3/2", ["quarter"]),  # a syncopation inside half a bar
        ((4, 4), "3/2", "5/2", ["eighth", "eighth"]),  # hides the middle of the bar
        ((4, 4), "1/2", 4, ["quarter.", "half"]),
        ((4, 4), 0, "3/2", ["quarter."]),
        ((4, 4), "1/4", "3/4", ["eighth"]),
        ((4, 4), 0, "5/4", ["quarter", "16th"]),
        ((4, 4), "15/16", 1, ["64th"]),
        ((3, 4), 0, 3, ["half."]),
        ((3, 4), "1/2", 3, ["quarter.", "quarter"]),
        ((3, 8), 0, "3/2", ["quarter."]),
        ((5, 4), 0, 5, ["whole", "quarter"]),
        ((2, 2), 0, 4, ["whole"]),
        ((6, 8), 0, 3, ["half."]),
        ((6, 8), 0, 2, ["quarter.", "eighth"]),
        ((6, 8), "1/2", "3/2", ["quarter"]),
        ((6, 8), 1, 2, ["eighth", "eighth"]),
        ((6, 8), 0, "3/4", ["eighth."]),
        ((9, 8), 0, "9/2", ["half.", "quarter."]),
        ((12, 8), 0, 6, ["whole."]),
        ((6, 4), 0, 3, ["half."]),
        ((4, 4), 0, "1/3", ["eighth3"]),
        ((4, 4), "1/3", 1, ["quarter3"]),
        ((4, 4), "2/3", "4/3", ["quarter3"]),  # a triplet of quarters over two beats
        ((4, 4), "1/3", 2, ["quarter3", "quarter"]),
        ((4, 4), "4/3", "8/3", ["half3"]),
        ((4, 4), "1/12", "1/6", ["32nd3"]),
    ],
)
def test_notes_are_cut_at_the_beats_that_a_reader_must_see(metre, start, end, pieces):
    assert cut(metre, start, end) == pieces


def test_rests_hide_no_beat():
    assert cut((4, 4), 1, 3, is_rest=True) == ["quarter", "quarter"]
    assert cut((4, 4), "1/2", "3/2", is_rest=True) == ["eighth", "eighth"]
    assert cut((6, 8), "3/2", 3, is_rest=True) == ["quarter."]


def test_times_off_every_grid_are_one_piece_between_beats():
    assert [piece.end for piece in ruler(4, 4).cut(1, 48 + 7)] == [48, 55]


@given(
    st.sampled_from([(4, 4), (3, 4), (6, 8), (5, 8), (2, 2), (7, 16), (9, 8), (1, 1)]),
    st.integers(0, 400),
    st.integers(1, 400),
)
def test_pieces_cover_their_stretch_without_gaps_and_types_tell_their_length(metre, start, length):
    pieces = ruler(*metre).cut(start, start + length)
    assert [piece.start for piece in pieces] == [start, *(piece.end for piece in pieces[:-1])]
    assert pieces[-1].end == start + length
    names = {"breve": 8, "whole": 4, "half": 2, "quarter": 1, "eighth": F(1, 2), "16th": F(1, 4), "32nd": F(1, 8)}
    for piece in pieces:
        told = 48 * names.get(piece.type, F(1, 16)) * (F(3, 2) if piece.dots else 1)
        told *= F(2, 3) if piece.is_triplet else 1
        on_grid = any(start % step == 0 and (start + length) % step == 0 for step in (2, 3))
        assert told == piece.end - piece.start or not on_grid


def test_beams_and_their_hooks():
    assert beams(["eighth"]) == [[]]
    assert beams(["eighth", "16th", "16th"]) == [["begin"], ["continue", "begin"], ["end", "end"]]
    assert beams(["16th", "eighth", "16th"]) == [["begin", "forward hook"], ["continue"], ["end", "backward hook"]]


def drawn(notes, key: Key | None = None, metre=(4, 4), pickup=0, name="part", **part) -> ElementTree.Element:
    """The document of one part of (onset, pitch, duration)."""
    played = [Note(F(onset), pitch, F(duration)) for onset, pitch, duration in notes]
    keys = (KeyChange(F(0), key),) if key else ()
    timeline = Timeline(metres=(Metre(F(0), *metre),), keys=keys, pickup=F(pickup))
    text = to_musicxml(Score((Part.of(name, played, **part),), timeline))
    return ElementTree.fromstring(re.sub("<!DOCTYPE[^>]*>", "", text))


def accidentals(root) -> list[tuple[str, str | None]]:
    return [
        (n.findtext("pitch/step"), n.findtext("accidental")) for n in root.iter("note") if n.find("pitch") is not None
    ]


def test_accidentals_are_shown_where_signature_and_bar_do_not_say_so():
    line = [(n, pitch, 1) for n, pitch in enumerate([66, 65, 65, 66, 66, 78, 61, 61])]
    assert accidentals(drawn(line, Key(1))) == [
        ("F", None), ("F", "natural"), ("F", None), ("F", "sharp"),
        ("F", None), ("F", None), ("C", "sharp"), ("C", None),
    ]  # fmt: skip


def test_a_tied_note_needs_no_accidental_but_the_next_one_does():
    root = drawn([(3, 61, 2), (5, 61, 1), (6, 63, 1)], Key(-1))
    assert accidentals(root) == [("C", "sharp"), ("C", None), ("C", "sharp"), ("E", "flat")]


def test_flats_in_flat_keys_and_sharps_in_sharp_keys():
    steps = {fifths: accidentals(drawn([(0, 70, 1)], Key(fifths)))[0][0] for fifths in (-3, 3)}
    assert steps == {-3: "B", 3: "A"}


def test_clefs_suit_the_range():
    def clef(pitch: int, **part) -> tuple:
        sign = drawn([(0, pitch, 1)], **part).find(".//clef")
        return tuple(child.text for child in sign)

    assert clef(72) == ("G", "2")
    assert clef(57, program=52) == ("G", "2", "-1")
    assert clef(45) == ("F", "4")
    assert clef(57, program=42) == ("F", "4")  # a cello
    assert clef(57, name="Bass", program=52) == ("F", "4")  # one who sings high
    assert clef(60, program=41) == ("C", "3")  # a viola
    assert clef(38, is_drums=True)[0] == "percussion"


def test_a_keyboard_gets_two_staves_and_overlaps_get_voices():
    root = drawn([(0, 72, 4), (0, 64, 2), (2, 65, 2), (0, 40, 4), (0, 52, 4)])
    assert root.findtext(".//staves") == "2"
    where = {
        (n.findtext("staff"), n.findtext("voice"), n.findtext("pitch/step"))
        for n in root.iter("note")
        if n.find("pitch")
    }
    assert where == {("1", "1", "C"), ("1", "2", "E"), ("1", "2", "F"), ("2", "5", "E")}


def test_a_monophonic_part_keeps_one_staff():
    assert drawn([(0, 76, 1), (1, 40, 1)]).find(".//staves") is None


def test_an_upbeat_is_measure_0_and_counts_from_the_end_of_its_bar():
    root = drawn([(0, 60, "1/2"), ("1/2", 62, 1), ("3/2", 64, 2)], metre=(3, 4), pickup="3/2")
    first, second = root.findall(".//measure")
    assert (first.get("number"), first.get("implicit"), second.get("number")) == ("0", "yes", "1")
    assert [n.findtext("type") for n in first.iter("note")] == ["eighth", "quarter"]


def test_triplets_are_bracketed_and_beamed():
    root = drawn([(F(n, 3), 60 + n, F(1, 3)) for n in range(3)] + [(1, 60, 3)])
    notes = list(root.iter("note"))
    assert [n.findtext("time-modification/actual-notes") for n in notes] == ["3", "3", "3", None]
    assert [[t.get("type") for t in n.iter("tuplet")] for n in notes] == [["start"], [], ["stop"], []]
    assert [n.findtext("beam") for n in notes] == ["begin", "continue", "end", None]


def test_drums_name_their_instruments():
    root = drawn([(0, 36, 1), (0, 42, 1)], is_drums=True)
    assert [n.find("instrument").get("id") for n in root.iter("note") if n.find("unpitched") is not None] == [
        "P1-I37",
        "P1-I43",
    ]
    assert [n.findtext("notehead") for n in root.iter("note") if n.find("unpitched") is not None] == [None, "x"]
    assert root.findtext(".//midi-instrument/midi-channel") == "10"


def test_verovio_draws_it():
    verovio = pytest.importorskip("verovio")
    verovio.enableLog(verovio.LOG_OFF)
    toolkit = verovio.toolkit()
    line = [(F(n, 3), 60 + n, F(1, 3)) for n in range(6)] + [(2, 61, 4), (6, 40, 1), (6, 84, 2)]
    played = [Note(F(onset), pitch, F(duration)) for onset, pitch, duration in line]
    assert toolkit.loadData(to_musicxml(Score((Part.of("Piano", played),))))
    picture = toolkit.renderToSVG(1)
    assert picture.count('class="note"') == 10  # nine notes, one of them tied over a barline
    assert picture.count('class="accid"') >= 2
    assert picture.count('class="tuplet"') == 2
