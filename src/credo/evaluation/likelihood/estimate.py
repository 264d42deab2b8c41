"""What an estimate of a normaliser says of itself."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

#: The largest standard deviation of log weights, in nats, at which their mean is believed. Were they normal with
#: deviation s, the weights would have the relative variance exp(s^2) - 1: 1.7 at 1, 54 at 2. Beyond 1 the mean hangs on
#: few runs, and its error, which is estimated from the same runs, comes out too small.
MOST_DEVIATION = 1.0

_RESAMPLED = 1000


class Estimate(NamedTuple):
    """Log Z of one machine (numbers) or of B machines (arrays of shape (B,)).

    Attributes:
        log_z: nats.
        deviation: standard deviation of the log weights, nats.
        error: standard error of `log_z`, nats, by the delta method; it means something where `trusted`.
        effective: effective number of runs, (sum w)^2 / sum w^2, of R.
        trusted: whether the deviation is at most `MOST_DEVIATION`.
        log_weights: nats, shape (R,) or (B, R).
    """

    log_z: Any
    deviation: Any
    error: Any
    effective: Any
    trusted: Any
    log_weights: np.ndarray


def from_log_weights(log_weights: np.ndarray, start: Any = 0.0, sign: int = 1) -> Estimate:
    """The estimate that weights make whose mean is Z / Z_start, or Z_start / Z.

    Args:
        log_weights: nats, shape (R,) or (B, R), R of at least 2.
        start: log Z of the machine that is known, nats, shape () or (B,).
        sign: 1 where the mean is Z / Z_start, -1 where it is Z_start / Z.
    """
    runs, top = log_weights.shape[-1], log_weights.max(axis=-1)
    weights = np.exp(log_weights - top[..., None])
    mean = weights.mean(axis=-1)
    deviation = log_weights.std(axis=-1, ddof=1)
    parts = (
        start + sign * (top + np.log(mean)),
        deviation,
        weights.std(axis=-1, ddof=1) / mean / np.sqrt(runs),
        weights.sum(axis=-1) ** 2 / np.square(weights).sum(axis=-1),
        deviation <= MOST_DEVIATION,
    )
    return Estimate(*(x if np.ndim(x) else np.asarray(x).item() for x in parts), log_weights)


def error_over_groups(values: np.ndarray, group: np.ndarray, seed: int = 0) -> float:
    """Standard error of the mean of values that are independent from group to group only, such as frames of pieces.

    Args:
        values: shape (n,).
        group: which group each belongs to, shape (n,).
        seed: of the resampling of whole groups (bootstrap; Efron 1979).
    """
    _, number = np.unique(group, return_inverse=True)
    sums, counts = np.bincount(number, values), np.bincount(number)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (_RESAMPLED, len(sums)))
    return float((sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)).std())
