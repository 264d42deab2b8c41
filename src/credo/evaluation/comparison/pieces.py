"""Folders of music as figures.

Every file is read in a process of its own, cut into passages of equal length and measured there; only figures come
back, so that ten thousand pieces fit in a small memory and one damaged file costs only itself.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from credo.corpora.corpus import Corpus
from credo.corpora.reading.files import Found, find_files
from credo.corpora.reading.pool import run_jobs
from credo.errors import CorpusError, CredoError, FileError
from credo.evaluation.features import features
from credo.evaluation.metrics.catalogue import CATALOGUE, measure
from credo.io.cores import cores
from credo.io.files import SUFFIXES, load
from credo.music.grid import decode
from credo.music.passage import slice_score
from credo.music.score import Score

#: Passages that a piece is measured by at most, so that long ones do not outweigh the others.
MOST_PASSAGES = 2
#: Features of Yang and Lerch that are compared; what a piece has none of counts as 0.
FEATURES = {
    "pitch_count": 1, "pitch_range": 1, "pitch_class_histogram": 12, "pitch_class_transitions": 144,
    "mean_interval": 1, "note_count": 1, "mean_ioi": 1, "note_length_histogram": 12, "note_length_transitions": 144,
    "drum_density": 1, "drum_histogram": 128, "drum_place_histogram": 16,
}  # fmt: skip
_EDGES = np.cumsum([0, *FEATURES.values()])

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Figures:
    """What is known of a set of n passages.

    Attributes:
        metrics: figures in the order of the catalogue, NaN where there is nothing to be measured, shape (n, metrics).
        features: those of `FEATURES` side by side, shape (n, features).
        piece: number of the piece that each passage is of, shape (n,).
        names: names of the pieces.
        left_out: files that could not be measured, and why.
    """

    metrics: np.ndarray
    features: np.ndarray
    piece: np.ndarray
    names: tuple[str, ...]
    left_out: tuple[tuple[str, str], ...] = ()

    def __len__(self) -> int:
        """The number of passages."""
        return len(self.piece)

    def column(self, name: str) -> np.ndarray:
        """One figure of all passages, shape (n,)."""
        return self.metrics[:, [metric.name for metric in CATALOGUE].index(name)]

    def feature(self, name: str) -> np.ndarray:
        """One feature of all passages, shape (n, size)."""
        place = list(FEATURES).index(name)
        return self.features[:, _EDGES[place] : _EDGES[place + 1]]

    def of_pieces(self, numbers: Iterable[int]) -> Figures:
        """Only some of the pieces, numbered anew."""
        numbers = list(numbers)
        rows = np.flatnonzero(np.isin(self.piece, numbers))
        renamed = np.searchsorted(sorted(numbers), self.piece[rows])
        names = tuple(self.names[number] for number in sorted(numbers))
        return Figures(self.metrics[rows], self.features[rows], renamed, names, self.left_out)


@dataclass(frozen=True)
class Music:
    """A set of pieces: files that are read when they are needed, or scores.

    Attributes:
        name: what it is called in tables.
        files: the files.
        scores: names and scores of pieces that are no files.
    """

    name: str
    files: tuple[Found, ...] = ()
    scores: tuple[tuple[str, Score], ...] = ()

    @classmethod
    def open(cls, path: str | Path, name: str = "", split: str | None = None) -> Music:
        """The music files below a folder, or the one file, or the pieces of a corpus that was prepared before.

        Args:
            path: where it lies.
            name: what it is called; the folder's name if not given.
            split: of a corpus, which of its splits; all if not given.

        Raises:
            FileError: there is no such folder.
            CorpusError: it has no music.
        """
        path = Path(path)
        name = name or path.resolve().name
        if (path / "corpus.json").is_file():
            pieces = Corpus.load(path).pieces
            scores = ((piece.name, decode(piece.grid)) for piece in pieces if split in (None, piece.split))
            return cls(name, scores=tuple(scores))
        listing = find_files(path, SUFFIXES)
        if not listing.files:
            raise CorpusError(
                f"{path}: expected music, found none ({listing.others} other files)",
                hint=f"put files there that end in {', '.join(sorted(SUFFIXES))}",
            )
        return cls(name, listing.files)

    def __len__(self) -> int:
        """The number of pieces."""
        return len(self.files) + len(self.scores)

    def figures(self, bars: int, *, workers: int = 0, progress: Progress | None = None) -> Figures:
        """Measure all pieces.

        Args:
            bars: bars of the passages that they are cut into; 0 to take them whole.
            workers: processes; 0 for as many as there are cores.
            progress: is told how many of how many are done.
        """
        if not self.files:
            return figures_of(self.scores, bars, progress)
        return figures_of_files(self.files, bars, workers=workers, progress=progress)

    def some(self, most: int, seed: int, among: Collection[str] | None = None) -> list[tuple[str, Score]]:
        """Pieces drawn at random, sorted by name, those that cannot be read left out.

        Args:
            most: how many, at most.
            seed: of the dice.
            among: names of those to draw from.
        """
        there: dict[str, Found | Score] = {found.name: found for found in self.files} | dict(self.scores)
        names = sorted(there if among is None else there.keys() & set(among))
        drawn = np.random.default_rng(seed).permutation(len(names))[:most]
        found = []
        for number in sorted(drawn.tolist()):
            piece = there[names[number]]
            with suppress(CredoError):
                found.append((names[number], piece if isinstance(piece, Score) else load(piece.path)))
        return found


def figures_of(scores: Sequence[tuple[str, Score]], bars: int, progress: Progress | None = None) -> Figures:
    """Measure pieces, here and now; see `Music.figures`."""
    rows = []
    for done, (_, score) in enumerate(scores, 1):
        rows.append(_rows(score, bars))
        if progress:
            progress(done, len(scores))
    return _together([name for name, _ in scores], rows)


def figures_of_files(
    files: Sequence[Found], bars: int, *, workers: int = 0, progress: Progress | None = None
) -> Figures:
    """Measure files, each at the risk of one process only; see `Music.figures`."""
    jobs = [{"name": found.name, "path": str(found.path)} for found in files]
    records: dict[str, Any] = {}
    results = run_jobs(FUNCTION, {"bars": bars}, jobs, workers=workers or cores())
    with closing(results):
        for done, (job, record) in enumerate(results, 1):
            records[job["name"]] = record
            if progress:
                progress(done, len(jobs))
    names, rows, left_out = [], [], []
    for name in sorted(records):
        found = _unpack(records[name])
        if isinstance(found, str):
            left_out.append((name, found))
        else:
            names.append(name)
            rows.append(found)
    return _together(names, rows, left_out)


FUNCTION = "credo.evaluation.comparison.pieces:job"


def job(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Measure a file, in a process of its own; see `run_jobs`."""
    try:
        rows = _rows(load(job["path"]), settings["bars"])
    except FileError as error:
        return {"reason": error.reason}
    except CredoError as error:
        return {"reason": error.message}
    except Exception as error:  # one file must never cost the others
        return {"reason": f"{type(error).__name__}: {error}"}
    if not len(rows):
        return {"reason": "no notes"}
    return {"passages": len(rows), "figures": base64.b85encode(rows.astype("<f4").tobytes()).decode()}


def passages(score: Score, bars: int, most: int = MOST_PASSAGES) -> list[Score]:
    """Passages of some whole bars, evenly spread over a piece, none over another.

    Args:
        score: the piece.
        bars: bars of a passage; 0 for the whole piece, which a shorter piece is too.
        most: how many.
    """
    edges = [(start, end) for start, end, metre in score.timeline.bars() if end - start == metre.bar]
    count = len(edges) // bars if bars else 0
    if not count:
        return [score] if any(part.notes for part in score.parts) else []
    chosen = np.unique(np.linspace(0, count - 1, min(most, count)).round().astype(int)) * bars
    found = [_slice(score, edges[first][0], edges[first + bars - 1][1]) for first in chosen]
    return [passage for passage in found if any(part.notes for part in passage.parts)]


def _slice(score: Score, start: Fraction, end: Fraction) -> Score:
    return slice_score(score, start, min(end, score.timeline.length))


def _rows(score: Score, bars: int) -> np.ndarray:
    """The figures and features of a piece's passages, shape (passages, metrics + features)."""
    return np.array(
        [[*measure(passage).values(), *_features(passage)] for passage in passages(score, bars)], np.float32
    ).reshape(-1, len(CATALOGUE) + _EDGES[-1])


def _features(score: Score) -> np.ndarray:
    found = features(score)
    return np.concatenate([found.get(name, np.zeros(size)) for name, size in FEATURES.items()])


def _unpack(record: bytes | str) -> np.ndarray | str:
    """What `job` gave: rows as `_rows` makes them, or why there are none."""
    if isinstance(record, str):
        return record
    found = json.loads(record)
    if "reason" in found:
        return " ".join(str(found["reason"]).split())[:300]
    return np.frombuffer(base64.b85decode(found["figures"]), "<f4").reshape(found["passages"], -1)


def _together(names: list[str], rows: list[np.ndarray], left_out: Sequence[tuple[str, str]] = ()) -> Figures:
    kept = [(name, of) for name, of in zip(names, rows, strict=True) if len(of)]
    silent = [(name, "no notes") for name, of in zip(names, rows, strict=True) if not len(of)]
    table = np.concatenate([of for _, of in kept]) if kept else np.zeros((0, len(CATALOGUE) + _EDGES[-1]))
    piece = np.repeat(np.arange(len(kept)), [len(of) for _, of in kept])
    return Figures(
        table[:, : len(CATALOGUE)].astype(float),
        table[:, len(CATALOGUE) :].astype(float),
        piece,
        tuple(name for name, _ in kept),
        (*left_out, *silent),
    )
