"""The core of a cue: all bars that its versions need, sampled together as one passage.

A loop, its cut-downs and their endings are one act of holding and sampling. The layout has the loop's bars, behind them
its first bar once more, tied to the first, so that the last bar leads to it; and for each place from which a version
goes to the end, the bar before that place, tied to its original, and the closing bar, the same for all. So every joint
that any version has was drawn with both of its sides in view. Versions are then read off the layout, bar by bar.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from credo.compose import masks
from credo.compose.constraints.symbols import ANY
from credo.compose.cue.pulse import lay_on, sampled_metre
from credo.compose.wishes import MOST_BARS, Request
from credo.errors import UsageError
from credo.music.grid import Cells, Grid, decode
from credo.music.passage import slice_score
from credo.music.pitch import Key, pitch_name
from credo.music.scales import parse_scale
from credo.music.score import KeyChange, Metre, Note, Score, Tempo, Timeline

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composer


@dataclass(frozen=True, slots=True)
class Layout:
    """Which bars are sampled together. Bars are counted from 1.

    Attributes:
        body: the first so many bars are the music itself.
        copies: bars that are tied to earlier ones: (bar, original).
        closing: the bar that leads to the final chord; 0 if no version ends.
        bars: how many there are, the final chord's not counted.
    """

    body: int
    copies: tuple[tuple[int, int], ...]
    closing: int
    bars: int

    @classmethod
    def of(
        cls,
        body: int,
        *,
        wraps: bool = False,
        exits: Sequence[int] = (),
        returns: Sequence[tuple[int, int]] = (),
    ) -> Layout:
        """Lay out the bars.

        Args:
            body: bars of the music without its end.
            wraps: whether the last bar has to lead to the first.
            exits: bars after which a version goes to the closing bar, 0 for one that has nothing else.
            returns: bars of the body that are earlier ones again: (bar, original).

        Raises:
            UsageError: there is no such bar, or there are too many.
        """
        if body < 0 or any(not 0 <= leaving <= body for leaving in exits) or body + len(exits) == 0:
            raise UsageError(f"cue: expected exits from bars 0 to {body}, got {list(exits)}")
        if any(not 1 <= original < bar <= body for bar, original in returns):
            raise UsageError(f"cue: expected bars of 1 to {body} that are earlier ones again, got {list(returns)}")
        copies = list(returns)
        bars, closing = body, 0
        if wraps and body:
            bars += 1
            copies.append((bars, 1))
        for leaving in sorted(set(exits) - {0}, reverse=True) or list(exits)[:1]:
            if leaving != bars:
                bars += 1  # a bar of no version parts what does not belong together
                if leaving:
                    bars += 1
                    copies.append((bars, leaving))
            bars += 1
            if closing:
                copies.append((bars, closing))
            closing = closing or bars
        if bars + 1 > MOST_BARS:
            raise UsageError(f"cue: expected at most {MOST_BARS} bars with all joints, got {bars + 1}")
        return cls(body, tuple(copies), closing, bars)

    def order(self, bars: int, *, ends: bool) -> list[int]:
        """The bars of a version: the body from its start, as often as is needed, and the closing bar if it ends."""
        closing = [self.closing] if ends and bars else []
        return [*(number % self.body + 1 for number in range(bars - len(closing))), *closing]


def exit_of(body: int, bars: int) -> int:
    """The bar after which a version of so many bars, the closing one among them, goes to its closing bar."""
    return 0 if bars < 2 or not body else (bars - 2) % body + 1


def sample(
    composer: Composer,
    layout: Layout,
    request: Request,
    *,
    keys: Sequence[Key] = (),
    progress: Callable[[int, int], None] | None = None,
    remarks: list[str] | None = None,
) -> Score:
    """Sample the bars of a layout.

    Args:
        composer: the model.
        layout: the bars.
        request: key, metre and what else is wished for; its length, repeats, chords and cadence are the layout's.
        keys: the key of each bar of the body, where it changes; the end is in the first one.
        progress: called with (iterations done, iterations in all).
        remarks: gets what the user should know.

    Returns:
        The layout's bars, and the final chord in a bar of its own behind them if there is a closing bar. The chord's
        bar is half as long as the others where they have four beats. Beats are sampled as quarters, see `pulse`.

    Raises:
        UsageError: the wish cannot be met by this model.
    """
    pitched = any(voice.kind != "drums" for voice in composer.texture.voices)
    ends = bool(layout.closing)
    copies = tuple((copy, 1, original) for copy, original in layout.copies)
    metre = request.metre or (4, 4)
    whole = replace(request, bars=layout.bars + ends, repeats=copies, metre=sampled_metre(metre))
    if pitched and request.key is not None:
        whole = _at_home(whole, request.key, layout)
    blank = composer.blank(whole)
    if ends:
        blank = _with_last_bar(blank, _chord_metre(blank.timeline.metre_at(Fraction(0))))
    if keys and pitched:
        blank = replace(blank, timeline=_in_keys(blank.timeline, layout, keys))
    grid = composer.complete(blank, masks.nothing(blank), whole, progress=progress, remarks=remarks)
    return lay_on(decode(grid), metre)


def read(score: Score, layout: Layout, order: Sequence[int], timeline: Timeline, final: Fraction | None) -> Score:
    """A version, read off what was sampled.

    Args:
        score: the bars as they were sampled.
        layout: which they are.
        order: numbers of the layout's bars, one for each bar of the timeline before the final chord. A bar that is
            shorter than the layout's has its beginning, or its end if it is the closing bar; in one that is longer the
            last notes are held.
        timeline: of the version; its bars are filled in order.
        final: where the final chord begins, in quarters; it lasts to the timeline's end. None if there is none.

    Raises:
        UsageError: the timeline has fewer bars than there are in the order.
    """
    places = [(start, end) for start, end, _ in score.timeline.bars()]
    stop = timeline.length if final is None else final
    slots = [(start, min(end, stop)) for start, end, _ in timeline.bars() if start < stop]
    if len(slots) != len(order):
        raise UsageError(f"cue: expected {len(order)} bars, got {len(slots)}")
    notes: dict[str, list[Note]] = {part.name: [] for part in score.parts}
    for first, last in _runs(order, places, slots):
        start, end = places[order[first] - 1][0], places[order[last - 1] - 1][1]
        room = slots[last - 1][1] - slots[first][0]
        if end - start > room:  # a short bar
            start, end = (end - room, end) if order[first] == layout.closing else (start, start + room)
        _add(notes, slice_score(score, start, end), slots[first][0], room)
    if final is not None:
        start, end = places[layout.bars]
        _add(notes, slice_score(score, start, end), final, timeline.length - final)
    parts = tuple(replace(part, notes=tuple(sorted(notes[part.name]))) for part in score.parts)
    return replace(score, parts=parts, timeline=_in_key(timeline, score.timeline))


def steady(bars: int, metre: tuple[int, int], tempo: float) -> Timeline:
    """A timeline of whole bars at one tempo."""
    first = Metre(Fraction(0), *metre)
    return Timeline(bars * first.bar, (Tempo(Fraction(0), tempo),), (first,))


def _runs(
    order: Sequence[int], places: Sequence[tuple[Fraction, Fraction]], slots: Sequence[tuple[Fraction, Fraction]]
) -> list[tuple[int, int]]:
    """Stretches of an order, as (first, after the last), whose bars follow one another in what was sampled too."""

    def fits(number: int) -> bool:
        (start, end), (begin, stop) = places[order[number] - 1], slots[number]
        return end - start == stop - begin

    runs: list[tuple[int, int]] = []
    for number, bar in enumerate(order):
        if number and bar == order[number - 1] + 1 and fits(number) and fits(number - 1):
            runs[-1] = (runs[-1][0], number + 1)
        else:
            runs.append((number, number + 1))
    return runs


def _add(notes: dict[str, list[Note]], passage: Score, at: Fraction, room: Fraction) -> None:
    """Add a passage at an onset; where there is more room than it fills, its last notes are held."""
    length = passage.timeline.length
    for part in passage.parts:
        for note in part.notes:
            held = room > length and note.end == length and not part.is_drums
            duration = room - note.onset if held else min(note.duration, room - note.onset)
            if duration > 0:
                notes[part.name].append(replace(note, onset=at + note.onset, duration=duration))


def _at_home(request: Request, key: Key, layout: Layout) -> Request:
    """The wish with a beginning on the tonic, and an end there: a cadence, or the chord alone where the scale has none.

    A cue is heard without preparation, and a loop without an end: its first beat tells the key.
    """
    metre = Metre(Fraction(0), *(request.metre or (4, 4)))
    tonic = pitch_name(60 + key.tonic, key)[:-1] + ("m" if key.mode == "minor" else "")
    classes = parse_scale(request.scale) if request.scale else None
    home = {(key.tonic + step) % 12 for step in (0, 3 if key.mode == "minor" else 4, 7)}
    leading = {(key.tonic + step) % 12 for step in (7, 11, 2, 5)}
    first = " ".join([tonic, *[ANY] * (int(metre.bar / metre.beat) - 1)])
    plan = [first, *[ANY] * (request.bars - 1)] if classes is None or home <= classes else []
    if not layout.closing:
        return replace(request, chords=" | ".join(plan) or None)
    if classes is None or leading | home <= classes:
        return replace(request, chords=" | ".join(plan), cadence=True)
    return replace(request, chords=" | ".join([*plan[:-1], tonic]) if plan else None)


def _chord_metre(metre: Metre) -> Metre:
    """The metre of the bar that the final chord fills: see `credo.compose.constraints.harmony.ending`."""
    return replace(metre, numerator=metre.numerator // 2) if metre.bar == 4 * metre.beat else metre


def _with_last_bar(grid: Grid, metre: Metre) -> Grid:
    """A silent grid whose last bar has another metre."""
    start = grid.timeline.length - grid.timeline.metre_at(Fraction(0)).bar
    last = replace(metre, onset=start)
    timeline = replace(
        grid.timeline, metres=(*grid.timeline.metres, last) if start else (last,), length=start + metre.bar
    )
    steps = int(timeline.length * grid.texture.steps_per_quarter)
    return Grid(grid.texture, tuple(Cells.silent(voice, steps) for voice in grid.texture.voices), timeline)


def _in_keys(timeline: Timeline, layout: Layout, keys: Sequence[Key]) -> Timeline:
    """The timeline with the key of each bar: a copy has its original's, what is outside the body the first one."""
    originals = dict(layout.copies)
    changes: list[KeyChange] = []
    for number, (start, _, _) in enumerate(timeline.bars(), 1):
        original = originals.get(number, number)
        key = keys[original - 1] if original <= layout.body else keys[0]
        if not changes or changes[-1].key != key:
            changes.append(KeyChange(start, key))
    return replace(timeline, keys=tuple(changes))


def _in_key(timeline: Timeline, sampled: Timeline) -> Timeline:
    if timeline.keys or sampled.key is None:
        return timeline
    return replace(timeline, keys=(KeyChange(Fraction(0), sampled.key),))
