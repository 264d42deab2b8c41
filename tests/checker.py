"""Plain checks of what constraints promise, on finished grids; each returns the steps that break the promise.

They share no code with `credo.compose.constraints`: scales and chords are spelt out by the tests.
"""

from __future__ import annotations

import numpy as np

from credo.music.grid import REST, Grid


def pitches(grid: Grid) -> np.ndarray:
    """(T, V) of mono voices."""
    return np.stack([cells.sounding.astype(int) for cells in grid.voices], axis=1)


def outside_scale(grid: Grid, classes: set[int]) -> set[tuple[int, int]]:
    x = pitches(grid)
    return {(t, v) for t, v in np.argwhere(x != REST) if x[t, v] % 12 not in classes}


def outside_range(grid: Grid, voice: int, low: int, high: int) -> set[tuple[int, int]]:
    x = pitches(grid)[:, voice]
    return {(int(t), voice) for t in np.flatnonzero(x != REST) if not low <= x[t] <= high}


def parallel(grid: Grid) -> set[tuple[int, int, int]]:
    """First step, and two voices."""
    x, found = pitches(grid), set()
    for t in range(len(x) - 1):
        for v in range(x.shape[1]):
            for w in range(v + 1, x.shape[1]):
                a, b, c, d = x[t, v], x[t, w], x[t + 1, v], x[t + 1, w]
                if REST in (a, b, c, d) or (c - a) * (d - b) <= 0:
                    continue
                if (a - b) % 12 in (0, 7) and (a - b) % 12 == (c - d) % 12:
                    found.add((t, v, w))
    return found


def off_pattern(grid: Grid, voice: int, pattern: str, bar: int) -> set[tuple[int, int]]:
    """`bar` in steps; the piece begins with a bar."""
    cells, unit, found = grid.voices[voice], bar // len(pattern), set()
    for t in range(len(cells)):
        sign = pattern[t % bar // unit]
        if sign == "x" and t % unit:
            sign = "-"
        sounds, begins = cells.sounding[t] != REST, bool(cells.attack[t])
        if (sounds, begins) != {"x": (True, True), "-": (True, False), ".": (False, False)}[sign]:
            found.add((t, voice))
    return found


def too_dense(grid: Grid, voice: int, most: int, bar: int) -> set[tuple[int, int]]:
    attack = grid.voices[voice].attack
    return {(t, voice) for t in range(0, len(attack), bar) if attack[t : t + bar].sum() > most}


def too_many(grid: Grid, most: int) -> set[int]:
    return set(np.flatnonzero((pitches(grid) != REST).sum(1) > most).tolist())


def differing(grid: Grid, copy: int, original: int, bar: int) -> set[tuple[int, int]]:
    """Bars by number from 0; a note may be struck at the first step of one and go on in the other."""
    found = set()
    for v, cells in enumerate(grid.voices):
        for t in range(bar):
            a, b = copy * bar + t, original * bar + t
            same = cells.sounding[a] == cells.sounding[b] and (t == 0 or cells.attack[a] == cells.attack[b])
            if not same:
                found.add((a, v))
    return found


def off_chords(grid: Grid, plan: list[tuple[set[int], int, int]], scale: set[int], beat: int) -> set[tuple[int, int]]:
    """Chords of a bar each: classes, root and third; (step, voice) of what is wrong."""
    x, found, bar = pitches(grid), set(), 4 * beat
    last = x.shape[1] - 1
    for t in range(len(x)):
        classes, root, third = plan[t // bar % len(plan)]
        for v in range(x.shape[1]):
            p = x[t, v]
            if p == REST or p % 12 in classes:
                continue
            around = [x[t - 1, v] if t else REST, x[t + 1, v] if t + 1 < len(x) else REST]
            if t % beat == 0 or p % 12 not in scale or any(q == REST or abs(q - p) > 2 for q in around):
                found.add((t, v))
        if t % bar == 0:
            if x[t, last] == REST or x[t, last] % 12 != root:
                found.add((t, last))
            if x.shape[1] >= 3 and third not in {p % 12 for p in x[t] if p != REST}:
                found.add((t, 0))
    return found


def no_cadence(grid: Grid, tonic: int, third: int, beat: int) -> list[str]:
    """What is wrong with the end of a piece in bars of four beats; `third` in semitones above the tonic."""
    x, wrong = pitches(grid), []
    final, before = x[-2 * beat :], x[-3 * beat]
    if (final == REST).any() or (final != final[0]).any():
        wrong.append("the final chord does not last")
    classes = [int(p - tonic) % 12 for p in final[0]]
    if not set(classes) <= {0, third, 7} or third not in classes or classes[-1] or classes[0] not in (0, third):
        wrong.append(f"the final chord is {classes}")
    if any(cells.attack[-2 * beat + 1 :].any() for cells in grid.voices):
        wrong.append("notes begin in the final chord")
    dominant = [int(p - tonic) % 12 for p in before if p != REST]
    if not set(dominant) <= {7, 11, 2, 5} or 11 not in dominant or dominant[-1] != 7:
        wrong.append(f"the dominant is {dominant}")
    return wrong
