"""Block Gibbs sampling of an RBM or a DBN while some codes are held.

A kernel is `step(state) -> (state, info)`, pure and compiled once by the caller or by `run`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.models import random
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.shapes import expect


class GibbsState(NamedTuple):
    """A batch of chains.

    Attributes:
        v: visible states, shape (B, N).
        key: of the next draws, shape (2,), int32.
    """

    v: Any
    key: Any


class GibbsInfo(NamedTuple):
    """What a step did.

    Attributes:
        changed: share of the free codes that changed, a number.
    """

    changed: Any


def kernel(
    machine: RBM | DBN, v_known: Any, known: Any, temperature: float = 1.0
) -> Callable[[GibbsState], tuple[GibbsState, GibbsInfo]]:
    """A step of block Gibbs: every layer up, then down, then the held codes put back.

    For an RBM this leaves P(v | held codes) invariant exactly: with the held units at their values the machine is an
    RBM over the others. For a DBN the way up is an approximate posterior, so the step is the usual approximation.

    Args:
        machine: an RBM or a DBN.
        v_known: visible states that hold the known codes, shape (B, N) or (B, L, N).
        known: which codes are held, shape (B, G) or (B, L, G), 1 or 0.
        temperature: divides all logits.
    """
    units = machine.visible
    expect("v_known", v_known, _axes(v_known, "N"), N=units.size)
    expect("known", known, _axes(known, "G"), G=units.groups)
    held = units.spread(ops.cast(known, "float32"))
    free = 1 - ops.cast(known, "float32")
    draws = 2 * len(machine.rbms) if isinstance(machine, DBN) else 2

    def step(state: GibbsState) -> tuple[GibbsState, GibbsInfo]:
        if isinstance(machine, DBN):
            v = machine.sample(state.v, state.key, temperature)
        else:
            h_logits = machine.h_logits_from_v(state.v) / temperature
            h = machine.hidden.sample(h_logits, random.uniform(state.key, ops.shape(h_logits)))
            v_logits = machine.v_logits_from_h(h) / temperature
            uniform = random.uniform(random.advance(state.key), (*ops.shape(v_logits)[:-1], units.groups))
            v = units.sample(v_logits, uniform)
        v = held * v_known + (1 - held) * v
        moved = ops.cast(units.collapse(v) != units.collapse(state.v), "float32")
        changed = ops.sum(free * moved) / ops.maximum(ops.sum(free), 1.0)
        return GibbsState(v, random.advance(state.key, draws)), GibbsInfo(changed)

    return step


def run(
    machine: RBM | DBN,
    v: Any,
    steps: int,
    *,
    known: Any = None,
    temperature: float = 1.0,
    seed: int = 0,
) -> np.ndarray:
    """Run chains for a number of steps.

    Args:
        machine: an RBM or a DBN.
        v: where the chains start, shape (B, N) or (B, L, N); held codes stay as they are here.
        steps: number of steps.
        known: which codes are held, shape (B, G) or (B, L, G); None for none.
        temperature: divides all logits.
        seed: of the draws.

    Returns:
        Visible states, of v's shape.
    """
    v = np.asarray(v, np.float32)
    free = np.zeros((*v.shape[:-1], machine.visible.groups), np.float32)
    known = free if known is None else np.asarray(known, np.float32)

    def loop(v: Any, known: Any, key: Any, steps: Any, temperature: Any) -> Any:
        step = kernel(machine, v, known, temperature)

        def body(_: Any, state: Any) -> Any:
            return tuple(step(GibbsState(*state))[0])

        return ops.fori_loop(0, steps, body, (v, key))[0]

    arguments = (v, known, random.make_key(seed), np.int32(steps), np.float32(temperature))
    return ops.convert_to_numpy(compiled(machine, loop)(*(ops.convert_to_tensor(x) for x in arguments)))


def _axes(x: Any, last: str) -> str:
    return f"B L {last}" if len(x.shape) == 3 else f"B {last}"
