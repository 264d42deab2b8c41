"""Tempos under which times fall on steps: one for all, or one from hit to hit.

Time is counted in seconds and tempo as seconds a step. Everything is tried at once for all candidate tempos.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credo.compose.cue.sheets.brief import Brief
from credo.compose.cue.timing.ending import ending_costs
from credo.compose.cue.timing.lattice import Lattice

#: A hit that is so near to a step falls on it, in seconds.
NEAR = 0.005
#: The largest change of tempo at a hit, as a ratio.
LARGEST_CHANGE = 1.12
_GRAIN = 0.0015  # neighbouring tempos differ by so many seconds at the last hit
_BASES, _AROUND = 96, 4  # steady tempos that changes keep to, and steps to either side of where these lead
_REFINED = 40
_FREE = 0.0005  # a change of tempo (log) that is none


@dataclass(frozen=True, slots=True)
class Range:
    """Tempos that will do, as seconds a step.

    Attributes:
        low, high: the fastest and the slowest.
        wish: the one that would be best.
    """

    low: float
    high: float
    wish: float

    def cost(self, steps: np.ndarray) -> np.ndarray:
        """How far tempos are from the wish, 1 at 15 %, any shape."""
        return (np.log(steps / self.wish) / np.log(1.15)) ** 2


@dataclass(frozen=True, slots=True)
class Targets:
    """What is to fall on steps.

    Attributes:
        times: seconds, growing, shape (H,).
        weights: their mean is 1, shape (H,).
    """

    times: np.ndarray
    weights: np.ndarray

    def without(self, index: int) -> Targets:
        """All but one."""
        weights = np.delete(self.weights, index)
        return Targets(np.delete(self.times, index), weights / weights.mean() if len(weights) else weights)


def candidates(brief: Brief, lattice: Lattice, within: Range, last: float) -> np.ndarray:
    """Steady tempos worth trying, shape (C,): of a loop those that fill whole bars, else all, finely.

    Args:
        brief: its ending and its length.
        lattice: the metre.
        within: the range.
        last: time of the last hit, in seconds.
    """
    if brief.loops:
        return brief.seconds / (loop_bars(brief, lattice, within) * lattice.bar)
    spread = np.log(within.high / within.low)
    count = int(np.clip(np.ceil(spread * max(last, brief.seconds / 8) / _GRAIN), 2, 500_000)) if spread > 0 else 1
    return np.unique(np.append(np.geomspace(within.low, within.high, count), within.wish))


def loop_bars(brief: Brief, lattice: Lattice, within: Range) -> np.ndarray:
    """Numbers of bars that fill the cue at some tempo of the range, shape (C,); none of them may do."""
    most = int(brief.seconds / (within.low * lattice.bar) * (1 + 1e-9))
    fewest = max(int(np.ceil(brief.seconds / (within.high * lattice.bar) * (1 - 1e-9))), 1)
    return np.arange(fewest, most + 1)


def steady(brief: Brief, lattice: Lattice, within: Range, targets: Targets, *, all_land: bool = True) -> float | None:
    """The best steady tempo.

    Args:
        brief: the brief.
        lattice: the metre.
        within: the range.
        targets: the hits.
        all_land: whether all hits have to fall on steps; else as much of their weight as can.

    Returns:
        Seconds a step; None if there is none at which all hits fall on steps.
    """
    steps = candidates(brief, lattice, within, float(targets.times[-1]) if len(targets.times) else 0.0)
    if all_land:
        for time in targets.times[::-1]:  # the last is the hardest, so few are left after it
            steps = steps[np.abs(time - np.rint(time / steps) * steps) <= NEAR + _GRAIN / 2]
    if not len(steps):
        return None
    costs = _costs(brief, lattice, within, targets, steps, all_land)
    best = steps[np.argsort(costs, kind="stable")[:_REFINED]]
    if len(targets.times) and not brief.loops:
        best = np.concatenate([best, _refined(best, within, targets)]) if all_land else best
    costs = _costs(brief, lattice, within, targets, best, all_land)
    winner = int(np.argmin(costs))
    return float(best[winner]) if np.isfinite(costs[winner]) else None


def _costs(
    brief: Brief, lattice: Lattice, within: Range, targets: Targets, steps: np.ndarray, all_land: bool
) -> np.ndarray:
    """What steady tempos cost, shape (C,): far from the wish, hits on weak places, an ending that is late or early."""
    costs = within.cost(steps)
    if brief.loops:  # phrases have two or four bars
        bars = np.rint(brief.seconds / (steps * lattice.bar))
        costs = costs + np.where(bars % 4 == 0, 0, np.where(bars % 2 == 0, 0.15, np.where(bars > 1, 0.4, 0)))
    else:
        costs = costs + ending_costs(brief, lattice, steps, brief.seconds / steps)
    strength = lattice.costs
    count = max(len(targets.times), 1)
    for time, weight in zip(targets.times, targets.weights, strict=True):
        places = np.rint(time / steps)
        off = np.abs(time - places * steps)
        missed = np.inf if all_land else 10.0
        cost = strength[places.astype(int) % lattice.bar] + 0.2 * off / NEAR
        costs = costs + weight / count * np.where(off <= NEAR, cost, missed)
    return costs


def _refined(steps: np.ndarray, within: Range, targets: Targets) -> np.ndarray:
    """Tempos moved to where the hits' weighted squared distances from their steps are least, shape (C,)."""
    places = np.rint(targets.times[None] / steps[:, None])  # (C, H)
    weighted = targets.weights * places
    best = (weighted * targets.times).sum(1) / np.maximum((weighted * places).sum(1), 1)
    return np.clip(np.where(best > 0, best, steps), within.low, within.high)


def changing(brief: Brief, lattice: Lattice, within: Range, targets: Targets) -> tuple[np.ndarray, list[int]]:
    """Places of hits, with as little change of tempo between them as can be.

    Dynamic programming over the places of each two neighbouring hits, for many steady tempos at once to whose
    neighbourhood the places are held. A hit that no tempo of the range leads to is left out: the lighter one of the two
    that are in each other's way.

    Args:
        brief: the brief; the end of a loop is one of the places, on a bar line.
        lattice: the metre.
        within: the range.
        targets: the hits, H of them.

    Returns:
        Steps from the start of the hits that are kept, and of the end for a loop; and which of the H are kept.
    """
    kept = list(range(len(targets.times)))
    while True:
        found = _changing(brief, lattice, within, targets)
        if isinstance(found, np.ndarray):
            return found, kept
        stuck = min(found, len(targets.times) - 1)
        if stuck < 0:
            return np.zeros(0), []
        lighter = stuck - 1 if stuck > 0 and targets.weights[stuck - 1] < targets.weights[stuck] else stuck
        targets = targets.without(lighter)
        kept.pop(lighter)


def _changing(brief: Brief, lattice: Lattice, within: Range, targets: Targets) -> np.ndarray | int:
    """The places, or which hit could not be led to."""
    bases = np.append(np.geomspace(within.low, within.high, _BASES), within.wish)
    times, weights = targets.times, targets.weights
    around = np.arange(-_AROUND, _AROUND + 1)
    places = [np.rint(time / bases)[:, None] + around for time in times]  # each (B, K)
    costs = [weight * lattice.costs[place.astype(int) % lattice.bar] / max(len(times), 1)
             for place, weight in zip(places, weights, strict=True)]  # fmt: skip
    if brief.loops:
        bars = loop_bars(brief, lattice, within)
        if not len(bars):
            return len(times)
        near = np.abs(bars * lattice.bar - (brief.seconds / bases)[:, None]).argsort(1, kind="stable")[:, :3]
        places.append((bars * lattice.bar)[near].astype(float))
        costs.append(np.zeros(places[-1].shape))
        times = np.append(times, brief.seconds)
    if not places:
        return np.zeros(0)
    # best[b, j, k]: of all ways whose last two places are j and k
    tempo = _between(places[0], np.zeros((len(bases), 1)), times[0], within)  # (B, 1, K)
    share = np.diff(times, prepend=0) / times[-1]
    best = share[0] * within.cost(tempo) + costs[0][:, None]
    best = np.where(np.isfinite(tempo), best, np.inf)
    back: list[np.ndarray] = []
    for index in range(1, len(times)):
        if not np.isfinite(best).any():
            return index - 1
        following = _between(places[index], places[index - 1], times[index] - times[index - 1], within)  # (B, K, K')
        with np.errstate(invalid="ignore"):
            change = np.abs(np.log(following[:, None] / tempo[..., None]))  # (B, J, K, K')
        change = np.where(change <= np.log(LARGEST_CHANGE), change / np.log(1.04) + 0.2 * (change > _FREE), np.inf)
        ways = best[..., None] + change
        back.append(ways.argmin(1))
        best = ways.min(1) + share[index] * within.cost(following) + costs[index][:, None]
        best = np.where(np.isnan(best), np.inf, best)
        tempo = following
    if not np.isfinite(best).any():
        return len(times) - 1
    if not brief.loops:
        steps = np.where(np.isfinite(tempo), tempo, within.wish)
        best = best + ending_costs(brief, lattice, steps, places[-1][:, None] + (brief.seconds - times[-1]) / steps)
    base, left, right = np.unravel_index(int(np.argmin(best)), best.shape)
    indices = [int(right), int(left)]
    for pointers in back[::-1]:
        indices.append(int(pointers[base, indices[-1], indices[-2]]))
    return np.array([places[i][base, k] for i, k in enumerate(indices[::-1][1:])])


def _between(places: np.ndarray, before: np.ndarray, seconds: float, within: Range) -> np.ndarray:
    """Seconds a step from each place before to each place; nan outside the range. (B, K') and (B, K) to (B, K, K')."""
    count = places[:, None, :] - before[:, :, None]
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = seconds / count
    fits = (count > 0) & (steps >= within.low * (1 - 1e-7)) & (steps <= within.high * (1 + 1e-7))
    return np.where(fits, steps, np.nan)
