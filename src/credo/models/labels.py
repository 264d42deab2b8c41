"""Label units beside the visible units of the top RBM of a DBN (Hinton, Osindero & Teh 2006).

The top RBM of a network with C labels has the visible units [x, y]: x the layer below, y a one-hot group of C. What it
says of the label given x is exact, with the hidden units summed out:

    log P(y = c | x) = a_c - l.W_c + sum_j softplus(z_j + W_cj) + constant,    z the hidden logits of x alone

Networks without labels pass through all of this as they are.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import random
from credo.models.rbm import RBM, as_states
from credo.models.units import Joint, Softmax, Units
from credo.shapes import expect

if TYPE_CHECKING:
    from credo.models.dbn import DBN

_STREAM = 0x4C41  # the labels' draws have a stream of their own, so that those of the layers stay what they were


def units_with(units: Units, labels: int) -> Units:
    """Units with a one-hot group of labels beside them, where there are any."""
    return Joint([units, Softmax(1, labels)]) if labels else units


def beside(dbn: DBN, x: Any, y: Any = None) -> Any:
    """What the top RBM sees: the layer below, and the labels.

    Args:
        dbn: the network.
        x: states of the layer below the top, shape (B, N).
        y: one-hot labels, shape (B, C); None where they are not known: their offsets then stand for them.
    """
    if not dbn.labels:
        return x
    if y is None:
        y = ops.broadcast_to(dbn.rbms[-1].m[-dbn.labels :], (*ops.shape(x)[:-1], dbn.labels))
    return ops.concatenate([x, ops.cast(y, x.dtype)], axis=-1)


def without(dbn: DBN, rbm: RBM, x: Any) -> Any:
    """States or logits of an RBM's visible units, without those of the labels if it is the top one."""
    return x[..., : -dbn.labels] if dbn.labels and rbm is dbn.rbms[-1] else x


def energies(dbn: DBN, x: Any, temperature: Any = 1.0) -> Any:
    """Minus the free energy of the top RBM with each of the labels, up to the terms of x alone.

    Args:
        dbn: a network with labels.
        x: states of the layer below the top, shape (B, N).
        temperature: divides all logits.

    Returns:
        Nats, shape (B, C).
    """
    top, C = dbn.rbms[-1], dbn.labels
    z = top.h_field_from_v(beside(dbn, x, ops.zeros((*ops.shape(x)[:-1], C))))
    fields = ops.expand_dims(z, -2) + top.W[-C:]  # (B, C, H)
    linear = top.a[-C:] - ops.matmul(fields, top.l)
    return linear / temperature + top.hidden.cumulant((top.b + fields) / temperature)


def log_prob(dbn: DBN, x: Any) -> Any:
    """Log P(label | x) at the top RBM, nats; (B, N) to (B, C)."""
    each = energies(dbn, x)
    return each - ops.logsumexp(each, axis=-1, keepdims=True)


def free_energy(dbn: DBN, x: Any, y: Any = None) -> Any:
    """Free energy of the layer below the top one, with the hidden units summed out.

    Args:
        dbn: the network.
        x: states of the layer below the top, shape (B, N).
        y: one-hot labels, shape (B, C); None to sum them out.

    Returns:
        Nats, shape (B,).
    """
    top = dbn.rbms[-1]
    if not dbn.labels or y is not None:
        return top.free_energy(beside(dbn, x, y))
    linear = ops.matmul(x, top.a[: -dbn.labels]) + top.visible.base(beside(dbn, x))
    return -linear - ops.logsumexp(energies(dbn, x), axis=-1)


def draw(dbn: DBN, x: Any, key: Any, temperature: Any = 1.0) -> Any:
    """A label from P(label | x) at the top RBM, one-hot; (B, N) to (B, C)."""
    here = ops.stack([ops.bitwise_xor(key[0], _STREAM), key[1]])
    return Softmax(1, dbn.labels).sample(energies(dbn, x, temperature), random.uniform(here, (*ops.shape(x)[:-1], 1)))


def one_hot(dbn: DBN, y: Any) -> Any:
    """Labels as states: integers of shape (B,) or (B, 1), or what is one-hot already, to (B, C)."""
    y = ops.convert_to_tensor(y)
    if "int" in keras.backend.standardize_dtype(y.dtype):
        return ops.one_hot(ops.cast(ops.reshape(y, (-1,)), "int32"), dbn.labels, dtype="float32")
    return y


def held(dbn: DBN, label: int | np.ndarray, lead: tuple[int, ...]) -> np.ndarray:
    """Labels that generation holds, one-hot, shape (B, C).

    Raises:
        UsageError: the network has no labels, or a label is out of range.
    """
    y = np.broadcast_to(np.asarray(label), lead) if np.ndim(label) == 0 else np.asarray(label)
    if not dbn.labels or y.shape != lead or y.dtype.kind not in "iu" or y.min() < 0 or y.max() >= dbn.labels:
        raise UsageError(f"label: expected one label or {lead[0]}, below {dbn.labels}, got {label}")
    return np.eye(dbn.labels, dtype=np.float32)[y]


def join(dbn: DBN, data: np.ndarray, y: np.ndarray | None) -> np.ndarray:
    """Rows with their labels beside them.

    Args:
        dbn: a network with labels.
        data: codes (n, G), integers, or states (n, N).
        y: the labels, shape (n,), integers below C.

    Returns:
        Codes (n, G + 1) or states (n, N + C).

    Raises:
        UsageError: there are no labels, too many or too few, or they are out of range.
    """
    if y is None:
        raise UsageError(f"labels: expected labels below {dbn.labels} for each row, got none")
    y = np.asarray(y)
    expect("labels", y, "B", B=len(data))
    if y.dtype.kind not in "iu" or not 0 <= y.min() <= y.max() < dbn.labels:
        raise UsageError(f"labels: expected whole numbers from 0 to {dbn.labels - 1}, got {y.dtype} {y[:5].tolist()}")
    if data.dtype.kind in "iub":
        return np.concatenate([data, y[:, None].astype(np.int32)], axis=1)
    return np.concatenate([data, np.eye(dbn.labels, dtype=data.dtype)[y]], axis=1)


def split(dbn: DBN, x: Any, y: Any = None) -> tuple[Any, Any]:
    """Visible states and labels of rows that may have their labels beside them, as of `join`.

    Args:
        dbn: the network.
        x: codes (B, G) or (B, G + 1), or states (B, N) or (B, N + C).
        y: labels that come apart from the rows, as in `fit(x, y)`; they count for rows without labels.

    Returns:
        States, shape (B, N), and one-hot labels, shape (B, C), or None.
    """
    x = ops.convert_to_tensor(x)
    integers = "int" in keras.backend.standardize_dtype(x.dtype)
    wide = dbn.visible.groups + 1 if integers else dbn.visible.size + dbn.labels
    if dbn.labels and x.shape[-1] == wide:
        both = as_states(units_with(dbn.visible, dbn.labels), x)
        return both[..., : -dbn.labels], both[..., -dbn.labels :]
    return as_states(dbn.visible, x), one_hot(dbn, y) if dbn.labels and y is not None else None
