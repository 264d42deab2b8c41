"""What music has in common: the means that the library's features are told beside.

    python benchmarks/library_typical.py CORPUS...     # writes src/credo/library/typical.npy

Each CORPUS is prepared by `credo corpus`; its pieces for training count. The corpora count alike, and an aspect only
where they have it: drums say nothing of harmony. The shipped file is of O'Neill's tunes (1850, from music21), songs of
OpenScore Lieder that the figures of docs/library.md leave out, and the Groove MIDI Dataset. Pieces of a library have to
be added anew after a change (raise `VERSION` in features.py).
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import credo
from credo.conditioning.measure import measure
from credo.corpora.corpus import Corpus
from credo.library.features import ASPECTS, Notes, plain
from credo.music.grid import decode

OUT = Path(credo.__file__).parent / "library" / "typical.npy"


def main(folders: list[str]) -> None:
    if not folders:
        sys.exit(__doc__)
    means: dict[str, list[np.ndarray]] = {name: [] for name in ASPECTS}
    for folder in folders:
        rows = []
        for piece in Corpus.load(folder).in_split("train"):
            score = decode(piece.grid)
            key = measure(score).key
            rows.append(plain(Notes.of(score, key.tonic if key else 0)))
        for name, found in means.items():
            there = [row[name] for row in rows if row[name].any()]
            if there:
                found.append(np.mean(there, axis=0))
    typical = np.concatenate([np.mean(found, axis=0) for found in means.values()])
    np.save(OUT, typical.astype(np.float16))
    print(f"{OUT}: {len(typical)} numbers of {len(folders)} corpora")


if __name__ == "__main__":
    main(sys.argv[1:])
