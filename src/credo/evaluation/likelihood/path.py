"""The way from one machine to another: the distributions in between, and chains that go along.

Two machines over the same units have unnormalised densities f_0(v, h) and f_1(v, h). Between them lie

    f_beta(v, h) = f_0(v, h)^(1 - beta) f_1(v, h)^beta,     0 <= beta <= 1,

each an RBM again, whose logits are mixtures of those of the ends: beta scales weights, offsets and all, and mixes
biases. A chain that takes a step of block Gibbs at each beta and adds up log f_beta'(v) - log f_beta(v) on its way
(hidden units summed out) carries a weight whose mean is Z_1 / Z_0 (Neal 2001; Salakhutdinov & Murray 2008).

Chains have shape (B, R, N), or (B, R, L, N) for sequences: R runs for each of B machines that differ in their biases.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, random
from credo.models.backend import compiled
from credo.models.rbm import RBM, Parameters
from credo.models.units import Units

#: Told after each chunk of temperatures: how many are done, and how many there are.
Progress = Callable[[int, int], None]

_CHUNK = 50


class Pairing(NamedTuple):
    """The units of an RBM. Pairings of equal units are equal, so that they share what is compiled for them.

    Attributes:
        visible: N units of a block.
        hidden: H units of a block.
    """

    visible: Units
    hidden: Units

    @property
    def layout(self) -> str:
        """The units in words."""
        return json.dumps([keras.saving.serialize_keras_object(units) for units in (self.visible, self.hidden)])

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Pairing) and self.layout == other.layout

    def __hash__(self) -> int:
        return hash(self.layout)


def parts_of(rbm: RBM) -> tuple[Pairing, Parameters]:
    """The units and the numbers of a machine."""
    return Pairing(rbm.visible, rbm.hidden), Parameters(*(_float32(x) for x in (rbm.W, rbm.a, rbm.b, rbm.m, rbm.l)))


def independent(a: Any, b: Any) -> Parameters:
    """A machine without weights (`W` is None), whose units know nothing of each other.

    Args:
        a: visible biases, shape (N,), (B, N) or (B, L, N).
        b: hidden biases, shape (H,), (B, H) or (B, L, H).
    """
    return Parameters(None, a, b, None, None)


def with_runs(p: Parameters) -> Parameters:
    """Parameters whose biases spread over the runs of each machine; (B, N) to (B, 1, N)."""
    a, b = (x[:, None] if x.ndim > 1 else x for x in (_float32(p.a), _float32(p.b)))
    return Parameters(*(None if x is None else _float32(x) for x in p))._replace(a=a, b=b)


def independent_log_z(pair: Pairing, p: Parameters, blocks: int = 0) -> np.ndarray:
    """Log Z of a machine without weights, exactly: the cumulants of its units, summed in double precision.

    Args:
        pair: the units.
        p: biases, shape (N,), (B, N) or (B, L, N), and so the hidden ones; the other numbers do not count.
        blocks: the length of sequences, L; 0 for states that are none.

    Returns:
        Nats, shape (B,), or () for one machine.
    """
    total: Any = np.zeros(())
    for units, biases in zip(pair, (_float32(p.a), _float32(p.b)), strict=True):
        lead = biases.shape[:-1]
        each = _cumulants(units, biases.reshape(-1, units.size)).reshape(lead)
        each = each.sum(axis=-1) if each.ndim == 2 else each * max(blocks, 1)
        total = total + each
    return total


def log_f(pair: Pairing, p: Parameters, v: Any) -> Any:
    """Minus the free energy of chains, log sum_h f(v, h); (B, R, N) or (B, R, L, N) to (B, R), nats."""
    linear, z = _up(pair, _tensors(p), v)
    return linear + _total(ops.broadcast_to(pair.hidden.cumulant(z), ops.shape(v)[:-1]), 2)


def step(pair: Pairing, p0: Parameters, p1: Parameters, v: Any, here: Any, there: Any, key: Any) -> tuple[Any, Any]:
    """One temperature further: what the chains' log weights gain, then block Gibbs at the new temperature.

    Args:
        pair: the units.
        p0: the machine at beta 0, as of `with_runs`; its W may be None.
        p1: the machine at beta 1.
        v: visible states, shape (B, R, N) or (B, R, L, N).
        here: beta of the chains, a number.
        there: the next beta.
        key: of the draws; two keys are used.

    Returns:
        The new states, and log f_there(v) - log f_here(v) of the old ones, shape (B, R).
    """
    (linear0, z0), (linear1, z1) = (_up(pair, p, v) for p in (p0, p1))
    z, z_next = ((1 - beta) * z0 + beta * z1 for beta in (here, there))
    gain = (there - here) * (linear1 - linear0) + _cumulant_gain(pair.hidden, z, z_next)
    h = blocks.draw(pair.hidden, z_next, key)
    y = (1 - there) * _v_logits(pair, p0, h) + there * _v_logits(pair, p1, h)
    return blocks.draw(pair.visible, y, random.advance(key)), gain


def walk(
    pair: Pairing,
    p0: Parameters,
    p1: Parameters,
    v: Any,
    betas: np.ndarray,
    key: Any,
    progress: Callable[[int], None] | None = None,
) -> tuple[Any, np.ndarray, Any]:
    """Take chains along a path.

    Args:
        pair: the units.
        p0: the machine at beta 0; its W may be None.
        p1: the machine at beta 1; its biases may be those of B machines.
        v: where the chains are, shape (B, R, N) or (B, R, L, N), distributed as the machine at `betas[0]`.
        betas: the temperatures to go through, shape (steps + 1,), in either direction.
        key: of the draws.
        progress: told how many steps were taken, after each chunk of them.

    Returns:
        The states at `betas[-1]`, log weights in nats of shape (B, R), summed in double precision, and the next key.
    """
    betas = np.asarray(betas, np.float64)
    size = min(_CHUNK, len(betas) - 1)
    padded = np.append(betas, np.full(-(len(betas) - 1) % size, betas[-1]))  # steps that go nowhere add nothing
    pairs = np.stack([padded[:-1], padded[1:]], axis=1).astype(np.float32).reshape(-1, size, 2)
    kernel = _kernel(pair)
    p0, p1 = (_tensors(with_runs(p)) for p in (p0, p1))
    v, key = ops.convert_to_tensor(v), ops.convert_to_tensor(key)
    total = np.zeros(tuple(v.shape[:2]))
    for chunk in pairs:
        v, key, gains = kernel(v, key, ops.convert_to_tensor(chunk), p0, p1)
        total += ops.convert_to_numpy(gains).astype(np.float64).sum(axis=0)
        if progress:
            progress(size)
    return v, total, key


@lru_cache(maxsize=32)
def _kernel(pair: Pairing) -> Callable[..., Any]:
    def run(v: Any, key: Any, betas: Any, p0: Parameters, p1: Parameters) -> Any:
        steps = ops.arange(betas.shape[0])[:, None, None]

        def body(number: Any, state: Any) -> Any:
            v, gains = state
            here_there, now = ops.take(betas, number, axis=0), random.advance(key, 2 * number)
            v, gain = step(pair, p0, p1, v, here_there[0], here_there[1], now)
            return v, ops.where(steps == number, gain, gains)

        v, gains = ops.fori_loop(0, betas.shape[0], body, (v, ops.zeros((betas.shape[0], *v.shape[:2]))))
        return v, random.advance(key, 2 * betas.shape[0]), gains

    return compiled(keras.Model(), run)  # a model without variables: all numbers are arguments


def temperatures(steps: int | np.ndarray) -> np.ndarray:
    """The betas of a path from 0 to 1.

    Args:
        steps: their number, evenly spaced; or the betas themselves, from 0 to 1 and rising.

    Raises:
        UsageError: they are none such.
    """
    betas = np.linspace(0, 1, steps + 1) if isinstance(steps, int) and steps >= 1 else np.asarray(steps, np.float64)
    if betas.ndim != 1 or len(betas) < 2 or betas[0] != 0 or betas[-1] != 1 or np.any(np.diff(betas) < 0):
        raise UsageError(f"steps: expected at least 1, or temperatures rising from 0 to 1, got {steps}")
    return betas


def draw_independent(pair: Pairing, p: Parameters, shape: tuple[int, ...], key: Any) -> Any:
    """Visible states of a machine without weights.

    Args:
        pair: the units.
        p: whose visible biases count, as of `with_runs`.
        shape: of the states, (B, R, N) or (B, R, L, N).
        key: of the draw.
    """
    logits = ops.broadcast_to(ops.convert_to_tensor(p.a), shape)
    return blocks.draw(pair.visible, logits, ops.convert_to_tensor(key))


def _up(pair: Pairing, p: Parameters, v: Any) -> tuple[Any, Any]:
    """What is linear in log f, shape (B, R), and the hidden logits, shape (B, R, H) or less."""
    linear = _total(p.a * v, 2)
    if p.W is None:
        return linear, p.b
    x, span = v - p.m, p.W.shape[0] // pair.visible.size
    if span > 1:
        L, reach = x.shape[-2], span // 2
        padded = ops.pad(x, (*_rest(x), (reach, reach), (0, 0)))
        x = ops.concatenate([padded[..., place : place + L, :] for place in range(span)], axis=-1)
    field = _product(x, p.W)
    return linear - _total(field * p.l, 2), p.b + field


def _v_logits(pair: Pairing, p: Parameters, h: Any) -> Any:
    """Visible logits, shape (B, R, N) or less."""
    if p.W is None:
        return p.a
    N, span = pair.visible.size, p.W.shape[0] // pair.visible.size
    field = _product(h - p.l, ops.transpose(p.W))
    if span > 1:
        L, reach = field.shape[-2], span // 2
        parts = (field[..., place * N : (place + 1) * N] for place in range(span))
        padded = [ops.pad(x, (*_rest(x), (place, 2 * reach - place), (0, 0))) for place, x in enumerate(parts)]
        field = sum(padded[1:], padded[0])[..., reach : reach + L, :]
    return p.a + field


def _product(x: Any, W: Any) -> Any:
    return ops.reshape(ops.matmul(ops.reshape(x, (-1, x.shape[-1])), W), (*x.shape[:-1], W.shape[1]))


def _rest(x: Any) -> tuple[tuple[int, int], ...]:
    return ((0, 0),) * (len(x.shape) - 2)


def _cumulant_gain(units: Units, z: Any, z_next: Any) -> Any:
    """Cumulant at the next logits minus that at these, shape (B, R): code by code, for small differences stay exact."""
    off = ops.zeros((*ops.shape(z)[:-1], units.groups), "int32")
    codes = units.log_prob(off, z) - units.log_prob(off, z_next)
    return _total(codes, 2) + _total(units.expand(off) * (z_next - z), 2)


def _cumulants(units: Units, logits: np.ndarray) -> np.ndarray:
    """Cumulants of rows in double precision, each code's in single; (B, N) to (B,)."""
    off = ops.zeros((len(logits), units.groups), "int32")
    chosen = ops.convert_to_numpy(units.expand(off)).astype(np.float64) * logits
    log_p = ops.convert_to_numpy(units.log_prob(off, ops.convert_to_tensor(logits))).astype(np.float64)
    return chosen.sum(axis=-1) - log_p.sum(axis=-1)


def _tensors(p: Parameters) -> Parameters:
    return Parameters(*(None if x is None else ops.convert_to_tensor(x) for x in p))


def _total(x: Any, first: int) -> Any:
    return ops.sum(x, axis=tuple(range(first, len(x.shape))))


def _float32(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x), np.float32)
