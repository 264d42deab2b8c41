"""Learning rates: small schedules of one phase, and one after the other.

`at(t, steps)` is the rate after t of a phase's steps, in `keras.ops`, so that it may be taken inside a compiled loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import keras
from keras import ops

from credo.errors import UsageError


class Rate(Protocol):
    """The learning rate of a phase."""

    def at(self, t: Any, steps: int) -> Any:
        """The rate after t steps of a phase of so many."""

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""


class _Rate:
    def __post_init__(self) -> None:
        if not all(0 <= value < math.inf for value in asdict(self).values()):  # type: ignore[call-overload]
            raise UsageError(f"rate: expected finite numbers of at least 0, got {self}")

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return asdict(self)  # type: ignore[call-overload]

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Any:
        """Make a rate again."""
        return cls(**config)


@keras.saving.register_keras_serializable("credo")
@dataclass(frozen=True)
class Constant(_Rate):
    """The same rate throughout."""

    rate: float

    def at(self, t: Any, steps: int) -> Any:  # noqa: D102 - the protocol documents it
        return self.rate + 0.0 * t


@keras.saving.register_keras_serializable("credo")
@dataclass(frozen=True)
class Linear(_Rate):
    """From a rate in a straight line to `end`."""

    rate: float
    end: float = 0.0

    def at(self, t: Any, steps: int) -> Any:  # noqa: D102
        return self.rate + (self.end - self.rate) * t / steps


@keras.saving.register_keras_serializable("credo")
@dataclass(frozen=True)
class Cosine(_Rate):
    """From a rate along half a cosine to `end`."""

    rate: float
    end: float = 0.0

    def at(self, t: Any, steps: int) -> Any:  # noqa: D102
        return self.end + (self.rate - self.end) * (1 + ops.cos(math.pi * t / steps)) / 2


@keras.saving.register_keras_serializable("credo")
@dataclass(frozen=True)
class Inverse(_Rate):
    """A rate that falls as 1 / t (Robbins & Monro 1951): rate / (1 + t / half), halved after `half` steps."""

    rate: float
    half: float

    def at(self, t: Any, steps: int) -> Any:  # noqa: D102
        return self.rate / (1 + t / self.half)


@keras.saving.register_keras_serializable("credo")
class PhasedRate(keras.optimizers.schedules.LearningRateSchedule):
    """The rates of phases, one after the other; after the last one, its end.

    Args:
        phases: steps and rate of each.
    """

    def __init__(self, phases: Sequence[tuple[int, Rate]]) -> None:
        super().__init__()
        self.phases = list(phases)

    def __call__(self, step: Any) -> Any:
        """The learning rate after so many steps."""
        step, start, value = ops.cast(step, "float32"), 0, None
        for steps, rate in self.phases:
            here = rate.at(ops.clip(step - start, 0, steps), steps)
            value = here if value is None else ops.where(step >= start, here, value)
            start += steps
        return value

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {"phases": [[steps, keras.saving.serialize_keras_object(rate)] for steps, rate in self.phases]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> PhasedRate:
        """Make a schedule again."""
        return cls([(steps, keras.saving.deserialize_keras_object(rate)) for steps, rate in config["phases"]])
