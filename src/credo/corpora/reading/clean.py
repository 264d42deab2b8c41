"""Duplicates: the same music under another name, or in another key."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from credo.music.grid import REST, Grid


@dataclass(frozen=True)
class Content:
    """What a piece is, whatever it is called and however fast it is played.

    Attributes:
        shape: hash of its rhythms and intervals in all voices; equal for a piece and its transpositions.
        lowest: its lowest pitch, -1 if it has none (drums).
    """

    shape: str
    lowest: int


@dataclass(frozen=True)
class Duplicate:
    """A piece that another one already holds.

    Attributes:
        name: the piece.
        of: the piece that is kept.
        semitones: how much higher `name` is than `of`; 0 for the very same notes.
    """

    name: str
    of: str
    semitones: int

    @property
    def reason(self) -> str:
        """Why it is left out, in a few words."""
        if self.semitones == 0:
            return f"the same music as {self.of}"
        direction = "up" if self.semitones > 0 else "down"
        return f"the same music as {self.of}, {abs(self.semitones)} semitones {direction}"


def content_of(grid: Grid) -> Content:
    """What a grid's notes are, silence at its ends, loudness, tempo, metre and names aside."""
    found = [_places(voice.kind, cells.sounding) for voice, cells in zip(grid.texture.voices, grid.voices, strict=True)]
    pitched = [
        pitches + (voice.low if voice.kind == "poly" else 0)
        for voice, (_, pitches) in zip(grid.texture.voices, found, strict=True)
        if voice.kind != "drums"
    ]
    lowest = min((int(pitches.min()) for pitches in pitched if len(pitches)), default=-1)
    first = min((int(steps.min()) for steps, _ in found if len(steps)), default=0)
    digest = hashlib.sha256(f"{grid.texture.steps_per_quarter}".encode())
    for voice, cells, (steps, pitches) in zip(grid.texture.voices, grid.voices, found, strict=True):
        base = 0 if voice.kind == "drums" else lowest - (voice.low if voice.kind == "poly" else 0)
        attack = cells.attack[cells.sounding != REST] if voice.kind == "mono" else cells.attack[cells.sounding]
        digest.update(f"|{voice.name}|{len(steps)}|".encode())
        for array, kind in ((steps - first, "<i4"), (pitches - base, "<i2"), (attack, "u1")):
            digest.update(array.astype(kind).tobytes())
    return Content(digest.hexdigest()[:20], lowest)


def _places(kind: str, sounding: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Steps and pitches (or indices of keys and instruments) of all that sounds; each shape (n,), int."""
    if kind == "mono":
        steps = np.flatnonzero(sounding != REST)
        return steps, sounding[steps].astype(int)
    return np.nonzero(sounding)


def duplicates(contents: Iterable[tuple[str, Content]]) -> list[Duplicate]:
    """The pieces that repeat an earlier one, note for note or transposed.

    Args:
        contents: names and contents in order of preference; the first of a kind is kept.
    """
    kept: dict[str, tuple[str, int]] = {}
    found = []
    for name, content in contents:
        original, lowest = kept.setdefault(content.shape, (name, content.lowest))
        if original != name:
            found.append(Duplicate(name, original, content.lowest - lowest))
    return found
