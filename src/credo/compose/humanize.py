"""Give a drum part the loudness and timing of a drummer, and leave everything else as it is."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from credo.compose import masks
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.fitting.snapping import nearest_step, snap_timeline
from credo.music.grid import OFFSETS, Cells, Grid
from credo.music.score import Note, Part, Score
from credo.music.texture import Texture, Voice

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composer

MOST_AMOUNT = 2.0

#: A hit this near (in quarters) to a triplet or a thirty-second was written there, and leans from there.
_WRITTEN = Fraction(1, 96)


@dataclass(frozen=True, slots=True)
class _Hit:
    """A note of a drum part.

    Attributes:
        part, number: where it stands in the score.
        step: the step it is nearest to.
        drum: its instrument; None for keys that the kit does not have.
        note: the note.
    """

    part: int
    number: int
    step: int
    drum: int | None
    note: Note


def humanize(
    score: Score,
    composer: Composer,
    request: Request,
    *,
    amount: float = 1.0,
    progress: Callable[[int, int], None] | None = None,
) -> Score:
    """Play the drum parts of a score as the drummers did whom a model learnt from.

    Every note keeps its place in the score, its instrument and its length; loudness and onset change. Of hits of one
    instrument on one step (flams, rolls) the loudest is drawn and the others move with it; instruments that the
    model's kit does not have move with what is struck on their step. Hits written on triplets or thirty-seconds lean
    from there, and not from the nearest step.

    Args:
        score: any score with a drum part.
        composer: with a model of one expressive drums voice.
        request: temperature, random seed, iterations and style count here.
        amount: how far to go: 0 leaves the part as it is, 1 plays as drawn, 2 goes twice as far.
        progress: called with (iterations done, iterations in all).

    Returns:
        The score with the same notes. Other parts are as they were.

    Raises:
        UsageError: there is no drum part, the amount is out of range, or the model has no expressive drums.
    """
    if not 0 <= amount <= MOST_AMOUNT:
        raise UsageError(f"amount: expected 0 to {MOST_AMOUNT:g}, got {amount:g}")
    voice = _kit(composer.texture)
    hits = _hits(score, voice, composer.texture.steps_per_quarter)
    if not hits:
        raise UsageError(
            f"file: expected a drum part, got {len(score.parts)} parts without one",
            hint="in MIDI, drums are on channel 10",
        )
    leaders: dict[tuple[int, int], _Hit] = {}
    for hit in hits:
        if hit.drum is not None:
            place = (hit.step, hit.drum)
            if place not in leaders or hit.note.velocity > leaders[place].note.velocity:
                leaders[place] = hit
    if not leaders:
        raise UsageError(f"file: expected drums of the kit of {composer.texture.name}, got none of them")
    cells = _drawn(score, leaders, voice, composer, request, progress)
    return _played(score, hits, leaders, cells, composer.texture.steps_per_quarter, Fraction(amount))


def half_way(given: Grid, played: Grid, amount: float) -> Grid:
    """Loudness and timing between two grids of the same notes.

    Args:
        given: as it was.
        played: as it was drawn.
        amount: 0 for what was given, 1 for what was drawn.
    """
    voices = []
    for voice, one, other in zip(given.texture.voices, given.voices, played.voices, strict=True):
        velocity, offset = (
            np.rint((1 - amount) * a.astype(float) + amount * b).astype(a.dtype)
            for a, b in ((one.velocity, other.velocity), (one.offset, other.offset))
        )
        voices.append(Cells.of(voice, other.sounding, other.attack, velocity, offset))
    return played.with_voices(voices)


def _kit(texture: Texture) -> Voice:
    voices = texture.voices
    if len(voices) != 1 or not voices[0].expressive:
        raise UsageError(
            f"model: expected one of drums that has learnt loudness and timing, got the texture {texture.name}",
            hint="credo train on the corpus groove makes one",
        )
    return voices[0]


def _hits(score: Score, voice: Voice, rate: int) -> list[_Hit]:
    return [
        _Hit(p, n, max(0, nearest_step(note.onset, rate)), voice.index(note.pitch), note)
        for p, part in enumerate(score.parts)
        if part.is_drums
        for n, note in enumerate(part.notes)
    ]


def _drawn(
    score: Score,
    leaders: dict[tuple[int, int], _Hit],
    voice: Voice,
    composer: Composer,
    request: Request,
    progress: Callable[[int, int], None] | None,
) -> Cells:
    """The drum voice with loudness and timing drawn."""
    rate = composer.texture.steps_per_quarter
    length = score.timeline.length
    steps = max(1 + max(step for step, _ in leaders), -(-length.numerator * rate // length.denominator))
    struck = np.zeros((steps, voice.size), bool)
    struck[tuple(np.array(list(leaders)).T)] = True
    timeline = replace(snap_timeline(score.timeline, rate, steps), keys=())  # drums have no key
    grid = Grid(composer.texture, (Cells.of(voice, struck),), timeline)
    return composer.complete(grid, masks.expression(grid), request, progress=progress).voices[0]


def _played(
    score: Score,
    hits: list[_Hit],
    leaders: dict[tuple[int, int], _Hit],
    cells: Cells,
    rate: int,
    amount: Fraction,
) -> Score:
    moved: dict[tuple[int, int], tuple[Fraction, int]] = {}  # of each leader, how far in quarters, and how much louder
    at_step: dict[int, list[Fraction]] = {}
    for place, leader in leaders.items():
        target = _written(leader, rate) + Fraction(int(cells.offset[place]), OFFSETS * rate)
        moved[place] = (target - leader.note.onset, int(cells.velocity[place]) - leader.note.velocity)
        at_step.setdefault(place[0], []).append(moved[place][0])
    parts = [list(part.notes) for part in score.parts]
    for hit in hits:
        if hit.drum is not None:
            later, louder = moved[hit.step, hit.drum]
        else:
            beside = at_step.get(hit.step, [Fraction(0)])
            later, louder = sum(beside, Fraction(0)) / len(beside), 0
        velocity = min(max(round(hit.note.velocity + amount * louder), 1), 127)
        onset = max(hit.note.onset + amount * later, Fraction(0))
        parts[hit.part][hit.number] = replace(hit.note, onset=onset, velocity=velocity)
    changed = {hit.part for hit in hits}
    return replace(
        score,
        parts=tuple(
            _with_notes(part, notes) if number in changed else part
            for number, (part, notes) in enumerate(zip(score.parts, parts, strict=True))
        ),
    )


def _written(hit: _Hit, rate: int) -> Fraction:
    """Where a hit leans from: its step, or the triplet or thirty-second that it stands on."""
    step = Fraction(hit.step, rate)
    if abs(hit.note.onset - step) <= _WRITTEN:
        return step
    for parts in (3, 6, 8):
        place = Fraction(nearest_step(hit.note.onset, parts), parts)
        if abs(hit.note.onset - place) <= _WRITTEN:
            return place
    return step


def _with_notes(part: Part, notes: list[Note]) -> Part:
    return replace(part, notes=tuple(sorted(notes)))
