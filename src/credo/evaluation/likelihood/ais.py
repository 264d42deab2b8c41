"""Annealed importance sampling of log Z (Neal 2001; Salakhutdinov & Murray 2008).

Chains start as exact draws of the *base-rate* machine, which has biases and no weights, and are taken to the machine
along `path`. The mean of their weights estimates Z without bias, so that its logarithm is too low on average, and more
than t nats too high with a probability of at most exp(-t): what is said of data by it is too good, if anything.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from credo.errors import UsageError
from credo.evaluation.likelihood import path
from credo.evaluation.likelihood.estimate import Estimate, from_log_weights
from credo.evaluation.likelihood.path import Pairing, Progress
from credo.models import random
from credo.models.rbm import RBM, Parameters
from credo.models.units import Units
from credo.shapes import expect

_MOST_NUMBERS = 1 << 23


def log_z(
    rbm: RBM,
    *,
    steps: int | np.ndarray = 1000,
    runs: int = 64,
    base: np.ndarray | None = None,
    blocks: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Log Z of a machine, in nats.

    Args:
        rbm: the machine.
        steps: temperatures after the first, evenly spaced; or all of them, rising from 0 to 1.
        runs: chains, R, of at least 2.
        base: visible biases of the base-rate machine, shape (N,), such as `rbm.visible.logits_of_mean(mean)` of the
            data's mean; None for the machine's own, which are those at mean hidden units where it is centred.
        blocks: the length of the sequences, L; 0 for states that are none.
        seed: of the draws.
        progress: told after each chunk of temperatures.

    Returns:
        Numbers; log weights of shape (R,).

    Raises:
        UsageError: a number is out of range or a shape does not fit.
    """
    pair, p = path.parts_of(rbm)
    return anneal(*pair, p, steps=steps, runs=runs, base=base, blocks=blocks, seed=seed, progress=progress)


def anneal(
    visible: Units,
    hidden: Units,
    p: Parameters,
    *,
    steps: int | np.ndarray = 1000,
    runs: int = 64,
    base: np.ndarray | None = None,
    blocks: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> Estimate:
    """Log Z of machines that share weights and may have biases of their own, such as those of a conditional RBM.

    The chains of all machines are taken along together, in groups that bound the memory, and compiled once a shape.

    Args:
        visible: the visible units.
        hidden: the hidden units.
        p: W of shape (S N, H); a of shape (N,) or (B, N), and b of (H,) or (B, H), with an L in the middle for
            sequences, (B, L, N) and (B, L, H); m of shape (N,) and l of shape (H,).
        steps: see `log_z`.
        runs: chains a machine, R.
        base: visible biases of the base-rate machines, as a may be; None for a. Their hidden biases are b.
        blocks: the length of the sequences, L; 0 for states that are none.
        seed: of the draws.
        progress: told after each chunk of temperatures.

    Returns:
        Arrays of shape (B,), and log weights of shape (B, R), in nats; numbers and shape (R,) where no bias has rows.

    Raises:
        UsageError: a number is out of range or a shape does not fit.
    """
    pair, betas = Pairing(visible, hidden), path.temperatures(steps)
    if runs < 2:
        raise UsageError(f"runs: expected at least 2, got {runs}")
    p, rows = checked(pair, p, blocks)
    start = path.independent(p.a if base is None else _base(pair, base, blocks), p.b)
    start, base_rows = checked(pair, start, blocks)
    rows = rows or base_rows
    log_z0 = path.independent_log_z(pair, start, blocks)
    groups = row_groups(pair, rows, runs, blocks)
    told = counted(progress, len(groups) * (len(betas) - 1))
    weights = []
    for number, chosen in enumerate(groups):
        p0, p1 = (rows_of(x, chosen) for x in (start, p))
        shape = (len(chosen), runs, *((blocks,) if blocks else ()), visible.size)
        key = random.make_key(seed * 1_000_003 + number)
        v = path.draw_independent(pair, path.with_runs(p0), shape, key)
        weights.append(path.walk(pair, p0, p1, v, betas, random.advance(key), told)[1])
    log_weights = np.concatenate(weights)[: rows or 1]
    return from_log_weights(log_weights if rows else log_weights[0], log_z0)


def checked(pair: Pairing, p: Parameters, blocks: int) -> tuple[Parameters, int]:
    """Parameters as NumPy arrays, and the number of machines that their biases make, B; 0 where no bias has rows.

    Raises:
        UsageError: a shape does not fit.
    """
    p = Parameters(*(None if x is None else path._float32(x) for x in p))
    N, H, rows = pair.visible.size, pair.hidden.size, {}
    for name, biases, letter in (("a", p.a, "N"), ("b", p.b, "H")):
        axes = letter if biases.ndim == 1 else f"B L {letter}" if blocks else f"B {letter}"
        expect(name, biases, axes, N=N, H=H, **({"L": blocks} if blocks else {}), **rows)
        rows = {"B": len(biases)} if biases.ndim > 1 else rows
    if p.W is not None:
        expect("m", p.m, "N", N=N)
        expect("l", p.l, "H", H=H)
        expect("W", p.W, "M H", M=max(len(p.W) // (2 * N) * 2 + 1, 1) * N, H=H)
        if len(p.W) > N and not blocks:
            raise UsageError("blocks: expected the length of the sequences of a machine with a span, got 0")
    return p, rows.get("B", 0)


def rows_of(p: Parameters, rows: np.ndarray) -> Parameters:
    """Some of the machines."""
    return p._replace(a=p.a[rows] if p.a.ndim > 1 else p.a, b=p.b[rows] if p.b.ndim > 1 else p.b)


def row_groups(pair: Pairing, rows: int, runs: int, blocks: int) -> list[np.ndarray]:
    """Row numbers in groups of one size whose chains fit into memory; the last is filled up with rows of the first."""
    numbers = runs * max(blocks, 1) * (pair.visible.size + pair.hidden.size)
    size = min(max(rows, 1), max(1, _MOST_NUMBERS // numbers))
    count = -(-max(rows, 1) // size)
    return list(np.resize(np.arange(max(rows, 1)), count * size).reshape(count, size))


def counted(progress: Progress | None, total: int) -> Any:
    """A function that adds up the steps taken and tells of them."""
    done = 0

    def told(steps: int) -> None:
        nonlocal done
        done = min(done + steps, total)
        if progress:
            progress(done, total)

    return told


def _base(pair: Pairing, base: np.ndarray, blocks: int) -> np.ndarray:
    base = np.asarray(base, np.float32)
    axes = "N" if base.ndim == 1 else "B L N" if blocks else "B N"
    expect("base", base, axes, N=pair.visible.size)
    return base
