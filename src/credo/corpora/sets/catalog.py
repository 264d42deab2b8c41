"""Corpora that are declared once: what they are, where their files lie, how they are split.

To add one, write its declaration below, or in a file of its own if it needs a split table, and name it in `catalog`.
"""

from __future__ import annotations

from credo.corpora.sets.chorales import BACH
from credo.corpora.sets.declaration import Declaration, music21_card, music21_files
from credo.corpora.sets.groove import GROOVE
from credo.corpora.sets.openscore import LIEDER, QUARTETS
from credo.errors import UsageError
from credo.music.texture import MELODY, QUARTET

FIDDLE = Declaration(
    music21_card(
        "fiddle",
        "Jigs, reels, hornpipes and other dances of Ryan's Mammoth Collection (Boston 1883), melodies only.",
        "corpus/ryansMammoth",
    ),
    MELODY,
    music21_files("ryansMammoth/*.abc"),
)

CLASSICAL_QUARTETS = Declaration(
    music21_card(
        "classical-quartets",
        "Movements of string quartets by Haydn, Mozart and Beethoven.",
        "corpus/haydn, mozart and beethoven",
    ),
    QUARTET,
    music21_files("haydn/**/*.mxl", "mozart/**/*.mxl", "beethoven/**/*.mxl"),
)


def catalog() -> dict[str, Declaration]:
    """All declared corpora by name."""
    declarations = (BACH, FIDDLE, CLASSICAL_QUARTETS, QUARTETS, LIEDER, GROOVE)
    return {declaration.card.name: declaration for declaration in declarations}


def declared(name: str) -> Declaration:
    """A declared corpus by its name.

    Raises:
        UsageError: there is none of that name.
    """
    found = catalog().get(name)
    if found is None:
        raise UsageError(f"corpus: expected one of {', '.join(sorted(catalog()))}, got {name!r}")
    return found
