"""Codes of a library's pieces: what a model's hidden units make of them, in few numbers.

The hidden units of a model are many and most of them go together. The first components of the codes of some hundred
pieces are learnt once for a library and a model, and every code is told in them; each component counts by a power of
its deviation, so that the loudest do not drown the others (whitening, by half or in full).
"""

from __future__ import annotations

import io
from dataclasses import dataclass

import numpy as np

#: Chosen on the validation queries of benchmarks/retrieval.py.
COMPONENTS, POWER = 64, 0.5


@dataclass(frozen=True, eq=False)
class Basis:
    """The components in which codes are told.

    Attributes:
        mean: of the codes, shape (C,).
        components: shape (C, K), scaled.
    """

    mean: np.ndarray
    components: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, size: int = COMPONENTS, power: float = POWER) -> Basis:
        """The principal components of some codes.

        Args:
            codes: shape (n, C).
            size: how many components, as far as there are so many.
            power: how far each is brought to the same size: 0 not at all, 1 wholly.
        """
        mean = codes.mean(0)
        _, deviation, components = np.linalg.svd(codes - mean, full_matrices=False)
        deviation = deviation / np.sqrt(max(len(codes), 1))
        kept = min(size, int((deviation > 1e-6).sum()))
        return cls(mean, components[:kept].T / deviation[:kept] ** power)

    def codes(self, codes: np.ndarray) -> np.ndarray:
        """Codes in these components, of unit length; shape (n, C) to (n, K)."""
        told = (codes - self.mean) @ self.components
        return told / np.maximum(np.linalg.norm(told, axis=1, keepdims=True), 1e-9)

    def to_bytes(self) -> bytes:
        """As a compressed npz file."""
        buffer = io.BytesIO()
        np.savez_compressed(buffer, mean=self.mean.astype(np.float32), components=self.components.astype(np.float32))
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, data: bytes) -> Basis:
        """What `to_bytes` gave."""
        with np.load(io.BytesIO(data), allow_pickle=False) as stored:
            return cls(stored["mean"], stored["components"])
