"""Which pieces a model learns from, and which it never sees."""

from __future__ import annotations

from collections.abc import Mapping

from credo.io.books import SUFFIX

#: Folder names that say which split their files belong to.
SPLIT_FOLDERS = {
    "train": "train",
    "training": "train",
    "valid": "valid",
    "validation": "valid",
    "val": "valid",
    "dev": "valid",
    "test": "test",
}

#: Shares of valid and of test pieces where nothing else says which split a piece belongs to.
VALID_SHARE, TEST_SHARE = 0.05, 0.05


def folder_split(name: str) -> str | None:
    """The split that a file's folders name, such as `valid` for `jazz/valid/x.mid`; a book of tunes is a folder."""
    for folder in name.lower().split("/")[:-1]:
        split = SPLIT_FOLDERS.get(folder.removesuffix(SUFFIX))
        if split:
            return split
    return None


def drawn_split(shape: str) -> str:
    """The split that a piece falls on by the hash of its content, hexadecimal, whatever others there are."""
    at = _place(shape)
    return "test" if at >= 1 - TEST_SHARE else "valid" if at >= 1 - TEST_SHARE - VALID_SHARE else "train"


def content_splits(shapes: Mapping[str, str]) -> dict[str, str]:
    """A split for each piece, drawn by its content: 90 % train, 5 % valid, 5 % test.

    The draw of a piece does not depend on the others, so a corpus can grow and its test pieces stay; only where no
    piece fell on test (or valid), as happens in small corpora, the nearest one is taken.

    Args:
        shapes: for each name the hash of the content, hexadecimal.
    """
    ranked = sorted(shapes, key=lambda name: (_place(shapes[name]), name))
    splits = {name: drawn_split(shape) for name, shape in shapes.items()}
    if len(ranked) >= 3:
        if "test" not in splits.values():
            splits[ranked[-1]] = "test"
        if "valid" not in splits.values():
            splits[[name for name in ranked if splits[name] != "test"][-1]] = "valid"
    return splits


def _place(shape: str) -> float:
    """Where a content falls between 0 and 1."""
    return int(shape[:15], 16) / 16**15
