"""Percussion keys and their places on a five-line staff.

Reference: N. Weinberg, Guidelines for Drumset Notation, Percussive Notes 32(3), 1994.
"""

from __future__ import annotations

#: General MIDI percussion key to letter, octave (as on a treble staff) and notehead.
POSITIONS = {
    35: ("E", 4, "normal"),  # acoustic bass drum
    36: ("F", 4, "normal"),  # bass drum
    37: ("C", 5, "x"),  # side stick
    38: ("C", 5, "normal"),  # snare
    39: ("C", 5, "slash"),  # hand clap
    40: ("C", 5, "diamond"),  # electric snare
    41: ("G", 4, "normal"),  # low floor tom
    42: ("G", 5, "x"),  # closed hi-hat
    43: ("A", 4, "normal"),  # high floor tom
    44: ("D", 4, "x"),  # pedal hi-hat
    45: ("B", 4, "normal"),  # low tom
    46: ("G", 5, "circle-x"),  # open hi-hat
    47: ("D", 5, "normal"),  # low-mid tom
    48: ("E", 5, "diamond"),  # high-mid tom
    49: ("A", 5, "x"),  # crash 1
    50: ("E", 5, "normal"),  # high tom
    51: ("F", 5, "x"),  # ride
    52: ("B", 5, "diamond"),  # China
    53: ("F", 5, "diamond"),  # ride bell
    54: ("D", 5, "triangle"),  # tambourine
    55: ("B", 5, "x"),  # splash
    56: ("E", 5, "triangle"),  # cowbell
    57: ("A", 5, "circle-x"),  # crash 2
    59: ("F", 5, "circle-x"),  # ride 2
}
_ELSEWHERE = ("B", 4, "slash")
_SNARE = 38
_KEYS = {
    ("D", 4): 44, ("E", 4): 35, ("F", 4): 36, ("G", 4): 41, ("A", 4): 43, ("B", 4): 45, ("C", 5): 38,
    ("D", 5): 47, ("E", 5): 50, ("F", 5): 51, ("G", 5): 42, ("A", 5): 49, ("B", 5): 55,
}  # fmt: skip


def position_of_key(key: int) -> tuple[str, int, str]:
    """Letter, octave and notehead of a percussion key."""
    return POSITIONS.get(key, _ELSEWHERE)


def key_at_position(step: str | None, octave: str | None) -> int:
    """The percussion key that a place on the staff usually means, for files that do not say."""
    try:
        return _KEYS.get(((step or "").strip(), int(octave or "")), _SNARE)
    except ValueError:
        return _SNARE
