"""Training one RBM by contrastive divergence, in phases and with an eye on it.

    start_from(rbm, data)
    phases = [Phase(4000, k=1, rate=1e-2), Phase(2000, k=5, rate=5e-3), Phase(2000, k=25, rate=Linear(5e-3))]
    history = train_rbm(rbm, data, phases, valid=valid, monitor=Monitor(every=200, patience=10))

What is minimised belongs to the machine (`RBM`: chains, weight decay, sparsity, centring), how long and how fast to the
phases, what is watched to the monitor, and the rule of descent to an optimizer of Keras, which may clip the gradient:
`optimizer=partial(keras.optimizers.Adam, global_clipnorm=1.0)`.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.errors import CorpusError, UsageError
from credo.evaluation.likelihood import pseudo
from credo.models.backend import compiled
from credo.models.backend.stepper import Stepper
from credo.models.rbm import RBM, Parameters, as_states
from credo.strips import Strip
from credo.training.rates import Constant, PhasedRate, Rate

_ROWS = 1024
_MOST_NUMBERS = 1 << 26


@dataclass(frozen=True)
class Phase:
    """A stretch of training.

    Attributes:
        steps: steps of the optimizer.
        k: steps of the chain for each of them. Raised late, it makes up for chains that mix ever more slowly.
        rate: learning rate, a number or a schedule of `training.rates`.
        batch: rows a step.
    """

    steps: int
    k: int = 1
    rate: float | Rate = 1e-3
    batch: int = 128

    def __post_init__(self) -> None:
        if self.steps < 1 or self.k < 1 or self.batch < 1:
            raise UsageError(f"phase: expected steps, k and batch of at least 1, got {self}")


def score(rbm: RBM, rows: np.ndarray) -> float:
    """How well a machine knows rows, in nats a code; higher is better.

    Of discrete units it is the pseudo-log-likelihood, over one code a row (always the same) where all would be many. Of
    real ones, for which that has no closed form, it is the log density given the means of the hidden units, which
    have seen the row: a weaker sign.

    Args:
        rbm: the machine.
        rows: codes (n, G) or states (n, N), or sequences of them.
    """
    if rbm.visible.discrete:
        few = int(np.prod(rows.shape[:-1])) * rbm.visible.size * rbm.hidden.size <= _MOST_NUMBERS
        return (pseudo.log_likelihood if few else pseudo.sampled_log_likelihood)(rbm, rows).mean
    v = as_states(rbm.visible, ops.convert_to_tensor(rows))
    logits = rbm.v_logits_from_h(rbm.mean_h_from_v(v))
    return float(ops.convert_to_numpy(ops.mean(rbm.visible.log_prob(rbm.visible.collapse(v), logits))))


def base_rate(rbm: RBM, data: np.ndarray | Strip, rows: np.ndarray) -> float:
    """What `score` is of independent units with the means of the data, nats a free code: what any machine must beat.

    Args:
        rbm: whose units count.
        data: rows that give the means.
        rows: rows that are told.
    """
    logits = ops.convert_to_tensor(rbm.visible.logits_of_mean(visible_mean(rbm, data)))
    v = as_states(rbm.visible, ops.convert_to_tensor(rows))
    each = rbm.visible.log_prob(rbm.visible.collapse(v), ops.broadcast_to(logits, ops.shape(v)))
    free = np.ones(rbm.visible.groups, bool) if rbm.held is None else ~np.array(rbm.held, bool)
    return float(np.mean(ops.convert_to_numpy(each)[..., free]))


@dataclass(frozen=True)
class Monitor:
    """What is watched, and when training stops.

    A measurement is better than those before if its score is higher by more than `least` and its free-energy gap is
    not above `most_gap`. After `patience` measurements in a row of which none was better, training stops. With
    patience, the machine ends with the weights of the best measurement, whether it stopped or not.

    Attributes:
        every: steps between measurements; phases end with one.
        patience: see above; 0 to go on to the end and keep the last weights.
        least: nats a code that count as better.
        most_gap: nats a row; mean free energy of held-out rows minus that of training rows (Hinton 2010, section 16).
        rows: how many rows are watched of each kind.
        score: of (machine, rows), higher is better.
        keep: steps after which the numbers of the machine are kept, each at the first measurement from there on.
    """

    every: int = 200
    patience: int = 0
    least: float = 0.0
    most_gap: float = float("inf")
    rows: int = 512
    score: Callable[[RBM, np.ndarray], float] = score
    keep: Sequence[int] = ()

    def __post_init__(self) -> None:
        if self.every < 1 or self.patience < 0 or self.rows < 1:
            raise UsageError(f"monitor: expected every >= 1, patience >= 0, rows >= 1, got {self}")


@dataclass
class History:
    """What training did, and all it needs to go on.

    Attributes:
        base_rate: score of independent units on the watched rows, nats a code.
        records: of each measurement `step`, `k`, `rate`, `reconstruction`, `score`, `gain` (score minus base rate) and,
            with held-out rows, `gap`.
        best: step of the best measurement.
        waited: measurements since then.
        stopped: whether training stopped before its end.
        kept: steps and numbers of the machine at them, as of `Monitor.keep`, for tempering along the training.
        arrays: weights `w0`, `w1`, ..., the optimizer's variables `o0`, ... and the best numbers `bW`, `ba`, ...
    """

    base_rate: float
    records: list[dict[str, float]] = field(default_factory=list)
    best: int = 0
    waited: int = 0
    stopped: bool = False
    kept: list[tuple[int, Parameters]] = field(default_factory=list)
    arrays: dict[str, np.ndarray] = field(default_factory=dict)

    @property
    def step(self) -> int:
        """Steps that were done."""
        return int(self.records[-1]["step"]) if self.records else 0

    @property
    def best_score(self) -> float:
        """The score of the best measurement."""
        return next((each["score"] for each in self.records if each["step"] == self.best), -np.inf)

    @property
    def collapsed(self) -> bool:
        """Whether even the best machine knows no more than the base rates."""
        return self.best_score <= self.base_rate

    def save(self, path: str | Path) -> None:
        """Write everything to one `.npz` file."""
        state = {name: getattr(self, name) for name in ("base_rate", "records", "best", "waited", "stopped")}
        kept = {f"k{step}{name}": x for step, p in self.kept for name, x in p._asdict().items()}
        text = np.frombuffer(json.dumps({**state, "kept": [step for step, _ in self.kept]}).encode(), np.uint8)
        np.savez(path, state=text, **self.arrays, **kept)

    @classmethod
    def load(cls, path: str | Path) -> History:
        """Read what `save` wrote."""
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        state = json.loads(arrays.pop("state").tobytes())
        kept = [
            (step, Parameters(*(arrays.pop(f"k{step}{name}") for name in Parameters._fields)))
            for step in state.pop("kept")
        ]
        return cls(**state, kept=kept, arrays=arrays)


def start_from(rbm: RBM, data: np.ndarray | Strip, *, centre: bool = True) -> None:
    """Start a machine where the data are: biases at their logits, offsets at their means, chains at some rows.

    Args:
        rbm: the machine.
        data: rows, codes (n, G) or states (n, N), or a strip of windows.
        centre: whether to centre the machine on the data.
    """
    rbm.start_from(visible_mean(rbm, data), centre=centre)
    if rbm.chains:
        rows = np.random.default_rng(rbm.seed).integers(0, len(data), rbm.chains)
        rbm.start_chains(visible_states(rbm, data[rows]))


def train_rbm(
    rbm: RBM,
    data: np.ndarray | Strip,
    phases: Sequence[Phase],
    *,
    valid: np.ndarray | None = None,
    monitor: Monitor | None = None,
    optimizer: Callable[[Any], keras.optimizers.Optimizer] = keras.optimizers.Adam,
    resume: History | None = None,
    progress: Callable[[History], None] | None = None,
) -> History:
    """Train a machine that has been started (`start_from`, `lowrank.start_from`).

    Args:
        rbm: the machine. Its own `k` gives way to that of the phases.
        data: rows, codes (n, G) or states (n, N), or a strip of windows.
        phases: one after the other.
        valid: held-out rows; without them the score is that of training rows, and there is no gap.
        monitor: what is watched; None for the defaults of `Monitor`.
        optimizer: makes an optimizer of a learning rate schedule.
        resume: of a training with the same arguments; the machine then goes on from there, bit by bit as if it had
            never stopped (on one backend).
        progress: told after each measurement. To be able to go on, save what it is given.

    Raises:
        CorpusError: training diverges.
        UsageError: there is no phase, or what is to be resumed is of another machine.
    """
    if not phases:
        raise UsageError("train_rbm: expected at least one phase, got none")
    monitor, own_k = monitor or Monitor(), rbm.k
    schedule = [(x.steps, Constant(x.rate) if isinstance(x.rate, int | float) else x.rate) for x in phases]
    rbm.compile(optimizer=optimizer(PhasedRate(schedule)))
    rbm.optimizer.build(rbm.trainable_variables)
    watch = _Watch(rbm, data, valid, monitor)
    history = resume or History(base_rate(rbm, data, watch.rows))
    if resume:
        _restore(rbm, history)
    try:
        start = 0
        for number, phase in enumerate(phases):
            if history.step < start + phase.steps and not history.stopped:
                _run_phase(rbm, data, phase, (number, start), watch, history, progress)
            start += phase.steps
    finally:
        rbm.k = own_k
        rbm.compile(optimizer=rbm.optimizer)  # what was compiled has the last phase's
    if monitor.patience and history.best:
        for name in Parameters._fields:
            getattr(rbm, name).assign(history.arrays[f"b{name}"])
    return history


def _run_phase(
    rbm: RBM,
    data: np.ndarray | Strip,
    phase: Phase,
    place: tuple[int, int],
    watch: _Watch,
    history: History,
    progress: Callable[[History], None] | None,
) -> None:
    number, start = place
    rbm.k = phase.k
    rbm.compile(optimizer=rbm.optimizer)  # what was compiled has another k
    stepper, done = Stepper(rbm, data), max(history.step - start, 0)
    while done < phase.steps and not history.stopped:
        stop = min(done + watch.monitor.every, phase.steps)
        seed = rbm.seed * 1_000_003 + number
        metrics = stepper.run(batch_rows(len(data), phase.batch, range(done, stop), seed))
        done = stop
        watch.measure(start + done, metrics, history)
        if progress:
            progress(history)


class _Watch:
    """Measures a machine, and keeps the history.

    Args:
        rbm: the machine.
        data: what it trains on.
        valid: held-out rows, or None.
        monitor: what to watch.
    """

    def __init__(self, rbm: RBM, data: np.ndarray | Strip, valid: np.ndarray | None, monitor: Monitor) -> None:
        self.rbm, self.monitor = rbm, monitor
        self._seen = data[:: max(1, len(data) // monitor.rows)][: monitor.rows]
        self._held_out = None if valid is None else valid[:: max(1, len(valid) // monitor.rows)][: monitor.rows]
        self._free_energy = compiled(rbm, lambda x: ops.mean(rbm.free_energy(as_states(rbm.visible, x))))

    @property
    def rows(self) -> np.ndarray:
        """The rows that are scored."""
        return self._seen if self._held_out is None else self._held_out

    def measure(self, step: int, metrics: dict[str, float], history: History) -> None:
        value = float(self.monitor.score(self.rbm, self.rows))
        record = {"step": step, "k": self.rbm.k, "rate": float(ops.convert_to_numpy(self.rbm.optimizer.learning_rate))}
        record |= {**metrics, "score": value, "gain": value - history.base_rate}
        if self._held_out is not None:
            unseen, seen = (
                float(ops.convert_to_numpy(self._free_energy(ops.convert_to_tensor(x))))
                for x in (self._held_out, self._seen)
            )
            record["gap"] = unseen - seen
        if not all(np.isfinite(each) for each in record.values()):
            raise CorpusError(
                f"training: the machine diverged by step {step}: expected finite numbers, got {record}",
                hint="lower the rate, or clip the gradient",
            )
        before = history.step
        better = value > history.best_score + self.monitor.least and record.get("gap", 0.0) <= self.monitor.most_gap
        history.records.append(record)
        numbers = Parameters(*(np.array(ops.convert_to_numpy(getattr(self.rbm, x))) for x in Parameters._fields))
        history.waited = 0 if better else history.waited + 1
        if better:
            history.best = step
            history.arrays |= {f"b{name}": x for name, x in numbers._asdict().items()}
        if any(before < each <= step for each in self.monitor.keep):
            history.kept.append((step, numbers))
        history.stopped = bool(self.monitor.patience and history.waited >= self.monitor.patience)
        for letter, variables in (("w", self.rbm.weights), ("o", self.rbm.optimizer.variables)):
            history.arrays |= {f"{letter}{i}": np.array(ops.convert_to_numpy(x)) for i, x in enumerate(variables)}


def _restore(rbm: RBM, history: History) -> None:
    for letter, variables in (("w", rbm.weights), ("o", rbm.optimizer.variables)):
        for index, variable in enumerate(variables):
            value = history.arrays.get(f"{letter}{index}")
            if value is None or tuple(value.shape) != tuple(variable.shape):
                raise UsageError("resume: expected the history of a training of this machine, got another's")
            variable.assign(value)


def batch_rows(rows: int, batch: int, steps: range, seed: int) -> np.ndarray:
    """Row numbers of some steps: no row twice an epoch, in an order given by the seed; what fills no batch waits.

    Args:
        rows: number of rows of the data.
        batch: rows a step; at most `rows` are taken.
        steps: which steps, counted from the start of training.
        seed: of the orders.

    Returns:
        Shape (len(steps), B). A step's rows do not depend on the steps asked for before, so that a resumed run goes on.
    """
    batch = min(batch, rows)
    per_epoch = rows // batch
    chosen, order, shuffled = [], np.empty(0, int), -1
    for step in steps:
        epoch, place = divmod(step, per_epoch)
        if epoch != shuffled:
            order, shuffled = np.random.default_rng((seed, epoch)).permutation(rows), epoch
        chosen.append(order[place * batch : (place + 1) * batch])
    return np.stack(chosen)


def visible_mean(rbm: RBM, data: np.ndarray | Strip) -> np.ndarray:
    """Mean visible state of (a sample of) the data, shape (N,)."""
    sample = data[:: max(1, len(data) // 8192)]
    axes = tuple(range(sample.ndim - 1))
    batches = np.array_split(sample, -(-len(sample) // _ROWS))
    return np.mean([np.mean(visible_states(rbm, batch), axis=axes) for batch in batches], 0)


def visible_states(rbm: RBM, rows: np.ndarray) -> np.ndarray:
    """Rows that may be codes as states, (n, G) or (n, N) to (n, N)."""
    return ops.convert_to_numpy(as_states(rbm.visible, ops.convert_to_tensor(rows)))
