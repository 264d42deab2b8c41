"""What a comparison found, in words, tables and pictures."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.evaluation.comparison.differences import Interval
from credo.evaluation.comparison.judge import CEILING, FLOOR, GENERATED, Judgement, Verdict
from credo.evaluation.metrics.catalogue import CATALOGUE, FAMILIES
from credo.rendering.page import Section, Table, picture, write_page

if TYPE_CHECKING:
    from matplotlib.figure import Figure

#: A difference that is seen: standard deviations of the reference.
SMALL = 0.5
_COLOURS = {GENERATED: "#d55e00", CEILING: "#0072b2", FLOOR: "#8a8a8a"}
_MOST_SHOWN = 5.0  # standard deviations, in pictures

HEAD = ("", "pieces", "likeness", "overlapping area", "Fréchet", "told from real", "copied", "grade")
GUIDE = (
    "Likeness is the area that the densities of a figure share with the reference's, the mean over all figures of the "
    "catalogue. Overlapping area is that of Yang and Lerch (2020): distances between the sets against distances "
    "within the reference, the mean over their features. Both are 1 at best; real music that was held out shows how "
    "near one can come.",
    "Fréchet is the squared distance of two Gaussians over all figures, 0 at best. Told from real is the area under "
    "the curve of a classifier that has to tell the set from the reference: 0.5 is chance, 1 means always. Far below "
    "0.5 means copies: what it has learnt to be real comes back on the other side.",
    "Copied is the share of stretches of two bars that stand, transposed or not, in the training music; for the "
    "floors and the held-out music, in the reference. Grade is the median of Bach or Mock (Fang et al. 2020), lower "
    "is better.",
    "Intervals are of 95 %, over pieces drawn again. No figure is good by being high or low: what counts is how far "
    "it is from real music's, and no figure hears music.",
)


def summary(judgement: Judgement) -> list[str]:
    """The main findings, a sentence each."""
    ceiling = _of_role(judgement, CEILING)[0]
    lines = []
    for verdict in _of_role(judgement, GENERATED):
        near = [name for name, of in verdict.means.items() if abs(of.effect.value) <= SMALL]
        lines.append(
            f"{verdict.name}: {len(near)} of {len(verdict.means)} figures lie within half a standard deviation of "
            f"{judgement.reference}; likeness {verdict.likeness:.2f}, real music {ceiling.likeness:.2f}."
        )
        if far := furthest(verdict)[:4]:
            lines.append("Furthest: " + ", ".join(_in_words(verdict, name) for name in far) + ".")
        if verdict.realness and ceiling.realness and math.isfinite(verdict.realness.value):
            lines.append(
                f"A classifier tells it from real music with an area of {_number(verdict.realness)} under its curve "
                f"(real from real: {_number(ceiling.realness)})."
            )
        if math.isfinite(verdict.copied.value):
            lines.append(
                f"{_percent(verdict.copied)} of its stretches of two bars stand in the training music (held-out music: "
                f"{_percent(ceiling.copied)}){' - it copies' if copies(verdict, ceiling) else ''}."
            )
    return lines


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


def rows(judgement: Judgement) -> list[list[str]]:
    """The table of all sets, below `HEAD`."""
    return [
        [
            verdict.name,
            str(verdict.pieces),
            f"{verdict.likeness:.2f}",
            f"{verdict.inter_oa:.2f}",
            _number(verdict.frechet),
            _number(verdict.realness),
            _percent(verdict.copied),
            _number(verdict.grade),
        ]
        for verdict in judgement.verdicts
    ]


def figure_rows(judgement: Judgement) -> tuple[list[str], list[list[str]]]:
    """The table of all figures: its head, and a row a figure."""
    shown = [verdict for verdict in judgement.verdicts if verdict.role != FLOOR]
    head = ["figure", "family", judgement.reference]
    for verdict in shown:
        head += [verdict.name, "difference, sd", "overlap"]
    found = []
    for metric in CATALOGUE:
        there = [verdict.means.get(metric.name) for verdict in shown]
        if not any(there):
            continue
        reference = next(of for of in there if of).theirs
        row = [metric.name + (f", {metric.unit}" if metric.unit else ""), metric.family, _number(reference)]
        for of in there:
            row += [_number(of.ours), _signed(of.effect), f"{of.overlap:.2f}"] if of else ["", "", ""]
        found.append(row)
    return head, found


def to_dict(judgement: Judgement) -> dict[str, Any]:
    """All that was found, for a JSON file; what is not defined is None."""
    return _finite(asdict(judgement))


def write_report(path: str | Path, judgement: Judgement, more: Sequence[Section] = ()) -> Path:
    """Write the page of a comparison.

    Args:
        path: the HTML file.
        judgement: what was found.
        more: sections that follow the figures, such as likelihoods.

    Raises:
        FileError: the file cannot be written.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    names = [verdict.name for verdict in _of_role(judgement, GENERATED)]
    head, figures = figure_rows(judgement)
    passages = f"passages of {judgement.bars} bars" if judgement.bars else "whole pieces"
    sections = [
        Section(
            "All sets",
            GUIDE[:3],
            [picture(_likeness(judgement), _words_of_likeness(judgement)), Table(HEAD, rows(judgement))],
        ),
        *(_family(judgement, family) for family in FAMILIES),
        Section("All figures", ["With what each one means, at the end."], [Table(head, figures, words=[1])]),
        Section("Features of Yang and Lerch", [_OVERLAPS], [_overlaps(judgement)]),
        *more,
        Section("What the figures mean", GUIDE[3:], [_meanings()]),
        *_left_out(judgement),
    ]
    return write_page(
        path,
        f"{', '.join(names)} beside {judgement.reference}",
        [section for section in sections if section.parts or section.text],
        intro=[*summary(judgement), f"Measured on {passages}; seed {judgement.seed}.", *judgement.notes],
    )


_OVERLAPS = (
    "Overlapping area between the sets, and within the generated set, with the distances within the reference; and the "
    "Kullback-Leibler divergence in nats."
)


def _family(judgement: Judgement, family: str) -> Section:
    names = [metric.name for metric in CATALOGUE if metric.family == family]
    shown = [name for name in names if any(name in verdict.means for verdict in judgement.verdicts)]
    if not shown:
        return Section(family.capitalize())
    words = "; ".join(
        f"{verdict.name}: {', '.join(_in_words(verdict, name) for name in shown if name in verdict.means)}"
        for verdict in _of_role(judgement, GENERATED)
    )
    caption = "Differences of the means from the reference's, in its standard deviations, with intervals of 95 %."
    return Section(family.capitalize(), parts=[picture(_forest(judgement, shown), words, caption)])


def _likeness(judgement: Judgement) -> Figure:
    from matplotlib.figure import Figure

    verdicts = sorted(judgement.verdicts, key=lambda verdict: verdict.likeness)
    figure = Figure(figsize=(7.5, 0.42 * len(verdicts) + 0.8), layout="constrained")
    axes = figure.subplots()
    axes.barh(
        [verdict.name for verdict in verdicts],
        [verdict.likeness for verdict in verdicts],
        color=[_COLOURS[verdict.role] for verdict in verdicts],
        height=0.65,
    )
    for place, verdict in enumerate(verdicts):
        axes.text(verdict.likeness + 0.01, place, f"{verdict.likeness:.2f}", va="center", fontsize=9)
    axes.set(xlim=(0, 1.08), xlabel="likeness to the reference")
    _plain(axes)
    return figure


def _words_of_likeness(judgement: Judgement) -> str:
    return "Likeness: " + ", ".join(f"{verdict.name} {verdict.likeness:.2f}" for verdict in judgement.verdicts)


def _forest(judgement: Judgement, names: Sequence[str]) -> Figure:
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
        axes.plot([], [], "o-", color=colour, label=verdict.name)
    axes.set_yticks(range(len(names)), list(reversed(names)))
    axes.set(xlim=(-_MOST_SHOWN - 0.2, _MOST_SHOWN + 0.2), xlabel="standard deviations from the reference")
    legend = figure.legend(frameon=False, fontsize=8, loc="outside upper right", ncols=len(shown))
    for text in legend.get_texts():
        text.set_parse_math(False)
    _plain(axes)
    return figure


def _plain(axes: Any) -> None:
    axes.tick_params(length=0, labelsize=9)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    for text in axes.get_yticklabels():
        text.set_parse_math(False)


def _overlaps(judgement: Judgement) -> Table:
    shown = [verdict for verdict in judgement.verdicts if verdict.role != FLOOR]
    names = [name for name in shown[0].overlaps if all(name in verdict.overlaps for verdict in shown)]
    found = [
        [name.replace("_", " ")]
        + [
            f"{verdict.overlaps[name].inter_oa:.2f} / {verdict.overlaps[name].intra_oa:.2f} / "
            f"{verdict.overlaps[name].kld:.2f}"
            for verdict in shown
        ]
        for name in names
    ]
    return Table(["feature", *(f"{verdict.name}: between / within / KLD" for verdict in shown)], found)


def _meanings() -> Table:
    return Table(
        ["figure", "family", "meaning"],
        [[metric.name, metric.family, metric.meaning] for metric in CATALOGUE],
        words=[1, 2],
    )


def _left_out(judgement: Judgement) -> list[Section]:
    found = [[file, name, reason] for name, files in judgement.left_out.items() for file, reason in files]
    return (
        [Section("Files that were left out", parts=[Table(["file", "set", "why"], found, words=[1, 2])])]
        if found
        else []
    )


def _of_role(judgement: Judgement, role: str) -> list[Verdict]:
    return [verdict for verdict in judgement.verdicts if verdict.role == role]


def _in_words(verdict: Verdict, name: str) -> str:
    of = verdict.means[name]
    return f"{name} {of.ours.value:.3g} against {of.theirs.value:.3g}"


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
