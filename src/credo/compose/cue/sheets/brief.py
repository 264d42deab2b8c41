"""The cue sheet: what music is asked for, in one record and in one TOML file.

A brief says nothing about notes. `credo.compose.cue.timing.fitting` finds the tempo and the bars that keep its times.
"""

from __future__ import annotations

import difflib
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from operator import attrgetter, itemgetter
from pathlib import Path
from typing import Any

from credo.compose.cue.sheets.timecode import frame_rate_named
from credo.conditioning.attributes import Attributes
from credo.errors import UsageError
from credo.music.general_midi import program_named

#: What happens at a hit: everything is struck; a new section begins; silence after the stroke, up to the next bar; a
#: rise into it.
KINDS = ("accent", "change", "stop", "swell")
#: How a cue ends: a short stroke; a chord that is reached and held; a chord that rings; back to its beginning.
ENDINGS = ("button", "cadence", "ring-out", "loop")
#: Who plays in a band.
ROLES = ("lead", "pad", "arpeggio", "bass", "drums")
#: What `roles` says of one that is left out.
NOBODY = "none"
#: Versions that have a name; the others are lengths in seconds.
VERSIONS = ("no-melody", "no-drums", "drums-and-bass", "sting", "loop")
#: The shortest and the longest cue, in seconds.
SECONDS = (1.0, 1200.0)
#: The slowest and the fastest tempo, in quarters a minute.
TEMPOS = (30.0, 300.0)
#: What `drums` says where the band's own drummer plays.
PATTERN = "pattern"
#: The most bars that can be asked for.
MOST_BARS = 480
#: Level of the mix unless the brief says another, in LUFS.
LOUDNESS = -16.0
_MOST_HITS, _MOST_SECTIONS, _MOST_POINTS, _LONGEST_TEXT = 200, 100, 1000, 4000


@dataclass(frozen=True, slots=True)
class Hit:
    """A moment of the picture or of the game that the music meets.

    Attributes:
        seconds: from the start of the cue.
        weight: how much it matters beside others, more than 0.
        kind: one of `KINDS`.
        name: what happens, for people and for markers.
    """

    seconds: float
    weight: float = 1.0
    kind: str = "accent"
    name: str = ""

    def __post_init__(self) -> None:
        _set(self, "seconds", _number("hits: seconds", self.seconds, 0, 1e6))
        _set(self, "weight", _number("hits: weight", self.weight, 0, 1000))
        if self.weight == 0:
            raise UsageError("hits: expected a weight of more than 0, got 0")
        _one_of("hits: kind", self.kind, KINDS)
        _text("hits: name", self.name)


@dataclass(frozen=True, slots=True)
class SectionMark:
    """Where a section begins. Sections of one name have the same music, as far as their bars agree.

    Attributes:
        name: such as `A`.
        seconds: from the start of the cue; the nearest bar line is taken.
        attributes: what is asked of this section, over what is asked of the cue.
        energy: 0 to 1, where the brief has no energy curve; None leaves the curve as it is.
    """

    name: str
    seconds: float
    attributes: Attributes = field(default_factory=Attributes)
    energy: float | None = None

    def __post_init__(self) -> None:
        _text("sections: name", self.name)
        if not self.name.strip():
            raise UsageError("sections: expected a name such as A, got none")
        _set(self, "seconds", _number("sections: seconds", self.seconds, 0, SECONDS[1]))
        if self.energy is not None:
            _set(self, "energy", _number("sections: energy", self.energy, 0, 1))
        if self.attributes.metre is not None:
            raise UsageError(f"sections: expected one metre for the whole cue, got another for section {self.name}")


@dataclass(frozen=True, slots=True)
class Version:
    """A version of a cue that is delivered beside it.

    Attributes:
        name: as the brief has it.
        seconds: its length, where the version is a length.
    """

    name: str
    seconds: float | None = None

    @classmethod
    def parse(cls, text: str | float) -> Version:
        """Read one of `VERSIONS`, or a length in seconds such as `30` or `30s`.

        Raises:
            UsageError: it is neither.
        """
        words = re.sub(r"[\s_]+", "-", str(text).strip().lower())
        if words in VERSIONS:
            return cls(words)
        match = re.fullmatch(r"(\d{1,4}(?:\.\d{1,6})?)-?(?:s|sec|seconds)?", words)
        if isinstance(text, bool) or not match or not SECONDS[0] <= float(match[1]) <= SECONDS[1]:
            raise UsageError(
                f"versions: expected a length of {SECONDS[0]:g} to {SECONDS[1]:g} seconds or one of "
                f"{', '.join(VERSIONS)}, got {text!r}",
                hint=near(words, VERSIONS),
            )
        return cls(f"{float(match[1]):g}", float(match[1]))


@dataclass(frozen=True, slots=True)
class Brief:
    """What music is asked for. Times are seconds from the start of the cue.

    Attributes:
        name: what the cue is called; files are named after it.
        seconds: how long it lasts, ring-out included.
        tempo: the slowest and the fastest tempo that will do, in quarters a minute; None leaves it to the mood.
        metre: numerator and denominator. `attributes.metre` is the same one, or None where nobody asked.
        hits: moments that the music meets, in order.
        energy: points (seconds, 0..1) in order, joined by straight lines; empty: the sections' or the ending's.
        sections: where sections begin, in order.
        ending: one of `ENDINGS`.
        ring: at most so many seconds of ring-out behind the last chord's own bar.
        versions: lengths and names of `VERSIONS`, as `Version.parse` reads them.
        attributes: what is asked of the music.
        roles: names of General MIDI instruments by role, `none` to leave one out; for drums only `none`, or the kit.
        model: name or folder of the model that writes the core.
        drums: `pattern` for the band's own, or name or folder of a model that writes the drums.
        bars: how many bars there are to be, the last chord's among them; None leaves it to the tempo.
        seed: for the same music again; None draws one.
        loudness: of the mix, in LUFS.
        frame_rate: one of `credo.compose.cue.sheets.timecode.RATES`, for timecode.
        text: words that the attributes that are not given are read from.
        image: path of a picture that they are read from.
    """

    name: str
    seconds: float
    tempo: tuple[float, float] | None = None
    metre: tuple[int, int] = (4, 4)
    hits: tuple[Hit, ...] = ()
    energy: tuple[tuple[float, float], ...] = ()
    sections: tuple[SectionMark, ...] = ()
    ending: str = "button"
    ring: float = 1.5
    versions: tuple[str, ...] = ()
    attributes: Attributes = field(default_factory=Attributes)
    roles: Mapping[str, str] = field(default_factory=dict, hash=False)
    model: str = "chorale"
    drums: str = PATTERN
    seed: int | None = None
    loudness: float = LOUDNESS
    frame_rate: str | None = None
    text: str = ""
    image: str = ""
    bars: int | None = None

    def __post_init__(self) -> None:
        _text("name", self.name)
        if not self.name.strip():
            raise UsageError("name: expected what the cue is called, got none")
        _set(self, "seconds", _number("seconds", self.seconds, *SECONDS))
        _set(self, "ring", _number("ring", self.ring, 0, 30))
        _set(self, "loudness", _number("loudness", self.loudness, -60, -5))
        _one_of("ending", self.ending, ENDINGS)
        _text("text", self.text)
        _text("image", self.image)
        if not (self.model and self.drums):
            raise UsageError("model, drums: expected names of models, got an empty one")
        if self.seed is not None and not (isinstance(self.seed, int) and 0 <= self.seed < 2**63):
            raise UsageError(f"seed: expected a whole number from 0 to 2^63, got {self.seed!r}")
        if self.frame_rate is not None:
            _set(self, "frame_rate", frame_rate_named(self.frame_rate).name)
        if self.bars is not None and not (isinstance(self.bars, int) and 1 <= self.bars <= MOST_BARS):
            raise UsageError(f"bars: expected a whole number from 1 to {MOST_BARS}, got {self.bars!r}")
        self._check_tempo()
        self._check_metre()
        self._check_times()
        self._check_roles()
        _set(self, "versions", tuple(dict.fromkeys(Version.parse(text).name for text in self.versions)))

    @property
    def loops(self) -> bool:
        """Whether the cue leads back to its beginning."""
        return self.ending == "loop"

    @property
    def curve(self) -> tuple[tuple[float, float], ...]:
        """The energy as points (seconds, 0..1): that of the brief, of its sections, or what suits its ending."""
        if self.energy:
            return self.energy
        marked = [mark for mark in self.sections if mark.energy is not None]
        if marked:
            points: list[tuple[float, float]] = []
            for mark in marked:  # two points at one time are a step
                points += [(mark.seconds, points[-1][1])] if points else []
                points.append((mark.seconds, mark.energy))
            return tuple(points)
        return tuple((share * self.seconds, energy) for share, energy in _CURVES[self.ending])

    def energy_at(self, seconds: float) -> float:
        """The energy at a time, 0 to 1: straight lines between the points of the curve, level beyond them."""
        points = self.curve
        behind = bisect_right([time for time, _ in points], seconds)
        if behind in (0, len(points)):
            return points[max(behind - 1, 0)][1]
        (left, low), (right, high) = points[behind - 1], points[behind]
        return low + (high - low) * (seconds - left) / (right - left)

    @classmethod
    def read(cls, path: str | Path) -> Brief:
        """Read a brief from a TOML file.

        Raises:
            FileError: the file cannot be read, is too large or is not TOML.
            UsageError: a key is unknown or a value makes no sense.
        """
        from credo.compose.cue.sheets import sheet  # which makes these records

        return sheet.read(path)

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Brief:
        """Rebuild a brief from `to_dict`, or from what a user wrote in a TOML file (`credo.compose.cue.sheets.sheet`).

        Raises:
            UsageError: a key is unknown or a value makes no sense.
        """
        from credo.compose.cue.sheets import sheet

        return sheet.from_dict(data)

    def to_dict(self) -> dict[str, Any]:
        """A JSON- and TOML-able form: what differs from the defaults. Times are seconds."""
        from credo.compose.cue.sheets import sheet

        return sheet.to_dict(self)

    def to_toml(self) -> str:
        """The brief as a TOML file with comments that say what could stand there; reading it gives the same brief."""
        from credo.compose.cue.sheets import sheet

        return sheet.to_toml(self)

    def _check_tempo(self) -> None:
        if self.tempo is None:
            return
        if not isinstance(self.tempo, tuple) or len(self.tempo) != 2:
            raise UsageError(f"tempo: expected the slowest and the fastest, such as (96, 120), got {self.tempo!r}")
        low, high = (_number("tempo", bpm, *TEMPOS) for bpm in self.tempo)
        if low > high:
            raise UsageError(f"tempo: expected the slower one first, got {low:g} to {high:g}")
        _set(self, "tempo", (low, high))

    def _check_metre(self) -> None:
        """The metre, and the same in the attributes.

        Raises:
            UsageError: there is no such metre, its bars are not whole steps, or there are two.
        """
        asked = self.attributes.metre
        if asked is not None and asked != self.metre:
            if self.metre != (4, 4):
                raise UsageError(
                    f"metre: expected one, got {self.metre[0]}/{self.metre[1]} and {asked[0]}/{asked[1]} in attributes"
                )
            _set(self, "metre", asked)
        if not isinstance(self.metre, tuple) or len(self.metre) != 2:
            raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {self.metre!r}")
        numerator, denominator = self.metre
        if denominator not in (1, 2, 4, 8, 16) or not 1 <= numerator <= 32:
            half = f"such as {numerator // 2}/{denominator // 2}" if numerator % 2 == 0 and denominator == 32 else ""
            raise UsageError(
                f"metre: expected bars of whole sixteenths, got {numerator}/{denominator}",
                hint=f"a number over 1, 2, 4, 8 or 16 would go{half and ', '}{half}",
            )
        if not 1 / 2 <= 4 * numerator / denominator <= 16:
            raise UsageError(
                f"metre: expected bars of an eighth to four whole notes, got {numerator}/{denominator}",
                hint="2/8 to 4/1 would go",
            )
        if asked is None and self.metre != (4, 4):
            _set(self, "attributes", replace(self.attributes, metre=self.metre))

    def _check_times(self) -> None:
        for name, most in (("hits", _MOST_HITS), ("sections", _MOST_SECTIONS), ("energy", _MOST_POINTS)):
            values = tuple(getattr(self, name))
            if len(values) > most:
                raise UsageError(f"{name}: expected {most} at most, got {len(values)}")
            _set(self, name, values)
        _set(self, "hits", tuple(sorted(self.hits, key=attrgetter("seconds"))))
        _set(self, "sections", tuple(sorted(self.sections, key=attrgetter("seconds"))))
        late = [mark for mark in self.sections if mark.seconds >= self.seconds]
        if late:
            raise UsageError(
                f"sections: expected them to begin before the end at {self.seconds:g} s, "
                f"got {late[0].name} at {late[0].seconds:g} s"
            )
        points = []
        for point in self.energy:
            if not isinstance(point, (tuple, list)) or len(point) != 2:
                raise UsageError(f"energy: expected points (seconds, 0..1), got {point!r}")
            seconds, energy = point
            points.append((_number("energy: seconds", seconds, 0, SECONDS[1]), _number("energy", energy, 0, 1)))
        _set(self, "energy", tuple(sorted(points, key=itemgetter(0))))

    def _check_roles(self) -> None:
        for role, instrument in self.roles.items():
            _one_of("roles", role, ROLES)
            _text(f"roles: {role}", instrument)
            if role != "drums" and instrument != NOBODY:
                program_named(instrument)
        _set(self, "roles", dict(self.roles))


#: Energy by ending where nobody asked: points (share of the length, energy).
_CURVES = {
    "button": ((0, 0.5), (0.6, 0.65), (1, 0.8)),
    "cadence": ((0, 0.5), (0.65, 0.7), (1, 0.55)),
    "ring-out": ((0, 0.5), (0.6, 0.7), (1, 0.35)),
    "loop": ((0, 0.6),),
}


def near(word: str, names: Iterable[str]) -> str | None:
    """A hint at the names that a word resembles, if there are any."""
    close = difflib.get_close_matches(str(word), list(names), 3, 0.6)
    return f"did you mean {' or '.join(close)}?" if close else None


def _set(record: Any, name: str, value: Any) -> None:
    object.__setattr__(record, name, value)


def _number(name: str, value: Any, low: float, high: float) -> float:
    """A number within limits.

    Raises:
        UsageError: it is none, or outside.
    """
    real = isinstance(value, Real) and not isinstance(value, bool)
    if not (real and low <= value <= high):
        raise UsageError(f"{name}: expected a number from {low:g} to {high:g}, got {value!r}")
    return float(value)


def _one_of(name: str, value: Any, names: Sequence[str]) -> None:
    if value not in names:
        raise UsageError(f"{name}: expected one of {', '.join(names)}, got {value!r}", hint=near(value, names))


def _text(name: str, value: Any) -> None:
    if not isinstance(value, str) or len(value) > _LONGEST_TEXT:
        raise UsageError(f"{name}: expected text of at most {_LONGEST_TEXT} characters, got {str(value)[:40]!r}")
