"""How much a model's pieces move, rest and sound together, beside the pieces of a corpus.

    python benchmarks/texture_table.py --model quartet --corpus corpora/quartets
    python benchmarks/texture_table.py --model quartet --corpus corpora/quartets --sampling opening=0.3 nested=false

The samples are in 4/4, with the seeds from 0 on and nothing held; `--sampling` changes single settings of the model's
own schedule (`credo.sampling.schedule.Schedule`). All numbers are means over the voices of a piece, and then over the
pieces. Where all voices play one note at a time: the share of their steps that rest, that strike a note, that sound
another pitch than the step before and that sound at all; of all steps of all pieces, those that are triads, and of all
pairs of voices those that are dissonant. Where there are keys or drums: the share of silent steps, and how many notes a
step are struck, are new, and sound. With `--each` every sample has a row, too.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Sequence
from typing import Any

import numpy as np

from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.music import harmony
from credo.music.grid import REST, Cells, Grid

LINES = ("", "rests %", "attacks %", "moves %", "sounding %", "triads %", "dissonant %")
CHORDS = ("", "silent steps %", "attacks", "moves", "notes that sound")


def of_voice(cells: Cells) -> tuple[float, float, float, float]:
    """Share of silent steps; attacks, moves and sounding notes a step."""
    sounding = cells.sounding
    if sounding.ndim == 1:
        moves, sounds = np.diff(sounding.astype(int)) != 0, (sounding != REST)[:, None]
    else:
        moves, sounds = np.diff(sounding.astype(int), axis=0) > 0, sounding
    steps = max(len(sounding), 1)
    silent = 100 * np.mean(~sounds.any(axis=1))
    return silent, cells.attack.sum() / steps, moves.sum() / max(len(moves), 1), sounds.sum() / steps


def row(name: str, grids: Sequence[Grid]) -> list[str]:
    """What is counted in some pieces."""
    voices = np.array([np.mean([of_voice(cells) for cells in grid.voices], axis=0) for grid in grids])
    silent, *played = voices.mean(axis=0)
    if not of_lines(grids[0]):
        return [name, f"{silent:.1f}", *(f"{notes:.2f}" for notes in played)]
    cells = [name, f"{silent:.1f}", *(f"{100 * notes:.1f}" for notes in played)]
    for measure in (harmony.triads, harmony.dissonant_pairs):
        total = sum((measure(harmony.sounding_pitches(grid)) for grid in grids), harmony.Share(0, 0))
        cells.append(f"{100 * total.value:.1f}")
    return cells


def of_lines(grid: Grid) -> bool:
    """Whether all voices play one note at a time."""
    return all(voice.kind == "mono" for voice in grid.texture.voices)


def setting(text: str) -> tuple[str, Any]:
    """`KEY=VALUE`, the value in JSON."""
    key, _, value = text.partition("=")
    try:
        return key, json.loads(value)
    except json.JSONDecodeError as error:
        raise argparse.ArgumentTypeError(f"expected KEY=VALUE, such as opening=0.5, got {text!r}") from error


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", required=True, help="a model that came along, or a model folder")
    parser.add_argument("--corpus", required=True, help="a prepared corpus on the model's texture")
    parser.add_argument("--split", default="valid", help="of the corpus")
    parser.add_argument("--count", type=int, default=8, help="samples")
    parser.add_argument("--bars", type=int, default=16)
    parser.add_argument("--temperature", type=float, default=1.0)
    parser.add_argument("--sampling", nargs="*", default=[], type=setting, metavar="KEY=VALUE")
    parser.add_argument("--each", action="store_true", help="also a row for each sample")
    options = parser.parse_args()

    composer = Composer.load(options.model)
    settings = dict(options.sampling)
    unknown = settings.keys() - set(composer.schedule._fields)
    if unknown:
        parser.error(f"--sampling: expected some of {', '.join(composer.schedule._fields)}, got {', '.join(unknown)}")
    composer.schedule = composer.schedule._replace(**settings)
    if options.count < 1:
        parser.error(f"--count: expected at least 1, got {options.count}")
    held_out = [piece.grid for piece in Corpus.load(options.corpus).in_split(options.split)]
    rows = [row(f"{options.corpus}, {options.split} ({len(held_out)})", held_out)]
    grids = []
    for seed in range(options.count):
        wish = Request(bars=options.bars, metre=(4, 4), seed=seed, temperature=options.temperature)
        grids.append(composer.compose(wish).grid)
    changes = "".join(f", {key} {value}" for key, value in options.sampling)
    rows.append(row(f"{options.model}{changes} ({len(grids)})", grids))
    if options.each:
        rows += [row(f"seed {seed}", [grid]) for seed, grid in enumerate(grids)]
    head = LINES if of_lines(grids[0]) else CHORDS
    for line in (head, ["---"] * len(head), *rows):
        print(f"| {' | '.join(line)} |")


if __name__ == "__main__":
    main()
