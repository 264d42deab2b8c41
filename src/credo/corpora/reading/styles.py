"""Which style a piece is in: what its folder is called, or who composed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Literal

from credo.corpora.piece import Piece
from credo.corpora.reading.splits import SPLIT_FOLDERS
from credo.errors import UsageError
from credo.io.books import SUFFIX, is_inside

StyleFrom = Literal["auto", "composer", "folder", "none"]
STYLES_FROM: tuple[StyleFrom, ...] = ("auto", "composer", "folder", "none")


def composer_style(piece: Piece) -> str:
    """The composer that a file names, on one line and without dates; empty if it names none."""
    return _without_dates(piece.packed.composer)


def _without_dates(composer: str) -> str:
    return " ".join(re.sub(r"\s*\([^)]*\d{4}[^)]*\)", "", composer).split())[:80]


def folder_styles(names: Collection[str]) -> dict[str, str]:
    """For each file the outermost of its folders that tells files apart; folders that name a split do not count.

    Args:
        names: paths of all files below a common folder, with forward slashes.
    """
    depth = shared_depth(names)
    return {name: folder_style(name, depth) for name in names}


def shared_depth(names: Iterable[str]) -> int:
    """How many outer folders all files have in common; folders that name a split do not count."""
    common: list[str] | None = None
    for name in names:
        folders = _folders(name)
        if common is None:
            common = folders
        same = 0
        while same < min(len(common), len(folders)) and common[same] == folders[same]:
            same += 1
        common = common[:same]
    return len(common or ())


def folder_style(name: str, depth: int) -> str:
    """The folder of a file below `depth` outer ones, as the name of a style; empty if there is none."""
    folders = _folders(name)
    return folders[depth].replace("_", " ") if len(folders) > depth else ""


def _folders(name: str) -> list[str]:
    """The folders of a file; a book of tunes is one, by its name without the suffix."""
    folders = name.split("/")[:-1]
    if is_inside(name):
        folders[-1] = folders[-1][: -len(SUFFIX)]
    return [folder for folder in folders if folder.lower() not in SPLIT_FOLDERS]


def _outside(name: str) -> str:
    """The name of a file, or of the book that a tune is in."""
    return name.rpartition("/")[0] if is_inside(name) else name


def style_rule(source: str, names: Collection[str]) -> Callable[[Piece], str]:
    """Tells the style of a piece.

    Args:
        source: one of `STYLES_FROM`; `auto` takes folders where there are several, else composers.
        names: of all files.

    Raises:
        UsageError: there is no such source.
    """
    rule = style_by_name(source, lambda: names)
    return lambda piece: rule(piece.name, piece.packed.composer)


def style_by_name(source: str, names: Callable[[], Iterable[str]]) -> Callable[[str, str], str]:
    """Tells the style of a piece by its name and its composer, for more pieces than memory holds.

    Args:
        source: one of `STYLES_FROM`.
        names: gives the names of all pieces, anew each time.

    Raises:
        UsageError: there is no such source.
    """
    if source not in STYLES_FROM:
        raise UsageError(f"style-from: expected one of {', '.join(STYLES_FROM)}, got {source!r}")
    if source == "none":
        return lambda name, composer: ""
    if source != "composer":
        # a book among single files is no style of its own, unless that is asked for
        bookish = source == "folder" or all(is_inside(name) for name in names())
        outside = (lambda name: name) if bookish else _outside
        depth = shared_depth(map(outside, names()))
        if source == "folder" or _several(folder_style(outside(name), depth) for name in names()):
            return lambda name, composer: folder_style(outside(name), depth)
    return lambda name, composer: _without_dates(composer)


def _several(styles: Iterator[str]) -> bool:
    """Whether there are two different styles."""
    found = next((style for style in styles if style), "")
    return any(style and style != found for style in styles)
