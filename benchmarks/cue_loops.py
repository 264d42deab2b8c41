"""Loops as `credo cue` delivers them: does the last bar lead to the first, and does the sound join?

    python benchmarks/cue_loops.py --count 100 --out runs/loops

Loops of eight bars in random keys, metres, moods, tempos and ensembles. Each is read from its WAV and its OGG file and
played on from the last frame to the first; the jumps at the seam are those of `loop_seams.py`. Layers are summed and
compared with the mix. How likely the model finds the seam is told beside the other bar lines: the energy of the bars
around it (`Composer.energy`, nats a beat), joined as they are played, and at the other bar lines.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
from loop_seams import places, report

from credo.compose.cue.core import read, steady
from credo.compose.cue.outline import outline
from credo.compose.cue.pulse import sampled_metre
from credo.compose.cue.sheets.brief import Brief
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ENSEMBLES
from credo.music.score import Score
from credo.music.transform import fit as seat

METRES = ((4, 4), (3, 4), (6, 8), (5, 4), (7, 8), (12, 8))
BARS = 8


def random_brief(number: int) -> Brief:
    """A brief of a loop, drawn by its number."""
    dice = np.random.default_rng([number, 21])
    valence, arousal = (round(float(value), 2) for value in dice.uniform(-1, 1, 2))
    ensemble = list(ENSEMBLES)[dice.integers(len(ENSEMBLES))]
    metre = METRES[number % len(METRES)]
    tempo = round(float(dice.uniform(60, 160)), 1)
    return Brief.from_dict(
        {
            "name": f"loop {number}",
            "bars": BARS,
            "tempo": tempo,
            "metre": f"{metre[0]}/{metre[1]}",
            "ending": "loop",
            "attributes": Attributes(valence=valence, arousal=arousal, ensemble=ensemble).to_dict(),
            "seed": number,
        }
    )


@cache
def composer() -> Any:
    from credo.compose.generate import Composer

    return Composer.load("chorale")


def seam_energies(core: Score, layout: Any, metre: tuple[int, int]) -> tuple[float, list[float]]:
    """Nats a beat of two bars at the seam, and of two bars at each inner bar line; the core is in equal beats."""
    model = composer()

    def nats(first: int, second: int) -> float:
        pair = read(core, layout, [first, second], steady(2, metre, 100), None)
        return model.energy(seat(pair, model.texture).grid)

    return nats(layout.body, 1), [nats(bar, bar + 1) for bar in range(1, layout.body)]


def examine(brief: Brief, folder: Path) -> dict[str, Any]:
    """Make a loop and read its files."""
    from credo.compose.cue.making import make
    from credo.compose.cue.package import deliver

    plan = outline(brief)
    cue = make(plan, lambda name: composer())
    package = deliver(cue, folder, formats=("wav", "ogg"))
    loop = package.manifest["loop"]
    found: dict[str, Any] = {"samples": loop["samples"]}
    for coding in ("wav", "ogg"):
        sound, _ = soundfile.read(package.folder / loop["mix"][coding], always_2d=True)
        found[coding] = places(sound, cue.versions[0].score)
        found[f"{coding} frames"] = len(sound)
    whole = [soundfile.read(package.folder / row["wav"], dtype="int32")[0] >> 8 for row in loop["layers"]]
    mix = soundfile.read(package.folder / loop["mix"]["wav"], dtype="int32")[0] >> 8
    found["apart"] = int(np.abs(np.sum(whole, axis=0) - mix).max())
    if sampled_metre(brief.metre) == brief.metre:  # else the beats are not the model's
        found["energies"] = seam_energies(cue.core, plan.layout, brief.metre)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(options.count):
        path = options.out / f"{number:05}.json"
        if not path.exists():
            folder = Path(tempfile.mkdtemp())
            try:
                path.write_text(json.dumps(examine(random_brief(number), folder)) + "\n", "utf-8")
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            print(number, flush=True)
        rows.append(json.loads(path.read_text("utf-8")))
    for coding in ("wav", "ogg"):
        report(f"{coding}: {len(rows)} loops", [row[coding] for row in rows])
    lengths = [abs(row[f"{coding} frames"] - row["samples"]) for row in rows for coding in ("wav", "ogg")]
    print(
        f"\nframes: at most {max(lengths)} off; layers and mix: at most {max(row['apart'] for row in rows)} steps apart"
    )
    pairs = [row["energies"] for row in rows if "energies" in row]
    if pairs:
        ranks = [np.mean([seam > other for other in others]) for seam, others in pairs]
        print(
            f"nats a beat at the seam {np.mean([seam for seam, _ in pairs]):.2f}, at other bar lines "
            f"{np.mean([other for _, others in pairs for other in others]):.2f} ({len(pairs)} loops in metres of "
            f"quarters); the seam is less likely than {np.mean(ranks):.0%} of a loop's other bar lines"
        )


if __name__ == "__main__":
    main()
