"""The attributes of a piece: what can be read off any score, and asked of any model.

A record says nothing of what it does not know: each attribute may be None. Valence and arousal are the two axes of
Russell's circumplex (1980): how pleasant a feeling is, and how excited.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from typing import Any

from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import SCALES

#: The lowest and the highest value of the attributes that are numbers.
LIMITS: dict[str, tuple[float, float]] = {
    "tempo": (10, 400), "density": (0.05, 16), "register": (0, 127), "polyphony": (1, 64),
    "articulation": (0.05, 1), "loudness": (1, 127), "valence": (-1, 1), "arousal": (-1, 1),
}  # fmt: skip
#: What the numbers count.
UNITS: dict[str, str] = {
    "tempo": "quarters a minute", "density": "moments a quarter at which notes begin", "register": "mean MIDI pitch",
    "polyphony": "notes at once", "articulation": "share of the time to the next note that a note sounds",
    "loudness": "mean velocity, 1 to 127", "valence": "-1 unpleasant, 1 pleasant", "arousal": "-1 calm, 1 excited",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Attributes:
    """What is known of a piece, or wished for. None is "not known", or "any".

    Attributes:
        key: tonic, and major or minor.
        mode: name of the scale on the key's tonic, from `credo.music.scales.SCALES`, such as `dorian`.
        metre: numerator and denominator.
        tempo: quarters a minute, the mean over time where it changes.
        density: moments at which notes begin, all parts together, a quarter.
        register: mean MIDI pitch of the pitched notes, each as often as it is long.
        polyphony: notes that sound at once, the mean while anything sounds; drums apart.
        articulation: share of the time to its part's next note that a note sounds, the mean; 1 is legato.
        loudness: mean velocity of the notes, 1 to 127.
        valence: from -1 (unpleasant) to 1 (pleasant).
        arousal: from -1 (calm) to 1 (excited).
        style: name of a style.
        ensemble: name of an ensemble, or names of General MIDI instruments, separated by commas.
    """

    key: Key | None = None
    mode: str | None = None
    metre: tuple[int, int] | None = None
    tempo: float | None = None
    density: float | None = None
    register: float | None = None
    polyphony: float | None = None
    articulation: float | None = None
    loudness: float | None = None
    valence: float | None = None
    arousal: float | None = None
    style: str | None = None
    ensemble: str | None = None

    def __post_init__(self) -> None:
        for name, (low, high) in LIMITS.items():
            value = getattr(self, name)
            if value is not None and not (math.isfinite(value) and low <= value <= high):
                raise UsageError(f"{name}: expected {low:g} to {high:g} ({UNITS[name]}), got {value:g}")
        if self.mode is not None and self.mode not in SCALES:
            raise UsageError(f"mode: expected one of {', '.join(SCALES)}, got {self.mode!r}")
        if self.metre is not None:
            numerator, denominator = self.metre
            if not 1 <= numerator <= 32 or denominator not in (1, 2, 4, 8, 16, 32):
                raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {numerator}/{denominator}")

    @property
    def named(self) -> dict[str, Any]:
        """The attributes that are known, by name, in order."""
        return {name: getattr(self, name) for name in NAMES if getattr(self, name) is not None}

    def over(self, other: Attributes) -> Attributes:
        """These attributes, and those of another record where these are not known."""
        return replace(other, **self.named)

    def to_dict(self) -> dict[str, Any]:
        """A JSON- and TOML-able form of what is known: key and metre as text."""
        texts = {"key": lambda key: key.name, "metre": lambda metre: f"{metre[0]}/{metre[1]}"}
        return {name: texts.get(name, _same)(value) for name, value in self.named.items()}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Attributes:
        """Rebuild a record from `to_dict`, or from what a user wrote in a TOML file.

        Raises:
            UsageError: an attribute is unknown or makes no sense.
        """
        unknown = [name for name in data if name not in NAMES]
        if unknown:
            raise UsageError(f"attributes: expected some of {', '.join(NAMES)}, got {', '.join(map(str, unknown))}")
        return cls(**{name: _read(name, value) for name, value in data.items() if value is not None})

    @classmethod
    def parse(cls, texts: Mapping[str, str]) -> Attributes:
        """Read attributes as they are typed, such as `{"tempo": "96", "key": "G minor", "metre": "3/4"}`.

        Raises:
            UsageError: as `from_dict`.
        """
        return cls.from_dict(texts)


NAMES: tuple[str, ...] = tuple(field.name for field in fields(Attributes))


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an attribute is what it is.

    Attributes:
        attribute: its name.
        value: what it became, for people.
        because: the words, colours or rule that led to it.
    """

    attribute: str
    value: str
    because: str


@dataclass(frozen=True, slots=True)
class Reading:
    """What words, a picture or a mood were read as.

    Attributes:
        attributes: the record.
        reasons: why, in the order of the record.
        remarks: what the reader was unsure of, for people.
    """

    attributes: Attributes
    reasons: tuple[Reason, ...] = ()
    remarks: tuple[str, ...] = ()


def _read(name: str, value: Any) -> Any:
    """One attribute from JSON, TOML or a command line.

    Raises:
        UsageError: it makes no sense.
    """
    if name in LIMITS:
        return _number(name, value)
    if name == "metre" and isinstance(value, (list, tuple)) and len(value) == 2:
        return int(_number(name, value[0])), int(_number(name, value[1]))
    if not isinstance(value, str) or not value.strip():
        raise UsageError(f"{name}: expected text, got {value!r}")
    return _TEXTS.get(name, str.strip)(value)


def _number(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError) as error:
        raise UsageError(f"{name}: expected a number ({UNITS.get(name, 'a whole one')}), got {value!r}") from error
    if isinstance(value, bool) or not math.isfinite(number):
        raise UsageError(f"{name}: expected a number ({UNITS.get(name, 'a whole one')}), got {value!r}")
    return number


def _metre(text: str) -> tuple[int, int]:
    above, _, below = text.partition("/")
    if not (above.strip().isdecimal() and below.strip().isdecimal()):
        raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {text!r}")
    return int(above), int(below)


def _mode(text: str) -> str:
    return " ".join(text.lower().replace("_", " ").split())


def _same(value: Any) -> Any:
    return value


_TEXTS: dict[str, Callable[[str], Any]] = {"key": Key.parse, "metre": _metre, "mode": _mode}
