"""Timelines cut, joined and rid of what says nothing."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TypeVar

from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Tempo, Timeline

Change = TypeVar("Change", Tempo, Metre, KeyChange)

COMMON_TIME = Metre(Fraction(0), 4, 4)


def canonical(timeline: Timeline) -> Timeline:
    """The same timeline without changes that change nothing; of several at one onset the last one stays.

    A metre that is given again inside a bar stays: it begins a new bar.
    """

    def last_at_each_onset(changes: Sequence[Change]) -> list[Change]:
        return list({change.onset: change for change in changes}.values())

    def without_repeats(changes: Sequence[Change]) -> tuple[Change, ...]:
        kept: list[Change] = []
        for change in last_at_each_onset(changes):
            if not kept or replace(change, onset=kept[-1].onset) != kept[-1]:
                kept.append(change)
        return tuple(kept)

    metres: list[Metre] = []
    for metre in last_at_each_onset(timeline.metres):
        if metres and replace(metre, onset=metres[-1].onset) == metres[-1]:
            first_bar = metres[-1].onset or timeline.pickup
            if metre.onset >= first_bar and (metre.onset - first_bar) % metre.bar == 0:
                continue
        metres.append(metre)
    return replace(
        timeline, tempos=without_repeats(timeline.tempos), metres=tuple(metres), keys=without_repeats(timeline.keys)
    )


def cut_timeline(timeline: Timeline, start: Fraction, end: Fraction) -> Timeline:
    """The timeline from `start` to `end` (both in quarters), counted from `start`.

    What is in force at the start is written there; a start inside a bar leaves the rest of that bar as a pickup.
    """

    def cut(changes: Sequence[Change]) -> tuple[Change, ...]:
        first = max(bisect_right([change.onset for change in changes], start) - 1, 0)
        inside = [change for change in changes[first:] if change.onset < end or change.onset <= start]
        return tuple(replace(change, onset=max(change.onset - start, Fraction(0))) for change in inside)

    metres, keys = _from_start(timeline.metres), _from_start(timeline.keys)
    pickup = timeline.pickup if start == 0 else Fraction(0)
    for bar_start, bar_end, _ in timeline.bars() if start > 0 else ():
        if bar_end > start:
            pickup = bar_end - start if bar_start < start else Fraction(0)
            break
    return canonical(Timeline(end - start, cut(timeline.tempos), cut(metres), cut(keys), pickup))


def join_timelines(timelines: Sequence[Timeline]) -> Timeline:
    """Timelines one after another.

    Where one begins, its tempo, metre and key hold; bars go on across the joint if they fit together, and else a new
    bar begins there. A timeline without a key goes on in the key before it.
    """
    joined = timelines[0]
    for following in timelines[1:]:
        joined = _join(joined, following)
    return joined


def _join(first: Timeline, second: Timeline) -> Timeline:
    start = first.length

    def shifted(changes: Sequence[Change]) -> tuple[Change, ...]:
        return tuple(replace(change, onset=change.onset + start) for change in changes)

    tempos, metres = first.tempos, first.metres
    if first.tempos or second.tempos:
        usual = (Tempo(Fraction(0), DEFAULT_TEMPO_BPM),)
        begins = second.tempos and second.tempos[0].onset == 0
        tempos = (first.tempos or usual) + shifted(second.tempos if begins else usual + second.tempos)
    following = _from_start(second.metres) or (COMMON_TIME,)
    goes_on = replace(first, length=start + second.length)
    if not _same_bars(goes_on, following[0], start, second.pickup):
        restart = [replace(following[0], onset=second.pickup)] if second.pickup else []
        if any(metre.onset <= second.pickup for metre in following[1:]):
            restart = []
        metres = (_from_start(first.metres) or (COMMON_TIME,)) + shifted([following[0], *restart, *following[1:]])
    else:
        metres = first.metres + shifted(following[1:])
    return canonical(
        Timeline(start + second.length, tempos, metres, first.keys + shifted(_from_start(second.keys)), first.pickup)
    )


def _from_start(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Changes of metre or key, the first of which is written at the start, where it is in force in any case."""
    if changes and changes[0].onset > 0:
        return (replace(changes[0], onset=Fraction(0)), *changes)
    return tuple(changes)


def _same_bars(timeline: Timeline, metre: Metre, start: Fraction, pickup: Fraction) -> bool:
    """Whether a timeline has this metre at `start` and a bar line `pickup` quarters later."""
    in_force = timeline.metre_at(start)
    if (in_force.numerator, in_force.denominator) != (metre.numerator, metre.denominator):
        return False
    for bar_start, bar_end, _ in timeline.bars():
        if bar_end > start:
            return (bar_end - start == pickup) if pickup else bar_start == start
    return True
