"""Passages: grids cut, put one after another, and filled up with silence."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

import numpy as np

from credo.errors import UsageError
from credo.music.grid import Cells, Grid
from credo.music.score import Part, Score
from credo.music.texture import Voice
from credo.music.timelines import cut_timeline, join_timelines


def slice_grid(grid: Grid, start: int, end: int) -> Grid:
    """The passage from step `start` up to step `end`.

    A note that sounds on into the passage is attacked at its start, as loud as it was. Tempo, metre and key in force
    are written there, and a start inside a bar leaves the rest of the bar as a pickup.

    Raises:
        UsageError: the steps are not those of a passage of this grid.
    """
    if not 0 <= start <= end <= grid.steps:
        raise UsageError(f"slice: expected 0 <= start <= end <= {grid.steps} steps, got {start} and {end}")
    voices = tuple(
        _slice_cells(voice, cells, start, end) for voice, cells in zip(grid.texture.voices, grid.voices, strict=True)
    )
    timeline = cut_timeline(grid.timeline, grid.quarters(start), grid.quarters(end))
    return replace(grid, voices=voices, timeline=timeline)


def slice_score(score: Score, start: Fraction, end: Fraction) -> Score:
    """The passage from `start` up to `end`, both in quarters.

    Notes that reach over its ends are cut there; one that sounds on into it is attacked at its start. Tempo, metre and
    key in force are written there.

    Raises:
        UsageError: the piece has no such passage.
    """
    if not 0 <= start <= end <= score.timeline.length:
        raise UsageError(
            f"slice: expected 0 <= start <= end <= {score.timeline.length} quarters, got {start} and {end}"
        )

    def cut(part: Part) -> Part:
        inside = [note for note in part.notes if note.onset < end and note.end > start]
        bounds = [(max(note.onset, start), min(note.end, end)) for note in inside]
        notes = [
            replace(note, onset=onset - start, duration=stop - onset)
            for note, (onset, stop) in zip(inside, bounds, strict=True)
        ]
        return replace(part, notes=tuple(sorted(notes)))

    return replace(score, parts=tuple(map(cut, score.parts)), timeline=cut_timeline(score.timeline, start, end))


def concatenate(grids: Sequence[Grid]) -> Grid:
    """Grids of one texture one after another; title and composer are the first one's.

    Bars go on across a joint where they fit together; elsewhere a new bar begins there.

    Raises:
        UsageError: there are no grids, or they have different textures.
    """
    if not grids or any(grid.texture != grids[0].texture for grid in grids):
        raise UsageError(f"concatenate: expected grids of one texture, got {[grid.texture.name for grid in grids]}")
    voices = tuple(
        Cells(*(np.concatenate(arrays) for arrays in zip(*(grid.voices[v].arrays for grid in grids), strict=True)))
        for v in range(len(grids[0].voices))
    )
    return replace(grids[0], voices=voices, timeline=join_timelines([grid.timeline for grid in grids]))


def pad(grid: Grid, steps: int) -> Grid:
    """The grid with `steps` steps of silence after it.

    Raises:
        UsageError: the number of steps is negative.
    """
    if steps < 0:
        raise UsageError(f"pad: expected 0 or more steps, got {steps}")
    silence = tuple(Cells.silent(voice, steps) for voice in grid.texture.voices)
    voices = tuple(
        Cells(*map(np.concatenate, zip(cells.arrays, rest.arrays, strict=True)))
        for cells, rest in zip(grid.voices, silence, strict=True)
    )
    return replace(grid, voices=voices, timeline=replace(grid.timeline, length=grid.quarters(grid.steps + steps)))


def bar_steps(grid: Grid) -> list[tuple[int, int]]:
    """The first step of each bar and the step after its last one; the last bar may be cut by the grid's end.

    Bars are as `Timeline.bars` counts them: a pickup is the first one.
    """
    rate = grid.texture.steps_per_quarter
    length = Fraction(grid.steps, rate)
    return [
        (int(start * rate), int(min(end, length) * rate)) for start, end, _ in grid.timeline.bars() if start < length
    ]


def _slice_cells(voice: Voice, cells: Cells, start: int, end: int) -> Cells:
    velocity = cells.velocity[start:end].copy()
    if voice.kind != "drums" and start < end:
        velocity[0] = np.where(cells.attack[start], velocity[0], _velocity_held(cells, start))
    return Cells.of(voice, cells.sounding[start:end], cells.attack[start:end], velocity, cells.offset[start:end])


def _velocity_held(cells: Cells, step: int) -> np.ndarray:
    """The velocity of the last attack at or before a step, 0 where there is none; shape () or (P,)."""
    before = cells.attack[: step + 1][::-1]
    last = step - before.argmax(axis=0)
    held = (
        cells.velocity[last] if cells.velocity.ndim == 1 else cells.velocity[last, np.arange(cells.velocity.shape[1])]
    )
    return np.where(before.any(axis=0), held, 0)
