"""Scores to piano rolls."""

from __future__ import annotations

import io
import warnings
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from fractions import Fraction
from itertools import accumulate, cycle
from pathlib import Path
from typing import TYPE_CHECKING

from credo.errors import MissingExtraError, UsageError
from credo.io.atomic import write_bytes
from credo.music.pitch import pitch_name
from credo.music.score import Metre, Note, Part, Score
from credo.rendering.labels import font_families, one_line, percussion_name

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.collections import PolyCollection
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

#: One colour a part, told apart by colour-blind readers too (Okabe and Ito 2008, without the faint yellow).
PART_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#444444")

_DPI = 150
_MIN_WIDTH, _MAX_WIDTH, _QUARTER_WIDTH = 9.0, 40.0, 0.15  # inches
_ROW_HEIGHT, _DRUM_ROW_HEIGHT = 0.105, 0.2  # inches
_MIN_HEIGHT, _MAX_HEIGHT = 2.2, 7.0  # inches, of the pitched lane
_INK, _FAINT, _KEPT, _KEPT_EDGE = "#333333", "#8a8a8a", "#faf0cd", "#b8860b"
_CURVE, _MARK, _CURVE_HEIGHT = "#e69f00", "#b3123f", 0.6
_THICK, _THIN = 0.84, 0.4  # rows; a note is thin where another part sounds the same pitch, so that both are seen
_BLACK_KEYS = {1, 3, 6, 8, 10}


def piano_roll(
    score: Score,
    path: str | Path,
    *,
    kept_quarters: Fraction | None = None,
    kept_parts: Collection[int] = (),
    marks: Sequence[tuple[Fraction, str]] = (),
    curve: Sequence[tuple[Fraction, float]] = (),
) -> None:
    """Draw a score as a piano roll: bars to the right, pitch upwards, a colour a part, soft notes pale.

    Drum parts have a lane of their own below, a row an instrument. Characters that no installed font has are drawn as
    boxes.

    Args:
        score: the piece.
        path: a name ending in .png; a file of that name is replaced.
        kept_quarters: length in quarters of the passage at the start that was given; it is shaded.
        kept_parts: indices of the parts that were given; their notes have an outline.
        marks: moments with names, such as hits, in quarters; lines across all lanes.
        curve: points (quarters, 0..1), such as an energy, drawn as an area in a lane of its own at the top.

    Raises:
        UsageError: the name ends in something else.
        FileError: the file cannot be written; nothing is left behind.
        MissingExtraError: matplotlib is not installed.
    """
    path = Path(path)
    if path.suffix.lower() != ".png":
        raise UsageError(f"piano roll: expected a name ending in .png, got {path.suffix!r}")
    try:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
    except ImportError as error:
        raise MissingExtraError("Pictures", "plots") from error
    figure = draw_piano_roll(score, kept_quarters=kept_quarters, kept_parts=kept_parts, marks=marks, curve=curve)
    picture = io.BytesIO()
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Glyph .* missing from font", UserWarning)
        FigureCanvasAgg(figure).print_png(picture, metadata={"Software": None})
    write_bytes(path, picture.getvalue())


def draw_piano_roll(
    score: Score,
    *,
    kept_quarters: Fraction | None = None,
    kept_parts: Collection[int] = (),
    marks: Sequence[tuple[Fraction, str]] = (),
    curve: Sequence[tuple[Fraction, float]] = (),
) -> Figure:
    """The piano roll as a matplotlib figure, as `piano_roll` saves it."""
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch

    pitched = [part for part in score.parts if not part.is_drums]
    keys = sorted({note.pitch for part in score.parts if part.is_drums for note in part.notes})
    low, high = _pitch_range(pitched)
    lanes = [_CURVE_HEIGHT] if curve else []
    lanes += [min(max(_ROW_HEIGHT * (high - low + 1), _MIN_HEIGHT), _MAX_HEIGHT)] if pitched or not keys else []
    lanes += [_DRUM_ROW_HEIGHT * len(keys)] if keys else []
    width = min(max(_QUARTER_WIDTH * float(score.timeline.length) + 1.4, _MIN_WIDTH), _MAX_WIDTH)
    figure = Figure(figsize=(width, sum(lanes) + 1.3), dpi=_DPI, layout="constrained", facecolor="white")
    axes = list(figure.subplots(len(lanes), 1, sharex=True, squeeze=False, height_ratios=lanes)[:, 0])
    curve_axes = axes.pop(0) if curve else None
    drum_axes = axes.pop() if keys else None
    roll_axes = axes.pop() if axes else None
    handles, names = [], []
    sounding = _Sounding()
    for index, (part, colour) in enumerate(zip(score.parts, cycle(PART_COLOURS), strict=False)):
        kept = index in kept_parts
        lane = drum_axes if part.is_drums else roll_axes
        if lane is not None:
            rows = {key: row for row, key in enumerate(keys)} if part.is_drums else None
            lane.add_collection(_notes(part, colour, rows, sounding, kept=kept))
        names.append((part.name or f"part {index + 1}") + (" (given)" if kept else ""))
        handles.append(Patch(facecolor=colour, edgecolor=_INK if kept else "none"))
    if kept_quarters:
        names.append("given")
        handles.append(Patch(facecolor=_KEPT, edgecolor=_KEPT_EDGE, linestyle="--"))
    if roll_axes is not None:
        _rule_pitches(roll_axes, low, high)
    if drum_axes is not None:
        _rule_drums(drum_axes, keys)
    for lane in filter(None, (roll_axes, drum_axes)):
        _rule_time(lane, score, width)
        if kept_quarters:
            lane.axvspan(0, float(kept_quarters), color=_KEPT, zorder=0.4, linewidth=0)
            lane.axvline(float(kept_quarters), color=_KEPT_EDGE, linewidth=1.2, linestyle=(0, (4, 3)), zorder=1.6)
    shown = [lane for lane in (curve_axes, roll_axes, drum_axes) if lane is not None]
    if curve_axes is not None:
        _rule_time(curve_axes, score, width)
        _draw_curve(curve_axes, curve)
    _mark(shown, marks)
    _label(figure, (shown[-1], shown[0]), score, handles, names, room=bool(marks))
    return figure


def _draw_curve(axes: Axes, curve: Sequence[tuple[Fraction, float]]) -> None:
    """An area under points, 0 to 1."""
    onsets, values = [float(onset) for onset, _ in curve], [value for _, value in curve]
    axes.fill_between(onsets, values, color=_CURVE, alpha=0.35, linewidth=0, zorder=1.2)
    axes.plot(onsets, values, color=_CURVE, linewidth=1.2, zorder=1.4)
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 1], ["0", "1"])
    axes.set_ylabel("energy", fontsize=8, color=_FAINT)


def _mark(lanes: list[Axes], marks: Sequence[tuple[Fraction, str]]) -> None:
    """Lines at moments, their names above the topmost lane."""
    for onset, name in marks:
        for lane in lanes:
            lane.axvline(float(onset), color=_MARK, linewidth=1.1, zorder=2.5)
        label = lanes[0].text(
            float(onset), 1.02, one_line(name, 24), transform=lanes[0].get_xaxis_transform(), fontsize=7, color=_MARK,
            ha="left", va="bottom", clip_on=False,
        )  # fmt: skip
        label.set(parse_math=False, fontfamily=font_families(name))


def _pitch_range(parts: list[Part]) -> tuple[int, int]:
    """Lowest and highest pitch that is shown: what sounds and a little air, an octave and a half at least."""
    pitches = [note.pitch for part in parts for note in part.notes] or [60]
    low, high = min(pitches) - 2, max(pitches) + 2
    missing = max(18 - (high - low), 0)
    return max(low - missing // 2, 0), min(high + (missing + 1) // 2, 127)


def _notes(part: Part, colour: str, rows: dict[int, int] | None, sounding: _Sounding, *, kept: bool) -> PolyCollection:
    """One rectangle a note.

    Args:
        part: the part.
        colour: its colour; soft notes are paler.
        rows: the row of each percussion key, for drum parts.
        sounding: what the parts before play; this part is added to it.
        kept: whether the notes get an outline.
    """
    from matplotlib.collections import PolyCollection
    from matplotlib.colors import to_rgb

    rectangles, colours = [], []
    for note in part.notes:
        start, end = float(note.onset), float(note.end)
        middle = note.pitch if rows is None else rows[note.pitch]
        half = (_THIN if rows is None and sounding.meets(note) else _THICK) / 2
        end -= min(0.06, 0.15 * (end - start))  # a gap, so that repeated notes are told apart
        rectangles.append([(start, middle - half), (start, middle + half), (end, middle + half), (end, middle - half)])
        strength = 0.5 + 0.5 * note.velocity / 127
        colours.append([1 - strength * (1 - channel) for channel in to_rgb(colour)])
    if rows is None:
        sounding.add(part.notes)
    edges = {"edgecolors": _INK, "linewidths": 0.9} if kept else {"linewidths": 0}
    return PolyCollection(rectangles, facecolors=colours or "none", zorder=2, **edges)


class _Sounding:
    """When each pitch sounds in the parts drawn so far."""

    def __init__(self) -> None:
        self._notes: dict[int, list[tuple[Fraction, Fraction]]] = defaultdict(list)
        self._last_ends: dict[int, list[Fraction]] = {}  # the latest end among the notes up to each one

    def add(self, notes: Iterable[Note]) -> None:
        for note in notes:
            self._notes[note.pitch].append((note.onset, note.end))
        for pitch, spans in self._notes.items():
            spans.sort()
            self._last_ends[pitch] = list(accumulate((end for _, end in spans), max))

    def meets(self, note: Note) -> bool:
        """Whether the note's pitch sounds at any time while it lasts."""
        earlier = bisect_left(self._notes.get(note.pitch, []), (note.end,))
        return earlier > 0 and self._last_ends[note.pitch][earlier - 1] > note.onset


def _rule_pitches(axes: Axes, low: int, high: int) -> None:
    """Rows of the keyboard, and the names of the Cs (and Gs where there is room)."""
    for pitch in range(low, high + 1):
        if pitch % 12 in _BLACK_KEYS:
            axes.axhspan(pitch - 0.5, pitch + 0.5, color="#f3f4f6", zorder=0.2, linewidth=0)
        if pitch % 12 == 0:
            axes.axhline(pitch - 0.5, color="#c4c8ce", linewidth=0.7, zorder=0.6)
    named = (0, 7) if high - low < 40 else (0,)
    pitches = [pitch for pitch in range(low, high + 1) if pitch % 12 in named]
    axes.set_yticks(pitches, [pitch_name(pitch) for pitch in pitches])
    axes.set_ylim(low - 0.5, high + 0.5)


def _rule_drums(axes: Axes, keys: list[int]) -> None:
    """A row an instrument, with its name."""
    for row in range(0, len(keys), 2):
        axes.axhspan(row - 0.5, row + 0.5, color="#f3f4f6", zorder=0.2, linewidth=0)
    axes.set_yticks(range(len(keys)), [percussion_name(key) for key in keys])
    axes.set_ylim(-0.5, len(keys) - 0.5)


def _rule_time(axes: Axes, score: Score, width: float) -> None:
    """Bar lines, beats where there is room for them, and bar numbers; an upbeat has none."""
    length = max(float(score.timeline.length), 1.0)
    bars = list(score.timeline.bars())
    spacing = next(step for step in (1, 2, 4, 8, 16, 32, 64, 10**9) if len(bars) / step <= width * 3)
    across = axes.get_xaxis_transform()
    ruled = [float(start) for start, _, _ in bars[:: max(spacing // 4, 1)]]
    axes.vlines(ruled, 0, 1, "#9aa1ab", linewidth=0.8, zorder=1, transform=across)
    if width * _DPI / length > 12:
        beats = [float(beat) for bar in bars for beat in _beats(*bar)]
        axes.vlines(beats, 0, 1, "#dfe2e6", linewidth=0.5, zorder=0.8, transform=across)
    first = 0 if score.timeline.pickup else 1
    numbered = [(number, float(start)) for number, (start, _, _) in enumerate(bars, first) if number]
    shown = [(number, start) for number, start in numbered if (number - 1) % spacing == 0]
    axes.set_xticks([start for _, start in shown], [str(number) for number, _ in shown])
    axes.set_xlim(0, length)
    axes.tick_params(length=0, labelsize=8, labelcolor=_INK)
    for side in ("top", "right", "left", "bottom"):
        axes.spines[side].set_color("#c4c8ce")


def _beats(start: Fraction, end: Fraction, metre: Metre) -> list[Fraction]:
    """Where the beats after the first one of a bar lie, in quarters."""
    count = -(-(end - start) // metre.beat)
    return [start + beat * metre.beat for beat in range(1, count)]


def _label(
    figure: Figure, lanes: tuple[Axes, Axes], score: Score, handles: list[Patch], names: list[str], *, room: bool
) -> None:
    """Title and composer at the top left, the parts at the bottom, and what the bottom axis counts.

    Args:
        figure: the figure.
        lanes: the lowest and the highest lane.
        score: the piece.
        handles: a patch of each part's colour.
        names: of the parts.
        room: whether names of marks stand below the title.
    """
    bottom, top = lanes
    bottom.set_xlabel("bar", fontsize=8, color=_FAINT, labelpad=2)
    title = one_line(" – ".join(filter(None, (score.title, score.composer))), int(9 * figure.get_figwidth()))
    text = top.set_title(title, loc="left", fontsize=11, fontweight="bold", color=_INK, pad=22 if room else 10)
    text.set(parse_math=False, fontfamily=font_families(title))
    if handles:
        legend = figure.legend(
            handles,
            [str(number) for number in range(len(handles))],  # matplotlib would leave out names that begin with _
            loc="outside lower center",
            ncols=min(len(handles), 8),
            frameon=False,
            fontsize=8,
            handlelength=1.2,
            handleheight=0.7,
        )
        for text, name in zip(legend.get_texts(), names, strict=True):
            text.set(text=one_line(name, 40), parse_math=False, fontfamily=font_families(name))
