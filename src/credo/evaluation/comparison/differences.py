"""How far two sets of passages are from each other, with intervals.

All intervals are of the bootstrap over pieces (B. Efron, "Bootstrap Methods: Another Look at the Jackknife", Annals of
Statistics 7, 1979), since passages of one piece are not independent: pieces are drawn again, with all their passages.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from credo.errors import MissingExtraError
from credo.evaluation.comparison.pieces import Figures
from credo.evaluation.features import bandwidth, density

RESAMPLINGS = 1000
#: Pieces of a set that the classifier sees, at most.
MOST_TOLD = 1000
CONFIDENCE = 0.95
_POINTS = 512
#: What a figure that cannot be measured is put at, in standard deviations of the reference: its mean.
_ABSENT = 0.0
#: Standard deviations beyond which nothing is further away.
_FURTHEST = 5.0
_FOLDS = 5


class Interval(NamedTuple):
    """A figure with a confidence interval of 95 %.

    Attributes:
        value: the figure; NaN where nothing could be measured.
        low: lower end.
        high: upper end.
    """

    value: float
    low: float
    high: float


class Means(NamedTuple):
    """One figure of two sets.

    Attributes:
        ours: mean of one set.
        theirs: mean of the other, the reference.
        effect: the difference of the means, in standard deviations of the reference; NaN where that has none.
        overlap: area that the densities of the two sets share, 0..1 (smoothed as `credo.evaluation.features` does).
    """

    ours: Interval
    theirs: Interval
    effect: Interval
    overlap: float


def mean(values: np.ndarray, piece: np.ndarray, seed: int = 0) -> Interval:
    """The mean over passages, NaN left out.

    Args:
        values: shape (n,).
        piece: number of the piece that each is of, shape (n,).
        seed: of the dice.
    """
    sums = _sums(values, piece)
    drawn = _resampled(sums, seed)
    with np.errstate(invalid="ignore", divide="ignore"):
        return interval(np.divide(*sums.sum(axis=0)), drawn[:, 0] / drawn[:, 1])


def means(ours: Figures, theirs: Figures, name: str, seed: int = 0) -> Means:
    """Compare one figure of the catalogue."""
    one, other = ours.column(name), theirs.column(name)
    sums = _sums(one, ours.piece), _sums(other, theirs.piece)
    spread = float(np.nanstd(other)) if np.isfinite(other).any() else math.nan
    drawn = [_resampled(of, seed + number) for number, of in enumerate(sums)]
    with np.errstate(invalid="ignore", divide="ignore"):
        averages = [of[..., 0] / of[..., 1] for of in drawn]
        plain = [of[:, 0].sum() / of[:, 1].sum() for of in sums]
        difference = (averages[0] - averages[1]) / spread
        effect = (plain[0] - plain[1]) / spread
    if spread == 0:  # the reference never differs: there is no unit to tell a difference in
        difference, effect = np.full_like(difference, math.nan), math.nan
    return Means(
        interval(plain[0], averages[0]),
        interval(plain[1], averages[1]),
        interval(effect, difference),
        shared_area(one, other),
    )


def shared_area(one: np.ndarray, other: np.ndarray) -> float:
    """The area that the densities of two samples share, 0..1; NaN if one has fewer than two figures."""
    one, other = one[np.isfinite(one)], other[np.isfinite(other)]
    if min(len(one), len(other)) < 2:
        return math.nan
    low, high = min(one.min(), other.min()), max(one.max(), other.max())
    if low == high:
        return 1.0
    widths = [bandwidth(one), bandwidth(other)]
    margin = 4 * max(widths)
    places = np.linspace(low - margin, high + margin, _POINTS)
    curves = [density(sample, places, width) for sample, width in zip((one, other), widths, strict=True)]
    return float(np.minimum(*curves).sum() * (places[1] - places[0]))


def standardised(figures: Figures, by: Figures) -> np.ndarray:
    """All figures in standard deviations of a reference from its mean, shape (n, metrics).

    What cannot be measured in a passage is put at the reference's mean, and what lies more than 5 standard deviations
    from it at 5, so that one figure does not outweigh all others. Figures that the reference has none of, or that are
    the same in all of it, are left out.
    """
    known = np.isfinite(by.metrics).any(axis=0)
    with np.errstate(invalid="ignore"):
        centre = np.array([np.nanmean(column) if some else 0 for column, some in zip(by.metrics.T, known, strict=True)])
        spread = np.array([np.nanstd(column) if some else 0 for column, some in zip(by.metrics.T, known, strict=True)])
    kept = spread > 1e-9
    scaled = (figures.metrics[:, kept] - centre[kept]) / spread[kept]
    return np.clip(np.where(np.isfinite(scaled), scaled, _ABSENT), -_FURTHEST, _FURTHEST)


def frechet(one: np.ndarray, other: np.ndarray) -> float:
    """The Fréchet distance of two Gaussians fitted to sets of rows, shapes (n, d) and (m, d), squared.

    D. C. Dowson and B. V. Landau, "The Fréchet Distance between Multivariate Normal Distributions", Journal of
    Multivariate Analysis 12, 1982. It is biased upwards for few rows: compare only figures from as many.
    """
    shift = one.mean(axis=0) - other.mean(axis=0)
    left, right = (np.atleast_2d(np.cov(rows, rowvar=False)) for rows in (one, other))
    # the trace of the root of a product of two positive matrices, from the symmetric product with its eigenvalues
    values, vectors = np.linalg.eigh(left)
    root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T
    product = np.linalg.eigvalsh(root @ right @ root)
    distance = shift @ shift + np.trace(left) + np.trace(right) - 2 * np.sqrt(np.maximum(product, 0)).sum()
    return max(float(distance), 0.0)


def realness(ours: Figures, theirs: Figures, seed: int = 0) -> Interval:
    """How well a classifier tells two sets apart: the area under its ROC curve.

    0.5 is chance: the sets look alike to it. A random forest sees the figures of the catalogue; it is tried on pieces
    that it has not seen, in five folds, and the interval is over pieces.

    Raises:
        MissingExtraError: scikit-learn is not installed.
    """
    try:
        from sklearn.ensemble import RandomForestClassifier
        from sklearn.model_selection import StratifiedGroupKFold
    except ImportError as error:
        raise MissingExtraError("Telling sets apart by a classifier", "evaluate") from error
    if min(len(ours.names), len(theirs.names)) < _FOLDS:
        return Interval(math.nan, math.nan, math.nan)
    ours, theirs = (_some_pieces(figures, seed) for figures in (ours, theirs))
    rows = np.concatenate([standardised(ours, theirs), standardised(theirs, theirs)])
    label = np.repeat([1, 0], [len(ours), len(theirs)])
    group = np.concatenate([ours.piece, len(ours.names) + theirs.piece])
    score = np.zeros(len(rows))
    folds = StratifiedGroupKFold(_FOLDS, shuffle=True, random_state=seed)
    for train, test in folds.split(rows, label, group):
        forest = RandomForestClassifier(
            100, min_samples_leaf=3, class_weight="balanced", random_state=seed, n_jobs=1
        ).fit(rows[train], label[train])
        score[test] = forest.predict_proba(rows[test])[:, 1]
    return _auc_interval(score, label, group, seed)


def _some_pieces(figures: Figures, seed: int) -> Figures:
    order = np.random.default_rng(seed).permutation(len(figures.names))
    return figures.of_pieces(order[:MOST_TOLD].tolist())


def auc(score: np.ndarray, label: np.ndarray, weight: np.ndarray | None = None) -> float:
    """The chance that a row with label 1 scores above one with label 0, ties counting half.

    Args:
        score: shape (n,).
        label: 0 or 1, shape (n,).
        weight: how often each row counts, shape (n,); once if not given.
    """
    weight = np.ones(len(score)) if weight is None else weight
    values, place = np.unique(score, return_inverse=True)
    one = np.bincount(place, weight * label, len(values))
    other = np.bincount(place, weight * (1 - label), len(values))
    below = np.cumsum(other) - other
    total = one.sum() * other.sum()
    return float((one * (below + other / 2)).sum() / total) if total else math.nan


def _auc_interval(score: np.ndarray, label: np.ndarray, group: np.ndarray, seed: int) -> Interval:
    dice = np.random.default_rng(seed)
    pieces = [np.unique(group[label == side]) for side in (1, 0)]
    drawn = []
    for _ in range(RESAMPLINGS):
        times = np.zeros(group.max() + 1)
        for side in pieces:
            times += np.bincount(dice.choice(side, len(side)), minlength=len(times))
        drawn.append(auc(score, label, times[group]))
    return interval(auc(score, label), np.array(drawn))


def _sums(values: np.ndarray, piece: np.ndarray) -> np.ndarray:
    """Sum and number of each piece's figures, NaN left out, shape (pieces, 2)."""
    there = np.isfinite(values)
    count = int(piece.max()) + 1 if len(piece) else 0
    return np.stack(
        [np.bincount(piece[there], values[there], count), np.bincount(piece[there], minlength=count)], axis=1
    )


def _resampled(sums: np.ndarray, seed: int) -> np.ndarray:
    """The sums over pieces drawn again, shape (resamplings, 2)."""
    return _times_drawn(len(sums), seed) @ sums


@lru_cache(maxsize=4)
def _times_drawn(pieces: int, seed: int) -> np.ndarray:
    """How often each piece is drawn in each resampling, shape (resamplings, pieces)."""
    if not pieces:
        return np.zeros((RESAMPLINGS, 0))
    dice = np.random.default_rng(seed)
    return dice.multinomial(pieces, np.full(pieces, 1 / pieces), RESAMPLINGS).astype(float)


def interval(value: float, drawn: np.ndarray) -> Interval:
    """A figure with the middle 95 % of what resamplings gave, shape (resamplings,); NaN are left out."""
    drawn = drawn[np.isfinite(drawn)]
    if not len(drawn) or not math.isfinite(value):
        return Interval(float(value), math.nan, math.nan)
    low, high = np.quantile(drawn, [(1 - CONFIDENCE) / 2, (1 + CONFIDENCE) / 2])
    return Interval(float(value), float(low), float(high))
