"""What the baselines share: training chorales in one key, and grids from arrays of cells."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from credo.corpora.corpus import Card, Corpus
from credo.corpora.piece import Piece
from credo.music.grid import REST, Cells, Grid
from credo.music.passage import bar_steps
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Timeline
from credo.music.texture import Texture
from credo.music.transform import key_of


class Lines(NamedTuple):
    """A chorale moved to the tonic C, without regard to the voices' ranges.

    Attributes:
        pitches: shape (T, V), `REST` where silent.
        attacks: shape (T, V), bool.
        places: the step's place in its bar of 4/4, 0..15 in sixteenths; -1 in other metres; shape (T,).
        mode: of its key.
    """

    pitches: np.ndarray
    attacks: np.ndarray
    places: np.ndarray
    mode: str


def training_grids(folder: str) -> list[Grid]:
    """The training pieces of a prepared corpus."""
    return [piece.grid for piece in Corpus.load(folder).in_split("train")]


def lines_of(grid: Grid) -> Lines:
    """A grid of mono voices as arrays."""
    key = key_of(grid)
    pitches = np.stack([cells.sounding.astype(int) for cells in grid.voices], axis=1)
    moved = np.where(pitches == REST, REST, pitches - (key.tonic + 6) % 12 + 6)
    places = np.full(grid.steps, -1)
    bar = 4 * grid.texture.steps_per_quarter
    for (start, end), (_, _, metre) in zip(bar_steps(grid), grid.timeline.bars(), strict=False):
        if metre.bar == 4:
            offset = bar - (end - start) if start == 0 else 0  # a pickup ends its bar
            places[start:end] = (offset + np.arange(end - start)) % bar
    return Lines(moved, np.stack([cells.attack for cells in grid.voices], axis=1), places, key.mode)


def keys(count: int) -> list[Key]:
    """Keys round the circle of fifths, twelve in major, then twelve in minor, as the samples of a model have them."""
    return [Key.of_tonic(7 * n % 12, "minor" if n // 12 % 2 else "major") for n in range(count)]


def grid_in(key: Key, pitches: np.ndarray, attacks: np.ndarray, texture: Texture) -> Grid:
    """Lines on the tonic C as a grid in 4/4 and in a key; a pitch outside its voice moves by octaves.

    Args:
        key: the key.
        pitches: shape (T, V).
        attacks: shape (T, V), bool.
        texture: the voices.
    """
    shift = (key.tonic + 6) % 12 - 6
    voices = []
    for voice, line, attack in zip(texture.voices, pitches.T, attacks.T, strict=True):
        moved = np.where(line == REST, REST, line + shift)
        moved = np.where((moved != REST) & (moved < voice.low), voice.low + (moved - voice.low) % 12, moved)
        moved = np.where(moved > voice.high, voice.high - (voice.high - moved) % 12, moved)
        voices.append(Cells.of(voice, moved, attack))
    return Grid(texture, tuple(voices), timeline_in(key))


def timeline_in(key: Key) -> Timeline:
    """4/4 in a key; a grid gives it its length."""
    return Timeline(metres=(Metre(Fraction(0), 4, 4),), keys=(KeyChange(Fraction(0), key),))


def by_mode(grids: Sequence[Grid]) -> Iterator[tuple[str, list[Lines]]]:
    """The chorales of each mode that has any."""
    all_lines = [lines_of(grid) for grid in grids]
    for mode in ("major", "minor"):
        found = [lines for lines in all_lines if lines.mode == mode]
        if found:
            yield mode, found


def command(
    generate: Callable[..., list[Grid]], description: str, add: Callable[[argparse.ArgumentParser], None] | None = None
) -> None:
    """The command line of a baseline; further options become arguments of `generate`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--corpus", required=True, help="a prepared corpus; its training pieces are learnt")
    parser.add_argument("--count", type=int, default=64)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", required=True, help="the folder to write the pieces to")
    if add:
        add(parser)
    options = vars(parser.parse_args())
    folder, corpus = options.pop("out"), options.pop("corpus")
    grids = generate(training_grids(corpus), **options)
    pieces = tuple(Piece.of(f"{number:04}", grid, "unused") for number, grid in enumerate(grids))
    card = Card(generate.__module__.rpartition(".")[2], description, origin=f"learnt from {corpus}", options=options)
    Corpus(grids[0].texture, pieces, card).save(folder)
    print(f"{len(pieces)} pieces in {folder}")
