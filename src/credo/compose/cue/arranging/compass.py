"""How high and low instruments play, and whether their notes last.

The compasses are the written ranges of orchestration books (S. Adler, "The Study of Orchestration"), a little
narrowed to where an instrument sounds well; of synthesisers, what is of use.
"""

from __future__ import annotations

#: Lowest and highest MIDI pitch of each General MIDI program 0..127, eight to a line.
_COMPASSES: tuple[tuple[int, int], ...] = (
    (24, 100), (24, 100), (24, 100), (28, 96), (28, 100), (28, 100), (41, 89), (36, 96),  # pianos
    (60, 108), (79, 108), (60, 96), (53, 89), (45, 96), (65, 103), (60, 77), (48, 86),  # struck
    (36, 96), (36, 96), (36, 96), (36, 96), (36, 89), (53, 89), (60, 89), (53, 89),  # organs
    (40, 83), (40, 84), (40, 86), (40, 86), (40, 86), (40, 86), (40, 86), (64, 96),  # guitars
    (28, 60), (28, 60), (28, 60), (28, 60), (28, 60), (28, 60), (24, 60), (24, 60),  # basses
    (55, 96), (48, 86), (36, 76), (28, 60), (40, 91), (40, 91), (29, 96), (40, 57),  # strings
    (28, 96), (28, 96), (36, 96), (36, 96), (41, 79), (43, 81), (36, 84), (36, 84),  # ensembles
    (55, 82), (40, 72), (29, 58), (55, 82), (41, 77), (36, 82), (36, 84), (36, 84),  # brass
    (57, 87), (49, 80), (44, 75), (37, 68), (58, 91), (52, 81), (34, 72), (50, 89),  # reeds
    (74, 105), (60, 96), (60, 96), (60, 93), (55, 89), (55, 84), (60, 96), (60, 89),  # pipes
    (36, 96), (36, 96), (48, 96), (48, 96), (36, 96), (48, 91), (36, 96), (28, 84),  # leads
    (36, 96), (36, 96), (36, 96), (41, 84), (36, 96), (36, 96), (36, 96), (28, 96),  # pads
    (36, 96), (36, 96), (48, 108), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96),  # effects
    (48, 77), (48, 86), (50, 84), (45, 84), (57, 89), (57, 81), (55, 91), (58, 84),  # of the world
    (72, 96), (60, 84), (52, 84), (60, 84), (36, 60), (36, 72), (36, 72), (48, 72),  # percussion
    (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96), (36, 96),  # sounds
)  # fmt: skip
#: Programs whose notes die away however long they are held: a pad on them is struck anew with each chord.
DYING: frozenset[int] = frozenset((*range(16), *range(24, 40), 45, 46, 47, 55, *range(104, 109), *range(112, 119)))


def compass(program: int) -> tuple[int, int]:
    """The lowest and the highest MIDI pitch that a General MIDI program plays well."""
    return _COMPASSES[program]


def fold(pitch: int, low: int, high: int) -> int:
    """The pitch, moved by octaves into a compass of an octave or more."""
    while pitch < low:
        pitch += 12
    while pitch > high:
        pitch -= 12
    return pitch
