"""Harmonise the sopranos of chorales that the model never saw, and compare with Bach's own harmony.

    credo corpus bach --out corpora/bach
    python benchmarks/harmonize_sopranos.py --corpus corpora/bach

Every chorale of the split is harmonised once, whole, upbeat and all, with the seed 1; none is left out. Bach's column
is of the same chorales. The grade of a harmonisation counts the melody too, which is Bach's.
"""

from __future__ import annotations

import argparse
import sys
import time

import numpy as np
from chorale_table import column, markdown

from credo.compose.generate import Composer
from credo.compose.tasks import harmonize
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.evaluation.grade import Grader
from credo.evaluation.originality import Fingerprints
from credo.music.grid import Grid


def melody_kept(new: Grid, old: Grid, voice: str) -> float:
    """Share of the notes of a voice that begin where they did, at their pitch, and last as long."""
    notes = [_notes(grid, voice) for grid in (new, old)]
    return len(notes[0] & notes[1]) / max(len(notes[1]), 1)


def _notes(grid: Grid, name: str) -> set[tuple[int, int, int]]:
    """First step, step after the last, and pitch of the notes of a voice."""
    index = [voice.name for voice in grid.texture.voices].index(name)
    cells, found, begin = grid.voices[index], set(), None
    for step in range(len(cells) + 1):
        ends = step == len(cells) or cells.attack[step] or cells.sounding[step] < 0
        if begin is not None and ends:
            found.add((begin, step, int(cells.sounding[begin])))
            begin = None
        if step < len(cells) and cells.attack[step]:
            begin = step
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--corpus", required=True, help="the prepared corpus that the model was trained on")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--voice", default="soprano", help="the voice that is held")
    options = parser.parse_args()

    corpus, composer = Corpus.load(options.corpus), Composer.load(options.model)
    train, held_out = ([piece.grid for piece in corpus.in_split(name)] for name in ("train", options.split))
    began, made = time.monotonic(), []
    for number, grid in enumerate(held_out, 1):
        made.append(composer.perform(harmonize(grid, voice=options.voice), Request(seed=1)).grid)
        print(f"\r{number} of {len(held_out)}", end="", file=sys.stderr)
    print(f"\n{time.monotonic() - began:.0f} s", file=sys.stderr)
    grader, prints = Grader.of(train), Fingerprints.of(train)
    columns = {name: column(grids, grader, prints) for name, grids in (("Bach", held_out), (options.model, made))}
    kept = [melody_kept(new, old, options.voice) for new, old in zip(made, held_out, strict=True)]
    for name, shares in (("Bach", [1.0]), (options.model, kept)):
        columns[name][f"notes of the {options.voice} kept, %"] = f"{100 * np.mean(shares):.1f}"
    print(markdown(columns))


if __name__ == "__main__":
    main()
