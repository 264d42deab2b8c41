"""Files of users, read in processes of their own: a file that hangs or takes all memory costs itself alone."""

from __future__ import annotations

import json
import tempfile
from pathlib import Path, PurePath
from typing import Any

from credo.compose.given import Given
from credo.conditioning.moods import mood_named
from credo.conditioning.reading import over, read_words_and_picture
from credo.corpora.reading.pool import run_jobs
from credo.errors import CredoError, FileError, MissingExtraError, UsageError
from credo.io import books
from credo.io.files import SOUND_SUFFIXES, SUFFIXES, can_hear, load_with_remarks
from credo.music.passage import bar_steps, slice_grid
from credo.music.texture import Texture
from credo.web.faults import Fault
from credo.web.messages import MOST_BARS, MOST_NOTES
from credo.web.pieces import in_whole_bars, message_of

#: Seconds and bytes that reading may take: of notes, of recordings, of pictures.
LIMITS = {"notes": (20.0, 1 << 30), "sound": (150.0, 3 << 30), "picture": (20.0, 2 << 30)}
#: Letters of a tune's title that are told.
MOST_OF_TITLE = 100
_PICTURES = (".png", ".jpg", ".jpeg", ".gif", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".avif", ".ico", ".tga", "")


def read_piece(data: bytes, name: str, model: str, texture: Texture, tune: int = 1) -> dict[str, Any]:
    """A file as a piece.

    Args:
        data: its bytes.
        name: what the user calls it; only its ending counts.
        model: the model that the piece is for.
        texture: of the model.
        tune: which tune of an ABC book of several, counted from 1.

    Returns:
        `piece`, `remarks` and `tunes`, as the API answers them.

    Raises:
        Fault: 415, files of such a name are not read; 422, the file is damaged, or nothing is in it; 501, an extra is
            missing.
    """
    ending = PurePath(name.replace("\\", "/")).suffix.lower()
    if ending not in SUFFIXES and ending not in SOUND_SUFFIXES:
        known = " ".join((*SUFFIXES, *SOUND_SUFFIXES))
        raise Fault(415, "media-type", f"expected a file named with one of {known}, got {ending[:20] or 'no ending'}")
    if ending in SOUND_SUFFIXES and not can_hear():
        missing = MissingExtraError("Writing down recordings", "transcribe")
        raise Fault(501, "missing-extra", missing.message, missing.hint)
    kind = "sound" if ending in SOUND_SUFFIXES else "notes"
    settings = {"texture": texture.to_dict(), "model": model, "tune": tune}
    return _in_a_process("piece_of_file", kind, settings, data, ending)


def read_picture(data: bytes, name: str, text: str | None, mood: str | None) -> dict[str, Any]:
    """What a picture, with words and a mood, asks of music.

    Args:
        data: bytes of the picture.
        name: what the user calls it.
        text: words that go with it.
        mood: a mood, which wins.

    Raises:
        Fault: 422, it is no picture, or nothing of the words was understood; 501, an extra is missing.
    """
    ending = PurePath(name.replace("\\", "/")).suffix.lower()
    ending = ending if ending in _PICTURES else ""  # what it is shows in its first bytes
    return _in_a_process("attributes_of_file", "picture", {"text": text, "mood": mood}, data, ending)


def piece_of_file(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """In the child: read a file of music."""
    texture = Texture.from_dict(settings["texture"])
    try:
        path, tunes = _tune_of(Path(job["path"]), settings["tune"])
        score, remarks = load_with_remarks(path, isolated=True)
        given = Given.of(score, texture, lenient=True)
        grid, changed = in_whole_bars(given.grid)
        bars = bar_steps(grid)
        if len(bars) > MOST_BARS:
            changed.append(f"left out: all after bar {MOST_BARS}, of {len(bars)}")
            grid = slice_grid(grid, 0, bars[MOST_BARS - 1][1])
        piece = message_of(grid, settings["model"])
        if not piece["notes"]:
            raise UsageError(
                f"file: expected notes for {', '.join(voice.name for voice in texture.voices)}, got none that fit",
                hint="choose another model",
            )
        if len(piece["notes"]) > MOST_NOTES:
            raise UsageError(f"file: expected at most {MOST_NOTES} notes, got {len(piece['notes'])}")
    except (CredoError, MemoryError) as error:
        return _told(error)
    return {"piece": piece, "remarks": [*remarks, *given.remarks, *changed], "tunes": tunes}


def _tune_of(path: Path, number: int) -> tuple[Path, list[str]]:
    """Where a tune of a file lies, and what all tunes are called if it is a book of several."""
    names = books.names_of(path)
    if number > max(len(names), 1):
        raise UsageError(f"tune: expected one of the {max(len(names), 1)} of the file, got {number}")
    titles = [books.title_of(books.content(path / name))[:MOST_OF_TITLE] for name in names]
    return (path / names[number - 1] if names else path), titles


def attributes_of_file(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """In the child: read a picture."""
    try:
        found = read_words_and_picture(settings["text"] or None, Path(job["path"]))
        if settings["mood"]:
            found = over(mood_named(settings["mood"]), found)
        return reading_of(found)
    except (CredoError, MemoryError) as error:
        return _told(error)


def reading_of(reading: Any) -> dict[str, Any]:
    """A reading of words, pictures or music as the API answers it."""
    reasons = [
        {"attribute": reason.attribute, "value": reason.value, "because": reason.because} for reason in reading.reasons
    ]
    return {"attributes": reading.attributes.to_dict(), "reasons": reasons, "remarks": list(reading.remarks)}


def _told(error: BaseException) -> dict[str, Any]:
    reason = error.reason if isinstance(error, FileError) else getattr(error, "message", "")
    missing = isinstance(error, MissingExtraError)
    return {"refused": reason or "takes too much memory", "hint": getattr(error, "hint", None), "missing": missing}


def _in_a_process(function: str, kind: str, settings: dict[str, Any], data: bytes, ending: str) -> dict[str, Any]:
    if not data:
        raise Fault(422, "file", "expected a file with something in it, got an empty one")
    seconds, memory = LIMITS[kind]
    with tempfile.TemporaryDirectory(prefix="credo-upload-") as folder:
        path = Path(folder) / f"upload{ending}"
        path.write_bytes(data)
        jobs = run_jobs(
            f"credo.web.reading:{function}",
            settings,
            [{"path": str(path)}],
            workers=1,
            timeout_seconds=seconds,
            memory_bytes=memory,
        )
        [(_, record)] = jobs
    if isinstance(record, str):
        raise Fault(422, "file", f"cannot be read: {record}")
    answer = json.loads(record)
    if "refused" in answer:
        code = "missing-extra" if answer["missing"] else "file"
        raise Fault(501 if answer["missing"] else 422, code, answer["refused"], answer["hint"])
    return answer
