"""Bach's four-part chorales, from the user's own installation of music21."""

from __future__ import annotations

import csv
import importlib.util
from functools import cache
from importlib import resources
from pathlib import Path

from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, Progress, ingest_with_report
from credo.corpora.report import Report
from credo.errors import CorpusError, MissingExtraError
from credo.music.texture import SATB, Texture

CARD = Card(
    name="bach",
    description=(
        "Four-part chorales of Johann Sebastian Bach. The splits are those of the JSB chorales benchmark, so that what "
        "is trained here can be compared there; chorales that match several of its splits, or one only weakly, belong "
        "to no split."
    ),
    licence=(
        "The compositions are in the public domain. The encodings belong to music21's contributors and are read from "
        "your own installation; some may not be used commercially. Credo ships none of these notes."
    ),
    citation="M. S. Cuthbert and C. Ariza, music21: A Toolkit for Computer-Aided Musicology, ISMIR 2010",
    origin="corpus/bach of the music21 package",
)


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
        CorpusError: this music21 carries other files.
    """
    return bach_with_report(out, texture=texture, workers=workers, progress=progress)[0]


def bach_with_report(
    out: str | Path | None = None,
    *,
    texture: Texture = SATB,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Corpus, Report]:
    """As `bach`, and say what became of each file."""
    plan = Plan(texture, CARD, split=split_of, keep_duplicates=True)
    return ingest_with_report(chorale_files(), plan, out, workers=workers, progress=progress)


def chorale_files() -> list[Path]:
    """The files of the chorales.

    Raises:
        MissingExtraError: music21 is not installed.
        CorpusError: this music21 carries other files.
    """
    found = importlib.util.find_spec("music21")
    if found is None or not found.origin:
        raise MissingExtraError("the Bach corpus", "bach")
    folder = Path(found.origin).parent / "corpus" / "bach"
    files = [folder / name for name in splits()]
    present = [path for path in files if path.is_file()]
    if not present:
        raise CorpusError(
            f"{folder}: expected {len(files)} chorales, found none",
            hint="this installation of music21 carries no corpus; install one that does: pip install music21",
        )
    return present


@cache
def splits() -> dict[str, str]:
    """For each chorale's file name its split: `train`, `valid`, `test` or `unused`."""
    text = resources.files("credo.corpora").joinpath("data/bach_splits.csv").read_text(encoding="utf-8")
    rows = csv.reader(line for line in text.splitlines() if not line.startswith("#"))
    return {name: split for name, split in rows if name != "file"}


def split_of(name: str) -> str:
    """The split of a chorale by its file name."""
    return splits().get(name, "unused")
