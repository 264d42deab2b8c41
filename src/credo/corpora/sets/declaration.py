"""What a declaration of a corpus says, and how a corpus is made of it."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from credo.corpora.corpus import Card, Corpus
from credo.corpora.ingest import Plan, Progress, ingest_with_report
from credo.corpora.reading.prepare import Rules
from credo.corpora.report import Report
from credo.errors import CorpusError, FileError, MissingExtraError, UsageError
from credo.music.texture import Texture

_MUSIC21_CITATION = "M. S. Cuthbert and C. Ariza, music21: A Toolkit for Computer-Aided Musicology, ISMIR 2010"
_MUSIC21_LICENCE = (
    "The compositions are in the public domain. The encodings belong to music21's contributors and are read from your "
    "own installation; some may not be used commercially. Credo ships none of these notes."
)


@dataclass(frozen=True)
class Labels:
    """What the name of a file tells.

    Attributes:
        split: the split of a piece by its name; None to split by content.
        style: the style of a piece by its name.
    """

    split: Callable[[str], str | None] | None = None
    style: Callable[[str], str] | None = None


@dataclass(frozen=True)
class Declaration:
    """A corpus that Credo knows how to make.

    Attributes:
        card: name, description, licence, citation and origin.
        texture: the voices and the step that suit it.
        find: gives its files, where an installed package carries them.
        url: where to get them, where none does.
        labels: splits and styles by the names of the files, told the folder they lie in.
        rules: what a file must be to become a piece.
        parts: for other textures, by name, the parts that are read.
        keep_duplicates: whether to keep music that occurs twice.
    """

    card: Card
    texture: Texture
    find: Callable[[], list[Path]] | None = None
    url: str = ""
    labels: Callable[[Path | None], Labels] = lambda folder: Labels()
    rules: Rules = field(default_factory=Rules)
    parts: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    keep_duplicates: bool = False

    def make(
        self,
        out: str | Path | None = None,
        *,
        files: str | Path | None = None,
        texture: Texture | None = None,
        parts: tuple[str, ...] = (),
        workers: int | None = None,
        progress: Progress | None = None,
    ) -> tuple[Corpus, Report]:
        """Read its files and write it to a folder (nothing is written if `out` is None).

        Args:
            out: the folder to write.
            files: the folder that the data set was unpacked to, for those that no package carries.
            texture: the voices and the step, where they are not to be the declared ones.
            parts: only parts whose names suit one of these are read; by default those that suit the texture.
            workers: processes that read; by default one a core.
            progress: told after each file.

        Raises:
            UsageError: `files` is missing, or is given for a corpus that a package carries.
            MissingExtraError: the package that carries the files is not installed.
            FileError: there is no such folder.
            CorpusError: the files are not there, or none is usable.
        """
        texture = texture or self.texture
        rules = replace(self.rules, parts=parts or self.parts.get(texture.name, ()))
        found = self._files(files)
        labels = self.labels(None if files is None else Path(files).expanduser())
        plan = Plan(texture, self.card, rules, labels.split, labels.style, keep_duplicates=self.keep_duplicates)
        return ingest_with_report(found, plan, out, workers=workers, progress=progress)

    def _files(self, folder: str | Path | None) -> list[Path]:
        if self.find:
            if folder is not None:
                raise UsageError(f"files: {self.card.name} is read from an installed package, got {folder}")
            return self.find()
        if folder is None:
            raise UsageError(
                f"files: expected --files with the folder of {self.card.name}, got none",
                hint=f"get it from {self.url} and unpack it",
            )
        path = Path(folder).expanduser()
        if not path.is_dir():
            raise FileError(path, "expected the folder that the data set was unpacked to", hint=f"get it: {self.url}")
        return [path]


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
