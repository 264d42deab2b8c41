"""Passages of one and two bars, note for note: all notes that begin in them, transposition aside."""

from __future__ import annotations

import numpy as np

from credo.evaluation.originality.hashing import found, mixed
from credo.evaluation.originality.notes import Music

CELL_BARS = (1, 2)
#: Cells of fewer notes do not count, for everybody has them.
LEAST_NOTES = 4
#: In the place of a piece's number, which is 0 or more, where a cell stands in several pieces.
SEVERAL = -2


def cells_of(music: Music, bars: int) -> np.ndarray:
    """The hashes of the cells of a piece.

    A cell begins on any beat and is as long as so many bars of the metre there; it ends before the piece does. It is
    told by where its notes begin, by their intervals from the first (the lowest of those that begin together), and by
    its length. How long notes are held and who plays them does not count; drums are not transposed.

    Args:
        music: the piece.
        bars: length of the cells.

    Returns:
        Hashes, shape (cells,), uint64.
    """
    start, stop = _bounds(music, bars)
    first, last = np.searchsorted(music.onset, start), np.searchsorted(music.onset, stop)
    start, stop, first, last = (each[last - first >= LEAST_NOTES] for each in (start, stop, first, last))
    if not len(start):
        return np.zeros(0, np.uint64)
    size = last - first
    cell = np.repeat(np.arange(len(first)), size)
    note = np.arange(len(cell)) - np.repeat(np.cumsum(size) - size, size) + first[cell]
    pitched = np.append(np.flatnonzero(~music.drums), len(music))  # of each note on, the next that has a pitch
    lowest = np.append(music.pitch, 0)[pitched[np.searchsorted(pitched, first)]][cell]
    height = np.where(music.drums[note], music.pitch[note] + 1000, music.pitch[note] - lowest)
    each = mixed(music.onset[note] - start[cell], height)
    return mixed(np.add.reduceat(each, np.cumsum(size) - size), stop - start)


def _bounds(music: Music, bars: int) -> tuple[np.ndarray, np.ndarray]:
    """Where the cells begin and end in ticks, both of shape (cells,)."""
    begin, end, beat, whole = (music.bars[:, k] for k in range(4))
    count = np.where(beat > 0, -(-(end - begin) // np.maximum(beat, 1)), 0)
    bar = np.repeat(np.arange(len(begin)), count)
    back = np.arange(len(bar)) - np.repeat(np.cumsum(count) - count, count) + 1  # beats before the bar ends
    start = end[bar] - back * beat[bar]
    stop = start + bars * whole[bar]
    inside = (start >= 0) & (stop <= (end[-1] if len(end) else 0))
    order = np.argsort(start[inside], kind="stable")
    return start[inside][order], stop[inside][order]


def owned(cells: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """The cells of many pieces, each once, and whose they are.

    Returns:
        Sorted hashes, shape (m,), and the number of the one piece that has each, `SEVERAL` where several have it;
        int32.
    """
    piece = np.repeat(np.arange(len(cells)), [len(each) for each in cells])
    hashes = np.concatenate([np.zeros(0, np.uint64), *cells])
    order = np.argsort(hashes, kind="stable")
    hashes, piece = hashes[order], piece[order]
    if not len(hashes):
        return hashes, np.zeros(0, np.int32)
    first = np.flatnonzero(np.append(True, hashes[1:] != hashes[:-1]))
    one, other = piece[first], piece[np.append(first[1:], len(hashes)) - 1]  # of those that have it, first and last
    return hashes[first], np.where(one == other, one, SEVERAL).astype(np.int32)


def shared_cells(cells: np.ndarray, hashes: np.ndarray, owner: np.ndarray, leave_out: int = -1) -> np.ndarray:
    """Which cells stand in `owned` ones, other than those that only the piece `leave_out` has; bool, shape (cells,)."""
    there = found(cells, hashes)
    if len(hashes):
        there &= owner[np.minimum(np.searchsorted(hashes, cells), len(hashes) - 1)] != leave_out
    return there
