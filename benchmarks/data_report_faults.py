"""Which planted faults `credo data-report` recognises.

    python benchmarks/data_report_faults.py --files songs/ chorales/ --most 150

Pieces are made into near duplicates of themselves, and their metres and bar lines are written wrongly; what the limits
of the report say of each is counted. All pairs of different pieces are compared too: none should pass for a near
duplicate.
"""

from __future__ import annotations

import argparse
import math
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import combinations
from pathlib import Path

import numpy as np
from rich.progress import track

from credo.corpora.reading.files import find_files
from credo.errors import CredoError
from credo.evaluation.data import timing
from credo.evaluation.data.checks import CHECKS, LEAST_SHARE
from credo.evaluation.data.likeness import Sketch
from credo.evaluation.metrics.columns import Beats, Columns
from credo.io.files import SUFFIXES, load
from credo.music.score import Metre, Note, Score

#: Turns of melody below which a piece is too short to be told from others.
LEAST_TURNS = 30
_TICK = Fraction(1, 480)


def changed(share: float, dice: np.random.Generator) -> Callable[[Score], Score]:
    """Pitches of some notes moved by one or two semitones."""

    def note(each: Note) -> Note:
        shift = int(dice.choice([-2, -1, 1, 2])) if dice.random() < share else 0
        return replace(each, pitch=min(max(each.pitch + shift, 0), 127))

    return lambda score: _notes(score, note)


def performed(dice: np.random.Generator) -> Callable[[Score], Score]:
    """Onsets moved at random, with a deviation of a fortieth of a quarter."""
    return lambda score: _notes(
        score, lambda each: replace(each, onset=max(each.onset + round(dice.normal(0, 12)) * _TICK, Fraction(0)))
    )


def slower(score: Score) -> Score:
    """All values twice as long."""
    return _notes(score, lambda each: replace(each, onset=2 * each.onset, duration=2 * each.duration))


def beginning(share: Fraction) -> Callable[[Score], Score]:
    """Only what begins in the first part of a piece."""

    def cut(score: Score) -> Score:
        end = score.timeline.length * share
        parts = (replace(part, notes=tuple(n for n in part.notes if n.onset < end)) for part in score.parts)
        return Score(tuple(parts))

    return cut


def without_a_part(score: Score) -> Score | None:
    """All but the last part; None of a piece with one."""
    return Score(score.parts[:-1]) if len(score.parts) > 1 else None


def wrong_metre(score: Score, metre: Metre) -> Score:
    """Four quarters a bar for three, and three for two or four."""
    wrong = Metre(Fraction(0), 4 if metre.numerator == 3 else 3, 4)
    return replace(score, timeline=replace(score.timeline, pickup=Fraction(0), metres=(wrong,)))


def late_bars(score: Score, metre: Metre) -> Score:
    """Bar lines a beat later."""
    pickup = (score.timeline.pickup + metre.beat) % metre.bar
    return replace(score, timeline=replace(score.timeline, pickup=pickup))


def _notes(score: Score, function: Callable[[Note], Note]) -> Score:
    parts = (replace(part, notes=tuple(sorted(map(function, part.notes)))) for part in score.parts)
    return Score(tuple(parts))


def near_duplicates(pieces: list[Score], seed: int) -> list[str]:
    """A row for each way to make one of a piece."""
    dice = np.random.default_rng(seed)
    ways: dict[str, Callable[[Score], Score | None]] = {
        "transposed": lambda score: score.transpose(1),
        "in values twice as long": slower,
        "its first half": beginning(Fraction(1, 2)),
        "its first quarter": beginning(Fraction(1, 4)),
        "without its last part": without_a_part,
        **{f"{share:.0%} of the pitches changed": changed(share, dice) for share in (0.02, 0.05, 0.1)},
        "performed, a deviation of a fortieth of a quarter": performed(dice),
    }
    rows = []
    for name, way in ways.items():
        shared = []
        for piece in pieces:
            sketch, other = Sketch.of(Columns.of(piece)), way(piece)
            if sketch.turns >= LEAST_TURNS and other is not None and any(part.notes for part in other.parts):
                shared.append(sketch.shared(Sketch.of(Columns.of(other))))
        rows.append(f"| {name} | {sum(share >= LEAST_SHARE for share in shared)} of {len(shared)} |")
    return rows


def metres(pieces: list[Score]) -> list[str]:
    """Rows for metres and bar lines that are written wrongly."""
    limits = {check.name: check for check in CHECKS}
    found: dict[str, list[bool]] = {}
    for score in pieces:
        metre, notes = timing.main_metre(score), Columns.of(score)
        right = timing.bars(score, notes, Beats.of(score))
        if metre.denominator == 4 and metre.numerator in (2, 3, 4) and not math.isnan(right["other_metre"]):
            wrong = wrong_metre(score, metre)
            name = "3/4 written as 4/4" if metre.numerator == 3 else "2/4 or 4/4 written as 3/4"
            figure = timing.bars(wrong, notes, Beats.of(wrong))["other_metre"]
            found.setdefault(name, []).append(limits["other_metre"].accuses(figure))
        if not math.isnan(right["weak_downbeat"]):
            late = late_bars(score, metre)
            figure = timing.bars(late, notes, Beats.of(late))["weak_downbeat"]
            found.setdefault("bar lines a beat late", []).append(limits["weak_downbeat"].accuses(figure))
    return [f"| {name} | {sum(caught)} of {len(caught)} |" for name, caught in found.items()]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=Path, nargs="+", required=True, help="folders of music")
    parser.add_argument("--most", type=int, default=150, help="files, drawn at random")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    files = find_files(options.files, SUFFIXES).files
    order = np.random.default_rng(options.seed).permutation(len(files))[: options.most]
    pieces = []
    for number in track(sorted(order), "reading"):
        try:
            pieces.append(load(files[number].path))
        except CredoError as error:
            print(error)
    print(f"{len(pieces)} pieces\n\n| planted | recognised |\n|---|---|")
    print("\n".join((*near_duplicates(pieces[::3], options.seed), *metres(pieces))))
    sketches = [Sketch.of(Columns.of(piece)) for piece in pieces]
    shared = np.array([one.shared(other) for one, other in combinations(sketches, 2)])
    print(
        f"\n{len(shared)} pairs of different files: {(shared >= LEAST_SHARE).sum()} pass for near duplicates; the most "
        f"that a pair shares is {shared.max():.0%}"
    )


if __name__ == "__main__":
    main()
