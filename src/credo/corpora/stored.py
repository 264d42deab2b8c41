"""Pieces of a corpus that stay on disk and are read one at a time.

A folder of such a corpus holds `pieces.jsonl`, a line for each piece; `grids.bin`, each piece's arrays end to end and
compressed; and `index.bin`, three little-endian 64-bit integers for each piece: where its line ends, where its grid
ends, and the number of its split in `SPLITS`. Only the index is held, 24 bytes a piece, and that is mapped.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np

from credo.corpora.piece import SPLITS, Piece
from credo.errors import CorpusError
from credo.music.texture import Texture

STORED_VERSION = 2
PIECES_NAME, GRIDS_NAME, PLACES_NAME = "pieces.jsonl", "grids.bin", "index.bin"
NAMES = (PIECES_NAME, GRIDS_NAME, PLACES_NAME)
_AGAIN = "put it together again with 'credo corpus --merge'"


class StoredPieces(Sequence[Piece]):
    """The pieces of a folder, or some of them, each read when it is asked for.

    Args:
        folder: where the three files lie.
        texture: of all pieces.
        header: what `corpus.json` says of the files: `sizes` in bytes and `sha256`, by name.

    Raises:
        CorpusError: a file does not have the size that the header promises.
        OSError: a file cannot be read.
    """

    def __init__(self, folder: Path, texture: Texture, header: Mapping[str, Any]) -> None:
        self.folder, self.texture = folder, texture
        sizes = header["sizes"]
        for name in NAMES:
            size = (folder / name).stat().st_size
            if size != sizes[name]:
                raise CorpusError(f"{folder}: expected {sizes[name]} bytes of {name}, found {size}", hint=_AGAIN)
        places = folder / PLACES_NAME
        empty = np.zeros((0, 3), "<i8")
        self._places = np.memmap(places, "<i8", "r").reshape(-1, 3) if sizes[PLACES_NAME] else empty
        self._order: np.ndarray | range = range(len(self._places))
        #: A hash of all files: what a model's card names its training data by.
        self.fingerprint = hashlib.sha256(json.dumps(header, sort_keys=True).encode()).hexdigest()[:16]

    def __len__(self) -> int:
        return len(self._order)

    @overload
    def __getitem__(self, number: int) -> Piece: ...
    @overload
    def __getitem__(self, number: slice) -> StoredPieces: ...
    def __getitem__(self, number: int | slice) -> Piece | StoredPieces:
        """A piece, or those of a slice.

        Raises:
            IndexError: there is no such piece.
            CorpusError: it is damaged.
        """
        if isinstance(number, slice):
            return self._only(self._order[number])
        place = int(self._order[number])
        first = self._places[place - 1] if place else np.zeros(3, np.int64)
        line, grid = (
            self._cut(name, int(first[column]), int(self._places[place, column]))
            for column, name in enumerate((PIECES_NAME, GRIDS_NAME))
        )
        try:
            entry = json.loads(line)
            arrays = np.split(np.frombuffer(zlib.decompress(grid), np.uint8), np.cumsum(entry["lengths"])[:-1])
            return Piece.from_dict(entry, self.texture, tuple(arrays))
        except (KeyError, TypeError, ValueError, ZeroDivisionError, zlib.error) as error:
            raise CorpusError(f"{self.folder}: piece {place} is damaged: {error!r}", hint=_AGAIN) from error

    def in_split(self, split: str) -> StoredPieces:
        """The pieces of a split, in the same order."""
        splits = self._places[:, 2][np.asarray(self._order, np.int64)]
        return self._only(np.asarray(self._order, np.int64)[splits == SPLITS.index(split)])

    def split_sizes(self) -> dict[str, int]:
        """Number of pieces of each split that has any."""
        counts = Counter(self._places[:, 2][np.asarray(self._order, np.int64)].tolist())
        return {split: counts[number] for number, split in enumerate(SPLITS) if counts[number]}

    def _only(self, order: np.ndarray | range) -> StoredPieces:
        other = object.__new__(StoredPieces)
        other.__dict__.update(self.__dict__)
        other._order = order
        return other

    def _cut(self, name: str, start: int, stop: int) -> bytes:
        try:
            with (self.folder / name).open("rb", buffering=0) as file:
                file.seek(start)
                return file.read(stop - start)
        except OSError as error:
            raise CorpusError(f"{self.folder / name}: cannot be read: {error.strerror or error}") from error


class StoredWriter:
    """Writes the three files, a piece at a time.

    Args:
        folder: where to; it exists.
    """

    def __init__(self, folder: Path) -> None:
        self._files = {name: (folder / name).open("wb", buffering=1 << 16) for name in NAMES}
        self._hashes = {name: hashlib.sha256() for name in NAMES}
        self._sizes = dict.fromkeys(NAMES, 0)
        self.count = 0

    def add(self, entry: Mapping[str, Any], grids: bytes) -> None:
        """Write a piece.

        Args:
            entry: what `Piece.to_dict` gives, and `lengths` of the arrays.
            grids: the arrays end to end, compressed by zlib.
        """
        line = json.dumps(entry, ensure_ascii=False, sort_keys=True).encode("utf-8", "backslashreplace") + b"\n"
        self._write(PIECES_NAME, line)
        self._write(GRIDS_NAME, grids)
        ends = [self._sizes[PIECES_NAME], self._sizes[GRIDS_NAME], SPLITS.index(entry["split"])]
        self._write(PLACES_NAME, np.array(ends, "<i8").tobytes())
        self.count += 1

    def _write(self, name: str, data: bytes) -> None:
        self._files[name].write(data)
        self._hashes[name].update(data)
        self._sizes[name] += len(data)

    def close(self) -> dict[str, Any]:
        """Close the files; gives what `corpus.json` must say of them."""
        for file in self._files.values():
            file.close()
        return {"sizes": self._sizes, "sha256": {name: digest.hexdigest() for name, digest in self._hashes.items()}}
