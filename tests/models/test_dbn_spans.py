"""A DBN with spans is the plain one with banded matrices of shared weights, over sequences of any length."""

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Joint, Softmax
from credo.sampling import gibbs
from machines import dbn_and_oracle, numpy, tensor
from oracle import sigmoid

pytestmark = pytest.mark.machine
UNITS, GROUPS = Joint([Softmax(1, 3), Bernoulli(1)]), (3, 1)
N, HIDDEN, SPANS, B = 4, (3, 2), (3, 5), 13
BLOCKS = [2, 5]


def stack(blocks, hidden=HIDDEN, spans=SPANS, **options):
    """A network, and the plain machines that it is over some blocks."""
    dbn, shared = dbn_and_oracle(UNITS, GROUPS, hidden, spans=spans, **options)
    return dbn, [machine.over(blocks) for machine in shared]


def some_states(blocks, rows=B, seed=3):
    return oracle.all_states(GROUPS)[np.random.default_rng(seed).integers(0, 6, (rows, blocks))]


def means_up(machines, v):
    layers = []
    for machine in machines:
        v = sigmoid(machine.b + (v - machine.m) @ machine.W)
        layers.append(v)
    return layers


@pytest.mark.parametrize("blocks", BLOCKS)
def test_up_and_down(blocks):
    dbn, machines = stack(blocks)
    v = some_states(blocks)
    for got, expected in zip(dbn.up(tensor(v)), means_up(machines, v.reshape(B, -1)), strict=True):
        np.testing.assert_allclose(numpy(got).reshape(B, -1), expected, atol=1e-6)
    top = np.random.default_rng(1).random((B, blocks, HIDDEN[-1]))
    low, high = machines
    h = sigmoid(high.a + (top.reshape(B, -1) - high.l) @ high.W.T)
    expected = low.a + (h - low.l) @ low.W.T
    np.testing.assert_allclose(numpy(dbn.down(tensor(top))).reshape(B, -1), expected, atol=1e-5)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_hidden_codes_are_predicted_as_by_the_plain_network(blocks):
    dbn, machines = stack(blocks)
    v, known = some_states(blocks), np.random.default_rng(5).integers(0, 2, (B, blocks, 2))
    spread = np.repeat(known, GROUPS, axis=-1)
    logits = numpy(dbn.predict_hidden(tensor(np.where(spread, v, 99)), tensor(spread)))
    codes = numpy(UNITS.collapse(tensor(v)))
    nats = numpy(UNITS.log_prob(tensor(codes, "int32"), tensor(logits)))
    expected = oracle.hidden_nats(machines, v.reshape(B, -1), known.reshape(B, -1))
    np.testing.assert_allclose(-np.sum((1 - known) * nats, axis=(1, 2)), expected, atol=1e-5)


def test_what_is_far_off_does_not_count():
    """Up and down through spans of 3 and 5, a block hears those within 2 * (1 + 2)."""
    dbn, _ = stack(1)
    v, known = some_states(17), np.ones((B, 17, N))
    changed = v.copy()
    changed[:, 0] = np.roll(v[:, 0], 1, axis=0)
    logits, others = (numpy(dbn.predict_hidden(tensor(x), tensor(known))) for x in (v, changed))
    moved = np.abs(logits - others).max(axis=(0, 2))
    assert np.all(moved[:7] > 0)
    assert np.all(moved[7:] < 1e-6)


@pytest.mark.parametrize("blocks", BLOCKS)
def test_energy_is_the_mean_field_formula(blocks):
    dbn, (low, high) = stack(blocks)
    v = some_states(blocks).reshape(B, -1)
    h = sigmoid(low.b + (v - low.m) @ low.W)
    logits = low.a + (h - low.l) @ low.W.T
    entropy = -np.sum(h * np.log(h) + (1 - h) * np.log(1 - h), axis=1)
    ends = np.cumsum(low.groups)[:-1]
    full = [np.append(np.zeros((B, 1)), x, axis=1) if x.shape[1] == 1 else x for x in np.split(logits, ends, axis=1)]
    log_z = sum(np.log(np.exp(part).sum(axis=1)) for part in full)
    heard = high.b + (h - high.m) @ high.W
    free = -h @ high.a + (heard - high.b) @ high.l - np.log1p(np.exp(heard)).sum(axis=1)
    expected = log_z - np.sum(v * logits, axis=1) - entropy + free
    np.testing.assert_allclose(numpy(dbn.energy(tensor(v.reshape(B, blocks, N)))), expected, atol=3e-5)


def test_one_layer_generates_its_exact_distribution():
    """Over two blocks; one good sampler in ten thousand fails, and the seed is fixed."""
    dbn, machines = stack(2, (3,), (3,), scale=0.7)
    v = dbn.generate(4001, steps=20, seed=5, blocks=2).reshape(4001, -1)
    counts = np.bincount(oracle.state_numbers(v, GROUPS * 2), minlength=36)
    assert oracle.chi_square(counts, machines[0].p_v() * len(v)) < oracle.chi_square_limit(36)


def test_gibbs_chains_of_sequences_stay_at_the_exact_conditional():
    """With the first block's category and the second one's bit held."""
    dbn, machines = stack(2, (3,), (3,))
    p = oracle.given(machines[0].p_v(), GROUPS * 2, {0: 2, 3: 1})
    start = oracle.all_states(GROUPS * 2)[np.random.default_rng(3).choice(36, 6007, p=p)].reshape(-1, 2, N)
    known = np.zeros((6007, 2, 2))
    known[:, 0, 0] = known[:, 1, 1] = 1
    for machine in (dbn, dbn.rbms[0]):
        v = gibbs.run(machine, start, 3, known=known, seed=11).reshape(len(start), -1)
        counts = np.bincount(oracle.state_numbers(v, GROUPS * 2), minlength=36)
        assert oracle.chi_square(counts, p * len(v)) < oracle.chi_square_limit(np.count_nonzero(p))


def test_sequences_of_any_length_are_generated_and_known_codes_kept():
    dbn, _ = stack(1)
    for blocks in (1, 7):
        v, known = some_states(blocks), np.random.default_rng(7).integers(0, 2, (B, blocks, 2)).astype(bool)
        spread = np.repeat(known, GROUPS, axis=-1)
        drawn = [
            dbn.generate(B, steps=3, seed=s, v=np.where(spread, v, 99), known=known, blocks=blocks) for s in (1, 1, 2)
        ]
        np.testing.assert_array_equal(drawn[0][spread], v[spread])
        oracle.state_numbers(drawn[0].reshape(-1, N), GROUPS)  # every block is one of the units' states
        np.testing.assert_array_equal(drawn[0], drawn[1])
        assert not np.array_equal(drawn[0], drawn[2])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, r"expected the length of the sequences in blocks, got 0"),
        ({"blocks": -1}, r"expected the length of the sequences in blocks, got -1"),
        ({"blocks": 3, "v": np.zeros((1, 4))}, r"v: expected shape \(B=1, L=3, N=4\), got \(1, 4\)"),
        ({"blocks": 3, "known": np.zeros((1, 2, 2))}, r"known: expected shape \(B=1, L=3, G=2\), got \(1, 2, 2\)"),
    ],
)
def test_wrong_wishes_are_refused(arguments, message):
    with pytest.raises(UsageError, match=message):
        stack(1)[0].generate(**arguments)


def test_a_plain_network_generates_states_or_sequences_of_them():
    dbn = DBN(UNITS, (3,))
    assert dbn.generate(2, steps=1).shape == (2, N)
    assert dbn.generate(2, steps=1, blocks=5).shape == (2, 5, N)
    with pytest.raises(UsageError, match="got -1"):
        dbn.generate(2, steps=1, blocks=-1)


@pytest.mark.parametrize("spans", [(3,), (3, 2), (3, -1), (3, 3, 3)], ids=str)
def test_impossible_spans_are_refused(spans):
    with pytest.raises(UsageError, match=r"expected .*span.*got"):
        DBN(UNITS, HIDDEN, spans=spans)


def test_sequences_are_asked_for():
    dbn, _ = stack(1)
    with pytest.raises(UsageError, match=r"v: expected shape \(B, L, N=4\), got \(2, 4\)"):
        dbn.energy(tensor(np.zeros((2, 4))))
