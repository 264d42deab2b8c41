"""A part: what was read of one share of the files, in one SQLite file.

SQLite, for it is in every Python, a kill at any moment leaves its file whole, a record is found by its name without
reading the others, and names come sorted from disk, however many there are. A columnar file would have to be written
anew on each resumption, and its columns are of no use where a record is one blob.
"""

from __future__ import annotations

import base64
import json
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

from credo.corpora.shards.places import UNFETCHED, Sighting
from credo.errors import CorpusError, FileError

_TABLES = """
CREATE TABLE IF NOT EXISTS facts (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS files (name TEXT PRIMARY KEY, path BLOB, stamp TEXT) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS records (name TEXT PRIMARY KEY, stamp TEXT, reason TEXT, detail TEXT, shape TEXT,
    lowest INTEGER, entry BLOB, grids BLOB);
"""
_PAGE = 512
_WAITING = """
SELECT name, path, stamp FROM files WHERE name > ? AND NOT EXISTS
    (SELECT 1 FROM records WHERE records.name = files.name AND records.stamp = files.stamp AND reason IS NOT ?)
ORDER BY name LIMIT ?
"""
_PUT = "INSERT OR REPLACE INTO records VALUES (?, ?, ?, ?, ?, ?, ?, ?)"


class Record(NamedTuple):
    """What became of a file.

    Attributes:
        name: of the file.
        reason: why it is left out; None if it is a piece.
        detail: what exactly.
        shape: hash of its rhythms and intervals (see `reading.clean.Content`).
        lowest: its lowest pitch.
    """

    name: str
    reason: str | None
    detail: str | None
    shape: str | None
    lowest: int | None


class Part:
    """A part that is being written, by this process alone.

    Args:
        path: the file; made if it is not there.
        header: what the run is; a part of another run is not touched.

    Raises:
        CorpusError: the file is a part of another run, no part at all, or another process writes it.
        FileError: it cannot be written.
    """

    def __init__(self, path: Path, header: dict[str, Any]) -> None:
        self.path, self._lock = path, threading.Lock()
        try:
            self._base = sqlite3.connect(path, timeout=1, isolation_level=None, check_same_thread=False)
        except sqlite3.Error as error:
            raise told(path, error) from error
        try:
            self._base.executescript(
                "PRAGMA locking_mode=EXCLUSIVE; PRAGMA synchronous=NORMAL; PRAGMA cache_size=-8000; BEGIN EXCLUSIVE;"
                + _TABLES
            )
            self._expect(json.dumps(header, sort_keys=True))
            self._base.execute("COMMIT")
        except sqlite3.Error as error:
            self._base.close()
            raise told(path, error) from error
        except CorpusError:
            self._base.close()
            raise

    def _expect(self, header: str) -> None:
        there = self._base.execute("SELECT value FROM facts WHERE key = 'header'").fetchone()
        if there and there[0] != header:
            raise CorpusError(
                f"{self.path}: expected a part of this run, found one of other options or another Credo",
                hint="choose another --out, or remove it",
            )
        self._base.execute("INSERT OR IGNORE INTO facts VALUES ('header', ?)", (header,))

    def list(self, sightings: Iterable[Sighting]) -> None:
        """Take down which files there are, and forget records of files that are gone."""
        rows = ((s.name, s.path.encode("utf-8", "surrogateescape"), s.stamp) for s in sightings)
        self._base.execute("BEGIN")
        self._base.execute("DELETE FROM facts WHERE key = 'report'")
        self._base.execute("DELETE FROM files")
        self._base.executemany("INSERT OR REPLACE INTO files VALUES (?, ?, ?)", rows)
        self._base.execute("DELETE FROM records WHERE name NOT IN (SELECT name FROM files)")
        self._base.execute("COMMIT")

    def note(self, record: dict[str, Any]) -> None:
        """Keep the record of a file that cannot be looked at; for use while files are listed."""
        self._base.execute(_PUT, _row(record))

    def counts(self) -> tuple[int, int]:
        """How many files have been read, and how many there are."""
        total = self._base.execute("SELECT count(*) FROM files").fetchone()[0]
        query = _WAITING.replace("name, path, stamp", "count(*)", 1)
        return total - self._base.execute(query, ("", UNFETCHED, -1)).fetchone()[0], total

    def waiting(self) -> Iterator[dict[str, Any]]:
        """A job for each file that has not been read, or that changed since, by name. Threads may share it."""
        last = ""
        while True:
            with self._lock:
                rows = self._base.execute(_WAITING, (last, UNFETCHED, _PAGE)).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            for name, path, stamp in rows:
                yield {"name": name, "path": path.decode("utf-8", "surrogateescape"), "stamp": stamp}

    def add(self, records: list[dict[str, Any]]) -> None:
        """Keep records that `prepare` gave, all or none of them."""
        rows = [_row(record) for record in records]
        with self._lock:
            try:
                self._base.execute("BEGIN")
                self._base.executemany(_PUT, rows)
                self._base.execute("COMMIT")
            except sqlite3.Error as error:
                raise told(self.path, error) from error

    def reasons(self) -> dict[str, int]:
        """Number of files left out by reason, commonest first."""
        query = "SELECT reason, count(*) FROM records WHERE reason NOT NULL GROUP BY reason ORDER BY 2 DESC, 1"
        return dict(self._base.execute(query).fetchall())

    def finish(self, report: dict[str, Any]) -> None:
        """Say that all files have been read."""
        self._base.execute("INSERT OR REPLACE INTO facts VALUES ('report', ?)", (json.dumps(report, sort_keys=True),))

    def close(self) -> None:
        """Close the file."""
        self._base.close()


class FinishedPart:
    """A part to be read from.

    Args:
        path: the file.

    Raises:
        CorpusError: it is no part, or not yet finished.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self._base = sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=1)
            self._base.execute("PRAGMA cache_size=-500")
            facts = dict(self._base.execute("SELECT key, value FROM facts").fetchall())
        except sqlite3.Error as error:
            raise told(path, error) from error
        if "report" not in facts:
            raise CorpusError(f"{path}: expected a finished part, found one that is not", hint="run its shard again")
        self.header: dict[str, Any] = json.loads(facts["header"])
        self.report: dict[str, Any] = json.loads(facts["report"])

    def records(self) -> Iterator[Record]:
        """What became of each file, by name."""
        query = "SELECT name, reason, detail, shape, lowest FROM records ORDER BY name"
        with closing(self._base.cursor()) as cursor:
            yield from map(Record._make, cursor.execute(query))

    def piece(self, name: str) -> tuple[dict[str, Any], bytes]:
        """What `Piece.to_dict` gave for a file, with `lengths`; and its arrays end to end, compressed."""
        entry, grids = self._base.execute("SELECT entry, grids FROM records WHERE name = ?", (name,)).fetchone()
        return json.loads(entry), grids

    def close(self) -> None:
        """Close the file."""
        self._base.close()


def _row(record: dict[str, Any]) -> tuple:
    name, stamp = record["name"], record["stamp"]
    if "reason" in record:
        return name, stamp, record["reason"], record["detail"], None, None, None, None
    entry = json.dumps({**record["piece"], "lengths": record["lengths"]}).encode()
    content = record["content"]
    return name, stamp, None, None, content["shape"], content["lowest"], entry, base64.b64decode(record["arrays"])


def told(path: Path, error: sqlite3.Error) -> CorpusError | FileError:
    """What SQLite complains of, as an error that says what to do."""
    text = str(error)
    if "locked" in text:
        return CorpusError(f"{path}: another process is writing this part", hint="start each shard once")
    if "not a database" in text or "malformed" in text or "no such table" in text:
        return CorpusError(f"{path}: expected a part of a corpus: {text}", hint="remove it and run its shard again")
    return FileError(path, f"cannot be used: {text}")
