"""The temporal models of the benchmark: RNN-RBM, RNN-DBN and RNN-NADE."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from credo.errors import UsageError
from credo.evaluation.likelihood.temporal import (
    Annealing,
    FrameLikelihood,
    exact_frame_likelihood,
    frame_bound,
    frame_likelihood,
)
from credo.models.temporal.dbn import TemporalDBN
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.training.temporal import Stage
from frames.rolls import Rolls

OCTAVE = 12
Told = Callable[[str, int, int], None]


@dataclass(frozen=True)
class Plan:
    """How a model is built and trained on a set.

    Attributes:
        hidden: hidden units of the whole frame; of the second layer, units beside those that stand for the frame.
        shared: hidden units at each key.
        whole: size of the summary of whole frames.
        each: size of the summary at each key.
        drop_whole, drop_each, drop_notes: dropout, see `Memory`.
        alone_steps: steps on frames without their past.
        steps: steps on sequences.
        late_steps: steps with longer chains and a lower rate after them.
        k, late_k: steps of the chains.
        rate: learning rate.
        window: frames of a training window.
        batch: windows a step.
        decay: weight decay.
        measure: steps between two looks at the validation split.
    """

    hidden: int = 192
    shared: int = 8
    whole: int = 128
    each: int = 48
    drop_whole: float = 0.5
    drop_each: float = 0.3
    drop_notes: float = 0.1
    alone_steps: int = 2000
    steps: int = 2000
    late_steps: int = 500
    k: int = 10
    late_k: int = 15
    rate: float = 4e-3
    window: int = 64
    batch: int = 16
    decay: float = 0.05
    measure: int = 500

    @classmethod
    def of(cls, model: str, name: str) -> Plan:
        """The plan for a model and a set: what is larger is learnt longer, with less dropout."""
        # Little decay lets the weights grow until no chain mixes and no annealing is to be believed.
        large = {} if name == "jsb" else {"drop_whole": 0.3, "drop_each": 0.2}
        if model == "rnn-dbn":
            steps, late, measure = {"muse": (300, 100, 200), "piano": (300, 0, 300)}.get(name, (600, 200, 200))
            return cls(hidden=128, alone_steps=0, steps=steps, late_steps=late, rate=1e-3, measure=measure)
        if model == "rnn-nade":
            steps = 2000 if name == "jsb" else 6000
            return cls(**large, hidden=48, alone_steps=0, steps=steps, late_steps=0, decay=0.01)
        if name == "jsb":
            return cls(steps=1500, late_steps=300, measure=250)
        if name == "nottingham":  # sharp chords: fewer units and more decay let chains cross; the past says the rest
            return cls(**large, hidden=96, whole=256, each=64, steps=4000, late_steps=500, decay=0.1)
        return cls(**large, steps=2000 if name == "piano" else 2500, late_steps=400)


def build(model: str, rolls: Rolls, plan: Plan, seed: int, folder: Path) -> keras.Model:
    """A model as it is before training; an RNN-DBN stands on the RNN-RBM of the same set and folder."""
    size = rolls.train[0].shape[1]
    memory = {"whole": plan.whole, "each": plan.each, "dropout": (plan.drop_whole, plan.drop_each, plan.drop_notes)}
    if model == "rnn-dbn":
        low = folder / f"{rolls.name}-rnn-rbm" / "model.keras"
        if not low.exists():
            raise UsageError(f"rnn-dbn: expected the trained first layer {low}, found none", hint="train rnn-rbm first")
        return TemporalDBN(keras.saving.load_model(low, compile=False), plan.hidden, k=plan.k, seed=seed)
    common = {"period": OCTAVE, "memory": memory, "seed": seed}
    if model == "rnn-nade":
        built = TemporalNADE(size, plan.hidden, dropout=plan.drop_each, **common)
    else:
        built = TemporalRBM(size, plan.hidden, shared=plan.shared, k=plan.k, **common)
    built.start_from(np.concatenate(rolls.train).mean(axis=0))
    return built


def stages(plan: Plan) -> list[Stage]:
    """The stages of training that a plan asks for."""
    common = {"window": plan.window, "batch": plan.batch, "decay": plan.decay, "measure": plan.measure}
    alone = Stage("frames", plan.alone_steps, batch=256, alone=True, k=plan.k, rate=plan.rate, decay=plan.decay)
    sequences = Stage("sequences", plan.steps, k=plan.k, rate=plan.rate, **common)
    late = Stage("long chains", plan.late_steps, k=plan.late_k, rate=plan.rate / 8, **common)
    return [stage for stage in (alone, sequences, late) if stage.steps]


def likelihood(
    model: keras.Model,
    sequences: list[np.ndarray],
    annealing: Annealing,
    *,
    most_frames: int = 0,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> FrameLikelihood:
    """Exact for an RNN-NADE, annealed for an RNN-RBM, a lower bound for an RNN-DBN."""
    if isinstance(model, TemporalNADE):
        return exact_frame_likelihood(model, sequences, seed=seed)
    measure = frame_bound if isinstance(model, TemporalDBN) else frame_likelihood
    (model.low if isinstance(model, TemporalDBN) else model).half = False
    return measure(model, sequences, annealing=annealing, most_frames=most_frames, seed=seed, progress=progress)
