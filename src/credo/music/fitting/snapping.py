"""Positions and timelines brought to the steps of a grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from credo.music.fitting.omissions import Ledger
from credo.music.score import Metre, Timeline
from credo.music.timelines import Change, canonical


def nearest_step(quarters: Fraction, steps_per_quarter: int) -> int:
    """The step nearest to a position in quarters; half a step rounds up, so that what touches still touches."""
    return nearest_step_of(quarters.numerator, quarters.denominator, steps_per_quarter)


def nearest_step_of(numerator: int, denominator: int, steps_per_quarter: int) -> int:
    """The step nearest to `numerator`/`denominator` quarters, which need not be in lowest terms."""
    return (2 * numerator * steps_per_quarter + denominator) // (2 * denominator)


def snap_timeline(timeline: Timeline, steps_per_quarter: int, steps: int, ledger: Ledger | None = None) -> Timeline:
    """A timeline whose length is `steps` steps and whose changes all stand on steps.

    Changes at or beyond the end go; of several on one step the last one stays; changes that change nothing go. A metre
    whose bar is no whole number of steps is read in groups of bars (7/32 as 7/16) and entered in the ledger.

    Args:
        timeline: any timeline.
        steps_per_quarter: steps of the grid in a quarter.
        steps: length in steps.
        ledger: takes note of metres that were regrouped.
    """
    length = Fraction(steps, steps_per_quarter)

    def snapped(changes: Sequence[Change]) -> list[Change]:
        moved = [
            replace(change, onset=Fraction(max(0, nearest_step(change.onset, steps_per_quarter)), steps_per_quarter))
            for change in sorted(changes, key=lambda change: change.onset)
        ]
        return [change for change in moved if change.onset < length or change.onset == 0]

    metres = []
    for metre in snapped(timeline.metres):
        whole = _on_whole_steps(metre, steps_per_quarter)
        if whole != metre and ledger is not None:
            signs = f"{metre.numerator}/{metre.denominator}", f"{whole.numerator}/{whole.denominator}"
            ledger.add("", f"bars of {signs[0]} are no whole steps: read as {signs[1]}", metre.onset, notes=0)
        metres.append(whole)
    pickup = Fraction(max(0, nearest_step(timeline.pickup, steps_per_quarter)), steps_per_quarter)
    return canonical(
        Timeline(length, tuple(snapped(timeline.tempos)), tuple(metres), tuple(snapped(timeline.keys)), pickup)
    )


def _on_whole_steps(metre: Metre, steps_per_quarter: int) -> Metre:
    """The metre, or as many of its bars taken together as make a whole number of steps."""
    bars = (metre.bar * steps_per_quarter).denominator
    if bars == 1:
        return metre
    numerator, denominator = metre.numerator * bars, metre.denominator
    while numerator % 2 == 0 and denominator % 2 == 0:
        numerator, denominator = numerator // 2, denominator // 2
    return Metre(metre.onset, numerator, denominator)
