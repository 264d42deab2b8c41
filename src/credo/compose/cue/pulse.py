"""Beats of unequal length: music sampled on equal beats of a quarter, laid on the beats of any metre.

A model hears beat by beat, and has learned most from metres whose beats are quarters. 7/8 is three beats, of which the
last is longer; 6/8 is two long ones. So a bar is sampled with as many quarters as the metre has beats, and each is then
made as long as the beat. The second half of a beat of three eighths is its third: long, short.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import accumulate

from credo.compose.cue.arranging.harmony import beats_of
from credo.music.score import Metre, Note, Score, Timeline

#: Where the sixteenths of a quarter go in a beat of three equal units, as shares of the beat.
_OF_THREE = (Fraction(0), Fraction(1, 3), Fraction(2, 3), Fraction(5, 6), Fraction(1))
_EVEN = (Fraction(0), Fraction(1, 4), Fraction(1, 2), Fraction(3, 4), Fraction(1))


def pulses_of(metre: tuple[int, int]) -> tuple[Fraction, ...]:
    """The lengths, in quarters, of what a bar's sampled quarters become; beats of two quarters and more are divided."""
    lengths: list[Fraction] = []
    for length, _ in beats_of(*metre):
        lengths += [Fraction(1)] * int(length) if length >= 2 else [length]
    return tuple(lengths)


def sampled_metre(metre: tuple[int, int]) -> tuple[int, int]:
    """The metre in which music in another metre is sampled: as many quarters as there are beats."""
    return len(pulses_of(metre)), 4


def lay_on(score: Score, metre: tuple[int, int]) -> Score:
    """A score that was sampled in `sampled_metre`, in the metre itself.

    Args:
        score: bars of `sampled_metre`; the last one may be shorter.
        metre: numerator and denominator.
    """
    lengths = pulses_of(metre)
    if all(length == 1 for length in lengths) and metre[1] == 4:
        return score
    edges = [Fraction(0), *accumulate(lengths)]

    def place(onset: Fraction) -> Fraction:
        bar, inside = divmod(onset, len(lengths))
        beat = int(inside)
        if inside == 0:
            return bar * edges[-1]
        shares = _OF_THREE if (lengths[beat] * metre[1] / 4) % 3 == 0 else _EVEN
        sixteenth, rest = divmod((inside - beat) * 4, 1)
        first, last = shares[int(sixteenth)], shares[min(int(sixteenth) + 1, 4)]
        return bar * edges[-1] + edges[beat] + lengths[beat] * (first + (last - first) * rest)

    def moved(note: Note) -> Note:
        onset = place(note.onset)
        return replace(note, onset=onset, duration=place(note.end) - onset)

    parts = tuple(replace(part, notes=tuple(sorted(map(moved, part.notes)))) for part in score.parts)
    return replace(score, parts=parts, timeline=_timeline(score.timeline, place, metre))


def _timeline(timeline: Timeline, place: Callable[[Fraction], Fraction], metre: tuple[int, int]) -> Timeline:
    """The timeline with all its onsets moved; a short bar has a metre of its length."""
    metres: list[Metre] = []
    for start, end, _ in timeline.bars():
        first, last = place(start), place(min(end, timeline.length))
        beats = (last - first) * metre[1] / 4
        numerator = int(beats) if beats.denominator == 1 else metre[0]
        if not metres or metres[-1].numerator != numerator:
            metres.append(Metre(first, numerator, metre[1]))
    return replace(
        timeline,
        length=place(timeline.length),
        metres=tuple(metres),
        tempos=tuple(replace(tempo, onset=place(tempo.onset)) for tempo in timeline.tempos),
        keys=tuple(replace(change, onset=place(change.onset)) for change in timeline.keys),
    )
