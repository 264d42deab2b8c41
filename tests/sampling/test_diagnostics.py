"""Diagnostics against processes whose autocorrelation is known, and small cases by hand; seeds are fixed."""

import numpy as np
import pytest

from credo.errors import UsageError
from credo.sampling import diagnostics

pytestmark = [pytest.mark.machine, pytest.mark.once]


def autoregressive(phi, chains=5, draws=20_000, seed=0):
    """x_t = phi x_(t-1) + noise, started where it stays: rho_t = phi^t, time (1 + phi) / (1 - phi)."""
    noise = np.random.default_rng(seed).normal(size=(draws, chains))
    noise[0] /= np.sqrt(1 - phi**2)
    x = noise.copy()
    for t in range(1, draws):
        x[t] += phi * x[t - 1]
    return x.T


@pytest.mark.parametrize("phi", [0.0, 0.5, 0.9, -0.5])
def test_times_of_known_processes(phi):
    x = autoregressive(phi)
    time = (1 + phi) / (1 - phi)
    assert diagnostics.autocorrelation_time(x) == pytest.approx(time, rel=0.1)
    assert diagnostics.effective_draws(x) == pytest.approx(x.size / time, rel=0.1)
    assert diagnostics.bulk_ess(x) == pytest.approx(x.size / time, rel=0.1)
    np.testing.assert_allclose(diagnostics.autocorrelation(x)[:7], phi ** np.arange(7), atol=0.03)
    assert diagnostics.split_rhat(x) == pytest.approx(1, abs=0.003)
    assert diagnostics.rank_rhat(x) == pytest.approx(1, abs=0.003)


def test_effective_draws_tell_the_error_of_a_mean():
    """Of many short runs: the variance of their means is the variance of a draw by the effective draws of a run."""
    x = autoregressive(0.8, chains=2_003, draws=500)
    effective = diagnostics.effective_draws(x) / len(x)
    assert x.mean(axis=1).var() == pytest.approx(x.var() / effective, rel=0.15)


def test_autocovariance_is_the_sum_by_hand():
    x = np.random.default_rng(1).normal(size=(3, 7, 2))
    ours = diagnostics.autocovariance(x)
    deviation = x - x.mean(axis=1, keepdims=True)
    for lag in range(7):
        expected = (deviation[:, lag:] * deviation[:, : 7 - lag]).sum(axis=1) / 7
        np.testing.assert_allclose(ours[:, lag], expected, atol=1e-12)


def test_split_rhat_by_hand():
    """Half-chains (1, 3), (5, 7), (2, 2), (4, 4): W = 1, their means are 2, 6, 2, 4, so B / D = 11 / 3."""
    x = np.array([[1, 3, 5, 7], [2, 2, 4, 4]], float)
    assert diagnostics.split_rhat(x) == pytest.approx(np.sqrt(0.5 + 11 / 3))
    odd = np.insert(x, 2, 1e6, axis=1)  # the middle draw of an odd number is left out
    assert diagnostics.split_rhat(odd) == pytest.approx(np.sqrt(0.5 + 11 / 3))


def test_normal_scores_by_hand():
    """Ranks 1, 2.5, 2.5, 4 of four; below 1.0491 a normal number lies in (4 - 3/8) / (4 + 1/4) of all cases."""
    scores = diagnostics._normalised(np.array([[3.0, 5.0], [5.0, 8.0]]))
    np.testing.assert_allclose(scores, [[-1.0491313979639, 0], [0, 1.0491313979639]], atol=1e-9)


def test_chains_in_different_places_are_seen():
    x = autoregressive(0.5, draws=1_000)
    assert diagnostics.split_rhat(x + np.arange(5)[:, None]) > 1.5
    assert diagnostics.rank_rhat(x + np.arange(5)[:, None]) > 1.5
    assert diagnostics.split_rhat(x + np.linspace(0, 5, 1_000)) > 1.3  # all drift alike
    assert diagnostics.bulk_ess(x + 9 * np.arange(5)[:, None]) < 10


def test_ranks_see_chains_of_different_spread_and_tails():
    x = autoregressive(0.0, draws=1_000)
    x[0] *= 5
    assert diagnostics.split_rhat(x) < 1.01
    assert diagnostics.rank_rhat(x) > 1.05
    heavy = np.random.default_rng(0).standard_cauchy((5, 1_000))
    heavy[0] += 5
    assert diagnostics.split_rhat(heavy) < 1.01
    assert diagnostics.rank_rhat(heavy) > 1.1


def test_chains_that_do_not_move():
    still = np.zeros((3, 10))
    assert np.isnan(diagnostics.rank_rhat(still))
    assert np.isnan(diagnostics.autocorrelation_time(still))
    still[0] = 0.1
    assert diagnostics.split_rhat(still) == diagnostics.rank_rhat(still) == np.inf
    assert not diagnostics.report(still).mixed


def test_each_quantity_has_its_own_numbers():
    x = np.stack([autoregressive(phi, draws=501) for phi in (0.0, 0.7, 0.9)], axis=2).reshape(5, 501, 1, 3)
    for function in (
        diagnostics.split_rhat,
        diagnostics.rank_rhat,
        diagnostics.autocorrelation_time,
        diagnostics.effective_draws,
        diagnostics.bulk_ess,
    ):
        together = function(x)
        assert together.shape == (1, 3)
        np.testing.assert_allclose(together[0], [function(x[:, :, 0, place]) for place in range(3)])


def test_a_report_is_of_the_worst_quantity():
    x = np.stack([autoregressive(0.0, draws=997), autoregressive(0.9, draws=997), np.ones((5, 997))], axis=2)
    report = diagnostics.report(x, [0.5, np.nan, 0.1, 0.3])
    assert (report.chains, report.draws) == (5, 997)
    assert report.rhat == pytest.approx(diagnostics.rank_rhat(x[:, :, 1]))
    assert report.bulk_ess == pytest.approx(diagnostics.bulk_ess(x[:, :, 1]))
    assert report.time == pytest.approx(diagnostics.autocorrelation_time(x[:, :, 1]))
    assert report.acceptance == pytest.approx((0.3, 0.1))
    assert report.text().startswith("5 chains of 997 draws: R-hat 1.0")
    assert "swaps 0.30 (worst pair 0.10); not mixed" in report.text()
    good = diagnostics.report(autoregressive(0.0, draws=997))
    assert good.mixed
    assert good.text().endswith("; mixed")
    assert "swaps" not in good.text()


def test_modes_by_hand():
    centres = np.array([[0, 0], [4, 0]])
    trace = np.array([[[0, 1], [1, 9], [3, 0], [4, 4], [1, 0]], [[5, 5], [3, 1], [2.5, 0], [9, 9], [2.1, 0]]])
    labels = diagnostics.nearest(trace, centres)
    assert labels.tolist() == [[0, 0, 1, 1, 0], [1, 1, 1, 1, 1]]
    assert diagnostics.mode_jumps(labels).tolist() == [2, 0]


@pytest.mark.parametrize(
    ("trace", "message"),
    [
        (np.zeros(9), r"expected shape \(B, D, ...\) with at least 4 draws, got \(9,\)"),
        (np.zeros((2, 3)), r"at least 4 draws, got \(2, 3\)"),
        (np.full((2, 5), np.nan), "expected finite numbers"),
    ],
)
def test_wrong_traces_are_refused(trace, message):
    with pytest.raises(UsageError, match=message):
        diagnostics.report(trace)


def test_wrong_modes_are_refused():
    with pytest.raises(UsageError, match=r"\(B, D, N\) and \(K, N\), got \(2, 3\) and \(2, 3\)"):
        diagnostics.nearest(np.zeros((2, 3)), np.zeros((2, 3)))
    with pytest.raises(UsageError, match=r"labels of shape \(B, D\), got \(3,\)"):
        diagnostics.mode_jumps([1, 2, 3])
