"""Pieces to compare, from files, folders, prepared corpora and saved indexes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from credo.corpora.corpus import INDEX_NAME, SPLITS, Corpus
from credo.corpora.reading.files import find_files
from credo.corpora.reading.pool import run_jobs
from credo.errors import CorpusError, CredoError, FileError, UsageError
from credo.evaluation.originality.baseline import measure_baseline
from credo.evaluation.originality.index import Index, Progress
from credo.evaluation.originality.notes import Music
from credo.io.books import is_there, names_of
from credo.io.files import SUFFIXES, load

_ARRAYS = ("onset", "end", "pitch", "part", "drums", "bars")


def read_piece(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Read a file in a process of its own; takes and gives JSON-able records, as `pool` wants it.

    Args:
        job: `name` and `path`.
        settings: nothing so far.
    """
    try:
        music = Music.of(load(job["path"]))
    except CredoError as error:
        return {**job, "reason": error.reason if isinstance(error, FileError) else error.message}
    except Exception as error:  # one file must never cost the others
        return {**job, "reason": f"{type(error).__name__}: {error}"}
    arrays = {name: getattr(music, name).tolist() for name in _ARRAYS}
    return {**job, "music": {**arrays, "upbeat": music.upbeat, "parts": list(music.parts), "moved": music.moved}}


def read_folder(
    folder: str | Path, *, workers: int = 2, progress: Progress | None = None
) -> tuple[list[tuple[str, Music]], list[str]]:
    """All files of music in a folder and its subfolders, or one file; all tunes of a book.

    Returns:
        Pieces by name, and a line for each file that could not be read.

    Raises:
        FileError: there is no such folder; or it is one file and cannot be read.
        CorpusError: there is no file of music that can be read.
    """
    folder = Path(folder)
    if is_there(folder) and not names_of(folder):
        return [(folder.name, Music.of(load(folder)))], []
    listing = find_files(folder, SUFFIXES)
    jobs = [{"name": found.name, "path": str(found.path)} for found in listing.files]
    pieces: dict[str, Music] = {}
    lines = [f"{name}: {reason}" for name, reason in listing.unreadable]
    work = run_jobs("credo.evaluation.originality.reading:read_piece", {}, jobs, workers=workers)
    for done, (job, answer) in enumerate(work, 1):
        record = json.loads(answer) if isinstance(answer, bytes) else {"reason": answer}
        if "music" in record:
            pieces[job["name"]] = _music_of(record["music"])
        else:
            lines.append(f"{job['name']}: {record['reason']}")
        if progress:
            progress(done, len(jobs), "Reading")
    if not pieces:
        raise CorpusError(
            f"{folder}: expected files of music ({', '.join(SUFFIXES)}) that can be read, found none",
            hint=lines[0] if lines else "name a folder with MIDI, MusicXML or ABC files",
        )
    return sorted(pieces.items()), sorted(lines)


def pieces_of(corpus: Corpus, split: str) -> Iterator[tuple[str, Music]]:
    """The pieces of a split of a prepared corpus, or of all splits for "all"."""
    for piece in corpus.pieces if split == "all" else corpus.in_split(split):
        yield piece.name, Music.of(piece.grid)


def read_pieces(
    source: str | Path, *, workers: int = 2, progress: Progress | None = None
) -> tuple[list[tuple[str, Music]], list[str]]:
    """The pieces to examine: as `read_folder`, or the split valid of a prepared corpus.

    Raises:
        CredoError: there are none, or they cannot be read.
    """
    if (Path(source) / INDEX_NAME).is_file():
        pieces = list(pieces_of(Corpus.load(source), "valid"))
        if not pieces:
            raise CorpusError(f"{source}: expected pieces in the split valid, got none")
        return pieces, []
    return read_folder(source, workers=workers, progress=progress)


def open_index(
    source: str | Path,
    *,
    split: str = "train",
    workers: int = 2,
    own: bool = True,
    progress: Progress | None = None,
) -> tuple[Index, list[str]]:
    """The index of a corpus, with its baseline.

    Args:
        source: a folder of files, a corpus that was prepared, or an index that was saved.
        split: of a prepared corpus: train, valid, test, unused, or all.
        workers: processes that read files.
        own: whether to measure the baseline, which takes longest.
        progress: told (done, total, what).

    Returns:
        The index, and a line for each file that could not be read.

    Raises:
        CredoError: there is none, or it cannot be read.
    """
    source = Path(source)
    if source.suffix == ".npz" and source.is_file():
        return Index.load(source), []
    tell = (lambda done, total, _: progress(done, total, "Indexing")) if progress else None
    lines: list[str] = []
    if (source / INDEX_NAME).is_file():
        if split not in (*SPLITS, "all"):
            raise UsageError(f"split: expected one of {', '.join(SPLITS)}, all, got {split!r}")
        corpus = Corpus.load(source)
        count = len(corpus) if split == "all" else len(corpus.in_split(split))
        if not count:
            sizes = ", ".join(f"{size} {name}" for name, size in corpus.split_sizes().items())
            raise CorpusError(f"{source}: expected pieces in {split!r}, got {sizes or 'none'}")
        index = Index.of(pieces_of(corpus, split), progress=tell, total=count)
    else:
        if source.is_file():
            raise UsageError(f"against: expected a folder, a corpus or an index (.npz), got the file {source}")
        pieces, lines = read_folder(source, workers=workers, progress=progress)
        index = Index.of(pieces, progress=tell, total=len(pieces))
    if not own:
        return index, lines
    measure = (lambda done, total, _: progress(done, total, "Comparing with itself")) if progress else None
    measure_baseline(index, progress=measure)
    return index, lines


def _music_of(record: dict[str, Any]) -> Music:
    arrays = [np.array(record[name], np.int64) for name in _ARRAYS]
    arrays[4] = arrays[4].astype(bool)
    arrays[5] = arrays[5].reshape(-1, 4)
    return Music(*arrays, record["upbeat"], tuple(record["parts"]), record["moved"])
