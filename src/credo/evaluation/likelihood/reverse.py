"""The other side: estimates of log Z that are too high on average, and of the likelihood that are too low.

Annealing forward from the base-rate machine gives E[log Z^] <= log Z. Annealing *backward*, from states of the machine
to the base-rate machine, estimates Z_base / Z without bias, and so E[log Z^] >= log Z (Burda, Grosse & Salakhutdinov
2015; Grosse, Ancha & Roy 2016). That holds where the chains start as exact draws of the machine. Long Gibbs or tempered
chains are nearly such; data are such only if the machine is right. Starting from other states, the result is the bound
less the Kullback-Leibler divergence of the starts from the machine at most: read it as a bound only where chains mix.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from credo.errors import UsageError
from credo.evaluation.likelihood import ais, path
from credo.evaluation.likelihood.estimate import Estimate, from_log_weights
from credo.evaluation.likelihood.exact import free_energies, states_of
from credo.evaluation.likelihood.path import Pairing, Progress
from credo.models import random
from credo.models.rbm import RBM, Parameters
from credo.models.units import Units
from credo.shapes import expect


class Raised(NamedTuple):
    """Log-likelihoods of rows under the annealed machine.

    Attributes:
        log_likelihood: nats a row, shape (n,); too low on average over the draws.
        mean: of the rows, nats.
        error: standard error of the mean, over rows.
    """

    log_likelihood: np.ndarray
    mean: float
    error: float


class Bracket(NamedTuple):
    """Both ends of a quantity in nats, and how far apart they are.

    Attributes:
        low: the lower end.
        high: the upper end.
        gap: high - low; about zero, or below it by chance, where annealing was slow enough.
        low_error: standard error of the lower end.
        high_error: standard error of the upper end.
        trusted: whether both estimates pass the rule of `estimate.MOST_DEVIATION`.
    """

    low: float
    high: float
    gap: float
    low_error: float
    high_error: float
    trusted: bool


class Brackets(NamedTuple):
    """What `bracket` gives.

    Attributes:
        log_z: of log Z.
        log_likelihood: of the mean log-likelihood of data in nats a row; None without data.
    """

    log_z: Bracket
    log_likelihood: Bracket | None


def anneal_back(
    visible: Units,
    hidden: Units,
    p: Parameters,
    v: np.ndarray,
    *,
    steps: int | np.ndarray = 1000,
    base: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Log Z of machines from states of theirs, too high on average.

    Args:
        visible: the visible units.
        hidden: the hidden units.
        p: see `ais.anneal`.
        v: states that the machines have drawn, a chain each: shape (R, N) or (R, L, N) for one machine, and
            (B, R, N) or (B, R, L, N) for B whose biases have rows.
        steps: temperatures, as for annealing forward; they are gone through from the end.
        base: see `ais.anneal`.
        seed: of the draws.
        progress: told after each chunk of temperatures.

    Returns:
        As `ais.anneal`.

    Raises:
        UsageError: a number is out of range or a shape does not fit.
    """
    pair, betas, v = Pairing(visible, hidden), path.temperatures(steps), np.asarray(v, np.float32)
    rows = next((len(x) for x in (p.a, p.b) if len(x.shape) > 1), 0)
    blocks = v.shape[-2] if v.ndim == (4 if rows else 3) else 0
    axes = f"{'B ' if rows else ''}R {'L ' if blocks else ''}N"
    expect("v", v, axes, N=visible.size, **({"B": rows} if rows else {}))
    if v.shape[1 if rows else 0] < 2:
        raise UsageError("v: expected at least 2 states of a machine, got 1")
    p, _ = ais.checked(pair, p, blocks)
    start, _ = ais.checked(pair, path.independent(p.a if base is None else base, p.b), blocks)
    log_weights = _back(pair, start, p, v if rows else v[None], betas, seed, progress)
    return from_log_weights(log_weights if rows else log_weights[0], path.independent_log_z(pair, start, blocks), -1)


def log_z(
    rbm: RBM,
    v: np.ndarray,
    *,
    steps: int | np.ndarray = 1000,
    base: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Log Z of a machine from states that it has drawn, too high on average; see `anneal_back`.

    Args:
        rbm: the machine.
        v: a state a chain, shape (R, N) or (R, L, N).
        steps: see `anneal_back`.
        base: see `anneal_back`.
        seed: of the draws.
        progress: told after each chunk of temperatures.
    """
    pair, p = path.parts_of(rbm)
    return anneal_back(*pair, p, v, steps=steps, base=base, seed=seed, progress=progress)


def annealed_log_likelihood(
    rbm: RBM,
    data: np.ndarray,
    *,
    steps: int | np.ndarray = 1000,
    runs: int = 16,
    base: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Raised:
    """Log-likelihood of data under the *annealed* machine, too low on average (RAISE; Burda et al. 2015).

    The annealed machine draws from the base-rate machine and goes along the path: a model in its own right, whose
    likelihood is bounded from below by chains that start at the data and go back. The more temperatures, the nearer it
    comes to the machine. On data that the machine itself has drawn it is the worse of the two; on other data it may
    be the better, so that this is a conservative figure and no bound on the machine's own.

    Args:
        rbm: the machine.
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N).
        steps: temperatures, as for annealing forward.
        runs: chains a row, R.
        base: see `ais.anneal`.
        seed: of the draws.
        progress: told after each chunk of temperatures.

    Raises:
        UsageError: a number is out of range or a shape does not fit.
    """
    pair, p = path.parts_of(rbm)
    betas, v = path.temperatures(steps), states_of(rbm, data)
    if runs < 1:
        raise UsageError(f"runs: expected at least 1, got {runs}")
    blocks = v.shape[-2] if v.ndim == 3 else 0
    p, _ = ais.checked(pair, p, blocks)
    start, _ = ais.checked(pair, path.independent(p.a if base is None else base, p.b), blocks)
    betas = np.append(betas, 1.0)  # going back, the first step stays at the machine's own temperature
    chains = np.repeat(v[:, None], runs, axis=1)
    log_weights = _back(pair, start, p, chains, betas, seed, progress)
    top = log_weights.max(axis=1)
    means = top + np.log(np.exp(log_weights - top[:, None]).mean(axis=1))
    rows = means - free_energies(rbm, v) - path.independent_log_z(pair, start, blocks)
    return Raised(rows, float(rows.mean()), _error(rows))


def bracket(
    rbm: RBM,
    states: np.ndarray,
    data: np.ndarray | None = None,
    *,
    steps: int | np.ndarray = 1000,
    runs: int = 64,
    base: np.ndarray | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Brackets:
    """Log Z, and the mean log-likelihood of data, between annealing forward and annealing backward.

    Args:
        rbm: the machine.
        states: states that the machine has drawn, for the chains back, shape (R', N) or (R', L, N).
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N); None for none.
        steps: temperatures.
        runs: chains forward, R.
        base: see `ais.anneal`.
        seed: of the draws.
        progress: told after each chunk of temperatures, of both ways together.

    Raises:
        UsageError: a number is out of range or a shape does not fit.
    """
    states = np.asarray(states, np.float32)
    blocks = states.shape[1] if states.ndim == 3 else 0

    def half(way: int) -> Progress | None:
        return progress and (lambda done, total: progress(done + way * total, 2 * total))

    options: dict[str, Any] = {"steps": steps, "base": base}
    low = ais.log_z(rbm, runs=runs, blocks=blocks, seed=seed, progress=half(0), **options)
    high = log_z(rbm, states, seed=seed + 1, progress=half(1), **options)
    trusted = low.trusted and high.trusted
    of_z = Bracket(low.log_z, high.log_z, high.log_z - low.log_z, low.error, high.error, trusted)
    if data is None:
        return Brackets(of_z, None)
    mean = -float(free_energies(rbm, states_of(rbm, data)).mean())
    ends = (mean - high.log_z, mean - low.log_z)
    return Brackets(of_z, Bracket(*ends, ends[1] - ends[0], high.error, low.error, trusted))


def _back(
    pair: Pairing,
    start: Parameters,
    p: Parameters,
    v: np.ndarray,
    betas: np.ndarray,
    seed: int,
    progress: Progress | None,
) -> np.ndarray:
    """Log weights of chains that go back; (B, R, N) or (B, R, L, N) to (B, R)."""
    groups = ais.row_groups(pair, len(v), v.shape[1], v.shape[2] if v.ndim == 4 else 0)
    told = ais.counted(progress, len(groups) * (len(betas) - 1))
    weights = []
    for number, rows in enumerate(groups):
        key = random.make_key(seed * 1_000_003 + number)
        p0, p1 = (ais.rows_of(x, rows) for x in (start, p))
        weights.append(path.walk(pair, p0, p1, v[rows], betas[::-1], key, told)[1])
    return np.concatenate(weights)[: len(v)]


def _error(rows: np.ndarray) -> float:
    return float(rows.std(ddof=1) / np.sqrt(len(rows))) if len(rows) > 1 else float("nan")
