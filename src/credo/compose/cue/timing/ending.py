"""Where the last chord falls, and what of the last bars has to give."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from credo.compose.cue.sheets.brief import Brief
from credo.compose.cue.timing.lattice import Lattice
from credo.compose.cue.timing.tempomap import TempoMap

#: A last chord shorter than this is none, in seconds.
SHORTEST = 0.2
#: What it costs that the last chord is on no bar line, that nothing is before it, that a hit comes behind it.
_SHORT, _BARE, _BEHIND = 1.2, 3.0, 0.8
#: What a second costs that the last chord is longer than it should be, and one that it is shorter.
_LONGER, _SHORTER = 1.0, 1.5


@dataclass(frozen=True, slots=True)
class Ending:
    """Where the last chord falls.

    Attributes:
        onset: of the last chord, in quarters; a bar line, or a beat.
        short: quarters from the bar line to it.
        cost: how far it is from what was asked.
        lasts: seconds from it to the end of the cue.
    """

    onset: Fraction
    short: Fraction
    cost: float
    lasts: float


def wanted(brief: Brief, bar: np.ndarray | float, beat: np.ndarray | float) -> tuple[np.ndarray, np.ndarray]:
    """How long the last chord should last with its ring-out, the shortest and the longest, in seconds.

    Args:
        brief: its ending, its ring-out and its length.
        bar: seconds of a bar at the end, of any shape.
        beat: seconds of a beat, of the same shape.
    """
    if brief.ending == "button":
        low = np.minimum(np.maximum(beat, brief.ring * 2 / 3), brief.seconds / 3)
        return low, np.maximum(low, brief.ring)
    chord = np.minimum(np.minimum(bar, 4.0), brief.seconds / 3)
    low = chord + brief.ring / 4 if brief.ending == "ring-out" else 0.8 * chord
    return low, chord + brief.ring


def ending_costs(brief: Brief, lattice: Lattice, steps: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """What the best ending costs at each of many tempos.

    Args:
        brief: the brief.
        lattice: the metre.
        steps: seconds of a step at the end, of any shape.
        ends: how many steps the cue has, of the same shape.

    Returns:
        Costs, of the same shape.
    """
    bar, beat = steps * lattice.bar, steps * max(lattice.beat, 1)
    low, high = wanted(brief, bar, beat)
    best = np.full(steps.shape, _SHORT + 0.5)  # a short bar mends all else
    whole = ends / lattice.bar
    earliest = np.maximum(np.floor(whole - low / bar), 0)
    for bars in (earliest, earliest + 1):
        lasts = (whole - bars) * bar
        cost = _LONGER * np.maximum(lasts - high, 0) + _SHORTER * np.maximum(low - lasts, 0) + _BARE * (bars == 0)
        best = np.minimum(best, np.where((lasts >= SHORTEST) & (lasts <= brief.ring + bar), cost, np.inf))
    return best


def endings(brief: Brief, lattice: Lattice, tempi: TempoMap, hits: list[Fraction]) -> Iterator[Ending]:
    """All places for the last chord that keep the contract: no more than its bar and the ring-out before the end.

    Args:
        brief: the brief.
        lattice: the metre.
        tempi: the tempos.
        hits: onsets of the hits, in quarters.
    """
    end = tempi.onset_at(Fraction(repr(brief.seconds)))
    length = tempi.changes[-1][1] / 1e6
    bar, beat = lattice.bar * lattice.step, max(lattice.beat, 1) * lattice.step
    low, high = (float(bound) for bound in wanted(brief, float(bar) * length, float(beat) * length))
    first = max(int((end - bar - Fraction(brief.ring) / Fraction(length)) / bar) - 1, 0)
    for number in range(first, int(end / bar) + 1):
        for beats in range(-(-lattice.bar // max(lattice.beat, 1))):
            short = beats * beat
            onset = number * bar + short
            lasts = brief.seconds - float(tempi.seconds_at(onset))
            if not SHORTEST <= lasts <= brief.ring + float(bar) * length + 1e-9:
                continue
            cost = _LONGER * max(lasts - high, 0) + _SHORTER * max(low - lasts, 0) + _BARE * (onset == 0)
            if short:
                cost += _SHORT + 0.3 * float(bar - short) * length
            cost += _BEHIND * sum(hit > onset for hit in hits) - 0.7 * (bool(hits) and hits[-1] == onset > 0)
            yield Ending(onset, short, cost, lasts)
