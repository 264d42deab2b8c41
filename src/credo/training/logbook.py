"""The record of a run, as lines of JSON and, where tensorboardX is installed, for TensorBoard."""

from __future__ import annotations

import importlib.util
import json
import time
from pathlib import Path
from typing import Any

from credo.errors import FileError
from credo.io.atomic import write_text


class Logbook:
    """Appends records to `log.jsonl` in a run's folder.

    Args:
        folder: the run's folder.
        records: how many records to keep of those that stand there: those up to the checkpoint that is resumed.
    """

    def __init__(self, folder: Path, records: int = 0) -> None:
        path = folder / "log.jsonl"
        lines = path.read_text("utf-8").splitlines()[:records] if records and path.exists() else []
        write_text(path, "".join(line + "\n" for line in lines))
        self.records = len(lines)
        self._path = path
        self._file = path.open("a", encoding="utf-8")
        self._board = _board(folder / "tensorboard")

    def write(self, stage: str, step: int, metrics: dict[str, float]) -> None:
        """Append a record: the stage, the step and the metrics."""
        record = {"stage": stage, "step": step, "time": round(time.time(), 1), **metrics}
        try:
            self._file.write(json.dumps(record) + "\n")
            self._file.flush()
        except OSError as error:
            raise FileError(self._path, f"cannot be written: {error.strerror}") from error
        self.records += 1
        if self._board is not None:
            for name, value in metrics.items():
                self._board.add_scalar(f"{stage}/{name}", value, step)

    def close(self) -> None:
        """Close the files."""
        self._file.close()
        if self._board is not None:
            self._board.close()


class Unwritten:
    """The logbook of a worker that is not the first one: the first one writes it."""

    records = 0

    def write(self, stage: str, step: int, metrics: dict[str, float]) -> None:
        """Write nothing."""

    def close(self) -> None:
        """Close nothing."""


def _board(folder: Path) -> Any:
    if importlib.util.find_spec("tensorboardX") is None:
        return None
    from tensorboardX import SummaryWriter

    return SummaryWriter(str(folder))
