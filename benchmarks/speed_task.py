"""What a contestant in the measurements of training speed is asked for."""

from __future__ import annotations

import math
from typing import NamedTuple, Protocol

import numpy as np

Parameters = tuple[np.ndarray, np.ndarray, np.ndarray]


class Task(NamedTuple):
    """What to train.

    Attributes:
        data: rows, shape (n, N), uint8, zeros and ones.
        hidden: number of hidden units, H.
        batch: rows a step, and chains where they persist, B.
        rate: learning rate at the start.
        steps: after which the rate has fallen to nothing.
        chains: 0 for CD, or B for PCD.
        k: steps of the chain before the negative statistics.
        seed: of weights, orders and draws.
    """

    data: np.ndarray
    hidden: int
    batch: int = 128
    rate: float = 1e-3
    steps: int = 1_000_000
    chains: int = 0
    k: int = 1
    seed: int = 0

    def rate_at(self, step: int) -> float:
        """The learning rate of a step."""
        return self.rate * (0.5 + 0.5 * math.cos(math.pi * min(step / self.steps, 1.0)))

    def logits(self) -> np.ndarray:
        """Visible biases at the data's means, shape (N,), float32."""
        mean = self.data.mean(axis=0, dtype=np.float64).clip(1e-3, 1 - 1e-3)
        return np.log(mean / (1 - mean)).astype(np.float32)


class Trainer(Protocol):
    """A machine in training."""

    def run(self, steps: int) -> None:
        """Train some steps more, and wait until they are done."""

    def parameters(self) -> Parameters:
        """W, a, b of the textbook machine, E = -a.v - b.h - v'Wh; shapes (N, H), (N,), (H,)."""


class Rows:
    """Row numbers, batch after batch, each epoch in a new order."""

    def __init__(self, task: Task) -> None:
        self._rows, self._batch, self._dice = len(task.data), task.batch, np.random.default_rng(task.seed)
        self._order, self._place = np.empty(0, int), 0

    def next(self) -> np.ndarray:
        """Shape (B,)."""
        if self._place + self._batch > len(self._order):
            self._order, self._place = self._dice.permutation(self._rows), 0
        self._place += self._batch
        return self._order[self._place - self._batch : self._place]
