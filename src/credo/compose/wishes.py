"""What people wish for and type, checked. No tensor library is loaded for this."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from credo.compose.constraints.symbols import parse_chords
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import parse_scale

MOST_BARS = 512
MOST_SEED = 2**31 - 1
#: In the place of a voice's name: every voice.
ALL = "all"


#: The fields that hold rows.
_TABLES = ("ranges", "rhythm", "density", "repeats", "style")


@dataclass(frozen=True, slots=True)
class Request:
    """What is wished for.

    The fields from `scale` on are constraints, which every piece obeys; `credo.compose.constraints` says exactly what
    each means. Names of voices are those of the model's texture.

    Attributes:
        bars: length in bars, a seed's bars included.
        tempo: quarters a minute; None for the seed's, or 90.
        key: the key; None for the seed's, or one drawn by the random seed.
        metre: numerator and denominator; None for the seed's, or 4/4.
        temperature: below 1 for more ordinary music, above 1 for stranger.
        seed: of the random numbers.
        iterations: of the annealed sampling.
        scale: `key` for notes of the key alone (in minor also the raised sixth and seventh), or a scale on a tonic,
            such as `D dorian`; None for any notes.
        ranges: for voices, the lowest and the highest MIDI pitch: (voice, low, high).
        chords: chord symbols over bars, such as `C | G7 | Am F | %`, `*` for any chord; a plan that is shorter than the
            piece repeats.
        rhythm: for voices, a pattern that fills a bar evenly and repeats: (voice, pattern), where `x` begins a note,
            `-` goes on with it and `.` is a rest. In 4/4 `xxxx` and `x-x-x-x-` are quarters, `x.x.` halves with rests.
        density: for voices, or `all` for each voice, the most notes a quarter, counted over a bar: (voice, notes).
        polyphony: the most notes at once, of each poly or drums voice, and of all mono voices together.
        parallels: whether voices may move in parallel fifths, octaves and unisons; None for no in a texture of four
            mono voices named satb, and yes elsewhere.
        repeats: bars that are copies of earlier ones: (first bar, how many, first bar of the original), counted from 1.
        cadence: whether the piece ends with an authentic cadence.
        style: styles of the model and their weights: (style, weight); one alone, or a mixture. Empty for none.
        moments: moments a quarter at which notes begin, all voices together; see `credo.compose.constraints.moments`.
        colour: whether the notes that tell the scale from plain major or minor are sure to be heard; see
            `credo.compose.constraints.colour`.
    """

    bars: int = 16
    tempo: float | None = None
    key: Key | None = None
    metre: tuple[int, int] | None = None
    temperature: float = 1.0
    seed: int = 0
    iterations: int = 256
    scale: str | None = None
    ranges: tuple[tuple[str, int, int], ...] = ()
    chords: str | None = None
    rhythm: tuple[tuple[str, str], ...] = ()
    density: tuple[tuple[str, float], ...] = ()
    polyphony: int | None = None
    parallels: bool | None = None
    repeats: tuple[tuple[int, int, int], ...] = ()
    cadence: bool = False
    style: tuple[tuple[str, float], ...] = ()
    moments: float | None = None
    colour: bool = False

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
        self._check_constraints()

    def _check_constraints(self) -> None:
        """Refuse constraints that make no sense on any model."""
        if self.scale is not None:
            parse_scale(self.scale)
        if self.chords is not None:
            parse_chords(self.chords)
        for voice, low, high in self.ranges:
            if not 0 <= low <= high <= 127:
                raise UsageError(f"ranges: expected 0 <= lowest <= highest <= 127 for {voice}, got {low}..{high}")
        for voice, pattern in self.rhythm:
            if not re.fullmatch(r"[x.-]+", pattern) or ("-" in pattern and "x" not in pattern) or ".-" in 2 * pattern:
                raise UsageError(
                    f"rhythm: expected x (a note begins), - (it goes on) and . (a rest) for {voice}, got {pattern!r}",
                    hint="such as 'x-x-x-xx'; - follows x or -",
                )
        for voice, notes in self.density:
            if not 0 < notes <= 16:
                raise UsageError(
                    f"density: expected more than 0 and at most 16 notes a quarter for {voice}, got {notes:g}"
                )
        if self.moments is not None and not 0 < self.moments <= 16:
            raise UsageError(f"moments: expected more than 0 and at most 16 a quarter, got {self.moments:g}")
        for name in ("ranges", "rhythm", "density"):
            voices = [wish[0] for wish in getattr(self, name)]
            if len(voices) != len(set(voices)):
                raise UsageError(f"{name}: expected each voice once, got {', '.join(voices)}")
        if self.polyphony is not None and self.polyphony < 1:
            raise UsageError(f"polyphony: expected at least 1 note at once, got {self.polyphony}")
        for style, weight in self.style:
            if not 0 < weight < math.inf:
                raise UsageError(f"style: expected a weight above 0 for {style}, got {weight:g}")
        for first, bars, original in self.repeats:
            if not (bars >= 1 and 1 <= original < first and first + bars - 1 <= self.bars):
                raise UsageError(
                    f"repeats: expected bars of 1 to {self.bars} as copies of earlier ones, "
                    f"got {bars} bars from {first} as copies of those from {original}"
                )

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
            return cls(
                **{
                    **data,
                    "key": Key.parse(key) if key else None,
                    "metre": tuple(metre) if metre else None,
                    **{name: tuple(map(tuple, data.get(name, ()))) for name in _TABLES},
                }
            )
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
