"""A composition on disk: notes, score, sound, pictures, and what is needed to make it again."""

from __future__ import annotations

import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from credo.compose.generate import Composition
from credo.errors import FileError, MissingExtraError, UsageError
from credo.io.files import save


@dataclass(frozen=True, slots=True)
class Delivery:
    """What was written.

    Attributes:
        files: the files, in the order of `FORMATS`.
        missing: for each format that was left out, the line that tells how to get it.
    """

    files: tuple[Path, ...]
    missing: tuple[str, ...]


def _midi(piece: Composition, path: Path) -> None:
    save(piece.score, path)


def _sound(piece: Composition, path: Path) -> None:
    from credo.rendering.audio import save_audio

    save_audio(piece.score, path)


def _roll(piece: Composition, path: Path) -> None:
    from credo.rendering.plots import piano_roll

    piano_roll(piece.score, path, kept_quarters=piece.kept_quarters or None)


def _engraving(piece: Composition, path: Path) -> None:
    from credo.rendering.notation import engrave

    engrave(piece.score, path)


#: What can be written: name to (ending of the file's name, writer).
FORMATS: dict[str, tuple[str, Callable[[Composition, Path], None]]] = {
    "midi": (".mid", _midi),
    "musicxml": (".musicxml", _midi),
    "sound": (".wav", _sound),
    "roll": ("-roll.png", _roll),
    "score": ("-score.png", _engraving),
}


def file_stem(piece: Composition) -> str:
    """A name by which one finds the piece again, such as `chorale-g-minor-16-bars-seed-7`."""
    request = piece.settings["request"]
    words = [
        piece.settings["model"] or "piece",
        request["key"] or "",
        f"{request['bars']} bars",
        f"seed {request['seed']}",
    ]
    return re.sub(r"[^\w#]+", "-", " ".join(filter(None, words)).lower()).replace("#", "-sharp").strip("-")


def deliver(
    piece: Composition, folder: str | Path, *, formats: Sequence[str] | None = None, stem: str | None = None
) -> Delivery:
    """Write a composition, all of it or nothing.

    Args:
        piece: the composition.
        folder: where to; it is made if it is not there.
        formats: names from `FORMATS`; None for all for which the libraries are installed. The JSON is always written.
        stem: name of the files without their endings; None for `file_stem`.

    Raises:
        UsageError: a format is unknown.
        MissingExtraError: a format that was asked for by name needs a library that is not installed.
        FileError: something cannot be written; then nothing is left behind.
    """
    unknown = sorted(set(formats or ()) - set(FORMATS))
    if unknown:
        raise UsageError(f"formats: expected some of {', '.join(FORMATS)}, got {', '.join(unknown)}")
    folder, stem = Path(folder), stem or file_stem(piece)
    missing: list[str] = []
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".credo-", dir=folder))
    except OSError as error:
        raise FileError(folder, f"cannot be written to: {error.strerror or error}") from error
    try:
        for name in FORMATS if formats is None else formats:
            ending, write = FORMATS[name]
            try:
                write(piece, staging / f"{stem}{ending}")
            except MissingExtraError as error:
                if formats is not None:
                    raise
                missing.append(f"{name}: {error}")
        names = sorted(path.name for path in staging.iterdir())
        record = {**piece.settings, "files": names}
        (staging / f"{stem}.json").write_text(json.dumps(record, indent=2, ensure_ascii=False) + "\n", "utf-8")
        files = []
        for name in [*names, f"{stem}.json"]:
            os.replace(staging / name, folder / name)
            files.append(folder / name)
    except OSError as error:
        if isinstance(error, FileError):
            raise FileError(folder, error.reason, hint=error.hint) from error
        raise FileError(folder, f"cannot be written to: {error.strerror or error}") from error
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    return Delivery(tuple(files), tuple(missing))
