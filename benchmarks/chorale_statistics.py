"""How a model of four voices sounds, by numbers, beside the music it learnt from.

    credo corpus bach --out corpora/bach
    python benchmarks/chorale_statistics.py --corpus corpora/bach

Samples are drawn without holding anything, in keys that go round the circle of fifths; none is left out. The corpus is
measured on the same grid with the same functions (`credo.music.harmony`).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable

import numpy as np

from credo.compose import masks
from credo.compose.generate import Composer
from credo.corpora.corpus import Corpus
from credo.music import harmony
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange
from credo.music.window import bar_timeline, decode_steps, encode_steps, key_codes
from credo.sampling.anneal import Schedule, Tapes

BATCH = 32


def samples(composer: Composer, count: int, bars: int, temperature: float, schedule: Schedule) -> list[Grid]:
    """Unconditional samples in 4/4."""
    texture = composer.texture
    timeline = bar_timeline(bars, 4, 4, texture)
    steps = bars * 4 * texture.steps_per_quarter
    blank = Grid(texture, tuple(Cells.silent(voice, steps) for voice in texture.voices), timeline)
    codes, mask = encode_steps(blank), masks.nothing(blank)
    grids: list[Grid] = []
    for first in range(0, count, BATCH):
        keys = [Key.of_tonic(7 * n % 12, ("major", "minor")[n // 12 % 2]) for n in range(first, first + BATCH)]
        tapes = Tapes(
            np.repeat(codes[None], BATCH, 0), np.repeat(mask[None], BATCH, 0), np.stack([key_codes(k) for k in keys])
        )
        drawn = composer.rewriter.rewrite(tapes, schedule, temperature=temperature, seed=first)
        for key, rows in zip(keys, drawn, strict=True):
            grid = decode_steps(rows, blank)
            grids.append(
                Grid(
                    texture,
                    grid.voices,
                    blank.timeline.__class__(
                        timeline.length, (), timeline.metres, (KeyChange(timeline.metres[0].onset, key),)
                    ),
                )
            )
    return grids[:count]


def measure(grids: Iterable[Grid]) -> dict[str, float]:
    """The statistics of some grids together."""
    totals: dict[str, harmony.Share] = {}
    functions = {
        "triads, % of steps": (harmony.triads, 100),
        "dissonant pairs, %": (harmony.dissonant_pairs, 100),
        "parallel fifths, per 1000": (lambda p: harmony.parallels(p, 7), 1000),
        "parallel octaves, per 1000": (lambda p: harmony.parallels(p, 0), 1000),
        "crossed voices, % of steps": (harmony.crossings, 100),
        "moving cells, %": (moves, 100),
        "notes in the key, %": (None, 100),
    }
    for grid in grids:
        pitches = harmony.sounding_pitches(grid)
        for name, (function, _) in functions.items():
            share = in_key(grid, pitches) if function is None else function(pitches)
            totals[name] = totals.get(name, harmony.Share(0, 0)) + share
    return {name: factor * totals[name].value for name, (_, factor) in functions.items()}


def moves(pitches: np.ndarray) -> harmony.Share:
    """Cells whose pitch differs from the one before."""
    changed = np.diff(pitches.astype(int), axis=0) != 0
    return harmony.Share(int(changed.sum()), changed.size)


def in_key(grid: Grid, pitches: np.ndarray) -> harmony.Share:
    """Sounding cells whose pitch belongs to the scale of the key (with the raised sixth and seventh in minor)."""
    key = grid.timeline.key
    if key is None:
        return harmony.Share(0, 0)
    scale = {*key.scale, *((key.tonic + step) % 12 for step in ((9, 11) if key.mode == "minor" else ()))}
    sounding = pitches[pitches != REST] % 12
    return harmony.Share(int(np.isin(sounding, list(scale)).sum()), sounding.size)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--corpus", required=True, help="the prepared corpus to compare with")
    parser.add_argument("--split", default="valid")
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--temperatures", type=float, nargs="*", default=[1.0, 0.8])
    parser.add_argument("--iterations", type=int, default=256)
    options = parser.parse_args()
    corpus = Corpus.load(options.corpus)
    columns = {f"corpus, {options.split}": measure(piece.grid for piece in corpus.in_split(options.split))}
    composer = Composer.load(options.model)
    for heat in options.temperatures:
        grids = samples(composer, options.count, options.bars, heat, Schedule(options.iterations))
        columns[f"{options.model}, T={heat:g}"] = measure(grids)
    names = list(next(iter(columns.values())))
    print(f"{'':30}" + "".join(f"{column:>18}" for column in columns))
    for name in names:
        print(f"{name:30}" + "".join(f"{column[name]:18.2f}" for column in columns.values()))


if __name__ == "__main__":
    main()
