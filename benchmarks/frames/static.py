"""The RBM of the benchmark, which knows nothing of time."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import keras
import numpy as np

from credo.evaluation.likelihood import ais, reverse
from credo.evaluation.likelihood.estimate import Estimate
from credo.evaluation.likelihood.exact import free_energies
from credo.models.rbm import RBM
from credo.sampling import gibbs
from credo.training.contrastive import History, Monitor, Phase, start_from, train_rbm
from credo.training.rates import Linear
from frames.plans import changed
from frames.rolls import Rolls

BATCH = 256


@dataclass(frozen=True)
class Plan:
    """How a machine is trained.

    Attributes:
        steps: steps of learning.
        k: steps of the chains.
        rate: learning rate.
        decay: weight decay.
        hidden: hidden units.
        chains: persistent chains; 0 for contrastive divergence, whose chains begin at the data.
    """

    steps: int
    k: int
    rate: float
    decay: float
    hidden: int = 256
    chains: int = 512

    @classmethod
    def of(cls, name: str) -> Plan:
        """The plan for the RBM of a set: on the larger ones chains need more steps."""
        if name == "jsb":
            return cls(60_000, 5, 1e-2, 1e-3)
        if name == "muse":
            return cls(60_000, 10, 6e-3, 3e-3, hidden=512)
        if name == "nottingham":
            return cls(120_000, 10, 6e-3, 1e-3, hidden=768)
        return cls(20_000, 10, 3e-3, 3e-3)


Told = Callable[..., None]


def run(rolls: Rolls, split: str, folder: Path, options: argparse.Namespace, told: Told) -> dict[str, Any]:
    """Train an RBM on the frames and measure it on a split."""
    rbm = trained(rolls, folder, options, told)
    return measure(rbm, rolls, split, options, told)


def trained(rolls: Rolls, folder: Path, options: argparse.Namespace, told: Told) -> RBM:
    """The RBM of a folder, trained there if it is not yet."""
    train = np.concatenate(rolls.train)
    plan = changed(Plan.of(rolls.name), [pair for pair in options.plan if "." not in pair])
    folder.mkdir(parents=True, exist_ok=True)
    rbm = RBM(train.shape[1], plan.hidden, chains=plan.chains, centring=0.01, seed=options.seed)
    start_from(rbm, train)
    go_on(rbm, train, plan, folder / "rbm.npz", told, np.concatenate(rolls.valid))
    return rbm


def go_on(
    rbm: RBM,
    data: np.ndarray,
    plan: Plan,
    path: Path,
    told: Told,
    valid: np.ndarray,
) -> None:
    """Train a machine, from where a file says that its training is; and keep the file up to date."""
    steps, k, rate, decay = plan.steps, plan.k, plan.rate, plan.decay
    phases = [
        Phase(steps // 2, k=k, rate=rate, batch=BATCH),
        Phase(steps // 2, k=k, rate=Linear(rate), batch=BATCH),
    ]
    history = History.load(path) if path.exists() else None

    def keep(history: History) -> None:
        history.save(path)
        told(path.stem, history.step, steps)

    train_rbm(
        rbm,
        data,
        phases,
        valid=valid,
        monitor=Monitor(every=1000),
        optimizer=partial(keras.optimizers.AdamW, weight_decay=decay, global_clipnorm=5.0),
        resume=history,
        progress=keep,
    )


def measure(rbm: RBM, rolls: Rolls, split: str, options: argparse.Namespace, told: Told) -> dict[str, Any]:
    """The likelihood of a split, with log Z annealed from nothing, and back from chains that went on long."""
    base = rbm.visible.logits_of_mean(np.concatenate(rolls.train).mean(axis=0))
    forward = log_z(rbm, base, options, told)
    start = keras.ops.convert_to_numpy(rbm.chain) if rbm.chains else np.concatenate(rolls.train).astype(np.float32)
    states = gibbs.run(rbm, start[: options.runs], 5000, seed=options.seed)
    backward = reverse.log_z(rbm, states, steps=10 * options.temperatures, base=base, seed=options.seed)
    frames = np.concatenate(rolls.split(split)).astype(np.float32)
    return {
        **rolls.summary(-free_energies(rbm, frames) - forward.log_z, split),
        "spread": forward.deviation,
        "rejected": float(not forward.trusted),
        "log z": forward.log_z,
        "log z, backward": backward.log_z,
        "bracket": backward.log_z - forward.log_z,
        "kind": "annealed",
    }


def log_z(rbm: RBM, base: np.ndarray, options: argparse.Namespace, told: Told) -> Estimate:
    """Log Z by annealed importance sampling, at ten times the temperatures that a frame of its own would get."""
    return ais.log_z(
        rbm,
        steps=10 * options.temperatures,
        runs=options.runs,
        base=base,
        seed=options.seed,
        progress=lambda done, of: told("annealing", done, of),
    )
