"""The parts of a score as sounds of equal length that can be played together.

Each part is played alone, where it stands and as loud as it is when all play, so that the sum of the stems is the
sound of the whole. That holds because the synthesiser adds its voices, and its reverb and chorus are the same for every
stem: no part changes how another one sounds. Nothing is normalised. What is too loud for the synthesiser's 16 bits is
played in two halves, some of the keys each, and added; turning it down would take reverb away.

A loop takes what rings after its end to its start. The synthesiser starts notes on blocks of 64 frames, so that a
second pass would be played up to 1.3 ms off the first; the tail that is added makes every pass the same.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from credo.errors import UsageError
from credo.music.general_midi import INSTRUMENTS
from credo.music.score import Note, Part, Score
from credo.rendering.sound.audio import (
    MAX_SECONDS,
    SAMPLE_RATE,
    SILENCE_DB,
    VOLUMES,
    checked_soundfont,
    is_clipped,
    performance,
    places,
)
from credo.rendering.sound.synthesis import play

#: How long stems may ring on; the longer one is for the few instruments that still sound after the shorter one.
TAILS_SECONDS = (6.0, 16.0)
#: Decibels by which a part may be made louder.
MOST_GAIN_DB = 24.0

_SHORTEST_FADE, _LONGEST_FADE = 960, 12_000  # frames: 20 ms and 250 ms
_STILL = 2_400  # frames at the end in which nothing may be heard if a sound is to count as rung out
# Drums of one kind stop one another: hi-hats, whistles, guiros, cuicas, triangles. By the first key of each kind.
_CHOKED = {44: 42, 46: 42, 72: 71, 74: 73, 79: 78, 81: 80}

#: A part and its place, 0 (left) to 127.
Placed = tuple[Part, int]


@dataclass(frozen=True, slots=True, eq=False)
class Stem:
    """What one part sounds like.

    Attributes:
        name: the part's name, or that of its instrument if it has none.
        samples: shape (frames, 2), float32, at 48 kHz. 1 is the synthesiser's full scale, which loud parts may pass.
        lead: frames of silence before its first sound; all of them if the part is silent.
    """

    name: str
    samples: np.ndarray
    lead: int


def render_parts(
    score: Score,
    *,
    frames: int | None = None,
    wrap: bool = False,
    soundfont: str | Path | None = None,
    workers: int = 0,
    gains: Mapping[str, float] | None = None,
) -> list[Stem]:
    """Play each part of a score alone.

    Args:
        score: the piece, of half an hour at most. Parts of the same name are one stem.
        frames: how long every stem is, at 48 kHz; by default as long as the score rounded to a frame, and for what is
            no loop on until all has fallen 70 dB below the loudest sample.
        wrap: make a loop: what sounds after the last frame is added to the first ones, as often as needed. Otherwise
            what still rings is faded to silence at the last frame, within a quarter of a second after the score's end
            where there is that much room, and within 20 ms where there is none.
        soundfont: as for `synthesise`.
        workers: how many processes play; 0 is one a core.
        gains: decibels by which parts are louder (or, below 0, softer) than the score has them, by name of the stem.

    Returns:
        A stem for each name, in the order of the score. The same score gives the same samples.

    Raises:
        UsageError: the score or `frames` is longer than half an hour, `frames` is less than 1, a gain is for no part
            or no number up to 24 dB.
        FileError: the soundfont is missing or cannot be used.
        MissingExtraError: a library is not installed.
    """
    seconds = score.duration_seconds
    _check_length(seconds, frames)
    groups = _by_name(score)
    factors = _factors(groups, gains or {})
    font = checked_soundfont(soundfont)
    score_frames = max(round(seconds * SAMPLE_RATE), 1)
    wanted = None if wrap or frames is None else frames / SAMPLE_RATE - seconds
    sounds = _play_groups(score, groups, font, workers, wanted)
    for name, factor in factors.items():
        sounds[name] = sounds[name] * np.float32(factor)
    if wrap:
        stems = {name: _wrapped(sound, frames or score_frames) for name, sound in sounds.items()}
    else:
        length = frames or max(score_frames, _rung_out(list(sounds.values())))
        stems = {name: _ended(sound, length, score_frames) for name, sound in sounds.items()}
    return [Stem(name, samples, _silence_before(samples)) for name, samples in stems.items()]


@dataclass(frozen=True, slots=True)
class _Job:
    """What is to be played for a stem, at which of `VOLUMES` and with which of the tails."""

    name: str
    parts: Sequence[Placed]
    volume: int = 0
    tail: int = 0


def _check_length(seconds: float, frames: int | None) -> None:
    if seconds > MAX_SECONDS:
        raise UsageError(f"stems: expected at most {MAX_SECONDS // 60} minutes of music, got {seconds / 60:.0f}")
    if frames is not None and not 1 <= frames <= MAX_SECONDS * SAMPLE_RATE:
        raise UsageError(f"stems: expected 1..{MAX_SECONDS * SAMPLE_RATE} frames, got {frames}")


def _by_name(score: Score) -> dict[str, list[Placed]]:
    """The parts of each stem, and where they stand."""
    groups: dict[str, list[Placed]] = {}
    for part, pan in places(score):
        name = part.name or ("drums" if part.is_drums else INSTRUMENTS[part.program])
        groups.setdefault(name, []).append((part, pan))
    return groups


def _factors(groups: Mapping[str, list[Placed]], gains: Mapping[str, float]) -> dict[str, float]:
    """What to multiply stems by."""
    for name, gain in gains.items():
        if name not in groups:
            raise UsageError(f"gains: expected names among {', '.join(groups) or 'no parts'}, got {name!r}")
        if not gain <= MOST_GAIN_DB:
            raise UsageError(f"gain of {name!r}: expected at most {MOST_GAIN_DB:g} dB, got {gain}")
    return {name: 10 ** (gain / 20) for name, gain in gains.items()}


def _play_groups(
    score: Score, groups: Mapping[str, Sequence[Placed]], font: Path, workers: int, wanted: float | None
) -> dict[str, np.ndarray]:
    """The sound of each group of parts, shape (frames of its own, 2), float32.

    Args:
        score: the piece.
        groups: the parts of each stem and their places.
        font: the soundfont.
        workers: how many processes play.
        wanted: seconds after the score's end that are needed; None for as many as it takes to ring out.
    """
    tails = TAILS_SECONDS if wanted is None else (min(max(wanted, 0.0), TAILS_SECONDS[-1]) + 0.01,)
    sounds = {name: np.zeros((0, 2), np.float32) for name in groups}
    jobs = [_Job(name, parts) for name, parts in groups.items() if any(part.notes for part, _ in parts)]
    while jobs:
        midis = [performance(score, job.parts, VOLUMES[job.volume], tails[job.tail]) for job in jobs]
        again: list[_Job] = []
        for job, samples in zip(jobs, play(font, midis, workers=workers), strict=True):
            if is_clipped(samples) and (halves := _halves(job.parts)):
                again += [replace(job, parts=half) for half in halves]
            elif is_clipped(samples) and job.volume + 1 < len(VOLUMES):
                again.append(replace(job, volume=job.volume + 1))
            elif job.tail + 1 < len(tails) and not _has_rung_out(samples):
                again.append(replace(job, tail=job.tail + 1))
            else:
                level = np.float32((VOLUMES[0] / VOLUMES[job.volume]) ** 2 / 32768)
                sounds[job.name] = _sum(sounds[job.name], samples * level)
        jobs = again
    return sounds


def _halves(parts: Sequence[Placed]) -> list[list[Placed]]:
    """The parts with the lower keys and with the higher ones; nothing where there is but one key.

    A key goes with all its notes, and with the keys of its kind, because they stop one another.
    """
    counts: dict[tuple[bool, int], int] = {}
    for part, _ in parts:
        for note in part.notes:
            counts[_kind(part, note)] = counts.get(_kind(part, note), 0) + 1
    kinds = sorted(counts)
    if len(kinds) < 2:
        return []
    before = np.cumsum([counts[kind] for kind in kinds[:-1]])
    low = set(kinds[: int(np.abs(before - sum(counts.values()) / 2).argmin()) + 1])
    return [
        [
            (replace(part, notes=tuple(n for n in part.notes if (_kind(part, n) in low) == is_low)), pan)
            for part, pan in parts
        ]
        for is_low in (True, False)
    ]


def _kind(part: Part, note: Note) -> tuple[bool, int]:
    return part.is_drums, _CHOKED.get(note.pitch, note.pitch) if part.is_drums else note.pitch


def _sum(sound: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Two sounds together, as long as the longer one."""
    longer, shorter = (sound, other) if len(sound) > len(other) else (other, sound)
    longer[: len(shorter)] += shorter
    return longer


def _has_rung_out(samples: np.ndarray) -> bool:
    peak, left = (max(int(part.max()), -int(part.min())) for part in (samples, samples[-_STILL:]))
    return left <= max(peak * 10 ** (SILENCE_DB / 20), 1)


def _rung_out(sounds: list[np.ndarray]) -> int:
    """Frames after which none of the sounds is heard any more, beside the loudest of them."""
    loudest = max((float(np.abs(sound).max()) for sound in sounds if len(sound)), default=0.0)
    threshold = loudest * 10 ** (SILENCE_DB / 20)
    audible = [np.flatnonzero(np.abs(sound).max(axis=1) > threshold) for sound in sounds if len(sound)]
    return max((int(frames[-1]) + 1 for frames in audible if len(frames)), default=0)


def _wrapped(sound: np.ndarray, frames: int) -> np.ndarray:
    """A loop: every `frames` frames of the sound lie on one another. Shape (frames, 2)."""
    sound = _faded(sound, _SHORTEST_FADE)
    loop = _padded(sound[:frames], frames)
    for start in range(frames, len(sound), frames):
        later = sound[start : start + frames]
        loop[: len(later)] += later
    return loop


def _ended(sound: np.ndarray, frames: int, score_frames: int) -> np.ndarray:
    """A sound of `frames` frames that is silent at the last one. Shape (frames, 2)."""
    fade = min(max(frames - score_frames, _SHORTEST_FADE), _LONGEST_FADE)
    return _faded(_padded(sound[:frames], frames), fade)


def _padded(sound: np.ndarray, frames: int) -> np.ndarray:
    padded = np.zeros((frames, 2), np.float32)
    padded[: len(sound)] = sound
    return padded


def _faded(sound: np.ndarray, frames: int) -> np.ndarray:
    """The sound with its last frames going to 0 along half a cosine; a copy."""
    frames = min(frames, len(sound))
    ramp = 0.5 + 0.5 * np.cos(np.pi * np.arange(1, frames + 1, dtype=np.float32) / np.float32(max(frames, 1)))
    faded = sound.copy()
    faded[len(sound) - frames :] *= ramp[:, None]
    return faded


def _silence_before(samples: np.ndarray) -> int:
    sounding = samples.reshape(-1) != 0  # frame by frame, left and right
    first = int(sounding.argmax())
    return first // 2 if sounding[first] else len(samples)
