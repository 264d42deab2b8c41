"""A training run: from a prepared corpus to a model folder, through checkpoints that survive `kill -9`.

    RUN/recipe.json      what is run, and on which data
    RUN/log.jsonl        one record every few hundred steps
    RUN/tensorboard/     the same for TensorBoard, where tensorboardX is installed
    RUN/checkpoint.npz   weights, optimizer, chains and random state; replaced at least every `checkpoint_seconds`
    RUN/model/           the finished model

The rows of a step depend on the seed and the step alone, so that a run that was killed and resumed ends with the same
weights as one that was not.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
import zipfile
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

import credo
from credo.corpora.corpus import Corpus
from credo.corpora.windows import training_codes
from credo.errors import CorpusError, FileError, UsageError
from credo.io.atomic import atomic_path, write_text
from credo.models import backend
from credo.models.dbn import DBN
from credo.models.folder import save_model
from credo.music.pitch import Key
from credo.music.window import MODES, Window
from credo.training import finetune, greedy
from credo.training.build import build
from credo.training.logbook import Logbook
from credo.training.monitors import MaskedLikelihood, free_energy_gap
from credo.training.recipe import Recipe

_VALID_ROWS = 1024
_MOST_WEIGHT = 1000.0  # in nats; a weight of 10 all but decides its unit

#: Told after each chunk of steps: the stage ("layer 1", ..., "fine-tuning"), step, steps of the stage, and metrics.
Progress = Callable[[str, int, int, dict[str, float]], None]


@dataclass(frozen=True)
class Result:
    """What a run made.

    Attributes:
        model: the model folder.
        scores: held-out nats a hidden cell, and the free-energy gap of each layer in nats.
        seconds: wall time of this session of the run.
    """

    model: Path
    scores: dict[str, float]
    seconds: float


def train(
    corpus: Corpus,
    recipe: Recipe,
    out: str | Path,
    *,
    resume: bool = False,
    half: bool = True,
    checkpoint_seconds: float = 60.0,
    chunk_steps: int = 100,
    progress: Progress | None = None,
) -> Result:
    """Train a model on a corpus.

    Args:
        corpus: the data; its split `train` is trained on, `valid` is watched. Without pieces in `valid` nothing is
            measured on unseen music, and the card has no scores.
        recipe: what to do.
        out: the run's folder.
        resume: go on from the last checkpoint in `out`.
        half: whether the model's weights are stored as float16.
        checkpoint_seconds: longest time between checkpoints.
        chunk_steps: steps between two calls of `progress`.
        progress: see `Progress`.

    Raises:
        UsageError: the folder holds another run, or none although `resume` is asked for; or the window is no whole
            number of quarters.
        CorpusError: there are no pieces to train on, or training diverges.
        FileError: the folder cannot be written, or its checkpoint is damaged.
    """
    began = time.monotonic()
    out = Path(out)
    _check_claim(out, resume)
    if recipe.model.window_steps % corpus.texture.steps_per_quarter:
        raise UsageError(
            f"recipe: expected model.window_steps in whole quarters of {corpus.texture.steps_per_quarter} steps, "
            f"got {recipe.model.window_steps}"
        )
    window = Window(corpus.texture, recipe.model.window_steps)
    codes, valid = _data(corpus, recipe, window)
    identity = {"recipe": recipe.to_dict(), "data": _checksum(codes)}
    _claim(out, identity, resume)
    run = _Run(out, recipe, build(recipe, window), checkpoint_seconds, chunk_steps, progress)
    run.train(codes, valid)
    card = {
        "name": recipe.name,
        "texture": corpus.texture.to_dict(),
        "window_steps": recipe.model.window_steps,
        "data": {
            **{key: getattr(corpus.card, key) for key in ("name", "licence", "citation", "origin")},
            "pieces": corpus.split_sizes(),
            "windows": len(codes),
            "sha256": identity["data"],
        },
        "keys": _keys(codes),
        "recipe": recipe.to_dict(),
        "scores": run.scores,
        "versions": {
            "credo": credo.__version__,
            "keras": keras.__version__,
            "backend": backend.name(),
            "numpy": np.__version__,
            "python": platform.python_version(),
        },
    }
    save_model(run.dbn, card, out / "model", half=half)
    return Result(out / "model", run.scores, time.monotonic() - began)


class _Run:
    """The state of a run: which stage it is in and how far, besides the network itself."""

    def __init__(
        self, out: Path, recipe: Recipe, dbn: DBN, checkpoint_seconds: float, chunk: int, progress: Progress | None
    ) -> None:
        self.out, self.recipe, self.dbn = out, recipe, dbn
        self.checkpoint_seconds, self.chunk, self.progress = checkpoint_seconds, chunk, progress
        self.scores: dict[str, float] = {}
        self._last_checkpoint = time.monotonic()

    def train(self, codes: np.ndarray, valid: np.ndarray) -> None:
        saved = self._read_checkpoint()
        with closing(Logbook(self.out, saved["records"] if saved else 0)) as logbook:
            self._train(codes, valid, saved, logbook)

    def _train(self, codes: np.ndarray, valid: np.ndarray, saved: dict[str, Any] | None, logbook: Logbook) -> None:
        data, held_out = codes, valid
        layers = len(self.dbn.rbms)
        for stage in range(layers + 1):
            if saved and saved["stage"] > stage:
                self._restore(saved, None)
            elif stage < layers:
                self._pretrain(stage, data, held_out, saved, logbook)
            else:
                self._finetune(stage, codes, valid, saved, logbook)
            if stage + 1 < layers and not (saved and saved["stage"] > stage + 1):
                seed = self.recipe.seed + stage
                data, held_out = (greedy.layer_data(self.dbn.rbms[stage], x, seed) for x in (data, held_out))
        measured = _likelihood_watch(self.dbn, valid)()
        self.scores.update({f"held-out {key}": value for key, value in measured.items()})

    def _pretrain(
        self, stage: int, data: np.ndarray, held_out: np.ndarray, saved: dict[str, Any] | None, logbook: Logbook
    ) -> None:
        rbm, steps = self.dbn.rbms[stage], self.recipe.pretraining.steps
        start = saved["step"] if saved and saved["stage"] == stage else 0
        greedy.prepare_layer(rbm, data, steps=steps, rate=self.recipe.pretraining.rate)
        if start:
            self._restore(saved, rbm)
        watch = _gap_watch(rbm, data, held_out)
        self._run_stage(stage, f"layer {stage + 1}", rbm, data, start, steps, watch, logbook)

    def _finetune(
        self, stage: int, codes: np.ndarray, valid: np.ndarray, saved: dict[str, Any] | None, logbook: Logbook
    ) -> None:
        fine = self.recipe.finetuning
        start = saved["step"] if saved and saved["stage"] == stage else 0
        finetune.prepare(
            self.dbn, steps=fine.steps, rate=fine.rate, warmup=fine.warmup, clip=fine.clip, decay=fine.decay
        )
        if start:
            self._restore(saved, self.dbn)
        watch = _likelihood_watch(self.dbn, valid)
        self._run_stage(stage, "fine-tuning", self.dbn, codes, start, fine.steps, watch, logbook)

    def _run_stage(
        self,
        stage: int,
        name: str,
        model: keras.Model,
        data: np.ndarray,
        start: int,
        steps: int,
        watch: Callable[[], dict[str, float]],
        logbook: Logbook,
    ) -> None:
        batch = self.recipe.finetuning.batch if model is self.dbn else self.recipe.pretraining.batch
        stepper = backend.Stepper(model, data)
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
            if self.progress:
                self.progress(name, step, steps, metrics)
            if step < steps and time.monotonic() - self._last_checkpoint > self.checkpoint_seconds:
                self._write_checkpoint(stage, step, model, logbook.records)
        if steps:
            self.scores.update({f"{name} {key}": value for key, value in metrics.items() if "gap" in key})
        self._write_checkpoint(stage + 1, 0, None, logbook.records)

    # -- checkpoints -------------------------------------------------------------------------------------------------

    def _write_checkpoint(self, stage: int, step: int, model: keras.Model | None, records: int) -> None:
        arrays = {f"w{i}": keras.ops.convert_to_numpy(x) for i, x in enumerate(self.dbn.variables)}
        if model is not None:
            arrays |= {f"o{i}": keras.ops.convert_to_numpy(x) for i, x in enumerate(model.optimizer.variables)}
        state = {"stage": stage, "step": step, "records": records, "scores": self.scores}
        arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        path = self.out / "checkpoint.npz"
        with atomic_path(path) as partial:
            np.savez(partial, **arrays)
        self._last_checkpoint = time.monotonic()

    def _read_checkpoint(self) -> dict[str, Any] | None:
        path = self.out / "checkpoint.npz"
        if not path.exists():
            return None
        try:
            with path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                saved = {name: file[name] for name in file.files}
            saved.update(json.loads(saved.pop("state").tobytes()))
            self.scores = dict(saved["scores"])
            if not all(isinstance(saved[name], int) for name in ("stage", "step", "records")):
                raise ValueError("stage, step and records are whole numbers")
        except _DAMAGE as error:
            raise _damaged(path) from error
        return saved

    def _restore(self, saved: dict[str, Any], model: keras.Model | None) -> None:
        try:
            for index, variable in enumerate(self.dbn.variables):
                variable.assign(saved[f"w{index}"])
            if model is not None:
                model.optimizer.build(model.trainable_variables)
                for index, variable in enumerate(model.optimizer.variables):
                    variable.assign(saved[f"o{index}"])
        except _DAMAGE as error:
            raise _damaged(self.out / "checkpoint.npz") from error


#: What damaged files raise in NumPy, zipfile, zlib, json and Keras.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


def _damaged(path: Path) -> FileError:
    return FileError(path, "is not a checkpoint of this run, or is damaged", hint="start again in another folder")


def _data(corpus: Corpus, recipe: Recipe, window: Window) -> tuple[np.ndarray, np.ndarray]:
    """Training and validation codes; some training windows do not tell their key."""
    rule = recipe.data
    options = {"hop_steps": rule.hop or None, "seed": recipe.seed}
    codes = training_codes(corpus, window, "train", transpose=rule.transpose, max_windows=rule.most_windows, **options)
    valid = codes[:0]
    if corpus.in_split("valid"):
        valid = training_codes(corpus, window, "valid", transpose=False, max_windows=_VALID_ROWS, **options)
    untold = np.random.default_rng(recipe.seed).random(len(codes)) < rule.hide_key
    codes[untold, -2:] = 0
    return codes, valid


def _check_claim(out: Path, resume: bool) -> None:
    """Check that a folder holds a run where one is to be resumed, and none else."""
    if resume and not (out / "recipe.json").exists():
        raise UsageError(f"resume: expected a run in {out}, found none", hint="leave --resume out to start one")
    if not resume and (out / "recipe.json").exists():
        raise UsageError(f"out: {out} already holds a run", hint="--resume goes on with it; or name another folder")


def _claim(out: Path, identity: dict[str, Any], resume: bool) -> None:
    """Make the run's folder this run's, or check that it is."""
    path = out / "recipe.json"
    try:
        if resume:
            try:
                there = json.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise FileError(path, "is damaged", hint="start again in another folder") from error
            if there != json.loads(json.dumps(identity)):
                raise UsageError(
                    f"resume: the run in {out} has another recipe or other data", hint="name another folder"
                )
            return
        out.mkdir(parents=True, exist_ok=True)
    except FileError:
        raise
    except OSError as error:
        raise FileError(out, f"the run's folder cannot be used: {(error.strerror or str(error)).lower()}") from error
    write_text(path, json.dumps(identity, indent=2) + "\n")


def _keys(codes: np.ndarray) -> dict[str, float]:
    """How often each key stands over a training window, in per cent."""
    pairs, counts = np.unique(codes[codes[:, -1] > 0, -2:], axis=0, return_counts=True)
    names = [Key.of_tonic(int(tonic) - 1, MODES[mode]).name for tonic, mode in pairs]
    return {name: round(100 * int(count) / int(counts.sum()), 2) for name, count in zip(names, counts, strict=True)}


def _checksum(codes: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(codes)).hexdigest()


def _gap_watch(rbm: Any, data: np.ndarray, held_out: np.ndarray) -> Callable[[], dict[str, float]]:
    if not len(held_out):
        return dict
    rows = data[:: max(1, len(data) // _VALID_ROWS)][:_VALID_ROWS]
    return lambda: {"free_energy_gap": free_energy_gap(rbm, rows, held_out)}


def _largest(model: keras.Model) -> float:
    """The largest magnitude among the trained numbers; not a number where one of them is not."""
    return float(np.max([np.abs(keras.ops.convert_to_numpy(x)).max() for x in model.trainable_variables]))


def _likelihood_watch(dbn: DBN, valid: np.ndarray) -> Callable[[], dict[str, float]]:
    if not len(valid):
        return dict
    likelihood = MaskedLikelihood(dbn, valid)
    return lambda: {"nats_a_hidden_cell": likelihood()}
