"""Exact matches: the runs and cells of notes that a piece shares with training pieces, in its own note values.

Copying is told from learning by exact matches, transposition aside: the longest run of notes that a voice shares with
the training pieces, and the share of passages of one or two bars that stand in them note for note. Neither is 0 for
honest music: chorales borrow tunes and cadences from one another, so read a figure beside that of held-out pieces
(Z. Yin, F. Reuben, S. Stepney, T. Collins, "Measuring When a Music Generation Algorithm Copies Too Much: The
Originality Report, Cardinality Score, and Symbolic Fingerprinting by Geometric Hashing", SN Computer Science 3, 2022).

Training pieces are kept as sorted 64-bit hashes, from which no note can be played, so that a model can bring along the
fingerprints of its corpus.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby, pairwise
from pathlib import Path
from typing import NamedTuple

import numpy as np

from credo.errors import UsageError
from credo.evaluation.originality.hashing import BASE, found, mixed, runs_of_true, united
from credo.evaluation.originality.stored import read_arrays, write_arrays
from credo.music.grid import Grid, decode
from credo.music.harmony import Share
from credo.music.score import Part, Score, Timeline

FORMAT_VERSION = 1
#: Lengths of runs that are kept, in moves from one note to the next. Between two of them a run goes on as long as every
#: run of the shorter length inside it is found.
RUN_MOVES = (*range(1, 13), 14, 16, 20, 24, 28, 32, 40, 48, 64)
CELL_BARS = (1, 2)
#: Hashes count time in ticks, so that grids of different steps can be compared.
_TICKS_A_QUARTER = 48


class Run(NamedTuple):
    """Successive notes of a voice that stand in a training piece too.

    Attributes:
        voice: the voice of the piece.
        notes: how many notes; 0 where not even two are shared.
        start: where the first note begins, in quarters.
        end: where the last note ends, in quarters.
    """

    voice: str
    notes: int
    start: Fraction
    end: Fraction


class _Line(NamedTuple):
    """One voice, one note at a time: n notes and the n - 1 moves between them.

    Attributes:
        bounds: onset and end of each note in ticks, shape (n, 2).
        moves: hash of each move (the note's length, the rest after it, the interval to the next), shape (n - 1,).
    """

    bounds: np.ndarray
    moves: np.ndarray


@dataclass(frozen=True, eq=False)
class Fingerprints:
    """What is kept of the training pieces.

    Attributes:
        runs: for each length of `RUN_MOVES`, the hashes of all runs of any voice, sorted, uint64.
        cells: for each length of `CELL_BARS`, the hashes of all cells, sorted, uint64.
    """

    runs: dict[int, np.ndarray]
    cells: dict[int, np.ndarray]

    @classmethod
    def of(cls, grids: Iterable[Grid | Score]) -> Fingerprints:
        """Take the fingerprints of pieces, as grids on any texture or as scores."""
        runs: dict[int, list[np.ndarray]] = {moves: [] for moves in RUN_MOVES}
        cells: dict[int, list[np.ndarray]] = {bars: [] for bars in CELL_BARS}
        for score in map(_score_of, grids):
            for part in score.parts:
                for moves, hashes in _run_hashes(_line_of(part).moves):
                    runs[moves].append(hashes)
            for bars in CELL_BARS:
                cells[bars].append(_cell_hashes(score, bars))
        return cls(_sorted(runs), _sorted(cells))

    def longest_runs(self, grid: Grid | Score) -> list[Run]:
        """The longest run of each voice that is shared with a training piece.

        Two runs are the same if their notes have the same lengths, rests between them and intervals; the last note may
        be held for longer. Any voice of a training piece counts. A poly voice is followed along its skyline (the
        highest of the notes that begin together, until the next begins); a drums voice from hit to hit, each with
        the instruments that are struck.
        """
        return [self._longest_run(part) for part in _score_of(grid).parts]

    def longest_run(self, grid: Grid | Score) -> Run:
        """The longest of `longest_runs`, of the highest voice among equals."""
        return max(self.longest_runs(grid), key=lambda run: run.notes)

    def copied_cells(self, grid: Grid | Score, bars: int = 2) -> Share:
        """Passages of some bars that stand in a training piece, out of all that are not silent.

        A passage begins on any beat and is as long as that many bars of the metre in force there. It is copied if some
        passage of a training piece, in a metre with bars of that length, has the same notes in the same voices,
        counted from the lowest note of the first that begin or sound on (percussion keys are compared as they are).
        Notes that reach over its ends are cut there.

        Args:
            grid: the piece.
            bars: 1 or 2.

        Raises:
            UsageError: there are no fingerprints of that many bars.
        """
        if bars not in self.cells:
            raise UsageError(f"copied cells: expected {' or '.join(map(str, self.cells))} bars, got {bars}")
        hashes = _cell_hashes(_score_of(grid), bars)
        return Share(int(found(hashes, self.cells[bars]).sum()), len(hashes))

    def save(self, path: str | Path) -> Path:
        """Write the hashes as a compressed npz file.

        Raises:
            FileError: the file cannot be written.
        """
        named = {f"{kind}_{n}": hashes for kind in ("runs", "cells") for n, hashes in getattr(self, kind).items()}
        return write_arrays(path, {"format_version": FORMAT_VERSION, **named})

    @classmethod
    def load(cls, path: str | Path) -> Fingerprints:
        """Read what `save` wrote.

        Raises:
            FileError: the file cannot be read.
            FormatError: it holds something else.
        """
        with read_arrays(path, "fingerprints") as stored:
            if stored["format_version"] != FORMAT_VERSION:
                raise UsageError(f"format {stored['format_version']}, expected {FORMAT_VERSION}")
            runs, cells = ({n: stored[f"{kind}_{n}"] for n in lengths} for kind, lengths in _KINDS.items())
            if any(hashes.dtype != np.uint64 for kept in (runs, cells) for hashes in kept.values()):
                raise UsageError("hashes of other than 64 bits")
        return cls(runs, cells)

    def _longest_run(self, part: Part) -> Run:
        line = _line_of(part)
        first = longest = 0
        for moves, hashes in _run_hashes(line.moves):
            shared = found(hashes, self.runs[moves])
            if not shared.any():
                break
            starts, ends = runs_of_true(shared)  # stretches of runs, each a move after the last
            lengths = ends - starts
            best = int(lengths.argmax())
            following = next((length for length in RUN_MOVES if length > moves), 1 << 62)
            first, longest = int(starts[best]), min(moves + int(lengths[best]), following) - 1
        if not longest:
            return Run(part.name, 0, Fraction(0), Fraction(0))
        start, end = line.bounds[first, 0], line.bounds[first + longest, 1]
        return Run(part.name, longest + 1, *(Fraction(int(tick), _TICKS_A_QUARTER) for tick in (start, end)))


_KINDS = {"runs": RUN_MOVES, "cells": CELL_BARS}


def _line_of(part: Part) -> _Line:
    """A part as one line: its skyline, or its hits."""
    together = [list(notes) for _, notes in groupby(part.notes, key=lambda note: note.onset)]
    bounds = np.array([(_ticks(notes[-1].onset), _ticks(notes[-1].end)) for notes in together], np.int64).reshape(-1, 2)
    bounds[:-1, 1] = bounds[1:, 0] if part.is_drums else np.minimum(bounds[:-1, 1], bounds[1:, 0])
    if part.is_drums:
        tones = [sum(1 << note.pitch for note in notes) % (2**61 - 1) for notes in together[:-1]]
    else:
        tones = [after[-1].pitch - before[-1].pitch for before, after in pairwise(together)]
    lengths, rests = (bounds[:, 1] - bounds[:, 0])[:-1], bounds[1:, 0] - bounds[:-1, 1]
    return _Line(bounds, mixed(lengths, rests, np.array(tones, np.int64), np.int64(part.is_drums)))


def _run_hashes(moves: np.ndarray) -> Iterator[tuple[int, np.ndarray]]:
    """The hashes of all runs of each length that occurs, shortest first."""
    hashes = np.zeros(len(moves), np.uint64)
    for length in range(1, min(len(moves), RUN_MOVES[-1]) + 1):
        hashes = hashes[: len(moves) - length + 1] * BASE + moves[length - 1 :]
        if length in RUN_MOVES:
            yield length, hashes


def _score_of(piece: Grid | Score) -> Score:
    return decode(piece) if isinstance(piece, Grid) else piece


def _cell_hashes(score: Score, bars: int) -> np.ndarray:
    """The hash of each passage of `bars` bars that begins on a beat and is not silent, shape (cells,)."""
    notes = np.array(
        [
            (_ticks(note.onset), _ticks(note.end), note.pitch, voice, part.is_drums)
            for voice, part in enumerate(score.parts)
            for note in part.notes
        ],
        np.int64,
    ).reshape(-1, 5)
    hashes, lengths = [], []
    for start, end in _cells(score.timeline, bars):
        onset, stop, pitch, voice, drums = notes[(notes[:, 0] < end) & (notes[:, 1] > start)].T
        if not len(onset):
            continue
        onset, stop = np.maximum(onset, start) - start, np.minimum(stop, end) - start
        pitched = drums == 0
        lowest = pitch[pitched & (onset == onset[pitched].min())].min() if pitched.any() else 0
        each = mixed(onset, stop, np.where(pitched, pitch - lowest, pitch), voice)
        hashes.append(each.sum())
        lengths.append(end - start)
    return mixed(np.array(hashes, np.uint64), np.array(lengths, np.int64))


def _cells(timeline: Timeline, bars: int) -> Iterator[tuple[int, int]]:
    """Where the passages begin and end, in ticks."""
    for start, end, metre in timeline.bars():
        beats = [end - k * metre.beat for k in range(1, int((end - start) / metre.beat) + 1)]
        for beat in reversed(beats):
            if beat + bars * metre.bar <= timeline.length:
                yield _ticks(beat), _ticks(beat + bars * metre.bar)


def _ticks(quarters: Fraction) -> int:
    return quarters.numerator * _TICKS_A_QUARTER // quarters.denominator


def _sorted(hashes: dict[int, list[np.ndarray]]) -> dict[int, np.ndarray]:
    return {length: united(arrays) for length, arrays in hashes.items()}
