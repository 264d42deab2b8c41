"""The pseudo-log-likelihood (Besag 1975): how well each code is told by all others. It needs no normaliser.

    PL(v) = sum_g log P(code_g | all other codes)

A unit n of group g adds to the logits of the group what it changes in log f: with z the hidden logits when all units of
the group are off,

    x_n = a_n - l.W_n + sum_j [cumulant(z_j + W_nj) - cumulant(z_j)]

and P(code_g | others) is that of the group's units at the logits x. Every unit counts, and so do all categories.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.evaluation.likelihood import path
from credo.evaluation.likelihood.exact import states_of
from credo.evaluation.likelihood.path import Pairing
from credo.models.backend import compiled
from credo.models.rbm import RBM
from credo.models.units import code_of_unit
from credo.shapes import expect

_MOST_NUMBERS = 1 << 22
_SITES = 64


class Pseudo(NamedTuple):
    """A pseudo-log-likelihood.

    Attributes:
        log_likelihood: nats a row, shape (n,).
        codes: how many codes of a row count.
        mean: nats a code, over all rows.
        error: standard error of the mean, over rows.
    """

    log_likelihood: np.ndarray
    codes: int
    mean: float
    error: float


def log_likelihood(rbm: RBM, data: np.ndarray, *, couplings: Any = None) -> Pseudo:
    """The pseudo-log-likelihood of each row, over all codes but the held ones of the machine.

    Args:
        rbm: the machine.
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N).
        couplings: a `Lateral` over the visible units, where they are coupled to each other too; None for none.

    Raises:
        UsageError: a shape does not fit.
    """
    v, codes, free = _rows(rbm, data)
    sites = _Sites(rbm, v)
    x = sites.logits(np.broadcast_to(np.arange(rbm.visible.size), (sites.count, rbm.visible.size)))
    x = x + _coupled(couplings, rbm, v).reshape(x.shape)
    each = ops.convert_to_numpy(rbm.visible.log_prob(*map(ops.convert_to_tensor, (codes.reshape(len(x), -1), x))))
    total = (each.astype(np.float64) * free).reshape(len(v), -1).sum(axis=1)
    return _summed(total, free.sum() * sites.count // len(v))


def sampled_log_likelihood(rbm: RBM, data: np.ndarray, *, seed: int = 0, couplings: Any = None) -> Pseudo:
    """The same from one code a row, drawn at random: an estimate without bias that costs a Gth.

    Args:
        rbm: the machine.
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N).
        seed: of the codes drawn.
        couplings: see `log_likelihood`.

    Returns:
        Of each row, the nats of its code times the number of codes.

    Raises:
        UsageError: a shape does not fit.
    """
    v, codes, free = _rows(rbm, data)
    sites, units = _Sites(rbm, v), rbm.visible
    blocks = sites.count // len(v)
    dice = np.random.default_rng(seed)
    place = np.arange(len(v)) * blocks + dice.integers(0, blocks, len(v))
    group = dice.choice(np.flatnonzero(free), len(v))
    members = [np.flatnonzero(sites.group_of == g) for g in range(units.groups)]
    widest = max(map(len, members))
    table = np.array([np.resize(each, widest) for each in members])  # short groups repeat their units: harmless
    x = np.zeros((len(v), units.size), np.float32)
    x[np.arange(len(v))[:, None], table[group]] = sites.logits(table[group], place)
    x += np.where(sites.group_of == group[:, None], _coupled(couplings, rbm, v).reshape(-1, units.size)[place], 0)
    flat = codes.reshape(sites.count, -1)[place]
    each = ops.convert_to_numpy(units.log_prob(*map(ops.convert_to_tensor, (flat, x)))).astype(np.float64)
    count = free.sum() * blocks
    return _summed(each[np.arange(len(v)), group] * count, count)


class _Sites:
    """The blocks of all rows, each with the hidden logits that it has to do with.

    Args:
        rbm: the machine.
        v: visible states, shape (n, N) or (n, L, N).
    """

    def __init__(self, rbm: RBM, v: np.ndarray) -> None:
        self.pair, p = path.parts_of(rbm)
        N, S = rbm.visible.size, rbm.span
        self.group_of = code_of_unit(rbm.visible).astype(np.int32)
        self.numbers = (p.W.reshape(S, N, -1).transpose(1, 0, 2), p.a, p.l)  # W of shape (N, S, H)
        z = [
            ops.convert_to_numpy(rbm.h_logits_from_v(ops.convert_to_tensor(x)))
            for x in np.array_split(v, len(v) // 256 + 1)
        ]
        z = np.concatenate(z)
        z, v = (x if x.ndim == 3 else x[:, None] for x in (z, v))
        n, L, reach = len(z), z.shape[1], S // 2
        near = np.arange(L)[:, None] + reach - np.arange(S)  # which hidden block hears a block at each place of a patch
        there = (near >= 0) & (near < L)
        self.z = z[:, np.clip(near, 0, L - 1)].reshape(n * L, S, -1)
        self.there = np.tile(there.astype(np.float32), (n, 1))
        self.v = v.reshape(n * L, N)
        self.count = n * L

    def logits(self, units: np.ndarray, at: np.ndarray | None = None) -> np.ndarray:
        """What turning a unit on changes in log f when the others of its group are off.

        Args:
            units: which units to ask of each site, shape (sites, U).
            at: which sites; None for all.

        Returns:
            Nats, shape (sites, U).
        """
        at = np.arange(self.count) if at is None else at
        _, S, H = self.numbers[0].shape
        rows = min(len(at), _SITES)
        wide = max(1, min(units.shape[1], _MOST_NUMBERS // (rows * S * H)))
        chunks = -(-units.shape[1] // wide)
        kernel = _kernel(self.pair)
        numbers = [ops.convert_to_tensor(x) for x in (*self.numbers, self.group_of)]
        result = []
        for start in range(0, len(at), rows):
            here = np.resize(at[start : start + rows], rows)
            asked = np.resize(units[start : start + rows], (rows, units.shape[1]))
            padded = np.concatenate([asked, np.repeat(asked[:, :1], chunks * wide - units.shape[1], axis=1)], axis=1)
            asked = padded.reshape(rows, chunks, wide).transpose(1, 0, 2).astype(np.int32)
            parts = (self.v[here], self.z[here], self.there[here], asked)
            x = ops.convert_to_numpy(kernel(*map(ops.convert_to_tensor, parts), *numbers))
            result.append(x.transpose(1, 0, 2).reshape(rows, -1)[: len(at) - start, : units.shape[1]])
        return np.concatenate(result)


@lru_cache(maxsize=32)
def _kernel(pair: Pairing) -> Callable[..., Any]:
    def run(v: Any, z: Any, there: Any, asked: Any, W: Any, a: Any, l: Any, group_of: Any) -> Any:  # noqa: E741
        N, S, H = W.shape
        numbers = ops.cast(ops.arange(1, N + 1), "float32") * v
        of_group = ops.one_hot(group_of, pair.visible.groups, dtype="float32")
        on = ops.cast(ops.round(ops.matmul(numbers, of_group)), "int32")  # the unit of each group that is on, from 1
        padded = ops.concatenate([ops.zeros((1, S, H)), W], axis=0)

        chunks = ops.arange(asked.shape[0])[:, None, None]

        def body(number: Any, found: Any) -> Any:
            units = ops.take(asked, number, axis=0)
            current = ops.take_along_axis(on, ops.take(group_of, units), axis=1)
            own = ops.take(W, units, axis=0)  # (B, U, S, H)
            off = z[:, None] - ops.take(padded, current, axis=0)
            gain = pair.hidden.cumulant(off + own) - pair.hidden.cumulant(off) - ops.sum(own * l, axis=-1)
            x = ops.take(a, units) + ops.sum(gain * there[:, None], axis=-1)
            return ops.where(chunks == number, x, found)

        return ops.fori_loop(0, asked.shape[0], body, ops.zeros(asked.shape))

    return compiled(keras.Model(), run)  # a model without variables: all numbers are arguments


def _rows(rbm: RBM, data: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """States, codes, and which codes count, shape (G,), 1 or 0."""
    v = states_of(rbm, data)
    expect("data", v, "B L N" if rbm.span > 1 or v.ndim == 3 else "B N", N=rbm.visible.size)
    free = np.ones(rbm.visible.groups, int) if rbm.held is None else 1 - np.asarray(rbm.held)
    if not free.any():
        raise UsageError("held: expected codes that are free, got none")
    return v, ops.convert_to_numpy(rbm.visible.collapse(ops.convert_to_tensor(v))), free


def _coupled(couplings: Any, rbm: RBM, v: np.ndarray) -> np.ndarray:
    if couplings is None:
        return np.zeros(v.shape, np.float32)
    return ops.convert_to_numpy(couplings.field(ops.convert_to_tensor(v) - rbm.m))


def _summed(rows: np.ndarray, codes: int) -> Pseudo:
    error = rows.std(ddof=1) / np.sqrt(len(rows)) if len(rows) > 1 else np.nan
    return Pseudo(rows, int(codes), float(rows.mean() / codes), float(error / codes))
