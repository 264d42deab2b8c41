"""Checkpoints: everything a run needs to go on as if it had never been stopped."""

from __future__ import annotations

import json
import time
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path

import keras
import numpy as np

from credo.errors import FileError
from credo.io.atomic import atomic_path
from credo.models.backend import workers

NAME = "checkpoint.npz"

#: What damaged files raise in NumPy, zipfile, zlib, json and Keras.
_DAMAGE = (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError, zipfile.BadZipFile, zlib.error)


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint that was read.

    Attributes:
        stage: number of the stage that was under way, from 0.
        step: steps of that stage that were done.
        records: lines of the log up to here.
        scores: what finished stages have measured.
        arrays: weights `w0`, `w1`, ... and the optimizer's variables `o0`, `o1`, ...
    """

    stage: int
    step: int
    records: int
    scores: dict[str, float]
    arrays: dict[str, np.ndarray]


class Checkpoints:
    """Reads and writes the checkpoint of a run.

    Args:
        folder: the run's folder.
        network: what is trained, of which a stage may train a part.
        every_seconds: longest time between two checkpoints.
    """

    def __init__(self, folder: Path, network: keras.Model, every_seconds: float) -> None:
        self.path, self.network, self.every_seconds = folder / NAME, network, every_seconds
        self._last = time.monotonic()

    @property
    def due(self) -> bool:
        """Whether it is time for the next one."""
        return bool(workers.agreed(time.monotonic() - self._last > self.every_seconds))

    def write(
        self, stage: int, step: int, records: int, scores: dict[str, float], model: keras.Model | None = None
    ) -> None:
        """Write a checkpoint, whole or not at all.

        Args:
            stage: the stage under way, or the next one between stages.
            step: steps of it that are done.
            records: lines of the log so far.
            scores: what finished stages have measured.
            model: what is in training, for its optimizer; None between stages.
        """
        arrays = {f"w{i}": workers.whole(x) for i, x in enumerate(self.network.variables)}
        if model is not None:
            arrays |= {f"o{i}": workers.whole(x) for i, x in enumerate(model.optimizer.variables)}
        self._last = time.monotonic()
        if not workers.current().first:
            return
        state = {"stage": stage, "step": step, "records": records, "scores": scores}
        arrays["state"] = np.frombuffer(json.dumps(state).encode(), np.uint8)
        with atomic_path(self.path) as partial:
            np.savez(partial, **arrays)

    def read(self) -> Checkpoint | None:
        """The checkpoint of the folder, or None if there is none.

        Raises:
            FileError: it is damaged.
        """
        if not self.path.exists():
            return None
        try:
            with self.path.open("rb") as stream, np.load(stream, allow_pickle=False) as file:
                arrays = {name: file[name] for name in file.files}
            state = json.loads(arrays.pop("state").tobytes())
            if not all(isinstance(state[name], int) for name in ("stage", "step", "records")):
                raise ValueError("stage, step and records are whole numbers")
            return Checkpoint(state["stage"], state["step"], state["records"], dict(state["scores"]), arrays)
        except _DAMAGE as error:
            raise self._damaged() from error

    def restore(self, saved: Checkpoint, model: keras.Model | None = None) -> None:
        """Put the network, and the optimizer of what is in training, where they were.

        Raises:
            FileError: the checkpoint is damaged, or belongs to another network.
        """
        try:
            for index, variable in enumerate(self.network.variables):
                variable.assign(saved.arrays[f"w{index}"])
            if model is not None:
                model.optimizer.build(model.trainable_variables)
                for index, variable in enumerate(model.optimizer.variables):
                    variable.assign(saved.arrays[f"o{index}"])
        except _DAMAGE as error:
            raise self._damaged() from error

    def _damaged(self) -> FileError:
        return FileError(
            self.path, "is not a checkpoint of this run, or is damaged", hint="start again in another folder"
        )
