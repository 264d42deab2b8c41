"""Parallel tempering: chains on a ladder of machines, from one that mixes easily to the one that is wanted.

Each rung is a machine over the same units, and neighbours swap their states now and then, which leaves the product of
all rungs' distributions invariant (Swendsen & Wang 1986; Geyer 1991; of RBMs: Desjardins et al. 2010). `ladders` makes
ladders of temperatures, and of the checkpoints of a training.

Rung 0 is the easiest machine, the last rung is the target. Swaps alternate between the pairs (0, 1), (2, 3) ... and
(1, 2), (3, 4) ..., which carries states along the ladder faster than pairs chosen by chance (Syed et al. 2022).
R is the number of rungs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
from credo.models.rbm import RBM, Parameters
from credo.sampling.gibbs import check_numbers, collect, compiled_once, start
from credo.shapes import expect

#: What a state has behind it since it was last on the target.
_NEVER, _LEFT, _RETURNS = 0, 1, 2


class TemperingState(NamedTuple):
    """Chains on all rungs.

    Attributes:
        v: visible states, shape (R, B, N).
        heading: for each state 0 where it has never been on the target, 1 where it comes from there, 2 where it has
            since been on rung 0; shape (R, B), int32.
        trips: round trips from the target to rung 0 and back, shape (B,), int32.
        turn: which pairs swap next, 0 or 1, int32.
        key: of the next draws, shape (2,), int32.
    """

    v: Any
    heading: Any
    trips: Any
    turn: Any
    key: Any


class TemperingInfo(NamedTuple):
    """What a step did.

    Attributes:
        accepted: mean probability of a swap, of the pairs that were tried; 0 of the others; shape (R - 1,).
        tried: 1 for each pair that was tried, shape (R - 1,).
    """

    accepted: Any
    tried: Any


class Tempered(NamedTuple):
    """What `run` returns.

    Attributes:
        v: visible states of the target, shape (B, N).
        rungs: visible states of all rungs, shape (R, B, N), as Bennett's ratio wants them.
        acceptance: mean probability of a swap of each pair of neighbours, shape (R - 1,); NaN if never tried.
        round_trips: how many states of each chain went from the target to rung 0 and back, shape (B,).
        kept: states of the target on the way, or a statistic of them, shape (B, draws, ...).
    """

    v: np.ndarray
    rungs: np.ndarray
    acceptance: np.ndarray
    round_trips: np.ndarray
    kept: np.ndarray


def kernel(
    rbm: RBM, ladder: Parameters, v_known: Any, known: Any
) -> Callable[[TemperingState], tuple[TemperingState, TemperingInfo]]:
    """Every other pair of neighbours swaps or not, then each rung takes a step of block Gibbs; all rungs at once.

    A swap of v and v' between rungs r and r' has the exact probability min(1, exp(F_r(v) + F_r'(v') - F_r(v') -
    F_r'(v))): hidden units are summed out, and normalisers cancel. Held codes are the same on all rungs, so that each
    rung samples its own exact conditional.

    Args:
        rbm: the machine whose units the rungs share; its own numbers are not used.
        ladder: numbers of all rungs, stacked: W (R, N, H), a and m (R, N), b and l (R, H).
        v_known: visible states that hold the known codes, shape (B, N).
        known: which codes are held, shape (B, G), 1 or 0.
    """
    units, R = rbm.visible, ladder.a.shape[0]
    held = units.spread(ops.cast(known, "float32"))
    rung = ops.arange(R, dtype="int32")

    def step(state: TemperingState) -> tuple[TemperingState, TemperingInfo]:
        expect("v", state.v, "R B N", R=R, N=units.size)
        B = state.v.shape[1]
        partner = ops.bitwise_xor(rung + state.turn, 1) - state.turn
        partner = ops.where(ops.logical_and(partner >= 0, partner < R), partner, rung)
        others = ops.take(state.v, partner, axis=0)
        (own, own_x), (other, other_x) = (free_energies(rbm, ladder, v) for v in (state.v, others))
        probability = swap_probability(log_ratio(own, other, partner))
        uniform = ops.take(random.uniform(state.key, (R, B)), ops.minimum(rung, partner), axis=0)
        paired = ops.expand_dims(partner != rung, 1)
        swap = ops.logical_and(paired, uniform < probability)
        heading = ops.where(swap, ops.take(state.heading, partner, axis=0), state.heading)

        x = ops.where(ops.expand_dims(swap, 2), other_x, own_x)  # hidden logits of the states after the swap
        h = blocks.draw(rbm.hidden, x, random.advance(state.key))
        logits = _row(ladder.a) + ops.matmul(h - _row(ladder.l), ops.transpose(ladder.W, (0, 2, 1)))
        v = held * v_known + (1 - held) * blocks.draw(units, logits, random.advance(state.key, 2))

        first, last = ops.expand_dims(rung == 0, 1), ops.expand_dims(rung == R - 1, 1)
        trips = state.trips + ops.cast(heading[-1] == _RETURNS, "int32")
        heading = ops.where(ops.logical_and(first, heading == _LEFT), _RETURNS, heading)
        heading = ops.where(last, _LEFT, heading)
        tried = ops.cast(partner > rung, "float32")
        info = TemperingInfo((tried * ops.mean(probability, axis=1))[:-1], tried[:-1])
        return TemperingState(v, heading, trips, 1 - state.turn, random.advance(state.key, 3)), info

    return step


def run(
    rbm: RBM,
    ladder: Sequence[Parameters],
    v: Any,
    steps: int,
    *,
    every: int = 0,
    statistic: Callable[[Any], Any] | None = None,
    known: Any = None,
    seed: int = 0,
) -> Tempered:
    """Run chains on all rungs for a number of steps.

    Args:
        rbm: the machine whose units the rungs share.
        ladder: the rungs, the target last.
        v: where the chains start, shape (B, N) for all rungs alike, or (R, B, N); held codes stay as they are here, on
            the target.
        steps: number of steps.
        every: steps from one state of the target that is kept to the next; 0 to keep none.
        statistic: what is kept of the states, a function of v to (B, ...) in `keras.ops`; None for the states.
        known: which codes are held, shape (B, G); None for none.
        seed: of the draws.
    """
    check_numbers(steps, 1.0)
    if every < 0 or every > steps:
        raise UsageError(f"tempering: expected every between 0 and {steps}, got {every}")
    stacked = stack(rbm, ladder)
    R, v = len(ladder), np.asarray(v, np.float32)
    v = np.repeat(v[None], R, axis=0) if v.ndim == 2 else v
    expect("v", v, "R B N", R=R, N=rbm.visible.size)
    B = v.shape[1]
    v_known, known = start(rbm.visible.groups, v[-1], known)
    expect("known", known, "B G", B=B, G=rbm.visible.groups)
    held = ops.convert_to_numpy(rbm.visible.spread(ops.convert_to_tensor(known)))
    v = np.where(held > 0, v_known, v)
    heading = np.repeat([[_NEVER]] * (R - 1) + [[_LEFT]], B, axis=1).astype(np.int32)
    none = np.zeros(R - 1, np.float32)
    state = (v, heading, np.zeros(B, np.int32), np.int32(0), random.make_key(seed), none, none)
    rest = [ops.convert_to_tensor(x) for x in (v_known, known)]
    loop = _loop(rbm)

    def advance(state: tuple[Any, ...], steps: int = every) -> tuple[Any, ...]:
        return loop(stacked, *rest, ops.convert_to_tensor(np.int32(steps)), state)

    state, kept = tuple(map(ops.convert_to_tensor, state)), np.zeros((B, 0))
    draws = steps // every if every else 0
    if draws:
        state, kept = collect(rbm, advance, state, draws, statistic=statistic, states=lambda state: state[0][-1])
    v, _, trips, _, _, accepted, tried = map(ops.convert_to_numpy, advance(state, steps - draws * every))
    acceptance = np.where(tried > 0, accepted / np.maximum(tried, 1), np.nan)
    return Tempered(v[-1], v, acceptance, trips, kept)


def _loop(rbm: RBM) -> Callable[..., Any]:
    def build(rbm: RBM) -> Callable[..., Any]:
        def loop(ladder: Parameters, v_known: Any, known: Any, steps: Any, state: tuple[Any, ...]) -> Any:
            step = kernel(rbm, ladder, v_known, known)

            def body(_: Any, state: tuple[Any, ...]) -> tuple[Any, ...]:
                *chains, accepted, tried = state
                chains, info = step(TemperingState(*chains))
                return (*chains, accepted + info.accepted, tried + info.tried)

            return ops.fori_loop(0, steps, body, state)

        return loop

    return compiled_once(rbm, "tempering", build)


def free_energies(rbm: RBM, ladder: Parameters, v: Any) -> tuple[Any, Any]:
    """Free energies (R, B) of states (R, B, N), each on its rung, and the hidden logits (R, B, H).

    The base measure of the visible units is left out: it is the same on all rungs, and cancels where they swap.
    """
    field = ops.matmul(v - _row(ladder.m), ladder.W)
    x = _row(ladder.b) + field
    linear = ops.sum(field * _row(ladder.l), axis=-1) - ops.sum(v * _row(ladder.a), axis=-1)
    return linear - rbm.hidden.cumulant(x), x


def log_ratio(own: Any, other: Any, partner: Any) -> Any:
    """Log of the ratio that decides on a swap, shape (R, B).

    Args:
        own: free energies of the rungs' own states, shape (R, B).
        other: free energies, on each rung, of its partner's states, shape (R, B).
        partner: the rung that each rung swaps with, shape (R,).
    """
    gain = own - other
    return gain + ops.take(gain, partner, axis=0)


def swap_probability(log_ratio: Any) -> Any:
    """min(1, exp(log_ratio)), without overflow."""
    return ops.exp(ops.minimum(log_ratio, 0.0))


def _row(x: Any) -> Any:
    return ops.expand_dims(x, 1)


def check_ladder(rbm: RBM, ladder: Sequence[Parameters]) -> None:
    """Refuse machines with spans, and rungs of other shapes than the machine's."""
    if rbm.span > 1:
        raise UsageError(f"tempering: expected a plain machine, of span 1, got span {rbm.span}")
    sizes = {"N": rbm.visible.size, "H": rbm.hidden.size}
    for p in ladder:
        for name, axes in {"W": "N H", "a": "N", "b": "H", "m": "N", "l": "H"}.items():
            expect(f"ladder: {name}", getattr(p, name), axes, **sizes)


def stack(rbm: RBM, ladder: Sequence[Parameters]) -> Parameters:
    """The numbers of all rungs in one array each, W of shape (R, N, H) and so on, as `kernel` takes them."""
    if len(ladder) < 2:
        raise UsageError(f"ladder: expected at least 2 rungs, got {len(ladder)}")
    check_ladder(rbm, ladder)
    arrays = (np.stack([np.asarray(ops.convert_to_numpy(x), np.float32) for x in column]) for column in zip(*ladder))  # noqa: B905
    return Parameters(*map(ops.convert_to_tensor, arrays))
