"""All pieces of a library at once: which are nearest to a vector.

One product of a matrix and a vector over all pieces, exact, is a matter of milliseconds at the size of a library; see
docs/library.md for the figures. The matrix is read from the store once and again when the store has changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from credo.library.entry import split
from credo.library.features import ASPECTS
from credo.library.store import Store

#: How much codes count beside the features where both pieces have codes; chosen in benchmarks/retrieval.py.
CODES = 0.2
WHOLE = dict.fromkeys(ASPECTS, 1.0)
_NONE = (np.zeros(0, np.int64), np.zeros((0, 0), np.float16))


def weights_of(by: str) -> Mapping[str, float]:
    """How much each aspect counts: all alike for `whole`, or one alone."""
    return WHOLE if by == "whole" else {by: 1.0}


@dataclass
class Vectors:
    """The feature vectors of a library, in memory.

    Args:
        store: the library.
    """

    store: Store
    codes: tuple[np.ndarray, np.ndarray] = field(default_factory=lambda: _NONE, init=False)
    _changes: int = field(default=-1, init=False)
    _numbers: np.ndarray = field(default_factory=lambda: np.zeros(0, np.int64), init=False)
    _aspects: dict[str, np.ndarray] = field(default_factory=dict, init=False)

    def refresh(self) -> None:
        """Read the vectors if the store has changed since they were read."""
        changes = self.store.changes()
        if changes != self._changes:
            self._numbers, small = self.store.vectors()
            self._aspects = {name: part.astype(np.float32, order="C") for name, part in split(small).items()}
            self._changes = changes
            models = self.store.models()
            numbers, codes = self.store.codes(next(iter(models))) if models else _NONE
            there = np.isin(numbers, self._numbers)  # another process may have written in between
            numbers, codes = numbers[there], codes[there]
            codes = codes.astype(np.float32)
            self.codes = numbers, codes / np.maximum(np.linalg.norm(codes, axis=1, keepdims=True), 1e-9)

    def nearest(
        self, query: Mapping[str, np.ndarray], weights: Mapping[str, float], count: int, number: int = 0
    ) -> tuple[np.ndarray, np.ndarray]:
        """The pieces that are most like a query.

        Args:
            query: vectors of its aspects, of unit length or zero.
            weights: of some aspects, 0 or more. Of those of which the query has nothing, such as the harmony of drums,
                none counts.
            count: how many.
            number: of the query, if it is a piece of the library: its code then counts by `CODES` beside the whole of
                features, for pieces that have one by the same model too.

        Returns:
            Numbers, shape (k,), and likeness -1..1, shape (k,), the most alike first; k at most `count`.
        """
        self.refresh()
        used = {name: weights.get(name, 0.0) * bool(np.any(query[name])) for name in ASPECTS}
        total = sum(used.values())
        if not len(self._numbers) or not total:
            return self._numbers[:0], np.zeros(0, np.float32)
        named = [name for name in ASPECTS if used[name]]
        scores = np.zeros(len(self._numbers), np.float32)
        for name in named:
            scores += self._aspects[name] @ (query[name] * (used[name] / total)).astype(np.float32)
        if len(named) > 1:
            alike = self.code_likeness(number)
            if alike is not None:
                places = np.searchsorted(self._numbers, self.codes[0])
                scores[places] += CODES * (alike - scores[places])
        count = min(count, len(scores))
        top = np.argpartition(-scores, count - 1)[:count]
        top = top[np.lexsort((self._numbers[top], -scores[top]))]
        return self._numbers[top], scores[top]

    def code_likeness(self, number: int) -> np.ndarray | None:
        """The likeness of a piece's code to those of all coded pieces, `codes[0]`; None if it has none."""
        numbers, codes = self.codes
        place = int(np.searchsorted(numbers, number))
        if place == len(numbers) or numbers[place] != number:
            return None
        return codes @ codes[place]

    def heard(self, number: int, others: np.ndarray) -> dict[int, float]:
        """The likeness of a piece's code to those of some others that have one, by number."""
        alike = self.code_likeness(number)
        if alike is None:
            return {}
        chosen = np.isin(self.codes[0], others)
        return dict(zip(self.codes[0][chosen].tolist(), alike[chosen].tolist(), strict=True))

    def rows(self, numbers: np.ndarray) -> np.ndarray:
        """The vectors of some pieces, which are there, shape (k, WIDTH)."""
        places = np.searchsorted(self._numbers, numbers)
        return np.concatenate([self._aspects[name][places] for name in ASPECTS], axis=1)
