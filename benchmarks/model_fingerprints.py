"""The fingerprints of the models that come along, from the corpora that they were trained on.

    python benchmarks/model_fingerprints.py chorale=corpora/bach drums=corpora/groove [...]

Each corpus is prepared as its model's page in docs/models says, and has to give the checksum on the model's card.
`credo train` puts fingerprints into the folders of new models by itself.
"""

from __future__ import annotations

import hashlib
import sys
import time
from pathlib import Path

import numpy as np

from credo.compose.copying import write_fingerprints
from credo.compose.models import find_model, window_of
from credo.corpora.corpus import Corpus
from credo.corpora.windows import training_codes
from credo.errors import CorpusError, CredoError
from credo.evaluation.originality.sieve import BITS, Sieve
from credo.models.folder import read_card
from credo.training.recipe import Recipe


def check(folder: Path, corpus: Corpus) -> None:
    """Refuse a corpus that is not the one that a model was trained on.

    Raises:
        CorpusError: the checksum of its windows is another one.
    """
    card = read_card(folder)
    window, recipe = window_of(card), Recipe.from_dict(card["recipe"])
    rule = recipe.data
    codes = training_codes(
        corpus,
        window,
        "train",
        hop=rule.hop,
        style_of=lambda piece: piece.style,
        seed=recipe.seed,
        transpose=(-rule.spread, rule.spread) if window.room else rule.transpose,
        most_beats=rule.most_beats,
        hide_labels=rule.hide_labels,
    )
    checksum = hashlib.sha256(np.ascontiguousarray(codes.blocks).tobytes() + codes.starts.tobytes()).hexdigest()
    if checksum != card["data"]["sha256"]:
        raise CorpusError(f"{folder.name}: expected the data {card['data']['sha256'][:12]}, got {checksum[:12]}")


def main(arguments: list[str]) -> int:
    print(
        "| model | pieces | rows of seven notes | rows of four chords | foreign rows, chords that pass | kB | seconds |"
    )
    print("|---|---|---|---|---|---|---|")
    for name, _, source in (argument.partition("=") for argument in arguments):
        folder, corpus = find_model(name), Corpus.load(source)
        try:
            check(folder, corpus)
        except CredoError as error:
            print(f"{error}", file=sys.stderr)
            return 2
        began = time.process_time()
        path = write_fingerprints(corpus, folder)
        seconds = time.process_time() - began
        sieve = Sieve.load(path).to_dict()
        size = path.stat().st_size / 1000
        passing = ", ".join(f"{1 / 2**bits:.1%}" for bits in BITS.values())
        print(
            f"| {name} | {sieve['pieces']} | {sieve['rows']} | {sieve['chords']} | {passing} | {size:.0f} | "
            f"{seconds:.0f} |"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
