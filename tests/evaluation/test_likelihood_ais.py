"""Annealing against enumeration.

Estimates are allowed `MOST_ERRORS` = 4 standard errors; a good estimator misses them once in 30 000 times were its
errors normal, and so one of the 300 estimates here once in a hundred sets of seeds. The seeds are fixed.
"""

from itertools import product

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import ais, exact, path, reverse
from credo.evaluation.likelihood.estimate import MOST_DEVIATION
from credo.models.rbm import RBM, Parameters
from credo.models.units import Bernoulli, Gaussian, Joint, Softmax
from machines import BERNOULLI, JOINT, SOFTMAX, rbm_and_oracle, stir

pytestmark = pytest.mark.machine
MOST_ERRORS, MACHINES, RUNS, STEPS = 4, 50, 60, 20
CASES = {"bernoulli": (*BERNOULLI, False), "softmax, centred": (*SOFTMAX, True), "joint, centred": (*JOINT, True)}


def many(units, groups, centred, hidden=3, seed=5):
    """Fifty machines that share weights, and the same with rows of biases in one."""
    rbm, machine = rbm_and_oracle(units, groups, hidden, seed=seed, centred=centred)
    rng = np.random.default_rng(seed)
    a, b = rng.normal(size=(MACHINES, len(machine.a))), rng.normal(size=(MACHINES, hidden))
    a, b = a.astype(np.float32), b.astype(np.float32)
    machines = [machine._replace(a=x.astype(float), b=y.astype(float)) for x, y in zip(a, b, strict=True)]
    return rbm, Parameters(machine.W, a, b, machine.m, machine.l), machines


def log_f(machine, v):
    """Minus the free energy of states, in NumPy."""
    heard = (v - machine.m) @ machine.W
    return v @ machine.a - heard @ machine.l + np.log1p(np.exp(machine.b + heard)).sum(axis=1)


def draws(machine, count, seed):
    v = oracle.all_states(machine.groups)
    p = np.exp(log_f(machine, v))
    return v[np.random.default_rng(seed).choice(len(v), count, p=p / p.sum())].astype(np.float32)


@pytest.mark.parametrize("case", CASES)
def test_forward_and_backward_bracket_the_truth_fifty_times_in_fifty(case):
    rbm, p, machines = many(*CASES[case])
    truth = np.log([np.exp(log_f(machine, oracle.all_states(machine.groups))).sum() for machine in machines])
    assert truth[0] == pytest.approx(machines[0].log_z())
    low = ais.anneal(rbm.visible, rbm.hidden, p, steps=STEPS, runs=RUNS, seed=3)
    starts = np.stack([draws(machine, RUNS, seed) for seed, machine in enumerate(machines)])
    high = reverse.anneal_back(rbm.visible, rbm.hidden, p, starts, steps=STEPS, seed=4)
    assert low.log_weights.shape == high.log_weights.shape == (MACHINES, RUNS)
    assert low.trusted.all()
    assert high.trusted.all()
    assert np.all(low.log_z - MOST_ERRORS * low.error < truth)
    assert np.all(truth < high.log_z + MOST_ERRORS * high.error)
    for end in (low, high):  # not by being wide: errors are small, and what they say is what happens
        assert end.error.max() < 0.1
        assert 0.7 < np.std((end.log_z - truth) / end.error) < 1.4  # 1 +- 0.1 for good errors
    start = path.independent_log_z(path.Pairing(rbm.visible, rbm.hidden), p)
    for way, end in ((1, low), (-1, high)):  # by Jensen's inequality, each single run errs to its own side on average
        beyond = way * (truth - start) - end.log_weights.mean(axis=1)
        assert beyond.mean() > 3 * beyond.std() / np.sqrt(MACHINES)


def test_rows_of_biases_are_machines_of_their_own():
    """The same weights and other biases give other numbers; groups that bound the memory change nothing in kind."""
    rbm, p, machines = many(*CASES["bernoulli"])
    one = ais.anneal(rbm.visible, rbm.hidden, p._replace(a=p.a[7], b=p.b[7]), steps=STEPS, runs=RUNS)
    assert isinstance(one.log_z, float)
    assert one.log_weights.shape == (RUNS,)
    assert abs(one.log_z - machines[7].log_z()) < MOST_ERRORS * one.error
    only_b = ais.anneal(rbm.visible, rbm.hidden, p._replace(a=p.a[7]), steps=STEPS, runs=RUNS)
    assert abs(only_b.log_z[7] - machines[7].log_z()) < MOST_ERRORS * only_b.error[7]
    assert abs(only_b.log_z[8] - machines[7].log_z()) > MOST_ERRORS * only_b.error[8]


@pytest.mark.once
def test_groups_of_rows_that_bound_the_memory(monkeypatch):
    rbm, p, machines = many(*CASES["bernoulli"])
    monkeypatch.setattr(ais, "_MOST_NUMBERS", 13 * RUNS * 10)
    told = []
    split = ais.anneal(
        rbm.visible, rbm.hidden, p, steps=STEPS, runs=RUNS, progress=lambda done, total: told.append((done, total))
    )
    assert split.log_weights.shape == (MACHINES, RUNS)
    truth = np.array([machine.log_z() for machine in machines[::11]])
    assert np.all(np.abs(split.log_z[::11] - truth) < MOST_ERRORS * split.error[::11])
    assert told[-1] == (4 * STEPS, 4 * STEPS)


@pytest.mark.parametrize("centred", [False, True])
def test_sequences_with_a_span(centred):
    rbm, shared = rbm_and_oracle(Softmax(2, 3), (3, 3), 2, span=3, centred=centred)
    machine = shared.over(3)
    v = oracle.all_states(machine.groups)
    truth = np.log(np.exp(log_f(machine, v)).sum())
    estimate = ais.log_z(rbm, steps=STEPS, runs=RUNS, blocks=3, seed=1)
    assert abs(estimate.log_z - truth) < MOST_ERRORS * estimate.error
    starts = draws(machine, RUNS, 2).reshape(RUNS, 3, 6)
    data = draws(machine, 31, 3).reshape(31, 3, 6)
    found = reverse.bracket(rbm, starts, data, steps=STEPS, runs=RUNS, seed=1)
    z, rows = found
    assert z.low == estimate.log_z
    assert z.low - MOST_ERRORS * z.low_error < truth < z.high + MOST_ERRORS * z.high_error
    assert (z.gap, rows.gap) == (pytest.approx(z.high - z.low), pytest.approx(z.gap))
    assert abs(z.gap) < 0.2
    mean = log_f(machine, data.reshape(31, -1).astype(float)).mean() - truth
    assert rows.low - MOST_ERRORS * rows.low_error < mean < rows.high + MOST_ERRORS * rows.high_error
    assert (rows.low_error, rows.trusted) == (z.high_error, True)


def test_a_base_rate_near_the_machine_is_a_shorter_way():
    """The same truth by any base, from far away with wider weights."""
    rbm, machine = rbm_and_oracle(*BERNOULLI, 3, centred=True)
    mean = machine.p_v() @ oracle.all_states(machine.groups)
    near, far = (
        ais.log_z(rbm, steps=STEPS, runs=RUNS, base=base)
        for base in (rbm.visible.logits_of_mean(mean), np.full(7, 3, np.float32))
    )
    for estimate in (near, far):
        assert abs(estimate.log_z - machine.log_z()) < MOST_ERRORS * estimate.error
    assert near.deviation < 0.7 * far.deviation


def test_real_units():
    """Gaussian units beside bits: the integral is done by hand, the hidden states are gone through."""
    rbm = stir(RBM(Joint([Gaussian(3, 0.5), Bernoulli(2)]), 3), 4, centred=True)
    W, a, b, m, l = (np.asarray(x, float) for x in path.parts_of(rbm)[1])  # noqa: E741
    h = oracle.all_states((1,) * 3)
    field = (h - l) @ W.T
    x = a + field
    cumulant = (x[:, :3] ** 2 / 8 + np.log(np.sqrt(2 * np.pi) * 0.5)).sum(axis=1) + np.log1p(np.exp(x[:, 3:])).sum(
        axis=1
    )
    truth = np.log(np.exp(h @ b - field @ m + cumulant).sum())
    assert exact.log_z(rbm) == pytest.approx(truth, abs=1e-5)
    estimate = ais.log_z(rbm, steps=STEPS, runs=RUNS)
    assert abs(estimate.log_z - truth) < MOST_ERRORS * estimate.error
    assert estimate.error < 0.1


@pytest.mark.once
def test_wide_weights_are_rejected():
    """Huge weights and five temperatures: few runs count, and the figure is not trusted."""
    rbm, machine = rbm_and_oracle(*BERNOULLI, 4, scale=8.0)
    hasty, patient = (ais.log_z(rbm, steps=steps, runs=RUNS) for steps in (5, 1000))
    assert hasty.deviation > MOST_DEVIATION
    assert not hasty.trusted
    assert hasty.effective < 0.3 * RUNS
    assert patient.trusted
    assert abs(patient.log_z - machine.log_z()) < MOST_ERRORS * patient.error
    fine = ais.log_z(stir(rbm, 1, scale=0.3), steps=5, runs=RUNS)
    assert fine.trusted


@pytest.mark.once
def test_ten_thousand_small_gains_do_not_drift():
    """A machine all of whose mass is known: log Z to 1e-3 after ten thousand sums of single precision."""
    rbm = RBM(Bernoulli(3), 2)
    rbm.W.assign(np.full((3, 2), 1e-4, np.float32))
    rbm.b.assign(np.full(2, 60.0, np.float32))
    rbm.a.assign(np.full(3, 70.0, np.float32))
    estimate = ais.log_z(rbm, steps=10_000, runs=2, base=np.zeros(3, np.float32))
    assert estimate.log_z == pytest.approx(3 * 70 + 2 * 60 + 6e-4, abs=0.05 + 3 * estimate.error)


def test_the_annealed_machine_is_a_conservative_figure():
    """Rows drawn by the machine itself are a little less likely under the annealed machine, less so if it is slower."""
    rbm, machine = rbm_and_oracle(*JOINT, 3, scale=1.5)
    data = draws(machine, 401, 1)
    truth = np.mean(log_f(machine, data.astype(float))) - machine.log_z()
    hasty, slow = (reverse.annealed_log_likelihood(rbm, data, steps=steps, runs=16, seed=2) for steps in (3, 50))
    assert hasty.mean < truth - 0.02
    assert hasty.mean < slow.mean
    assert slow.mean == pytest.approx(truth, abs=0.05)
    assert slow.log_likelihood.shape == (401,)
    assert slow.mean == pytest.approx(slow.log_likelihood.mean())


@pytest.mark.once
def test_wrong_use_is_told():
    rbm, p, _ = many(*CASES["bernoulli"])
    for wrong, told in [
        ({"runs": 1}, "runs: expected at least 2, got 1"),
        ({"steps": 0}, "steps: expected at least 1, or temperatures rising from 0 to 1, got 0"),
        ({"steps": np.array([0, 0.7, 0.5, 1])}, "temperatures rising from 0 to 1"),
        ({"base": np.zeros(3)}, r"base: expected shape \(N=7\), got \(3,\)"),
    ]:
        with pytest.raises(UsageError, match=told):
            ais.anneal(rbm.visible, rbm.hidden, p, **wrong)
    wrong_shapes = {"a": np.zeros((3, 5)), "b": np.zeros((49, 3)), "m": np.zeros(5), "W": np.zeros((14, 3))}
    for name, array in wrong_shapes.items():
        with pytest.raises(UsageError, match=rf"{name}: expected shape"):
            ais.anneal(rbm.visible, rbm.hidden, p._replace(**{name: array}))
    with pytest.raises(UsageError, match="blocks: expected the length"):
        ais.log_z(RBM(Bernoulli(3), 2, span=3))
    with pytest.raises(UsageError, match=r"v: expected shape \(R, N=7\), got \(3, 5\)"):
        reverse.log_z(rbm, np.zeros((3, 5)))


def test_pairings_of_equal_units_share_what_is_compiled():
    pairs = [path.Pairing(units, Bernoulli(3)) for units in (Bernoulli(6), Bernoulli(6), Softmax(2, 3))]
    for one, other in product(range(3), repeat=2):
        assert (pairs[one] == pairs[other]) == (max(one, other) < 2 or one == other)
    assert len(set(pairs)) == 2
