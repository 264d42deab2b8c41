"""A Markov chain of order 3 over what all voices do in a step or a beat, the place in the bar held.

Training chorales are moved to one tonic, so that every key learns from all of them. A context that never occurred is
shortened from its far end. Chains of beats copy whole bars of their training pieces: read their figures beside the
shares of copied passages.
"""

from __future__ import annotations

import argparse
from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from credo.music.grid import Grid

from .shared import Lines, by_mode, command, grid_in, keys

ORDER = 3
UNITS = ("step", "beat")

State = bytes
Table = dict[tuple[int, tuple[State, ...]], list[State]]


def generate(grids: Sequence[Grid], count: int, bars: int, seed: int, unit: str = "step") -> list[Grid]:
    """Draw chorales from the chain.

    Args:
        grids: the training pieces; those in 4/4 are learnt.
        count: how many pieces.
        bars: bars of 4/4 of each.
        seed: of the dice.
        unit: what a state of the chain lasts, `step` or `beat`.
    """
    dice, texture = np.random.default_rng(seed), grids[0].texture
    length = texture.steps_per_quarter if unit == "beat" else 1
    steps = bars * 4 * texture.steps_per_quarter
    tables = {mode: learn(lines, length) for mode, lines in by_mode(grids)}
    result = []
    for key in keys(count):
        table = tables.get(key.mode) or next(iter(tables.values()))
        states: list[State] = []
        for place in range(0, steps, length):
            states.append(_next(table, place % (4 * texture.steps_per_quarter), states[-ORDER:], dice))
        cells = np.frombuffer(b"".join(states), np.int16).reshape(steps, 2, -1)
        result.append(grid_in(key, cells[:, 0], cells[:, 1] > 0, texture))
    return result


def learn(lines: Sequence[Lines], length: int) -> Table:
    """What followed each context of 0 to `ORDER` states at each place of the bar."""
    table: Table = defaultdict(list)
    for pitches, attacks, places, _ in lines:
        starts = [step for step in range(len(places) - length + 1) if places[step] >= 0 and places[step] % length == 0]
        cells = np.stack([pitches, attacks], axis=1).astype(np.int16)  # (T, 2, V)
        states = {step: cells[step : step + length].tobytes() for step in starts}
        for step, state in states.items():
            context: tuple[State, ...] = ()
            for before in range(ORDER + 1):
                table[int(places[step]), context].append(state)
                earlier = states.get(step - length * (before + 1))
                if earlier is None:
                    break
                context = (earlier, *context)
    return dict(table)


def _next(table: Table, place: int, context: list[State], dice: np.random.Generator) -> State:
    for first in range(len(context) + 1):
        found = table.get((place, tuple(context[first:])))
        if found:
            return found[dice.integers(len(found))]
    raise ValueError(f"no training piece reaches place {place} of a bar of 4/4")


def _options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--unit", choices=UNITS, default=UNITS[0])


if __name__ == "__main__":
    command(generate, __doc__.splitlines()[0], _options)
