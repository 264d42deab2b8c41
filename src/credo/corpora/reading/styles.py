"""Which style a piece is in: what its folder is called, or who composed it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import Literal

from credo.corpora.piece import Piece
from credo.corpora.reading.splits import SPLIT_FOLDERS
from credo.errors import UsageError

StyleFrom = Literal["auto", "composer", "folder", "none"]
STYLES_FROM: tuple[StyleFrom, ...] = ("auto", "composer", "folder", "none")


def composer_style(piece: Piece) -> str:
    """The composer that a file names, on one line and without dates; empty if it names none."""
    name = re.sub(r"\s*\([^)]*\d{4}[^)]*\)", "", piece.packed.composer)
    return " ".join(name.split())[:80]


def folder_styles(names: Collection[str]) -> dict[str, str]:
    """For each file the outermost of its folders that tells files apart; folders that name a split do not count.

    Args:
        names: paths of all files below a common folder, with forward slashes.
    """
    folders = {
        name: [folder for folder in name.split("/")[:-1] if folder.lower() not in SPLIT_FOLDERS] for name in names
    }
    depth = 0
    while folders and len({tuple(path[: depth + 1]) for path in folders.values()}) == 1:
        if any(len(path) <= depth for path in folders.values()):
            break
        depth += 1
    return {name: path[depth].replace("_", " ") if len(path) > depth else "" for name, path in folders.items()}


def style_rule(source: str, names: Collection[str]) -> Callable[[Piece], str]:
    """Tells the style of a piece.

    Args:
        source: one of `STYLES_FROM`; `auto` takes folders where there are several, else composers.
        names: of all files.

    Raises:
        UsageError: there is no such source.
    """
    if source not in STYLES_FROM:
        raise UsageError(f"style-from: expected one of {', '.join(STYLES_FROM)}, got {source!r}")
    if source == "none":
        return lambda piece: ""
    if source != "composer":
        styles = folder_styles(names)
        if source == "folder" or len(set(styles.values()) - {""}) > 1:
            return lambda piece: styles.get(piece.name, "")
    return composer_style
