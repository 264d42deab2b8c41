"""Voices without notes stay silent, and their rests are not told to the model."""

from dataclasses import replace

import numpy as np
import pytest

from credo.compose import masks
from credo.compose.generate import Request
from credo.compose.holding import Locks, Selection, work
from credo.compose.tasks import accompany, infill, unplayed
from credo.music.grid import Cells, encode
from credo.music.steps import encode_steps
from credo.music.texture import SATB
from tiny import chorale

pytestmark = pytest.mark.machine

FEW = Request(iterations=8, seed=3)


@pytest.fixture
def melody():
    """Four bars of a soprano alone."""
    grid = encode(chorale(1, bars=4), SATB)
    silent = [Cells.silent(voice, grid.steps) for voice in SATB.voices[1:]]
    return grid.with_voices([grid.voices[0], *silent])


def tasks(grid):
    return [
        accompany(grid, add=["bass"]),
        infill(grid, bars=(2, 3), voices=["bass"]),
        work("accompany", grid, options={"add": ["bass"]}, locks=Locks(voices=("alto", "tenor"))),
        work("harmonize", grid, selection=Selection(16, 32)),
        work("complete", grid, selection=Selection(16, 32, ("bass",)), locks=Locks(voices=("alto",))),
    ]


def test_the_model_is_told_of_the_notes_and_of_no_rest_of_others(tiny_composer, melody, monkeypatch):
    told = []
    real = type(tiny_composer).complete_often

    def listen(self, grid, mask, *arguments, **options):
        told.append(mask)
        return real(self, grid, mask, *arguments, **options)

    monkeypatch.setattr(type(tiny_composer), "complete_often", listen)
    for task in tasks(melody):
        tiny_composer.perform(task, FEW)
        held = masks.cells_held(melody, told.pop())
        assert held[0].all()
        assert not any(cells.any() for cells in held[1:]), task.name


def test_what_is_held_comes_out_as_it_was_and_silence_stays(tiny_composer, melody):
    for task in tasks(melody):
        for seed in range(2):
            done = tiny_composer.perform(task, replace(FEW, seed=seed)).grid
            same = encode_steps(done) == encode_steps(melody)
            assert same[:, [0, 1, 2, 4, 6, 8]][task.mask[:, [0, 1, 2, 4, 6, 8]]].all(), task.name
            assert done.voices[3].attack.any(), "the tiny model writes what it is asked for"
            assert task.name == "harmonize" or not any(cells.attack.any() for cells in done.voices[1:3])


def test_only_voices_without_any_note_count(melody):
    assert unplayed(encode(chorale(1, bars=4), SATB)) is None
    assert unplayed(melody.with_voices([Cells.silent(voice, melody.steps) for voice in SATB.voices])) is None
    unknown = unplayed(melody)
    assert np.flatnonzero(unknown.any(0)).tolist() == [2, 3, 4, 5, 6, 7]
