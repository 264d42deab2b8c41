"""From touches to velocities: by energy, by the place in the bar, and about a loudness."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from credo.compose.cue.arranging.hits import Lines
from credo.compose.cue.arranging.stage import NEUTRAL, Stage
from credo.music.score import Note

#: Mean velocity at energy 0, and what energy 1 adds.
SOFT, RISE = 50, 50
#: What a place's rank (see `credo.compose.cue.arranging.figures`) adds to a note of a pitched player.
STRESS = (-3, -2, 0, 2, 4, 6)


def with_dynamics(lines: Lines, energy: Callable[[Fraction], float], loudness: float | None, stage: Stage) -> Lines:
    """The lines with velocities.

    Args:
        lines: notes by role, whose velocities are touches.
        energy: 0..1 at an onset in quarters.
        loudness: mean velocity of all notes, 1..127; None for what the energy brings.
        stage: the piece, for its bars.
    """
    ranks = {place.onset: place.rank for bar in stage.bars for place in bar.places}

    def level(name: str, note: Note) -> float:
        stress = STRESS[ranks.get(note.onset, 2)] if name not in ("drums", "accents") else 0
        return SOFT + RISE * min(max(energy(note.onset), 0), 1) + note.velocity - NEUTRAL + stress

    levels = {name: [level(name, note) for note in line] for name, line in lines.items()}
    flat = [value for line in levels.values() for value in line]
    shift = 0.0 if loudness is None or not flat else _shift(flat, loudness)
    return {
        name: [
            Note(note.onset, note.pitch, note.duration, round(min(max(value + shift, 1), 127)))
            for note, value in zip(lines[name], levels[name], strict=True)
        ]
        for name in lines
    }


def _shift(levels: list[float], mean: float) -> float:
    """What to add to the levels so that, kept within 1..127, their mean is what is asked for."""
    low, high = -200.0, 200.0
    for _ in range(30):
        middle = (low + high) / 2
        if sum(min(max(value + middle, 1), 127) for value in levels) < mean * len(levels):
            low = middle
        else:
            high = middle
    return (low + high) / 2
