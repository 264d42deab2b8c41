"""Long chains, sparsity and running offsets, against their formulas in NumPy."""

import keras
import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models import divergence
from credo.models.backend.stepper import Stepper
from credo.models.rbm import RBM
from machines import JOINT, numpy, rbm_and_oracle, tensor
from oracle import run_chain, sigmoid

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
H, B, SEED = 5, 11, 29


def some_codes(rows=B, seed=6):
    return np.random.default_rng(seed).integers(0, np.maximum(GROUPS, 2), (rows, len(GROUPS))).astype(np.uint8)


@pytest.mark.parametrize("options", [{}, {"held": [1, 0, 0, 1, 0, 0, 0]}, {"chains": 11}], ids=str)
def test_long_chains_take_the_same_numbers_as_short_ones(options):
    """Beyond a few steps the chain is a loop."""
    rbm, machine = rbm_and_oracle(UNITS, GROUPS, H, seed=SEED, k=divergence._UNROLLED + 3, **options)
    codes = some_codes()
    start = oracle.expand(codes, GROUPS)
    if rbm.chains:
        rbm.start_chains(start)
    rbm.compile(optimizer=keras.optimizers.SGD(1.0))
    rbm.train_on_batch(codes)
    vk = run_chain(machine, start, rbm.k, SEED, 0, options.get("held"))
    h0, hk = (sigmoid(machine.b + (v - machine.m) @ machine.W) for v in (start, vk))
    np.testing.assert_allclose(numpy(rbm.b), machine.b + (h0 - hk).mean(axis=0), atol=2e-6)
    np.testing.assert_allclose(numpy(rbm.a), machine.a + (start - vk).mean(axis=0), atol=2e-6)
    assert numpy(rbm.key).tolist() == [SEED, 2 * rbm.k]


def test_sparsity_moves_the_hidden_biases_down_the_gradient_of_its_cost():
    """The gradient by differences of lambda sum (p - q_j)^2 in the biases; all else is as without."""
    cost, target = 3.0, 0.2
    (plain, machine), (sparse, _) = (
        rbm_and_oracle(UNITS, GROUPS, H, seed=SEED, **options) for options in ({}, {"sparsity": cost, "target": target})
    )
    codes = some_codes()
    for rbm in (plain, sparse):
        rbm.compile(optimizer=keras.optimizers.SGD(1.0))
        rbm.train_on_batch(codes)
    field = (oracle.expand(codes, GROUPS) - machine.m) @ machine.W

    def penalty(b):
        return cost * np.sum((target - sigmoid(b + field).mean(axis=0)) ** 2)

    steps = 1e-5 * np.eye(H)
    gradient = [(penalty(machine.b + step) - penalty(machine.b - step)) / 2e-5 for step in steps]
    assert np.abs(gradient).max() > 0.1
    np.testing.assert_allclose(numpy(plain.b) - numpy(sparse.b), gradient, atol=5e-6)
    for name in "Wa":
        np.testing.assert_array_equal(numpy(getattr(plain, name)), numpy(getattr(sparse, name)))


def test_moved_offsets_leave_the_energy_as_it_is_up_to_a_constant():
    rbm, machine = rbm_and_oracle(UNITS, GROUPS, 3)
    v, hs = oracle.all_states(GROUPS)[::17], oracle.all_states((1,) * 3)
    pairs = [tensor(x) for x in (np.repeat(v, len(hs), axis=0), np.tile(hs, (len(v), 1)))]
    before = numpy(rbm.energy(*pairs))
    rbm.move_hidden_offsets(tensor([0.9, -0.3, 0.4]))
    change = numpy(rbm.energy(*pairs)) - before
    assert abs(change[0]) > 0.03
    np.testing.assert_allclose(change, change[0], atol=2e-5)
    np.testing.assert_allclose(numpy(rbm.l), [0.9, -0.3, 0.4])
    np.testing.assert_allclose(oracle.Machine.of(rbm, GROUPS).p_v(), machine.p_v(), atol=1e-6)


def test_with_a_span_that_holds_away_from_the_ends():
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 3, span=3)
    rng = np.random.default_rng(3)
    v = oracle.all_states(GROUPS)[rng.integers(0, 288, (13, 5))]
    v[:, [0, 4]] = v[:1, [0, 4]]  # the same at the ends
    h = rng.integers(0, 2, (13, 5, 3))
    before = numpy(rbm.energy(tensor(v), tensor(h)))
    rbm.move_hidden_offsets(tensor([0.9, -0.3, 0.4]))
    change = numpy(rbm.energy(tensor(v), tensor(h))) - before
    np.testing.assert_allclose(change, change[0], atol=1e-4)


@pytest.mark.parametrize("way", ["batch", "stepper", "fit"])
def test_the_hidden_offsets_follow_the_hidden_means_at_their_rate(way):
    """After the step of the optimizer, so that W and a are those that it leaves."""
    rate = 0.25
    rbm, machine = rbm_and_oracle(UNITS, GROUPS, H, seed=SEED, centring=rate)
    plain, _ = rbm_and_oracle(UNITS, GROUPS, H, seed=SEED)
    codes = some_codes()
    for model in (rbm, plain):
        model.compile(optimizer=keras.optimizers.SGD(0.5))
        if way == "stepper":
            Stepper(model, codes).run(np.arange(B)[None])
        elif way == "fit":
            model.fit(codes, batch_size=B, shuffle=False, verbose=0)
        else:
            model.train_on_batch(codes)
    h_mean = sigmoid(machine.b + (oracle.expand(codes, GROUPS) - machine.m) @ machine.W).mean(axis=0)
    shift = rate * (h_mean - machine.l)
    np.testing.assert_allclose(numpy(rbm.l), machine.l + shift, atol=1e-6)
    np.testing.assert_allclose(numpy(rbm.W), numpy(plain.W), atol=1e-6)
    np.testing.assert_allclose(numpy(rbm.b), numpy(plain.b), atol=1e-6)
    np.testing.assert_allclose(numpy(rbm.a), numpy(plain.a) + numpy(plain.W) @ shift, atol=5e-6)
    ours, theirs = (oracle.Machine.of(model, GROUPS).p_v() for model in (rbm, plain))
    np.testing.assert_allclose(ours, theirs, atol=1e-6)


def test_offsets_that_follow_are_saved_and_come_back(tmp_path):
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, H, centring=0.1, sparsity=0.5, target=0.3)
    rbm.h_mean.assign(np.linspace(0, 1, H))
    rbm.save(tmp_path / "rbm.keras")
    again = keras.saving.load_model(tmp_path / "rbm.keras")
    assert (again.centring, again.sparsity, again.target) == (0.1, 0.5, 0.3)
    np.testing.assert_array_equal(numpy(again.h_mean), numpy(rbm.h_mean))


@pytest.mark.once
@pytest.mark.parametrize("wrong", [{"sparsity": -1.0}, {"target": 0.0}, {"centring": 1.5}], ids=str)
def test_impossible_arguments_are_refused(wrong):
    with pytest.raises(UsageError, match=r"expected .* got"):
        RBM(7, 3, **wrong)


@pytest.mark.once
def test_configurations_of_before_make_the_machines_of_before():
    config = RBM(7, 3).get_config()
    for name in ("sparsity", "target", "centring"):
        del config[name]
    again = RBM.from_config(config)
    assert (again.sparsity, again.centring) == (0, 0)
    assert [weight.name for weight in again.weights] == ["W", "a", "b", "m", "l", "key"]
