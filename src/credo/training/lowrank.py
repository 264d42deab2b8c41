"""A start in the few directions in which data vary most: the restricted Coulomb machine.

A machine that starts near zero learns the main directions of its data one by one, and where they hold several clusters
its chains cannot follow the phase transitions on the way. In d <= 3 directions U no chain is needed (Decelle &
Furtlehner 2021; Béreux, Decelle, Furtlehner, Rosset & Seoane 2025). With y = U'(v - m), machines of the form

    P(v) = P_0(v) exp(g(y)) / Z,    P_0 of independent units with the means m of the data,

are known by the density of y under P_0, which the saddle point gives on a grid for large N (Daniels 1954), and

* the *restricted Coulomb machine* has g(y) = alpha.y + sum_j q_j |n_j.y - t_j| with fixed planes (n_j, t_j) and charges
  q_j >= 0. Its likelihood is concave in alpha and q, so that its maximum is found, exactly on the grid.
* as q |x| is nearly softplus(2 q x) - q x, the planes with the largest charges are the hidden units of an RBM, with
  weights U n_j 2 q_j. A last ascent on the grid, exact again, makes up for the difference.

The rest of the hidden units stay near zero, and persistent chains start at draws of this machine. Visible units must be
Bernoulli. What it costs grows with the grid: seconds for two directions of a hundred units, ten times that for three.

Measured by exact likelihoods on three clusters of 40 bits (`pytest -m slow -s tests/training/test_lowrank.py`), in nats
a row below the truth: it starts at 0.1, where the usual start is at 5 to 12. With clusters that overlap, 3000 steps of
PCD-1 bring it to 0.04, and the usual start to 0.36. With clusters far apart PCD-1 loses some of it again, 0.66 against
0.22, for its chains do not go from one to another: few steps, or tempered chains, are then the better sequel.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any, NamedTuple

import numpy as np

from credo.errors import UsageError
from credo.models.rbm import RBM
from credo.models.units import Bernoulli
from credo.training.contrastive import visible_mean, visible_states

#: Points of the grid along each direction, by the number of directions.
POINTS = {1: 201, 2: 41, 3: 21}
_MARGIN, _ROWS, _NEWTON, _FAR = 0.15, 8192, 80, 1e-4


class Space(NamedTuple):
    """The few directions, on a grid of K points that states can reach.

    Attributes:
        U: directions, orthonormal, shape (N, d).
        a: visible biases of the independent machine, shape (N,).
        points: y, shape (K, d).
        tilts: by which multiple of the directions a + U tilt has the mean y, shape (K, d).
        log_base: log of the share of the independent machine at each point, nats, shape (K,).
        data: share of the data nearest to each point, shape (K,).
    """

    U: np.ndarray
    a: np.ndarray
    points: np.ndarray
    tilts: np.ndarray
    log_base: np.ndarray
    data: np.ndarray


class Field(NamedTuple):
    """What a machine adds to the log probability of y: alpha.y + sum_j softplus(b_j + y.A_j).

    Attributes:
        alpha: shape (d,).
        A: shape (d, J).
        b: shape (J,).
    """

    alpha: np.ndarray
    A: np.ndarray
    b: np.ndarray


class Start(NamedTuple):
    """How far the low-rank start came. Gains are over independent units, on training rows, nats a row.

    Attributes:
        space: the directions and the grid.
        field: that of the machine.
        coulomb: gain of the Coulomb machine, the largest that its planes allow.
        gain: gain of the RBM.
        units: hidden units that it uses.
    """

    space: Space
    field: Field
    coulomb: float
    gain: float
    units: int


def start_from(
    rbm: RBM, data: np.ndarray, *, rank: int = 2, planes: int = 128, steps: int = 400, rate: float = 0.1, seed: int = 0
) -> Start:
    """Start an RBM as the best machine in the leading directions of the data, centred on the data.

    Args:
        rbm: the machine, with Bernoulli visible units and no span.
        data: rows, codes or states, shape (n, N).
        rank: number of directions, d, 1 to 3.
        planes: candidates for hidden units; those with the largest charges are taken, at most all hidden units.
        steps: steps of each of the two ascents.
        rate: their rate at the start.
        seed: of the planes and of the chains.

    Raises:
        UsageError: the machine is another, or a number is out of range.
    """
    if not isinstance(rbm.visible, Bernoulli) or rbm.span != 1:
        raise UsageError(
            f"low rank: expected Bernoulli visible units, got {type(rbm.visible).__name__}, span {rbm.span}"
        )
    if rank not in POINTS or rank > rbm.visible.size or planes < 1 or steps < 1 or len(data) < 2:
        raise UsageError(
            f"low rank: expected two rows or more, rank from 1 to 3 within {rbm.visible.size} units, planes >= 1 and "
            f"steps >= 1, got {len(data)}, {rank}, {planes}, {steps}"
        )
    rng = np.random.default_rng(seed)
    v = visible_states(rbm, data[:: max(1, len(data) // _ROWS)]).astype(np.float64)
    mean = visible_mean(rbm, data).astype(np.float64)
    U = directions(v - mean, rank)
    y = (v - mean) @ U
    space = make_space(U, rbm.visible.logits_of_mean(mean).astype(np.float64), mean, y)
    n, t = draw_planes(y, planes, rng)
    alpha, q = charges(space, n, t, steps=steps, rate=rate)
    coulomb = likelihood(space, space.points @ alpha + np.abs(space.points @ n - t) @ q)[0]
    kept = np.argsort(-q)[: min(rbm.hidden.size, np.count_nonzero(q > 1e-3))]
    first = Field(alpha - n[:, kept] @ q[kept], 2 * q[kept] * n[:, kept], -2 * q[kept] * t[kept])
    field = ascend(space, first, steps=steps, rate=rate / 2)
    gain, p = likelihood(space, values(field, space.points))
    _hand_over(rbm, space, field, mean, y)
    if rbm.chains:
        shape = (rbm.chains, rbm.blocks) if rbm.blocks else (rbm.chains,)
        rbm.start_chains(draw(space, p, shape, rng))
    return Start(space, field, coulomb, gain, len(kept))


def directions(x: np.ndarray, rank: int) -> np.ndarray:
    """The leading principal directions of centred rows; (n, N) to (N, d), orthonormal."""
    return np.linalg.eigh(x.T @ x)[1][:, ::-1][:, :rank]


def make_space(U: np.ndarray, a: np.ndarray, mean: np.ndarray, y: np.ndarray) -> Space:
    """A grid around the data, with the density of independent units on it by the saddle point.

    Args:
        U: directions, shape (N, d).
        a: biases of the independent units, shape (N,).
        mean: offsets m of y = U'(v - m), shape (N,).
        y: the data, shape (n, d).
    """
    d = U.shape[1]
    margin = _MARGIN * np.ptp(y, axis=0) + 1e-6
    axes = [np.linspace(*ends, POINTS[d]) for ends in zip(y.min(axis=0) - margin, y.max(axis=0) + margin, strict=True)]
    points = np.array(list(product(*axes)))
    log_density, tilts, reached = saddle_point(U, a, mean, points)
    points, tilts = points[reached], tilts[reached]
    log_base = log_density[reached] + np.sum(np.log([axis[1] - axis[0] for axis in axes]))
    widths = np.array([axis[1] - axis[0] for axis in axes])
    nearest = [np.argmin(np.sum(((points - row) / widths) ** 2, axis=1)) for row in y]
    return Space(U, a, points, tilts, log_base, np.bincount(nearest, minlength=len(points)) / len(y))


def saddle_point(
    U: np.ndarray, a: np.ndarray, mean: np.ndarray, points: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The density of y = U'(v - m) for independent Bernoulli units v with biases a (Daniels 1954).

    With K(mu) = log E exp(mu.y) and mu such that K'(mu) = y, it is exp(K(mu) - mu.y) / sqrt(det(2 pi K''(mu))), with an
    error that falls as 1 / N.

    Args:
        U: directions, shape (N, d).
        a: biases, shape (N,).
        mean: offsets m, shape (N,).
        points: y, shape (P, d).

    Returns:
        Log density in nats, shape (P,); mu, shape (P, d); and which points can be reached at all, shape (P,).
    """
    mu, left = np.zeros_like(points), np.arange(len(points))
    for _ in range(_NEWTON):
        slope, curvature = _derivatives(U, a, mean, mu[left])
        miss = slope - points[left]
        open_ = np.abs(miss).max(axis=1) > _FAR
        left = left[open_]
        if not len(left):
            break
        step = np.linalg.solve(curvature[open_] + 1e-9 * np.eye(U.shape[1]), miss[open_][..., None])[..., 0]
        mu[left] -= step * np.minimum(1, 2 / np.maximum(np.linalg.norm(step, axis=1, keepdims=True), 1e-12))
    reached = np.ones(len(points), bool)
    reached[left] = False
    field = mu @ U.T
    cumulant = np.sum(np.logaddexp(0, a + field) - np.logaddexp(0, a) - field * mean, axis=1)
    _, log_det = np.linalg.slogdet(2 * np.pi * _derivatives(U, a, mean, mu)[1])
    reached &= np.isfinite(log_det)
    return cumulant - np.sum(mu * points, axis=1) - log_det / 2, mu, reached


def _derivatives(U: np.ndarray, a: np.ndarray, mean: np.ndarray, mu: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    p = _sigmoid(a + mu @ U.T)  # (P, N)
    pairs = (U[:, :, None] * U[:, None]).reshape(len(U), -1)
    d = U.shape[1]
    return (p - mean) @ U, ((p * (1 - p)) @ pairs).reshape(-1, d, d)


def draw_planes(y: np.ndarray, count: int, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Planes n.y = t in random directions, each through a random point between two rows; (d, J) and (J,)."""
    n = rng.normal(size=(y.shape[1], count))
    n /= np.linalg.norm(n, axis=0)
    share = rng.random((count, 1))
    through = share * y[rng.integers(0, len(y), count)] + (1 - share) * y[rng.integers(0, len(y), count)]
    return n, np.sum(through * n.T, axis=1)


def charges(space: Space, n: np.ndarray, t: np.ndarray, *, steps: int, rate: float) -> tuple[np.ndarray, np.ndarray]:
    """The restricted Coulomb machine of largest likelihood with given planes.

    Args:
        space: where.
        n: normals of the planes, shape (d, J).
        t: their places, shape (J,).
        steps: of the ascent.
        rate: its rate at the start.

    Returns:
        alpha, shape (d,), and the charges q >= 0, shape (J,).
    """
    far = np.abs(space.points @ n - t)

    def gradient(alpha: np.ndarray, q: np.ndarray) -> list[np.ndarray]:
        excess = space.data - likelihood(space, space.points @ alpha + far @ q)[1]
        return [space.points.T @ excess, far.T @ excess]

    alpha, q = _adam([np.zeros(len(n)), np.zeros(len(t))], gradient, steps, rate, lambda x: np.maximum(x, 0), last=1)
    return alpha, q


def ascend(space: Space, field: Field, *, steps: int, rate: float) -> Field:
    """The low-rank RBM of larger likelihood near a given one, by exact gradients on the grid."""

    def gradient(alpha: np.ndarray, A: np.ndarray, b: np.ndarray) -> list[np.ndarray]:
        excess = space.data - likelihood(space, values(Field(alpha, A, b), space.points))[1]
        pull = _sigmoid(space.points @ A + b) * excess[:, None]
        return [space.points.T @ excess, space.points.T @ pull, pull.sum(axis=0)]

    return Field(*_adam([np.array(x) for x in field], gradient, steps, rate))


def values(field: Field, points: np.ndarray) -> np.ndarray:
    """g(y), nats; (K, d) to (K,)."""
    return points @ field.alpha + np.logaddexp(0, points @ field.A + field.b).sum(axis=1)


def likelihood(space: Space, g: np.ndarray) -> tuple[float, np.ndarray]:
    """Log-likelihood of the data over that of independent units, nats a row, and the shares of the points, (K,)."""
    log_p = space.log_base + g
    log_z = np.logaddexp.reduce(log_p)
    return float(space.data @ g - log_z), np.exp(log_p - log_z)


def draw(space: Space, p: np.ndarray, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    """States near points of the grid drawn by their shares: independent units whose mean is there; (*shape, N)."""
    tilts = space.tilts[rng.choice(len(p), shape, p=p)]
    return (rng.random((*shape, len(space.a))) < _sigmoid(space.a + tilts @ space.U.T)).astype(np.float32)


def _hand_over(rbm: RBM, space: Space, field: Field, mean: np.ndarray, y: np.ndarray) -> None:
    """Give a machine the numbers of the field; hidden units that it does not need stay near zero."""
    used, weights = len(field.b), np.zeros(tuple(rbm.W.shape))
    weights[:, :used] = space.U @ field.A
    l, b = np.full(rbm.hidden.size, 0.5), np.zeros(rbm.hidden.size)  # noqa: E741
    l[:used] = _sigmoid(y @ field.A + field.b).mean(axis=0)
    b[:used] = field.b
    small = np.random.default_rng(rbm.seed).normal(0, rbm.weight_scale, weights[:, used:].shape)
    a = space.a + space.U @ field.alpha + weights @ l
    weights[:, used:] = small
    for name, value in (("W", weights), ("a", a), ("b", b), ("m", mean), ("l", l)):
        getattr(rbm, name).assign(np.asarray(value, np.float32))


def _adam(
    start: list[np.ndarray],
    gradient: Callable[..., list[np.ndarray]],
    steps: int,
    rate: float,
    project: Callable[[np.ndarray], np.ndarray] | None = None,
    last: int = 0,
) -> list[Any]:
    """Ascent with Adam, its rate falling to nothing along a cosine; `project` is put on the last arrays."""
    x = start
    first, second = [np.zeros_like(each) for each in x], [np.zeros_like(each) for each in x]
    for step in range(1, steps + 1):
        here = rate * (1 + np.cos(np.pi * step / steps)) / 2
        for i, slope in enumerate(gradient(*x)):
            first[i] = 0.9 * first[i] + 0.1 * slope
            second[i] = 0.99 * second[i] + 0.01 * slope**2
            x[i] = x[i] + here * first[i] / (1 - 0.9**step) / (np.sqrt(second[i] / (1 - 0.99**step)) + 1e-8)
            if project and i >= len(x) - last:
                x[i] = project(x[i])
    return x


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return np.exp(-np.logaddexp(0, -x))
