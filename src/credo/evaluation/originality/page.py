"""The report on originality as a page: shared bars side by side, and pieces beside the corpus' own."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from credo.errors import MissingExtraError
from credo.evaluation.originality.baseline import FIGURES, line_of
from credo.evaluation.originality.examine import Shared, Span
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import TICKS, Music
from credo.evaluation.originality.report import HEAD, TITLES, Examined, bars_of, how, row_of, sentences, summary
from credo.rendering.page import Picture, Section, Table, picture, write_page

if TYPE_CHECKING:
    from matplotlib.axes import Axes

#: Pieces that are shown with their bars, those that share most.
MOST_SHOWN = 12
_SHARED, _OTHER, _LINE = "#d55e00", "#b8bec6", "#9aa1ab"
_MOST_QUARTERS = 32


def write_report(path: str | Path, pieces: Sequence[Examined], index: Index, *, corpus: str) -> Path:
    """Write the page.

    Args:
        path: the file.
        pieces: what was examined.
        index: the corpus.
        corpus: what it is called.

    Raises:
        FileError: the file cannot be written.
        MissingExtraError: matplotlib or Jinja is not installed.
    """
    try:
        import matplotlib  # noqa: F401
    except ImportError as error:
        raise MissingExtraError("A report with pictures", "plots") from error
    ranked = sorted(
        pieces, key=lambda each: (-each.judgement.flagged, -each.found.passage.fresh, -each.found.run.fresh)
    )
    caption = (
        "run, passage: notes of the longest run of a voice and of the longest passage of all voices that stand in the "
        "corpus, in any key and in any note values; 1 bar, 2 bars: cells that stand there note for note; covered: "
        "notes in shared passages; ratio: distance to the nearest training piece over that to the nearest held-out one."
    )
    sections = [
        Section(
            "Pieces", (), (Table(HEAD, [row_of(each, index) for each in ranked], caption, words=(1, len(HEAD) - 1)),)
        ),
        Section(
            "Beside the corpus' own pieces",
            (
                f"Each of {index.own['pieces']} pieces of the corpus was compared with all others in the same way: "
                "what people borrow from one another and from themselves. Bars show these; lines mark the pieces "
                "examined, and the dashed line is what 97.5 % of the own pieces lie below, repeats aside.",
            ),
            (_distributions(ranked, index),),
        ),
    ]
    for each in ranked[:MOST_SHOWN]:
        pictures = [
            _side_by_side(each, index, shared, what)
            for what, shared in (("passage", each.found.passage), ("run", each.found.run))
            if shared.piece >= 0
        ]
        sections.append(Section(each.name, sentences(each, index), pictures))
    return write_page(path, f"Originality against {corpus}", sections, intro=summary(pieces, index))


def _distributions(pieces: Sequence[Examined], index: Index) -> Picture:
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8.5, 5.2), layout="constrained")
    for axes, name in zip(figure.subplots(2, 2).flat, FIGURES, strict=True):
        own = np.array(index.own["figures"][name], float)
        values = [each.found.figures[name] for each in pieces]
        top = max([*own.tolist(), *values, 1e-9])
        axes.hist(own, bins=np.linspace(0, top, 31), color=_OTHER)
        axes.vlines(values, 0, 0.35, color=_SHARED, linewidth=1, transform=axes.get_xaxis_transform())
        if len(own):
            axes.axvline(line_of(index.own, name), color="#333333", linewidth=1, linestyle="--")
        axes.set_title(TITLES[name], fontsize=7, loc="left")
        axes.set_ylabel("own pieces", fontsize=8)
        axes.tick_params(labelsize=8)
    return picture(figure, "Figures of the pieces beside those of the corpus' own pieces")


def _side_by_side(each: Examined, index: Index, shared: Shared, what: str) -> Picture:
    from matplotlib.figure import Figure

    theirs = index.piece(shared.piece)
    name = index.names[shared.piece]
    figure = Figure(figsize=(8.5, 4.4), layout="constrained")
    above, below = figure.subplots(2, 1)
    here, there = (_shortened(span) for span in (shared.here, shared.there))
    if here != shared.here or there != shared.there:
        length = here.end - here.start
        there = there._replace(end=there.start + length * shared.stretch)
    flags = _same(each.music, theirs, shared), _same(theirs, each.music, _turned(shared))
    changes = f" ({how(shared)})" if how(shared) else ""
    for axes, music, span, same, title in (
        (above, each.music, here, flags[0], f"{each.name}, {bars_of(shared.here)}{changes}"),
        (below, theirs, there, flags[1], f"{name}, {bars_of(shared.there)}"),
    ):
        _roll(axes, music, span, same)
        axes.set_title(title[:110], fontsize=8, loc="left", parse_math=False)
    words = f"The longest {what} of {each.name} above the one of {name}"
    cut = f"; the first {_MOST_QUARTERS} quarters" if here != shared.here else ""
    return picture(figure, words, f"The longest {what}: {shared.notes} notes; shared notes are orange{cut}.")


def _shortened(span: Span) -> Span:
    return span._replace(end=min(span.end, span.start + _MOST_QUARTERS))


def _turned(shared: Shared) -> Shared:
    """The same from the corpus' side."""
    return shared._replace(
        here=shared.there, there=shared.here, stretch=1 / shared.stretch, semitones=-shared.semitones
    )


def _same(music: Music, other: Music, shared: Shared) -> np.ndarray:
    """Which notes of a piece have their likes in another one, where both lie as they are shared; bool, shape (n,)."""
    start, there = (round(float(span.start) * TICKS) for span in (shared.here, shared.there))
    ratio = shared.stretch
    own = (music.onset - start) * ratio.numerator, music.pitch + np.where(music.drums, 0, shared.semitones)
    likes = (other.onset - there) * ratio.denominator, other.pitch
    keys, wanted = (time * 512 + pitch for time, pitch in (likes, own))
    last = round(float(shared.here.end) * TICKS)
    return np.isin(wanted, keys) & (music.onset >= start) & (music.onset < last)


def _roll(axes: Axes, music: Music, span: Span, same: np.ndarray) -> None:
    start, end = float(span.start), float(span.end)
    chosen = (music.onset < end * TICKS) & (music.end > start * TICKS)
    left = np.maximum(music.onset[chosen] / TICKS, start)
    width = np.minimum(music.end[chosen] / TICKS, end) - left
    colours = [_SHARED if flag else _OTHER for flag in same[chosen]]
    axes.barh(music.pitch[chosen], width - np.minimum(0.06, 0.15 * width), left=left, height=0.85, color=colours)
    bars = music.bars[:, 0] / TICKS
    inside = [(place, number) for number, place in enumerate(bars, 1 - music.upbeat) if start <= place < end]
    for place, _ in inside:
        axes.axvline(place, color=_LINE, linewidth=0.6, zorder=0)
    axes.set_xticks([place for place, _ in inside], [str(number) for _, number in inside], fontsize=8)
    axes.set_xlim(start, max(end, start + 1))
    axes.set_ylabel("MIDI pitch", fontsize=8)
    axes.tick_params(labelsize=8, length=0)
