"""Streams without end: frame after frame, each drawn given all that came before."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Protocol

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import random
from credo.models.backend import compiled
from credo.models.temporal.memory import Memory, MemoryState, Recalled
from credo.models.temporal.sequences import ABSENT
from credo.shapes import expect

#: More random numbers than one frame uses.
_KEYS_A_FRAME = 1 << 12


class Streaming(Protocol):
    """What a machine needs for streams: `TemporalRBM`, `TemporalDBN` and `TemporalNADE` have it."""

    size: int
    memory: Memory

    def sample_frame(self, recalled: Recalled, key: Any, temperature: Any = 1.0) -> Any:
        """Draw the next frame given what is known before it."""


def stream(
    model: Streaming, count: int = 1, *, primer: np.ndarray | None = None, temperature: float = 1.0, seed: int = 0
) -> Iterator[np.ndarray]:
    """Draw frames for as long as they are asked for; memory does not grow.

    Args:
        model: a temporal machine.
        count: number of streams, B.
        primer: frames that the streams go on after, shape (T, N), or (B, T, N); None to begin a sequence.
        temperature: divides all energies; below 1 for more ordinary frames.
        seed: the same seed gives the same frames on the same backend.

    Yields:
        The next frame of each stream, shape (B, N), uint8.

    Raises:
        UsageError: a number is out of range, or the primer does not fit.
    """
    if count < 1 or not temperature > 0:
        raise UsageError(f"stream: expected count >= 1 and temperature > 0, got {count}, {temperature}")

    def step(frames: Any, key: Any, temperature: Any, *state: Any) -> tuple[Any, MemoryState]:
        recalled, after = model.memory(frames, MemoryState(*state))
        return ops.cast(model.sample_frame(recalled, key, temperature), "uint8"), after

    draw, state = compiled(model, step), model.memory.start(count)
    last = np.full((count, model.size), ABSENT, np.uint8)
    if primer is not None:
        primer = np.asarray(primer, np.uint8)
        primer = np.broadcast_to(primer, (count, *primer.shape)) if primer.ndim == 2 else primer
        expect("primer", primer, "B T N", B=count, N=model.size)
        past = np.concatenate([last[:, None], primer], axis=1)
        if primer.shape[1]:
            _, state = compiled(model, lambda frames: model.memory(frames))(ops.convert_to_tensor(past))
        last = past[:, -1]
    # The window's second row is the frame to come; what stands there is not looked at.
    number = 0
    while True:
        frames = np.stack([last, np.zeros_like(last)], axis=1)
        key = random.make_key(seed)
        key[1] = (number * _KEYS_A_FRAME) & 0x7FFFFFFF
        arguments = (frames, key, np.float32(temperature))
        drawn, state = draw(*(ops.convert_to_tensor(x) for x in arguments), *state)
        last = ops.convert_to_numpy(drawn)
        number += 1
        yield last
