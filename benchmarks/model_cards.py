"""The cards of the models that come along: what they learnt from, how well, and three samples each.

    python benchmarks/model_cards.py --corpora chorale=corpora/bach drums=corpora/groove --out docs/models

The three samples have the seeds 1, 2 and 3; none was chosen. The table compares samples of eight bars (or `--bars`) to
passages of as many bars of held-out pieces, in mgeval's features (Yang & Lerch 2020): the overlapping areas of the
distances between the sets, and of those within the samples, with the distances within the held-out set; and beside them
those of training passages, which is as near as real music comes.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from credo.compose.deliver import deliver
from credo.compose.describe import describe_card
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.corpora.corpus import Corpus
from credo.evaluation.features import compare, passages
from credo.music.grid import Grid

BARS = 8


def table(composer: Composer, corpus: Corpus, split: str, count: int, bars: int = BARS) -> list[str]:
    """Overlapping areas of samples, and of training passages, with held-out passages."""
    dice = np.random.default_rng(0)

    def some(pieces: list[Grid]) -> list[Grid]:
        cut = passages(pieces, bars)
        return [cut[index] for index in sorted(dice.permutation(len(cut))[:count])]

    held_out, real = ([piece.grid for piece in corpus.in_split(name)] for name in (split, "train"))
    drawn = [composer.compose(Request(bars=bars, seed=seed)).grid for seed in range(count)]
    held_out, real = some(held_out), some(real)
    model, music = compare(drawn, held_out), compare(real, held_out)
    lines = [
        f"| overlapping area with {len(held_out)} {split} passages, between the sets / within the set "
        f"| {count} samples | {len(real)} training passages |",
        "|---|---|---|",
    ]
    for name in model:
        columns = (f"{each.inter_oa:.2f} / {each.intra_oa:.2f}" for each in (model[name], music[name]))
        lines.append(f"| {name} | {' | '.join(columns)} |")
    return lines


def card(name: str, corpus: Corpus, out: Path, split: str, count: int, bars: int) -> str:
    """The card of a model, and its samples on disk."""
    composer = Composer.load(name)
    data, scores = composer.card["data"], composer.card["scores"]
    samples = []
    for seed in (1, 2, 3):
        piece = composer.compose(Request(bars=bars, seed=seed))
        deliver(piece, out / name, formats=["midi", "roll"] if name == "drums" else ["midi", "score"], stem=f"{seed}")
        picture = "roll" if name == "drums" else "score"
        samples += [f"[Sample {seed}]({name}/{seed}.mid):", "", f"![sample {seed}]({name}/{seed}-{picture}.png)", ""]
    return "\n".join(
        [
            f"# {name}",
            "",
            "```",
            *describe_card(composer.card),
            "```",
            "",
            f"**Data.** {data['name']}: {data['origin']}. Licence: {data['licence'].rstrip('.')}. "
            f"Cite: {data['citation']}.",
            "",
            f"**Training.** `credo train CORPUS --recipe recipes/{name}.toml`. "
            + ", ".join(f"{key} {value:.3f}" for key, value in scores.items() if value is not None)
            + ".",
            "",
            *table(composer, corpus, split, count, bars),
            "",
            "## Three samples (seeds 1, 2 and 3)",
            "",
            *samples,
        ]
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpora", nargs="+", required=True, metavar="MODEL=CORPUS")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--split", default="valid")
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--bars", type=int, default=BARS)
    options = parser.parse_args()
    for pair in options.corpora:
        name, folder = pair.split("=", 1)
        text = card(name, Corpus.load(folder), options.out, options.split, options.count, options.bars)
        options.out.mkdir(parents=True, exist_ok=True)
        (options.out / f"{name}.md").write_text(text, "utf-8")
        print(options.out / f"{name}.md")


if __name__ == "__main__":
    main()
