"""Log Z along a ladder of machines: the checkpoints of a training, or the rungs of parallel tempering.

Training moves slowly, so that neighbouring checkpoints are near each other where the path of `ais`, which knows only
the end, may cross a phase transition (Béreux, Decelle, Furtlehner, Rosset & Seoane 2025). A ladder begins at the
base-rate machine, whose log Z is known: that with the first machine's biases and no weights.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.evaluation.likelihood import ais, path
from credo.evaluation.likelihood.estimate import MOST_DEVIATION, from_log_weights
from credo.evaluation.likelihood.path import Pairing, Progress
from credo.models import random
from credo.models.rbm import Parameters
from credo.models.units import Units
from credo.shapes import expect

#: The least overlap of two neighbours at which their ratio is believed. The figure is 1 for equal machines and 0 for
#: machines that share no states; below 0.03 the difference hangs on a few samples of the tails (Klimovich et al. 2015
#: have the same number for a like measure).
LEAST_OVERLAP = 0.03


class Trajectory(NamedTuple):
    """Log Z of each machine of a ladder.

    Attributes:
        log_z: nats, shape (rungs,).
        error: standard errors of `log_z`, nats, shape (rungs,).
        trusted: whether each estimate and all before it are within the rule, shape (rungs,), bool.
        quality: what the rule looks at, shape (rungs,): of `along` the standard deviation of the log weights, in nats,
            at most `MOST_DEVIATION`; of `between` the overlap with the rung before, at least `LEAST_OVERLAP`.
    """

    log_z: np.ndarray
    error: np.ndarray
    trusted: np.ndarray
    quality: np.ndarray


def along(
    visible: Units,
    hidden: Units,
    ladder: Sequence[Parameters],
    *,
    steps: int = 1,
    runs: int = 64,
    blocks: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Trajectory:
    """Annealed importance sampling whose intermediate machines are those of a ladder.

    Args:
        visible: the visible units.
        hidden: the hidden units.
        ladder: the machines, in the order of training, each as `RBM.constants` gives them.
        steps: temperatures from each machine to the next.
        runs: chains, R, of at least 2.
        blocks: the length of the sequences, L; 0 for states that are none.
        seed: of the draws.
        progress: told after each machine: how many are done, and how many there are.

    Returns:
        Log Z of each machine; the estimates are of the same chains and hang together.

    Raises:
        UsageError: the ladder is empty, a number is out of range or a shape does not fit.
    """
    pair, machines = Pairing(visible, hidden), _checked(visible, hidden, ladder, blocks)
    if runs < 2:
        raise UsageError(f"runs: expected at least 2, got {runs}")
    start, betas = path.independent(machines[0].a, machines[0].b), path.temperatures(steps)
    key, known = random.make_key(seed), float(path.independent_log_z(pair, start, blocks))
    shape = (1, runs, *((blocks,) if blocks else ()), visible.size)
    v, key = path.draw_independent(pair, start, shape, key), random.advance(key)
    here, total, results = start, np.zeros((1, runs)), []
    for number, there in enumerate(machines, 1):
        v, gains, key = path.walk(pair, here, there, v, betas, key)
        here, total = there, total + gains
        results.append(from_log_weights(total[0], known))
        if progress:
            progress(number, len(machines))
    deviations = np.array([each.deviation for each in results])
    return Trajectory(
        np.array([each.log_z for each in results]),
        np.array([each.error for each in results]),
        np.maximum.accumulate(deviations) <= MOST_DEVIATION,
        deviations,
    )


def between(
    visible: Units, hidden: Units, ladder: Sequence[Parameters], samples: Sequence[np.ndarray], *, seed: int = 0
) -> Trajectory:
    """Log Z from samples of every machine of a ladder, by Bennett's acceptance ratio between neighbours (1976).

    Of all estimates that take samples of two machines, it has the least variance. The samples of a rung serve with both
    neighbours, and the errors take that into account; they take the samples of a rung for independent of each other
    (thin the chains), and those of different rungs too.

    Args:
        visible: the visible units.
        hidden: the hidden units.
        ladder: the machines. Where the first one has weights, as many draws of its base-rate machine come before it.
        samples: visible states of each machine, shape (n, N) or (n, L, N), n of at least 2.
        seed: of the draws of the base-rate machine.

    Returns:
        Log Z of each machine.

    Raises:
        UsageError: the ladder is empty, or a shape does not fit.
    """
    pair = Pairing(visible, hidden)
    if len(samples) != len(ladder):
        raise UsageError(f"samples: expected those of {len(ladder)} machines, got {len(samples)}")
    states = [np.asarray(ops.convert_to_numpy(x), np.float32) for x in samples]
    blocks = states[0].shape[1] if states and states[0].ndim == 3 else 0
    machines = _checked(visible, hidden, ladder, blocks)
    for x in states:
        expect("samples", x, "n L N" if blocks else "n N", N=visible.size, **({"L": blocks} if blocks else {}))
        if len(x) < 2:
            raise UsageError(f"samples: expected at least 2 of each machine, got {len(x)}")
    start, extra = path.independent(machines[0].a, machines[0].b), bool(np.any(machines[0].W))
    if extra:
        drawn = path.draw_independent(pair, start, states[0].shape, random.make_key(seed))
        machines, states = [start, *machines], [ops.convert_to_numpy(drawn), *states]
    log_z, parts, overlaps = [float(path.independent_log_z(pair, start, blocks))], [np.zeros(len(states[0]))], [1.0]
    errors = [0.0]
    for number in range(1, len(machines)):
        ends = (machines[number - 1], machines[number])
        forward, backward = (_ratio(pair, *ends, states[place]) for place in (number - 1, number))
        ratio, (low, high), overlap = bennett(forward, backward)
        log_z.append(log_z[-1] + ratio)
        parts = [*parts[:-1], parts[-1] + low, high]
        overlaps.append(overlap)
        errors.append(float(np.sqrt(sum(len(part) * part.var() for part in parts))))
    first = int(extra)
    trusted = np.minimum.accumulate(overlaps) >= LEAST_OVERLAP
    return Trajectory(*(np.array(x)[first:] for x in (log_z, errors, trusted, overlaps)))


def bennett(forward: np.ndarray, backward: np.ndarray) -> tuple[float, tuple[np.ndarray, np.ndarray], float]:
    """Log Z_1 - log Z_0 by Bennett's acceptance ratio.

    Args:
        forward: log f_1 - log f_0 of samples of machine 0, nats, shape (n_0,).
        backward: the same of samples of machine 1, nats, shape (n_1,).

    Returns:
        The difference in nats; the influence of each sample on it, nats, shapes (n_0,) and (n_1,), of mean zero, whose
        squares add up to its variance; and the overlap, between 0 and 1.
    """
    offset = np.log(len(forward) / len(backward))
    both = np.concatenate([forward, backward])
    low, high = both.min(), both.max()  # the difference is a mean of these numbers, of a kind
    for _ in range(100):  # bisection: the left side falls with the difference, the right side rises
        middle = (low + high) / 2
        accepted = _sigmoid(forward - middle - offset).sum(), _sigmoid(middle + offset - backward).sum()
        low, high = (middle, high) if accepted[0] > accepted[1] else (low, middle)
    f, g = _sigmoid(forward - middle - offset), _sigmoid(middle + offset - backward)
    slope = (f * (1 - f)).sum() + (g * (1 - g)).sum()
    overlap = slope * (1 / len(f) + 1 / len(g))
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = (f - f.mean()) / slope, -(g - g.mean()) / slope
    return float(middle), influence, float(overlap)


def _ratio(pair: Pairing, p0: Parameters, p1: Parameters, v: np.ndarray) -> np.ndarray:
    """Log f_1(v) - log f_0(v) of states, nats; (n, N) or (n, L, N) to (n,)."""
    ends = (path.log_f(pair, path.with_runs(p), ops.convert_to_tensor(v[None])) for p in (p0, p1))
    zero, one = (ops.convert_to_numpy(x)[0].astype(np.float64) for x in ends)
    return one - zero


def _checked(visible: Units, hidden: Units, ladder: Sequence[Parameters], blocks: int) -> list[Parameters]:
    if not ladder:
        raise UsageError("ladder: expected at least one machine, got none")
    machines = []
    for p in ladder:
        machine, rows = ais.checked(Pairing(visible, hidden), p, blocks)
        if rows:
            raise UsageError(f"ladder: expected biases of one machine a rung, got those of {rows}")
        machines.append(machine)
    return machines


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(x / 2))
