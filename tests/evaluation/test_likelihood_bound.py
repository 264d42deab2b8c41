"""The lower bound of a DBN against its exact log-likelihood. The seeds are fixed."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import bound, exact
from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Joint, Softmax
from machines import BERNOULLI, JOINT, dbn_and_oracle, numpy

pytestmark = pytest.mark.machine
SMALL = (Joint([Softmax(1, 3), Bernoulli(2)]), (3, 1, 1))


def some_codes(groups, count, seed=3):
    return np.random.default_rng(seed).integers(0, np.maximum(groups, 2), (count, len(groups)))


@pytest.mark.parametrize(("kind", "hidden"), [(JOINT, (4, 3)), (BERNOULLI, (5, 3, 2))], ids=["two layers", "three"])
def test_it_is_below_the_truth_and_rises_to_it(kind, hidden):
    """At K = 1 each row's figure is one draw, and only their mean is below; 4 errors, missed once in 16 000 seeds."""
    dbn, machines = dbn_and_oracle(*kind, hidden, scale=0.7)
    codes, log_z = some_codes(kind[1], 41), machines[-1].log_z()
    truth = np.log(oracle.dbn_p_v(machines))[oracle.state_numbers(oracle.expand(codes, kind[1]), kind[1])]
    found = [bound.lower_bound(dbn, codes, log_z, samples=samples, seed=4) for samples in (1, 10, 1000)]
    gaps = [np.mean(truth - each.log_likelihood) for each in found]
    assert gaps[0] > 3 * gaps[1] > 0
    assert gaps[1] > 3 * gaps[2]
    assert abs(gaps[2]) < 0.05
    np.testing.assert_allclose(found[2].log_likelihood, truth, atol=0.5)
    for each in found:
        assert each.mean == pytest.approx(each.log_likelihood.mean())
        assert each.error == pytest.approx(each.log_likelihood.std(ddof=1) / np.sqrt(41))
    shifted = bound.lower_bound(dbn, codes, log_z + 2, samples=10, seed=4)
    np.testing.assert_allclose(shifted.log_likelihood, found[1].log_likelihood - 2, atol=1e-9)


def test_one_draw_is_the_variational_bound():
    """The mean of many single draws is E_q[log P(v | h) + log P*(h) - log q], summed over all h by hand."""
    dbn, (low, top) = dbn_and_oracle(*JOINT, (4, 3))
    code = some_codes(JOINT[1], 1)
    v, h = oracle.expand(code, JOINT[1]), oracle.all_states((1,) * 4)
    q = low.p_h_given_v()[oracle.state_numbers(v, JOINT[1])[0]]
    p_v = low.p_v_given_h()[:, oracle.state_numbers(v, JOINT[1])[0]]
    expected = q @ (np.log(p_v) - top.free_energy() - np.log(q)) - top.log_z()
    assert len(h) == len(q)
    found = bound.lower_bound(dbn, np.repeat(code, 2003, axis=0), top.log_z(), seed=2)
    assert abs(found.mean - expected) < 4 * found.error
    truth = exact.log_likelihood(dbn, code)[0]
    assert expected < truth - 10 * found.error


def test_a_recognition_network_of_its_own():
    """The network's own weights are the default; others are worse or better, and as right with many draws."""
    dbn, machines = dbn_and_oracle(*BERNOULLI, (5, 3, 2))
    codes, log_z = some_codes(BERNOULLI[1], 31), machines[-1].log_z()
    own = [(rbm.W, rbm.b) for rbm in dbn.rbms[:-1]]
    blind = [(np.zeros(rbm.W.shape), np.zeros(rbm.b.shape)) for rbm in dbn.rbms[:-1]]
    options = {"samples": 10, "seed": 1}
    default = bound.lower_bound(dbn, codes, log_z, **options)
    same = bound.lower_bound(dbn, codes, log_z, recognition=own, **options)
    np.testing.assert_array_equal(same.log_likelihood, default.log_likelihood)
    worse = bound.lower_bound(dbn, codes, log_z, recognition=blind, **options)
    assert worse.mean != pytest.approx(default.mean, abs=0.01)
    truth = exact.log_likelihood(dbn, codes).mean()
    many = bound.lower_bound(dbn, codes, log_z, recognition=blind, samples=3000, seed=2)
    assert many.mean == pytest.approx(truth, abs=0.05)
    assert worse.mean < truth


def test_sequences():
    dbn, shared = dbn_and_oracle(*SMALL, (2, 3), spans=(3, 1))
    codes = some_codes(SMALL[1] * 2, 31).reshape(31, 2, 3)
    log_z = shared[1].over(2).log_z()
    truth = exact.log_likelihood(dbn, codes)
    few, many = (bound.lower_bound(dbn, codes, log_z, samples=samples) for samples in (1, 1000))
    assert few.mean < many.mean
    np.testing.assert_allclose(many.log_likelihood, truth, atol=0.3)
    assert many.mean == pytest.approx(truth.mean(), abs=0.03)


def test_one_layer_is_exact():
    dbn, (machine,) = dbn_and_oracle(*JOINT, (3,))
    codes = some_codes(JOINT[1], 17)
    found = bound.lower_bound(dbn, codes, machine.log_z(), samples=7)
    np.testing.assert_allclose(found.log_likelihood, exact.log_likelihood(dbn, codes), atol=1e-4)
    assert found.samples == 1


@pytest.mark.once
def test_groups_that_bound_the_memory(monkeypatch):
    """Rows and draws in groups, neither of which divides the whole; held in order, and no draw twice."""
    dbn, machines = dbn_and_oracle(*JOINT, (4, 3))
    codes, log_z = some_codes(JOINT[1], 31), machines[-1].log_z()
    truth, told = exact.log_likelihood(dbn, codes), []
    monkeypatch.setattr(bound, "_MOST_NUMBERS", 15 * 13)  # 13 rows of 11 + 4 numbers at a time
    found = bound.lower_bound(dbn, codes, log_z, samples=50, progress=lambda *x: told.append(x))
    np.testing.assert_allclose(found.log_likelihood, truth, atol=1)
    assert abs(found.mean - truth.mean()) < 0.1
    assert told == [(done, 150) for done in range(1, 151)]
    monkeypatch.setattr(bound, "_MOST_NUMBERS", 15 * 31 * 20)  # 20 draws at a time
    found = bound.lower_bound(dbn, codes, log_z, samples=50)
    assert abs(found.mean - truth.mean()) < 0.1
    assert len(np.unique(numpy(found.log_likelihood).round(4))) > 20


@pytest.mark.once
def test_wrong_use_is_told():
    codes = np.zeros((1, 3), np.int32)
    with pytest.raises(UsageError, match="pseudo-likelihood"):
        bound.lower_bound(DBN(3, (2, 2), lateral=True), codes, 0.0)
    with pytest.raises(UsageError, match="samples: expected at least 1, got 0"):
        bound.lower_bound(DBN(3, (2, 2)), codes, 0.0, samples=0)
    with pytest.raises(UsageError, match="weights and biases of 1 layers, got 2"):
        bound.lower_bound(DBN(3, (2, 2)), codes, 0.0, recognition=[(np.zeros((3, 2)), np.zeros(2))] * 2)
    with pytest.raises(UsageError, match=r"recognition: expected shape \(M=3, H=2\), got \(2, 3\)"):
        bound.lower_bound(DBN(3, (2, 2)), codes, 0.0, recognition=[(np.zeros((2, 3)), np.zeros(2))])
    with pytest.raises(UsageError, match=r"data: expected shape \(B L N, N=3\)|data: expected shape"):
        bound.lower_bound(DBN(3, (2, 2), spans=(3, 1)), codes, 0.0)
