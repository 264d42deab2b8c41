"""Small machines with weights large enough to matter, and the kinds of units they are tested on."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Joint, Softmax, Units
from oracle import Groups, Machine

BERNOULLI = (Bernoulli(7), (1,) * 7)
SOFTMAX = (Softmax(3, 5), (5,) * 3)
JOINT = (Joint([Softmax(2, 3), Bernoulli(5)]), (3, 3, 1, 1, 1, 1, 1))
BITS_FIRST = (Joint([Bernoulli(2), Softmax(1, 7), Joint([Softmax(1, 3), Bernoulli(1)])]), (1, 1, 7, 3, 1))
KINDS = {"bernoulli": BERNOULLI, "softmax": SOFTMAX, "joint": JOINT, "nested": BITS_FIRST}


def numpy(x: Any) -> np.ndarray:
    return np.asarray(ops.convert_to_numpy(x))


def tensor(x: Any, dtype: str = "float32") -> Any:
    return ops.convert_to_tensor(np.asarray(x, dtype))


def stir(rbm: RBM, seed: int, *, scale: float = 1.0, centred: bool = False) -> RBM:
    """Give a machine normal weights and biases, and offsets between 0 and 1 if it is centred."""
    rng = np.random.default_rng(seed)
    for weight in (rbm.W, rbm.a, rbm.b):
        weight.assign(rng.normal(0, scale, weight.shape).astype(np.float32))
    if centred:
        for offset in (rbm.m, rbm.l):
            offset.assign(rng.uniform(0, 1, offset.shape).astype(np.float32))
    return rbm


def rbm_and_oracle(
    units: Units, groups: Groups, hidden: int = 4, *, seed: int = 1, scale: float = 1.0, centred: bool = True, **options
) -> tuple[RBM, Machine]:
    rbm = stir(RBM(units, hidden, seed=seed, **options), seed, scale=scale, centred=centred)
    return rbm, Machine.of(rbm, groups)


def dbn_and_oracle(
    units: Units, groups: Groups, hidden: tuple[int, ...], *, seed: int = 1, scale: float = 1.0, **options
) -> tuple[DBN, list[Machine]]:
    dbn = DBN(units, hidden, seed=seed, **options)
    for depth, rbm in enumerate(dbn.rbms):
        stir(rbm, seed + depth, scale=scale, centred=True)
    layers = [groups, *((1,) * size for size in hidden[:-1])]
    return dbn, [Machine.of(rbm, kinds) for rbm, kinds in zip(dbn.rbms, layers, strict=True)]


def weights(model: Any) -> list[np.ndarray]:
    """Copies of all weights of a model, trained or not."""
    return [np.array(numpy(weight)) for weight in model.weights]


def noisy_patterns(rows: int, seed: int = 3) -> np.ndarray:
    """Codes of the units of `JOINT`: two patterns, seen through noise; shape (rows, 7)."""
    rng, groups = np.random.default_rng(seed), JOINT[1]
    patterns = np.array([[0, 2, 1, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0, 0]])[rng.integers(0, 2, rows)]
    noise = rng.integers(0, np.maximum(groups, 2), (rows, len(groups)))
    return np.where(rng.random(patterns.shape) < 0.1, noise, patterns).astype(np.uint8)
