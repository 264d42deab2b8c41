"""What pieces share with a corpus: its own, held-out ones, and copies in disguise.

    python benchmarks/originality_rates.py corpora/bach --every 4

The corpus' training split is the index, and its own pieces against one another are the baseline. Then the pieces of the
splits valid and test are examined, and copies of every few training pieces: as they are, transposed, and in half and in
double note values. Pieces of fewer than eight notes are not judged, and not counted here. A second table tells how many
held-out and training pieces are above the line of the quick look that every composition gets, and how long that takes.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from credo.corpora.corpus import Corpus
from credo.evaluation.originality.baseline import LEAST_NOTES, judge, line_of, measure_baseline, rates, repeats
from credo.evaluation.originality.examine import examine
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import Music
from credo.evaluation.originality.reading import pieces_of
from credo.evaluation.originality.sieve import Sieve


def disguised(music: Music, semitones: int, times: Fraction) -> Music:
    """A piece in another key, unless it is drums, and in other note values."""
    onset, end = (each * times.numerator // times.denominator for each in (music.onset, music.end))
    pitch = music.pitch + semitones * ~music.drums
    return replace(music, onset=onset, end=end, pitch=pitch, bars=music.bars * times.numerator // times.denominator)


def flagged(pieces: Iterable[Music], index: Index) -> str:
    """How many pieces of how many share more than is usual."""
    judged = [judge(examine(music, index), index.own).flagged for music in pieces if len(music.onset) >= LEAST_NOTES]
    return f"{sum(judged)} of {len(judged)}"


def quick_look(corpus: Corpus) -> str:
    """A row of the second table."""
    splits = {name: [piece.grid for piece in corpus.in_split(name)] for name in ("train", "valid", "test")}
    sieve = Sieve.of([Music.of(grid) for grid in splits["train"]])
    cells = []
    for grids in (splits["valid"] + splits["test"], splits["train"]):
        began, judged = time.process_time(), []
        for grid in grids:
            music = Music.of(grid)
            if len(music.onset) >= LEAST_NOTES:
                judged.append(sieve.is_above(sieve.overlap(music), len(music.bars)))
        each = (time.process_time() - began) / max(len(grids), 1)
        cells.append(f"{sum(judged)} of {len(judged)} | {1000 * each:.1f}")
    return f"| {corpus.card.name} | {' | '.join(cells)} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpora", type=Path, nargs="+", help="that `credo corpus` prepared")
    parser.add_argument("--every", type=int, default=4, help="a copy of each so many training pieces")
    options = parser.parse_args()
    ways = {
        "as it is": (0, Fraction(1)),
        "transposed": (3, Fraction(1)),
        "half values": (0, Fraction(1, 2)),
        "double values": (0, Fraction(2)),
    }
    print(
        "| corpus | own that repeat another | mean run | mean passage | lines | held out, flagged | copies, flagged |"
    )
    print("|---|---|---|---|---|---|---|")
    for folder in options.corpora:
        corpus = Corpus.load(folder)
        train = list(pieces_of(corpus, "train"))
        index = Index.of(train)
        own = measure_baseline(index)
        mean = {name: f"{of.mean:.1f} [{of.low:.1f}, {of.high:.1f}]" for name, of in rates(own).items()}
        held_out = [music for split in ("valid", "test") for _, music in pieces_of(corpus, split)]
        chosen = [music for _, music in train[:: options.every]]
        copies = (f"{name} {flagged((disguised(m, *way) for m in chosen), index)}" for name, way in ways.items())
        print(
            f"| {len(train)} of {corpus.card.name} | {repeats(own)} of {own['pieces']} | {mean['run']} | "
            f"{mean['passage']} | {line_of(own, 'run'):.0f} and {line_of(own, 'passage'):.0f} notes | "
            f"{flagged(held_out, index)} | {', '.join(copies)} |",
            flush=True,
        )
    print("\n| corpus | held out, above the line | ms a piece | training pieces | ms a piece |\n|---|---|---|---|---|")
    for folder in options.corpora:
        print(quick_look(Corpus.load(folder)))


if __name__ == "__main__":
    main()
