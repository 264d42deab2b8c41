"""How long `credo originality` takes against a large corpus.

    python benchmarks/originality_speed.py corpora/lieder corpora/quartets [--bars 100000] [--pieces 20]

The index is made of prepared corpora, all splits but valid, until it has so many bars. Where they have fewer, pieces
come again, changed: in another order of bars and a semitone higher for each time, so that their passages are found in
several places. Pieces of the split valid are then examined; for long ones, passages of 32 bars. Times are those of one
process, without what other programs take.
"""

from __future__ import annotations

import argparse
import resource
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from credo.corpora.corpus import Corpus
from credo.evaluation.originality.baseline import judge, measure_baseline, passage_of
from credo.evaluation.originality.examine import examine
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import Music


def pieces(corpora: list[Corpus], most_bars: int) -> Iterator[tuple[str, Music]]:
    bars, again = 0, 0
    while bars < most_bars:
        for corpus in corpora:
            for piece in corpus.pieces:
                if piece.split == "valid":
                    continue
                music = Music.of(piece.grid)
                bars += len(music.bars)
                yield f"{piece.name} {again}", shuffled(music, again) if again else music
                if bars >= most_bars:
                    return
        again += 1


def shuffled(music: Music, again: int) -> Music:
    """The piece with its bars of equal length in another order, higher."""
    dice = np.random.default_rng(again)
    start, length = music.bars[:, 0], np.diff(music.bars[:, :2], axis=1)[:, 0]
    shift = np.zeros(len(start), np.int64)
    for size in np.unique(length):
        own = np.flatnonzero(length == size)
        shift[own] = start[dice.permutation(own)] - start[own]
    moved = shift[np.clip(np.searchsorted(start, music.onset, "right") - 1, 0, None)]
    onset, end = music.onset + moved, music.end + moved
    order = np.lexsort((music.pitch, onset))
    pitch = np.where(music.drums, music.pitch, np.minimum(music.pitch + again, 127))
    columns = (onset, end, pitch, music.part, music.drums)
    return replace(
        music, **dict(zip(("onset", "end", "pitch", "part", "drums"), (c[order] for c in columns), strict=True))
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("corpora", nargs="+")
    parser.add_argument("--bars", type=int, default=100_000)
    parser.add_argument("--pieces", type=int, default=20)
    options = parser.parse_args()
    corpora = [Corpus.load(each) for each in options.corpora]
    real = sum(len(list(p.grid.timeline.bars())) for c in corpora for p in c.pieces if p.split != "valid")
    began = time.process_time()
    index = Index.of(pieces(corpora, options.bars))
    made = time.process_time() - began
    began = time.process_time()
    measure_baseline(index, most=50)
    own = (time.process_time() - began) / 50
    with tempfile.TemporaryDirectory() as folder:
        path = index.save(Path(folder) / "index.npz")
        size = path.stat().st_size / 1e6
        began = time.process_time()
        index = Index.load(path)
        loaded = time.process_time() - began
    dice = np.random.default_rng(0)
    held = [p for c in corpora for p in c.in_split("valid")]
    chosen = [held[k] for k in dice.choice(len(held), min(options.pieces, len(held)), replace=False)]
    times, notes, flagged = [], [], 0
    for piece in chosen:
        music = passage_of(Music.of(piece.grid), 32, dice)
        began = time.process_time()
        found = examine(music, index)
        flagged += judge(found, index.own).flagged
        times.append(time.process_time() - began)
        notes.append(len(music))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"index: {len(index)} pieces, {index.bar_count} bars ({min(real, index.bar_count)} of them as they are), ")
    print(f"  {len(index.notes)} notes; made in {made:.0f} s, {size:.1f} MB on disk, read in {loaded:.1f} s")
    print(f"own piece against the rest: {own:.2f} s")
    print(
        f"piece of {np.median(notes):.0f} notes (median): {np.median(times):.2f} s, at most {max(times):.2f} s "
        f"({len(times)} pieces, {flagged} flagged); memory at most {peak:.1f} GB"
    )


if __name__ == "__main__":
    main()
