"""Masks, cell by cell, on a passage small enough to read."""

import numpy as np
import pytest

from credo.compose import masks
from credo.music.grid import REST, Cells, Grid
from credo.music.score import Timeline
from credo.music.texture import Texture, Voice

DUET = Texture("duet", (Voice("lead", "mono", 60, 72), Voice("keys", "poly", 50, 52)))
LEAD = [60, 60, 60, REST, 62, 62, 62]  # a note of two steps, one of one, a rest, one of three
ATTACK = [1, 0, 1, 0, 1, 0, 0]


@pytest.fixture
def duet() -> Grid:
    lead = Cells.of(DUET.voices[0], np.array(LEAD), np.array(ATTACK, bool))
    low = np.zeros((7, 3), bool)
    low[1:5, 0] = True  # one key, held for four steps
    return Grid(DUET, (lead, Cells.of(DUET.voices[1], low)), Timeline())


def lead(mask):
    """The lead's column of a mask; its pitch and its attack are held together."""
    assert (mask[:, 0] == mask[:, 1]).all()
    return "".join("x" if held else "." for held in mask[:, 0])


def test_nothing_and_everything(duet):
    assert masks.nothing(duet).sum() == 7  # the place in the metre is a fact
    assert masks.everything(duet).all()


def test_steps_and_voices(duet):
    assert lead(masks.steps(duet, 2, 4)) == "..xx..."
    assert masks.steps(duet, 2, 4)[2:4].all()
    assert lead(masks.voices(duet, {"lead"})) == "xxxxxxx"
    assert not masks.voices(duet, {"lead"})[:, 2:-1].any()


@pytest.mark.parametrize(
    ("asked", "closed"),
    [
        (".x.....", "xx....."),  # the middle of a note holds its beginning
        ("..x....", "..x...."),  # a repeated note is a note of its own
        ("...x...", "...x..."),  # a rest has no beginning
        ("......x", "....xxx"),
        ("x......", "x......"),  # a beginning does not hold the rest
    ],
)
def test_whole_notes(duet, asked, closed):
    mask = masks.nothing(duet)
    mask[:, 0] = mask[:, 1] = [mark == "x" for mark in asked]
    assert lead(masks.whole_notes(duet, mask)) == closed


def test_whole_notes_of_one_key_leave_the_others_free(duet):
    mask = masks.nothing(duet)
    mask[4, 2] = True  # the lowest key, in the last step of its note
    closed = masks.whole_notes(duet, mask)
    assert closed[:, 2].tolist() == closed[:, 5].tolist() == [False, True, True, True, True, False, False]
    assert not closed[:, [0, 1, 3, 4, 6, 7]].any()


def test_a_beginning_holds_notes_that_sound_on(duet):
    assert lead(masks.begun_before(duet, 5)) == "xxxxxxx"
    assert lead(masks.begun_before(duet, 3)) == "xxx...."
    keys = masks.begun_before(duet, 3)
    assert keys[:, 2].tolist() == [True] * 5 + [False] * 2
    assert keys[:, 3].tolist() == [True] * 3 + [False] * 4
    assert (masks.begun_before(duet, 0) == masks.nothing(duet)).all()
    assert masks.begun_before(duet, 7).all()
