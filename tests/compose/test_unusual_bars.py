"""Upbeats, last bars that are cut, changes of metre, held notes that break wishes: what is wished for still holds."""

from __future__ import annotations

from fractions import Fraction
from functools import partial

import numpy as np
import pytest
from test_constraints import draw_at_random

import checker
from credo.compose import masks
from credo.compose.constraints.frame import Frame
from credo.compose.constraints.obey import obey
from credo.compose.constraints.settle import Laws, Search
from credo.compose.form import Form
from credo.compose.tasks import blend, count_bars, infill
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Timeline
from credo.music.texture import MELODY, SATB, Texture, Voice
from credo.music.window import Window
from credo.sampling.anneal import FREE
from tiny import random_grid

pytestmark = [pytest.mark.machine, pytest.mark.once]
KEYS = Texture("keys", (Voice("keys", "poly", 48, 67),))
FOUR, THREE = (0, (4, 4)), (0, (3, 4))


@pytest.fixture
def composer(tiny_composer, monkeypatch):
    """Draws obey masks and ties alone, so that nothing has to be compiled."""
    monkeypatch.setattr(tiny_composer.rewriter, "rewrite", partial(draw_at_random, tiny_composer.window))
    return tiny_composer


def piece(length, *metres, pickup=0, texture=SATB, seed=None) -> Grid:
    """Silence in C major, or random notes; length, onsets of metres and upbeat in quarters."""
    timeline = Timeline(
        Fraction(length),
        (),
        tuple(Metre(Fraction(onset), *metre) for onset, metre in metres),
        (KeyChange(Fraction(0), Key(0)),),
        Fraction(pickup),
    )
    steps = int(timeline.length * texture.steps_per_quarter)
    cells = tuple(Cells.silent(voice, steps) for voice in texture.voices)
    if seed is not None:
        cells = random_grid(texture, steps, np.random.default_rng(seed)).voices
    return Grid(texture, cells, timeline)


def completed(composer, grid, **wish) -> np.ndarray:
    """Pitches of a piece of which nothing is held, (T, V); no remark is made."""
    remarks: list[str] = []
    request = Request(bars=count_bars(grid), **wish)
    result = composer.complete(grid, masks.nothing(grid), request, remarks=remarks)
    assert remarks == []
    return checker.pitches(result)


@pytest.mark.parametrize(
    ("length", "metres", "pickup", "final"),
    [
        ("12", [FOUR], 1, 4),  # three beats are left of the last bar, and a half of it is one
        ("11", [FOUR], 1, 8),  # no second half is left
        ("10", [FOUR], 1, 4),
        ("17/2", [FOUR], "1/2", 8),
        ("8", [THREE], 1, 4),
        ("10", [FOUR, (4, (3, 4))], 0, 12),
        ("19/2", [(0, (6, 8))], "1/2", 12),
        ("23/2", [(0, (7, 8))], 1, 14),
    ],
)
def test_a_cadence_ends_pieces_whose_last_bar_is_cut(composer, length, metres, pickup, final):
    x = completed(composer, piece(length, *metres, pickup=pickup), cadence=True)
    assert (x[-final:] == x[-1]).all()
    assert {int(pitch) % 12 for pitch in x[-1]} in ({0, 4}, {0, 4, 7})
    assert x[-1, 3] % 12 == 0
    assert 11 in x[-final - (6 if metres[0][1] == (6, 8) else 2 if metres[0][1] == (7, 8) else 4)] % 12


def test_chords_begin_after_the_upbeat_and_follow_changes_of_metre(composer):
    x = completed(composer, piece("11", FOUR, (5, (3, 4)), pickup=1), chords="C | G | Am F")
    for start, root in ((4, 0), (20, 7), (32, 9), (40, 5)):  # two beats for the first chord of a bar of three
        assert x[start, 3] % 12 == root
    on_beats = [set((x[step][x[step] != REST] % 12).tolist()) for step in range(20, 32, 4)]
    assert all(classes <= {7, 11, 2} for classes in on_beats)


@pytest.mark.parametrize("wish", [{"rhythm": (("soprano", "xxxxxxxx"),)}, {"chords": "C G C G F G C G"}])
def test_what_does_not_fit_a_bar_counts_where_notes_are_written(composer, wish):
    grid = piece("10", THREE, (6, (4, 4)))
    done = composer.perform(infill(grid, bars=(3, 3)), Request(**wish))
    assert count_bars(done.grid) == 3
    with pytest.raises(UsageError, match="12 steps"):
        composer.perform(infill(grid, bars=(2, 3)), Request(**wish))


@pytest.mark.parametrize(("metre", "steps"), [((5, 32), "5/2"), ((1, 32), "1/2"), ((3, 16), "3")])
def test_bars_that_no_pattern_divides_are_told(composer, metre, steps):
    grid = piece("3", (0, metre))
    with pytest.raises(UsageError, match=f"divides the {steps} steps of a bar of {metre[0]}/{metre[1]}, got 4 signs"):
        composer.complete(grid, masks.nothing(grid), Request(rhythm=(("bass", "x-x-"),)))


def test_a_pattern_counts_back_through_an_upbeat_of_more_than_a_bar(composer):
    grid = piece("4", (0, (2, 8)), pickup="3/2")
    request = Request(bars=count_bars(grid), rhythm=(("bass", "x-x."),))
    bass = composer.complete(grid, masks.nothing(grid), request).voices[3]
    np.testing.assert_array_equal(np.flatnonzero(bass.attack), [0, 2, 4, 6, 8, 10, 12, 14])
    np.testing.assert_array_equal(np.flatnonzero(bass.sounding == REST), [1, 5, 9, 13])


def test_repeats_of_bars_that_are_not_there_are_refused(composer):
    grid = piece("8", FOUR)
    with pytest.raises(UsageError, match="repeats: expected bars of 1 to 2, got 1 bars from 5"):
        composer.complete(grid, masks.nothing(grid), Request(repeats=((5, 1, 1),)))


def test_held_chords_with_too_many_keys_stay_and_are_told():
    grid = piece("4", FOUR, texture=KEYS, seed=2)
    frame = Frame(Window(KEYS, 16), grid, masks.steps(grid, 0, 8))
    orders = obey(frame, Request(bars=1, polyphony=2), FREE)
    assert orders.remarks == ["polyphony: held notes of keys stay as they are in bar 1"]


def test_what_rests_in_a_first_draw_may_rest_in_a_variation_of_it(composer):
    done = Form.parse("A A'", section_bars=2).write(composer, Request(key=Key(0), polyphony=2, cadence=True))
    assert done.settings["remarks"] == []
    assert not checker.too_many(done.grid, 2)


def test_the_last_word_does_not_linger_on_held_notes(monkeypatch):
    """A held melody may have notes foreign to its chords everywhere; they are no reason to try other notes."""
    x = np.tile([[66, 60]], (64, 1)) + np.arange(64)[:, None] % 2 * 7
    group = np.arange(128).reshape(64, 2)
    group[:, 0] = -1
    laws = Laws(False, np.full(64, 1 << 0 | 1 << 7), np.zeros(64, int))
    search = Search(x, np.ones((64, 2), bool), group, lambda step, voice: frozenset(range(55, 70)), laws)
    monkeypatch.setattr(search, "_mend", lambda step, effort: pytest.fail(f"tried to mend step {step}"))
    assert search.run() == list(range(-1, 64))


@pytest.mark.parametrize(
    ("other", "told"),
    [
        (piece("7", FOUR, (4, (3, 4))), "blend: expected two pieces of one metre, got 4/4 and 3/4 in bar 2"),
        (piece("3", FOUR, pickup=3), "blend: expected two pieces of some length after their upbeats"),
        (piece("8", FOUR, texture=MELODY), "blend: expected two pieces of one texture, got satb and melody"),
    ],
)
def test_pieces_that_cannot_be_blended_are_refused(other, told):
    with pytest.raises(UsageError) as caught:
        blend(piece("8", FOUR), other, share=0.5)
    assert told in str(caught.value)


def test_blends_are_counted_from_the_downbeats_to_the_shorter_end():
    one, two = piece("9", FOUR, pickup=1, seed=3), piece("6", FOUR, seed=4)
    task = blend(one, two, share=0)
    assert task.grid.timeline.pickup == 0
    np.testing.assert_array_equal(task.grid.voices[0].sounding, one.voices[0].sounding[4:28])
