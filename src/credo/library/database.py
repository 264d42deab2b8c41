"""What the SQLite files of this floor have in common: transactions, and errors in Credo's words."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credo.errors import FileError, FormatError


@contextmanager
def told(path: Path, what: str) -> Iterator[None]:
    """Tell what goes wrong with a database in Credo's way.

    Args:
        path: its file.
        what: what it should be, such as "a library".

    Raises:
        FormatError: it is damaged, or no database.
        FileError: it cannot be used; another process may be writing.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        if "not a database" in str(error) or "malformed" in str(error):
            raise FormatError(path, f"expected {what}: {error}") from error
        hint = "another process is writing; try again" if "locked" in str(error) else None
        raise FileError(path, f"cannot be used: {error}", hint=hint) from error


@contextmanager
def transaction(database: sqlite3.Connection) -> Iterator[None]:
    """A transaction, from its first moment that of this process alone; all of it or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
        database.execute("COMMIT")
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise


def write_ahead(database: sqlite3.Connection, patience: float) -> None:
    """Keep what is written in a log beside the file, so that readers and a writer do not wait for each other.

    Where several processes open a new file at the same moment, SQLite answers all but one of them "locked" at once,
    however long their connections would wait for anything else; here they wait.

    Args:
        database: a connection outside of a transaction.
        patience: seconds to wait for other processes.

    Raises:
        sqlite3.OperationalError: another process held the file all that time, or it cannot be written.
    """
    until = time.monotonic() + patience
    while True:
        try:
            database.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if "locked" not in str(error) or time.monotonic() > until:
                raise
        time.sleep(0.01)
