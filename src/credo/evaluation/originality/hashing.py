"""Hashes of whole numbers, and finding them again in sorted arrays."""

from __future__ import annotations

import numpy as np

#: Odd; powers of it number the places in a run.
BASE = np.uint64(0x9E3779B97F4A7C15)


def mixed(*fields: np.ndarray) -> np.ndarray:
    """One 64-bit hash of some integers, field by field (the finaliser of SplitMix64); wraps, and never overflows."""
    state = np.zeros(np.broadcast_shapes(*(np.shape(field) for field in fields)), np.uint64)
    for field in fields:
        state = (state ^ np.asarray(field).astype(np.uint64)) + BASE
        state = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        state = (state ^ (state >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        state ^= state >> np.uint64(31)
    return state


def found(hashes: np.ndarray, kept: np.ndarray) -> np.ndarray:
    """Which hashes are among the kept ones, which are sorted; bool, shape of `hashes`."""
    if not len(kept):
        return np.zeros(np.shape(hashes), bool)
    return kept[np.minimum(np.searchsorted(kept, hashes), len(kept) - 1)] == hashes


def united(arrays: list[np.ndarray]) -> np.ndarray:
    """The hashes of several arrays, sorted, each once."""
    return np.unique(np.concatenate([np.empty(0, np.uint64), *arrays]))


def runs_of_true(flags: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Where stretches of True begin and where they end (the place after the last), both of shape (stretches,)."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], flags.astype(np.int8), [0]])))
    return edges[::2], edges[1::2]
