"""Where strokes can fall: the steps of a metre, and how strong each is."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from credo.errors import UsageError
from credo.music.score import Metre, Timeline

#: What a place costs beside others: a bar line is the strongest.
COSTS = {"bar": 0.0, "beat": 0.3, "half": 0.8, "step": 1.4}


@dataclass(frozen=True, slots=True)
class Lattice:
    """The steps of bars of one metre.

    Attributes:
        metre: the metre.
        step: length of a step in quarters.
        bar, beat, half: steps of a bar, a beat (dotted in compound metres) and half a beat (a third of a dotted one);
            0 where that is no whole number.
    """

    metre: Metre
    step: Fraction
    bar: int
    beat: int
    half: int

    @classmethod
    def of(cls, metre: tuple[int, int], steps_per_quarter: int) -> Lattice:
        """The steps of a metre.

        Raises:
            UsageError: a bar has no whole number of steps.
        """
        if not 1 <= steps_per_quarter <= 48:
            raise UsageError(f"steps a quarter: expected 1 to 48, got {steps_per_quarter}")
        whole = Metre(Fraction(0), *metre)
        step = Fraction(1, steps_per_quarter)
        if (whole.bar / step).denominator > 1:
            raise UsageError(
                f"metre: expected bars of whole steps, got {metre[0]}/{metre[1]} at {steps_per_quarter} a quarter",
                hint=f"a metre over {' or '.join(str(d) for d in (1, 2, 4, 8, 16) if 4 * steps_per_quarter % d == 0)}",
            )
        parts = 3 if whole.beat > Fraction(4, whole.denominator) else 2
        lengths = (whole.bar / step, whole.beat / step, whole.beat / parts / step)
        return cls(whole, step, *(int(length) if length.denominator == 1 else 0 for length in lengths))

    @property
    def costs(self) -> np.ndarray:
        """What each step of a bar costs, shape (bar,)."""
        steps = np.arange(self.bar)
        costs = np.full(self.bar, COSTS["step"])
        for name in ("half", "beat", "bar"):
            length = getattr(self, name)
            if length:
                costs[steps % length == 0] = COSTS[name]
        return costs

    def place(self, timeline: Timeline, onset: Fraction) -> str:
        """How strong an onset of a timeline is: bar, beat, half, step, or between."""
        metre = timeline.metre_at(onset)
        inside = (onset - metre.onset) % metre.bar / self.step
        if inside.denominator > 1:
            return "between"
        for name in ("bar", "beat", "half"):
            length = getattr(self, name)
            if inside == 0 or (length and name != "bar" and inside % length == 0):
                return name
        return "step"
