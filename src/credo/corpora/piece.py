"""A piece of a corpus: its notes, its split and the file it was read from."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from credo.corpora.packed import PackedGrid, timeline_from_dict, timeline_to_dict
from credo.music.grid import Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange
from credo.music.texture import Texture

#: Training uses the first three; pieces that are `unused` are kept and belong to no split.
SPLITS = ("train", "valid", "test", "unused")


@dataclass(frozen=True)
class Source:
    """The file that a piece was read from.

    Attributes:
        file: its path below the corpus' origin.
        sha256: of its bytes.
        notes: notes on the grid.
        omitted: notes of the file that have no place on the grid.
        off_grid: notes that had to be moved onto the grid, 0..1.
        keys: the key of the piece: as written where the file says it, else one estimated from the notes.
        key_from: `file` or `notes`, or `none` where there is none to be had.
        remarks: what the reader put right, a line each.
    """

    file: str
    sha256: str
    notes: int = 0
    omitted: int = 0
    off_grid: float = 0.0
    keys: tuple[KeyChange, ...] = ()
    key_from: str = "none"
    remarks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        keys = [[str(change.onset), change.key.fifths, change.key.mode] for change in self.keys]
        return {**asdict(self), "keys": keys, "remarks": list(self.remarks)}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Source:
        """Rebuild a source from `to_dict`."""
        keys = tuple(KeyChange(Fraction(onset), Key(fifths, mode)) for onset, fifths, mode in data["keys"])
        return cls(**{**data, "keys": keys, "remarks": tuple(data["remarks"])})


@dataclass(frozen=True)
class Piece:
    """One piece of a corpus.

    Attributes:
        name: its name, unique in the corpus.
        packed: its notes; `grid` unpacks them.
        split: one of `SPLITS`.
        source: the file it was read from.
        style: what it is an example of, such as its composer; empty if nothing is known.
    """

    name: str
    packed: PackedGrid
    split: str
    source: Source
    style: str = ""

    @classmethod
    def of(cls, name: str, grid: Grid, split: str = "train", source: Source | None = None) -> Piece:
        """A piece of a grid."""
        return cls(name, PackedGrid.of(grid), split, source or Source(name, "", keys=grid.timeline.keys))

    @property
    def grid(self) -> Grid:
        """The notes, unpacked anew each time."""
        return self.packed.unpack()

    @property
    def keys(self) -> tuple[KeyChange, ...]:
        """The key of the piece and its changes; empty if unknown."""
        return self.source.keys

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form of everything but the notes."""
        return {
            "name": self.name,
            "split": self.split,
            "style": self.style,
            "steps": self.packed.steps,
            "title": self.packed.title,
            "composer": self.packed.composer,
            "source": self.source.to_dict(),
            "timeline": timeline_to_dict(self.packed.timeline),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], texture: Texture, arrays: tuple[np.ndarray, ...]) -> Piece:
        """Rebuild a piece from `to_dict` and its notes.

        Raises:
            KeyError, TypeError, ValueError: the record is incomplete or makes no sense.
        """
        timeline = timeline_from_dict(data["timeline"])
        packed = PackedGrid(texture, data["steps"], arrays, timeline, data["title"], data["composer"])
        packed.check()
        source = Source.from_dict(data["source"])
        return cls(data["name"], packed, data["split"], source, data.get("style", ""))
