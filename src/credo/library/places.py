"""Where libraries are."""

from __future__ import annotations

from pathlib import Path

import platformdirs

from credo.errors import FileError
from credo.library.sqlite import SqliteStore
from credo.library.store import Store

#: What a library of the kind for fleets is called by: a folder with this ending.
LANCE_SUFFIX = ".lance"


def user_library() -> Path:
    """The user's own library."""
    return Path(platformdirs.user_data_dir("credo")) / "library.sqlite"


def open_library(path: str | Path | None = None, *, new: bool = False) -> Store:
    """Open a library.

    Args:
        path: a SQLite file, or a folder that ends in `.lance` (the extra `fleet`); None for the user's own.
        new: whether to make it where it is missing.

    Raises:
        FileError: it is not there, or cannot be used.
        FormatError: it is no library, or a newer Credo wrote it.
        MissingExtraError: it is one of LanceDB, which is not installed.
    """
    place = user_library() if path is None else Path(path)
    if not new and not place.exists():
        raise FileError(place, "no such library", hint="credo library add FOLDER makes one")
    if place.suffix == LANCE_SUFFIX:
        from credo.library.lance import LanceStore

        return LanceStore(place)
    return SqliteStore(place)
