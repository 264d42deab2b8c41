"""Briefs as TOML files: read with mercy for how people write times and tempos, and written with comments that teach."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import fields
from fractions import Fraction
from pathlib import Path
from typing import Any

from credo.compose.cue.sheets.brief import ENDINGS, KINDS, ROLES, VERSIONS, Brief, Hit, SectionMark, near
from credo.compose.cue.sheets.timecode import RATES, is_timecode, parse_time
from credo.conditioning.attributes import NAMES, Attributes
from credo.errors import FileError, UsageError
from credo.music.score import Metre

#: The longest brief that is read, in bytes.
LARGEST = 256_000
_KEYS = tuple(field.name for field in fields(Brief))
_SHEET_KEYS = (*_KEYS, "start", "end")


def read(path: str | Path) -> Brief:
    """Read a brief from a TOML file. Without a name it is called as the file is.

    Raises:
        FileError: the file cannot be read, is too large or is not TOML.
        UsageError: a key is unknown or a value makes no sense.
    """
    try:
        with Path(path).open("rb") as file:
            data = file.read(LARGEST + 1)
        if len(data) > LARGEST:
            raise FileError(path, f"expected a brief of at most {LARGEST} bytes")
        table = tomllib.loads(data.decode("utf-8-sig"))
    except FileError:
        raise
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror}") from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise FileError(path, f"is not TOML: {error}") from error
    return from_dict({"name": Path(path).stem, **table})


def from_dict(data: Mapping[str, Any]) -> Brief:
    """Rebuild a brief from `to_dict`, or from what a user wrote.

    Times are seconds, `M:SS.mmm`, or timecode, which counts from `start` where that is given; `end` may stand for
    `seconds`. The tempo is a number, `[low, high]` or `"90-120"`; the metre `"3/4"` or `[3, 4]`.

    Raises:
        UsageError: a key is unknown or a value makes no sense.
    """
    _known("brief", data, _SHEET_KEYS)
    rate = data.get("frame_rate")
    rate = str(rate) if rate is not None else None
    start = parse_time(data["start"], rate) if "start" in data else None

    def time(value: Any) -> float:
        return float(parse_time(value, rate, start=start))

    values: dict[str, Any] = {"frame_rate": rate, "seconds": _seconds(data, time, start)}
    attributes = Attributes.from_dict(_table("attributes", data.get("attributes", {})))
    if "metre" in data:
        values["metre"] = _metre(data["metre"])
        if attributes.metre not in (None, values["metre"]):
            raise UsageError(f"metre: expected one, got {data['metre']} and another in attributes")
        attributes = Attributes(metre=values["metre"]).over(attributes)
    values["attributes"] = attributes
    if "tempo" in data:
        values["tempo"] = _tempo(data["tempo"])
    values["hits"] = tuple(
        Hit(**{**_known("hits", hit, _names(Hit), "seconds"), "seconds": time(hit["seconds"])})
        for hit in _list("hits", data.get("hits", ()))
    )
    values["sections"] = tuple(_section(mark, time) for mark in _list("sections", data.get("sections", ())))
    values["energy"] = _energy(data.get("energy", ()), time)
    values["versions"] = tuple(_list("versions", data.get("versions", ())))
    values["roles"] = dict(_table("roles", data.get("roles", {})))
    for name in ("name", "ending", "model", "drums", "text", "image", "ring", "loudness", "seed", "bars"):
        if name in data:
            values[name] = data[name]
    if "name" not in values:
        raise UsageError("brief: expected a name, got none", hint='such as name = "boss fight"')
    return Brief(**values)


def to_dict(brief: Brief) -> dict[str, Any]:
    """A JSON- and TOML-able form: what differs from the defaults. Times are seconds."""
    plain = Brief("plain", 30)
    attributes = brief.attributes.to_dict()
    metre = attributes.pop("metre", None)
    data: dict[str, Any] = {"name": brief.name, "seconds": brief.seconds}
    if brief.tempo is not None:
        data["tempo"] = list(brief.tempo)
    if metre is not None:
        data["metre"] = metre
    if brief.energy:
        data["energy"] = [list(point) for point in brief.energy]
    for name in ("bars", "ending", "ring", "model", "drums", "seed", "loudness", "frame_rate", "text", "image"):
        if getattr(brief, name) != getattr(plain, name):
            data[name] = getattr(brief, name)
    if brief.versions:
        data["versions"] = list(brief.versions)
    if attributes:
        data["attributes"] = attributes
    if brief.roles:
        data["roles"] = dict(brief.roles)
    if brief.hits:
        usual = Hit(0)
        data["hits"] = [
            {
                name: getattr(hit, name)
                for name in _names(Hit)
                if name == "seconds" or getattr(hit, name) != getattr(usual, name)
            }
            for hit in brief.hits
        ]
    if brief.sections:
        data["sections"] = [
            {"name": mark.name, "seconds": mark.seconds}
            | ({} if mark.energy is None else {"energy": mark.energy})
            | ({"attributes": mark.attributes.to_dict()} if mark.attributes.named else {})
            for mark in brief.sections
        ]
    return data


#: What the file says of each key, and an example where the brief has no value of its own.
_COMMENTS: tuple[tuple[str, str, str], ...] = (
    ("name", "files are named after it", ""),
    ("seconds", 'length with ring-out: 29.5, "1:05.250", or timecode with a frame_rate', ""),
    ("tempo", "quarters a minute: 120 (fixed) or [96, 132] (a range to search); left out, the mood says", "[96, 132]"),
    ("metre", "any with bars of whole sixteenths", '"3/4"'),
    ("bars", "how many, the last chord's among them; left out, the tempo says", "16"),
    (
        "energy",
        "points [seconds, 0 to 1], straight lines between them: who plays, and how loud",
        "[[0, 0.4], [20, 0.9]]",
    ),
    ("ending", " | ".join(ENDINGS), '"cadence"'),
    ("ring", "at most so many seconds of ring-out behind the last chord's bar", "1.5"),
    ("versions", f"lengths in seconds, {', '.join(VERSIONS)}", '["15", "6", "no-melody", "loop"]'),
    ("model", "writes the core", '"chorale"'),
    ("drums", "pattern, or the model that writes the drums", '"drums"'),
    ("seed", "the same seed gives the same music", "7"),
    ("loudness", "of the mix, in LUFS", "-16.0"),
    ("frame_rate", f"for timecode: {', '.join(RATES)}", '"29.97df"'),
    ("text", "words; attributes that are not given are read from them", '"a storm at sea, then calm"'),
    ("image", "a picture; the same", '"storm.jpg"'),
)
_TABLES: tuple[tuple[str, str, str], ...] = (
    ("attributes", f"asked of the music: {', '.join(name for name in NAMES if name != 'metre')}",
     '[attributes]\nkey = "D minor"\nvalence = -0.4  # -1 unpleasant to 1 pleasant\narousal = 0.7'),
    ("roles", f"General MIDI instruments for {', '.join(ROLES)}; none leaves one out",
     '[roles]\nlead = "oboe"\ndrums = "none"'),
    ("hits", f"moments that the music meets; weight beside others; kind: {' | '.join(KINDS)}",
     '[[hits]]\nseconds = 12.48\nweight = 2.0\nkind = "accent"\nname = "door"'),
    ("sections", "where sections begin; the same name has the same music; each may have energy and attributes",
     '[[sections]]\nname = "A"\nseconds = 0.0\nenergy = 0.4\nattributes = { key = "A minor" }'),
)  # fmt: skip


def to_toml(brief: Brief) -> str:
    """The brief as a TOML file with comments that say what could stand there; reading it gives the same brief."""
    data = to_dict(brief)
    lines = ["# A brief. Lines that begin with # are examples and do not count.", ""]
    for name, comment, example in _COMMENTS:
        line = f"{name} = {_toml(data[name])}" if name in data else f"# {name} = {example}"
        lines.append(f"{line}  # {comment}")
    for name, comment, example in _TABLES:
        lines += ["", f"# {comment}"]
        value = data.get(name)
        if isinstance(value, dict):
            lines += [f"[{name}]", *(f"{key} = {_toml(item)}" for key, item in value.items())]
        elif value:
            for item in value:
                lines += [f"[[{name}]]", *(f"{key} = {_toml(part)}" for key, part in item.items()), ""]
            lines.pop()
        else:
            lines += [f"# {line}" for line in example.splitlines()]
    return "\n".join(lines) + "\n"


def _toml(value: Any) -> str:
    """A value as TOML: text, numbers, lists and tables in a line."""
    if isinstance(value, str):  # as JSON, but for the one control character that JSON lets stand
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return repr(value if isinstance(value, (bool, int)) else float(value))


def _seconds(data: Mapping[str, Any], time: Callable[[Any], float], start: Fraction | None) -> float:
    """How long the cue lasts.

    Raises:
        UsageError: neither its length nor its end is given, or both are; so many bars at one tempo have a length too.
    """
    if not {"seconds", "end"} & set(data) and {"bars", "tempo"} <= set(data):
        low, high = _tempo(data["tempo"])
        if low == high and isinstance(data["bars"], int):
            metre = data.get("metre", _table("attributes", data.get("attributes", {})).get("metre", "4/4"))
            bar = Metre(Fraction(0), *_metre(metre)).bar
            return round(float(data["bars"] * bar) * 60 / low, 6)
    if ("seconds" in data) == ("end" in data):
        raise UsageError(
            f"brief: expected seconds or end, got {'both' if 'end' in data else 'neither'}",
            hint="seconds = 30, or with timecode start = and end =, or bars = 16 with one tempo",
        )
    if "seconds" in data:  # a length, so timecode counts from nothing
        rate = data.get("frame_rate")
        return float(parse_time(data["seconds"], None if rate is None else str(rate)))
    end = data["end"]
    if is_timecode(end) or start is None:
        return time(end)
    seconds = parse_time(end) - start
    if seconds <= 0:
        raise UsageError(f"end: expected a time behind the start, got {end!r}")
    return float(seconds)


def _section(data: Any, time: Callable[[Any], float]) -> SectionMark:
    _known("sections", data, _names(SectionMark), "name", "seconds")
    attributes = Attributes.from_dict(_table("sections: attributes", data.get("attributes", {})))
    return SectionMark(data["name"], time(data["seconds"]), attributes, data.get("energy"))


def _energy(value: Any, time: Callable[[Any], float]) -> tuple[tuple[float, float], ...]:
    if isinstance(value, (int, float)) and not isinstance(value, bool):
        return ((0.0, value),)
    points = _list("energy", value)
    if not all(isinstance(point, (list, tuple)) and len(point) == 2 for point in points):
        raise UsageError(f"energy: expected 0 to 1, or points [seconds, 0 to 1], got {value!r}")
    return tuple((time(seconds), energy) for seconds, energy in points)


def _tempo(value: Any) -> tuple[float, float]:
    """A tempo or a range.

    Raises:
        UsageError: it is neither.
    """
    if isinstance(value, str):
        numbers = re.split(r"\s*(?:-|–|to|\.\.)\s*", re.sub(r"\s*bpm$", "", value.strip().lower()))
        value = [float(number) if re.fullmatch(r"\d+(\.\d+)?", number) else None for number in numbers]
    bounds = list(value) if isinstance(value, (list, tuple)) else [value]
    numbers_only = all(isinstance(bpm, (int, float)) and not isinstance(bpm, bool) for bpm in bounds)
    if not numbers_only or len(bounds) not in (1, 2):
        raise UsageError(f'tempo: expected one such as 120, [96, 132] or "96-132", got {value!r}')
    return bounds[0], bounds[-1]


def _metre(value: Any) -> tuple[int, int]:
    metre = Attributes.from_dict({"metre": value}).metre
    if metre is None:
        raise UsageError(f"metre: expected one such as 3/4, got {value!r}")
    return metre


def _names(record: type) -> tuple[str, ...]:
    return tuple(field.name for field in fields(record))


def _known(where: str, data: Any, names: Sequence[str], *needed: str) -> Mapping[str, Any]:
    """A table whose keys are all known.

    Raises:
        UsageError: it is no table, or has a key that is not known, or lacks one.
    """
    _table(where, data)
    for name in data:
        if name not in names:
            hint = near(name, names)
            if where == "brief" and name in NAMES:
                hint = f"{name} stands under [attributes]"
            raise UsageError(f"{where}: expected some of {', '.join(names)}, got {name}", hint=hint)
    lacking = [name for name in needed if name not in data]
    if lacking:
        raise UsageError(f"{where}: expected {' and '.join(lacking)}, got {dict(data)!r}")
    return data


def _table(where: str, value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise UsageError(f"{where}: expected a table, got {value!r}")
    return value


def _list(where: str, value: Any) -> Sequence[Any]:
    if not isinstance(value, (list, tuple)):
        raise UsageError(f"{where}: expected a list, got {value!r}")
    return value
