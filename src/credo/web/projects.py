"""Projects on disk: one SQLite file, in which a save is there as a whole or not at all, whatever dies."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import platformdirs

from credo.errors import FileError
from credo.library.database import write_ahead
from credo.web.faults import Fault

#: The most that is kept, and the largest document in bytes of JSON.
MOST_PROJECTS, MOST_DOCUMENT = 2000, 4_000_000
_FORMAT = 1
#: Seconds to wait for another server that uses the same file.
_PATIENCE = 10.0
_TABLE = """
CREATE TABLE IF NOT EXISTS projects (
    id TEXT PRIMARY KEY, title TEXT NOT NULL, revision INTEGER NOT NULL, saved REAL NOT NULL, document TEXT NOT NULL
) STRICT
"""
_FULL = ("SQLITE_FULL", "SQLITE_IOERR", "SQLITE_IOERR_WRITE", "SQLITE_READONLY", "SQLITE_CANTOPEN")


def usual_place() -> Path:
    """Where projects are if nothing else is said: in the user's own data folder."""
    return Path(platformdirs.user_data_dir("credo")) / "studio.sqlite"


class Projects:
    """The projects in a file.

    A save is in the file before it is answered (write-ahead log, synchronous), so a process that is killed, or a power
    cut, loses nothing that was answered. Several servers may share a file.

    Args:
        path: of the file, which is made with its folder if it is not there.

    Raises:
        FileError: it cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
            write_ahead(self._file, _PATIENCE)
            self._file.execute("PRAGMA synchronous = FULL")
            version = self._file.execute("PRAGMA user_version").fetchone()[0]
            if version > _FORMAT:
                raise FileError(path, f"expected projects of format {_FORMAT}, got {version}", hint="update Credo")
            self._file.execute(_TABLE)
            self._file.execute(f"PRAGMA user_version = {_FORMAT}")
        except sqlite3.Error as error:
            raise FileError(path, f"cannot keep projects: {error}", hint="--projects names another file") from error
        except OSError as error:
            if isinstance(error, FileError):
                raise
            raise FileError(path, f"cannot be made: {(error.strerror or str(error)).lower()}") from error

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._file.close()

    def rows(self) -> list[dict[str, Any]]:
        """All projects without their documents, what was saved last first."""
        with self._turn() as file:
            found = file.execute("SELECT id, title, revision, saved FROM projects ORDER BY saved DESC, id").fetchall()
        return [_row(*each) for each in found]

    def read(self, identity: str) -> tuple[dict[str, Any], str]:
        """A project without its document, and the document as JSON.

        Raises:
            Fault: 404, there is none.
        """
        with self._turn() as file:
            found = file.execute(
                "SELECT id, title, revision, saved, document FROM projects WHERE id = ?", (identity,)
            ).fetchone()
        if found is None:
            raise _unknown()
        return _row(*found[:4]), found[4]

    def make(self, title: str, document: dict[str, Any]) -> dict[str, Any]:
        """Keep a new project; gives it without its document.

        Raises:
            Fault: 413 or 422, the document cannot be kept; 507, there is no room.
        """
        text, identity = _text(document), secrets.token_urlsafe(9)
        with self._turn() as file:
            if file.execute("SELECT count(*) FROM projects").fetchone()[0] >= MOST_PROJECTS:
                raise Fault(507, "full", f"expected at most {MOST_PROJECTS} projects", "delete some")
            row = (identity, title, 1, round(time.time(), 3))
            file.execute("INSERT INTO projects VALUES (?, ?, ?, ?, ?)", (*row, text))
        return _row(*row)

    def save(self, identity: str, title: str, revision: int, document: dict[str, Any]) -> dict[str, Any]:
        """Save a project over the revision that was read last; gives it without its document.

        The same save once more, as after an answer that was lost, changes nothing and is no conflict.

        Raises:
            Fault: 404, there is none; 409, another saved later; 413, 422 and 507 as `make`.
        """
        text = _text(document)
        with self._turn() as file:
            found = file.execute(
                "SELECT id, title, revision, saved, document FROM projects WHERE id = ?", (identity,)
            ).fetchone()
            if found is None:
                raise _unknown()
            if found[1] == title and found[4] == text and found[2] in (revision, revision + 1):
                return _row(*found[:4])
            if found[2] != revision:
                raise Fault(
                    409,
                    "conflict",
                    f"expected a change of revision {found[2]}, got one of {revision}: another saved later",
                    "read the project again, or keep this as a new one",
                )
            row = (identity, title, revision + 1, round(time.time(), 3))
            file.execute(
                "UPDATE projects SET title = ?, revision = ?, saved = ?, document = ? WHERE id = ?",
                (*row[1:], text, identity),
            )
        return _row(*row)

    def delete(self, identity: str) -> None:
        """Remove a project.

        Raises:
            Fault: 404, there is none.
        """
        with self._turn() as file:
            if not file.execute("DELETE FROM projects WHERE id = ?", (identity,)).rowcount:
                raise _unknown()

    @contextmanager
    def _turn(self) -> Iterator[sqlite3.Connection]:
        """A transaction, which ends whole or not at all.

        Raises:
            Fault: 507, the disk is full or cannot be written; 503, another process holds the file.
        """
        with self._lock:
            try:
                self._file.execute("BEGIN IMMEDIATE")
                try:
                    yield self._file
                except BaseException:
                    if self._file.in_transaction:  # SQLite ends some by itself
                        self._file.execute("ROLLBACK")
                    raise
                self._file.execute("COMMIT")
            except sqlite3.OperationalError as error:
                if self._file.in_transaction:
                    self._file.execute("ROLLBACK")
                name = getattr(error, "sqlite_errorname", "")
                if name in _FULL:
                    raise Fault(507, "storage", f"cannot be kept: {error}", "make room on the disk") from error
                raise Fault(503, "storage", f"cannot be kept now: {error}", "try again", retry_after=2) from error


def _row(identity: str, title: str, revision: int, saved: float) -> dict[str, Any]:
    return {"id": identity, "title": title, "revision": revision, "saved": saved}


def _text(document: dict[str, Any]) -> str:
    try:
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
    except (ValueError, RecursionError) as error:
        raise Fault(422, "document", f"expected a document of plain JSON: {error}") from error
    if len(text) > MOST_DOCUMENT:
        raise Fault(413, "too-large", f"expected a document of at most {MOST_DOCUMENT / 1e6:g} MB of ASCII JSON")
    return text


def _unknown() -> Fault:
    return Fault(404, "project", "there is no such project", "it may have been deleted")
