"""What ratings say: how each system was rated, how far two lie apart, and who was taken for a person."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from credo.evaluation.listening.answers import EXPERTISE, Session
from credo.evaluation.listening.inference import (
    LEVEL,
    Share,
    bootstrap_counts,
    freedom,
    holm,
    listeners_and_pieces,
    share_of,
)
from credo.evaluation.listening.key import POINTS, Key


@dataclass(frozen=True, slots=True)
class Rated:
    """How a system was rated.

    Attributes:
        ratings: how many.
        mean, median: of all ratings, 1..7.
        mean_interval, median_interval: bootstrap intervals of 95 % over listeners; NaN if there is but one.
        mean_by_expertise: the mean among listeners of each level of expertise, and how many they are.
    """

    scale: str
    system: str
    ratings: int
    mean: float
    mean_interval: tuple[float, float]
    median: float
    median_interval: tuple[float, float]
    mean_by_expertise: dict[str, tuple[float, int]]


@dataclass(frozen=True, slots=True)
class Difference:
    """How far two systems lie apart.

    Attributes:
        listeners: those who rated both.
        difference: mean rating of the first less that of the second.
        interval: of 95 %, over listeners and pieces.
        p: Wilcoxon signed-rank test on the means of each listener, two-sided.
        p_holm: corrected for the number of pairs of systems on this scale.
    """

    scale: str
    system: str
    other: str
    listeners: int
    difference: float
    interval: tuple[float, float]
    p: float
    p_holm: float


@dataclass(frozen=True, slots=True)
class RatingResults:
    """Results of a test of ratings.

    Attributes:
        rated: each scale but `human`, each system.
        differences: each scale but `human`, each pair of systems.
        human: where it was asked, for each system how often it was taken for a person's music, also by expertise.
    """

    rated: tuple[Rated, ...]
    differences: tuple[Difference, ...]
    human: dict[str, tuple[Share, dict[str, Share]]]


@dataclass(frozen=True, slots=True)
class _Ratings:
    """Answers to one scale as arrays of shape (n,)."""

    listener: np.ndarray
    expertise: np.ndarray
    piece: np.ndarray
    system: np.ndarray
    value: np.ndarray

    def where(self, kept: np.ndarray) -> _Ratings:
        """Some of them."""
        return _Ratings(*(getattr(self, name)[kept] for name in self.__slots__))


def analyse_ratings(key: Key, sessions: Iterable[Session], *, seed: int = 0) -> RatingResults:
    """Analyse ratings; answers that are checks, or not valid, do not count."""
    sessions = list(sessions)
    rated, differences, human = [], [], {}
    for scale in key.scales:
        given = _ratings(key, sessions, scale)
        of_system = {system: given.where(given.system == system) for system in key.systems}
        of_system = {system: ours for system, ours in of_system.items() if len(ours.value)}
        if scale == "human":
            human = {system: _taken_for_human(ours) for system, ours in of_system.items()}
            continue
        rated += [_rated(scale, system, ours, seed) for system, ours in of_system.items()]
        pairs = [pair for pair in key.system_pairs() if set(pair) <= set(of_system)]
        found = [_difference(scale, pair, of_system[pair[0]], of_system[pair[1]]) for pair in pairs]
        corrected = holm([each[-1] for each in found])
        differences += [Difference(*each, p) for each, p in zip(found, corrected, strict=True)]
    return RatingResults(tuple(rated), tuple(differences), human)


def _rated(scale: str, system: str, ours: _Ratings, seed: int) -> Rated:
    names, who = np.unique(ours.listener, return_inverse=True)
    counts = np.zeros((len(names), POINTS))
    np.add.at(counts, (who, ours.value - 1), 1)
    drawn = bootstrap_counts(len(names), seed) @ counts
    drawn = drawn[drawn.sum(1) > 0]
    means = drawn @ np.arange(1, POINTS + 1) / drawn.sum(1)
    ends = (LEVEL / 2, 1 - LEVEL / 2)
    mean_interval, median_interval = (
        tuple(map(float, np.quantile(each, ends, method=method))) if len(names) > 1 else (math.nan, math.nan)
        for each, method in ((means, "linear"), (_medians(drawn), "nearest"))
    )
    levels = {}
    for level in EXPERTISE:
        of_level = ours.where(ours.expertise == level)
        if len(of_level.value):
            levels[level] = (float(of_level.value.mean()), len(np.unique(of_level.listener)))
    return Rated(
        scale,
        system,
        len(ours.value),
        float(ours.value.mean()),
        mean_interval,
        float(np.median(ours.value)),
        median_interval,
        levels,
    )


def _medians(counts: np.ndarray) -> np.ndarray:
    """Medians of ratings of which it is known how often each was given: shape (n, 7) to (n,)."""
    reached, total = np.cumsum(counts, axis=1), counts.sum(1, keepdims=True)
    low = (reached < np.floor((total + 1) / 2)).sum(1)
    high = (reached < np.floor((total + 2) / 2)).sum(1)
    return 1 + (low + high) / 2


def _difference(scale: str, pair: tuple[str, str], ours: _Ratings, theirs: _Ratings) -> tuple:
    from scipy.stats import t, wilcoxon

    both = sorted(set(ours.listener) & set(theirs.listener))
    means = [[each.value[each.listener == name].mean() for name in both] for each in (ours, theirs)]
    apart = np.round(np.subtract(*means), 9) if both else np.zeros(0)  # means that are equal but for rounding are equal
    p = float(wilcoxon(apart).pvalue) if apart.any() else (1.0 if both else math.nan)
    difference = float(ours.value.mean() - theirs.value.mean())
    scores = np.concatenate(
        [(ours.value - ours.value.mean()) / len(ours.value), -(theirs.value - theirs.value.mean()) / len(theirs.value)]
    )
    listeners, pieces = (np.concatenate([getattr(ours, n), getattr(theirs, n)]) for n in ("listener", "piece"))
    few = min(freedom(each.listener, each.piece[:, None]) for each in (ours, theirs))
    variance = listeners_and_pieces(scores[:, None], listeners, pieces[:, None])[0]
    reach = float(t.ppf(1 - LEVEL / 2, few) * math.sqrt(variance)) if len(set(listeners)) > 1 else math.nan
    return scale, *pair, len(both), difference, (difference - reach, difference + reach), p


def _taken_for_human(ours: _Ratings) -> tuple[Share, dict[str, Share]]:
    def share(each: _Ratings) -> Share:
        return share_of(each.value == 1, each.listener, each.piece[:, None])

    levels = [level for level in EXPERTISE if (ours.expertise == level).any()]
    return share(ours), {level: share(ours.where(ours.expertise == level)) for level in levels}


def _ratings(key: Key, sessions: list[Session], scale: str) -> _Ratings:
    rows = []
    for session in sessions:
        for place, answer in session.answers.items():
            trial = key.slots[session.slot][place]
            if answer.valid and not key.is_check(trial):
                system = key.excerpts[trial.first].system
                rows.append((session.session, session.expertise, trial.first, system, answer.chosen[scale]))
    columns = list(zip(*rows, strict=True)) or [()] * 5
    kinds = (str, str, str, str, int)
    return _Ratings(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
