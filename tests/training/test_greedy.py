"""Greedy pretraining: batches, what a layer hands to the next, and that it learns."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import oracle
from credo.errors import UsageError
from credo.models.dbn import DBN
from credo.models.rbm import RBM
from credo.strips import Strip
from credo.training import greedy
from credo.training.contrastive import Phase
from credo.training.greedy import batch_rows, layer_data, prepare_layer, pretrain
from machines import JOINT, noisy_patterns, numpy, rbm_and_oracle, tensor

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT


@given(st.integers(1, 50), st.integers(1, 60), st.integers(0, 5), st.integers(0, 9))
@settings(deadline=None)
def test_no_row_comes_twice_in_an_epoch_and_all_come_where_the_batch_divides_them(rows, batch, epoch, seed):
    size = min(batch, rows)
    per_epoch = rows // size
    chosen = batch_rows(rows, batch, range(epoch * per_epoch, (epoch + 1) * per_epoch), seed)
    assert chosen.shape == (per_epoch, size)
    assert len(np.unique(chosen)) == chosen.size == rows - rows % size
    assert chosen.min() >= 0
    assert chosen.max() < rows


@given(st.integers(0, 40), st.integers(1, 20), st.integers(0, 9))
@settings(deadline=None)
def test_a_step_has_the_same_rows_wherever_one_begins(start, count, seed):
    whole = batch_rows(23, 5, range(start + count), seed)
    np.testing.assert_array_equal(batch_rows(23, 5, range(start, start + count), seed), whole[start:])


def test_epochs_and_seeds_have_orders_of_their_own():
    first, second = batch_rows(23, 23, range(2), 0)
    assert not np.array_equal(first, second)
    assert not np.array_equal(first, batch_rows(23, 23, range(1), 1)[0])


def test_rows_left_out_of_one_epoch_come_in_others():
    assert len(np.unique(batch_rows(23, 5, range(4 * 20), 0))) == 23


def test_a_prepared_layer_is_at_the_mean_of_the_data():
    codes = noisy_patterns(211)
    mean = oracle.expand(codes, GROUPS).mean(axis=0)
    rbm = RBM(UNITS, 3, weight_scale=0.0, chains=7)
    prepare_layer(rbm, codes, steps=10, rate=0.25)
    np.testing.assert_allclose(numpy(rbm.mean_v_from_h(tensor([[0, 1, 0]])))[0], mean, atol=1e-3)
    np.testing.assert_allclose(numpy(rbm.m), mean, atol=1e-6)
    rows = {tuple(row) for row in oracle.expand(codes, GROUPS)}
    assert all(tuple(chain) in rows for chain in numpy(rbm.chain))
    assert len(np.unique(numpy(rbm.chain), axis=0)) > 1
    assert float(numpy(rbm.optimizer.learning_rate)) == pytest.approx(0.25)


def test_a_layer_hands_on_samples_of_its_hidden_units():
    """1024 rows are drawn at a time, each time with a key of its own."""
    rbm, machine = rbm_and_oracle(UNITS, GROUPS, 5)
    codes = noisy_patterns(1024 + 31)
    drawn = layer_data(rbm, codes, seed=2)
    assert drawn.dtype == np.uint8
    p = 1 / (1 + np.exp(-(machine.b + (oracle.expand(codes, GROUPS) - machine.m) @ machine.W)))
    u = np.concatenate([oracle.uniform(2 * 1_000_003 + part, 0, (1024, 5)) for part in (0, 1)])[: len(codes)]
    np.testing.assert_array_equal(drawn, u < p)
    np.testing.assert_array_equal(layer_data(rbm, oracle.expand(codes, GROUPS).astype(np.float32), seed=2), drawn)
    assert not np.array_equal(layer_data(rbm, codes, seed=3), drawn)


def some_strip(blocks=53, length=7, seed=3):
    starts = np.random.default_rng(seed).permutation(blocks - length + 1)
    return Strip(noisy_patterns(blocks, seed), starts, length)


@pytest.mark.parametrize("span", [1, 5])
def test_of_a_strip_a_layer_hands_on_a_strip_drawn_once_for_each_block(span, monkeypatch):
    """16 blocks at a time; in the middle of a window its blocks are drawn as from the window alone."""
    monkeypatch.setattr(greedy, "_BLOCKS", 16)
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 5, span=span)
    strip, reach = some_strip(), span // 2
    drawn = layer_data(rbm, strip, seed=2)
    assert drawn.blocks.shape == (53, 5)
    assert drawn.blocks.dtype == np.uint8
    np.testing.assert_array_equal(drawn.starts, strip.starts)
    parts = [oracle.uniform(2 * 1_000_003 + part, 0, (16 + 2 * reach, 5))[reach : reach + 16] for part in range(4)]
    u = Strip(np.concatenate(parts)[:53], strip.starts, strip.length)[:]
    means = numpy(rbm(tensor(strip[:], "uint8")))
    middle = slice(reach, strip.length - reach)
    np.testing.assert_array_equal(drawn[:][:, middle], (u < means)[:, middle])
    assert not np.array_equal(layer_data(rbm, strip, seed=3).blocks, drawn.blocks)


def test_of_windows_a_layer_hands_on_windows():
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 5, span=3)
    windows = some_strip(1024 + 31 + 6)[:]
    u = np.concatenate([oracle.uniform(2 * 1_000_003 + part, 0, (1024, 7, 5)) for part in (0, 1)])[: len(windows)]
    np.testing.assert_array_equal(layer_data(rbm, windows, seed=2), u < numpy(rbm(tensor(windows, "uint8"))))


def test_a_layer_prepared_for_a_strip_is_one_prepared_for_its_windows():
    ours, theirs = (RBM(UNITS, 3, span=3, chains=7, blocks=7) for _ in range(2))
    prepare_layer(ours, some_strip(), steps=10)
    prepare_layer(theirs, some_strip()[:], steps=10)
    for name in ("W", "a", "b", "m", "l", "chain"):
        np.testing.assert_array_equal(numpy(getattr(ours, name)), numpy(getattr(theirs, name)))
    windows = {row.tobytes() for row in numpy(UNITS.expand(tensor(some_strip()[:], "uint8")))}
    assert all(chain.tobytes() in windows for chain in numpy(ours.chain))


def test_a_network_of_sequences_is_pretrained_on_a_strip():
    """Every other block is the same pattern: with the blocks around it, a hidden one is better known."""
    codes = noisy_patterns(600)
    codes[1::2] = codes[::2]
    strip = Strip(codes, np.arange(0, 590, 2), 8)
    dbn = DBN(UNITS, (7, 5), spans=(3, 3), chains=16, blocks=8, seed=1)
    told = []
    pretrain(dbn, strip, epochs=12, batch=32, rate=0.03, progress=lambda *arguments: told.append(arguments))
    assert [(depth, epoch) for depth, epoch, _ in told] == [(d, e) for d in (1, 2) for e in range(1, 13)]
    assert all(np.isfinite(metrics["reconstruction"]) for *_, metrics in told)
    v, known = UNITS.expand(tensor(strip[:], "uint8")), np.ones((8, UNITS.size))
    known[4] = 0
    around = numpy(UNITS.log_prob(tensor(strip[:], "uint8"), dbn.predict_hidden(v, tensor(known))))[:, 4].mean()
    nothing = numpy(UNITS.log_prob(tensor(strip[:], "uint8"), dbn.predict_hidden(v, tensor(0 * known))))[:, 4].mean()
    assert around > nothing + 0.05


def test_what_a_layer_hands_on_follows_its_weights():
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, 5)
    codes = noisy_patterns(31)
    before = layer_data(rbm, codes, seed=2)
    rbm.b.assign(numpy(rbm.b) + 100)
    assert layer_data(rbm, codes, seed=2).all()
    assert not before.all()


def log_likelihood(dbn, codes):
    """Mean over rows of log P(v), by enumeration."""
    layers = [GROUPS, *((1,) * size for size in dbn.layer_sizes[:-1])]
    machines = [oracle.Machine.of(rbm, groups) for rbm, groups in zip(dbn.rbms, layers, strict=True)]
    return np.log(oracle.dbn_p_v(machines)[oracle.state_numbers(oracle.expand(codes, GROUPS), GROUPS)]).mean()


@pytest.mark.parametrize("chains", [0, 64])
def test_pretraining_makes_the_data_likelier(chains):
    """Exactly: the log likelihood of rows that were not trained on, of the whole two-layer network."""
    train, valid = noisy_patterns(512), noisy_patterns(512, seed=4)
    dbn, told = DBN(UNITS, (5, 3), chains=chains, seed=1), []
    independent = np.sum([np.log(np.bincount(code, minlength=3)[code] / 512).mean() for code in valid.T])
    pretrain(dbn, train, epochs=24, batch=64, rate=0.03, progress=lambda *arguments: told.append(arguments))
    assert log_likelihood(dbn, valid) > independent + 1.2  # it knows which codes go together
    assert [(depth, epoch) for depth, epoch, _ in told] == [(d, e) for d in (1, 2) for e in range(1, 25)]
    assert told[23][2]["reconstruction"] < told[0][2]["reconstruction"]


def test_states_are_pretrained_like_codes():
    codes = noisy_patterns(64)
    networks = [DBN(UNITS, (5, 3), seed=1) for _ in range(2)]
    pretrain(networks[0], codes, epochs=1, batch=16)
    pretrain(networks[1], oracle.expand(codes, GROUPS).astype(np.float32), epochs=1, batch=16)
    for ours, theirs in zip(networks[0].rbms, networks[1].rbms, strict=True):
        np.testing.assert_allclose(numpy(ours.W), numpy(theirs.W), atol=1e-6)


def test_each_layer_may_be_trained_in_phases():
    train, told = noisy_patterns(256), []
    dbn = DBN(UNITS, (5, 3), chains=16, seed=1)
    phases = [Phase(30, rate=0.03, batch=64), Phase(30, k=3, rate=0.03, batch=64)]
    before = log_likelihood(dbn, train)
    histories = pretrain(dbn, train, phases=phases, progress=lambda *arguments: told.append(arguments))
    assert [(depth, step) for depth, step, _ in told] == [(1, 30), (1, 60), (2, 30), (2, 60)]
    assert [history.step for history in histories] == [60, 60]
    assert log_likelihood(dbn, train) > before + 1
    assert pretrain(DBN(UNITS, (2,), seed=1), train, epochs=1) == []


@pytest.mark.once
def test_a_network_with_labels_wants_them():
    with pytest.raises(UsageError, match=r"expected labels below 2 for each row, got none"):
        pretrain(DBN(UNITS, (2,), labels=2), noisy_patterns(16), epochs=1)
