"""The lower bound on the log-likelihood of a deep belief network (Salakhutdinov & Murray 2008).

With h_1 ... h_{L-1} the hidden layers below the top one and q a recognition network that draws them upward,

    log P(v) >= E_q [ log P(v | h_1) + ... + log P(h_{L-2} | h_{L-1}) - F_top(h_{L-1}) - log q(h | v) ] - log Z_top

The mean of K weights inside the logarithm makes the bound tighter, and in the limit exact (Burda, Grosse &
Salakhutdinov 2016). One layer has nothing to be recognised: then it is -F(v) - log Z.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, labels, random
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.units import Units
from credo.shapes import expect

#: Weights R and biases c of each hidden layer but the top one, lowest first, of shapes (S N, H) and (H,): the logits of
#: a layer are c + R' (x - m) of the states x below it, with that layer's own offsets m.
Recognition = Sequence[tuple[Any, Any]]

_MOST_NUMBERS = 1 << 22


class Bound(NamedTuple):
    """A lower bound on the log-likelihood of rows; too low on average over the draws, by what q is wrong.

    Attributes:
        log_likelihood: nats a row, shape (n,).
        mean: of the rows, nats.
        error: standard error of the mean over rows; that of log Z, which all rows share, comes on top.
        samples: draws a row, K.
        log_z: of the top machine, as it was given, nats.
    """

    log_likelihood: np.ndarray
    mean: float
    error: float
    samples: int
    log_z: float


def lower_bound(
    dbn: DBN,
    data: np.ndarray,
    log_z: float,
    *,
    samples: int = 1,
    recognition: Recognition | None = None,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Bound:
    """A lower bound on the log-likelihood of each row.

    Args:
        dbn: a network without lateral couplings.
        data: codes (n, G) or (n, L, G), or states (n, N) or (n, L, N). Of a network with labels, rows that come with
            theirs, as `models.labels.join` puts them, are told log P(v, y); of others the labels are summed out.
        log_z: of the top RBM (over sequences of the same length), nats, by whichever estimator; where it is too low,
            the bound is too high by as much.
        samples: draws a row, K; more are tighter.
        recognition: see `Recognition`; None for the network's own weights, as `DBN.up` has them.
        seed: of the draws.
        progress: told after each group of draws: how many are done, and how many there are.

    Raises:
        UsageError: the network has lateral couplings, a number is out of range or a shape does not fit.
    """
    if dbn.lateral is not None:
        raise UsageError(
            "bound: expected a stack without lateral couplings, with which P(v | h) is no product and has a normaliser "
            "of its own",
            hint="ask for the pseudo-likelihood",
        )
    if samples < 1:
        raise UsageError(f"samples: expected at least 1, got {samples}")
    v, y = (x if x is None else ops.convert_to_numpy(x).astype(np.float32) for x in labels.split(dbn, data))
    expect("data", v, "B L N" if max(dbn.spans) > 1 or v.ndim == 3 else "B N", N=dbn.visible.size)
    labelled = np.zeros((len(v), 0), np.float32) if y is None else y
    ways = _checked(dbn, recognition)
    samples = samples if ways else 1
    size = max(1, _MOST_NUMBERS // (int(np.prod(v.shape[1:])) + max(dbn.layer_sizes) * (v[0].size // v.shape[-1])))
    rows = min(len(v), size)
    each = min(samples, max(1, size // rows))
    starts, rounds = range(0, len(v), rows), -(-samples // each)
    draw, log_weights = _weights(dbn, each), []
    for number, start in enumerate(starts):
        batch = [np.resize(x[start : start + rows], (rows, *x.shape[1:])) for x in (v, labelled)]
        batch = [ops.convert_to_tensor(x) for x in batch]
        key, drawn = random.make_key(seed * 1_000_003 + number), []
        for turn in range(rounds):
            here = ops.convert_to_tensor(np.array([key[0], turn * len(dbn.rbms)], np.int32))
            drawn.append(ops.convert_to_numpy(draw(*batch, here, ways)).astype(np.float64))
            if progress:
                progress(number * rounds + turn + 1, len(starts) * rounds)
        log_weights.append(np.concatenate(drawn)[:samples, : len(v) - start])
    found = np.concatenate(log_weights, axis=1)
    top = found.max(axis=0)
    result = top + np.log(np.exp(found - top).mean(axis=0)) - log_z
    error = result.std(ddof=1) / np.sqrt(len(result)) if len(result) > 1 else np.nan
    return Bound(result, float(result.mean()), float(error), samples, float(log_z))


def _weights(dbn: DBN, repeats: int) -> Callable[..., Any]:
    """A compiled function from rows (B, N) or (B, L, N) to log weights without log Z, shape (repeats, B).

    Labels come beside the rows, shape (B, C), or (B, 0) where there are none.
    """

    def run(v: Any, y: Any, key: Any, ways: list[tuple[Any, Any]]) -> Any:
        B, total = v.shape[0], 0.0
        state, y = (ops.concatenate([x] * repeats, axis=0) if ways else x for x in (v, y))
        for depth, (rbm, (R, c)) in enumerate(zip(dbn.rbms[:-1], ways, strict=True)):
            logits = c + ops.matmul(rbm.patches(state - rbm.m), R)
            h = blocks.draw(rbm.hidden, logits, random.advance(key, depth))
            log_q = _log_prob(rbm.hidden, h, logits)
            total = total + _log_prob(rbm.visible, state, rbm.v_logits_from_h(h)) - log_q
            state = h
        free = labels.free_energy(dbn, state, y if y.shape[-1] else None)
        return ops.reshape(total - free, (-1, B))

    return compiled(dbn, run)


def _log_prob(units: Units, states: Any, logits: Any) -> Any:
    """Log probability of each row, nats; (B, N) or (B, L, N), twice, to (B,)."""
    each = units.log_prob(units.collapse(states), logits)
    return ops.sum(each, axis=tuple(range(1, len(each.shape))))


def _checked(dbn: DBN, recognition: Recognition | None) -> list[tuple[Any, Any]]:
    if recognition is None:
        recognition = [(rbm.W, rbm.b) for rbm in dbn.rbms[:-1]]
    if len(recognition) != len(dbn.rbms) - 1:
        raise UsageError(
            f"recognition: expected weights and biases of {len(dbn.rbms) - 1} layers, got {len(recognition)}"
        )
    ways = []
    for rbm, (R, c) in zip(dbn.rbms[:-1], recognition, strict=True):
        R, c = (np.asarray(ops.convert_to_numpy(x), np.float32) for x in (R, c))
        expect("recognition", R, "M H", M=rbm.span * rbm.visible.size, H=rbm.hidden.size)
        expect("recognition", c, "H", H=rbm.hidden.size)
        ways.append((ops.convert_to_tensor(R), ops.convert_to_tensor(c)))
    return ways
