"""Machines go to disk and come back, and what was going on goes on."""

import keras
import numpy as np
import pytest

import oracle
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from machines import JOINT, KINDS, dbn_and_oracle, numpy, rbm_and_oracle, tensor, weights

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
OPTIONS = {"held": [0, 1, 0, 0, 0, 1, 0], "k": 2, "seed": 5}


def some_codes(rows=13):
    return np.random.default_rng(3).integers(0, np.maximum(GROUPS, 2), (rows, len(GROUPS))).astype(np.uint8)


def reloaded(model, tmp_path):
    model.save(tmp_path / "machine.keras")
    return keras.saving.load_model(tmp_path / "machine.keras")


def assert_same_weights(one, other):
    assert [weight.path.split("/", 1)[-1] for weight in one.weights] == [
        weight.path.split("/", 1)[-1] for weight in other.weights
    ]
    for ours, theirs in zip(weights(one), weights(other), strict=True):
        assert ours.dtype == theirs.dtype
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", ["bernoulli", "nested"])
def test_an_rbm_comes_back_as_it_was(kind, tmp_path):
    rbm, machine = rbm_and_oracle(*KINDS[kind], 3, chains=5, l2=0.1, weight_scale=0.2)
    again = reloaded(rbm, tmp_path)
    assert isinstance(again, RBM)
    assert again.get_config() == rbm.get_config()
    assert_same_weights(rbm, again)
    v = tensor(oracle.all_states(machine.groups))
    np.testing.assert_array_equal(numpy(again.free_energy(v)), numpy(rbm.free_energy(v)))


def some_sequences(rows=13):
    return np.stack([np.roll(some_codes(rows), shift, axis=0) for shift in range(4)], axis=1)


def start_training(data, **options):
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 3, chains=5, **OPTIONS, **options)
    rbm.start_chains(numpy(UNITS.expand(tensor(data[:5], "uint8"))))
    rbm.compile(optimizer=keras.optimizers.Adam(0.05))
    rbm.train_on_batch(data)
    return rbm


def test_a_machine_with_a_span_and_its_chains_come_back(tmp_path):
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 3, span=3, chains=5, blocks=4)
    rbm.start_chains(np.random.default_rng(1).random((5, 4, UNITS.size)).astype(np.float32))
    again = reloaded(rbm, tmp_path)
    assert again.get_config() == rbm.get_config()
    assert_same_weights(rbm, again)
    v = tensor(oracle.all_states(GROUPS)[:280].reshape(-1, 7, UNITS.size))
    np.testing.assert_array_equal(numpy(again.free_energy(v)), numpy(rbm.free_energy(v)))


def test_persistent_chains_and_random_numbers_go_on_where_they_were(tmp_path):
    """Saved, loaded and trained on: the same bits as trained without a break."""
    data, options = some_sequences(), {"span": 3, "blocks": 4}
    straight, broken = (start_training(data, **options) for _ in range(2))
    broken = reloaded(broken, tmp_path)
    for model in (straight, broken):
        for _ in range(3):
            model.train_on_batch(data)
    assert numpy(broken.key).tolist() == [5, 16]
    assert_same_weights(straight, broken)


@pytest.mark.parametrize("span", [1, 3])
def test_shipped_weights_may_be_half_as_large(tmp_path, span):
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 3, span=span)
    rbm.key.assign([7, 100_003])  # would not fit
    rbm.storage = "float16"
    again = reloaded(rbm, tmp_path)
    for name in "Wabml":
        assert getattr(again, name).dtype == "float32"
        rounded = numpy(getattr(rbm, name)).astype(np.float16).astype(np.float32)
        np.testing.assert_array_equal(numpy(getattr(again, name)), rounded)
    assert numpy(again.key).tolist() == [7, 100_003]


SEQUENCES = {
    "spans": (3, 5),
    "blocks": 4,
    "groupings": [[0, 0, 1, 1, 1], [0, 1, 0, 1, 0]],
    "lines": [0, 1, 1, 0, 2],
    "lateral": True,
    "l2": 0.1,
    "sparsity": 0.2,
    "target": 0.3,
    "centring": 0.4,
}


def network_of(**options):
    network, _ = dbn_and_oracle(
        UNITS, GROUPS, (5, 3), cells=[0, 1, 0, 2, 3, 4, 2], passes=2, dropout=0.25, chains=2, **OPTIONS, **options
    )
    network.key.assign([5, 300])
    return network


@pytest.fixture
def dbn():
    return network_of(**SEQUENCES)


def test_a_dbn_comes_back_as_it_was(dbn, tmp_path):
    again = reloaded(dbn, tmp_path)
    assert isinstance(again, DBN)
    assert again.get_config() == dbn.get_config()
    assert_same_weights(dbn, again)
    v = UNITS.expand(tensor(some_sequences(), "uint8"))
    known = tensor(np.arange(UNITS.size) % 2)
    for method in (DBN.energy, lambda network, v: network.predict_hidden(v, known), DBN.call):
        np.testing.assert_array_equal(numpy(method(again, v)), numpy(method(dbn, v)))
    np.testing.assert_array_equal(
        *(network.generate(7, steps=3, seed=2, blocks=dbn.blocks) for network in (again, dbn))
    )


def test_fine_tuning_goes_on_where_it_was(dbn, tmp_path):
    dbn.compile(optimizer=keras.optimizers.Adam(0.01))
    dbn.train_on_batch(some_sequences())
    again = reloaded(dbn, tmp_path)
    for network in (dbn, again):
        network.train_on_batch(some_sequences())
    assert_same_weights(dbn, again)


@pytest.mark.parametrize("options", [{}, SEQUENCES], ids=["plain", "sequences"])
def test_a_dbn_is_made_again_from_its_configuration(options):
    dbn = network_of(**options)
    config = dbn.get_config()
    again = DBN.from_config(config)
    assert again.get_config() == config
    assert keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(dbn)).get_config() == config
    assert [rbm.get_config() for rbm in again.rbms] == [rbm.get_config() for rbm in dbn.rbms]


def test_a_loaded_machine_can_be_trained_in_one_call(tmp_path):
    again = reloaded(start_training(some_codes()), tmp_path)
    Stepper(again, some_codes()).run(np.arange(12).reshape(4, 3))
    assert numpy(again.key).tolist() == [5, 20]
