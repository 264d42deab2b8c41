"""The weights that machines begin with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import keras

_to_come: ContextVar[bool] = ContextVar("weights_to_come", default=False)


def small_weights(scale: float, seed: int) -> keras.initializers.Initializer:
    """Normal weights of a standard deviation; 0 where others are to come."""
    return keras.initializers.Zeros() if _to_come.get() else keras.initializers.RandomNormal(0.0, scale, seed=seed)


@contextmanager
def weights_to_come() -> Iterator[None]:
    """Machines that are made in this context begin with weights of 0: theirs are read from a file, at once."""
    token = _to_come.set(True)
    try:
        yield
    finally:
        _to_come.reset(token)
