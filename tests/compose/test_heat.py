"""What surprises a model, bar by bar."""

from dataclasses import replace

import numpy as np
import pytest

import tiny
from credo.compose.heat import Heat
from credo.errors import UsageError
from credo.music.grid import Cells
from credo.music.texture import QUARTET, SATB
from credo.music.transform import fit

pytestmark = [pytest.mark.machine, pytest.mark.once]


@pytest.fixture(scope="module")
def heat(tiny_composer):
    return Heat(tiny_composer)


def test_each_bar_has_its_heat_and_together_they_are_that_of_the_beats(heat):
    for metre, bars in (((4, 4), 5), ((3, 4), 7)):
        grid = fit(tiny.chorale(3, bars=bars, metre=metre), SATB).grid
        found, beats = heat.bars(grid), heat.beats(grid)
        assert found.shape == (bars,)
        assert (found > 0).all()
        np.testing.assert_allclose(found * metre[0], beats.reshape(bars, -1).sum(axis=1))
        np.testing.assert_array_equal(found, heat.bars(grid))


def test_an_upbeat_belongs_to_no_other_bar(heat):
    grid = fit(tiny.chorale(3, bars=3, pickup=1), SATB).grid
    assert heat.bars(grid).shape == (4,)


def test_a_bar_of_chance_is_hotter_than_what_the_model_learnt(heat):
    grid = fit(tiny.chorale(0, bars=5), SATB).grid  # one of its training data
    chance = tiny.random_grid(SATB, grid.steps, np.random.default_rng(2))
    mixed = []
    for old, new in zip(grid.voices, chance.voices, strict=True):
        arrays = [np.concatenate([a[:32], b[32:48], a[48:]]) for a, b in zip(old.arrays, new.arrays, strict=True)]
        mixed.append(type(old)(*arrays))
    before, after = heat.bars(grid), heat.bars(grid.with_voices(mixed))
    assert np.argmax(after - before) == 2
    assert after[2] > 1.2 * before[2]


def test_a_piece_without_a_key_or_a_note_has_heat(heat):
    grid = fit(tiny.chorale(3), SATB).grid
    rests = [Cells.silent(voice, grid.steps) for voice in SATB.voices]
    silent = grid.with_voices(rests)
    assert np.isfinite(heat.bars(silent)).all()
    assert np.isfinite(heat.bars(replace(grid, timeline=replace(grid.timeline, keys=())))).all()


def test_other_voices_are_refused(heat):
    with pytest.raises(UsageError, match="expected the model's texture satb, got quartet"):
        heat.bars(tiny.random_grid(QUARTET, 32, np.random.default_rng(1)))
