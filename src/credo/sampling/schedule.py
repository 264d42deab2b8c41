"""How much is hidden, and when, while a passage is written."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np


class Schedule(NamedTuple):
    """How much is hidden, and when.

    Attributes:
        iterations: number of iterations.
        opening: part of the iterations that lays out the whole passage.
        most: share of the free cells hidden at the start of the opening.
        least: share of the cells hidden at the end of the opening and of each cycle.
        falling: part of the opening during which the share falls; it stays at `least` after that.
        cycle: iterations of a cycle; 0 for an opening that takes all iterations.
        most_blocks: share of the blocks that the first cycle writes anew.
        least_blocks: share of the blocks that the last cycle writes anew.
        closing: part of the iterations, after the cycles, that goes over the whole passage again with `least` hidden.
        nested: whether what is hidden in an iteration of the opening or of a cycle was hidden in the ones before, so
            that each cell is drawn for good once, in a random order, as in a NADE (Uria, Murray & Larochelle 2014);
            or chosen afresh each time.
        ends: whether the network is shown the silence before and after the passage. The context says in any case that
            the passage ends there. In training what is beyond the ends is hidden as often as all else; silence that is
            always shown can be taken for a reason for more of it, the more so the shorter the passage.
    """

    iterations: int = 256
    opening: float = 0.3
    most: float = 0.95
    least: float = 0.05
    falling: float = 0.75
    cycle: int = 12
    most_blocks: float = 0.7
    least_blocks: float = 0.15
    closing: float = 0.25
    nested: bool = False
    ends: bool = True

    def plan(self) -> Plan:
        """The shares of each iteration."""
        opening = max(1, round(self.opening * self.iterations)) if self.cycle else self.iterations
        closing = min(round(self.closing * self.iterations), self.iterations - opening)
        slope = (self.most - self.least) / max(self.falling * opening, 1)
        cells = np.maximum(self.least, self.most - slope * np.arange(opening))
        cells[0] = 1.0  # everything that is free is drawn once before any of it is looked at
        rest = np.arange(self.iterations - opening - closing)
        number, place = (rest // self.cycle, rest % self.cycle) if self.cycle else (rest, rest)
        inside = 1 - (1 - self.least) * place / max(self.cycle - 1, 1)
        last = max(int(number.max(initial=0)), 1)
        blocks = self.most_blocks + (self.least_blocks - self.most_blocks) * number / last
        return Plan(
            np.concatenate([cells, inside, np.full(closing, self.least)]).astype(np.float32),
            np.concatenate([np.ones(opening), blocks, np.ones(closing)]).astype(np.float32),
            np.concatenate([np.zeros(opening), 1 + number, np.full(closing, last + 2)]).astype(np.int32),
            np.concatenate([np.full(opening + len(rest), self.nested), np.zeros(closing)]).astype(np.float32),
        )


class Plan(NamedTuple):
    """What each iteration hides.

    Attributes:
        cells: share of the cells of the chosen blocks, shape (I,).
        blocks: share of the blocks that are chosen, shape (I,).
        cycles: number of the cycle, shape (I,); the iterations of a cycle work on the same blocks.
        nested: 1 where the cells are chosen among those of the iteration before, shape (I,).
    """

    cells: np.ndarray
    blocks: np.ndarray
    cycles: np.ndarray
    nested: np.ndarray
