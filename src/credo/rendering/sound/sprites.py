"""Single notes of an instrument, one after the other in one small sound file, for players that stretch them.

A note every few semitones is enough where it is played at the rate of its neighbours. Instruments that go on for as
long as they are held have a stretch that can be repeated without a seam: its end is faded into what comes before its
beginning.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import numpy as np

from credo.errors import UsageError
from credo.music.score import Note, Part, Score, Tempo, Timeline
from credo.rendering.sound.audio import SAMPLE_RATE, VOLUMES, checked_soundfont, performance
from credo.rendering.sound.encode import encode_sound
from credo.rendering.sound.synthesis import play

#: The program that stands for the drum kit.
DRUMS = 128
VELOCITY = 100
#: Semitones between two notes.
_APART = 4
#: From the beginning of a note to the next in the rendered sound, and in what is kept of it (seconds).
_SLOT, _RUNG, _SUSTAINED, _STRUCK = 4, 3.0, 2.3, 1.4
#: The stretch that is repeated, and how long its end takes to become its beginning (seconds).
_LOOP, _SEAM = (1.0, 2.2), 0.35
#: Silence between the notes that are kept: players read a little too far (seconds).
_GAP = 0.05
#: What single notes are raised by: they are far below full scale.
_GAIN = 2.5
_VERSION = 1
#: First and last program of those with a compass of their own, and its lowest and highest pitch; others have the rest.
_COMPASS = (
    (0, 7, 24, 100),
    (8, 15, 52, 100),
    (16, 23, 36, 92),
    (24, 31, 40, 84),
    (32, 39, 24, 67),
    (40, 40, 55, 96),
    (41, 41, 48, 88),
    (42, 42, 36, 80),
    (43, 43, 28, 68),
    (58, 58, 28, 64),
    (67, 67, 36, 76),
    (70, 70, 34, 76),
    (72, 72, 62, 102),
    (73, 79, 55, 96),
)
_REST = (36, 88)
#: Programs that go on for as long as they are held: organs, strings but the plucked ones, choirs, winds, synthesisers.
_GOES_ON = (*range(16, 24), *range(40, 45), *range(48, 55), *range(56, 104), 109, 110, 111)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a note is.

    Attributes:
        pitch: MIDI.
        start: seconds from the beginning of the file.
        seconds: how long it is.
        loop: first and last second, from the beginning of the file, of what can be repeated; None for what dies away.
    """

    pitch: int
    start: float
    seconds: float
    loop: tuple[float, float] | None


def places_of(program: int) -> list[Place]:
    """Where the notes of an instrument are in its file.

    Args:
        program: General MIDI, 0..127, or `DRUMS`.

    Raises:
        UsageError: there is no such program.
    """
    if not 0 <= program <= DRUMS:
        raise UsageError(f"program: expected 0 to 127, or {DRUMS} for drums, got {program}")
    if program == DRUMS:
        pitches, seconds, loop = range(35, 82), _STRUCK, None
    else:
        low, high = next(((low, high) for a, b, low, high in _COMPASS if a <= program <= b), _REST)
        pitches, goes_on = range(low, high + 1, _APART), program in _GOES_ON
        seconds, loop = (_SUSTAINED, _LOOP) if goes_on else (_RUNG, None)
    found = []
    for number, pitch in enumerate(pitches):
        start = round(number * (seconds + _GAP), 4)
        found.append(Place(pitch, start, seconds, loop and (round(start + loop[0], 4), round(start + loop[1], 4))))
    return found


def sprite(program: int, soundfont: str | Path | None = None) -> bytes:
    """The notes of an instrument, as FLAC in mono at 48 kHz; where each is says `places_of`.

    Lossless, for a coder that changed the two ends of a loop would bring back its seam. Played by processes of their
    own, so that a server can go on meanwhile.

    Args:
        program: General MIDI, 0..127, or `DRUMS`.
        soundfont: as for `credo.rendering.sound.audio.synthesise`.

    Raises:
        UsageError: there is no such program.
        FileError: the soundfont is missing or cannot be used.
        MissingExtraError: a library is not installed.
    """
    places, font = places_of(program), checked_soundfont(soundfont)
    half = -(-len(places) // 2)
    parts = [places[:half], places[half:]]
    sounds = play(font, [_midi(program, part) for part in parts], workers=2)
    frames = round((places[-1].start + places[-1].seconds + _GAP) * SAMPLE_RATE)
    sound = np.zeros((frames, 1), np.float32)
    for part, samples in zip(parts, sounds, strict=True):
        for number, place in enumerate(part):
            first, start = number * _SLOT * SAMPLE_RATE, round(place.start * SAMPLE_RATE)
            note = samples[first : first + round(place.seconds * SAMPLE_RATE)].mean(axis=1) / 32768
            sound[start : start + len(note), 0] = _seamless(note) if place.loop else _faded(note)
    peak = float(np.abs(sound).max())
    loud = np.round(sound * min(_GAIN, 0.9 / max(peak, 1e-6)) * 32767) / 32768  # 16 bits are enough, and half as much
    return encode_sound(loud, SAMPLE_RATE, ".flac")


def version_of(program: int, soundfont: str | Path | None = None) -> str:
    """A name of what `sprite` gives, which changes with the soundfont.

    Raises:
        FileError: the soundfont is missing or cannot be used.
        MissingExtraError: none was named and pretty_midi is not installed.
    """
    font = checked_soundfont(soundfont)
    told = font.stat()
    facts = f"{_VERSION} {program} {font.resolve()} {told.st_size} {told.st_mtime_ns}"
    return hashlib.sha256(facts.encode()).hexdigest()[:24]


def _midi(program: int, places: list[Place]) -> bytes:
    notes = tuple(
        Note(Fraction(number * _SLOT), place.pitch, Fraction(1 if place.seconds == _STRUCK else 3), VELOCITY)
        for number, place in enumerate(places)
    )
    drums = program == DRUMS
    part = Part("notes", notes, program=0 if drums else program, is_drums=drums)
    score = Score((part,), Timeline(Fraction(len(places) * _SLOT), (Tempo(Fraction(0), 60.0),)))
    return performance(score, [(part, 64)], VOLUMES[0], 1.0)


def _faded(note: np.ndarray, seconds: float = 0.25) -> np.ndarray:
    """With its end faded out; shape (frames,)."""
    fade = min(len(note), round(seconds * SAMPLE_RATE))
    note = note.copy()
    note[len(note) - fade :] *= np.linspace(1, 0, fade)
    return note


def _seamless(note: np.ndarray) -> np.ndarray:
    """With the end of its loop faded into what comes before the loop; shape (frames,)."""
    first, last = (round(second * SAMPLE_RATE) for second in _LOOP)
    seam = round(_SEAM * SAMPLE_RATE)
    note = note.copy()
    turn = np.linspace(0, np.pi / 2, seam)
    note[last - seam : last] = note[last - seam : last] * np.cos(turn) + note[first - seam : first] * np.sin(turn)
    rest = len(note) - last  # after the loop comes its beginning, for players that read too far
    note[last:] = note[first : first + rest]
    return _faded(note, 0.05)  # behind the loop
