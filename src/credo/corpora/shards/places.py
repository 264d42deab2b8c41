"""Where files lie: a folder, or object storage by a URL. Files are told one by one, never as a list of all."""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any, Protocol

from credo.corpora.reading.pool import UnfetchedError
from credo.errors import FileError, MissingExtraError, UsageError
from credo.io import books

#: A file that could not be fetched is tried so often, and then again when the shard is next run.
TRIES = 3
UNFETCHED = "could not be fetched"


@dataclass(frozen=True)
class Sighting:
    """A file that was seen.

    Attributes:
        name: its path below the source, with forward slashes, as text that UTF-8 can hold.
        path: where it lies.
        stamp: changes when the file does.
        trouble: why it, or the folder, cannot be looked at; empty if it can.
    """

    name: str
    path: str
    stamp: str = ""
    trouble: str = ""


class Place(Protocol):
    """Where the files of a corpus lie."""

    name: str

    def files(self, wanted: Callable[[str], bool]) -> Iterator[Sighting]:
        """All visible files whose names are wanted, in any order; folders that cannot be read are told too.

        A book of tunes (see `credo.io.books`) is told as its tunes.
        """
        ...

    def at_hand(self, job: dict[str, Any]) -> AbstractContextManager[dict[str, Any]]:
        """The job with a `path` on this computer, for as long as the block lasts.

        Raises:
            UnfetchedError: the file cannot be brought here.
        """
        ...


def place_of(source: str, skip: Path | None = None) -> Place:
    """The place that a path or URL names.

    Args:
        source: a folder, or a URL that fsspec knows, such as `s3://bucket/folder`.
        skip: a folder to leave out, such as the one that is written to.

    Raises:
        FileError: it is not there, or no folder.
        MissingExtraError: it is a URL, and fsspec is not installed.
        UsageError: fsspec does not know such URLs, or lacks what it needs for them.
    """
    return Storage(source) if "://" in source else Folder(Path(source).expanduser(), skip)


class Folder:
    """A folder on this computer and all below it. Links are followed, each folder is visited once."""

    def __init__(self, root: Path, skip: Path | None = None) -> None:
        if not root.exists():
            raise FileError(root, "no such folder")
        if not root.is_dir():
            raise FileError(root, "expected a folder, found a file")
        self.root, self.skip = root.absolute(), skip
        self.name = root.resolve().name

    def files(self, wanted: Callable[[str], bool]) -> Iterator[Sighting]:
        """See `Place`."""
        base, visited = len(str(self.root).rstrip(os.sep)) + 1, set()
        skipped = self.skip.stat() if self.skip and self.skip.is_dir() else None
        visited.update({(skipped.st_dev, skipped.st_ino)} if skipped else ())
        waiting = [str(self.root)]
        while waiting:
            folder = waiting.pop()
            try:
                status = os.stat(folder)
                if (status.st_dev, status.st_ino) in visited:
                    continue
                visited.add((status.st_dev, status.st_ino))
                with os.scandir(folder) as entries:
                    for entry in entries:
                        if entry.name.startswith("."):
                            continue
                        if entry.is_dir():
                            waiting += [] if entry.name.startswith("__MACOSX") else [entry.path]
                        else:
                            name = _text(entry.path[base:])
                            tunes = books.names_of(Path(entry.path)) if name.lower().endswith(books.SUFFIX) else []
                            yield from _wanted(name, tunes, wanted, partial(_seen, entry, name))
            except OSError as error:
                name = _text(folder[base:])
                yield Sighting(name or ".", folder, trouble=(error.strerror or str(error)).lower())

    def at_hand(self, job: dict[str, Any]) -> AbstractContextManager[dict[str, Any]]:
        """See `Place`; the file is here already."""
        return nullcontext(job)


class Storage:
    """What fsspec reaches by a URL. A file is fetched when it is its turn, and removed when it has been read."""

    def __init__(self, url: str) -> None:
        try:
            import fsspec
        except ImportError as error:
            raise MissingExtraError(f"Reading {url.partition('://')[0]}:// addresses", "storage") from error
        try:
            self.files_there, root = fsspec.core.url_to_fs(url, use_listings_cache=False)
        except (ImportError, ValueError) as error:
            raise UsageError(f"{url}: {error}") from error
        self.root, self.url = root.rstrip("/"), url
        self.name = PurePosixPath(self.root).name or url
        if not self._try(lambda: self.files_there.isdir(self.root)):
            raise FileError(url, "no such folder")

    def _try(self, act: Callable[[], Any]) -> Any:
        try:
            return act()
        except Exception as error:  # each storage has exceptions of its own
            raise FileError(self.url, f"cannot be reached: {type(error).__name__}: {error}") from error

    def files(self, wanted: Callable[[str], bool]) -> Iterator[Sighting]:
        """See `Place`. A folder's own names come at once, as storages give them; not those of all folders."""
        waiting = [self.root]
        while waiting:
            folder = waiting.pop()
            for entry in self._try(lambda folder=folder: self.files_there.ls(folder, detail=True)):
                path = entry["name"].rstrip("/")
                own = path.rpartition("/")[2]
                if own.startswith(".") or path == folder:
                    continue
                if entry["type"] == "directory":
                    waiting += [] if own.startswith("__MACOSX") else [path]
                else:
                    name = _text(path[len(self.root) :].lstrip("/"))
                    look = partial(Sighting, name, path, _stamp(entry))
                    yield from _wanted(name, self._tunes(entry, path), wanted, look)

    def _tunes(self, entry: dict[str, Any], path: str) -> list[str]:
        """The tunes of a book, which has to be fetched for it; nothing for other files."""
        if not path.lower().endswith(books.SUFFIX) or (entry.get("size") or 0) > books.LARGEST_BOOK:
            return []
        return books.names_in(self._try(lambda: self.files_there.cat_file(path)))

    @contextmanager
    def at_hand(self, job: dict[str, Any]) -> Iterator[dict[str, Any]]:
        """See `Place`."""
        handle, here = tempfile.mkstemp(prefix="credo-", suffix=PurePosixPath(job["name"]).suffix)
        os.close(handle)
        try:
            for attempt in range(TRIES):
                try:
                    self._fetch(job["path"], Path(here))
                    break
                except Exception as error:  # each storage has exceptions of its own
                    if attempt == TRIES - 1 or isinstance(error, FileNotFoundError | PermissionError):
                        raise UnfetchedError(f"{type(error).__name__}: {error}") from error
                    time.sleep(0.5 * 2**attempt)
            yield {**job, "path": here}
        finally:
            with contextlib.suppress(OSError):
                os.unlink(here)

    def _fetch(self, path: str, here: Path) -> None:
        """Bring a file to this computer, or a tune out of its book."""
        book, _, tune = path.rpartition("/")
        if books.is_inside(path) and self.files_there.isfile(book):
            here.write_bytes(books.tune_in(self.files_there.cat_file(book), tune))
        else:
            self.files_there.get_file(path, str(here))


def _seen(entry: os.DirEntry, name: str) -> Sighting:
    try:
        status = entry.stat()
    except OSError as error:
        return Sighting(name, entry.path, trouble=(error.strerror or str(error)).lower())
    return Sighting(name, entry.path, f"{status.st_size} {status.st_mtime_ns}")


def _wanted(
    name: str, tunes: Sequence[str], wanted: Callable[[str], bool], look: Callable[[], Sighting]
) -> Iterator[Sighting]:
    """A file, or the tunes of a book, if they are wanted; a file that is not is not looked at."""
    if not tunes and wanted(name):
        yield look()
    for tune in tunes:
        if wanted(f"{name}/{tune}"):
            book = look()
            yield replace(book, name=f"{name}/{tune}", path=f"{book.path}/{tune}")


def _stamp(entry: dict[str, Any]) -> str:
    """Size and whatever else the storage says that changes with the content."""
    keys = ("ETag", "etag", "md5Hash", "generation", "content_md5", "mtime", "LastModified", "last_modified", "created")
    told = next((entry[key] for key in keys if entry.get(key)), "")
    return f"{entry.get('size')} {told}"


def _text(path: str) -> str:
    return path.replace(os.sep, "/").encode("utf-8", "backslashreplace").decode()
