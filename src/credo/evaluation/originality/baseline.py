"""How much the pieces of a corpus share with one another, and whether a piece shares more.

People borrow from one another, and from themselves: chorales share tunes, quartets scales. So no figure is a sign of
copying by itself; it is one where it is higher than nearly all that the corpus' own pieces have, each compared with the
rest of the corpus (the baseline of Yin et al.). Pieces of one tune are what they are, and stay in. Only own pieces that
would be flagged as copies themselves, for nearly all of them lies in one other piece, are counted as repeats: the rates
have them, but the line that other pieces must not cross is drawn without them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from credo.evaluation.originality.examine import Findings, examine
from credo.evaluation.originality.index import Index, Progress
from credo.evaluation.originality.notes import Music

#: The figures of `Findings.figures` that decide.
DECIDING = ("run", "passage", "cells")
FIGURES = (*DECIDING, "covered")
#: Own pieces that are compared with the rest, and the bars of each: a passage drawn from longer ones.
MOST_PIECES, PASSAGE_BARS = 200, 32
#: Share of the own pieces that may be above the line.
LEVEL = 0.025
#: A piece is a copy, whatever the corpus is like, if so much of it lies in one piece of the corpus.
WHOLE = 0.8
#: Pieces of fewer notes are not judged.
LEAST_NOTES = 8


class Rate(NamedTuple):
    """A mean over pieces with its 95 % interval, by the bootstrap."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Judgement:
    """A piece beside the corpus' own.

    Attributes:
        above: for each figure, the share of the own pieces, repeats aside, that have less.
        flagged: whether it shares more than they do.
        reasons: why, in words.
    """

    above: dict[str, float]
    flagged: bool
    reasons: tuple[str, ...]


def measure_baseline(
    index: Index, *, most: int = MOST_PIECES, seed: int = 0, progress: Progress | None = None
) -> dict[str, Any]:
    """Compare the corpus' own pieces with the rest of it, and keep the result in the index.

    Args:
        index: the corpus.
        most: at most so many pieces, drawn at random; of each at most `PASSAGE_BARS` bars.
        seed: of what is drawn.
        progress: told after each piece.
    """
    dice = np.random.default_rng(seed)
    with_notes = np.flatnonzero(np.diff(index.starts) >= LEAST_NOTES)
    chosen = np.sort(dice.choice(with_notes, min(most, len(with_notes)), replace=False))
    rows: dict[str, list[float]] = {name: [] for name in FIGURES}
    nearest: list[float] = []
    for done, number in enumerate(chosen.tolist(), 1):
        music = passage_of(index.piece(number), PASSAGE_BARS, dice)
        found = examine(music, index, leave_out=number)
        for name, value in found.figures.items():
            rows[name].append(value)
        nearest.append(found.nearest)
        if progress:
            progress(done, len(chosen), index.names[number])
    index.own = {"figures": rows, "nearest": nearest, "pieces": len(chosen), "passage_bars": PASSAGE_BARS, "seed": seed}
    return index.own


def passage_of(music: Music, bars: int, dice: np.random.Generator) -> Music:
    """A passage of some bars, drawn at random; all of a piece that is no longer."""
    if len(music.bars) - music.upbeat <= bars:
        return music
    first = int(dice.integers(0, len(music.bars) - bars + 1))
    start, end = int(music.bars[first, 0]), int(music.bars[first + bars - 1, 1])
    own = music.only((music.onset >= start) & (music.onset < end))
    where = music.bars[first : first + bars].copy()
    where[:, :2] -= start
    return Music(own.onset - start, own.end - start, own.pitch, own.part, own.drums, where, parts=own.parts)


def rates(own: dict[str, Any], *, draws: int = 2000, seed: int = 0) -> dict[str, Rate]:
    """The borrowing rate of the corpus: the mean of each figure, with a 95 % interval (bootstrap over pieces)."""
    dice, found = np.random.default_rng(seed), {}
    for name in FIGURES:
        values = np.array(own["figures"][name], float)
        if not len(values):
            continue
        means = values[dice.integers(0, len(values), (draws, len(values)))].mean(1)
        low, high = np.quantile(means, (0.025, 0.975))
        found[name] = Rate(float(values.mean()), float(low), float(high))
    return found


def line_of(own: dict[str, Any], name: str) -> float:
    """The 97.5 % quantile of a figure among the corpus' own pieces without repeats; not a number if there are none."""
    values = _singles(own)[name]
    return float(np.quantile(values, 1 - LEVEL)) if len(values) else float("nan")


def repeats(own: dict[str, Any]) -> int:
    """How many of the own pieces lie nearly whole in another one."""
    return int((np.array(own["nearest"], float) >= WHOLE).sum())


def _singles(own: dict[str, Any]) -> dict[str, np.ndarray]:
    """The figures of the own pieces that repeat no other one; each of shape (n,)."""
    single = np.array(own["nearest"], float) < WHOLE
    return {name: np.array(own["figures"][name], float)[single] for name in FIGURES}


def judge(found: Findings, own: dict[str, Any]) -> Judgement:
    """Whether a piece shares more with the corpus than its own pieces do with one another.

    The deciding figures are taken together: a piece is as unusual as its most unusual figure, and the line is drawn
    where `LEVEL` of the own pieces lie beyond it. Of a piece that is longer than the own passages, each stretch of
    that length has a chance to be unusual, and the line lies higher accordingly. Beyond that, a piece is flagged if
    `WHOLE` of its notes lie in passages that it shares with one piece, or in one run.
    """
    figures = _singles(own)
    count = len(figures[FIGURES[0]])
    above = {name: float((values < found.figures[name]).mean()) if count else 0.0 for name, values in figures.items()}
    reasons: list[str] = []
    if found.notes >= LEAST_NOTES and found.nearest >= WHOLE:
        reasons.append(f"{found.nearest:.0%} of its notes lie in what it shares with one piece")
    if found.notes >= LEAST_NOTES and count:
        stretches = max(-(-found.bars // int(own["passage_bars"])), 1)
        line = max(_line(list(figures.values())[: len(DECIDING)]) / stretches, 1 / (count + 1))
        words = {
            "run": f"a run of {found.run.notes} notes",
            "passage": f"a passage of {found.passage.notes} notes",
            "cells": f"{found.figures['cells']:.0%} of its cells of two bars",
        }
        for name in DECIDING:
            value = found.figures[name]
            if value > 0 and (1 + (figures[name] >= value).sum()) / (count + 1) <= line:
                reasons.append(f"{words[name]}: {above[name]:.1%} of the corpus' own pieces have less")
    return Judgement(above, bool(reasons), tuple(reasons))


def _line(figures: Sequence[np.ndarray]) -> float:
    """The share of own pieces that have as much as a piece on the line, in its most unusual figure."""
    count = len(figures[0])
    tails = [1 - np.searchsorted(np.sort(values), values, "left") / count for values in figures]
    tails = [np.where(values > 0, tail, 1.0) for values, tail in zip(figures, tails, strict=True)]
    beyond = int(LEVEL * count)
    return float(np.sort(np.min(tails, 0))[beyond - 1]) if beyond else 0.0


def distance_ratio(music: Music, train: Index, held_out: Index, name: str = "") -> float:
    """How much nearer a piece is to its nearest training piece than to its nearest held-out piece.

    The distance to a piece is the share of the examined piece's shapes (see `shapes`) that the other one lacks. Of
    two sets the larger one has the nearer nearest piece by its size alone; so the expected distance to the nearest of
    as many pieces, drawn at random from the larger one, is taken.

    Args:
        music: the piece.
        train: the training pieces.
        held_out: the held-out pieces; the piece itself, by this name, does not count among them.
        name: of the piece.

    Returns:
        The ratio of the distances; below 1 for pieces nearer to the training set. Not a number where there are no
        shapes, or where a set has no pieces.
    """
    one, other = nearness(music, train), nearness(music, held_out)
    if name in held_out.names and other[held_out.names.index(name)] > 0.99:
        other = np.delete(other, held_out.names.index(name))
    size = min(len(one), len(other))
    if not size or not np.isfinite([one[0], other[0]]).all():
        return float("nan")
    near, far = _expected_least(1 - one, size), _expected_least(1 - other, size)
    return near / far if far else float("inf") if near else 1.0


def nearness(music: Music, index: Index) -> np.ndarray:
    """The share of a piece's shapes that each piece of a corpus has too, shape (pieces,)."""
    from credo.evaluation.originality.shapes import shapes_of

    shapes = shapes_of(music)
    _, first = np.unique(shapes.hash, return_index=True)
    if not len(first):
        return np.full(len(index), np.nan)
    shapes = type(shapes)(*(column[first] for column in shapes))
    mine, theirs = index.table.matches(shapes, everything=True)
    piece = np.searchsorted(index.starts, index.table.note[theirs].astype(np.int64), "right") - 1
    pairs = np.unique(mine * len(index) + piece)
    return np.bincount(pairs % len(index), minlength=len(index)) / len(first)


def _expected_least(values: np.ndarray, size: int) -> float:
    """The mean of the least of `size` of some values drawn without repeats; values have shape (n,)."""
    values, count = np.sort(values), len(values)
    left, expected = 1.0, 0.0  # the chance that none of the values before is drawn
    for number, value in enumerate(values.tolist()):
        chance = size / (count - number)
        expected += left * min(chance, 1.0) * value
        left *= 1 - min(chance, 1.0)
        if left <= 0:
            break
    return expected
