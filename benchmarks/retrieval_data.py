"""What benchmarks/retrieval.py is trained on: music that is neither in its gallery nor among its queries.

    python benchmarks/retrieval_data.py OUT corpora/lieder

writes to OUT: `oneill`, the tunes of O'Neill's (1850) that music21 carries, a file each; `songs`, a corpus of one
half of the Lieder, songs of one opus together; and the recipes `tunes.toml` and `songs.toml`. docs/library.md goes on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import re
import sys
from dataclasses import replace
from pathlib import Path

from credo.corpora.corpus import Corpus

TUNES = """name = "tunes"
seed = 1
[model]
hidden = [384, 256]
spans = [3, 5]
half = true
[pretraining]
steps = 400
[finetuning]
steps = 3000
"""
SONGS = """name = "songs"
seed = 1
temperature = 0.97
[model]
hidden = [512, 512]
spans = [3, 5]
half = true
[data]
most_beats = 400_000
[pretraining]
steps = 400
[finetuning]
steps = 1500
"""


def half(name: str) -> str:
    """The split of a song in the half that is trained on; `unused` for the other half."""
    folders = name.split("/")
    opus = "/".join(folders[:3]) if folders[2] != "_" else name
    drawn = int(hashlib.sha256(opus.encode()).hexdigest(), 16) % 20
    return "train" if drawn < 9 else "valid" if drawn == 9 else "unused"


def main(out: Path, lieder: Path) -> None:
    spec = importlib.util.find_spec("music21")
    if spec is None or spec.origin is None:
        sys.exit('music21 carries the tunes: pip install "credo-music[bach]"')
    (out / "oneill").mkdir(parents=True, exist_ok=True)
    count = 0
    for book in sorted(Path(spec.origin).parent.glob("corpus/oneills1850/*.abc")):
        for tune in re.split(r"(?m)^(?=X:)", book.read_text("latin-1")):
            if tune.startswith("X:"):
                count += 1
                (out / "oneill" / f"{count:04d}.abc").write_text(tune.split("\n\n")[0].strip() + "\n", "latin-1")
    corpus = Corpus.load(lieder)
    pieces = [replace(piece, split=half(piece.name)) for piece in corpus.pieces if half(piece.name) != "unused"]
    Corpus(corpus.texture, tuple(pieces), corpus.card).save(out / "songs")
    (out / "tunes.toml").write_text(TUNES)
    (out / "songs.toml").write_text(SONGS)
    print(f"{count} tunes and {len(pieces)} songs in {out}")


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
