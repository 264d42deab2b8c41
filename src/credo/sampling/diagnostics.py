"""Whether chains have mixed, and how much they say: plain NumPy over what `gibbs.trace` and its kin keep.

A trace has shape (B, D, ...): B chains, D draws of each, and any axes of quantities looked at side by side. Good things
to look at are the free energy, a few units, and the place on a line between two modes. No diagnostic sees a mode that
no chain has been in: start chains in different places.

R-hat and effective sample sizes are those of Vehtari, Gelman, Simpson, Carpenter & Bürkner (2021), whose advice is
R-hat below 1.01 and a bulk ESS of at least 100 a chain.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np

from credo.errors import UsageError

#: What the advice above says: the largest R-hat, and the least effective draws a chain.
MOST_RHAT, LEAST_ESS = 1.01, 100


class Report(NamedTuple):
    """How chains went, by the worst of the quantities looked at.

    Attributes:
        chains: number of chains, B.
        draws: draws a chain, D.
        rhat: the largest rank-normalised split R-hat; infinite where chains that never move differ, NaN where nothing
            ever changes.
        bulk_ess: the smallest effective number of draws, of all chains together.
        time: the longest integrated autocorrelation time, in draws.
        acceptance: mean acceptance, and that of the worst pair of neighbours; None without tempering.
    """

    chains: int
    draws: int
    rhat: float
    bulk_ess: float
    time: float
    acceptance: tuple[float, float] | None = None

    @property
    def mixed(self) -> bool:
        """Whether R-hat and the effective draws are within the advice."""
        return bool(self.rhat <= MOST_RHAT and self.bulk_ess >= LEAST_ESS * self.chains)

    def text(self) -> str:
        """The report in one line."""
        line = (
            f"{self.chains} chains of {self.draws} draws: R-hat {self.rhat:.3f}, effective draws {self.bulk_ess:.0f}, "
            f"autocorrelation time {self.time:.1f}"
        )
        if self.acceptance:
            line += f", swaps {self.acceptance[0]:.2f} (worst pair {self.acceptance[1]:.2f})"
        return f"{line}; {'mixed' if self.mixed else 'not mixed'}"


def report(trace: Any, acceptance: Any = None) -> Report:
    """Look at everything at once.

    Args:
        trace: shape (B, D, ...), D of at least 4.
        acceptance: of the pairs of neighbours, shape (R - 1,), where chains were tempered.
    """
    x = _checked(trace)
    rhat, time, least = rank_rhat(x), autocorrelation_time(x), -bulk_ess(x)
    swaps = None if acceptance is None else (float(np.nanmean(acceptance)), float(np.nanmin(acceptance)))
    return Report(x.shape[0], x.shape[1], _largest(rhat), -_largest(least), _largest(time), swaps)


# -- R-hat -------------------------------------------------------------------------------------------------------------


def split_rhat(trace: Any) -> np.ndarray:
    """Split R-hat: how much wider all half-chains together are than each, 1 where they agree.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (...). Infinite where the half-chains differ and none ever moves, NaN where nothing ever changes.
    """
    return _rhat(_split(_checked(trace)))


def rank_rhat(trace: Any) -> np.ndarray:
    """Rank-normalised split R-hat: the larger of that of the draws and that of their distances from the median.

    It sees chains of equal mean and different spread, and needs no moments.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (...); as of `split_rhat`.
    """
    x = _split(_checked(trace))
    folded = np.abs(x - np.median(x, axis=(0, 1)))
    with np.errstate(invalid="ignore"):
        return np.fmax(_rhat(_normalised(x)), _rhat(_normalised(folded)))


def _rhat(x: np.ndarray) -> np.ndarray:
    draws = x.shape[1]
    within = x.var(axis=1, ddof=1).mean(axis=0)
    between = draws * x.mean(axis=1).var(axis=0, ddof=1)
    still = np.all(x == x[:, :1], axis=(0, 1))  # rounding must not decide where no chain moves
    with np.errstate(divide="ignore", invalid="ignore"):
        rhat = np.sqrt(((draws - 1) * within + between) / (draws * within))
    stuck = np.where(np.all(x == x[:1, :1], axis=(0, 1)), np.nan, np.inf)
    return np.where(still, stuck, rhat)


# -- autocorrelation and effective draws -------------------------------------------------------------------------------


def autocovariance(trace: Any) -> np.ndarray:
    """Autocovariance of each chain at every lag, divided by the number of draws (the biased estimate), by FFT.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (B, D, ...): lags 0 to D - 1.
    """
    x = _checked(trace, least=2)
    x = x - x.mean(axis=1, keepdims=True)
    draws = x.shape[1]
    size = 1 << (2 * draws - 1).bit_length()  # zeros behind the draws, so that the end does not meet the beginning
    power = np.abs(np.fft.rfft(x, size, axis=1)) ** 2
    return np.fft.irfft(power, size, axis=1)[:, :draws] / draws


def autocorrelation(trace: Any) -> np.ndarray:
    """Autocorrelation at every lag, of all chains together; that chains differ counts as correlation.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (D, ...), 1 at lag 0; NaN where nothing ever changes.
    """
    x = _checked(trace, least=2)
    chains, draws = x.shape[:2]
    covariance = autocovariance(x) * draws / (draws - 1)
    within = covariance[:, 0].mean(axis=0)
    total = within * (draws - 1) / draws
    if chains > 1:
        total = total + x.mean(axis=1).var(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        rho = 1 - (within - covariance.mean(axis=0)) / total
    rho[0] = np.where(total > 0, 1.0, np.nan)
    return np.where(np.all(x == x[:1, :1], axis=(0, 1)), np.nan, rho)


def autocorrelation_time(trace: Any) -> np.ndarray:
    """Integrated autocorrelation time: how many draws are worth one that is independent.

    It is 1 + 2 (rho_1 + rho_2 + ...), cut off by Geyer's initial monotone sequence (1992): sums of two neighbouring
    lags are taken as long as they are positive, and each no larger than those before it.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (...), in draws; NaN where nothing ever changes.
    """
    rho = autocorrelation(trace)
    pairs = rho[: len(rho) // 2 * 2].reshape(len(rho) // 2, 2, *rho.shape[1:]).sum(axis=1)
    positive = np.logical_and.accumulate(pairs > 0, axis=0)
    time = -1 + 2 * np.where(positive, np.minimum.accumulate(pairs, axis=0), 0).sum(axis=0)
    least = 1 / np.log10(max(np.prod(np.shape(trace)[:2]), 10))  # as Stan bounds antithetic chains
    return np.where(np.isnan(rho[0]), np.nan, np.maximum(time, least))


def effective_draws(trace: Any) -> np.ndarray:
    """Effective sample size for the mean: all draws divided by the autocorrelation time.

    Args:
        trace: shape (B, D, ...).

    Returns:
        Shape (...).
    """
    x = _checked(trace, least=2)
    return x.shape[0] * x.shape[1] / autocorrelation_time(x)


def bulk_ess(trace: Any) -> np.ndarray:
    """Effective sample size of the rank-normalised half-chains.

    Args:
        trace: shape (B, D, ...), D of at least 4.

    Returns:
        Shape (...).
    """
    return effective_draws(_normalised(_split(_checked(trace))))


# -- modes -------------------------------------------------------------------------------------------------------------


def nearest(trace: Any, centres: Any) -> np.ndarray:
    """The number of the nearest centre of each state, in Euclidean distance.

    Args:
        trace: states, shape (B, D, N).
        centres: shape (K, N).

    Returns:
        Shape (B, D), integers.
    """
    x, centres = np.asarray(trace, float), np.asarray(centres, float)
    if x.ndim != 3 or centres.ndim != 2 or x.shape[2] != centres.shape[1]:
        raise UsageError(f"nearest: expected shapes (B, D, N) and (K, N), got {x.shape} and {centres.shape}")
    return np.argmin((centres**2).sum(axis=1) - 2 * x @ centres.T, axis=2)


def mode_jumps(labels: Any) -> np.ndarray:
    """How often each chain goes from one mode to another.

    Args:
        labels: the mode of each state, such as of `nearest`, shape (B, D).

    Returns:
        Shape (B,), integers.
    """
    labels = np.asarray(labels)
    if labels.ndim != 2:
        raise UsageError(f"mode_jumps: expected labels of shape (B, D), got {labels.shape}")
    return np.count_nonzero(labels[:, 1:] != labels[:, :-1], axis=1)


# -- helpers -----------------------------------------------------------------------------------------------------------


def _checked(trace: Any, least: int = 4) -> np.ndarray:
    x = np.asarray(trace, float)
    if x.ndim < 2 or len(x) < 1 or x.shape[1] < least:
        raise UsageError(f"trace: expected shape (B, D, ...) with at least {least} draws, got {x.shape}")
    if not np.isfinite(x).all():
        raise UsageError("trace: expected finite numbers")
    return x


def _largest(x: np.ndarray) -> float:
    """The largest of some numbers; what never changes (NaN) counts where nothing else is there."""
    return float(np.fmax.reduce(x, axis=None))


def _split(x: np.ndarray) -> np.ndarray:
    """Halves of chains as chains; the middle draw of an odd number is left out."""
    half = x.shape[1] // 2
    return np.concatenate([x[:, :half], x[:, -half:]])


def _normalised(x: np.ndarray) -> np.ndarray:
    """Normal scores of the ranks of all draws together; equal draws share their mean rank."""
    flat = x.reshape(x.shape[0] * x.shape[1], -1)
    scores = np.empty_like(flat)
    quantile = np.vectorize(NormalDist().inv_cdf, otypes=[float])
    for column in range(flat.shape[1]):
        _, place, number = np.unique(flat[:, column], return_inverse=True, return_counts=True)
        rank = np.cumsum(number) - (number - 1) / 2
        scores[:, column] = quantile((rank - 3 / 8) / (len(flat) + 1 / 4))[place]
    return scores.reshape(x.shape)
