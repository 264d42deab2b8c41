"""The static DBNs of the benchmark: two and three layers, on the RBM of the same set and folder."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import keras
import numpy as np

from credo.evaluation.likelihood import bound
from credo.models.dbn import DBN
from credo.models.rbm import RBM, Parameters
from credo.training import greedy
from credo.training.contrastive import start_from, visible_mean
from credo.training.stack import start_upside_down
from frames import static
from frames.plans import changed
from frames.rolls import Rolls
from frames.static import Plan, Told

#: How a new layer is trained; its units are beside those that stand for the layer two below it.
PLAN = Plan(16_000, 10, 1e-3, 1e-3, hidden=128)
#: What begins so on the command line is of the new layers' plan.
TOP = "top."
#: Draws of the layer below that training sees: as many a frame as come to so many rows.
ROWS = 60_000
DEPTHS = (2, 3)


def run(rolls: Rolls, split: str, folder: Path, options: argparse.Namespace, told: Told) -> dict[str, Any]:
    """Train DBNs on the RBM of the same set, and bound the likelihood of a split."""
    of_top = [pair.removeprefix(TOP) for pair in options.plan if pair.startswith(TOP)]
    plan = changed(PLAN, of_top)
    low = static.trained(rolls, folder.parent / f"{rolls.name}-rbm", options, told)
    layers, result = [low], {"RBM alone": static.measure(low, rolls, split, options, told)["nats"]}
    train = np.concatenate(rolls.train)
    data, valid = np.concatenate([train] * max(1, ROWS // len(train))), np.concatenate(rolls.valid)
    frames = np.concatenate(rolls.split(split))
    for depth in DEPTHS:
        data, valid = (greedy.layer_data(layers[-1], rows, options.seed + depth) for rows in (data, valid))
        layers.append(_next_layer(layers[-1], data, valid, plan, folder / f"layer{depth}.npz", told))
        log_z = static.log_z(layers[-1], _base(layers[-1], data), options, told)
        found = bound.lower_bound(_stack(layers), frames, log_z.log_z, samples=64, seed=options.seed)
        result[f"{depth} layers"] = {
            **rolls.summary(found.log_likelihood, split),
            "spread": log_z.deviation,
            "rejected": float(not log_z.trusted),
        }
    return {**result[f"{DEPTHS[-1]} layers"], **result, "kind": "lower bound of 64 samples, annealed"}


def _next_layer(below: RBM, data: np.ndarray, valid: np.ndarray, plan: Plan, path: Path, told: Told) -> RBM:
    """A layer on top of another, which starts as that one upside down; `data` and `valid` are draws of the other."""
    top = RBM(below.hidden.size, below.visible.size + plan.hidden, chains=plan.chains, seed=below.seed + 1)
    start_from(top, data)
    start_upside_down(top, below)
    static.go_on(top, data, plan, path, told, valid)
    return top


def _base(rbm: RBM, data: np.ndarray) -> np.ndarray:
    return rbm.visible.logits_of_mean(visible_mean(rbm, data))


def _stack(layers: list[RBM]) -> DBN:
    dbn = DBN(layers[0].visible.size, [layer.hidden.size for layer in layers])
    for ours, trained in zip(dbn.rbms, layers, strict=True):
        _copy(trained, ours)
    return dbn


def _copy(source: RBM, target: RBM) -> None:
    for name in Parameters._fields:
        getattr(target, name).assign(keras.ops.convert_to_numpy(getattr(source, name)))
