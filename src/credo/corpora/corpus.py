"""A corpus: pieces on one texture, each in a split, and where they come from.

On disk a corpus is a folder: `corpus.json` (what it is, and what each piece is), `grids.npz` (the notes; NumPy arrays,
no pickle) and `report.md` with `report.json` (what was kept, what was left out and why). One that was put together from
parts has its pieces in three files that are read a piece at a time; see `stored`.
"""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np

from credo.corpora.packed import arrays_of
from credo.corpora.piece import SPLITS, Piece, Source
from credo.corpora.stored import STORED_VERSION, StoredPieces
from credo.errors import CorpusError, CredoError, FileError, UsageError
from credo.io.atomic import atomic_path
from credo.music.texture import Texture

__all__ = ["SPLITS", "Card", "Corpus", "Piece", "Source"]

FORMAT_VERSION = 1
INDEX_NAME = "corpus.json"
GRIDS_NAME = "grids.npz"


@dataclass(frozen=True)
class Card:
    """What a user must know about a corpus before training on it or sharing what was trained.

    Attributes:
        name: what the corpus is called.
        description: one paragraph.
        licence: of the music and of its encoding.
        citation: whom to name.
        origin: where the files came from.
        options: how it was prepared, JSON-able.
    """

    name: str
    description: str = ""
    licence: str = "not stated"
    citation: str = ""
    origin: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Corpus:
    """Pieces on one texture.

    Attributes:
        texture: the voices and the step.
        pieces: sorted by name.
        card: what it is and where it comes from.
    """

    texture: Texture
    pieces: tuple[Piece, ...] | StoredPieces
    card: Card

    def __post_init__(self) -> None:
        if isinstance(self.pieces, StoredPieces):
            return  # each is checked when it is read
        for piece in self.pieces:
            if piece.packed.texture != self.texture or piece.split not in SPLITS:
                raise UsageError(
                    f"corpus: expected pieces on {self.texture.name!r} in one of {', '.join(SPLITS)}, "
                    f"got {piece.name} on {piece.packed.texture.name!r} in {piece.split!r}",
                )

    def __len__(self) -> int:
        return len(self.pieces)

    def in_split(self, split: str) -> Sequence[Piece]:
        """The pieces of a split; those on disk stay there until they are asked for.

        Raises:
            UsageError: there is no such split.
        """
        if split not in SPLITS:
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}")
        if isinstance(self.pieces, StoredPieces):
            return self.pieces.in_split(split)
        return [piece for piece in self.pieces if piece.split == split]

    def split_sizes(self) -> dict[str, int]:
        """Number of pieces of each split that has any."""
        if isinstance(self.pieces, StoredPieces):
            return self.pieces.split_sizes()
        counts = Counter(piece.split for piece in self.pieces)
        return {split: counts[split] for split in SPLITS if counts[split]}

    @cached_property
    def fingerprint(self) -> str:
        """A hash of all notes, splits and sources: what a model's card names its training data by."""
        if isinstance(self.pieces, StoredPieces):
            return self.pieces.fingerprint
        return hashlib.sha256(_index_bytes(self, _grids_bytes(self.pieces))).hexdigest()[:16]

    def save(self, folder: str | Path) -> Path:
        """Write the corpus to a folder. Its index is written last, so that a folder with an index is whole.

        Raises:
            FileError: the folder cannot be written.
        """
        folder = Path(folder)
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(folder, f"cannot be made: {error.strerror or error}") from error
        grids = _grids_bytes(self.pieces)
        for name, content in ((GRIDS_NAME, grids), (INDEX_NAME, _index_bytes(self, grids))):
            with atomic_path(folder / name) as path:
                Path(path).write_bytes(content)
        return folder

    @classmethod
    def load(cls, folder: str | Path) -> Corpus:
        """Read a prepared corpus.

        Raises:
            CorpusError: there is none, it is damaged, or a newer Credo wrote it.
        """
        folder = Path(folder)
        again = "prepare it again with 'credo corpus'"
        try:
            index = json.loads((folder / INDEX_NAME).read_bytes())
            version = index["format_version"]
            if not isinstance(version, int) or version > STORED_VERSION:
                raise CorpusError(
                    f"{folder}: expected a corpus of format {STORED_VERSION} or older, got {version!r}",
                    hint=f"a newer Credo wrote it; update Credo, or {again}",
                )
            if version == STORED_VERSION:
                texture = Texture.from_dict(index["texture"])
                return cls(texture, StoredPieces(folder, texture, index["files"]), Card(**index["card"]))
            grids = (folder / GRIDS_NAME).read_bytes()
            if hashlib.sha256(grids).hexdigest() != index["grids_sha256"]:
                raise CorpusError(f"{folder}: {GRIDS_NAME} is not the one that {INDEX_NAME} describes", hint=again)
            return _corpus_of(index, grids)
        except FileNotFoundError as error:
            missing = Path(error.filename or INDEX_NAME).name
            raise CorpusError(
                f"{folder}: expected a prepared corpus, found no {missing}",
                hint="name a folder that 'credo corpus' has written, or prepare one from files with it",
            ) from error
        except OSError as error:
            raise CorpusError(f"{folder}: cannot be read: {error.strerror or error}") from error
        except (KeyError, TypeError, ValueError, ZeroDivisionError, zipfile.BadZipFile) as error:
            if isinstance(error, CredoError) and not isinstance(error, UsageError):
                raise
            raise CorpusError(f"{folder}: the corpus is damaged: {error!r}", hint=again) from error


def _index_bytes(corpus: Corpus, grids: bytes) -> bytes:
    index = {
        "format_version": FORMAT_VERSION,
        "card": asdict(corpus.card),
        "texture": corpus.texture.to_dict(),
        "grids_sha256": hashlib.sha256(grids).hexdigest(),
        "pieces": [piece.to_dict() for piece in corpus.pieces],
    }
    return (json.dumps(index, ensure_ascii=False, indent=1) + "\n").encode()


def _grids_bytes(pieces: Sequence[Piece]) -> bytes:
    """All pieces' arrays end to end, one array a voice and kind, and their lengths; shape (pieces, arrays)."""
    voices = pieces[0].packed.texture.voices if pieces else ()
    names = [f"{name}_{number}" for number, voice in enumerate(voices) for name in arrays_of(voice)]
    arrays = {name: np.concatenate([p.packed.arrays[i] for p in pieces]) for i, name in enumerate(names)}
    lengths = np.array([[len(array) for array in piece.packed.arrays] for piece in pieces], np.int64)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, lengths=lengths.reshape(len(pieces), len(names)), **arrays)
    return buffer.getvalue()


def _corpus_of(index: dict[str, Any], grids: bytes) -> Corpus:
    texture = Texture.from_dict(index["texture"])
    with np.load(io.BytesIO(grids), allow_pickle=False) as stored:
        arrays = [stored[name] for name in stored.files if name != "lengths"]
        stops = np.cumsum(stored["lengths"], axis=0)
    if len(stops) != len(index["pieces"]) or any(len(a) != n for a, n in zip(arrays, stops[-1:].ravel(), strict=False)):
        raise ValueError("grids and index differ in length")
    pieces = []
    for number, entry in enumerate(index["pieces"]):
        starts = stops[number - 1] if number else np.zeros_like(stops[0])
        own = tuple(array[a:b] for array, a, b in zip(arrays, starts, stops[number], strict=True))
        pieces.append(Piece.from_dict(entry, texture, own))
    return Corpus(texture, tuple(pieces), Card(**index["card"]))
