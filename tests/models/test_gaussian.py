"""Gaussian units, and machines with them, against integrals on a fine grid and exact draws."""

from itertools import product
from statistics import NormalDist

import keras
import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.backend.stepper import Stepper
from credo.models.dbn import DBN
from credo.models.rbm import RBM, as_states
from credo.models.units import Gaussian, Joint, Softmax
from credo.sampling import gibbs
from machines import numpy, stir, tensor

pytestmark = pytest.mark.machine
S, STEP = 0.7, 0.02
GRID = np.arange(-7, 7 + STEP, STEP)
PLANE = np.array(list(product(np.arange(-6, 6.01, 0.1), repeat=2)))


def some_machine(size=2, hidden=3, deviation=S, **options):
    return stir(RBM(Gaussian(size, deviation), hidden, **options), 3, scale=0.8, centred=True)


def parameters(rbm):
    return (np.asarray(numpy(getattr(rbm, name)), float) for name in "Wabml")


def energies(rbm, v, hs):
    """E of all pairs, by the formula; (B, N) and (K, H) to (B, K)."""
    W, a, b, m, l = parameters(rbm)  # noqa: E741
    linear = (v @ a - np.sum(v**2, axis=1) / (2 * rbm.visible.deviation**2))[:, None] + hs @ b
    return -linear - (v - m) @ W @ (hs - l).T


def test_a_unit_has_the_normal_density_and_its_cumulant_is_the_integral():
    units, logits = Gaussian(1, S), np.array([[-1.5], [0.0], [2.0]])
    v = np.repeat(GRID[:, None], 3, axis=1)
    density = np.exp(numpy(units.log_prob(tensor(v), tensor(logits.T))))
    normal = [[NormalDist(S**2 * x, S).pdf(value) for x in logits[:, 0]] for value in GRID]
    np.testing.assert_allclose(density, normal, atol=1e-5)
    base = numpy(units.base(tensor(GRID[:, None])))
    integral = np.log(np.sum(np.exp(GRID * logits + base), axis=1) * STEP)
    np.testing.assert_allclose(numpy(units.cumulant(tensor(logits))), integral, atol=1e-4)
    np.testing.assert_allclose(numpy(units.mean(tensor(logits))), S**2 * logits, rtol=1e-6)
    np.testing.assert_allclose(units.logits_of_mean(S**2 * logits[:, 0]), logits[:, 0], rtol=1e-6)


def test_base_measures_of_discrete_units_are_nothing_and_add_up_side_by_side():
    units = Joint([Softmax(1, 3), Gaussian(2, S)])
    v = np.array([[0, 1, 0, 0.5, -1.0], [1, 0, 0, 2.0, 0.0]])
    np.testing.assert_allclose(numpy(units.base(tensor(v))), [-1.25 / (2 * S**2), -4 / (2 * S**2)], rtol=1e-5)
    codes = numpy(units.collapse(tensor(v)))
    np.testing.assert_allclose(codes, [[1, 0.5, -1], [0, 2, 0]])
    np.testing.assert_allclose(numpy(units.expand(tensor(codes))), v)
    assert (units.discrete, Gaussian(2).discrete, Softmax(1, 3).discrete) == (False, False, True)
    assert as_states(units, tensor(v)).shape == (2, 5)
    logits = tensor(np.ones((2, 5)))
    np.testing.assert_allclose(numpy(units.log_prob(tensor(codes), logits))[:, 0], np.log(1 / 3), atol=1e-6)


def test_a_sample_is_where_the_distribution_reaches_its_number():
    units, u = Gaussian(1, S), np.array([2**-23, 0.01, 0.5, 0.9, 1 - 2**-23])
    got = numpy(units.sample(tensor(np.full((5, 1), 2.0)), tensor(u[:, None])))[:, 0]
    expected = [NormalDist(S**2 * 2, S).inv_cdf(min(x + 2**-24, 1 - 2**-24)) for x in u]
    np.testing.assert_allclose(got, expected, atol=0.02)
    np.testing.assert_allclose(got[1:4], expected[1:4], atol=1e-5)
    extremes = numpy(units.sample(tensor([[0.0], [0.0]]), tensor([[0.0], [1.0]])))[:, 0]
    assert np.all(np.isfinite(extremes))
    assert extremes[0] == pytest.approx(-extremes[1], rel=1e-3)


@pytest.mark.parametrize("wrong", [{"size": 0}, {"size": 2, "deviation": 0.0}, {"size": 2, "deviation": float("nan")}])
def test_impossible_units_are_refused(wrong):
    with pytest.raises(UsageError, match=r"expected .* got"):
        Gaussian(**wrong)


def test_energies_and_free_energies_are_the_formula():
    rbm, v = some_machine(), PLANE[::997]
    hs = oracle.all_states((1,) * 3)
    expected = energies(rbm, v, hs)
    h = hs[np.arange(len(v)) % len(hs)]
    got = numpy(rbm.energy(tensor(v), tensor(h)))
    np.testing.assert_allclose(got, expected[np.arange(len(v)), np.arange(len(v)) % len(hs)], rtol=1e-4, atol=1e-4)
    free = -np.log(np.exp(-expected).sum(axis=1))
    np.testing.assert_allclose(numpy(rbm.free_energy(tensor(v))), free, rtol=1e-4, atol=1e-4)


def test_the_conditionals_and_the_normaliser_are_integrals_over_the_plane():
    """log Z by hand: the sum over hidden states of what the cumulant gives for their logits."""
    rbm, hs = some_machine(), oracle.all_states((1,) * 3)
    weights = np.exp(-energies(rbm, PLANE, hs))
    mean = numpy(rbm.mean_v_from_h(tensor(hs)))
    np.testing.assert_allclose(mean, (weights.T @ PLANE) / weights.sum(axis=0)[:, None], atol=1e-4)
    W, _, b, m, l = parameters(rbm)  # noqa: E741
    each = hs @ b - (hs - l) @ W.T @ m + numpy(rbm.visible.cumulant(rbm.v_logits_from_h(tensor(hs))))
    integral = np.exp(-numpy(rbm.free_energy(tensor(PLANE)))).sum() * 0.1**2
    assert np.log(integral) == pytest.approx(np.log(np.exp(each).sum()), abs=1e-4)


def exact_draws(rbm, count, seed):
    """v of the machine: a hidden state by its probability, then its normal distribution."""
    W, a, b, m, l = parameters(rbm)  # noqa: E741
    hs = oracle.all_states((1,) * len(b))
    logits = a + (hs - l) @ W.T
    s = rbm.visible.deviation
    p = np.exp(hs @ b - (hs - l) @ W.T @ m + np.sum((s * logits) ** 2 / 2, axis=1))
    rng = np.random.default_rng(seed)
    chosen = rng.choice(len(hs), count, p=p / p.sum())
    return s**2 * logits[chosen] + s * rng.normal(size=(count, len(a)))


def moments(v):
    return np.concatenate([v, v**2, v[:, :1] * v[:, 1:]], axis=1)


def test_chains_at_the_exact_distribution_keep_its_moments():
    """Five moments of 20 000 chains within 4.5 standard errors: one good kernel in 30 000 fails; the seed is fixed."""
    rbm, chains = some_machine(), 20_011
    truth = moments(exact_draws(rbm, 400_003, 1))
    start = exact_draws(rbm, chains, 2).astype(np.float32)
    after = moments(gibbs.run(rbm, start, 3, seed=4))
    error = truth.std(axis=0) * np.sqrt(1 / chains + 1 / len(truth))
    assert np.all(np.abs(after.mean(axis=0) - truth.mean(axis=0)) < 4.5 * error)
    assert np.mean(np.abs(after - moments(start))) > 0.3  # they moved
    wrong = moments(exact_draws(some_machine(deviation=1.1 * S), chains, 2))
    assert np.any(np.abs(after.mean(axis=0) - wrong.mean(axis=0)) > 4.5 * error)


def test_learning_two_humps_brings_the_density_near_the_true_one():
    """A normal density is 0.48 nats from the truth; the integral over a grid is exact."""
    rng, steps = np.random.default_rng(0), 16 * 25
    v = rng.choice([-1.5, 1.5], (4096, 1)) + 0.5 * rng.normal(size=(4096, 1))
    truth = np.exp(-2 * (v - 1.5) ** 2) + np.exp(-2 * (v + 1.5) ** 2)
    truth = np.mean(np.log(truth * v.std() / np.sqrt(2 * np.pi)))
    v = (v / v.std()).astype(np.float32)
    rbm = RBM(Gaussian(1, 0.35), 3, k=5, weight_scale=0.1, seed=1)
    rbm.start_from(v.mean(axis=0))
    rbm.compile(optimizer=keras.optimizers.Adam(keras.optimizers.schedules.CosineDecay(0.1, steps)))

    def log_likelihood():
        log_z = np.log(np.exp(-numpy(rbm.free_energy(tensor(GRID[:, None])))).sum() * STEP)
        return np.mean(-numpy(rbm.free_energy(tensor(v)))) - log_z

    assert log_likelihood() < truth - 0.4
    logs = Stepper(rbm, v).run(np.arange(256 * steps).reshape(steps, 256) % len(v))
    assert np.isfinite(logs["reconstruction"])
    assert truth - 0.06 < log_likelihood() < truth + 0.01


def test_a_network_over_real_units_has_the_energy_of_its_machine_and_comes_back(tmp_path):
    dbn = DBN(Gaussian(2, S), (3,))
    stir(dbn.rbms[0], 3, scale=0.8, centred=True)
    v = tensor(PLANE[::997])
    np.testing.assert_allclose(numpy(dbn.energy(v)), numpy(dbn.rbms[0].free_energy(v)), rtol=1e-5)
    dbn.save(tmp_path / "dbn.keras")
    again = keras.saving.load_model(tmp_path / "dbn.keras")
    assert again.visible.deviation == S
    np.testing.assert_array_equal(numpy(again.energy(v)), numpy(dbn.energy(v)))
    assert np.all(np.isfinite(again.generate(3, steps=2)))
    with pytest.raises(UsageError, match=r"expected temperature 1 .* got 0.5"):
        again.generate(3, steps=2, temperature=0.5)


def test_a_deeper_network_counts_the_base_measure_too():
    """With no weights at all, energy is minus the log of the density, up to the hidden normalisers."""
    dbn = DBN(Gaussian(2, S), (3, 2))
    for rbm in dbn.rbms:
        rbm.W.assign(np.zeros(rbm.W.shape))
    got = numpy(dbn.energy(tensor(PLANE[::997])))
    density = [sum(np.log(NormalDist(0, S).pdf(x)) for x in row) for row in PLANE[::997]]
    np.testing.assert_allclose(got - got[0], -(np.array(density) - density[0]), rtol=1e-4, atol=1e-4)
