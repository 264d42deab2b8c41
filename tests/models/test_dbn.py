"""The DBN's ways up and down, its energy and what it generates, against NumPy and enumeration."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.dbn import DBN
from machines import BERNOULLI, JOINT, KINDS, SOFTMAX, dbn_and_oracle, numpy, tensor
from oracle import sigmoid

pytestmark = pytest.mark.machine
HIDDEN = (5, 3, 4)


def up(machines, v):
    layers = []
    for machine in machines:
        v = sigmoid(machine.b + (v - machine.m) @ machine.W)
        layers.append(v)
    return layers


def down(machines, h):
    for machine in reversed(machines[1:]):
        h = sigmoid(machine.a + (h - machine.l) @ machine.W.T)
    return machines[0].a + (h - machines[0].l) @ machines[0].W.T


def predict(machines, v):
    """Visible logits after one pass: up, and down again with each hidden layer hearing both of its neighbours."""
    layers = [v, *up(machines, v)]
    h = layers[-1]
    for depth in range(len(machines) - 1, 0, -1):
        below, above = machines[depth - 1], machines[depth]
        heard_below = (layers[depth - 1] - below.m) @ below.W
        h = sigmoid(above.a + (h - above.l) @ above.W.T + heard_below)
    return machines[0].a + (h - machines[0].l) @ machines[0].W.T


def visible_means(logits, groups):
    parts = [np.exp(part) for part in np.split(logits, np.cumsum(groups)[:-1], axis=1)]
    return np.hstack([part / (1 + part if part.shape[1] == 1 else part.sum(axis=1, keepdims=True)) for part in parts])


@pytest.fixture(scope="module")
def stack():
    units, groups = KINDS["nested"]
    dbn, machines = dbn_and_oracle(units, groups, HIDDEN)
    return dbn, machines, oracle.all_states(groups)


def test_up_gives_the_means_of_all_layers(stack):
    dbn, machines, v = stack
    for got, expected in zip(dbn.up(tensor(v)), up(machines, v), strict=True):
        np.testing.assert_allclose(numpy(got), expected, atol=1e-6)
    np.testing.assert_array_equal(numpy(dbn(tensor(v))), numpy(dbn.up(tensor(v))[-1]))


def test_down_gives_the_visible_logits(stack):
    dbn, machines, _ = stack
    h = np.random.default_rng(3).uniform(size=(11, HIDDEN[-1]))
    np.testing.assert_allclose(numpy(dbn.down(tensor(h))), down(machines, h), atol=1e-5)


@pytest.mark.parametrize("passes", [1, 3])
def test_hidden_cells_are_predicted_from_the_known_ones_alone(stack, passes):
    dbn, machines, v = stack
    rng = np.random.default_rng(5)
    v = v[rng.integers(0, len(v), 13)]
    groups = machines[0].groups
    known = np.repeat(rng.integers(0, 2, (13, len(groups))), groups, axis=1)
    guess = machines[0].m
    for _ in range(passes):
        logits = predict(machines, known * v + (1 - known) * guess)
        guess = visible_means(logits, groups)
    garbage = known * v + (1 - known) * 99.0
    for state in (v, garbage):
        got = numpy(dbn.predict_hidden(tensor(state), tensor(known), passes))
        np.testing.assert_allclose(got, logits, atol=1e-5)


def test_energy_is_the_mean_field_formula(stack):
    dbn, machines, v = stack
    expected, state = 0, v
    for machine, h in zip(machines[:-1], up(machines, v), strict=False):
        logits = machine.a + (h - machine.l) @ machine.W.T
        log_z = np.log(np.exp(logits @ oracle.all_states(machine.groups).T).sum(axis=1))
        entropy = -np.sum(h * np.log(h) + (1 - h) * np.log(1 - h), axis=1)
        expected = expected - (np.sum(state * logits, axis=1) - log_z) - entropy
        state = h
    top = machines[-1]
    hs = oracle.all_states((1,) * HIDDEN[-1])
    free = -np.log([sum(np.exp(-top.energy(row, h)) for h in hs) for row in state])
    np.testing.assert_allclose(numpy(dbn.energy(tensor(v))), expected + free, atol=2e-5)


def test_energy_of_one_layer_is_its_free_energy():
    dbn, machines = dbn_and_oracle(*JOINT, (4,))
    v = oracle.all_states(JOINT[1])
    np.testing.assert_allclose(numpy(dbn.energy(tensor(v))), machines[0].free_energy(), atol=1e-5)


@pytest.mark.parametrize(("scale", "error"), [(0.1, 0.02), (0.3, 0.1), (1.0, 2.0)])
def test_energy_is_near_the_exact_log_probability(scale, error):
    """The weaker the weights the nearer; no bound, since it errs to both sides."""
    units, groups = JOINT
    gaps = []
    for seed in range(3):
        dbn, machines = dbn_and_oracle(units, groups, (4, 3), seed=seed, scale=scale)
        log_p = -numpy(dbn.energy(tensor(oracle.all_states(groups)))) - machines[-1].log_z()
        exact = np.log(oracle.dbn_p_v(machines))
        gaps.append(log_p - exact)
        assert np.corrcoef(log_p, exact)[0, 1] > 0.97
    assert np.max(np.abs(gaps)) < error
    assert np.min(gaps) < 0 < np.max(gaps)


def test_one_layer_generates_its_exact_distribution():
    """One good sampler in ten thousand fails; the seed is fixed."""
    units, groups = JOINT
    dbn, machines = dbn_and_oracle(units, groups, (4,), scale=0.7)
    v = dbn.generate(4001, steps=15, seed=5)
    counts = np.bincount(oracle.state_numbers(v, groups), minlength=288)
    assert oracle.chi_square(counts, machines[0].p_v() * len(v)) < oracle.chi_square_limit(288)


@pytest.fixture(scope="module")
def generator():
    return dbn_and_oracle(*JOINT, (5, 3))[0]


def test_the_same_seed_generates_the_same_and_another_something_else(generator):
    drawn = [generator.generate(11, steps=5, seed=seed) for seed in (3, 3, 4)]
    np.testing.assert_array_equal(drawn[0], drawn[1])
    assert not np.array_equal(drawn[0], drawn[2])
    oracle.state_numbers(drawn[0], JOINT[1])  # every row is one of the machine's states


def test_any_number_of_states_can_be_generated_one_after_the_other(generator):
    for count in (1, 3):
        assert generator.generate(count, steps=2).shape == (count, generator.visible.size)


def test_known_codes_are_kept(generator):
    groups = JOINT[1]
    rng = np.random.default_rng(7)
    v = oracle.all_states(groups)[rng.integers(0, 288, 23)]
    known = rng.integers(0, 2, (23, len(groups))).astype(bool)
    spread = np.repeat(known, groups, axis=1)
    drawn = generator.generate(23, steps=3, seed=1, v=np.where(spread, v, 99), known=known)
    np.testing.assert_array_equal(drawn[spread], v[spread])
    oracle.state_numbers(drawn, groups)
    assert np.any(drawn[~spread] != v[~spread])


def test_a_low_temperature_gives_more_ordinary_states(generator):
    cold, warm = (generator.generate(499, steps=20, temperature=t) for t in (0.5, 1.0))
    assert numpy(generator.energy(tensor(cold))).mean() < numpy(generator.energy(tensor(warm))).mean() - 0.5


def test_generating_leaves_the_network_as_it_was(generator):
    before = numpy(generator.key).tolist()
    generator.generate(2, steps=1)
    assert numpy(generator.key).tolist() == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"count": 0}, r"expected count >= 1.* got 0"),
        ({"steps": 0}, r"expected .*steps >= 1.* got 1, 0"),
        ({"temperature": 0.0}, r"expected .*temperature > 0, got 1, 200, 0"),
        ({"v": np.zeros((1, 5))}, r"v: expected shape \(B=1, N=11\), got \(1, 5\)"),
        ({"count": 2, "known": np.zeros((1, 7))}, r"known: expected shape \(B=2, G=7\), got \(1, 7\)"),
    ],
)
def test_wrong_wishes_are_refused(generator, arguments, message):
    with pytest.raises(UsageError, match=message):
        generator.generate(**arguments)


@pytest.mark.parametrize(
    "wrong", [{"hidden": ()}, {"passes": 0}, {"dropout": 1.0}, {"held": [1]}, {"cells": [0, 1]}], ids=str
)
def test_impossible_networks_are_refused(wrong):
    with pytest.raises(UsageError, match=r"DBN: expected .* got"):
        DBN(**{"visible": SOFTMAX[0], "hidden": (3,), **wrong})


def test_energy_refuses_a_wrong_shape():
    dbn, _ = dbn_and_oracle(*BERNOULLI, (3,))
    with pytest.raises(UsageError, match=r"v: expected shape \(B, N=7\), got \(2, 11\)"):
        dbn.energy(tensor(np.zeros((2, 11))))
