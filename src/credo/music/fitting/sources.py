"""Parts on their way to the voices: notes in whole ticks, which are quick to compare."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm
from typing import NamedTuple

from credo.music.score import Note, Part, Score


class Sounding(NamedTuple):
    """A note in ticks: it sounds from `start` up to `end`; `source` numbers the part it comes from."""

    start: int
    end: int
    pitch: int
    source: int
    note: Note

    def to_note(self, ticks: int) -> Note:
        """The note again, as long as it sounds here."""
        duration = self.note.duration
        if self.end - self.start == duration.numerator * (ticks // duration.denominator):
            return self.note
        return replace(self.note, duration=Fraction(self.end - self.start, ticks))


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """A part of a score.

    Attributes:
        name: what it is called.
        notes: its notes by onset and pitch, at least one.
        order: where it stands in the score, 0 (first) to 1 (last).
    """

    name: str
    notes: list[Sounding]
    order: float

    @classmethod
    def of(cls, part: Part, number: int, name: str, order: float, ticks: int) -> Source:
        """The part in ticks."""
        return cls(name, sorted(in_ticks(part, ticks, number), key=by_onset), order)

    @property
    def first_onset(self) -> Fraction:
        """Where it begins, in quarters."""
        return self.notes[0].note.onset

    def share_of_overlaps(self, ticks: int) -> float:
        """The share of notes (0..1) that begin while another one sounds on, more than legato."""
        overlaps, end = 0, self.notes[0].start
        for note in self.notes:
            overlaps += end - note.start > min(ticks // 8, (note.end - note.start) // 2)
            end = max(end, note.end)
        return overlaps / len(self.notes)

    def layers(self) -> list[list[int]]:
        """The pitches of its chords by their place in the chord: all highest ones, all second ones, ..."""
        chords: dict[int, list[int]] = {}
        for note in self.notes:
            chords.setdefault(note.start, []).append(note.pitch)
        layers: list[list[int]] = []
        for chord in chords.values():
            for i, pitch in enumerate(sorted(chord, reverse=True)):
                if i == len(layers):
                    layers.append([])
                layers[i].append(pitch)
        return layers


def in_ticks(part: Part, ticks: int, number: int = 0) -> list[Sounding]:
    """The notes of a part in ticks, in its order."""
    notes = []
    for note in part.notes:
        onset, duration = note.onset, note.duration
        start = onset.numerator * (ticks // onset.denominator)
        end = start + duration.numerator * (ticks // duration.denominator)
        notes.append(Sounding(start, end, note.pitch, number, note))
    return notes


def ticks_of_quarter(score: Score) -> int:
    """How many ticks a quarter must have so that all onsets and durations, and a 128th note, are whole ticks."""
    return lcm(32, *{q.denominator for part in score.parts for note in part.notes for q in (note.onset, note.duration)})


def by_onset(note: Sounding) -> tuple[int, int, int, int]:
    """The order of notes in a part."""
    return note.start, note.pitch, note.end, note.note.velocity
