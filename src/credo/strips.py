"""Windows of a long strip of blocks, cut out when they are asked for: data that overlap take their room once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from credo.errors import UsageError
from credo.shapes import expect


@dataclass(frozen=True, eq=False)
class Strip:
    """Rows of training data, each a window of a strip. It is used as an array of shape (n, L, G) would be.

    Attributes:
        blocks: the strip, shape (M, G), integers.
        starts: first block of each window, shape (n,), int.
        length: blocks of a window, L.

    Example:
        >>> strip = Strip(np.arange(6).reshape(3, 2), np.array([0, 1]), 2)
        >>> strip[[1]].tolist()
        [[[2, 3], [4, 5]]]
    """

    blocks: np.ndarray
    starts: np.ndarray
    length: int

    def __post_init__(self) -> None:
        expect("blocks", self.blocks, "M G")
        expect("starts", self.starts, "n")
        if len(self.starts) and not 0 <= self.starts.min() <= self.starts.max() + self.length <= len(self.blocks):
            raise UsageError(f"strip: expected windows of {self.length} inside {len(self.blocks)} blocks")

    def __len__(self) -> int:
        return len(self.starts)

    @property
    def shape(self) -> tuple[int, int, int]:
        """(n, L, G)."""
        return len(self.starts), self.length, self.blocks.shape[1]

    def __getitem__(self, rows: Any) -> np.ndarray:
        """The windows of some rows, shape (len(rows), L, G)."""
        return self.blocks[self.starts[rows][..., None] + np.arange(self.length)]
