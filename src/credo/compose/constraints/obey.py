"""All constraints of a wish together: what the sampler has to obey, and what the user should know."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import combinations

import numpy as np

from credo.compose.constraints import harmony, pitches, rhythm
from credo.compose.constraints.colour import colour
from credo.compose.constraints.frame import Frame, Lane, Part
from credo.compose.constraints.moments import moments
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.sampling.anneal import Constraints, Rule

#: Added to the logits of what is forbidden, and taken from those of its opposite: no draw ever has it.
FORBIDDEN = -1e9


@dataclass(frozen=True, eq=False)
class Orders:
    """What the draws of a piece have to obey.

    Attributes:
        frame: the grid.
        request: the wish.
        parts: what each wish asks.
        codes: codes of the grid with those filled in that repetition gives, shape (T, K).
        held: which codes are held, by the user or by repetition, shape (T, K).
        group: codes of one number are tied, shape (T, K), int.
        forbidden, forced: see `Part`, shape (T, U); tied codes have the same.
        given: further constraints, which came with the task.
        constraints: all of them, for the sampler.
        remarks: what the user should know.
    """

    frame: Frame
    request: Request
    parts: list[Part]
    codes: np.ndarray
    held: np.ndarray
    group: np.ndarray
    forbidden: np.ndarray
    forced: np.ndarray
    given: Constraints
    constraints: Constraints
    remarks: list[str]


def obey(frame: Frame, request: Request, given: Constraints) -> Orders:
    """Gather what the draws have to obey.

    Args:
        frame: the grid and what is held of it.
        request: the wish.
        given: further constraints.

    Raises:
        UsageError: a wish cannot be met on this grid, or two wishes exclude one another; held notes never do, they win
            and are told in the remarks.
    """
    parts = wishes(frame, request)
    remarks = [line for part in parts for line in held_against(frame, part)]
    codes, held = frame.codes.copy(), frame.held.copy()
    for part in parts:
        if len(part.copies):
            remarks += _fill_in(frame, part, codes, held)
    joins = _any(np.zeros((frame.steps, len(frame.lanes)), bool), (part.joins for part in parts))
    parts = [*parts, _rest_after_held(frame, joins, held, parts, remarks)]
    group = _groups(frame, parts, joins, held, given)
    _hold_whole_groups(group, codes, held)
    nothing = np.zeros((frame.steps, frame.units), bool)
    forbidden = _spread(frame, group, _any(nothing, (part.forbidden for part in parts)))
    forced = _spread(frame, group, _any(nothing, (part.forced for part in parts)))
    _refuse_conflicts(frame, parts, held, group, forbidden, forced)
    lean = sum((part.lean for part in parts if part.lean is not None), np.zeros((frame.steps, frame.units), np.float32))
    bias = np.where(forbidden, FORBIDDEN, np.where(forced, -FORBIDDEN, lean))
    constraints = merge(frame, parts, group, bias, given)
    return Orders(frame, request, parts, codes, held, group, forbidden, forced, given, constraints, remarks)


def wishes(frame: Frame, request: Request) -> list[Part]:
    """What each wish asks.

    Raises:
        UsageError: a wish cannot be met on this grid.
    """
    plan = harmony.spans(frame, request)
    end = harmony.ending(frame, request, plan)
    until = end.arrival if end else frame.steps
    rests = harmony.resting(frame, request, until)
    silent = pitches.silenced(frame, request, rests)
    rests |= silent
    begins = np.zeros(frame.steps, bool)
    begins[[span.start for span in plan]] = True
    changes = begins.copy()
    if end:
        changes[end.dominant] = True
    parts = (
        pitches.scale(frame, request),
        pitches.ranges(frame, request),
        harmony.chords(frame, request, plan, rests),
        harmony.cadence(frame, request, end, rests),
        colour(frame, request, end, rests),
        rhythm.rhythm(frame, request, until),
        rhythm.density(frame, request, until, begins),
        moments(frame, request, until, changes, silent),
        rhythm.repeats(frame, request),
        pitches.polyphony(frame, request, silent),
        pitches.no_parallels(frame, request),
    )
    return [part for part in parts if part is not None]


def merge(frame: Frame, parts: list[Part], group: np.ndarray, bias: np.ndarray, given: Constraints) -> Constraints:
    """Constraints for the sampler.

    Args:
        frame: the grid.
        parts: whose rules count.
        group: codes of one number are tied, shape (T, K).
        bias: of the units of each step, shape (T, U).
        given: what comes on top.
    """
    beat, window, (block, place) = frame.window.beat, frame.window, frame.places()
    size, units = window.size, sum(b.groups * (b.categories if b.kind == "softmax" else 1) for b in window.blocks)
    total = np.zeros((frame.beats, units), np.float32) if given.bias is None else np.array(given.bias, np.float32)
    total[block[:, None], frame.unit_of_beat[place]] += bias
    ties = np.arange(frame.beats * size).reshape(frame.beats, size) if given.ties is None else given.ties.copy()
    step, code = np.divmod(group, group.shape[1])
    ties[block[:, None], np.arange(group.shape[1]) * beat + place[:, None]] = (
        block[step] * size + code * beat + place[step]
    )
    rules: dict[Rule, np.ndarray | None] = {}
    for rule, facts in (pair for part in parts for pair in part.rules):
        old = rules.get(rule)
        rules[rule] = facts if old is None or facts is None else old | facts
    further = (*given.facts, *[None] * (len(given.rules) - len(given.facts)))
    unseen = np.zeros((frame.beats, size), bool)
    for lane in frame.mono:
        column = np.where((bias[:, lane.pitches] <= FORBIDDEN).all(1), 1, 0)
        for code in (lane.code, lane.code + 1):
            unseen[block, code * beat + place] = column > 0
    return Constraints(
        bias=total if given.bias is not None or bias.any() else None,
        ties=None if (ties == np.arange(ties.size).reshape(ties.shape)).all() else ties,
        rules=(*rules, *given.rules),
        context=given.context,
        facts=(*rules.values(), *further),
        unseen=unseen if unseen.any() else None,
    )


def held_against(frame: Frame, part: Part) -> list[str]:
    """A line for each voice whose held notes do not do what a wish asks."""
    lines = []
    for lane in frame.lanes:
        held, codes = frame.held[:, lane.codes], frame.codes
        if lane.voice.kind == "mono":
            value = codes[:, lane.code].astype(int)
            bad = part.forbidden[np.arange(frame.steps), lane.unit + value][:, None]
            sounding = value[:, None] > 0
        else:
            sounding = codes[:, lane.codes] > 0
            bad = (sounding & part.forbidden[:, lane.pitches]) | (~sounding & part.forced[:, lane.pitches])
        attack = codes[:, lane.attack_codes] > 0
        if attack.shape[1]:
            bad |= attack & sounding & part.forbidden[:, lane.attacks]
            if not len(part.copies):
                bad |= ~attack & sounding & part.forced[:, lane.attacks]
        steps = np.flatnonzero((bad & held).any(1))
        if len(steps):
            lines.append(f"{part.name}: held notes of {lane.voice.name} stay as they are in {frame.bars_of(steps)}")
    return lines


def _fill_in(frame: Frame, part: Part, codes: np.ndarray, held: np.ndarray) -> list[str]:
    """Hold, in place, what is a copy of held codes; returns remarks on held notes that contradict one another."""
    label, steps, differs = _label(frame.steps, part.copies), np.arange(frame.steps), set()
    for lane in frame.lanes:
        cut = part.forced[:, lane.attacks].any(1) if lane.voice.kind != "drums" else np.zeros(frame.steps, bool)
        for code in (
            *range(lane.codes.start, lane.codes.stop),
            *range(lane.attack_codes.start, lane.attack_codes.stop),
        ):
            is_attack = code >= lane.attack_codes.start
            first = np.full(frame.steps, frame.steps)
            np.minimum.at(first, label[held[:, code]], steps[held[:, code]])
            source = first[label]
            there = source < frame.steps
            value = codes[np.where(there, source, 0), code]
            value = np.where(cut, 1, value) if is_attack else value
            differ = there & held[:, code] & (codes[:, code] != value) & (not is_attack)
            differs |= set(steps[differ])
            fill = there & ~held[:, code]
            codes[fill, code] = value[fill]
            held[fill, code] = True
    where = frame.bars_of(sorted(differs))
    return [f"repeats: held notes differ from those of the original in {where}"] if differs else []


def _rest_after_held(frame: Frame, joins: np.ndarray, held: np.ndarray, parts: list[Part], remarks: list[str]) -> Part:
    """Free cells that would go on with a held note, which has its own length, rest; else a new note begins there."""
    part, nothing = Part.of("held notes", frame), np.zeros((frame.steps, frame.units), bool)
    forbidden, forced = _any(nothing, (p.forbidden for p in parts)), _any(nothing, (p.forced for p in parts))
    for lane in frame.lanes:
        for number, code in enumerate(range(lane.codes.start, lane.codes.stop)):
            for start, stop in frame.runs_after(joins[:, lane.index], held[:, code]):
                if lane.voice.kind != "mono":
                    unit = lane.pitches.start + number
                    part.forbidden[start:stop, unit] = not forced[start:stop, unit].any()
                elif not forbidden[start:stop, lane.rest].any():
                    part.forbidden[start:stop, lane.pitches] = True
                else:
                    for other in parts:
                        other.forbidden[start, lane.attacks] = False
                    remarks.append(f"{lane.voice.name}: a note begins after a held one in {frame.bars_of([start])}")
    return part


def _groups(frame: Frame, parts: list[Part], joins: np.ndarray, held: np.ndarray, given: Constraints) -> np.ndarray:
    """Numbers of groups of tied codes, the first place of each (step * K + code); shape (T, K)."""
    T, K = frame.codes.shape
    edges = [np.zeros((0, 2), int)]
    for lane in frame.lanes:
        steps = np.flatnonzero(joins[:, lane.index])
        steps = steps[steps > 0]
        for code in range(lane.codes.start, lane.codes.stop):
            both = steps[~held[steps, code] & ~held[steps - 1, code]]
            edges.append(np.stack([both * K + code, (both - 1) * K + code], axis=1))
    for part in parts:
        if len(part.copies):
            codes = np.arange(K - 1)
            pairs = (part.copies[:, None] * K + codes[:, None]).reshape(-1, 2)
            cut = np.zeros((T, K), bool)
            for lane in frame.lanes:
                cut[:, lane.attack_codes] = part.forced[:, lane.attacks]
            free = ~(held | cut).reshape(-1)
            edges.append(pairs[free[pairs].all(1)])
    if given.ties is not None:
        block, place = frame.places()
        beat, size = frame.window.beat, frame.window.size
        tied, code = np.divmod(given.ties[block[:, None], np.arange(K) * beat + place[:, None]], size)
        step = tied * beat + code % beat - block[0] * beat - place[0]
        own = np.arange(T * K).reshape(T, K)
        edges.append(np.stack([own, step * K + code // beat], axis=2).reshape(-1, 2))
    return _label(T * K, np.concatenate(edges)).reshape(T, K)


def _hold_whole_groups(group: np.ndarray, codes: np.ndarray, held: np.ndarray) -> None:
    """Hold, in place, what is tied to held codes."""
    flat, known, values = group.reshape(-1), held.reshape(-1), codes.reshape(-1)
    first = np.full(len(flat), len(flat))
    np.minimum.at(first, flat[known], np.flatnonzero(known))
    source = first[flat]
    fill = (source < len(flat)) & ~known
    values[fill] = values[source[fill]]
    known[fill] = True


def _refuse_conflicts(
    frame: Frame,
    parts: list[Part],
    held: np.ndarray,
    group: np.ndarray,
    forbidden: np.ndarray,
    forced: np.ndarray,
) -> None:
    """Raise if two wishes leave nothing to draw, or nothing but rests that nobody asked for."""
    for lane in frame.lanes:
        if lane.voice.kind == "mono":
            silent = forbidden[:, lane.pitches].all(1) & ~held[:, lane.code]
            seen: set[int] = set()
            for step in np.flatnonzero(silent):
                number = int(group[step, lane.code])
                if number not in seen:
                    seen.add(number)
                    _check_pitches(frame, parts, lane, np.flatnonzero(group[:, lane.code] == number))
        columns = np.arange(lane.attacks.start if lane.voice.kind == "mono" else lane.unit, lane.attacks.stop)
        if lane.voice.kind == "drums":
            columns = np.arange(lane.unit, lane.pitches.stop)
        both = forbidden[:, columns] & forced[:, columns]
        first = lane.attack_codes.start if lane.voice.kind == "mono" else lane.code
        both &= ~held[:, first : first + len(columns)]
        if both.any():
            step, column = np.argwhere(both)[0]
            same = np.flatnonzero(group[:, first + column] == group[step, first + column])
            unit = columns[column]
            names = [part.name for part in parts if part.forbidden[same, unit].any() or part.forced[same, unit].any()]
            raise _conflict([*names, *_tying(parts, same, lane)], frame, lane, int(step))


def _check_pitches(frame: Frame, parts: list[Part], lane: Lane, rows: np.ndarray) -> None:
    wanted = {part.name: part.forbidden[rows][:, lane.unit : lane.unit + lane.values] for part in parts}
    rest = any((own[:, 1:].all(1) & ~own[:, 0]).any() for own in wanted.values())
    if rest and not np.any([own[:, 0].any() for own in wanted.values()]):
        return
    first = 0 if rest else 1  # where somebody wants a rest, it is one of the values
    for count in range(1, len(wanted) + 1):
        for names in combinations(wanted, count):
            together = np.any([wanted[name] for name in names], axis=0)
            if together.any(0)[first:].all():
                tied = [] if together[:, first:].all(1).any() else _tying(parts, rows, lane)
                raise _conflict([*names, *tied], frame, lane, int(rows[0]))


def _tying(parts: list[Part], rows: np.ndarray, lane: Lane) -> list[str]:
    """The wishes that tie steps to one another."""
    return [
        part.name
        for part in parts
        if len(rows) > 1 and (part.joins[rows, lane.index].any() or np.isin(part.copies, rows).all(1).any())
    ]


def _conflict(names: list[str], frame: Frame, lane: Lane, step: int) -> UsageError:
    names = list(dict.fromkeys(names))
    return UsageError(
        f"{' and '.join(names)}: expected notes of {lane.voice.name} that obey {'both' if len(names) == 2 else 'all'}, "
        f"got none in {frame.bars_of([step])}",
        hint="change one of these wishes, or the voice's range",
    )


def _spread(frame: Frame, group: np.ndarray, flags: np.ndarray) -> np.ndarray:
    """Flags of units (T, U), true at all places of a tie where they are true at one."""
    K = group.shape[1]
    if (group == np.arange(group.size).reshape(group.shape)).all():
        return flags
    flags = flags.copy()
    for lane in frame.lanes:
        pairs: Iterable[tuple[int, slice]]
        codes = [*range(lane.codes.start, lane.codes.stop), *range(lane.attack_codes.start, lane.attack_codes.stop)]
        first = lane.unit
        if lane.voice.kind == "mono":
            pairs = [(lane.code, slice(first, first + lane.values)), (lane.code + 1, lane.attacks)]
        else:
            pairs = [(code, slice(first + number, first + number + 1)) for number, code in enumerate(codes)]
        for code, units in pairs:
            step = group[:, code] // K
            together = np.zeros_like(flags[:, units])
            np.logical_or.at(together, step, flags[:, units])
            flags[:, units] = together[step]
    return flags


def _label(size: int, edges: np.ndarray) -> np.ndarray:
    """The smallest number that each of `size` nodes is connected with, by edges (E, 2)."""
    label = np.arange(size)
    while len(edges):
        low = label[edges].min(1)
        if (label[edges] == low[:, None]).all():
            break
        np.minimum.at(label, label[edges].reshape(-1), np.repeat(low, 2))
        np.minimum.at(label, edges.reshape(-1), np.repeat(low, 2))
        label = label[label]
    return label


def _any(nothing: np.ndarray, arrays: Iterable[np.ndarray]) -> np.ndarray:
    total = nothing.copy()
    for array in arrays:
        total |= array
    return total
