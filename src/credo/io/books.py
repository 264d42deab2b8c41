"""Books of tunes: an ABC file that holds several tunes, seen as a folder of files with one tune each.

The tunes of `jigs.abc` are called `jigs.abc/01.abc`, `jigs.abc/02.abc` and so on: in the order of the book, whatever
numbers it gives them, with as many digits as the last one needs. Where a file of music is asked for, such a path does.
"""

from __future__ import annotations

import re
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

from credo.errors import FileError

SUFFIX = ".abc"
#: A file that is larger, in bytes, is not looked into.
LARGEST_BOOK = 50_000_000
_TUNE_START, _TITLE = re.compile(r"^X:", re.MULTILINE), re.compile(r"^T:(.*)$", re.MULTILINE)


def split_tunes(text: str) -> list[str]:
    """The tunes of a book, each with the fields that stand before the first one.

    Args:
        text: the text of an ABC file.
    """
    text = "\n".join(text.splitlines()) + "\n"
    starts = [match.start() for match in _TUNE_START.finditer(text)]
    head = text[: starts[0]] if starts else ""
    common = "".join(line + "\n" for line in head.splitlines() if line[1:2] == ":")
    tunes = []
    for start, end in pairwise([*starts, len(text)]):
        number, _, rest = text[start:end].partition("\n")
        tunes.append(f"{number}\n{common}{rest.rstrip()}\n")
    return tunes


def text_of(data: bytes) -> str:
    """The text of an ABC file, which is in UTF-8 or Latin-1."""
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def names_in(data: bytes) -> list[str]:
    """What the tunes of a book are called below it; nothing for a file of one tune or none."""
    count = len(split_tunes(text_of(data)))
    return [f"{number:0{len(str(count))}d}{SUFFIX}" for number in range(1, count + 1)] if count > 1 else []


def names_of(path: Path) -> list[str]:
    """As `names_in`, of any path; nothing for what is no ABC file, is too large, or cannot be read."""
    try:
        if path.suffix.lower() == SUFFIX and path.stat().st_size <= LARGEST_BOOK:
            return names_in(path.read_bytes())
    except OSError:
        pass  # whoever reads it as a file says why
    return []


def title_of(tune: bytes) -> str:
    """The first title of a tune, on one line; empty if it has none."""
    match = _TITLE.search(text_of(tune))
    return " ".join(match[1].split()) if match else ""


def is_inside(name: str) -> bool:
    """Whether a name, with forward slashes, is that of a tune in a book, if there is such a book."""
    book, _, tune = name.rpartition("/")
    return book.lower().endswith(SUFFIX) and tune.lower().endswith(SUFFIX) and tune[: -len(SUFFIX)].isdecimal()


def is_there(path: Path) -> bool:
    """Whether a path is that of a file, or of a tune in a book."""
    return path.is_file() or _place(path) is not None


def stem_of(path: Path) -> str:
    """What a file is called without its suffix; a tune in a book by the book's name and its own, as `jigs-07`."""
    return f"{path.parent.stem}-{path.stem}" if _place(path) else path.stem


def tune_in(data: bytes, name: str) -> bytes:
    """One tune of a book, as an ABC file.

    Args:
        data: the book.
        name: what the tune is called below it.

    Raises:
        IndexError: there is no such tune.
    """
    return _tune(split_tunes(text_of(data)), int(Path(name).stem))


def content(path: Path, most: int = -1) -> bytes:
    """The bytes of a file, or of a tune in a book as if it had a file of its own.

    Args:
        path: the file or the tune.
        most: of a file, only so many bytes; all if negative.

    Raises:
        FileError: it is not there, or cannot be read.
    """
    place = _place(path)
    try:
        if place is None:
            with path.open("rb") as file:
                return file.read(most)
        book, number = place
        status = book.stat()
        tunes = _tunes(str(book), status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    try:
        return _tune(tunes, number)
    except IndexError:
        raise FileError(path, f"no such tune: {book.name} has {len(tunes)}") from None


def _place(path: Path) -> tuple[Path, int] | None:
    """The book and the number of a tune that a path names; None if it names no tune of a book that is there."""
    if is_inside(path.as_posix()) and path.parent.is_file():
        return path.parent, int(path.stem)
    return None


def _tune(tunes: list[str], number: int) -> bytes:
    if not 1 <= number <= len(tunes):
        raise IndexError(number)
    return tunes[number - 1].encode()


@lru_cache(maxsize=1)
def _tunes(book: str, size: int, changed: int) -> list[str]:
    """The tunes of a file; those of the last one are kept, for they are asked for one after the other.

    Raises:
        OSError: it is too large, or cannot be read.
    """
    del changed
    if size > LARGEST_BOOK:
        raise OSError(f"expected a book of at most {LARGEST_BOOK / 1e6:g} MB")
    return split_tunes(text_of(Path(book).read_bytes()))
