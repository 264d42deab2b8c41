"""From a recording to a score."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import numpy as np

from credo.errors import FormatError, UsageError
from credo.io.audio.beats import Beat, find_beat
from credo.io.audio.hearing import HOP, Progress, hear
from credo.io.audio.loudness import FAINT_DB, SILENCE_DB, levels, velocities
from credo.io.audio.sound import Sound, read_sound
from credo.io.audio.tracking import track
from credo.music.keys import estimate_metre, keys_of
from credo.music.score import Note, Part, Score, Tempo, Timeline

#: Quarters a minute that may be asked for, and steps a quarter.
TEMPOS, GRIDS = (10.0, 400.0), (1, 48)
PART = "recording"
_FINE = 480  # parts of a quarter in free timing: a millisecond or less


class Played(NamedTuple):
    """A note of a recording.

    Attributes:
        start, end: in seconds from the start of the recording.
        pitch: MIDI note number.
        velocity: 1..127.
    """

    start: float
    end: float
    pitch: int
    velocity: int


def transcribe(
    path: str | Path, *, tempo: float | None = None, grid: int | None = None, progress: Progress | None = None
) -> Score:
    """Write down the notes of a recording.

    Args:
        path: a WAV, FLAC, Ogg or MP3 file of half an hour at most.
        tempo: quarters a minute; estimated by default.
        grid: steps a quarter that notes are put on (4: sixteenths); the quarter of the first note begins the first
            bar. By default notes stay where they were played, counted in quarters from the start of the recording.
        progress: told frames heard and their number.

    Returns:
        One part with all notes; the key, and with a grid the metre, are estimated.

    Raises:
        UsageError: tempo or grid are out of bounds.
        FileError: there is no such file, or it may not be read.
        FormatError: it is no sound, damaged, out of bounds, or no notes were heard.
        MissingExtraError: soundfile or onnxruntime are not installed.
    """
    return transcribe_with_remarks(path, tempo=tempo, grid=grid, progress=progress)[0]


def transcribe_with_remarks(
    path: str | Path,
    *,
    tempo: float | None = None,
    grid: int | None = None,
    threads: int = 0,
    progress: Progress | None = None,
) -> tuple[Score, list[str]]:
    """As `transcribe`, and say in a line each what was heard and mended.

    Args:
        path: as there.
        tempo: as there.
        grid: as there.
        threads: threads that listen; 0 for one a core.
        progress: as there.
    """
    check_wish(tempo, grid)
    path = Path(path)
    sound = read_sound(path)
    played = notes_of(sound, threads=threads, progress=progress)
    if not played:
        raise FormatError(path, "no notes were heard", hint="notes of speech, drums and noise are not written")
    onsets = np.array([note.start for note in played])
    weights = np.array([note.velocity * math.sqrt(note.end - note.start) for note in played])
    beat = find_beat(onsets, weights, tempo)
    bpm = tempo or round(beat.bpm, 1 if grid is None else 0)
    score = _free(played, bpm, sound.seconds) if grid is None else on_grid(played, beat, bpm, grid)
    score = replace(score, timeline=replace(score.timeline, keys=keys_of(score)), title=path.stem)
    return score, [*sound.remarks, _remark(played, beat, bpm, tempo is not None)]


def check_wish(tempo: float | None, grid: int | None) -> None:
    """Raise unless tempo and grid are ones that can be asked for.

    Raises:
        UsageError: they are not.
    """
    if tempo is not None and not TEMPOS[0] <= tempo <= TEMPOS[1]:
        raise UsageError(f"tempo: expected {TEMPOS[0]:g} to {TEMPOS[1]:g} quarters a minute, got {tempo:g}")
    if grid is not None and not GRIDS[0] <= grid <= GRIDS[1]:
        raise UsageError(f"grid: expected {GRIDS[0]} to {GRIDS[1]} steps a quarter, got {grid}")


def notes_of(sound: Sound, *, threads: int = 0, progress: Progress | None = None) -> list[Played]:
    """The notes of a sound, sorted by onset and pitch; none where it is silent."""
    events = track(hear(sound.samples, threads=threads, progress=progress))
    loud = levels(sound.samples, events)
    if not events or loud.max() < SILENCE_DB:
        return []
    kept = loud >= max(SILENCE_DB, float(np.percentile(loud, 90)) + FAINT_DB)
    second = HOP / sound.rate
    return [
        Played(max(event.start * second, 0.0), event.end * second, event.pitch, int(velocity))
        for event, velocity in zip(
            (event for event, keep in zip(events, kept, strict=True) if keep), velocities(loud[kept]), strict=True
        )
    ]


def _remark(played: list[Played], beat: Beat, bpm: float, given: bool) -> str:
    said = "as given" if given else "estimated" if beat.steady else "estimated; the beat is not steady"
    return f"{len(played)} notes heard in a recording; {bpm:g} quarters a minute, {said}"


def _free(played: list[Played], bpm: float, seconds: float) -> Score:
    """The notes where they were played."""

    def quarters(time: float) -> Fraction:
        return Fraction(round(time * bpm / 60 * _FINE), _FINE)

    notes = _written((quarters(note.start), quarters(note.end), note) for note in played)
    timeline = Timeline(length=quarters(seconds), tempos=(Tempo(Fraction(0), bpm),))
    return Score((Part.of(PART, notes),), timeline)


def on_grid(played: list[Played], beat: Beat, bpm: float, grid: int) -> Score:
    """The notes on the nearest steps, bars from the quarter of the first note on.

    Args:
        played: one note or more.
        beat: where the quarters are.
        bpm: the tempo to write.
        grid: steps a quarter.
    """
    starts = np.round(beat.quarters(np.array([note.start for note in played])) * grid).astype(int)
    ends = np.round(beat.quarters(np.array([note.end for note in played])) * grid).astype(int)
    first = int(starts.min()) // grid * grid
    notes = _written(
        (Fraction(int(start) - first, grid), Fraction(int(end) - first, grid), note)
        for start, end, note in zip(starts, ends, played, strict=True)
    )
    shortest = Fraction(1, grid)
    part = Part.of(PART, (replace(note, duration=max(note.duration, shortest)) for note in notes))
    score = Score((part,), Timeline(tempos=(Tempo(Fraction(0), bpm),)))
    metre = estimate_metre(score)
    length = math.ceil(score.timeline.length / metre.bar) * metre.bar
    return replace(score, timeline=replace(score.timeline, metres=(metre,), length=length))


def _written(placed: Iterable[tuple[Fraction, Fraction, Played]]) -> list[Note]:
    """Notes; of two that begin as one the longer stays, and a note ends where its key is struck again."""
    longest: dict[tuple[int, Fraction], tuple[Fraction, int]] = {}
    for start, end, note in placed:
        key = (note.pitch, start)
        longest[key] = max(longest.get(key, (end, note.velocity)), (end, note.velocity))
    notes, following = [], dict[int, Fraction]()
    for (pitch, start), (end, velocity) in sorted(longest.items(), reverse=True):
        end = max(min(end, following.get(pitch, end)), start)
        following[pitch] = start
        notes.append(Note(start, pitch, max(end - start, Fraction(1, _FINE)), velocity))
    return notes
