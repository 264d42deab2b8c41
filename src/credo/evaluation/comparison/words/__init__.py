"""What the page and the table of a comparison say, one table a language."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from typing import NamedTuple

from credo.errors import UsageError
from credo.evaluation.comparison.judge import GENERATED, MARKOV, Remark, Verdict

#: The languages there are, and how a page names them.
LANGUAGES = {"en": "en", "zh": "zh-CN"}


class Told(NamedTuple):
    """What is said of a figure.

    Attributes:
        title: what it is called.
        unit: what it is counted in; empty for a share of 0..1 or a plain number.
        meaning: in words.
    """

    title: str
    unit: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Words:
    """One language.

    Attributes:
        lang: how a page names it.
        figures: what is said of each figure of the catalogue, by its name.
        families: what each family of figures is called.
        features: what each feature of Yang and Lerch is called.
        sets: what the built sets are called, chains with braces for their order.
        remarks: templates, by kind.
        likelihoods: what is said of each figure of how likely a corpus is, by its name; where one is missing it says
            so itself.
        notes: what is said in the place of each note on those figures, by what stands before its colon.
        text: all else, by name; braces are filled in.
    """

    lang: str
    figures: Mapping[str, Told]
    families: Mapping[str, str]
    features: Mapping[str, str]
    sets: Mapping[str, str]
    remarks: Mapping[str, str]
    likelihoods: Mapping[str, Told]
    notes: Mapping[str, str]
    text: Mapping[str, str]

    def name(self, verdict: Verdict) -> str:
        """What a set is called."""
        if verdict.role == GENERATED:
            return verdict.name
        head, _, order = verdict.name.rpartition(" ")
        if f"{head} {{}}" == MARKOV:
            return self.sets[MARKOV].format(order)
        return self.sets.get(verdict.name, verdict.name)

    def remark(self, remark: Remark) -> str:
        """A remark as a sentence."""
        values = dict(remark.values)
        if "name" in values:
            values["name"] = self.sets.get(values["name"], values["name"])
        return self.remarks[remark.kind].format(**values)

    def listed(self, words: list[str]) -> str:
        """Words in a row."""
        return self.text["comma"].join(words)


def words(lang: str) -> Words:
    """The words of a language.

    Raises:
        UsageError: there are none.
    """
    if lang not in LANGUAGES:
        raise UsageError(f"lang: expected one of {', '.join(LANGUAGES)}, got {lang!r}")
    table = import_module(f"credo.evaluation.comparison.words.{lang}")
    return Words(
        LANGUAGES[lang],
        table.FIGURES,
        table.FAMILIES,
        table.FEATURES,
        table.SETS,
        table.REMARKS,
        table.LIKELIHOODS,
        table.NOTES,
        table.TEXT,
    )
