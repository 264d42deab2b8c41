"""Readings of words and pictures together, and for people: as a table, and as TOML that one can edit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from credo.conditioning.attributes import NAMES, UNITS, Reading
from credo.conditioning.image import read_image
from credo.conditioning.text import combine, read_text


def read_words_and_picture(
    text: str | None, image: Path | None, *, balance: float = 0.5, study: str = "valdez"
) -> Reading:
    """What words, a picture or both ask of music.

    Args:
        text: None for no words.
        image: file of a picture; None for none.
        balance: how much the picture counts in valence and arousal, 0..1.
        study: what colours feel like, see `credo.conditioning.image`.

    Raises:
        UsageError: nothing of the words was understood, or an argument makes no sense.
        FileError: the picture cannot be read.
        MissingExtraError: the library for pictures is not installed.
    """
    words = None if text is None else read_text(text)
    picture = None if image is None else read_image(image, study=study)
    return combine(words, picture, balance=balance)


def over(first: Reading, other: Reading) -> Reading:
    """What one reading says, and another where the first is silent, each with its own reasons."""
    own = set(first.attributes.named)
    reasons = {reason.attribute: reason for reason in other.reasons if reason.attribute not in own}
    reasons |= {reason.attribute: reason for reason in first.reasons}
    ordered = tuple(reasons[name] for name in NAMES if name in reasons)
    remarks = tuple(dict.fromkeys((*first.remarks, *other.remarks)))
    return Reading(first.attributes.over(other.attributes), ordered, remarks)


def show(reading: Reading) -> Iterator[str]:
    """The attributes as lines: name, value and why."""
    values = {name: str(value) for name, value in _rounded(reading).items()}
    reasons = {reason.attribute: reason.because for reason in reading.reasons}
    names = max(map(len, values), default=0)
    widest = max(map(len, values.values()), default=0)
    for name, value in values.items():
        yield f"{name:{names}}  {value:{widest}}  {reasons.get(name, '')}".rstrip()


def to_toml(reading: Reading) -> str:
    """The attributes as TOML, with units and reasons as comments."""
    reasons = {reason.attribute: reason.because for reason in reading.reasons}
    lines = ["# What music is asked for. Change what you like; a line left out leaves the attribute open."]
    lines += [f"# {_one_line(remark)}" for remark in reading.remarks]
    for name, value in _rounded(reading).items():
        notes = [UNITS[name]] if name in UNITS else []
        notes += [_one_line(reasons[name])] if name in reasons else []
        told = json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
        lines.append(f"{name} = {told}" + (f"  # {'; '.join(notes)}" if notes else ""))
    return "\n".join(lines) + "\n"


def _rounded(reading: Reading) -> dict[str, object]:
    found = reading.attributes.to_dict()
    return {name: round(value, 3) if isinstance(value, float) else value for name, value in found.items()}


def _one_line(text: str) -> str:
    """Text for a TOML comment, which holds no control characters."""
    return "".join(character if character.isprintable() else " " for character in text)
