"""A training run: from a prepared corpus to a model folder, through checkpoints that survive `kill -9`.

    RUN/recipe.json      what is run, and on which data
    RUN/log.jsonl        one record every few hundred steps
    RUN/tensorboard/     the same for TensorBoard, where tensorboardX is installed
    RUN/checkpoint.npz   weights, optimizer, chains and random state; replaced at least every `checkpoint_seconds`
    RUN/model/           the finished model

The rows of a step depend on the seed and the step alone, so that a run that was killed and resumed ends with the same
weights as one that was not. Of many workers (`credo.models.backend.workers`) all read the folder, which they share, and
the first one writes.
"""

from __future__ import annotations

import hashlib
import json
import platform
import time
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np

import credo
from credo.corpora.corpus import Corpus
from credo.corpora.windows import styles_of, training_codes
from credo.errors import FileError, UsageError
from credo.io.atomic import write_text
from credo.models import backend
from credo.models.backend import workers
from credo.models.folder import save_model
from credo.music.texture import Texture
from credo.music.window import Window
from credo.strips import Strip
from credo.training.build import build
from credo.training.recipe import Recipe
from credo.training.stages import Progress, Stages

_VALID_ROWS = 512

#: Semitones of room at both ends of the voices where the machine sees all music in C.
ROOM = 6


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
        progress: see `credo.training.stages.Progress`.

    Raises:
        UsageError: the folder holds another run, or none although `resume` is asked for; or the window is no whole
            number of quarters; or rows or chains cannot be dealt out to the workers.
        CorpusError: there are no pieces to train on, or training diverges.
        CredoError: a worker was lost, or has another recipe or other data.
        FileError: the folder cannot be written, or its checkpoint is damaged.
    """
    began = time.monotonic()
    out = Path(out)
    _check_claim(out, resume)
    styles = styles_of(corpus, recipe.data.styles, recipe.data.style_beats)
    pitched = any(voice.kind != "drums" for voice in corpus.texture.voices)
    room = ROOM if recipe.model.home and pitched else 0
    window = Window(corpus.texture, _window_steps(recipe, corpus.texture), styles, room)
    codes, valid = _data(corpus, recipe, window)
    checksum = _checksum(codes)
    team = workers.current()
    workers.check_same("recipe and data", json.dumps([recipe.to_dict(), checksum]).encode())
    if team.first or resume:
        _claim(out, recipe, checksum, resume)
    _check_shared(out)
    dbn = build(recipe, window)
    for part in dbn.parts:
        part.half = recipe.model.half
    run = Stages(out, recipe, dbn, checkpoint_seconds, chunk_steps, progress)
    run.train(codes, valid)
    card = {
        "name": recipe.name or corpus.card.name,
        "texture": corpus.texture.to_dict(),
        "window_steps": window.steps,
        "room": window.room,
        "temperature": recipe.temperature,
        "schedule": asdict(recipe.sampling),
        "styles": list(window.styles),
        "data": {
            **{key: getattr(corpus.card, key) for key in ("name", "licence", "citation", "origin")},
            "pieces": corpus.split_sizes(),
            "windows": len(codes),
            "sha256": checksum,
        },
        "keys": _keys(corpus),
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
    if team.first:
        with workers.alone():
            save_model(run.dbn, card, out / "model", half=half)
    workers.wait()
    return Result(out / "model", run.scores, time.monotonic() - began)


def _window_steps(recipe: Recipe, texture: Texture) -> int:
    """Steps of the window: what the recipe says, or sixteen quarters."""
    quarter = texture.steps_per_quarter
    if recipe.model.window_steps % quarter:
        raise UsageError(
            f"recipe: expected model.window_steps in whole quarters of {quarter} steps, got {recipe.model.window_steps}"
        )
    return recipe.model.window_steps or 16 * quarter


def _data(corpus: Corpus, recipe: Recipe, window: Window) -> tuple[Strip, np.ndarray]:
    """Training windows, some of which do not tell their labels; and validation windows, shape (n, L, G)."""
    rule = recipe.data
    options = {"hop": rule.hop, "style_of": lambda piece: piece.style, "seed": recipe.seed}
    codes = training_codes(
        corpus,
        window,
        "train",
        transpose=(-rule.spread, rule.spread) if window.room else rule.transpose,
        most_beats=rule.most_beats,
        hide_labels=rule.hide_labels,
        **options,
    )
    if not corpus.in_split("valid"):
        return codes, np.zeros((0, window.beats, window.size), np.uint8)
    valid = training_codes(corpus, window, "valid", transpose=False, max_windows=_VALID_ROWS, **options)
    return codes, valid[:]


def _check_claim(out: Path, resume: bool) -> None:
    """Check that a folder holds a run where one is to be resumed, and none else; by what the first worker sees."""
    there = bool(workers.agreed((out / "recipe.json").exists()))
    if resume and not there:
        raise UsageError(f"resume: expected a run in {out}, found none", hint="leave --resume out to start one")
    if not resume and there:
        raise UsageError(f"out: {out} already holds a run", hint="--resume goes on with it; or name another folder")


def _check_shared(out: Path) -> None:
    """Check, once the run is claimed, that all workers see its folder."""
    workers.wait()
    blind = np.flatnonzero(workers.gathered(np.array([not (out / "recipe.json").exists()])))
    if len(blind):
        raise FileError(out, f"expected a folder that all workers share; not seen by {', '.join(map(str, blind))}")


def _claim(out: Path, recipe: Recipe, data: str, resume: bool) -> None:
    """Make the run's folder this run's, or check that it is; `data` is the checksum of the training data."""
    path = out / "recipe.json"
    try:
        if resume:
            try:
                there = json.loads(path.read_text("utf-8"))
            except ValueError as error:
                raise FileError(path, "is damaged", hint="start again in another folder") from error
            if not _same_run(there, recipe, data):
                raise UsageError(
                    f"resume: the run in {out} has another recipe or other data", hint="name another folder"
                )
            return
        out.mkdir(parents=True, exist_ok=True)
    except FileError:
        raise
    except OSError as error:
        raise FileError(out, f"the run's folder cannot be used: {(error.strerror or str(error)).lower()}") from error
    write_text(path, json.dumps({"recipe": recipe.to_dict(), "data": data}, indent=2) + "\n")


def _same_run(there: Any, recipe: Recipe, data: str) -> bool:
    """Whether a run's record is of this recipe and data. What it leaves unsaid, as it is older, has its default."""
    try:
        return there["data"] == data and Recipe.from_dict(there["recipe"]) == recipe
    except (KeyError, TypeError, UsageError):
        return False


def _keys(corpus: Corpus) -> dict[str, float]:
    """How much of the training data is in each key, in per cent."""
    quarters: Counter[str] = Counter()
    for piece in corpus.in_split("train"):
        if piece.keys:
            quarters[piece.keys[0].key.name] += piece.packed.steps
    total = sum(quarters.values())
    return {name: round(100 * count / total, 2) for name, count in sorted(quarters.items())}


def _checksum(codes: Strip) -> str:
    return hashlib.sha256(np.ascontiguousarray(codes.blocks).tobytes() + codes.starts.tobytes()).hexdigest()
