"""Ladders for parallel tempering: lists of machines over the same units, the easiest first and the target last.

Rungs can be temperatures of one machine, or checkpoints of its training. Neighbours of the second kind stay close where
temperatures cross a discontinuous phase transition, which swaps hardly pass: parallel trajectory tempering (Béreux,
Decelle, Furtlehner, Rosset & Seoane 2025).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
from credo.models.rbm import RBM, Parameters
from credo.sampling.gibbs import compiled_once, start
from credo.sampling.tempering import check_ladder, free_energies, log_ratio, stack, swap_probability
from credo.shapes import expect


class Rungs(NamedTuple):
    """Checkpoints that make a ladder.

    Attributes:
        chosen: their numbers, rising.
        ladder: the checkpoints themselves.
        acceptance: estimated mean probability of a swap of each pair of neighbours, shape (len(chosen) - 1,).
    """

    chosen: list[int]
    ladder: list[Parameters]
    acceptance: np.ndarray


def snapshot(rbm: RBM) -> Parameters:
    """The numbers of a machine as they are now, copied: a checkpoint for a ladder."""
    return Parameters(*(np.array(ops.convert_to_numpy(x), np.float32) for x in (rbm.W, rbm.a, rbm.b, rbm.m, rbm.l)))


def base_rate(rbm: RBM, mean: np.ndarray) -> Parameters:
    """A machine without weights whose visible units have the data's mean; the usual end of a ladder of temperatures.

    Args:
        rbm: the machine at the other end, whose offsets it has.
        mean: mean of the visible states over the data, shape (N,).
    """
    p = snapshot(rbm)
    expect("mean", mean, "N", N=rbm.visible.size)
    return p._replace(W=np.zeros_like(p.W), a=rbm.visible.logits_of_mean(np.asarray(mean)), b=np.zeros_like(p.b))


def temperature_ladder(rbm: RBM, betas: Sequence[float], base: Parameters | None = None) -> list[Parameters]:
    """Machines whose energies are beta times that of a machine and 1 - beta times that of one without weights.

    Args:
        rbm: the machine of beta = 1, the target.
        betas: inverse temperatures, rising, from 0 or more to 1.
        base: the machine of beta = 0, without weights, as `base_rate` makes it; None for uniform units.
    """
    betas = np.asarray(betas, np.float32)
    if betas.ndim != 1 or len(betas) < 2 or betas[0] < 0 or betas[-1] != 1 or np.any(np.diff(betas) <= 0):
        raise UsageError(f"betas: expected numbers rising from 0 or more to 1, got {betas.tolist()}")
    p = snapshot(rbm)
    base = base or Parameters(np.zeros_like(p.W), np.zeros_like(p.a), np.zeros_like(p.b), p.m, p.l)
    if np.any(base.W):
        raise UsageError("base: expected a machine whose weights are zero")
    return [
        p._replace(W=beta * p.W, a=beta * p.a + (1 - beta) * base.a, b=beta * p.b + (1 - beta) * base.b)
        for beta in betas
    ]


def choose_rungs(
    rbm: RBM,
    checkpoints: Iterable[Parameters],
    v: Any,
    *,
    target: float = 0.3,
    steps: int = 50,
    known: Any = None,
    seed: int = 0,
) -> Rungs:
    """Choose checkpoints of a training such that neighbours swap often enough, and no more of them than that takes.

    Chains follow the training from checkpoint to checkpoint, and the next rung is the last checkpoint before the
    estimated acceptance falls below the target. The first and the last checkpoint are always rungs. Chains that follow
    may lag behind a machine that mixes slowly: look at the acceptance of the run itself too.

    Args:
        rbm: the machine whose units the checkpoints share.
        checkpoints: in the order of training; each is looked at once, so that they may come from disk one by one. A
            fine ladder of temperatures will do as well.
        v: where the chains start, shape (B, N).
        target: the mean probability of a swap that is wanted, between 0 and 1.
        steps: steps of block Gibbs on each checkpoint.
        known: which codes are held, shape (B, G); None for none.
        seed: of the draws.
    """
    if not 0 < target < 1 or steps < 1:
        raise UsageError(f"choose_rungs: expected 0 < target < 1 and steps >= 1, got {target} and {steps}")
    v, known = start(rbm.visible.groups, v, known)
    expect("v", v, "B N", N=rbm.visible.size)
    follow = _follow(rbm)
    last: tuple[int, Parameters, Any] | None = None
    before: tuple[int, Parameters, Any] | None = None
    chosen, acceptance = [], []
    here = float("nan")  # acceptance between the last rung and the checkpoint before this one
    for number, p in enumerate(checkpoints):
        check_ladder(rbm, [p])
        key = random.make_key(seed * 1_000_003 + number)
        rest = (ops.convert_to_tensor(x) for x in (v, known, key, np.int32(steps)))
        v = ops.convert_to_numpy(follow(Parameters(*map(ops.convert_to_tensor, p)), *rest))
        if last is None:
            last = before = (number, p, v)
            chosen.append((number, p))
            continue
        rate = swap_acceptance(rbm, last[1], p, last[2], v)
        if rate < target and before[0] > last[0]:
            chosen.append(before[:2])
            acceptance.append(here)
            last, rate = before, swap_acceptance(rbm, before[1], p, before[2], v)
        before, here = (number, p, v), rate
    if before is None or before[0] == chosen[0][0]:
        raise UsageError("checkpoints: expected at least two")
    chosen.append(before[:2])
    return Rungs([number for number, _ in chosen], [p for _, p in chosen], np.array([*acceptance, here]))


def swap_acceptance(rbm: RBM, p: Parameters, q: Parameters, v_p: Any, v_q: Any) -> float:
    """Mean probability that two machines swap their states.

    Args:
        rbm: the machine whose units they share.
        p: one machine.
        q: the other machine.
        v_p: states of the first, shape (B, N).
        v_q: states of the other, shape (B, N).
    """

    def build(rbm: RBM) -> Callable[..., Any]:
        def mean(ladder: Parameters, v: Any) -> Any:
            own, other = (free_energies(rbm, ladder, x)[0] for x in (v, ops.flip(v, axis=0)))
            return ops.mean(swap_probability(log_ratio(own, other, np.array([1, 0])))[0])

        return mean

    v = np.stack([np.asarray(v_p, np.float32), np.asarray(v_q, np.float32)])
    rate = compiled_once(rbm, "acceptance", build)(stack(rbm, [p, q]), ops.convert_to_tensor(v))
    return float(ops.convert_to_numpy(rate))


def _follow(rbm: RBM) -> Callable[..., Any]:
    """Block Gibbs under given numbers, from (p, v, known, key, steps) to v."""

    def build(rbm: RBM) -> Callable[..., Any]:
        def follow(p: Parameters, start: Any, known: Any, key: Any, steps: Any) -> Any:
            held, layers = rbm.visible.spread(known), rbm.layers(p)

            def body(_: Any, state: Any) -> Any:
                v, key = state
                return held * start + (1 - held) * blocks.step(layers, v, key), random.advance(key, 2)

            return ops.fori_loop(0, steps, body, (start, key))[0]

        return follow

    return compiled_once(rbm, "follow", build)
