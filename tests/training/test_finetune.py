"""Fine-tuning lowers the loss of hidden cells, at the rates it says."""

import numpy as np
import pytest

from credo.evaluation.likelihood.monitor import MaskedLikelihood
from credo.models.dbn import DBN
from credo.training import finetune
from machines import JOINT, dbn_and_oracle, noisy_patterns, numpy

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT


def test_fitting_lowers_the_loss_on_rows_that_are_held_out():
    dbn = DBN(UNITS, (11, 5), dropout=0.2, seed=1)
    monitor = MaskedLikelihood(dbn, noisy_patterns(256, seed=4))
    before = monitor()
    finetune.prepare(dbn, steps=8 * 30, rate=0.03, warmup=20)
    history = dbn.fit(noisy_patterns(503), batch_size=64, epochs=30, verbose=0).history
    assert before == pytest.approx((2 * np.log(3) + 5 * np.log(2)) / 7, abs=0.05)  # at first it knows nothing
    assert monitor() < 0.65 * before
    assert history["nats"][-1] < history["nats"][0]
    assert history["loss"][-1] < history["loss"][0]


def rates(steps, **options):
    """The learning rate of each step."""
    dbn = DBN(UNITS, (3,))
    finetune.prepare(dbn, steps=steps, **options)
    schedule = dbn.optimizer._learning_rate
    return np.array([float(numpy(schedule(step))) for step in range(steps + 1)])


def test_the_rate_rises_falls_and_ends_at_nothing():
    got = rates(50, rate=0.1, warmup=10)
    np.testing.assert_allclose(got[[0, 5, 10]], [0, 0.05, 0.1], atol=1e-6)
    assert np.all(np.diff(got[10:]) < 0)
    assert got[30] == pytest.approx(0.05, abs=1e-6)
    assert got[50] == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_short_trainings_warm_up_for_half_of_their_steps_at_most(steps):
    got = rates(steps, rate=0.1)
    assert got.max() == pytest.approx(0.1)
    assert np.argmax(got) == steps // 2


def test_weights_decay_and_biases_do_not():
    networks = [dbn_and_oracle(UNITS, GROUPS, (5, 3), scale=0.5)[0] for _ in range(2)]
    for network, decay in zip(networks, (0.0, 0.25), strict=True):
        finetune.prepare(network, steps=1, rate=0.1, decay=decay)
        network.train_on_batch(noisy_patterns(13))
    start = dbn_and_oracle(UNITS, GROUPS, (5, 3), scale=0.5)[0]
    for before, plain, decayed in zip(start.rbms, *(network.rbms for network in networks), strict=True):
        expected = -0.1 * 0.25 * numpy(before.W)
        np.testing.assert_allclose(numpy(decayed.W) - numpy(plain.W), expected, atol=1e-5)
        np.testing.assert_allclose(numpy(decayed.a), numpy(plain.a), atol=1e-6)
        np.testing.assert_allclose(numpy(decayed.b), numpy(plain.b), atol=1e-6)


def test_preparing_leaves_the_weights_as_they_are():
    """Fine-tuning begins where pretraining ended."""
    dbn, _ = dbn_and_oracle(UNITS, GROUPS, (5, 3))
    before = [numpy(weight) for weight in dbn.weights]
    finetune.prepare(dbn, steps=10)
    for weight, value in zip(dbn.weights, before, strict=True):
        np.testing.assert_array_equal(numpy(weight), value)
