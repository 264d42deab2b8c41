"""Controls of the benchmark, all exact: single notes, a table of whole frames, and a logistic autoregression."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.models.backend.stepper import Stepper
from credo.training.greedy import batch_rows
from frames.rolls import Rolls

_LINKS, _STEPS, _BATCH = 4, 4000, 1024
#: Shares of single notes beside whole frames of training.
_OTHERS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.5)


def run(model: str, rolls: Rolls, split: str, told: Callable[[str, int, int], None]) -> dict[str, Any]:
    """Fit a control on the training split and measure it.

    `notes`: each key sounds independently, at its rate in training (add one).
    `counts`: a frame is one of training, each as often as it stands there, or else one of `notes`; how often the
    latter, validation chooses. What it knows is all that a machine without a past can learn by heart.
    `ar`: the logit of each key is linear in the keys below it and in the last four frames; of a few weight decays,
    validation chooses.
    """
    if model == "notes":
        frames = _notes(rolls, split)
        found: dict[str, Any] = {"kind": "exact"}
    elif model == "counts":
        other = max(_OTHERS, key=lambda share: np.concatenate(_counted(rolls, "valid", share)).mean())
        frames, found = _counted(rolls, split, other), {"kind": "exact", "share of notes": other}
    else:
        trials = {decay: _fit(rolls, decay, told) for decay in (1e-5, 1e-4, 1e-3)}
        best = max(trials, key=lambda decay: np.concatenate(_score(trials[decay], rolls.valid)).mean())
        frames, found = _score(trials[best], rolls.split(split)), {"kind": "exact", "decay": best}
    return {**rolls.summary(np.concatenate(frames), split), "spread": 0.0, "rejected": 0.0, **found}


def _notes(rolls: Rolls, split: str) -> list[np.ndarray]:
    train = np.concatenate(rolls.train).astype(float)
    p = (train.sum(axis=0) + 1) / (len(train) + 2)
    return [(x * np.log(p) + (1 - x) * np.log1p(-p)).sum(axis=1) for x in map(np.float64, rolls.split(split))]


def _counted(rolls: Rolls, split: str, other: float) -> list[np.ndarray]:
    train = np.concatenate(rolls.train)
    kinds, counts = np.unique(train, axis=0, return_counts=True)
    share = {kind.tobytes(): count / len(train) for kind, count in zip(kinds, counts, strict=True)}
    nats = []
    for sequence, alone in zip(rolls.split(split), _notes(rolls, split), strict=True):
        known = np.array([share.get(frame.tobytes(), 0.0) for frame in sequence.astype(train.dtype)])
        nats.append(np.log((1 - other) * known + other * np.exp(alone)))
    return nats


def _inputs(sequence: np.ndarray) -> np.ndarray:
    """The last frames beside each other, latest first, shape (T, 4 N)."""
    padded = np.pad(sequence, ((_LINKS, 0), (0, 0)))
    return np.concatenate([padded[_LINKS - lag : len(padded) - lag] for lag in range(1, _LINKS + 1)], axis=1)


class Autoregression(keras.Model):
    """Logits a + past D + v L with L strictly upper triangular, trained by maximum likelihood with weight decay."""

    def __init__(self, rate: np.ndarray, decay: float) -> None:
        super().__init__()
        N = len(rate)
        self.size, self.decay = N, decay
        self.D = self.add_weight(shape=(_LINKS * N, N), initializer="zeros", name="D")
        self.L = self.add_weight(shape=(N, N), initializer="zeros", name="L")
        self.a = self.add_weight(shape=(N,), initializer="zeros", name="a")
        self.a.assign(np.log(rate / (1 - rate)))
        self.built = True

    def call(self, x: Any) -> Any:
        """Logits, shape (B, N), of rows of past frames and the frame."""
        past, v = ops.split(ops.cast(x, "float32"), [_LINKS * self.size], axis=-1)
        return self.a + ops.matmul(past, self.D) + ops.matmul(v, ops.triu(self.L, 1))

    def compute_loss(self, x: Any = None, *rest: Any, **more: Any) -> Any:
        """Nats a frame, and the decay."""
        logits, v = self(x), ops.cast(x[..., _LINKS * self.size :], "float32")
        nats = ops.mean(ops.sum(ops.softplus(logits) - v * logits, axis=-1))
        return nats + self.decay * (ops.sum(self.D**2) + ops.sum(self.L**2))


def _fit(rolls: Rolls, decay: float, told: Callable[[str, int, int], None]) -> tuple[np.ndarray, ...]:
    rows = np.concatenate([np.concatenate([_inputs(x), x], axis=1) for x in rolls.train])
    rate = np.clip(np.concatenate(rolls.train).mean(axis=0), 1e-4, 1 - 1e-4)
    model = Autoregression(rate, decay)
    model.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(5e-3, _STEPS)))
    stepper = Stepper(model, rows)
    for start in range(0, _STEPS, 500):
        stepper.run(batch_rows(len(rows), _BATCH, range(start, start + 500), 0))
        told(f"weight decay {decay:g}", start + 500, _STEPS)
    return tuple(np.asarray(ops.convert_to_numpy(x), float) for x in (model.D, model.L, model.a))


def _score(weights: tuple[np.ndarray, ...], sequences: list[np.ndarray]) -> list[np.ndarray]:
    D, L, a = weights
    nats = []
    for sequence in sequences:
        v = sequence.astype(float)
        logits = a + _inputs(v) @ D + v @ np.triu(L, 1)
        nats.append((v * logits - np.logaddexp(0, logits)).sum(axis=1))
    return nats
