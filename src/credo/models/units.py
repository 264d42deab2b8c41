"""The kinds of units that a layer can have.

A unit kind is a small final class that knows one exponential family: given the *logits* x (biases plus what the other
layer sends), its mean, mode, sample, base measure and cumulant (the logarithm of its normaliser):

    log P(v | x) = v.x + base(v) - cumulant(x),    cumulant(x) = log sum_v exp(v.x + base(v))

with an integral in the place of the sum where units are real. A machine is a pairing of unit kinds; a new kind costs
one class here and no `if` elsewhere.

States come in two forms. `v`, shape (B, N), float: what the weights multiply; a softmax group is one-hot. `codes`,
shape (B, G), integers: one category a softmax group or one bit a Bernoulli unit; 30 times smaller, for data on disk.
The code of a real unit is its value, a float; data with such units are given as states.
Everywhere more axes may stand before the last one, as in the (B, L, N) of a sequence of L blocks.
"""

from __future__ import annotations

import math
from typing import Any, Protocol

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError


class Units(Protocol):
    """What a machine asks of its units.

    Attributes:
        size: number of units, N.
        groups: number of codes, G.
        discrete: whether all codes are integers.
    """

    size: int
    groups: int
    discrete: bool

    def base(self, v: Any) -> Any:
        """Log base measure of each row, nats: what -E holds of v beside the logits; (B, N) to (B,)."""

    def mean(self, logits: Any) -> Any:
        """Expected state; (B, N) to (B, N)."""

    def mode(self, logits: Any) -> Any:
        """Likeliest state; (B, N) to (B, N)."""

    def sample(self, logits: Any, uniform: Any) -> Any:
        """A state drawn with one uniform number in [0, 1) a group; (B, N) and (B, G) to (B, N)."""

    def cumulant(self, logits: Any) -> Any:
        """Log normaliser of each row, nats; (B, N) to (B,)."""

    def log_prob(self, codes: Any, logits: Any) -> Any:
        """Log probability (of real units: density) of each code, nats; (B, G) and (B, N) to (B, G)."""

    def expand(self, codes: Any) -> Any:
        """Codes to states; (B, G) to (B, N)."""

    def collapse(self, v: Any) -> Any:
        """States to codes, int32 or, of real units, float32 (the inverse of `expand`); (B, N) to (B, G)."""

    def spread(self, per_group: Any) -> Any:
        """Give each unit the value of its group; (..., G) to (..., N)."""

    def logits_of_mean(self, mean: np.ndarray) -> np.ndarray:
        """The biases under which the units have a given mean when nothing else acts on them; (N,) to (N,)."""


@keras.saving.register_keras_serializable("credo")
class Bernoulli:
    """Independent on/off units.

    Args:
        size: number of units.
    """

    discrete = True

    def __init__(self, size: int) -> None:
        self.size = self.groups = _positive("size", size)

    def base(self, v: Any) -> Any:  # noqa: D102 - the protocol documents it
        return ops.zeros_like(v[..., 0])

    def mean(self, logits: Any) -> Any:  # noqa: D102
        return ops.sigmoid(logits)

    def mode(self, logits: Any) -> Any:  # noqa: D102
        return ops.cast(logits > 0, logits.dtype)

    def sample(self, logits: Any, uniform: Any) -> Any:  # noqa: D102
        return ops.cast(uniform < ops.sigmoid(logits), logits.dtype)

    def cumulant(self, logits: Any) -> Any:  # noqa: D102
        return ops.sum(ops.softplus(logits), axis=-1)

    def log_prob(self, codes: Any, logits: Any) -> Any:  # noqa: D102
        return ops.cast(codes, logits.dtype) * logits - ops.softplus(logits)

    def expand(self, codes: Any) -> Any:  # noqa: D102
        return ops.cast(codes, "float32")

    def collapse(self, v: Any) -> Any:  # noqa: D102
        return ops.cast(v > 0.5, "int32")

    def spread(self, per_group: Any) -> Any:  # noqa: D102
        return per_group

    def logits_of_mean(self, mean: np.ndarray) -> np.ndarray:  # noqa: D102
        p = np.clip(mean, 1e-3, 1 - 1e-3)
        return np.log(p / (1 - p)).astype(np.float32)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"size": self.size}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Bernoulli:  # noqa: D102
        return cls(**config)


@keras.saving.register_keras_serializable("credo")
class Softmax:
    """One-hot groups: in each, exactly one of C categories is on.

    Args:
        groups: number of groups, G.
        categories: categories of a group, C.
    """

    discrete = True

    def __init__(self, groups: int, categories: int) -> None:
        self.groups = _positive("groups", groups)
        self.categories = _positive("categories", categories)
        self.size = groups * categories

    def _grouped(self, x: Any) -> Any:
        return ops.reshape(x, (-1, *x.shape[1:-1], self.groups, self.categories))  # (B, ..., G, C)

    def _flat(self, x: Any) -> Any:
        return ops.reshape(x, (-1, *x.shape[1:-2], self.size))  # (B, ..., N)

    def base(self, v: Any) -> Any:  # noqa: D102
        return ops.zeros_like(v[..., 0])

    def mean(self, logits: Any) -> Any:  # noqa: D102
        return self._flat(ops.softmax(self._grouped(logits), axis=-1))

    def mode(self, logits: Any) -> Any:  # noqa: D102
        return self.expand(ops.argmax(self._grouped(logits), axis=-1))

    def sample(self, logits: Any, uniform: Any) -> Any:  # noqa: D102
        grouped = self._grouped(logits)
        weight = ops.exp(grouped - ops.max(grouped, axis=-1, keepdims=True))
        cumulative = ops.cumsum(weight, axis=-1)
        target = ops.expand_dims(uniform, -1) * cumulative[..., -1:]
        return self.expand(ops.sum(ops.cast(cumulative <= target, "int32"), axis=-1))

    def cumulant(self, logits: Any) -> Any:  # noqa: D102
        return ops.sum(ops.logsumexp(self._grouped(logits), axis=-1), axis=-1)

    def log_prob(self, codes: Any, logits: Any) -> Any:  # noqa: D102
        chosen = ops.sum(self._grouped(self.expand(codes)) * self._grouped(logits), axis=-1)
        return chosen - ops.logsumexp(self._grouped(logits), axis=-1)

    def expand(self, codes: Any) -> Any:  # noqa: D102
        return self._flat(ops.one_hot(ops.cast(codes, "int32"), self.categories, dtype="float32"))

    def collapse(self, v: Any) -> Any:  # noqa: D102
        return ops.cast(ops.argmax(self._grouped(v), axis=-1), "int32")

    def spread(self, per_group: Any) -> Any:  # noqa: D102
        return ops.repeat(per_group, self.categories, axis=-1)

    def logits_of_mean(self, mean: np.ndarray) -> np.ndarray:  # noqa: D102
        logits = np.log(np.clip(mean, 1e-4, 1)).reshape(self.groups, self.categories)
        return (logits - logits.mean(axis=1, keepdims=True)).reshape(-1).astype(np.float32)  # the zero-sum gauge

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"groups": self.groups, "categories": self.categories}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Softmax:  # noqa: D102
        return cls(**config)


@keras.saving.register_keras_serializable("credo")
class Gaussian:
    """Independent real units of a fixed standard deviation s, for standardised input.

    The base measure is -v^2 / 2 s^2 and the cumulant s^2 x^2 / 2 + log(sqrt(2 pi) s), so that given its logit x a unit
    is normal with mean s^2 x and standard deviation s. Visible units of this kind make the Gaussian-Bernoulli machine
    (Welling, Rosen-Zvi & Hinton 2005). Its usual form, E = (v - c)^2 / 2 s^2 - b.h - v'w h / s^2, is ours with
    a = c / s^2 and W = w / s^2, up to a constant.

    Dividing logits by a temperature, as for the other kinds, divides the means and leaves s as it is: that is no
    tempered machine.

    Args:
        size: number of units.
        deviation: their standard deviation given the other layer, s; 1 where it is not known better.
    """

    discrete = False

    def __init__(self, size: int, deviation: float = 1.0) -> None:
        self.size = self.groups = _positive("size", size)
        if not 0 < deviation < math.inf:
            raise UsageError(f"units: expected a deviation above 0, got {deviation}")
        self.deviation = float(deviation)

    def base(self, v: Any) -> Any:  # noqa: D102
        return -ops.sum(ops.square(v), axis=-1) / (2 * self.deviation**2)

    def mean(self, logits: Any) -> Any:  # noqa: D102
        return self.deviation**2 * logits

    def mode(self, logits: Any) -> Any:  # noqa: D102
        return self.deviation**2 * logits

    def sample(self, logits: Any, uniform: Any) -> Any:
        """A state drawn by inverting the normal distribution; (B, N) and (B, N) to (B, N).

        Uniform numbers are taken from the middle of their steps of 2^-23, so that none is 0 or 1; draws stay within 5.3
        deviations of the mean.
        """
        inside = ops.clip(uniform + 2.0**-24, 2.0**-24, 1 - 2.0**-24)
        return self.mean(logits) + self.deviation * math.sqrt(2) * ops.erfinv(2 * inside - 1)

    def cumulant(self, logits: Any) -> Any:  # noqa: D102
        return ops.sum(ops.square(self.deviation * logits) / 2 + self._log_scale, axis=-1)

    def log_prob(self, codes: Any, logits: Any) -> Any:  # noqa: D102
        v = ops.cast(codes, logits.dtype)
        return -ops.square((v - self.mean(logits)) / self.deviation) / 2 - self._log_scale

    @property
    def _log_scale(self) -> float:
        return math.log(math.sqrt(2 * math.pi) * self.deviation)

    def expand(self, codes: Any) -> Any:  # noqa: D102
        return ops.cast(codes, "float32")

    def collapse(self, v: Any) -> Any:  # noqa: D102
        return ops.cast(v, "float32")

    def spread(self, per_group: Any) -> Any:  # noqa: D102
        return per_group

    def logits_of_mean(self, mean: np.ndarray) -> np.ndarray:  # noqa: D102
        return (np.asarray(mean) / self.deviation**2).astype(np.float32)

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"size": self.size, "deviation": self.deviation}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Gaussian:  # noqa: D102
        return cls(**config)


@keras.saving.register_keras_serializable("credo")
class Joint:
    """Several kinds of units side by side in one layer.

    Args:
        parts: the kinds, in order.
    """

    def __init__(self, parts: list[Units]) -> None:
        if not parts:
            raise UsageError("Joint: expected at least one kind of units, got none")
        self.parts = list(parts)
        self.size = sum(part.size for part in parts)
        self.groups = sum(part.groups for part in parts)
        self.discrete = all(part.discrete for part in parts)

    def _units(self, x: Any) -> list[Any]:
        return _split(x, [part.size for part in self.parts])

    def _codes(self, x: Any) -> list[Any]:
        return _split(x, [part.groups for part in self.parts])

    def base(self, v: Any) -> Any:  # noqa: D102
        return sum(part.base(x) for part, x in zip(self.parts, self._units(v), strict=True))

    def mean(self, logits: Any) -> Any:  # noqa: D102
        return _join([part.mean(x) for part, x in zip(self.parts, self._units(logits), strict=True)])

    def mode(self, logits: Any) -> Any:  # noqa: D102
        return _join([part.mode(x) for part, x in zip(self.parts, self._units(logits), strict=True)])

    def sample(self, logits: Any, uniform: Any) -> Any:  # noqa: D102
        pairs = zip(self.parts, self._units(logits), self._codes(uniform), strict=True)
        return _join([part.sample(x, u) for part, x, u in pairs])

    def cumulant(self, logits: Any) -> Any:  # noqa: D102
        return sum(part.cumulant(x) for part, x in zip(self.parts, self._units(logits), strict=True))

    def log_prob(self, codes: Any, logits: Any) -> Any:  # noqa: D102
        pairs = zip(self.parts, self._codes(codes), self._units(logits), strict=True)
        return _join([part.log_prob(code, x) for part, code, x in pairs])

    def expand(self, codes: Any) -> Any:  # noqa: D102
        return _join([part.expand(code) for part, code in zip(self.parts, self._codes(codes), strict=True)])

    def collapse(self, v: Any) -> Any:  # noqa: D102
        codes = [part.collapse(x) for part, x in zip(self.parts, self._units(v), strict=True)]
        return _join(codes if self.discrete else [ops.cast(code, "float32") for code in codes])

    def spread(self, per_group: Any) -> Any:  # noqa: D102
        return _join([part.spread(x) for part, x in zip(self.parts, self._codes(per_group), strict=True)])

    def logits_of_mean(self, mean: np.ndarray) -> np.ndarray:  # noqa: D102
        pairs = zip(self.parts, np.split(mean, np.cumsum([part.size for part in self.parts])[:-1]), strict=True)
        return np.concatenate([part.logits_of_mean(x) for part, x in pairs])

    def get_config(self) -> dict[str, Any]:  # noqa: D102
        return {"parts": [keras.saving.serialize_keras_object(part) for part in self.parts]}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Joint:  # noqa: D102
        return cls([keras.saving.deserialize_keras_object(part) for part in config["parts"]])


def code_of_unit(units: Units) -> np.ndarray:
    """The number of the code that each unit belongs to; shape (N,)."""
    return np.repeat(np.arange(units.groups), _units_a_code(units))


def _units_a_code(units: Units) -> np.ndarray:
    if isinstance(units, Joint):
        return np.concatenate([_units_a_code(part) for part in units.parts])
    return np.full(units.groups, units.size // units.groups)


def _split(x: Any, sizes: list[int]) -> list[Any]:
    ends = np.cumsum(sizes)
    return [x[..., end - size : end] for size, end in zip(sizes, ends, strict=True)]


def _join(parts: list[Any]) -> Any:
    return ops.concatenate(parts, axis=-1)


def _positive(label: str, value: int) -> int:
    if int(value) != value or value < 1:
        raise UsageError(f"units: expected {label} of at least 1, got {value}")
    return int(value)
