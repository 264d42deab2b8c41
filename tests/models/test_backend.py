"""Compiled functions follow the training, and the stepper does what Keras' own loop does."""

import keras
import numpy as np
import pytest

from credo.models import backend
from credo.models.backend import compiled, half_product
from credo.models.backend.stepper import Stepper
from credo.strips import Strip
from machines import JOINT, dbn_and_oracle, numpy, rbm_and_oracle, tensor, weights

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
BATCHES = np.random.default_rng(5).integers(0, 23, (7, 5))


def some_codes(rows=23):
    return np.random.default_rng(3).integers(0, np.maximum(GROUPS, 2), (rows, len(GROUPS))).astype(np.uint8)


def rbm():
    machine = rbm_and_oracle(UNITS, GROUPS, 3, scale=0.3)[0]
    machine.compile(optimizer=keras.optimizers.Adam(0.02))
    return machine


def rbm_with_chains():
    machine = rbm_and_oracle(UNITS, GROUPS, 3, scale=0.3, chains=4, k=2)[0]
    machine.compile(optimizer=keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 40), momentum=0.9))
    return machine


def dbn():
    network = dbn_and_oracle(UNITS, GROUPS, (5, 3), scale=0.3, dropout=0.2)[0]
    network.compile(optimizer=keras.optimizers.AdamW(0.02, global_clipnorm=1.0))
    return network


def rbm_of_sequences():
    machine = rbm_and_oracle(UNITS, GROUPS, 3, scale=0.3, span=3, chains=4, blocks=5)[0]
    machine.compile(optimizer=keras.optimizers.Adam(0.02))
    return machine


def dbn_of_sequences():
    network = dbn_and_oracle(UNITS, GROUPS, (5, 3), scale=0.3, spans=(3, 5), dropout=0.2, lateral=True)[0]
    network.compile(optimizer=keras.optimizers.AdamW(0.02, global_clipnorm=1.0))
    return network


def by_batches(model, batches):
    """Keras' own loop, and the mean of each metric over it."""
    logs = [model.train_on_batch(some_codes()[rows], return_dict=True) for rows in batches]
    return {key: np.mean([float(step[key]) for step in logs]) for key in logs[0]}


def assert_close(one, other, atol=1e-5):
    assert len(one.weights) == len(other.weights)
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=atol)
    for ours, theirs in zip(one.optimizer.variables, other.optimizer.variables, strict=True):
        np.testing.assert_allclose(numpy(ours), numpy(theirs), atol=atol)


def test_the_backend_is_the_one_of_keras():
    assert backend.name() == keras.backend.backend()
    assert backend.name() in ("jax", "tensorflow", "torch")


@pytest.mark.parametrize("make", [rbm, dbn])
def test_steps_are_those_of_train_on_batch_and_metrics_their_means(make):
    ours, theirs = make(), make()
    metrics, expected = Stepper(ours, some_codes()).run(BATCHES), by_batches(theirs, BATCHES)
    assert_close(ours, theirs)
    for name in ("loss", "nats") if make is dbn else ("reconstruction",):
        assert metrics[name] == pytest.approx(expected[name], abs=1e-5)


@pytest.mark.parametrize("make", [rbm_with_chains, dbn])
def test_several_runs_are_one_long_run(make):
    """The optimizer's state is carried over, and each run averages its own metrics."""
    ours, theirs = make(), make()
    stepper = Stepper(ours, some_codes())
    stepper.run(BATCHES[:2])
    last = [stepper.run(part) for part in (BATCHES[2:4], BATCHES[4:])][-1]
    by_batches(theirs, BATCHES[:4])
    expected = by_batches(theirs, BATCHES[4:])
    assert int(numpy(ours.optimizer.iterations)) == 7
    assert_close(ours, theirs)
    name = "nats" if make is dbn else "reconstruction"
    assert last[name] == pytest.approx(expected[name], abs=1e-5)


def test_it_goes_on_after_fit_and_fit_after_it():
    ours, theirs = dbn(), dbn()
    for model in (ours, theirs):
        model.fit(some_codes(), batch_size=23, epochs=1, shuffle=False, verbose=0)
    Stepper(ours, some_codes()).run(BATCHES)
    by_batches(theirs, BATCHES)
    assert_close(ours, theirs)
    for model in (ours, theirs):
        model.fit(some_codes(), batch_size=23, epochs=1, shuffle=False, verbose=0)
    assert_close(ours, theirs)
    assert int(numpy(ours.optimizer.iterations)) == 9


def test_states_can_be_trained_on_as_well_as_codes():
    ours, theirs = rbm(), rbm()
    Stepper(ours, numpy(UNITS.expand(tensor(some_codes(), "uint8")))).run(BATCHES)
    Stepper(theirs, some_codes()).run(BATCHES)
    assert_close(ours, theirs)


@pytest.mark.parametrize("make", [rbm_of_sequences, dbn_of_sequences])
def test_on_a_strip_it_does_what_it_does_on_the_windows(make):
    """And what Keras' own loop does on them."""
    starts = np.random.default_rng(7).permutation(25)[:23]
    strip = Strip(some_codes(29), starts, 5)
    models = [make() for _ in range(3)]
    logs = [Stepper(model, data).run(BATCHES) for model, data in zip(models, (strip, strip[:]), strict=False)]
    for rows in BATCHES:
        models[2].train_on_batch(strip[rows])
    for model in models[1:]:
        assert_close(models[0], model)
    assert logs[0] == pytest.approx(logs[1], abs=1e-4)


class Product(keras.Model):
    """(x + shift) W by some product; training it shows the gradients of both factors."""

    def __init__(self, product, W, lead):
        super().__init__()
        self.product = product
        self.W = self.add_weight(shape=W.shape, name="W")
        self.shift = self.add_weight(shape=(*lead, len(W)), initializer="zeros", name="shift")
        self.W.assign(W)

    def call(self, x):
        return self.product(x + self.shift, self.W)


@pytest.mark.parametrize("lead", [(13,), (3, 5)], ids=str)
def test_half_products_and_their_gradients_are_near_those_in_full(lead):
    """Within a hundredth of the largest where sums are in float32, and else within the rounding of 31 terms."""
    near = 1e-2 if keras.backend.backend() == "jax" else 4e-2
    rng, found = np.random.default_rng(3), []
    x, goal = (rng.normal(size=(*lead, size)).astype(np.float32) for size in (31, 7))
    W = rng.normal(size=(31, 7)).astype(np.float32)
    for product in (half_product, keras.ops.matmul):
        model = Product(product, W, lead)
        model.compile(optimizer=keras.optimizers.SGD(1.0), loss="mse")
        model.train_on_batch(x, goal)
        found.append((numpy(product(tensor(x), tensor(W))), numpy(model.W) - W, numpy(model.shift)))
    for half, full in zip(*found, strict=True):
        assert half.dtype == np.float32
        assert 0 < np.abs(half - full).max() < near * np.abs(full).max()


def test_a_machine_with_half_products_learns_nearly_the_same():
    full, half = dbn_of_sequences(), dbn_of_sequences()
    for part in half.parts:
        part.half = True
    codes = some_codes(60).reshape(12, 5, -1)
    losses = [float(network.train_on_batch(codes, return_dict=True)["loss"]) for network in (full, half)]
    assert losses[0] != losses[1]
    assert losses[0] == pytest.approx(losses[1], rel=1e-2)


@pytest.mark.parametrize("soon", [False, True])
def test_compiled_functions_follow_the_weights(soon):
    machine, _ = rbm_and_oracle(UNITS, GROUPS, 3)
    free_energy = compiled(machine, machine.free_energy, soon=soon)
    v = UNITS.expand(tensor(some_codes(3), "uint8"))
    before = numpy(free_energy(v))
    np.testing.assert_allclose(before, numpy(machine.free_energy(v)), atol=1e-5)
    for weight in (machine.W, machine.a, machine.m):
        weight.assign(numpy(weight) * 2)
    after = numpy(free_energy(v))
    np.testing.assert_allclose(after, numpy(machine.free_energy(v)), atol=1e-5)
    assert np.abs(after - before).max() > 0.1


def test_compiled_functions_follow_the_training_and_take_any_shape():
    network = dbn()
    energy = compiled(network, network.energy)
    for rows in (2, 7):
        v = UNITS.expand(tensor(some_codes(rows), "uint8"))
        network.train_on_batch(some_codes())
        np.testing.assert_allclose(numpy(energy(v)), numpy(network.energy(v)), atol=1e-5)
    network.compile(optimizer=keras.optimizers.SGD(0.5))
    network.fit(some_codes(), verbose=0)
    np.testing.assert_allclose(numpy(energy(v)), numpy(network.energy(v)), atol=1e-5)
