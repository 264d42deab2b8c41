"""Fit random briefs: how often one tempo does, where hits land, and how far from what was asked.

    python benchmarks/cue_fitting.py --briefs 2000

Briefs of 3 to 240 s, all metres and endings, 0 to 5 hits at any millisecond; a third has a fixed tempo, a third a range
of 1.1 to 1.5, a third leaves the tempo to a mood of 50 to 180. Times are computed anew from the bytes of the MIDI file.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections import Counter
from fractions import Fraction

from credo.compose.cue.sheets.brief import ENDINGS, Brief, Hit
from credo.compose.cue.timing.fitting import Fit, fit
from credo.io.midi import to_midi
from credo.music.score import Note, Part, Score

METRES = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (9, 8), (12, 8), (5, 8), (7, 8), (11, 8), (3, 2), (2, 2))


def random_brief(draw: random.Random) -> tuple[Brief, float | None]:
    """A brief, and what its mood wishes."""
    seconds = round(3 * 80 ** draw.random(), 3)
    hits = tuple(
        Hit(round(draw.uniform(0.2, seconds - 0.05), 3), draw.choice((0.5, 1, 2))) for _ in range(draw.randrange(6))
    )
    middle = round(draw.uniform(50, 180))
    kind = draw.randrange(3)
    tempo = [None, (middle, middle), (middle, round(middle * draw.uniform(1.1, 1.5)))][kind]
    return Brief("random", seconds, tempo, draw.choice(METRES), hits, ending=draw.choice(ENDINGS)), (
        None if tempo else float(middle)
    )


def midi_seconds(found: Fit) -> list[float]:
    """When the hits and the end come in the MIDI file of a fit, in seconds."""
    onsets = [landing.onset for landing in found.landings]
    notes = [Note(onset, 60, Fraction(1, 960)) for onset in onsets if onset < found.timeline.length]
    data = to_midi(Score((Part.of("hits", notes),), found.timeline))
    tpq, tempos = int.from_bytes(data[12:14], "big"), []
    position, tick, end = 22, 0, 22 + int.from_bytes(data[18:22], "big")
    while position < end:  # the first track has meta events only
        delta = 0
        while True:
            delta = delta << 7 | data[position] & 127
            position += 1
            if data[position - 1] < 128:
                break
        tick += delta
        kind, size = data[position + 1], data[position + 2]
        if kind == 0x51:
            tempos.append((tick, int.from_bytes(data[position + 3 : position + 6], "big")))
        position += 3 + size

    def seconds(at: int) -> float:
        ends = [*(onset for onset, _ in tempos[1:]), at]
        spans = ((min(stop, at) - start, length) for (start, length), stop in zip(tempos, ends, strict=True))
        return sum(max(span, 0) * length for span, length in spans) / tpq / 1e6

    return [seconds(round(onset * tpq)) for onset in onsets] + [seconds(tick)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--briefs", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    draw = random.Random(options.seed)
    places, between, walls = Counter(), Counter(), []
    length_off, hit_off, deviations, steady, steady_hits, with_hits, short = [], [], [], 0, 0, 0, 0
    for _ in range(options.briefs):
        brief, wish = random_brief(draw)
        asked = "a wish" if brief.tempo is None else "one tempo" if brief.tempo[0] == brief.tempo[1] else "a range"
        began = time.process_time()
        found = fit(brief, tempo=wish)
        walls.append(time.process_time() - began)
        steady += found.steady
        with_hits += bool(brief.hits)
        steady_hits += found.steady and bool(brief.hits)
        short += len(found.timeline.metres) > 1 or found.timeline.metres[0].bar != 4 * Fraction(*brief.metre)
        *hits, end = midi_seconds(found)
        length_off.append(1000 * abs(end - brief.seconds))
        for landing, heard in zip(found.landings, hits, strict=True):
            places[landing.place if landing.reached else "unreachable"] += 1
            between[asked, landing.place == "between" and landing.reached] += 1
            if landing.reached:
                hit_off.append(1000 * abs(heard - landing.hit.seconds))
        mean = 60 * float(found.timeline.length) / brief.seconds
        low, high = brief.tempo or (wish, wish)
        deviations.append(max(mean / high, low / mean, 1) - 1)
    count = options.briefs
    print(f"| briefs | {count} |\n|---|---|")
    print(f"| one tempo throughout | {steady / count:.1%} (of those with hits {steady_hits / with_hits:.1%}) |")
    for place in ("bar", "beat", "half", "step", "between", "unreachable"):
        print(f"| hits on {place} | {places[place] / places.total():.1%} |")
    for asked in ("one tempo", "a range", "a wish"):
        share = between[asked, True] / (between[asked, True] + between[asked, False])
        print(f"| hits between steps where {asked} was given | {share:.1%} |")
    print(f"| with a bar of another length | {short / count:.1%} |")
    print(f"| length off, largest | {max(length_off):.3f} ms |")
    print(f"| hits off, mean and largest | {statistics.mean(hit_off):.2f} and {max(hit_off):.2f} ms |")
    ranked = sorted(deviations)
    print(f"| mean tempo off range or wish: median, 95 %, largest | "
          f"{ranked[count // 2]:.1%}, {ranked[count * 95 // 100]:.1%}, {ranked[-1]:.1%} |")  # fmt: skip
    print(f"| a fit on one core: mean, largest | {1000 * statistics.mean(walls):.0f} ms, {1000 * max(walls):.0f} ms |")


if __name__ == "__main__":
    main()
