"""Tempo as MIDI writes it, whole microseconds a quarter, and times that are exact under it."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

from credo.music.score import DEFAULT_TEMPO_BPM, Tempo, Timeline

_MINUTE = 60_000_000
#: A tempo that is rounded to whole microseconds may lead so many seconds astray, no more.
ASTRAY = Fraction(2, 10_000)


def microseconds(bpm: float) -> int:
    """A tempo in microseconds a quarter, rounded as a MIDI file does."""
    return round(_MINUTE / bpm)


@dataclass(frozen=True, slots=True)
class TempoMap:
    """Tempos in force.

    Attributes:
        changes: from an onset (quarters) on, so many microseconds a quarter; the first from 0 on.
    """

    changes: tuple[tuple[Fraction, int], ...]

    @classmethod
    def of(cls, timeline: Timeline) -> TempoMap:
        """The tempos of a timeline as its MIDI file has them."""
        changes = [(tempo.onset, microseconds(tempo.bpm)) for tempo in timeline.tempos]
        if not changes or changes[0][0] > 0:
            changes.insert(0, (Fraction(0), microseconds(DEFAULT_TEMPO_BPM)))
        return cls(tuple(changes))

    @property
    def tempos(self) -> tuple[Tempo, ...]:
        """The tempos in quarters a minute."""
        return tuple(Tempo(onset, _MINUTE / length) for onset, length in self.changes)

    def seconds_at(self, onset: Fraction) -> Fraction:
        """Exact seconds from the start to an onset in quarters."""
        seconds, here, length = Fraction(0), Fraction(0), self.changes[0][1]
        for change, following in self.changes[1:]:
            if change >= onset:
                break
            seconds += (change - here) * length
            here, length = change, following
        return (seconds + (onset - here) * length) / 1_000_000

    def onset_at(self, seconds: Fraction) -> Fraction:
        """The onset in quarters, exactly, at which a time in seconds lies."""
        left, here, length = seconds * 1_000_000, Fraction(0), self.changes[0][1]
        for change, following in self.changes[1:]:
            lasts = (change - here) * length
            if lasts >= left:
                break
            left -= lasts
            here, length = change, following
        return here + left / length

    def then(self, onset: Fraction, length: int) -> TempoMap:
        """The same tempos up to an onset, and another from there on."""
        kept = tuple(change for change in self.changes if change[0] < onset)
        return TempoMap(kept if kept and kept[-1][1] == length else (*kept, (onset, length)))


def through(anchors: list[tuple[Fraction, Fraction]], step: Fraction) -> TempoMap:
    """Tempos that lead through onsets at their times.

    Between two anchors the tempo is steady. Where whole microseconds would lead astray, it is one microsecond a quarter
    slower up to some step.

    Args:
        anchors: (onset in quarters, seconds), the first at 0, both growing.
        step: in quarters.
    """
    changes: list[tuple[Fraction, int]] = []
    late = Fraction(0)  # seconds by which rounding came late at the anchor before, so that errors do not add up
    for (start, begin), (end, finish) in pairwise(anchors):
        quarters, wanted = end - start, (finish - begin - late) * 1_000_000
        length = round(wanted / quarters)
        if abs(length * quarters - wanted) <= ASTRAY * 1_000_000:
            parts = [(start, length)]
        else:
            length = wanted // quarters
            slower = round((wanted - length * quarters) / step) * step
            parts = [(start, length + 1), (start + slower, length)]
        changes += [part for part in parts if start <= part[0] < end]
        late = (TempoMap(tuple(changes)).seconds_at(end) if changes else finish) - finish
    kept = [changes[0]] + [new for old, new in pairwise(changes) if new[1] != old[1]]
    return TempoMap(tuple(kept))
