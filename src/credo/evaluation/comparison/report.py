"""What a comparison found, in words, tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.evaluation.comparison.differences import Interval
from credo.evaluation.comparison.judge import CEILING, FLOOR, GENERATED, Judgement, Verdict
from credo.evaluation.comparison.words import Words, words
from credo.evaluation.metrics.catalogue import CATALOGUE, FAMILIES
from credo.rendering.labels import font_families
from credo.rendering.page import Section, Table, picture, write_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A difference that is seen: standard deviations of the reference.
SMALL = 0.5
_COLOURS = {GENERATED: "#d55e00", CEILING: "#0072b2", FLOOR: "#8a8a8a"}
_MOST_SHOWN = 5.0  # standard deviations, in pictures


def summary(judgement: Judgement, lang: str = "en") -> list[str]:
    """The main findings, a sentence each, in a language of `words`."""
    told, ceiling, lines = words(lang), _of_role(judgement, CEILING)[0], []
    for verdict in _of_role(judgement, GENERATED):
        near = [name for name, of in verdict.means.items() if abs(of.effect.value) <= SMALL]
        values: dict[str, Any] = {"name": verdict.name, "reference": judgement.reference}
        values |= {"near": len(near), "of": len(verdict.means)}
        values |= {"likeness": f"{verdict.likeness:.2f}", "real": f"{ceiling.likeness:.2f}"}
        lines.append(told.text["near"].format(**values))
        if far := furthest(verdict)[:4]:
            figures = told.listed([_in_words(verdict, name, told) for name in far])
            lines.append(told.text["furthest"].format(figures=figures))
        if verdict.realness and ceiling.realness and math.isfinite(verdict.realness.value):
            values = {"area": _number(verdict.realness), "real": _number(ceiling.realness)}
            lines.append(told.text["classifier"].format(**values))
        if math.isfinite(verdict.copied.value):
            values = {"share": _percent(verdict.copied), "real": _percent(ceiling.copied)}
            lines.append(told.text["copies" if copies(verdict, ceiling) else "of_bars"].format(**values))
        if verdict.likelihood and ceiling.likelihood:
            values = {"model": judgement.under, "ours": _number(verdict.likelihood)}
            lines.append(told.text["under"].format(**values, real=_number(ceiling.likelihood)))
    return lines


def remarks(judgement: Judgement, lang: str = "en") -> list[str]:
    """What the reader should know, in a language of `words`."""
    told = words(lang)
    return [told.remark(remark) for remark in judgement.remarks]


def copies(verdict: Verdict, ceiling: Verdict) -> bool:
    """Whether a set has more in common with the training music than real music has, beyond both intervals."""
    return verdict.copied.low > ceiling.copied.high if math.isfinite(ceiling.copied.high) else False


def furthest(verdict: Verdict) -> list[str]:
    """The figures whose intervals leave out a small difference, the largest differences first."""
    far = {
        name: max(of.effect.low, -of.effect.high)
        for name, of in verdict.means.items()
        if max(of.effect.low, -of.effect.high) > SMALL
    }
    return sorted(far, key=lambda name: -far[name])


def head(judgement: Judgement, lang: str = "en") -> list[str]:
    """The titles of the columns of `rows`."""
    names = ("pieces", "likeness", "area", "frechet", "told", "copied", "grade", *(("likely",) * bool(judgement.under)))
    text = words(lang).text
    return ["", *(text[name] for name in names)]


def rows(judgement: Judgement, lang: str = "en") -> list[list[str]]:
    """The table of all sets, below `head`."""
    told = words(lang)
    return [
        [
            told.name(verdict),
            str(verdict.pieces),
            f"{verdict.likeness:.2f}",
            f"{verdict.inter_oa:.2f}",
            _number(verdict.frechet),
            _number(verdict.realness),
            _percent(verdict.copied),
            _number(verdict.grade),
            *((_number(verdict.likelihood),) * bool(judgement.under)),
        ]
        for verdict in judgement.verdicts
    ]


def passages_in_words(judgement: Judgement, lang: str = "en") -> str:
    """What was measured: passages of so many bars, or whole pieces."""
    return words(lang).text["passages" if judgement.bars else "whole"].format(bars=judgement.bars)


def figure_rows(judgement: Judgement, lang: str = "en") -> tuple[list[str], list[list[str]]]:
    """The table of all figures: its head, and a row a figure."""
    told = words(lang)
    shown = [verdict for verdict in judgement.verdicts if verdict.role != FLOOR]
    titles = [told.text["figure"], told.text["family"], judgement.reference]
    for verdict in shown:
        titles += [told.name(verdict), told.text["difference"], told.text["overlap"]]
    found = []
    for metric in CATALOGUE:
        there = [verdict.means.get(metric.name) for verdict in shown]
        if not any(there):
            continue
        reference, said = next(of for of in there if of).theirs, told.figures[metric.name]
        title = told.text["with_unit"] if said.unit else "{title}"
        row = [title.format(title=said.title, unit=said.unit), told.families[metric.family], _number(reference)]
        for of in there:
            row += [_number(of.ours), _signed(of.effect), f"{of.overlap:.2f}"] if of else ["", "", ""]
        found.append(row)
    return titles, found


def to_dict(judgement: Judgement) -> dict[str, Any]:
    """All that was found, for a JSON file; what is not defined is None. Remarks are in English."""
    found = _finite(asdict(judgement))
    del found["remarks"]
    return {**found, "notes": remarks(judgement)}


def write_report(path: str | Path, judgement: Judgement, more: Sequence[Section] = (), lang: str = "en") -> Path:
    """Write the page of a comparison.

    Args:
        path: the HTML file.
        judgement: what was found.
        more: sections that follow the figures, such as likelihoods.
        lang: `en` or `zh`.

    Raises:
        UsageError: the page is not to be had in that language.
        FileError: the file cannot be written.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    told = words(lang)
    text = told.text
    names = told.listed([verdict.name for verdict in _of_role(judgement, GENERATED)])
    titles, figures = figure_rows(judgement, lang)
    guide = [text["guide_likeness"], text["guide_told"], text["guide_copied"]]
    if judgement.under:
        guide.append(text["guide_likely"].format(model=judgement.under))
    all_likeness = told.listed([f"{told.name(verdict)} {verdict.likeness:.2f}" for verdict in judgement.verdicts])
    likeness = picture(_likeness(judgement, drawable(told)), text["words_of_likeness"].format(all=all_likeness))
    sections = [
        Section(text["all_sets"], guide, [likeness, Table(head(judgement, lang), rows(judgement, lang))]),
        *(_family(judgement, family, told) for family in FAMILIES),
        Section(text["all_figures"], [text["all_figures_text"]], [Table(titles, figures, words=[1])]),
        Section(text["features"], [text["features_text"]], [_overlaps(judgement, told)]),
        *more,
        Section(text["meanings"], [text["guide_means"]], [_meanings(told)]),
        *_left_out(judgement, told),
    ]
    what = text["measured"].format(what=passages_in_words(judgement, lang), seed=judgement.seed)
    return write_page(
        path,
        text["beside"].format(names=names, reference=judgement.reference),
        [section for section in sections if section.parts or section.text],
        intro=[*summary(judgement, lang), what, *remarks(judgement, lang)],
        lang=told.lang,
    )


def drawable(told: Words) -> Words:
    """The words for pictures: English ones where no font has the characters."""
    sample = told.text["likeness_axis"]
    return told if sample.isascii() or font_families(sample) != font_families("likeness") else words("en")


def _family(judgement: Judgement, family: str, told: Words) -> Section:
    names = [metric.name for metric in CATALOGUE if metric.family == family]
    shown = [name for name in names if any(name in verdict.means for verdict in judgement.verdicts)]
    title = told.families[family].capitalize()
    if not shown:
        return Section(title)
    spoken = "; ".join(
        f"{verdict.name}: {told.listed([_in_words(verdict, name, told) for name in shown if name in verdict.means])}"
        for verdict in _of_role(judgement, GENERATED)
    )
    return Section(title, parts=[picture(_forest(judgement, shown, drawable(told)), spoken, told.text["forest"])])


def _likeness(judgement: Judgement, told: Words) -> Figure:
    from matplotlib.figure import Figure

    verdicts = sorted(judgement.verdicts, key=lambda verdict: verdict.likeness)
    figure = Figure(figsize=(7.5, 0.42 * len(verdicts) + 0.8), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        range(len(verdicts)),
        [verdict.likeness for verdict in verdicts],
        color=[_COLOURS[verdict.role] for verdict in verdicts],
        height=0.65,
    )
    axes.set_yticks(range(len(verdicts)), [told.name(verdict) for verdict in verdicts])
    for place, verdict in enumerate(verdicts):
        axes.text(verdict.likeness + 0.01, place, f"{verdict.likeness:.2f}", va="center", fontsize=9)
    axes.set(xlim=(0, 1.08), xlabel=told.text["likeness_axis"])
    _plain(figure, axes)
    return figure


def _forest(judgement: Judgement, names: Sequence[str], told: Words) -> Figure:
    from matplotlib.figure import Figure

    shown = [verdict for verdict in judgement.verdicts if verdict.role != FLOOR]
    figure = Figure(figsize=(7.5, 0.34 * len(names) + 1.1), layout="constrained")
    axes = figure.subplots()
    axes.axvspan(-SMALL, SMALL, color="#e8eef5")
    axes.axvline(0, color="#999999", linewidth=0.8)
    for number, verdict in enumerate(shown):
        colour = _COLOURS[verdict.role] if number == 0 or verdict.role == CEILING else f"C{number + 4}"
        shift = (number - (len(shown) - 1) / 2) * 0.22
        for place, name in enumerate(reversed(names)):
            if name in verdict.means and math.isfinite(verdict.means[name].effect.value):
                value, low, high = (max(min(x, _MOST_SHOWN), -_MOST_SHOWN) for x in verdict.means[name].effect)
                axes.plot([low, high], [place - shift] * 2, color=colour, linewidth=1.6)
                axes.plot(value, place - shift, "o", color=colour, markersize=4.5)
        axes.plot([], [], "o-", color=colour, label=told.name(verdict))
    axes.set_yticks(range(len(names)), [told.figures[name].title for name in reversed(names)])
    axes.set(xlim=(-_MOST_SHOWN - 0.2, _MOST_SHOWN + 0.2), xlabel=told.text["deviations_axis"])
    figure.legend(frameon=False, fontsize=8, loc="outside upper right", ncols=len(shown))
    _plain(figure, axes)
    return figure


def _plain(figure: Figure, axes: Any) -> None:
    """Less ink; and names as they are, in fonts that have their characters."""
    from matplotlib.text import Text

    axes.tick_params(length=0, labelsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    for text in figure.findobj(Text):
        text.set_parse_math(False)
        text.set_fontfamily(font_families(text.get_text()))


def _overlaps(judgement: Judgement, told: Words) -> Table:
    shown = [verdict for verdict in judgement.verdicts if verdict.role != FLOOR]
    names = [name for name in shown[0].overlaps if all(name in verdict.overlaps for verdict in shown)]
    found = [
        [told.features[name]]
        + [
            f"{verdict.overlaps[name].inter_oa:.2f} / {verdict.overlaps[name].intra_oa:.2f} / "
            f"{verdict.overlaps[name].kld:.2f}"
            for verdict in shown
        ]
        for name in names
    ]
    columns = [told.text["of_feature"].format(name=told.name(verdict)) for verdict in shown]
    return Table([told.text["feature"], *columns], found)


def _meanings(told: Words) -> Table:
    found = []
    for metric in CATALOGUE:
        said = told.figures[metric.name]
        found.append([said.title, told.families[metric.family], said.meaning])
    return Table([told.text[name] for name in ("figure", "family", "meaning")], found, words=[1, 2])


def _left_out(judgement: Judgement, told: Words) -> list[Section]:
    found = [[file, name, reason] for name, files in judgement.left_out.items() for file, reason in files]
    titles = [told.text[name] for name in ("file", "set", "why")]
    return [Section(told.text["left_out"], parts=[Table(titles, found, words=[1, 2])])] if found else []


def _of_role(judgement: Judgement, role: str) -> list[Verdict]:
    return [verdict for verdict in judgement.verdicts if verdict.role == role]


def _in_words(verdict: Verdict, name: str, told: Words) -> str:
    of = verdict.means[name]
    values = {"ours": f"{of.ours.value:.3g}", "theirs": f"{of.theirs.value:.3g}"}
    return told.text["against"].format(figure=told.figures[name].title, **values)


def _number(of: Interval | None) -> str:
    if of is None or not math.isfinite(of.value):
        return ""
    return f"{of.value:.3g} [{of.low:.3g}, {of.high:.3g}]" if math.isfinite(of.low) else f"{of.value:.3g}"


def _signed(of: Interval) -> str:
    return f"{of.value:+.2f} [{of.low:+.2f}, {of.high:+.2f}]" if math.isfinite(of.value) else ""


def _percent(of: Interval) -> str:
    return f"{100 * of.value:.1f} % [{100 * of.low:.1f}, {100 * of.high:.1f}]" if math.isfinite(of.value) else ""


def _finite(value: Any) -> Any:
    """The same with None for what is no finite number, all the way down."""
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if hasattr(value, "_asdict"):
        return _finite(value._asdict())
    if isinstance(value, list | tuple):
        return [_finite(each) for each in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
