"""Instruments for the page: single notes of the soundfont, rendered once and kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import platformdirs

from credo.errors import CredoError
from credo.io.atomic import write_bytes
from credo.rendering.sound.sprites import DRUMS, places_of, sprite, version_of
from credo.web.faults import Fault
from credo.web.limits import Turns


class Instruments:
    """Sound files of instruments, see `credo.rendering.sound.sprites`.

    Args:
        folder: where they are kept; None for the user's cache folder.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder or platformdirs.user_cache_path("credo") / "samples"
        self.turns = Turns(1, 24)

    def version(self, name: str) -> str:
        """What changes when the sound of an instrument does.

        Raises:
            Fault: 404, there is no such program.
            MissingExtraError, FileError: nothing can be played here.
        """
        return version_of(program_of(name))

    def sound(self, name: str) -> bytes:
        """The notes of an instrument, as FLAC. Takes about a second the first time.

        Raises:
            Fault: 404, there is no such program; 503, too many wait.
            MissingExtraError, FileError: nothing can be played here.
        """
        program = program_of(name)
        path = self.folder / f"{version_of(program)}.flac"
        try:
            return path.read_bytes()
        except OSError:
            pass
        with self.turns.turn():
            if path.is_file():
                return path.read_bytes()
            data = sprite(program)
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                write_bytes(path, data)
            except (OSError, CredoError):
                pass  # rendered anew the next time
            return data

    def places(self, name: str) -> dict[str, Any]:
        """Where the notes are in the file, JSON-able.

        Raises:
            Fault: 404, there is no such program.
            MissingExtraError, FileError: nothing can be played here.
        """
        program = program_of(name)
        return {
            "program": name,
            "version": self.version(name),
            "notes": [
                {"pitch": place.pitch, "start": place.start, "seconds": place.seconds, "loop": place.loop}
                for place in places_of(program)
            ],
        }


def program_of(name: str) -> int:
    """The program of a name in an address: a number, or `drums`.

    Raises:
        Fault: 404, there is none.
    """
    if name == "drums":
        return DRUMS
    if not name.isdecimal() or not name.isascii() or int(name) >= DRUMS:
        raise Fault(404, "program", f"expected a program of 0 to 127, or drums, got {name!r:.20}")
    return int(name)
