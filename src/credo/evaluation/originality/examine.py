"""One piece beside a corpus: what it shares, with whom, and where."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import NamedTuple

import numpy as np

from credo.evaluation.originality.cells import CELL_BARS, cells_of, shared_cells
from credo.evaluation.originality.hashing import mixed
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import TICKS, Music, groups
from credo.evaluation.originality.runs import lines_of
from credo.evaluation.originality.shapes import Shapes, Shift, met, shapes_of, shifts
from credo.music.harmony import Share

#: Shifts that are tried on all notes.
_TRIED = 60
#: Points of a note that a shift does not put on a note, and of one of the other piece that nothing is put on.
_MISS, _EXTRA = -1.5, -0.75
#: Passages of fewer notes, repeats of what they have had aside, are not counted.
LEAST_PASSAGE = 10


class Span(NamedTuple):
    """A stretch of a piece.

    Attributes:
        start, end: in quarters from its start.
        first_bar, last_bar: numbers of the bars, 0 for an upbeat.
    """

    start: Fraction
    end: Fraction
    first_bar: int
    last_bar: int


class Shared(NamedTuple):
    """A run or a passage that stands in the corpus.

    Attributes:
        notes: how many notes are the same.
        fresh: how many of them without figures that repeat what the run or passage itself has had.
        share: 1 for a run. For a passage the cardinality score: the same notes out of those of the passage, its own or
            those of the corpus' passage, whichever are more.
        stretch: the corpus' note values are so many times as long.
        semitones: the corpus' notes are so much higher.
        piece: number of the piece of the corpus, -1 for none.
        here: where it is in the piece.
        there: where it is in the piece of the corpus.
        part: the part of a run; "" for a passage.
    """

    notes: int
    fresh: int
    share: float
    stretch: Fraction
    semitones: int
    piece: int
    here: Span
    there: Span
    part: str = ""


class Neighbour(NamedTuple):
    """A piece of the corpus that shares passages.

    Attributes:
        piece: its number.
        covered: share of the examined piece's notes that lie in passages that the two share.
        passage: the longest of these.
    """

    piece: int
    covered: float
    passage: Shared


@dataclass(frozen=True, slots=True)
class Findings:
    """What a piece shares with a corpus.

    Attributes:
        notes: of the piece.
        bars: of the piece.
        run: the longest run.
        passage: the longest passage.
        cells: for each length in bars, how many cells stand in the corpus.
        run_share: share of the piece's notes that lie in the longest run; of drums, all that is struck in it.
        covered: share of the piece's notes that lie in passages of any piece of the corpus.
        neighbours: the pieces that share most, the first ones.
        moved: how the notes came onto the grid.
    """

    notes: int
    bars: int
    run: Shared
    passage: Shared
    cells: dict[int, Share]
    run_share: float
    covered: float
    neighbours: tuple[Neighbour, ...]
    moved: str = ""

    @property
    def nearest(self) -> float:
        """The share of its notes that lie in passages of one piece, the nearest, or in the longest run."""
        passages = self.neighbours[0].covered if self.neighbours else 0.0
        return max(passages, self.run_share)

    @property
    def figures(self) -> dict[str, float]:
        """The figures by which a piece is judged."""
        cells = self.cells[2].value
        return {
            "run": self.run.fresh,
            "passage": self.passage.fresh,
            "cells": 0.0 if cells != cells else float(cells),
            "covered": self.covered,
        }


_NOWHERE = Span(Fraction(0), Fraction(0), 0, 0)
NOTHING = Shared(0, 0, 0.0, Fraction(1), 0, -1, _NOWHERE, _NOWHERE)


def examine(music: Music, index: Index, *, leave_out: int = -1, neighbours: int = 3) -> Findings:
    """Compare a piece with a corpus.

    Args:
        music: the piece.
        index: the corpus.
        leave_out: a piece of the corpus that does not count, such as this one.
        neighbours: how many pieces to name.
    """
    passages, covered = _passages(music, index, leave_out)
    nearest: dict[int, tuple[np.ndarray, Shared]] = {}
    for passage, hit in passages:
        flags, longest = nearest.get(passage.piece, (np.zeros(len(music), bool), passage))
        nearest[passage.piece] = flags | hit, max(longest, passage, key=lambda each: each.fresh)
    named = [Neighbour(piece, float(flags.mean()), each) for piece, (flags, each) in nearest.items()]
    named.sort(key=lambda each: (-each.covered, -each.passage.fresh, each.piece))
    cells = {}
    for bars in CELL_BARS:
        own = cells_of(music, bars)
        cells[bars] = Share(int(shared_cells(own, *index.cells[bars], leave_out).sum()), len(own))
    run, in_run = _longest_run(music, index, leave_out)
    return Findings(
        len(music),
        max(len(music.bars) - music.upbeat, 0),
        run,
        max((passage for passage, _ in passages), key=lambda each: (each.fresh, each.share), default=NOTHING),
        cells,
        in_run / max(len(music), 1),
        float(covered.mean()) if len(covered) else 0.0,
        tuple(named[:neighbours]),
        music.moved,
    )


def _span(music: Music, notes: np.ndarray) -> Span:
    """Where some notes of a piece lie, given by their places."""
    start, end = int(music.onset[notes].min()), int(music.end[notes].max())
    last = int(music.onset[notes].max())
    return Span(Fraction(start, TICKS), Fraction(end, TICKS), music.bar_at(start), music.bar_at(last))


def _longest_run(music: Music, index: Index, leave_out: int) -> tuple[Shared, int]:
    """The longest run, and how many notes of the piece lie in it."""
    lines, runs = lines_of(music), index.runs
    length, place = runs.longest(lines, leave_out)
    if not length.any():
        return NOTHING, 0
    heads = np.flatnonzero((length > 0) & (length >= np.concatenate([[0], length[:-1]])))
    heads = heads[np.argsort(-length[heads], kind="stable")[:200]]
    best, size, extra, fresh = -1, 0, 0, 0
    for head in heads.tolist():
        if length[head] + 2 <= fresh:
            break
        tail = head + int(length[head]) - 1
        more = int(lines.then[tail] == runs.then[int(place[head]) + int(length[head]) - 1])
        new = _fresh_tokens(lines.token[head : tail + 1]) + 1 + more
        if new > fresh:
            best, size, extra, fresh = head, int(length[head]), more, new
    first = int(place[best])
    piece = int(runs.piece_of[first])
    theirs, other = runs.lines[piece], index.piece(piece)
    start = first - int(runs.starts[piece])
    mine = _notes_of_run(lines, best, size, extra)
    others = _notes_of_run(theirs, start, size, extra)
    gap, other_gap = (int(m.onset[n[1]] - m.onset[n[0]]) for m, n in ((music, mine), (other, others)))
    semitones = 0 if music.drums[mine[0]] else int(other.pitch[others[0]] - music.pitch[mine[0]])
    number = int(music.part[mine[0]])
    part = (music.parts[number] if number < len(music.parts) else "") or f"part {number + 1}"
    where = _span(music, mine), _span(other, others)
    run = Shared(size + 1 + extra, fresh, 1.0, Fraction(other_gap, gap), semitones, piece, *where, part)
    if not music.drums[mine[0]]:
        return run, len(mine)
    struck = (music.part == number) & np.isin(music.onset, music.onset[mine])
    return run, int(struck.sum())


def _fresh_tokens(tokens: np.ndarray) -> int:
    """Tokens of a run, without those that come in the company of the same two before them as earlier in the run."""
    if len(tokens) < 3:
        return len(tokens)
    return 2 + len(np.unique(mixed(tokens[:-2], tokens[1:-1], tokens[2:])))


def _notes_of_run(lines, first: int, size: int, extra: int) -> np.ndarray:
    notes = [*lines.note[first : first + size], *lines.follows[first + size - 1]]
    return np.array(notes[: size + 1 + extra])


def _passages(music: Music, index: Index, leave_out: int) -> tuple[list[tuple[Shared, np.ndarray]], np.ndarray]:
    """The passages that stand in the corpus, each with flags of its notes; and flags of the notes of all."""
    covered = np.zeros(len(music), bool)
    if not len(music):
        return [], covered
    shapes: Shapes = shapes_of(music)
    tried = shifts(shapes, music, index.table, index.notes, index.starts, most=_TRIED, leave_out=leave_out)
    context = _context(music)
    passages: list[tuple[Shared, np.ndarray]] = []
    for shift in tried:
        other = index.piece(shift.piece)
        hit = met(shift, music, other)
        for own in _segments(shift, music, other, hit):
            notes = own[hit[own] >= 0]
            fresh = _fresh_notes(notes, context, music.onset)
            if fresh < LEAST_PASSAGE:
                continue
            flags = np.zeros(len(music), bool)
            flags[notes] = True
            covered |= flags
            there = _span(other, hit[notes])
            layer = other.drums == shift.drums
            theirs = (other.onset >= there.start * TICKS) & (other.onset <= other.onset[hit[notes]].max()) & layer
            share = len(notes) / max(len(own), int(theirs.sum()))
            stretch = Fraction(shift.above, shift.below)
            here = _span(music, own)
            shared = Shared(len(notes), fresh, share, stretch, shift.pitch, shift.piece, here, there)
            passages.append((shared, flags))
    return passages, covered


def _context(music: Music) -> np.ndarray:
    """A number for what begins with each note and at the moment before, for drums and others apart; shape (n,)."""
    context = np.zeros(len(music), np.uint64)
    for drums in (False, True):
        layer = np.flatnonzero(music.drums == drums)
        if not len(layer):
            continue
        own = music.only(layer)
        moment = groups(own)
        chord = np.zeros(moment[-1] + 1, np.uint64)
        np.add.at(chord, moment, mixed(own.pitch))
        onset = own.onset[np.flatnonzero(np.diff(moment, prepend=-1))]
        gap = np.diff(onset, prepend=onset[0])
        before = np.concatenate([[np.uint64(0)], chord[:-1]])
        context[layer] = mixed(before, chord, gap)[moment]
    return context


def _fresh_notes(notes: np.ndarray, context: np.ndarray, onset: np.ndarray) -> int:
    """How many notes, given by their places, stand where something happens for the first time among them."""
    _, first, what = np.unique(context[notes], return_index=True, return_inverse=True)
    return int((onset[notes] == onset[notes[first]][what]).sum())


def _segments(shift: Shift, music: Music, other: Music, hit: np.ndarray) -> list[np.ndarray]:
    """The stretches of a piece that a shift puts on another piece, as places of notes, each shape (k,)."""
    layer = np.flatnonzero(music.drums == shift.drums)
    met_there = np.zeros(len(other), bool)
    met_there[hit[hit >= 0]] = True
    extra = np.flatnonzero(~met_there & (other.drums == shift.drums))
    time = music.onset[layer] * shift.above + shift.time  # own time and theirs, both in theirs times `below`
    place = np.concatenate([time, other.onset[extra] * shift.below])
    points = np.concatenate([np.where(hit[layer] >= 0, 1.0, _MISS), np.full(len(extra), _EXTRA)])
    own = np.concatenate([layer, np.full(len(extra), -1)])
    order = np.lexsort((own, place))
    points, own = points[order], own[order]
    found, waiting = [], [(0, len(points))]
    while waiting:
        start, stop = waiting.pop()
        if stop - start < LEAST_PASSAGE:
            continue
        sums = np.concatenate([[0.0], np.cumsum(points[start:stop])])
        lowest = np.minimum.accumulate(sums)
        end = int((sums - lowest).argmax())
        if sums[end] - lowest[end] < LEAST_PASSAGE:
            continue
        first = int(np.flatnonzero(sums[: end + 1] == lowest[end])[-1])
        inside = own[start + first : start + end]
        found.append(inside[inside >= 0])
        waiting += [(start, start + first), (start + end, stop)]
    return found
