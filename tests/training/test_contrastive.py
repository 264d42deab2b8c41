"""Training in phases: what it reaches, when it stops, and that it goes on where it was."""

from functools import partial

import keras
import numpy as np
import pytest

import oracle
from credo.errors import CorpusError, UsageError
from credo.evaluation.likelihood import pseudo
from credo.models.rbm import RBM
from credo.models.units import Gaussian
from credo.training import contrastive
from credo.training.contrastive import History, Monitor, Phase, base_rate, start_from, train_rbm
from credo.training.rates import Constant, Linear
from machines import JOINT, noisy_patterns, numpy, tensor, weights

pytestmark = pytest.mark.machine
UNITS, GROUPS = JOINT


def started(data, **options):
    rbm = RBM(UNITS, 6, seed=1, **options)
    start_from(rbm, data)
    return rbm


def log_likelihood(rbm, codes):
    p = oracle.Machine.of(rbm, GROUPS).p_v()
    return np.log(p[oracle.state_numbers(oracle.expand(codes, GROUPS), GROUPS)]).mean()


def independent(train, codes):
    """Log probability of the codes by their own frequencies, nats a row."""
    counts = [np.bincount(code, minlength=3) / len(train) for code in train.T]
    return sum(np.log(p[code]).mean() for p, code in zip(counts, codes.T, strict=True))


@pytest.mark.parametrize("options", [{}, {"chains": 64}, {"chains": 32, "centring": 0.01, "sparsity": 0.01}], ids=str)
def test_phases_bring_the_exact_likelihood_above_that_of_independent_units(options):
    train, valid = noisy_patterns(512), noisy_patterns(512, seed=4)
    rbm = started(train, **options)
    before = log_likelihood(rbm, valid)
    phases = [Phase(120, rate=0.03, batch=64), Phase(60, k=5, rate=Linear(0.03), batch=64)]
    history = train_rbm(rbm, train, phases, valid=valid, monitor=Monitor(every=60))
    assert before == pytest.approx(independent(train, valid), abs=0.05)
    assert log_likelihood(rbm, valid) > before + 1.2
    assert [(each["step"], each["k"]) for each in history.records] == [(60, 1), (120, 1), (180, 5)]
    assert [each["rate"] for each in history.records] == pytest.approx([0.03, 0.03, 0.0], abs=1e-6)
    assert history.base_rate == pytest.approx(independent(train, valid) / 7, abs=2e-3)
    assert history.records[-1]["score"] == pytest.approx(pseudo.log_likelihood(rbm, valid).mean, abs=1e-6)
    assert history.records[-1]["gain"] == pytest.approx(history.records[-1]["score"] - history.base_rate)
    gap = np.mean(numpy(rbm.free_energy(oracle_states(valid))) - numpy(rbm.free_energy(oracle_states(train))))
    assert history.records[-1]["gap"] == pytest.approx(gap, abs=1e-4)
    assert not history.collapsed
    assert rbm.k == 1


def oracle_states(codes):
    return tensor(oracle.expand(codes, GROUPS))


def test_what_goes_on_from_a_file_is_what_never_stopped(tmp_path):
    """In the middle of a phase, with chains, moments of the optimizer and the best weights so far."""
    data, phases = noisy_patterns(256), [Phase(20, rate=0.02, batch=32), Phase(20, k=2, rate=Linear(0.02), batch=32)]
    options = {"valid": noisy_patterns(64, seed=4), "monitor": Monitor(every=10, patience=9, keep=(20,))}
    straight, broken = (started(data, chains=16, centring=0.05) for _ in range(2))
    whole = train_rbm(straight, data, phases, **options)

    def stop(history):
        if history.step == 30:
            history.save(tmp_path / "history.npz")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_rbm(broken, data, phases, **options, progress=stop)
    fresh = RBM(UNITS, 6, seed=7, chains=16, centring=0.05)
    fresh.seed = 1
    told = []
    resume = History.load(tmp_path / "history.npz")
    again = train_rbm(fresh, data, phases, **options, resume=resume, progress=lambda history: told.append(history.step))
    assert told == [40]
    for ours, theirs in zip(weights(fresh), weights(straight), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert again.records == whole.records
    assert [step for step, _ in again.kept] == [step for step, _ in whole.kept] == [20]
    np.testing.assert_array_equal(again.kept[0][1].W, whole.kept[0][1].W)


def scripted(scores):
    """A score that says what it is told to."""
    numbers = iter(scores)
    return lambda rbm, rows: next(numbers)


def test_it_stops_after_so_many_measurements_without_a_better_one_and_keeps_the_best_weights():
    data = noisy_patterns(64)
    rbm, seen = started(data), []
    monitor = Monitor(every=2, patience=3, least=0.1, score=scripted([-3.0, -1.0, -1.05, -2.0, -0.95, 5.0]))
    history = train_rbm(
        rbm, data, [Phase(40, rate=0.1, batch=16)], monitor=monitor, progress=lambda _: seen.append(numpy(rbm.W))
    )
    assert (history.step, history.best, history.stopped) == (10, 4, True)
    np.testing.assert_array_equal(numpy(rbm.W), seen[1])
    assert not np.array_equal(seen[1], seen[-1])


def test_a_gap_that_is_too_wide_is_not_better():
    data = noisy_patterns(64)
    history = train_rbm(
        started(data),
        data,
        [Phase(20, rate=0.1, batch=16)],
        valid=1 - np.minimum(data, 1),
        monitor=Monitor(every=2, patience=2, most_gap=-1e9, score=scripted(range(9))),
    )
    assert (history.step, history.best) == (4, 0)


def test_numbers_are_kept_at_the_first_measurement_from_a_step_on():
    data = noisy_patterns(64)
    rbm, seen = started(data), {}
    history = train_rbm(
        rbm,
        data,
        [Phase(10, rate=0.1, batch=16)],
        monitor=Monitor(every=2, keep=(1, 3, 4, 10)),
        progress=lambda history: seen.update({history.step: numpy(rbm.W)}),
    )
    assert [step for step, _ in history.kept] == [2, 4, 10]
    for step, numbers in history.kept:
        np.testing.assert_array_equal(numbers.W, seen[step])
        assert numbers.l.shape == (6,)


def test_a_machine_that_knows_no_more_than_the_base_rates_is_said_to_have_collapsed():
    data = np.random.default_rng(0).integers(0, 2, (256, 7)).astype(np.uint8)
    phases, monitor = [Phase(10, rate=1e-6)], Monitor(every=10, score=lambda rbm, rows: -1.0)
    assert train_rbm(started(data), data, phases, monitor=monitor).collapsed
    monitor = Monitor(every=10, score=lambda rbm, rows: -0.1)
    assert not train_rbm(started(data), data, phases, monitor=monitor).collapsed


def test_a_gradient_can_be_clipped():
    """One step of plain descent with the norm of the gradient held to 0.01."""
    data = noisy_patterns(64)
    rbm = started(data)
    before = weights(rbm)[:3]
    clipped = partial(keras.optimizers.SGD, global_clipnorm=0.01)
    train_rbm(rbm, data, [Phase(1, rate=Constant(2.0), batch=16)], optimizer=clipped)
    moved = np.concatenate([(new - old).ravel() for new, old in zip(weights(rbm)[:3], before, strict=True)])
    assert np.linalg.norm(moved) == pytest.approx(0.02, rel=1e-3)


def test_before_training_the_score_is_the_base_rate_and_held_codes_do_not_count():
    data = noisy_patterns(256)
    for held in (None, [1, 0, 1, 0, 0, 0, 0]):
        rbm = RBM(UNITS, 6, held=held, weight_scale=0.0)
        start_from(rbm, data)
        rate = base_rate(rbm, data, data)
        assert contrastive.score(rbm, data) == pytest.approx(rate, abs=1e-4)
    assert rate != pytest.approx(base_rate(RBM(UNITS, 6), data, data), abs=1e-3)


def test_large_machines_are_scored_on_one_code_a_row(monkeypatch):
    data = noisy_patterns(512)
    rbm = started(data)
    full = contrastive.score(rbm, data)
    monkeypatch.setattr(contrastive, "_MOST_NUMBERS", 0)
    sampled = contrastive.score(rbm, data)
    assert sampled == pytest.approx(full, abs=0.1)
    assert sampled != full
    assert sampled == contrastive.score(rbm, data)


def test_real_units_are_trained_and_scored_too():
    rng = np.random.default_rng(0)
    data = (rng.choice([-1, 1], (512, 1)) * np.array([[1.0, 1.0, -1.0]]) + 0.3 * rng.normal(size=(512, 3))).astype("f4")
    rbm = RBM(Gaussian(3, 0.5), 4, seed=1)
    start_from(rbm, data)
    expected = np.mean(-np.square((data[::2] - data.mean(axis=0)) / 0.5) / 2 - np.log(0.5 * np.sqrt(2 * np.pi)))
    assert base_rate(rbm, data, data[::2]) == pytest.approx(expected, abs=1e-3)
    history = train_rbm(rbm, data, [Phase(200, rate=0.03, batch=64)], valid=data[::2])
    assert history.records[-1]["gain"] > 1


@pytest.mark.once
def test_it_says_when_numbers_run_away():
    data = noisy_patterns(64)
    with pytest.raises(CorpusError, match="diverged by step 2"):
        train_rbm(started(data), data, [Phase(4)], monitor=Monitor(every=2, score=lambda rbm, rows: float("nan")))


@pytest.mark.once
def test_impossible_wishes_are_refused():
    data = noisy_patterns(64)
    for make in (lambda: Phase(0), lambda: Phase(1, k=0), lambda: Monitor(every=0), lambda: Monitor(patience=-1)):
        with pytest.raises(UsageError, match="expected"):
            make()
    with pytest.raises(UsageError, match="at least one phase"):
        train_rbm(started(data), data, [])
    other = train_rbm(started(data), data, [Phase(1)])
    with pytest.raises(UsageError, match="of this machine"):
        train_rbm(RBM(UNITS, 5), data, [Phase(2)], resume=other)


def test_batches_of_a_phase_do_not_repeat_those_of_another():
    seeds = [1 * 1_000_003 + number for number in range(2)]
    first, second = (contrastive.batch_rows(64, 64, range(1), seed) for seed in seeds)
    assert not np.array_equal(first, second)
