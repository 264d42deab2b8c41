"""Whether loops join: what happens at the seam, against what happens inside the music.

    python benchmarks/loop_seams.py --loops 100

Loops of four voices and drums are drawn at random (tempo, metre, key, instruments, one to eight bars), rendered as
stems with their tails on their starts, mastered, and played on from the last frame to the first. Three jumps are
measured at the seam and at every other frame of the same loop:

- step: the difference of two neighbouring samples;
- bend: the second difference, which a click raises more than music does;
- energy: the change of level from the 10 ms before to the 10 ms after, in decibels, unless both are silent.

For each the table says in what share of the loops the seam lies within the music's own range (no higher than the
highest place inside), in what share within 99.9 % of the places, and its median percentile; and that of the inner bar
lines, for a seam is a bar line with all its attacks. The same follows for the first loops in two other ways: the second
of three passes that are played in one go, and the first of them, which is a loop that was simply cut. The last line
says how the change of level at the seam differs from that in the three passes where the third one begins: there, music
is played on and there is no seam.
"""

from __future__ import annotations

import argparse
import random
from dataclasses import replace
from fractions import Fraction

import numpy as np

from credo.music.score import Metre, Note, Part, Score, Tempo, Timeline
from credo.rendering.sound.mastering import master
from credo.rendering.sound.stems import render_parts

RATE = 48_000
WINDOW = 480  # frames: 10 ms
METRES = ((4, 4), (3, 4), (6, 8), (5, 4), (2, 4), (7, 8))
PROGRAMS = (0, 4, 11, 14, 19, 24, 32, 38, 40, 48, 52, 56, 60, 71, 73, 80, 89, 95)
SCALE = (0, 2, 4, 5, 7, 9, 11)


def random_loop(source: random.Random) -> Score:
    """Four voices that walk in a scale, and drums; notes may be held to the very end."""
    numerator, denominator = source.choice(METRES)
    metre = Metre(Fraction(0), numerator, denominator)
    length = metre.bar * source.choice((1, 2, 4, 8))
    tonic = source.randrange(12)
    parts = []
    for name, low in (("lead", 67), ("pad", 60), ("tenor", 52), ("bass", 36)):
        notes, onset, degree = [], Fraction(0), source.randrange(7)
        while onset < length:
            duration = min(Fraction(source.choice((1, 2, 2, 4, 8)), 4), length - onset)
            degree = min(max(degree + source.randint(-2, 2), 0), 13)
            pitch = low + (tonic + SCALE[degree % 7]) % 12 + 12 * (degree // 7)
            if source.random() < 0.9:
                notes.append(Note(onset, pitch, duration, source.randint(50, 110)))
            onset += duration
        parts.append(Part.of(name, notes, program=source.choice(PROGRAMS)))
    hits = [
        Note(Fraction(i, 2), source.choice((36, 38, 42, 42, 46, 49)), Fraction(1, 4), source.randint(50, 110))
        for i in range(int(2 * length))
        if source.random() < 0.8
    ]
    parts.append(Part.of("drums", hits, is_drums=True))
    return Score(tuple(parts), Timeline(length, (Tempo(Fraction(0), source.uniform(60, 180)),), (metre,)))


def jumps(sound: np.ndarray) -> dict[str, np.ndarray]:
    """Each kind of jump at every frame of a loop, (the seam is the last value), shape (frames,)."""
    before, here, after = np.roll(sound, 1, axis=0), sound, np.roll(sound, -1, axis=0)
    doubled = np.concatenate([sound, sound[:WINDOW]]).astype(float)
    power = np.concatenate([[0.0], np.cumsum((doubled**2).sum(axis=1))])
    level = (power[WINDOW:] - power[:-WINDOW])[: len(sound)] / WINDOW + 1e-10  # of the window that begins at a frame
    following, preceding = np.roll(level, -1), np.roll(level, WINDOW - 1)
    return {
        "step": np.abs(after - here).max(axis=1),
        "bend": np.maximum(np.abs(after - 2 * here + before), np.roll(np.abs(after - 2 * here + before), -1, 0)).max(1),
        "energy": np.where(np.maximum(following, preceding) > 1e-7, np.abs(10 * np.log10(following / preceding)), 0),
    }


def change(sound: np.ndarray, frame: int) -> float:
    """How much louder the 10 ms after a frame are than those before it, in decibels."""
    before, after = ((sound[start : start + WINDOW] ** 2).sum() for start in (frame - WINDOW, frame))
    return 10 * float(np.log10((after + 1e-9) / (before + 1e-9)))


def places(sound: np.ndarray, score: Score) -> dict[str, tuple[float, float, list[float]]]:
    """For each kind of jump: the seam over the highest inside, its percentile, and the percentiles of bar lines."""
    found = {}
    frames = [round(score.timeline.seconds_at(start) * RATE) for start, _, _ in score.timeline.bars()][1:]
    for name, values in jumps(sound).items():
        seam = values[-1]
        inside = np.sort(values[WINDOW : len(values) - WINDOW])

        def percentile(value: float, inside: np.ndarray = inside) -> float:
            return 100 * np.searchsorted(inside, value, side="right") / len(inside)

        bars = [percentile(values[frame - 1]) for frame in frames if frame < len(values)]
        found[name] = seam / max(inside[-1], 1e-12), percentile(seam), bars
    return found


def report(title: str, found: list[dict[str, tuple[float, float, list[float]]]]) -> None:
    print(f"\n{title}")
    print(f"{'':8}{'within the range':>18}{'within 99.9 %':>15}{'median percentile':>19}{'of bar lines':>14}")
    for name in ("step", "bend", "energy"):
        ratios = np.array([loop[name][0] for loop in found])
        percentiles = np.array([loop[name][1] for loop in found])
        bars = [value for loop in found for value in loop[name][2]]
        print(
            f"{name:8}{(ratios <= 1).mean():>18.1%}{(percentiles <= 99.9).mean():>15.1%}{np.median(percentiles):>19.1f}"
            f"{np.median(bars) if bars else float('nan'):>14.1f}"
        )


def thrice(score: Score) -> Score:
    """The score three times on end."""
    length = score.timeline.length
    parts = [
        replace(
            part, notes=tuple(sorted(replace(n, onset=n.onset + i * length) for n in part.notes for i in (0, 1, 2)))
        )
        for part in score.parts
    ]
    return replace(score, parts=tuple(parts), timeline=replace(score.timeline, length=3 * length))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--loops", type=int, default=100)
    parser.add_argument("--compare", type=int, default=20, help="loops that are also made in other ways")
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    source = random.Random(arguments.seed)
    wrapped, cut, second, changes = [], [], [], []
    for number in range(arguments.loops):
        score = random_loop(source)
        frames = round(score.duration_seconds * RATE)
        loop = master(render_parts(score, frames=frames, wrap=True)).mix / (1 << 23)
        wrapped.append(places(loop, score))
        if number < arguments.compare:
            passes = sum(stem.samples.astype(float) for stem in render_parts(thrice(score), frames=3 * frames))
            cut.append(places(passes[:frames], score))
            second.append(places(passes[frames : 2 * frames], score))
            changes.append(abs(change(np.concatenate([loop, loop]), frames) - change(passes, 2 * frames)))
    report(f"tail on the start, as delivered: {len(wrapped)} loops", wrapped)
    if second:
        report(f"second of three passes: {len(second)} loops", second)
        report(f"cut: {len(cut)} loops", cut)
        median, most = np.median(changes), np.quantile(changes, 0.9)
        print(f"\nchange of level at the seam and without one: {median:.1f} dB apart (median), {most:.1f} dB (90 %)")


if __name__ == "__main__":
    main()
