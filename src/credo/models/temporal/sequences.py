"""Sequences of frames as training data.

All sequences lie one after the other in one long strip of frames, shape (M, N), with a row of `ABSENT` before each of
them. A window of the strip may reach from the end of one sequence into the next; an absent row says that what follows
has no past. Nothing is padded and nothing is cut.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from credo.errors import UsageError
from credo.shapes import expect
from credo.strips import Strip

#: What all units of a frame hold where there is none.
ABSENT = 255


def join(sequences: Sequence[np.ndarray]) -> np.ndarray:
    """One strip of many sequences.

    Args:
        sequences: each of shape (T, N), of zeros and ones.

    Returns:
        Shape (M, N), uint8: an absent row, the first sequence, an absent row, the second one, and so on.

    Raises:
        UsageError: there is no sequence, or one has another number of units or other numbers than 0 and 1.
    """
    if not len(sequences):
        raise UsageError("sequences: expected at least one, got none")
    N = np.shape(sequences[0])[-1]
    between, parts = np.full((1, N), ABSENT, np.uint8), []
    for number, sequence in enumerate(sequences):
        sequence = np.asarray(sequence)
        expect(f"sequence {number}", sequence, "T N", N=N)
        if not np.isin(sequence, (0, 1)).all():
            raise UsageError(f"sequence {number}: expected zeros and ones, got {np.setdiff1d(sequence, (0, 1))[:5]}")
        parts += [between, sequence.astype(np.uint8)]
    return np.concatenate(parts)


def windows(sequences: Sequence[np.ndarray], steps: int) -> Strip:
    """Training rows: for every frame of the strip, a window that starts with the frame before it.

    Args:
        sequences: each of shape (T, N), of zeros and ones.
        steps: frames that a window predicts, T. Its first row is only the past of the second.

    Returns:
        A strip of windows of T + 1 rows; what reaches beyond the last sequence is absent.
    """
    if steps < 1:
        raise UsageError(f"windows: expected at least 1 step, got {steps}")
    blocks = join(sequences)
    tail = np.full((steps, blocks.shape[1]), ABSENT, np.uint8)
    return Strip(np.concatenate([blocks, tail]), np.arange(len(blocks)), steps + 1)
