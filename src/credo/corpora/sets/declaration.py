"""What a declaration of a corpus says, and how a corpus is made of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, Progress, ingest_with_report
from credo.corpora.report import Report
from credo.errors import CorpusError, MissingExtraError
from credo.music.texture import Texture

_MUSIC21_CITATION = "M. S. Cuthbert and C. Ariza, music21: A Toolkit for Computer-Aided Musicology, ISMIR 2010"
_MUSIC21_LICENCE = (
    "The compositions are in the public domain. The encodings belong to music21's contributors and are read from your "
    "own installation; some may not be used commercially. Credo ships none of these notes."
)


@dataclass(frozen=True)
class Declaration:
    """A corpus that Credo knows how to make.

    Attributes:
        card: name, description, licence, citation and origin.
        texture: the voices and the step that suit it.
        find: gives its files.
        split: the split of a piece by its name; None to split by content.
        keep_duplicates: whether to keep music that occurs twice.
    """

    card: Card
    texture: Texture
    find: Callable[[], list[Path]]
    split: Callable[[str], str | None] | None = None
    keep_duplicates: bool = False

    def make(
        self,
        out: str | Path | None = None,
        *,
        texture: Texture | None = None,
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Corpus, Report]:
        """Read its files and write it to a folder (nothing is written if `out` is None).

        Raises:
            MissingExtraError: the package that carries the files is not installed.
            CorpusError: the files are not there, or none is usable.
        """
        plan = Plan(texture or self.texture, self.card, split=self.split, keep_duplicates=self.keep_duplicates)
        return ingest_with_report(self.find(), plan, out, workers=workers, progress=progress)


def music21_card(name: str, description: str, folders: str) -> Card:
    """The card of a corpus that is read from the user's music21."""
    origin = f"{folders} of the music21 package"
    return Card(name, description, _MUSIC21_LICENCE, _MUSIC21_CITATION, origin)


def music21_files(*patterns: str) -> Callable[[], list[Path]]:
    """Finds files below the corpus folder of the user's music21, which is never imported.

    Args:
        patterns: such as `"bach/*.mxl"`.
    """

    def find() -> list[Path]:
        spec = importlib.util.find_spec("music21")
        if spec is None or not spec.origin:
            raise MissingExtraError("a corpus of music21", "bach")
        folder = Path(spec.origin).parent / "corpus"
        files = [path for pattern in patterns for path in sorted(folder.glob(pattern))]
        if not files:
            raise CorpusError(
                f"{folder}: expected files {' '.join(patterns)}, found none",
                hint="this installation of music21 carries no corpus; install one that does: pip install music21",
            )
        return files

    return find
