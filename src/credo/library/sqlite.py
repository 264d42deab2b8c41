"""A library in one SQLite file.

Writes are transactions in write-ahead mode: a process that is killed loses the batch it was at and nothing else, and
several processes may read and write at once; each waits for its turn.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

import numpy as np

from credo.conditioning.attributes import LIMITS
from credo.errors import FileError, FormatError
from credo.library.database import told, transaction, write_ahead
from credo.library.entry import WIDTH, Entry
from credo.library.features import VERSION
from credo.library.search import Condition, sql_of, words_of
from credo.library.store import Brief, Seen

#: Seconds to wait for another process.
PATIENCE = 60.0
#: "CRDO": says to whoever looks that the file is a library.
APPLICATION = 0x4352444F
FORMAT_VERSION = 1
_MANY = 500  # values in one IN (...)

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS pieces (
    number INTEGER PRIMARY KEY AUTOINCREMENT, sha256 TEXT NOT NULL UNIQUE, title TEXT NOT NULL, composer TEXT NOT NULL,
    attributes TEXT NOT NULL, bars INTEGER NOT NULL, notes INTEGER NOT NULL, parts INTEGER NOT NULL,
    seconds REAL NOT NULL, words TEXT NOT NULL, GENERATED);
CREATE TABLE IF NOT EXISTS details (
    number INTEGER PRIMARY KEY REFERENCES pieces ON DELETE CASCADE, incipit TEXT NOT NULL, preview BLOB NOT NULL,
    remarks TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS vectors (
    number INTEGER PRIMARY KEY REFERENCES pieces ON DELETE CASCADE, vector BLOB NOT NULL, prints BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS codes (
    model TEXT NOT NULL, number INTEGER NOT NULL REFERENCES pieces ON DELETE CASCADE, code BLOB NOT NULL,
    PRIMARY KEY (model, number)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS bases (model TEXT PRIMARY KEY, basis BLOB NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (
    path TEXT PRIMARY KEY, size INTEGER NOT NULL, changed INTEGER NOT NULL, sha256 TEXT NOT NULL,
    problem TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pieces_searched ON pieces (metre, "key", mode, tempo, density, valence, arousal);
CREATE INDEX IF NOT EXISTS files_by_content ON files (sha256);
CREATE INDEX IF NOT EXISTS codes_by_piece ON codes (number);
"""
#: Attributes that are searched have columns of their own, which SQLite fills in.
_GENERATED = ", ".join(
    f"\"{name}\" {kind} GENERATED ALWAYS AS (json_extract(attributes, '$.{name}')) STORED"
    for kind, names in (("REAL", LIMITS), ("TEXT", ("key", "mode", "metre", "ensemble")))
    for name in names
)
_KEPT = {
    "pieces": ("sha256", "title", "composer", "attributes", "bars", "notes", "parts", "seconds", "words"),
    "details": ("incipit", "preview", "remarks"),
    "vectors": ("vector", "prints"),
}


class SqliteStore:
    """A `Store` in one file, which is made where it is missing.

    Args:
        path: the file; its folder is made too.

    Raises:
        FileError: the file cannot be opened or written.
        FormatError: it is no library, or a newer Credo wrote it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(self.path, f"cannot be made: {(error.strerror or str(error)).lower()}") from error
        if self.path.is_dir():
            raise FileError(self.path, "expected a library's file, found a folder")
        try:
            self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise FileError(self.path, f"cannot be opened: {error}") from error
        try:
            self._open()
        except BaseException:
            self._db.close()
            raise

    def _open(self) -> None:
        with self._told():
            self._db.execute("PRAGMA foreign_keys=ON")
            # In this order: another process that makes the library writes both at once.
            empty = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
            known = self._db.execute("PRAGMA application_id").fetchone()[0]
            if known != APPLICATION and not empty:
                raise FormatError(self.path, "expected a library, found another kind of database")
            write_ahead(self._db, PATIENCE)
            self._db.execute("PRAGMA synchronous=NORMAL")
        with self._writing():
            if self._db.execute("PRAGMA application_id").fetchone()[0] != APPLICATION:
                self._db.execute(f"PRAGMA application_id={APPLICATION}")
            for statement in _TABLES.replace("GENERATED", _GENERATED, 1).split(";"):
                self._db.execute(statement)
            for name, value in (("format", FORMAT_VERSION), ("features", VERSION), ("changes", 0)):
                self._db.execute("INSERT OR IGNORE INTO facts VALUES (?, ?)", (name, value))
        written = dict(self._db.execute("SELECT name, value FROM facts"))
        if (written["format"], written["features"]) != (FORMAT_VERSION, VERSION):
            raise FormatError(
                self.path,
                f"expected a library of format {FORMAT_VERSION}.{VERSION}, "
                f"found {written['format']}.{written['features']}",
                hint="name another --library and add your pieces to it",
            )

    def _told(self) -> AbstractContextManager[None]:
        """Tell what goes wrong with the file in Credo's way."""
        return told(self.path, "a library")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, from its first moment that of this process alone."""
        with self._told(), transaction(self._db):
            yield

    def add(self, seen: Sequence[Seen], entries: Sequence[Entry]) -> None:
        """See `Store.add`."""
        with self._writing():
            before = [
                row[0]
                for some in _groups([each.path for each in seen])
                for row in self._in("SELECT sha256 FROM files WHERE path IN", some)
            ]
            paths = {each.sha256: each.path for each in seen}
            for entry in entries:
                self._keep(entry, paths.get(entry.sha256, ""))
            self._db.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?, ?, ?)", seen)
            gone = sorted({sha for sha in before if sha})
            for some in _groups(gone):
                marks = ",".join("?" * len(some))
                self._db.execute(
                    f"DELETE FROM pieces WHERE sha256 IN ({marks}) "
                    "AND NOT EXISTS (SELECT 1 FROM files WHERE files.sha256 = pieces.sha256 AND problem = '')",
                    some,
                )
            self._changed()

    def _keep(self, entry: Entry, path: str) -> None:
        row = {**entry.to_row(), "words": words_of(entry, path)}
        names = _KEPT["pieces"]
        updates = ", ".join(f"{name} = excluded.{name}" for name in names[1:])
        number = self._db.execute(
            f"INSERT INTO pieces ({', '.join(names)}) VALUES ({', '.join('?' * len(names))}) "
            f"ON CONFLICT (sha256) DO UPDATE SET {updates} RETURNING number",
            [row[name] for name in names],
        ).fetchone()[0]
        for table in ("details", "vectors"):
            names = _KEPT[table]
            self._db.execute(
                f"INSERT OR REPLACE INTO {table} (number, {', '.join(names)}) VALUES (?{', ?' * len(names)})",
                [number, *(row[name] for name in names)],
            )

    def _changed(self) -> None:
        self._db.execute("UPDATE facts SET value = value + 1 WHERE name = 'changes'")

    def _in(self, query: str, values: Sequence[object]) -> list[tuple]:
        return self._db.execute(f"{query} ({','.join('?' * len(values))})", list(values)).fetchall()

    def seen(self, paths: Sequence[str] | None = None) -> dict[str, Seen]:
        """See `Store.seen`."""
        with self._told():
            if paths is None:
                rows = self._db.execute("SELECT * FROM files ORDER BY path").fetchall()
            else:
                rows = [row for some in _groups(paths) for row in self._in("SELECT * FROM files WHERE path IN", some)]
        return {row[0]: Seen(*row) for row in rows}

    def numbers(self, hashes: Iterable[str]) -> dict[str, int]:
        """See `Store.numbers`."""
        query = "SELECT sha256, number FROM pieces WHERE sha256 IN"
        with self._told():
            return {row[0]: row[1] for some in _groups(list(hashes)) for row in self._in(query, some)}

    def forget(self, numbers: Sequence[int]) -> int:
        """See `Store.forget`."""
        count = 0
        with self._writing():
            for some in _groups(numbers):
                marks = ",".join("?" * len(some))
                self._db.execute(
                    f"DELETE FROM files WHERE sha256 IN (SELECT sha256 FROM pieces WHERE number IN ({marks}))", some
                )
                count += self._db.execute(f"DELETE FROM pieces WHERE number IN ({marks})", some).rowcount
            self._changed()
        return count

    def briefs(self, numbers: Sequence[int] | None = None) -> list[Brief]:
        """See `Store.briefs`."""
        query = (
            "SELECT number, title, composer, attributes, bars, seconds, "
            "(SELECT min(path) FROM files WHERE files.sha256 = pieces.sha256 AND problem = '') FROM pieces"
        )
        with self._told():
            if numbers is None:
                rows = self._db.execute(f"{query} ORDER BY number").fetchall()
            else:
                rows = [row for some in _groups(numbers) for row in self._in(f"{query} WHERE number IN", some)]
        found = {
            row[0]: Brief(row[0], row[1], row[2], json.loads(row[3]), row[4], row[5], row[6] or "") for row in rows
        }
        return list(found.values()) if numbers is None else [found[n] for n in numbers if n in found]

    def find(self, conditions: Sequence[Condition], count: int) -> list[int]:
        """See `Store.find`."""
        where, order = sql_of(conditions)
        query = f"SELECT number FROM pieces WHERE {where} ORDER BY {order} LIMIT {int(count)}"
        with self._told():
            return [number for (number,) in self._db.execute(query)]

    def entry(self, number: int) -> Entry | None:
        """See `Store.entry`."""
        names = [name for some in _KEPT.values() for name in some if name != "words"]
        query = f"SELECT {', '.join(names)} FROM pieces JOIN details USING (number) JOIN vectors USING (number)"
        with self._told():
            row = self._db.execute(f"{query} WHERE number = ?", (number,)).fetchone()
            if row is None:
                return None
            paths = self._db.execute("SELECT path FROM files WHERE sha256 = ? AND problem = '' ORDER BY path", row[:1])
            return Entry.from_row(dict(zip(names, row, strict=True)), number, tuple(path for (path,) in paths))

    def prints(self, numbers: Sequence[int]) -> dict[int, np.ndarray]:
        """See `Store.prints`."""
        query = "SELECT number, prints FROM vectors WHERE number IN"
        with self._told():
            rows = [row for some in _groups(numbers) for row in self._in(query, some)]
        return {number: np.frombuffer(blob, "<u4").astype(np.uint32) for number, blob in rows}

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """See `Store.vectors`."""
        with self._told():
            return _stacked(self._db.execute("SELECT number, vector FROM vectors ORDER BY number").fetchall(), WIDTH)

    def put_codes(self, model: str, numbers: Sequence[int], codes: np.ndarray) -> None:
        """See `Store.put_codes`."""
        rows = [
            (model, int(number), code.astype("<f2").tobytes(), int(number))
            for number, code in zip(numbers, codes, strict=True)
        ]
        with self._writing():  # a piece that another process has forgotten meanwhile gets no code
            self._db.executemany(
                "INSERT OR REPLACE INTO codes SELECT ?, ?, ? WHERE EXISTS (SELECT 1 FROM pieces WHERE number = ?)", rows
            )
            self._changed()

    def codes(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """See `Store.codes`."""
        query = "SELECT number, code FROM codes WHERE model = ? ORDER BY number"
        with self._told():
            return _stacked(self._db.execute(query, (model,)).fetchall(), 0)

    def put_basis(self, model: str, basis: bytes) -> None:
        """See `Store.put_basis`."""
        with self._writing():
            self._db.execute("INSERT OR IGNORE INTO bases VALUES (?, ?)", (model, basis))

    def basis(self, model: str) -> bytes | None:
        """See `Store.basis`."""
        with self._told():
            row = self._db.execute("SELECT basis FROM bases WHERE model = ?", (model,)).fetchone()
        return None if row is None else bytes(row[0])

    def models(self) -> dict[str, int]:
        """See `Store.models`."""
        with self._told():
            return dict(self._db.execute("SELECT model, count(*) FROM codes GROUP BY model ORDER BY 2 DESC, 1"))

    def changes(self) -> int:
        """See `Store.changes`."""
        with self._told():
            return self._db.execute("SELECT value FROM facts WHERE name = 'changes'").fetchone()[0]

    def __len__(self) -> int:
        with self._told():
            return self._db.execute("SELECT count(*) FROM pieces").fetchone()[0]

    def close(self) -> None:
        """See `Store.close`."""
        self._db.close()


def _groups(values: Sequence) -> Iterator[list]:
    for first in range(0, len(values), _MANY):
        yield list(values[first : first + _MANY])


def _stacked(rows: list[tuple[int, bytes]], width: int) -> tuple[np.ndarray, np.ndarray]:
    if not rows:
        return np.zeros(0, np.int64), np.zeros((0, width), np.float16)
    numbers = np.array([number for number, _ in rows], np.int64)
    table = np.frombuffer(b"".join(blob for _, blob in rows), "<f2").reshape(len(rows), -1)
    return numbers, table
