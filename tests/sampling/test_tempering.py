"""Tempered chains against enumeration, on every rung; the statistical tests fail one good kernel in ten thousand.

The seeds are fixed, so that a test passes always or never.
"""

import numpy as np
import pytest
from keras import ops
from stationary import KINDS, KNOWN, distance, draws, mask

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import trajectory as log_z
from credo.models.rbm import RBM, Parameters
from credo.models.units import Bernoulli, Gaussian
from credo.sampling import collapsed, diagnostics, gibbs, ladders, tempering
from machines import JOINT, numpy, rbm_and_oracle, stir
from oracle import Machine

pytestmark = pytest.mark.machine
H = 3
CASES = [(kind, ladder) for kind in KINDS for ladder in ("temperatures", "trajectory")]


def temperatures(rbm, groups):
    """A fair number of rungs, the first of which is a base-rate machine."""
    mean = oracle.all_states(groups).mean(axis=0)
    return ladders.temperature_ladder(rbm, [0.0, 0.4, 0.8, 1.0], ladders.base_rate(rbm, mean))


def trajectory(rbm, groups):
    """Checkpoints of a machine on its way to where it is now: each has numbers of its own."""
    noise = np.random.default_rng(8)
    both = (ladders.snapshot(x) for x in (stir(RBM(rbm.visible, H), 5, centred=True), rbm))
    ends = list(zip(*both, strict=True))
    return [
        Parameters(*((1 - t) * a + t * b + noise.normal(0, 0.1 * (1 - t), a.shape) for a, b in ends))
        for t in (0.5, 0.75, 1.0)
    ]


MAKERS = {"temperatures": temperatures, "trajectory": trajectory}


@pytest.fixture(params=CASES, ids=lambda case: "-".join(case), scope="module")
def case(request):
    """A machine, its ladder, the machines of the rungs by enumeration, and the name of the units."""
    kind, maker = request.param
    units, groups = KINDS[kind]
    rbm, _ = rbm_and_oracle(units, groups, H, seed=2)
    ladder = MAKERS[maker](rbm, groups)
    return rbm, ladder, [Machine(groups, *(np.array(x, float) for x in p)) for p in ladder], kind


def at_rungs(machines, p):
    """States of all rungs, each from its exact distribution, shape (R, B, N)."""
    return np.stack([draws(*each, seed=place) for place, each in enumerate(zip(machines, p, strict=True))])


def worst(tempered, machines, p):
    """The largest distance of a rung from its distribution."""
    rungs = zip(tempered.rungs, machines, p, strict=True)
    return max(distance(v, machine, each) for v, machine, each in rungs)


def test_all_rungs_stay_at_their_exact_distributions(case):
    rbm, ladder, machines, _ = case
    p = [machine.p_v() for machine in machines]
    v = at_rungs(machines, p)
    out = tempering.run(rbm, ladder, v, 4, seed=5)
    assert worst(out, machines, p) < 1
    np.testing.assert_array_equal(out.v, out.rungs[-1])
    assert np.all(out.acceptance > 0.1)
    assert np.any(out.v != v[-1], axis=1).mean() > 0.3


def test_held_codes_never_change_and_every_rung_follows_its_exact_conditional(case):
    rbm, ladder, machines, kind = case
    p = [oracle.given(machine.p_v(), machine.groups, KNOWN[kind]) for machine in machines]
    v = at_rungs(machines, p)
    out = tempering.run(rbm, ladder, v, 4, known=mask(KNOWN[kind], machines[-1]), seed=7)
    assert worst(out, machines, p) < 1  # no state with other held codes is in it
    assert distance(out.v, machines[-1], machines[-1].p_v()) > 1


def test_chains_forget_where_they_started(case):
    rbm, ladder, machines, _ = case
    start = np.repeat(oracle.all_states(machines[0].groups)[:1], 6_007, axis=0)
    out = tempering.run(rbm, ladder, start, 40, seed=1)
    assert worst(out, machines, [machine.p_v() for machine in machines]) < 1


N, LIGHT = 7, 0.3
BETAS = [0.0, 0.3, 0.45, 0.7, 1.0]


def two_modes():
    """All units on or all off, with a wall between them that a chain does not climb in thousands of steps."""
    rbm = RBM(Bernoulli(N), 5)
    for weight, value in (("W", 2.0), ("a", np.log((1 - LIGHT) / LIGHT) / N), ("m", 0.5), ("l", 0.5)):
        getattr(rbm, weight).assign(np.full(getattr(rbm, weight).shape, value, np.float32))
    return rbm, Machine.of(rbm, (1,) * N)


# -- power: wrong kernels are found out --------------------------------------------------------------------------------


RIGHT = tempering.log_ratio


def backwards(own, other, partner):
    """The ratio the wrong way up."""
    return -RIGHT(own, other, partner)


def three_terms(own, other, partner):
    """The ratio with the mean of a free energy in the place of one of the four."""
    low = ops.expand_dims(ops.arange(own.shape[0]) < ops.cast(partner, "int32"), 1)
    gain = own - ops.where(low, ops.mean(other, axis=1, keepdims=True), other)
    return gain + ops.take(gain, partner, axis=0)


def one_sided(own, other, partner):
    """The ratio without the terms of the higher rung."""
    gain = ops.where(ops.expand_dims(ops.arange(own.shape[0]) < ops.cast(partner, "int32"), 1), own - other, 0.0)
    return gain + ops.take(gain, partner, axis=0)


@pytest.mark.parametrize("ratio", [RIGHT, backwards, one_sided, three_terms])
def test_a_wrong_ratio_of_swaps_is_found_out(ratio, monkeypatch):
    """On a machine that mixes slowly, where the steps between the swaps do not mend what they break."""
    rbm, _ = two_modes()  # for which nothing is compiled yet
    ladder = ladders.temperature_ladder(rbm, BETAS)
    machines = [Machine((1,) * N, *(np.array(x, float) for x in p)) for p in ladder]
    p = [machine.p_v() for machine in machines]
    v = at_rungs(machines, p)
    monkeypatch.setattr(tempering, "log_ratio", ratio)
    found = worst(tempering.run(rbm, ladder, v, 12, seed=5), machines, p)
    assert (found > 1) == (ratio is not RIGHT)


def test_a_wrong_rung_is_found_out(case):
    rbm, ladder, machines, _ = case
    p = machines[-1].p_v()
    out = tempering.run(rbm, [*ladder[:-1], ladder[-2]], draws(machines[-1], p), 4, seed=5)
    assert distance(out.v, machines[-1], p) > 1


# -- why one tempers ---------------------------------------------------------------------------------------------------


def share_on(v):
    return ops.mean(v, axis=-1)


def test_block_and_collapsed_chains_stay_in_their_mode_and_the_diagnostic_sees_it():
    rbm, machine = two_modes()
    heavy = machine.p_v()[oracle.all_states(machine.groups).mean(axis=1) > 0.5].sum()
    assert heavy == pytest.approx(1 - LIGHT, abs=0.01)
    start = np.repeat([[0.0], [1.0]], 50, axis=0) * np.ones(N)
    for sampler in (gibbs, collapsed):
        trace = sampler.trace(rbm, start, 40, every=3, statistic=share_on)
        report = diagnostics.report(trace.kept)
        assert report.rhat > 1.5
        assert not report.mixed
        assert diagnostics.mode_jumps(trace.kept > 0.5).mean() < 0.1
        assert (trace.kept[:, -1] > 0.5).mean() == pytest.approx(0.5, abs=0.1)  # as it started


def test_tempered_chains_find_both_modes_and_their_masses():
    rbm, machine = two_modes()
    p = machine.p_v()
    ladder = ladders.temperature_ladder(rbm, BETAS)
    out = tempering.run(rbm, ladder, np.zeros((2_003, N)), 150, every=3, statistic=share_on)  # from the lighter mode
    assert distance(out.v, machine, p) < 1
    assert out.round_trips.mean() > 5
    report = diagnostics.report(out.kept[:100, 10:], out.acceptance)
    assert report.rhat < 1.15
    assert report.acceptance[1] > 0.2
    assert diagnostics.mode_jumps(out.kept > 0.5).mean() > 3


def test_the_states_of_all_rungs_give_the_normaliser():
    rbm, machine = two_modes()
    ladder = ladders.temperature_ladder(rbm, BETAS)
    out = tempering.run(rbm, ladder, np.zeros((2_003, N)), 150)
    estimate = log_z.between(rbm.visible, rbm.hidden, ladder, out.rungs)
    assert estimate.log_z[-1] == pytest.approx(machine.log_z(), abs=4 * estimate.error[-1])  # fails one in 16 000
    assert estimate.error[-1] < 0.2


def test_real_units_are_tempered_too():
    """Their distribution is a mixture of normal ones, one a hidden state; means within 5 standard errors."""
    rbm = stir(RBM(Gaussian(5), H), 1, scale=0.7, centred=True)
    p, h = ladders.snapshot(rbm), oracle.all_states((1,) * H)
    mean = p.a + (h - p.l) @ p.W.T
    weight = np.exp(h @ p.b - (h - p.l) @ p.W.T @ p.m + (mean**2).sum(axis=1) / 2)
    weight /= weight.sum()
    out = tempering.run(rbm, ladders.temperature_ladder(rbm, [0.0, 0.5, 1.0]), np.zeros((6_007, 5)), 40, seed=2)
    second = weight @ (mean**2 + 1)
    error = np.sqrt((second - (weight @ mean) ** 2) / 6_007)
    assert np.all(np.abs(out.v.mean(axis=0) - weight @ mean) < 5 * error)
    np.testing.assert_allclose((out.v**2).mean(axis=0), second, rtol=0.15)
    assert np.all(out.acceptance > 0.2)


# -- ladders -----------------------------------------------------------------------------------------------------------


def test_a_ladder_of_temperatures_mixes_the_energies():
    rbm, machine = rbm_and_oracle(*JOINT, H, seed=2)
    mean = np.random.default_rng(0).dirichlet(np.ones(11))
    base = ladders.base_rate(rbm, mean)
    np.testing.assert_array_equal(base.a, rbm.visible.logits_of_mean(mean))
    a = Machine(machine.groups, *(np.array(x, float) for x in base))
    for p, beta in zip(ladders.temperature_ladder(rbm, [0, 0.37, 1], base), (0, 0.37, 1), strict=True):
        mixed = machine.joint() ** beta * a.joint() ** (1 - beta)
        ours = Machine(machine.groups, *(np.array(x, float) for x in p)).joint()
        np.testing.assert_allclose(ours, mixed, rtol=1e-4)
    uniform = ladders.temperature_ladder(rbm, [0, 1])[0]
    assert not any(np.any(x) for x in uniform[:3])


def test_a_snapshot_is_a_copy():
    rbm, _ = rbm_and_oracle(*JOINT, H)
    before = ladders.snapshot(rbm)
    rbm.W.assign(numpy(rbm.W) + 1)
    assert np.all(ladders.snapshot(rbm).W - before.W > 0.9)


def test_the_acceptance_between_two_machines_is_the_expectation():
    _, first = rbm_and_oracle(*KINDS["bernoulli"], H, seed=2, scale=0.5)
    rbm, second = rbm_and_oracle(*KINDS["bernoulli"], H, seed=3, scale=0.7)
    p, q = (machine.p_v() for machine in (first, second))
    exact = np.minimum(p[:, None] * q[None], p[None] * q[:, None]).sum()  # of p(v) q(v') min(1, p(v') q(v) / ...)
    v_p, v_q = (draws(machine, each, 40_009, seed) for seed, (machine, each) in enumerate([(first, p), (second, q)]))
    numbers = [Parameters(*machine[1:]) for machine in (first, second)]
    ours = ladders.swap_acceptance(rbm, *numbers, v_p, v_q)
    assert ours == pytest.approx(exact, abs=4 * 0.5 / np.sqrt(40_009))  # fails one in 16 000 at most
    assert 0.2 < exact < 0.9


def test_rungs_are_no_more_than_the_acceptance_asks_for():
    rbm, machine = two_modes()
    fine = ladders.temperature_ladder(rbm, np.linspace(0, 1, 17))
    start = draws(machine, np.full(128, 1 / 128), 997)
    few, many = (ladders.choose_rungs(rbm, iter(fine), start, target=target, steps=10) for target in (0.3, 0.7))
    for rungs, target in ((few, 0.3), (many, 0.7)):
        assert (rungs.chosen[0], rungs.chosen[-1]) == (0, 16)
        assert rungs.chosen == sorted(set(rungs.chosen))
        wide = np.diff(rungs.chosen) > 1
        assert len(rungs.acceptance) == len(rungs.chosen) - 1
        assert np.all(rungs.acceptance[wide] >= target)
        assert all(ours is fine[number] for ours, number in zip(rungs.ladder, rungs.chosen, strict=True))
    assert 2 < len(few.chosen) < len(many.chosen)
    out = tempering.run(rbm, few.ladder, start, 60)
    np.testing.assert_allclose(out.acceptance, few.acceptance, atol=0.15)


def test_equal_machines_need_no_rungs_between_them():
    rbm, machine = rbm_and_oracle(*KINDS["bernoulli"], H)
    start = draws(machine, machine.p_v(), 101)
    rungs = ladders.choose_rungs(rbm, [ladders.snapshot(rbm)] * 5, start, steps=1, known=mask([0], machine, 101))
    assert rungs.chosen == [0, 4]
    assert rungs.acceptance.tolist() == [1.0]


# -- counting ----------------------------------------------------------------------------------------------------------


def test_round_trips_are_counted_from_the_target_and_back():
    """Equal rungs always swap, so that states travel as on a conveyor."""
    rbm, machine = rbm_and_oracle(*KINDS["bernoulli"], H)
    start = draws(machine, machine.p_v(), 11)
    trips = {}
    for rungs in (2, 3):
        outs = [tempering.run(rbm, [ladders.snapshot(rbm)] * rungs, start, steps) for steps in range(10)]
        assert all(len(set(out.round_trips.tolist())) == 1 for out in outs)
        trips[rungs] = [int(out.round_trips[0]) for out in outs]
        np.testing.assert_allclose(outs[-1].acceptance, 1, atol=1e-5)
        assert np.isnan(outs[0].acceptance).all()
    assert trips[2] == [0, 0, 0, 1, 1, 2, 2, 3, 3, 4]
    assert trips[3] == brute_force_trips(3, 10)


def brute_force_trips(rungs, runs):
    """Follow each state by name along the conveyor."""
    counts = []
    for steps in range(runs):
        order, seen, total = list(range(rungs)), {name: [] for name in range(rungs)}, 0
        seen[rungs - 1] = ["target"]
        for step in range(steps):
            for lower in range(step % 2, rungs - 1, 2):
                order[lower], order[lower + 1] = order[lower + 1], order[lower]
            if seen[order[0]][-1:] == ["target"]:
                seen[order[0]].append("first")
            total += seen[order[-1]][-1:] == ["first"]
            seen[order[-1]].append("target")
        counts.append(total)
    return counts


def test_what_is_kept_is_the_target_on_the_way():
    rbm, machine = rbm_and_oracle(*KINDS["bernoulli"], H)
    ladder = ladders.temperature_ladder(rbm, [0.5, 1])
    start = draws(machine, machine.p_v(), 101)
    out = tempering.run(rbm, ladder, start, 7, every=3, seed=4)
    assert out.kept.shape == (101, 2, 5)
    for place, steps in enumerate((3, 6)):
        np.testing.assert_array_equal(out.kept[:, place], tempering.run(rbm, ladder, start, steps, seed=4).v)
    np.testing.assert_array_equal(out.rungs, tempering.run(rbm, ladder, start, 7, seed=4).rungs)
    assert tempering.run(rbm, ladder, start, 7).kept.shape == (101, 0)
    assert not np.array_equal(out.v, tempering.run(rbm, ladder, start, 7, seed=5).v)


# -- wrong use ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("betas", [[1.0], [0.5, 0.5, 1], [-0.1, 1], [0, 0.9], [[0, 1]]], ids=str)
def test_wrong_temperatures_are_refused(betas):
    rbm, _ = rbm_and_oracle(*JOINT, H)
    with pytest.raises(UsageError, match=r"rising from 0 or more to 1, got"):
        ladders.temperature_ladder(rbm, betas)


def test_wrong_use_is_refused():
    rbm, _ = rbm_and_oracle(*JOINT, H)
    p, v = ladders.snapshot(rbm), np.zeros((2, 11))
    with pytest.raises(UsageError, match=r"base: expected a machine whose weights are zero"):
        ladders.temperature_ladder(rbm, [0, 1], p)
    with pytest.raises(UsageError, match=r"mean: expected shape \(N=11\), got \(7,\)"):
        ladders.base_rate(rbm, np.zeros(7))
    with pytest.raises(UsageError, match=r"at least 2 rungs, got 1"):
        tempering.run(rbm, [p], v, 1)
    with pytest.raises(UsageError, match=r"ladder: b: expected shape \(H=3\), got \(4,\)"):
        tempering.run(rbm, [p, p._replace(b=np.zeros(4))], v, 1)
    with pytest.raises(UsageError, match=r"v: expected shape \(R=2, B, N=11\), got \(3, 2, 11\)"):
        tempering.run(rbm, [p, p], np.zeros((3, 2, 11)), 1)
    with pytest.raises(UsageError, match=r"known: expected shape \(B=2, G=7\), got \(1, 7\)"):
        tempering.run(rbm, [p, p], v, 1, known=np.zeros((1, 7)))
    with pytest.raises(UsageError, match=r"every between 0 and 3, got 4"):
        tempering.run(rbm, [p, p], v, 3, every=4)
    with pytest.raises(UsageError, match=r"expected at least two"):
        ladders.choose_rungs(rbm, [p], v)
    with pytest.raises(UsageError, match=r"0 < target < 1 and steps >= 1, got 1 and 50"):
        ladders.choose_rungs(rbm, [p, p], v, target=1)
    spanned, _ = rbm_and_oracle(*JOINT, H, span=3)
    with pytest.raises(UsageError, match=r"of span 1, got span 3"):
        tempering.run(spanned, [p, p], v, 1)
