"""What a delivery of stems takes and whether it holds: six stems of 30 seconds, mastered and written.

    python benchmarks/stem_sums.py --seconds 30 --repeats 5

Prints the median wall time of each step; that the files of the stems, read again, add up to the file of the mix; and
how far the stems together are from the sound of all parts played at once.
"""

from __future__ import annotations

import argparse
import random
import statistics
import tempfile
import time
from collections import defaultdict
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile

from credo.music.score import Note, Part, Score, Tempo, Timeline
from credo.rendering.sound.audio import synthesise
from credo.rendering.sound.chunks import write_flac, write_ogg, write_wav
from credo.rendering.sound.loudness import loudness, true_peak
from credo.rendering.sound.mastering import Master, master
from credo.rendering.sound.stems import Stem, render_parts

RATE = 48_000
PROGRAMS = {"lead": 73, "pad": 48, "arpeggio": 24, "bass": 33, "keys": 0}
DRUMS = (36, 38, 42, 49)


def band(seconds: float) -> Score:
    """Five instruments and drums in eighths at 120 quarters a minute."""
    source = random.Random(0)
    count = round(seconds * 4)

    def part(name: str, pitches: range | tuple[int, ...], **fields: object) -> Part:
        notes = [Note(Fraction(i, 2), source.choice(pitches), Fraction(1, 2)) for i in range(count)]
        return Part.of(name, notes, **fields)

    parts = [part(name, range(48, 77), program=program) for name, program in PROGRAMS.items()]
    parts.append(part("drums", DRUMS, is_drums=True))
    return Score(tuple(parts), Timeline(tempos=(Tempo(Fraction(0), 120.0),)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=30)
    parser.add_argument("--repeats", type=int, default=5)
    arguments = parser.parse_args()
    score = band(arguments.seconds)
    frames = round(score.duration_seconds * RATE)
    times: dict[str, list[float]] = defaultdict(list)
    stems: list[Stem] = []
    made: Master | None = None
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)

        def timed(step: str, function, *values, **options):
            start = time.perf_counter()
            result = function(*values, **options)
            times[step].append(time.perf_counter() - start)
            return result

        render_parts(score, frames=RATE)  # starts the processes
        for _ in range(arguments.repeats):
            timed("stems, one process", render_parts, score, frames=frames, workers=1)
            timed("stems", render_parts, score, frames=frames)
            stems = timed("stems of a loop", render_parts, score, frames=frames, wrap=True)
            made = timed("master", master, stems)
            for stem, whole in zip(stems, made.stems, strict=True):
                timed("one WAV", write_wav, folder / f"{stem.name}.wav", whole, RATE, loop=(0, frames))
            timed("one WAV", write_wav, folder / "mix.wav", made.mix, RATE, loop=(0, frames))
            timed("one Ogg", write_ogg, folder / "mix.ogg", made.mix, RATE, loop=(0, frames))
            timed("one FLAC", write_flac, folder / "mix.flac", made.mix, RATE, loop=(0, frames))
            timed("loudness", loudness, made.mix / (1 << 23))
            timed("true peak", true_peak, made.mix / (1 << 23))
        files = [soundfile.read(folder / f"{stem.name}.wav", dtype="int32")[0] >> 8 for stem in stems]
        mix = soundfile.read(folder / "mix.wav", dtype="int32")[0] >> 8
    print(f"{len(stems)} stems of {frames / RATE:g} s, seconds of wall time")
    for step, values in times.items():
        print(f"{step:20}{statistics.median(values):8.2f}")
    print(f"stems and mix differ by {np.abs(np.sum(files, axis=0) - mix).max()} steps of 24 bits")
    if made:
        print(f"{made.lufs:.2f} LUFS, {made.true_peak:.2f} dBTP, gain {made.gain_db:.2f} dB")
    total = np.sum([stem.samples for stem in render_parts(score, frames=frames)], axis=0, dtype=float)[: frames - RATE]
    whole = synthesise(score)[0][: frames - RATE]
    scale = (total * whole).sum() / (whole.astype(float) ** 2).sum()
    difference = 10 * np.log10(((total - scale * whole) ** 2).mean() / (total**2).mean())
    print(f"against all parts played at once: {difference:.1f} dB")


if __name__ == "__main__":
    main()
