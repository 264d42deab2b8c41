"""The static models of the benchmark, which know nothing of time: an RBM, and DBNs of two and three layers on it."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from credo.evaluation.likelihood import ais, bound, reverse
from credo.evaluation.likelihood.estimate import Estimate
from credo.evaluation.likelihood.exact import free_energies
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.sampling import gibbs
from credo.training import contrastive, greedy
from credo.training.contrastive import Phase, train_rbm
from credo.training.rates import Linear
from credo.training.stack import start_upside_down
from frames.rolls import Rolls

HIDDEN, CHAINS, BATCH = 256, 512, 256
STEPS, RATE, DECAY = 60_000, 1e-2, 1e-3
DEPTHS = (2, 3)
Told = Callable[..., None]


def run(model: str, rolls: Rolls, split: str, folder: Path, options: argparse.Namespace, told: Told) -> dict[str, Any]:
    """Train an RBM on the frames, or DBNs on the RBM of the same set, and measure them on a split."""
    frames = {name: np.concatenate(rolls.split(name)) for name in ("train", "valid", "test")}
    if model == "rbm":
        rbm = _trained(
            folder / "rbm.npz", _rbm(frames["train"].shape[1], HIDDEN, options.seed), frames, rolls.name, told
        )
        return _measure_rbm(rbm, rolls, frames[split], split, options, told)
    return _dbns(rolls, frames, split, folder, options, told)


def _rbm(size: int, hidden: int, seed: int) -> RBM:
    return RBM(size, hidden, chains=CHAINS, centring=0.01, seed=seed)


def _trained(
    path: Path, rbm: RBM, frames: dict[str, np.ndarray], name: str, told: Told, below: RBM | None = None
) -> RBM:
    """The machine with the weights of a file, or trained and written there."""
    if path.exists():
        with np.load(path, allow_pickle=False) as file:
            for index, variable in enumerate(rbm.weights):
                variable.assign(file[f"arr_{index}"])
        return rbm
    steps, rate = STEPS, RATE
    contrastive.start_from(rbm, frames["train"])
    if below is not None:
        steps, rate = steps // 2, 5e-4
        start_upside_down(rbm, below)
    phases = [
        Phase(steps // 2, k=5, rate=rate, batch=BATCH),
        Phase(steps // 2, k=5, rate=Linear(rate), batch=BATCH),
    ]
    optimizer = partial(keras.optimizers.AdamW, weight_decay=DECAY, global_clipnorm=5.0)
    train_rbm(
        rbm,
        frames["train"],
        phases,
        valid=frames["valid"],
        monitor=contrastive.Monitor(every=500),
        optimizer=optimizer,
        progress=lambda history: told(path.stem, history.step, steps),
    )
    np.savez(path, *(keras.ops.convert_to_numpy(x) for x in rbm.weights))
    return rbm


def _measure_rbm(
    rbm: RBM, rolls: Rolls, v: np.ndarray, split: str, options: argparse.Namespace, told: Told
) -> dict[str, Any]:
    forward = _log_z(rbm, rolls, options, told)
    states = gibbs.run(rbm, keras.ops.convert_to_numpy(rbm.chain)[: options.runs], 5000, seed=options.seed)
    backward = reverse.log_z(rbm, states, steps=10 * options.temperatures, base=_base(rbm, rolls), seed=options.seed)
    nats = -free_energies(rbm, v.astype(np.float32)) - forward.log_z
    return {
        **rolls.summary(nats, split),
        "spread": forward.deviation,
        "rejected": float(not forward.trusted),
        "log z": forward.log_z,
        "log z, backward": backward.log_z,
        "bracket": backward.log_z - forward.log_z,
        "kind": "annealed",
    }


def _dbns(
    rolls: Rolls, frames: dict[str, np.ndarray], split: str, folder: Path, options: argparse.Namespace, told: Told
) -> dict[str, Any]:
    N, result = frames["train"].shape[1], {}
    base = folder.parent / f"{rolls.name}-rbm" / "rbm.npz"
    low = _trained(base, _rbm(N, HIDDEN, options.seed), frames, rolls.name, told)
    alone = _measure_rbm(low, rolls, frames[split], split, options, told)
    layers, data = [low], {name: frames[name] for name in ("train", "valid")}
    for depth in DEPTHS:
        below = layers[-1]
        data = {name: greedy.layer_data(below, rows, options.seed + depth) for name, rows in data.items()}
        top = RBM(below.hidden.size, below.visible.size + 128, chains=CHAINS, seed=options.seed + depth)
        layers.append(_trained(folder / f"layer{depth}.npz", top, data, rolls.name, told, below))
        dbn = DBN(N, [layer.hidden.size for layer in layers])
        for ours, trained in zip(dbn.rbms, layers, strict=True):
            for name in ("W", "a", "b", "m", "l"):
                getattr(ours, name).assign(getattr(trained, name))
        log_z = ais.log_z(dbn.rbms[-1], steps=10 * options.temperatures, runs=options.runs, seed=options.seed)
        found = bound.lower_bound(dbn, frames[split], log_z.log_z, samples=64, seed=options.seed)
        result[f"{depth} layers"] = {
            **rolls.summary(found.log_likelihood, split),
            "spread": log_z.deviation,
            "rejected": float(not log_z.trusted),
        }
    best = result[f"{DEPTHS[-1]} layers"]
    return {**best, **result, "RBM alone": alone["nats"], "kind": "lower bound of 64 samples, annealed"}


def _log_z(rbm: RBM, rolls: Rolls, options: argparse.Namespace, told: Told) -> Estimate:
    steps = 10 * options.temperatures
    return ais.log_z(
        rbm,
        steps=steps,
        runs=options.runs,
        base=_base(rbm, rolls),
        seed=options.seed,
        progress=lambda done, of: told("annealing", done, of),
    )


def _base(rbm: RBM, rolls: Rolls) -> np.ndarray:
    return rbm.visible.logits_of_mean(np.concatenate(rolls.train).mean(axis=0))
