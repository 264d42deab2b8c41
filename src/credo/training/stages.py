"""The stages of training: one RBM after the other, then the whole stack."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import keras
import numpy as np

from credo.errors import CorpusError
from credo.evaluation.likelihood.monitor import MaskedLikelihood, free_energy_gap
from credo.models.backend import workers
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.strips import Strip
from credo.training import finetune, greedy
from credo.training.checkpoint import Checkpoint, Checkpoints
from credo.training.logbook import Logbook, Unwritten
from credo.training.recipe import Recipe

_WATCHED_ROWS = 512
_MOST_WEIGHT = 1000.0  # in nats; a weight of 10 all but decides its unit

#: Told after each chunk of steps: the stage ("layer 1", ..., "fine-tuning"), step, steps of the stage, and metrics.
Progress = Callable[[str, int, int, dict[str, float]], None]


class Stages:
    """Takes a network through all stages of training, from wherever the last checkpoint is.

    Args:
        out: the run's folder.
        recipe: what to do.
        dbn: the network.
        checkpoint_seconds: longest time between checkpoints.
        chunk: steps between two calls of `progress`.
        progress: see `Progress`; of many workers the first one tells it.

    Attributes:
        scores: held-out nats a hidden cell, and the free-energy gap of each layer in nats, once they are measured.
    """

    def __init__(
        self, out: Path, recipe: Recipe, dbn: DBN, checkpoint_seconds: float, chunk: int, progress: Progress | None
    ) -> None:
        self.out, self.recipe, self.dbn = out, recipe, dbn
        self.chunk, self.progress = chunk, progress
        self.checkpoints = Checkpoints(out, dbn, checkpoint_seconds)
        self.scores: dict[str, float] = {}

    def train(self, codes: np.ndarray | Strip, valid: np.ndarray) -> None:
        """Train to the end.

        Args:
            codes: rows to train on, shape (n, G) or (n, L, G), integers, or a strip of windows.
            valid: rows to measure on, shape (n, G) or (n, L, G); there may be none.

        Raises:
            CorpusError: training diverges.
            FileError: the checkpoint or the log cannot be read or written.
        """
        saved = self.checkpoints.read()
        self.scores = dict(saved.scores) if saved else {}
        first = workers.current().first
        with closing(Logbook(self.out, saved.records if saved else 0) if first else Unwritten()) as logbook:
            self._train(codes, valid, saved, logbook)

    def _train(
        self, codes: np.ndarray | Strip, valid: np.ndarray, saved: Checkpoint | None, logbook: Logbook | Unwritten
    ) -> None:
        data, held_out = codes, valid
        layers = len(self.dbn.rbms)
        for stage in range(layers + 1):
            if saved and saved.stage > stage:
                self.checkpoints.restore(saved)
            elif stage < layers:
                self._pretrain(stage, data, held_out, saved, logbook)
            else:
                self._finetune(stage, codes, valid, saved, logbook)
            if stage + 1 < layers and not (saved and saved.stage > stage + 1):
                seed = self.recipe.seed + stage
                data, held_out = (greedy.layer_data(self.dbn.rbms[stage], x, seed) for x in (data, held_out))
        measured = _likelihood_watch(self.dbn, valid)()
        self.scores.update({f"held-out {key}": value for key, value in measured.items()})

    def _pretrain(
        self, stage: int, data: np.ndarray | Strip, held_out: np.ndarray, saved: Checkpoint | None, logbook: Logbook
    ) -> None:
        rbm, steps = self.dbn.rbms[stage], self.recipe.pretraining.steps
        start = saved.step if saved and saved.stage == stage else 0
        greedy.prepare_layer(rbm, data, steps=steps, rate=self.recipe.pretraining.rate)
        if start:
            self.checkpoints.restore(saved, rbm)
        watch = _gap_watch(rbm, data, held_out)
        self._run_stage(stage, f"layer {stage + 1}", rbm, data, start, steps, watch, logbook)

    def _finetune(
        self, stage: int, codes: np.ndarray | Strip, valid: np.ndarray, saved: Checkpoint | None, logbook: Logbook
    ) -> None:
        fine = self.recipe.finetuning
        start = saved.step if saved and saved.stage == stage else 0
        finetune.prepare(
            self.dbn, steps=fine.steps, rate=fine.rate, warmup=fine.warmup, clip=fine.clip, decay=fine.decay
        )
        if start:
            self.checkpoints.restore(saved, self.dbn)
        watch = _likelihood_watch(self.dbn, valid)
        self._run_stage(stage, "fine-tuning", self.dbn, codes, start, fine.steps, watch, logbook)

    def _run_stage(
        self,
        stage: int,
        name: str,
        model: keras.Model,
        data: np.ndarray | Strip,
        start: int,
        steps: int,
        watch: Callable[[], dict[str, float]],
        logbook: Logbook | Unwritten,
    ) -> None:
        batch = self.recipe.finetuning.batch if model is self.dbn else self.recipe.pretraining.batch
        stepper = Stepper(model, data)
        step, metrics = start, {}
        watch_every = max(self.chunk, steps // 20 // self.chunk * self.chunk)
        while step < steps:
            stop = min(step + self.chunk, steps)
            metrics = stepper.run(greedy.batch_rows(len(data), batch, range(step, stop), self.recipe.seed + stage))
            step = stop
            if step % watch_every == 0 or step == steps:
                metrics = {**metrics, **watch()}
            largest = _largest(model)
            if not (largest < _MOST_WEIGHT and all(np.isfinite(value) for value in metrics.values())):
                numbers = ", ".join(f"{key} {value:.4g}" for key, value in {**metrics, "weights to": largest}.items())
                raise CorpusError(
                    f"training: {name} diverged at step {step}: expected finite numbers and weights within "
                    f"{_MOST_WEIGHT:g}, got {numbers}",
                    hint="lower the rate in the recipe",
                )
            logbook.write(name, step, metrics)
            if self.progress and workers.current().first:
                self.progress(name, step, steps, metrics)
            if step < steps and self.checkpoints.due:
                self.checkpoints.write(stage, step, logbook.records, self.scores, model)
        if steps:
            self.scores.update({f"{name} {key}": value for key, value in metrics.items() if "gap" in key})
        self.checkpoints.write(stage + 1, 0, logbook.records, self.scores)


def _gap_watch(rbm: Any, data: np.ndarray | Strip, held_out: np.ndarray) -> Callable[[], dict[str, float]]:
    if not len(held_out):
        return dict
    rows = data[:: max(1, len(data) // _WATCHED_ROWS)][:_WATCHED_ROWS]
    return lambda: {"free_energy_gap": free_energy_gap(rbm, rows, held_out)}


def _largest(model: keras.Model) -> float:
    """The largest magnitude among the trained numbers; not a number where one of them is not."""
    return float(np.max([np.abs(keras.ops.convert_to_numpy(x)).max() for x in model.trainable_variables]))


def _likelihood_watch(dbn: DBN, valid: np.ndarray) -> Callable[[], dict[str, float]]:
    if not len(valid):
        return dict
    likelihood = MaskedLikelihood(dbn, valid)
    return lambda: {"nats_a_hidden_cell": likelihood()}
