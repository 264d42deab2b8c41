"""Collapsed chains against enumeration.

The statistical tests fail one good kernel in ten thousand; the seeds are fixed, so that a test passes always or never.
"""

import numpy as np
import pytest
from stationary import CHAINS, KINDS, KNOWN, cooled, distance, draws, mask

import oracle
from credo.errors import UsageError
from credo.models.backend import compiled
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Gaussian, Joint
from credo.sampling import collapsed
from credo.sampling.gibbs import GibbsState
from machines import BITS_FIRST, JOINT, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
CASES = [("bernoulli", False), ("softmax", True), ("joint", True)]


@pytest.fixture(params=CASES, ids=[f"{kind}{'-centred' if centred else ''}" for kind, centred in CASES], scope="module")
def case(request):
    kind, centred = request.param
    return kind, *rbm_and_oracle(*KINDS[kind], 3, seed=2, centred=centred)


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_chains_at_the_exact_distribution_stay_there(case, temperature):
    """Which at another temperature is a power of P(v)."""
    _, rbm, machine = case
    p = cooled(machine.p_v(), temperature)
    start = draws(machine, p)
    v = collapsed.run(rbm, start, 3, temperature=temperature, seed=5)
    assert distance(v, machine, p) < 1
    assert np.any(v != start, axis=1).mean() > 0.3


def test_the_test_of_stationarity_can_fail(case):
    """A wrong temperature is found out."""
    _, rbm, machine = case
    p = machine.p_v()
    v = collapsed.run(rbm, draws(machine, p), 3, temperature=0.8, seed=5)
    assert distance(v, machine, p) > 1
    assert distance(v, machine, cooled(p, 0.8)) < 1


def test_chains_forget_where_they_started(case):
    kind, _, machine = case
    rbm, machine = rbm_and_oracle(*KINDS[kind], 3, seed=2, scale=0.5)
    v = collapsed.run(rbm, np.repeat(oracle.all_states(machine.groups)[:1], CHAINS, axis=0), 12, seed=1)
    assert distance(v, machine, machine.p_v()) < 1


def test_held_codes_never_change_and_the_free_ones_follow_the_exact_conditional(case):
    kind, rbm, machine = case
    p = oracle.given(machine.p_v(), machine.groups, KNOWN[kind])
    v = collapsed.run(rbm, draws(machine, p), 3, known=mask(KNOWN[kind], machine), seed=11)
    assert distance(v, machine, p) < 1  # no state with other held codes is in it
    assert distance(v, machine, machine.p_v()) > 1


def test_each_chain_holds_codes_of_its_own(case):
    _, rbm, machine = case
    start = draws(machine, machine.p_v())
    known = np.random.default_rng(4).integers(0, 2, (CHAINS, len(machine.groups)))
    v = collapsed.run(rbm, start, 5, known=known, seed=2)
    spread = np.repeat(known, machine.groups, axis=1).astype(bool)
    np.testing.assert_array_equal(v[spread], start[spread])
    assert distance(v, machine, machine.p_v()) < 1  # each stays at its conditional, and so all do at P(v)


def test_in_a_fixed_order_one_sweep_is_a_product_of_exact_conditionals():
    """From one state, two free codes: the first is drawn given the old second, the second given the new first."""
    rbm, machine = rbm_and_oracle(*BITS_FIRST, 4, seed=3)
    start = oracle.all_states(machine.groups)[[100]]
    codes = oracle.all_codes(machine.groups)
    known = {place: codes[100, place] for place in (0, 1, 4)}
    p = oracle.given(machine.p_v(), machine.groups, known)
    first = oracle.given(p, machine.groups, {3: codes[100, 3]})
    expected = np.zeros_like(p)
    for category in range(7):
        second = oracle.given(p, machine.groups, {2: category})
        expected += first[codes[:, 2] == category].sum() * second
    v = collapsed.run(rbm, np.repeat(start, CHAINS, axis=0), 1, known=mask(known, machine), shuffle=False, seed=3)
    assert distance(v, machine, expected) < 1
    assert distance(v, machine, p) > 1


def test_a_random_order_is_drawn_anew_each_sweep():
    rbm, machine = rbm_and_oracle(*KINDS["bernoulli"], 3, seed=2, scale=3)
    start = np.repeat(oracle.all_states(machine.groups)[:1], 101, axis=0)
    drawn = {collapsed.run(rbm, start, 1, seed=seed).tobytes() for seed in (1, 1, 2)}
    assert len(drawn) == 2
    mixed, fixed = (collapsed.run(rbm, start, 1, seed=1, shuffle=shuffle) for shuffle in (True, False))
    assert not np.array_equal(mixed, fixed)


def test_a_run_is_its_sweeps_one_after_the_other_and_a_trace_stops_on_the_way():
    rbm, machine = rbm_and_oracle(*JOINT, 3, seed=2)
    start, known = draws(machine, machine.p_v(), 997), mask(KNOWN["joint"], machine, 997)
    step = compiled(rbm, lambda v, key: collapsed.kernel(rbm, tensor(known))(GibbsState(v, key)))
    state = GibbsState(tensor(start), tensor([9, 0], "int32"))
    for _ in range(2):
        before = numpy(rbm.visible.collapse(state.v))
        state, info = step(*state)
        moved = numpy(rbm.visible.collapse(state.v)) != before
        assert not moved[known > 0].any()
        assert float(numpy(info.changed)) == pytest.approx(moved[known == 0].mean(), abs=1e-5)
    assert numpy(state.key).tolist() == [9, 4]
    trace = collapsed.trace(rbm, start, 2, known=known, seed=9)
    np.testing.assert_array_equal(trace.kept[:, 0], collapsed.run(rbm, start, 1, known=known, seed=9))
    np.testing.assert_array_equal(trace.v, collapsed.run(rbm, start, 2, known=known, seed=9))
    agree = np.all(trace.v == numpy(state.v), axis=1).mean()  # compiled sums may round otherwise
    assert agree > 0.99


# -- the sum over hidden units -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("scale", [0.1, 1.0, 5.0])
def test_shared_logarithms_are_as_exact_as_softplus(scale):
    rng = np.random.default_rng(5)
    x, W = rng.normal(0, 8 * scale, (11, 64)), np.clip(rng.normal(0, scale, (7, 64)), -20.9, 20.9)
    expected = (np.logaddexp(0, x[:, None] + W) - np.logaddexp(0, x)[:, None]).sum(axis=-1)
    products = numpy(collapsed._by_products(tensor(x), tensor(np.exp(W))))
    np.testing.assert_allclose(products, expected, rtol=2e-6, atol=2e-5)
    np.testing.assert_allclose(numpy(collapsed._by_softplus(tensor(x), tensor(W))), expected, rtol=2e-6, atol=5e-3)


@pytest.mark.parametrize("sign", [1, -1])
def test_the_largest_weights_do_not_overflow(sign):
    W = np.full((1, 8), sign * 20.9)
    for x in (np.full((1, 8), -200.0), np.full((1, 8), 200.0)):
        expected = (np.logaddexp(0, x + W) - np.logaddexp(0, x)).sum()
        product = numpy(collapsed._by_products(tensor(x), tensor(np.exp(W))))
        np.testing.assert_allclose(product, [[expected]], rtol=1e-5, atol=1e-5)


def test_larger_weights_take_the_way_of_softplus():
    rbm, machine = rbm_and_oracle(*KINDS["bernoulli"], 3, seed=2, centred=False)
    W = numpy(rbm.W).copy()
    W[0] = [60.0, -55.0, 40.0]  # code 0 off is nearly impossible: the others must still be right
    rbm.W.assign(W)
    rbm.a.assign(numpy(rbm.a) + np.array([-99.5, 0, 0, 0, 0], np.float32))
    machine = oracle.Machine.of(rbm, machine.groups)
    assert 0.01 < machine.p_v()[16:].sum() < 0.99
    v = collapsed.run(rbm, draws(machine, machine.p_v()), 3, seed=5)
    assert distance(v, machine, machine.p_v()) < 1
    assert np.any(v[:, 0] != draws(machine, machine.p_v())[:, 0])


# -- candidates --------------------------------------------------------------------------------------------------------


def test_candidates_are_ranked_by_their_probability():
    _, machine = rbm_and_oracle(*JOINT, 3, seed=2)
    order = collapsed.rank_candidates(machine.free_energy())
    assert np.all(np.diff(machine.p_v()[order]) <= 0)


@pytest.mark.once
@pytest.mark.parametrize("temperature", [0.5, 0.8, 1.0])
def test_candidates_drawn_anew_follow_the_power_of_their_distribution(temperature):
    _, machine = rbm_and_oracle(*KINDS["bernoulli"], 3, seed=2, scale=0.5)
    numbers = np.random.default_rng(1).choice(32, 400_009, p=machine.p_v())
    rows, effective = collapsed.resample(machine.free_energy()[numbers], temperature, CHAINS, seed=2)
    v = oracle.all_states(machine.groups)[numbers[rows]]
    assert distance(v, machine, cooled(machine.p_v(), temperature)) < 1
    assert distance(v, machine, cooled(machine.p_v(), temperature - 0.25)) > 1
    assert 4_000 < effective <= 400_009 + 1e-3
    assert (effective == pytest.approx(400_009)) == (temperature == 1)


def test_a_cold_draw_takes_the_best_candidate():
    rows, effective = collapsed.resample([-3.0, -9.0, 1e5, -8.0], 0.01, draws=3)
    assert rows.tolist() == [1, 1, 1]
    assert effective == pytest.approx(1)


# -- wrong use ---------------------------------------------------------------------------------------------------------


def test_wrong_use_is_refused():
    rbm, _ = rbm_and_oracle(*JOINT, 3)
    with pytest.raises(UsageError, match=r"v: expected shape \(B, N=11\), got \(2, 7\)"):
        collapsed.run(rbm, np.zeros((2, 7)), 1)
    with pytest.raises(UsageError, match=r"known: expected shape \(B=2, G=7\), got \(2, 11\)"):
        collapsed.run(rbm, np.zeros((2, 11)), 1, known=np.zeros((2, 11)))
    with pytest.raises(UsageError, match=r"temperature > 0, got 1 and 0"):
        collapsed.run(rbm, np.zeros((2, 11)), 1, temperature=0)
    spanned, _ = rbm_and_oracle(*JOINT, 3, span=3)
    with pytest.raises(UsageError, match=r"expected a plain machine, of span 1, got span 3; gibbs.run"):
        collapsed.run(spanned, np.zeros((2, 11)), 1)
    real = RBM(Joint([Bernoulli(2), Gaussian(5)]), 3)
    with pytest.raises(UsageError, match=r"expected units with a few states each, got Gaussian"):
        collapsed.run(real, np.zeros((2, 7)), 1)
    with pytest.raises(UsageError, match=r"free_energies: expected shape \(n\), got \(1, 2\)"):
        collapsed.rank_candidates([[1.0, 2.0]])
    with pytest.raises(UsageError, match=r"at least one, all finite"):
        collapsed.resample([np.inf], 0.5)
    with pytest.raises(UsageError, match=r"draws >= 1 and a temperature > 0, got 0 and 1"):
        collapsed.resample([0.0], 1, draws=0)
