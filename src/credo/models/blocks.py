"""Block Gibbs sampling between two layers: all hidden units at once, then all visible ones.

Whatever machine the layers are of, it tells the logits of each given the other, and the rest is here.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from keras import ops

from credo.models import random
from credo.models.units import Units


class Layers(NamedTuple):
    """Two layers that are independent inwardly given each other.

    Attributes:
        visible: its units, N.
        hidden: its units, H.
        h_logits: of the hidden units given visible states, (..., N) to (..., H).
        v_logits: of the visible units given hidden states, (..., H) to (..., N).
    """

    visible: Units
    hidden: Units
    h_logits: Callable[[Any], Any]
    v_logits: Callable[[Any], Any]


def step(layers: Layers, v: Any, key: Any) -> Any:
    """One step from visible states v, (..., N) to (..., N); draws with the key (hidden) and the next one (visible)."""
    h = draw(layers.hidden, layers.h_logits(v), key)
    return draw(layers.visible, layers.v_logits(h), random.advance(key))


def run(layers: Layers, v: Any, key: Any, steps: Any) -> Any:
    """Steps from visible states v, as a loop; step t takes the keys 2t and 2t + 1.

    Args:
        layers: the two layers.
        v: where the chains start, shape (..., N).
        key: of the draws.
        steps: how many, a number or a tensor.

    Returns:
        Visible states, of v's shape.
    """
    return ops.fori_loop(0, steps, lambda index, v: step(layers, v, random.advance(key, 2 * index)), v)


def draw(units: Units, logits: Any, key: Any) -> Any:
    """States of units from their logits, (..., N) to (..., N)."""
    return units.sample(logits, random.uniform(key, (*ops.shape(logits)[:-1], units.groups)))
