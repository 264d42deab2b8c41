"""The pictures of a data report: what a folder holds, a small chart each."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from credo.errors import MissingExtraError
from credo.evaluation.data.look import NOTE_LENGTHS
from credo.evaluation.data.survey import Survey
from credo.evaluation.data.words import Words
from credo.evaluation.data.words import words as words_in
from credo.music.general_midi import INSTRUMENTS
from credo.music.pitch import pitch_name
from credo.rendering.labels import font_families, one_line
from credo.rendering.page import Picture, picture

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_BAR, _SECOND = "#0072b2", "#d55e00"
_MOST_BARS = 16
#: Words that stand inside of pictures.
_INSIDE = ("count", "notes", "lowest", "highest", "drums", "rest", "none")
_BINS = 20


def pictures(survey: Survey, words: Words) -> list[Picture]:
    """The distributions over the files that can be read; none if there are none.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    files = survey.music
    if not files:
        return []

    def facts(name: str) -> list:
        return [file.facts[name] for file in files if file.facts[name] is not None]

    words = _drawable(words)
    text = words.page
    lengths = np.sum([file.facts["note_lengths"] for file in files], axis=0)
    named = [str(Fraction(length).limit_denominator(16)) for length in NOTE_LENGTHS]
    programs = Counter(program for file in files for program in file.facts["programs"])
    instruments = {text["drums"] if number < 0 else INSTRUMENTS[number]: n for number, n in programs.items()}
    figures = {name: [file.figures[name] for file in files if file.figures[name]] for name in ("quarters", "minutes")}
    return [
        _histogram(words, "scores", [float(file.score or 0) for file in files], bounds=(0, 100)),
        _histogram(words, "quarters", figures["quarters"], log=True),
        _histogram(words, "minutes", figures["minutes"], log=True),
        _bars(words, "keys", Counter(file.facts["key"] or text["none"] for file in files)),
        _bars(words, "metres", Counter(facts("metre"))),
        _histogram(words, "tempo", facts("tempo")),
        _bars(words, "parts", Counter(str(count) for count in facts("parts")), by_name=True),
        _bars(words, "programs", instruments),
        _ranges(words, facts("low"), facts("high")),
        _histogram(words, "polyphony", facts("polyphony")),
        _bars(words, "note_lengths", dict(zip(named, lengths.tolist(), strict=True)), axis="notes", by_name=True),
        _histogram(words, "notes_a_bar", facts("notes_a_bar"), log=True),
    ]


def _drawable(spoken: Words) -> Words:
    """The words, with those inside of pictures in English where no font has the characters."""
    if font_families(spoken.page["count"]) != font_families("files") or spoken.page["count"].isascii():
        return spoken
    english = words_in("en").page
    return replace(spoken, page={**spoken.page, **{name: english[name] for name in _INSIDE}})


def _figure(rows: int = 0) -> tuple[Figure, Axes]:
    try:
        from matplotlib.figure import Figure
    except ImportError as error:
        raise MissingExtraError("Pictures", "plots") from error
    figure = Figure(figsize=(7.2, 2.2 if not rows else 0.6 + 0.24 * rows), layout="constrained")
    axes = figure.subplots()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    axes.tick_params(labelsize=8)
    return figure, axes


def _finish(words: Words, name: str, figure: Figure, axes: Axes, told: str, count: str, *, across: bool) -> Picture:
    """Name the axis that counts, in fonts that have the characters, and make the picture."""
    label = axes.set_xlabel if across else axes.set_ylabel
    label(words.page[count], fontsize=8)
    legend = axes.get_legend()
    shown = [*axes.get_xticklabels(), *axes.get_yticklabels(), axes.xaxis.label, axes.yaxis.label]
    for item in [*shown, *(legend.get_texts() if legend else ())]:
        item.set(fontfamily=font_families(item.get_text()), parse_math=False)
    return picture(figure, f"{words.page[name]}: {told}", words.page[name])


def _histogram(
    words: Words, name: str, values: Sequence[float], *, log: bool = False, bounds: tuple[float, float] | None = None
) -> Picture:
    """How many files have figures in each of twenty ranges; beyond the outer ones on a logarithmic scale."""
    figure, axes = _figure()
    found = np.array(values, float)
    told = words.page["none"]
    if len(found):
        low, high = bounds or (found.min(), found.max())
        log = log and low > 0 and high > 4 * low
        if high <= low:
            low, high = low - 0.5, high + 0.5
        bins = np.geomspace(low, high, _BINS + 1) if log else np.linspace(low, high, _BINS + 1)
        axes.hist(np.clip(found, bins[0], bins[-1]), bins=bins, color=_BAR, edgecolor="white", linewidth=0.5)
        if log:
            axes.set_xscale("log")
            shown = [tick for tick in _round_figures(low, high) if low <= tick <= high]
            axes.set_xticks(shown, [f"{tick:g}" for tick in shown])
            axes.minorticks_off()
        axes.set_yticks(*_counts(axes.get_ylim()[1]))
        told = f"{words.page['median']} {np.median(found):g}, {found.min():g} – {found.max():g}"
    return _finish(words, name, figure, axes, told, "count", across=False)


def _counts(top: float) -> tuple[list[float], list[str]]:
    """Whole numbers for an axis that counts."""
    step = next(round(tick) for tick in _round_figures(1, max(top, 1) * 10) if tick >= max(top / 4, 1))
    ticks = [float(tick) for tick in range(0, math.floor(top) + 1, step)]
    return ticks, [f"{tick:.0f}" for tick in ticks]


def _round_figures(low: float, high: float) -> list[float]:
    decades = range(math.floor(math.log10(low)), math.ceil(math.log10(high)) + 1)
    return [factor * 10.0**decade for decade in decades for factor in (1, 2, 5)]


def _bars(words: Words, name: str, counts: Mapping[str, int], *, axis: str = "count", by_name: bool = False) -> Picture:
    """A bar a kind: the commonest first, or in the order of their names; what is rare is taken together."""
    ranked = sorted(counts.items(), key=lambda item: (-item[1], item[0]))
    shown, rare = ranked[:_MOST_BARS], ranked[_MOST_BARS:]
    if by_name:
        shown.sort(key=lambda item: Fraction(item[0]))
    if rare:
        shown.append((words.page["rest"], sum(count for _, count in rare)))
    shown = [(kind, count) for kind, count in shown if count]
    figure, axes = _figure(max(len(shown), 3))
    places = np.arange(len(shown))[::-1]
    drawn = axes.barh(places, [count for _, count in shown], color=_BAR, height=0.75)
    axes.bar_label(drawn, [str(count) for _, count in shown], padding=3, fontsize=7)
    axes.set_yticks(places, [one_line(kind, 40) for kind, _ in shown])
    axes.set_xticks(*_counts(max((count for _, count in shown), default=1)))
    told = ", ".join(f"{kind} {count}" for kind, count in shown[:6])
    return _finish(words, name, figure, axes, told, axis, across=True)


def _ranges(words: Words, lows: Sequence[int], highs: Sequence[int]) -> Picture:
    """Lowest and highest pitches of the files."""
    figure, axes = _figure()
    told = words.page["none"]
    if lows:
        bins = np.arange(min(lows), max(highs) + 2) - 0.5
        for values, name, colour in ((lows, "lowest", _BAR), (highs, "highest", _SECOND)):
            axes.hist(values, bins=bins, color=colour, label=words.page[name], alpha=0.75)
        axes.legend(frameon=False, fontsize=8)
        shown = range(-(-min(lows) // 12) * 12, max(highs) + 1, 12)
        axes.set_xticks(list(shown), [pitch_name(pitch) for pitch in shown])
        axes.set_yticks(*_counts(axes.get_ylim()[1]))
        told = f"{pitch_name(min(lows))} – {pitch_name(max(highs))}"
    return _finish(words, "range", figure, axes, told, "count", across=False)
