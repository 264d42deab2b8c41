"""Which cells fine-tuning hides, and the loss that it lowers, against NumPy with the same random numbers."""

import keras
import numpy as np
import pytest

import oracle
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.models.units import Bernoulli
from machines import JOINT, dbn_and_oracle, numpy, tensor

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
HELD = [0, 1, 0, 0, 0, 1, 0]
CELLS = [0, 1, 0, 2, 3, 4, 2]  # codes 0 and 2 are a cell, 3 and 6 another
SEED, B, L = 17, 13, 5
KEY = [SEED, 0]
GROUPINGS = [[0, 0, 1, 1, 1], [0, 1, 0, 1, 0]]  # of the five cells
LINES = [0, 1, 1, 0, 2]
FREE = np.array([1, 0, 1, 1, 0], bool)  # the cells that are not held
SPANS = (3, 5)


def draw_mask(dbn, lead, counter=0, **options):
    draw = compiled(dbn, lambda key: dbn.draw_mask(lead, key, **options))  # sooner done than compiled piece by piece
    return tuple(numpy(x) for x in draw(tensor([SEED, counter], "int32")))


def numpy_mask(lead, counter=0, groupings=(), lines=None):
    """Whether each code is known, and how many cells are hidden, without those that are held."""
    rows, first = lead[0], (lead[0],) + (1,) * (len(lead) - 1)  # what a row draws once for all its blocks
    share = oracle.uniform(SEED, counter, (*first, 1))
    cells = oracle.uniform(SEED, counter + 1, (*lead, 5))
    draws = [cells < share]
    for number, grouping in enumerate(groupings, 1):
        whole, part = (oracle.uniform(SEED, counter + place + 2 * number, (*lead, 2)) for place in (2, 3))
        draws.append((whole < share)[..., grouping] & (cells < np.minimum(4 * part, 1)[..., grouping]))
    if lines:
        voices = oracle.uniform(SEED, counter + 3, (*first, 3)) < share
        draws.append(np.broadcast_to(voices[..., lines], cells.shape))
    choice = (oracle.uniform(SEED, counter + 2, (rows,)) * len(draws)).astype(int)
    hidden = np.stack(draws)[choice, np.arange(rows)] & FREE
    return 1 - hidden[..., CELLS], np.maximum(hidden.reshape(rows, -1).sum(axis=1), 1), choice


def stack(**options):
    return dbn_and_oracle(UNITS, GROUPS, (5, 3), seed=SEED, held=HELD, cells=CELLS, **options)


def some_codes(lead=(B,)):
    return np.random.default_rng(2).integers(0, np.maximum(GROUPS, 2), (*lead, len(GROUPS))).astype(np.uint8)


@pytest.mark.parametrize("lead", [(101,), (101, L)], ids=str)
def test_masks_are_those_of_numpy(lead):
    dbn, _ = stack(groupings=GROUPINGS, lines=LINES)
    for counter in (0, 3, 6):
        for got, expected in zip(draw_mask(dbn, lead, counter), numpy_mask(lead, counter)[:2], strict=True):
            np.testing.assert_array_equal(got, expected)


def test_held_codes_are_never_hidden_and_the_codes_of_a_cell_go_together():
    lead = (401, L)
    for grouped in (False, True):
        known, hidden = draw_mask(stack(groupings=GROUPINGS, lines=LINES)[0], lead, grouped=grouped)
        assert np.all(known[..., np.array(HELD, bool)] == 1)
        np.testing.assert_array_equal(known[..., 0], known[..., 2])
        np.testing.assert_array_equal(known[..., 3], known[..., 6])
        assert set(np.unique(known)) == {0, 1}
        cells = (1 - known)[..., [0, 3, 4]].reshape(lead[0], -1)
        np.testing.assert_array_equal(hidden, np.maximum(cells.sum(axis=1), 1))


@pytest.mark.parametrize("blocks", [0, 3])
def test_the_hidden_share_is_uniform_between_none_and_all(blocks):
    """With a uniform share every number of hidden cells is as likely; one good draw in ten thousand fails."""
    dbn, rows = DBN(Bernoulli(11), (3,)), 12_007
    known, _ = draw_mask(dbn, (rows, blocks) if blocks else (rows,))
    cells = known.reshape(rows, -1)
    counts = np.bincount((1 - cells).sum(axis=1).astype(int), minlength=cells.shape[1] + 1)
    expected = np.full(len(counts), rows / len(counts))
    assert oracle.chi_square(counts, expected) < oracle.chi_square_limit(len(counts))
    assert np.all(np.abs(cells.mean(axis=0) - 0.5) < 4.5 * 0.5 / np.sqrt(rows))


@pytest.mark.parametrize(("lead", "lines"), [((2003,), LINES), ((2003, L), None)], ids=["with lines", "without lines"])
def test_rows_hide_single_cells_or_groups_or_lines_equally_often(lead, lines):
    dbn = stack(groupings=GROUPINGS, lines=lines)[0]
    known, hidden = draw_mask(dbn, lead, grouped=True)
    expected, number, choice = numpy_mask(lead, groupings=GROUPINGS, lines=lines)
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(hidden, number)
    kinds = 3 + (lines is not None)
    p = 1 / kinds
    assert np.all(np.abs(np.bincount(choice) - lead[0] * p) < 4 * np.sqrt(lead[0] * p * (1 - p)))
    alone = draw_mask(dbn, lead)[0]
    np.testing.assert_array_equal(alone, draw_mask(stack()[0], lead)[0])  # monitors hide single cells


def test_lines_are_hidden_in_all_blocks_of_a_row():
    dbn = stack(groupings=GROUPINGS, lines=LINES)[0]
    known, _ = draw_mask(dbn, (2003, L), grouped=True)
    whole = known[numpy_mask((2003, L), groupings=GROUPINGS, lines=LINES)[2] == 3]
    np.testing.assert_array_equal(whole, np.repeat(whole[:, :1], L, axis=1))
    np.testing.assert_array_equal(whole[:, :, 0], whole[:, :, 4])  # of the same line
    assert np.any(whole[:, :, 0] != whole[:, :, 3])


def test_three_quarters_of_the_groups_are_hidden_whole():
    """In a quarter of them a share is, uniform between none and all."""
    dbn = DBN(Bernoulli(7), (3,), groupings=[np.zeros(7, int)])
    known, _ = draw_mask(dbn, (24_001,), grouped=True)
    choice = (oracle.uniform(SEED, 2, (24_001,)) * 2).astype(int)
    touched = oracle.uniform(SEED, 4, (24_001,)) < oracle.uniform(SEED, 0, (24_001,))
    cells = known[(choice == 1) & touched]
    assert np.all(known[(choice == 1) & ~touched] == 1)
    counts = np.bincount(cells.sum(axis=1).astype(int), minlength=8)
    expected = np.full(8, len(cells) / 4 / 8) + np.append(len(cells) * 3 / 4, np.zeros(7))
    assert oracle.chi_square(counts, expected) < oracle.chi_square_limit(8)


CASES = [((B,), None, ()), ((B, L), (1, 1), GROUPINGS), ((B, L), SPANS, GROUPINGS)]


@pytest.mark.parametrize(("lead", "spans", "groupings"), CASES, ids=str)
def test_the_loss_is_the_nats_of_hidden_cells_with_the_same_masks(lead, spans, groupings):
    """Of sequences, too: the network with spans is a plain one with banded weights."""
    lines, blocks = LINES if groupings else None, lead[1] if len(lead) > 1 else 1
    dbn, machines = stack(spans=spans, groupings=groupings, lines=lines)
    machines = [machine.over(blocks) for machine in machines]
    codes, draws = some_codes(lead), 5 + 2 * len(groupings)
    v = oracle.expand(codes.reshape(B, -1), machines[0].groups)
    for step in range(2):
        known, hidden, _ = numpy_mask(lead, draws * step, groupings, lines)
        nats = oracle.hidden_nats(machines, v, known.reshape(B, -1))
        dbn.nats.reset_state()
        loss = float(numpy(dbn.compute_loss(tensor(codes, "uint8"))))
        assert loss == pytest.approx(np.mean(nats / hidden), abs=1e-5)
        assert float(dbn.nats.result()) == pytest.approx(nats.sum() / hidden.sum(), abs=1e-5)
        assert numpy(dbn.key).tolist() == [SEED, draws * (step + 1)]


def test_states_give_the_same_loss_as_codes():
    codes = some_codes()
    losses = [
        float(numpy(stack()[0].compute_loss(x))) for x in (tensor(codes, "uint8"), tensor(oracle.expand(codes, GROUPS)))
    ]
    assert losses[0] == losses[1]


@pytest.mark.parametrize(("lead", "spans"), [((B,), None), ((B, L), SPANS)], ids=str)
def test_dropout_is_on_in_training_only(lead, spans):
    dbn, machines = stack(dropout=0.4, spans=spans)
    machines = [machine.over(lead[1] if len(lead) > 1 else 1) for machine in machines]
    codes = some_codes(lead)
    v = oracle.expand(codes.reshape(B, -1), machines[0].groups)
    known, hidden, _ = numpy_mask(lead)
    keep = (oracle.uniform(SEED, 4, (B, len(machines[0].b))) >= np.float32(0.4)) / 0.6
    nats = {flag: oracle.hidden_nats(machines, v, known.reshape(B, -1), keep if flag else 1) for flag in (True, False)}
    expected = {flag: np.mean(each / hidden) for flag, each in nats.items()}
    assert abs(expected[True] - expected[False]) > 0.01
    for flag in (True, False):
        dbn.key.assign(KEY)
        loss = float(numpy(dbn.compute_loss(tensor(codes, "uint8"), training=flag)))
        assert loss == pytest.approx(expected[flag], abs=1e-5)
    dbn.compile(optimizer=keras.optimizers.SGD(0.0))
    dbn.key.assign(KEY)
    assert dbn.evaluate(codes, batch_size=B, verbose=0, return_dict=True)["loss"] == pytest.approx(
        expected[False], abs=1e-5
    )
    dbn.key.assign(KEY)
    assert float(dbn.train_on_batch(codes, return_dict=True)["loss"]) == pytest.approx(expected[True], abs=1e-5)


@pytest.mark.parametrize(("lead", "spans"), [((B,), None), ((B, L), SPANS)], ids=str)
def test_the_gradient_is_that_of_the_loss(lead, spans):
    """Finite differences of the NumPy loss, in a few directions."""
    dbn, machines = stack(spans=spans)
    blocks, codes = lead[1] if len(lead) > 1 else 1, some_codes(lead)
    known, hidden, _ = numpy_mask(lead)
    v, rng = oracle.expand(codes.reshape(B, -1), GROUPS * blocks), np.random.default_rng(9)

    def loss(low, top):
        return np.mean(oracle.hidden_nats([low.over(blocks), top.over(blocks)], v, known.reshape(B, -1)) / hidden)

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
