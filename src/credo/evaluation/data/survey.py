"""A folder surveyed: what each of its files is, and which are recommended.

Every file has one fate, so that the numbers of files by fate add up to the number of files. Nothing depends on the
order in which a folder lists its files, nor on the number of processes.
"""

from __future__ import annotations

import csv
import io
import json
import os
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from credo import __version__
from credo.corpora.reading.clean import Content, duplicates
from credo.corpora.reading.files import Found, Listing, find_files
from credo.corpora.reading.pool import run_jobs
from credo.corpora.reading.prepare import LOST, UNREADABLE, left_out
from credo.errors import UsageError
from credo.evaluation.data.checks import CHECKS, LEAST_SCORE, LEAST_SHARE, Check, accusations, score
from credo.evaluation.data.likeness import Sketch, alike
from credo.evaluation.data.look import FUNCTION
from credo.io.cores import cores
from credo.io.files import SUFFIXES, sniff

FORMAT_VERSION = 1
Fate = Literal["recommended", "low score", "exact duplicate", "near duplicate", "broken", "not music"]
FATES: tuple[Fate, ...] = ("recommended", "low score", "exact duplicate", "near duplicate", "broken", "not music")

#: Told after each file: how many are done, how many there are, and the file's name.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Looked:
    """A file and what became of it.

    Attributes:
        name: its path below the folder, with forward slashes.
        kind: what its suffix promises, empty if it is not music.
        fate: one of `FATES`.
        why: in words, why it is not recommended; empty if it is.
        score: 0..100; None if it is not music.
        failed: names of the checks that it fails.
        of: of a duplicate, the file of its group that was looked at first in order of preference.
        share: of a duplicate, how much (0..1) of the smaller piece the larger has.
        figures: what was measured, by name; None where it could not be.
        facts: what the distributions are made of.
        remarks: of the reader.
        path: where it lies.
    """

    name: str
    kind: str
    fate: Fate
    why: str = ""
    score: int | None = None
    failed: tuple[str, ...] = ()
    of: str = ""
    share: float | None = None
    figures: dict[str, float | None] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()
    path: Path = Path()


@dataclass(frozen=True, slots=True)
class Survey:
    """What a folder holds.

    Attributes:
        folder: the folder, as it was given.
        files: all files, by name.
        passed_by: files without a music suffix in linked folders, which are counted and not listed.
        least_score: the score from which on files are recommended.
    """

    folder: str
    files: tuple[Looked, ...]
    passed_by: int = 0
    least_score: int = LEAST_SCORE

    @property
    def total(self) -> int:
        """How many files there are, hidden ones aside."""
        return len(self.files) + self.passed_by

    @property
    def fates(self) -> dict[Fate, int]:
        """How many files met each fate, in the order of `FATES`; they add up to `total`."""
        counts = Counter(file.fate for file in self.files)
        counts["not music"] += self.passed_by
        return {fate: counts[fate] for fate in FATES}

    @property
    def music(self) -> tuple[Looked, ...]:
        """The files that could be read, by name."""
        return tuple(file for file in self.files if file.figures)

    @property
    def recommended(self) -> tuple[Looked, ...]:
        """The files to train on, by name."""
        return tuple(file for file in self.files if file.fate == "recommended")

    @property
    def failed(self) -> dict[str, int]:
        """How many files fail each check, in the order of `CHECKS`."""
        counts = Counter(name for file in self.files for name in file.failed)
        return {check.name: counts[check.name] for check in CHECKS}

    @property
    def groups(self) -> dict[str, list[Looked]]:
        """The duplicates, by the file that is recommended in their stead."""
        found: dict[str, list[Looked]] = {}
        for file in self.files:
            if file.of:
                found.setdefault(file.of, []).append(file)
        return dict(sorted(found.items()))

    def to_json(self) -> str:
        """All there is to know, for machines."""
        files = []
        for file in self.files:
            entry = asdict(file)
            del entry["path"]
            files.append(entry)
        return _dump(
            {
                "format": FORMAT_VERSION,
                "credo": __version__,
                "folder": self.folder,
                "total": self.total,
                "fates": self.fates,
                "passed_by": self.passed_by,
                "least_score": self.least_score,
                "least_share": LEAST_SHARE,
                "checks": [asdict(check) for check in CHECKS],
                "failed": self.failed,
                "files": files,
            }
        )

    def to_csv(self) -> str:
        """A line a file: name, fate, score, checks failed, figures."""
        figures = list(dict.fromkeys(check.figure for check in CHECKS))
        written = io.StringIO(newline="")
        writer = csv.writer(written)
        writer.writerow(["name", "kind", "fate", "score", "failed", "of", "share", "why", *figures])
        for file in self.files:
            known = ["" if file.figures.get(name) is None else f"{file.figures[name]:g}" for name in figures]
            score, share = ("" if value is None else f"{value:g}" for value in (file.score, file.share))
            head = [file.name, file.kind, file.fate, score, " ".join(file.failed), file.of, share, file.why]
            writer.writerow([*head, *known])
        return _writable(written.getvalue())

    def selection(self) -> tuple[bytes, list[str]]:
        """The recommended files as a list of paths, one a line, and the names that no line can hold."""
        lines, impossible = [], []
        for file in self.recommended:
            path = os.fsencode(file.path)
            if b"\n" in path or b"\r" in path:
                impossible.append(file.name)
            else:
                lines.append(path + b"\n")
        return b"".join(lines), impossible


def survey(
    folder: str | Path,
    *,
    workers: int | None = None,
    timeout_seconds: float = 60.0,
    memory_bytes: int = 2 << 30,
    least_score: int = LEAST_SCORE,
    progress: Progress | None = None,
) -> Survey:
    """Look at all files of a folder and its subfolders, hidden ones aside.

    Args:
        folder: the folder, or one file.
        workers: processes that read; by default one a core.
        timeout_seconds: a file that takes longer to read is broken.
        memory_bytes: so is a file that takes more memory.
        least_score: files below it are not recommended, 0..100.
        progress: told after each file.

    Raises:
        FileError: the folder is not there.
        UsageError: it holds no files, or an argument is out of bounds.
    """
    if workers is not None and workers < 1:
        raise UsageError(f"workers: expected at least 1, got {workers}")
    if not timeout_seconds > 0:
        raise UsageError(f"timeout: expected more than 0 seconds, got {timeout_seconds:g}")
    if not 0 <= least_score <= 100:
        raise UsageError(f"least score: expected 0 to 100, got {least_score}")
    listing = _all_files(Path(folder))
    if not listing.files and not listing.unreadable and not listing.others:
        raise UsageError(f"{folder}: expected files, found none", hint="hidden files are passed by")
    music = [found for found in listing.files if found.path.suffix.lower() in SUFFIXES]
    others = [found for found in listing.files if found.path.suffix.lower() not in SUFFIXES]
    records = _records(music, workers or cores(), timeout_seconds, memory_bytes, progress)
    fates = _fates(records, least_score)
    looked = [_looked(found, records[found.name], fates.get(found.name)) for found in music]
    looked += [Looked(found.name, "", "not music", _no_music(found.path), path=found.path) for found in others]
    looked += [Looked(name, "", "broken", reason, score=0) for name, reason in listing.unreadable]
    looked.sort(key=lambda file: file.name)
    return Survey(str(folder), tuple(looked), listing.others, least_score)


def _all_files(folder: Path) -> Listing:
    """All files, whatever their suffix; those in linked folders whose suffix is seen nowhere else are only counted."""
    suffixes = {Path(name).suffix for _, _, names in os.walk(folder) for name in names}
    return find_files(folder, {*suffixes, *SUFFIXES, ""})


def _records(
    music: Sequence[Found], workers: int, timeout_seconds: float, memory_bytes: int, progress: Progress | None
) -> dict[str, dict[str, Any]]:
    """What `look` says of each file, by name."""
    jobs = [{"name": found.name, "path": str(found.path)} for found in music]
    records: dict[str, dict[str, Any]] = {}
    results = run_jobs(FUNCTION, {}, jobs, workers=workers, timeout_seconds=timeout_seconds, memory_bytes=memory_bytes)
    for job, line in results:
        records[job["name"]] = json.loads(line) if isinstance(line, bytes) else left_out(LOST, line)
        if progress:
            progress(len(records), len(jobs), job["name"])
    return records


def _fates(records: dict[str, dict[str, Any]], least_score: int) -> dict[str, tuple[Fate, str, str, float | None]]:
    """For each file that was read and is not recommended: its fate, why, the file of its group that is kept, share.

    Duplicates are sought among all; of each group the first in order of preference stands for the group: the best
    score, then the most music, then the name.
    """
    scores = {name: score(record["figures"]) for name, record in records.items() if "figures" in record}
    preferred = sorted(scores, key=lambda name: (-scores[name], -records[name]["turns"], name))
    fates: dict[str, tuple[Fate, str, str, float | None]] = {}
    contents = ((name, Content(records[name]["shape"], records[name]["lowest"])) for name in preferred)
    for double in duplicates(contents):
        fate: Fate = "near duplicate" if double.semitones else "exact duplicate"
        fates[double.name] = (fate, double.reason, double.of, 1.0)
    sketches = {
        name: Sketch.from_text(records[name]["sketch"], records[name]["turns"])
        for name in preferred
        if name not in fates
    }
    for entry in alike(sketches, LEAST_SHARE):
        much = f"{100 * entry.share:.0f} % of it is in" if entry.part else f"{100 * entry.share:.0f} % the same as"
        fates[entry.name] = ("near duplicate", f"{much} {entry.of}", entry.of, round(entry.share, 3))
    for name, (fate, why, of, share) in fates.items():  # what an exact duplicate repeats may be near to a third
        if of in fates:
            fates[name] = (fate, why, fates[of][2], share)
    for name, points in scores.items():
        if name not in fates and points < least_score:
            fates[name] = ("low score", _sum(accusations(records[name]["figures"])), "", None)
    return fates


def _sum(failed: Iterable[Check]) -> str:
    return ", ".join(f"{check.name} -{check.points}" for check in failed if check.points)


def _looked(found: Found, record: dict[str, Any], fate: tuple[Fate, str, str, float | None] | None) -> Looked:
    kind = SUFFIXES[found.path.suffix.lower()]
    if "reason" in record:
        why = record["detail"] if record["reason"] == UNREADABLE else f"{record['reason']}: {record['detail']}"
        return Looked(found.name, kind, "broken", why, score=0, path=found.path)
    became, why, of, share = fate or ("recommended", "", "", None)
    figures = record["figures"]
    failed = tuple(check.name for check in accusations(figures))
    rest = {"figures": figures, "facts": record["facts"], "remarks": tuple(record["remarks"]), "path": found.path}
    return Looked(found.name, kind, became, why, score(figures), failed, of, share, **rest)


def _no_music(path: Path) -> str:
    """What a file is that is not called a music file."""
    why = f"not called {', '.join(SUFFIXES)}"
    try:
        if path.is_file():
            with path.open("rb") as file:
                kind = sniff(file.read(4096))
            if kind == "MIDI":
                return f"{why}, though it is MIDI: rename it"
    except OSError:
        pass
    return why


def _dump(data: dict[str, Any]) -> str:
    return _writable(json.dumps(data, ensure_ascii=False, indent=1)) + "\n"


def _writable(text: str) -> str:
    """The text with what UTF-8 cannot hold written as escapes."""
    return text.encode("utf-8", "backslashreplace").decode()
