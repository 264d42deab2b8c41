"""The core of a cue: how its layout is laid out, that versions are read off it, and that its joints were sampled."""

from dataclasses import replace
from fractions import Fraction

import pytest

import tiny
from credo.compose.cue.core import Layout, exit_of, read, sample, steady
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.passage import slice_score
from credo.music.pitch import Key
from credo.music.score import Metre, Note, Part, Score, Tempo, Timeline


def numbered(bars: int, *, last: Fraction = Fraction(4)) -> Score:
    """A score of one part, whose bar n has the pitch n, and a note on each quarter."""
    length = (bars - 1) * 4 + last
    notes = [Note(Fraction(beat), beat // 4 + 1, Fraction(1)) for beat in range(int(length))]
    metres = (Metre(Fraction(0), 4, 4), Metre(length - last, int(last), 4))
    return Score((Part.of("voice", notes),), Timeline(length, (Tempo(Fraction(0), 120.0),), metres))


def heard(score: Score) -> list[tuple[Fraction, int, Fraction]]:
    return [(note.onset, note.pitch, note.duration) for note in score.parts[0].notes]


def bars_heard(score: Score) -> list[int]:
    """The pitch with which each bar begins."""
    onsets = {note.onset: note.pitch for note in score.parts[0].notes}
    return [onsets[start] for start, _, _ in score.timeline.bars()]


def test_a_piece_that_only_ends_needs_no_copies():
    layout = Layout.of(7, exits=[7])
    assert layout == Layout(body=7, copies=(), closing=8, bars=8)
    assert layout.order(8, ends=True) == [1, 2, 3, 4, 5, 6, 7, 8]


def test_a_loop_has_its_first_bar_behind_its_last():
    layout = Layout.of(4, wraps=True)
    assert layout == Layout(body=4, copies=((5, 1),), closing=0, bars=5)
    assert layout.order(6, ends=False) == [1, 2, 3, 4, 1, 2]


def test_every_exit_has_its_own_context_and_all_have_one_closing_bar():
    layout = Layout.of(8, wraps=True, exits=[exit_of(8, 8), exit_of(8, 4), exit_of(8, 1)])
    # the wrap; bar 7 and the closing bar; bar 3 and the closing bar again; each parted by a bar of no version
    assert layout == Layout(body=8, copies=((9, 1), (11, 7), (14, 3), (15, 12)), closing=12, bars=15)
    assert layout.order(1, ends=True) == [12]
    assert layout.order(4, ends=True) == [1, 2, 3, 12]


def test_a_long_version_goes_through_the_loop_again():
    assert Layout.of(4, wraps=True, exits=[exit_of(4, 11)]).order(11, ends=True)[:-1] == [1, 2, 3, 4, 1, 2, 3, 4, 1, 2]
    assert exit_of(4, 11) == 2
    assert exit_of(4, 5) == 4
    assert exit_of(4, 1) == 0


def test_there_is_no_exit_from_a_bar_that_is_not_there():
    with pytest.raises(UsageError, match="exits from bars 0 to 4"):
        Layout.of(4, exits=[5])
    with pytest.raises(UsageError, match="exits"):
        Layout.of(0)


def test_versions_are_read_bar_by_bar():
    layout = Layout.of(3, wraps=True, exits=[3])  # 1 2 3, 1 again, a bar of none, 3 again, closing 7, chord 8
    assert layout == Layout(body=3, copies=((4, 1), (6, 3)), closing=7, bars=7)
    score = numbered(8, last=Fraction(2))
    loop = read(score, layout, layout.order(3, ends=False), steady(3, (4, 4), 120), None)
    assert bars_heard(loop) == [1, 2, 3]
    whole = replace(steady(5, (4, 4), 120), length=Fraction(17))
    ended = read(score, layout, layout.order(4, ends=True), whole, Fraction(16))
    assert bars_heard(ended) == [1, 2, 3, 7, 8]
    assert heard(ended)[-1] == (16, 8, 1)


def test_a_final_chord_is_held_to_the_end():
    layout = Layout.of(1, exits=[1])
    score = numbered(3, last=Fraction(2))
    ended = read(
        score, layout, layout.order(2, ends=True), replace(steady(3, (4, 4), 120), length=Fraction(12)), Fraction(8)
    )
    assert heard(ended)[-2:] == [(8, 3, 1), (9, 3, 3)]


def test_short_bars_have_the_beginning_of_a_bar_and_the_end_of_the_closing_one():
    layout = Layout.of(2, exits=[2])
    score = numbered(4)
    score = replace(score, parts=(replace(score.parts[0], notes=tuple(
        replace(note, pitch=10 * note.pitch + int(note.onset % 4)) for note in score.parts[0].notes
    )),))  # fmt: skip
    metres = (Metre(Fraction(0), 3, 4), Metre(Fraction(3), 4, 4), Metre(Fraction(7), 2, 4), Metre(Fraction(9), 4, 4))
    timeline = Timeline(Fraction(11), (Tempo(Fraction(0), 100.0),), metres)
    found = read(score, layout, layout.order(3, ends=True), timeline, Fraction(9))
    assert [pitch for _, pitch, _ in heard(found)] == [10, 11, 12, 20, 21, 22, 23, 32, 33, 40, 41]


def test_a_final_chord_inside_a_bar_follows_the_end_of_the_closing_bar():
    layout = Layout.of(2, exits=[2])
    score = numbered(4, last=Fraction(2))
    notes = tuple(replace(note, pitch=10 * note.pitch + int(note.onset % 4)) for note in score.parts[0].notes)
    score = replace(score, parts=(replace(score.parts[0], notes=notes),))
    whole = replace(steady(4, (4, 4), 120), length=Fraction(13))
    found = read(score, layout, layout.order(3, ends=True), whole, Fraction(10))
    assert [pitch for _, pitch, _ in heard(found)][-4:] == [32, 33, 40, 41]
    assert [onset for onset, _, _ in heard(found)][-4:] == [8, 9, 10, 11]


def test_a_long_bar_holds_its_last_notes():
    layout = Layout.of(2)
    timeline = Timeline(Fraction(9), (), (Metre(Fraction(0), 5, 4), Metre(Fraction(5), 4, 4)))
    found = read(numbered(2), layout, [1, 2], timeline, None)
    assert heard(found)[3:5] == [(3, 1, 2), (5, 2, 1)]


def test_the_bars_must_be_as_many():
    with pytest.raises(UsageError, match="expected 3 bars, got 2"):
        read(numbered(3), Layout.of(3), [1, 2, 3], steady(2, (4, 4), 90), None)


@pytest.mark.machine
@pytest.mark.once
@pytest.mark.parametrize("metre", [(4, 4), (3, 4), (7, 8)])
def test_copies_are_sampled_as_one_with_their_originals(tiny_composer, metre):
    layout = Layout.of(3, wraps=True, exits=[3, 1])
    request = Request(bars=1, key=Key.parse("G minor"), metre=metre, seed=5, iterations=8)
    score = sample(tiny_composer, layout, request)
    places = [(start, end) for start, end, _ in score.timeline.bars()]
    assert len(places) == layout.bars + 1
    for copy, original in layout.copies:
        one, other = (slice_score(score, *places[number - 1]) for number in (copy, original))
        assert [part.notes for part in one.parts] == [part.notes for part in other.parts]
    bass = score.parts[-1].notes[-1]
    assert (bass.pitch % 12, bass.onset, bass.end) == (7, places[-1][0], score.timeline.length)


@pytest.mark.machine
@pytest.mark.once
def test_the_same_seed_gives_the_same_sheet(tiny_composer):
    request = Request(bars=1, key=tiny.C_MAJOR, seed=5, iterations=8)
    first, second = (sample(tiny_composer, Layout.of(2, wraps=True), request) for _ in range(2))
    assert first == second


@pytest.mark.machine
@pytest.mark.once
def test_bars_have_their_keys_and_copies_those_of_their_originals(tiny_composer):
    layout = Layout.of(4, wraps=True, exits=[2], returns=[(4, 1)])
    keys = [Key.parse(name) for name in ("C major", "C major", "G major", "C major")]
    request = Request(bars=1, key=keys[0], seed=5, iterations=8, scale="key")
    score = sample(tiny_composer, layout, request, keys=keys)
    changes = [(change.onset, change.key.name) for change in score.timeline.keys]
    assert changes == [(0, "C major"), (8, "G major"), (12, "C major")]
    third = slice_score(score, Fraction(8), Fraction(12))
    assert {note.pitch % 12 for note in third.notes} <= set(keys[2].scale)
    assert 6 not in {note.pitch % 12 for note in score.notes if not 8 <= note.onset < 12}
