"""The notes that tell a mode from plain major or minor, such as the raised fourth of lydian: heard now and then."""

from __future__ import annotations

import numpy as np

from credo.compose.constraints.frame import Bar, Frame, Lane, Part
from credo.compose.constraints.harmony import Ending, range_of
from credo.compose.constraints.moments import roots
from credo.compose.constraints.pitches import scale_spans
from credo.compose.wishes import Request
from credo.music.pitch import Key

#: Of so many bars the second has such a note. More often the key is hard to hear.
_EVERY = 4
#: Added to the random seed, for these dice are not those of the notes.
_SALT = 104729


def colour(frame: Frame, request: Request, end: Ending | None, rests: np.ndarray) -> Part | None:
    """Of four bars the second has, in one voice and on a beat, a note of the scale that the plain key does not have.

    Bars that are held, that chords are asked for in, or that a cadence ends are left alone, and so is a bar in which no
    voice can have such a note. Copies of a bar have what it has.

    Args:
        frame: the grid.
        request: the wish.
        end: where the cadence stands.
        rests: where voices have to rest, shape (T, V), bool.
    """
    key = frame.grid.timeline.key
    if not request.colour or request.scale is None or request.chords is not None or key is None:
        return None
    own = own_notes(frame, request, key)
    if not own:
        return None
    part = Part.of("colour", frame)
    originals = roots(request.repeats)
    spared = _ends(frame, originals, end)
    for bar in frame.bars:
        if bar.number in originals or bar.number in spared or (bar.number - 1) % _EVERY != 1:
            continue
        dice = np.random.default_rng((request.seed, _SALT, bar.number))
        note = own[int(dice.integers(len(own)))]
        step = _step(frame, bar, dice)
        lanes = [lane for lane in frame.lanes if _can_have(frame, request, lane, step, note, rests)]
        if lanes:
            inner = [lane for lane in lanes if lane is not frame.bass] or lanes
            _have(part, frame, request, inner[int(dice.integers(len(inner)))], step, note)
    return part


def own_notes(frame: Frame, request: Request, key: Key) -> list[int]:
    """Pitch classes of the scale that the key's own scale does not have."""
    classes = {note for _, notes in scale_spans(frame, request) for note in notes}
    return sorted(classes - set(key.scale)) if len(classes) <= len(key.scale) else []


def _ends(frame: Frame, originals: dict[int, int], end: Ending | None) -> set[int]:
    """Bars that the cadence ends, and their originals."""
    if end is None:
        return set()
    number = frame.bar_at(end.dominant)
    last = {bar.number for bar in frame.bars if bar.number >= number}
    return last | {originals.get(bar, bar) for bar in last}


def _step(frame: Frame, bar: Bar, dice: np.random.Generator) -> int:
    """A beat of a bar, not its first one where it has others."""
    steps = [step for step in range(bar.start, bar.stop) if frame.on_beat[step]]
    later = [step for step in steps if step != bar.start] or steps or [bar.start]
    return later[int(dice.integers(len(later)))]


def _pitches(frame: Frame, request: Request, lane: Lane, step: int, note: int) -> list[int]:
    """The pitches of a class that a voice can have at a step: within its range, and not held as something else."""
    low, high = range_of(frame, request, lane)
    found = [int(pitch) for pitch in lane.midi if low <= pitch <= high and pitch % 12 == note]
    if lane.voice.kind == "mono":
        return [] if frame.held[step, lane.code] else found
    return [pitch for pitch in found if not frame.held[step, lane.code + pitch - lane.voice.low]]


def _can_have(frame: Frame, request: Request, lane: Lane, step: int, note: int, rests: np.ndarray) -> bool:
    free = lane.voice.kind != "drums" and not rests[step, lane.index]
    return free and bool(_pitches(frame, request, lane, step, note))


def _have(part: Part, frame: Frame, request: Request, lane: Lane, step: int, note: int) -> None:
    """A voice has a note at a step, a keyboard the key that is nearest to the middle of its range."""
    if lane.voice.kind == "mono":
        part.only(slice(step, step + 1), lane, {note}, rest=False)
        return
    pitches = _pitches(frame, request, lane, step, note)
    middle = pitches[len(pitches) // 2]
    part.forced[step, lane.pitches.start + middle - lane.voice.low] = True
