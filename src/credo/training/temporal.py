"""Training of temporal machines on sequences: stages of steps, with checkpoints, and the best weights kept.

The stages are those of Boulanger-Lewandowski, Bengio & Vincent (2012): first the frames alone, without their past, then
sequences. Validation decides which weights are kept in the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

from credo.errors import UsageError
from credo.models.backend.stepper import Stepper
from credo.models.temporal.sequences import windows
from credo.training.checkpoint import Checkpoints
from credo.training.greedy import batch_rows

_CHUNK = 50
_LOG = "log.jsonl"

#: Told after each chunk of steps: the stage's name, step, steps of the stage, and what was measured last.
Progress = Callable[[str, int, int, dict[str, float]], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """A stage of training.

    Attributes:
        name: what the log calls it.
        steps: number of steps.
        window: frames of a training window.
        batch: windows a step.
        rate: learning rate of AdamW after warming up; it falls to nothing along a cosine.
        k: steps of the chains; 0 for as many as the machine has.
        alone: whether the frames are trained without their past.
        decay: decoupled weight decay.
        clip: largest norm of the gradient of all weights together.
        warmup: steps during which the rate rises.
        measure: steps between two measurements on validation sequences; 0 for none in this stage.
    """

    name: str
    steps: int
    window: int = 64
    batch: int = 16
    rate: float = 4e-3
    k: int = 0
    alone: bool = False
    decay: float = 0.01
    clip: float = 2.0
    warmup: int = 100
    measure: int = 0


def train(
    model: keras.Model,
    sequences: Sequence[np.ndarray],
    stages: Sequence[Stage],
    folder: Path,
    *,
    measure: Callable[[keras.Model], float] | None = None,
    resume: bool = False,
    checkpoint_seconds: float = 120.0,
    seed: int = 0,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train a temporal machine, stage after stage, from wherever the last checkpoint is.

    Args:
        model: a `TemporalRBM`, or another that trains on windows of sequences.
        sequences: each of shape (T, N), of zeros and ones.
        stages: what to do.
        folder: for the log and checkpoints.
        measure: the validation score of the machine as it is, higher is better; the weights that scored best are the
            model's in the end. None: the last weights are.
        resume: whether to go on from the folder's checkpoint.
        checkpoint_seconds: longest time between checkpoints.
        seed: of the order of the windows.
        progress: see `Progress`.

    Returns:
        The log: a record a measurement, with stage, step, loss and score.

    Raises:
        UsageError: the folder has a checkpoint and `resume` is not set.
        FileError: the checkpoint is damaged or another machine's.
    """
    folder.mkdir(parents=True, exist_ok=True)
    checkpoints = Checkpoints(folder, model, checkpoint_seconds)
    saved = checkpoints.read()
    if saved and not resume:
        raise UsageError(f"{folder}: expected an empty folder, got one with a checkpoint", hint="resume the run")
    log = [json.loads(line) for line in _lines(folder / _LOG)[: saved.records]] if saved else []
    scores = dict(saved.scores) if saved else {}
    best = folder / "best.npz"
    for number, stage in enumerate(stages):
        if saved and saved.stage > number:
            continue
        _compile(model, stage)
        start = 0
        if saved and saved.stage == number:
            start = saved.step
            checkpoints.restore(saved, model if start else None)
        data = windows(sequences, 1 if stage.alone else stage.window)
        stepper, step = Stepper(model, data), start
        while step < stage.steps:
            look = stage.measure or stage.steps
            stop = min(step + _CHUNK, (step // look + 1) * look, stage.steps)
            metrics = stepper.run(batch_rows(len(data), stage.batch, range(step, stop), seed + number))
            step = stop
            if measure and stage.measure and (step % stage.measure == 0 or step == stage.steps):
                metrics = {**metrics, "score": measure(model)}
                log.append({"stage": stage.name, "step": step, **metrics})
                (folder / _LOG).write_text("".join(json.dumps(record) + "\n" for record in log), encoding="utf-8")
                if metrics["score"] > scores.get("best", -np.inf):
                    scores["best"] = metrics["score"]
                    np.savez(best, *(keras.ops.convert_to_numpy(x) for x in model.weights))
            if progress:
                progress(stage.name, step, stage.steps, metrics)
            if step < stage.steps and checkpoints.due:
                checkpoints.write(number, step, len(log), scores, model)
        checkpoints.write(number + 1, 0, len(log), scores)
    if saved and saved.stage >= len(stages):
        checkpoints.restore(saved)
    if best.exists():
        with np.load(best, allow_pickle=False) as arrays:
            for index, variable in enumerate(model.weights):
                variable.assign(arrays[f"arr_{index}"])
    model.alone = False
    return log


def _compile(model: keras.Model, stage: Stage) -> None:
    model.alone = stage.alone
    if stage.k:
        model.k = stage.k
    warmup = min(stage.warmup, stage.steps // 2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else stage.rate,
        max(stage.steps - warmup, 1),
        warmup_target=stage.rate if warmup else None,
        warmup_steps=warmup,
    )
    optimizer = keras.optimizers.AdamW(rate, weight_decay=stage.decay, beta_2=0.995, global_clipnorm=stage.clip)
    optimizer.exclude_from_weight_decay(var_list=[x for x in model.trainable_variables if len(x.shape) < 2])
    model.compile(optimizer=optimizer)


def _lines(path: Path) -> list[str]:
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []
