"""Small files for libraries."""

from __future__ import annotations

from pathlib import Path

import tiny
from credo.io.files import save
from credo.music.pitch import Key
from credo.music.score import Score


def write(folder: Path, count: int = 5, first: int = 0, **wish) -> list[Path]:
    """As many chorales as files, from a seed on; `wish` goes to `tiny.chorale`."""
    folder.mkdir(parents=True, exist_ok=True)
    paths = [folder / f"chorale {number}.mid" for number in range(count)]
    for number, path in enumerate(paths):
        save(tiny.chorale(first + number, 7, **wish), path)
    return paths


def song(seed: int = 1, semitones: int = 0, **wish) -> Score:
    """A chorale, transposed."""
    return tiny.chorale(seed, 9, key=Key(0), **wish).transpose(semitones)
