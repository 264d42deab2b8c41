"""Excerpts of pieces as sound: cut on bars at random, all played alike, or with their notes scrambled."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from credo.errors import CredoError, FileError, FormatError, MissingExtraError, UsageError
from credo.evaluation.listening.loudness import RATE, loudness
from credo.io import books
from credo.io.files import SUFFIXES, load
from credo.music.general_midi import program_named
from credo.music.score import Note, Part, Score, Tempo
from credo.music.timelines import cut_timeline
from credo.rendering.sound.audio import synthesise
from credo.rendering.sound.encode import SOUND_FORMATS

#: Suffixes of files that an excerpt can be cut from.
READABLE = (*SUFFIXES, *SOUND_FORMATS)
#: What rings after the last bar fades to nothing within this time.
FADE_SECONDS = 1.0

_FADE_IN_SECONDS = 0.02
_MAX_SOUND_SECONDS = 1800
_SHRED_SECONDS = 0.25


@dataclass(frozen=True, slots=True)
class Playing:
    """How excerpts are cut and played.

    Attributes:
        shortest, longest: bounds of their length in seconds; the bar line nearest to the middle ends them.
        from_start: whether each begins where its piece does, and not at a bar drawn at random.
        instrument: the General MIDI instrument of all parts with pitches; None leaves those of the files.
        tempo: quarters a minute of all; None leaves those of the files.
        soundfont: see `credo.rendering.sound.audio.synthesise`.
    """

    shortest: float = 20.0
    longest: float = 30.0
    from_start: bool = False
    instrument: str | None = None
    tempo: float | None = None
    soundfont: Path | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """A stretch of a piece.

    Attributes:
        file: its name below its folder.
        start_seconds: where it begins in the piece.
        seconds: how long its bars last; `FADE_SECONDS` follow.
        music: notes, or samples of shape (frames, 2) at 48 kHz.
        cues: what tells its manner of playing: instruments, or "sound" for a recording.
    """

    file: str
    start_seconds: float
    seconds: float
    music: Score | np.ndarray
    cues: tuple[str, ...]

    def scrambled(self, dice: random.Random) -> Cut:
        """The same instruments, lengths and loudness of notes, but pitches and places drawn at random."""
        scramble = _scramble_score if isinstance(self.music, Score) else _scramble_sound
        return replace(self, music=scramble(self.music, dice))

    def sound(self, soundfont: Path | None = None) -> np.ndarray:
        """The samples, faded at both ends: shape (frames, 2), float32, at 48 kHz."""
        samples = synthesise(self.music, soundfont)[0] if isinstance(self.music, Score) else self.music
        sound = np.zeros((round((self.seconds + FADE_SECONDS) * RATE), 2), np.float32)
        sound[: len(samples)] = samples[: len(sound)]
        rise, fall = round(_FADE_IN_SECONDS * RATE), round(FADE_SECONDS * RATE)
        if not isinstance(self.music, Score):  # notes begin with their attack
            sound[:rise] *= np.linspace(0, 1, rise, dtype=np.float32)[:, None]
        sound[-fall:] *= np.linspace(1, 0, fall, dtype=np.float32)[:, None]
        return sound


def files_of(folder: Path) -> list[Path]:
    """The files of a folder and its subfolders that excerpts can be cut from, sorted; hidden ones are left out.

    Books of tunes are told as their tunes.

    Raises:
        FileError: there is no such folder.
    """
    if not folder.is_dir():
        raise FileError(folder, "expected a folder of music, found " + ("a file" if folder.exists() else "nothing"))
    found = (path for path in folder.rglob("*") if path.suffix.lower() in READABLE and path.is_file())
    shown = [path for path in found if not any(part.startswith(".") for part in path.relative_to(folder).parts)]
    return sorted(each for path in shown for each in ([path / tune for tune in books.names_of(path)] or [path]))


def draw(
    folder: Path, playing: Playing, dice: random.Random, refused: list[tuple[Path, str]]
) -> Iterator[tuple[Cut, np.ndarray]]:
    """Excerpts of a folder's pieces in random order, one a piece, and their sound.

    Args:
        folder: where the files are.
        playing: how they are cut.
        dice: what is drawn with.
        refused: files that cannot be used are added, each with the reason.
    """
    files = files_of(folder)
    dice.shuffle(files)
    for path in files:
        place = random.Random(dice.getrandbits(64))  # one draw a file, whatever becomes of it
        try:
            cut = _cut_file(path, path.relative_to(folder).as_posix(), playing, place)
            sound = cut.sound(playing.soundfont)
            if not math.isfinite(loudness(sound)):
                raise UsageError("nothing can be heard in it")
        except MissingExtraError:
            raise
        except CredoError as error:
            refused.append((path, error.reason if isinstance(error, FileError) else error.message))
            continue
        yield cut, sound


def _cut_file(path: Path, name: str, playing: Playing, dice: random.Random) -> Cut:
    """An excerpt of a file.

    Raises:
        CredoError: it cannot be read, or is too short.
    """
    if path.suffix.lower() in SOUND_FORMATS:
        samples = _read_sound(path)
        length = (playing.shortest + playing.longest) / 2
        spare = len(samples) / RATE - length
        if spare < 0:
            raise UsageError(f"expected at least {length:g} seconds, got {len(samples) / RATE:.1f}")
        start = 0.0 if playing.from_start else dice.uniform(0, spare)
        first = round(start * RATE)
        return Cut(name, start, length, samples[first : first + round((length + FADE_SECONDS) * RATE)], ("sound",))
    score = _as_played(load(path), playing)
    start, end = _bars(score, playing, dice)
    seconds = [score.timeline.seconds_at(place) for place in (start, end)]
    cues = tuple(
        sorted({"drums" if part.is_drums else f"program {part.program}" for part in score.parts if part.notes})
    )
    return Cut(name, seconds[0], seconds[1] - seconds[0], cut_score(score, start, end), cues)


def _as_played(score: Score, playing: Playing) -> Score:
    """The score on the instrument and in the tempo that were asked for."""
    parts, timeline = score.parts, score.timeline
    if playing.instrument is not None:
        program = program_named(playing.instrument)
        parts = tuple(part if part.is_drums else replace(part, program=program) for part in parts)
    if playing.tempo is not None:
        timeline = replace(timeline, tempos=(Tempo(Fraction(0), playing.tempo),))
    return replace(score, parts=parts, timeline=timeline)


def _bars(score: Score, playing: Playing, dice: random.Random) -> tuple[Fraction, Fraction]:
    """Where an excerpt begins and ends, in quarters: on bar lines, with notes between them."""
    timeline = score.timeline
    lines = [start for start, _, _ in timeline.bars()] + [timeline.length]
    times = [timeline.seconds_at(line) for line in lines]
    middle = (playing.shortest + playing.longest) / 2
    onsets = sorted(note.onset for part in score.parts for note in part.notes)
    spans = []
    for first in range(1 if playing.from_start else len(lines) - 1):
        lengths = [(abs(time - times[first] - middle), last) for last, time in enumerate(times[first:], first)]
        distance, last = min(lengths)
        if distance <= (playing.longest - playing.shortest) / 2 and any(
            lines[first] <= onset < lines[last] for onset in onsets
        ):
            spans.append((lines[first], lines[last]))
    if not spans:
        raise UsageError(
            f"expected whole bars that last {playing.shortest:g} to {playing.longest:g} seconds, "
            f"got a piece of {score.duration_seconds:.1f}"
        )
    return dice.choice(spans)


def cut_score(score: Score, start: Fraction, end: Fraction) -> Score:
    """The music from `start` to `end`, in quarters; notes that sound across an end are cut there. It has no title."""

    def cut(notes: Sequence[Note]) -> Iterator[Note]:
        for note in notes:
            first, last = max(note.onset, start), min(note.end, end)
            if first < last:
                yield replace(note, onset=first - start, duration=last - first)

    parts = tuple(replace(part, notes=tuple(sorted(cut(part.notes)))) for part in score.parts)
    return Score(parts, cut_timeline(score.timeline, start, end))


def _scramble_score(score: Score, dice: random.Random) -> Score:
    length = score.timeline.length
    places = max(int(length * 4), 1)

    def scramble(part: Part) -> Part:
        if not part.notes:
            return part
        low, high = (pick(note.pitch for note in part.notes) for pick in (min, max))
        notes = []
        for note in part.notes:
            onset = Fraction(dice.randrange(places), 4)
            notes.append(Note(onset, dice.randint(low, high), min(note.duration, length - onset), note.velocity))
        return Part.of(part.name, notes, program=part.program, is_drums=part.is_drums, channel=part.channel)

    return replace(score, parts=tuple(scramble(part) for part in score.parts))


def _scramble_sound(samples: np.ndarray, dice: random.Random) -> np.ndarray:
    """Quarters of a second in random order."""
    shred = round(_SHRED_SECONDS * RATE)
    shreds = [samples[start : start + shred] for start in range(0, len(samples), shred)]
    dice.shuffle(shreds)
    return np.concatenate(shreds)


def _read_sound(path: Path) -> np.ndarray:
    """A recording in two channels at 48 kHz, float32."""
    try:
        import soundfile
    except (ImportError, OSError) as error:
        raise MissingExtraError("Sound", "audio") from error
    from scipy.signal import resample_poly

    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.frames / file.samplerate > _MAX_SOUND_SECONDS:
                raise FormatError(path, f"expected at most {_MAX_SOUND_SECONDS // 60} minutes of sound, got more")
            samples, rate = file.read(dtype="float32", always_2d=True), file.samplerate
    except soundfile.SoundFileError as error:
        raise FormatError(path, "cannot be read as sound") from error
    if not len(samples) or not np.isfinite(samples).all():
        raise FormatError(path, "expected sound, got none or damaged samples")
    samples = np.repeat(samples, 2, axis=1) if samples.shape[1] == 1 else samples[:, :2]
    shared = math.gcd(rate, RATE)
    return samples if rate == RATE else resample_poly(samples, RATE // shared, rate // shared, axis=0)
