"""Pieces by what a user calls them, and what is told of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from credo.errors import UsageError
from credo.io.books import is_there, stem_of
from credo.io.files import load_with_remarks
from credo.library.entry import Entry
from credo.library.passages import similar_passages
from credo.library.reading import entry_of, sha256_of
from credo.library.similar import Neighbour, similar
from credo.library.store import Store
from credo.music.pitch import pitch_name


def entry_named(store: Store, named: str) -> Entry:
    """A piece of a library, by its number or a file's path.

    Raises:
        UsageError: there is no such piece.
    """
    number: int | None = int(named) if named.isdecimal() and not Path(named).exists() else None
    if number is None:
        path = str(Path(named).absolute())
        record = store.seen([path]).get(path)
        number = None if record is None or record.problem else store.numbers([record.sha256]).get(record.sha256)
    entry = None if number is None else store.entry(number)
    if entry is None:
        raise UsageError(
            f"piece: expected a number or a file of the library, got {named}", hint="credo library list shows them"
        )
    return entry


def neighbours(
    store: Store, named: str, *, by: str = "whole", bar: int | None = None, count: int = 10
) -> tuple[list[Neighbour], list[str]]:
    """What is like a piece, which is one of the library or any file; see `similar` and `similar_passages`.

    Returns:
        The neighbours, and lines on what could not be read.

    Raises:
        UsageError: there is no such piece, or an argument makes no sense.
        FileError: the file cannot be read.
    """
    path = Path(named)
    if is_there(path) or not named.isdecimal():
        score, _ = load_with_remarks(path)
        known = store.numbers([sha256_of(path)])
        entry = store.entry(next(iter(known.values()))) if known else entry_of(score, name=stem_of(path))
    else:
        entry = entry_named(store, named)
        score = None
    if entry is None:
        raise UsageError(f"piece: expected a piece that is still in the library, got {named}")
    if bar is None:
        return similar(store, entry, by=by, count=count), []
    score = score or load_with_remarks(Path(entry.paths[0]))[0]
    return similar_passages(store, score, bar, by=by, count=count, own=entry.paths)


def told(entry: Entry) -> dict[str, Any]:
    """What is told of a piece, by name, in order."""
    return {
        "number": entry.number,
        "title": entry.title,
        "composer": entry.composer,
        "files": list(entry.paths),
        "bars": entry.facts.bars,
        "notes": entry.facts.notes,
        "parts": entry.facts.parts,
        "seconds": entry.facts.seconds,
        **{name: round(v, 3) if isinstance(v, float) else v for name, v in entry.attributes.to_dict().items()},
        "begins": " ".join(pitch_name(pitch, entry.attributes.key) for _, _, pitch in entry.incipit),
        "remarks": list(entry.remarks),
        "sha256": entry.sha256,
    }
