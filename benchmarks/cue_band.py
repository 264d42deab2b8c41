"""Listen to the band by numbers: what is asked for and what comes out, over many cores, ensembles and wishes.

    for model in chorale quartet piano song; do
        credo compose --model $model --bars 12 --count 3 --seed 1 --formats midi --out cores
    done
    python benchmarks/cue_band.py cores

Each core is arranged for `--times` ensembles with wishes, energy curves, accents and endings drawn at random. A note is
harmonic if its pitch class is a tone of the chord that the core has at its onset, or sounds there in the core, or is of
the tonic chord of the ending. Parallel octaves are counted between lead and bass where both move.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import defaultdict
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

from scipy.stats import spearmanr

from credo.compose.cue.arranging.band import Band, arrange
from credo.compose.cue.arranging.compass import compass
from credo.compose.cue.arranging.harmony import Harmony, key_of, read_harmony, scale_of
from credo.compose.cue.arranging.hits import ENDINGS, NEAR, Accent
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ENSEMBLES
from credo.conditioning.measure import measure
from credo.io import load
from credo.music.score import Note, Part, Score

#: What may be asked for, from and to.
RANGES = {"density": (0.6, 4.0), "register": (50.0, 74.0), "polyphony": (2.5, 6.5), "articulation": (0.3, 1.0),
          "loudness": (40.0, 110.0)}  # fmt: skip
KINDS = ("accent", "change", "stop", "swell")


def harmonic_share(part: Part, core: Score, harmony: Harmony, tonic: set[int], final: Fraction) -> tuple[int, int]:
    """How many notes of a part are harmonic, or of the tonic chord at the end, and how many there are."""
    sounding = core.notes
    good = 0
    for note in part.notes:
        chords = [harmony.at(note.onset), harmony.at(note.onset + NEAR)]
        played = {n.pitch % 12 for n in sounding if n.onset < note.onset + NEAR and n.end > note.onset - NEAR}
        here = played.union(*(chord.tones for chord in chords), tonic if note.onset >= final - 1 else ())
        good += note.pitch % 12 in here
    return good, len(part.notes)


def parallel_octaves(lead: Part, bass: Part) -> tuple[int, int]:
    """Moves of lead and bass together from one octave to another, and all moves of both together."""
    count = total = 0
    above, below = ({note.onset: note for note in part.notes} for part in (lead, bass))
    both = sorted(set(above) & set(below))
    for one, two in pairwise(both):
        first, second = (above[one].pitch, below[one].pitch), (above[two].pitch, below[two].pitch)
        if first[0] != second[0] and first[1] != second[1]:
            total += 1
            count += (first[0] - first[1]) % 12 == 0 == (second[0] - second[1]) % 12
    return count, total


def on_the_grid(notes: list[Note], strokes: list[Fraction]) -> tuple[int, int]:
    """Notes that begin on a sixteenth or at a stroke, and all."""
    return sum((note.onset * 4).denominator == 1 or note.onset in strokes for note in notes), len(notes)


def wishes(draw: random.Random, name: str) -> Attributes:
    """A few attributes at random."""
    asked = {key: round(draw.uniform(*RANGES[key]), 2) for key in RANGES if draw.random() < 0.5}
    return Attributes(ensemble=name, **asked)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("cores", help="a folder of MIDI files")
    parser.add_argument("--times", type=int, default=12, help="arrangements of each core")
    options = parser.parse_args()
    cores = [load(path) for path in sorted(Path(options.cores).rglob("*.mid"))]
    draw, shares = random.Random(1), defaultdict(lambda: [0, 0])
    asked_got: dict[str, list[tuple[float, float]]] = defaultdict(list)
    gated, seconds, faults = [], [], defaultdict(int)

    def add(name: str, found: tuple[int, int]) -> None:
        shares[name][0] += found[0]
        shares[name][1] += found[1]

    for core in cores:
        harmony, length = read_harmony(core), core.timeline.length
        scale = scale_of(key_of(core), None) | {note.pitch % 12 for note in core.notes}
        for number in range(options.times):
            asked = wishes(draw, draw.choice(list(ENSEMBLES)))
            band = Band.of(asked)
            slope, level = draw.uniform(-0.8, 0.8), draw.random()
            strokes = [
                Accent(length * Fraction(draw.randrange(1, 97), 97), draw.choice(KINDS), draw.random())
                for _ in range(draw.randrange(4))
            ]
            ending = draw.choice(ENDINGS)
            began = time.perf_counter()
            made = arrange(
                core, band, attributes=asked, accents=strokes, ending=ending, seed=number,
                energy=lambda onset, s=slope, v=level, n=length: min(max(v + s * (float(onset / n) - 0.5), 0), 1),
            )  # fmt: skip
            seconds.append(time.perf_counter() - began)
            faults["other parts than the band's"] += [part.name for part in made.parts] != list(band.roles)
            faults["another timeline"] += made.timeline != core.timeline
            onsets = [stroke.onset for stroke in strokes]
            finals = [note.onset for part in made.parts for note in part.notes[-1:]]
            for part in made.parts:
                if part.is_drums:
                    continue
                low, high = compass(part.program)
                faults["notes beyond a compass"] += sum(not low <= note.pitch <= high for note in part.notes)
                faults["notes outside key and core"] += sum(note.pitch % 12 not in scale for note in part.notes)
                tonic = {(key_of(core).tonic + step) % 12 for step in (0, 3, 4, 7)}
                add(f"harmonic, {part.name}", harmonic_share(part, core, harmony, tonic, max(finals)))
                if part.name in ("pad", "arpeggio", "bass"):
                    add("on a sixteenth or a stroke", on_the_grid(list(part.notes), [*onsets, *finals]))
            last = max(finals, default=length)
            if ending != "loop":
                for stroke in onsets:
                    struck = any(note.onset == stroke for part in made.parts for note in part.notes)
                    faults["strokes not struck"] += stroke < last - 4 and not struck
            named = {part.name: part for part in made.parts}
            add("parallel octaves, lead and bass", parallel_octaves(named["lead"], named["bass"]))
            got = measure(made).named
            for key in RANGES:
                if key in asked.named and key in got:
                    asked_got[key].append((asked.named[key], got[key]))
            gated.append(sum(bool(part.notes) for part in made.parts) / len(made.parts))

    print(f"{len(cores)} cores, {len(seconds)} arrangements, {statistics.median(seconds):.2f} s each (median), "
          f"{max(seconds):.2f} s at most\n")  # fmt: skip
    print(f"{'':34}{'share':>8}{'of':>8}")
    for name, (count, total) in sorted(shares.items()):
        print(f"{name:34}{count / max(total, 1):8.3f}{total:8}")
    print(f"{'parts that play':34}{statistics.mean(gated):8.3f}{len(gated):8}\n")
    print(f"{'asked and measured':34}{'rank r':>8}{'median miss':>14}{'of':>8}")
    for name, pairs in asked_got.items():
        correlation = spearmanr(*zip(*pairs, strict=True)).statistic
        miss = statistics.median(abs(one - other) for one, other in pairs)
        print(f"{name:34}{correlation:8.3f}{miss:14.3f}{len(pairs):8}")
    print()
    for name, count in faults.items():
        print(f"{name:34}{count:8}")


if __name__ == "__main__":
    main()
