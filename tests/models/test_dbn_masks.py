"""Which cells fine-tuning hides, and the loss that it lowers, against NumPy with the same random numbers."""

import keras
import numpy as np
import pytest

import oracle
from credo.models import random
from credo.models.dbn import DBN
from credo.models.units import Bernoulli
from machines import JOINT, dbn_and_oracle, numpy, tensor

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
HELD = [0, 1, 0, 0, 0, 1, 0]
CELLS = [0, 1, 0, 2, 3, 4, 2]  # codes 0 and 2 are a cell, 3 and 6 another
SEED, B = 17, 13


def draw_mask(dbn, rows, seed=SEED, counter=0):
    key = random.advance(random.make_key(seed), counter)
    return tuple(numpy(x) for x in dbn.draw_mask(rows, tensor(numpy(key), "int32")))


def numpy_mask(rows, seed=SEED, counter=0):
    """The cells hidden, without those that are held; and whether each code is known."""
    share = oracle.uniform(seed, counter, (rows, 1))
    hidden = (oracle.uniform(seed, counter + 1, (rows, 5)) < share) & np.array([1, 0, 1, 1, 0], bool)
    return 1 - hidden[:, CELLS], np.maximum(hidden.sum(axis=1), 1)


def stack(**options):
    return dbn_and_oracle(UNITS, GROUPS, (5, 3), seed=SEED, held=HELD, cells=CELLS, **options)


def some_codes(rows=B):
    return np.random.default_rng(2).integers(0, np.maximum(GROUPS, 2), (rows, len(GROUPS))).astype(np.uint8)


def loss_of_rows(machines, v, known, keep=1):
    """-log P of the codes that are not known, in one pass; nats a row. `keep` is the dropout of the first layer."""

    def sigmoid(x):
        return 1 / (1 + np.exp(-x))

    low, top = machines
    field = (np.where(np.repeat(known, GROUPS, axis=1), v, low.m) - low.m) @ low.W
    h = low.l + (sigmoid(low.b + field) - low.l) * keep
    h = sigmoid(top.b + (h - top.m) @ top.W)
    h = low.l + (sigmoid(top.a + (h - top.l) @ top.W.T + field) - low.l) * keep
    logits = low.a + (h - low.l) @ low.W.T
    nats, end = np.zeros(len(v)), 0
    for g, size in enumerate(GROUPS):
        start, end = end, end + size
        part, state = logits[:, start:end], v[:, start:end]
        log_z = np.log1p(np.exp(part[:, 0])) if size == 1 else np.log(np.exp(part).sum(axis=1))
        nats -= np.where(known[:, g], 0, np.sum(part * state, axis=1) - log_z)
    return nats


def test_masks_are_those_of_numpy():
    dbn, _ = stack()
    for counter in (0, 3, 6):
        for got, expected in zip(draw_mask(dbn, 101, counter=counter), numpy_mask(101, counter=counter), strict=True):
            np.testing.assert_array_equal(got, expected)


def test_held_codes_are_never_hidden_and_the_codes_of_a_cell_go_together():
    known, hidden = draw_mask(stack()[0], 2003)
    assert np.all(known[:, np.array(HELD, bool)] == 1)
    np.testing.assert_array_equal(known[:, 0], known[:, 2])
    np.testing.assert_array_equal(known[:, 3], known[:, 6])
    assert set(np.unique(known)) == {0, 1}
    np.testing.assert_array_equal(hidden, np.maximum((1 - known)[:, [0, 3, 4]].sum(axis=1), 1))


def test_the_hidden_share_is_uniform_between_none_and_all():
    """With a uniform share every number of hidden cells is as likely; one good draw in ten thousand fails."""
    dbn = DBN(Bernoulli(11), (3,))
    known, _ = draw_mask(dbn, 12_007)
    counts = np.bincount((1 - known).sum(axis=1).astype(int), minlength=12)
    assert oracle.chi_square(counts, np.full(12, len(known) / 12)) < oracle.chi_square_limit(12)
    per_code = known.mean(axis=0)
    assert np.all(np.abs(per_code - 0.5) < 4.5 * 0.5 / np.sqrt(len(known)))


GROUPINGS = [[0, 0, 1, 1, 1], [0, 1, 0, 1, 0]]


def test_groups_of_cells_are_hidden_together_in_their_share_of_the_rows():
    """A third of the rows by single cells, a third by each partition; held cells stay known."""
    rows, dbn = 2003, stack(groupings=GROUPINGS)[0]
    key = tensor([SEED, 0], "int32")
    known, hidden = (numpy(x) for x in dbn.draw_mask(rows, key, grouped=True))
    share = oracle.uniform(SEED, 0, (rows, 1))
    choice = (oracle.uniform(SEED, 3, (rows,)) * 3).astype(int)
    draws = [oracle.uniform(SEED, 1, (rows, 5)) < share]
    for number, grouping in enumerate(GROUPINGS, 1):
        draws.append((oracle.uniform(SEED, 3 + number, (rows, 2)) < share)[:, grouping])
    cells = np.stack(draws)[choice, np.arange(rows)] & np.array([1, 0, 1, 1, 0], bool)
    np.testing.assert_array_equal(known, 1 - cells[:, CELLS])
    np.testing.assert_array_equal(hidden, np.maximum(cells.sum(axis=1), 1))
    assert np.all(np.abs(np.bincount(choice) - rows / 3) < 4 * np.sqrt(rows * 2 / 9))
    alone = numpy(dbn.draw_mask(rows, key)[0])
    np.testing.assert_array_equal(alone, draw_mask(stack()[0], rows)[0])  # monitors hide single cells


def test_the_loss_hides_groups_where_there_are_some():
    dbn, machines = stack(groupings=GROUPINGS)
    codes = some_codes()
    known, hidden = (numpy(x) for x in dbn.draw_mask(B, tensor([SEED, 0], "int32"), grouped=True))
    nats = loss_of_rows(machines, oracle.expand(codes, GROUPS), known)
    assert float(numpy(dbn.compute_loss(tensor(codes, "uint8")))) == pytest.approx(np.mean(nats / hidden), abs=1e-5)
    assert numpy(dbn.key).tolist() == [SEED, 4 + len(GROUPINGS)]


def test_the_loss_is_the_nats_of_hidden_cells_with_the_same_masks():
    dbn, machines = stack()
    codes = some_codes()
    for step in range(3):
        known, hidden = numpy_mask(B, counter=3 * step)
        nats = loss_of_rows(machines, oracle.expand(codes, GROUPS), known)
        dbn.nats.reset_state()
        loss = float(numpy(dbn.compute_loss(tensor(codes, "uint8"))))
        assert loss == pytest.approx(np.mean(nats / hidden), abs=1e-5)
        assert float(dbn.nats.result()) == pytest.approx(nats.sum() / hidden.sum(), abs=1e-5)
        assert numpy(dbn.key).tolist() == [SEED, 3 * step + 3]


def test_states_give_the_same_loss_as_codes():
    codes = some_codes()
    losses = [
        float(numpy(stack()[0].compute_loss(x))) for x in (tensor(codes, "uint8"), tensor(oracle.expand(codes, GROUPS)))
    ]
    assert losses[0] == losses[1]


def test_dropout_is_on_in_training_only():
    dbn, machines = stack(dropout=0.4)
    codes, v = some_codes(), oracle.expand(some_codes(), GROUPS)
    known, hidden = numpy_mask(B)
    keep = (oracle.uniform(SEED, 2, (B, 5)) >= np.float32(0.4)) / 0.6
    expected = {flag: np.mean(loss_of_rows(machines, v, known, keep if flag else 1) / hidden) for flag in (True, False)}
    assert abs(expected[True] - expected[False]) > 0.01
    for flag in (True, False):
        dbn.key.assign([SEED, 0])
        loss = float(numpy(dbn.compute_loss(tensor(codes, "uint8"), training=flag)))
        assert loss == pytest.approx(expected[flag], abs=1e-5)
    dbn.compile(optimizer=keras.optimizers.SGD(0.0))
    dbn.key.assign([SEED, 0])
    assert dbn.evaluate(codes, batch_size=B, verbose=0, return_dict=True)["loss"] == pytest.approx(
        expected[False], abs=1e-5
    )
    dbn.key.assign([SEED, 0])
    assert float(dbn.train_on_batch(codes, return_dict=True)["loss"]) == pytest.approx(expected[True], abs=1e-5)


def test_the_gradient_is_that_of_the_loss():
    """Finite differences of the NumPy loss, in a few directions."""
    dbn, machines = stack()
    codes = some_codes()
    known, hidden = numpy_mask(B)
    v, rng = oracle.expand(codes, GROUPS), np.random.default_rng(9)

    def loss(low, top):
        return np.mean(loss_of_rows([low, top], v, known) / hidden)

    dbn.compile(optimizer=keras.optimizers.SGD(1.0))
    dbn.train_on_batch(codes)
    for depth, name in [(0, "W"), (0, "a"), (0, "b"), (1, "W"), (1, "a"), (1, "b")]:
        before = getattr(machines[depth], name)
        gradient = before - numpy(getattr(dbn.rbms[depth], name))
        direction = rng.normal(size=before.shape)
        ends = []
        for sign in (1, -1):
            moved = list(machines)
            moved[depth] = moved[depth]._replace(**{name: before + sign * 1e-4 * direction})
            ends.append(loss(*moved))
        assert np.sum(gradient * direction) == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=1e-4)
