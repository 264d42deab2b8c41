"""A library in a folder of LanceDB tables, for many machines over shared or object storage.

The same promises as of `SqliteStore`, but for one: a batch is two writes, first the pieces and then their files. A kill
between them leaves pieces whose files are looked at again; nothing is lost and nothing comes twice. Numbers of pieces
are drawn from their contents, so that machines need not agree on who counts.
"""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from credo.conditioning.attributes import LIMITS
from credo.errors import FileError, MissingExtraError
from credo.library.entry import WIDTH, Entry
from credo.library.search import Condition, quoted, sql_of, words_of
from credo.library.store import Brief, Seen

_MANY = 500
_TEXTS = (
    "sha256",
    "title",
    "composer",
    "attributes",
    "words",
    "incipit",
    "remarks",
    "key",
    "mode",
    "metre",
    "ensemble",
)
_BRIEF = ("number", "sha256", "title", "composer", "attributes", "bars", "seconds")


class LanceStore:
    """A `Store` in a folder, which is made where it is missing.

    Args:
        path: the folder.

    Raises:
        MissingExtraError: LanceDB is not installed.
        FileError: the folder cannot be used.
    """

    def __init__(self, path: str | Path) -> None:
        if not importlib.util.find_spec("lancedb"):
            raise MissingExtraError("A library of LanceDB", "fleet")
        import lancedb
        import pyarrow as pa

        schemas = {
            "pieces": pa.schema(
                [
                    ("number", pa.int64()),
                    *((name, pa.string()) for name in _TEXTS),
                    *((name, pa.float64()) for name in ("bars", "notes", "parts", "seconds")),  # compared with floats
                    *((name, pa.float64()) for name in LIMITS),
                    *((name, pa.binary()) for name in ("vector", "prints", "preview")),
                ]
            ),
            "files": pa.schema(
                [("path", pa.string()), ("size", pa.int64()), ("changed", pa.int64()), ("sha256", pa.string()),
                 ("problem", pa.string())]
            ),
            "codes": pa.schema([("model", pa.string()), ("number", pa.int64()), ("code", pa.binary())]),
            "bases": pa.schema([("model", pa.string()), ("basis", pa.binary())]),
        }  # fmt: skip
        self.path, self._schemas, self._pa = Path(path), schemas, pa
        try:
            self._db = lancedb.connect(str(path))
            self._tables = {
                name: self._db.create_table(name, schema=schema, exist_ok=True) for name, schema in schemas.items()
            }
        except (OSError, RuntimeError, ValueError) as error:
            raise FileError(path, f"cannot be used as a library: {error}") from error

    def _rows(self, table: str, where: str = "", columns: Sequence[str] = ()) -> list[dict[str, Any]]:
        """Rows of a table as it is now."""
        self._tables[table].checkout_latest()
        query = self._tables[table].search()
        query = query.where(where) if where else query
        return (query.select(list(columns)) if columns else query).limit(100_000_000).to_arrow().to_pylist()

    def _put(self, table: str, rows: Sequence[dict[str, Any]], *keys: str) -> None:
        if rows:
            data = self._pa.Table.from_pylist(list(rows), schema=self._schemas[table])
            insert = self._tables[table].merge_insert(list(keys))
            insert.when_matched_update_all().when_not_matched_insert_all().execute(data)

    def add(self, seen: Sequence[Seen], entries: Sequence[Entry]) -> None:
        """See `Store.add`."""
        before = {each.sha256 for each in self.seen([each.path for each in seen]).values() if each.sha256}
        paths = {each.sha256: each.path for each in seen}
        self._put("pieces", [_row(entry, paths.get(entry.sha256, "")) for entry in entries], "sha256")
        self._put("files", [each._asdict() for each in seen], "path")
        if before:
            held = {
                row["sha256"]
                for some in _groups(before)
                for row in self._rows("files", f"problem = '' AND {_among('sha256', some)}", ["sha256"])
            }
            self._forget([number for sha, number in self.numbers(before - held).items()])

    def seen(self, paths: Sequence[str] | None = None) -> dict[str, Seen]:
        """See `Store.seen`."""
        if paths is None:
            rows = self._rows("files")
        else:
            rows = [row for some in _groups(paths) for row in self._rows("files", _among("path", some))]
        return {row["path"]: Seen(**row) for row in sorted(rows, key=lambda row: row["path"])}

    def numbers(self, hashes: Iterable[str]) -> dict[str, int]:
        """See `Store.numbers`."""
        columns = ["sha256", "number"]
        rows = [row for some in _groups(hashes) for row in self._rows("pieces", _among("sha256", some), columns)]
        return {row["sha256"]: row["number"] for row in rows}

    def forget(self, numbers: Sequence[int]) -> int:
        """See `Store.forget`."""
        gone = [row for some in _groups(numbers) for row in self._rows("pieces", _among("number", some), _BRIEF)]
        for some in _groups([row["sha256"] for row in gone]):
            self._tables["files"].delete(_among("sha256", some))
        self._forget([row["number"] for row in gone])
        return len(gone)

    def _forget(self, numbers: Sequence[int]) -> None:
        for some in _groups(numbers):
            for table in ("codes", "pieces"):
                self._tables[table].delete(_among("number", some))

    def briefs(self, numbers: Sequence[int] | None = None) -> list[Brief]:
        """See `Store.briefs`."""
        if numbers is None:
            rows = self._rows("pieces", columns=_BRIEF)
            files = self._rows("files", "problem = ''", ["path", "sha256"])
        else:
            rows = [row for some in _groups(numbers) for row in self._rows("pieces", _among("number", some), _BRIEF)]
            hashes = [row["sha256"] for row in rows]
            files = [
                row
                for some in _groups(hashes)
                for row in self._rows("files", f"problem = '' AND {_among('sha256', some)}", ["path", "sha256"])
            ]
        path = {row["sha256"]: row["path"] for row in sorted(files, key=lambda row: row["path"], reverse=True)}
        found = {
            row["number"]: Brief(
                row["number"], row["title"], row["composer"], json.loads(row["attributes"]), int(row["bars"]),
                row["seconds"], path.get(row["sha256"], ""),
            )
            for row in rows
        }  # fmt: skip
        return [found[n] for n in (sorted(found) if numbers is None else numbers) if n in found]

    def find(self, conditions: Sequence[Condition], count: int) -> list[int]:
        """See `Store.find`."""
        where, _ = sql_of(conditions)
        near = {each.name: float(each.value) for each in conditions if each.relation == "near"}
        rows = self._rows("pieces", where.replace('"', "`"), ["number", *near])
        rows.sort(key=lambda row: (sum((row[name] - value) ** 2 for name, value in near.items()), row["number"]))
        return [row["number"] for row in rows[:count]]

    def entry(self, number: int) -> Entry | None:
        """See `Store.entry`."""
        rows = self._rows("pieces", f"number = {int(number)}")
        if not rows:
            return None
        files = self._rows("files", f"problem = '' AND sha256 = {quoted(rows[0]['sha256'])}", ["path"])
        return Entry.from_row(rows[0], int(number), tuple(sorted(row["path"] for row in files)))

    def prints(self, numbers: Sequence[int]) -> dict[int, np.ndarray]:
        """See `Store.prints`."""
        columns = ["number", "prints"]
        rows = [row for some in _groups(numbers) for row in self._rows("pieces", _among("number", some), columns)]
        return {row["number"]: np.frombuffer(row["prints"], "<u4").astype(np.uint32) for row in rows}

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """See `Store.vectors`."""
        return _stacked(self._rows("pieces", columns=["number", "vector"]), "vector", WIDTH)

    def put_codes(self, model: str, numbers: Sequence[int], codes: np.ndarray) -> None:
        """See `Store.put_codes`."""
        there = {
            row["number"]
            for some in _groups(numbers)
            for row in self._rows("pieces", _among("number", some), ["number"])
        }
        rows = [
            {"model": model, "number": int(number), "code": code.astype("<f2").tobytes()}
            for number, code in zip(numbers, codes, strict=True)
            if number in there
        ]
        self._put("codes", rows, "model", "number")

    def codes(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """See `Store.codes`."""
        return _stacked(self._rows("codes", f"model = {quoted(model)}"), "code", 0)

    def put_basis(self, model: str, basis: bytes) -> None:
        """See `Store.put_basis`."""
        if self.basis(model) is None:
            self._put("bases", [{"model": model, "basis": basis}], "model")

    def basis(self, model: str) -> bytes | None:
        """See `Store.basis`."""
        rows = self._rows("bases", f"model = {quoted(model)}")
        return rows[0]["basis"] if rows else None

    def models(self) -> dict[str, int]:
        """See `Store.models`."""
        found: dict[str, int] = {}
        for row in self._rows("codes", columns=["model"]):
            found[row["model"]] = found.get(row["model"], 0) + 1
        return dict(sorted(found.items(), key=lambda pair: (-pair[1], pair[0])))

    def changes(self) -> int:
        """See `Store.changes`."""
        for table in self._tables.values():
            table.checkout_latest()
        return sum(self._tables[name].version for name in ("pieces", "codes"))

    def __len__(self) -> int:
        self._tables["pieces"].checkout_latest()
        return self._tables["pieces"].count_rows()

    def close(self) -> None:
        """See `Store.close`."""
        self._tables.clear()


def _row(entry: Entry, path: str) -> dict[str, Any]:
    named = entry.attributes.to_dict()
    searched = {name: named.get(name) for name in (*LIMITS, "key", "mode", "metre", "ensemble")}
    number = int(entry.sha256[:12], 16)
    words = words_of(entry, path)
    return {**entry.to_row(), **searched, "number": number, "words": words}


def _among(column: str, values: Iterable[Any]) -> str:
    return f"{column} IN ({', '.join(quoted(v) if isinstance(v, str) else str(int(v)) for v in values)})"


def _groups(values: Iterable[Any]) -> Iterator[list[Any]]:
    some = list(values)
    for first in range(0, len(some), _MANY):
        yield some[first : first + _MANY]


def _stacked(rows: list[dict[str, Any]], column: str, width: int) -> tuple[np.ndarray, np.ndarray]:
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, width), np.float16)
    rows = sorted(rows, key=lambda row: row["number"])
    table = np.frombuffer(b"".join(row[column] for row in rows), "<f2").reshape(len(rows), -1)
    return np.array([row["number"] for row in rows], np.int64), table
