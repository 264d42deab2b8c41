"""From files to a corpus: every file in a folder, none lost in silence.

Each file is read in a child process and its outcome written to a journal at once, so that a run that is killed goes
on where it stopped. The corpus is then put together from the journal in the order of names, so that the result depends
neither on the number of processes nor on how often the run was interrupted.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import closing, suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from credo import __version__
from credo.corpora.corpus import FORMAT_VERSION, INDEX_NAME, Card, Corpus, Piece
from credo.corpora.reading.clean import duplicates
from credo.corpora.reading.files import Found, Listing, find_files
from credo.corpora.reading.journal import Journal
from credo.corpora.reading.pool import run_jobs
from credo.corpora.reading.prepare import FUNCTION, LOST, UNREADABLE, Rules, content_of_record, left_out, piece_of
from credo.corpora.reading.splits import content_splits, folder_split
from credo.corpora.reading.styles import StyleFrom, style_rule
from credo.corpora.report import LeftOut, Report
from credo.errors import CorpusError, MissingExtraError, UsageError
from credo.io.cores import cores
from credo.io.files import SOUND_SUFFIXES, SUFFIXES, can_hear
from credo.music.texture import Texture

JOURNAL_NAME = "unfinished.jsonl"
DUPLICATE = "duplicate"

#: A recording may take longer to read than `Plan.timeout_seconds`: at least so long.
HEARING_SECONDS = 900.0

#: Told after each file: how many are done, how many there are, and the file's name.
Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Plan:
    """How files become a corpus.

    Attributes:
        texture: the voices and the step.
        card: name, licence and so on.
        rules: what a file must be to become a piece.
        split: the split of a piece by its name, None for those that are to be split by their content. If not given,
            folders called train, valid and test say it, provided that all files lie in such folders.
        style: the style of a piece by its name; None for what `style_from` says.
        style_from: `folder` names, `composer`s, `none`, or `auto`: folders if there are several, else composers.
        keep_duplicates: whether to keep music that occurs twice.
        timeout_seconds: a file that takes longer to read is left out.
        memory_bytes: a file that takes more memory to read is left out.
    """

    texture: Texture
    card: Card
    rules: Rules = field(default_factory=Rules)
    split: Callable[[str], str | None] | None = None
    style: Callable[[str], str] | None = None
    style_from: StyleFrom = "auto"
    keep_duplicates: bool = False
    timeout_seconds: float = 60.0
    memory_bytes: int = 2 << 30


def ingest(
    paths: str | Path | Iterable[str | Path],
    texture: Texture,
    out: str | Path | None = None,
    *,
    card: Card | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    split: Callable[[str], str | None] | None = None,
    rules: Rules | None = None,
) -> Corpus:
    """Make a corpus of all MIDI, MusicXML and ABC files in a folder, and of recordings where the extra is installed.

    A run that was stopped goes on where it was when it is started again with the same arguments.

    Args:
        paths: a folder, a file, or several of them.
        texture: the voices and the step.
        out: folder to write the corpus and its report to; nothing is written if None.
        card: name, licence, citation and origin; by default the folder's name.
        workers: processes that read; by default one a core.
        progress: told after each file.
        split: the split of a piece by its name; None (for all, or for one) splits by content: the same music always
            falls on the same split.
        rules: what a file must be to become a piece.

    Raises:
        FileError: one of the paths is not there, or `out` cannot be written.
        CorpusError: no file is usable, or `out` holds something else.
    """
    given = [Path(paths)] if isinstance(paths, str | Path) else [Path(path) for path in paths]
    name = (given[0].resolve().stem if given else "") or "corpus"
    plan = Plan(texture, card or Card(name, origin=name), rules or Rules(), split)
    return ingest_with_report(given, plan, out, workers=workers, progress=progress)[0]


def ingest_with_report(
    paths: Sequence[Path],
    plan: Plan,
    out: str | Path | None = None,
    *,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[Corpus, Report]:
    """As `ingest`, and say what became of each file."""
    if workers is not None and workers < 1:
        raise UsageError(f"workers: expected at least 1, got {workers}")
    folder = None if out is None else output_folder(Path(out))
    listing = find_files(paths, (*SUFFIXES, *SOUND_SUFFIXES), skip=folder)
    recordings = [found for found in listing.files if found.path.suffix.lower() in SOUND_SUFFIXES]
    unheard = 0 if can_hear() else len(recordings)
    if unheard:
        listing = replace(listing, files=tuple(found for found in listing.files if found not in recordings))
        if not listing.files:
            raise MissingExtraError(f"Reading the {unheard} recordings of this folder", "transcribe")
    elif recordings:
        plan = replace(plan, timeout_seconds=max(plan.timeout_seconds, HEARING_SECONDS))
    if not listing.files:
        raise CorpusError(
            f"corpus: found no files that end in {', '.join(SUFFIXES)} in {', '.join(map(str, paths))}"
            + (f", only {listing.others} of other kinds" if listing.others else ""),
            hint="name a folder with MIDI, MusicXML or ABC files",
        )
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
    settings = {"texture": plan.texture.to_dict(), "rules": asdict(plan.rules)}
    limits = [plan.timeout_seconds, plan.memory_bytes]
    header = {"format": FORMAT_VERSION, "credo": __version__, "limits": limits, **settings}
    journal = Journal(folder / JOURNAL_NAME if folder else None, header)
    try:
        _read(listing, plan, settings, journal, workers or cores(), progress)
        corpus, report = _put_together(listing, plan, journal)
        report = replace(report, unheard=unheard)
    except BaseException as error:
        journal.close(remove=isinstance(error, CorpusError))
        if folder is not None:
            with suppress(OSError):
                folder.rmdir()  # if nothing else is in it
        raise
    if folder is not None:
        report.save(folder)
        corpus.save(folder)
    journal.close(remove=True)
    return corpus, report


def output_folder(folder: Path, unfinished: Collection[str] = (JOURNAL_NAME,)) -> Path:
    """The folder to write to, if it is new, empty, or an earlier run's.

    Args:
        folder: where to write to.
        unfinished: what a run that was stopped has left.

    Raises:
        CorpusError: it is a file, or holds other files.
    """
    if folder.is_file():
        raise CorpusError(f"{folder}: expected a folder to write to, found a file", hint="choose another --out")
    if folder.is_dir():
        names = {path.name for path in folder.iterdir()}
        if names and not names & {INDEX_NAME, *unfinished}:
            raise CorpusError(
                f"{folder}: expected a new folder or an earlier corpus to write to, found other files",
                hint="choose another --out",
            )
    return folder


def _read(
    listing: Listing, plan: Plan, settings: dict[str, Any], journal: Journal, workers: int, progress: Progress | None
) -> None:
    """Read the files that the journal does not have yet."""
    waiting = [found for found in listing.files if not journal.has(found.name, list(found.stamp))]
    done, total = len(listing.files) - len(waiting), len(listing.files)
    jobs = [_job(found) for found in waiting]
    if progress:
        progress(done, total, "")
    results = run_jobs(
        FUNCTION,
        settings,
        jobs,
        workers=workers,
        timeout_seconds=plan.timeout_seconds,
        memory_bytes=plan.memory_bytes,
    )
    with closing(results):
        for job, record in results:
            journal.add(record if isinstance(record, bytes) else _dump({**job, **left_out(LOST, record)}))
            done += 1
            if progress:
                progress(done, total, job["name"])


def _job(found: Found) -> dict[str, Any]:
    return {"name": found.name, "path": str(found.path), "stamp": list(found.stamp)}


def _dump(record: dict[str, Any]) -> bytes:
    return json.dumps(record, sort_keys=True).encode()


def _put_together(listing: Listing, plan: Plan, journal: Journal) -> tuple[Corpus, Report]:
    """The corpus of all records in the journal, duplicates dropped and pieces split."""
    pieces: dict[str, Piece] = {}
    contents = {}
    rejected = [LeftOut(name, UNREADABLE, reason) for name, reason in listing.unreadable]
    split_of = plan.split or _split_by_folders(listing)
    for found in listing.files:
        record = journal.record(found.name)
        if "reason" in record:
            rejected.append(LeftOut(found.name, record["reason"], record["detail"]))
        else:
            pieces[found.name] = replace(piece_of(record, plan.texture), split=split_of(found.name) or "")
            contents[found.name] = content_of_record(record)
    if not plan.keep_duplicates:
        preferred = sorted(contents, key=lambda name: (pieces[name].split == "unused", name))
        for duplicate in duplicates((name, contents[name]) for name in preferred):
            del pieces[duplicate.name]
            rejected.append(LeftOut(duplicate.name, DUPLICATE, duplicate.reason))
    rejected.sort(key=lambda entry: entry.name)
    if not pieces:
        raise CorpusError(_nothing_usable(rejected), hint="try another texture, or other files")
    by_content = content_splits({name: contents[name].shape for name, piece in pieces.items() if not piece.split})
    named = plan.style
    style_of = (lambda piece: named(piece.name)) if named else style_rule(plan.style_from, pieces)
    kept = tuple(
        replace(piece, split=piece.split or by_content[name], style=style_of(piece))
        for name, piece in sorted(pieces.items())
    )
    rules = {**asdict(plan.rules), "parts": list(plan.rules.parts)}
    options = {"texture": plan.texture.name, "steps_per_quarter": plan.texture.steps_per_quarter, **rules}
    card = replace(plan.card, options={**plan.card.options, **options, "keep_duplicates": plan.keep_duplicates})
    corpus = Corpus(plan.texture, kept, card)
    return corpus, Report.of(corpus, len(listing.files), tuple(rejected), listing.others)


def _split_by_folders(listing: Listing) -> Callable[[str], str | None]:
    if all(folder_split(found.name) for found in listing.files):
        return folder_split
    return lambda name: None


def _nothing_usable(rejected: Sequence[LeftOut]) -> str:
    counts = Counter(entry.reason for entry in rejected)
    listed = ", ".join(f"{count} {reason}" for reason, count in counts.most_common(4))
    commonest = counts.most_common(1)[0][0]
    first = next(entry for entry in rejected if entry.reason == commonest)
    return f"corpus: none of {len(rejected)} files is usable: {listed}; such as {first.name}: {first.detail}"
