"""Can the judge be trusted? Music whose quality is known, before `credo evaluate` and the grade of chorales.

    python benchmarks/judge_truths.py --corpus corpora/bach --model chorale --count 64

The corpus' training split is the reference. Before it stand its held-out pieces, pieces that a model wrote, and
chorales of the held-out split made worse by known amounts: the pitch of every tenth, fourth and second note is moved by
one or two semitones. Each column should order them: real music, the small and the large damage, random notes. The model
says how likely each set is.

The second table repeats the experiment of "Bach or Mock" (Fang et al. 2020): whole held-out chorales, graded without
themselves, beside the model's pieces of the same lengths. "Told apart" is the share of all pairs of a real and another
piece in which the real one has the better grade. Beside it stands the area under the curve of the classifier, which
learns from the whole pieces of the training split what is real. The paper's median of Bach is 4.91.

The third mixes: of the held-out chorales, a share is replaced by itself with every second note moved. If a classifier
tells the spoilt from the real and has nothing to tell real from real by, its area is on the line between those of none
and of all. That of the grade, which learns nothing from the mixture, is there but for the choice of the pieces.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

import numpy as np
from rich.progress import Progress

from credo.compose.generate import Composer
from credo.compose.likelihood import Likelihood
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.evaluation.comparison import report
from credo.evaluation.comparison.differences import auc, realness
from credo.evaluation.comparison.judge import Under, judge
from credo.evaluation.comparison.pieces import Figures, Music, figures_of
from credo.evaluation.grade import Grader
from credo.music.grid import decode
from credo.music.score import Score

DAMAGE = (0.1, 0.25, 0.5)
MIXTURES = (0.0, 0.25, 0.5, 0.75, 1.0)
PAPER = 4.91


def damaged(score: Score, share: float, dice: np.random.Generator) -> Score:
    """A piece with the pitch of some of its notes moved by one or two semitones."""

    def moved(note):
        if dice.random() >= share:
            return note
        return replace(note, pitch=note.pitch + int(dice.choice([-2, -1, 1, 2])))

    parts = tuple(replace(part, notes=tuple(sorted(map(moved, part.notes)))) for part in score.parts)
    return replace(score, parts=parts)


def figures(scores: list[Score], bars: int = 0) -> Figures:
    return figures_of([(f"{number:03}", score) for number, score in enumerate(scores)], bars)


def preferred(own: list[float], grades: list[float]) -> float:
    """The share of pairs in which one of our own has the better grade, which is the lower one."""
    return auc(np.array([*grades, *own]), np.repeat([1, 0], [len(grades), len(own)]))


def mixtures(real: list[Score], spoilt: list[Score], reference: Figures, grader: Grader, bars: int, seed: int) -> None:
    """The third table."""
    order = np.random.default_rng(seed).permutation(len(real))
    own = [grader.without(score).grade(score).total for score in real]
    worse = [grader.grade(score).total for score in spoilt]
    rows = []
    for share in MIXTURES:
        chosen = set(order[: round(share * len(real))].tolist())
        mixed = [spoilt[n] if n in chosen else real[n] for n in range(len(real))]
        graded = [worse[n] if n in chosen else own[n] for n in range(len(real))]
        rows.append((share, realness(figures(mixed, bars), reference, seed), preferred(own, graded)))
    print("\n| spoilt pieces | told from real | on the line | by the grade | on the line |\n|---|---|---|---|---|")
    for share, told, grade in rows:
        ends = (rows[0][1].value, rows[-1][1].value), (rows[0][2], rows[-1][2])
        lines = [(1 - share) * none + share * every for none, every in ends]
        interval = f"{told.value:.2f} [{told.low:.2f}, {told.high:.2f}]"
        print(f"| {share:.0%} | {interval} | {lines[0]:.2f} | {grade:.2f} | {lines[1]:.2f} |")


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
    reference = Music.open(options.corpus, "reference", "train")
    judgement = judge(
        [Music(name, scores=tuple((f"{n:03}", score) for n, score in enumerate(of))) for name, of in sets.items()],
        reference,
        under=Under(options.model, Likelihood(composer, seed=options.seed)),
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
    print("| whole pieces | median grade | told apart by the grade | by the classifier |\n|---|---|---|---|")
    spoilt = {f"{share:.0%} of notes moved": sets[f"{share:.0%} of notes moved"] for share in DAMAGE}
    whole = reference.figures(0)
    for name, others in {options.model: long, **spoilt}.items():
        grades = [grader.grade(score).total for score in others]
        told = realness(figures(others), whole, options.seed)
        print(f"| {name} | {np.median(grades):.2f} | {preferred(own, grades):.2f} | {told.value:.2f} |")
    mixtures(real, sets["50% of notes moved"], reference.figures(options.bars), grader, options.bars, options.seed)


if __name__ == "__main__":
    main()
