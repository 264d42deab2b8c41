"""After the sampling: what is still broken is mended, and what cannot be mended is told."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from keras import ops

from credo.compose.constraints.frame import Lane
from credo.compose.constraints.obey import Orders
from credo.compose.constraints.pitches import mono_pitches
from credo.compose.constraints.rhythm import BEGINS, pattern_steps
from credo.compose.constraints.rules import PENALTY, FewKeys, Harmonies, NoParallels, rotated
from credo.compose.constraints.settle import Laws, Search, thin_out

_CERTAINLY = -1e5  # biases of tasks below this forbid


def finish(orders: Orders, codes: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """Make sure that what was drawn obeys.

    Args:
        orders: what has to be obeyed.
        codes: what was drawn, shape (T, K).

    Returns:
        Codes, shape (T, K), and remarks on what held notes leave no choice for.
    """
    codes, remarks = codes.copy(), list(orders.remarks)
    _settle_keys(orders, codes)
    laws = laws_of(orders)
    if laws is None:
        return codes, remarks
    search = _search(orders, codes, laws)
    broken = search.run()
    for voice, lane in enumerate(orders.frame.mono):
        codes[:, lane.code] = np.where(search.x[:, voice] < 0, 0, search.x[:, voice] - lane.voice.low + 1)
    return codes, remarks + _left_over(orders, search, broken)


def laws_of(orders: Orders) -> Laws | None:
    """The rules of a wish on mono voices; None if there are none."""
    frame, rules = orders.frame, orders.constraints.rules
    parallels = any(isinstance(rule, NoParallels) for rule in rules)
    tones, required = np.zeros((2, frame.steps), int)
    block, place = frame.places()
    for rule, facts in zip(rules, orders.constraints.facts, strict=False):
        if isinstance(rule, Harmonies) and facts is not None:
            shift = rule.layout.lines[0].low - frame.lanes[0].voice.low
            columns = rotated(facts.reshape(len(facts), 2, -1), -shift)
            tones, required = tones | columns[block, 0, place], required | columns[block, 1, place]
    return Laws(parallels, tones, required) if parallels or tones.any() or required.any() else None


def _search(orders: Orders, codes: np.ndarray, laws: Laws) -> Search:
    frame = orders.frame
    lanes, x = frame.mono, mono_pitches(frame, codes)
    begins = np.diff(x, axis=0, prepend=-1) != 0
    begins |= codes[:, [lane.code + 1 for lane in lanes]] > 0
    columns = [lane.code for lane in lanes]
    group = np.where(orders.held[:, columns], -1, orders.group[:, columns])
    bias, (block, place) = orders.constraints.bias, frame.places()

    @cache
    def values(step: int, voice: int) -> frozenset[int]:
        lane = lanes[voice]
        units = slice(lane.unit, lane.unit + lane.values)
        allowed = ~orders.forbidden[step, units]
        if bias is not None:
            allowed &= bias[block[step], frame.unit_of_beat[place[step], units]] > _CERTAINLY
        return frozenset(int(value) + lane.voice.low - 1 if value else -1 for value in np.flatnonzero(allowed))

    return Search(x, begins, group, values, laws, _narrow(orders, codes) if orders.given.rules else None)


def _narrow(orders: Orders, codes: np.ndarray) -> Callable[[np.ndarray], Callable[[int, int, int], bool]]:
    """What the rules of a task leave, given all other cells."""
    frame, given = orders.frame, orders.given
    facts = (*given.facts, *[None] * (len(given.rules) - len(given.facts)))
    block, place = frame.places()

    def narrow(x: np.ndarray) -> Callable[[int, int, int], bool]:
        here = codes.copy()
        for voice, lane in enumerate(frame.mono):
            here[:, lane.code] = np.where(x[:, voice] < 0, 0, x[:, voice] - lane.voice.low + 1)
        tape = ops.convert_to_tensor(frame.window.to_beats(here, first_step=frame.first_step)[None].astype("int32"))
        total = np.zeros(1)
        for rule, known in zip(given.rules, facts, strict=True):
            more = rule.bias(tape) if known is None else rule.bias(tape, ops.convert_to_tensor(known))
            total = total + np.asarray(ops.convert_to_numpy(more))[0]

        def fits(step: int, voice: int, value: int) -> bool:
            lane = frame.mono[voice]
            unit = lane.unit + (0 if value < 0 else value - lane.voice.low + 1)
            return bool(total[block[step], frame.unit_of_beat[place[step], unit]] > PENALTY / 1000)

        return fits

    return narrow


def _left_over(orders: Orders, search: Search, broken: list[int]) -> list[str]:
    """Remarks on what stays broken; on parallels of held notes only where they were forbidden in words."""
    frame, remarks = orders.frame, []
    names = {"parallels": Laws(search.laws.parallels, *np.zeros((2, frame.steps), int))}
    names["cadence" if orders.request.chords is None else "chords"] = replace(search.laws, parallels=False)
    for name, laws in names.items() if broken else ():
        steps = Search(search.x, search.begins, search.group, search.values, laws).broken()
        if name == "parallels" and orders.request.parallels is None:
            steps = [step for step in steps if (search.group[max(step, 0) : step + 2] >= 0).any()]
        if steps:
            where = frame.bars_of([max(step, 0) for step in steps])
            remarks.append(f"{name}: not obeyed in {where}, where held notes and other wishes leave no choice")
    return remarks


def _settle_keys(orders: Orders, codes: np.ndarray) -> None:
    """Patterns of poly and drums voices have notes where they begin, and not more sound at once than may; in place."""
    few = [rule for rule in orders.constraints.rules if isinstance(rule, FewKeys)]
    patterns = dict(orders.request.rhythm)
    for lane in orders.frame.lanes:
        if lane.voice.kind == "mono":
            continue
        keys = codes[:, lane.codes] > 0
        units = slice(lane.unit, lane.unit + lane.values)
        free = ~orders.held[:, lane.codes]
        group = orders.group[:, lane.codes]
        if lane.voice.name in patterns:
            part = next(part for part in orders.parts if part.name == "rhythm")
            _strike(orders, lane, keys, free & ~orders.forbidden[:, units], part.until)
        for rule in few:
            thin_out(keys, free & ~orders.forced[:, units], group, rule.most)
        if lane.voice.kind == "poly":
            _move_on(orders, lane, keys, codes, free & ~orders.forbidden[:, units])
        codes[:, lane.codes] = keys


def _move_on(orders: Orders, lane: Lane, keys: np.ndarray, codes: np.ndarray, free: np.ndarray) -> None:
    """Where a note has to begin at a moment and none does, the highest key is struck again, or one where all rest."""
    begins = np.any([part.begins for part in orders.parts if part.begins is not None] or [[False]], axis=0)
    group, before = orders.group[:, lane.codes], np.zeros(keys.shape[1], bool)
    mono = [other.code + 1 for other in orders.frame.mono]
    for step in np.flatnonzero(begins):
        before = keys[step - 1] if step else np.zeros_like(before)
        struck = codes[step, lane.attack_codes] > 0
        if (keys[step] & (struck | ~before)).any() or (codes[step, mono] > 0).any():
            continue
        again = np.flatnonzero(keys[step] & ~orders.held[step, lane.attack_codes])
        if len(again):
            codes[step, lane.attack_codes.start + again[-1]] = 1
        elif not keys[step].any() and free[step].any():
            key = _nearest(keys, step, np.flatnonzero(free[step]))
            keys[np.isin(group, group[step, key]) & free] = True
            codes[step, lane.attack_codes.start + key] = 1


def _nearest(keys: np.ndarray, step: int, choice: np.ndarray) -> int:
    """Of some keys the one nearest to the last that sound before a step."""
    last = np.flatnonzero(keys[:step].any(1))
    centre = np.flatnonzero(keys[last[-1]]).mean() if len(last) else keys.shape[1] / 2
    return int(min(choice, key=lambda key: (abs(key - centre), key)))


def _strike(orders: Orders, lane: Lane, keys: np.ndarray, free: np.ndarray, until: int) -> None:
    """Where a pattern begins a note and nothing sounds, the allowed key nearest to the last ones does."""
    pattern = dict(orders.request.rhythm)[lane.voice.name]
    begins = pattern_steps(orders.frame, lane.voice.name, pattern, until) == BEGINS
    group = orders.group[:, lane.codes]
    usual = keys.sum(0)
    for step in np.flatnonzero(begins & ~keys.any(1)):
        choice = np.flatnonzero(free[step])
        if len(choice):
            if lane.voice.kind == "drums":
                key = max(choice, key=lambda key: (usual[key], -key))
            else:
                key = _nearest(keys, step, choice)
            keys[np.isin(group, group[step, key]) & free] = True
