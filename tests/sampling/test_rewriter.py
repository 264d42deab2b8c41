"""Rewriting tapes: what is held stays, draws are those of the network, and constraints are obeyed.

Each batch size, length and kind of constraints is compiled anew, so tests share 3 or 31 tapes of 7 blocks if they can.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from keras import ops

import oracle
from credo.errors import UsageError
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Joint, Softmax
from credo.sampling import anneal
from credo.sampling.anneal import Constraints, Rewriter, Schedule, Tapes
from machines import numpy, stir, tensor

pytestmark = pytest.mark.machine
#: A block has two groups of five, one of three, two bits, and a group of seven that is context.
UNITS, CATEGORIES = Joint([Softmax(2, 5), Softmax(1, 3), Bernoulli(2), Softmax(1, 7)]), (5, 5, 3, 2, 2, 7)
SIZES = (5, 5, 3, 1, 1, 7)  # units of each code
N, G, HELD = 22, 6, [0, 0, 0, 0, 0, 1]
CELLS, LINES = np.array([0, 1, 2, 0, 1, 3]), np.array([0, 0, 1, 2])  # a group and a bit are a cell
REACH = 2  # blocks that stand before a tape: the spans are 3 and 3
L = 7
QUICK = Schedule(iterations=7, opening=0.3, cycle=2)
NEVER = -1e9


@pytest.fixture(scope="module")
def dbn():
    network = DBN(UNITS, (11, 5), spans=(3, 3), held=HELD, cells=CELLS, lines=LINES, seed=3)
    for depth, rbm in enumerate(network.rbms):
        stir(rbm, depth, scale=0.7, centred=True)
    return network


@pytest.fixture(scope="module")
def rewriter(dbn):
    return Rewriter(dbn)


@pytest.fixture(scope="module")
def deaf():
    """A network whose blocks hear nothing: each code is drawn by its biases."""
    network = DBN(UNITS, (3,), spans=(3,), held=HELD)
    network.rbms[0].W.assign(np.zeros((3 * N, 3), np.float32))
    network.rbms[0].a.assign(np.random.default_rng(5).normal(size=N).astype(np.float32))
    return Rewriter(network)


def biases(deaf):
    return numpy(deaf.dbn.rbms[0].a).astype(float)


def tapes(B, L=L, held=0.5, seed=0):
    rng = np.random.default_rng(seed)
    codes, cells = rng.integers(0, CATEGORIES, (B, L, G)), rng.random((B, L, CELLS.max() + 1)) < held
    return Tapes(codes, cells[..., CELLS] | np.array(HELD, bool))


def free(B, L=L):
    return tapes(B, L, held=0)


def of_units(per_code):
    """A value a code, given to its units; (..., G) to (..., N)."""
    return np.repeat(per_code, SIZES, axis=-1)


# -- what is held and what is drawn ------------------------------------------------------------------------------------


@pytest.mark.parametrize(("B", "L"), [(1, 1), (3, 7), (1, 61)])
def test_held_codes_never_change_and_free_ones_take_their_categories(rewriter, B, L):
    for seed, held in enumerate((0.1, 0.5, 0.9)):
        tape = tapes(B, L, held, seed)
        got = rewriter.rewrite(tape, QUICK, seed=seed)
        assert got.shape == (B, L, G)
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got[tape.known], tape.codes[tape.known])
        assert np.all(got < CATEGORIES)


def test_everything_held_is_given_back_and_context_is_held_unasked(rewriter):
    tape = tapes(3, held=1)
    np.testing.assert_array_equal(rewriter.rewrite(tape, QUICK), tape.codes)
    got = rewriter.rewrite(Tapes(tape.codes, np.zeros_like(tape.known)), QUICK)
    np.testing.assert_array_equal(got[..., -1], tape.codes[..., -1])


def test_everything_free_is_drawn(rewriter):
    drawn = np.concatenate([rewriter.rewrite(free(31), QUICK, seed=seed) for seed in range(7)])
    for code, categories in enumerate(CATEGORIES[:-1]):
        assert set(np.unique(drawn[..., code])) == set(range(categories))


def test_the_same_seed_gives_the_same_tape_and_another_something_else(rewriter):
    drawn = [rewriter.rewrite(tapes(3), QUICK, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_what_stands_in_free_places_does_not_count(rewriter):
    tape, other = tapes(3, seed=0), tapes(3, seed=1)
    changed = tape._replace(codes=np.where(tape.known, tape.codes, other.codes))
    np.testing.assert_array_equal(rewriter.rewrite(tape, QUICK), rewriter.rewrite(changed, QUICK))


@pytest.mark.parametrize("codes", [[0, 1, 2, 3, 4], [5]], ids=["music", "context"])
def test_what_is_held_and_the_context_do_count(rewriter, codes):
    tape = tapes(3)
    changed = tape.codes.copy()
    changed[..., codes] = (changed[..., codes] + 1) % np.array(CATEGORIES)[codes]
    drawn = [rewriter.rewrite(x, QUICK)[~tape.known] for x in (tape, tape._replace(codes=changed))]
    assert np.any(drawn[0] != drawn[1])


def by_hand(dbn, tape, schedule, seed, temperature):
    """The iterations one after the other, with the numbers of the same streams."""

    def draw(codes, known, u):
        logits = dbn.predict_hidden(UNITS.expand(codes), known) / temperature
        return UNITS.collapse(UNITS.sample(logits, u))

    draw = compiled(dbn, draw)
    B, L, _ = tape.codes.shape
    total = -(-(L + 2 * REACH) // 4) * 4
    pad = ((0, 0), (REACH, total - L - REACH), (0, 0))
    known = np.pad(tape.known, pad, constant_values=True)
    codes = np.pad(np.where(tape.known, tape.codes, 0), pad)
    for index, (cells, blocks, cycle, nested) in enumerate(zip(*schedule.plan(), strict=True)):
        stream, counter = (seed ^ 0x5EED, 2 * int(cycle) + 1) if nested else (seed, 3 * index)
        by_cell = oracle.uniform(stream, counter, (B, total, CELLS.max() + 1)) < cells
        by_line = oracle.uniform(seed ^ 0x5EED, 2 * int(cycle), (B, total, LINES.max() + 1)) < blocks
        hidden = by_line[..., LINES[CELLS]] & by_cell[..., CELLS] & ~known
        u = oracle.uniform(seed, 3 * index + 2, (B, total, G))
        told = ~hidden
        if not schedule.ends:
            told[:, [*range(REACH), *range(L + REACH, total)]] &= np.array(HELD, bool)
        drawn = draw(tensor(codes, "int32"), tensor(of_units(told)), tensor(u))
        codes = np.where(hidden, numpy(drawn), codes)
    return codes[:, REACH : REACH + L]


@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_one_iteration_draws_all_that_is_free_from_what_the_network_predicts(rewriter, temperature):
    tape = tapes(31)
    got = rewriter.rewrite(tape, Schedule(iterations=1), seed=13, temperature=temperature)
    np.testing.assert_array_equal(got, by_hand(rewriter.dbn, tape, Schedule(iterations=1), 13, temperature))


@pytest.mark.parametrize(("iterations", "nested"), [(37, False), (17, True)])  # 32 are run in one call
def test_each_iteration_draws_its_share_from_what_the_network_predicts(rewriter, iterations, nested):
    """Through the opening, several cycles and the closing pass."""
    tape, schedule = tapes(31, held=0.3), Schedule(iterations, opening=0.3, cycle=5, closing=0.2, nested=nested)
    got = rewriter.rewrite(tape, schedule, seed=3)
    np.testing.assert_array_equal(got, by_hand(rewriter.dbn, tape, schedule, 3, 1.0))


def test_what_is_beyond_the_ends_can_be_kept_from_the_network(rewriter):
    tape, schedule = tapes(31, held=0.3), Schedule(17, opening=0.3, cycle=5, ends=False)
    got = rewriter.rewrite(tape, schedule, seed=3)
    np.testing.assert_array_equal(got, by_hand(rewriter.dbn, tape, schedule, 3, 1.0))
    assert np.any(got != rewriter.rewrite(tape, schedule._replace(ends=True), seed=3))


def test_codes_are_drawn_as_often_as_they_are_likely(deaf):
    """One good sampler in ten thousand fails; the seed is fixed."""
    drawn = deaf.rewrite(free(2003, 5), QUICK, seed=1)
    for code, logits in enumerate(np.split(biases(deaf), np.cumsum(SIZES)[:-1])[:-1]):
        p = np.exp(logits if len(logits) > 1 else np.append(0, logits))
        counts = np.bincount(drawn[..., code].ravel(), minlength=len(p))
        assert oracle.chi_square(counts, p / p.sum() * counts.sum()) < oracle.chi_square_limit(len(p))


def test_draws_that_do_not_hear_the_end_do_not_depend_on_the_blocks_after_it(dbn, monkeypatch):
    drawn = []
    for extra in (0, 8):
        monkeypatch.setattr(anneal, "_round_up", lambda blocks, extra=extra: blocks + extra)
        drawn.append(Rewriter(dbn).rewrite(tapes(1), Schedule(iterations=1), seed=5)[:, : L - REACH])
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_blocks_that_hear_only_themselves_do_not_depend_on_them_at_all(monkeypatch):
    network, drawn = DBN(UNITS, (11, 5), spans=(1, 1), held=HELD, cells=CELLS, lines=LINES), []
    for depth, rbm in enumerate(network.rbms):
        stir(rbm, depth, scale=0.7)
    for extra in (0, 5):
        monkeypatch.setattr(anneal, "_round_up", lambda blocks, extra=extra: blocks + extra)
        drawn.append(Rewriter(network).rewrite(tapes(1), QUICK, seed=5))
    np.testing.assert_array_equal(drawn[0], drawn[1])


def test_cycles_without_blocks_change_nothing(rewriter):
    tape = tapes(3)
    opening = rewriter.rewrite(tape, Schedule(iterations=1))
    idle = Schedule(iterations=20, opening=0.05, cycle=5, most_blocks=0.0, least_blocks=0.0, closing=0)
    np.testing.assert_array_equal(rewriter.rewrite(tape, idle), opening)
    assert not np.array_equal(rewriter.rewrite(tape, idle._replace(most_blocks=1.0)), opening)


def test_a_compiled_rewriter_follows_the_weights(dbn, rewriter):
    network, tape = DBN.from_config(dbn.get_config()), tapes(3)
    other = Rewriter(network)
    before = other.rewrite(tape, QUICK)
    for ours, theirs in zip(network.rbms, dbn.rbms, strict=True):
        for name in "Wabml":
            getattr(ours, name).assign(getattr(theirs, name))
    after = other.rewrite(tape, QUICK)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, rewriter.rewrite(tape, QUICK))


def test_progress_is_told_to_the_end(rewriter):
    told = []
    rewriter.rewrite(tapes(3), Schedule(iterations=37), progress=lambda done, of: told.append((done, of)))
    assert told == [(32, 37), (37, 37)]


# -- biases and mixtures -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("temperature", "iterations"), [(1.0, 1), (1.0, 9), (0.05, 2), (10.0, 2)])
def test_what_a_bias_forbids_is_never_drawn(rewriter, temperature, iterations):
    """With another choice of what is forbidden at each place; one value at least is allowed."""
    rng = np.random.default_rng(iterations)
    allowed = [rng.random((L, categories)) < 0.5 for categories in CATEGORIES]
    for each in allowed:
        each[np.arange(L), rng.integers(0, each.shape[1], L)] = True
    columns = [np.where(each, 0, NEVER) for each in allowed]
    bias = np.concatenate([x if x.shape[1] > 2 else x[:, 1:] - x[:, :1] for x in columns], axis=1)
    schedule = Schedule(iterations=iterations, opening=0.2, cycle=3)
    drawn = rewriter.rewrite(free(31), schedule, constraints=Constraints(bias), temperature=temperature)
    for code, each in enumerate(allowed[:-1]):
        assert each[np.arange(L), drawn[..., code]].all()
    for code, each in enumerate(allowed[:3]):
        assert not each[np.arange(L), rewriter.rewrite(free(31), schedule)[..., code]].all()


def test_a_bias_leans(deaf):
    """It is added to the logits of its block, and to no others."""
    bias = np.zeros((3, N), np.float32)
    bias[1, :5] = [2, 0, 0, -1, 0]
    drawn = deaf.rewrite(free(2003, 3), QUICK, constraints=Constraints(bias))[..., 0]
    for block in range(3):
        p = np.exp(biases(deaf)[:5] + bias[block, :5])
        counts = np.bincount(drawn[:, block], minlength=5)
        assert oracle.chi_square(counts, p / p.sum() * 2003) < oracle.chi_square_limit(5)


def test_a_one_hot_context_is_the_code_and_a_mixture_is_something_else(rewriter):
    tape, drawn = tapes(3), {}
    for one, other in ((2, 2), (5, 5), (2, 5)):
        context = np.full((L, N), np.nan)
        context[:, -7:] = (np.eye(7)[one] + np.eye(7)[other]) / 2
        drawn[one, other] = rewriter.rewrite(tape, QUICK, constraints=Constraints(context=context))
        np.testing.assert_array_equal(drawn[one, other][..., -1], tape.codes[..., -1])
    for code in (2, 5):
        labelled = tape.codes.copy()
        labelled[..., -1] = code
        expected = rewriter.rewrite(Tapes(labelled, tape.known), QUICK)[..., :-1]
        np.testing.assert_array_equal(drawn[code, code][..., :-1], expected)
        assert np.any(drawn[2, 5][..., :-1] != expected)


# -- ties --------------------------------------------------------------------------------------------------------------


def tied(L, *places):
    """Ties of the places (block, code) of each group to its first."""
    ties = np.arange(L * G).reshape(L, G)
    for group in places:
        for place in group:
            ties[place] = ties[group[0]]
    return ties


def test_tied_places_are_always_equal(rewriter):
    groups = [[(0, 0), (5, 0), (5, 1)], [(6, 1), (2, 1)], [(3, 4), (4, 4), (4, 3)], [(6, 2), (0, 2)]]
    constraints = Constraints(np.random.default_rng(1).normal(0, 3, (L, N)), tied(L, *groups))
    untied = rewriter.rewrite(free(31), QUICK)
    for schedule in (Schedule(iterations=1), QUICK):
        drawn = rewriter.rewrite(free(31), schedule, constraints=constraints)
        for group in groups:
            for place in group[1:]:
                np.testing.assert_array_equal(drawn[:, *place], drawn[:, *group[0]])
                assert np.any(untied[:, *place] != untied[:, *group[0]])


def test_tied_places_are_drawn_from_their_averaged_logits(deaf):
    """With what a bias adds to them; one good sampler in ten thousand fails, and the seed is fixed."""
    L, rows, rng = 5, 2003, np.random.default_rng(2)
    bias = rng.normal(size=(L, N)).astype(np.float32)
    groups, bits = [(0, 0), (1, 1), (4, 0)], [(3, 3), (3, 4)]
    drawn = deaf.rewrite(free(rows, L), QUICK, constraints=Constraints(bias, tied(L, groups, bits)), seed=1)
    logits = biases(deaf) + bias
    mean = (logits[0, :5] + logits[1, 5:10] + logits[4, :5]) / 3
    cases = [((0, 0), mean), ((2, 0), logits[2, :5]), ((3, 3), np.append(0, logits[3, 13:15].mean()))]
    for place, expected in cases:
        p = np.exp(expected)
        counts = np.bincount(drawn[:, *place], minlength=len(p))
        assert oracle.chi_square(counts, p / p.sum() * rows) < oracle.chi_square_limit(len(p))


def test_ties_to_what_is_held_are_held_with_it(rewriter):
    tape = free(31)
    tape.codes[:, 2, 0] = tape.codes[:, 6, 0] = np.arange(31) % 5
    tape.known[:, [2, 6], 0] = True
    ties = Constraints(np.zeros((L, N)), tied(L, [(2, 0), (6, 0)]))
    drawn = rewriter.rewrite(tape, QUICK, constraints=ties)
    np.testing.assert_array_equal(drawn[:, [2, 6], 0], tape.codes[:, [2, 6], 0])


@pytest.mark.parametrize("wrong", ["half known", "two values", "chained", "outside"])
def test_ties_that_cannot_be_are_refused(rewriter, wrong):
    tape = free(3)
    ties = tied(L, [(2, 0), (6, 0)])
    if wrong == "half known":
        tape.known[:, 6, 0] = True
    elif wrong == "two values":
        tape.known[:, [2, 6], 0] = True
        tape.codes[:, [2, 6], 0] = [1, 2]
    elif wrong == "chained":
        ties[2, 0] = 0
    else:
        ties[2, 0] = L * G
    with pytest.raises(UsageError, match="ties: expected"):
        rewriter.rewrite(tape, QUICK, constraints=Constraints(ties=ties))


# -- rules -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Differ:
    """Neighbouring blocks have different categories in their first group, or bits in the first of them."""

    code: int = 0

    def bias(self, codes):
        size = SIZES[self.code]
        before = sum(SIZES[: self.code])
        here = codes[:, :, self.code]
        states = ops.one_hot(here, size) if size > 1 else ops.cast(2 * here - 1, "float32")[..., None]
        around = ops.pad(states[:, :-1], ((0, 0), (1, 0), (0, 0))) + ops.pad(states[:, 1:], ((0, 0), (0, 1), (0, 0)))
        return ops.pad(NEVER * around, ((0, 0), (0, 0), (before, N - before - size)))

    def broken(self, codes):
        here = codes[:, :, self.code]
        same = ops.cast(here[:, 1:] == here[:, :-1], "float32")
        either = ops.maximum(ops.pad(same, ((0, 0), (1, 0))), ops.pad(same, ((0, 0), (0, 1))))
        return either[..., None] * ops.one_hot(self.code, G)


@dataclass(frozen=True)
class Agree:
    """Both groups of a block have the category that its facts tell (0 for none, 1 for the first, ...)."""

    def bias(self, codes, facts):
        wanted = ops.one_hot(facts[:, 0] - 1, 5)
        forbidden = ops.cast(facts > 0, "float32") * (1 - wanted) * NEVER
        return ops.concatenate([forbidden, forbidden, ops.zeros((facts.shape[0], N - 10))], axis=1)[None]

    def broken(self, codes, facts):
        wrong = ops.cast((facts > 0) & (codes[:, :, :2] != facts - 1), "float32")
        return ops.pad(wrong, ((0, 0), (0, 0), (0, G - 2)))


def is_broken(rule, codes, *facts):
    return numpy(rule.broken(tensor(codes, "int32"), *facts)).astype(bool)


@pytest.mark.parametrize("schedule", [Schedule(iterations=1), QUICK], ids=["one", "seven"])
def test_a_rule_holds_in_every_tape_although_draws_at_once_break_it(rewriter, schedule):
    assert is_broken(Differ(), rewriter.rewrite(free(31), schedule)).any(axis=(1, 2)).mean() > 0.5
    drawn = rewriter.rewrite(free(31), schedule, constraints=Constraints(rules=(Differ(),)))
    assert not is_broken(Differ(), drawn).any()


def test_a_rule_holds_between_what_is_held_and_what_is_free(rewriter):
    tape = tapes(31, held=0.3, seed=4)
    tape.known[:, ::2, 0] = False  # between two held ones there is a choice
    drawn = rewriter.rewrite(tape, QUICK, constraints=Constraints(rules=(Differ(),)))
    assert not is_broken(Differ(), drawn).any()
    np.testing.assert_array_equal(drawn[tape.known], tape.codes[tape.known])


def test_rules_of_tied_places_hold(rewriter):
    ties = tied(L, *([(block, 0), (block + 3, 0)] for block in range(3)))
    drawn = rewriter.rewrite(free(31), QUICK, constraints=Constraints(ties=ties, rules=(Differ(),)))
    assert not is_broken(Differ(), drawn).any()
    np.testing.assert_array_equal(drawn[:, :3, 0], drawn[:, 3:6, 0])


@pytest.mark.parametrize("code", [0, 3])
def test_a_rule_that_cannot_hold_does_not_hang(rewriter, code):
    """Two held neighbours are alike; and between two held bits that differ, a third has no choice."""
    tape = free(31)
    tape.known[:, [1, 2, 4, 6], code] = True
    tape.codes[:, [1, 2, 4, 6], code] = [1, 1, 0, 1]
    told = []
    rules = Constraints(rules=(Differ(code),))
    drawn = rewriter.rewrite(tape, QUICK, constraints=rules, progress=lambda *at: told.append(at))
    assert told == [(7, 7)]
    np.testing.assert_array_equal(drawn[tape.known], tape.codes[tape.known])
    assert is_broken(Differ(code), drawn)[:, [1, 2], code].all()


def test_rules_are_told_facts_that_differ_from_tape_to_tape(rewriter):
    for facts in ([[0], [3], [5], [0], [1]], [[2], [0], [0], [4], [0]]):
        facts = np.array(facts)
        constraints = Constraints(rules=(Differ(2), Agree()), facts=(None, facts))
        drawn = rewriter.rewrite(free(31, 5), QUICK, constraints=constraints)
        wanted = facts[:, 0] > 0
        assert np.all(drawn[:, wanted, :2] == facts[wanted] - 1)
        assert len(np.unique(drawn[:, ~wanted, :2])) == 5
        assert not is_broken(Differ(2), drawn).any()


# -- plans and wrong wishes --------------------------------------------------------------------------------------------


@pytest.mark.once
@given(st.integers(1, 300), st.integers(0, 20), st.floats(0.1, 0.9), st.floats(0, 0.2), st.floats(0, 1), st.booleans())
@settings(deadline=None)
def test_plans_open_with_everything_and_end_with_little(iterations, cycle, opening, least, closing, nested):
    schedule = Schedule(iterations, opening=opening, least=least, cycle=cycle, closing=closing, nested=nested)
    cells, blocks, cycles, inside_others = schedule.plan()
    assert len(cells) == len(blocks) == len(cycles) == len(inside_others) == iterations
    assert cells[0] == 1
    assert np.all((cells >= least - 1e-6) & (cells <= 1))
    first = cycles == 0
    assert np.all(blocks[first] == 1)
    assert np.all(np.diff(cells[first]) <= 0)
    assert np.all(np.diff(cycles) >= 0)
    last = iterations - min(round(closing * iterations), iterations - np.count_nonzero(first))
    assert np.all(cells[last:] == np.float32(least))
    assert np.all(blocks[last:] == 1)
    assert np.all(inside_others == (nested & (np.arange(iterations) < last)))
    middle = ~first & (np.arange(iterations) < last)
    assert not middle.any() or cycle
    for number in np.unique(cycles[middle]):
        inside = cycles == number
        assert 1 <= np.count_nonzero(inside) <= cycle
        assert len(np.unique(blocks[inside])) == 1
        assert cells[inside][0] == 1
        assert np.all(np.diff(cells[inside]) < 0)
    assert np.all(np.diff(blocks[middle]) <= 1e-6)


@pytest.mark.once
def test_a_plan_has_the_shares_it_says():
    schedule = Schedule(iterations=100, opening=0.4, most=0.9, least=0.1, falling=0.5, cycle=12, closing=0.1)
    cells, blocks, cycles, _ = schedule.plan()
    np.testing.assert_allclose(cells[[1, 10, 20, 39]], [0.86, 0.5, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(cells[[40, 51, 52, 90, 99]], [1.0, 0.1, 1.0, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(blocks[[39, 40, 89, 90, 99]], [1.0, 0.7, 0.15, 1.0, 1.0], atol=1e-6)
    assert cycles[[39, 40, 51, 52, 89]].tolist() == [0, 1, 1, 2, 5]
    assert cycles[90] == cycles[99] > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.zeros((2, 5, 2), int)}, r"codes: expected shape \(B, L, G=6\), got \(2, 5, 2\)"),
        ({"codes": np.zeros((5, 6), int)}, r"codes: expected shape \(B, L, G=6\), got \(5, 6\)"),
        ({"known": np.zeros((2, 6, 6), bool)}, r"known: expected shape \(B=2, L=5, G=6\), got \(2, 6, 6\)"),
    ],
)
def test_wrong_shapes_are_refused(rewriter, change, message):
    with pytest.raises(UsageError, match=message):
        rewriter.rewrite(tapes(2, 5)._replace(**change))


@pytest.mark.parametrize(
    ("constraints", "message"),
    [
        (Constraints(bias=np.zeros((5, 6))), r"bias: expected shape \(L=5, N=22\), got \(5, 6\)"),
        (Constraints(context=np.zeros((4, 22))), r"context: expected shape \(L=5, N=22\), got \(4, 22\)"),
        (Constraints(ties=np.zeros((5, 22), int)), r"ties: expected shape \(L=5, G=6\), got \(5, 22\)"),
        (Constraints(rules=(Agree(),), facts=(np.zeros((4, 1)),)), r"facts: expected shape \(L=5, D\), got \(4, 1\)"),
    ],
)
def test_constraints_of_wrong_shapes_are_refused(rewriter, constraints, message):
    with pytest.raises(UsageError, match=message):
        rewriter.rewrite(tapes(2, 5), constraints=constraints)


def test_numbers_out_of_range_are_refused(rewriter):
    with pytest.raises(UsageError, match=r"temperature > 0 .* got 0 and 256"):
        rewriter.rewrite(tapes(1, 5), temperature=0)
    with pytest.raises(UsageError, match=r"iterations >= 1, got 1.0 and 0"):
        rewriter.rewrite(tapes(1, 5), Schedule(iterations=0))
