"""Tests and intervals for judgements of which several come from one listener or are about one piece.

An exact binomial test takes all judgements to be independent. They are not: a listener has a taste, a piece is a good
or a bad one. Therefore everything is told twice: exactly, as if they were independent, and over listeners and pieces,
which says what to expect of other listeners and other pieces. There the variance is that of sums in which judgements
with a common listener or a common piece count as related (A. C. Cameron, J. B. Gelbach and D. L. Miller, "Robust
inference with multiway clustering", Journal of Business & Economic Statistics 29, 2011; for pieces that meet in pairs
P. M. Aronow, C. Samii and V. A. Assenova, "Cluster-robust variance estimation for dyadic data", Political Analysis 23,
2015), and shares have exact intervals at the number of independent judgements that would have that variance (E. L.
Korn and B. I. Graubard, "Confidence intervals for proportions with small expected number of positive counts estimated
from survey data", Survey Methodology 24, 1998).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

LEVEL = 0.05
REPLICATES = 2000
_MOST_JUDGEMENTS = 100_000
_CHUNK = 2000


def power(judgements: int | np.ndarray, share: float | np.ndarray) -> float | np.ndarray:
    """Probability that a two-sided exact binomial test at .05 sees that a share is not one half.

    Args:
        judgements: how many, all independent.
        share: the true share, 0..1.
    """
    from scipy.stats import binom

    below = binom.ppf(LEVEL / 2, judgements, 0.5) - 1  # so few or fewer are significant, and as few of the others
    return binom.cdf(below, judgements, share) + binom.sf(judgements - below - 1, judgements, share)


def judgements_needed(share: float = 0.6, wanted: float = 0.8) -> int | None:
    """The number of independent judgements from which on the power is as wanted; None if more than 100 000."""
    numbers = np.arange(1, _MOST_JUDGEMENTS + 1)
    short = numbers[power(numbers, share) < wanted]
    return int(short[-1]) + 1 if len(short) and short[-1] < _MOST_JUDGEMENTS else None


def share_seen(judgements: int, wanted: float = 0.8) -> float | None:
    """The smallest true share that a number of independent judgements shows with some power; None if there is none."""
    shares = np.arange(0.5, 1.0001, 0.001)
    enough = shares[power(judgements, shares) >= wanted]
    return float(enough[0]) if len(enough) else None


def related_variance(scores: np.ndarray, groups: Sequence[np.ndarray]) -> np.ndarray:
    """Variance of a sum of scores, where judgements that share any label count as related.

    Args:
        scores: shape (n, k), each column with mean 0.
        groups: arrays of labels, shape (n,); arrays with labels in common (first and second piece) are one kind.

    Returns:
        Shape (k, k).
    """
    labels = np.unique(np.concatenate(groups))
    belongs = np.zeros((len(scores), len(labels)), np.float32)
    for group in groups:
        belongs[np.arange(len(scores)), np.searchsorted(labels, group)] = 1
    total = np.zeros((scores.shape[1],) * 2)
    for start in range(0, len(scores), _CHUNK):
        related = belongs[start : start + _CHUNK] @ belongs.T > 0
        total += scores[start : start + _CHUNK].T @ (related @ scores)
    return total


def listeners_and_pieces(scores: np.ndarray, listeners: np.ndarray, pieces: np.ndarray) -> np.ndarray:
    """Variances of sums of scores over listeners and pieces.

    The estimate for both at once can come out smaller than for either or for independent judgements: the largest of
    the four is taken.

    Args:
        scores: shape (n, k), each column with mean 0.
        listeners: shape (n,), labels.
        pieces: shape (n, 1) or (n, 2), labels.

    Returns:
        Shape (k,).
    """
    people, heard = np.char.add("listener ", listeners.astype(str)), np.char.add("piece ", pieces.astype(str)).T
    kinds = ([people, *heard], [people], [*heard])
    small = min(len(np.unique(listeners)), len(np.unique(pieces)))
    correction = small / max(small - 1, 1)
    variances = [np.diag(related_variance(scores, kind)) for kind in kinds]
    return correction * np.max([*variances, (scores**2).sum(0)], axis=0)


def freedom(listeners: np.ndarray, pieces: np.ndarray) -> int:
    """Degrees of freedom: one less than there are listeners, or pieces of the system that has the fewest heard."""
    return max(min(len(np.unique(listeners)), *(len(np.unique(column)) for column in pieces.T)) - 1, 1)


@dataclass(frozen=True, slots=True)
class Share:
    """How often one of two answers was given.

    Attributes:
        judgements, listeners: how many.
        share: of the judgements, 0..1.
        exact: Clopper-Pearson interval of 95 %, as if all judgements were independent.
        p_exact: exact binomial test against one half, two-sided, as if all were independent.
        effective: number of independent judgements that would tell as much.
        interval, p: over listeners and pieces.
        visible: the smallest true share that as many effective judgements would show 8 times of 10, if there is one.
    """

    judgements: int
    listeners: int
    share: float
    exact: tuple[float, float]
    p_exact: float
    effective: float
    interval: tuple[float, float]
    p: float
    visible: float | None


def share_of(chosen: np.ndarray, listeners: np.ndarray, pieces: np.ndarray) -> Share:
    """The share of judgements that chose something.

    Args:
        chosen: shape (n,), booleans, n > 0.
        listeners: shape (n,), labels.
        pieces: shape (n, 1) or (n, 2), labels; column by column those of one system.
    """
    from scipy.stats import t

    count, share = len(chosen), float(np.mean(chosen))
    few = freedom(listeners, pieces)
    units = min(len(np.unique(listeners)), *(len(np.unique(column)) for column in pieces.T))
    variance = listeners_and_pieces((chosen - share)[:, None], listeners, pieces)[0] / count**2
    if variance > 0 and units > 1:
        wider = (t.ppf(0.975, max(count - 1, 1)) / t.ppf(0.975, few)) ** 2
        effective = min(share * (1 - share) / variance * wider, count)
    else:  # all agree: a listener and a piece then say as much once as many times
        effective = float(units)
    exact, p_exact = _binomial(share * count, count)
    interval, p = _binomial(share * effective, effective)
    visible = share_seen(max(int(effective), 1))
    return Share(count, len(np.unique(listeners)), share, exact, p_exact, effective, interval, p, visible)


def _binomial(chosen: float, count: float) -> tuple[tuple[float, float], float]:
    """Clopper-Pearson interval of 95 % and two-sided p against one half; numbers need not be whole."""
    from scipy.special import betainc
    from scipy.stats import beta

    low = beta.ppf(LEVEL / 2, chosen, count - chosen + 1) if chosen > 0 else 0.0
    high = beta.ppf(1 - LEVEL / 2, chosen + 1, count - chosen) if chosen < count else 1.0
    so_many = betainc(chosen, count - chosen + 1, 0.5) if chosen > 0 else 1.0
    so_few = betainc(count - chosen, chosen + 1, 0.5) if chosen < count else 1.0
    return (float(low), float(high)), float(min(1.0, 2 * min(so_many, so_few)))


def holm(ps: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979); NaN stays and does not count."""
    order = sorted((p, place) for place, p in enumerate(ps) if not math.isnan(p))
    corrected, highest = [math.nan] * len(ps), 0.0
    for rank, (p, place) in enumerate(order):
        highest = max(highest, min(1.0, p * (len(order) - rank)))
        corrected[place] = highest
    return corrected


def bradley_terry(wins: np.ndarray) -> np.ndarray:
    """Strengths by the model of Bradley and Terry (1952): i is preferred to j with the odds exp(s_i - s_j).

    Half a win is added each way to each pair, which keeps the strengths finite and takes away most of their bias
    (D. Firth 1993 for two systems).

    Args:
        wins: shape (..., S, S), how often the row was preferred to the column.

    Returns:
        Strengths, shape (..., S), with mean 0.
    """
    count = wins.shape[-1]
    wins = wins + 0.5 * (1 - np.eye(count))
    met = wins + np.swapaxes(wins, -1, -2)
    strengths = np.zeros(wins.shape[:-1])
    for _ in range(100):
        chance = expected(strengths)
        slope = (wins - met * chance).sum(-1)
        information = _information(met, chance)
        step = np.linalg.solve(information + 1 / count, slope[..., None])[..., 0]
        step = np.clip(step, -2, 2)
        strengths = strengths + step
        if np.abs(step).max() < 1e-10:
            break
    return strengths - strengths.mean(-1, keepdims=True)


def expected(strengths: np.ndarray) -> np.ndarray:
    """The chance that each system is preferred to each other, shape (..., S, S), of strengths of shape (..., S)."""
    return 1 / (1 + np.exp(strengths[..., None, :] - strengths[..., :, None]))


def _information(met: np.ndarray, chance: np.ndarray) -> np.ndarray:
    spread = met * chance * (1 - chance)
    return np.eye(met.shape[-1]) * spread.sum(-1)[..., None] - spread


@dataclass(frozen=True, slots=True)
class Strengths:
    """Bradley-Terry strengths, in log-odds, with mean 0.

    Attributes:
        systems: their names.
        values: shape (S,). Of one listener alone there are no intervals: they are NaN.
        over_listeners: shape (S, 2), bootstrap interval of 95 % over listeners: other listeners, the same pieces.
        over_both: shape (S, 2), interval of 95 % over listeners and pieces.
    """

    systems: tuple[str, ...]
    values: np.ndarray
    over_listeners: np.ndarray
    over_both: np.ndarray


def strengths_of(
    systems: Sequence[str],
    winner: np.ndarray,
    loser: np.ndarray,
    listeners: np.ndarray,
    pieces: np.ndarray,
    *,
    seed: int = 0,
) -> Strengths:
    """Strengths of systems.

    Args:
        systems: their names.
        winner: shape (n,), numbers of the systems that were preferred.
        loser: shape (n,), numbers of the others.
        listeners: shape (n,), labels.
        pieces: shape (n, 2), labels of the winner's and the loser's.
        seed: of the bootstrap.
    """
    from scipy.stats import t

    count = len(systems)
    names, who = np.unique(listeners, return_inverse=True)
    wins = np.zeros((len(names), count, count))
    np.add.at(wins, (who, winner, loser), 1)
    values = bradley_terry(wins.sum(0))
    drawn = bootstrap_counts(len(names), seed) @ wins.reshape(len(names), -1)
    replicates = bradley_terry(drawn.reshape(-1, count, count))
    over_listeners = np.quantile(replicates, (LEVEL / 2, 1 - LEVEL / 2), axis=0).T
    if len(names) < 2:
        over_listeners = np.full((count, 2), math.nan)
    met = wins.sum(0) + wins.sum(0).T
    chance = expected(values)
    surprise = 1 - chance[winner, loser]
    scores = surprise[:, None] * (np.eye(count)[winner] - np.eye(count)[loser])
    influence = scores @ np.linalg.pinv(_information(met, chance))
    of_system = [np.unique(pieces[(np.stack([winner, loser], 1) == system)]) for system in range(count)]
    few = max(min(len(names), *(len(each) for each in of_system if len(each))) - 1, 1)
    reach = t.ppf(1 - LEVEL / 2, few) * np.sqrt(listeners_and_pieces(influence, listeners, pieces))
    over_both = np.stack([values - reach, values + reach], axis=1)
    if len(names) < 2:
        over_both = np.full((count, 2), math.nan)
    return Strengths(tuple(systems), values, over_listeners, over_both)


def bootstrap_counts(listeners: int, seed: int) -> np.ndarray:
    """How often each listener is drawn in each replicate, shape (REPLICATES, listeners)."""
    dice = np.random.default_rng(seed)
    return dice.multinomial(listeners, np.full(listeners, 1 / listeners), size=REPLICATES).astype(float)
