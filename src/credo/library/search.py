"""Words that look for pieces: titles and composers, attributes by name, musical words and moods.

`calm minor 3/4 schubert tempo<100` asks for pieces in 3/4 and in minor that are slower than 100 quarters a minute and
have "schubert" in title, composer or the names of file and folder, those first that are nearest to calm in valence and
arousal.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Literal

from credo.conditioning.attributes import LIMITS, Attributes
from credo.conditioning.moods import MOODS
from credo.conditioning.terms import find
from credo.errors import UsageError
from credo.library.entry import Entry
from credo.library.store import Brief, Store

#: How a value is compared: `is` text or number, bounds, `has` a piece of text, `ends` with it; or `near` a number, that
#: puts what is found in order and leaves nothing out.
Relation = Literal["is", "<", "<=", ">", ">=", "has", "ends", "near"]

#: The attributes that can be asked for, and how they are kept.
NUMBERS = (*LIMITS, "bars", "seconds", "notes", "parts")
TEXTS = ("key", "mode", "metre", "ensemble", "title", "composer")
_COMPARED = re.compile(r"(?P<name>[A-Za-z]+)\s*(?P<sign><=|>=|<|>|=|:)\s*(?P<value>\"[^\"]*\"|\S+)")
_METRE = re.compile(r"(?<!\S)\d{1,2}/\d{1,2}(?!\S)")
_THIRD = re.compile(r"(?<![^\W_])(minor|major)(?![^\W_])|小调|大调", re.IGNORECASE)
_QUOTED = re.compile(r"\"([^\"]+)\"")
#: A number in words, such as "slow", means a share of it to both sides.
_ABOUT = 0.25


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that is asked for.

    Attributes:
        name: an attribute, or `words` for title, composer and names of file and folder together.
        relation: how it is compared.
        value: a number, or text in small letters for `words`.
    """

    name: str
    relation: Relation
    value: float | str

    def __str__(self) -> str:
        signs = {"is": "=", "has": "has", "ends": "in", "near": "near"}
        value = f"{self.value:g}" if isinstance(self.value, float) else str(self.value)
        return f"{self.name} {signs.get(self.relation, self.relation)} {value}"


def folded(text: str) -> str:
    """Text in small letters without accents, to be compared: "Dvořák" is found by "dvorak"."""
    parts = unicodedata.normalize("NFKD", text.casefold())
    return " ".join("".join(character for character in parts if not unicodedata.combining(character)).split())


def words_of(entry: Entry, path: str) -> str:
    """What words are looked for in: title, composer, and the names of a piece's file and folder."""
    return folded(" ".join([entry.title, entry.composer, *PurePath(path).parts[-2:]]))


def parse(text: str) -> tuple[Condition, ...]:
    """What words ask for.

    Raises:
        UsageError: an attribute is unknown, or a value makes no sense.
    """
    found = [
        _compared(match["name"].lower(), match["sign"], match["value"].strip('"')) for match in _COMPARED.finditer(text)
    ]
    text = _COMPARED.sub(" ", text)
    found += [Condition("words", "has", folded(match[1])) for match in _QUOTED.finditer(text)]
    text = _QUOTED.sub(" ", text)
    found += [Condition("metre", "is", match[0]) for match in _METRE.finditer(text)]
    text = _METRE.sub(" ", text)
    left = list(text)
    for term in find(text):
        conditions = _of_term(term.attribute, term.value)
        if conditions:
            found += conditions
            left[term.start : term.end] = " " * (term.end - term.start)
    text = "".join(left)
    for match in _THIRD.finditer(text):
        third = {"小调": "minor", "大调": "major"}.get(match[0], match[0].lower())
        found.append(Condition("key", "ends", third))
    text = _THIRD.sub(" ", text)
    for word in text.split():
        mood = MOODS.get(word.lower().strip(",.;"))
        if mood:
            found += [Condition(axis, "near", float(v)) for axis, v in zip(("valence", "arousal"), mood, strict=True)]
        elif re.search(r"[^\W_]", word):
            found.append(Condition("words", "has", folded(word.strip(",.;"))))
    return tuple(dict.fromkeys(found))


def sql_of(conditions: Sequence[Condition]) -> tuple[str, str]:
    """Conditions in SQL, as both kinds of store speak it: what stands after WHERE, and what after ORDER BY."""
    clauses, near = ["1 = 1"], []
    for each in conditions:
        column = f'"{each.name}"' if each.name in (*NUMBERS, *TEXTS, "words") else None
        if column is None:
            raise UsageError(f"search: expected one of {', '.join((*TEXTS, *NUMBERS))}, got {each.name!r}")
        if each.relation == "near":
            clauses.append(f"{column} IS NOT NULL")
            near.append(f"({column} - {float(each.value)}) * ({column} - {float(each.value)})")
        elif each.relation in ("has", "ends"):
            column = '"words"' if each.name in ("title", "composer") else column
            front, back = ("%", "%") if each.relation == "has" else ("% ", "")
            clauses.append(f"{column} LIKE {quoted(front + _plain(str(each.value)) + back)} ESCAPE '\\'")
        else:
            value = quoted(each.value) if isinstance(each.value, str) else f"{float(each.value)!r}"
            clauses.append(f"{column} {'=' if each.relation == 'is' else each.relation} {value}")
    return " AND ".join(clauses), f"{' + '.join(near)}, number" if near else "number"


def quoted(text: str) -> str:
    """Text as SQL writes it."""
    return "'" + text.replace("'", "''").replace("\0", "") + "'"


def _plain(text: str) -> str:
    """Text in which no character has a meaning for LIKE."""
    return re.sub(r"([\\%_])", r"\\\1", text)


def search(store: Store, text: str, *, count: int = 20) -> tuple[list[Brief], tuple[Condition, ...]]:
    """The pieces that words ask for.

    Args:
        store: the library.
        text: see the module; empty for all.
        count: at most so many.

    Returns:
        The pieces, the nearest to moods first and else by number, and how the words were understood.

    Raises:
        UsageError: as `parse`; or `count` is not from 1 to 1 000 000.
    """
    if not 1 <= count <= 1_000_000:
        raise UsageError(f"count: expected 1 to 1000000, got {count}")
    conditions = parse(text)
    return store.briefs(store.find(conditions, count)), conditions


def _compared(name: str, sign: str, text: str) -> Condition:
    if name in TEXTS:
        if sign not in "=:":
            raise UsageError(f"{name}: expected = and text, got {name}{sign}{text}")
        if name in ("title", "composer"):
            return Condition(name, "has", folded(text))
        record: Any = Attributes.parse({name: text}).to_dict()[name]
        return Condition(name, "is", str(record))
    if name not in NUMBERS:
        raise UsageError(f"search: expected one of {', '.join((*TEXTS, *NUMBERS))}, got {name!r}")
    try:
        value = float(text)
    except ValueError as error:
        raise UsageError(f"{name}: expected a number, got {text!r}") from error
    relations: dict[str, Relation] = {"=": "is", ":": "is", "<": "<", "<=": "<=", ">": ">", ">=": ">="}
    return Condition(name, relations[sign], value)


def _of_term(attribute: str, value: Any) -> list[Condition]:
    """What a musical word asks for; nothing where it cannot be compared."""
    if attribute == "metre":
        return [Condition("metre", "is", f"{value[0]}/{value[1]}")]
    if attribute == "mode":
        return [Condition("mode", "is", str(value))]
    if attribute == "key":
        key, mode = value
        return [Condition("key", "is", key.name), *([Condition("mode", "is", mode)] if mode else [])]
    if attribute in LIMITS and isinstance(value, (int, float)):
        low, high = sorted((value * (1 - _ABOUT), value * (1 + _ABOUT)))
        return [Condition(attribute, ">=", float(low)), Condition(attribute, "<=", float(high))]
    return []
