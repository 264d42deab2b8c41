"""The low-rank start against enumeration: its density, its machines, and the likelihood that it starts from."""

from itertools import product

import numpy as np
import pytest

import oracle
from credo.errors import UsageError
from credo.models.rbm import RBM
from credo.models.units import Gaussian
from credo.training import contrastive, lowrank
from credo.training.rates import Linear
from machines import numpy

pytestmark = pytest.mark.machine
N = 41
CLUSTERS = np.random.default_rng(4).integers(0, 2, (3, N))


def some_rows(rows=1500, seed=0):
    """Three clusters of bits that are seen through noise."""
    rng = np.random.default_rng(seed)
    chosen = CLUSTERS[rng.choice(3, rows, p=[0.5, 0.3, 0.2])]
    return np.where(rng.random(chosen.shape) < 0.2, 1 - chosen, chosen).astype(np.uint8)


def log_likelihood(rbm, rows):
    """Exactly, over all states of the hidden units: those of more than a few are too many for the oracle."""
    W, a, b, m, l = (np.asarray(numpy(getattr(rbm, name)), float) for name in "Wabml")  # noqa: E741
    h = oracle.all_states((1,) * len(b))
    log_z = np.logaddexp.reduce(h @ b - (h - l) @ W.T @ m + np.logaddexp(0, a + (h - l) @ W.T).sum(axis=1))
    field = (rows - m) @ W
    return np.mean(rows @ a - field @ l + np.logaddexp(0, b + field).sum(axis=1)) - log_z


def space_of(rows, rank):
    mean = rows.mean(axis=0)
    U = lowrank.directions(rows - mean, rank)
    return lowrank.make_space(U, np.log(mean / (1 - mean)), mean, (rows - mean) @ U), mean


def test_directions_are_the_principal_ones():
    x = np.random.default_rng(0).normal(size=(97, 7)) * np.array([1, 5, 1, 1, 3, 1, 1])
    U = lowrank.directions(x, 2)
    np.testing.assert_allclose(U.T @ U, np.eye(2), atol=1e-12)
    assert np.abs(U[1, 0]) > 0.95
    assert np.abs(U[4, 1]) > 0.95


@pytest.mark.parametrize("rank", [1, 2, 3])
def test_the_saddle_point_gives_the_moments_of_independent_units(rank):
    """To the order of 1 / N, on 60 units; mean and covariance of U'(v - m) are known."""
    rng = np.random.default_rng(1)
    mean = rng.uniform(0.2, 0.8, 60)
    U = np.linalg.qr(rng.normal(size=(60, rank)))[0]
    covariance = U.T @ np.diag(mean * (1 - mean)) @ U
    axis = np.linspace(-2.4, 2.4, {1: 97, 2: 49, 3: 17}[rank])
    points = np.array(list(product(axis, repeat=rank)))
    log_p, tilts, reached = lowrank.saddle_point(U, np.log(mean / (1 - mean)), mean, points)
    assert reached.mean() > 0.7  # the corners of the box are too far
    p = np.exp(log_p) * reached * (axis[1] - axis[0]) ** rank
    assert p.sum() == pytest.approx(1, abs=0.03 * rank)
    np.testing.assert_allclose(p @ points, 0, atol=0.01)
    np.testing.assert_allclose((points.T * p) @ points, covariance, atol=0.015)
    tilted = oracle.sigmoid(np.log(mean / (1 - mean)) + tilts @ U.T)
    np.testing.assert_allclose(((tilted - mean) @ U)[reached], points[reached], atol=1e-3)


def test_what_states_cannot_be_is_not_reached():
    log_p, _, reached = lowrank.saddle_point(
        np.ones((4, 1)) / 2, np.zeros(4), np.full(4, 0.5), np.array([[0.5], [1.5]])
    )
    assert reached.tolist() == [True, False]
    assert np.isfinite(log_p[0])


def test_likelihoods_on_the_grid_are_near_the_exact_ones():
    """Over all states h of four hidden units: Z / Z_0 = sum_h exp(b.h + K(alpha + A h)), K as of the saddle point."""
    rows = some_rows()
    space, mean = space_of(rows, 2)
    rng = np.random.default_rng(2)
    field = lowrank.Field(rng.normal(size=2), rng.normal(size=(2, 4)), rng.normal(size=4))
    gain, p = lowrank.likelihood(space, lowrank.values(field, space.points))
    assert p.sum() == pytest.approx(1)
    h = oracle.all_states((1,) * 4)
    tilt = (field.alpha + h @ field.A.T) @ space.U.T
    cumulants = np.sum(np.logaddexp(0, space.a + tilt) - np.logaddexp(0, space.a) - tilt * mean, axis=1)
    exact = lowrank.values(field, (rows - mean) @ space.U).mean() - np.logaddexp.reduce(h @ field.b + cumulants)
    assert gain == pytest.approx(exact, abs=0.1)


def test_charges_are_at_the_maximum_that_their_sign_allows():
    """The gradient vanishes where a charge is positive and is not positive where it is nothing."""
    space, _ = space_of(some_rows(), 2)
    n, t = lowrank.draw_planes(np.random.default_rng(0).normal(size=(50, 2)), 12, np.random.default_rng(3))
    alpha, q = lowrank.charges(space, n, t, steps=1500, rate=0.1)
    far = np.abs(space.points @ n - t)
    excess = space.data - lowrank.likelihood(space, space.points @ alpha + far @ q)[1]
    assert np.all(q >= 0)
    assert np.any(q > 0.1)
    np.testing.assert_allclose(space.points.T @ excess, 0, atol=2e-3)
    np.testing.assert_allclose((far.T @ excess)[q > 0.01], 0, atol=2e-3)
    assert np.all((far.T @ excess)[q == 0] < 2e-3)


@pytest.mark.parametrize("rank", [1, 2])
def test_the_machine_starts_far_above_independent_units_and_by_as_much_as_is_said(rank):
    rows, valid = some_rows(), some_rows(seed=1)
    rbm, usual = (RBM(N, 10, chains=64, seed=1) for _ in range(2))
    contrastive.start_from(usual, rows)
    start = lowrank.start_from(rbm, rows, rank=rank)
    base = log_likelihood(usual, rows)
    assert start.gain == pytest.approx(log_likelihood(rbm, rows) - base, abs=0.15)
    assert start.gain > start.coulomb - 0.1
    assert log_likelihood(rbm, valid) > log_likelihood(usual, valid) + {1: 1.0, 2: 4.0}[rank]
    assert start.units <= 10
    np.testing.assert_allclose(numpy(rbm.m), rows.mean(axis=0), atol=1e-6)


def test_chains_start_in_all_clusters_of_the_data():
    """Their shares are those of the clusters; 4.5 standard errors of 2000 draws, and what the grid errs."""
    rows, rbm = some_rows(), RBM(N, 10, chains=2003, seed=1)
    lowrank.start_from(rbm, rows)
    near = [
        np.bincount(np.argmin(np.abs(x[:, None] - CLUSTERS).sum(axis=2), axis=1)) / len(x)
        for x in (rows, numpy(rbm.chain))
    ]
    np.testing.assert_allclose(near[1], near[0], atol=4.5 * np.sqrt(0.25 / 2003) + 0.05)


def test_hidden_units_that_are_not_needed_stay_near_nothing():
    rbm = RBM(N, 64, seed=1, weight_scale=0.01)
    start = lowrank.start_from(rbm, some_rows(), rank=1, planes=9, steps=50)
    W = numpy(rbm.W)
    assert 1 <= start.units <= 9
    np.testing.assert_allclose(W[:, : start.units], start.space.U @ start.field.A, atol=1e-5)
    assert 0.005 < W[:, start.units :].std() < 0.02


@pytest.mark.once
def test_what_it_cannot_start_is_refused():
    rows = some_rows(20)
    for rbm, options in (
        (RBM(Gaussian(N), 3), {}),
        (RBM(N, 3, span=3), {}),
        (RBM(N, 3), {"rank": 4}),
        (RBM(N, 3), {"rank": 0}),
        (RBM(N, 3), {"planes": 0}),
    ):
        with pytest.raises(UsageError, match=r"expected .* got"):
            lowrank.start_from(rbm, rows, **options)


@pytest.mark.slow
@pytest.mark.once
@pytest.mark.parametrize(("noise", "seed"), [(0.3, 0), (0.1, 1)], ids=["overlapping", "apart"])
def test_what_equal_steps_of_training_make_of_both_starts(noise, seed):
    """The numbers that the module's page gives, in nats a row below the truth."""
    rng = np.random.default_rng(seed)
    clusters, shares = rng.integers(0, 2, (3, 40)), rng.dirichlet(np.full(3, 2.0))
    rows = clusters[rng.choice(3, 5000, p=shares)]
    rows = np.where(rng.random(rows.shape) < noise, rng.integers(0, 2, rows.shape), rows).astype(np.uint8)
    p = clusters * (1 - noise) + noise / 2
    likeness = np.array([np.prod(np.where(rows[4000:] == 1, x, 1 - x), axis=1) for x in p])
    truth, below = np.log(shares @ likeness).mean(), {}
    for name, start in (("usual", contrastive.start_from), ("low rank", lowrank.start_from)):
        rbm = RBM(40, 12, chains=500, seed=1)
        start(rbm, rows[:4000])
        before = truth - log_likelihood(rbm, rows[4000:])
        contrastive.train_rbm(rbm, rows[:4000], [contrastive.Phase(3000, rate=Linear(2e-3), batch=100)])
        below[name] = before, truth - log_likelihood(rbm, rows[4000:])
    print(below)  # for -s
    assert below["low rank"][0] < 0.2 < 5 < below["usual"][0]
    assert (below["low rank"][1] < below["usual"][1]) == (noise == 0.3)
