"""Energies and conditionals of the RBM against enumeration."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models import random
from credo.models.rbm import RBM
from machines import BERNOULLI, JOINT, KINDS, SOFTMAX, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
H = 3
CASES = [("bernoulli", False), ("softmax", True), ("joint", True)]


@pytest.fixture(params=CASES, ids=[f"{kind}{'-centred' if centred else ''}" for kind, centred in CASES], scope="module")
def pair(request):
    kind, centred = request.param
    return rbm_and_oracle(*KINDS[kind], H, centred=centred)


def all_v(machine):
    return tensor(oracle.all_states(machine.groups))


def test_energy_is_the_formula(pair):
    rbm, machine = pair
    v, h = oracle.all_states(machine.groups)[-11:], oracle.all_states((1,) * H)[[5, 2, 3, 7, 0, 1, 6, 4, 3, 2, 1]]
    expected = [machine.energy(*row) for row in zip(v, h, strict=True)]
    np.testing.assert_allclose(numpy(rbm.energy(tensor(v), tensor(h))), expected, atol=1e-5)
    biases_alone = -v @ machine.a - h @ machine.b
    np.testing.assert_allclose(numpy(rbm.interaction(tensor(v), tensor(h))), biases_alone - expected, atol=1e-5)


def test_free_energy_is_the_sum_over_hidden_states(pair):
    rbm, machine = pair
    np.testing.assert_allclose(numpy(rbm.free_energy(all_v(machine))), machine.free_energy(), atol=1e-5)


def test_free_energies_are_log_probabilities_up_to_log_z(pair):
    rbm, machine = pair
    log_p = -numpy(rbm.free_energy(all_v(machine))) - machine.log_z()
    np.testing.assert_allclose(np.exp(log_p), machine.p_v(), atol=1e-6)
    assert np.exp(log_p).sum() == pytest.approx(1, abs=1e-5)


def test_hidden_means_are_the_exact_conditionals(pair):
    rbm, machine = pair
    expected = machine.p_h_given_v() @ oracle.all_states((1,) * H)
    np.testing.assert_allclose(numpy(rbm.mean_h_from_v(all_v(machine))), expected, atol=1e-6)
    np.testing.assert_allclose(numpy(rbm(all_v(machine))), expected, atol=1e-6)


def test_visible_means_are_the_exact_conditionals(pair):
    rbm, machine = pair
    h = tensor(oracle.all_states((1,) * H))
    expected = machine.p_v_given_h() @ oracle.all_states(machine.groups)
    np.testing.assert_allclose(numpy(rbm.mean_v_from_h(h)), expected, atol=1e-6)


def test_draws_take_the_numbers_of_their_key(pair):
    rbm, machine = pair
    key = tensor([5, 9], "int32")
    v = all_v(machine)
    h = numpy(rbm.sample_h_from_v(v, key))
    np.testing.assert_array_equal(h, oracle.uniform(5, 9, h.shape) < numpy(rbm.mean_h_from_v(v)))
    drawn = numpy(rbm.sample_v_from_h(tensor(h), key))
    uniform = tensor(oracle.uniform(5, 9, (len(h), rbm.visible.groups)))
    np.testing.assert_array_equal(drawn, numpy(rbm.visible.sample(rbm.v_logits_from_h(tensor(h)), uniform)))
    again = numpy(rbm.sample_v_from_h(tensor(h), random.advance(key)))
    assert not np.array_equal(drawn, again)


def test_offsets_move_the_parametrisation_and_not_the_distribution(pair):
    _, machine = pair
    plain = machine._replace(
        a=machine.a - machine.W @ machine.l,
        b=machine.b - machine.W.T @ machine.m,
        m=np.zeros_like(machine.m),
        l=np.zeros_like(machine.l),
    )
    rbm = RBM(KINDS_BY_GROUPS[machine.groups], H)
    for name in "Wabml":
        getattr(rbm, name).assign(getattr(plain, name))
    free = numpy(rbm.free_energy(all_v(machine)))
    np.testing.assert_allclose(np.exp(-free - plain.log_z()), machine.p_v(), atol=1e-6)


KINDS_BY_GROUPS = {groups: units for units, groups in KINDS.values()}


def test_codes_and_states_mean_the_same():
    rbm, machine = rbm_and_oracle(*JOINT, H)
    codes = tensor(oracle.all_codes(machine.groups), "uint8")
    np.testing.assert_array_equal(numpy(rbm(codes)), numpy(rbm(all_v(machine))))


def test_a_number_means_bernoulli_units():
    rbm = RBM(7, H)
    assert (rbm.visible.size, rbm.visible.groups, rbm.hidden.size) == (7, 7, H)


def test_starting_from_the_data_gives_their_mean():
    units, groups = JOINT
    rbm = RBM(units, H, weight_scale=0.0)
    mean = oracle.expand(np.random.default_rng(2).integers(0, np.maximum(groups, 2), (97, len(groups))), groups).mean(0)
    rbm.start_from(mean)
    v = numpy(rbm.mean_v_from_h(tensor([[1, 0, 1]])))[0]
    np.testing.assert_allclose(v, mean, atol=1e-5)
    np.testing.assert_allclose(numpy(rbm.m), mean, atol=1e-6)
    np.testing.assert_array_equal(numpy(rbm.l), np.full(H, 0.5))
    rbm = RBM(units, H)
    rbm.start_from(mean, centre=False)
    assert not numpy(rbm.m).any()
    assert not numpy(rbm.l).any()


@pytest.mark.parametrize("kind", [BERNOULLI, SOFTMAX], ids=["bernoulli", "softmax"])
def test_the_same_seed_gives_the_same_initial_weights(kind):
    weights = [numpy(RBM(kind[0], H, seed=seed).W) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(weights[0], weights[1])
    assert not np.array_equal(weights[0], weights[2])


def test_wrong_shapes_are_refused_with_what_was_expected_and_what_came():
    rbm = RBM(7, H)
    with pytest.raises(UsageError, match=r"v: expected shape \(B, N=7\), got \(2, 5\)"):
        rbm.free_energy(tensor(np.zeros((2, 5))))
    with pytest.raises(UsageError, match=r"h: expected shape \(B, H=3\), got \(7,\)"):
        rbm.energy(tensor(np.zeros((2, 7))), tensor(np.zeros(7)))


@pytest.mark.parametrize("wrong", [{"hidden": 0}, {"k": 0}, {"chains": -1}, {"held": [1, 0]}], ids=str)
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(UsageError, match=r"expected .* got"):
        RBM(7, **{"hidden": 3, **wrong})
