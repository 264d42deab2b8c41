"""A composition on disk: notes, score, sound, pictures, and what is needed to make it again."""

from __future__ import annotations

import itertools
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from credo.errors import FileError, MissingExtraError, UsageError
from credo.io.files import save

if TYPE_CHECKING:  # it loads a tensor library, which asking for a format that does not exist should not
    from credo.compose.generate import Composition


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


def _notation(piece: Composition, path: Path) -> None:
    save(piece.written, path)


def _sound(piece: Composition, path: Path) -> None:
    from credo.rendering.sound.audio import save_audio

    save_audio(piece.score, path)


def _roll(piece: Composition, path: Path) -> None:
    from credo.rendering.plots import piano_roll

    piano_roll(piece.score, path, kept_quarters=piece.kept_quarters or None)


def _engraving(piece: Composition, path: Path) -> None:
    from credo.rendering.notation import engrave

    engrave(piece.written, path)


#: What can be written: name to (ending of the file's name, writer).
FORMATS: dict[str, tuple[str, Callable[[Composition, Path], None]]] = {
    "midi": (".mid", _midi),
    "musicxml": (".musicxml", _notation),
    "sound": (".wav", _sound),
    "roll": ("-roll.png", _roll),
    "score": ("-score.png", _engraving),
}


def file_stem(piece: Composition) -> str:
    """A name by which one finds the piece again, such as `chorale-g-minor-16-bars-seed-7`."""
    settings, request = piece.settings, piece.settings["request"]
    words = [settings["title"]]
    if not settings["inputs"]:
        words = [settings["model"] or "piece", settings["key"] or "", f"{request['bars']} bars"]
    if settings["task"]["name"] == "form":
        words.append(settings["task"]["options"]["pattern"].replace("'", "v"))
    if "rank" in settings:  # so that names sort from conventional to surprising
        rank, count = settings["rank"]
        words.append(f"{rank:0{len(str(count))}} of {count}")
    words.append(f"seed {request['seed']}")
    return re.sub(r"[^\w#.]+|\.(?!\d)", "-", " ".join(filter(None, words)).lower()).replace("#", "-sharp").strip("-")


def deliver(
    piece: Composition, folder: str | Path, *, formats: Sequence[str] | None = None, stem: str | None = None
) -> Delivery:
    """Write a composition, all of it or nothing.

    Args:
        piece: the composition.
        folder: where to; it is made if it is not there.
        formats: names from `FORMATS`; None for all for which the libraries are installed. The JSON is always written.
        stem: name of the files without their endings, which may replace older ones; None for `file_stem`, with a
            number after it where another composition has that name.

    Raises:
        UsageError: a format is unknown.
        MissingExtraError: a format that was asked for by name needs a library that is not installed.
        FileError: something cannot be written; then nothing is left behind.
    """
    unknown = sorted(set(formats or ()) - set(FORMATS))
    if unknown:
        raise UsageError(f"formats: expected some of {', '.join(FORMATS)}, got {', '.join(unknown)}")
    folder = Path(folder)
    new_folders = [path for path in (folder, *folder.parents) if not path.exists()]
    placed: list[Path] = []
    staging = None
    try:
        folder.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".credo-", dir=folder))
        settings = _seen_from(folder, piece.settings)
        stem = stem or _free_stem(folder, file_stem(piece), settings)
        missing = _write_all(piece, staging, stem, formats)
        names = sorted(path.name for path in staging.iterdir())
        record = json.dumps({**settings, "files": names}, indent=2, ensure_ascii=False) + "\n"
        (staging / f"{stem}.json").write_text(record, "utf-8")
        names.append(f"{stem}.json")
        for name in names:
            if (folder / name).is_dir():
                raise FileError(folder / name, "expected a file to write, found a folder")
        for name in names:
            if not (folder / name).exists():
                placed.append(folder / name)
            os.replace(staging / name, folder / name)
    except BaseException as error:
        for path in placed:
            path.unlink(missing_ok=True)
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
        for path in new_folders:
            with suppress(OSError):
                path.rmdir()
        if isinstance(error, FileError):
            raise FileError(folder, error.reason, hint=error.hint) from error
        if isinstance(error, OSError):
            raise FileError(folder, f"cannot be written to: {(error.strerror or str(error)).lower()}") from error
        raise
    staging.rmdir()
    return Delivery(tuple(folder / name for name in names), missing)


def _write_all(piece: Composition, folder: Path, stem: str, formats: Sequence[str] | None) -> tuple[str, ...]:
    """Write the formats; returns a line for each that was left out."""
    missing = []
    for name in FORMATS if formats is None else formats:
        ending, write = FORMATS[name]
        try:
            write(piece, folder / f"{stem}{ending}")
        except MissingExtraError as error:
            if formats is not None:
                raise
            missing.append(f"{name}: {error}")
    return tuple(missing)


def _seen_from(folder: Path, settings: dict[str, Any]) -> dict[str, Any]:
    """The settings with paths as seen from the folder of the JSON, so that both can be moved together."""
    model = settings["model_folder"]
    return {
        **settings,
        "model_folder": model and _relative(model, folder),
        "inputs": [{**given, "file": _relative(given["file"], folder)} for given in settings["inputs"]],
    }


def _relative(path: str, folder: Path) -> str:
    try:
        return Path(os.path.relpath(path, folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return path


def _free_stem(folder: Path, stem: str, settings: dict[str, Any]) -> str:
    """The stem, or the first one with a number after it that no other composition has."""
    for candidate in itertools.chain([stem], (f"{stem}-{number}" for number in itertools.count(2))):
        path = folder / f"{candidate}.json"
        if not path.exists():
            return candidate
        with suppress(OSError, ValueError, AttributeError):
            there = json.loads(path.read_text("utf-8"))
            there.pop("files", None)
            if there == json.loads(json.dumps(settings)):
                return candidate
    raise AssertionError
