"""What all players of a band look at: the core, its harmony, its bars, and how energetic they are."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from fractions import Fraction

from credo.compose.cue.arranging.figures import PHRASE_BARS, Place, places, strongest
from credo.compose.cue.arranging.harmony import Beat, Chord, Harmony, bar_beats, key_of, scale_of, tonic_chord
from credo.music.score import Note, Part, Score

#: Names of parts that sing the melody and that lie at the bottom; else the highest and the lowest part are taken.
TOPS = ("lead", "melody", "soprano", "voice", "violin 1")
BOTTOMS = ("bass", "cello")
#: Touch of a note that is neither stressed nor light; dynamics come on top (see `credo.compose.cue.arranging.band`).
NEUTRAL = 64


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar as players see it.

    Attributes:
        number: from 0.
        start, end: in quarters; the last bar ends with the piece.
        beats, places: of `credo.compose.cue.arranging.figures`.
        energy: 0..1, at its start.
        count: onsets that it should have, all players together.
    """

    number: int
    start: Fraction
    end: Fraction
    beats: tuple[Beat, ...]
    places: tuple[Place, ...]
    energy: float
    count: int

    @property
    def quarters(self) -> Fraction:
        """Its length."""
        return self.end - self.start

    @property
    def turns(self) -> bool:
        """Whether it ends a phrase."""
        return self.number % PHRASE_BARS == PHRASE_BARS - 1

    @property
    def drive(self) -> int:
        """0 calm, 1 moving, 2 driving."""
        return min(int(self.energy * 3), 2)

    def rhythm(self, count: float, seed: int) -> tuple[Fraction, ...]:
        """Onsets of a rhythm of about `count` notes, at least one."""
        return strongest(self.places, max(round(count), 1), seed)

    def pulse(self, count: float) -> tuple[Fraction, ...]:
        """Onsets of the finest even pulse of at most `count` notes: bars, groups, beats, and what divides them."""
        found: tuple[Fraction, ...] = (self.start,)
        for rank in range(5, -1, -1):
            onsets = tuple(place.onset for place in self.places if place.rank >= rank)
            if len(onsets) <= max(count, 1):
                found = onsets
        return found


@dataclass(frozen=True, slots=True)
class Knobs:
    """What is turned until a band has what was asked for.

    Attributes:
        rate: onsets a quarter where the energy is 0.5.
        even: whether the arpeggio keeps an even pulse, where no density is asked for.
        thin: whether the core's own notes give way as well where the rate is low.
        offset: semitones by which the players move from where they are at ease.
        voices: notes of a chord of the pad.
        hold: share of the time to the next note that a note is held; None for what the part does by nature.
    """

    rate: float
    even: bool = True
    thin: bool = False
    offset: float = 0.0
    voices: int = 3
    hold: float | None = None


@dataclass(frozen=True, slots=True)
class Stage:
    """The piece as players see it.

    Attributes:
        core: the piece.
        harmony: its chords.
        bars: its bars.
        knobs: how to play.
        seed: chooses among figures.
    """

    core: Score
    harmony: Harmony
    bars: tuple[Bar, ...]
    knobs: Knobs
    seed: int

    @classmethod
    def of(cls, core: Score, harmony: Harmony, knobs: Knobs, energy: Callable[[Fraction], float], seed: int) -> Stage:
        """A stage; `harmony` changes at the onsets that the knobs leave."""
        length, bars, owed = core.timeline.length, [], Fraction(0)
        for number, (start, end, metre) in enumerate(core.timeline.bars()):
            if start >= length:
                break
            end = min(end, length)
            level = min(max(energy(start), 0.0), 1.0)
            owed += Fraction(knobs.rate * (0.6 + 0.8 * level)).limit_denominator(1000) * (end - start)
            count = max(round(owed), 1)
            owed -= count
            beats = bar_beats(start, end, metre)
            bars.append(Bar(number, start, end, beats, places(beats), level, count))
        stage = cls(core, harmony, tuple(bars), knobs, seed)
        return cls(core, harmony.only_at(stage.onsets), stage.bars, knobs, seed) if knobs.thin else stage

    @property
    def length(self) -> Fraction:
        """Quarters."""
        return self.core.timeline.length

    @property
    def onsets(self) -> frozenset[Fraction]:
        """The places at which anything may begin where the core is thinned."""
        return frozenset(onset for bar in self.bars for onset in bar.rhythm(bar.count, self.seed))

    def bar_at(self, onset: Fraction) -> Bar:
        """The bar of an onset in quarters."""
        return self.bars[max(bisect_right(self.bars, onset, key=lambda bar: bar.start) - 1, 0)]

    def tonic(self, onset: Fraction, mode: str | None) -> Chord:
        """The chord to end on: what sounds, if it is the tonic's; else the tonic's triad."""
        key = self.core.timeline.key_at(onset) or key_of(self.core)
        sounding = self.harmony.at(onset)
        if sounding.root == key.tonic and sounding.quality in ("major", "minor"):
            return sounding
        return tonic_chord(onset, self.length, key, scale_of(key, mode))


def line(core: Score, *, top: bool) -> list[Note]:
    """The melody of a piece, or its bass, one note at a time."""
    parts = [part for part in core.parts if not part.is_drums and part.notes]
    named = [part for part in parts if part.name.lower() in (TOPS if top else BOTTOMS)]
    mean = {id(part): sum(note.pitch for note in part.notes) / len(part.notes) for part in parts}
    if not parts:
        return []
    best = (max if top else min)(named or parts, key=lambda part: mean[id(part)])
    if len(parts) == 1 and not top and not _is_chordal(best):
        return []  # a melody alone has no bass of its own
    return edge(best.notes, top=top)


def edge(notes: Iterable[Note], *, top: bool) -> list[Note]:
    """The highest of the notes at each time, or the lowest; notes that jump far inwards are of another voice."""
    sign = 1 if top else -1
    best: dict[Fraction, Note] = {}
    for note in notes:
        if note.onset not in best or sign * note.pitch > sign * best[note.onset].pitch:
            best[note.onset] = note
    if not best:
        return []
    usual = sorted(note.pitch for note in best.values())[len(best) // 2]
    found: list[Note] = []
    for onset in sorted(best):
        note = best[onset]
        if sign * (note.pitch - usual) < -14:
            continue
        if found and found[-1].end > onset:
            last = found[-1]
            if sign * last.pitch > sign * note.pitch and last.end - onset > Fraction(1, 8):
                continue
            found[-1] = Note(last.onset, last.pitch, onset - last.onset, last.velocity)
        found.append(note)
    return found


def _is_chordal(part: Part) -> bool:
    """Whether more than a tenth of the notes sound with another one."""
    together = sum(one.end > other.onset for one, other in zip(part.notes, part.notes[1:], strict=False))
    return together > len(part.notes) / 10
