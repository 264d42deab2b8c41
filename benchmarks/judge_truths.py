"""Can the judge be trusted? Music whose quality is known, before `credo evaluate` and the grade of chorales.

    python benchmarks/judge_truths.py --corpus corpora/bach --model chorale --count 64

The corpus' training split is the reference. Before it stand its held-out pieces, pieces that a model wrote, and
chorales of the held-out split made worse by known amounts: the pitch of every tenth, fourth and second note is moved by
one or two semitones. Each column should order them: real music, the small and the large damage, random notes.

The second table repeats the experiment of "Bach or Mock" (Fang et al. 2020): whole held-out chorales, graded without
themselves, beside the model's pieces of the same lengths. "Told apart" is the share of all pairs of a real and another
piece in which the real one has the better grade; the paper's median of Bach is 4.91.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.evaluation.comparison import report
from credo.evaluation.comparison.differences import auc
from credo.evaluation.comparison.judge import judge
from credo.evaluation.comparison.pieces import Music
from credo.evaluation.grade import Grader
from credo.music.grid import decode
from credo.music.score import Score

DAMAGE = (0.1, 0.25, 0.5)
PAPER = 4.91


def damaged(score: Score, share: float, dice: np.random.Generator) -> Score:
    """A piece with the pitch of some of its notes moved by one or two semitones."""

    def moved(note):
        if dice.random() >= share:
            return note
        return replace(note, pitch=note.pitch + int(dice.choice([-2, -1, 1, 2])))

    parts = tuple(replace(part, notes=tuple(sorted(map(moved, part.notes)))) for part in score.parts)
    return replace(score, parts=parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True, help="chorales that `credo corpus` prepared")
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--count", type=int, default=64, help="pieces that the model writes")
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--split", default="valid", help="of the held-out pieces")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    dice = np.random.default_rng(options.seed)
    real = [decode(piece.grid) for piece in Corpus.load(options.corpus).in_split(options.split)]
    composer = Composer.load(options.model)
    with Progress() as bar:
        task = bar.add_task("composing", total=options.count + len(real))

        def written(bars: int, seed: int) -> Score:
            bar.advance(task)
            return composer.compose(Request(bars=bars, seed=seed)).score

        short = [written(options.bars, seed) for seed in range(options.count)]
        lengths = [len(list(score.timeline.bars())) for score in real]
        long = [written(bars, 1000 + seed) for seed, bars in enumerate(lengths)]
    sets = {"held out": real, options.model: short}
    sets |= {f"{share:.0%} of notes moved": [damaged(score, share, dice) for score in real] for share in DAMAGE}
    judgement = judge(
        [Music(name, scores=tuple((f"{n:03}", score) for n, score in enumerate(of))) for name, of in sets.items()],
        Music.open(options.corpus, "reference", "train"),
        bars=options.bars,
        seed=options.seed,
    )
    head = report.head(judgement)
    print("| " + " | ".join(head) + " |\n|" + "---|" * len(head))
    for row in report.rows(judgement):
        print("| " + " | ".join(row) + " |")
    grader = Grader.of(piece.grid for piece in Corpus.load(options.corpus).pieces)
    own = [grader.without(score).grade(score).total for score in real]
    print(f"\nBach, {len(own)} whole {options.split} chorales: median grade {np.median(own):.2f} (paper {PAPER})\n")
    print("| whole pieces | median grade | told apart by the grade |\n|---|---|---|")
    for name, others in (
        (options.model, long),
        *((f"{share:.0%} of notes moved", sets[f"{share:.0%} of notes moved"]) for share in DAMAGE),
    ):
        grades = [grader.grade(score).total for score in others]
        label = np.repeat([1, 0], [len(grades), len(own)])
        print(f"| {name} | {np.median(grades):.2f} | {auc(np.array([*grades, *own]), label):.2f} |")


if __name__ == "__main__":
    main()
