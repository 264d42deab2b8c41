"""How many moments of a piece have notes that begin: a floor and a ceiling for all voices together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from credo.compose.constraints.frame import Bar, Frame, Lane, Part
from credo.compose.wishes import Request

#: What a place is worth beside others when places are drawn: the downbeat, the half bar, a beat, half a beat (of a
#: compound beat its thirds), a triplet, a quarter of a beat, anything else.
_DOWNBEAT, _HALF_BAR, _BEAT, _HALF, _TRIPLET, _QUARTER, _OTHER = 1e9, 400.0, 100.0, 20.0, 6.0, 1.0, 0.1
#: Added to the random seed, for these dice are not those of the notes.
_SALT = 7919
#: The percussion keys that keep the pulse of a drum kit, the first that the kit has.
_PULSE = (42, 51, 46)
#: Added to the logits of a keyboard's keys at each step where no note begins. Such steps are tied to those before, and
#: a key that is silent at all of them together would be too likely. With the model `piano`, asked for 0.7, 1.5 and 2.5
#: moments a quarter, 0 gives 0.4, 0.7 and 1.1 of them, 1 gives 0.65, 1.3 and 2.1 with as many notes at once as pieces
#: have that are asked for nothing, and 2 twice as many notes at once.
_LEAN = 1.0


def moments(frame: Frame, request: Request, until: int, wanted: np.ndarray, silent: np.ndarray) -> Part | None:
    """So many moments a quarter at which notes begin, all voices together.

    Each bar has its share of places, one at least: where held notes and chords begin, the downbeat, and others that
    are drawn, strong ones more often than weak ones; a bar that repeats another has its places. At no other place does
    a note begin. At each place one does: in mono voices, of which each place draws one, and of drums in the hi-hat.
    Keyboards draw freely at their places, for an attack that they must have would strike a whole chord; where they
    begin nothing there, one key is struck once the notes are drawn. Voices that follow patterns of `rhythm` keep to
    them.

    Args:
        frame: the grid.
        request: the wish.
        until: where the final chord of a cadence begins, which is one note in any case.
        wanted: places at which chords begin, those of a cadence among them, shape (T,), bool.
        silent: where voices have to rest for other wishes, shape (T, V), bool.
    """
    if request.moments is None:
        return None
    part = Part.of("moments", frame)
    patterns = dict(request.rhythm)
    lanes = [lane for lane in frame.lanes if lane.voice.name not in patterns]
    dice = [lane for lane in lanes if lane.voice.kind != "poly"]
    if any(lane.voice.kind == "poly" for lane in lanes):
        dice = []
    struck = _struck(frame) | wanted
    struck[0] = True
    part.begins = np.zeros(frame.steps, bool)
    for steps, places, seed in _places(frame, request, until, struck):
        choose = np.random.default_rng(seed)
        for lane in lanes:
            _join(part, frame, lane, [step for step in steps if step not in places])
        part.begins[sorted(places)] = True
        for step in sorted(places):
            _begin(part, frame, dice, step, silent, choose)
    return part


def roots(repeats: tuple[tuple[int, int, int], ...]) -> dict[int, int]:
    """The first original of each bar that is a copy, both counted from 1."""
    found: dict[int, int] = {}
    for first, count, original in sorted(repeats):
        for offset in range(count):
            found[first + offset] = found.get(original + offset, original + offset)
    return found


def _places(
    frame: Frame, request: Request, until: int, struck: np.ndarray
) -> Iterator[tuple[range, set[int], tuple[int, int, int]]]:
    """The steps of each bar, those of them at which notes begin, and a seed that the bar shares with its copies."""
    assert request.moments is not None
    originals, elapsed, told = roots(request.repeats), 0.0, 0
    offsets: dict[int, tuple[int, list[int]]] = {}
    for bar in frame.bars:
        root = originals.get(bar.number, bar.number)
        seed = (request.seed, _SALT, root)
        steps = np.arange(bar.start, min(bar.stop, until))
        length = len(steps)
        if not length:
            return
        if root in offsets and offsets[root][0] == length:
            places = {bar.start + offset for offset in offsets[root][1]}
            yield range(bar.start, bar.start + length), places, seed
            continue
        elapsed += request.moments * length / frame.window.beat  # of bars that are no copies
        count = max(1, min(length, int(elapsed + 0.5) - told))
        told += count
        weights = np.array([_DOWNBEAT if struck[step] else _weight(frame, bar, int(step)) for step in steps])
        ranks = np.log(weights) + np.random.default_rng(seed).gumbel(size=length)
        count = max(count, int(struck[steps].sum()))
        places = {int(step) for step in steps[np.argsort(-ranks, kind="stable")[:count]]}
        offsets[root] = (length, [step - bar.start for step in places])
        yield range(bar.start, bar.start + length), places, seed


def _weight(frame: Frame, bar: Bar, step: int) -> float:
    """What a place is worth beside the others of its bar."""
    place, beat = step - bar.origin, frame.beat_steps(bar)
    if step == bar.start or place == 0:
        return _DOWNBEAT
    if place % beat == 0:
        half = (frame.bar_steps(bar) // beat) % 2 == 0 and place == frame.bar_steps(bar) // 2
        return _HALF_BAR if half else _BEAT
    unit = max(1, int(Fraction(4, bar.metre.denominator) * frame.window.beat))
    if unit < beat:  # a compound beat
        return _HALF if place % unit == 0 else _QUARTER
    parts = Fraction(place % beat, beat).denominator
    return {2: _HALF, 3: _TRIPLET, 4: _QUARTER}.get(parts, _OTHER)


def _struck(frame: Frame) -> np.ndarray:
    """Steps at which held notes begin, shape (T,), bool."""
    struck = np.zeros(frame.steps, bool)
    for lane in frame.lanes:
        codes = lane.codes if lane.voice.kind == "drums" else lane.attack_codes
        struck |= ((frame.codes[:, codes] > 0) & frame.held[:, codes]).any(1)
    return struck


def _join(part: Part, frame: Frame, lane: Lane, steps: list[int]) -> None:
    """No note of a voice begins at these steps, but for held ones."""
    free = [step for step in steps if not frame.held[step, lane.codes].all()]
    if lane.voice.kind == "drums":
        part.forbidden[free, lane.pitches] = True
    else:
        part.forbidden[free, lane.attacks] = True
        part.joins[free, lane.index] = True
    if lane.voice.kind == "poly":
        if part.lean is None:
            part.lean = np.zeros(part.forbidden.shape, np.float32)
        part.lean[free, lane.pitches] = _LEAN


def _begin(
    part: Part, frame: Frame, lanes: list[Lane], step: int, silent: np.ndarray, dice: np.random.Generator
) -> None:
    """A note of one of some voices begins at a step, unless it is a held one anyway."""
    chance = dice.random()  # drawn in any case, so that copies of a bar draw alike
    free = [lane for lane in lanes if not frame.held[step, lane.codes].any() and not silent[step, lane.index]]
    if not free or (frame.held[step].any() and _struck_at(frame, step)):
        return
    lane = free[int(chance * len(free))]
    if lane.voice.kind == "drums":
        key = next((lane.voice.index(key) for key in _PULSE if lane.voice.index(key) is not None), None)
        if key is not None:
            part.forced[step, lane.pitches.start + key] = True
        return
    part.forced[step, lane.attacks] = True
    part.forbidden[step, lane.rest] = True


def _struck_at(frame: Frame, step: int) -> bool:
    return any(
        bool(((frame.codes[step, codes] > 0) & frame.held[step, codes]).any())
        for codes in (lane.codes if lane.voice.kind == "drums" else lane.attack_codes for lane in frame.lanes)
    )
