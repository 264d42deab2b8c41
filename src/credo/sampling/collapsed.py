"""Collapsed Gibbs sampling of an RBM: the hidden units are summed out, and one code at a time is drawn.

The conditional of a code given all others is exact, because the free energy of each of its categories is known up to
what they share. With x the logits of the hidden units while the code is silent, and W_c the weights of category c,

    log P(c | other codes) = a_c - W_c.l + sum_h [softplus(x_h + W_ch) - softplus(x_h)] + constant

Such chains usually mix better a sweep than block Gibbs, whose hidden units hold on to the codes that they were drawn
from (on collapsing: Liu 1994), and a sweep costs more; `diagnostics` tell what pays for a machine.

Each difference of the sum is log(1 - s + s exp(W_ch)) with s = sigmoid(x_h), so that no exponential depends on chain
*and* category, and several factors can share a logarithm: no factor leaves the range of exp(-|W|) to exp(|W|).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import random
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Joint, Softmax, Units
from credo.sampling.gibbs import GibbsInfo, GibbsState, Trace, check_numbers, collect, compiled_once, start
from credo.shapes import expect

#: Factors that share a logarithm, and the largest weight with which their product stays inside float32.
_FACTORS, _LARGEST = 4, 21.0


class Resampled(NamedTuple):
    """Candidates drawn anew at another temperature.

    Attributes:
        rows: numbers of the candidates that were drawn, shape (draws,).
        effective: how many of the candidates took part, 1 / sum of squared weights (Kong 1992); near 1 the draw says
            more about the best candidate than about the distribution.
    """

    rows: np.ndarray
    effective: float


def kernel(
    rbm: RBM, known: Any, temperature: Any = 1.0, *, shuffle: bool = True
) -> Callable[[GibbsState], tuple[GibbsState, GibbsInfo]]:
    """A sweep of collapsed Gibbs: each code that is free is drawn once from P(code | all other codes).

    It leaves P(v | held codes) invariant exactly, and at another temperature P(v | held codes)^(1 / temperature): the
    free energy is divided, where `gibbs.kernel` divides the energy, hidden units included.

    Args:
        rbm: a plain machine (span 1) of Bernoulli units and softmax groups.
        known: which codes are held, shape (B, G), 1 or 0. Codes held in all chains cost nothing.
        temperature: divides the free energy.
        shuffle: whether the codes are drawn in a new random order each sweep (all chains in the same), or in theirs.
    """
    families = _families(rbm)
    expect("known", known, "B G", G=rbm.visible.groups)
    known = ops.cast(known, "float32")
    shut = ops.min(known, axis=0)  # held in all chains, (G,)

    def step(state: GibbsState) -> tuple[GibbsState, GibbsInfo]:
        expect("v", state.v, "B N", N=rbm.visible.size)
        codes = rbm.visible.collapse(state.v)
        B, G = codes.shape
        uniform = random.uniform(state.key, (B, G))
        place = random.uniform(random.advance(state.key), (G,)) if shuffle else ops.arange(G, dtype="float32") / G
        p = rbm.constants()
        field = p.b + rbm.h_field_from_v(state.v, p)
        width = -(-rbm.hidden.size // _FACTORS) * _FACTORS - rbm.hidden.size
        W = ops.pad(p.W, ((0, 1), (0, width)))  # the last row is that of a bit that is off
        bias = ops.pad(p.a - ops.matmul(p.W, p.l), ((0, 1),))

        powers = ops.exp(W)
        small = ops.max(ops.abs(p.W)) < _LARGEST
        drawn, x = codes, ops.pad(field, ((0, 0), (0, width)))
        for family in families:
            order = ops.argsort(ops.take(place + 2 * shut, family.codes))
            free = ops.sum(1 - ops.cast(ops.take(shut, family.codes), "int32"))

            def body(i: Any, carry: Any, family: _Family = family, order: Any = order) -> Any:
                drawn, x = carry
                this = ops.take(order, i)
                g = ops.take(ops.convert_to_tensor(family.codes), this)
                rows = ops.take(ops.convert_to_tensor(family.rows), this, axis=0)
                old = ops.take(drawn, g, axis=1)
                silent, heard = x - ops.take(W, ops.take(rows, old), axis=0), rows[family.off :]
                gain = ops.cond(
                    small,
                    lambda: _by_products(silent, ops.take(powers, heard, axis=0)),
                    lambda: _by_softplus(silent, ops.take(W, heard, axis=0)),
                )
                logits = ops.take(bias, rows) + ops.pad(gain, ((0, 0), (family.off, 0)))
                new = _draw(logits / temperature, ops.take(uniform, g, axis=1))
                new = ops.where(ops.take(known, g, axis=1) > 0, old, new)
                x = silent + ops.take(W, ops.take(rows, new), axis=0)
                return ops.where(ops.arange(G) == g, ops.expand_dims(new, 1), drawn), x

            drawn, x = ops.fori_loop(0, free, body, (drawn, x))
        changed = ops.sum(ops.cast(drawn != codes, "float32")) / ops.maximum(ops.sum(1 - known), 1.0)
        return GibbsState(rbm.visible.expand(drawn), random.advance(state.key, 2)), GibbsInfo(changed)

    return step


def run(
    rbm: RBM,
    v: Any,
    sweeps: int,
    *,
    known: Any = None,
    temperature: float = 1.0,
    shuffle: bool = True,
    seed: int = 0,
) -> np.ndarray:
    """Run chains for a number of sweeps.

    Args:
        rbm: a plain machine (span 1) of Bernoulli units and softmax groups.
        v: where the chains start, shape (B, N); held codes stay as they are here.
        sweeps: how often each free code is drawn.
        known: which codes are held, shape (B, G); None for none.
        temperature: divides the free energy; see `kernel`.
        shuffle: whether each sweep has a random order.
        seed: of the draws.

    Returns:
        Visible states, shape (B, N).
    """
    check_numbers(sweeps, temperature)
    state, advance = _prepare(rbm, v, known, temperature, shuffle, seed)
    return ops.convert_to_numpy(advance(state, sweeps)[0])


def trace(
    rbm: RBM,
    v: Any,
    draws: int,
    *,
    every: int = 1,
    statistic: Callable[[Any], Any] | None = None,
    known: Any = None,
    temperature: float = 1.0,
    seed: int = 0,
) -> Trace:
    """Run chains and keep what they go through; as `gibbs.trace`, with sweeps as steps."""
    check_numbers(every, temperature, least=1)
    state, advance = _prepare(rbm, v, known, temperature, True, seed)
    state, kept = collect(rbm, lambda state: advance(state, every), state, draws, statistic=statistic)
    return Trace(ops.convert_to_numpy(state[0]), kept)


def rank_candidates(free_energies: Any) -> np.ndarray:
    """The order of candidates of one distribution, likeliest first.

    Inside one conditional machine (the same held codes) the normaliser is shared, so that free energies compare
    probabilities exactly.

    Args:
        free_energies: nats, shape (n,).

    Returns:
        Numbers of the candidates, shape (n,).
    """
    return np.argsort(_energies(free_energies), kind="stable")


def resample(free_energies: Any, temperature: float, draws: int = 1, seed: int = 0) -> Resampled:
    """Draw from P(v)^(1 / temperature) among states that were drawn from P(v), by importance resampling.

    The weights are exp(-(1 / temperature - 1) F), and the draw is exact in the limit of many candidates (Rubin 1988).

    Args:
        free_energies: F of independent draws from one distribution at temperature 1, nats, shape (n,).
        temperature: below 1 for likelier states than those.
        draws: how many, each independent of the others given the candidates.
        seed: of the draws.
    """
    if draws < 1 or not temperature > 0:
        raise UsageError(f"resample: expected draws >= 1 and a temperature > 0, got {draws} and {temperature}")
    energies = _energies(free_energies)
    log_weights = -(1 / temperature - 1) * energies
    weights = np.exp(log_weights - log_weights.max())
    weights /= weights.sum()
    rows = np.random.default_rng(seed).choice(len(weights), draws, p=weights)
    return Resampled(rows, float(1 / np.sum(weights**2)))


class _Family(NamedTuple):
    """Codes with equally many categories: the codes, (n,); the row of W that each category sends, (n, C); and how many
    categories send nothing (they come first).
    """

    codes: np.ndarray
    rows: np.ndarray
    off: int


def _families(rbm: RBM) -> list[_Family]:
    if rbm.span > 1:
        raise UsageError(f"collapsed: expected a plain machine, of span 1, got span {rbm.span}; gibbs.run samples it")
    families: dict[tuple[int, int], tuple[list[int], list[np.ndarray]]] = {}
    unit = 0
    for code, categories in enumerate(_categories(rbm.visible)):
        off = categories == 0
        rows = np.array([rbm.visible.size, unit]) if off else unit + np.arange(categories)
        codes, table = families.setdefault((len(rows), int(off)), ([], []))
        codes.append(code)
        table.append(rows)
        unit += max(categories, 1)
    return [
        _Family(np.array(codes, np.int32), np.array(table, np.int32), off)
        for (_, off), (codes, table) in families.items()
    ]


def _categories(units: Units) -> list[int]:
    """The categories of each code, 0 for a bit."""
    if isinstance(units, Joint):
        return [each for part in units.parts for each in _categories(part)]
    if isinstance(units, Bernoulli):
        return [0] * units.groups
    if isinstance(units, Softmax):
        return [units.categories] * units.groups
    raise UsageError(f"collapsed: expected units with a few states each, got {type(units).__name__}")


def _by_products(x: Any, powers: Any) -> Any:
    """Sum of log(1 - s + s exp(W)) over hidden units, s = sigmoid(x); (B, H) and exp(W) of (C, H) to (B, C)."""
    s, rest = ops.expand_dims(ops.sigmoid(x), 1), ops.expand_dims(ops.sigmoid(-x), 1)
    part, product = x.shape[-1] // _FACTORS, 1.0
    for begin in range(0, x.shape[-1], part):
        here = slice(begin, begin + part)
        product = product * (rest[..., here] + s[..., here] * powers[:, here])
    return ops.sum(ops.log(product), axis=-1)


def _by_softplus(x: Any, W: Any) -> Any:
    """The same for weights of any size; (B, H) and (C, H) to (B, C)."""
    x = ops.expand_dims(x, 1)
    return ops.sum(ops.softplus(x + W) - ops.softplus(x), axis=-1)


def _draw(logits: Any, uniform: Any) -> Any:
    """A category of each row; (B, C) and (B,) to (B,), int32."""
    weight = ops.exp(logits - ops.max(logits, axis=-1, keepdims=True))
    cumulative = ops.cumsum(weight, axis=-1)
    target = ops.expand_dims(uniform, -1) * cumulative[..., -1:]
    return ops.sum(ops.cast(cumulative <= target, "int32"), axis=-1)


def _prepare(
    rbm: RBM, v: Any, known: Any, temperature: float, shuffle: bool, seed: int
) -> tuple[tuple[Any, Any], Callable[[tuple[Any, Any], int], tuple[Any, Any]]]:
    """The first state, and the compiled way from a state to the one some sweeps later."""

    def build(rbm: RBM) -> Callable[..., Any]:
        def loop(v: Any, key: Any, known: Any, sweeps: Any, temperature: Any) -> Any:
            step = kernel(rbm, known, temperature, shuffle=shuffle)
            return ops.fori_loop(0, sweeps, lambda _, state: tuple(step(GibbsState(*state))[0]), (v, key))

        return loop

    v, known = start(rbm.visible.groups, v, known)
    expect("v", v, "B N", N=rbm.visible.size)
    expect("known", known, "B G", B=len(v), G=rbm.visible.groups)
    _families(rbm)
    loop = compiled_once(rbm, f"collapsed, shuffle={shuffle}", build)
    known, temperature = ops.convert_to_tensor(known), ops.convert_to_tensor(np.float32(temperature))

    def advance(state: tuple[Any, Any], sweeps: int) -> tuple[Any, Any]:
        return loop(*state, known, ops.convert_to_tensor(np.int32(sweeps)), temperature)

    return (ops.convert_to_tensor(v), ops.convert_to_tensor(random.make_key(seed))), advance


def _energies(free_energies: Any) -> np.ndarray:
    energies = np.asarray(free_energies, float)
    expect("free_energies", energies, "n")
    if not len(energies) or not np.isfinite(energies).all():
        raise UsageError("free_energies: expected at least one, all finite")
    return energies
