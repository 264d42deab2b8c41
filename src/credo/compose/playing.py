"""How a piece is played: what is asked of loudness, articulation and octave, done to the notes once they are drawn.

The notes on the grid stay as the model drew them. No tensor library is loaded for this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from credo.conditioning.attributes import Attributes
from credo.conditioning.measure import gaps_of, sounding_shares
from credo.errors import UsageError
from credo.music.score import Note, Part, Score

#: Sounding lengths are whole parts of a quarter, so that MIDI files hold them.
TICKS = 480
#: The furthest that a piece is moved.
MOST_OCTAVES = 4
_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Playing:
    """How a piece is played; None for as it is.

    Attributes:
        octaves: how many octaves higher the pitched parts are, fewer where notes would leave 0..127.
        loudness: mean velocity, 1..127; louder notes stay louder.
        articulation: mean share of the time to its part's next note that a note sounds, as
            `credo.conditioning.measure` counts it; above 0, at most 1. Notes of a part's last chord, and drums, keep
            their lengths.
    """

    octaves: int = 0
    loudness: float | None = None
    articulation: float | None = None

    def __post_init__(self) -> None:
        if not -MOST_OCTAVES <= self.octaves <= MOST_OCTAVES:
            raise UsageError(f"octaves: expected -{MOST_OCTAVES} to {MOST_OCTAVES}, got {self.octaves}")
        Attributes(loudness=self.loudness, articulation=self.articulation)  # which checks them

    def written(self, score: Score) -> Score:
        """The score as it is to be written down: in its octave and loudness, with full lengths."""
        return louder(in_octave(score, self.octaves), self.loudness)

    def played(self, score: Score) -> Score:
        """The score as it is to sound."""
        return articulated(self.written(score), self.articulation)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Playing:
        """Rebuild from `to_dict`.

        Raises:
            UsageError: the record makes no sense.
        """
        try:
            return cls(**data)
        except TypeError as error:
            raise UsageError(f"playing: expected octaves, loudness and articulation, got {dict(data)!r}") from error


def in_octave(score: Score, octaves: int) -> Score:
    """The pitched parts so many octaves higher, or as many as keep all notes within 0..127; keys stay."""
    pitches = [note.pitch for part in score.parts if not part.is_drums for note in part.notes]
    if not pitches:
        return score
    most, least = (127 - max(pitches)) // 12, -(min(pitches) // 12)
    semitones = 12 * min(max(octaves, least), most)
    if not semitones:
        return score
    return _with_notes(score, lambda part: [replace(n, pitch=n.pitch + semitones) for n in part.notes], drums=False)


def louder(score: Score, loudness: float | None) -> Score:
    """All velocities times one number, cut to 1..127, so that their mean is as near as can be to a loudness."""
    velocities = np.array([note.velocity for part in score.parts for note in part.notes], float)
    if loudness is None or not len(velocities):
        return score

    def scaled(factor: float) -> np.ndarray:
        return np.clip(np.floor(velocities * factor + 0.5), 1, 127)

    factor = _solve(lambda factor: float(scaled(factor).mean()), loudness, 0.0, 128.0)
    new = iter(scaled(factor).astype(int).tolist())
    return _with_notes(score, lambda part: [replace(note, velocity=next(new)) for note in part.notes])


def articulated(score: Score, articulation: float | None) -> Score:
    """Shorter or longer notes, so that their mean share of the time to the next one is as near as can be to another.

    All lengths are multiplied by one number. Where it is above 1 notes grow at most up to the next note of their part,
    and none gets shorter. Onsets stay.
    """
    parts = [part for part in score.parts if part.notes and not part.is_drums]
    if articulation is None or not parts:
        return score
    times = [
        (np.array([float(note.onset) for note in part.notes]), np.array([float(note.duration) for note in part.notes]))
        for part in parts
    ]

    def share(factor: float) -> float:
        shares = [sounding_shares(onsets, onsets + _lengths(onsets, lengths, factor)) for onsets, lengths in times]
        every = np.concatenate(shares)
        return float(every.mean()) if len(every) else 1.0

    factor = _solve(share, articulation, 0.0, 64.0)
    if abs(share(1.0) - articulation) < 1e-9 or not any(np.isfinite(gaps_of(onsets)).any() for onsets, _ in times):
        return score

    def shortened(part: Part) -> list[Note]:
        onsets = np.array([float(note.onset) for note in part.notes])
        lengths = _lengths(onsets, np.array([float(note.duration) for note in part.notes]), factor)
        ticks = np.maximum(np.floor(lengths * TICKS + 1e-6), 1).astype(int)  # never into the next note
        same = np.isclose(lengths, [float(note.duration) for note in part.notes], rtol=0, atol=1e-9)
        return [
            note if stays else replace(note, duration=Fraction(int(length), TICKS))
            for note, length, stays in zip(part.notes, ticks, same, strict=True)
        ]

    return _with_notes(score, shortened, drums=False)


def _lengths(onsets: np.ndarray, lengths: np.ndarray, factor: float) -> np.ndarray:
    """Lengths of a part's notes times a factor, as `articulated` says; shape (n,)."""
    gaps = gaps_of(onsets)
    if factor <= 1:
        return np.where(np.isfinite(gaps), lengths * factor, lengths)
    return np.where(np.isfinite(gaps), np.maximum(lengths, np.minimum(lengths * factor, gaps)), lengths)


def _solve(value: Callable[[float], float], wanted: float, low: float, high: float) -> float:
    """Where a rising function comes nearest to a value, by halving."""
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (middle, high) if value(middle) < wanted else (low, middle)
    return min((low, high), key=lambda factor: abs(value(factor) - wanted))


def _with_notes(score: Score, change: Callable[[Part], list[Note]], *, drums: bool = True) -> Score:
    """The score with other notes in its parts."""
    parts = (
        replace(part, notes=tuple(sorted(change(part)))) if part.notes and (drums or not part.is_drums) else part
        for part in score.parts
    )
    return replace(score, parts=tuple(parts))
