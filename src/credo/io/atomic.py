"""Writing files whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from credo.errors import FileError


@contextmanager
def atomic_path(path: str | Path) -> Iterator[Path]:
    """A temporary file to write to, which takes the place of `path` when the block ends well.

    It lies in the same folder and has the same suffix, so that libraries that look at the suffix are content. If the
    block fails, it is removed and whatever was at `path` before stays as it was.

    Args:
        path: the file to be written. Its folder must exist.

    Yields:
        The path to write to, an empty file so far.

    Raises:
        FileError: the file cannot be written; an `OSError` inside the block (such as a full disk) is told this way too.
    """
    path = Path(path)
    if path.is_dir():
        raise FileError(path, "expected a file to write, found a folder")
    try:
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.stem[:40]}-", suffix=path.suffix)
        os.close(handle)
    except OSError as error:
        raise FileError(path, f"cannot be written: {_reason(error)}") from error
    temporary = Path(name)
    try:
        yield temporary
        temporary.chmod(_usual_mode(path))
        os.replace(temporary, path)
    except FileError:
        raise
    except OSError as error:
        raise FileError(path, f"cannot be written: {_reason(error)}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write a binary file whole or not at all.

    Raises:
        FileError: the file cannot be written.
    """
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def write_text(path: str | Path, text: str) -> None:
    """Write a UTF-8 text file, its line ends as they are, whole or not at all.

    Raises:
        FileError: the file cannot be written.
    """
    write_bytes(path, text.encode("utf-8"))


def _reason(error: OSError) -> str:
    """What the system says, in a few words and without its own path."""
    return (error.strerror or str(error)).lower()


def _usual_mode(path: Path) -> int:
    """Permissions of the file that is replaced, or those of any new file (temporary files are private)."""
    try:
        return path.stat().st_mode & 0o7777
    except FileNotFoundError:
        mask = os.umask(0)
        os.umask(mask)
        return 0o666 & ~mask
