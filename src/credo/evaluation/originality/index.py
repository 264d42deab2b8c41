"""What is kept of a corpus, so that pieces are compared with all of it in seconds."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from credo.errors import UsageError
from credo.evaluation.originality.cells import CELL_BARS, cells_of, owned
from credo.evaluation.originality.notes import Music
from credo.evaluation.originality.runs import Lines, Runs, lines_of
from credo.evaluation.originality.shapes import Shapes, Table, shapes_of
from credo.evaluation.originality.stored import read_arrays, write_arrays

FORMAT_VERSION = 1
_NOTE_ARRAYS = {"onset": np.int32, "end": np.int32, "pitch": np.uint8, "part": np.uint8, "drums": bool}
_LINE_ARRAYS = {"token": np.uint32, "then": np.int16, "last": bool, "note": np.int32, "follows": np.int32}

#: Told (done, total, what) while an index is made.
Progress = Callable[[int, int, str], None]


@dataclass(eq=False)
class Index:
    """A corpus, ready to be searched. It holds the notes of the pieces.

    Attributes:
        names: of the pieces.
        notes: of all pieces, one after the other; onsets count from the start of each.
        starts: where the notes of each piece begin, shape (pieces + 1,).
        bars: of each piece, as in `Music`.
        upbeats: whether each piece begins with an upbeat.
        runs: the lines.
        table: the shapes.
        cells: for each length in bars the hashes of the cells and their owners.
        own: what the corpus' own pieces share with the rest of it; filled in by `measure_baseline`.
    """

    names: list[str]
    notes: Music
    starts: np.ndarray
    bars: list[np.ndarray]
    upbeats: list[bool]
    runs: Runs
    table: Table
    cells: dict[int, tuple[np.ndarray, np.ndarray]]
    own: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, pieces: Iterable[tuple[str, Music]], *, progress: Progress | None = None, total: int = 0) -> Index:
        """An index of some pieces, by name."""
        names, kept = [], []
        lines: list[Lines] = []
        shapes: list[Shapes] = []
        cells: dict[int, list[np.ndarray]] = {bars: [] for bars in CELL_BARS}
        for name, music in pieces:
            names.append(name)
            kept.append(music)
            lines.append(lines_of(music))
            shapes.append(shapes_of(music))
            for bars in CELL_BARS:
                cells[bars].append(cells_of(music, bars))
            if progress:
                progress(len(names), total, name)
        starts = np.concatenate([[0], np.cumsum([len(music) for music in kept])]).astype(np.int64)
        return cls(
            names,
            _joined(kept),
            starts,
            [music.bars for music in kept],
            [music.upbeat for music in kept],
            Runs(lines),
            Table.of(shapes, starts),
            {bars: owned(each) for bars, each in cells.items()},
        )

    def __len__(self) -> int:
        return len(self.names)

    @property
    def bar_count(self) -> int:
        """Bars of all pieces."""
        return sum(map(len, self.bars))

    def piece(self, number: int) -> Music:
        """The notes of a piece."""
        chosen = slice(int(self.starts[number]), int(self.starts[number + 1]))
        arrays = (getattr(self.notes, name)[chosen] for name in _NOTE_ARRAYS)
        return Music(*arrays, self.bars[number], self.upbeats[number])

    def save(self, path: str | Path) -> Path:
        """Write the index as a compressed npz file, without pickles.

        Raises:
            FileError: the file cannot be written.
        """
        lines = self.runs.lines
        meta = {"format_version": FORMAT_VERSION, "names": self.names, "upbeats": self.upbeats, "own": self.own}
        arrays: dict[str, np.ndarray] = {
            "meta": np.frombuffer(json.dumps(meta).encode(), np.uint8),
            "starts": self.starts,
            "bars": np.concatenate([np.zeros((0, 4), np.int32), *self.bars]).astype(np.int32),
            "bar_counts": np.array([len(each) for each in self.bars], np.int32),
            "line_counts": np.array([len(each.token) for each in lines], np.int32),
            "order": self.runs.order.astype(np.uint32),
            "shape_hash": self.table.hash,
            "shape_note": self.table.note,
            "shape_time": self.table.time,
        }
        arrays |= {f"note_{name}": getattr(self.notes, name).astype(kind) for name, kind in _NOTE_ARRAYS.items()}
        for name, kind in _LINE_ARRAYS.items():
            empty = np.zeros((0, 2) if name == "follows" else 0)
            arrays[f"line_{name}"] = np.concatenate([empty, *(getattr(each, name) for each in lines)]).astype(kind)
        for bars, (hashes, owner) in self.cells.items():
            arrays |= {f"cells_{bars}": hashes, f"owner_{bars}": owner}
        return write_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Index:
        """Read what `save` wrote.

        Raises:
            FileError: the file cannot be read.
            FormatError: it is no index, is damaged, or a newer Credo wrote it.
        """
        with read_arrays(path, "an index of a corpus", "make it again with --save-index") as stored:
            return _of_arrays({name: stored[name] for name in stored.files})


def _joined(kept: Sequence[Music]) -> Music:
    arrays = [np.concatenate([np.zeros(0, np.int64), *(getattr(m, name) for m in kept)]) for name in _NOTE_ARRAYS]
    return Music(*arrays[:4], arrays[4].astype(bool), np.zeros((0, 4), np.int64))


def _of_arrays(stored: dict[str, np.ndarray]) -> Index:
    """The index of what was stored.

    Raises:
        KeyError, ValueError: something is missing or does not fit.
    """
    meta = json.loads(stored["meta"].tobytes())
    if meta["format_version"] != FORMAT_VERSION:
        raise UsageError(f"format {meta['format_version']}, expected {FORMAT_VERSION}")
    arrays = [stored[f"note_{name}"].astype(bool if name == "drums" else np.int64) for name in _NOTE_ARRAYS]
    notes = Music(*arrays, np.zeros((0, 4), np.int64))
    starts, names = stored["starts"], list(map(str, meta["names"]))
    bars = np.split(stored["bars"].astype(np.int64), np.cumsum(stored["bar_counts"])[:-1])
    cuts = np.cumsum(stored["line_counts"])[:-1]
    columns = [
        np.split(stored[f"line_{name}"].astype(bool if kind is bool else np.int64), cuts)
        for name, kind in _LINE_ARRAYS.items()
    ]
    lines = [Lines(*each) for each in zip(*columns, strict=True)]
    order = stored["order"].astype(np.int64)
    if not len(names):
        bars, lines = [], []
    tokens = sum(len(each.token) for each in lines)
    sizes = {len(names), len(starts) - 1, len(bars), len(lines), len(meta["upbeats"])}
    if len(sizes) != 1 or len(notes) != starts[-1] or len(order) != tokens or (tokens and order.max() >= tokens):
        raise ValueError("arrays of different lengths")
    table = Table(stored["shape_hash"], stored["shape_note"], stored["shape_time"])
    cells = {n: (stored[f"cells_{n}"], stored[f"owner_{n}"]) for n in CELL_BARS}
    return Index(names, notes, starts, bars, list(meta["upbeats"]), Runs(lines, order), table, cells, meta["own"])
