"""From any score to a grid, and grids to other keys."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from credo.errors import UsageError
from credo.music.fitting.omissions import Omission
from credo.music.fitting.placing import deal
from credo.music.fitting.quantising import Deviation, Quantised, quantise, snap
from credo.music.grid import REST, Cells, Grid, cells_of, decode
from credo.music.keys import written_or_estimated_key
from credo.music.pitch import Key
from credo.music.score import KeyChange, Score
from credo.music.texture import Texture, Voice

__all__ = [
    "Fitted",
    "Quantised",
    "common_key_shift",
    "fit",
    "key_of",
    "quantise",
    "to_common_key",
    "transpose",
    "transposition_range",
]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A score brought onto a grid.

    Attributes:
        grid: the grid.
        omissions: what was left out or changed on the way, placing before quantising.
        deviation: how far the notes were from the grid.
    """

    grid: Grid
    omissions: tuple[Omission, ...]
    deviation: Deviation


def fit(score: Score, texture: Texture) -> Fitted:
    """Bring any score onto the grid of a texture: place its notes on the voices, quantise, encode."""
    dealt = deal(score, texture)
    snapped = snap(dealt.lines, dealt.ticks, score.timeline, texture)
    steps = int(snapped.timeline.length * texture.steps_per_quarter)
    voices = tuple(
        cells_of([note.row(voice) for note in line], voice, texture, steps)
        for line, voice in zip(snapped.lines, texture.voices, strict=True)
    )
    grid = Grid(texture, voices, snapped.timeline, score.title, score.composer)
    return Fitted(grid, dealt.omissions + snapped.omissions, snapped.deviation)


def transposition_range(grid: Grid) -> range:
    """The semitones by which a grid can be transposed with every voice inside its range; 0 is among them."""
    lowest, highest = -127, 127
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        indices = _sounding_indices(voice, cells)
        if len(indices):
            lowest = max(lowest, -int(indices.min()))
            highest = min(highest, voice.size - 1 - int(indices.max()))
    return range(lowest, highest + 1)


def transpose(grid: Grid, semitones: int) -> Grid:
    """The same grid `semitones` higher; drums stay, keys follow.

    Raises:
        UsageError: a voice would leave its range.
    """
    allowed = transposition_range(grid)
    if semitones not in allowed:
        raise UsageError(f"transpose: expected {allowed[0]}..{allowed[-1]} semitones for this music, got {semitones}")
    if semitones == 0:
        return grid
    voices = tuple(
        _transpose_cells(voice, cells, semitones) for voice, cells in zip(grid.texture.voices, grid.voices, strict=True)
    )
    keys = tuple(KeyChange(change.onset, change.key.transpose(semitones)) for change in grid.timeline.keys)
    return replace(grid, voices=voices, timeline=replace(grid.timeline, keys=keys))


def common_key_shift(grid: Grid, key: Key | None = None) -> int | None:
    """The smallest transposition to C major or A minor that keeps every voice inside its range, if there is one.

    Args:
        grid: the music.
        key: its key, or None to take that of `key_of`.

    Returns:
        Semitones, or None where neither direction fits.
    """
    key = key or key_of(grid)
    up = ((9 if key.mode == "minor" else 0) - key.tonic) % 12
    allowed = transposition_range(grid)
    return min((shift for shift in (up, up - 12) if shift in allowed), key=abs, default=None)


def to_common_key(grid: Grid, key: Key | None = None) -> Grid:
    """The grid in C major or A minor (for the arguments see `common_key_shift`).

    Raises:
        UsageError: no transposition to that key stays inside the voices' ranges.
    """
    key = key or key_of(grid)
    shift = common_key_shift(grid, key)
    if shift is None:
        target = "A minor" if key.mode == "minor" else "C major"
        allowed = transposition_range(grid)
        raise UsageError(
            f"to_common_key: expected {key.name} to fit the voices in {target}, "
            f"but this music can only move by {allowed[0]}..{allowed[-1]} semitones",
            hint="leave it in its key",
        )
    return transpose(grid, shift)


def key_of(grid: Grid) -> Key:
    """The key of a grid at its start, read off its notes and the written key (see `credo.music.keys`)."""
    return written_or_estimated_key(decode(grid))


def _sounding_indices(voice: Voice, cells: Cells) -> np.ndarray:
    """The indices of all pitches that sound somewhere; empty for drums."""
    if voice.kind == "drums":
        return np.empty(0, int)
    if voice.kind == "mono":
        return cells.sounding[cells.sounding != REST].astype(int) - voice.low
    return np.flatnonzero(cells.sounding.any(axis=0))


def _transpose_cells(voice: Voice, cells: Cells, semitones: int) -> Cells:
    if voice.kind == "drums":
        return cells
    if voice.kind == "mono":
        moved = np.where(cells.sounding == REST, REST, cells.sounding + semitones).astype(np.int16)
        return replace(cells, sounding=moved)
    return Cells(*(np.roll(array, semitones, axis=1) for array in cells.arrays))
