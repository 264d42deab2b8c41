"""Rewriting tapes: what is held stays, windows are cut where they may be, and draws are those of the network."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from credo.errors import UsageError
from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Joint, Softmax
from credo.sampling.anneal import Rewriter, Schedule, Tapes
from machines import numpy, stir, tensor

pytestmark = pytest.mark.machine
W, CATEGORIES, CONTEXT = 6, (5, 3, 2), 7
CELLS, LINES = np.array([0, 1, 0]), np.array([0, 1, 0])
K = len(CATEGORIES)
QUICK = Schedule(iterations=7, opening=0.3, cycle=2)


@pytest.fixture(scope="module")
def dbn():
    """Windows of six steps; at each step two groups and a bit, and one code of context at the end."""
    units = Joint([Softmax(W, 5), Softmax(W, 3), Bernoulli(W), Softmax(1, CONTEXT)])
    network = DBN(units, (11, 5), seed=3)
    for depth, rbm in enumerate(network.rbms):
        stir(rbm, depth, scale=0.7, centred=True)
    return network


@pytest.fixture(scope="module")
def rewriter(dbn):
    return Rewriter(dbn, W, CELLS, hop=2, line_of_step_code=LINES)


def tapes(B, T, held=0.5, seed=0):
    rng = np.random.default_rng(seed)
    codes = rng.integers(0, CATEGORIES, (B, T, K))
    return Tapes(codes, rng.random((B, T, K)) < held, rng.integers(0, CONTEXT, (B, 1)))


@pytest.mark.parametrize(("B", "T"), [(1, 1), (3, 5), (1, W), (2, W + 1), (3, 29), (1, 53)])
def test_held_codes_never_change_and_free_ones_take_their_categories(rewriter, B, T):
    for seed, held in enumerate((0.1, 0.5, 0.9)):
        tape = tapes(B, T, held, seed)
        got = rewriter.rewrite(tape, QUICK, seed=seed, first_step=seed)
        assert got.shape == (B, T, K)
        assert got.dtype == np.uint8
        np.testing.assert_array_equal(got[tape.known], tape.codes[tape.known])
        assert np.all(got < CATEGORIES)


def test_everything_held_is_given_back(rewriter):
    tape = tapes(2, W + 1, held=1)
    np.testing.assert_array_equal(rewriter.rewrite(tape, QUICK), tape.codes)


def test_everything_free_is_drawn(rewriter):
    drawn = rewriter.rewrite(tapes(3, 29, held=0), QUICK)
    for k, categories in enumerate(CATEGORIES):
        assert set(np.unique(drawn[:, :, k])) == set(range(categories))


def test_the_same_seed_gives_the_same_tape_and_another_something_else(rewriter):
    tape = tapes(3, 29)
    drawn = [rewriter.rewrite(tape, QUICK, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])


def test_what_stands_in_free_places_does_not_count(rewriter):
    tape, other = tapes(3, 29, seed=0), tapes(3, 29, seed=1)
    changed = tape._replace(codes=np.where(tape.known, tape.codes, other.codes))
    np.testing.assert_array_equal(rewriter.rewrite(tape, QUICK), rewriter.rewrite(changed, QUICK))


def test_what_is_held_and_the_context_do_count(rewriter):
    tape = tapes(3, 29)
    free, drawn = ~tape.known, rewriter.rewrite(tape, QUICK)
    others = (tape._replace(context=(tape.context + 1) % CONTEXT), tape._replace(codes=(tape.codes + 1) % CATEGORIES))
    for other in others:
        assert np.any(rewriter.rewrite(other, QUICK)[free] != drawn[free])


@pytest.mark.parametrize("temperature", [1.0, 0.4])
def test_one_iteration_over_one_window_draws_from_predict_hidden(dbn, temperature):
    """A tape of a window's length, cut at multiples of it: one window, and before it one that is empty."""
    B, units = 101, dbn.visible
    tape = tapes(B, W)
    whole = Rewriter(dbn, W, CELLS, hop=W, line_of_step_code=LINES)
    got = whole.rewrite(tape, Schedule(iterations=1), seed=13, temperature=temperature)
    window = np.concatenate([tape.codes.transpose(0, 2, 1).reshape(B, -1), tape.context], axis=1)
    known = np.concatenate([tape.known.transpose(0, 2, 1).reshape(B, -1), np.ones((B, 1))], axis=1)
    v = units.expand(tensor(np.where(known, window, 0), "int32"))
    logits = dbn.predict_hidden(v, units.spread(tensor(known))) / temperature
    u = oracle.uniform(13, 2, (B, 2, units.groups))[:, 1]
    drawn = numpy(units.collapse(units.sample(logits, tensor(u))))[:, :-1].reshape(B, K, W).transpose(0, 2, 1)
    np.testing.assert_array_equal(got, np.where(tape.known, tape.codes, drawn))


@pytest.mark.parametrize("first_step", [0, 1, 5])
def test_windows_are_cut_at_hops_from_the_first_step(first_step):
    """A network that writes each step's place in its window shows where the windows lay."""
    network = DBN(Joint([Softmax(W, W), Softmax(1, 2)]), (3,))
    network.rbms[0].W.assign(np.zeros((W * W + 2, 3), np.float32))
    network.rbms[0].a.assign(np.append(99 * np.eye(W), [0, 0]).astype(np.float32))
    rewriter = Rewriter(network, W, np.array([0]), hop=3)
    B, T, starts = 2, 29, set()
    empty = Tapes(np.zeros((B, T, 1), int), np.zeros((B, T, 1), bool), np.zeros((B, 1), int))
    for seed in range(8):
        places = rewriter.rewrite(empty, Schedule(iterations=1), seed=seed, first_step=first_step)[:, :, 0]
        start = np.unique((np.arange(T) - places) % W)
        assert len(start) == 1  # windows follow one another without gaps
        assert start[0] % 3 == first_step % 3
        starts.add(int(start[0]))
    assert len(starts) == 2  # a window has two hops


def test_cycles_without_blocks_change_nothing(rewriter):
    tape = tapes(3, 29)
    opening = rewriter.rewrite(tape, Schedule(iterations=1))
    idle = Schedule(iterations=20, opening=0.05, cycle=5, most_blocks=0.0, least_blocks=0.0, closing=0)
    np.testing.assert_array_equal(rewriter.rewrite(tape, idle), opening)
    busy = idle._replace(most_blocks=1.0)
    assert not np.array_equal(rewriter.rewrite(tape, busy), opening)


def test_a_compiled_rewriter_follows_the_weights(dbn):
    network = DBN.from_config(dbn.get_config())
    rewriter, tape = Rewriter(network, W, CELLS, hop=2, line_of_step_code=LINES), tapes(3, 29)
    before = rewriter.rewrite(tape, QUICK)
    for ours, theirs in zip(network.rbms, dbn.rbms, strict=True):
        for name in "Wabml":
            getattr(ours, name).assign(getattr(theirs, name))
    after = rewriter.rewrite(tape, QUICK)
    assert not np.array_equal(before, after)
    np.testing.assert_array_equal(after, Rewriter(dbn, W, CELLS, hop=2, line_of_step_code=LINES).rewrite(tape, QUICK))


def test_progress_is_told_to_the_end(rewriter):
    told = []
    rewriter.rewrite(tapes(3, 29), Schedule(iterations=67), progress=lambda done, of: told.append((done, of)))
    assert told == [(32, 67), (64, 67), (67, 67)]


@given(st.integers(1, 5), st.integers(1, 7), st.integers(0, 2**32 - 1))
@settings(max_examples=20, deadline=None)
def test_joining_undoes_cutting(dbn, B, windows, seed):
    rewriter = Rewriter(dbn, W, CELLS)
    tape = np.random.default_rng(seed).integers(0, 99, (B, windows * W, K)).astype(np.int32)
    cut = rewriter._cut(tensor(tape, "int32"))
    expected = tape.reshape(B, windows, W, K).transpose(0, 1, 3, 2).reshape(B * windows, K * W)
    np.testing.assert_array_equal(numpy(cut), expected)
    np.testing.assert_array_equal(numpy(rewriter._join(cut, B)), tape)


@given(st.integers(1, 300), st.integers(0, 20), st.floats(0.1, 0.9), st.floats(0, 0.2), st.floats(0, 1))
@settings(deadline=None)
def test_plans_open_with_everything_and_end_with_little(iterations, cycle, opening, least, closing):
    schedule = Schedule(iterations, opening=opening, least=least, cycle=cycle, closing=closing)
    cells, blocks, cycles = schedule.plan()
    assert len(cells) == len(blocks) == len(cycles) == iterations
    assert cells[0] == 1
    assert np.all((cells >= least - 1e-6) & (cells <= 1))
    first = cycles == 0
    assert np.all(blocks[first] == 1)
    assert np.all(np.diff(cells[first]) <= 0)
    assert np.all(np.diff(cycles) >= 0)
    last = iterations - min(round(closing * iterations), iterations - np.count_nonzero(first))
    assert np.all(cells[last:] == np.float32(least))
    assert np.all(blocks[last:] == 1)
    middle = ~first & (np.arange(iterations) < last)
    assert not middle.any() or cycle
    for number in np.unique(cycles[middle]):
        inside = cycles == number
        assert 1 <= np.count_nonzero(inside) <= cycle
        assert len(np.unique(blocks[inside])) == 1
        assert cells[inside][0] == 1
        assert np.all(np.diff(cells[inside]) < 0)
    assert np.all(np.diff(blocks[middle]) <= 1e-6)


def test_a_plan_has_the_shares_it_says():
    schedule = Schedule(iterations=100, opening=0.4, most=0.9, least=0.1, falling=0.5, cycle=12, closing=0.1)
    cells, blocks, cycles = schedule.plan()
    np.testing.assert_allclose(cells[[1, 10, 20, 39]], [0.86, 0.5, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(cells[[40, 51, 52, 90, 99]], [1.0, 0.1, 1.0, 0.1, 0.1], atol=1e-6)
    np.testing.assert_allclose(blocks[[39, 40, 89, 90, 99]], [1.0, 0.7, 0.15, 1.0, 1.0], atol=1e-6)
    assert cycles[[39, 40, 51, 52, 89]].tolist() == [0, 1, 1, 2, 5]
    assert cycles[90] == cycles[99] > 5


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"codes": np.zeros((2, 5, 2), int)}, r"codes: expected shape \(B, T, K=3\), got \(2, 5, 2\)"),
        ({"known": np.zeros((2, 6, 3), bool)}, r"known: expected shape \(B=2, T=5, K=3\), got \(2, 6, 3\)"),
        ({"context": np.zeros((2, 2), int)}, r"context: expected shape \(B=2, C=1\), got \(2, 2\)"),
    ],
)
def test_wrong_shapes_are_refused(rewriter, change, message):
    with pytest.raises(UsageError, match=message):
        rewriter.rewrite(tapes(2, 5)._replace(**change))


def test_numbers_out_of_range_are_refused(rewriter, dbn):
    with pytest.raises(UsageError, match=r"temperature > 0 .* got 0 and 256"):
        rewriter.rewrite(tapes(1, 5), temperature=0)
    with pytest.raises(UsageError, match=r"iterations >= 1, got 1.0 and 0"):
        rewriter.rewrite(tapes(1, 5), Schedule(iterations=0))
    with pytest.raises(UsageError, match=r"expected a hop that divides the window's 6 steps, got 4"):
        Rewriter(dbn, W, CELLS, hop=4)
