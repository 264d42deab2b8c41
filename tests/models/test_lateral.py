"""Couplings among visible units: symmetric, none inside a code, to neighbours both ways, saved with the network."""

import keras
import numpy as np
import pytest

from credo.models.dbn import DBN
from credo.models.folder import load_model, save_model
from credo.models.lateral import Lateral
from credo.models.units import Bernoulli, Joint, Softmax
from machines import numpy, stir, tensor

pytestmark = pytest.mark.machine
UNITS = Joint([Softmax(2, 3), Bernoulli(2)])
CODES = np.array([0, 0, 0, 1, 1, 1, 2, 3])
N, L = 8, 5


def stirred(*, neighbours=True, seed=1):
    lateral, rng = Lateral(UNITS, neighbours=neighbours), np.random.default_rng(seed)
    for variable in lateral.weights:
        variable.assign(rng.normal(size=variable.shape).astype(np.float32))
    return lateral


def dense(lateral):
    """All couplings of a sequence of L blocks as one symmetric matrix."""
    J, K = numpy(lateral.J), numpy(lateral.K)
    matrix = np.zeros((L, N, L, N))
    for block in range(L):
        matrix[block, :, block] = np.where(CODES[:, None] == CODES, 0, J + J.T)
        if block + 1 < L:
            matrix[block, :, block + 1] = K
            matrix[block + 1, :, block] = K.T
    return matrix.reshape(L * N, L * N)


def test_the_field_is_that_of_one_symmetric_matrix_without_couplings_inside_a_code():
    lateral, x = stirred(), np.random.default_rng(2).normal(size=(3, L, N))
    matrix = dense(lateral)
    np.testing.assert_array_equal(matrix, matrix.T)
    expected = (x.reshape(3, -1) @ matrix).reshape(3, L, N)
    np.testing.assert_allclose(numpy(lateral.field(tensor(x))), expected, rtol=1e-4, atol=1e-4)


def test_without_neighbours_each_block_hears_itself_alone():
    lateral, x = stirred(neighbours=False), np.random.default_rng(2).normal(size=(3, N))
    assert lateral.K is None
    J = numpy(lateral.J)
    np.testing.assert_allclose(
        numpy(lateral.field(tensor(x))), x @ np.where(CODES[:, None] == CODES, 0, J + J.T), rtol=1e-4, atol=1e-4
    )


def network(**options):
    dbn = DBN(UNITS, (6, 4), spans=(3, 1), lateral=True, seed=5, **options)
    for depth, rbm in enumerate(dbn.rbms):
        stir(rbm, depth, scale=0.5, centred=True)
    for variable in dbn.lateral.weights:
        variable.assign(np.random.default_rng(9).normal(size=variable.shape).astype(np.float32))
    return dbn


def test_predictions_hear_what_is_known_and_nothing_of_what_is_hidden():
    dbn, rng = network(), np.random.default_rng(3)
    codes = rng.integers(0, (3, 3, 2, 2), (1, L, 4))
    v = numpy(dbn.visible.expand(tensor(codes, "int32")))
    known = np.ones((1, L, 4), np.float32)
    known[0, 2, 1] = 0
    units = numpy(dbn.visible.spread(tensor(known)))
    before = numpy(dbn.predict_hidden(tensor(v), tensor(units)))
    other = v.copy()
    other[0, 2, 3:6] = np.roll(other[0, 2, 3:6], 1)  # the hidden code
    np.testing.assert_allclose(numpy(dbn.predict_hidden(tensor(other), tensor(units))), before, atol=1e-5)
    dbn.lateral.J.assign(np.zeros((N, N), np.float32))
    dbn.lateral.K.assign(np.zeros((N, N), np.float32))
    without = numpy(dbn.predict_hidden(tensor(v), tensor(units)))
    heard = ((units * (v - numpy(dbn.rbms[0].m))).reshape(1, -1) @ dense(network().lateral)).reshape(1, L, N)
    np.testing.assert_allclose(before, without + heard, rtol=1e-4, atol=1e-4)


def test_training_moves_the_couplings_and_learns_what_only_they_can_say():
    """Two bits that are always equal, and hidden units that are switched off."""
    dbn = DBN(Bernoulli(2), (1,), lateral=True, seed=1)
    for variable in (dbn.rbms[0].W, dbn.rbms[0].a, dbn.rbms[0].b):
        variable.trainable = False
    dbn.rbms[0].W.assign(np.zeros((2, 1), np.float32))
    dbn.rbms[0].m.assign(np.full(2, 0.5, np.float32))
    dbn.compile(optimizer=keras.optimizers.Adam(0.1))
    bits = np.random.default_rng(1).integers(0, 2, (512, 1)).astype(np.float32)
    dbn.fit(np.repeat(bits, 2, 1), batch_size=64, epochs=10, verbose=0)
    assert numpy(dbn.lateral.J)[0, 1] + numpy(dbn.lateral.J)[1, 0] > 3


@pytest.mark.parametrize("half", [False, True])
def test_couplings_are_saved_with_the_model(tmp_path, half):
    dbn = network()
    save_model(dbn, {"texture": {}}, tmp_path / "model", half=half)
    loaded = load_model(tmp_path / "model")[0]
    for name in ("J", "K"):
        tolerance = 2e-3 if half else 0
        np.testing.assert_allclose(
            numpy(getattr(loaded.lateral, name)), numpy(getattr(dbn.lateral, name)), rtol=tolerance, atol=tolerance / 10
        )
