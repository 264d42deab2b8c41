"""Known truths: closed forms, published powers, and intervals that hold what they promise."""

import numpy as np
import pytest
from scipy.stats import binomtest

from credo.evaluation.listening.inference import (
    bradley_terry,
    holm,
    judgements_needed,
    power,
    related_variance,
    share_of,
    share_seen,
    strengths_of,
)

NAMES = ("bach", "credo", "markov")


def judgements(dice, truth, *, listeners=24, rounds=4, pieces=12, taste=0.0, quality=0.0):
    """Winner, loser, listener and both pieces; tastes of listeners and qualities of pieces differ by some deviation."""
    count = len(truth)
    pairs = np.array([(a, b) for a in range(count) for b in range(a + 1, count)])
    who = np.repeat(np.arange(listeners), len(pairs) * rounds)
    one, other = np.tile(np.repeat(pairs, rounds, axis=0), (listeners, 1)).T
    tastes, qualities = dice.normal(0, taste, (listeners, count)), dice.normal(0, quality, (count, pieces))
    mine, theirs = dice.integers(pieces, size=(2, len(who)))
    worth = [np.asarray(truth)[s] + tastes[who, s] + qualities[s, p] for s, p in ((one, mine), (other, theirs))]
    won = dice.random(len(who)) < 1 / (1 + np.exp(worth[1] - worth[0]))
    names = one * pieces + mine, other * pieces + theirs
    winner, loser = np.where(won, one, other), np.where(won, other, one)
    return winner, loser, who, np.stack([np.where(won, *names), np.where(won, *names[::-1])], axis=1)


def test_power_is_that_of_the_books():
    assert power(150, 0.615) == pytest.approx(0.788, abs=0.001)
    assert power(150, 0.62) == pytest.approx(0.823, abs=0.001)
    assert power(np.array([5, 6]), 1.0).tolist() == [0, 1]  # five can never be significant
    needed = judgements_needed(0.6)
    assert power(needed - 1, 0.6) < 0.8 <= min(power(np.arange(needed, 2000), 0.6))
    assert needed == 210
    assert power(96, share_seen(96)) >= 0.8 > power(96, share_seen(96) - 0.002)
    assert share_seen(5) is None


def test_power_is_the_share_of_tests_that_succeed():
    dice = np.random.default_rng(1)
    ps = [binomtest(int(k), 60).pvalue for k in dice.binomial(60, 0.65, 2000)]
    assert np.mean(np.array(ps) < 0.05) == pytest.approx(power(60, 0.65), abs=3 * np.sqrt(0.25 / 2000))


def test_exact_figures_are_scipys():
    chosen = np.arange(50) < 33
    found = share_of(chosen, np.arange(50), np.arange(100).reshape(50, 2))
    test = binomtest(33, 50)
    assert found.p_exact == pytest.approx(test.pvalue)
    assert found.exact == pytest.approx(tuple(test.proportion_ci(method="exact")))
    assert found.effective <= 50
    assert found.interval[0] <= found.exact[0] < found.exact[1] <= found.interval[1]


def test_listeners_who_repeat_themselves_count_once():
    """Ten listeners who say the same thing nine times tell as much as ten judgements, and not ninety."""
    dice = np.random.default_rng(2)
    opinion = dice.random(10) < 0.7
    who = np.repeat(np.arange(10), 9)
    pieces = np.arange(180).reshape(90, 2)
    found = share_of(opinion[who], who, pieces)
    assert 6 < found.effective <= 10
    assert found.p > found.p_exact


def test_agreement_without_exception_is_not_certainty():
    who, pieces = np.repeat(np.arange(3), 20), np.stack([np.arange(60) % 5, 5 + np.arange(60) % 7], axis=1)
    found = share_of(np.ones(60, bool), who, pieces)
    assert found.p_exact < 1e-10
    assert found.effective == 3
    assert found.p == pytest.approx(0.25)


def test_relatedness_is_counted_pair_by_pair():
    dice = np.random.default_rng(3)
    scores = dice.normal(size=(30, 2))
    who, one, other = (dice.integers(6, size=30).astype(str) for _ in range(3))
    who = np.char.add("l", who)
    total = np.zeros((2, 2))
    for i in range(30):
        for j in range(30):
            if who[i] == who[j] or {one[i], other[i]} & {one[j], other[j]}:
                total += np.outer(scores[i], scores[j])
    assert related_variance(scores, [who, one, other]) == pytest.approx(total)


def test_holm():
    assert holm([0.01, 0.04, 0.03, float("nan")]) == pytest.approx([0.03, 0.06, 0.06, float("nan")], nan_ok=True)


def test_two_systems_have_a_closed_form():
    strengths = bradley_terry(np.array([[0, 30], [12, 0]]))
    assert strengths[0] - strengths[1] == pytest.approx(np.log(30.5 / 12.5))
    assert np.isfinite(bradley_terry(np.array([[0, 9], [0, 0]]))).all()


def test_strengths_are_found_again():
    truth = np.array([0.9, 0.1, -1.0])
    found = strengths_of(NAMES, *judgements(np.random.default_rng(4), truth, listeners=200))
    assert found.values == pytest.approx(truth, abs=0.12)


@pytest.mark.parametrize(("taste", "quality"), [(0, 0), (0.6, 0), (0, 0.4)])
def test_intervals_cover_the_truth(taste, quality):
    """At least as often as promised, within the error of so many trials; tastes and qualities shrink log-odds a bit."""
    dice, truth, runs = np.random.default_rng(5), np.array([0.5, 0.1, -0.6]), 80
    covered = []
    for _ in range(runs):
        found = strengths_of(NAMES, *judgements(dice, truth, taste=taste, quality=quality))
        covered.append((found.over_both[:, 0] <= truth) & (truth <= found.over_both[:, 1]))
    assert np.mean(covered) > 0.95 - 3 * np.sqrt(0.95 * 0.05 / runs)
    assert np.mean(covered) < 1


@pytest.mark.parametrize(("taste", "quality"), [(0, 0), (0.7, 0), (0, 0.7)])
def test_no_preference_is_seldom_significant(taste, quality):
    """The test over listeners and pieces errs in 5 % at most; the exact one far more often where pieces differ."""
    dice, runs = np.random.default_rng(6), 300
    ps = []
    for _ in range(runs):
        winner, _, who, pieces = judgements(dice, [0, 0], taste=taste, quality=quality)
        ours = winner == 0
        found = share_of(ours, who, np.where(ours[:, None], pieces, pieces[:, ::-1]))
        ps.append((found.p, found.p_exact))
    clustered, exact = (np.array(ps) < 0.05).mean(axis=0)
    error = np.sqrt(0.05 * 0.95 / runs)
    assert 0 < clustered < 0.05 + 3 * error
    if quality:
        assert exact > 0.05 + 3 * error
    elif not taste:
        assert exact < 0.05 + 3 * error


def test_other_listeners_with_the_same_pieces():
    dice, truth = np.random.default_rng(7), np.array([0.5, 0.1, -0.6])
    covered = []
    for _ in range(60):
        found = strengths_of(NAMES, *judgements(dice, truth, taste=0.3))
        covered.append((found.over_listeners[:, 0] <= truth) & (truth <= found.over_listeners[:, 1]))
    assert 0.83 < np.mean(covered) < 0.99


def test_one_listener_gives_no_intervals():
    found = strengths_of(NAMES, *judgements(np.random.default_rng(8), [0, 0, 0], listeners=1, rounds=9))
    assert np.isnan(found.over_listeners).all()
    assert np.isnan(found.over_both).all()
