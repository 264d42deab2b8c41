"""The log-likelihood of sequences under temporal machines, in nats a frame.

The protocol of Boulanger-Lewandowski, Bengio & Vincent (2012): the sum over all frames of log P(v_t | past), the first
frame of each sequence included, divided by the number of frames. What a normaliser is needed for is annealed frame by
frame, and every frame's estimate has a spread of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.evaluation.likelihood import ais
from credo.evaluation.likelihood.path import Progress
from credo.models import random
from credo.models.backend import compiled
from credo.models.rbm import Parameters
from credo.models.temporal.dbn import TemporalDBN
from credo.models.temporal.nade import TemporalNADE
from credo.models.temporal.rbm import TemporalRBM
from credo.models.temporal.sequences import ABSENT
from credo.models.units import Units

_STREAMS, _STEPS = 16, 128
_ROWS = 256
_RESAMPLED = 1000


class FrameLikelihood(NamedTuple):
    """Log-likelihood of the frames of sequences.

    Attributes:
        mean: nats a frame.
        standard_error: of the mean, over resampled sequences (bootstrap; Efron 1979), whose frames are not independent.
        spread: mean over frames of the standard deviation of the log weights, nats; 0 where log Z is exact.
        rejected: share of the frames whose spread is above 1, so that their log Z cannot be trusted.
        frames: log-likelihood of each frame, nats, shape (n,).
        sequence: which sequence each belongs to, shape (n,).
    """

    mean: float
    standard_error: float
    spread: float
    rejected: float
    frames: np.ndarray
    sequence: np.ndarray


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
        (rows.values[0], np.zeros(len(rows.sequence)), rows.sequence) for rows in read_rows(model, sequences, of_frames)
    ]
    return summarise(*(np.concatenate(part) for part in zip(*parts, strict=True)), seed=seed)


def frame_likelihood(
    model: TemporalRBM,
    sequences: Sequence[np.ndarray],
    *,
    runs: int = 100,
    steps: int = 1000,
    most_frames: int = 0,
    seed: int = 0,
    progress: Progress | None = None,
) -> FrameLikelihood:
    """Log-likelihood of sequences under an RNN-RBM, with one log Z a frame by annealed importance sampling.

    The base machine of a frame has the frame's own biases and no weights. The estimate of log Z is too low on average,
    so that the likelihood is too high: look at the spread.

    Args:
        model: the machine.
        sequences: each of shape (T, N), of zeros and ones.
        runs: chains a frame.
        steps: temperatures.
        most_frames: at most so many frames, chosen at random, are measured; 0 for all.
        seed: of the draws and of the choice.
        progress: told after each group of frames.

    Raises:
        UsageError: there is no frame.
    """

    def of_frames(frames: Any, state: Any) -> tuple[Any, Any]:
        (p, v, _), state = model.read(frames, state)
        return (-model.free_energy(v, p), p.a, p.b), state

    normaliser = _Normaliser(model, model.visible, model.hidden, model.static_parameters, runs, steps, seed)
    return _annealed(model, sequences, of_frames, normaliser, most_frames, progress)


def frame_bound(
    model: TemporalDBN,
    sequences: Sequence[np.ndarray],
    *,
    samples: int = 32,
    runs: int = 100,
    steps: int = 1000,
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
        runs: chains a frame.
        steps: temperatures.
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

        first = model.log_weight(read, ops.convert_to_tensor(random.make_key(seed)))
        total = ops.fori_loop(1, samples, another, first)
        return (total - np.log(samples), read.top.a, read.top.b), state

    normaliser = _Normaliser(model, model.middle, model.hidden, model.static_parameters, runs, steps, seed)
    return _annealed(model, sequences, of_frames, normaliser, most_frames, progress)


class _Normaliser:
    """Log Z of machines that share weights, from their biases."""

    def __init__(
        self, model: Any, visible: Units, hidden: Units, static: Any, runs: int, steps: int, seed: int
    ) -> None:
        arrays = (np.asarray(ops.convert_to_numpy(x), np.float32) for x in compiled(model, static)())
        self.static, self.units = Parameters(*arrays), (visible, hidden)
        self.runs, self.steps, self.seed = runs, steps, seed

    def __call__(self, a: np.ndarray, b: np.ndarray, number: int) -> tuple[np.ndarray, np.ndarray]:
        """Log Z and the deviation of its log weights, nats; biases of shape (n, N) and (n, H), at most `_ROWS`."""
        kept = slice(0, len(a))
        a, b = (np.resize(x, (_ROWS, x.shape[1])) for x in (a, b))  # one shape, one compilation
        p, seed = self.static._replace(a=a, b=b), self.seed + number
        found = ais.anneal(*self.units, p, runs=self.runs, steps=self.steps, seed=seed)
        return found.log_z[kept], found.deviation[kept]


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
        log_z, deviation = normaliser(values[1], values[2], done)
        parts.append((values[0] - log_z, deviation, sequence))
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
        frames: log-likelihood of each, nats, shape (n,).
        spread: standard deviation of each one's log weights, shape (n,).
        sequence: which sequence each belongs to, shape (n,).
        seed: of the resampling.
    """
    _, number = np.unique(sequence, return_inverse=True)
    sums, counts = np.bincount(number, frames), np.bincount(number)
    drawn = np.random.default_rng(seed).integers(0, len(sums), (_RESAMPLED, len(sums)))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    return FrameLikelihood(
        float(frames.mean()), float(means.std()), float(spread.mean()), float(np.mean(spread > 1)), frames, sequence
    )
