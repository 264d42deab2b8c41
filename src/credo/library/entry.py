"""What a library keeps of a piece."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from credo.conditioning.attributes import Attributes
from credo.library.features import ASPECTS, SIZES

#: A note of an incipit: where it begins and how long it lasts (quarters), and its pitch.
Sounding = tuple[float, float, int]


@dataclass(frozen=True, slots=True)
class Facts:
    """What is counted of a piece.

    Attributes:
        bars: whole and broken ones.
        notes: in all parts.
        parts: parts with notes.
        seconds: how long it lasts.
    """

    bars: int
    notes: int
    parts: int
    seconds: float


@dataclass(frozen=True, eq=False)
class Entry:
    """A piece of a library.

    Attributes:
        sha256: of the file's content, hexadecimal; the same content is one piece, wherever it lies.
        title: of the piece, or its file's name.
        composer: empty if the file names none.
        attributes: as measured.
        facts: as counted.
        features: for each aspect a unit vector, float32, of the size in `SIZES`.
        prints: hashes of passages, sorted, uint32; see `features.prints`.
        incipit: the melody's first notes.
        preview: a MIDI file of the first bars.
        remarks: what of the file a score does not hold.
        paths: the files that hold the piece; empty before it is in a library.
        number: in the library, from 1; 0 before it is in one.
    """

    sha256: str
    title: str
    composer: str
    attributes: Attributes
    facts: Facts
    features: Mapping[str, np.ndarray]
    prints: np.ndarray
    incipit: tuple[Sounding, ...] = ()
    preview: bytes = b""
    remarks: tuple[str, ...] = ()
    paths: tuple[str, ...] = field(default=())
    number: int = 0

    @property
    def vector(self) -> np.ndarray:
        """All aspects side by side, float32, shape (WIDTH,)."""
        return np.concatenate([self.features[name] for name in ASPECTS])

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form, as it comes from the processes that read."""
        return {
            "sha256": self.sha256,
            "title": self.title,
            "composer": self.composer,
            "attributes": self.attributes.to_dict(),
            "facts": [self.facts.bars, self.facts.notes, self.facts.parts, self.facts.seconds],
            "vector": base64.b64encode(self.vector.astype("<f2").tobytes()).decode(),
            "prints": base64.b64encode(self.prints.astype("<u4").tobytes()).decode(),
            "incipit": [list(note) for note in self.incipit],
            "preview": base64.b64encode(self.preview).decode(),
            "remarks": list(self.remarks),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Entry:
        """Rebuild an entry from `to_dict`."""
        return cls(
            sha256=data["sha256"],
            title=data["title"],
            composer=data["composer"],
            attributes=Attributes.from_dict(data["attributes"]),
            facts=Facts(*data["facts"]),
            features=split(np.frombuffer(base64.b64decode(data["vector"]), "<f2").astype(np.float32)),
            prints=np.frombuffer(base64.b64decode(data["prints"]), "<u4").astype(np.uint32),
            incipit=tuple((float(onset), float(length), int(pitch)) for onset, length, pitch in data["incipit"]),
            preview=base64.b64decode(data["preview"]),
            remarks=tuple(data["remarks"]),
        )

    def to_row(self) -> dict[str, Any]:
        """The columns of a store."""
        named = self.attributes.to_dict()
        return {
            "sha256": self.sha256,
            "title": self.title,
            "composer": self.composer,
            "attributes": json.dumps(named, ensure_ascii=False),
            "bars": self.facts.bars,
            "notes": self.facts.notes,
            "parts": self.facts.parts,
            "seconds": self.facts.seconds,
            "vector": self.vector.astype("<f2").tobytes(),
            "prints": self.prints.astype("<u4").tobytes(),
            "incipit": json.dumps(self.incipit),
            "preview": self.preview,
            "remarks": json.dumps(self.remarks, ensure_ascii=False),
        }

    @classmethod
    def from_row(cls, row: Mapping[str, Any], number: int, paths: tuple[str, ...]) -> Entry:
        """Rebuild an entry from the columns of a store."""
        return cls(
            sha256=row["sha256"],
            title=row["title"],
            composer=row["composer"],
            attributes=Attributes.from_dict(json.loads(row["attributes"])),
            facts=Facts(int(row["bars"]), int(row["notes"]), int(row["parts"]), row["seconds"]),
            features=split(np.frombuffer(row["vector"], "<f2").astype(np.float32)),
            prints=np.frombuffer(row["prints"], "<u4").astype(np.uint32),
            incipit=tuple(
                (float(onset), float(length), int(pitch)) for onset, length, pitch in json.loads(row["incipit"])
            ),
            preview=bytes(row["preview"]),
            remarks=tuple(json.loads(row["remarks"])),
            paths=paths,
            number=number,
        )


#: How many numbers all aspects have together.
WIDTH = sum(SIZES.values())


def split(vector: np.ndarray) -> dict[str, np.ndarray]:
    """The aspects of a vector; shape (..., WIDTH) to (..., size) each."""
    cuts = np.cumsum([SIZES[name] for name in ASPECTS])[:-1]
    return dict(zip(ASPECTS, np.split(vector, cuts, axis=-1), strict=True))
