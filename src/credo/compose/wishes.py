"""What people wish for and type, checked. No tensor library is loaded for this."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from credo.errors import UsageError
from credo.music.pitch import Key

MOST_BARS = 512
MOST_SEED = 2**31 - 1


@dataclass(frozen=True, slots=True)
class Request:
    """What is wished for.

    Attributes:
        bars: length in bars, a seed's bars included.
        tempo: quarters a minute; None for the seed's, or 90.
        key: the key; None for the seed's, or one drawn by the random seed.
        metre: numerator and denominator; None for the seed's, or 4/4.
        temperature: below 1 for more ordinary music, above 1 for stranger.
        seed: of the random numbers.
        iterations: of the annealed sampling.
    """

    bars: int = 16
    tempo: float | None = None
    key: Key | None = None
    metre: tuple[int, int] | None = None
    temperature: float = 1.0
    seed: int = 0
    iterations: int = 256

    def __post_init__(self) -> None:
        if not 1 <= self.bars <= MOST_BARS:
            raise UsageError(f"bars: expected 1 to {MOST_BARS}, got {self.bars}")
        if self.tempo is not None and not 10 <= self.tempo <= 400:
            raise UsageError(f"tempo: expected 10 to 400 quarters a minute, got {self.tempo:g}")
        if not 0.05 <= self.temperature <= 10:
            raise UsageError(f"temperature: expected 0.05 to 10, got {self.temperature:g}")
        if not 0 <= self.seed <= MOST_SEED:
            raise UsageError(f"seed: expected 0 to {MOST_SEED}, got {self.seed}")
        if not 1 <= self.iterations <= 100_000:
            raise UsageError(f"iterations: expected 1 to 100000, got {self.iterations}")
        if self.metre is not None:
            numerator, denominator = self.metre
            if not 1 <= numerator <= 32 or denominator not in (1, 2, 4, 8, 16, 32):
                raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {numerator}/{denominator}")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form, the key by name."""
        return {**asdict(self), "key": self.key.name if self.key else None}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Request:
        """Rebuild a request from `to_dict`.

        Raises:
            UsageError: the record is incomplete or makes no sense.
        """
        try:
            key, metre = data["key"], data["metre"]
            return cls(**{**data, "key": Key.parse(key) if key else None, "metre": tuple(metre) if metre else None})
        except (KeyError, TypeError, ValueError) as error:
            if isinstance(error, UsageError):
                raise
            raise UsageError(f"request: expected what a composition's JSON holds, got {data!r}") from error


def parse_metre(text: str) -> tuple[int, int]:
    """A metre such as `3/4` as numerator and denominator.

    Raises:
        UsageError: the text is no metre.
    """
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    if not match:
        raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {text!r}")
    return int(match[1]), int(match[2])
