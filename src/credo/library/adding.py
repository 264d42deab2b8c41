"""Files into a library: read by several processes, kept batch by batch, none lost in silence.

What is in the library already is known by size and time of change, and where these are new, by content; only what is
new is parsed. Whatever stops a run, the batches that were kept stay, and the next run goes on with the rest.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from credo.corpora.reading.files import Found, find_files
from credo.corpora.reading.pool import run_jobs
from credo.corpora.reading.prepare import LOST
from credo.errors import CorpusError, UsageError
from credo.io.cores import cores
from credo.io.files import SOUND_SUFFIXES, SUFFIXES, can_hear
from credo.library.entry import Entry
from credo.library.reading import FUNCTION, sha256_of
from credo.library.store import Seen, Store

#: Files, and seconds, after which what was read is kept.
BATCH, BATCH_SECONDS = 256, 5.0
TIMEOUT_SECONDS, HEARING_SECONDS = 60.0, 900.0

#: Told after each file: how many are done, how many there are, and the file's name.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Added:
    """What became of the files.

    Attributes:
        read: files that were parsed and are pieces now.
        known: files that had not changed.
        same: files whose content is a piece already, under another name or time.
        problems: files that are no pieces: path and reason, as for `unreadable` ones of this and earlier runs.
        others: files of other kinds.
        seconds: how long it took.
    """

    read: int
    known: int
    same: int
    problems: tuple[tuple[str, str], ...]
    others: int
    seconds: float


def add(
    store: Store,
    paths: Sequence[str | Path],
    *,
    workers: int | None = None,
    again: bool = False,
    progress: Progress | None = None,
) -> Added:
    """Add files, and all files in folders, to a library.

    Args:
        store: the library.
        paths: MIDI, MusicXML and ABC files, recordings where they can be heard, and folders.
        workers: processes that read; None for one a core.
        again: whether to try files again that could not be read before and have not changed.
        progress: told after each file.

    Raises:
        FileError: one of the paths is not there.
        CorpusError: there is no file that could be music.
        UsageError: there are fewer than one worker.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"workers: expected at least 1, got {workers}")
    start = time.monotonic()
    listing = find_files([Path(path) for path in paths], (*SUFFIXES, *(SOUND_SUFFIXES if can_hear() else ())))
    if not listing.files and not listing.unreadable:
        raise CorpusError(
            f"library: found no files that end in {', '.join(SUFFIXES)}"
            + (f", only {listing.others} of other kinds" if listing.others else ""),
            hint="name a folder with MIDI, MusicXML or ABC files",
        )
    records = store.seen([_text(found) for found in listing.files])
    waiting = [found for found in listing.files if not _is_known(found, records, again)]
    known = [records[_text(found)] for found in listing.files if _is_known(found, records, again)]
    problems = [(name, reason) for name, reason in listing.unreadable]
    problems += [(each.path, each.problem) for each in known if each.problem]
    counts = {"read": 0, "same": 0}
    total = len(listing.files)
    done = total - len(waiting)
    batch = _Batch(store)
    for first in range(0, len(waiting), 16 * BATCH):  # contents of so many files are looked up at a time
        some = waiting[first : first + 16 * BATCH]
        for seen, entry in _read(store, some, workers or cores()):
            batch.put(seen, entry)
            done += 1
            if seen.problem:
                problems.append((seen.path, seen.problem))
            else:
                counts["read" if entry else "same"] += 1
            if progress:
                progress(done, total, seen.path)
        batch.keep()
    return Added(
        counts["read"],
        sum(not each.problem for each in known),
        counts["same"],
        tuple(sorted(problems)),
        listing.others,
        time.monotonic() - start,
    )


class _Batch:
    """What was read and is not kept yet."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.seen: list[Seen] = []
        self.entries: list[Entry] = []
        self.since = time.monotonic()

    def put(self, seen: Seen, entry: Entry | None) -> None:
        self.seen.append(seen)
        if entry is not None:
            self.entries.append(entry)
        if len(self.seen) >= BATCH or time.monotonic() - self.since > BATCH_SECONDS:
            self.keep()

    def keep(self) -> None:
        if self.seen:
            self.store.add(self.seen, self.entries)
        self.seen, self.entries, self.since = [], [], time.monotonic()


def _read(store: Store, some: Sequence[Found], workers: int) -> Iterator[tuple[Seen, Entry | None]]:
    """Files and what they hold; of contents that are pieces already, or come twice, no entry."""
    first: dict[str, Found] = {}
    later: list[Seen] = []
    for found in some:
        try:
            sha256 = sha256_of(found.path)
        except OSError as error:
            yield _seen(found, "", (error.strerror or str(error)).lower()), None
            continue
        if sha256 in first:
            later.append(_seen(found, sha256))
        else:
            first[sha256] = found
    held = store.numbers(first)
    for sha256 in held:
        yield _seen(first[sha256], sha256), None
    jobs = [
        {"path": str(found.path), "name": found.name, "sha256": sha256}
        for sha256, found in first.items()
        if sha256 not in held
    ]
    recordings = any(found.path.suffix.lower() in SOUND_SUFFIXES for found in some)
    limit = HEARING_SECONDS if recordings else TIMEOUT_SECONDS
    failed: dict[str, str] = {}
    with closing(run_jobs(FUNCTION, {}, jobs, workers=workers, timeout_seconds=limit)) as results:
        for job, answer in results:
            record: dict[str, Any] = (
                json.loads(answer) if isinstance(answer, bytes) else {"reason": LOST, "detail": answer}
            )
            found, sha256 = first[job["sha256"]], job["sha256"]
            if "entry" in record:
                yield _seen(found, sha256), Entry.from_dict(record["entry"])
            else:
                failed[sha256] = f"{record['reason']}: {record['detail']}"
                yield _seen(found, sha256, failed[sha256]), None
    for seen in later:
        yield seen._replace(problem=failed.get(seen.sha256, "")), None


def _seen(found: Found, sha256: str, problem: str = "") -> Seen:
    return Seen(_text(found), found.stamp[0], found.stamp[1], sha256, problem)


def _text(found: Found) -> str:
    """A path as text that UTF-8 can hold."""
    return str(found.path).encode("utf-8", "backslashreplace").decode()


def _is_known(found: Found, records: dict[str, Seen], again: bool) -> bool:
    record = records.get(_text(found))
    if record is None or (again and record.problem):
        return False
    return (record.size, record.changed) == found.stamp
