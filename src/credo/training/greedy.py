"""Greedy pretraining: one RBM after the other, each on what the one below makes of the data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.models import random
from credo.models.backend import Stepper, compiled
from credo.models.dbn import DBN
from credo.models.rbm import RBM, as_states
from credo.strips import Strip

_ROWS = 1024
_BLOCKS = 4096


def prepare_layer(rbm: RBM, data: np.ndarray | Strip, *, steps: int, rate: float = 1e-3, centre: bool = True) -> None:
    """Make an RBM ready to train: biases at the data's logits, offsets at the means, Adam with a falling rate.

    Args:
        rbm: the machine.
        data: rows, codes (n, G) or states (n, N), or a strip of windows.
        steps: steps that training will take.
        rate: learning rate at the start; it falls to nothing along a cosine.
        centre: whether to centre the machine on the data.
    """
    sample = data[:: max(1, len(data) // 8192)]
    axes = tuple(range(sample.ndim - 1))
    mean = np.mean(
        [np.mean(_states(rbm, batch), axis=axes) for batch in np.array_split(sample, -(-len(sample) // _ROWS))], 0
    )
    rbm.start_from(mean, centre=centre)
    if rbm.chains:
        rows = np.random.default_rng(rbm.seed).integers(0, len(data), rbm.chains)
        rbm.start_chains(_states(rbm, data[rows]))
    rbm.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(rate, max(steps, 1))))


def layer_data(rbm: RBM, data: np.ndarray | Strip, seed: int) -> np.ndarray | Strip:
    """What the next layer trains on: one sample of the hidden units for each row.

    Args:
        rbm: a trained layer.
        data: rows, codes (n, G) or states (n, N), or (n, L, G) or (n, L, N), or a strip of windows.
        seed: of the draws.

    Returns:
        Codes, shape (n, H) or (n, L, H), uint8; of a strip, the strip of the hidden units, drawn once for each block.
    """

    def sample(x, key):
        return ops.cast(rbm.sample_h_from_v(as_states(rbm.visible, x), key), "uint8")

    draw = compiled(rbm, sample)
    if isinstance(data, Strip):
        reach = rbm.span // 2
        cut = np.pad(data.blocks, ((reach, reach + _BLOCKS), (0, 0)))
        chunks = [cut[start : start + _BLOCKS + 2 * reach][None] for start in range(0, len(data.blocks), _BLOCKS)]
        drawn = [_draw(draw, x, seed, index)[0, reach : reach + _BLOCKS] for index, x in enumerate(chunks)]
        return Strip(np.concatenate(drawn)[: len(data.blocks)], data.starts, data.length)
    result = np.empty((*data.shape[:-1], rbm.hidden.size), np.uint8)
    for index, start in enumerate(range(0, len(data), _ROWS)):
        rows = data[start : start + _ROWS]
        result[start : start + _ROWS] = _draw(draw, np.resize(rows, (_ROWS, *rows.shape[1:])), seed, index)[: len(rows)]
    return result


def _draw(draw: Callable[..., Any], x: np.ndarray, seed: int, index: int) -> np.ndarray:
    key = random.make_key(seed * 1_000_003 + index)
    return ops.convert_to_numpy(draw(ops.convert_to_tensor(x), ops.convert_to_tensor(key)))


def batch_rows(rows: int, batch: int, steps: range, seed: int) -> np.ndarray:
    """Row numbers of some steps: no row twice an epoch, in an order given by the seed; what fills no batch waits.

    Args:
        rows: number of rows of the data.
        batch: rows a step; at most `rows` are taken.
        steps: which steps, counted from the start of training.
        seed: of the orders.

    Returns:
        Shape (len(steps), B). A step's rows do not depend on the steps asked for before, so that a resumed run goes on.
    """
    batch = min(batch, rows)
    per_epoch = rows // batch
    chosen, order, shuffled = [], np.empty(0, int), -1
    for step in steps:
        epoch, place = divmod(step, per_epoch)
        if epoch != shuffled:
            order, shuffled = np.random.default_rng((seed, epoch)).permutation(rows), epoch
        chosen.append(order[place * batch : (place + 1) * batch])
    return np.stack(chosen)


def pretrain(
    dbn: DBN,
    data: np.ndarray | Strip,
    *,
    epochs: int = 5,
    batch: int = 128,
    rate: float = 1e-3,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> None:
    """Pretrain all layers of a DBN by contrastive divergence, greedily, lowest first (Hinton et al. 2006).

    Args:
        dbn: the network.
        data: rows, codes (n, G) or states (n, N), or a strip of windows.
        epochs: passes over the data a layer.
        batch: rows a step.
        rate: learning rate at the start; it falls to nothing along a cosine.
        progress: called after each epoch with (layer, epoch, metrics), both from 1.
    """
    for depth, rbm in enumerate(dbn.rbms, 1):
        size = min(batch, len(data))
        per_epoch = len(data) // size
        prepare_layer(rbm, data, steps=epochs * per_epoch, rate=rate)
        stepper = Stepper(rbm, data)
        for epoch in range(1, epochs + 1):
            steps = range((epoch - 1) * per_epoch, epoch * per_epoch)
            metrics = stepper.run(batch_rows(len(data), size, steps, dbn.seed + depth))
            if progress:
                progress(depth, epoch, metrics)
        if depth < len(dbn.rbms):
            data = layer_data(rbm, data, dbn.seed + depth)


def _states(rbm: RBM, rows: np.ndarray) -> np.ndarray:
    return ops.convert_to_numpy(as_states(rbm.visible, ops.convert_to_tensor(rows)))
