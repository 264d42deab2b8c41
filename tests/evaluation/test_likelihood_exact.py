"""Likelihoods by enumeration, against the slow one of `oracle`."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import exact
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Joint, Softmax
from machines import BITS_FIRST, JOINT, KINDS, dbn_and_oracle, rbm_and_oracle

pytestmark = pytest.mark.machine
SMALL = (Joint([Softmax(1, 3), Bernoulli(2)]), (3, 1, 1))


@pytest.mark.parametrize(("kind", "hidden"), [("bernoulli", 3), ("softmax", 9), ("joint", 4)])
def test_log_z_and_log_likelihood(kind, hidden):
    """By hidden states, and where there are more of them than visible ones, by those."""
    units, groups = KINDS[kind]
    rbm, machine = rbm_and_oracle(units, groups, hidden)
    assert exact.log_z(rbm) == pytest.approx(machine.log_z(), abs=1e-5)
    codes, p = oracle.all_codes(groups)[::7], machine.p_v()[::7]
    np.testing.assert_allclose(exact.log_likelihood(rbm, codes), np.log(p), atol=2e-5)
    states = oracle.all_states(groups)[::7].astype(np.float32)
    np.testing.assert_allclose(exact.log_likelihood(rbm, states), np.log(p), atol=2e-5)


def test_both_sides_give_the_same(monkeypatch):
    """Many states in several chunks, from either side."""
    wide, narrow = (RBM(Bernoulli(13), hidden, seed=2, weight_scale=0.7) for hidden in (11, 14))
    for weight, size in ((wide.W, (13, 14)), (wide.b, 14), (wide.l, 14)):
        padded = np.zeros(size, np.float32)
        padded[..., :11] = weight.numpy() if hasattr(weight, "numpy") else np.asarray(weight)
        {"W": narrow.W, "b": narrow.b, "l": narrow.l}[weight.name].assign(padded)
    monkeypatch.setattr(exact, "_ROWS", 1000)  # 2048 hidden states of one, 8192 visible ones of the other
    assert exact.log_z(narrow) == pytest.approx(exact.log_z(wide) + 3 * np.log(2), abs=1e-5)


def test_sequences_of_a_machine_with_a_span():
    rbm, shared = rbm_and_oracle(*SMALL, 2, span=3)
    machine = shared.over(2)
    p = machine.p_v()
    codes = oracle.all_codes(machine.groups).reshape(-1, 2, 3)
    np.testing.assert_allclose(exact.log_likelihood(rbm, codes), np.log(p), atol=2e-5)
    assert exact.log_z(rbm, 2) == pytest.approx(machine.log_z(), abs=1e-5)


@pytest.mark.parametrize("hidden", [(3,), (4, 3), (5, 3, 2)], ids=len)
def test_log_likelihood_of_a_stack(hidden):
    dbn, machines = dbn_and_oracle(*JOINT, hidden)
    p = oracle.dbn_p_v(machines)
    found = exact.log_likelihood(dbn, oracle.all_codes(JOINT[1]))
    np.testing.assert_allclose(found, np.log(p), atol=2e-5)
    assert np.exp(found).sum() == pytest.approx(1, abs=1e-5)


def test_log_likelihood_of_a_stack_over_sequences():
    dbn, shared = dbn_and_oracle(*SMALL, (2, 3), spans=(3, 1))
    p = oracle.dbn_p_v([machine.over(2) for machine in shared])
    codes = oracle.all_codes(SMALL[1] * 2).reshape(-1, 2, 3)
    np.testing.assert_allclose(exact.log_likelihood(dbn, codes), np.log(p), atol=2e-5)


@pytest.mark.parametrize("hidden", [None, (4, 3)], ids=["rbm", "dbn"])
def test_conditionals(hidden):
    if hidden is None:
        model, machine = rbm_and_oracle(*JOINT, 3)
        p = machine.p_v()
    else:
        model, machines = dbn_and_oracle(*JOINT, hidden)
        p = oracle.dbn_p_v(machines)
    codes, known = np.array([2, 1, 0, 1, 1, 0, 1]), np.array([1, 0, 0, 1, 0, 1, 1])
    found = exact.conditional(model, codes, known)
    kept = {place: int(codes[place]) for place in np.flatnonzero(known)}
    expected = oracle.given(p, JOINT[1], kept)
    np.testing.assert_array_equal(found.codes, oracle.all_codes(JOINT[1])[expected > 0])
    np.testing.assert_allclose(np.exp(found.log_p), expected[expected > 0], atol=1e-5)


def test_a_conditional_of_a_sequence():
    rbm, shared = rbm_and_oracle(*SMALL, 2, span=3)
    codes, known = np.array([[2, 1, 0], [0, 0, 1]]), np.array([[1, 0, 1], [0, 1, 1]])
    found = exact.conditional(rbm, codes, known)
    machine = shared.over(2)
    expected = oracle.given(machine.p_v(), machine.groups, {0: 2, 2: 0, 4: 0, 5: 1})
    np.testing.assert_allclose(np.exp(found.log_p), expected[expected > 0], atol=1e-5)
    assert found.codes.shape == (6, 2, 3)


def test_how_many_values_codes_take():
    assert exact.choices(BITS_FIRST[0]).tolist() == [2, 2, 7, 3, 2]
    assert exact.choices(Joint([Softmax(2, 1), Bernoulli(1)])).tolist() == [1, 1, 2]  # one category is no choice


@pytest.mark.once
def test_what_is_too_large_or_makes_no_sense_is_told():
    with pytest.raises(UsageError, match=r"at most 4194304 states, got 1073741824 visible and 16777216 hidden ones"):
        exact.log_z(RBM(30, 24))
    with pytest.raises(UsageError, match=r"about 10\^15 visible"):
        exact.log_z(RBM(50, 24))
    with pytest.raises(UsageError, match=r"at most 1048576 pairs of states .*, got 2097152"):
        exact.log_likelihood(DBN(3, (21, 2)), np.zeros((1, 3)))
    with pytest.raises(UsageError, match=r"at most 1048576 pairs of states .*, got 2097152"):
        exact.log_likelihood(DBN(3, (11, 10, 2)), np.zeros((1, 3)))
    with pytest.raises(UsageError, match="pseudo-likelihood"):
        exact.log_likelihood(DBN(3, (2, 2), lateral=True), np.zeros((1, 3)))
    with pytest.raises(UsageError, match="blocks: expected the length"):
        exact.log_z(RBM(3, 2, span=3))
    with pytest.raises(UsageError, match=r"data: expected shape \(B, N=3\), got \(1, 5\)"):
        exact.log_likelihood(RBM(3, 2), np.zeros((1, 5)))
    with pytest.raises(UsageError, match="states of the free codes, got 1073741824"):
        exact.conditional(RBM(30, 2), np.zeros(30, int), np.zeros(30, int))
    with pytest.raises(UsageError, match=r"known: expected shape \(G=30\), got \(29,\)"):
        exact.conditional(RBM(30, 2), np.zeros(30, int), np.zeros(29, int))
