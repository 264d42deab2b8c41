"""Learning rates of phases, one after the other."""

import keras
import numpy as np
import pytest

from credo.errors import UsageError
from credo.training.rates import Constant, Cosine, Inverse, Linear, PhasedRate
from machines import numpy

pytestmark = pytest.mark.machine
STEPS = 8
EXPECTED = {
    "constant": (Constant(0.5), [0.5] * 9),
    "linear": (Linear(0.5, end=0.1), np.linspace(0.5, 0.1, 9)),
    "cosine": (Cosine(0.5), 0.25 * (1 + np.cos(np.pi * np.arange(9) / 8))),
    "inverse": (Inverse(0.5, half=4), 0.5 / (1 + np.arange(9) / 4)),
}


@pytest.mark.parametrize("kind", EXPECTED)
def test_a_rate_is_its_formula(kind):
    rate, expected = EXPECTED[kind]
    np.testing.assert_allclose([float(numpy(rate.at(np.float32(t), STEPS))) for t in range(9)], expected, atol=1e-6)


def test_phases_follow_each_other_and_the_last_one_stays_at_its_end():
    phases = PhasedRate([(2, Constant(3.0)), (4, Linear(2.0)), (2, Linear(1.0, end=0.5))])
    again = keras.saving.deserialize_keras_object(keras.saving.serialize_keras_object(phases))
    for schedule in (phases, again):
        got = [float(numpy(schedule(step))) for step in range(11)]
        np.testing.assert_allclose(got, [3, 3, 2, 1.5, 1, 0.5, 1, 0.75, 0.5, 0.5, 0.5], atol=1e-6)


@pytest.mark.once
@pytest.mark.parametrize("make", [lambda: Constant(-1.0), lambda: Linear(0.1, end=float("nan"))])
def test_impossible_rates_are_refused(make):
    with pytest.raises(UsageError, match=r"expected .* got"):
        make()
