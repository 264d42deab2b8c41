"""What people type on the command line, as fields of a `Request`."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path

from credo.compose.wishes import ALL
from credo.conditioning.attributes import Attributes
from credo.errors import FileError, FormatError, UsageError
from credo.music.pitch import LINE_OF_FIFTHS, pitch_of
from credo.music.texture import Texture

_PITCH = r"[A-Ga-g](?:#{1,2}|b{1,2}|♯|♭)?-?\d{1,2}|\d{1,3}"
#: The largest file of attributes that is read, in bytes.
_MOST_BYTES = 1_000_000
_SIGNS = {"": 0, "#": 1, "##": 2, "♯": 1, "b": -1, "bb": -2, "♭": -1}


def parse_bars(text: str) -> tuple[int, int]:
    """Bars such as `5-8` or `5` as the first and the last.

    Raises:
        UsageError: the text names no bars.
    """
    match = re.fullmatch(r"\s*(\d{1,4})\s*(?:[-–]\s*(\d{1,4})\s*)?", text)
    if not match:
        raise UsageError(f"bars: expected one or a span such as 5 or 5-8, got {text!r}")
    return int(match[1]), int(match[2] or match[1])


def parse_names(text: str | None) -> list[str]:
    """Names between commas, such as `alto,tenor`; none of None."""
    return list(dict.fromkeys(filter(None, (name.strip() for name in (text or "").split(",")))))


def parse_pitch(text: str) -> int:
    """A pitch such as `C4` (middle C), `F#3` or `60` as MIDI note number.

    Raises:
        UsageError: the text is no pitch.
    """
    match = re.fullmatch(r"([A-Ga-g])([#b♯♭]*)(-?\d+)", text)
    if match and match[2] in _SIGNS and match[1].upper() in LINE_OF_FIFTHS:
        return pitch_of(match[1].upper(), _SIGNS[match[2]], int(match[3]))
    if not text.isdecimal():
        raise UsageError(f"range: expected pitches such as C4, F#3 or 60, got {text!r}")
    return int(text)


def parse_ranges(texts: Iterable[str]) -> tuple[tuple[str, int, int], ...]:
    """Ranges such as `soprano:C4-A5` as (voice, lowest, highest).

    Raises:
        UsageError: a text is no range.
    """
    ranges = []
    for text in texts:
        match = re.fullmatch(rf"(.+):\s*({_PITCH})\s*[-–]\s*({_PITCH})\s*", text)
        if not match:
            raise UsageError(f"range: expected a voice and two pitches such as soprano:C4-A5, got {text!r}")
        ranges.append((match[1].strip(), parse_pitch(match[2]), parse_pitch(match[3])))
    return tuple(ranges)


def parse_rhythm(texts: Iterable[str]) -> tuple[tuple[str, str], ...]:
    """Patterns such as `bass:x-x-` as (voice, pattern).

    Raises:
        UsageError: a text is no pattern of a voice.
    """
    return tuple(_voice_and("rhythm", text, "a pattern such as bass:x-x-x-x-") for text in texts)


def parse_density(texts: Iterable[str]) -> tuple[tuple[str, float], ...]:
    """Densities such as `bass:1` or `2` (of each voice) as (voice, notes a quarter).

    Raises:
        UsageError: a text is no density.
    """
    densities = []
    for text in texts:
        voice, number = _voice_and("density", text, "notes a quarter such as bass:1") if ":" in text else (ALL, text)
        try:
            densities.append((voice, float(number)))
        except ValueError as error:
            raise UsageError(f"density: expected notes a quarter such as 2 or bass:1, got {text!r}") from error
    return tuple(densities)


def parse_repeats(texts: Iterable[str]) -> tuple[tuple[int, int, int], ...]:
    """Repeats such as `9-16=1` (bars 9 to 16 are bars 1 to 8 again) as (first bar, how many, first of the original).

    Raises:
        UsageError: a text is no repeat.
    """
    repeats = []
    for text in texts:
        match = re.fullmatch(r"\s*([\d\s–-]+)=\s*(\d{1,4})\s*", text)
        if not match:
            raise UsageError(f"repeat: expected bars and the first bar of the original such as 9-16=1, got {text!r}")
        first, last = parse_bars(match[1])
        repeats.append((first, last - first + 1, int(match[2])))
    return tuple(repeats)


def parse_attributes(texts: Iterable[str]) -> Attributes:
    """Attributes such as `mode=dorian` and `loudness=60`.

    Raises:
        UsageError: a text is no attribute, or one is told twice.
    """
    told: dict[str, str] = {}
    for text in texts:
        name, sign, value = (part.strip() for part in text.partition("="))
        if not sign or not name or not value or name in told:
            raise UsageError(f"attribute: expected each name once, with a value such as mode=dorian, got {text!r}")
        told[name] = value
    return Attributes.parse(told)


def read_attributes(path: Path) -> Attributes:
    """Attributes from a TOML file, or from a JSON file: the whole file, or its table `attributes`.

    Raises:
        FileError: the file cannot be read, or holds no attributes.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_MOST_BYTES).decode("utf-8-sig")
        record = json.loads(content) if path.suffix.lower() == ".json" else tomllib.loads(content)
        record = record.get("attributes", record)
        return Attributes.from_dict(record.get("asked", record))
    except OSError as error:
        raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    except UsageError as error:
        raise FormatError(path, str(error)) from error
    except (ValueError, AttributeError, TypeError, RecursionError) as error:
        raise FormatError(path, "expected attributes such as tempo = 96 in TOML or JSON") from error


def parse_instruments(each: Iterable[str], row: str | None, texture: Texture) -> dict[str, str]:
    """Instruments by voice.

    Args:
        each: such as `soprano:oboe`.
        row: one for each voice, in order, between commas; None for none.
        texture: whose voices they are.

    Raises:
        UsageError: they do not suit the voices.
    """
    names = [] if row is None else [name.strip() for name in row.split(",")]
    pitched = [voice.name for voice in texture.voices if voice.kind != "drums"]
    if row is not None and len(names) != len(pitched):
        raise UsageError(
            f"instruments: expected one for each of {len(pitched)} voices ({', '.join(pitched)}), got {len(names)}"
        )
    pairs = (_voice_and("instrument", text, "a General MIDI name such as soprano:oboe") for text in each)
    return {**dict(zip(pitched, names, strict=False)), **dict(pairs)}


def parse_length(bars: int | None, minutes: float | None, seconds: float | None) -> float | None:
    """The duration wished for, in seconds; None where bars are given, or nothing.

    Raises:
        UsageError: more than one length is given.
    """
    given = [name for name, value in (("bars", bars), ("minutes", minutes), ("seconds", seconds)) if value is not None]
    if len(given) > 1:
        raise UsageError(f"length: expected one of --bars, --minutes and --seconds, got --{' and --'.join(given)}")
    return 60 * minutes if minutes is not None else seconds


def quarters_of_bar(metre: tuple[int, int] | None) -> Fraction:
    """Quarters of a bar; 4 where no metre is given."""
    return Fraction(4) if metre is None else Fraction(4 * metre[0], metre[1])


def _voice_and(name: str, text: str, what: str) -> tuple[str, str]:
    voice, colon, rest = text.partition(":")
    if not colon or not voice.strip() or not rest.strip():
        raise UsageError(f"{name}: expected a voice and {what}, got {text!r}")
    return voice.strip(), rest.strip()
