"""What a test showed, as figures in a file, plots, and a page that also says what it did not show."""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from credo import __version__
from credo.errors import FileError, MissingExtraError
from credo.evaluation.listening.answers import EXPERTISE, Collected
from credo.evaluation.listening.inference import Share
from credo.evaluation.listening.key import Key
from credo.evaluation.listening.pairs import Comparison, PairResults
from credo.evaluation.listening.ratings import RatingResults
from credo.io.atomic import write_text
from credo.rendering.page import Picture, Section, Table, picture, write_page

Results = PairResults | RatingResults
_COLOURS = {"none": "no training", "amateur": "amateurs", "student": "students", "professional": "professionals"}
_INK, _BLUE = "#333333", "#0072b2"


def write_results(folder: str | Path, key: Key, collected: Collected, results: Results) -> list[Path]:
    """Write `results.json`, `report.html` and the plots.

    Args:
        folder: where to; it is made.
        key: the test's key.
        collected: who listened.
        results: what they said.

    Returns:
        The files.

    Raises:
        FileError: they cannot be written.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    folder = Path(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"cannot be made: {(error.strerror or str(error)).lower()}") from error
    plots = _plots(results)
    sections = [
        Section("In short", conclusions(key, collected, results)),
        _who(key, collected),
        *(_pair_sections(key, results) if isinstance(results, PairResults) else _rating_sections(key, results)),
    ]
    sections.insert(2, Section("Pictures", [], list(plots.values())))
    sections.append(Section("What cannot be concluded", cautions(key, collected)))
    intro = [f"A blind listening test of {', '.join(key.systems)}: test {key.test}, Credo {__version__}."]
    files = [folder / "results.json"]
    record = {
        **{"test": key.test, "title": key.title, "kind": key.kind, "systems": list(key.systems), "real": key.real},
        **{"rule": asdict(key.rule), "listeners": _listeners(collected), "conclusions": sections[0].text},
        "results": _plain(results),
    }
    write_text(files[0], json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    for name, plot in plots.items():
        files.append(folder / f"{name}.svg")
        write_text(files[-1], plot.svg)
    files.append(write_page(folder / "report.html", f"{key.title}: results", sections, intro=intro))
    return files


def conclusions(key: Key, collected: Collected, results: Results) -> list[str]:
    """What may be said, on the main scale, in sentences."""
    if not collected.kept:
        return ["No answers count: nothing can be said."]
    scale = key.main_scale
    lines = [f"Asked first of all: {scale}. The other scales are beside it, and say less the more of them there are."]
    if isinstance(results, PairResults):
        lines += [_sentence(each) for each in results.comparisons if each.scale == scale]
        lines += [
            f"{each.system} was told from {each.other} in {_percent(each.share.share)} of {each.share.judgements} "
            f"judgements (95 %: {_span(each.share.interval)}; guessing gives 50 %)."
            for each in results.told
        ]
    for each in results.differences if isinstance(results, RatingResults) else ():
        if each.scale == scale:
            found = "differ" if each.p_holm < 0.05 else "cannot be told apart by this test"
            lines.append(
                f"{each.system} and {each.other} {found}: {each.difference:+.2f} points of 7 (95 %: "
                f"{_ends(each.interval, '+.2f')}; p = {_p(each.p_holm)} after Holm, "
                f"listeners: {each.listeners})."
            )
    if isinstance(results, RatingResults):
        lines += [
            f"{system} was taken for a person's music in {_percent(share.share)} of {share.judgements} judgements "
            f"(95 %: {_span(share.interval)})."
            for system, (share, _) in results.human.items()
        ]
    return lines


def cautions(key: Key, collected: Collected) -> list[str]:
    """What the test does not show, in sentences."""
    listeners = len(collected.kept)
    pieces = Counter(excerpt.system for excerpt in key.excerpts.values() if excerpt.role == "piece")
    lines = [
        "That two systems cannot be told apart does not show that they are equal: the interval says which differences "
        "are still possible.",
        f"The answers are of {listeners} listeners who came of their own will, about {min(pieces.values())} pieces of "
        "each system. The intervals over listeners and pieces speak of other listeners and pieces of the same kind, "
        "and of no other kind.",
        "The exact tests take each judgement to be independent of all others. They are told because they are usual; "
        "where they and the figures over listeners and pieces differ, believe the latter.",
        "Excerpts tell nothing of the form of whole pieces, and what is played by a synthesiser nothing of a "
        "performance.",
        "Systems that differ in instruments, tempo or loudness of notes can be preferred for these alone.",
        "Levels of expertise are what listeners said of themselves; their groups are small and are not compared by a "
        "test.",
    ]
    if key.real:
        lines.append(
            f"How often {key.real} is told from the systems is a rate of discrimination between these pieces. It is no "
            "Turing test (C. Ariza, Computer Music Journal 33, 2009), and to be taken for a person's music is not to "
            "be good."
        )
    if listeners < 6 and key.kind == "ratings":
        lines.append("With fewer than 6 listeners a Wilcoxon test cannot reach .05, whatever they say.")
    if listeners < 12:
        lines.append(f"{listeners} listeners are few: intervals over listeners are rough.")
    if collected.excluded and len(collected.excluded) > listeners / 2:
        lines.append("Many listeners failed the checks: look whether the checks were fair.")
    return lines


def tables(key: Key, results: Results) -> list[Table]:
    """The main figures: of pairs, or of ratings and differences."""
    if isinstance(results, PairResults):
        rows = [_pair_row(each) for each in results.comparisons]
        return [Table(_PAIR_HEAD, rows, words=(1,), caption=_PAIR_CAPTION)]
    rated = [
        [e.scale, e.system, str(e.ratings), f"{e.mean:.2f}", _ends(e.mean_interval, ".2f"),
         f"{e.median:g}", _ends(e.median_interval, "g")]
        for e in results.rated
    ]  # fmt: skip
    apart = [
        [e.scale, f"{e.system} – {e.other}", str(e.listeners), f"{e.difference:+.2f}",
         _ends(e.interval, "+.2f"), _p(e.p), _p(e.p_holm)]
        for e in results.differences
    ]  # fmt: skip
    head = ["scale", "system", "ratings", "mean", "95 %", "median", "95 %"]
    told = "Ratings from 1 to 7; the intervals are bootstrapped over listeners."
    head_apart = ["scale", "systems", "listeners", "difference", "95 %", "Wilcoxon p", "Holm p"]
    told_apart = (
        "Differences of mean ratings with intervals over listeners and pieces; the Wilcoxon signed-rank test compares "
        "the two means of each listener, Holm's correction is over the pairs of a scale."
    )
    return [Table(head, rated, told, words=(1,)), Table(head_apart, apart, told_apart, words=(1,))]


_PAIR_HEAD = (
    *("scale", "preferred", "judgements", "share", "95 %", "p", "Holm p", "effective"),
    *("exact 95 %", "exact p", "visible"),
)
_PAIR_CAPTION = (
    "How often the first was preferred to the second. 95 %, p and Holm p (over the pairs of a scale) are over "
    "listeners and pieces; effective is the number of independent judgements that would tell as much. The exact "
    "figures take all judgements to be independent. Visible: the true share that so many effective judgements show 8 "
    "times of 10; smaller ones may well be missed."
)


def _pair_row(each: Comparison) -> list[str]:
    share = each.share
    visible = "none" if share.visible is None else _percent(share.visible)
    figures = [str(share.judgements), _percent(share.share), _span(share.interval), _p(share.p), _p(each.p_holm)]
    exact = [f"{share.effective:.0f}", _span(share.exact), _p(share.p_exact), visible]
    return [each.scale, f"{each.system} to {each.other}", *figures, *exact]


def _sentence(each: Comparison) -> str:
    share = each.share
    told = f"{_percent(share.share)} of {share.judgements} judgements (95 %: {_span(share.interval)}"
    if each.p_holm < 0.05:
        one, other = (each.system, each.other) if share.share > 0.5 else (each.other, each.system)
        return f"{one} was preferred to {other}: {each.system} in {told}; p = {_p(each.p_holm)} after Holm)."
    seen = "So few effective judgements show no share, however large, 8 times of 10."
    if share.visible is not None:
        seen = f"It would show a true share of {_percent(share.visible)} 8 times of 10, and smaller ones less often."
    return (
        f"{each.system} and {each.other} cannot be told apart by this test: {each.system} was preferred in {told}; "
        f"p = {_p(each.p_holm)} after Holm). {seen}"
    )


def _who(key: Key, collected: Collected) -> Section:
    rule = key.rule
    text = [
        f"Listeners who count: {len(collected.kept)}. The rule was settled when the test was built: {rule.passes} of "
        f"{rule.checks} attention checks passed, and of each piece {rule.hear_seconds:g} seconds heard, or all of it. "
        f"It keeps {rule.kept_when_guessing(key.kind):.1%} of those who answer at random.",
    ]
    if collected.unheard:
        text.append(f"{collected.unheard} answers do not count because a piece was not heard long enough.")
    levels = Counter(session.expertise for session in collected.kept)
    sound = Counter(session.equipment for session in collected.kept)
    rows = [[level, str(levels[level])] for level in EXPERTISE] + [[name, str(sound[name])] for name in sorted(sound)]
    parts = [Table(["listeners who count", "number"], rows)]
    out = [[path.name, reason] for path, reason in collected.left_out]
    out += [
        [session.path.name, f"excluded: {passed} of {rule.checks} checks passed, {rule.passes} wanted"]
        for session, passed in collected.excluded
    ]
    if out:
        parts.append(Table(["file", "left out because"], out, words=(1,)))
    comments = [[session.path.name, session.comment] for session in collected.kept if session.comment]
    if comments:
        parts.append(Table(["file", "comment"], comments, words=(1,)))
    return Section("Who listened", text, parts)


def _pair_sections(key: Key, results: PairResults) -> list[Section]:
    rows = [
        [scale, system, f"{value:+.2f}", _ends(both, "+.2f"), _ends(listeners, "+.2f")]
        for scale, found in results.strengths.items()
        for system, value, both, listeners in zip(
            found.systems, found.values, found.over_both, found.over_listeners, strict=True
        )
    ]
    sections = [Section("Who was preferred", [], tables(key, results))]
    if rows:
        head = ["scale", "system", "strength", "95 %", "95 % over listeners alone"]
        told = "Bradley-Terry strengths in log-odds; 0 is the mean of the systems, and a difference of 1 is 73 to 27."
        sections.append(Section("Strengths", [], [Table(head, rows, told, words=(1,))]))
    if results.told:
        table = Table(_PAIR_HEAD, [_pair_row(each) for each in results.told], words=(1,))
        text = [f"Which was more likely written by a person? How often {key.real} was named, against each system."]
        sections.append(Section("Told from people", text, [table]))
    levels = [
        [each.scale, f"{each.system} to {each.other}", _COLOURS[level], str(share.listeners), *_short(share)]
        for each in (*results.comparisons, *results.told)
        for level, share in each.by_expertise.items()
    ]
    head = ["scale", "preferred", "expertise", "listeners", "judgements", "share", "95 %"]
    sections.append(Section("By expertise", [], [Table(head, levels, words=(1, 2))]))
    first = [[scale, *_short(share)] for scale, share in results.first.items()]
    text = ["How often the piece that came first was preferred. The design is balanced, so that this favours nobody."]
    head = ["scale", "judgements", "share", "95 %"]
    return [*sections, Section("First or second", text, [Table(head, first)])]


def _rating_sections(key: Key, results: RatingResults) -> list[Section]:
    sections = [Section("Ratings", [], tables(key, results))]
    if results.human:
        rows = [
            [system, name, str(each.listeners), *_short(each)]
            for system, (share, levels) in results.human.items()
            for name, each in (("all", share), *((_COLOURS[level], one) for level, one in levels.items()))
        ]
        head = ["system", "listeners who are", "listeners", "judgements", "taken for a person's", "95 %"]
        sections.append(Section("Told from people", [], [Table(head, rows, words=(1,))]))
    rows = [
        [each.scale, each.system, _COLOURS[level], str(count), f"{mean:.2f}"]
        for each in results.rated
        for level, (mean, count) in each.mean_by_expertise.items()
    ]
    head = ["scale", "system", "expertise", "listeners", "mean"]
    return [*sections, Section("By expertise", [], [Table(head, rows, words=(1, 2))])]


def _plots(results: Results) -> dict[str, Picture]:
    """Intervals of shares and strengths, or of mean ratings."""
    if isinstance(results, PairResults):
        shares = [
            (f"{e.scale}: {e.system} to {e.other}", e.share.share, e.share.interval)
            for e in (*results.comparisons, *results.told)
        ]
        strengths = [
            (f"{scale}: {system}", value, tuple(ends))
            for scale, found in results.strengths.items()
            for system, value, ends in zip(found.systems, found.values, found.over_both, strict=True)
        ]
        plots = {
            "preferences": _intervals(shares, "share of judgements that preferred the first", (0, 1), 0.5),
            "strengths": _intervals(strengths, "strength in log-odds", None, 0),
        }
    else:
        means = [(f"{e.scale}: {e.system}", e.mean, e.mean_interval) for e in results.rated]
        plots = {"ratings": _intervals(means, "mean rating", (1, 7), None)}
    return {name: plot for name, plot in plots.items() if plot}


def _intervals(
    rows: Sequence[tuple[str, float, tuple[float, float]]],
    what: str,
    ends: tuple[float, float] | None,
    middle: float | None,
) -> Picture | None:
    """A dot and a line for each row."""
    if not rows:
        return None
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Pictures", "plots") from error
    from credo.rendering.labels import font_families, one_line

    figure = Figure(figsize=(8, 0.9 + 0.32 * len(rows)), layout="constrained")
    axes = figure.subplots()
    places = np.arange(len(rows))[::-1]
    if middle is not None:
        axes.axvline(middle, color="#999999", linewidth=1, linestyle="--")
    for place, (_, value, (low, high)) in zip(places, rows, strict=True):
        axes.plot([low, high], [place, place], color=_BLUE, linewidth=2, solid_capstyle="butt")
        axes.plot([value], [place], "o", color=_INK, markersize=5, clip_on=False, zorder=3)
    axes.set_yticks(places, [one_line(label, 60) for label, *_ in rows])
    for label in axes.get_yticklabels():
        label.set(parse_math=False, fontfamily=font_families(label.get_text()))
    if ends:
        axes.set_xlim(*ends)
    axes.set_ylim(-0.7, len(rows) - 0.3)
    axes.set_xlabel(what)
    axes.spines[["top", "right"]].set_visible(False)
    return picture(figure, f"{what}, with intervals of 95 %", f"{what}; lines are intervals of 95 %.")


def _listeners(collected: Collected) -> dict[str, Any]:
    return {
        "counted": [session.path.name for session in collected.kept],
        "excluded": {session.path.name: passed for session, passed in collected.excluded},
        "left_out": {str(path): reason for path, reason in collected.left_out},
        "answers_not_heard_long_enough": collected.unheard,
        "expertise": Counter(session.expertise for session in collected.kept),
    }


def _plain(value: Any) -> Any:
    """Results as JSON can hold them."""
    if hasattr(value, "__dataclass_fields__"):
        return {name: _plain(getattr(value, name)) for name in value.__dataclass_fields__}
    if isinstance(value, dict):
        return {name: _plain(each) for name, each in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(each) for each in value]
    if isinstance(value, float | np.floating):
        return None if math.isnan(value) else float(value)
    return value


def _short(share: Share) -> list[str]:
    return [str(share.judgements), _percent(share.share), _span(share.interval)]


def _percent(share: float) -> str:
    return f"{100 * share:.0f}\u00a0%"


def _span(ends: tuple[float, float]) -> str:
    return f"{100 * ends[0]:.0f} to {100 * ends[1]:.0f}\u00a0%"


def _ends(ends: Sequence[float], form: str) -> str:
    return "–" if math.isnan(ends[0]) else f"{ends[0]:{form}} to {ends[1]:{form}}"


def _p(value: float) -> str:
    if math.isnan(value):
        return "–"
    return "<.0001" if value < 1e-4 else f"{value:.4f}".lstrip("0") if value < 1 else "1"
