"""Numbers that say whether a machine is learning, on data it does not train on."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from keras import ops

from credo.models import random
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.rbm import RBM, as_states

_ROWS = 256


def free_energy_gap(rbm: RBM, train: np.ndarray, valid: np.ndarray) -> float:
    """Mean free energy of validation rows minus that of training rows, in nats.

    Near zero while the machine treats both alike; it grows as the machine overfits (Hinton 2010, section 16). The
    unknown normaliser cancels.

    Args:
        rbm: the machine.
        train: rows that it trains on, codes (n, G) or states (n, N).
        valid: rows that it does not train on.
    """
    free_energy = compiled(rbm, lambda x: rbm.free_energy(as_states(rbm.visible, x)))
    return float(np.mean(_by_batches(free_energy, valid)) - np.mean(_by_batches(free_energy, train)))


class MaskedLikelihood:
    """The loss of fine-tuning on rows that are held out, with masks that never change.

    Args:
        dbn: the network.
        codes: rows, shape (n, G) or (n, L, G), integers.
        seed: of the masks.
    """

    def __init__(self, dbn: DBN, codes: np.ndarray, seed: int = 0) -> None:
        self.codes, self.seed = codes, seed

        def nats(x: Any, key: Any) -> Any:
            known, cells_hidden = dbn.draw_mask(ops.shape(x)[:-1], key)
            v = dbn.visible.expand(x)
            logits = dbn.predict_hidden(v, dbn.visible.spread(known))
            each = -(1 - known) * dbn.visible.log_prob(x, logits)
            return ops.sum(each, axis=tuple(range(1, len(each.shape)))), cells_hidden

        self._nats = compiled(dbn, nats)

    def __call__(self) -> float:
        """Nats a hidden cell, over all hidden cells."""
        total = hidden = 0.0
        for start in range(0, len(self.codes), _ROWS):
            rows = self.codes[start : start + _ROWS]
            key = random.make_key(self.seed + start)
            padded = np.resize(rows, (_ROWS, *rows.shape[1:]))  # one shape, one compilation
            nats, cells = (ops.convert_to_numpy(x)[: len(rows)] for x in self._nats(*map(_tensor, (padded, key))))
            total, hidden = total + nats.sum(), hidden + cells.sum()
        return float(total / hidden)


def _by_batches(function: Callable[[Any], Any], rows: np.ndarray) -> np.ndarray:
    values = []
    for start in range(0, len(rows), _ROWS):
        batch = rows[start : start + _ROWS]
        padded = np.resize(batch, (_ROWS, *batch.shape[1:]))
        values.append(ops.convert_to_numpy(function(_tensor(padded)))[: len(batch)])
    return np.concatenate(values)


def _tensor(x: np.ndarray) -> Any:
    return ops.convert_to_tensor(x)
