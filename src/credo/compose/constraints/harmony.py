"""Chords over bars, and the cadence at the end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from credo.compose.constraints.frame import Bar, Frame, Lane, Part
from credo.compose.constraints.pitches import names_of, scale_spans
from credo.compose.constraints.rhythm import RESTS, pattern_steps
from credo.compose.constraints.symbols import Chord, parse_chords
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.pitch import Key

#: The lowest key at which the bass of a keyboard is put, where its range allows.
_LOWEST_BASS = 36


class Span(NamedTuple):
    """A chord and its place.

    Attributes:
        start, stop: its first step, and the step after its last.
        chord: the chord.
    """

    start: int
    stop: int
    chord: Chord


class Ending(NamedTuple):
    """Where a cadence stands.

    Attributes:
        dominant: first step of the beat of the dominant.
        arrival: first step of the final chord, where the beat of the dominant ends.
        last: from this step on the final chord lasts.
        tonic: pitch classes of the final chord, the tonic first, then the third.
        basses: pitch classes that the dominant's bass may have.
    """

    dominant: int
    arrival: int
    last: int
    tonic: tuple[int, ...]
    basses: frozenset[int]


def spans(frame: Frame, request: Request) -> list[Span]:
    """The chords of a plan and their places; an upbeat has none, nor what the plan leaves to the model.

    The chords of a bar share its beats: each has as many whole beats, the first ones those that are over. More chords
    than beats have parts of one length. Bars that are held throughout may be too short for theirs.

    Raises:
        UsageError: the chords of a bar cannot share its steps, or a chord is not of the scale.
    """
    if request.chords is None:
        return []
    plan, result = parse_chords(request.chords), []
    for bar in frame.bars:
        chords = plan[(bar.number - 1) % len(plan)]
        if bar.number and (_fits(frame, bar, len(chords)) or not frame.held[bar.start : bar.stop].all()):
            starts = [*_shares(frame, bar, len(chords)), bar.stop]
            pairs = zip(starts, starts[1:], chords, strict=False)
            result += [
                Span(start, min(stop, bar.stop), chord)
                for start, stop, chord in pairs
                if chord is not None and start < bar.stop
            ]
    if request.scale is not None:
        for stretch, classes in scale_spans(frame, request):
            for span in result:
                outside = {*span.chord.tones, span.chord.bass} - classes
                if outside and span.start < stretch.stop and span.stop > stretch.start:
                    key = frame.grid.timeline.key
                    raise UsageError(
                        f"chords and scale: expected chords of the scale {request.scale} ({names_of(classes, key)}), "
                        f"got {span.chord.symbol} with {names_of(outside, key)}"
                    )
    return result


def _fits(frame: Frame, bar: Bar, count: int) -> bool:
    return count <= frame.bar_steps(bar) // frame.beat_steps(bar) or frame.bar_steps(bar) % count == 0


def _shares(frame: Frame, bar: Bar, count: int) -> list[int]:
    beat, length = frame.beat_steps(bar), frame.bar_steps(bar)
    beats = length // beat
    if count <= beats:
        each, over = divmod(beats, count)
        return [bar.start + beat * (number * each + min(number, over)) for number in range(count)]
    if not _fits(frame, bar, count):
        raise UsageError(
            f"chords: expected at most {beats} chords in a bar of {bar.metre.numerator}/{bar.metre.denominator}, "
            f"or as many as divide its {length} steps, got {count}"
        )
    return [bar.start + number * length // count for number in range(count)]


def chords(frame: Frame, request: Request, plan: list[Span], silent: np.ndarray) -> Part | None:
    """Voices sound the tones of the chords, a slash's bass among them.

    On each beat, and where a chord begins, pitches are tones of the chord. Between beats mono voices may have notes of
    the scale (else of the key) too, which they reach and leave by step. The bass has the chord's root, or the bass
    after the slash, where the chord begins, unless it has to rest there. Three mono voices or more sound the
    root and the third (or what stands in its place) there.

    Args:
        frame: the grid.
        request: the wish.
        plan: the chords and their places.
        silent: where voices have to rest for other wishes, shape (T, V), bool.
    """
    if not plan:
        return None
    from credo.compose.constraints.rules import harmonies

    part = Part.of("chords", frame)
    tones, required = np.zeros((2, frame.steps), np.int32)
    scale = np.zeros(frame.steps, np.int32)
    for stretch, classes in scale_spans(frame, request):
        scale[stretch] = _bits(classes)
    on = frame.on_beat.copy()
    on[[span.start for span in plan]] = True
    for start, stop, chord in plan:
        steps = np.arange(start, stop)
        own = {*chord.tones, chord.bass}
        tones[start:stop] = _bits(own)
        for lane in frame.lanes:
            if lane.voice.kind == "mono":
                part.only(steps[on[steps]], lane, own)
                for step in steps[~on[steps]]:
                    part.only(step, lane, {*own, *(c for c in range(12) if scale[step] >> c & 1)})
            elif lane.voice.kind == "poly":
                part.only(steps, lane, own)
        if frame.bass is not None and not silent[start, frame.bass.index]:
            bass_takes(part, frame, request, slice(start, start + 1), {chord.bass})
        voices = sum(not silent[start, lane.index] for lane in frame.mono)
        if voices >= 3 and len(frame.mono) == len(frame.lanes):
            required[start] = _bits(chord.tones[:2])
    if frame.mono:
        part.rules.append(harmonies(frame, tones, required))
    return part


def bass_takes(part: Part, frame: Frame, request: Request, steps: slice, classes: set[int] | frozenset[int]) -> None:
    """The bass sounds one of some pitch classes, a keyboard with its lowest key."""
    lane = frame.bass
    if lane is None:
        return
    if lane.voice.kind == "mono":
        part.only(steps, lane, classes, rest=False)
        return
    low, high = range_of(frame, request, lane)
    keys = [key for key in lane.midi if low <= key <= high and key % 12 in classes]
    if not keys:
        raise UsageError(f"chords and ranges: expected a range of {lane.voice.name} that holds the bass of each chord")
    key = next((key for key in keys if key >= _LOWEST_BASS), keys[-1])
    part.forced[steps, lane.pitches.start + lane.voice.index(int(key))] = True
    part.forbid(steps, lane, lane.midi < key)


def range_of(frame: Frame, request: Request, lane: Lane) -> tuple[int, int]:
    """The lowest and the highest pitch that a voice may have."""
    voice = frame.window.natural.voices[lane.index]
    low, high = next((wish[1:] for wish in request.ranges if wish[0] == voice.name), (voice.low, voice.high))
    return max(low, voice.low), min(high, voice.high)


def resting(frame: Frame, request: Request, until: int) -> np.ndarray:
    """Where patterns of the rhythm, which end at a step, have rests; shape (T, V), bool."""
    rests = np.zeros((frame.steps, len(frame.lanes)), bool)
    for name, pattern in request.rhythm:
        rests[:, frame.lane(name).index] = pattern_steps(frame, name, pattern, until) == RESTS
    return rests


def ending(frame: Frame, request: Request, plan: list[Span]) -> Ending | None:
    """Where the cadence stands.

    The final chord fills the last half of a bar of four beats, else the last bar, or all of the plan's last chord if
    there is a plan and that is longer. A last bar that an upbeat makes so short that it has no second half counts as
    whole. The beat before it is the dominant's.

    Raises:
        UsageError: there is no key, no room, or the plan of chords ends otherwise.
    """
    if not request.cadence or all(lane.voice.kind == "drums" for lane in frame.lanes):
        return None
    key = frame.grid.timeline.key_at(frame.grid.timeline.length)
    if key is None:
        raise UsageError("cadence: expected a key, for the piece has none")
    bar = frame.bars[-1]
    half = bar.origin + frame.bar_steps(bar) // 2
    four = frame.bar_steps(bar) == 4 * frame.beat_steps(bar)
    arrival = last = half if four and bar.start < half < bar.stop else bar.start
    tonic, dominant = final_chords(frame, request, key)
    basses = frozenset({dominant[0]})
    if plan and plan[-1].stop > last:  # else the plan leaves the end to the model
        final = plan[-1]
        if final.chord.root != tonic[0] or final.chord.bass != tonic[0] or final.start > last:
            raise UsageError(
                f"cadence and chords: expected a plan that ends on the tonic of {key.name}, from beat "
                f"{(last - bar.origin) // frame.beat_steps(bar) + 1} of the last bar at the latest, "
                f"got {final.chord.symbol} at the end of {request.chords!r}"
            )
        tonic = final.chord.tones[:3]
        arrival = final.start
        before = [span for span in plan if span.stop == arrival]
        while before and before[0].chord == final.chord:
            arrival = before[0].start
            before = [span for span in plan if span.stop == arrival]
        for span in before:
            if span.chord.root != dominant[0]:
                raise UsageError(
                    f"cadence and chords: expected the dominant of {key.name} before the last chord, "
                    f"got {span.chord.symbol} in {request.chords!r}"
                )
            basses |= {span.chord.bass}
    start = arrival - frame.beat_steps(next(b for b in frame.bars if b.start < arrival <= b.stop)) if arrival else -1
    if start < 0:
        raise UsageError("cadence: expected a beat before the final chord, got too short a piece")
    return Ending(start, arrival, last, tonic, basses)


def cadence(frame: Frame, request: Request, end: Ending | None, silent: np.ndarray) -> Part | None:
    """The piece ends with an authentic cadence.

    In the beat before the final chord all pitches are those of the dominant seventh, with its root in the bass and, of
    three mono voices or more, with its third. Then come the tones of the tonic triad, the tonic in the bass, the tonic
    or the third in the highest voice, with a third, held to the end. Patterns and density end where it begins.

    Args:
        frame: the grid.
        request: the wish.
        end: where it stands.
        silent: where voices have to rest for other wishes, shape (T, V), bool.
    """
    if end is None:
        return None
    from credo.compose.constraints.rules import harmonies

    part = Part.of("cadence", frame)
    key = frame.grid.timeline.key_at(frame.grid.timeline.length)
    assert key is not None
    _, dominant = final_chords(frame, request, key)
    before, final = slice(end.dominant, end.arrival), slice(end.arrival, frame.steps)
    for lane in frame.lanes:
        if lane.voice.kind == "drums":
            continue
        part.only(before, lane, dominant)
        part.only(final, lane, end.tonic, rest=bool(silent[final, lane.index].any()))
        part.joins[end.last + 1 :, lane.index] = True
        part.forbidden[end.last + 1 :, lane.attacks] = True
    top = frame.mono[0] if frame.mono else None
    if top is not None and (len(frame.lanes) == 1 or top is not frame.bass):
        low, high = range_of(frame, request, top)
        ends = {end.tonic[0]} if len(frame.lanes) == 1 else set(end.tonic[:2])
        if any(low <= pitch <= high and pitch % 12 in ends for pitch in top.midi):
            part.only(final, top, ends)
    if frame.bass is not None and not silent[end.dominant :, frame.bass.index].any():
        classes = end.basses if frame.bass.voice.kind == "mono" else frozenset({dominant[0]})
        steps = before if frame.bass.voice.kind == "mono" else slice(end.dominant, end.dominant + 1)
        bass_takes(part, frame, request, steps, classes)
        bass_takes(part, frame, request, final, {end.tonic[0]})
    sounding = (~silent[end.dominant :]).all(0).sum()
    if len(frame.mono) == len(frame.lanes) and sounding >= 3:
        required = np.zeros(frame.steps, np.int32)
        for step, chord in ((end.dominant, dominant), (end.arrival, end.tonic)):
            required[step] = _bits(chord[1:2])
        part.rules.append(harmonies(frame, np.zeros_like(required), required))
    return part


def final_chords(frame: Frame, request: Request, key: Key) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The tonic triad and the dominant seventh of a key, root first, in the notes of the scale that was wished for.

    A degree that the scale has only a semitone lower or higher is taken so: in D dorian A minor comes before D minor.
    One that it does not have at all is left out, and so is its seventh; the tonic itself stays.
    """
    tonic = (0, 3 if key.mode == "minor" else 4, 7)
    dominant = (7, 11, 2, 5)
    if request.scale is None:
        return _on(key, tonic), _on(key, dominant)
    _, classes = scale_spans(frame, request)[-1]
    root, *others = _on(key, tonic)
    *triad, seventh = _on(key, dominant)
    ending = (root, *(note for note in _bent(classes, others) if note != root))
    return ending, (*_bent(classes, triad), *({seventh} & classes))


def _bent(classes: frozenset[int], notes: Sequence[int]) -> tuple[int, ...]:
    """Notes, each as a scale has it: as it is, else a semitone lower, else higher, else not at all."""
    found: list[int] = []
    for note in notes:
        near = [pitch % 12 for pitch in (note, note - 1, note + 1) if pitch % 12 in classes]
        found += [pitch for pitch in near[:1] if pitch not in found]
    return tuple(found)


def _on(key: Key, steps: tuple[int, ...]) -> tuple[int, ...]:
    return tuple((key.tonic + step) % 12 for step in steps)


def _bits(classes: frozenset[int] | tuple[int, ...] | set[int]) -> int:
    return sum(1 << pitch for pitch in set(classes))
