"""Which cells are held: every musical task is one of these.

A mask is boolean, shape (T, K): True where a code of a step is held (see `credo.music.window`). Masks come from small
functions on a grid and are closed by `whole_notes`, so that a held note is held from its beginning.
"""

from __future__ import annotations

import numpy as np

from credo.music.grid import REST, Cells, Grid
from credo.music.passage import bar_steps
from credo.music.steps import codes_of_voice
from credo.music.texture import Voice

#: Quarters of a patch of notes that are varied together.
PATCH = 2


def nothing(grid: Grid) -> np.ndarray:
    """Hold nothing: generate from noise. The place in the metre is a fact and always held."""
    return of_cells(grid, [np.zeros(cells.sounding.shape, bool) for cells in grid.voices])


def everything(grid: Grid) -> np.ndarray:
    """Hold all cells."""
    return of_cells(grid, [np.ones(cells.sounding.shape, bool) for cells in grid.voices])


def steps(grid: Grid, start: int, stop: int) -> np.ndarray:
    """Hold all voices from a step to another (left out)."""
    mask = nothing(grid)
    mask[max(start, 0) : max(stop, 0)] = True
    return mask


def begun_before(grid: Grid, stop: int) -> np.ndarray:
    """Hold all voices up to a step (left out), and the notes that sound there to their ends: a continuation's mask."""
    pairs = zip(grid.texture.voices, grid.voices, strict=True)
    return steps(grid, 0, stop) | of_cells(grid, [lasting(voice, cells, stop) for voice, cells in pairs])


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
    return of_cells(grid, [np.full(cells.sounding.shape, hold) for cells, hold in zip(grid.voices, held, strict=True)])


def only_voices(grid: Grid, names: set[str]) -> np.ndarray:
    """The codes of some voices and nothing else, not even the place in the metre; shape (T, K), bool."""
    return voices(grid, names) & ~nothing(grid)


def outside(grid: Grid, start: int, stop: int, names: set[str] | None = None) -> np.ndarray:
    """Hold all but the notes of some voices that begin and end between two steps: the mask of filling in.

    Args:
        grid: the music.
        start: the first step.
        stop: the step after the last.
        names: the voices that are free there; None for all.
    """
    others = {voice.name for voice in grid.texture.voices} - (names or set()) if names is not None else set()
    return begun_before(grid, start) | steps(grid, stop, grid.steps) | voices(grid, others)


def share_of_notes(grid: Grid, free: float, dice: np.random.Generator, held: np.ndarray | None = None) -> np.ndarray:
    """Hold all but a random share of the notes, each whole: the mask of a variation.

    A rest counts as a note, and a long one as one in each bar. Notes are freed in patches of `PATCH` quarters rather
    than one by one, for a note between held ones has little choice. With the same dice, what a small share frees a
    larger one frees too.

    Args:
        grid: the music.
        free: the share that is not held, 0..1.
        dice: random numbers.
        held: what is held in any case, shape (T, K); the share is one of the other notes. None for nothing.
    """
    bar_lines = np.zeros(grid.steps, bool)
    bar_lines[[start for start, _ in bar_steps(grid)]] = True
    patch = np.arange(grid.steps) // (PATCH * grid.texture.steps_per_quarter)
    of_patch = dice.random(patch[-1] + 1)[patch] if grid.steps else patch
    notes, luck = [], []  # for each voice the number of each cell's note, and for each note its luck
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        silent = (cells.sounding == REST if voice.kind == "mono" else ~cells.sounding).reshape(grid.steps, -1)
        rests = silent & (bar_lines[:, None] | ~np.concatenate([np.zeros_like(silent[:1]), silent[:-1]]))
        begins = cells.attack.reshape(grid.steps, -1) | rests
        begins[:1] = True
        first = np.maximum.accumulate(np.where(begins, np.arange(grid.steps)[:, None], 0))
        number = np.cumsum(begins.reshape(-1)).reshape(begins.shape) - 1 + sum(map(len, luck))
        notes.append(np.take_along_axis(number, first, axis=0).reshape(cells.sounding.shape))
        luck.append(of_patch[np.nonzero(begins)[0]] + dice.random(begins.sum()) / 4)
    lucky, among = np.concatenate(luck), np.ones(sum(map(len, luck)), bool)
    if held is not None:
        for number, cells in zip(notes, cells_held(grid, held), strict=True):
            among[number[cells]] = False
    order = np.argsort(np.argsort(np.where(among, lucky, np.inf)))
    stays = order >= round(free * among.sum())
    return of_cells(grid, [stays[number] for number in notes])


def expression(grid: Grid) -> np.ndarray:
    """Hold all notes, and free the loudness and timing of expressive voices: the mask of humanizing."""
    mask, first = everything(grid), 0
    for voice in grid.texture.voices:
        if voice.expressive:
            mask[:, first + voice.size : first + codes_of_voice(voice)] = False
        first += codes_of_voice(voice)
    return mask


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
        first += codes_of_voice(voice)
    return mask


def cells_held(grid: Grid, mask: np.ndarray) -> list[np.ndarray]:
    """Which cells of each voice a mask holds; bool, shape (T,) or (T, P) each."""
    held, first = [], 0
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        width = 1 if voice.kind == "mono" else voice.size
        held.append(mask[:, first : first + width].reshape(cells.sounding.shape))
        first += codes_of_voice(voice)
    return held


def of_cells(grid: Grid, per_voice: list[np.ndarray]) -> np.ndarray:
    """The mask of codes of masks of cells; the metre is held.

    Args:
        grid: the music.
        per_voice: which cells of each voice are held, bool, shape (T,) or (T, P) each.

    Returns:
        Shape (T, K), bool: pitch and attack, loudness and timing of a cell together.
    """
    columns = []
    for voice, held in zip(grid.texture.voices, per_voice, strict=True):
        flat = held.reshape(grid.steps, -1)
        columns += [flat] * (codes_of_voice(voice) // flat.shape[1])
    return np.concatenate([*columns, np.ones((grid.steps, 1), bool)], axis=1)


def put_back(grid: Grid, given: Grid, mask: np.ndarray) -> Grid:
    """A grid with the cells that a mask holds as they were; what is left of a note that began in them begins anew.

    Args:
        grid: what was drawn.
        given: what it was drawn to, of the same length.
        mask: shape (T, K), bool.
    """
    voices = []
    quads = zip(grid.texture.voices, grid.voices, given.voices, cells_held(grid, mask), strict=True)
    for voice, cells, old, held in quads:
        pairs = zip(old.arrays, cells.arrays, strict=True)
        voices.append(Cells.of(voice, *(np.where(held, before, now) for before, now in pairs)))
    return grid.with_voices(voices)
