"""What a comparison needs the notes themselves for: what is copied, and the grade of chorales."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
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
    dice = np.random.default_rng(seed)
    drawn = dice.multinomial(len(counts), np.full(len(counts), 1 / len(counts)), RESAMPLINGS) @ counts
    with np.errstate(invalid="ignore"):
        return interval(float(np.divide(*counts.sum(axis=0))), drawn[:, 0] / drawn[:, 1])


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


def _graded(passages: Piece, grader: Grader) -> Iterator[float]:
    for passage in filter(in_four_voices, passages):
        with suppress(UsageError):
            yield grader.grade(passage).total


def in_four_voices(score: Score) -> bool:
    """Whether a piece has four parts that sound one note at a time, and no other."""
    return len(score.parts) == _VOICES and all(
        part.notes and not part.is_drums and one_at_a_time(part) for part in score.parts
    )
