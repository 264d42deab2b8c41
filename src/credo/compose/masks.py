"""Which cells are held: every musical task is one of these.

A mask is boolean, shape (T, K): True where a code of a step is held (see `credo.music.window`). Masks come from small
functions on a grid and are closed by `whole_notes`, so that a held note is held from its beginning.
"""

from __future__ import annotations

import numpy as np

from credo.music.grid import REST, Cells, Grid
from credo.music.texture import Voice


def nothing(grid: Grid) -> np.ndarray:
    """Hold nothing: generate from noise. The place in the metre is a fact and always held."""
    return _columns(grid, [np.zeros(cells.sounding.shape, bool) for cells in grid.voices])


def everything(grid: Grid) -> np.ndarray:
    """Hold all cells."""
    return _columns(grid, [np.ones(cells.sounding.shape, bool) for cells in grid.voices])


def steps(grid: Grid, start: int, stop: int) -> np.ndarray:
    """Hold all voices from a step to another (left out)."""
    mask = nothing(grid)
    mask[max(start, 0) : max(stop, 0)] = True
    return mask


def begun_before(grid: Grid, stop: int) -> np.ndarray:
    """Hold all voices up to a step (left out), and the notes that sound there to their ends: a continuation's mask."""
    pairs = zip(grid.texture.voices, grid.voices, strict=True)
    return steps(grid, 0, stop) | _columns(grid, [lasting(voice, cells, stop) for voice, cells in pairs])


def lasting(voice: Voice, cells: Cells, stop: int) -> np.ndarray:
    """The cells before a step and those of the notes that sound on there; bool, shape (T,) or (T, P)."""
    held = np.zeros(cells.sounding.shape, bool)
    held[: max(stop, 0)] = True
    if voice.kind != "drums" and stop > 0:
        sounding = cells.sounding != REST if voice.kind == "mono" else cells.sounding
        for step in range(stop, len(cells)):
            held[step] = held[step - 1] & sounding[step] & ~cells.attack[step]
            if not held[step].any():
                break
    return held


def voices(grid: Grid, names: set[str]) -> np.ndarray:
    """Hold some voices throughout: the held melody of a harmonisation, the parts that are accompanied."""
    held = [voice.name in names for voice in grid.texture.voices]
    return _columns(grid, [np.full(cells.sounding.shape, hold) for cells, hold in zip(grid.voices, held, strict=True)])


def whole_notes(grid: Grid, mask: np.ndarray) -> np.ndarray:
    """Close a mask: where a held cell continues a note, hold the note from its beginning.

    Without this, a new note before a held continuation would turn the continuation into a beginning.

    Args:
        grid: the music that is held.
        mask: shape (T, K), bool.

    Returns:
        A mask that holds at least as much, shape (T, K).
    """
    mask = mask.copy()
    first = 0
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        lines = 1 if voice.kind == "mono" else voice.size
        if voice.kind != "drums":
            sounding = cells.sounding != REST if voice.kind == "mono" else cells.sounding
            continues = (sounding & ~cells.attack).reshape(grid.steps, lines)
            pitch, attack = slice(first, first + lines), slice(first + lines, first + 2 * lines)
            held = mask[:, pitch] | mask[:, attack]
            for step in range(grid.steps - 1, 0, -1):
                held[step - 1] |= held[step] & continues[step]
            mask[:, pitch] = mask[:, attack] = held
        first += lines if voice.kind == "drums" else 2 * lines
    return mask


def _columns(grid: Grid, per_voice: list[np.ndarray]) -> np.ndarray:
    """The mask of codes (pitch and attack together, then the metre) of masks of cells, (T,) or (T, P) each."""
    columns = []
    for voice, held in zip(grid.texture.voices, per_voice, strict=True):
        flat = held.reshape(grid.steps, -1)
        columns += [flat] if voice.kind == "drums" else [flat, flat]
    return np.concatenate([*columns, np.ones((grid.steps, 1), bool)], axis=1)
