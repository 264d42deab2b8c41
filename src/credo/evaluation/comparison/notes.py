"""What a comparison needs the notes themselves for: what is copied, the grade of chorales, and likelihoods."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress

import numpy as np

from credo.errors import UsageError
from credo.evaluation.comparison.differences import RESAMPLINGS, Interval, interval
from credo.evaluation.comparison.floors import one_at_a_time
from credo.evaluation.grade import Grader
from credo.evaluation.originality import Fingerprints
from credo.music.score import Score

_VOICES = 4
_BARS = 2

#: Passages of one piece, which are drawn again together.
Piece = Sequence[Score]


def copied(pieces: Sequence[Piece], training: Fingerprints, seed: int) -> Interval:
    """Share of the stretches of two bars that stand in the training music, transposed or not, 0..1.

    See `Fingerprints.copied_cells`. Real music of one style shares some, too.

    Args:
        pieces: the passages of each piece.
        training: fingerprints of what is not to be copied.
        seed: of the dice.
    """
    shares = [[training.copied_cells(passage, _BARS) for passage in passages] for passages in pieces]
    counts = np.array([np.sum([(s.count, s.total) for s in of], axis=0) for of in shares], float).reshape(-1, 2)
    if not counts[:, 1].sum():
        return Interval(math.nan, math.nan, math.nan)
    return _quotient(counts, seed)


def grades(pieces: Sequence[Piece], grader: Grader, seed: int) -> Interval | None:
    """The median "Bach or Mock" grade of the passages in four voices, lower is better; None if most are not.

    See `Grader.grade`; passages in a mode that the reference has no piece in are left out.
    """
    found = [of for of in (list(_graded(passages, grader)) for passages in pieces) if of]
    if 2 * sum(map(len, found)) < sum(map(len, pieces)) or not found:
        return None
    dice = np.random.default_rng(seed)
    drawn = [
        np.median(np.concatenate([found[number] for number in dice.integers(len(found), size=len(found))]))
        for _ in range(RESAMPLINGS)
    ]
    return interval(float(np.median(np.concatenate(found))), np.array(drawn))


def likelihood(
    pieces: Sequence[Piece], nats: Callable[[Sequence[Score]], np.ndarray], seed: int
) -> tuple[Interval | None, int, int]:
    """Nats a cell of the passages under a model.

    Args:
        pieces: the passages of each piece.
        nats: gives nats and cells of each of n passages, shape (n, 2), NaN where a passage does not fit the model.
        seed: of the dice.

    Returns:
        All nats by all cells, with an interval over pieces, None if half of the passages do not fit or more; how many
        fit; and how many there are.
    """
    piece = np.repeat(np.arange(len(pieces)), [len(passages) for passages in pieces])
    found = np.asarray(nats([passage for passages in pieces for passage in passages]), float).reshape(-1, 2)
    fits = np.isfinite(found).all(axis=1)
    if 2 * fits.sum() <= len(fits):
        return None, int(fits.sum()), len(fits)
    sums = np.stack([np.bincount(piece[fits], column, len(pieces)) for column in found[fits].T], axis=1)
    return _quotient(sums[sums[:, 1] > 0], seed), int(fits.sum()), len(fits)


def _quotient(sums: np.ndarray, seed: int) -> Interval:
    """One sum over pieces by the other, shape (pieces, 2), with an interval over pieces drawn again."""
    dice = np.random.default_rng(seed)
    drawn = dice.multinomial(len(sums), np.full(len(sums), 1 / len(sums)), RESAMPLINGS) @ sums
    with np.errstate(invalid="ignore"):
        return interval(float(np.divide(*sums.sum(axis=0))), drawn[:, 0] / drawn[:, 1])


def _graded(passages: Piece, grader: Grader) -> Iterator[float]:
    for passage in filter(in_four_voices, passages):
        with suppress(UsageError):
            yield grader.grade(passage).total


def in_four_voices(score: Score) -> bool:
    """Whether a piece has four parts that sound one note at a time, and no other."""
    return len(score.parts) == _VOICES and all(
        part.notes and not part.is_drums and one_at_a_time(part) for part in score.parts
    )
