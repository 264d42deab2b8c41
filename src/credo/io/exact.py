"""Exact times from the whole numbers that files count in."""

from __future__ import annotations

from fractions import Fraction


class Quarters(dict):
    """Whole ticks to exact quarters; the same tick is the same object, which saves time and memory.

    Args:
        ticks: ticks a quarter.
    """

    def __init__(self, ticks: int) -> None:
        super().__init__()
        self.ticks = ticks

    def __missing__(self, tick: int) -> Fraction:
        self[tick] = quarters = Fraction(tick, self.ticks)
        return quarters
