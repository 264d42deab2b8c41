"""Music that a user gives, brought onto a model's voices."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

from credo.errors import UsageError
from credo.io.books import content, stem_of
from credo.io.files import load
from credo.music.fitting.omissions import Omission
from credo.music.grid import Cells, Grid
from credo.music.keys import written_or_estimated_key
from credo.music.score import KeyChange, Part, Score
from credo.music.texture import Texture, Voice
from credo.music.transform import Fitted, fit


@dataclass(frozen=True, slots=True)
class Given:
    """A piece of the user's.

    Attributes:
        grid: the piece on the model's texture, with a key.
        source: path of the file; empty for music that comes from no file.
        sha256: of the file's bytes.
        lenient: whether notes that have no place on the texture were left out.
        voices: the voices that its parts were given to, in order; empty where they were found by name and register.
        remarks: what was changed on the way, a line each.
    """

    grid: Grid
    source: str = ""
    sha256: str = ""
    lenient: bool = False
    voices: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    @classmethod
    def read(cls, path: str | Path, texture: Texture, *, voices: Sequence[str] = (), lenient: bool = False) -> Given:
        """Read a piece from a file.

        Args:
            path: MIDI, MusicXML or ABC.
            texture: of the model that will work on it.
            voices: the voices of its parts, in order; none to find them by name and register. Parts that are given a
                voice move by octaves if they do not fit it otherwise, which a remark tells.
            lenient: whether to go on without the notes that have no place on the texture.

        Raises:
            FileError: the file cannot be read.
            UsageError: notes have no place on the texture, or the voices do not suit the parts.
        """
        given = cls.of(load(path), texture, voices=voices, lenient=lenient)
        return replace(given, source=str(Path(path).resolve()), sha256=checksum(path))

    @classmethod
    def of(cls, score: Score, texture: Texture, *, voices: Sequence[str] = (), lenient: bool = False) -> Given:
        """A given piece from a score; see `read`."""
        fitted, remarks = _to_voices(score, texture, voices) if voices else (fit(score, texture), [])
        lost = [omission for omission in fitted.omissions if omission.notes]
        if not lenient:
            refuse_losses("file", lost, texture, hint="transpose it, or leave such notes out with --lenient")
        remarks += [f"left out: {omission}" for omission in lost]
        return cls(with_key(fitted.grid, score), "", "", lenient, tuple(voices), tuple(remarks))

    @property
    def name(self) -> str:
        """What to call it: the file's name without its ending, or the title."""
        return stem_of(Path(self.source)) if self.source else self.grid.title or "piece"

    def to_dict(self) -> dict[str, Any]:
        """What is written beside a composition."""
        return {
            "file": self.source,
            "sha256": self.sha256,
            "lenient": self.lenient,
            "voices": list(self.voices),
        }


def voices_that_sound(grid: Grid) -> list[str]:
    """The names of the voices that have notes."""
    pairs = zip(grid.texture.voices, grid.voices, strict=True)
    return [voice.name for voice, cells in pairs if cells.attack.any()]


def with_key(grid: Grid, score: Score) -> Grid:
    """The grid with the key that its score's notes tell, if none is written."""
    if grid.timeline.keys:
        return grid
    key = KeyChange(Fraction(0), written_or_estimated_key(score))
    return replace(grid, timeline=replace(grid.timeline, keys=(key,)))


def refuse_losses(what: str, lost: Sequence[Omission], texture: Texture, *, hint: str) -> None:
    """Refuse music that would lose notes.

    Raises:
        UsageError: some are lost.
    """
    if lost:
        ranges = ", ".join(f"{voice.name} {voice.low}..{voice.high}" for voice in texture.voices)
        raise UsageError(
            f"{what}: expected notes that fit the texture {texture.name} ({ranges}), got {lost[0]}"
            + (f" and {len(lost) - 1} more like it" if len(lost) > 1 else ""),
            hint=hint,
        )


def checksum(path: str | Path) -> str:
    """SHA-256 of a file, or of a tune in a book, in hexadecimal.

    Raises:
        FileError: the file cannot be read.
    """
    return hashlib.sha256(content(Path(path))).hexdigest()


def _to_voices(score: Score, texture: Texture, names: Sequence[str]) -> tuple[Fitted, list[str]]:
    """Each part on the voice that is named for it, moved by octaves where it has to be."""
    parts = [part for part in score.parts if part.notes]
    voices = [texture.voice(name) for name in names]
    if len(parts) != len(voices) or len(set(names)) != len(names):
        raise UsageError(f"voices: expected a voice for each of the {len(parts)} parts, got {', '.join(names)}")
    remarks, grids, omissions = [], {}, []
    for part, voice in zip(parts, voices, strict=True):
        octaves = _octaves(part, voice)
        if octaves:
            count, way = abs(octaves), "up" if octaves > 0 else "down"
            remarks.append(f"{voice.name}: moved {way} by {count} octave{'s' * (count > 1)} to fit the voice")
            part = replace(part, notes=tuple(replace(note, pitch=note.pitch + 12 * octaves) for note in part.notes))
        alone = fit(replace(score, parts=(part,)), Texture(texture.name, (voice,), texture.steps_per_quarter))
        omissions += alone.omissions
        grids[voice.name] = alone
    some = next(iter(grids.values()))
    cells = [
        grids[voice.name].grid.voices[0] if voice.name in grids else Cells.silent(voice, some.grid.steps)
        for voice in texture.voices
    ]
    return replace(
        some, grid=replace(some.grid, texture=texture, voices=tuple(cells)), omissions=tuple(omissions)
    ), remarks


def _octaves(part: Part, voice: Voice) -> int:
    """By how many octaves a part has to move to fit a voice; 0 if it fits, or does not fit in any octave."""
    if voice.kind == "drums" or part.is_drums:
        return 0
    low, high = min(note.pitch for note in part.notes), max(note.pitch for note in part.notes)
    fitting = [
        octaves for octaves in range(-10, 11) if voice.low <= low + 12 * octaves and high + 12 * octaves <= voice.high
    ]
    return min(fitting, key=abs, default=0)
