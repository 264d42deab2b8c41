"""Log Z along ladders, against enumeration. Estimates are allowed 4 standard errors; see `test_likelihood_ais`.

Ladders are made of one machine whose weights grow and whose biases and offsets wander, as in training.
"""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import trajectory
from credo.models.rbm import Parameters
from machines import BERNOULLI, JOINT, rbm_and_oracle

pytestmark = pytest.mark.machine
MOST_ERRORS, RUNS = 4, 101


def ladder(units, groups, rungs, first=0.0, hidden=3, wander=0.1):
    rbm, machine = rbm_and_oracle(units, groups, hidden, scale=1.5)
    rng = np.random.default_rng(2)
    machines = []
    for share in np.linspace(first, 1, rungs):
        l = 0.5 + rng.uniform(-wander, wander, hidden)  # noqa: E741
        machines.append(
            machine._replace(W=share * machine.W, a=machine.a + share * rng.normal(0, wander, len(machine.a)), l=l)
        )
    return rbm, [Parameters(each.W, each.a, each.b, each.m, each.l) for each in machines], machines


def truth(machines):
    return np.array([machine.log_z() for machine in machines])


def samples(machines, counts, seed=1):
    rng = np.random.default_rng(seed)
    drawn = []
    for machine, count in zip(machines, counts, strict=True):
        p = machine.p_v()
        drawn.append(oracle.all_states(machine.groups)[rng.choice(len(p), count, p=p)].astype(np.float32))
    return drawn


@pytest.mark.parametrize("first", [0.0, 0.1], ids=["from nothing", "from some weights"])
def test_annealing_along_the_checkpoints_of_a_training(first):
    rbm, rungs, machines = ladder(*JOINT, 11, first)
    found = trajectory.along(rbm.visible, rbm.hidden, rungs, steps=5, runs=RUNS)
    off = np.abs(found.log_z - truth(machines))
    assert np.all(off[1:] < MOST_ERRORS * found.error[1:])
    assert off[0] < (1e-4 if first == 0 else MOST_ERRORS * found.error[0])
    assert found.error[-1] < 0.1
    assert found.trusted.all()
    assert found.quality.shape == (11,)


def test_more_checkpoints_are_better_than_fewer():
    rbm, rungs, _ = ladder(*BERNOULLI, 31, wander=0)
    told = []
    many, few = (
        trajectory.along(rbm.visible, rbm.hidden, rungs[::step], runs=RUNS, progress=lambda *x: told.append(x))
        for step in (1, 10)
    )
    assert many.quality[-1] < 0.7 * few.quality[-1]
    assert told == [(done, 31) for done in range(1, 32)] + [(done, 4) for done in range(1, 5)]


def test_a_leap_is_rejected_from_there_on():
    rbm, rungs, _ = ladder(*BERNOULLI, 4)
    far = Parameters(rungs[1].W * 30, *rungs[1][1:])
    found = trajectory.along(rbm.visible, rbm.hidden, [*rungs[:2], far, rungs[3]], runs=RUNS)
    assert found.trusted[:2].all()
    assert not found.trusted[2:].any()


@pytest.mark.parametrize("first", [0.0, 0.1], ids=["from nothing", "from some weights"])
def test_bennetts_ratio_from_samples_of_every_rung(first):
    rbm, rungs, machines = ladder(*JOINT, 7, first)
    found = trajectory.between(rbm.visible, rbm.hidden, rungs, samples(machines, (401, 301, 401, 503, 401, 307, 401)))
    off = np.abs(found.log_z - truth(machines))
    assert np.all(off <= MOST_ERRORS * found.error + 1e-4)
    assert found.trusted.all()
    assert 0.001 < found.error[-1] < 0.1


def test_the_errors_of_bennetts_ratio_are_what_happens():
    """Forty ladders of three rungs: errors are the deviations, to within what forty draws tell (a tenth or so)."""
    rbm, rungs, machines = ladder(*BERNOULLI, 3)
    exact, each = truth(machines), []
    for seed in range(40):
        found = trajectory.between(rbm.visible, rbm.hidden, rungs, samples(machines, (101, 101, 101), seed))
        each.append((found.log_z[1:] - exact[1:]) / found.error[1:])
    assert np.all(np.abs(np.std(each, axis=0) - 1) < 0.4)
    assert np.all(np.abs(np.mean(each, axis=0)) < 4 / np.sqrt(40))


@pytest.mark.once
def test_bennett_on_normal_numbers():
    """f_1 / f_0 of two normal distributions of deviation 1, means 1 apart, and normalisers that differ by 3."""
    rng = np.random.default_rng(3)
    zero, one = rng.normal(0, 1, 3001), rng.normal(1, 1, 2003)
    ratio, (f, g), overlap = trajectory.bennett(zero - 0.5 + 3, one - 0.5 + 3)
    error = np.sqrt((f**2).sum() + (g**2).sum())
    assert abs(ratio - 3) < 4 * error
    assert error < 0.05
    assert 0.5 < overlap < 1
    assert trajectory.bennett(np.full(5, 2.0), np.full(3, 2.0))[::2] == pytest.approx((2, 1))


@pytest.mark.once
def test_rungs_that_share_no_states_are_rejected():
    rbm, rungs, machines = ladder(*BERNOULLI, 3)
    far = [machines[0], machines[1]._replace(a=machines[1].a + 30 * (-1) ** np.arange(7))]
    pair = [rungs[0], Parameters(far[1].W, *far[1][2:])]
    found = trajectory.between(rbm.visible, rbm.hidden, pair, samples(far, (31, 31)))
    assert found.trusted.tolist() == [True, False]
    assert found.quality[1] < trajectory.LEAST_OVERLAP


def test_sequences():
    rbm, shared = rbm_and_oracle(*BERNOULLI, 2, span=3, scale=0.5)
    machine = shared.over(2)
    v = oracle.all_states(machine.groups)
    steps = [0.0, 0.5, 1.0]
    exact, drawn, rng = [], [], np.random.default_rng(1)
    for share in steps:
        heard = (v - machine.m) @ machine.W * share
        log_f = v @ machine.a - heard @ machine.l + np.log1p(np.exp(machine.b + heard)).sum(axis=1)
        exact.append(np.log(np.exp(log_f).sum()))
        drawn.append(v[rng.choice(len(v), 301, p=np.exp(log_f - exact[-1]))].reshape(-1, 2, 7))
    rungs = [Parameters(shared.W * share, shared.a, shared.b, shared.m, shared.l) for share in steps]
    for found in (
        trajectory.along(rbm.visible, rbm.hidden, rungs, steps=10, runs=RUNS, blocks=2),
        trajectory.between(rbm.visible, rbm.hidden, rungs, drawn),
    ):
        assert np.all(np.abs(found.log_z - exact) <= MOST_ERRORS * found.error + 1e-4)
        assert found.trusted.all()


@pytest.mark.once
def test_wrong_use_is_told():
    rbm, rungs, machines = ladder(*BERNOULLI, 2)
    pair = rbm.visible, rbm.hidden
    with pytest.raises(UsageError, match="ladder: expected at least one machine, got none"):
        trajectory.along(*pair, [])
    with pytest.raises(UsageError, match="samples: expected those of 2 machines, got 1"):
        trajectory.between(*pair, rungs, samples(machines[:1], [3]))
    with pytest.raises(UsageError, match="samples: expected at least 2 of each machine, got 1"):
        trajectory.between(*pair, rungs, samples(machines, (3, 1)))
    with pytest.raises(UsageError, match="ladder: expected biases of one machine a rung, got those of 3"):
        trajectory.along(*pair, [rungs[0]._replace(a=np.zeros((3, 7)))])
