"""Arrays in npz files: written whole, and read from files that may hold anything."""

from __future__ import annotations

import io
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from credo.errors import FormatError, UsageError
from credo.io.atomic import write_bytes
from credo.io.books import content


def write_arrays(path: str | Path, arrays: Mapping[str, Any]) -> Path:
    """Write arrays as a compressed npz file, without pickles.

    Raises:
        FileError: the file cannot be written.
    """
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)
    write_bytes(path, buffer.getvalue())
    return Path(path)


@contextmanager
def read_arrays(path: str | Path, what: str, hint: str | None = None) -> Iterator[np.lib.npyio.NpzFile]:
    """The arrays of an npz file, for a block that makes something of them.

    Args:
        path: the file.
        what: it is expected to hold, for the message.
        hint: what to do where it does not.

    Raises:
        FileError: the file cannot be read.
        FormatError: it is no npz file or is damaged, or the block does not find in it what it needs; of a `UsageError`
            in the block its message is told.
    """
    data = content(Path(path))
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            yield stored
    except (LookupError, TypeError, ValueError, EOFError, OSError, zipfile.BadZipFile, zlib.error) as error:
        reason = str(error) if isinstance(error, UsageError) else "the file is damaged or holds something else"
        raise FormatError(path, f"expected {what}: {reason}", hint=hint) from error
