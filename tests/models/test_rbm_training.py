"""Contrastive divergence against its textbook statistics, with the same random numbers drawn again in NumPy."""

import keras
import numpy as np
import pytest

import oracle
from credo.models.backend.stepper import Stepper
from credo.models.rbm import RBM
from machines import JOINT, KINDS, numpy, rbm_and_oracle, stir, tensor
from oracle import run_chain, sigmoid

pytestmark = pytest.mark.machine
H, B, SEED = 5, 11, 29
HELD = {"bernoulli": [1, 0, 0, 1, 0, 0, 0], "softmax": [0, 1, 0], "joint": [1, 0, 0, 1, 0, 0, 0]}
OPTIONS = {
    "CD-1": {},
    "PCD-2": {"k": 2, "chains": 7},
    "CD-3, held": {"k": 3, "held": True},
    "PCD-1, held": {"chains": 7, "held": True},
    "CD-1, decayed": {"l2": 0.3},
}


def gradients(machine, v0, vk, l2=0.0):
    """-(<..>data - <..>model), with probabilities of the hidden units on both sides."""

    def statistics(v):
        h = sigmoid(machine.b + (v - machine.m) @ machine.W)
        return (v - machine.m).T @ (h - machine.l) / len(v), v.mean(axis=0), h.mean(axis=0)

    (Wk, ak, bk), (W0, a0, b0) = statistics(vk), statistics(v0)
    return Wk - W0 + l2 * machine.W, ak - a0, bk - b0


def some_codes(groups, rows=B, seed=6):
    return np.random.default_rng(seed).integers(0, np.maximum(groups, 2), (rows, len(groups))).astype(np.uint8)


def machine_with_chains(kind, options, centred=True):
    """An RBM with its oracle, its data and where its chains start (the data, for CD)."""
    units, groups = KINDS[kind]
    held = HELD[kind] if options.get("held") else None
    rbm, machine = rbm_and_oracle(units, groups, H, seed=SEED, centred=centred, **{**options, "held": held})
    codes = some_codes(groups)
    v0 = start = oracle.expand(codes, groups)
    if rbm.chains:
        start = oracle.expand(some_codes(groups, rbm.chains, 8), groups)
        rbm.start_chains(start)
    return rbm, machine, codes, v0, start, held


@pytest.mark.parametrize(
    ("kind", "option"),
    [*(("joint", option) for option in OPTIONS), *((kind, "CD-3, held") for kind in ("bernoulli", "softmax"))],
)
def test_a_step_moves_the_weights_by_the_rate_times_the_cd_statistics(kind, option):
    options = OPTIONS[option]
    rbm, machine, codes, v0, start, held = machine_with_chains(kind, options)
    rbm.compile(optimizer=keras.optimizers.SGD(1.0))
    rbm.train_on_batch(codes)
    vk = run_chain(machine, start, rbm.k, SEED, 0, held)
    for name, gradient in zip("Wab", gradients(machine, v0, vk, rbm.l2), strict=True):
        before, after = getattr(machine, name), numpy(getattr(rbm, name))
        np.testing.assert_allclose(before - after, gradient, atol=2e-6)
    assert numpy(rbm.key).tolist() == [SEED, 2 * rbm.k]
    np.testing.assert_array_equal(numpy(rbm.m), np.float32(machine.m))
    np.testing.assert_array_equal(numpy(rbm.l), np.float32(machine.l))
    if rbm.chains:
        np.testing.assert_array_equal(numpy(rbm.chain), vk)
        assert not np.array_equal(vk, start)
        known = np.repeat(held or [0], machine.groups if held else [v0.shape[1]]).astype(bool)
        np.testing.assert_array_equal(vk[:, known], start[:, known])


def test_without_offsets_and_with_states_it_is_the_textbook_rule():
    rbm, machine, _, v0, start, _ = machine_with_chains("softmax", {}, centred=False)
    rbm.compile(optimizer=keras.optimizers.SGD(0.125))
    rbm.train_on_batch(v0.astype(np.float32))
    vk = run_chain(machine, start, 1, SEED, 0, None)
    h0, hk = sigmoid(machine.b + v0 @ machine.W), sigmoid(machine.b + vk @ machine.W)
    np.testing.assert_allclose(numpy(rbm.W), machine.W + 0.125 * (v0.T @ h0 - vk.T @ hk) / B, atol=1e-6)
    np.testing.assert_allclose(numpy(rbm.a), machine.a + 0.125 * (v0 - vk).mean(axis=0), atol=1e-6)
    np.testing.assert_allclose(numpy(rbm.b), machine.b + 0.125 * (h0 - hk).mean(axis=0), atol=1e-6)


def test_persistent_chains_go_on_from_step_to_step():
    rbm, machine, codes, _, chain, _ = machine_with_chains("joint", {"chains": 7, "k": 2})
    rbm.compile(optimizer=keras.optimizers.SGD(0.0))
    for step in range(3):
        rbm.train_on_batch(codes)
        chain = run_chain(machine, chain, 2, SEED, 4 * step, None)
        np.testing.assert_array_equal(numpy(rbm.chain), chain)


@pytest.mark.parametrize("chains", [0, 3])
def test_reconstruction_is_the_cross_entropy_of_one_step_in_nats_a_code(chains):
    rbm, machine, codes, v0, _, _ = machine_with_chains("joint", {"chains": chains} if chains else {})
    rbm.compile(optimizer=keras.optimizers.SGD(0.1))
    logs = rbm.train_on_batch(codes, return_dict=True)
    mean_h = sigmoid(machine.b + (v0 - machine.m) @ machine.W)
    h = mean_h[::8] if chains else oracle.uniform(SEED, 0, mean_h.shape) < mean_h
    logits = machine.a + (h - machine.l) @ machine.W.T
    log_z = np.log(np.exp(logits @ oracle.all_states(machine.groups).T).sum(axis=1))
    expected = np.mean(log_z - np.sum((v0[::8] if chains else v0) * logits, axis=1)) / len(machine.groups)
    assert float(logs["reconstruction"]) == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("chains", [0, 256])
def test_learning_brings_the_exact_likelihood_near_that_of_the_true_distribution(chains):
    """Three patterns of unequal weight, seen through noise; the entropy of their distribution is 2.6 nats."""
    units, groups = JOINT
    patterns = np.array([[0, 2, 1, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0, 0], [2, 0, 1, 0, 1, 1, 1]])
    shares, states, noise = (0.5, 0.25, 0.25), oracle.all_codes(groups), 0.1
    likeness = [(states == pattern) * (1 - noise) + noise / np.maximum(groups, 2) for pattern in patterns]
    truth = sum(share * each.prod(axis=1) for share, each in zip(shares, likeness, strict=True))
    numbers = np.random.default_rng(0).choice(len(truth), 512, p=truth)
    v = oracle.expand(states[numbers], groups)
    rbm, steps = RBM(units, 8, chains=chains, seed=1), 500
    rbm.start_from(v.mean(axis=0))
    if chains:
        rbm.start_chains(v[:chains])
    rbm.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.02, steps)))

    def log_likelihood():
        return np.log(oracle.Machine.of(rbm, groups).p_v()[numbers]).mean()

    best = np.log(truth[numbers]).mean()
    assert log_likelihood() < best - 2
    Stepper(rbm, states[numbers].astype(np.uint8)).run(np.arange(64 * steps).reshape(steps, 64) % 512)
    assert best - 0.1 < log_likelihood() < best + 0.1  # above it, the machine would know these rows by heart


def test_fit_trains_too_and_with_a_last_batch_that_is_smaller():
    rbm = stir(RBM(JOINT[0], H), 3, scale=0.1)
    rbm.compile(optimizer=keras.optimizers.SGD(0.1))
    rows = np.repeat(some_codes(JOINT[1], 1), 23, axis=0)
    history = rbm.fit(rows, batch_size=5, epochs=3, verbose=0).history
    assert len(history["reconstruction"]) == 3
    assert history["reconstruction"][-1] < history["reconstruction"][0]
    assert numpy(rbm.key).tolist() == [0, 2 * 3 * 5]


def test_the_loss_gives_no_gradient_to_offsets_or_chains():
    rbm = RBM(JOINT[0], H, chains=3)
    assert [weight.name for weight in rbm.trainable_weights] == ["W", "a", "b"]
    assert np.isfinite(float(numpy(rbm.compute_loss(tensor(some_codes(JOINT[1]), "uint8")))))
