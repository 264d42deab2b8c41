"""Bounds on what a file may hold, the same for every format."""

from __future__ import annotations

from pathlib import Path

from credo.errors import FormatError
from credo.music.score import Score

MAX_QUARTERS = 100_000
MAX_SECONDS = 24 * 3600
MAX_NOTES = 500_000


def check_length(quarters, path: Path) -> None:
    """Raise where a piece is longer than `MAX_QUARTERS`.

    Raises:
        FormatError: it is.
    """
    if quarters > MAX_QUARTERS:
        raise FormatError(path, f"expected at most {MAX_QUARTERS} quarters of music, got more")


def check_note_count(count: int, path: Path) -> None:
    """Raise where a piece has more than `MAX_NOTES` notes.

    Raises:
        FormatError: it has.
    """
    if count > MAX_NOTES:
        raise FormatError(path, f"expected at most {MAX_NOTES} notes, got more")


def check_score(score: Score, path: Path) -> Score:
    """A score that has been read, if it has notes and a sane length.

    Raises:
        FormatError: it holds no notes or lasts longer than a day.
    """
    if not any(part.notes for part in score.parts):
        raise FormatError(path, "holds no notes")
    check_length(score.timeline.length, path)
    if score.duration_seconds > MAX_SECONDS:
        raise FormatError(path, f"expected at most 24 hours of music, got {score.duration_seconds / 3600:.0f}")
    return score
