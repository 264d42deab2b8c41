"""Which pieces to recommend: liked by what is known, worth finding out, and unlike each other."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credo.library.taste.model import Taste, likeness
from credo.library.taste.shelf import Shelf

#: What is usual, chosen in benchmarks/taste.py.
EXPLORE, DIVERSITY = 0.1, 0.1
#: Pieces that are compared with each other, and pieces that stand for a library.
_CLOSER, _SAMPLE = 400, 1000


class Choice(NamedTuple):
    """Places of pieces on a shelf, the first to be recommended first, and what is expected of each.

    Attributes:
        places: shape (k,).
        mean: expected liking, shape (k,).
        deviation: how unsure that is, shape (k,).
        certain: places of the k pieces that are expected to be liked most, whatever may be found out, shape (k,).
        stands_for: at a cold start the share of the library that is most like each, shape (k,); else zeros.
    """

    places: np.ndarray
    mean: np.ndarray
    deviation: np.ndarray
    certain: np.ndarray
    stands_for: np.ndarray


def choose(
    shelf: Shelf,
    taste: Taste,
    *,
    count: int = 10,
    explore: float = EXPLORE,
    diversity: float = DIVERSITY,
    allowed: np.ndarray | None = None,
) -> Choice:
    """Choose pieces for a listener.

    A piece's merit is (1 - explore) times what is expected of it and explore times how unsure that is, an upper bound
    of liking that grows with `explore` (P. Auer, JMLR 3, 2002); of each further piece, `diversity` times its greatest
    likeness to those chosen before is taken off (maximal marginal relevance, J. Carbonell and J. Goldstein, SIGIR
    1998). As long as nothing was liked, the pieces are chosen that stand for the library best beside those that were
    rated; see `typical`.

    Args:
        shelf: the pieces.
        taste: the listener's.
        count: at most so many.
        explore: 0 for what is sure to be liked, 1 for what tells most of the listener.
        diversity: 0 for pieces that may be like each other, 1 for pieces that may not.
        allowed: which pieces may be chosen, bool, shape (n,); None for all.
    """
    places = np.arange(len(shelf)) if allowed is None else np.flatnonzero(allowed)
    if not (taste.liking > 0).any():
        chosen, shares = typical(shelf, places, count, taste.rated)
        known = taste.liking_of(shelf.rows(chosen))
        return Choice(chosen, known.mean, known.deviation, chosen, shares)
    known = taste.liking_of(shelf.rows(places))
    merit = (1 - explore) * known.mean + explore * known.deviation
    top = np.argsort(-merit, kind="stable")[:_CLOSER]
    alike = likeness(shelf.rows(places[top]), shelf.rows(places[top]))
    picked = _marginal(merit[top], alike, count, diversity)
    chosen = top[picked]
    certain = places[np.argsort(-known.mean, kind="stable")[:count]]
    return Choice(places[chosen], known.mean[chosen], known.deviation[chosen], certain, np.zeros(len(chosen)))


def _marginal(merit: np.ndarray, alike: np.ndarray, count: int, diversity: float) -> np.ndarray:
    left, nearest, picked = merit.astype(float).copy(), np.zeros(len(merit)), list[int]()
    for _ in range(min(count, len(merit))):
        best = int(np.argmax(left - diversity * np.maximum(nearest, 0)))
        picked.append(best)
        left[best] = -np.inf
        nearest = np.maximum(nearest, alike[best])
    return np.array(picked, np.int64)


def typical(shelf: Shelf, places: np.ndarray, count: int, known: Shelf) -> tuple[np.ndarray, np.ndarray]:
    """The pieces that together are nearest to all: typical each, and unlike each other.

    Greedy choice for facility location, within 1 - 1/e of the best (G. Nemhauser, L. Wolsey and M. Fisher, Mathematical
    Programming 14, 1978), over a fair sample of a large library.

    Args:
        shelf: the pieces.
        places: of those that may be chosen.
        count: at most so many.
        known: pieces that need nobody to stand for what is like them.

    Returns:
        Places, shape (k,), and the share of the library that is nearer to each than to the others, shape (k,).
    """
    dice = np.random.default_rng(0)
    some = places if len(places) <= _SAMPLE else np.sort(dice.choice(places, _SAMPLE, replace=False))
    alike = likeness(shelf.rows(some), shelf.rows(some)).astype(float)
    nearest, picked = np.full(len(some), -1.0), list[int]()
    if len(known):
        nearest = likeness(shelf.rows(some), known).max(1).astype(float)
    for _ in range(min(count, len(some))):
        gain = np.maximum(alike - nearest[:, None], 0).sum(0)
        gain[picked] = -1
        picked.append(int(gain.argmax()))
        nearest = np.maximum(nearest, alike[:, picked[-1]])
    if not picked:
        return some[:0], np.zeros(0)
    owner = alike[:, picked].argmax(1)
    return some[picked], np.bincount(owner, minlength=len(picked)) / len(some)
