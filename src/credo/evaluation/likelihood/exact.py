"""Small machines, counted out: log Z, log-likelihoods and conditionals by enumeration, in double precision sums."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import labels
from credo.models.dbn import DBN
from credo.models.rbm import RBM, as_states
from credo.models.units import Units, code_of_unit
from credo.shapes import expect

#: Most states that are gone through, and most pairs of states of neighbouring hidden layers of a DBN.
MOST_STATES, MOST_PAIRS = 1 << 22, 1 << 20
_ROWS = 1 << 12


class Conditional(NamedTuple):
    """P(free codes | held codes), over all that the free codes can be.

    Attributes:
        codes: shape (K, G), or (K, L, G), the held codes among them, int32.
        log_p: nats, shape (K,); the probabilities add up to one.
    """

    codes: np.ndarray
    log_p: np.ndarray


def log_z(rbm: RBM, blocks: int = 0) -> float:
    """Log Z of a machine, from all states of its smaller side.

    Args:
        rbm: the machine.
        blocks: the length of the sequences, L; 0 for states that are none.

    Returns:
        Nats.

    Raises:
        UsageError: both sides have more than `MOST_STATES` states.
    """
    _check_blocks(rbm.span, blocks)
    by_v, by_h = (_count(choices(units), blocks) for units in (rbm.visible, rbm.hidden))
    if min(by_v, by_h) > MOST_STATES:
        raise UsageError(
            f"machine: expected a side of at most {MOST_STATES} states, got {_big(by_v)} visible and {_big(by_h)} "
            "hidden ones",
            hint="estimate log Z by annealed importance sampling",
        )
    if by_v <= by_h:
        return _log_sum(-free_energies(rbm, v) for v in _states(rbm.visible, blocks))
    return _log_sum(_log_sum_v(rbm, h) for h in _states(rbm.hidden, blocks))


def log_likelihood(machine: RBM | DBN, data: np.ndarray) -> np.ndarray:
    """Log-likelihood of each row.

    In a DBN the hidden layers below the top one are summed out.

    Args:
        machine: an RBM, or a DBN without lateral couplings.
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N). Of a network with labels, rows that come with
            theirs, as `models.labels.join` puts them, are told log P(v, y); of others the labels are summed out.

    Returns:
        Nats, shape (n,).

    Raises:
        UsageError: there are too many states, or the DBN has lateral couplings.
    """
    if isinstance(machine, RBM):
        v = states_of(machine, data)
        blocks = v.shape[1] if v.ndim == 3 else 0
        expect("data", v, "B L N" if blocks else "B N", N=machine.visible.size)
        return -free_energies(machine, v) - log_z(machine, blocks)
    v, y = (x if x is None else _numbers(x) for x in labels.split(machine, data))
    blocks = v.shape[1] if v.ndim == 3 else 0
    expect("data", v, "B L N" if blocks else "B N", N=machine.visible.size)
    if machine.lateral is not None:
        raise UsageError(
            "likelihood: expected a stack without lateral couplings, with which P(v | h) has a normaliser of its own",
            hint="ask for the pseudo-likelihood",
        )
    if len(machine.rbms) == 1:
        return _log_likelihood_of_one_layer(machine, v, y)
    for rbm in machine.rbms:
        _check_blocks(rbm.span, blocks)
    counts = [_count(choices(rbm.hidden), blocks) * (machine.labels or 1) for rbm in machine.rbms[:-1]]
    pairs = max(low * high for low, high in zip(counts, [*counts[1:], 1], strict=True))
    if pairs > MOST_PAIRS:
        raise UsageError(
            f"network: expected at most {MOST_PAIRS} pairs of states of neighbouring hidden layers (the top one "
            f"aside), got {_big(pairs)}",
            hint="estimate by the lower bound",
        )
    top = machine.rbms[-1]
    h = np.concatenate(list(_states(top.visible, blocks)))
    log_p = -free_energies(top, h)
    log_p -= _log_sum([log_p])
    if not machine.labels:
        return _all_layers_down(machine, v, h, log_p)
    C = machine.labels  # of the states of a row, the label's change the fastest
    h, log_p = h[::C, :-C], log_p.reshape(-1, C)
    if y is None:
        return _all_layers_down(machine, v, h, _log_sums(log_p))
    result, label = np.empty(len(v)), y.argmax(axis=-1)
    for c in np.unique(label):
        result[label == c] = _all_layers_down(machine, v[label == c], h, log_p[:, c])
    return result


def _log_likelihood_of_one_layer(dbn: DBN, v: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """Log P(v), or log P(v, y) where labels are told; shape (n,)."""
    (rbm,), C = dbn.rbms, dbn.labels
    if not C or y is not None:
        return log_likelihood(rbm, v if y is None else np.concatenate([v, y], axis=1))
    every = np.eye(C, dtype=np.float32)
    each = [-free_energies(rbm, np.concatenate([v, np.tile(label, (len(v), 1))], axis=1)) for label in every]
    return _log_sums(np.stack(each, axis=1)) - log_z(rbm)


def conditional(machine: RBM | DBN, codes: np.ndarray, known: np.ndarray) -> Conditional:
    """P(free codes | held codes) of one row.

    Args:
        machine: an RBM, or a DBN without lateral couplings.
        codes: shape (G,) or (L, G), integers; what stands in free places does not count.
        known: which codes are held, of the same shape, 1 or 0.

    Raises:
        UsageError: there are too many states, a shape does not fit, or the DBN has lateral couplings.
    """
    codes, known = np.asarray(codes), np.asarray(known)
    G = machine.visible.groups
    axes = "L G" if codes.ndim == 2 else "G"
    expect("codes", codes, axes, G=G)
    expect("known", known, axes, G=G, **({"L": len(codes)} if codes.ndim == 2 else {}))
    free = np.flatnonzero(known.reshape(-1) == 0)
    counts = np.tile(choices(machine.visible), codes.size // G)[free]
    if _count(counts) > MOST_STATES:
        raise UsageError(f"known: expected at most {MOST_STATES} states of the free codes, got {_big(_count(counts))}")
    rows = np.repeat(codes.reshape(1, -1).astype(np.int32), _count(counts), axis=0)
    rows[:, free] = np.concatenate(list(_codes(counts)))
    rows = rows.reshape(-1, *codes.shape)
    if isinstance(machine, RBM):
        cuts = range(0, len(rows), _ROWS)
        log_p = np.concatenate([-free_energies(machine, states_of(machine, rows[cut : cut + _ROWS])) for cut in cuts])
    else:
        log_p = log_likelihood(machine, rows)
    return Conditional(rows, log_p - _log_sum([log_p]))


def states_of(rbm: RBM, data: np.ndarray) -> np.ndarray:
    """Visible states of what may be codes, as a NumPy array."""
    return _numbers(as_states(rbm.visible, ops.convert_to_tensor(data)))


def _numbers(x: Any) -> np.ndarray:
    return ops.convert_to_numpy(x).astype(np.float32)


def free_energies(rbm: RBM, v: np.ndarray, rows: int = 4096) -> np.ndarray:
    """Free energies of states in nats, some rows at a time; (n, N) or (n, L, N) to (n,)."""
    cuts = range(0, len(v), rows)
    each = [ops.convert_to_numpy(rbm.free_energy(ops.convert_to_tensor(v[cut : cut + rows]))) for cut in cuts]
    return np.concatenate(each).astype(np.float64)


def choices(units: Units) -> np.ndarray:
    """How many values each code can take, shape (G,); of layers with real units, more than can be gone through."""
    if not units.discrete:
        return np.full(units.groups, MOST_STATES + 1)
    code = code_of_unit(units)
    sizes = np.bincount(code, minlength=units.groups)
    at_zero = ops.convert_to_numpy(units.expand(ops.zeros((1, units.groups), "int32")))[0]
    is_bit = np.bincount(code, at_zero, minlength=units.groups) == 0  # no unit is on: a code of 0 or 1
    return np.where(is_bit, 2, sizes)


def _all_layers_down(dbn: DBN, v: np.ndarray, h: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """Log P(v) of rows v, where all states h of the layer below the top RBM come with log P(h); shape (n,)."""
    for below in reversed(dbn.rbms[1:-1]):
        lower = np.concatenate(list(_states(below.visible, v.shape[1] if v.ndim == 3 else 0)))
        log_p, h = _one_layer_down(below, lower, h, log_p), lower
    return _one_layer_down(dbn.rbms[0], v, h, log_p)


def _one_layer_down(rbm: RBM, x: np.ndarray, h: np.ndarray, log_p: np.ndarray) -> np.ndarray:
    """Log sum_h P(x | h) P(h) of rows x, where all h come with log P(h); shape (n,)."""
    parts = []
    for cut in range(0, len(h), _ROWS):
        y = rbm.v_logits_from_h(ops.convert_to_tensor(h[cut : cut + _ROWS]))
        log_norm = ops.convert_to_numpy(rbm.visible.cumulant(y)).astype(np.float64).reshape(len(y), -1).sum(axis=1)
        logits = ops.convert_to_numpy(y).astype(np.float64).reshape(len(y), -1)
        rows = max(1, MOST_STATES // len(y))
        flat = x.reshape(len(x), -1)
        each = [
            _log_sums(flat[start : start + rows] @ logits.T + (log_p[cut : cut + _ROWS] - log_norm))
            for start in range(0, len(flat), rows)
        ]
        parts.append(np.concatenate(each))
    return _log_sums(np.stack(parts, axis=1))


def _log_sum_v(rbm: RBM, h: np.ndarray) -> np.ndarray:
    """Log sum_v exp(-E(v, h)) of rows of hidden states, nats."""
    h = ops.convert_to_tensor(h)
    field = rbm.v_field_from_h(h)
    each = ops.matmul(h, rbm.b) - ops.matmul(field, rbm.m) + rbm.visible.cumulant(rbm.a + field)
    return ops.convert_to_numpy(each).astype(np.float64).reshape(len(h), -1).sum(axis=1)


def _states(units: Units, blocks: int) -> Iterator[np.ndarray]:
    """All states, (K, N) or (K, L, N), some at a time."""
    for codes in _codes(np.tile(choices(units), max(blocks, 1))):
        rows = codes.reshape(-1, *((blocks,) if blocks else ()), units.groups)
        yield ops.convert_to_numpy(units.expand(ops.convert_to_tensor(rows)))


def _codes(counts: np.ndarray) -> Iterator[np.ndarray]:
    """All rows of codes with so many values each, the last the fastest, (K, G), some at a time."""
    places = np.append(np.cumprod(counts[::-1])[::-1][1:], 1).astype(np.int64)
    for start in range(0, _count(counts), _ROWS):
        numbers = np.arange(start, min(start + _ROWS, _count(counts)))
        yield (numbers[:, None] // places % counts).astype(np.int32)


def _count(counts: np.ndarray, blocks: int = 0) -> int:
    total = 1
    for count in counts.tolist():
        total *= count
    return total ** max(blocks, 1)


def _log_sums(x: np.ndarray) -> np.ndarray:
    top = x.max(axis=1)
    return top + np.log(np.exp(x - top[:, None]).sum(axis=1))


def _log_sum(parts: Any) -> float:
    """Log of the sum of exponentials of all numbers in some arrays."""
    return float(_log_sums(np.array([[_log_sums(part[None])[0] for part in parts]]))[0])


def _check_blocks(span: int, blocks: int) -> None:
    if span > 1 and not blocks:
        raise UsageError("blocks: expected the length of the sequences of a machine with a span, got 0")


def _big(count: int) -> str:
    return str(count) if count < 10**12 else f"about 10^{len(str(count)) - 1}"
