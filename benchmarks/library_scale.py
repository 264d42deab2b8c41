"""How fast a library grows and answers: pieces a second, and milliseconds a query over 100 000 pieces.

    python benchmarks/library_scale.py FOLDER                 # files, to be added as they are
    python benchmarks/library_scale.py FOLDER --pieces 100000 # and a library filled up to so many

The pieces that fill it up are copies of those of FOLDER, their vectors moved a little at random, under contents of
their own: what is measured is the search, not the reading.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from credo.library.adding import add
from credo.library.entry import split
from credo.library.places import open_library
from credo.library.search import search
from credo.library.similar import similar
from credo.library.store import Seen, Store
from credo.library.vectors import Vectors

WORDS = ("calm minor 3/4", "tempo<100 density>1", "reel", "G major", "excited 6/8", "slow dorian")


def fill(store: Store, count: int, dice: np.random.Generator) -> None:
    originals = [entry for brief in store.briefs()[:1000] if (entry := store.entry(brief.number))]
    number = len(store)
    while number < count:
        seen, entries = [], []
        for _ in range(min(2000, count - number)):
            old = originals[number % len(originals)]
            sha = hashlib.sha256(str(number).encode()).hexdigest()
            moved = split((old.vector + dice.normal(0, 0.02, len(old.vector))).astype(np.float32))
            entries.append(replace(old, sha256=sha, title=f"{old.title} {number}", features=moved))
            seen.append(Seen(f"/copies/{number}", 1, 1, sha))
            number += 1
        store.add(seen, entries)


def timed(what: str, calls: list[Callable[[], object]]) -> None:
    times = []
    for call in calls:
        start, busy = time.perf_counter(), time.process_time()
        call()
        times.append((time.perf_counter() - start, time.process_time() - busy))
    (p50, _), (p95, cpu) = np.percentile(np.array(times) * 1000, [50, 95], axis=0)
    print(f"{what}: p50 {p50:.1f} ms, p95 {p95:.1f} ms, p95 of processor time {cpu:.1f} ms, of {len(calls)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--pieces", type=int, default=0)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--kind", choices=("sqlite", "lance"), default="sqlite")
    options = parser.parse_args()
    dice = np.random.default_rng(1)
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, f"library.{options.kind}")
        store = open_library(place, new=True)
        done = add(store, [options.folder], workers=options.workers)
        spent = os.times()
        busy = spent.user + spent.system + spent.children_user + spent.children_system
        print(
            f"added {done.read} pieces in {done.seconds:.1f} s: {done.read / done.seconds:.0f} a second; "
            f"{1000 * busy / max(done.read, 1):.1f} ms of processor time a piece"
        )
        done = add(store, [options.folder], workers=options.workers)
        print(f"again, {done.known} unchanged: {done.seconds:.2f} s")
        if options.pieces:
            fill(store, options.pieces, dice)
            numbers = store.vectors()[0]
            store.put_codes("none", numbers.tolist(), dice.normal(size=(len(numbers), 64)))
        size = sum(path.stat().st_size for path in Path(folder).rglob("*") if path.is_file())
        print(f"{len(store)} pieces, {size / 1e6:.0f} MB")
        start = time.perf_counter()
        vectors = Vectors(store)
        vectors.refresh()
        print(f"vectors read in {time.perf_counter() - start:.2f} s")
        entries = [store.entry(int(number)) for number in dice.choice(store.vectors()[0], options.queries)]
        for by in ("whole", "melody"):
            timed(
                f"similar by {by}", [partial(similar, store, each, by=by, vectors=vectors) for each in entries if each]
            )
        timed("search", [partial(search, store, WORDS[k % len(WORDS)]) for k in range(options.queries)])
        store.close()


if __name__ == "__main__":
    main()
