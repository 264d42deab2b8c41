"""Bach's four-part chorales in one call."""

from __future__ import annotations

from pathlib import Path

from credo.corpora.corpus import Corpus
from credo.corpora.ingest import Progress
from credo.corpora.sets.chorales import BACH
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
