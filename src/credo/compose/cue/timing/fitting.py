"""Tempo and bars that keep the times of a brief.

The means, in order: one steady tempo at which every hit falls on a step; tempos that change a little at hits, so that
each lies on a step; and for what is left, a stroke between the steps, at its own time. The length is always kept.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from credo.compose.cue.sheets.brief import Brief, Hit, SectionMark
from credo.compose.cue.timing.ending import Ending, wanted
from credo.compose.cue.timing.lattice import Lattice
from credo.compose.cue.timing.planning import Plan, best_ending, plan, seconds_of
from credo.compose.cue.timing.search import NEAR
from credo.compose.cue.timing.tempomap import TempoMap
from credo.music.score import KeyChange, Metre, Timeline

#: Onsets between steps are multiples of this part of a quarter, which MIDI files can hold.
TICKS = 960


@dataclass(frozen=True, slots=True)
class Landing:
    """Where a hit comes in the music.

    Attributes:
        hit: the hit.
        onset: in quarters from the start.
        seconds: when this onset sounds.
        residual_ms: `seconds` less the hit's time, in milliseconds.
        place: `bar`, `beat`, `half` (of a beat), `step`, or `between` the steps.
        reached: whether music can be there; else the onset is the nearest one.
        reason: why the place is not a step, or why it is not reached; empty if it is a step.
    """

    hit: Hit
    onset: Fraction
    seconds: float
    residual_ms: float
    place: str
    reached: bool = True
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Fit:
    """A timeline that keeps a brief's times.

    Attributes:
        timeline: tempos, metre and key; its length lasts exactly as long as the brief says, ring-out included.
        bars: how many bars have music, the last chord's counted; bars are counted from 1.
        steady: whether the tempo is one throughout (differences of a few parts in a thousand make times exact).
        landings: one for each hit, in order.
        final: onset of the last chord in quarters, on a beat of the last bar; None for a loop.
        end: where the last notes end at the latest, in quarters; what follows is ring-out.
        seconds: how long the timeline lasts.
        residual_ms: `seconds` less the brief's, in milliseconds.
        remarks: what had to give, for people.
    """

    timeline: Timeline
    bars: int
    steady: bool
    landings: tuple[Landing, ...]
    final: Fraction | None
    end: Fraction
    seconds: float
    residual_ms: float
    remarks: tuple[str, ...] = ()

    def seconds_at(self, onset: Fraction) -> float:
        """When an onset in quarters sounds, in seconds, with tempos as MIDI files have them."""
        return float(TempoMap.of(self.timeline).seconds_at(onset))

    def onset_at(self, seconds: float) -> Fraction:
        """The onset in quarters, exactly, at a time in seconds."""
        return TempoMap.of(self.timeline).onset_at(Fraction(repr(float(seconds))))

    def bar_at(self, seconds: float) -> int:
        """The bar in which a time lies, counted from 1; the last one for what comes later."""
        return max(bisect_right(self.bar_lines, self.onset_at(seconds)), 1)

    @property
    def bar_lines(self) -> tuple[Fraction, ...]:
        """Where the bars that have music begin, in quarters."""
        return tuple(start for start, _, _ in self.timeline.bars())[: self.bars]


@dataclass(frozen=True, slots=True)
class SectionBar:
    """Where a section begins in the music.

    Attributes:
        mark: the section.
        bar: its first bar, counted from 1.
        residual_ms: when this bar begins less the time that was asked for, in milliseconds.
    """

    mark: SectionMark
    bar: int
    residual_ms: float


def section_bars(brief: Brief, fit: Fit) -> tuple[SectionBar, ...]:
    """The bars at which sections begin: the nearest bar lines, each later than the one before.

    A section for which no bar is left is not among them.
    """
    lines = np.array([fit.seconds_at(line) for line in fit.bar_lines])
    found: list[SectionBar] = []
    for mark in brief.sections:
        first = found[-1].bar if found else 0  # bars from this index on are free
        if first < len(lines):
            index = first + int(np.argmin(np.abs(lines[first:] - mark.seconds)))
            found.append(SectionBar(mark, index + 1, 1000 * (float(lines[index]) - mark.seconds)))
    return tuple(found)


def fit(brief: Brief, *, tempo: float | None = None, steps_per_quarter: int = 4) -> Fit:
    """Find tempo and bars so that the end, the hits and the bars of a brief land.

    Args:
        brief: what is asked for.
        tempo: what the mood wishes, in quarters a minute; of a range it says which part is best.
        steps_per_quarter: how fine the grid is on which hits should fall.

    Raises:
        UsageError: bars of the metre have no whole number of steps.
    """
    lattice = Lattice.of(brief.metre, steps_per_quarter)
    wish = tempo if tempo is not None else brief.attributes.tempo
    made = plan(brief, lattice, wish)
    tempi, remarks = made.tempi, _about_tempo(brief, lattice, made, wish)
    if made.length is not None:
        ending, final, end, length = None, None, made.length, made.length
        whole = end - end % lattice.metre.bar
        metres = _metres(lattice, whole, end - whole)
        if whole != end:
            remarks.append(f"no tempo of the range fills whole bars: the last bar is {_named(metres[-1])}")
    else:
        steps = [round(tempi.onset_at(_exact(hit)) / lattice.step) * lattice.step for hit in brief.hits]
        inside = [onset for onset, hit in zip(steps, brief.hits, strict=True) if hit.seconds < brief.seconds]
        ending = best_ending(brief, lattice, tempi, inside)
        final = ending.onset
        tempi, length = _exact_length(brief, lattice, tempi, final)
        end = min(
            max(min(final + lattice.metre.bar, length // lattice.step * lattice.step), final + lattice.step), length
        )
        metres = (lattice.metre,)
        remarks += _about_ending(brief, lattice, tempi, ending)
    keys = (KeyChange(Fraction(0), brief.attributes.key),) if brief.attributes.key else ()
    timeline = Timeline(length, tempi.tempos, metres, keys)
    landings = _landings(brief, lattice, timeline, tempi)
    bars = sum(1 for start, _, _ in timeline.bars() if (start <= final if final is not None else True))
    seconds = tempi.seconds_at(length)
    astray = 1000 * float(seconds - seconds_of(brief))
    return Fit(timeline, bars, not made.changes, landings, final, end, float(seconds), astray, tuple(remarks))


def _exact(hit: Hit) -> Fraction:
    return Fraction(repr(hit.seconds))


def _exact_length(brief: Brief, lattice: Lattice, tempi: TempoMap, final: Fraction) -> tuple[TempoMap, Fraction]:
    """The length in quarters, a whole number of ticks, and tempos under which it lasts exactly as long as asked.

    What rounding to ticks changes is made good from the last chord on.
    """
    seconds = seconds_of(brief)
    exact = tempi.onset_at(seconds)
    near = round(exact / lattice.step) * lattice.step
    length = near if abs(near - exact) <= (exact - final) / 2000 else Fraction(round(exact * TICKS), TICKS)
    length = max(length, final + Fraction(1, TICKS))
    if abs(tempi.seconds_at(length) - seconds) <= Fraction(1, 100_000):
        return tempi, length
    rest = (seconds - tempi.seconds_at(final)) * 1_000_000 / (length - final)
    return tempi.then(final, round(rest)), length


def _metres(lattice: Lattice, start: Fraction, short: Fraction) -> tuple[Metre, ...]:
    """The metre, and a short last bar of some quarters, if there is one."""
    if not short:
        return (lattice.metre,)
    below = next(d for d in (lattice.metre.denominator, 4, 8, 16, 32, 64) if (short * d / 4).denominator == 1)
    odd = Metre(start, int(short * below / 4), below)
    return (*((lattice.metre,) if start else ()), odd)


def _named(metre: Metre) -> str:
    return f"{metre.numerator}/{metre.denominator}"


def _about_tempo(brief: Brief, lattice: Lattice, made: Plan, wish: float | None) -> list[str]:
    """What became of the tempo that was asked for."""
    bpms = [tempo.bpm for tempo in made.tempi.tempos]
    low, high = min(bpms), max(bpms)
    remarks = []
    if brief.tempo is not None:
        if wish is not None and not brief.tempo[0] <= wish <= brief.tempo[1]:
            remarks.append(
                f"the mood asks for a tempo of {wish:g}, the brief for {_range(*brief.tempo)}: the brief counts"
            )
        if not brief.tempo[0] * 0.998 <= low <= high <= brief.tempo[1] * 1.002:
            remarks.append(f"the tempo is {_range(low, high)}, not {_range(*brief.tempo)}, so that bars fill the loop")
    elif wish is not None and max(high / wish, wish / low) > 1.16:
        remarks.append(f"the tempo is {_range(low, high)}, far from {wish:g}, so that bars and hits land")
    if made.changes:
        remarks.append(f"the tempo changes at hits, between {low:.1f} and {high:.1f}")
    return remarks


def _about_ending(brief: Brief, lattice: Lattice, tempi: TempoMap, ending: Ending) -> list[str]:
    """What became of the last bars."""
    remarks = []
    if ending.short:
        beat = int(ending.short / lattice.metre.beat) + 1
        remarks.append(
            f"the last chord comes on beat {beat} of its bar, so that it is {ending.lasts:.2f} s before the end"
        )
    length = tempi.changes[-1][1] / 1e6
    _, most = wanted(brief, float(lattice.metre.bar) * length, float(lattice.metre.beat) * length)
    if ending.lasts > float(most) + 0.25:
        remarks.append(f"the last chord is longer than asked: it comes {ending.lasts:.2f} s before the end")
    if not ending.onset:
        remarks.append("the cue is too short for more than its last chord")
    return remarks


def _range(low: float, high: float) -> str:
    return f"{low:.4g}" if high - low < 0.05 else f"{low:.4g} to {high:.4g}"


def _landings(brief: Brief, lattice: Lattice, timeline: Timeline, tempi: TempoMap) -> tuple[Landing, ...]:
    """Where each hit comes."""
    landings = [_landing(hit, brief, lattice, timeline, tempi) for hit in brief.hits]
    for index, landing in enumerate(landings):
        close = [
            other
            for other in landings
            if other.reached and 0 < abs(other.onset - landing.onset) < lattice.step
            and abs(other.hit.seconds - landing.hit.seconds) > NEAR
        ]  # fmt: skip
        heavier = next((other for other in close if _before(other, landing)), None)
        if landing.reached and heavier is not None:
            apart = abs(heavier.hit.seconds - landing.hit.seconds)
            reason = f"{1000 * apart:.0f} ms from the hit at {heavier.hit.seconds:g} s, less than a step"
            landings[index] = replace(landing, reached=False, reason=reason)
    return tuple(landings)


def _before(one: Landing, other: Landing) -> bool:
    """Which of two hits that are in each other's way stays: one on a step, then the heavier, then the earlier."""
    return _rank(one) < _rank(other)


def _rank(landing: Landing) -> tuple[bool, float, float]:
    return landing.place == "between", -landing.hit.weight, landing.hit.seconds


def _landing(hit: Hit, brief: Brief, lattice: Lattice, timeline: Timeline, tempi: TempoMap) -> Landing:
    outside = hit.seconds >= brief.seconds - (NEAR if brief.loops else 0)
    exact = min(tempi.onset_at(_exact(hit)), timeline.length)
    step = round(exact / lattice.step) * lattice.step
    on_step = step < timeline.length and abs(float(tempi.seconds_at(step)) - hit.seconds) <= NEAR
    onset = step if on_step else Fraction(round(exact * TICKS), TICKS)
    if onset >= timeline.length and not outside:
        onset = Fraction(int(exact * TICKS), TICKS)
    seconds = float(tempi.seconds_at(onset))
    place = lattice.place(timeline, onset)
    reason = ""
    if outside:
        reason = f"the cue ends at {brief.seconds:g} s" + (", where it begins again" if brief.loops else "")
    elif place == "between":
        reason = "no tempo of the range leads there too: a stroke between the steps, at its own time"
    return Landing(hit, onset, seconds, 1000 * (seconds - hit.seconds), place, not outside, reason)
