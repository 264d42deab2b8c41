"""Greedy pretraining: one RBM after the other, each on what the one below makes of the data."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.models import labels as label_units
from credo.models import random
from credo.models.backend import compiled
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.models.rbm import RBM, as_states
from credo.strips import Strip
from credo.training.contrastive import History, Phase, batch_rows, start_from, train_rbm

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
    start_from(rbm, data, centre=centre)
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


def pretrain(
    dbn: DBN,
    data: np.ndarray | Strip,
    labels: np.ndarray | None = None,
    *,
    phases: Sequence[Phase] | None = None,
    epochs: int = 5,
    batch: int = 128,
    rate: float = 1e-3,
    progress: Callable[[int, int, dict[str, float]], None] | None = None,
) -> list[History]:
    """Pretrain all layers of a DBN by contrastive divergence, greedily, lowest first (Hinton et al. 2006).

    Args:
        dbn: the network.
        data: rows, codes (n, G) or states (n, N), or a strip of windows.
        labels: of the rows, shape (n,), integers, where the network has labels: the top layer learns them too.
        phases: how each layer is trained, by `contrastive.train_rbm`; None for epochs of CD as the network says.
        epochs: passes over the data a layer; with phases, these and the next two do not count.
        batch: rows a step.
        rate: learning rate at the start; it falls to nothing along a cosine.
        progress: called after each epoch with (layer, epoch, metrics), both from 1; with phases after each measurement
            with (layer, step, record).

    Returns:
        The history of each layer, with phases; otherwise none.

    Raises:
        UsageError: labels are missing, of another number than the rows, or out of range.
    """
    histories = []
    for depth, rbm in enumerate(dbn.rbms, 1):
        if depth == len(dbn.rbms) and dbn.labels:
            data = label_units.join(dbn, data, labels)
        if phases:
            start_from(rbm, data)
            tell = progress and (lambda history, depth=depth: progress(depth, history.step, history.records[-1]))
            histories.append(train_rbm(rbm, data, phases, progress=tell))
        else:
            _pretrain_layer(dbn, depth, data, epochs, batch, rate, progress)
        if depth < len(dbn.rbms):
            data = layer_data(rbm, data, dbn.seed + depth)
    return histories


def _pretrain_layer(
    dbn: DBN,
    depth: int,
    data: np.ndarray | Strip,
    epochs: int,
    batch: int,
    rate: float,
    progress: Callable[[int, int, dict[str, float]], None] | None,
) -> None:
    rbm, size = dbn.rbms[depth - 1], min(batch, len(data))
    per_epoch = len(data) // size
    prepare_layer(rbm, data, steps=epochs * per_epoch, rate=rate)
    stepper = Stepper(rbm, data)
    for epoch in range(1, epochs + 1):
        steps = range((epoch - 1) * per_epoch, epoch * per_epoch)
        metrics = stepper.run(batch_rows(len(data), size, steps, dbn.seed + depth))
        if progress:
            progress(depth, epoch, metrics)
