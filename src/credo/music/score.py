"""What files hold: parts of notes on a timeline.

Time is counted in quarter notes from the start of the piece as exact fractions, so that triplets stay triplets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from fractions import Fraction
from operator import attrgetter

from credo.errors import UsageError
from credo.music.pitch import Key

DEFAULT_VELOCITY = 80
DEFAULT_TEMPO_BPM = 90.0


@dataclass(frozen=True, slots=True, order=True)
class Note:
    """One note.

    Attributes:
        onset: start in quarters from the start of the piece.
        pitch: MIDI note number 0..127; on a drum part, the General MIDI percussion key.
        duration: length in quarters, more than 0.
        velocity: loudness 1..127.
    """

    onset: Fraction
    pitch: int
    duration: Fraction
    velocity: int = DEFAULT_VELOCITY

    @property
    def end(self) -> Fraction:
        """Where the note stops, in quarters."""
        return self.onset + self.duration


@dataclass(frozen=True, slots=True)
class Part:
    """The notes of one player, sorted by onset and pitch.

    Attributes:
        name: what the part is called.
        notes: the notes, sorted.
        program: General MIDI program 0..127.
        is_drums: whether the pitches are percussion keys.
        channel: MIDI channel 0..15 where the file gave one.
    """

    name: str
    notes: tuple[Note, ...]
    program: int = 0
    is_drums: bool = False
    channel: int | None = None

    @classmethod
    def of(cls, name: str, notes: Iterable[Note], **fields) -> Part:
        """A part of notes in any order."""
        return cls(name, tuple(sorted(notes)), **fields)

    @property
    def end(self) -> Fraction:
        """Where the last note stops, in quarters."""
        rough = [
            note.onset.numerator / note.onset.denominator + note.duration.numerator / note.duration.denominator
            for note in self.notes
        ]
        latest = max(rough, default=0.0) - 1e-6  # floats choose the few notes whose ends are worth adding exactly
        return max(
            (note.end for note, end in zip(self.notes, rough, strict=True) if end >= latest), default=Fraction(0)
        )


@dataclass(frozen=True, slots=True)
class Tempo:
    """From `onset` (quarters) on, `bpm` quarters a minute."""

    onset: Fraction
    bpm: float


@dataclass(frozen=True, slots=True)
class Metre:
    """From `onset` (quarters) on, bars of `numerator`/`denominator`."""

    onset: Fraction
    numerator: int
    denominator: int

    @property
    def bar(self) -> Fraction:
        """Length of a bar in quarters."""
        return Fraction(4 * self.numerator, self.denominator)

    @property
    def beat(self) -> Fraction:
        """Length of a beat in quarters: a dotted unit in compound metres (6/8, 9/8, 12/8)."""
        unit = Fraction(4, self.denominator)
        return 3 * unit if self.denominator >= 8 and self.numerator % 3 == 0 and self.numerator > 3 else unit


@dataclass(frozen=True, slots=True)
class KeyChange:
    """From `onset` (quarters) on, `key`."""

    onset: Fraction
    key: Key


@dataclass(frozen=True, slots=True)
class Timeline:
    """What is common to all parts: tempo, metre, key and length.

    Attributes:
        length: length of the piece in quarters, rests at its end included.
        tempos, metres, keys: changes sorted by onset. `keys` may be empty (unknown); an empty `tempos` or `metres`
            means 90 quarters a minute and 4/4.
        pickup: length in quarters of an incomplete bar at the start (an upbeat); the first whole bar begins there.
    """

    length: Fraction = Fraction(0)
    tempos: tuple[Tempo, ...] = ()
    metres: tuple[Metre, ...] = ()
    keys: tuple[KeyChange, ...] = ()
    pickup: Fraction = Fraction(0)

    @property
    def key(self) -> Key | None:
        """The key at the start, if known."""
        return self.keys[0].key if self.keys else None

    def metre_at(self, onset: Fraction) -> Metre:
        """The metre in force at an onset (4/4 where none is given)."""
        return _in_force(self.metres, onset) or Metre(Fraction(0), 4, 4)

    def key_at(self, onset: Fraction) -> Key | None:
        """The key in force at an onset, if known."""
        change = _in_force(self.keys, onset)
        return change.key if change else None

    def bars(self) -> Iterator[tuple[Fraction, Fraction, Metre]]:
        """Each bar's start, end (both in quarters) and metre, from 0 until the length is covered.

        A pickup is the first, short bar; a change of metre inside a bar ends that bar early.
        """
        start = Fraction(0)
        changes = [metre.onset for metre in self.metres]
        first = True
        while start < self.length or (first and self.length == 0):
            metre = self.metre_at(start)
            end = start + (self.pickup if first and self.pickup else metre.bar)
            following = bisect_right(changes, start)
            if following < len(changes) and changes[following] < end:
                end = changes[following]
            yield start, end, metre
            start, first = end, False

    def seconds_at(self, onset: Fraction) -> float:
        """Seconds from the start of the piece to an onset in quarters."""
        seconds, here, bpm = 0.0, Fraction(0), DEFAULT_TEMPO_BPM
        for tempo in self.tempos:
            if tempo.onset >= onset:
                break
            seconds += float(tempo.onset - here) * 60 / bpm
            here, bpm = tempo.onset, tempo.bpm
        return seconds + float(onset - here) * 60 / bpm


@dataclass(frozen=True, slots=True)
class Score:
    """A piece of music: parts and their timeline.

    The timeline's length is stretched to the last note's end if it is shorter.
    """

    parts: tuple[Part, ...]
    timeline: Timeline = field(default_factory=Timeline)
    title: str = ""
    composer: str = ""

    def __post_init__(self) -> None:
        end = max((part.end for part in self.parts), default=Fraction(0))
        if end > self.timeline.length:
            object.__setattr__(self, "timeline", replace(self.timeline, length=end))

    @property
    def notes(self) -> list[Note]:
        """All notes of all parts, sorted by onset and pitch."""
        return sorted((note for part in self.parts for note in part.notes), key=attrgetter("onset", "pitch"))

    @property
    def duration_seconds(self) -> float:
        """How long the piece lasts."""
        return self.timeline.seconds_at(self.timeline.length)

    def transpose(self, semitones: int) -> Score:
        """The same piece `semitones` higher; drum parts stay, keys follow.

        Raises:
            UsageError: a note would leave 0..127.
        """
        pitches = [note.pitch + semitones for part in self.parts if not part.is_drums for note in part.notes]
        if pitches and not (min(pitches) >= 0 and max(pitches) <= 127):
            raise UsageError(f"transpose: expected notes to stay within 0..127, got {min(pitches)}..{max(pitches)}")
        parts = tuple(
            part
            if part.is_drums
            else replace(part, notes=tuple(replace(note, pitch=note.pitch + semitones) for note in part.notes))
            for part in self.parts
        )
        keys = tuple(KeyChange(change.onset, change.key.transpose(semitones)) for change in self.timeline.keys)
        return replace(self, parts=parts, timeline=replace(self.timeline, keys=keys))


def _in_force(changes, onset: Fraction):
    """The last change at or before an onset; the first one if all come later; None if there are none."""
    index = bisect_right([change.onset for change in changes], onset)
    return changes[max(index - 1, 0)] if changes else None
