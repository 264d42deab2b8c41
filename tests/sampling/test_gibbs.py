"""Chains that start at the exact distribution stay there; the statistical tests fail one good kernel in ten thousand.

The seeds are fixed, so that a test passes always or never.
"""

import gc
import weakref

import numpy as np
import pytest
from stationary import KINDS, KNOWN, distance, draws, mask

import oracle
from credo.errors import UsageError
from credo.models.rbm import RBM
from credo.models.units import Gaussian
from credo.sampling import gibbs
from machines import JOINT, dbn_and_oracle, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
COMPILED = gibbs.compiled
CASES = [("bernoulli", False), ("joint", True)]


@pytest.fixture(params=CASES, ids=[f"{kind}{'-centred' if centred else ''}" for kind, centred in CASES], scope="module")
def pair(request):
    kind, centred = request.param
    return rbm_and_oracle(*KINDS[kind], 3, seed=2, centred=centred)


def test_chains_at_the_exact_distribution_stay_there(pair):
    rbm, machine = pair
    start = draws(machine, machine.p_v())
    v = gibbs.run(rbm, start, 3, seed=5)
    assert distance(v, machine, machine.p_v()) < 1
    assert np.any(v != start, axis=1).mean() > 0.3


def test_the_test_of_stationarity_can_fail(pair):
    """Weights that are wrong by a fifth are found out."""
    rbm, machine = pair
    wrong = machine._replace(W=machine.W * 0.8, a=machine.a * 0.8, b=machine.b * 0.8).p_v()
    assert distance(gibbs.run(rbm, draws(machine, machine.p_v()), 3, seed=5), machine, wrong) > 1
    assert distance(gibbs.run(rbm, draws(machine, wrong), 1, seed=5), machine, wrong) > 1


@pytest.mark.parametrize("temperature", [0.5, 2.0])
def test_a_temperature_divides_the_energy(pair, temperature):
    rbm, machine = pair
    p = machine.p_v(temperature)
    v = gibbs.run(rbm, draws(machine, p), 3, temperature=temperature, seed=7)
    assert distance(v, machine, p) < 1
    assert distance(v, machine, machine.p_v()) > 1


def test_chains_forget_where_they_started():
    rbm, machine = rbm_and_oracle(*JOINT, 3, seed=2, scale=0.5)
    v = gibbs.run(rbm, np.repeat(oracle.all_states(machine.groups)[:1], 2003, axis=0), 25, seed=1)
    assert distance(v, machine, machine.p_v()) < 1


@pytest.mark.parametrize("kind", ["joint", "softmax"])
def test_held_codes_never_change_and_the_free_ones_follow_the_exact_conditional(kind):
    rbm, machine = rbm_and_oracle(*KINDS[kind], 3, seed=2)
    p = oracle.given(machine.p_v(), machine.groups, KNOWN[kind])
    v = gibbs.run(rbm, draws(machine, p), 3, known=mask(KNOWN[kind], machine), seed=11)
    assert distance(v, machine, p) < 1  # no state with other held codes is in it
    assert distance(v[::3], machine, machine.p_v()) > 1


def test_each_chain_holds_codes_of_its_own(pair):
    rbm, machine = pair
    rng = np.random.default_rng(4)
    start = draws(machine, machine.p_v(), 997)
    known = rng.integers(0, 2, (997, len(machine.groups)))
    v = gibbs.run(rbm, start, 5, known=known, seed=2)
    spread = np.repeat(known, machine.groups, axis=1).astype(bool)
    np.testing.assert_array_equal(v[spread], start[spread])
    assert np.any(v[~spread] != start[~spread])
    oracle.state_numbers(v, machine.groups)


def test_the_same_seed_gives_the_same_chains(pair):
    rbm, machine = pair
    start = draws(machine, machine.p_v(), 101)
    runs = [gibbs.run(rbm, start, 3, seed=seed) for seed in (1, 1, 2)]
    np.testing.assert_array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_a_run_is_its_steps_one_after_the_other(pair):
    rbm, machine = pair
    start = draws(machine, machine.p_v(), 101)
    known = np.zeros((101, len(machine.groups)), np.float32)
    known[:, 0] = 1
    step = gibbs.kernel(rbm, tensor(start), tensor(known))
    state = gibbs.GibbsState(tensor(start), tensor([9, 0], "int32"))
    for _ in range(3):
        before = numpy(state.v)
        state, info = step(state)
        moved = machine_codes(rbm, state.v) != machine_codes(rbm, before)
        assert not moved[:, 0].any()
        assert float(numpy(info.changed)) == pytest.approx(moved[:, 1:].mean(), abs=1e-6)
    np.testing.assert_array_equal(numpy(state.v), gibbs.run(rbm, start, 3, known=known, seed=9))
    assert numpy(state.key).tolist() == [9, 6]


def machine_codes(rbm, v):
    return numpy(rbm.visible.collapse(tensor(numpy(v))))


def test_a_trace_is_the_run_with_stops(pair):
    rbm, machine = pair
    start = draws(machine, machine.p_v(), 101)
    states = gibbs.trace(rbm, start, 3, every=2, seed=9)
    assert states.kept.shape == (101, 3, sum(machine.groups))
    for place in range(3):
        np.testing.assert_array_equal(states.kept[:, place], gibbs.run(rbm, start, 2 * (place + 1), seed=9))
    np.testing.assert_array_equal(states.v, states.kept[:, -1])
    energies = gibbs.trace(rbm, start, 3, every=2, seed=9, statistic=rbm.free_energy)
    numbers = oracle.state_numbers(states.kept.reshape(303, -1), machine.groups)
    np.testing.assert_allclose(energies.kept, machine.free_energy()[numbers].reshape(101, 3), atol=1e-4)


def test_what_is_compiled_for_a_machine_serves_all_its_runs_and_follows_its_training(pair, monkeypatch):
    _, machine = pair
    rbm, _ = rbm_and_oracle(*KINDS[{5: "bernoulli", 7: "joint"}[len(machine.groups)]], 3, seed=2)
    built = []
    monkeypatch.setattr(gibbs, "compiled", lambda *arguments: built.append(COMPILED(*arguments)) or built[-1])
    start = draws(machine, machine.p_v(), 101)
    first = gibbs.run(rbm, start, 3, seed=5)
    gibbs.trace(rbm, start, 2, temperature=0.5)
    rbm.a.assign(rbm.a + 3)
    assert gibbs.run(rbm, start, 3, seed=5).mean() > first.mean()
    assert len(built) == 1
    rbm.half = True  # decides how products are built
    gibbs.run(rbm, start, 1)
    assert len(built) == 2


def test_what_is_compiled_does_not_keep_its_machine_alive():
    rbm, machine = rbm_and_oracle(*JOINT, 3)
    gibbs.run(rbm, draws(machine, machine.p_v(), 11), 1)
    left = weakref.ref(rbm)
    assert rbm in gibbs._COMPILED
    number = len(gibbs._COMPILED)
    del rbm
    gc.collect()
    assert left() is None
    assert len(gibbs._COMPILED) < number


def test_a_dbn_of_one_layer_is_its_rbm():
    dbn, machines = dbn_and_oracle(*JOINT, (3,))
    start = draws(machines[0], machines[0].p_v(), 101)
    for temperature in (1.0, 0.7):
        ours, its = (gibbs.run(x, start, 3, seed=5, temperature=temperature) for x in (dbn, dbn.rbms[0]))
        np.testing.assert_array_equal(ours, its)


def test_a_dbn_keeps_what_is_held():
    dbn, machines = dbn_and_oracle(*JOINT, (5, 3))
    start = draws(machines[0], machines[0].p_v(), 101)
    known = np.zeros((101, 7))
    known[:, [1, 4]] = 1
    v = gibbs.run(dbn, start, 5, known=known, seed=5)
    spread = np.repeat(known, JOINT[1], axis=1).astype(bool)
    np.testing.assert_array_equal(v[spread], start[spread])
    assert np.any(v != start)


def test_wrong_shapes_are_refused():
    rbm, _ = rbm_and_oracle(*JOINT, 3)
    with pytest.raises(UsageError, match=r"v_known: expected shape \(B, N=11\), got \(2, 7\)"):
        gibbs.run(rbm, np.zeros((2, 7)), 1)
    with pytest.raises(UsageError, match=r"known: expected shape \(B, G=7\), got \(2, 11\)"):
        gibbs.run(rbm, np.zeros((2, 11)), 1, known=np.zeros((2, 11)))


@pytest.mark.parametrize("wrong", [{"steps": -1}, {"steps": 1, "temperature": 0.0}], ids=str)
def test_numbers_out_of_range_are_refused(wrong):
    rbm, _ = rbm_and_oracle(*JOINT, 3)
    with pytest.raises(UsageError, match=r"expected steps >= 0 and a temperature > 0, got"):
        gibbs.run(rbm, np.zeros((2, 11)), **wrong)
    with pytest.raises(UsageError, match=r"expected draws of at least 1, got 0"):
        gibbs.trace(rbm, np.zeros((2, 11)), 0)
    real = RBM(Gaussian(5), 3)
    with pytest.raises(UsageError, match=r"temperature of 1 with real units.*, got 0.5 \(temper them along a ladder"):
        gibbs.run(real, np.zeros((2, 5)), 1, temperature=0.5)
    assert gibbs.run(real, np.zeros((2, 5)), 1).shape == (2, 5)
