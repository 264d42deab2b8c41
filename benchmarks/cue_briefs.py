"""Are random briefs obeyed? Length, hits, key, metre, instruments and bars, read off the files that were written.

    python benchmarks/cue_briefs.py --count 200 --out runs/briefs

Briefs of 3 to 240 seconds, with 0 to 5 hits, in all metres, keys and many modes, with and without a tempo. The sound is
measured as libsndfile reads it, and the notes as symusic reads the MIDI file. One line of JSON a brief is kept in the
folder, and a run that was stopped goes on.
"""

from __future__ import annotations

import argparse
import json
import shutil
import tempfile
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import soundfile
import symusic

from credo.compose.cue.outline import Outline, outline
from credo.compose.cue.sheets.brief import ENDINGS, KINDS, Brief, Hit
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ENSEMBLES
from credo.music.pitch import Key
from credo.music.scales import SCALES, notes_of_key

METRES = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 4), (7, 4), (2, 2), (3, 2), (3, 8), (5, 8), (6, 8), (7, 8), (8, 8),
          (9, 8), (10, 8), (11, 8), (12, 8), (7, 16))  # fmt: skip
MODES = ("dorian", "lydian", "mixolydian", "phrygian", "aeolian")


def random_brief(number: int) -> Brief:
    """A brief drawn by its number."""
    dice = np.random.default_rng([number, 20])
    seconds = round(float(np.exp(dice.uniform(np.log(3), np.log(240)))), 3)
    metre = METRES[dice.integers(len(METRES))]
    times = sorted(round(float(time), 3) for time in dice.uniform(0, seconds, dice.integers(6)))
    key = Key.of_tonic(int(dice.integers(12)), "major" if dice.random() < 0.5 else "minor")
    mode = MODES[dice.integers(len(MODES))] if dice.random() < 0.3 else None
    slow = round(float(dice.uniform(60, 130)), 1)
    tempo = (None, (slow, slow), (slow, round(slow * 1.25, 1)))[dice.integers(3)]
    feeling = [round(float(value), 2) for value in dice.uniform(-1, 1, 2)] if dice.random() < 0.5 else [None, None]
    return Brief(
        f"brief {number}",
        seconds,
        tempo=tempo,
        metre=metre,
        hits=tuple(Hit(time, kind=KINDS[dice.integers(len(KINDS))]) for time in times),
        ending=ENDINGS[dice.integers(len(ENDINGS))],
        attributes=Attributes(
            key=key,
            mode=mode,
            metre=metre,
            valence=feeling[0],
            arousal=feeling[1],
            ensemble=list(ENSEMBLES)[dice.integers(len(ENSEMBLES))],
        ),
        seed=number,
    )


@cache
def composer(name: str) -> Any:
    from credo.compose.generate import Composer

    return Composer.load(name)


def examine(brief: Brief, folder: Path, iterations: int) -> dict[str, Any]:
    """Make a cue and read its files."""
    from credo.compose.cue.making import make
    from credo.compose.cue.package import deliver

    plan = outline(brief)
    plan = replace(plan, request=replace(plan.request, iterations=iterations))
    package = deliver(make(plan, composer), folder, formats=("wav", "midi"))
    manifest = package.manifest
    sound = soundfile.info(package.folder / manifest["mix"]["wav"])
    notes = symusic.Score(package.folder / manifest["mix"]["midi"])
    timed = notes.to("second")
    onsets = np.array(sorted(note.time for track in timed.tracks for note in track.notes))
    hits = [float(np.abs(onsets - hit["asked"]).min() * 1000) for hit in manifest["hits"] if hit["reached"]]
    change = plan.request.key
    assert change is not None
    signature = notes.key_signatures[0]
    allowed = _allowed(plan)
    outside = [note.pitch for track in notes.tracks if not track.is_drum for note in track.notes
               if note.pitch % 12 not in allowed]  # fmt: skip
    first = notes.time_signatures[0]
    wanted = {name: role.program for name, role in plan.band.roles.items() if name != "drums"}
    found = {track.name: track.program for track in notes.tracks if not track.is_drum and len(track.notes)}
    return {
        "seconds": brief.seconds,
        "length_ms": 1000 * (sound.frames / sound.samplerate - brief.seconds),
        "hits_ms": hits,
        "unreached": [hit["reason"] for hit in manifest["hits"] if not hit["reached"]],
        "between": sum(hit["place"] == "between" for hit in manifest["hits"] if hit["reached"]),
        "key": (signature.key, signature.tonality == 1) == (change.fifths, change.mode == "minor"),
        "outside": len(outside),
        "estimated": manifest["attributes"]["measured"].get("key") == change.name,
        "mode": plan.attributes.mode or change.mode,
        "metre": (first.numerator, first.denominator) == brief.metre,
        "odd_bars": sum((each.numerator, each.denominator) != brief.metre for each in notes.time_signatures),
        "instruments": all(wanted.get(name) == program for name, program in found.items()),
        "silent": sorted(set(wanted) - set(found)),
        "bars": _bars(notes, plan) == manifest["bars"],
        "steady": plan.fit.steady,
    }


def _allowed(plan: Outline) -> set[int]:
    """Pitch classes of the key, with raised sixth and seventh in minor; or those of the mode that was asked for."""
    key, mode = plan.key, plan.attributes.mode
    if mode in (None, "major", "minor"):
        return set(notes_of_key(key))
    return {(key.tonic + step) % 12 for step in SCALES[mode]}


def _bars(notes: Any, plan: Outline) -> int:
    """Bars of the file that begin before its end, or at the latest with the last chord."""
    end = notes.tpq * (plan.fit.final if plan.fit.final is not None else plan.fit.timeline.length)
    count, here, changes = 0, Fraction(0), list(notes.time_signatures)
    while here < end or (plan.fit.final is not None and here == end):
        at = [change for change in changes if change.time <= here][-1]
        following = [change.time for change in changes if change.time > here]
        here = min([here + Fraction(4 * at.numerator * notes.tpq, at.denominator), *map(Fraction, following)])
        count += 1
    return count


def tell(rows: list[dict[str, Any]]) -> None:
    """What came out, a line each."""
    hits = [value for row in rows for value in row["hits_ms"]]
    reasons = Counter(reason for row in rows for reason in row["unreached"])
    print(f"{len(rows)} briefs of {min(r['seconds'] for r in rows):g} to {max(r['seconds'] for r in rows):g} s")
    print(f"length: at most {max(abs(row['length_ms']) for row in rows):.3f} ms off")
    if hits:
        print(
            f"hits: {len(hits)} reached, at most {max(hits):.2f} ms off ({sum(value <= 10 for value in hits)} within "
            f"10 ms); {sum(row['between'] for row in rows)} between the steps; {sum(reasons.values())} not reached"
        )
    for reason, count in reasons.most_common():
        print(f"    {count} {reason}")
    for name in ("key", "metre", "instruments", "bars"):
        print(f"{name}: obeyed in {sum(row[name] for row in rows)} of {len(rows)}")
    print(f"notes outside the scale: {sum(row['outside'] for row in rows)}")
    print(f"key as it is estimated from the notes: {sum(row['estimated'] for row in rows)} of {len(rows)}")
    print(f"one tempo throughout: {sum(row['steady'] for row in rows)}; odd bars: {sum(r['odd_bars'] for r in rows)}; "
          f"parts that never play: {sum(len(row['silent']) for row in rows)}")  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=200)
    parser.add_argument("--first", type=int, default=0, help="number of the first brief")
    parser.add_argument("--iterations", type=int, default=256, help="of the sampling; what obeys does not hang on it")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = []
    for number in range(options.first, options.first + options.count):
        path = options.out / f"{number:05}.json"
        if not path.exists():
            folder = Path(tempfile.mkdtemp())
            try:
                found = examine(random_brief(number), folder, options.iterations)
            finally:
                shutil.rmtree(folder, ignore_errors=True)
            path.write_text(json.dumps(found) + "\n", "utf-8")
            print(number, json.dumps(found), flush=True)
        rows.append(json.loads(path.read_text("utf-8")))
    tell(rows)


if __name__ == "__main__":
    main()
