"""Who hears what, in which order: a design in which no system has a better place than another.

Every listener has a slot of the design, and every slot an order of its own. Over all slots,

* each pair of systems is judged equally often, and each of the two is heard first equally often; or, where single
  pieces are rated, each system is rated equally often and stands at each place within a block equally often;
* the excerpts of a system are heard equally often, or one time more, and nobody hears one twice before all others;
* the checks lie evenly spread, with the right answer first and second in turn.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

from credo.errors import UsageError


@dataclass(frozen=True, slots=True)
class Trial:
    """What is asked about at once.

    Attributes:
        first, second: identifiers of excerpts in the order in which they are heard; one alone where pieces are rated.
    """

    first: str
    second: str | None = None


Slot = tuple[Trial, ...]


def design_pairs(
    systems: Sequence[Sequence[str]],
    checks: Sequence[tuple[str, str]],
    *,
    listeners: int,
    trials: int,
    dice: random.Random,
) -> tuple[Slot, ...]:
    """A design in which two pieces are compared.

    Args:
        systems: identifiers of the excerpts of each system, equally many of each.
        checks: an excerpt and the same one scrambled, for each check.
        listeners: number of slots; made even.
        trials: comparisons a listener, checks aside; made a multiple of the number of pairs of systems.
        dice: what is drawn with.

    Raises:
        UsageError: there are fewer than two systems, or no trials.
    """
    if len(systems) < 2:
        raise UsageError(f"systems: expected two or more to compare, got {len(systems)}")
    pairs = list(combinations(range(len(systems)), 2))
    rounds = _at_least_one("trials", trials, len(pairs))
    hands = _Hands(systems, (len(systems) - 1) * rounds, dice)
    slots = []
    for slot in range(_at_least_one("listeners", listeners, 2) * 2):
        deal = hands.deal(slot)
        order: list[Trial] = []
        for number in range(rounds):
            block = []
            for place, pair in enumerate(pairs):
                turned = (number + slot + place) % 2
                one, other = pair[::-1] if turned else pair
                block.append(Trial(deal[one].pop(), deal[other].pop()))
            dice.shuffle(block)
            order += block
        turns = [Trial(*(pair[::-1] if (slot + number) % 2 else pair)) for number, pair in enumerate(checks)]
        slots.append(_spread(order, [[turn] for turn in turns], dice))
    return tuple(slots)


def design_ratings(
    systems: Sequence[Sequence[str]],
    checks: Sequence[tuple[str, str]],
    *,
    listeners: int,
    trials: int,
    dice: random.Random,
) -> tuple[Slot, ...]:
    """A design in which single pieces are rated; for the arguments see `design_pairs`.

    `listeners` and `trials` are made multiples of the number of systems. A check is two trials, one of which comes
    later.
    """
    if not systems:
        raise UsageError("systems: expected one or more to rate, got none")
    count = len(systems)
    rounds = _at_least_one("trials", trials, count)
    hands = _Hands(systems, rounds, dice)
    slots = []
    for cycle in range(_at_least_one("listeners", listeners, count)):
        blocks = [dice.sample(range(count), count) for _ in range(rounds)]
        for turn in range(count):  # each block turned once round: every system has been at every place of it
            slot = cycle * count + turn
            deal = hands.deal(slot)
            order = [Trial(deal[block[(place + turn) % count]].pop()) for block in blocks for place in range(count)]
            both = [pair[::-1] if (slot + number) % 2 else pair for number, pair in enumerate(checks)]
            slots.append(_spread(order, [[Trial(one), Trial(other)] for one, other in both], dice))
    return tuple(slots)


class _Hands:
    """Excerpts dealt to the listeners: each takes the next ones of every system's shuffled stack."""

    def __init__(self, systems: Sequence[Sequence[str]], count: int, dice: random.Random) -> None:
        sizes = {len(system) for system in systems}
        if len(sizes) != 1 or 0 in sizes:
            raise UsageError(f"excerpts: expected equally many of each system, got {sorted(sizes)}")
        self._stacks = [dice.sample(list(system), len(system)) for system in systems]
        self._count, self._dice = count, dice

    def deal(self, slot: int) -> list[list[str]]:
        """What a listener hears of each system, in random order."""
        dealt = []
        for stack in self._stacks:
            hand = [stack[(slot * self._count + number) % len(stack)] for number in range(self._count)]
            self._dice.shuffle(hand)
            dealt.append(hand)
        return dealt


def _spread(order: list[Trial], checks: list[list[Trial]], dice: random.Random) -> Slot:
    """Trials with checks among them, each check in a stretch of its own."""
    checks = dice.sample(checks, len(checks))
    placed: list[tuple[float, int, Trial]] = [(place + 0.5, 0, trial) for place, trial in enumerate(order)]
    for number, check in enumerate(checks):
        start, end = (len(order) * edge / len(checks) for edge in (number, number + 1))
        places = sorted(dice.uniform(start, end) for _ in check)
        placed += [(place, 1, trial) for place, trial in zip(places, check, strict=True)]
    return tuple(trial for _, _, trial in sorted(placed, key=lambda item: item[:2]))


def _at_least_one(name: str, wanted: int, multiple: int) -> int:
    """How often a multiple is needed to reach a number.

    Raises:
        UsageError: the number is not positive.
    """
    if wanted < 1:
        raise UsageError(f"{name}: expected 1 or more, got {wanted}")
    return -(-wanted // multiple)
