"""Hits, sections, energy and players as they are typed, in the form that `sheet.from_dict` reads.

All raise UsageError where the text makes no sense, and give None for nothing.
"""

from __future__ import annotations

from typing import Any

from credo.compose.cue.sheets.brief import KINDS
from credo.errors import UsageError


def hits(texts: list[str] | None) -> list[dict[str, Any]] | None:
    """`12.5`, `20.2:stop` or `8:accent:door`; a time may hold colons itself."""
    if texts is None:
        return None
    found = []
    for text in texts:
        words = text.split(":")
        place = next((number for number, word in enumerate(words) if word in KINDS), len(words))
        hit: dict[str, Any] = {"seconds": ":".join(words[:place])}
        if place < len(words):
            hit |= {"kind": words[place], "name": ":".join(words[place + 1 :])}
        found.append(hit)
    return found


def sections(texts: list[str] | None) -> list[dict[str, Any]] | None:
    """`A@0` or `A@1:05:0.4`: what follows the last colon is an energy if it is 0 to 1 with a point, or 0 or 1."""
    if texts is None:
        return None
    found = []
    for text in texts:
        name, sign, rest = text.partition("@")
        if not (name.strip() and sign and rest):
            raise UsageError(f"section: expected NAME@TIME or NAME@TIME:ENERGY, got {text!r}")
        time, colon, last = rest.rpartition(":")
        mark: dict[str, Any] = {"name": name.strip(), "seconds": rest}
        if colon and (last in ("0", "1") or last.startswith(("0.", ".", "1."))):
            mark |= {"seconds": time, "energy": _number("section", last)}
        found.append(mark)
    return found


def energy(text: str | None) -> list[list[Any]] | None:
    """Points of an energy curve: `0:0.2,15:0.9`."""
    if text is None:
        return None
    points = []
    for word in filter(None, text.split(",")):
        time, colon, value = word.strip().rpartition(":")
        if not colon:
            raise UsageError(f"energy: expected points such as 0:0.2,15:0.9, got {word.strip()!r}")
        points.append([time, _number("energy", value)])
    return points


def roles(texts: list[str] | None) -> dict[str, str] | None:
    """Who plays: `lead:oboe`, `drums:none`."""
    if texts is None:
        return None
    found = {}
    for text in texts:
        role, colon, instrument = text.partition(":")
        if not colon or role.strip() in found:
            raise UsageError(f"role: expected each role once, such as lead:oboe, got {text!r}")
        found[role.strip()] = instrument.strip()
    return found


def _number(what: str, text: str) -> float:
    try:
        return float(text)
    except ValueError as error:
        raise UsageError(f"{what}: expected a number, got {text!r}") from error
