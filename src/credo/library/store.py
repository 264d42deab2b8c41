"""What a library is kept in: SQLite on a laptop, LanceDB for a fleet; one protocol for both."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple, Protocol

import numpy as np

from credo.library.entry import Entry

if TYPE_CHECKING:
    from credo.library.search import Condition


class Seen(NamedTuple):
    """A file that was read, or could not be.

    Attributes:
        path: absolute, as text.
        size: in bytes.
        changed: when it was last changed, in ns.
        sha256: of its content; empty if it could not be read at all.
        problem: why it is no piece of the library; empty if it is one.
    """

    path: str
    size: int
    changed: int
    sha256: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Brief:
    """A line of a list: what is told of a piece without reading all of it.

    Attributes:
        number: of the piece in the library.
        title: of the piece.
        composer: empty if unknown.
        attributes: as `Attributes.to_dict` gives them.
        bars: how many.
        seconds: how long it lasts.
        path: one of its files.
    """

    number: int
    title: str
    composer: str
    attributes: dict[str, object]
    bars: int
    seconds: float
    path: str

    def named(self) -> dict[str, object]:
        """What it is called and where it is, JSON-able."""
        return {"number": self.number, "title": self.title, "composer": self.composer, "path": self.path}


class Store(Protocol):
    """A library's pieces. Each call is whole: it is in the store when it returns, or not at all."""

    def add(self, seen: Sequence[Seen], entries: Sequence[Entry]) -> None:
        """Keep pieces and the files that were looked at, in one transaction.

        A piece that is there already (by `sha256`) is replaced and keeps its number. A file's older record is
        replaced; pieces that no file holds any more are left out.
        """

    def seen(self, paths: Sequence[str] | None = None) -> dict[str, Seen]:
        """The records of files, by path: of some, or of all."""

    def numbers(self, hashes: Iterable[str]) -> dict[str, int]:
        """The numbers of the pieces of some contents (SHA-256), of those that are pieces."""

    def forget(self, numbers: Sequence[int]) -> int:
        """Leave pieces and the records of their files out; how many there were. No file is touched."""

    def briefs(self, numbers: Sequence[int] | None = None) -> list[Brief]:
        """Lines of some pieces, in the order asked for (those that are gone are left out), or of all by number."""

    def find(self, conditions: Sequence[Condition], count: int) -> list[int]:
        """Numbers of pieces that obey all conditions, by number; those nearest to what is to be near come first."""

    def entry(self, number: int) -> Entry | None:
        """All of a piece; None if there is none of this number."""

    def prints(self, numbers: Sequence[int]) -> dict[int, np.ndarray]:
        """The hashes of passages of some pieces."""

    def vectors(self) -> tuple[np.ndarray, np.ndarray]:
        """Numbers, shape (n,), ascending, and feature vectors, shape (n, WIDTH), float16."""

    def put_codes(self, model: str, numbers: Sequence[int], codes: np.ndarray) -> None:
        """Keep codes, shape (n, C), that a model (its checksum) made."""

    def codes(self, model: str) -> tuple[np.ndarray, np.ndarray]:
        """Numbers, shape (n,), ascending, and codes of a model, shape (n, C), float16; (0, 0) if there are none."""

    def put_basis(self, model: str, basis: bytes) -> None:
        """Keep what codes of a model are told in; the first that is kept stays, whoever comes later."""

    def basis(self, model: str) -> bytes | None:
        """What `put_basis` kept; None if there is none."""

    def models(self) -> dict[str, int]:
        """Models (checksums) that made codes, and of how many pieces."""

    def changes(self) -> int:
        """A number that grows whenever something is added or forgotten, by whatever process."""

    def __len__(self) -> int:
        """How many pieces there are."""

    def close(self) -> None:
        """Let go of the files."""
