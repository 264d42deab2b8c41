"""Random numbers that are the same on every backend and safe inside compiled loops.

A stream is a *key*: two 32-bit integers, a seed and a counter. `uniform` hashes (seed, counter, position) with the
finaliser of a well-tested integer hash (C. Wellons' `lowbias32`), twice and with two different sub-keys, so that two
draws of a stream share neither values nor order. All arithmetic is 32-bit and wraps, which NumPy, JAX, TensorFlow and
PyTorch agree on. The generator is for Monte Carlo, not for secrets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

_MULTIPLIER_1 = 0x7FEB352D
_MULTIPLIER_2 = 0x846CA68B - (1 << 32)  # as a signed 32-bit integer
_GOLDEN = 0x9E3779B9 - (1 << 32)


def make_key(seed: int) -> np.ndarray:
    """The start of a stream.

    Args:
        seed: any integer; its low 32 bits count.

    Returns:
        A key, shape (2,), int32.
    """
    return np.array([np.uint32(seed & 0xFFFFFFFF).astype(np.int32), 0], np.int32)


def advance(key: Any, draws: int = 1) -> Any:
    """The key or keys after a number of draws; each draw needs a key of its own."""
    return ops.stack([key[..., 0], key[..., 1] + draws], axis=-1)


def uniform(key: Any, shape: Sequence[int]) -> Any:
    """Uniform numbers in [0, 1).

    Args:
        key: shape (2,), int32; or (B, 2), a stream for each row of the result, which gets what `uniform` gives alone.
        shape: of the result; with several streams B comes first.

    Returns:
        float32 multiples of 2^-23, so that `u * total < total` for every positive float32 total.
    """
    key = ops.convert_to_tensor(key)
    first = _mix(_mix(key[..., :1]) + key[..., 1:])
    second = _mix(first + _GOLDEN)
    position = ops.arange(math.prod(shape[len(key.shape) - 1 :]), dtype="int32")
    bits = _mix(_mix(ops.bitwise_xor(position, first)) + second)
    return ops.reshape(ops.cast(_shift(bits, 9), "float32") * (2.0**-23), shape)


def _shift(x: Any, bits: int) -> Any:
    """Logical right shift of int32."""
    return ops.bitwise_and(ops.right_shift(x, bits), (1 << (32 - bits)) - 1)


def _mix(x: Any) -> Any:
    """A bijection of 32-bit integers in which every input bit moves every output bit."""
    x = ops.bitwise_xor(x, _shift(x, 16)) * _MULTIPLIER_1
    x = ops.bitwise_xor(x, _shift(x, 15)) * _MULTIPLIER_2
    return ops.bitwise_xor(x, _shift(x, 16))
