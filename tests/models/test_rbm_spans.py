"""An RBM with a span is the plain one with a banded matrix of shared weights, over sequences of any length."""

import keras
import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.backend.stepper import Stepper
from credo.models.rbm import RBM
from credo.models.units import Bernoulli, Joint, Softmax
from machines import JOINT, numpy, rbm_and_oracle, stir, tensor
from oracle import run_chain, sigmoid

pytestmark = pytest.mark.machine
UNITS, GROUPS = Joint([Softmax(1, 3), Bernoulli(1)]), (3, 1)
N, H, B, SEED = 4, 2, 11, 29
CASES = [(1, 2), (3, 3), (5, 2)]  # span, blocks


@pytest.fixture(params=CASES, ids=lambda case: f"span {case[0]}, {case[1]} blocks", scope="module")
def pair(request):
    """A machine, the plain one that it is over some blocks, and all visible states of these blocks."""
    span, blocks = request.param
    rbm, shared = rbm_and_oracle(UNITS, GROUPS, H, span=span)
    machine = shared.over(blocks)
    return rbm, machine, oracle.all_states(machine.groups).reshape(-1, blocks, N)


def test_the_weights_of_the_plain_machine_are_shared_and_in_a_band():
    machine = rbm_and_oracle(UNITS, GROUPS, H, span=3)[1]
    before, here, after = machine.W.reshape(3, N, H)
    nothing = np.zeros((N, H))
    np.testing.assert_array_equal(
        machine.over(3).W, np.block([[here, before, nothing], [after, here, before], [nothing, after, here]])
    )


def test_energies(pair):
    rbm, machine, v = pair
    rows = np.random.default_rng(1).integers(0, len(v), 13)
    h = np.random.default_rng(2).integers(0, 2, (13, v.shape[1], H))
    expected = [machine.energy(v[row].ravel(), each.ravel()) for row, each in zip(rows, h, strict=True)]
    np.testing.assert_allclose(numpy(rbm.energy(tensor(v[rows]), tensor(h))), expected, atol=2e-5)
    biases_alone = -(v[rows] @ machine.a[:N]).sum(axis=1) - (h @ machine.b[:H]).sum(axis=1)
    np.testing.assert_allclose(numpy(rbm.interaction(tensor(v[rows]), tensor(h))), biases_alone - expected, atol=2e-5)


def test_free_energies_are_exact(pair):
    rbm, machine, v = pair
    np.testing.assert_allclose(numpy(rbm.free_energy(tensor(v))), machine.free_energy(), atol=2e-5)


def test_conditionals_are_exact(pair):
    rbm, machine, v = pair
    blocks = v.shape[1]
    h = oracle.all_states((1,) * H * blocks)
    mean_h = numpy(rbm.mean_h_from_v(tensor(v))).reshape(len(v), -1)
    np.testing.assert_allclose(mean_h, machine.p_h_given_v() @ h, atol=2e-6)
    mean_v = numpy(rbm.mean_v_from_h(tensor(h.reshape(-1, blocks, H)))).reshape(len(h), -1)
    np.testing.assert_allclose(mean_v, machine.p_v_given_h() @ v.reshape(len(v), -1), atol=2e-6)


def test_draws_take_one_number_a_code(pair):
    rbm, machine, v = pair
    h = numpy(rbm.sample_h_from_v(tensor(v), tensor([5, 9], "int32")))
    np.testing.assert_array_equal(h, oracle.uniform(5, 9, h.shape) < numpy(rbm.mean_h_from_v(tensor(v))))
    drawn = numpy(rbm.sample_v_from_h(tensor(h), tensor([5, 9], "int32"))).reshape(len(v), -1)
    logits = machine.a + (h.reshape(len(v), -1) - machine.l) @ machine.W.T
    expected = oracle.draw_v(logits, oracle.uniform(5, 9, (len(v), len(machine.groups))), machine.groups)
    np.testing.assert_array_equal(drawn, expected)


@pytest.mark.parametrize("span", [1, 3, 5, 7])
@pytest.mark.parametrize("blocks", [1, 2, 5])
def test_patches_are_the_blocks_around_each_and_overlap_is_their_adjoint(span, blocks):
    rng, rbm = np.random.default_rng(3), RBM(UNITS, H, span=span)
    x, y = rng.normal(size=(B, blocks, N)), rng.normal(size=(B, blocks, span * N))
    patches = np.zeros((B, blocks, span, N))
    for q in range(blocks):
        for place in range(span):
            if 0 <= q + place - span // 2 < blocks:
                patches[:, q, place] = x[:, q + place - span // 2]
    got = numpy(rbm.patches(tensor(x)))
    np.testing.assert_array_equal(got, patches.reshape(B, blocks, -1).astype(np.float32))
    overlap = numpy(rbm.overlap(tensor(y)))
    assert overlap.shape == x.shape
    np.testing.assert_allclose((got * y).sum(axis=(1, 2)), (x * overlap).sum(axis=(1, 2)), rtol=1e-4, atol=1e-4)


def test_beyond_the_ends_nothing_is_known():
    """As where the states are at the offsets."""
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, H, span=5)
    v = oracle.all_states(GROUPS)[np.random.default_rng(4).integers(0, 6, (B, 3))]
    unknown = np.broadcast_to(numpy(rbm.m), (B, 2, N))
    longer = np.concatenate([unknown, v, unknown], axis=1)
    np.testing.assert_allclose(
        numpy(rbm.h_logits_from_v(tensor(v))), numpy(rbm.h_logits_from_v(tensor(longer)))[:, 2:5], atol=1e-5
    )


def test_moved_states_have_moved_hidden_units():
    rbm, _ = rbm_and_oracle(UNITS, GROUPS, H, span=3)
    v = oracle.all_states(GROUPS)[np.random.default_rng(4).integers(0, 6, (B, 7))]
    here, there = (numpy(rbm.mean_h_from_v(tensor(x))) for x in (v, v[:, 2:]))
    np.testing.assert_allclose(here[:, 3:-1], there[:, 1:-1], atol=1e-6)


# -- training ---------------------------------------------------------------------------------------------------------

OPTIONS = {
    "CD-1": {},
    "CD-3, held": {"k": 3, "held": [0, 1]},
    "PCD-2": {"k": 2, "chains": 7},
    "PCD-1, held": {"chains": 7, "held": [0, 1]},
    "CD-1, decayed": {"l2": 0.3},
}


def some_codes(rows, blocks, seed=6):
    return np.random.default_rng(seed).integers(0, np.maximum(GROUPS, 2), (rows, blocks, 2)).astype(np.uint8)


def flat(codes):
    """Codes of sequences as visible states of the plain machine."""
    return oracle.expand(codes.reshape(len(codes), -1), GROUPS * codes.shape[1])


def folded(matrix, blocks, span):
    """The mean over blocks of the gradients of shared weights; (L N, L H) to (S N, H)."""
    bands, total = matrix.reshape(blocks, N, blocks, H), np.zeros((span, N, H))
    for q in range(blocks):
        for place in range(span):
            if 0 <= q + place - span // 2 < blocks:
                total[place] += bands[q + place - span // 2, :, q]
    return total.reshape(span * N, H) / blocks


def statistics(machine, v, blocks, span):
    h = sigmoid(machine.b + (v - machine.m) @ machine.W)
    product = (v - machine.m).T @ (h - machine.l) / len(v)
    means = (x.reshape(-1, size).mean(axis=0) for x, size in ((v, N), (h, H)))
    return folded(product, blocks, span), *means


STEPS = [
    ("CD-1", 1, 3),
    ("CD-3, held", 3, 2),
    ("PCD-2", 3, 5),
    ("PCD-1, held", 5, 3),
    ("CD-1, decayed", 3, 5),
]


@pytest.mark.parametrize(("option", "span", "blocks"), STEPS)
def test_a_step_moves_the_weights_by_the_cd_statistics_of_a_block(option, span, blocks):
    """The same as of the plain machine, its gradients added up where weights are shared."""
    options = OPTIONS[option]
    length = blocks if "chains" in options else 0
    rbm, shared = rbm_and_oracle(UNITS, GROUPS, H, span=span, seed=SEED, blocks=length, **options)
    machine, codes = shared.over(blocks), some_codes(B, blocks)
    v0 = start = flat(codes)
    if rbm.chains:
        start = flat(some_codes(rbm.chains, blocks, 8))
        rbm.start_chains(start.reshape(rbm.chains, blocks, N))
    rbm.compile(optimizer=keras.optimizers.SGD(1.0))
    rbm.train_on_batch(codes)
    vk = run_chain(machine, start, rbm.k, SEED, 0, (options.get("held") or [0, 0]) * blocks)
    data, model = (statistics(machine, v, blocks, span) for v in (v0, vk))
    for name, positive, negative in zip("Wab", data, model, strict=True):
        decay = rbm.l2 * shared.W if name == "W" else 0
        before, after = getattr(shared, name), numpy(getattr(rbm, name))
        np.testing.assert_allclose(before - after, negative - positive + decay, atol=2e-6)
    if rbm.chains:
        np.testing.assert_array_equal(numpy(rbm.chain).reshape(rbm.chains, -1), vk)
        assert not np.array_equal(vk, start)


def test_persistent_chains_of_sequences_go_on_from_step_to_step():
    blocks, codes = 5, some_codes(B, 5)
    rbm, shared = rbm_and_oracle(UNITS, GROUPS, H, span=3, seed=SEED, k=2, chains=7, blocks=blocks)
    machine, chain = shared.over(blocks), flat(some_codes(7, blocks, 8))
    rbm.start_chains(chain.reshape(7, blocks, N))
    rbm.compile(optimizer=keras.optimizers.SGD(0.0))
    for step in range(3):
        rbm.train_on_batch(codes)
        chain = run_chain(machine, chain, 2, SEED, 4 * step)
        np.testing.assert_array_equal(numpy(rbm.chain).reshape(7, -1), chain)


def test_learning_brings_the_exact_likelihood_near_that_of_the_true_distribution():
    """Of two blocks, of which the second repeats the first one's category, and has the bit that it had not."""
    dice, blocks = np.random.default_rng(0), 2
    first = np.stack([dice.choice(3, 512, p=[0.5, 0.3, 0.2]), dice.integers(0, 2, 512)], axis=1)
    second = np.stack([first[:, 0], 1 - first[:, 1]], axis=1)
    second = np.where(dice.random((512, 2)) < 0.1, dice.integers(0, [3, 2], (512, 2)), second)
    codes, steps = np.stack([first, second], axis=1).astype(np.uint8), 600
    rbm = RBM(UNITS, 5, span=3, chains=256, blocks=blocks, seed=1)
    rbm.start_from(flat(codes).reshape(-1, N).mean(axis=0))
    rbm.start_chains(flat(codes)[:256].reshape(256, blocks, N))
    rbm.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.05, steps)))
    numbers = oracle.state_numbers(flat(codes), GROUPS * blocks)

    def log_likelihood():
        return np.log(oracle.Machine.of(rbm, GROUPS).over(blocks).p_v()[numbers]).mean()

    counts = np.bincount(numbers)
    best, before = np.sum(counts[counts > 0] * np.log(counts[counts > 0] / 512)) / 512, log_likelihood()
    assert before < best - 1
    Stepper(rbm, codes).run(np.arange(64 * steps).reshape(steps, 64) % 512)
    assert log_likelihood() > best - 0.12


def test_wrong_arguments_are_refused():
    for span in (0, 2, -1):
        with pytest.raises(UsageError, match=f"expected an odd span, got {span}"):
            RBM(7, 3, span=span)
    rbm = RBM(7, 3, span=3)
    with pytest.raises(UsageError, match=r"v: expected shape \(B, L, N=7\), got \(2, 7\)"):
        rbm.free_energy(tensor(np.zeros((2, 7))))
    with pytest.raises(UsageError, match=r"h: expected shape \(B, L, H=3\), got \(2, 5, 7\)"):
        rbm.energy(tensor(np.zeros((2, 5, 7))), tensor(np.zeros((2, 5, 7))))


def test_a_plain_machine_takes_each_block_alike_and_alone():
    rbm, _ = rbm_and_oracle(*JOINT, 3)
    v = oracle.all_states(JOINT[1])[:286].reshape(-1, 13, 11)
    together, alone = numpy(rbm.free_energy(tensor(v))), numpy(rbm.free_energy(tensor(v.reshape(-1, 11))))
    np.testing.assert_allclose(together, alone.reshape(-1, 13).sum(axis=1), rtol=1e-5)
    stir(rbm, 5)
    np.testing.assert_array_equal(numpy(rbm(tensor(v))).reshape(-1, 3), numpy(rbm(tensor(v.reshape(-1, 11)))))
