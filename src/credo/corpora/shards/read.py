"""One share of the files read into one part, whatever the number of files in no more memory."""

from __future__ import annotations

import json
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import asdict, replace
from pathlib import Path, PurePosixPath
from typing import Any

from credo import __version__
from credo.corpora.ingest import HEARING_SECONDS, Plan, Progress
from credo.corpora.reading.pool import UnfetchedError, run_jobs
from credo.corpora.reading.prepare import FUNCTION, LOST, UNREADABLE, left_out
from credo.corpora.shards.part import Part, told
from credo.corpora.shards.places import UNFETCHED, Place, Sighting, place_of
from credo.corpora.shards.share import Share
from credo.corpora.stored import STORED_VERSION
from credo.errors import CorpusError, FileError, UsageError
from credo.io.atomic import write_bytes
from credo.io.cores import cores
from credo.io.files import SOUND_SUFFIXES, SUFFIXES, can_hear

#: Records are written down so many at a time, or after so many seconds: what a kill can cost.
CHUNK = 256
SECONDS = 2.0


def read_share(
    source: str,
    plan: Plan,
    share: Share,
    out: str | Path,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Read one share of the files of a folder or of object storage into a part.

    A run that was stopped goes on where it was when it is started again; one that was finished reads only files that
    are new, that changed, or that could not be fetched.

    Args:
        source: a folder, or a URL that fsspec knows.
        plan: the texture, the rules and the limits; its card, split and style are for `merge` to say.
        share: which share.
        out: folder of the parts, common to all shares.
        workers: processes that read; by default one a core.
        progress: told after each file.

    Returns:
        The part's report: `files`, `pieces`, `reasons` (files left out by reason), `others` (files of other kinds),
        `unheard` (recordings that were not looked at) and more.

    Raises:
        FileError: the source is not there, or `out` cannot be written.
        CorpusError: the part there is of another run.
        MissingExtraError: the source is a URL, and the extra `storage` is not installed.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"workers: expected at least 1, got {workers}")
    folder = Path(out)
    place = place_of(str(source), folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(folder, f"cannot be made: {error.strerror or error}") from error
    settings = {"texture": plan.texture.to_dict(), "rules": {**asdict(plan.rules), "parts": list(plan.rules.parts)}}
    header = {
        **{"format": STORED_VERSION, "credo": __version__, "share": [share.number, share.of], "source": place.name},
        **{"limits": [plan.timeout_seconds, plan.memory_bytes], **settings},
    }
    path = folder / share.file_name
    try:
        with closing(Part(path, header)) as part:
            report = _fill(place, share, part, plan, settings, workers or cores(), progress)
    except sqlite3.Error as error:
        raise told(path, error) from error
    text = json.dumps(report, ensure_ascii=False, indent=1) + "\n"
    write_bytes(path.with_suffix(".json"), text.encode())
    return report


def _fill(
    place: Place,
    share: Share,
    part: Part,
    plan: Plan,
    settings: dict[str, Any],
    workers: int,
    progress: Progress | None,
) -> dict[str, Any]:
    """List the files, read those that are new, and give the report."""
    began = time.monotonic(), _seconds()
    counts = {"others": 0, "unheard": 0, "recordings": 0, "unlisted": 0}
    part.list(_seen(place, share, part, counts))
    if counts["recordings"]:
        plan = replace(plan, timeout_seconds=max(plan.timeout_seconds, HEARING_SECONDS))
    done, total = part.counts()
    read = total - done
    _read(place, part, plan, settings, workers, (done, total), progress)
    reasons = part.reasons()
    wall, spent = time.monotonic() - began[0], _seconds() - began[1]
    report = {
        **{"share": f"{share.number}/{share.of}", "source": place.name, "files": total - counts["unlisted"]},
        **{"pieces": total - sum(reasons.values()), "reasons": reasons, **counts, "read_now": read},
        **{"seconds": round(wall, 1), "cpu_seconds": round(spent, 1), "peak_megabytes": _peak_megabytes()},
    }
    part.finish(report)
    return report


def _seen(place: Place, share: Share, part: Part, counts: dict[str, int]) -> Iterator[Sighting]:
    """The files of a share; what cannot be looked at is a record at once."""
    hear = can_hear()

    def wanted(name: str) -> bool:
        if not share.holds(name):
            return False
        suffix = PurePosixPath(name).suffix.lower()
        sound = suffix in SOUND_SUFFIXES
        if not sound and suffix not in SUFFIXES:
            counts["others"] += 1
        elif sound:
            counts["recordings" if hear else "unheard"] += 1
        return suffix in SUFFIXES or (sound and hear)

    for sighting in place.files(wanted):
        if sighting.trouble and not share.holds(sighting.name):
            continue  # a folder that cannot be read is one share's to tell
        if sighting.trouble:
            counts["unlisted"] += 1
            part.note({"name": sighting.name, "stamp": "", **left_out(UNREADABLE, sighting.trouble)})
        yield sighting


def _read(
    place: Place,
    part: Part,
    plan: Plan,
    settings: dict[str, Any],
    workers: int,
    counted: tuple[int, int],
    progress: Progress | None,
) -> None:
    """Read the files that the part does not have yet."""
    done, total = counted
    if progress:
        progress(done, total, "")
    if done == total:
        return
    results = run_jobs(
        FUNCTION,
        settings,
        part.waiting(),
        workers=min(workers, total - done),
        timeout_seconds=plan.timeout_seconds,
        memory_bytes=plan.memory_bytes,
        at_hand=place.at_hand,
    )
    chunk: list[dict[str, Any]] = []
    written = time.monotonic()
    try:
        with closing(results):
            for job, record in results:
                if isinstance(record, bytes):
                    chunk.append(json.loads(record))
                elif isinstance(record, UnfetchedError):
                    chunk.append({**job, **left_out(UNFETCHED, str(record))})
                else:
                    chunk.append({**job, **left_out(LOST, record)})
                if len(chunk) >= CHUNK or time.monotonic() - written > SECONDS:
                    part.add(chunk)
                    chunk, written = [], time.monotonic()
                done += 1
                if progress:
                    progress(done, total, job["name"])
    finally:
        part.add(chunk)
    left = total - part.counts()[0] - part.reasons().get(UNFETCHED, 0)
    if left:
        raise CorpusError(f"{part.path}: {left} files were not read", hint="run the shard again")


def _seconds() -> float:
    """CPU time of this process and of those of its children that have ended."""
    try:
        import resource
    except ImportError:  # Windows
        return time.process_time()
    usages = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in usages)


def _peak_megabytes() -> float | None:
    """The most memory that this process has had."""
    try:
        import resource
    except ImportError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(peak / (1 << 20 if sys.platform == "darwin" else 1 << 10), 1)
