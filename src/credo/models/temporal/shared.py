"""Linear maps between units on a line whose weights depend on distances, not on places.

Where units stand on a line, as the keys of a keyboard do, what one means to another depends mostly on how far apart
they are. A shared map learns it once for all places: a weight for each distance up to a reach, a weight for each
distance modulo a period (for keys: the octave), and for each place a bias of its own.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
from keras import ops


@keras.saving.register_keras_serializable("credo")
class SharedMap(keras.layers.Layer):
    """Maps N units on a line to C channels at each of their places.

    Args:
        size: number of units, N.
        channels: numbers at each place, C.
        reach: largest distance that has a weight of its own, R.
        period: distances that are equal modulo this share a further weight; 0 for none.
        below: whether a place hears only the units below it.
        bias: whether each place has biases.
        scale: standard deviation of the initial weights.
        seed: of the initial weights.
    """

    def __init__(
        self,
        size: int,
        channels: int,
        *,
        reach: int,
        period: int = 0,
        below: bool = False,
        bias: bool = True,
        scale: float = 0.1,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.size, self.channels, self.reach, self.period = size, channels, reach, period
        self.below, self.bias, self.scale, self.seed = below, bias, scale, seed
        normal = keras.initializers.RandomNormal(0.0, scale, seed=seed)
        self.near = self.add_weight(shape=(2 * reach + 1, channels), initializer=normal, name="near")
        self.alike = self.add_weight(shape=(max(period, 1), channels), initializer="zeros", name="alike")
        self.place = self.add_weight(shape=(size, channels), initializer="zeros", name="place", trainable=bias)
        distance = np.arange(size)[:, None] - np.arange(size)[None]  # from the place (second) to the unit (first)
        heard = distance < 0 if below else np.ones_like(distance, bool)
        self._near_index = np.clip(distance + reach, 0, 2 * reach)
        self._near_mask = ((np.abs(distance) <= reach) & heard).astype(np.float32)[..., None]
        self._alike_index = distance % max(period, 1)
        self._alike_mask = (heard & (period > 0)).astype(np.float32)[..., None]
        self.built = True

    def matrix(self) -> Any:
        """All weights as those of a plain map, shape (N, N C): column p C + c is channel c at place p."""
        near = ops.take(self.near, self._near_index, axis=0) * ops.convert_to_tensor(self._near_mask)
        alike = ops.take(self.alike, self._alike_index, axis=0) * ops.convert_to_tensor(self._alike_mask)
        return ops.reshape(near + alike, (self.size, self.size * self.channels))

    def call(self, x: Any) -> Any:
        """Map units to channels; (..., N) to (..., N, C)."""
        mapped = ops.matmul(x, self.matrix())
        return ops.reshape(mapped, (*ops.shape(x)[:-1], self.size, self.channels)) + self.place

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        names = ("size", "channels", "reach", "period", "below", "bias", "scale", "seed")
        return {**super().get_config(), **{name: getattr(self, name) for name in names}}
