"""The data report as a page."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from credo.evaluation.data.checks import CHECKS, LEAST_SHARE
from credo.evaluation.data.pictures import pictures
from credo.evaluation.data.survey import Looked, Survey
from credo.evaluation.data.words import LANGUAGES, Words, words
from credo.rendering.labels import one_line
from credo.rendering.page import Section, Table, write_page

#: How many rows the longest tables have; the CSV file has all.
MOST_ROWS = 100
_WORST = 20
#: How many of the clearest cases of each check are named.
_CLEAREST = 3
#: What files may be far from the others in, and whether its logarithm counts.
_RESPECTS = ("quarters", "minutes", "tempo", "parts", "polyphony", "notes_a_bar")
_FAR, _FEWEST = 5.0, 12
_BY_CHECK = {check.name: check for check in CHECKS}


class Outlier(NamedTuple):
    """A file far from the others.

    Attributes:
        name: of the file.
        respect: of which figure or fact.
        value: what it is.
        median: of all files.
        far: by how many robust deviations it is away, on a logarithmic scale.
    """

    name: str
    respect: str
    value: float
    median: float
    far: float


def outliers(survey: Survey, most: int = 3) -> list[Outlier]:
    """The files that are farthest from the median in each respect, if they are far.

    A deviation is 1.4826 times the median distance of the logarithms from their median, and at least 0.05, so that
    folders in which all is alike accuse no file of a trifle.
    """
    found = []
    for respect in _RESPECTS:
        known = [(value, file.name) for file in survey.music for value in [_value(file, respect)] if value]
        if len(known) < _FEWEST:
            continue
        logs = np.log([value for value, _ in known])
        middle = np.median(logs)
        deviation = max(1.4826 * float(np.median(np.abs(logs - middle))), 0.05)
        far = np.abs(logs - middle) / deviation
        ranked = sorted(zip(far.tolist(), known, strict=True), key=lambda item: (-item[0], item[1][1]))
        found += [
            Outlier(name, respect, value, float(np.exp(middle)), distance)
            for distance, (value, name) in ranked[:most]
            if distance > _FAR
        ]
    return found


def write_report(survey: Survey, path: str | Path, lang: str = "en") -> Path:
    """Write the page.

    Args:
        survey: of the folder.
        path: the file; one that is there is replaced.
        lang: `en` or `zh`.

    Raises:
        UsageError: the page is not to be had in that language.
        FileError: the file cannot be written; nothing is left behind.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    told = words(lang)
    text = told.page
    intro = [
        text["intro"].format(total=survey.total, recommended=len(survey.recommended)),
        *([] if survey.music else [text["no_music"]]),
        text["how_score"].format(least=survey.least_score),
        text["accusation"],
    ]
    sections = [_fates(survey, told), *_wrong(survey, told), *_groups(survey, told), *_lists(survey, told)]
    if survey.music:
        sections.append(Section(text["distributions"], parts=pictures(survey, told)))
        sections += _outliers(survey, told)
    sections.append(_limits(told))
    title = text["title"].format(folder=one_line(survey.folder, 80))
    return write_page(path, title, sections, intro=intro, lang=LANGUAGES[lang])


def told_failures(file: Looked, told: Words) -> str:
    """What a file fails, in words, with the figures."""
    checks = (_BY_CHECK[name] for name in file.failed)
    return "; ".join(
        f"{told.checks[check.name].title} ({told.figure(file.figures[check.figure], check.unit)})" for check in checks
    )


def _value(file: Looked, name: str) -> float | None:
    return file.figures[name] if name in file.figures else file.facts[name]


def _fates(survey: Survey, told: Words) -> Section:
    text = told.page
    rows = [
        (told.fates[fate], str(count), f"{100 * count / max(survey.total, 1):.1f} %")
        for fate, count in survey.fates.items()
    ]
    rows.append(("", str(survey.total), "100 %"))
    return Section(text["fates"], parts=[Table([text["fate"], text["files"], text["share"]], rows)])


def _wrong(survey: Survey, told: Words) -> list[Section]:
    text, counts = told.page, survey.failed
    if not survey.music:
        return []
    failed = [check for check in CHECKS if counts[check.name]]
    rows = [
        (told.checks[check.name].title, str(counts[check.name]), str(check.points), told.checks[check.name].advice)
        for check in sorted(failed, key=lambda check: -counts[check.name] * (check.points + 0.01))
    ]
    parts = [Table([text["check"], text["files"], text["points"], text["advice"]], rows, words=[3])] if rows else []
    clean = [told.checks[check.name].title for check in CHECKS if not counts[check.name]]
    sections = [Section(text["checks"], [text["clean"].format(names=", ".join(clean))] if clean else [], parts)]
    worst = sorted((file for file in survey.music if file.score < 100), key=lambda file: (file.score, file.name))
    if worst:
        rows = [(file.name, str(file.score), told_failures(file, told)) for file in worst[:_WORST]]
        head = [text["file"], text["score"], text["failed"]]
        sections.append(Section(text["worst"], parts=[Table(head, rows, _more(text, len(worst), _WORST), [2])]))
    sections += _clearest(survey, told) if failed else []
    return sections


def _clearest(survey: Survey, told: Words) -> list[Section]:
    """Of each check the files whose figures are farthest beyond its limit, so that one can see whether it is right."""
    text, rows = told.page, []
    for check in CHECKS:
        cases = [(file.figures[check.figure], file.name) for file in survey.music if check.name in file.failed]
        cases.sort(key=lambda case: (case[0] if check.below else -case[0], case[1]))
        rows += [
            (name, told.checks[check.name].title, told.figure(figure, check.unit)) for figure, name in cases[:_CLEAREST]
        ]
    return [Section(text["clearest"], parts=[Table([text["file"], text["check"], text["value"]], rows, words=[1])])]


def _groups(survey: Survey, told: Words) -> list[Section]:
    text, groups = told.page, survey.groups
    if not groups:
        return []
    largest = sorted(groups.items(), key=lambda item: (-len(item[1]), item[0]))
    rows = [
        (kept, str(len(members)), _some(f"{file.name} ({100 * (file.share or 0):.0f} %)" for file in members))
        for kept, members in largest[:MOST_ROWS]
    ]
    table = Table([text["kept"], text["files"], text["others"]], rows, _more(text, len(groups), MOST_ROWS), [2])
    return [Section(text["groups"], [text["groups_text"].format(least=f"{100 * LEAST_SHARE:g} %")], [table])]


def _lists(survey: Survey, told: Words) -> list[Section]:
    text, sections = told.page, []
    for fate, title in (("broken", "broken"), ("not music", "notmusic")):
        files = [file for file in survey.files if file.fate == fate]
        notes = [text["passed_by"].format(count=survey.passed_by)] if fate == "not music" and survey.passed_by else []
        if files or notes:
            rows = [(file.name, file.why) for file in files[:MOST_ROWS]]
            table = Table([text["file"], text["why"]], rows, _more(text, len(files), MOST_ROWS), [1])
            sections.append(Section(text[title], notes, [table] if rows else []))
    return sections


def _outliers(survey: Survey, told: Words) -> list[Section]:
    text, found = told.page, outliers(survey)
    if not found:
        return []
    rows = [(entry.name, text[entry.respect], f"{entry.value:.3g}", f"{entry.median:.3g}") for entry in found]
    table = Table([text["file"], text["respect"], text["value"], text["median"]], rows, words=[1])
    return [Section(text["outliers"], [text["outliers_text"]], [table])]


def _limits(told: Words) -> Section:
    text = told.page
    rows = [
        (
            told.checks[check.name].title,
            text["below" if check.below else "above"].format(told.figure(check.limit, check.unit)),
            str(check.points),
            told.checks[check.name].meaning,
            told.checks[check.name].reason,
        )
        for check in CHECKS
    ]
    head = [text["check"], text["limit"], text["points"], text["meaning"], text["reason"]]
    return Section(text["limits"], parts=[Table(head, rows, words=[3, 4])])


def _more(text, count: int, shown: int) -> str:
    return text["more"].format(count=count - shown) if count > shown else ""


def _some(names: Iterable[str], most: int = 6) -> str:
    listed: Sequence[str] = list(names)
    return ", ".join(listed[:most]) + (f" + {len(listed) - most}" if len(listed) > most else "")
