"""Which tempos a cue has: ranges to search, the means in their order, and loops that no tempo fills."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from credo.compose.cue.sheets.brief import TEMPOS, Brief, Hit
from credo.compose.cue.timing import search
from credo.compose.cue.timing.ending import Ending, endings
from credo.compose.cue.timing.lattice import Lattice
from credo.compose.cue.timing.search import NEAR, Range, Targets
from credo.compose.cue.timing.tempomap import ASTRAY, TempoMap, through

#: Quarters a minute where neither the brief nor its mood says a tempo.
TEMPO = 104.0
#: How far the tempo may go from a wish, as a ratio, and how far where hits would be lost else.
_AROUND, _FARTHER = 1.15, 1.35
#: A loop that no tempo fills with whole bars bends the tempo by so much to have a last bar of whole beats.
_BENT = 1.03
#: A range narrower than this (as a ratio) is one tempo.
_FIXED = 1.002


@dataclass(frozen=True, slots=True)
class Plan:
    """The tempos of a cue.

    Attributes:
        tempi: the tempos.
        within: the range that was searched.
        length: of a loop, in quarters; None for a cue that ends.
        changes: whether the tempo changes for hits.
    """

    tempi: TempoMap
    within: Range
    length: Fraction | None = None
    changes: bool = False


def seconds_of(brief: Brief) -> Fraction:
    """How long the cue lasts, in seconds, as exactly as it was written."""
    return Fraction(repr(brief.seconds))


def plan(brief: Brief, lattice: Lattice, wish: float | None) -> Plan:
    """Choose the tempos.

    Args:
        brief: what is asked for.
        lattice: its metre.
        wish: quarters a minute, if anybody said.
    """
    found: list[tuple[int, int, Plan]] = []
    for rank, within in enumerate(_ranges(brief, lattice, wish)):
        targets = targets_of(brief, within)
        if brief.loops and not len(search.loop_bars(brief, lattice, within)):
            return _short_loop(brief, lattice, within, targets)
        step = search.steady(brief, lattice, within, targets)
        if step is not None:
            return _steady(brief, lattice, within, targets, step)
        places, kept = (
            search.changing(brief, lattice, within, targets) if within.high > within.low * _FIXED else (None, [])
        )
        some = search.steady(brief, lattice, within, targets, all_land=False)
        if some is None:
            raise AssertionError("a range has a tempo")
        landed = int((np.abs(targets.times - np.rint(targets.times / some) * some) <= NEAR).sum())
        if places is not None and len(kept) > landed:
            made = _changing(brief, lattice, within, targets, places, kept)
        else:
            made, kept = _steady(brief, lattice, within, targets, some), list(range(landed))
        lost = len(targets.times) - len(kept)
        if lost == 0:
            return made
        found.append((lost, rank, made))
    return min(found, key=lambda way: way[:2])[2]


def targets_of(brief: Brief, within: Range) -> Targets:
    """The hits that steps can be found for: inside the cue, and a step apart at the fastest tempo.

    Of two that are closer the heavier one stays; hits at one time are one.
    """
    last = brief.seconds - NEAR
    groups: list[list[Hit]] = []
    for hit in brief.hits:
        if NEAR < hit.seconds < last:
            if groups and hit.seconds - groups[-1][0].seconds <= NEAR:
                groups[-1].append(hit)
            else:
                groups.append([hit])
    heaviest = sorted(((sum(_weight(hit) for hit in group), group[0].seconds) for group in groups), reverse=True)
    kept: list[tuple[float, float]] = []
    for weight, time in heaviest:
        if all(abs(time - other) >= within.low * 0.98 for other, _ in kept):
            kept.append((time, weight))
    kept.sort()
    weights = np.array([weight for _, weight in kept])
    return Targets(np.array([time for time, _ in kept]), weights / weights.mean() if kept else weights)


def _weight(hit: Hit) -> float:
    """A new section needs a bar line more than a stroke does."""
    return hit.weight * (2 if hit.kind == "change" else 1)


def _ranges(brief: Brief, lattice: Lattice, wish: float | None) -> list[Range]:
    """The ranges to search one after the other, in seconds a step."""

    def bounds(low: float, high: float, middle: float) -> Range:
        slow, fast = (60 * float(lattice.step) / bpm for bpm in (low, high))
        return Range(fast, slow, 60 * float(lattice.step) / middle)

    if brief.tempo is not None:
        low, high = brief.tempo
        middle = min(max(wish, low), high) if wish is not None else (low * high) ** 0.5
        return [_stretched(brief, lattice, bounds(low, high, middle))]
    middle = min(max(wish if wish is not None else TEMPO, TEMPOS[0]), TEMPOS[1])
    ranges = [
        bounds(max(middle / ratio, TEMPOS[0]), min(middle * ratio, TEMPOS[1]), middle) for ratio in (_AROUND, _FARTHER)
    ]
    return [_stretched(brief, lattice, within) for within in ranges]


def _stretched(brief: Brief, lattice: Lattice, within: Range) -> Range:
    """The range, as far beyond itself as a loop needs to have whole bars: the metre counts more than the tempo."""
    if not brief.loops or len(search.loop_bars(brief, lattice, within)):
        return within
    fastest, slowest = (60 * float(lattice.step) / bpm for bpm in TEMPOS[::-1])
    bars = max(round(brief.seconds / (within.wish * lattice.bar)), 1)
    near = [brief.seconds / (count * lattice.bar) for count in (bars - 1, bars, bars + 1) if count]
    near = [step for step in near if fastest - 1e-12 <= step <= slowest + 1e-12]
    if not near:
        return within
    best = min(near, key=lambda step: abs(np.log(step / within.wish)))
    return replace(within, low=min(within.low, best), high=max(within.high, best))


def _steady(brief: Brief, lattice: Lattice, within: Range, targets: Targets, step: float) -> Plan:
    """One tempo; of a loop the one that fills it exactly."""
    if brief.loops:
        length = round(brief.seconds / step) * lattice.step
        return Plan(through([(Fraction(0), Fraction(0)), (length, seconds_of(brief))], lattice.step), within, length)
    exact = Fraction(step) / lattice.step * 1_000_000
    rounded = round(exact)
    if len(targets.times):
        last = round(float(targets.times[-1]) / step) * lattice.step
        if last and abs(exact - rounded) * last / 1_000_000 > ASTRAY:
            return Plan(through([(Fraction(0), Fraction(0)), (last, last * exact / 1_000_000)], lattice.step), within)
    return Plan(TempoMap(((Fraction(0), rounded),)), within)


def _changing(
    brief: Brief, lattice: Lattice, within: Range, targets: Targets, places: np.ndarray, kept: Sequence[int]
) -> Plan:
    """Tempos that change at hits; not at those that a steady tempo passes within a hair."""
    times = [Fraction(repr(float(targets.times[index]))) for index in kept]
    if brief.loops:
        times.append(seconds_of(brief))
    anchors = [(Fraction(0), Fraction(0))]
    anchors += [(int(place) * lattice.step, time) for place, time in zip(places, times, strict=True)]
    index = 1
    while index < len(anchors) - 1:
        (start, begin), (onset, time), (end, finish) = anchors[index - 1 : index + 2]
        straight = begin + (onset - start) / (end - start) * (finish - begin)
        if abs(straight - time) <= Fraction(1, 1000):
            anchors.pop(index)
        else:
            index += 1
    tempi = through(anchors, lattice.step)
    length = anchors[-1][0]
    if brief.loops:
        return Plan(tempi, within, length, changes=len(anchors) > 2)
    hits = [onset for onset, _ in anchors[1:]]
    last = tempi.changes[-1][1]
    slowest, fastest = (int(limit / float(lattice.step) * 1e6) for limit in (within.high, within.low))
    tails = {min(max(round(last * ratio), fastest), slowest) for ratio in np.linspace(0.95, 1.05, 11)} | {last}

    def cost(tail: int) -> float:
        other = tempi.then(length, tail)
        best = min((ending.cost for ending in endings(brief, lattice, other, hits)), default=10.0)
        return best + (0.1 + abs(float(np.log(tail / last))) / 0.05 if tail != last else 0)

    return Plan(tempi.then(length, min(sorted(tails), key=cost)), within, changes=True)


def _short_loop(brief: Brief, lattice: Lattice, within: Range, targets: Targets) -> Plan:
    """A loop whose last bar is short: of whole beats if a tempo near the range allows, else of whole steps."""
    for unit in (lattice.beat, lattice.half, 1):
        if not unit or (unit * lattice.step * 16).denominator > 1:
            continue
        around = round(brief.seconds / within.wish / unit)
        for count in sorted({max(around + more, 1) for more in (-1, 0, 1)}, key=lambda count: abs(
            np.log(brief.seconds / (count * unit) / within.wish))):  # fmt: skip
            step = brief.seconds / (count * unit)
            if within.low / _BENT <= step <= within.high * _BENT:
                return _steady(brief, lattice, within, targets, step)
    return _steady(brief, lattice, within, targets, brief.seconds / max(round(brief.seconds / within.wish), 1))


def best_ending(brief: Brief, lattice: Lattice, tempi: TempoMap, hits: list[Fraction]) -> Ending:
    """Where the last chord falls best."""
    found = sorted(endings(brief, lattice, tempi, hits), key=lambda ending: ending.cost)
    if found:
        return found[0]
    bar = lattice.bar * lattice.step  # without a ring-out a bar line may come too near to the end
    onset = max(int(tempi.onset_at(seconds_of(brief)) / bar) - 1, 0) * bar
    return Ending(onset, Fraction(0), 0.0, brief.seconds - float(tempi.seconds_at(onset)))
