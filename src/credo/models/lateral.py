"""Couplings among the visible units: what makes the lowest layer of a DBN a Markov random field given the layer above.

Hidden units are good at saying what goes together, and wasteful at saying "as it was a moment ago" for every pitch.
With couplings the visible layer says that itself (Osindero & Hinton 2008: directed hierarchies of Markov random
fields):

    log P(v | h) = (a + W (h - l)).v + sum_p (v_p - m)' J (v_p - m) / 2 + sum_p (v_p - m)' K (v_{p+1} - m) + constant

J couples the units of a block, K those of neighbouring blocks. Units of one code are not coupled to each other.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops

from credo.models.backend import half_product
from credo.models.units import Units, code_of_unit


@keras.saving.register_keras_serializable("credo")
class Lateral(keras.layers.Layer):
    """The couplings of a layer.

    Args:
        units: the units of a block.
        neighbours: whether units are coupled to those of the next block; states are then sequences, (B, L, N).

    Attributes:
        J: half the couplings inside a block, shape (N, N); the couplings are J + J', without those inside a code.
        K: couplings of a block (rows) to the next (columns), shape (N, N); None without neighbours.
        half: whether products are taken in bfloat16; see `backend.half_product`.
        storage: `float16` for models that ship.
    """

    def __init__(self, units: Units, *, neighbours: bool, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.half, self.storage = False, "float32"
        code = code_of_unit(units)
        self._across = (code[:, None] != code[None]).astype(np.float32)
        shape = (units.size, units.size)
        self.J = self.add_weight(shape=shape, initializer="zeros", name="J")
        self.K = self.add_weight(shape=shape, initializer="zeros", name="K") if neighbours else None
        self.built = True

    def field(self, x: Any) -> Any:
        """What units hear from the others.

        Args:
            x: states minus their offsets, 0 where nothing is known; shape (B, N) or (B, L, N).

        Returns:
            What is to be added to the logits, of the same shape.
        """
        J = (self.J + ops.transpose(self.J)) * ops.convert_to_tensor(self._across)
        total = self._product(x, J)
        if self.K is None:
            return total
        after, before = self._product(x, self.K), self._product(x, ops.transpose(self.K))
        rest = ((0, 0),)
        return total + ops.pad(after[:, :-1], (*rest, (1, 0), *rest)) + ops.pad(before[:, 1:], (*rest, (0, 1), *rest))

    def _product(self, x: Any, W: Any) -> Any:
        return half_product(x, W) if self.half else ops.matmul(x, W)

    def save_own_variables(self, store: Any) -> None:
        """Write the couplings, as float16 where `storage` says so."""
        for name in ("J", "K"):
            if (variable := getattr(self, name)) is not None:
                store[name] = ops.convert_to_numpy(variable).astype(self.storage)

    def load_own_variables(self, store: Any) -> None:
        """Read what `save_own_variables` wrote."""
        for name in ("J", "K"):
            if (variable := getattr(self, name)) is not None:
                variable.assign(np.asarray(store[name]).astype(np.float32))
