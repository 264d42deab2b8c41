"""Some of Bach's chorales from the user's music21, and ways to spoil them."""

from __future__ import annotations

import importlib.util
from functools import cache

import numpy as np
import pytest

from credo.corpora.sets.chorales import chorale_files, splits
from credo.io.files import load
from credo.music.grid import REST, Cells, Grid
from credo.music.texture import SATB
from credo.music.transform import fit

needs_chorales = pytest.mark.skipif(importlib.util.find_spec("music21") is None, reason="music21 is not installed")


@cache
def chorales(split: str, every: int) -> list[Grid]:
    """Every so many chorales of a split."""
    files = [path for path in chorale_files() if splits()[path.name] == split]
    return [fit(load(path), SATB).grid for path in files[::every]]


def with_moved_notes(grid: Grid, dice: np.random.Generator, share: float = 0.15) -> Grid:
    """A share of the notes one to four semitones higher or lower."""
    voices = []
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        note = np.cumsum(cells.attack)  # which note each step belongs to
        chosen = dice.random(note.max() + 1) < share
        semitones = np.where(chosen, dice.integers(1, 5, len(chosen)) * dice.choice((-1, 1), len(chosen)), 0)
        moved = np.clip(cells.sounding + semitones[note], voice.low, voice.high)
        voices.append(Cells.of(voice, np.where(cells.sounding == REST, REST, moved), cells.attack))
    return grid.with_voices(voices)


def with_voices_apart(grid: Grid) -> Grid:
    """Each voice a bar later than the one above it, its end at its beginning."""
    return grid.with_voices(
        Cells.of(voice, np.roll(cells.sounding, 16 * number), np.roll(cells.attack, 16 * number))
        for number, (voice, cells) in enumerate(zip(grid.texture.voices, grid.voices, strict=True))
    )


def in_fifths(grid: Grid) -> Grid:
    """The alto a fifth below the soprano throughout."""
    soprano, _, *others = grid.voices
    below = np.where(soprano.sounding == REST, REST, soprano.sounding - 7)
    return grid.with_voices([soprano, Cells.of(grid.texture.voices[1], below, soprano.attack), *others])
