"""Form: sections that come again, as they were or varied, and sections that contrast.

A form is written in letters, as musicians do: `AABA`, `A A' B A`, `i A8 A8 B16 A8 e4`.

    A B C ...   a section; the same letter is the same music
    A' A''      a varied repeat; the same number of primes is the same variation
    A8          a section of eight bars, and so are all its repeats
    i           an introduction, at the start; half as long as a section
    e           an ending, at the end; half as long as a section

A form is one draw, not a chain of them: cells of a repeat are tied to those of the section it repeats, so that what is
drawn fits the neighbours of both. Varied repeats begin as exact ones, and a share of their notes is then drawn anew.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from credo.compose import masks
from credo.compose.tasks import Task
from credo.compose.wishes import MOST_BARS, Request
from credo.errors import UsageError
from credo.music.grid import Grid
from credo.music.passage import bar_steps, slice_grid
from credo.music.pitch import Key
from credo.music.score import KeyChange
from credo.music.timelines import canonical

if TYPE_CHECKING:
    from credo.compose.generate import Composer, Composition

SECTION_BARS = 8
VARY = 0.3
INTRODUCTION, ENDING = "i", "e"

#: The keys of the first, second, ... letter: fifths above the signature of the tonic, and whether the mode is another.
#: Major goes to the dominant, then to its relative; minor to its relative, then to the dominant minor.
_RELATED = {
    "major": ((0, False), (1, False), (0, True), (-1, False), (-1, True)),
    "minor": ((0, False), (0, True), (1, False), (-1, False), (-1, True)),
}
_SECTION = re.compile(r"([A-Z])(\d{0,3})(['’′]*)(\d{0,3})|([ie])(\d{0,3})")


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a form.

    Attributes:
        letter: `A` and so on, `i` or `e`.
        primes: which variation it is; 0 for none.
        first_bar: counted from 1.
        bars: its length.
    """

    letter: str
    primes: int
    first_bar: int
    bars: int

    @property
    def name(self) -> str:
        """Such as `A'`."""
        return self.letter + "'" * self.primes


@dataclass(frozen=True, slots=True)
class Form:
    """A form with all its bars.

    Attributes:
        pattern: as it was written.
        sections: one after another.
        section_bars: the length of a section that was wished for, None for `SECTION_BARS` or as many as there is room
            for.
        vary: share of the notes of a varied repeat that are written anew, 0..1.
        modulate: whether sections that contrast are in related keys.
    """

    pattern: str
    sections: tuple[Section, ...]
    section_bars: int | None = None
    vary: float = VARY
    modulate: bool = True

    @classmethod
    def parse(
        cls,
        pattern: str,
        *,
        bars: int | None = None,
        section_bars: int | None = None,
        vary: float = VARY,
        modulate: bool = True,
    ) -> Form:
        """A form from its letters.

        Args:
            pattern: see the head of this module.
            bars: length of the piece. Where it is longer than the pattern, the pattern is gone through again, each time
                with one prime more on every letter, and an ending fills what is left; where it is shorter, sections
                whose length is not given are shorter. None for the pattern once.
            section_bars: bars of a section whose length is not given.
            vary: share of the notes that a varied repeat has of its own, 0..1.
            modulate: whether sections that contrast are in related keys.

        Raises:
            UsageError: the pattern is none, or does not fit the length.
        """
        if not 0 <= vary <= 1:
            raise UsageError(f"vary: expected 0 to 1, got {vary:g}")
        if section_bars is not None and not 1 <= section_bars <= MOST_BARS:
            raise UsageError(f"section-bars: expected 1 to {MOST_BARS}, got {section_bars}")
        names = _read(pattern)
        shortest = 0
        for length in [section_bars] if section_bars else range(SECTION_BARS, 0, -1):
            once = _with_lengths(names, length)
            shortest = sum(size for _, _, size in once)
            if bars is None or shortest <= bars:
                break
        else:
            raise UsageError(f"bars: expected at least {shortest} for the form {pattern}, got {bars}")
        sections, first_bar = [], 1
        for letter, primes, size in once if bars is None else _filled(once, bars):
            sections.append(Section(letter, primes, first_bar, size))
            first_bar += size
        return cls(pattern, tuple(sections), section_bars, vary, modulate)

    @property
    def bars(self) -> int:
        """Length in bars."""
        return sum(section.bars for section in self.sections)

    def to_dict(self) -> dict[str, Any]:
        """What `from_dict` needs beside the number of bars."""
        return {
            "pattern": self.pattern,
            "section_bars": self.section_bars,
            "vary": self.vary,
            "modulate": self.modulate,
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], bars: int) -> Form:
        """Rebuild a form from `to_dict`.

        Raises:
            UsageError: the record makes no sense.
        """
        return cls.parse(**data, bars=bars)

    def keys(self, tonic: Key) -> list[Key]:
        """The key of each section."""
        letters = list(dict.fromkeys(s.letter for s in self.sections if s.letter not in (INTRODUCTION, ENDING)))
        keys = dict(zip(letters, (_related(tonic, number) for number in range(len(letters))), strict=True))
        return [keys.get(section.letter, tonic) if self.modulate else tonic for section in self.sections]

    def repeats(self, *, varied: bool) -> list[tuple[int, int, int]]:
        """Bars that are copies: (first bar, how many, first bar of the original).

        Args:
            varied: whether varied repeats count as copies too, for they begin as such.
        """
        originals: dict[str, Section] = {}
        copies = []
        for section in self.sections:
            original = originals.setdefault(section.letter if varied else section.name, section)
            if original is not section:
                copies.append((section.first_bar, section.bars, original.first_bar))
        return copies

    def write(
        self, composer: Composer, request: Request, *, progress: Callable[[int, int], None] | None = None
    ) -> Composition:
        """Compose a piece of this form.

        Args:
            composer: the model.
            request: what is wished for; its length is the form's.
            progress: called with (iterations done, iterations in all).

        Raises:
            UsageError: the wish cannot be met by this model.
        """
        request = replace(request, bars=self.bars)
        blank = self._in_keys(composer.blank(request))
        varied = self._varied()
        again = request.iterations // 2 if varied and self.vary else 0

        remarks: list[str] = []
        first = 0  # iterations of the whole, with those that its manner takes

        def tell(done: int, total: int) -> None:
            nonlocal first
            first = total
            if progress:
                progress(done, total + round(total * again / request.iterations))

        whole = replace(request, repeats=(*request.repeats, *self.repeats(varied=True)))
        grid = composer.complete(blank, masks.nothing(blank), whole, progress=tell, remarks=remarks)
        if again:
            exact = replace(request, iterations=again, repeats=(*request.repeats, *self.repeats(varied=False)))
            grid = composer.complete(
                grid,
                self._variation(grid, varied, request.seed),
                exact,
                remarks=remarks,
                progress=lambda done, total: progress and progress(first + done, first + total),
            )
        name, key = str(composer.card.get("name", "piece")), blank.timeline.key
        title = f"{name[:1].upper()}{name[1:]}{f' in {key.name}' if key else ''}, {self.pattern}"
        task = Task("form", blank, masks.nothing(blank), title, "nothing", options=self.to_dict())
        piece = composer.signed(grid, task, request)
        return replace(piece, settings={**piece.settings, "remarks": remarks, "sections": self._record(blank)})

    def _varied(self) -> list[Section]:
        """The first of each varied section that is not the original itself."""
        copies = {first for first, _, _ in self.repeats(varied=True)} - {f for f, _, _ in self.repeats(varied=False)}
        return [section for section in self.sections if section.first_bar in copies]

    def _variation(self, grid: Grid, varied: list[Section], seed: int) -> np.ndarray:
        """Holds all but a share of the notes of varied sections, the same of each variation and its repeats."""
        dice = np.random.default_rng(seed)
        mask, steps = masks.everything(grid), bar_steps(grid)

        def span(first: int, bars: int) -> slice:
            return slice(steps[first - 1][0], steps[first + bars - 2][1])

        for section in varied:
            where = span(section.first_bar, section.bars)
            mask[where] = masks.share_of_notes(slice_grid(grid, where.start, where.stop), self.vary, dice)
        for first, bars, original in self.repeats(varied=False):
            mask[span(first, bars)] = mask[span(original, bars)]
        return mask

    def _in_keys(self, grid: Grid) -> Grid:
        """The grid with the key of each section on its timeline."""
        if grid.timeline.key is None:
            return grid
        changes = zip(self._starts(grid), self.keys(grid.timeline.key), strict=True)
        keys = tuple(KeyChange(grid.quarters(step), key) for step, key in changes)
        return replace(grid, timeline=canonical(replace(grid.timeline, keys=keys)))

    def _starts(self, grid: Grid) -> list[int]:
        """The first step of each section."""
        steps = bar_steps(grid)
        return [steps[section.first_bar - 1][0] for section in self.sections]

    def _record(self, grid: Grid) -> list[dict[str, Any]]:
        """The sections, for the JSON beside the piece."""
        timeline, steps = grid.timeline, self._starts(grid)
        keys = [timeline.key_at(grid.quarters(step)) for step in steps]
        return [
            {"name": section.name, "first_bar": section.first_bar, "bars": section.bars, "key": key and key.name}
            for section, key in zip(self.sections, keys, strict=True)
        ]


def bars_of(seconds: float, tempo: float, bar: Fraction) -> int:
    """The number of whole bars that comes closest to a duration.

    Args:
        seconds: the duration.
        tempo: quarters a minute.
        bar: quarters of a bar.

    Raises:
        UsageError: the duration is none, or gives too many bars.
    """
    if not 0 < seconds < 36_000:
        raise UsageError(f"seconds: expected more than 0 and less than ten hours, got {seconds:g}")
    bars = max(round(seconds * tempo / 60 / bar), 1)
    if bars > MOST_BARS:
        raise UsageError(f"seconds: expected at most {MOST_BARS} bars, got {bars} of {seconds:g} seconds")
    return bars


def _read(pattern: str) -> list[tuple[str, int, int]]:
    """Letter, primes and bars (0 where they are not given) of each section of a pattern."""
    text = re.sub(r"[\s,|–-]+", "", pattern)
    found = list(_SECTION.finditer(text))
    if not found or "".join(match[0] for match in found) != text:
        raise UsageError(f'form: expected letters such as AABA, "A A\' B A" or "i4 A8 B8 A8 e4", got {pattern!r}')
    sections = []
    for match in found:
        letter, before, primes, after, other, bars = match.groups()
        if before and after:
            raise UsageError(f"form: expected one number of bars for a section, got {match[0]!r}")
        length = before or after or bars or ""
        if length and not int(length):
            raise UsageError(f"form: expected at least one bar, got {match[0]!r}")
        sections.append((letter or other, len(primes or ""), int(length or 0)))
    letters = [letter for letter, _, _ in sections]
    if INTRODUCTION in letters[1:] or ENDING in letters[:-1] or not set(letters) - {INTRODUCTION, ENDING}:
        raise UsageError(f"form: expected sections between an introduction (i) and an ending (e), got {pattern!r}")
    lengths: dict[str, int] = {}
    for letter, _, bars in sections:
        if bars and lengths.setdefault(letter, bars) != bars:
            raise UsageError(f"form: expected one length of {letter}, got {lengths[letter]} and {bars} bars")
    return [(letter, primes, lengths.get(letter, 0)) for letter, primes, _ in sections]


def _with_lengths(names: list[tuple[str, int, int]], length: int) -> list[tuple[str, int, int]]:
    half = max(length // 2, 1)
    return [
        (letter, primes, bars or (half if letter in (INTRODUCTION, ENDING) else length))
        for letter, primes, bars in names
    ]


def _filled(once: list[tuple[str, int, int]], bars: int) -> list[tuple[str, int, int]]:
    """A pattern gone through until a number of bars is full; an ending fills what is left."""
    intro = [one for one in once if one[0] == INTRODUCTION]
    ending = sum(size for letter, _, size in once if letter == ENDING)
    cycle = [one for one in once if one[0] not in (INTRODUCTION, ENDING)]
    left = bars - ending - sum(size for _, _, size in intro)
    body: list[tuple[str, int, int]] = []
    while cycle[len(body) % len(cycle)][2] <= left:
        turn, place = divmod(len(body), len(cycle))
        letter, primes, size = cycle[place]
        body.append((letter, primes + turn, size))
        left -= size
    ending += left
    return [*intro, *body, *([(ENDING, 0, ending)] if ending else [])]


def _related(tonic: Key, number: int) -> Key:
    fifths, changed = _RELATED[tonic.mode][number % len(_RELATED[tonic.mode])]
    mode = {"major": "minor", "minor": "major"}[tonic.mode] if changed else tonic.mode
    apart = tonic.fifths + fifths
    return Key(apart if -7 <= apart <= 7 else apart - 12 if apart > 0 else apart + 12, mode)
