"""Scales by name: the pitch classes that a piece may use."""

from __future__ import annotations

import re

from credo.errors import UsageError
from credo.music.pitch import Key

#: Steps above the tonic of the scales that have a name.
SCALES: dict[str, tuple[int, ...]] = {
    "major": (0, 2, 4, 5, 7, 9, 11),
    "minor": (0, 2, 3, 5, 7, 8, 10),
    "natural minor": (0, 2, 3, 5, 7, 8, 10),
    "harmonic minor": (0, 2, 3, 5, 7, 8, 11),
    "melodic minor": (0, 2, 3, 5, 7, 9, 11),
    "ionian": (0, 2, 4, 5, 7, 9, 11),
    "dorian": (0, 2, 3, 5, 7, 9, 10),
    "phrygian": (0, 1, 3, 5, 7, 8, 10),
    "lydian": (0, 2, 4, 6, 7, 9, 11),
    "mixolydian": (0, 2, 4, 5, 7, 9, 10),
    "aeolian": (0, 2, 3, 5, 7, 8, 10),
    "locrian": (0, 1, 3, 5, 6, 8, 10),
    "major pentatonic": (0, 2, 4, 7, 9),
    "pentatonic": (0, 2, 4, 7, 9),
    "minor pentatonic": (0, 3, 5, 7, 10),
    "blues": (0, 3, 5, 6, 7, 10),
    "major blues": (0, 2, 3, 4, 7, 9),
    "whole tone": (0, 2, 4, 6, 8, 10),
    "octatonic": (0, 2, 3, 5, 6, 8, 9, 11),
    "half-whole octatonic": (0, 1, 3, 4, 6, 7, 9, 10),
    "chromatic": tuple(range(12)),
}
#: The word for the notes of whatever key the piece is in.
OF_THE_KEY = "key"

_TONIC = r"(?P<letter>[A-Ga-g])(?P<accidentals>##|bb|#|b|♯|♭|[ -]?sharp|[ -]?flat)?"
_SCALE = re.compile(rf"{_TONIC}[\s_-]+(?P<name>[a-z][a-z\s_-]*)")
_SCALE_FIRST = re.compile(rf"(?P<name>[a-z][a-z\s_-]*?)[\s_-]+(?:on |in )?{_TONIC}")
_LETTERS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}


def pitch_class(letter: str, accidentals: str | None) -> int:
    """The pitch class of a note name, such as `B` and `b`; C is 0."""
    signs = (accidentals or "").lstrip("- ")
    signs = {"sharp": "#", "flat": "b"}.get(signs, signs).replace("♯", "#").replace("♭", "b")
    return (_LETTERS[letter.upper()] + signs.count("#") - signs.count("b")) % 12


def parse_scale(text: str) -> frozenset[int] | None:
    """The pitch classes of a scale as people type it: `D dorian`, `A minor pentatonic`, `whole tone C`.

    Args:
        text: a tonic and a name from `SCALES`, in either order, or `key`.

    Returns:
        Pitch classes, 0..11; None for `key`, whose notes depend on the piece.

    Raises:
        UsageError: the text is no scale.
    """
    words = " ".join(text.split())
    if words.lower() == OF_THE_KEY:
        return None
    # A tonic is a letter of its own, so that "blues C" is not taken for a scale on B.
    match = _SCALE.fullmatch(words[:1] + words[1:].lower()) or _SCALE_FIRST.fullmatch(words[:-1].lower() + words[-1:])
    match = match or _SCALE_FIRST.fullmatch(words.lower())
    name = re.sub(r"[\s_-]+", " ", match["name"]).strip() if match else ""
    names = {known.replace("-", " "): steps for known, steps in SCALES.items()}
    if not match or name not in names:
        raise UsageError(
            f"scale: expected {OF_THE_KEY}, or a tonic and one of {', '.join(SCALES)}, got {text!r}",
            hint="such as 'D dorian' or 'A minor pentatonic'",
        )
    tonic = pitch_class(match["letter"], match["accidentals"])
    return frozenset((tonic + step) % 12 for step in names[name])


def notes_of_key(key: Key) -> frozenset[int]:
    """The pitch classes of a key; in minor also the raised sixth and seventh."""
    raised = {(key.tonic + step) % 12 for step in (9, 11)} if key.mode == "minor" else set()
    return frozenset({*key.scale, *raised})
