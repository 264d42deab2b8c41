"""The pseudo-log-likelihood against the conditionals of an enumerated machine, code by code."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import pseudo
from credo.models.lateral import Lateral
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Joint, Softmax
from machines import BITS_FIRST, JOINT, numpy, rbm_and_oracle

pytestmark = pytest.mark.machine
SMALL = (Joint([Softmax(1, 3), Bernoulli(2)]), (3, 1, 1))


def slowly(p, groups, codes, places=None):
    """Log P(code | all others) of each row and code by the table of all states, shape (n, G)."""
    p, places = p.reshape([max(2, size) for size in groups]), range(len(groups)) if places is None else places
    each = [
        [
            np.log(p[tuple(row)] / p[tuple(slice(None) if g == place else c for g, c in enumerate(row))].sum())
            for place in places
        ]
        for row in codes
    ]
    return np.array(each)


def some_codes(groups, count, seed=3):
    return np.random.default_rng(seed).integers(0, np.maximum(groups, 2), (count, len(groups)))


@pytest.mark.parametrize(
    ("units", "groups", "centred"), [(*JOINT, True), (*BITS_FIRST, False)], ids=["joint", "nested"]
)
def test_every_code_is_told_by_all_others(units, groups, centred, monkeypatch):
    monkeypatch.setattr(pseudo, "_MOST_NUMBERS", 5 * 64 * 3)  # five units at a time
    rbm, machine = rbm_and_oracle(units, groups, 3, centred=centred)
    codes = some_codes(groups, 67)
    rows = slowly(machine.p_v(), groups, codes).sum(axis=1)
    found = pseudo.log_likelihood(rbm, codes)
    np.testing.assert_allclose(found.log_likelihood, rows, atol=1e-4)
    assert found.codes == len(groups)
    assert found.mean == pytest.approx(rows.mean() / len(groups), abs=1e-5)
    assert found.error == pytest.approx(rows.std(ddof=1) / np.sqrt(67) / len(groups), abs=1e-5)


def test_sequences_of_a_machine_with_a_span():
    rbm, shared = rbm_and_oracle(*SMALL, 2, span=3)
    machine = shared.over(3)
    codes = some_codes(machine.groups, 7)
    heard = oracle.all_states(machine.groups)
    field = (heard - machine.m) @ machine.W
    p = np.exp(heard @ machine.a - field @ machine.l + np.log1p(np.exp(machine.b + field)).sum(axis=1))
    found = pseudo.log_likelihood(rbm, codes.reshape(7, 3, 3))
    np.testing.assert_allclose(found.log_likelihood, slowly(p, machine.groups, codes).sum(axis=1), atol=1e-4)
    assert found.codes == 9


def test_held_codes_do_not_count():
    rbm, machine = rbm_and_oracle(*JOINT, 3, held=[0, 1, 0, 1, 0, 0, 0])
    codes = some_codes(JOINT[1], 31)
    rows = slowly(machine.p_v(), JOINT[1], codes, [0, 2, 4, 5, 6]).sum(axis=1)
    found = pseudo.log_likelihood(rbm, codes)
    np.testing.assert_allclose(found.log_likelihood, rows, atol=1e-4)
    assert found.codes == 5


@pytest.mark.parametrize("held", [None, [0, 1, 0, 1, 0, 0, 0]], ids=["free", "held"])
def test_one_code_a_row_gives_the_same_on_average(held):
    """Each row's figure is its number of codes times that of one of them; 4 errors, missed once in 16 000 seeds."""
    rbm, machine = rbm_and_oracle(*JOINT, 3, held=held)
    codes = np.repeat(some_codes(JOINT[1], 3), 401, axis=0)
    free = np.flatnonzero(np.array(held or [0] * 7) == 0)
    each = slowly(machine.p_v(), JOINT[1], codes[::401], free)
    found = pseudo.sampled_log_likelihood(rbm, codes, seed=5)
    for row, values in zip(each, found.log_likelihood.reshape(3, 401), strict=True):
        nearest = np.abs(values[:, None] - len(free) * row).min(axis=1)
        assert nearest.max() < 1e-3
        assert abs(values.mean() - row.sum()) < 4 * values.std() / np.sqrt(401)
        assert len(np.unique(values.round(3))) >= len(np.unique((row * len(free)).round(2)))
    other = pseudo.sampled_log_likelihood(rbm, codes, seed=6)
    assert not np.array_equal(found.log_likelihood, other.log_likelihood)


def test_coupled_visible_units():
    """The couplings' part of log f, J and K, is added before the table is made."""
    rbm, shared = rbm_and_oracle(*SMALL, 2, span=3)
    lateral = Lateral(SMALL[0], neighbours=True)
    rng = np.random.default_rng(1)
    for weight in (lateral.J, lateral.K):
        weight.assign(rng.normal(0, 0.7, weight.shape).astype(np.float32))
    machine = shared.over(2)
    v = oracle.all_states(machine.groups)
    field = (v - machine.m) @ machine.W
    log_f = v @ machine.a - field @ machine.l + np.log1p(np.exp(machine.b + field)).sum(axis=1)
    x = (v - machine.m).reshape(-1, 2, 5)
    code = np.repeat([0, 1, 2], SMALL[1])
    J = (numpy(lateral.J) + numpy(lateral.J).T) * (code[:, None] != code)
    log_f += np.einsum("bln,nm,blm->b", x, J, x) / 2 + np.einsum("bn,nm,bm->b", x[:, 0], numpy(lateral.K), x[:, 1])
    codes = some_codes(machine.groups, 17)
    each = slowly(np.exp(log_f), machine.groups, codes)
    found = pseudo.log_likelihood(rbm, codes.reshape(-1, 2, 3), couplings=lateral)
    np.testing.assert_allclose(found.log_likelihood, each.sum(axis=1), atol=1e-4)
    sampled = pseudo.sampled_log_likelihood(rbm, codes.reshape(-1, 2, 3), couplings=lateral)
    assert np.abs(sampled.log_likelihood[:, None] - 6 * each).min(axis=1).max() < 1e-3


@pytest.mark.once
def test_wrong_use_is_told():
    with pytest.raises(UsageError, match=r"data: expected shape \(B, N=3\), got \(1, 5\)"):
        pseudo.log_likelihood(RBM(3, 2), np.zeros((1, 5), np.float32))
    with pytest.raises(UsageError, match="held: expected codes that are free, got none"):
        pseudo.log_likelihood(RBM(3, 2, held=[1, 1, 1]), np.zeros((1, 3), np.float32))
