"""The log-likelihood of sequences under temporal machines, in nats a frame.

The protocol of Boulanger-Lewandowski, Bengio & Vincent (2012): the sum over all frames of log P(v_t | past), the first
frame of each sequence included, divided by the number of frames.

Machines that need a normaliser have one a frame, and it is estimated from both sides: chains are annealed from an
independent machine to the frame's own; there they are drawn anew by their weights, settle, and go back. Forward alone
flatters (log Z comes out too low), backward alone does the opposite as far as the chains have settled, and Bennett's
acceptance ratio (1976; Shirts et al. 2003) joins the two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.evaluation.likelihood import path
from credo.evaluation.likelihood.estimate import MOST_DEVIATION, error_over_groups, from_log_weights
from credo.evaluation.likelihood.path import Pairing, Progress
from credo.evaluation.likelihood.trajectory import bennett
from credo.models import random
from credo.models.backend import compiled
from credo.models.rbm import Parameters
from credo.models.temporal.dbn import TemporalDBN
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.models.temporal.sequences import ABSENT

_STREAMS, _STEPS = 16, 128
_ROWS = 256


class FrameLikelihood(NamedTuple):
    """Log-likelihood of the frames of sequences.

    Attributes:
        mean: nats a frame.
        standard_error: of the mean, over resampled sequences (bootstrap; Efron 1979), whose frames are not independent.
        high: the mean with log Z annealed forward alone: too high, on average.
        low: the mean with log Z annealed backward alone: too low, on average, where the chains mix.
        spread: mean over frames of the standard deviation of the forward log weights, nats; 0 where log Z is exact.
        rejected: share of the frames whose spread is above `estimate.MOST_DEVIATION`.
        frames: log-likelihood of each frame, nats, shape (n,).
        sequence: which sequence each belongs to, shape (n,).
    """

    mean: float
    standard_error: float
    high: float
    low: float
    spread: float
    rejected: float
    frames: np.ndarray
    sequence: np.ndarray


class Annealing(NamedTuple):
    """How much is done for each normaliser.

    Attributes:
        runs: chains a frame, R, in each direction.
        steps: temperatures from the independent machine to the frame's own, and back.
        settle: steps of block Gibbs that the chains take at the frame's own machine before they turn back.
    """

    runs: int = 32
    steps: int = 500
    settle: int = 50


#: Enough for machines that mix well.
USUAL = Annealing()


class Rows(NamedTuple):
    """Some frames of some sequences.

    Attributes:
        values: what was asked for of each, arrays of n rows.
        sequence: which sequence each belongs to, shape (n,).
        step: its number in it, shape (n,).
    """

    values: tuple[np.ndarray, ...]
    sequence: np.ndarray
    step: np.ndarray


def read_rows(model: Any, sequences: Sequence[np.ndarray], of_frames: Any) -> Iterator[Rows]:
    """Read sequences of any length in bounded memory, many at a time, each with its whole past.

    Args:
        model: has a `memory`, and is what `of_frames` reads the variables of.
        sequences: each of shape (T, N), of zeros and ones.
        of_frames: from `(frames, state)` to a tuple of arrays with T B rows (frame by frame), and the state after.
    """
    read = compiled(model, lambda frames, *state: of_frames(frames, type(model.memory.start(1))(*state)))
    order = sorted(range(len(sequences)), key=lambda number: len(sequences[number]))
    for first in range(0, len(order), _STREAMS):
        chosen = order[first : first + _STREAMS]
        steps = -(-max(len(sequences[number]) for number in chosen) // _STEPS) * _STEPS
        frames = np.full((_STREAMS, steps + 1, model.size), ABSENT, np.uint8)
        for place, number in enumerate(chosen):
            frames[place, 1 : len(sequences[number]) + 1] = sequences[number]
        state = model.memory.start(_STREAMS)
        for start in range(0, steps, _STEPS):
            window = frames[:, start : start + _STEPS + 1]
            values, state = read(ops.convert_to_tensor(window), *state)
            there = (window[:, 1:, 0] != ABSENT).T.reshape(-1)
            step, stream = (each.reshape(-1)[there] for each in np.indices((_STEPS, _STREAMS)))
            values = tuple(ops.convert_to_numpy(value)[there] for value in values)
            yield Rows(values, np.array(chosen)[np.minimum(stream, len(chosen) - 1)], start + step)


def exact_frame_likelihood(model: TemporalNADE, sequences: Sequence[np.ndarray], *, seed: int = 0) -> FrameLikelihood:
    """Log-likelihood of sequences under an RNN-NADE, which needs no normaliser.

    Args:
        model: the machine.
        sequences: each of shape (T, N), of zeros and ones.
        seed: of the resampling.

    Raises:
        UsageError: there is no frame.
    """
    _count(sequences)

    def of_frames(frames: Any, state: Any) -> tuple[Any, Any]:
        nats, state = model.log_prob(frames, state)
        return (nats,), state

    parts = [
        (np.tile(rows.values[0][:, None], 3), np.zeros(len(rows.sequence)), rows.sequence)
        for rows in read_rows(model, sequences, of_frames)
    ]
    return summarise(*(np.concatenate(part) for part in zip(*parts, strict=True)), seed=seed)


def frame_likelihood(
    model: TemporalRBM,
    sequences: Sequence[np.ndarray],
    *,
    annealing: Annealing = USUAL,
    most_frames: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> FrameLikelihood:
    """Log-likelihood of sequences under an RNN-RBM, with one log Z a frame by annealing in both directions.

    Args:
        model: the machine.
        sequences: each of shape (T, N), of zeros and ones.
        annealing: how much is done for each normaliser.
        most_frames: at most so many frames, chosen at random, are measured; 0 for all.
        seed: of the draws and of the choice.
        progress: told after each group of frames.

    Raises:
        UsageError: there is no frame.
    """

    def of_frames(frames: Any, state: Any) -> tuple[Any, Any]:
        (p, v, _), state = model.read(frames, state)
        return (-model.free_energy(v, p), p.a, p.b), state

    normaliser = _Normaliser(model, Pairing(model.visible, model.hidden), annealing, seed)
    return _annealed(model, sequences, of_frames, normaliser, most_frames, progress)


def frame_bound(
    model: TemporalDBN,
    sequences: Sequence[np.ndarray],
    *,
    samples: int = 32,
    annealing: Annealing = USUAL,
    most_frames: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> FrameLikelihood:
    """A lower bound of the log-likelihood of sequences under an RNN-DBN, but for the error of log Z.

    It is the log mean exp over samples of h1 (Burda, Grosse & Salakhutdinov 2016) of `TemporalDBN.log_weight`, less the
    top RBM's log Z, annealed frame by frame.

    Args:
        model: the network.
        sequences: each of shape (T, N), of zeros and ones.
        samples: of h1 a frame; more tighten the bound.
        annealing: how much is done for each normaliser.
        most_frames: at most so many frames, chosen at random, are measured; 0 for all.
        seed: of the draws and of the choice.
        progress: told after each group of frames.

    Raises:
        UsageError: there is no frame.
    """

    def of_frames(frames: Any, state: Any) -> tuple[Any, Any]:
        read, state = model.read(frames, state)

        def another(sample: Any, total: Any) -> Any:
            return ops.logaddexp(total, model.log_weight(read, random.advance(random.make_key(seed), sample)))

        key = ops.convert_to_tensor(random.make_key(seed))
        total = ops.fori_loop(1, samples, another, model.log_weight(read, key))
        return (total - np.log(samples), read.top.a, read.top.b), state

    normaliser = _Normaliser(model, Pairing(model.middle, model.hidden), annealing, seed)
    return _annealed(model, sequences, of_frames, normaliser, most_frames, progress)


class _Normaliser:
    """Log Z of machines that share weights, from their biases."""

    def __init__(self, model: Any, pair: Pairing, annealing: Annealing, seed: int) -> None:
        if annealing.runs < 2 or annealing.steps < 1 or annealing.settle < 0:
            raise UsageError(f"annealing: expected runs >= 2, steps >= 1, settle >= 0, got {annealing}")
        arrays = (np.asarray(ops.convert_to_numpy(x), np.float32) for x in compiled(model, model.static_parameters)())
        self.static, self.pair, self.annealing, self.seed = Parameters(*arrays), pair, annealing, seed

    def __call__(self, a: np.ndarray, b: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Log Z by both directions, forward and backward, nats; and the deviation of the forward log weights.

        Args:
            a: visible biases, shape (n, N), of at most `_ROWS` machines.
            b: hidden biases, shape (n, H).
            number: of the group, for the draws.

        Returns:
            Shapes (n, 3) and (n,).
        """
        count, (runs, steps, settle) = len(a), self.annealing
        a, b = (np.resize(x, (_ROWS, x.shape[1])) for x in (a, b))  # one shape, one compilation
        p, key = self.static._replace(a=a, b=b), random.make_key(self.seed * 1_000_003 + number)
        start, forward = path.independent(a, b), np.linspace(0, 1, steps + 1)
        v = path.draw_independent(self.pair, path.with_runs(start), (_ROWS, runs, a.shape[1]), key)
        v, up, key = path.walk(self.pair, start, p, v, forward, random.advance(key))
        v = np.take_along_axis(ops.convert_to_numpy(v), _resampled(up, int(key[0]))[..., None], axis=1)
        if settle:
            v, _, key = path.walk(self.pair, start, p, v, np.ones(settle + 1), key)
        _, down, _ = path.walk(self.pair, start, p, v, forward[::-1], key)
        log_z0 = path.independent_log_z(self.pair, start)
        there, back = from_log_weights(up, log_z0), from_log_weights(down, log_z0, -1)
        joined = log_z0 + np.array([bennett(*row)[0] for row in zip(up, -down, strict=True)])
        return np.stack([joined, there.log_z, back.log_z], axis=1)[:count], there.deviation[:count]


def _resampled(log_weights: np.ndarray, seed: int) -> np.ndarray:
    """Numbers of runs drawn by their weights, systematically (Kitagawa 1996); (B, R) to (B, R)."""
    B, R = log_weights.shape
    weights = np.exp(log_weights - log_weights.max(axis=1, keepdims=True))
    ends = np.cumsum(weights / weights.sum(axis=1, keepdims=True), axis=1)
    places = (np.random.default_rng(seed & 0xFFFFFFFF).random((B, 1)) + np.arange(R)) / R
    return np.minimum((places[:, :, None] > ends[:, None]).sum(axis=2), R - 1)


def _annealed(
    model: Any,
    sequences: Sequence[np.ndarray],
    of_frames: Any,
    normaliser: _Normaliser,
    most_frames: int,
    progress: Progress | None,
) -> FrameLikelihood:
    total = _count(sequences)
    starts = np.cumsum([0, *(len(sequence) for sequence in sequences)])
    count = min(total, most_frames or total)
    wanted = np.zeros(total, bool)
    wanted[np.random.default_rng(normaliser.seed).permutation(total)[:count]] = True
    parts: list[tuple[np.ndarray, ...]] = []
    done = 0
    for values, sequence in _regrouped(
        read_rows(model, sequences, of_frames), lambda rows: wanted[starts[rows.sequence] + rows.step]
    ):
        log_z, deviation = normaliser(*values[1:], done)
        parts.append((values[0][:, None] - log_z, deviation, sequence))
        done += len(sequence)
        if progress:
            progress(done, count)
    return summarise(*(np.concatenate(part) for part in zip(*parts, strict=True)), seed=normaliser.seed)


def _regrouped(rows: Iterator[Rows], chosen: Any) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """The chosen rows in groups of `_ROWS`, the last one smaller."""
    waiting: list[np.ndarray] = []
    for each in rows:
        keep = chosen(each)
        new = [value[keep] for value in (*each.values, each.sequence)]
        waiting = [np.concatenate(pair) for pair in zip(waiting, new, strict=True)] if waiting else new
        while len(waiting[0]) >= _ROWS:
            group, waiting = [x[:_ROWS] for x in waiting], [x[_ROWS:] for x in waiting]
            yield group[:-1], group[-1]
    if waiting and len(waiting[0]):
        yield waiting[:-1], waiting[-1]


def _count(sequences: Sequence[np.ndarray]) -> int:
    total = sum(len(sequence) for sequence in sequences)
    if not total:
        raise UsageError("frame likelihood: expected at least one frame, got none")
    return total


def summarise(frames: np.ndarray, spread: np.ndarray, sequence: np.ndarray, seed: int = 0) -> FrameLikelihood:
    """The mean over frames with its standard error over sequences.

    Args:
        frames: log-likelihood of each by both directions, forward and backward, nats, shape (n, 3).
        spread: standard deviation of each one's log weights, shape (n,).
        sequence: which sequence each belongs to, shape (n,).
        seed: of the resampling.
    """
    best, high, low = frames.T
    error = error_over_groups(best, sequence, seed)
    rejected = float(np.mean(spread > MOST_DEVIATION))
    means = (float(x.mean()) for x in (high, low, spread))
    return FrameLikelihood(float(best.mean()), error, *means, rejected, best, sequence)
