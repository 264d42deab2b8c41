"""Block Gibbs sampling of an RBM or a DBN while some codes are held.

A kernel is `step(state) -> (state, info)`, pure and compiled once by the caller or by `run`. What `run` and `trace`
compile lives as long as the machine.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary, proxy

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
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


class Trace(NamedTuple):
    """What chains went through.

    Attributes:
        v: the last visible states, shape (B, N) or (B, L, N).
        kept: the states that were kept, or a statistic of them, shape (B, draws, ...), as `diagnostics` takes it.
    """

    v: np.ndarray
    kept: np.ndarray


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
    if isinstance(machine, DBN):
        draws, move = 2 * len(machine.rbms), partial(machine.sample, temperature=temperature)
    else:
        draws, move = 2, partial(blocks.step, machine.layers(temperature=temperature))

    def step(state: GibbsState) -> tuple[GibbsState, GibbsInfo]:
        v = held * v_known + (1 - held) * move(state.v, state.key)
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
        temperature: divides all logits; 1 where units are real.
        seed: of the draws.

    Returns:
        Visible states, of v's shape.
    """
    check_numbers(steps, temperature)
    _check_temperature(machine, temperature)
    v, known = start(machine.visible.groups, v, known)
    arguments = (v, known, random.make_key(seed), np.int32(steps), np.float32(temperature))
    return ops.convert_to_numpy(_loop(machine)(*(ops.convert_to_tensor(x) for x in arguments))[0])


def trace(
    machine: RBM | DBN,
    v: Any,
    draws: int,
    *,
    every: int = 1,
    statistic: Callable[[Any], Any] | None = None,
    known: Any = None,
    temperature: float = 1.0,
    seed: int = 0,
) -> Trace:
    """Run chains and keep what they go through; the chains are those of `run` with `draws * every` steps.

    Args:
        machine: an RBM or a DBN.
        v: where the chains start, shape (B, N) or (B, L, N); held codes stay as they are here.
        draws: how many states of each chain are kept.
        every: steps from one kept state to the next.
        statistic: what is kept of the states, a function of v to (B, ...) in `keras.ops`, such as an RBM's
            `free_energy`; None for the states themselves.
        known: which codes are held, shape (B, G) or (B, L, G); None for none.
        temperature: divides all logits.
        seed: of the draws.
    """
    check_numbers(every, temperature, least=1)
    _check_temperature(machine, temperature)
    v, known = map(ops.convert_to_tensor, start(machine.visible.groups, v, known))
    rest = [ops.convert_to_tensor(x) for x in (np.int32(every), np.float32(temperature))]
    loop = _loop(machine)
    state = (v, ops.convert_to_tensor(random.make_key(seed)))
    (v, _), kept = collect(
        machine, lambda state: loop(state[0], known, state[1], *rest), state, draws, statistic=statistic
    )
    return Trace(ops.convert_to_numpy(v), kept)


# -- what the samplers share -------------------------------------------------------------------------------------------

#: Compiled functions of each machine that lives. They know their machine by a proxy, so that they do not keep it alive.
_COMPILED: WeakKeyDictionary[keras.Model, dict[tuple[Any, ...], Callable[..., Any]]] = WeakKeyDictionary()


def compiled_once(
    machine: RBM | DBN, name: str, build: Callable[[RBM | DBN], Callable[..., Any]]
) -> Callable[..., Any]:
    """Compile a function of a machine once for as long as the machine lives.

    Args:
        machine: whose variables the function reads; see `backend.compiled`.
        name: what the function is called, and what else decides how it is built.
        build: makes the function from (a proxy of) the machine.
    """
    layers = machine.rbms if isinstance(machine, DBN) else [machine]
    functions = _COMPILED.setdefault(machine, {})
    key = (name, *(layer.half for layer in layers))
    if key not in functions:
        itself = proxy(machine)
        functions[key] = compiled(itself, build(itself))
    return functions[key]


def start(groups: int, v: Any, known: Any) -> tuple[np.ndarray, np.ndarray]:
    """The states that chains start at, and which codes are held, with zeros for None; (B, N) and (B, G), float32."""
    v = np.asarray(v, np.float32)
    return v, np.zeros((*v.shape[:-1], groups), np.float32) if known is None else np.asarray(known, np.float32)


def collect(
    machine: RBM | DBN,
    advance: Callable[[Any], Any],
    state: Any,
    draws: int,
    *,
    statistic: Callable[[Any], Any] | None = None,
    states: Callable[[Any], Any] = lambda state: state[0],
) -> tuple[Any, np.ndarray]:
    """Go on from state to state, and keep the visible states or a statistic of them.

    Args:
        machine: whose variables the statistic may read.
        advance: from a sampler's state to the next one that is looked at.
        state: a tuple of arrays.
        draws: how often.
        statistic: a function of visible states, (B, N) to (B, ...); None for the states themselves.
        states: the visible states of a sampler's state.

    Returns:
        The last state, and what was kept, shape (B, draws, ...).
    """
    if draws < 1:
        raise UsageError(f"trace: expected draws of at least 1, got {draws}")
    measure = (lambda v: v) if statistic is None else compiled(machine, statistic)
    kept = []
    for _ in range(draws):
        state = advance(state)
        kept.append(ops.convert_to_numpy(measure(states(state))))
    return state, np.stack(kept, axis=1)


def _loop(machine: RBM | DBN) -> Callable[..., Any]:
    """The compiled loop over steps, from (v, known, key, steps, temperature) to (v, key)."""

    def build(machine: RBM | DBN) -> Callable[..., Any]:
        def loop(v: Any, known: Any, key: Any, steps: Any, temperature: Any) -> Any:
            step = kernel(machine, v, known, temperature)

            def body(_: Any, state: Any) -> Any:
                return tuple(step(GibbsState(*state))[0])

            return ops.fori_loop(0, steps, body, (v, key))

        return loop

    return compiled_once(machine, "gibbs", build)


def check_numbers(steps: int, temperature: float, least: int = 0) -> None:
    """Refuse fewer steps than the least, and temperatures that are not above zero."""
    if steps < least or not temperature > 0:
        raise UsageError(f"sampling: expected steps >= {least} and a temperature > 0, got {steps} and {temperature}")


def _check_temperature(machine: RBM | DBN, temperature: float) -> None:
    if temperature != 1 and not machine.visible.discrete:
        raise UsageError(
            f"gibbs: expected a temperature of 1 with real units, whose spread it does not reach, got {temperature}",
            hint="temper them along a ladder of machines",
        )


def _axes(x: Any, last: str) -> str:
    return f"B L {last}" if len(x.shape) == 3 else f"B {last}"
