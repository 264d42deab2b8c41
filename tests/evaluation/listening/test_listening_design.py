"""No system has a better place than another, and a listener hears nothing twice without need."""

import random
from collections import Counter

import pytest
from simulated import key_of

from credo.errors import UsageError
from credo.evaluation.listening.design import design_pairs


def systems_of(key, trial):
    return tuple(key.excerpts[name].system for name in (trial.first, trial.second) if name)


@pytest.mark.parametrize("trials", [12, 15])
def test_pairs_are_balanced(trials):
    key = key_of(pieces=11, listeners=22, trials=trials)
    judged = [[trial for trial in slot if not key.is_check(trial)] for slot in key.slots]
    assert len(judged) == 22
    orders = Counter(systems_of(key, trial) for slot in judged for trial in slot)
    assert len(orders) == 6
    assert set(orders.values()) == {22 * trials // 6}  # each pair of systems, each way round
    for slot in judged:
        assert set(Counter(frozenset(systems_of(key, trial)) for trial in slot).values()) == {trials // 3}
        if trials == 12:  # even within a listener
            assert set(Counter(systems_of(key, trial) for trial in slot).values()) == {2}
    used = Counter(name for slot in judged for trial in slot for name in (trial.first, trial.second))
    assert len(used) == 33
    assert max(used.values()) - min(used.values()) <= 1


def test_nobody_hears_an_excerpt_twice_while_there_are_others():
    key = key_of(pieces=11, trials=15, checks=0)  # ten excerpts of each system a listener
    for slot in key.slots:
        assert max(Counter(name for trial in slot for name in (trial.first, trial.second)).values()) == 1


def test_ratings_are_balanced():
    key = key_of("ratings", pieces=7, listeners=21, trials=12, checks=2)
    places = Counter()
    for slot in key.slots:
        judged = [systems_of(key, trial)[0] for trial in slot if not key.is_check(trial)]
        assert len(judged) == 12
        for start in range(0, 12, 3):
            assert len(set(judged[start : start + 3])) == 3
        places.update(enumerate(judged))
    assert set(places.values()) == {7}  # each system at each place equally often
    assert len(places) == 36


def test_checks_lie_apart_and_their_right_answers_are_balanced():
    key = key_of(checks=4)
    for slot in key.slots:
        places = [place for place, trial in enumerate(slot) if key.is_check(trial)]
        segments = [place * 4 // len(slot) for place in places]
        assert len(places) == 4
        assert max(segments) - min(segments) == 3
        assert sum(key.excerpts[slot[place].first].role == "check" for place in places) == 2


def test_orders_differ_and_the_seed_makes_them_again():
    assert len(set(key_of().slots)) == len(key_of().slots)
    assert key_of(seed=3).slots == key_of(seed=3).slots
    assert key_of(seed=3).slots != key_of(seed=4).slots


def test_wrong_designs():
    dice = random.Random(0)
    with pytest.raises(UsageError, match="systems: expected two or more to compare, got 1"):
        design_pairs([["a"]], [], listeners=2, trials=2, dice=dice)
    with pytest.raises(UsageError, match="trials: expected 1 or more, got 0"):
        design_pairs([["a"], ["b"]], [], listeners=2, trials=0, dice=dice)
    with pytest.raises(UsageError, match="excerpts: expected equally many"):
        design_pairs([["a"], ["b", "c"]], [], listeners=2, trials=2, dice=dice)
