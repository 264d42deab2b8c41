"""When notes begin: patterns, density, and bars that return."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from credo.compose.constraints.frame import Bar, Frame, Lane, Part
from credo.compose.wishes import ALL, Request
from credo.errors import UsageError

BEGINS, GOES_ON, RESTS, FREE = "x-. "


def rhythm(frame: Frame, request: Request, until: int) -> Part | None:
    """Voices follow patterns, which fill a bar evenly, up to the final chord of a cadence.

    A `-` with nothing before it, at the start of the piece, is a rest.
    """
    if not request.rhythm:
        return None
    part = Part.of("rhythm", frame)
    part.until = until
    for name, pattern in request.rhythm:
        lane = frame.lane(name)
        signs = pattern_steps(frame, name, pattern, until)
        begins, on, rests = (signs == sign for sign in (BEGINS, GOES_ON, RESTS))
        if lane.voice.kind == "drums":
            part.forbidden[on | rests, lane.pitches] = True
            continue
        part.forbidden[rests, lane.pitches] = True
        part.forbidden[on, lane.attacks] = True
        part.forced[begins, lane.attacks] = True
        part.joins[:, lane.index] |= on
        if lane.voice.kind == "mono":
            part.forbidden[begins, lane.rest] = True
    return part


def pattern_steps(frame: Frame, name: str, pattern: str, until: int) -> np.ndarray:
    """What a pattern says of each step: note begins, goes on, rest, or nothing; shape (T,), of one character each.

    Raises:
        UsageError: the pattern does not divide a bar, in which not all is held, into whole steps.
    """
    signs, held = np.full(frame.steps, FREE), frame.held[:, frame.lane(name).codes].all(1)
    for bar in frame.bars:
        length = bar.metre.bar * frame.window.beat
        unit, beside = divmod(length, len(pattern))
        if beside and held[bar.start : bar.stop].all():
            continue
        if beside:
            raise UsageError(
                f"rhythm: expected a pattern for {name} that divides the {length} steps of a bar of "
                f"{bar.metre.numerator}/{bar.metre.denominator}, got {len(pattern)} signs in {pattern!r}"
            )
        for step in range(bar.start, min(bar.stop, until)):
            place, inside = divmod(step - bar.origin, unit)
            sign = pattern[place % len(pattern)]  # an upbeat may be longer than a bar
            signs[step] = GOES_ON if inside and sign == BEGINS else sign
    first = next((step for step in range(frame.steps) if signs[step] != GOES_ON), frame.steps)
    signs[:first] = RESTS
    return signs


def density(frame: Frame, request: Request, until: int, wanted: np.ndarray) -> Part | None:
    """Voices have at most so many notes (of poly and drums voices: places where notes begin) in each bar.

    Notes begin at the strongest places of the bar, as many as are allowed, and one at least: chords' beginnings, the
    downbeat, the half bar, beats, halves of beats.

    Args:
        frame: the grid.
        request: the wish.
        until: where the final chord of a cadence begins, which is one note in any case.
        wanted: places at which chords begin, shape (T,), bool.

    Raises:
        UsageError: a pattern of `rhythm` has more notes.
    """
    if not request.density:
        return None
    part = Part.of("density", frame)
    wishes, patterns = dict(request.density), dict(request.rhythm)
    lanes = {lane.voice.name: lane for lane in frame.lanes}
    most = {**dict.fromkeys(lanes, wishes[ALL])} if ALL in wishes else {}
    most |= {frame.lane(name).voice.name: notes for name, notes in wishes.items() if name != ALL}
    for name, notes in most.items():
        if name in patterns:
            _check_pattern(frame, name, patterns[name], notes)
            continue
        for bar in frame.bars:
            count = _notes_of_bar(bar, notes)
            steps = sorted(range(bar.start, bar.stop), key=lambda step: _weakness(frame, bar, step, wanted))
            _join(part, lanes[name], [step for step in steps[count:] if step < until])
    return part


def _join(part: Part, lane: Lane, steps: list[int]) -> None:
    if lane.voice.kind == "drums":
        part.forbidden[steps, lane.pitches] = True
    else:
        part.forbidden[steps, lane.attacks] = True
        part.joins[steps, lane.index] = True


def _notes_of_bar(bar: Bar, notes: float) -> int:
    return max(1, int(notes * float(bar.metre.bar) + 1e-9))


def _weakness(frame: Frame, bar: Bar, step: int, wanted: np.ndarray) -> tuple[int, int, float]:
    """Sorts the steps of a bar, strongest first; those of one strength are taken in turn from all over the bar."""
    place, beat = step - bar.origin, frame.beat_steps(bar)
    beats = frame.bar_steps(bar) // beat
    half = beats % 2 == 0 and place == frame.bar_steps(bar) // 2
    inside = 1 if place % beat == 0 else 2 * Fraction(place % beat, beat).denominator
    first = step == bar.start or bool(wanted[step])
    return (0 if first else 1, 0 if half else inside, (place // beat + 1) * 0.618 % 1)


def _check_pattern(frame: Frame, name: str, pattern: str, notes: float) -> None:
    for bar in frame.bars:
        if pattern.count(BEGINS) > _notes_of_bar(bar, notes):
            raise UsageError(
                f"density and rhythm: expected at most {_notes_of_bar(bar, notes)} notes a bar for {name}, "
                f"got a pattern of {pattern.count(BEGINS)}, {pattern!r}"
            )


def repeats(frame: Frame, request: Request) -> Part | None:
    """Bars that are copies of earlier ones, in all voices.

    What sounds is the same at each step, and notes begin at the same steps, save that notes that sound into the first
    bar or out of the last one are cut there, in the original and in the copy.

    Raises:
        UsageError: a bar and its original differ in length, or the piece has no such bars.
    """
    if not request.repeats:
        return None
    part = Part.of("repeats", frame)
    bars, edges = {bar.number: bar for bar in frame.bars}, []
    for first, count, original in request.repeats:
        if first + count - 1 not in bars:
            last = frame.bars[-1].number
            raise UsageError(f"repeats: expected bars of 1 to {last}, got {count} bars from {first}")
        for offset in range(count):
            copy, source = bars[first + offset], bars[original + offset]
            if copy.stop - copy.start != source.stop - source.start:
                raise UsageError(f"repeats: expected bars of one length, got bars {source.number} and {copy.number}")
            edges.append(np.stack([np.arange(copy.start, copy.stop), np.arange(source.start, source.stop)], axis=1))
        ends = (bars[first].start, bars[original].start, bars[first + count - 1].stop, bars[original + count - 1].stop)
        for lane in frame.lanes:
            part.forced[[step for step in ends if step < frame.steps], lane.attacks] = True
    part.copies = np.concatenate(edges)
    return part
