"""Parts put together: one corpus, whatever the number of parts, in no more memory for more files.

Records come from all parts at once in the order of names. On a first pass the first name of each content is noted, in a
SQLite file beside the output; on a second each piece whose name was noted is written, all others become lines of the
report. Splits are drawn by content and styles are told by names, so that neither depends on the shares.
"""

from __future__ import annotations

import heapq
import json
import os
import re
import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, closing, suppress
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from credo.corpora.corpus import INDEX_NAME, Card, Corpus
from credo.corpora.ingest import DUPLICATE, Progress, output_folder
from credo.corpora.reading.clean import Duplicate
from credo.corpora.reading.splits import content_splits, drawn_split, folder_split
from credo.corpora.reading.styles import StyleFrom, style_by_name
from credo.corpora.report import LeftOut, Omitted, Report
from credo.corpora.shards.part import FinishedPart, Record
from credo.corpora.shards.share import Share
from credo.corpora.statistics import statistics
from credo.corpora.stored import NAMES, STORED_VERSION, StoredWriter
from credo.errors import CorpusError, FileError
from credo.io.files import SOUND_SUFFIXES

LEFT_OUT_NAME = "left-out.jsonl"
SCRATCH_NAME = ".merging"
#: The report lists so many files left out, and so many pieces that lost notes; the files beside it have all.
MOST_LISTED = 1000
#: With fewer pieces than this a split may stay empty by chance, and the nearest piece is taken.
_MANY = 10_000
_TOLD_EVERY = 1000
_PART = re.compile(r"part-(\d+)-of-(\d+)\.sqlite")

Item = TypeVar("Item")


@dataclass
class _Found:
    """What is counted on the way."""

    files: int = 0
    foldered: bool = True
    reasons: Counter[str] = field(default_factory=Counter)
    left_out: list[LeftOut] = field(default_factory=list)
    omitted: list[Omitted] = field(default_factory=list)
    pieces_omitted: int = 0
    heard: int = 0


def merge_parts(
    parts: str | Path,
    out: str | Path,
    *,
    name: str | None = None,
    licence: str = "not stated",
    style_from: StyleFrom = "auto",
    progress: Progress | None = None,
) -> tuple[Corpus, Report]:
    """Put the parts of a folder together: music that occurs twice, be it in another key, is kept once.

    The same files come out whatever the number of parts. It may be stopped at any moment and started again.

    Args:
        parts: the folder that the shards wrote to; it must hold all of them, finished.
        out: folder to write the corpus and its report to.
        name: of the corpus; by default the source's.
        licence: of the files.
        style_from: what tells the style of a piece.
        progress: told from time to time how many records of how many have gone through which stage.

    Returns:
        The corpus, whose pieces stay on disk, and its report.

    Raises:
        CorpusError: a part is missing, unfinished or of another run; no file is usable; or `out` holds something else.
        FileError: `out` cannot be written.
    """
    folder = output_folder(Path(out), {SCRATCH_NAME})
    with ExitStack() as stack:
        read = [stack.enter_context(closing(FinishedPart(path))) for path in _parts(Path(parts))]
        header = _common_header(read)
        scratch = folder / SCRATCH_NAME
        try:
            shutil.rmtree(scratch, ignore_errors=True)
            scratch.mkdir(parents=True)
            stack.callback(_tidy, scratch)
            kept = stack.enter_context(closing(sqlite3.connect(scratch / "kept.sqlite", isolation_level=None)))
            told = _Told(sum(part.report["files"] + part.report["unlisted"] for part in read), progress)
            found = _note_kept(read, kept, told)
            options = _options(header)
            card = Card(name or Path(header["source"]).stem, licence=licence, origin=header["source"], options=options)
            index = _write(read, kept, found, scratch, style_from, told)
            index = {"format_version": STORED_VERSION, "card": asdict(card), "texture": header["texture"], **index}
            for old in (INDEX_NAME, "grids.npz"):  # from here on, what was there before is no corpus any more
                (folder / old).unlink(missing_ok=True)
            for file in (*NAMES, LEFT_OUT_NAME):
                os.replace(scratch / file, folder / file)
            text = json.dumps(index, ensure_ascii=False, indent=1) + "\n"
            (scratch / INDEX_NAME).write_text(text, "utf-8")
            os.replace(scratch / INDEX_NAME, folder / INDEX_NAME)
            corpus = Corpus.load(folder)
            report = _report(corpus, read, found, progress)
            report.save(folder)
        except (OSError, sqlite3.Error) as error:
            if isinstance(error, FileError):
                raise
            if isinstance(error, sqlite3.DatabaseError) and "malformed" in str(error):
                raise CorpusError(f"{parts}: a part is damaged: {error}", hint="run its shard again") from error
            raise FileError(folder, f"cannot be written: {getattr(error, 'strerror', None) or error}") from error
    return corpus, report


@dataclass(frozen=True)
class _Told:
    """Tells how far a merge has come, at every so many records only, for there are millions."""

    total: int
    progress: Progress | None

    def tell(self, stage: str, done: int) -> None:
        if self.progress and (done % _TOLD_EVERY == 0 or done == self.total):
            self.progress(done, self.total, stage)

    def through(self, stage: str, items: Iterable[Item]) -> Iterator[Item]:
        """The same items."""
        for done, item in enumerate(items, 1):
            yield item
            self.tell(stage, done)


def _tidy(scratch: Path) -> None:
    """Remove the scratch folder, and the one it is in if nothing else is there."""
    shutil.rmtree(scratch, ignore_errors=True)
    with suppress(OSError):
        scratch.parent.rmdir()


def _parts(folder: Path) -> list[Path]:
    """All parts of a run."""
    found = {path: _PART.fullmatch(path.name) for path in sorted(folder.glob("part-*.sqlite"))}
    shares = {path: Share(int(match[1]), int(match[2])) for path, match in found.items() if match}
    if not shares:
        raise CorpusError(
            f"{folder}: expected parts to put together, found none",
            hint="write them with 'credo corpus SOURCE --shard 0/N --out FOLDER'",
        )
    numbers = {share.of for share in shares.values()}
    if len(numbers) > 1:
        raise CorpusError(
            f"{folder}: expected the parts of one run, found some of {' and of '.join(map(str, sorted(numbers)))}",
            hint="keep each run's parts in a folder of their own",
        )
    of = numbers.pop()
    missing = sorted(set(range(of)) - {share.number for share in shares.values()})
    if missing:
        listed = ", ".join(f"{number}/{of}" for number in missing[:8]) + (", ..." if len(missing) > 8 else "")
        raise CorpusError(f"{folder}: expected {of} parts, found {len(shares)}", hint=f"run --shard {listed}")
    return list(shares)


def _common_header(parts: list[FinishedPart]) -> dict[str, Any]:
    headers = [{key: value for key, value in part.header.items() if key != "share"} for part in parts]
    for part, header in zip(parts, headers, strict=True):
        if header != headers[0]:
            differing = ", ".join(key for key in header if header[key] != headers[0].get(key))
            raise CorpusError(
                f"{part.path}: expected the same run as {parts[0].path.name}, found another {differing}",
                hint="read all shards with the same options and the same Credo",
            )
    return headers[0]


def _options(header: dict[str, Any]) -> dict[str, Any]:
    texture = header["texture"]
    own = {"texture": texture["name"], "steps_per_quarter": texture["steps_per_quarter"]}
    return {**own, **header["rules"], "keep_duplicates": False}


def _by_name(parts: list[FinishedPart]) -> Iterator[tuple[Record, FinishedPart]]:
    """All records and where they are from, in the order of names."""
    return heapq.merge(*map(_with, parts), key=lambda item: item[0].name)


def _with(part: FinishedPart) -> Iterator[tuple[Record, FinishedPart]]:
    return ((record, part) for record in part.records())


def _note_kept(parts: list[FinishedPart], kept: sqlite3.Connection, told: _Told) -> _Found:
    """Note the first name of each content."""
    kept.executescript(
        "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF; PRAGMA cache_size=-32000;"
        "CREATE TABLE kept (shape TEXT PRIMARY KEY, name TEXT, lowest INTEGER) WITHOUT ROWID; BEGIN;"
    )
    found = _Found()
    for record, _ in told.through("Finding duplicates", _by_name(parts)):
        found.foldered = found.foldered and folder_split(record.name) is not None
        if record.reason is None:
            row = record.shape, record.name, record.lowest
            kept.execute("INSERT OR IGNORE INTO kept VALUES (?, ?, ?)", row)
    kept.execute("COMMIT")
    return found


def _write(
    parts: list[FinishedPart],
    kept: sqlite3.Connection,
    found: _Found,
    folder: Path,
    style_from: StyleFrom,
    told: _Told,
) -> dict[str, Any]:
    """Write the pieces that are kept, and a line for each file that is not."""
    few = _few_splits(kept)

    def names() -> Iterator[str]:
        return (name for (name,) in kept.execute("SELECT name FROM kept"))

    style_of = style_by_name(style_from, names)
    writer = StoredWriter(folder)
    with (folder / LEFT_OUT_NAME).open("w", encoding="utf-8") as lines:
        for record, part in told.through("Writing", _by_name(parts)):
            entry = _left_out(record, kept)
            if entry:
                found.reasons[entry.reason] += 1
                lines.write(json.dumps(asdict(entry), ensure_ascii=False) + "\n")
                found.left_out += [entry][: MOST_LISTED - len(found.left_out)]
                continue
            piece, grids = part.piece(record.name)
            piece["split"] = (
                folder_split(record.name) if found.foldered else few.get(record.name) or drawn_split(record.shape or "")
            )
            piece["style"] = style_of(record.name, piece["composer"])
            writer.add(piece, grids)
            _count(piece, found)
    files = writer.close()
    if not writer.count:
        told = ", ".join(f"{count} {reason}" for reason, count in found.reasons.most_common(4))
        raise CorpusError(
            f"corpus: none of {sum(found.reasons.values())} files is usable: {told or 'there are none'}",
            hint="try another texture, or other files",
        )
    return {"pieces": writer.count, "files": files}


def _few_splits(kept: sqlite3.Connection) -> dict[str, str]:
    """The split of each piece, if there are so few that one may stay empty; else none."""
    if kept.execute("SELECT count(*) FROM kept").fetchone()[0] >= _MANY:
        return {}
    return content_splits(dict(kept.execute("SELECT name, shape FROM kept").fetchall()))


def _left_out(record: Record, kept: sqlite3.Connection) -> LeftOut | None:
    """Why a file is no piece; None if it is one."""
    if record.reason is not None:
        return LeftOut(record.name, record.reason, record.detail or "")
    name, lowest = kept.execute("SELECT name, lowest FROM kept WHERE shape = ?", (record.shape,)).fetchone()
    if name == record.name:
        return None
    return LeftOut(record.name, DUPLICATE, Duplicate(record.name, name, (record.lowest or 0) - lowest).reason)


def _count(piece: dict[str, Any], found: _Found) -> None:
    source = piece["source"]
    found.heard += piece["name"].lower().endswith(SOUND_SUFFIXES)
    if source["omitted"]:
        found.pieces_omitted += 1
        lost = Omitted(piece["name"], source["omitted"], source["notes"], tuple(source["remarks"]))
        found.omitted += [lost][: MOST_LISTED - len(found.omitted)]


def _report(corpus: Corpus, parts: list[FinishedPart], found: _Found, progress: Progress | None) -> Report:
    """One report of all parts."""
    told = _Told(len(corpus), progress)
    total = Counter()
    for part in parts:
        total.update({key: part.report[key] for key in ("files", "others", "unheard")})
    return Report(
        corpus.card,
        total["files"],
        total["others"],
        tuple(found.left_out),
        tuple(found.omitted),
        statistics(corpus, partial(told.tell, "Counting")),
        found.heard,
        total["unheard"],
        counts={"left_out": dict(found.reasons.most_common()), "omitted": found.pieces_omitted},
    )
