"""Bach's four-part chorales, from the user's own installation of music21."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from pathlib import Path

from credo.corpora.sets.declaration import Declaration, Labels, music21_card, music21_files
from credo.music.texture import SATB


@cache
def splits() -> dict[str, str]:
    """For each chorale's file name its split: `train`, `valid`, `test` or `unused`."""
    text = resources.files("credo.corpora.sets").joinpath("data/bach_splits.csv").read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    return {name: split for name, split in rows if name != "file"}


def split_of(name: str) -> str:
    """The split of a chorale by its file name."""
    return splits()[name]


def chorale_files() -> list[Path]:
    """The files of the chorales in four parts; music21 carries other works of Bach beside them.

    Raises:
        MissingExtraError: music21 is not installed.
        CorpusError: this music21 carries no chorales.
    """
    return [path for path in music21_files("bach/*.mxl")() if path.name in splits()]


BACH = Declaration(
    music21_card(
        "bach",
        "Four-part chorales of Johann Sebastian Bach. The splits are those of the JSB chorales benchmark, so that what "
        "is trained here can be compared there; chorales that match several of its splits, or one only weakly, are "
        "kept and belong to no split.",
        "corpus/bach",
    ),
    SATB,
    chorale_files,
    labels=lambda folder: Labels(split_of),
    keep_duplicates=True,  # the split table already sees to it that none straddles
)
