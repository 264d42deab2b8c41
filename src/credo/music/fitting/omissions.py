"""What had to be left out of a piece on its way to the grid, and why."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from credo.music.score import Timeline


@dataclass(frozen=True, slots=True)
class Omission:
    """Notes of one part that were left out for one reason.

    Attributes:
        part: the part or voice they stood in; empty for the timeline.
        reason: why, in a few words.
        notes: how many notes were left out; 0 where something was changed and nothing left out.
        onset: the first of them, in quarters from the start of the piece, if known.
        bar: the bar of that onset as musicians count (a pickup is bar 0), if known.
    """

    part: str
    reason: str
    notes: int
    onset: Fraction | None = None
    bar: int | None = None

    def __str__(self) -> str:
        line = f"{self.part}: {self.reason}" if self.part else self.reason
        if self.notes:
            line += f" ({self.notes} note{'s' if self.notes > 1 else ''} left out)"
        if self.bar is None:
            return line
        return line + (f", first in bar {self.bar}" if self.notes > 1 else f", bar {self.bar}")


class Ledger:
    """Collects omissions, one line for each part and reason."""

    def __init__(self) -> None:
        self._counts: dict[tuple[str, str], int] = {}
        self._first: dict[tuple[str, str], Fraction | None] = {}

    def add(self, part: str, reason: str, onset: Fraction | None = None, notes: int = 1) -> None:
        """Write down that `notes` notes of a part were left out, the first at `onset` quarters."""
        line = (part, reason)
        self._counts[line] = self._counts.get(line, 0) + notes
        first = self._first.get(line)
        if first is None or (onset is not None and onset < first):
            self._first[line] = onset

    def close(self, timeline: Timeline) -> tuple[Omission, ...]:
        """All omissions in the order of their first entry, with bar numbers."""
        if not self._counts:
            return ()
        bars = bar_starts(timeline)
        return tuple(
            Omission(part, reason, notes, onset, None if onset is None else bar_number(onset, bars, timeline))
            for ((part, reason), notes), onset in zip(self._counts.items(), self._first.values(), strict=True)
        )


def bar_starts(timeline: Timeline) -> list[Fraction]:
    """Where each bar begins, in quarters."""
    return [start for start, _, _ in timeline.bars()]


def bar_number(onset: Fraction, starts: list[Fraction], timeline: Timeline) -> int:
    """The number of the bar an onset falls in: 1 is the first whole bar, 0 a pickup."""
    return bisect_right(starts, onset) - (1 if timeline.pickup else 0)


def count(omissions: Iterable[Omission]) -> int:
    """How many notes were left out in all."""
    return sum(omission.notes for omission in omissions)
