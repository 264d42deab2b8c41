"""Independent marginals: each voice draws its pitches by their frequency and holds them as often as Bach does."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credo.music.grid import Grid

from .shared import by_mode, command, grid_in, keys


def generate(grids: Sequence[Grid], count: int, bars: int, seed: int) -> list[Grid]:
    """Draw chorales whose voices and steps know nothing of each other.

    Args:
        grids: the training pieces.
        count: how many pieces.
        bars: bars of 4/4 of each.
        seed: of the dice.
    """
    dice, texture = np.random.default_rng(seed), grids[0].texture
    steps = bars * 4 * texture.steps_per_quarter
    tables = dict(by_mode(grids))
    result = []
    for key in keys(count):
        lines = tables.get(key.mode) or next(iter(tables.values()))
        pitches, attacks = (np.concatenate([each[k] for each in lines]) for k in (0, 1))
        shape = (steps, pitches.shape[1])
        drawn = np.take_along_axis(pitches, dice.integers(len(pitches), size=shape), axis=0)
        begins = dice.random(shape) < attacks.mean(axis=0)
        begins[0] = True
        last = np.maximum.accumulate(np.where(begins, np.arange(steps)[:, None], 0), axis=0)
        result.append(grid_in(key, np.take_along_axis(drawn, last, axis=0), begins, texture))
    return result


if __name__ == "__main__":
    command(generate, __doc__)
