"""How many iterations of annealed sampling are enough: what more of them bring, and what they cost.

Told for each number are the energies of what is drawn (`Composer.energy`, nats a beat; lower is more conventional), as
mean and standard error, and the seconds a piece, compiled. `--cues` draws the cores of cues with all their joints, one
at a time, and counts the seconds of a core; otherwise whole pieces of `--bars` bars are drawn, all at once.

    python benchmarks/sampling_iterations.py --count 48
    python benchmarks/sampling_iterations.py --count 24 --cues
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from credo.compose import masks
from credo.compose.cue.core import sample
from credo.compose.cue.outline import outline
from credo.compose.cue.sheets.brief import Brief
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.music.grid import Grid


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--iterations", type=int, nargs="+", default=(32, 64, 96, 128, 256, 512))
    parser.add_argument("--count", type=int, default=48)
    parser.add_argument("--bars", type=int, default=8)
    parser.add_argument("--cues", action="store_true")
    options = parser.parse_args()
    composer = Composer.load(options.model)
    drawn = cues if options.cues else pieces
    for iterations in options.iterations:
        draw = drawn(composer, options, iterations)
        draw()  # compiles
        began = time.perf_counter()
        grids = draw()
        seconds = (time.perf_counter() - began) / len(grids)
        energies = np.array([composer.energy(grid) for grid in grids])
        print(
            f"{iterations:4d} iterations: {energies.mean():8.3f} +- {energies.std() / len(grids) ** 0.5:.3f} nats a "
            f"beat (single ones {energies.std():.3f}), {seconds:.2f} s each",
            flush=True,
        )


def pieces(composer: Composer, options: argparse.Namespace, iterations: int) -> Callable[[], list[Grid]]:
    """Draws whole pieces, all in one key."""
    blank = composer.blank(Request(bars=options.bars, seed=1))
    request = Request(bars=options.bars, seed=1, iterations=iterations)
    return lambda: composer.complete_often(blank, masks.nothing(blank), request, options.count)


def cues(composer: Composer, options: argparse.Namespace, iterations: int) -> Callable[[], list[Grid]]:
    """Draws cores of cues of 30 s with a hit, a loop and two cut-downs."""
    kept: list[Grid] = []

    class Keeping(Composer):
        def complete(self, *given: object, **more: object) -> Grid:
            kept.append(super().complete(*given, **more))  # type: ignore[arg-type]
            return kept[-1]

    keeping = Keeping(composer.dbn, composer.card)
    keeping.rewriter = composer.rewriter  # compiled once
    brief = {"name": "cue", "seconds": 30, "hits": [{"seconds": 12.5}], "versions": ["15", "6", "loop"], "tempo": 120}
    plans = [outline(Brief.from_dict({**brief, "seed": seed})) for seed in range(options.count)]

    def draw() -> list[Grid]:
        kept.clear()
        for plan in plans:
            sample(keeping, plan.layout, replace(plan.request, iterations=iterations), keys=plan.keys)
        return list(kept)

    return draw


if __name__ == "__main__":
    main()
