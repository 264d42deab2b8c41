"""Finding the files of a corpus."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from credo.errors import CorpusError, FileError
from credo.io import books


@dataclass(frozen=True)
class Found:
    """A file that may become a piece, or a tune of a book of tunes (see `credo.io.books`).

    Attributes:
        name: its path below the common folder of all files, with forward slashes; the piece's name.
        path: where it lies.
        stamp: its size in bytes and when it was changed in ns, to see whether it was read already.
    """

    name: str
    path: Path
    stamp: tuple[int, int]


@dataclass(frozen=True)
class Listing:
    """What a search found.

    Attributes:
        files: sorted by name.
        unreadable: names of folders and files that could not be looked at, and why.
        others: how many files of other kinds there were.
    """

    files: tuple[Found, ...]
    unreadable: tuple[tuple[str, str], ...] = ()
    others: int = 0


def find_files(paths: str | Path | Iterable[str | Path], suffixes: Iterable[str], skip: Path | None = None) -> Listing:
    """All files with one of the suffixes (in small or capital letters) in folders and their subfolders.

    Hidden files and folders are passed by; links are followed, each folder is visited once, so that loops of links
    end. A book of tunes is found as its tunes.

    Args:
        paths: a folder, a file, or several of them.
        suffixes: such as `.mid`.
        skip: a folder to leave out, such as the one that is written to.

    Raises:
        FileError: one of `paths` is not there.
        CorpusError: no paths are given.
    """
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    if not given:
        raise CorpusError("corpus: expected a folder or files, got none")
    for path in given:
        if not path.exists() and not books.is_there(path):
            raise FileError(path, "no such file or folder")
    base = _base(given)
    wanted = {suffix.lower() for suffix in suffixes}
    files: dict[str, Found] = {}
    unreadable: list[tuple[str, str]] = []
    others = 0
    visited: set[tuple[int, int]] = set()
    for path in _walk(given, skip, visited, base, unreadable):
        if path.suffix.lower() not in wanted:
            others += 1
            continue
        name = _name(path, base)
        try:
            files |= {found.name: found for found in _found(path, name)}
        except OSError as error:
            unreadable.append((name, (error.strerror or str(error)).lower()))
    return Listing(tuple(files[name] for name in sorted(files)), tuple(sorted(unreadable)), others)


def _found(path: Path, name: str) -> Iterator[Found]:
    """A file, or the tunes of a book.

    Raises:
        OSError: it cannot be looked at.
    """
    in_book = books.is_there(path) and not path.is_file()
    status = (path.parent if in_book else path).stat()
    stamp = status.st_size, status.st_mtime_ns
    tunes = [] if in_book else books.names_of(path)
    if not tunes:
        yield Found(name, path, stamp)
    for tune in tunes:
        yield Found(f"{name}/{tune}", path / tune, stamp)


def _base(given: Sequence[Path]) -> Path:
    """The folder that names are counted from."""
    if len(given) == 1 and given[0].is_dir():
        return given[0].absolute()
    return Path(os.path.commonpath([path.absolute() if path.is_dir() else path.absolute().parent for path in given]))


def _walk(
    given: Sequence[Path],
    skip: Path | None,
    visited: set[tuple[int, int]],
    base: Path,
    unreadable: list[tuple[str, str]],
) -> Iterable[Path]:
    skipped = skip.resolve() if skip else None

    def complain(error: OSError) -> None:
        unreadable.append((_name(Path(error.filename), base), (error.strerror or str(error)).lower()))

    for path in given:
        if not path.is_dir():
            yield path.absolute()
            continue
        for folder, subfolders, names in os.walk(path.absolute(), followlinks=True, onerror=complain):
            status = os.stat(folder)
            here = (status.st_dev, status.st_ino)
            if here in visited or (skipped is not None and Path(folder).resolve() == skipped):
                subfolders.clear()
                continue
            visited.add(here)
            subfolders[:] = sorted(name for name in subfolders if not name.startswith((".", "__MACOSX")))
            for name in sorted(names):
                if not name.startswith("."):
                    yield Path(folder, name)


def _name(path: Path, base: Path) -> str:
    """A path below the base as text that UTF-8 can hold."""
    absolute = path.absolute()
    relative = absolute.relative_to(base) if absolute.is_relative_to(base) else absolute
    return relative.as_posix().encode("utf-8", "backslashreplace").decode()
