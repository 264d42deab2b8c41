"""Pitches, keys and how to spell them.

A pitch is a MIDI note number (60 is middle C). A key is its signature (`fifths`, sharps positive, as MIDI and MusicXML
count them) and its mode. Spelling walks the line of fifths: ... B♭ F C G D ... are positions ... -2 -1 0 1 2 ...
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from credo.errors import UsageError

Mode = Literal["major", "minor"]

MIDDLE_C = 60
LINE_OF_FIFTHS = "FCGDAEB"
_STEP_PITCH_CLASS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTAL = {"": 0, "#": 1, "##": 2, "x": 2, "b": -1, "bb": -2, "♯": 1, "♭": -1, "-": -1, "sharp": 1, "flat": -1}
_KEY_PATTERN = re.compile(
    r"\s*([A-Ga-g])\s*(##|#|bb|b|x|♯|♭|-?sharp|-?flat)?[\s_-]*(major|maj|minor|min|moll|dur|m|M|大调|小调)?\s*",
)


@dataclass(frozen=True, slots=True, order=True)
class Key:
    """A key: its signature and its mode.

    Attributes:
        fifths: sharps (positive) or flats (negative) of the signature, -7..7.
        mode: `"major"` or `"minor"`.
    """

    fifths: int
    mode: Mode = "major"

    def __post_init__(self) -> None:
        if not -7 <= self.fifths <= 7 or self.mode not in ("major", "minor"):
            raise UsageError(f"key: expected -7..7 fifths and major or minor, got {self.fifths} and {self.mode!r}")

    @property
    def tonic(self) -> int:
        """Pitch class of the tonic, 0..11 (C is 0)."""
        return (7 * self.fifths + (9 if self.mode == "minor" else 0)) % 12

    @property
    def name(self) -> str:
        """The key as a musician writes it, such as `"Bb major"`."""
        step, alter = fifths_to_step(self.fifths + (3 if self.mode == "minor" else 0))
        return f"{step}{'#' * alter if alter > 0 else 'b' * -alter} {self.mode}"

    @property
    def scale(self) -> tuple[int, ...]:
        """Pitch classes of the scale from the tonic up (natural minor for minor keys)."""
        steps = (0, 2, 4, 5, 7, 9, 11) if self.mode == "major" else (0, 2, 3, 5, 7, 8, 10)
        return tuple((self.tonic + step) % 12 for step in steps)

    def transpose(self, semitones: int) -> Key:
        """The key `semitones` higher, with the simplest signature."""
        return Key.of_tonic((self.tonic + semitones) % 12, self.mode)

    @classmethod
    def of_tonic(cls, tonic: int, mode: Mode) -> Key:
        """The key on a pitch class, with the simplest signature (six sharps rather than six flats)."""
        major = tonic if mode == "major" else tonic + 3
        fifths = (7 * major) % 12
        return cls(fifths if fifths <= 6 else fifths - 12, mode)

    @classmethod
    def parse(cls, text: str) -> Key:
        """Read a key as people type it: `C`, `Am`, `F# minor`, `Bb major`, `e` (a small letter means minor).

        Raises:
            UsageError: the text is no key, or one with more than seven accidentals.
        """
        match = _KEY_PATTERN.fullmatch(text)
        if not match:
            raise UsageError(
                f"key: expected a tonic and a mode such as 'C major', 'F# minor' or 'Bbm', got {text!r}",
            )
        letter, accidental, word = match.groups()
        if word is None:
            mode: Mode = "minor" if letter.islower() else "major"
        else:
            mode = "minor" if word in ("minor", "min", "moll", "m", "小调") else "major"
        alter = _ACCIDENTAL[(accidental or "").lstrip("-") or ""]
        fifths = LINE_OF_FIFTHS.index(letter.upper()) - 1 + 7 * alter - (3 if mode == "minor" else 0)
        if not -7 <= fifths <= 7:
            raise UsageError(f"key: expected at most seven sharps or flats, got {text!r}")
        return cls(fifths, mode)


def fifths_to_step(position: int) -> tuple[str, int]:
    """The letter and the alteration at a position of the line of fifths (C is 0, G is 1, F is -1)."""
    alter, index = divmod(position + 1, 7)
    return LINE_OF_FIFTHS[index], alter


def spell(pitch: int, key: Key) -> tuple[str, int, int]:
    """Spell a pitch as a musician would in a key.

    Chromatic notes are taken from the twelve positions of the line of fifths around the key: from a minor third
    below the tonic to its augmented fifth (in C major E♭ and B♭, F♯, C♯ and G♯), a fifth further up in minor.

    Args:
        pitch: MIDI note number.
        key: the key in force.

    Returns:
        Letter, alteration in semitones, and octave (middle C is octave 4).
    """
    lowest = key.fifths - (3 if key.mode == "major" else 2)
    position = lowest + (7 * pitch - lowest) % 12
    step, alter = fifths_to_step(position)
    octave = (pitch - alter - _STEP_PITCH_CLASS[step]) // 12 - 1
    return step, alter, octave


def pitch_of(step: str, alter: int, octave: int) -> int:
    """The MIDI note number of a spelled pitch (the inverse of `spell`)."""
    return 12 * (octave + 1) + _STEP_PITCH_CLASS[step] + alter


def pitch_name(pitch: int, key: Key | None = None) -> str:
    """A pitch for people, such as `"F#4"`."""
    step, alter, octave = spell(pitch, key or Key(0))
    return f"{step}{'#' * alter if alter > 0 else 'b' * -alter}{octave}"
