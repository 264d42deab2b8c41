"""The pieces of a library as the taste model sees them: traits with names, aspects, codes, composers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from credo.library.entry import WIDTH, split
from credo.library.features import ASPECTS
from credo.library.store import Brief, Store

#: Traits of a piece, each a number, and what little and much of it is called.
TRAITS: dict[str, tuple[str, str]] = {
    "minor": ("major keys", "minor keys"),
    "triple": ("metres that are not in three", "metres in three"),
    "compound": ("simple metres", "compound metres such as 6/8"),
    "tempo": ("slow tempi", "fast tempi"),
    "density": ("few notes", "many notes"),
    "register": ("low registers", "high registers"),
    "polyphony": ("thin textures", "full textures"),
    "articulation": ("detached notes", "connected notes"),
    "loudness": ("soft playing", "loud playing"),
    "valence": ("a dark mood", "a bright mood"),
    "arousal": ("a calm mood", "an excited mood"),
}
#: Traits are counted in deviations from the library's mean, so far at most.
_FAR = 3.0
_LOGARITHMIC = ("tempo", "density", "polyphony")


@dataclass(frozen=True, eq=False)
class Shelf:
    """Some pieces, n of them.

    Attributes:
        numbers: in the library, ascending, shape (n,); -1 for pieces that are not there.
        traits: as `TRAITS`, NaN where a piece has none, shape (n, A).
        vectors: features, all aspects side by side, float32, shape (n, WIDTH).
        codes: of a model, of unit length; zeros for a piece that it has not heard, float32, shape (n, C).
        composers: in small letters; empty if unknown.
    """

    numbers: np.ndarray
    traits: np.ndarray
    vectors: np.ndarray
    codes: np.ndarray
    composers: np.ndarray = field(default_factory=lambda: np.zeros(0, object))

    def __len__(self) -> int:
        return len(self.numbers)

    def rows(self, chosen: np.ndarray) -> Shelf:
        """Some of them, by place or mask."""
        return Shelf(
            self.numbers[chosen],
            self.traits[chosen],
            self.vectors[chosen],
            self.codes[chosen],
            self.composers[chosen],
        )

    @classmethod
    def of(cls, store: Store) -> tuple[Shelf, dict[int, Brief]]:
        """All pieces of a library, and their lines by number."""
        numbers, vectors = store.vectors()
        briefs = {brief.number: brief for brief in store.briefs()}
        there = np.isin(numbers, list(briefs))  # another process may have written in between
        numbers, vectors = numbers[there], vectors[there].astype(np.float32)
        told = [briefs[number] for number in numbers.tolist()]
        shelf = cls.measured(vectors, [b.attributes for b in told], [b.composer for b in told], numbers=numbers)
        models = store.models()
        if models:
            coded, codes = store.codes(next(iter(models)))
            table = np.zeros((len(numbers), codes.shape[1]), np.float32)
            known = np.isin(coded, numbers)
            table[np.searchsorted(numbers, coded[known])] = _unit(codes[known].astype(np.float32))
            shelf = replace(shelf, codes=table)
        return shelf, briefs

    @classmethod
    def measured(
        cls,
        vectors: np.ndarray,
        attributes: Sequence[Mapping[str, Any]],
        composers: Sequence[str] = (),
        *,
        numbers: np.ndarray | None = None,
        codes: np.ndarray | None = None,
    ) -> Shelf:
        """Pieces by what was measured of them.

        Args:
            vectors: features, shape (n, WIDTH).
            attributes: of each, as `Attributes.to_dict` gives them.
            composers: of each; none if they are not known.
            numbers: in the library; None for pieces that are not there.
            codes: shape (n, C); None for none.
        """
        count = len(attributes)
        return cls(
            np.full(count, -1, np.int64) if numbers is None else numbers,
            np.array([traits_of(each) for each in attributes]).reshape(count, len(TRAITS)),
            np.asarray(vectors, np.float32).reshape(count, WIDTH),
            np.zeros((count, 0), np.float32) if codes is None else codes,
            np.array([" ".join(name.casefold().split()) for name in composers or [""] * count], object),
        )

    def joined(self, other: Shelf) -> Shelf:
        """These pieces and others after them; where these have codes and the others have none, zeros."""
        codes = other.codes
        if codes.shape[1] != self.codes.shape[1]:
            codes = np.zeros((len(other), self.codes.shape[1]), np.float32)
        return Shelf(
            np.concatenate([self.numbers, other.numbers]),
            np.concatenate([self.traits, other.traits]),
            np.concatenate([self.vectors, other.vectors]),
            np.concatenate([self.codes, codes]),
            np.concatenate([self.composers, other.composers]),
        )


@dataclass(frozen=True, eq=False)
class Scale:
    """What is usual in a library, by which traits are counted.

    Attributes:
        mean: of each trait, shape (A,).
        deviation: of each, 1 where there is none, shape (A,).
        centre: the mean of the pieces' features, shape (WIDTH,).
    """

    mean: np.ndarray
    deviation: np.ndarray
    centre: np.ndarray

    @classmethod
    def of(cls, shelf: Shelf) -> Scale:
        """The scale of some pieces."""
        known = np.isfinite(shelf.traits)
        count = np.maximum(known.sum(0), 1)
        plain = np.where(known, shelf.traits, 0)
        mean = plain.sum(0) / count
        deviation = np.sqrt((np.where(known, plain - mean, 0) ** 2).sum(0) / count)
        centre = shelf.vectors.sum(0, dtype=np.float64) / max(len(shelf), 1)
        return cls(mean, np.where(deviation > 1e-6, deviation, 1.0), centre.astype(np.float32))

    def standardised(self, shelf: Shelf) -> np.ndarray:
        """Traits in deviations from the mean, 0 where they are not known, shape (n, A)."""
        counted = (shelf.traits - self.mean) / self.deviation
        return np.clip(np.nan_to_num(counted, nan=0.0), -_FAR, _FAR)


def traits_of(attributes: Mapping[str, Any]) -> list[float]:
    """The traits of a piece, in the order of `TRAITS`; NaN for what is not known."""
    found = {name: float(attributes[name]) for name in TRAITS if isinstance(attributes.get(name), (int, float))}
    key, metre = str(attributes.get("key", "")), str(attributes.get("metre", ""))
    if key:
        found["minor"] = float(key.endswith("minor"))
    above = metre.partition("/")[0]
    if above.isdecimal():
        beats = int(above)
        found["compound"] = float(beats in (6, 9, 12))
        found["triple"] = float(beats == 3)
    for name in _LOGARITHMIC:
        if name in found:
            found[name] = float(np.log2(max(found[name], 1e-3)))
    return [found.get(name, np.nan) for name in TRAITS]


def aspects_of(shelf: Shelf) -> dict[str, np.ndarray]:
    """The vectors of each aspect, shape (n, size)."""
    parts = split(shelf.vectors)
    return {name: parts[name] for name in ASPECTS}


def _unit(rows: np.ndarray) -> np.ndarray:
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-9)
