"""How much of rendered music `credo transcribe` writes down again.

    pip install mir_eval
    python benchmarks/transcription.py docs/models/chorale docs/models/piano --seconds 40

Each MIDI or MusicXML file of the folders is given instruments, loudness drawn for each note and a tempo of its own, is
played (`credo.rendering.sound`) and written down. Told are, as means over the pieces: precision, recall and F1 of notes
whose onsets are right within 50 ms (mir_eval), F1 with ends too (20 % of the length or 50 ms), the share of the true
notes that are exactly on their step of a quarter's twelve (tempo given, and estimated), how often the tempo found is
right, half or double (within 2 %), the mean error of velocities, and seconds of listening a minute of sound.
"""

from __future__ import annotations

import argparse
import random
import tempfile
import time
from collections import defaultdict
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import soundfile
from mir_eval import transcription

from credo.io import load
from credo.io.audio.beats import find_beat
from credo.io.audio.sound import read_sound
from credo.io.audio.transcription import Played, notes_of, on_grid
from credo.music.score import Score, Tempo
from credo.rendering.sound.audio import synthesise

#: General MIDI programs, one for each part in turn.
INSTRUMENTS = {
    "as written": (),
    "piano": (0,),
    "piano, top part": (0,),
    "flute, top part": (73,),
    "guitar": (24,),
    "strings": (48,),
    "organ": (19,),
    "choir": (52,),
    "flute, strings, piano, cello": (73, 48, 0, 42),
}
TEMPOS = (72, 84, 96, 108, 126, 144)
STEPS = 12
HEAD = (
    "instruments",
    "pieces",
    "notes",
    "P",
    "R",
    "F1",
    "F1 ends",
    "step",
    "step, own tempo",
    "tempo",
    "vel.",
    "s/min",
)


def arranged(score: Score, name: str, seconds: float, number: int) -> Score:
    """The beginning of a score on other instruments, at a tempo and with velocities drawn by a number."""
    dice, bpm = random.Random(number), TEMPOS[number % len(TEMPOS)]
    length = Fraction(int(seconds * bpm / 60))
    programs = INSTRUMENTS[name]
    parts = [part for part in score.parts if part.notes and not part.is_drums]
    parts = [
        replace(
            part,
            program=programs[seat % len(programs)] if programs else part.program,
            channel=None,
            notes=tuple(replace(note, velocity=dice.randrange(40, 115)) for note in part.notes if note.onset < length),
        )
        for seat, part in enumerate(parts[:1] if name.endswith("top part") else parts)
    ]
    timeline = replace(score.timeline, tempos=(Tempo(Fraction(0), bpm),), length=min(length, score.timeline.length))
    return Score(tuple(parts), timeline, score.title)


def truth(score: Score) -> list[tuple[float, float, int, int, Fraction]]:
    """Start and end in seconds, pitch, velocity and onset in quarters of each note; unisons count once."""
    at = score.timeline.seconds_at
    notes = {(note.onset, note.pitch): note for note in score.notes}.values()
    return [(at(note.onset), at(note.end), note.pitch, note.velocity, note.onset) for note in notes]


def on_their_steps(true: list, played: list[Played], tempo: float | None) -> float:
    """The share of true notes that are on their step, once both begin at the place where most agree."""
    onsets = np.array([note.start for note in played])
    weights = np.array([note.velocity * (note.end - note.start) ** 0.5 for note in played])
    beat = find_beat(onsets, weights, tempo)
    found = {(note.onset, note.pitch) for note in on_grid(played, beat, tempo or beat.bpm, STEPS).notes}
    shifts = {onset - other for onset, pitch in list(found)[:40] for *_, key, _, other in true if key == pitch}
    return max((sum((other + s, key) in found for *_, key, _, other in true) for s in shifts), default=0) / len(true)


def measured(score: Score, folder: Path) -> dict[str, float]:
    """Play a score, write it down, compare."""
    samples, rate = synthesise(score)
    soundfile.write(folder / "piece.wav", samples, rate, subtype="PCM_24")
    started = time.process_time()
    sound = read_sound(folder / "piece.wav")
    played = notes_of(sound, threads=1)
    spent = time.process_time() - started
    true = truth(score)
    if not played:
        return {"notes": len(true), "P": 0, "R": 0, "F1": 0, "F1 ends": 0, "step": 0, "step, own tempo": 0, "tempo": 0}
    given, found = ([(row[0], max(row[1], row[0] + 0.01)) for row in rows] for rows in (true, played))
    pitches, heard = (440 * 2 ** ((np.array([row[2] for row in rows]) - 69) / 12) for rows in (true, played))
    compared = (np.array(given), pitches, np.array(found), heard)
    precision, recall, f1, _ = transcription.precision_recall_f1_overlap(*compared, offset_ratio=None)
    pairs = transcription.match_notes(*compared, offset_ratio=None)
    bpm = score.timeline.tempos[0].bpm
    own = find_beat(
        np.array([n.start for n in played]), np.array([n.velocity * (n.end - n.start) ** 0.5 for n in played])
    )
    return {
        "notes": len(true),
        "P": precision,
        "R": recall,
        "F1": f1,
        "F1 ends": transcription.precision_recall_f1_overlap(*compared)[2],
        "step": on_their_steps(true, played, bpm),
        "step, own tempo": on_their_steps(true, played, None),
        "tempo": abs(own.bpm / bpm - 1) < 0.02,
        "tempo, half or double": min(abs(own.bpm / bpm / times - 1) for times in (0.5, 2)) < 0.02,
        "vel.": float(np.mean([abs(true[i][3] - played[j].velocity) for i, j in pairs])) if pairs else np.nan,
        "s/min": spent / sound.seconds * 60,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--pattern", default="*.mid", help="which files of the folders")
    parser.add_argument("--instruments", nargs="+", default=list(INSTRUMENTS), choices=list(INSTRUMENTS))
    parser.add_argument("--seconds", type=float, default=40)
    options = parser.parse_args()
    files = sorted(file for folder in options.folders for file in folder.glob(options.pattern))
    rows: dict[str, list[dict[str, float]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder:
        for name in options.instruments:
            for number, file in enumerate(files):
                score = arranged(load(file), name, options.seconds, number)
                if any(part.notes for part in score.parts):
                    rows[name].append(measured(score, Path(folder)))
            print(name, "done", flush=True)
    print("| " + " | ".join(HEAD) + " |\n" + "|---" * len(HEAD) + "|")
    for name, results in rows.items():
        means = {key: float(np.nanmean([row.get(key, np.nan) for row in results])) for key in results[0]}
        tempo = f"{sum(row['tempo'] for row in results)}"
        tempo += f" (+{sum(row.get('tempo, half or double', 0) for row in results)})"
        figures = [f"{means[key]:.2f}" for key in ("P", "R", "F1", "F1 ends", "step", "step, own tempo")]
        total = sum(row["notes"] for row in results)
        tail = [tempo, f"{means.get('vel.', np.nan):.0f}", f"{means.get('s/min', np.nan):.1f}"]
        print("| " + " | ".join([name, str(len(results)), str(total), *figures, *tail]) + " |")


if __name__ == "__main__":
    main()
