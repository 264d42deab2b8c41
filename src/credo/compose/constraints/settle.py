"""The last word: where rules are still broken after the sampling, the smallest change of free notes that mends them.

A local search without chance: at the first place that is broken, all values of all notes around it (else of single
cells, else of two of them at once) are tried, and the best is taken: the one that breaks least and, among these,
changes the music least. Where nothing helps at once, the search may get worse for a while, and never goes back to what
it has tried (tabu search). What is held, forbidden or tied is respected throughout.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import NamedTuple

import numpy as np

_POPCOUNT = np.array([bin(bits).count("1") for bits in range(4096)])


class Effort(NamedTuple):
    """How hard the search tries at a place before it leaves it.

    Attributes:
        moves: changes one after another.
        reach: steps before and after the place whose notes may change too.
        spots, values: where two notes change at once: how many notes are looked at, and values of each.
        failures: places that may be left as they are before the search ends.
    """

    moves: int
    reach: int
    spots: int
    values: int
    failures: int


#: Little effort first; more for what is left.
_EFFORTS = (Effort(8, 0, 6, 6, 60), Effort(40, 0, 10, 8, 12), Effort(120, 4, 14, 8, 4))


@dataclass(frozen=True, eq=False)
class Laws:
    """Rules on the mono voices, as counts of what breaks them.

    Attributes:
        parallels: whether parallels are forbidden.
        tones: bits of pitch classes of the chord at each step, 0 for no chord, shape (T,).
        required: bits of pitch classes that have to be there, shape (T,).
    """

    parallels: bool
    tones: np.ndarray
    required: np.ndarray

    def at_steps(self, x: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """What is broken at single steps; pitches (B, M, V) at steps (M,) to (B, M)."""
        count = np.zeros(x.shape[:2], int)
        required = self.required[steps]
        if required.any():
            there = np.bitwise_or.reduce(np.where(x >= 0, 1 << (x % 12), 0), axis=2)
            count += _POPCOUNT[required & ~there]
        return count

    def between(self, one: np.ndarray, two: np.ndarray, steps: np.ndarray) -> np.ndarray:
        """What is broken between steps and the ones after them; twice (B, M, V), first steps (M,) to (B, M)."""
        count = np.zeros(one.shape[:2], int)
        if self.parallels:
            both, move = (one >= 0) & (two >= 0), two - one
            for v, w in combinations(range(one.shape[2]), 2):
                interval = (one[:, :, v] - one[:, :, w]) % 12
                same = ((interval == 0) | (interval == 7)) & ((two[:, :, v] - two[:, :, w]) % 12 == interval)
                count += both[:, :, v] & both[:, :, w] & same & (move[:, :, v] * move[:, :, w] > 0)
        far = (one < 0) | (two < 0) | (np.abs(two - one) > 2)
        for x, at in ((one, steps), (two, steps + 1)):
            tones = np.where((at >= 0) & (at < len(self.tones)), self.tones[np.clip(at, 0, len(self.tones) - 1)], 0)
            if tones.any():
                bits = tones[None, :, None]
                count += ((x >= 0) & (bits > 0) & (bits >> (x % 12) & 1 == 0) & far).sum(2)
        return count


class Move(NamedTuple):
    """A change.

    Attributes:
        cells: the cells that change, (step, voice) pairs, shape (n, 2).
        value: their new pitch, -1 for a rest.
    """

    cells: np.ndarray
    value: int


class _Choice(NamedTuple):
    """A change and what comes of it: how much more is broken, how much the music changes; sorted by these."""

    broken: int
    unease: float
    number: int
    moves: tuple[Move, ...]


@dataclass(eq=False)
class Search:
    """The search; its result is in `x`.

    Attributes:
        x: pitches of the mono voices, shape (T, V), -1 for a rest.
        begins: where notes begin, shape (T, V), bool.
        group: cells of one number are tied, shape (T, V), int; -1 for held ones.
        values: the pitches (-1 for a rest) that a cell may have.
        laws: what has to hold.
        narrow: further cells' values that are out of reach, given all others; None for none.
    """

    x: np.ndarray
    begins: np.ndarray
    group: np.ndarray
    values: Callable[[int, int], frozenset[int]]
    laws: Laws
    narrow: Callable[[np.ndarray], Callable[[int, int, int], bool]] | None = None
    _members: dict[int, np.ndarray] = field(default_factory=dict)

    def __post_init__(self) -> None:
        free = np.argwhere(self.group >= 0)
        numbers = self.group[free[:, 0], free[:, 1]]
        order = np.argsort(numbers, kind="stable")
        cuts = np.flatnonzero(np.diff(numbers[order])) + 1
        for cells in np.split(free[order], cuts) if len(free) else []:
            self._members[int(self.group[tuple(cells[0])])] = cells

    def run(self) -> list[int]:
        """Mend what can be mended; returns the steps at which something stays broken."""
        certain = self._of_held()
        for effort in _EFFORTS:
            hopeless: set[int] = set()
            while broken := [step for step in self._steps(self._count() > certain) if step not in hopeless]:
                if not self._mend(broken[0], effort):
                    hopeless.add(broken[0])
                    if len(hopeless) > effort.failures:
                        break
        return self.broken()

    def _of_held(self) -> np.ndarray:
        """How much held notes break among themselves, which nothing can mend; as `_count`."""
        held = np.pad(self.group < 0, ((1, 1), (0, 0)), constant_values=True)
        steps, x = np.arange(-1, len(self.x)), np.pad(self.x, ((1, 1), (0, 0)), constant_values=-1)
        silence, nothing = np.where(held, x, -1)[None], np.zeros_like(self.laws.tones)
        count = replace(self.laws, tones=nothing).between(silence[:, :-1], silence[:, 1:], steps)[0]
        both = held[:-1] & held[1:]
        one, two = (np.where(both, side, -1)[None] for side in (x[:-1], x[1:]))
        count += replace(self.laws, parallels=False).between(one, two, steps)[0]
        missing = self.laws.at_steps(silence[:, 1:-1], steps[1:])[0]
        count[1:] += np.maximum(missing - (~held[1:-1]).sum(1), 0)
        return count

    def broken(self) -> list[int]:
        """Steps at which, or between which and the next, something is broken; -1 for before the first."""
        return self._steps(self._count() > 0)

    @staticmethod
    def _steps(flags: np.ndarray) -> list[int]:
        return [int(step) - 1 for step in np.flatnonzero(flags)]

    def _count(self) -> np.ndarray:
        """How much is broken at each step and between it and the next, from before the first on; shape (T + 1,)."""
        steps = np.arange(-1, len(self.x))
        padded = np.pad(self.x, ((1, 1), (0, 0)), constant_values=-1)[None]
        count = self.laws.between(padded[:, :-1], padded[:, 1:], steps)[0]
        count[1:] += self.laws.at_steps(self.x[None], steps[1:])[0]
        return count

    def _mend(self, step: int, effort: Effort) -> bool:
        """Mend what is broken at a step; says whether less is broken than before, else nothing has changed."""
        start, total, tabu = self.x.copy(), 0.0, set()
        for _ in range(effort.moves):
            moves = [move for move in self._moves(step, effort.reach) if self._after((move,)) not in tabu]
            if not moves:
                break
            choice = self._score([(move,) for move in moves])
            best = min(choice)
            if best.broken + total >= 0 and self.narrow is None:
                pairs = [pair for pair in self._pairs(choice, effort) if self._after(pair) not in tabu]
                best = min([best, *self._score(pairs)])
            tabu.add(self._before(best.moves))
            for cells, value in best.moves:
                self.x[cells[:, 0], cells[:, 1]] = value
            total += best.broken
            if total < 0:
                return True
        self.x[:] = start
        return False

    def _after(self, moves: tuple[Move, ...]) -> tuple[tuple[int, ...], ...]:
        return tuple((*map(int, move.cells[0]), len(move.cells), move.value) for move in moves)

    def _before(self, moves: tuple[Move, ...]) -> tuple[tuple[int, ...], ...]:
        return tuple((*map(int, c[0]), len(c), int(self.x[tuple(c[0])])) for c, _ in moves)

    def _spots(self, step: int, reach: int) -> list[np.ndarray]:
        """What may change as one around a step: whole notes, and single cells with what is tied to them."""
        spots: dict[tuple[tuple[int, int], ...], np.ndarray] = {}
        for t in range(step - reach, step + 2 + reach):
            if not 0 <= t < len(self.x):
                continue
            for v in range(self.x.shape[1]):
                if self.group[t, v] >= 0:
                    for cells in (self._note(t, v), self._members[int(self.group[t, v])]):
                        spots.setdefault((len(cells), *map(tuple, cells[:2])), cells)
        return list(spots.values())

    def _note(self, t: int, v: int) -> np.ndarray:
        """The cells of the free part of a note, and all that is tied to them."""
        first, last = t, t
        while first > 0 and not self.begins[first, v] and self._goes_on(first - 1, first, v):
            first -= 1
        while last + 1 < len(self.x) and not self.begins[last + 1, v] and self._goes_on(last, last + 1, v):
            last += 1
        numbers = np.unique(self.group[first : last + 1, v])
        return np.concatenate([self._members[int(number)] for number in numbers])

    def _goes_on(self, one: int, two: int, v: int) -> bool:
        return self.x[one, v] == self.x[two, v] and min(self.group[one, v], self.group[two, v]) >= 0

    def _moves(self, step: int, reach: int) -> Iterator[Move]:
        narrow = self.narrow(self.x) if self.narrow else None
        for cells in self._spots(step, reach):
            values = frozenset.intersection(*(self.values(int(t), int(v)) for t, v in cells))
            for value in sorted(values):
                stays = (self.x[cells[:, 0], cells[:, 1]] == value).all()
                if not stays and (narrow is None or all(narrow(int(t), int(v), value) for t, v in cells)):
                    yield Move(cells, value)

    def _pairs(self, choice: list[_Choice], effort: Effort) -> Iterator[tuple[Move, Move]]:
        """Two changes at once, of the best ones of each spot; all pairs would be too many."""
        spots: dict[int, list[_Choice]] = {}
        for one in sorted(choice):
            spots.setdefault(id(one.moves[0].cells), []).append(one)
        for one, two in combinations(list(spots.values())[: effort.spots], 2):
            if not _overlap(one[0].moves[0], two[0].moves[0]):
                yield from ((a.moves[0], b.moves[0]) for a in one[: effort.values] for b in two[: effort.values])

    def _score(self, moves: list[tuple[Move, ...]]) -> list[_Choice]:
        """How much more each change breaks, and how much it changes the music."""
        result: list[_Choice] = []
        spots: dict[tuple[int, ...], list[int]] = {}
        for number, move in enumerate(moves):
            spots.setdefault(tuple(id(part.cells) for part in move), []).append(number)
        for numbers in spots.values():
            places = [part.cells for part in moves[numbers[0]]]
            steps = np.unique(np.concatenate([cells[:, 0] for cells in places]))
            firsts = np.unique(np.concatenate([steps, steps - 1]))
            rows = np.unique(np.concatenate([firsts, firsts + 1]))
            inside = (rows >= 0) & (rows < len(self.x))
            local = np.where(inside[:, None], self.x[np.clip(rows, 0, len(self.x) - 1)], -1)
            batch = np.repeat(local[None], len(numbers) + 1, axis=0)  # the last one as it is
            for part, cells in enumerate(places):
                values = np.array([moves[number][part].value for number in numbers])
                batch[:-1, np.searchsorted(rows, cells[:, 0]), cells[:, 1]] = values[:, None]
            at, here = np.searchsorted(rows, firsts), np.searchsorted(rows, steps)
            count = self.laws.between(batch[:, at], batch[:, at + 1], firsts).sum(1)
            count += self.laws.at_steps(batch[:, here], steps).sum(1)
            unease = _unease(batch, at) + 0.05 * np.abs(batch - batch[-1:]).sum((1, 2))
            unease += 0.1 * sum(map(len, places))
            result += [
                _Choice(int(count[row] - count[-1]), float(unease[row] - unease[-1]), number, moves[number])
                for row, number in enumerate(numbers)
            ]
        return result


def _overlap(one: Move, two: Move) -> bool:
    return bool((one.cells[:, None] == two.cells[None]).all(2).any())


def _unease(x: np.ndarray, at: np.ndarray) -> np.ndarray:
    """Changes of pitch, leaps, rests and crossing voices; pitches (B, M, V) to (B,)."""
    one, two = x[:, at], x[:, at + 1]
    sound = (one >= 0) & (two >= 0)
    leap = np.where(sound, np.abs(two - one), 0)
    changes = (one != two).sum((1, 2)) + 0.2 * np.maximum(leap - 4, 0).sum((1, 2))
    high, low = two[:, :, :-1], two[:, :, 1:]
    crossed = ((high < low) & (high >= 0) & (low >= 0)).sum((1, 2))
    return changes + 2.0 * (two < 0).sum((1, 2)) + 1.0 * crossed


def thin_out(keys: np.ndarray, free: np.ndarray, group: np.ndarray, most: int) -> None:
    """Leave out notes where too many keys sound at once, in place: those that begin last, from the middle of the chord.

    Args:
        keys: what sounds, shape (T, P), bool.
        free: what may be left out, shape (T, P), bool.
        group: cells of one number are tied, shape (T, P), int.
        most: keys that may sound at once.
    """
    for step in range(len(keys)):
        sounding = np.flatnonzero(keys[step])
        while len(sounding) > most:
            choice = [key for key in sounding if free[step, key]]
            if not choice:
                break
            old = {key: bool(step and keys[step - 1, key]) for key in choice}
            edges = (sounding[0], sounding[-1])
            key = min(choice, key=lambda key: (old[key], key in edges, -int(key)))
            stop = step
            while stop < len(keys) and keys[stop, key] and free[stop, key]:
                keys[np.isin(group, group[stop, key]) & free] = False
                stop += 1
            sounding = np.flatnonzero(keys[step])
