"""Tasks with locks: what is locked is held in every task, and nothing that is not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.compose import masks
from credo.compose.holding import WORKS, Locks, Selection, work
from credo.errors import UsageError
from credo.music.grid import REST
from credo.music.texture import SATB
from strategies import MIXED
from tiny import random_grid

OPTIONS = {"amount": 1.0, "bars": 1, "voice": "soprano", "add": ["bass"], "share": 0.5}


def grid_of(seed, texture=SATB, bars=2):
    return random_grid(texture, bars * 4 * texture.steps_per_quarter, np.random.default_rng(seed))


def notes_of(grid):
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        for place in zip(*np.nonzero(cells.attack), strict=True):
            pitch = cells.sounding[place] if voice.kind == "mono" else voice.pitch(place[1])
            yield voice.name, int(place[0]), int(pitch)


def cells_of(grid, mask, name):
    number = [voice.name for voice in grid.texture.voices].index(name)
    return masks.cells_held(grid, mask)[number]


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), share=st.floats(0, 1), texture=st.sampled_from((SATB, MIXED)))
def test_locked_notes_are_held_to_their_ends_and_no_others(seed, share, texture):
    dice, grid = np.random.default_rng(seed), grid_of(seed, texture)
    notes = list(notes_of(grid))
    locked = tuple(note for note in notes if dice.random() < share)
    held = Locks(notes=locked).mask(grid)
    for name, step, pitch in notes:
        voice = texture.voice(name)
        cells = grid.voices[texture.voices.index(voice)]
        index = () if voice.kind == "mono" else (voice.index(pitch),)
        sounds = cells.sounding[(slice(None), *index)]
        sounds = sounds != REST if voice.kind == "mono" else sounds
        stop = step + 1
        while stop < grid.steps and sounds[stop] and not cells.attack[(stop, *index)]:
            stop += 1
        of_note = cells_of(grid, held, name)[(slice(step, stop), *index)]
        assert of_note.all() if (name, step, pitch) in locked else not of_note.any()


@pytest.mark.parametrize("name", [name for name in WORKS if name != "humanize"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_each_task_holds_what_is_locked(name, seed):
    grid = grid_of(seed)
    locks = Locks(notes=tuple(notes_of(grid))[::5], bars=(2,), voices=("alto",))
    task = work(name, grid, locks=locks, options=OPTIONS, other=grid_of(seed + 10), seed=seed)
    wanted = masks.cells_held(grid, locks.mask(grid))
    for number, (before, after) in enumerate(zip(grid.voices, task.grid.voices, strict=True)):
        held = masks.cells_held(task.grid, task.mask)[number][: grid.steps]
        assert held[wanted[number]].all()
        same = (before.sounding == after.sounding[: grid.steps]) & (before.attack == after.attack[: grid.steps])
        assert same[wanted[number]].all()


def test_a_selection_frees_what_lies_in_it():
    grid = grid_of(4)
    task = work("complete", grid, selection=Selection(8, 24, ("alto",)))
    free = ~cells_of(grid, task.mask, "alto")
    assert free.any()
    assert not free[:8].any()
    assert not free[24:].any()
    assert cells_of(grid, task.mask, "tenor").all()


def test_a_variation_counts_only_what_is_not_locked():
    grid = grid_of(5, bars=4)
    locks = Locks(voices=("soprano", "bass"))
    task = work("vary", grid, locks=locks, options={"amount": 1.0})
    assert (task.mask == masks.whole_notes(grid, locks.mask(grid))).all()
    same = work("vary", grid, locks=locks, options={"amount": 0.0})
    assert all(cells.all() for cells in masks.cells_held(grid, same.mask))


@pytest.mark.parametrize(
    ("locks", "says"),
    [
        (Locks(bars=(0,)), "locked bars: expected 1 to 2, got 0"),
        (Locks(bars=(3,)), "locked bars: expected 1 to 2, got 3"),
        (Locks(voices=("kazoo",)), "kazoo"),
        (Locks(notes=(("alto", 10**6, 60),)), "expected a note that begins there"),
        (Locks(notes=(("alto", 0, 127),)), "expected a note that begins there"),
    ],
)
def test_locks_on_nothing_are_told(locks, says):
    with pytest.raises(UsageError, match=says):
        locks.mask(grid_of(6))


@pytest.mark.parametrize(
    ("name", "options", "says"),
    [
        ("sing", {}, "task: expected one of compose"),
        ("vary", {"amount": 1.5}, "amount: expected 0 to 1"),
        ("continue", {"bars": 0}, "bars: expected 1 or more"),
        ("blend", {"share": 0.5}, "expected a second piece"),
        ("accompany", {}, "add: expected voices"),
        ("harmonize", {}, "expected the name of the melody's voice"),
    ],
)
def test_options_that_make_no_sense_are_told(name, options, says):
    with pytest.raises(UsageError, match=says):
        work(name, grid_of(7), options=options)


@pytest.mark.parametrize("selection", [Selection(8, 8), Selection(0, 33), Selection(-1, 4)])
def test_a_selection_outside_the_piece_is_told(selection):
    with pytest.raises(UsageError, match="selection: expected 0 <= from_step < to_step <= 32"):
        work("complete", grid_of(8), selection=selection)
