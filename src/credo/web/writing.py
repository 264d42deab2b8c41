"""Pieces as files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from credo.errors import UsageError
from credo.io import midi, musicxml
from credo.music.general_midi import programs_of
from credo.music.grid import Grid, decode
from credo.music.score import Score
from credo.rendering.notation import engrave_as_one

#: Media types of the formats.
TYPES = {
    "midi": "audio/midi",
    "musicxml": "application/vnd.recordare.musicxml+xml",
    "wav": "audio/wav",
    "ogg": "audio/ogg",
    "flac": "audio/flac",
    "png": "image/png",
    "svg": "image/svg+xml",
}
ENDINGS = {"midi": "mid"}
#: Bars that are engraved at most; all pages come as one picture.
MOST_ENGRAVED = 200


def written(grid: Grid, form: str, programs: Mapping[str, int] | None = None) -> bytes:
    """A piece as a file.

    Args:
        grid: the piece.
        form: one of `TYPES`.
        programs: General MIDI, from 0, by voice; others have those of the texture.

    Raises:
        UsageError: it is too long for this, or there is no such voice, or it is a drum kit.
        MissingExtraError: a library is not installed.
    """
    score = _played_by(decode(grid), grid, programs or {})
    if form == "midi":
        return midi.to_midi(score)
    if form == "musicxml":
        return musicxml.to_musicxml(score).encode()
    if form in ("png", "svg"):
        return _engraved(score, form, sum(1 for _ in score.timeline.bars()))
    from credo.rendering.sound.audio import synthesise
    from credo.rendering.sound.encode import encode_sound

    return encode_sound(*synthesise(score), f".{form}")


def _played_by(score: Score, grid: Grid, programs: Mapping[str, int]) -> Score:
    """The score with other instruments."""
    chosen = programs_of(grid.texture, {voice: str(program) for voice, program in programs.items()})
    return replace(
        score, parts=tuple(replace(part, program=chosen.get(part.name, part.program)) for part in score.parts)
    )


def file_name(title: str, form: str) -> str:
    """A name for a file of a piece, of plain letters."""
    stem = re.sub(r"[^A-Za-z0-9]+", "-", title).strip("-").lower()[:60] or "piece"
    return f"{stem}.{ENDINGS.get(form, form)}"


def _engraved(score: Score, form: str, bars: int) -> bytes:
    if bars > MOST_ENGRAVED:
        raise UsageError(
            f"printed music: expected at most {MOST_ENGRAVED} bars, got {bars}", hint="export MusicXML instead"
        )
    return engrave_as_one(score, f".{form}")
