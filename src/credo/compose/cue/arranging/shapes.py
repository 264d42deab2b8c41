"""Melodic shapes: steps on a ladder of pitch classes, so that the same shape reads in every key."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

from credo.compose.cue.arranging.compass import compass, fold
from credo.music.score import Note


@dataclass(frozen=True, slots=True)
class Shape:
    """A melodic shape.

    Attributes:
        steps: rungs of a ladder of pitch classes, 0 the lowest tone in the middle of the compass; None is a rest.
        lengths: quarters of each; a last tone lasts to the end.
    """

    steps: tuple[int | None, ...]
    lengths: tuple[Fraction, ...]


def shape_of(text: str) -> Shape:
    """A shape written as `step/sixteenths` between spaces, such as `0/1 1/1 2/4`; `-` is a rest."""
    pairs = [word.split("/") for word in text.split()]
    return Shape(
        tuple(None if step == "-" else int(step) for step, _ in pairs), tuple(Fraction(int(n), 4) for _, n in pairs)
    )


def melody(
    shape: Shape,
    tones: tuple[int, ...],
    program: int,
    length: Fraction,
    loud: int,
    first: int | None = None,
    centre: int = 67,
) -> list[Note]:
    """The notes of a shape on a ladder of pitch classes; rung 0 is `first`, or any tone, at or above the centre."""
    low, high = compass(program)
    steps = [step for step in shape.steps if step is not None]
    start = min(max(centre, low - 12 * (min(steps) // max(len(tones), 1))), high)
    rungs = [pitch for pitch in range(128) if pitch % 12 in tones]
    wanted = [pitch for pitch in rungs if pitch >= start - 6 and (first is None or pitch % 12 == first)]
    zero = rungs.index(wanted[0] if wanted else rungs[-1])
    reach = [rungs[min(max(zero + step, 0), len(rungs) - 1)] for step in steps]
    octave = -12 * max(-(-(max(reach) - high) // 12), 0) or 12 * max(-(-(low - min(reach)) // 12), 0)
    notes, here, pitches = [], Fraction(0), iter(reach)
    for number, (step, duration) in enumerate(zip(shape.steps, shape.lengths, strict=True)):
        duration = length - here if number + 1 == len(shape.steps) else duration
        if step is not None:
            notes.append(
                Note(here, fold(next(pitches) + octave, low, high), duration, min(max(loud + 2 * number - 4, 1), 127))
            )
        here += duration
    return notes
