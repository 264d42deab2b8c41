"""Bach's four-part chorales, from the user's own installation of music21."""

from __future__ import annotations

import csv
from functools import cache
from importlib import resources
from pathlib import Path

from credo.corpora.corpus import Corpus
from credo.corpora.declaration import Declaration, music21_card, music21_files
from credo.corpora.ingest import Progress
from credo.music.texture import SATB, Texture


def bach(
    out: str | Path | None = None,
    *,
    texture: Texture = SATB,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Corpus:
    """The 364 chorales in four parts.

    Args:
        out: folder to write the corpus and its report to; nothing is written if None.
        texture: the voices and the step.
        workers: processes that read; by default one a core.
        progress: told after each file.

    Raises:
        MissingExtraError: music21 is not installed. It is never imported, only its files are read.
        CorpusError: this music21 carries no chorales.
    """
    return BACH.make(out, texture=texture, workers=workers, progress=progress)[0]


@cache
def splits() -> dict[str, str]:
    """For each chorale's file name its split: `train`, `valid`, `test` or `unused`."""
    text = resources.files("credo.corpora").joinpath("data/bach_splits.csv").read_text(encoding="utf-8")
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
    split_of,
    keep_duplicates=True,  # the split table already sees to it that none straddles
)
