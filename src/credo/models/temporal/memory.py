"""What a temporal machine knows of the past.

Two summaries run side by side. The *whole* one is a long short-term memory (Hochreiter & Schmidhuber 1997) over whole
frames. The *each* one stands at every unit of the frame, with weights that all places share: gated traces, leaky means
of what was heard near the place, which forget as fast as they please. Both begin anew where a sequence does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.models import random
from credo.models.backend import states_along
from credo.models.temporal.sequences import ABSENT
from credo.models.temporal.shared import SharedMap
from credo.shapes import expect


class MemoryState(NamedTuple):
    """What is carried from frame to frame, for B streams.

    Attributes:
        h: output of the whole summary, shape (B, G).
        c: its cells, shape (B, G).
        traces: shape (B, N, D).
    """

    h: Any
    c: Any
    traces: Any


class Recalled(NamedTuple):
    """What is known before each of T frames of B streams, as rows (frame by frame, R = T B rows).

    Attributes:
        whole: summary of whole frames, shape (R, G).
        each: summary at each unit, shape (R, N, D).
        previous: the frame before, zeros at the start of a sequence, shape (R, N).
        v: the frame itself, shape (R, N).
        there: 1 where there is a frame, shape (R,).
    """

    whole: Any
    each: Any
    previous: Any
    v: Any
    there: Any


@keras.saving.register_keras_serializable("credo")
class Memory(keras.layers.Layer):
    """The recurrent summary of a stream of frames.

    Args:
        size: units of a frame, N.
        whole: size of the summary of whole frames, G.
        each: size of the summary at each unit, D.
        reach: how far around a unit its summary has weights for every distance; see `SharedMap`.
        period: see `SharedMap`.
        dropout: shares of the whole summary, of the summary at each unit, and of the notes of the frame before that are
            left out in training.
        seed: of the initial weights.
    """

    def __init__(
        self,
        size: int,
        *,
        whole: int = 128,
        each: int = 48,
        reach: int = 16,
        period: int = 0,
        dropout: tuple[float, float, float] = (0.5, 0.3, 0.1),
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.whole, self.each, self.reach, self.period = size, whole, each, reach, period
        self.dropout, self.seed = tuple(dropout), seed
        N, G, D = size, whole, each
        normal = iter(keras.initializers.RandomNormal(0.0, 1.0, seed=seed + place) for place in range(10, 20))

        def weight(name: str, *shape: int, scale: float = 0.0) -> Any:
            source = next(normal)
            start = (lambda shape, dtype: scale * source(shape, dtype=dtype)) if scale else "zeros"
            return self.add_weight(shape=shape, initializer=start, name=name)

        self.W_in = weight("W_in", N + 1, 4 * G, scale=(N + 1) ** -0.5)  # gates: in, forget, new, out
        self.W_back = weight("W_back", G, 4 * G, scale=G**-0.5)
        self.b_whole = weight("b_whole", 4 * G)
        self.b_whole.assign(np.repeat(np.float32([0, 1, 0, 0]), G))
        # At each unit: gates and news of the traces, and what is heard beside them.
        self.heard = SharedMap(N, 3 * D, reach=reach, period=period, scale=0.13, seed=seed, name="heard")
        speeds = np.concatenate([np.linspace(-2, 4, D), np.zeros(2 * D)])  # traces that forget fast, and slowly
        self.heard.place.assign(np.tile(speeds.astype(np.float32), (N, 1)))
        self.W_fresh = weight("W_fresh", 3 * D)
        self.W_told = weight("W_told", G, 3 * D, scale=0.3 * G**-0.5)
        self.W_each = weight("W_each", D, D, scale=D**-0.5)
        self.built = True

    def start(self, count: int) -> MemoryState:
        """The state of streams that have no past.

        Args:
            count: number of streams, B.
        """
        return MemoryState(
            ops.zeros((count, self.whole)), ops.zeros((count, self.whole)), ops.zeros((count, self.size, self.each))
        )

    def call(self, frames: Any, state: MemoryState | None = None, key: Any = None) -> tuple[Recalled, MemoryState]:
        """Read streams of frames.

        Args:
            frames: shape (B, T + 1, N), 0, 1 or `ABSENT`; the first row is the past of the second.
            state: where the streams are before the first row's news; None for the start.
            key: of the draws of dropout, of which it uses 3; None for no dropout.

        Returns:
            What is known before each of the T frames from the second on, and where the streams are then.
        """
        expect("frames", frames, "B T+1 N", N=self.size)
        B, T = frames.shape[0], frames.shape[1] - 1
        B = ops.shape(frames)[0] if B is None else B
        rows = ops.transpose(frames, (1, 0, 2))  # (T + 1, B, N)
        absent = ops.cast(rows[..., :1] == ABSENT, "float32")
        v = ops.where(rows == ABSENT, 0.0, ops.cast(rows, "float32"))
        previous, fresh, there = v[:-1], absent[:-1], 1.0 - absent[1:, :, 0]
        heard = previous if key is None else previous * _kept(key, 0, ops.shape(previous), self.dropout[2])
        h, c, traces = self.start(B) if state is None else state
        whole, (h, c) = self._read_whole(heard, fresh, (h, c))
        if key is not None:
            whole = whole * _kept(key, 1, (1, B, self.whole), self.dropout[0])
        each, traces = self._read_each(heard, fresh, whole, traces)
        if key is not None:
            each = each * _kept(key, 2, (1, B, 1, self.each), self.dropout[1])
        R = T * B
        recalled = Recalled(
            ops.reshape(whole, (R, self.whole)),
            ops.reshape(each, (R, self.size, self.each)),
            ops.reshape(previous, (R, self.size)),
            ops.reshape(v[1:], (R, self.size)),
            ops.reshape(there, (R,)),
        )
        return recalled, MemoryState(h, c, traces)

    def _read_whole(self, heard: Any, fresh: Any, carried: tuple[Any, Any]) -> tuple[Any, tuple[Any, Any]]:
        news = ops.matmul(ops.concatenate([heard, fresh], axis=-1), self.W_in) + self.b_whole
        back = ops.convert_to_tensor(self.W_back)

        def step(carried: Any, given: Any) -> Any:
            (h, c), (new, starts) = carried, given
            h, c = h * (1 - starts), c * (1 - starts)
            enter, forget, content, leave = ops.split(new + ops.matmul(h, back), 4, axis=-1)
            c = ops.sigmoid(forget) * c + ops.sigmoid(enter) * ops.tanh(content)
            return ops.sigmoid(leave) * ops.tanh(c), c

        h, c = states_along(step, carried, (news, fresh))
        return h, (h[-1], c[-1])

    def _read_each(self, heard: Any, fresh: Any, whole: Any, traces: Any) -> tuple[Any, Any]:
        T, B, N, D = heard.shape[0], ops.shape(heard)[1], self.size, self.each
        told = ops.matmul(whole, self.W_told) + fresh * self.W_fresh  # (T, B, 3 D), the same for all units
        fields = self.heard(heard) + told[:, :, None]
        gates = ops.sigmoid(fields[..., :D])
        news = (1 - gates) * ops.tanh(fields[..., D : 2 * D])

        def step(carried: Any, given: Any) -> Any:
            gate, new, starts = given
            return (gate * (carried[0] * (1 - starts)) + new,)

        (outputs,) = states_along(step, (traces,), (gates, news, fresh[..., None]))
        mixed = ops.reshape(ops.matmul(ops.reshape(outputs, (-1, D)), self.W_each), (T, B, N, D))
        return ops.relu(mixed + fields[..., 2 * D :]), outputs[-1]

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("size", "whole", "each", "reach", "period", "dropout", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}


def _kept(key: Any, draw: int, shape: Any, dropout: float) -> Any:
    """What dropout leaves: 0, or 1 over the share that is left."""
    uniform = random.uniform(random.advance(key, draw), shape)
    return ops.cast(uniform >= dropout, "float32") / (1 - dropout)
