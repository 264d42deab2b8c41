"""What a data report says, one table a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

from credo.errors import UsageError

#: The languages there are, and how a page names them.
LANGUAGES = {"en": "en", "zh": "zh-CN"}


class Told(NamedTuple):
    """What is said of a check.

    Attributes:
        title: what it is called.
        meaning: what is measured, in one line.
        reason: why the limit lies where it does.
        advice: what to do.
    """

    title: str
    meaning: str
    reason: str
    advice: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        checks: what is said of each check, by its name.
        fates: what each fate is called.
        units: how a figure is written, with one pair of braces, by unit.
        page: all else, by name; braces are filled in.
    """

    checks: Mapping[str, Told]
    fates: Mapping[str, str]
    units: Mapping[str, str]
    page: Mapping[str, str]

    def figure(self, value: float | None, unit: str) -> str:
        """A figure as it is read."""
        return "" if value is None else self.units[unit].format(100 * value if unit == "share" else value)


def words(lang: str) -> Words:
    """The words of a language.

    Raises:
        UsageError: there are none.
    """
    if lang not in LANGUAGES:
        raise UsageError(f"lang: expected one of {', '.join(LANGUAGES)}, got {lang!r}")
    table = import_module(f"credo.evaluation.data.words.{lang}")
    return Words(table.CHECKS, table.FATES, table.UNITS, table.PAGE)
