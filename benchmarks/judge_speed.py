"""How long `credo evaluate` takes for many pieces, and how much memory.

    python benchmarks/judge_speed.py --corpus corpora/bach --count 10000

Half of the files are the generated set, half the reference: the corpus' pieces as MIDI files, transposed and again
transposed until there are enough. Writing them is not counted. Prints the wall time, and the most memory that the
command and any of its processes held.
"""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from credo.corpora.corpus import Corpus
from credo.errors import UsageError
from credo.io.files import save
from credo.music.grid import decode

SHIFTS = (0, *(sign * semitones for semitones in range(1, 16) for sign in (1, -1)))


def write(corpus: Corpus, folder: Path, count: int) -> int:
    """Write pieces into two folders by turns; gives how many bars they have."""
    scores, written, bars = [decode(piece.grid) for piece in corpus.pieces], 0, 0
    for shift in SHIFTS:
        for score in scores:
            if written == count:
                return bars
            try:
                moved = score.transpose(shift)
            except UsageError:
                continue
            save(moved, folder / ("mine", "theirs")[written % 2] / f"{written:05}.mid")
            bars += len(list(moved.timeline.bars()))
            written += 1
    sys.exit(f"the corpus is too small for {count} pieces: {written}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--corpus", type=Path, required=True)
    parser.add_argument("--count", type=int, default=10_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("mine", "theirs"):
            (folder / each).mkdir()
        bars = write(Corpus.load(options.corpus), folder, options.count)
        start = time.perf_counter()
        command = ["credo", "evaluate", "mine", "theirs", "--json", "found.json"]
        subprocess.run(command, cwd=folder, check=True)
        seconds = time.perf_counter() - start
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"\n{options.count} pieces of {bars} bars: {seconds:.0f} s, {used.ru_utime + used.ru_stime:.0f} s of processor "
        f"time, {used.ru_maxrss / 1024:.0f} MiB the largest process"
    )


if __name__ == "__main__":
    main()
