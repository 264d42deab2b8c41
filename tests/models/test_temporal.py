"""Temporal machines against enumeration: every frame's probabilities, what is remembered, and streams."""

from itertools import islice, product

import keras
import numpy as np
import pytest

from credo.errors import UsageError
from credo.evaluation.likelihood.temporal import Annealing, exact_frame_likelihood, frame_bound, frame_likelihood
from credo.models import random
from credo.models.temporal.dbn import TemporalDBN
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.models.temporal.sequences import ABSENT, join, windows
from credo.models.temporal.shared import SharedMap
from credo.models.temporal.stream import stream
from machines import numpy, tensor
from oracle import chi_square, chi_square_limit

pytestmark = pytest.mark.machine
N = 5
MEMORY = {"whole": 3, "each": 2, "reach": 2}
STATES = np.array(list(product((0, 1), repeat=N)))


def some_sequences(*lengths, seed=0):
    rng = np.random.default_rng(seed)
    return [(rng.random((length, N)) < 0.4).astype(np.uint8) for length in lengths]


def stirred(model, seed=1, scale=0.5):
    rng = np.random.default_rng(seed)
    for weight in model.trainable_variables:
        weight.assign(scale * rng.normal(size=weight.shape).astype(np.float32))
    return model


def rbm(seed=1):
    model = TemporalRBM(N, 3, shared=1, reach=2, period=3, memory=MEMORY, seed=seed)
    model.start_from(np.full(N, 0.4))
    return stirred(model, seed)


def nade(seed=1):
    return stirred(TemporalNADE(N, 4, reach=2, period=3, memory=MEMORY, seed=seed), seed)


def dbn(seed=1):
    return TemporalDBN(rbm(seed), 2, seed=seed)


MODELS = {"rbm": rbm, "dbn": dbn, "nade": nade}


def frames_of(*sequences):
    """One stream a sequence, each after nothing."""
    longest = max(len(sequence) for sequence in sequences)
    frames = np.full((len(sequences), longest + 1, N), ABSENT, np.uint8)
    for place, sequence in enumerate(sequences):
        frames[place, 1 : len(sequence) + 1] = sequence
    return tensor(frames, "uint8")


def exact_nats(model, sequence):
    """Log P(v_t | past) of an RNN-RBM, with Z summed over all frames."""
    (p, v, _), _ = model.read(frames_of(sequence))
    W, a, b, m = (numpy(x).astype(float) for x in (p.W, p.a, p.b, p.m))

    def log_f(v, a, b):
        return v @ a + np.logaddexp(0, b + (v - m) @ W).sum(axis=-1)

    log_z = np.array([np.logaddexp.reduce(log_f(STATES, *biases)) for biases in zip(a, b, strict=True)])
    return np.array([log_f(*row) for row in zip(numpy(v), a, b, strict=True)]) - log_z


# -- data --------------------------------------------------------------------------------------------------------------


@pytest.mark.once
def test_windows_hold_every_frame_after_its_past():
    sequences = some_sequences(3, 7)
    rows = windows(sequences, 4)
    assert rows.shape == (len(join(sequences)), 5, N)
    assert (rows[[0]][0, 0] == ABSENT).all()
    np.testing.assert_array_equal(rows[[0]][0, 1:4], sequences[0])
    np.testing.assert_array_equal(rows[[4]][0], [np.full(N, ABSENT), *sequences[1][:4]])
    assert (rows[[len(rows) - 1]][0, 1:] == ABSENT).all()


@pytest.mark.once
@pytest.mark.parametrize("sequences", [[], [np.full((2, 3), 2)], [np.zeros((2, 3)), np.zeros((2, 4))]])
def test_what_is_no_roll_is_refused(sequences):
    with pytest.raises(UsageError):
        join(sequences)


# -- the past ----------------------------------------------------------------------------------------------------------


def test_a_shared_map_does_the_same_at_every_place():
    shared = SharedMap(11, 2, reach=3, period=5, bias=False, seed=3)
    shared.alike.assign(np.random.default_rng(1).normal(size=(5, 2)))
    v = np.zeros((2, 11), np.float32)
    v[0, [4, 6]] = v[1, [6, 8]] = 1
    mapped = numpy(shared(tensor(v)))
    np.testing.assert_allclose(mapped[1, 2:], mapped[0, :-2], atol=1e-6)
    below = SharedMap(11, 2, reach=3, period=5, below=True, bias=False)
    assert not numpy(below(tensor(v)))[0, :5].any()


def test_long_sequences_are_read_in_pieces_without_a_seam():
    model, (sequence,) = rbm(), some_sequences(9)
    frames = frames_of(sequence)
    whole, end = model.read(frames)
    first, state = model.read(frames[:, :5])
    second, after = model.read(frames[:, 4:], state)
    for name in ("a", "b"):
        halves = np.concatenate([numpy(getattr(x.p, name)) for x in (first, second)])
        np.testing.assert_allclose(halves, numpy(getattr(whole.p, name)), atol=1e-6)
    for one, other in zip(after, end, strict=True):
        np.testing.assert_allclose(numpy(one), numpy(other), atol=1e-6)


def test_a_sequence_knows_nothing_of_the_one_before_it():
    model, (one, other) = rbm(), some_sequences(4, 5)
    strip = tensor(join([one, other])[None], "uint8")
    both, alone = model.read(strip)[0], model.read(frames_of(other))[0]
    np.testing.assert_allclose(numpy(both.p.a)[-5:], numpy(alone.p.a), atol=1e-6)
    assert numpy(both.there).tolist() == [1] * 4 + [0] + [1] * 5


def test_what_is_known_depends_on_the_past_alone():
    model, (sequence,) = nade(), some_sequences(6)
    other = sequence.copy()
    other[4] = 1 - other[4]
    one, two = (numpy(model(frames_of(x)))[0] for x in (sequence, other))
    np.testing.assert_allclose(one[:4], two[:4], atol=1e-6)
    assert abs(one[5] - two[5]) > 1e-3


# -- likelihood --------------------------------------------------------------------------------------------------------


def test_annealed_likelihood_agrees_with_enumeration():
    model, sequences = rbm(), some_sequences(7, 3, 11)
    found = frame_likelihood(model, sequences, annealing=Annealing(32, 100, 10))
    order = np.argsort(found.sequence, kind="stable")
    exact = np.concatenate([exact_nats(model, sequence) for sequence in sequences])
    np.testing.assert_allclose(found.frames[order], exact, atol=0.15)
    assert found.mean == pytest.approx(exact.mean(), abs=0.03)
    assert found.rejected == 0
    some = frame_likelihood(model, sequences, annealing=Annealing(32, 100, 10), most_frames=9)
    assert len(some.frames) == 9


def test_a_deep_network_starts_as_the_machine_it_stands_on():
    network, sequences = dbn(), some_sequences(7, 3)
    exact = np.concatenate([exact_nats(network.low, sequence) for sequence in sequences])
    found = frame_bound(network, sequences, samples=2, annealing=Annealing(32, 100, 10))
    assert found.mean == pytest.approx(exact.mean(), abs=0.03)


def exact_deep_nats(network, sequence):
    """Log P(v_t | past) of an RNN-DBN, summed over h1."""
    frames, _ = network.read(frames_of(sequence))
    hs = np.array(list(product((0, 1), repeat=network.middle.size)))
    top, low = ([numpy(x).astype(float) for x in p] for p in (frames.top, frames.low))
    result = []
    for t, v in enumerate(numpy(frames.v)):
        W, a, b, _, l = top[0], top[1][t], top[2][t], top[3], top[4]  # noqa: E741
        log_p = hs @ a - hs @ W @ l + np.logaddexp(0, b + hs @ W).sum(axis=1)
        logits = low[1][t] + hs @ low[0].T
        log_v = (v * logits - np.logaddexp(0, logits)).sum(axis=1)
        result.append(np.logaddexp.reduce(log_p + log_v) - np.logaddexp.reduce(log_p))
    return np.array(result)


def test_the_bound_of_a_deep_network_rises_to_its_likelihood():
    network, sequences = stirred(dbn(), 3), some_sequences(40)
    exact = exact_deep_nats(network, sequences[0]).mean()
    loose, tight = (
        frame_bound(network, sequences, samples=samples, annealing=Annealing(32, 100, 10)).mean for samples in (1, 500)
    )
    assert loose < exact - 0.03
    assert tight == pytest.approx(exact, abs=0.05)


def test_an_autoregressive_frame_is_a_distribution():
    model, (past,) = nade(), some_sequences(3)
    streams = [np.concatenate([past, state[None]]) for state in STATES]
    last = numpy(model(frames_of(*streams)))[:, -1]
    assert np.exp(last.astype(float)).sum() == pytest.approx(1, abs=1e-5)
    found = exact_frame_likelihood(model, streams)
    assert found.mean == pytest.approx(numpy(model(frames_of(*streams))).mean(), abs=1e-5)
    assert found.spread == 0


# -- streams -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_streams_draw_from_what_the_past_makes_likely(kind):
    """Fails by chance once in ten thousand; the chains are short, but the machines mix at once."""
    model, (past,) = MODELS[kind](), some_sequences(3)
    count = 4000
    drawn = next(stream(model, count, primer=past, seed=7))
    streams = [np.concatenate([past, state[None]]) for state in STATES]
    if kind == "nade":
        p = np.exp(numpy(model(frames_of(*streams)))[:, -1].astype(float))
    else:
        exact = exact_nats if kind == "rbm" else exact_deep_nats
        p = np.exp([exact(model, each)[-1] for each in streams])
    numbers = drawn @ (2 ** np.arange(N)[::-1])
    assert chi_square(np.bincount(numbers, minlength=len(STATES)), count * p / p.sum()) < chi_square_limit(len(STATES))


def test_a_stream_is_the_same_again_and_remembers():
    model, (past,) = rbm(), some_sequences(3)
    one, again, other = (list(islice(stream(model, 2, primer=past, seed=seed), 6)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert np.any(np.array(one) != np.array(other))
    with pytest.raises(UsageError, match="primer"):
        next(stream(model, 2, primer=np.zeros((3, N + 1))))


# -- training ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", MODELS)
def test_training_raises_the_likelihood(kind):
    """Sequences that count up: what comes next is certain."""
    rng = np.random.default_rng(0)
    sequences = [np.eye(N, dtype=np.uint8)[(np.arange(12) + rng.integers(N)) % N] for _ in range(8)]
    model = MODELS[kind]()
    measure = {
        "nade": lambda: exact_frame_likelihood(model, sequences[:2]).mean,
        "rbm": lambda: np.mean([exact_nats(model, x).mean() for x in sequences[:2]]),
        "dbn": lambda: np.mean([exact_deep_nats(model, x).mean() for x in sequences[:2]]),
    }[kind]
    before = measure()
    model.compile(optimizer=keras.optimizers.Adam(0.02))
    model.fit(windows(sequences, 8)[np.arange(96)], batch_size=16, epochs=8, verbose=0)
    assert measure() > before + (0.1 if kind == "dbn" else 1.0)


@pytest.mark.parametrize("kind", MODELS)
def test_saved_and_loaded_it_is_the_same(kind, tmp_path):
    model, frames = MODELS[kind](), frames_of(*some_sequences(4, 4))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras", compile=False)
    np.testing.assert_allclose(numpy(loaded(frames)), numpy(model(frames)), atol=1e-6)
    assert numpy(loaded.key).tolist() == numpy(random.make_key(1)).tolist()
