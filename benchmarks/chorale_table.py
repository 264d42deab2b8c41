"""One table of chorales: Bach, models and plain baselines by everything that can be counted.

    credo corpus bach --out corpora/bach
    python benchmarks/chorale_table.py --corpus corpora/bach --baselines

Samples are drawn without holding anything, in 4/4 and in all keys alike; none is left out. The corpus is measured whole
and cut into passages as long as the samples: longer pieces repeat themselves more, so samples are to be compared with
passages. Grades and copies are against the training pieces; held-out pieces show what borrowing
and what grades are Bach's own. In brackets: the middle 95 % of 1000 resamplings of the pieces; for grades the
standard deviation.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence

import numpy as np

from credo.compose import masks
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.evaluation.features import compare, passages
from credo.evaluation.grade import Grader
from credo.evaluation.originality import Fingerprints
from credo.music import harmony
from credo.music.grid import REST, Grid
from credo.music.pitch import Key

RESAMPLINGS = 1000
TEMPERATURES = (1.0,)

Measure = Callable[[Grid], harmony.Share]


def samples(composer: Composer, count: int, bars: int, **wishes) -> list[Grid]:
    """Pieces in 4/4 of which nothing is held, as many in each of the 24 keys as can be, those of a key at once."""
    keys = [Key.of_tonic(7 * number % 12, mode) for mode in ("major", "minor") for number in range(12)]
    grids = []
    for number, key in enumerate(keys[:count]):
        request = Request(bars=bars, key=key, metre=(4, 4), seed=number, **wishes)
        blank = composer.blank(request)
        often = count // len(keys) + (number < count % len(keys))
        grids += composer.complete_often(blank, masks.nothing(blank), request, often)
    return grids


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


def on_pitches(measure: Callable[[np.ndarray], harmony.Share]) -> Measure:
    return lambda grid: measure(harmony.sounding_pitches(grid))


def shares(prints: Fingerprints) -> dict[str, tuple[Measure, int, int]]:
    """What is counted in each piece: a share, the number it is told as a part of, and digits."""
    return {
        "triads, % of steps": (on_pitches(harmony.triads), 100, 1),
        "dissonant pairs of voices, %": (on_pitches(harmony.dissonant_pairs), 100, 1),
        "parallel fifths, of 1000 moving pairs": (on_pitches(lambda p: harmony.parallels(p, 7)), 1000, 1),
        "parallel octaves, of 1000 moving pairs": (on_pitches(lambda p: harmony.parallels(p, 0)), 1000, 1),
        "crossed voices, % of steps": (on_pitches(harmony.crossings), 100, 1),
        "cells that move, %": (on_pitches(moves), 100, 1),
        "notes in the key, %": (lambda grid: in_key(grid, harmony.sounding_pitches(grid)), 100, 1),
        "copied passages of one bar, %": (lambda grid: prints.copied_cells(grid, 1), 100, 2),
        "copied passages of two bars, %": (lambda grid: prints.copied_cells(grid, 2), 100, 2),
    }


def column(grids: Sequence[Grid], grader: Grader, prints: Fingerprints) -> dict[str, str]:
    """All rows for some pieces."""
    rows = {"pieces": str(len(grids))}
    for name, (measure, unit, digits) in shares(prints).items():
        rows[name] = share_with_interval([measure(grid) for grid in grids], unit, digits)
    grades = np.array([grader.grade(grid).total for grid in grids])
    rows["Bach or Mock grade, median (sd)"] = f"{np.median(grades):.2f} ({grades.std():.2f})"
    runs = [prints.longest_run(grid).notes for grid in grids]
    rows["longest copied run of a voice in notes, median / max"] = f"{np.median(runs):.0f} / {max(runs)}"
    return rows


def share_with_interval(found: Sequence[harmony.Share], unit: int, digits: int) -> str:
    """The share of all pieces together and its bootstrap interval over pieces."""
    counts = np.array(found, float)  # (pieces, 2)
    dice = np.random.default_rng(0)
    chosen = counts[dice.integers(len(counts), size=(RESAMPLINGS, len(counts)))].sum(axis=1)
    low, high = np.percentile(unit * chosen[:, 0] / np.maximum(chosen[:, 1], 1), (2.5, 97.5))
    total = sum(found, harmony.Share(0, 0))
    return f"{unit * total.value:.{digits}f} [{low:.{digits}f}, {high:.{digits}f}]"


def baseline_columns(train: Sequence[Grid], count: int, bars: int, seconds: float) -> dict[str, list[Grid]]:
    """What the baselines generate."""
    from baselines import lstm, marginals, markov

    return {
        "Markov chain of steps": markov.generate(train, count, bars, seed=0),
        "Markov chain of beats": markov.generate(train, count, bars, seed=0, unit="beat"),
        "marginals": marginals.generate(train, count, bars, seed=0),
        f"LSTM, {seconds:g} s": lstm.generate(train, count, bars, seed=0, seconds=seconds),
    }


def markdown(columns: dict[str, dict[str, str]]) -> str:
    """A table with a column for each set of pieces."""
    names = next(iter(columns.values()))
    rows = [
        ["", *columns],
        ["---"] * (len(columns) + 1),
        *([name, *(c[name] for c in columns.values())] for name in names),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="*", default=["chorale"], help="models that came along, or model folders")
    parser.add_argument("--corpus", required=True, help="the prepared corpus that the models were trained on")
    parser.add_argument("--split", default="valid", help="of the corpus, to compare with")
    parser.add_argument("--count", type=int, default=256)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--temperatures", type=float, nargs="*", default=TEMPERATURES)
    parser.add_argument("--iterations", type=int, default=256, help="of the sampler")
    parser.add_argument("--parallels", action="store_true", help="also without the rule against parallels")
    parser.add_argument("--baselines", action="store_true", help="also train and sample the baselines")
    parser.add_argument("--lstm-seconds", type=float, default=600)
    parser.add_argument("--features", action="store_true", help="also the overlap with the corpus in single features")
    options = parser.parse_args()

    corpus = Corpus.load(options.corpus)
    train = [piece.grid for piece in corpus.in_split("train")]
    held_out = [piece.grid for piece in corpus.in_split(options.split)]
    cut = passages(held_out, options.bars)
    sets = {f"Bach, {options.split}": held_out, f"Bach, {options.split}, passages": cut}
    for model in options.models:
        composer = Composer.load(model)
        for heat in options.temperatures:
            print(f"sampling {model} at temperature {heat:g}", file=sys.stderr)
            wishes = {"temperature": heat, "iterations": options.iterations}
            name = model if heat == 1 else f"{model}, T={heat:g}"
            sets[name] = samples(composer, options.count, options.bars, **wishes)
            if options.parallels:
                sets[f"{name}, parallels allowed"] = samples(
                    composer, options.count, options.bars, parallels=True, **wishes
                )
    if options.baselines:
        print("sampling the baselines", file=sys.stderr)
        sets |= baseline_columns(train, options.count, options.bars, options.lstm_seconds)

    grader, prints = Grader.of(train), Fingerprints.of(train)
    print(markdown({name: column(grids, grader, prints) for name, grids in sets.items()}))
    if options.features:
        reference = passages(train, options.bars)
        table: dict[str, dict[str, str]] = {}
        for name, grids in list(sets.items())[1:]:
            found = compare(grids, reference)
            table[name] = {feature: f"{each.inter_oa:.2f} / {each.intra_oa:.2f}" for feature, each in found.items()}
        print("\nOverlapping area of single features with the training passages (between the sets / within the set):\n")
        print(markdown(table))


if __name__ == "__main__":
    main()
