"""The temporal NADE: at each frame the notes are drawn one after the other, each given those below it (RNN-NADE).

A neural autoregressive distribution estimator (Larochelle & Murray 2011) splits the probability of a frame into that of
each unit given the ones before it, so that likelihoods are exact and need no normaliser; Boulanger-Lewandowski et al.
(2012) gave it to a recurrent network. It is no Boltzmann machine. Here all places share their weights: what a unit
hears of those below it depends on their distances (see `SharedMap`), not on where it is.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from credo.models import random
from credo.models.temporal.memory import Memory, MemoryState, Recalled
from credo.models.temporal.shared import SharedMap
from credo.models.units import Bernoulli


@keras.saving.register_keras_serializable("credo")
class TemporalNADE(keras.Model):
    """An RNN-NADE that `compile` and `fit` train by maximum likelihood on windows of sequences.

    Args:
        size: units of a frame, N (Bernoulli).
        hidden: hidden units at each place.
        reach: see `SharedMap`, for what a place hears of the units below it.
        period: see `SharedMap`; 12 for the keys of a keyboard.
        dropout: share of the hidden units left out in training.
        memory: further arguments of `Memory`.
        seed: of the initial weights and of all sampling.
    """

    def __init__(
        self,
        size: int,
        hidden: int = 48,
        *,
        reach: int = 24,
        period: int = 0,
        dropout: float = 0.3,
        memory: dict[str, Any] | None = None,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.full, self.reach, self.period = size, hidden, reach, period
        self.dropout, self.options, self.seed = dropout, dict(memory or {}), seed
        self.visible = Bernoulli(size)
        self.memory = Memory(size, period=period, seed=seed, name="memory", **self.options)
        G, D, M = self.memory.whole, self.memory.each, hidden
        places = {"reach": reach, "period": period, "below": True, "scale": 0.08}
        self.heard = SharedMap(size, M, **places, seed=seed + 1, name="heard")  # of this frame
        self.before = SharedMap(size, M, **places, bias=False, seed=seed + 2, name="before")  # of the frame before

        def weight(name: str, *shape: int, scale: float = 0.0) -> Any:
            normal = keras.initializers.RandomNormal(0.0, scale, seed=seed + len(self.weights))
            return self.add_weight(shape=shape, initializer=normal if scale else "zeros", name=name)

        self.a, self.a_whole, self.a_each = weight("a", size), weight("a_whole", G, size), weight("a_each", D)
        self.W_each = weight("W_each", D, M, scale=D**-0.5)
        self.W_second, self.b_second = weight("W_second", M, M, scale=M**-0.5), weight("b_second", M)
        self.out = weight("out", M)
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self.nats = keras.metrics.Mean(name="nats")
        self.built = True

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create."""
        self.built = True

    def start_from(self, mean: np.ndarray) -> None:
        """Start where the data are: biases at the logits of the mean of the frames, shape (N,)."""
        self.a.assign(self.visible.logits_of_mean(np.asarray(mean)))

    def logits(self, v: Any, recalled: Recalled, key: Any = None) -> Any:
        """Logits of each unit given the past and the units below it.

        Args:
            v: frames, shape (R, N).
            recalled: what is known before each; R rows.
            key: of dropout; None for none.

        Returns:
            Shape (R, N).
        """
        told = ops.matmul(recalled.each, self.W_each) + self.before(recalled.previous)
        hidden = ops.tanh(told + self.heard(v))  # (R, N, M)
        if key is not None:
            kept = random.uniform(key, (1, 1, self.full)) >= self.dropout
            hidden = hidden * ops.cast(kept, "float32") / (1 - self.dropout)
        hidden = ops.tanh(ops.matmul(hidden, self.W_second) + self.b_second)
        past = ops.matmul(recalled.whole, self.a_whole) + ops.matmul(recalled.each, self.a_each)
        return self.a + past + ops.matmul(hidden, self.out)

    def log_prob(self, frames: Any, state: MemoryState | None = None) -> tuple[Any, MemoryState]:
        """Log P(v_t | past) of every frame.

        Args:
            frames: shape (B, T + 1, N), 0, 1 or `ABSENT`; the first row is the past of the second.
            state: where the streams are before; None for the start.

        Returns:
            Nats, shape (T B,), frame by frame; what is absent counts for nothing that means something. And the state.
        """
        recalled, state = self.memory(frames, state)
        return ops.sum(self.visible.log_prob(recalled.v, self.logits(recalled.v, recalled)), axis=-1), state

    def sample_frame(self, recalled: Recalled, key: Any, temperature: Any = 1.0) -> Any:
        """Draw the next frame, lowest unit first.

        Args:
            recalled: what is known before it; R rows.
            key: of the draws; uses 1.
            temperature: divides all logits.

        Returns:
            Shape (R, N).
        """
        uniform = random.uniform(key, ops.shape(recalled.previous))

        def step(place: Any, v: Any) -> Any:
            drawn = self.visible.sample(self.logits(v, recalled) / temperature, uniform)
            return ops.where(ops.arange(self.size) == place, drawn, v)

        return ops.fori_loop(0, self.size, step, ops.zeros_like(recalled.previous))

    def call(self, frames: Any) -> Any:
        """Log P(v_t | past) of streams, nats, shape (B, T); frames as in `log_prob`."""
        nats, _ = self.log_prob(frames)
        return ops.transpose(ops.reshape(nats, (frames.shape[1] - 1, -1)))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Mean of -log P(v_t | past) in nats a frame."""
        del y, y_pred, sample_weight
        key = ops.convert_to_tensor(self.key)
        recalled, _ = self.memory(ops.convert_to_tensor(x), key=key if training else None)
        logits = self.logits(recalled.v, recalled, random.advance(key, 3) if training else None)
        self.key.assign(random.advance(key, 4))
        nats = -ops.sum(self.visible.log_prob(recalled.v, logits), axis=-1)
        loss = ops.sum(nats * recalled.there) / ops.maximum(ops.sum(recalled.there), 1.0)
        self.nats.update_state(loss)
        return loss

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("size", "reach", "period", "dropout", "seed")
        own = {name: getattr(self, name) for name in names}
        return {**super().get_config(), **own, "hidden": self.full, "memory": self.options}
