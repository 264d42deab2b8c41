"""A file made an entry, in a process of its own (see `credo.corpora.reading.pool`)."""

from __future__ import annotations

import hashlib
from fractions import Fraction
from pathlib import Path
from typing import Any

from credo.conditioning.measure import measure
from credo.corpora.reading.prepare import BROKEN, TOO_LARGE, UNREADABLE, left_out
from credo.errors import CredoError, FileError, UsageError
from credo.io import books, midi
from credo.io.files import load_with_remarks
from credo.library.entry import Entry, Facts
from credo.library.features import Notes, features, melody_line, prints
from credo.music.passage import slice_score
from credo.music.score import Score

FUNCTION = "credo.library.reading:read"
#: Notes of an incipit, and bars and notes of a preview.
INCIPIT_NOTES, PREVIEW_BARS, PREVIEW_NOTES = 16, 4, 200


def read(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Read a file.

    Args:
        job: `path`, `name` and `sha256`.
        settings: nothing counts yet.

    Returns:
        `entry`, or `reason` and `detail`.
    """
    del settings
    path = Path(job["path"])
    try:
        score, remarks = load_with_remarks(path, isolated=True)
        return {"entry": entry_of(score, job["sha256"], name=books.stem_of(path), remarks=remarks).to_dict()}
    except FileError as error:
        return left_out(UNREADABLE, error.reason)
    except CredoError as error:
        return left_out(UNREADABLE, error.message)
    except (MemoryError, RecursionError) as error:
        return left_out(TOO_LARGE, type(error).__name__)
    except Exception as error:  # one file must never cost the others
        return left_out(BROKEN, f"{type(error).__name__}: {error}")


def entry_of(score: Score, sha256: str = "", *, name: str = "", remarks: list[str] | None = None) -> Entry:
    """What a library keeps of a score.

    Args:
        score: any score with notes.
        sha256: of its file.
        name: what it is called if it has no title.
        remarks: on its file.

    Raises:
        UsageError: the score has no notes.
    """
    if not any(part.notes for part in score.parts):
        raise UsageError(f"{name or 'piece'}: expected notes, found none")
    attributes = measure(score)
    notes = Notes.of(score, attributes.key.tonic if attributes.key else 0)
    parts = sum(bool(part.notes) for part in score.parts)
    line = melody_line(notes.pitched)[:INCIPIT_NOTES].tolist()
    return Entry(
        sha256=sha256,
        title=" ".join(score.title.split())[:200] or name,
        composer=" ".join(score.composer.split())[:200],
        attributes=attributes,
        facts=Facts(len(notes.bars), len(notes), parts, round(score.duration_seconds, 2)),
        features=features(notes),
        prints=prints(notes),
        incipit=tuple((round(onset, 3), round(end - onset, 3), int(pitch)) for onset, end, pitch in line),
        preview=preview(score),
        remarks=tuple(remarks or ()),
    )


def preview(score: Score) -> bytes:
    """A MIDI file of the bars in which a piece begins, from its first note on."""
    first = min(note.onset for part in score.parts for note in part.notes)
    bars = [(start, end) for start, end, _ in score.timeline.bars() if end > first][:PREVIEW_BARS]
    start, end = bars[0][0], bars[-1][1]
    early = sorted(note.onset for part in score.parts for note in part.notes if note.onset < end)
    if len(early) > PREVIEW_NOTES:
        end = max(early[PREVIEW_NOTES], start + Fraction(1, 16))
    try:
        return midi.to_midi(slice_score(score, start, min(end, score.timeline.length)))
    except UsageError:  # a file cannot hold it, such as a score of more parts than MIDI has channels
        return b""


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's content, hexadecimal; also of a tune in a book (see `credo.io.books`).

    Raises:
        OSError: it cannot be read.
    """
    if not path.is_file() and books.is_there(path):
        return hashlib.sha256(books.content(path)).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
