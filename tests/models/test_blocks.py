"""Block Gibbs between two layers, against the oracle's chains."""

import numpy as np
import pytest

import oracle
from credo.models import blocks, random
from credo.models.rbm import Parameters
from machines import KINDS, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
SEED = 5


@pytest.mark.parametrize("kind", KINDS)
def test_steps_are_those_of_the_oracle(kind):
    units, groups = KINDS[kind]
    rbm, machine = rbm_and_oracle(units, groups)
    v = oracle.all_states(groups)[::17][:7]
    key = tensor(random.make_key(SEED), "int32")
    found = blocks.run(rbm.layers(), tensor(v), key, 5)
    np.testing.assert_array_equal(numpy(found), oracle.run_chain(machine, v, 5, SEED, 0))
    step = tensor(v)
    for index in range(5):
        step = blocks.step(rbm.layers(), step, random.advance(key, 2 * index))
    np.testing.assert_array_equal(numpy(step), numpy(found))
    assert blocks.run(rbm.layers(), tensor(v), key, 0).shape == v.shape


def test_layers_of_other_numbers_and_of_a_temperature():
    rbm, _ = rbm_and_oracle(*KINDS["joint"])
    v, h = (tensor(np.random.default_rng(1).integers(0, 2, (3, units.size))) for units in (rbm.visible, rbm.hidden))
    zero = Parameters(*(0 * x for x in rbm.constants()))
    plain, warm, empty = rbm.layers(), rbm.layers(temperature=2.0), rbm.layers(zero)
    np.testing.assert_allclose(numpy(plain.h_logits(v)), numpy(rbm.h_logits_from_v(v)), atol=1e-6)
    np.testing.assert_allclose(numpy(warm.h_logits(v)), numpy(plain.h_logits(v)) / 2, atol=1e-6)
    np.testing.assert_allclose(numpy(warm.v_logits(h)), numpy(rbm.v_logits_from_h(h)) / 2, atol=1e-6)
    assert not numpy(empty.v_logits(h)).any()
