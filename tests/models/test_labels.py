"""Label units on the top machine, against the enumeration of all states and labels."""

import keras
import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.evaluation.likelihood import bound, exact
from credo.models import labels, masks
from credo.models.dbn import DBN
from credo.models.units import Bernoulli, Gaussian
from machines import JOINT, numpy, stir, tensor

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT
C = 3


def network(hidden=(4,), scale=1.0, **options):
    """A network with labels, and the enumerated machines of its layers; labels are the top one's last code."""
    dbn = DBN(UNITS, hidden, labels=C, seed=1, **options)
    layers = [GROUPS, *((1,) * size for size in hidden[:-1])]
    layers[-1] = (*layers[-1], C)
    for depth, rbm in enumerate(dbn.rbms):
        stir(rbm, 1 + depth, scale=scale, centred=True)
    for rbm in dbn.rbms:  # labels that matter
        W = 2 * numpy(rbm.W)
        W[-C:] *= 2
        rbm.W.assign(W)
    return dbn, [oracle.Machine.of(rbm, groups) for rbm, groups in zip(dbn.rbms, layers, strict=True)]


def top_joint(machines):
    """P(x, y) of the top machine, shape (states, C)."""
    return machines[-1].p_v().reshape(-1, C)


def p_v_given(machines, label=None):
    """P(v | label), or P(v), by enumeration."""
    p = top_joint(machines) if label is None else top_joint(machines)[:, [label]]
    p = p.sum(axis=1) / p.sum()
    for machine in reversed(machines[:-1]):
        p = p @ machine.p_v_given_h()
    return p


def test_one_layer_tells_labels_exactly():
    dbn, machines = network()
    joint, v = top_joint(machines), oracle.all_states(GROUPS)
    exact = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(numpy(dbn.label_log_prob(tensor(v)))), exact, atol=1e-5)
    np.testing.assert_array_equal(dbn.classify(tensor(v)), exact.argmax(axis=1))
    np.testing.assert_array_equal(dbn.classify(tensor(oracle.all_codes(GROUPS), "uint8")), exact.argmax(axis=1))


def test_two_layers_tell_them_exactly_given_the_layer_below_the_top():
    dbn, machines = network((5, 3))
    joint, x = top_joint(machines), oracle.all_states((1,) * 5)
    exact = joint / joint.sum(axis=1, keepdims=True)
    np.testing.assert_allclose(np.exp(numpy(labels.log_prob(dbn, tensor(x)))), exact, atol=1e-5)
    v = tensor(oracle.all_states(GROUPS)[::13])
    expected = labels.log_prob(dbn, dbn.rbms[0].mean_h_from_v(v))
    np.testing.assert_allclose(numpy(dbn.label_log_prob(v)), numpy(expected), atol=1e-6)


@pytest.mark.parametrize("hidden", [(4,), (5, 3)])
def test_free_energies_sum_labels_out(hidden):
    dbn, machines = network(hidden)
    p = top_joint(machines).sum(axis=1)
    x = oracle.all_states(machines[-1].groups[:-1])
    free = numpy(labels.free_energy(dbn, tensor(x))).astype(float)
    np.testing.assert_allclose(free - free[0], np.log(p[0]) - np.log(p), atol=2e-4)
    if len(hidden) == 1:
        np.testing.assert_allclose(numpy(dbn.energy(tensor(x))), free, atol=1e-5)


@pytest.mark.parametrize("hidden", [(4,), (5, 3), (3, 4, 2)])
def test_likelihoods_sum_labels_out_or_are_told_them(hidden):
    dbn, machines = network(hidden, scale=0.5)
    codes = oracle.all_codes(GROUPS)[::37]
    y = np.arange(len(codes)) % C
    p_y = top_joint(machines).sum(axis=0) / top_joint(machines).sum()
    number = oracle.state_numbers(oracle.expand(codes, GROUPS), GROUPS)
    together = np.stack([p_v_given(machines, label) for label in range(C)], axis=1) * p_y
    joined = labels.join(dbn, codes, y)
    told, summed = np.log(together[number, y]), np.log(p_v_given(machines)[number])
    np.testing.assert_allclose(exact.log_likelihood(dbn, joined), told, atol=2e-4)
    np.testing.assert_allclose(exact.log_likelihood(dbn, codes), summed, atol=2e-4)
    for rows, truth in ((joined, told), (codes, summed)):
        found = bound.lower_bound(dbn, rows, machines[-1].log_z(), samples=2000, seed=3)
        np.testing.assert_allclose(found.log_likelihood, truth, atol=0.3 if len(hidden) > 1 else 2e-4)
        assert found.mean == pytest.approx(truth.mean(), abs=0.05)
    given = exact.conditional(dbn, codes[3], np.array([1, 1, 0, 1, 1, 0, 1]))
    same = oracle.state_numbers(oracle.expand(given.codes, GROUPS), GROUPS)
    p = p_v_given(machines)[same]
    np.testing.assert_allclose(np.exp(given.log_p), p / p.sum(), atol=1e-5)


def test_labels_that_are_not_known_say_nothing_on_the_way_up():
    dbn, machines = network((5, 3))
    v, top = oracle.all_states(GROUPS)[::29], machines[-1]
    h = oracle.sigmoid(machines[0].b + (v - machines[0].m) @ machines[0].W)
    for y in (None, 2):
        seen = np.concatenate([h, np.tile(top.m[-C:] if y is None else np.eye(C)[y], (len(h), 1))], axis=1)
        expected = oracle.sigmoid(top.b + (seen - top.m) @ top.W)
        told = None if y is None else tensor(np.tile(np.eye(C)[y], (len(h), 1)))
        np.testing.assert_allclose(numpy(dbn.up(tensor(v), told)[-1]), expected, atol=1e-6)
    assert numpy(dbn.down(tensor(np.ones((2, 3))))).shape == (2, UNITS.size)


@pytest.mark.parametrize(("hidden", "label"), [((4,), 1), ((4,), None), ((5, 3), 2), ((5, 3), None)])
def test_what_is_generated_follows_the_exact_distribution_of_its_label(hidden, label):
    """One good sampler in ten thousand fails; the seed is fixed."""
    dbn, machines = network(hidden, scale=0.7)
    v = dbn.generate(4007, steps=40, seed=3, label=label)
    p = p_v_given(machines, label)
    counts = np.bincount(oracle.state_numbers(v, GROUPS), minlength=len(p))
    common = p * len(v) > 5
    counts, expected = (np.append(x[common], x[~common].sum()) for x in (counts, p * len(v)))
    assert oracle.chi_square(counts, expected) < oracle.chi_square_limit(len(expected))
    if label is not None:  # and not that of another one
        ratio = np.log(p / p_v_given(machines, (label + 1) % C))[oracle.state_numbers(v, GROUPS)]
        assert ratio.mean() > 4 * ratio.std() / np.sqrt(len(v))


def test_labels_and_codes_are_held_together():
    dbn, machines = network()
    p = oracle.given(p_v_given(machines, 0), GROUPS, {0: 2, 3: 1})
    codes, known = np.array([[2, 0, 0, 1, 0, 0, 0]] * 3001), np.zeros((3001, 7), bool)
    known[:, [0, 3]] = True
    v = dbn.generate(3001, steps=30, seed=3, v=numpy(UNITS.expand(tensor(codes, "int32"))), known=known, label=0)
    counts = np.bincount(oracle.state_numbers(v, GROUPS), minlength=len(p))
    assert not counts[p == 0].any()
    common = p * len(v) > 5
    counts, expected = (np.append(x[common], x[~common].sum()) for x in (counts, p * len(v)))
    assert oracle.chi_square(counts, expected) < oracle.chi_square_limit(len(expected))


def test_each_row_may_have_a_label_of_its_own():
    dbn, _ = network((5, 3))
    mixed = dbn.generate(6, steps=3, seed=5, label=np.array([0, 1, 2, 0, 1, 2]))
    np.testing.assert_array_equal(mixed[[0, 3]], dbn.generate(6, steps=3, seed=5, label=0)[[0, 3]])


@pytest.mark.parametrize("hidden", [(4,), (5, 3)])
def test_fine_tuning_weighs_hidden_cells_and_labels(hidden):
    codes, y = oracle.all_codes(GROUPS)[::37].astype(np.uint8), np.arange(8) % C
    v = tensor(oracle.expand(codes, GROUPS))

    def loss(*arguments, share):
        dbn, _ = network(hidden, label_share=share)
        return float(numpy(dbn.compute_loss(*arguments))), dbn

    cells, dbn = loss(tensor(codes, "uint8"), share=0.0)
    told = -numpy(dbn.label_log_prob(v))[np.arange(8), y].mean()
    assert numpy(dbn.key).tolist() == [1, masks.draws(dbn) + 1]
    beside = tensor(labels.join(dbn, codes, y), "int32")
    states = tensor(labels.join(dbn, oracle.expand(codes, GROUPS).astype(np.float32), y))
    for arguments in ((tensor(codes, "uint8"), tensor(y, "int32")), (beside,), (states,)):
        assert loss(*arguments, share=0.25)[0] == pytest.approx(0.75 * cells + 0.25 * told, abs=1e-5)
    assert loss(tensor(codes, "uint8"), share=0.25)[0] == pytest.approx(cells, abs=1e-6)


def test_fitting_with_labels_learns_to_tell_them():
    rng = np.random.default_rng(0)
    y = rng.integers(0, C, 512)
    codes = np.where(rng.random((512, 7)) < 0.15, rng.integers(0, 2, (512, 7)), np.eye(C, 7, dtype=int)[y])
    dbn = DBN(Bernoulli(7), (8,), labels=C, seed=1)
    dbn.compile(optimizer=keras.optimizers.Adam(0.05))
    dbn.fit(codes[:384].astype(np.uint8), y[:384], batch_size=64, epochs=25, verbose=0)
    assert np.mean(dbn.classify(tensor(codes[384:], "uint8")) == y[384:]) > 0.8


def test_a_network_with_labels_comes_back(tmp_path):
    dbn, _ = network((5, 3), label_share=0.3)
    dbn.save(tmp_path / "dbn.keras")
    again = keras.saving.load_model(tmp_path / "dbn.keras")
    assert again.get_config() == dbn.get_config()
    v = tensor(oracle.all_states(GROUPS)[::13])
    np.testing.assert_array_equal(numpy(again.label_log_prob(v)), numpy(dbn.label_log_prob(v)))


@pytest.mark.once
def test_without_labels_a_network_is_what_it_was():
    config = DBN(UNITS, (5, 3)).get_config()
    for name in ("labels", "label_share"):
        del config[name]
    dbn = DBN.from_config(config)
    assert [tuple(rbm.W.shape) for rbm in dbn.rbms] == [(UNITS.size, 5), (5, 3)]
    x = tensor(np.ones((2, 5)))
    assert labels.beside(dbn, x) is x
    assert labels.without(dbn, dbn.rbms[-1], x) is x
    with pytest.raises(UsageError, match="expected a network with labels"):
        dbn.label_log_prob(x)


@pytest.mark.once
def test_labels_that_cannot_be_are_refused():
    dbn, _ = network()
    codes = np.zeros((4, 7), np.uint8)
    for wrong in (None, [0, 1, 2], [0, 1, 2, 3], [0.0, 1.0, 1.0, 2.0]):
        with pytest.raises(UsageError, match=r"expected .* got"):
            labels.join(dbn, codes, wrong if wrong is None else np.array(wrong))
    for wrong in (3, -1, np.array([0, 1]), 0.5):
        with pytest.raises(UsageError, match=r"expected .* got"):
            dbn.generate(3, steps=1, label=wrong)
    with pytest.raises(UsageError, match=r"expected .* got"):
        DBN(7, (3,)).generate(1, steps=1, label=0)
    for options in ({"labels": -1}, {"labels": 2, "spans": (3,)}, {"labels": 2, "label_share": 2.0}):
        with pytest.raises(UsageError, match=r"expected .* got"):
            DBN(7, (3,), **options)


@pytest.mark.once
def test_rows_of_real_units_have_their_labels_beside_them_one_hot():
    dbn = DBN(Gaussian(2), (3,), labels=2)
    rows = labels.join(dbn, np.array([[0.5, -1.0]], np.float32), np.array([1]))
    np.testing.assert_allclose(rows, [[0.5, -1, 0, 1]])
    v, y = labels.split(dbn, tensor(rows))
    np.testing.assert_allclose(numpy(v), rows[:, :2])
    np.testing.assert_allclose(numpy(y), rows[:, 2:])
