"""Figures of accompaniment as data, and where in a bar they fall.

The places of a bar are ranked: its start, strong beats, beats, halves and thirds of beats, then what is finer. A rhythm
of k notes takes the k places of highest rank, so that sparse rhythms lie inside dense ones and players with different
rhythms meet on the same strokes.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from credo.compose.cue.arranging.harmony import Beat

FINEST = Fraction(1, 8)
#: Bars of a phrase; in the last one the figures turn.
PHRASE_BARS = 4

#: Arpeggios: the order in which the notes of a chord are played, the lowest is 0; and that in a phrase's last bar.
ARPEGGIOS: tuple[tuple[str, str], ...] = (
    ("0123", "3210"), ("0121", "0123"), ("012321", "012343"), ("0213", "0231"), ("0212", "0123"), ("02132", "01234"),
    ("3210", "0123"), ("0102", "0123"),
)  # fmt: skip
#: Basses by how much they drive: R the bass of the chord, 5 its fifth, 8 the octave above the bass.
BASSES: tuple[tuple[str, ...], ...] = (("R", "RR5R"), ("RR", "R5", "R5R8"), ("RRR8", "RR8R", "R8", "RR58"))
#: Fills by how loud, a letter a sixteenth of the last beats: h, m and f toms from high to low, s snare, r side stick.
FILLS: tuple[tuple[str, ...], ...] = (
    ("..r.", "....r.rr"), ("..ss", "s.ssh.m."), ("ssss", "sshhmmff", "s.shhmff"),
)  # fmt: skip
#: The letters of `FILLS` as General MIDI percussion keys.
FILL_KEYS = {"h": 50, "m": 47, "f": 43, "s": 38, "r": 37}


class Place(NamedTuple):
    """A place in a bar.

    Attributes:
        onset: in quarters.
        rank: 5 start of the bar, 4 strong beat, 3 beat, 2 half or third of a beat, 1 sixteenth, 0 finer.
    """

    onset: Fraction
    rank: int


@lru_cache(maxsize=4096)
def places(beats: tuple[Beat, ...]) -> tuple[Place, ...]:
    """The places of a bar, in time."""
    found = []
    for beat in beats:
        length = beat.end - beat.start
        for number in range(-(-length // FINEST)):
            inside = number * FINEST
            rank = 2 if inside % Fraction(1, 2) == 0 else 1 if inside % Fraction(1, 4) == 0 else 0
            found.append(Place(beat.start + inside, 3 + beat.strength if number == 0 else rank))
    return tuple(found)


def strongest(bar: tuple[Place, ...], count: int, seed: int) -> tuple[Fraction, ...]:
    """Onsets of the places of highest rank, in time; among equals the seed chooses, the same in every like bar."""
    order = _order(tuple(place.rank for place in bar), seed)
    return tuple(bar[index].onset for index in sorted(order[: max(count, 0)]))


@lru_cache(maxsize=256)
def _order(ranks: tuple[int, ...], seed: int) -> tuple[int, ...]:
    tie = np.random.default_rng(seed).permutation(len(ranks))
    return tuple(sorted(range(len(ranks)), key=lambda index: (-ranks[index], tie[index])))
