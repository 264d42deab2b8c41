"""The up-down algorithm against its statistics in NumPy, and by the exact likelihood that it reaches."""

import keras
import numpy as np
import pytest

import oracle
from credo.errors import FormatError, UsageError
from credo.evaluation.likelihood.bound import lower_bound
from credo.models import labels
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.training.greedy import batch_rows, pretrain
from credo.training.updown import UpDown, load_recognition, save_recognition
from machines import JOINT, dbn_and_oracle, numpy, tensor, weights
from oracle import run_chain, sigmoid

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
B, SEED = 11, 29


def some_codes(rows, seed=3):
    """Four patterns of unequal weight, seen through noise."""
    rng = np.random.default_rng(seed)
    patterns = np.array([[0, 2, 1, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0, 0], [2, 0, 1, 0, 1, 1, 1], [0, 0, 0, 0, 1, 0, 1]])
    chosen = patterns[rng.choice(4, rows, p=[0.4, 0.3, 0.2, 0.1])]
    noise = rng.integers(0, np.maximum(GROUPS, 2), chosen.shape)
    return np.where(rng.random(chosen.shape) < 0.1, noise, chosen).astype(np.uint8)


@pytest.mark.parametrize("chains", [0, 7])
def test_a_step_moves_all_weights_by_wake_top_and_sleep(chains):
    k = 2
    dbn, (low, top) = dbn_and_oracle(UNITS, GROUPS, (5, 3), k=k, chains=chains)
    updown, rng = UpDown(dbn, sleep=0.5, seed=SEED), np.random.default_rng(0)
    R, c = rng.normal(size=low.W.shape), rng.normal(size=5)
    for ours, value in zip(updown.upward[0], (R, c), strict=True):
        ours.assign(value.astype(np.float32))
    start = rng.integers(0, 2, (chains, 5)) if chains else None
    if chains:
        dbn.rbms[1].start_chains(start.astype(np.float32))
    updown.compile(optimizer=keras.optimizers.SGD(1.0))
    codes = some_codes(B)
    updown.train_on_batch(codes)

    v = oracle.expand(codes, GROUPS)
    h = (oracle.uniform(SEED, 0, (B, 5)) < sigmoid(c + (v - low.m) @ R)).astype(float)
    logits = low.a + (h - low.l) @ low.W.T
    mean = np.hstack([np.exp(x) / np.exp(x).sum(axis=1, keepdims=True) for x in (logits[:, :3], logits[:, 3:6])])
    error = v - np.hstack([mean, sigmoid(logits[:, 6:])])
    hk = run_chain(top, h if start is None else start.astype(float), k, SEED, 1)
    up, up_k = (sigmoid(top.b + (x - top.m) @ top.W) for x in (h, hk))
    size = len(hk)
    asleep = oracle.draw_v(low.a + (hk - low.l) @ low.W.T, oracle.uniform(SEED, 1 + 2 * k, (size, 7)), GROUPS)
    missed = hk - sigmoid(c + (asleep - low.m) @ R)
    expected = {
        "low W": low.W + error.T @ (h - low.l) / B,
        "low a": low.a + error.mean(axis=0),
        "low b": low.b,
        "top W": top.W + (h - top.m).T @ (up - top.l) / B - (hk - top.m).T @ (up_k - top.l) / size,
        "top a": top.a + h.mean(axis=0) - hk.mean(axis=0),
        "top b": top.b + up.mean(axis=0) - up_k.mean(axis=0),
        "R": R + 0.5 * (asleep - low.m).T @ missed / size,
        "c": c + 0.5 * missed.mean(axis=0),
    }
    got = [getattr(rbm, name) for rbm in dbn.rbms for name in "Wab"] + list(updown.upward[0])
    for (name, value), ours in zip(expected.items(), got, strict=True):
        np.testing.assert_allclose(numpy(ours), value, atol=5e-6, err_msg=name)
    assert numpy(updown.key).tolist() == [SEED, 2 + 2 * k]
    if chains:
        np.testing.assert_array_equal(numpy(dbn.rbms[1].chain), hk)


def log_likelihood(dbn, codes):
    """Mean over rows of log P(v), by enumeration."""
    machines = machines_of(dbn)
    return np.log(oracle.dbn_p_v(machines)[oracle.state_numbers(oracle.expand(codes, GROUPS), GROUPS)]).mean()


def machines_of(dbn):
    layers = [GROUPS, *((1,) * size for size in dbn.layer_sizes[:-1])]
    return [oracle.Machine.of(rbm, groups) for rbm, groups in zip(dbn.rbms, layers, strict=True)]


def bound(dbn, codes, R, c):
    """Mean over rows of E_q[log P(v, h) - log q(h | v)] of two layers, by enumeration."""
    low, top = machines_of(dbn)
    v, hs = oracle.expand(codes, GROUPS), oracle.all_states((1,) * len(low.b))
    q = sigmoid(c + (v - low.m) @ R)
    log_q = np.log(q) @ hs.T + np.log(1 - q) @ (1 - hs).T
    log_p = np.log(low.p_v_given_h().T[oracle.state_numbers(v, GROUPS)]) + np.log(top.p_v())
    return np.sum(np.exp(log_q) * (log_p - log_q), axis=1).mean()


def train(updown, data, steps, rate):
    schedule = keras.optimizers.schedules.CosineDecay(rate, steps)
    updown.compile(optimizer=keras.optimizers.Adam(schedule))
    return Stepper(updown, data).run(batch_rows(len(data), 64, range(steps), 0))


def test_after_greedy_training_it_raises_the_exact_likelihood_of_rows_that_are_held_out():
    """And the untied recognition is a tighter bound on it than the generative weights turned round."""
    data, valid = some_codes(512), some_codes(512, seed=4)
    dbn = DBN(UNITS, (5, 4), k=3, seed=1)
    pretrain(dbn, data, epochs=16, batch=64, rate=0.03)
    before = log_likelihood(dbn, valid)
    updown = UpDown(dbn)
    metrics = train(updown, data, 400, 0.01)
    assert log_likelihood(dbn, valid) > before + 0.1
    assert np.isfinite([metrics["wake_nats"], metrics["sleep_nats"]]).all()
    low = machines_of(dbn)[0]
    tied, untied = (bound(dbn, valid, *pair) for pair in ((low.W, low.b), updown.recognition()[0]))
    assert tied < untied < log_likelihood(dbn, valid)
    log_z = machines_of(dbn)[1].log_z()
    drawn = lower_bound(dbn, valid, log_z, samples=64, recognition=updown.recognition())
    assert untied < drawn.mean < log_likelihood(dbn, valid) + 0.05


def test_recognition_starts_as_a_copy_and_goes_to_a_file_and_back(tmp_path):
    dbn, machines = dbn_and_oracle(UNITS, GROUPS, (5, 3, 2))
    pairs = UpDown(dbn).recognition()
    assert len(pairs) == 2
    for pair, machine in zip(pairs, machines, strict=False):
        np.testing.assert_allclose(pair.R, machine.W, atol=1e-6)
        np.testing.assert_allclose(pair.c, machine.b, atol=1e-6)
    save_recognition(pairs, tmp_path / "recognition.npz")
    for ours, theirs in zip(load_recognition(tmp_path / "recognition.npz"), pairs, strict=True):
        np.testing.assert_array_equal(ours.R, theirs.R)
        np.testing.assert_array_equal(ours.c, theirs.c)
    np.savez(tmp_path / "other.npz", W=np.zeros(3))
    with pytest.raises(FormatError, match="expected recognition weights"):
        load_recognition(tmp_path / "other.npz")


def test_labels_are_learned_with_the_rest():
    """Two patterns with a label each; codes with labels beside them, and `fit` with labels apart."""
    rng = np.random.default_rng(0)
    y = rng.integers(0, 2, 256)
    codes = np.where(rng.random((256, 7)) < 0.1, 1, np.array([[0, 2, 1, 1, 0, 0, 1], [1, 1, 0, 1, 1, 0, 0]])[y])
    codes = codes.astype(np.uint8)
    dbn = DBN(UNITS, (6, 4), labels=2, seed=1)
    pretrain(dbn, codes, y, epochs=8, batch=32, rate=0.03)
    assert np.mean(dbn.classify(tensor(codes, "uint8")) == y) > 0.95
    updown = UpDown(dbn)
    train(updown, labels.join(dbn, codes, y), 50, 0.01)
    updown.fit(codes, y, batch_size=64, epochs=1, verbose=0)
    assert np.mean(dbn.classify(tensor(codes, "uint8")) == y) > 0.95
    for label in (0, 1):
        made = numpy(UNITS.collapse(tensor(dbn.generate(200, steps=30, label=label))))
        assert np.mean(made[:, 2] == 1 - label) > 0.75


def test_a_training_comes_back_and_goes_on(tmp_path):
    """Sequences too, with three layers."""
    dbn, _ = dbn_and_oracle(UNITS, GROUPS, (5, 3, 2), spans=(3, 1, 1))
    updown, data = UpDown(dbn, seed=3), some_codes(20).reshape(5, 4, 7)
    updown.compile(optimizer=keras.optimizers.Adam(0.01))
    updown.train_on_batch(data)
    updown.save(tmp_path / "updown.keras")
    again = keras.saving.load_model(tmp_path / "updown.keras")
    for model in (updown, again):
        model.train_on_batch(data)
    for ours, theirs in zip(weights(updown), weights(again), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.once
def test_networks_that_it_cannot_train_are_refused():
    for dbn in (DBN(7, (3,)), DBN(7, (3, 2), lateral=True)):
        with pytest.raises(UsageError, match=r"expected .* got"):
            UpDown(dbn)
