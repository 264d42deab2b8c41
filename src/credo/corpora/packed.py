"""Grids in little memory and on disk.

A piano voice of one song takes megabytes as arrays of keys, and kilobytes as bits. A corpus keeps its grids packed and
unpacks one when it is asked for.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import islice
from typing import Any

import numpy as np

from credo.music.grid import MOST_OFFSET, REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Tempo, Timeline
from credo.music.texture import Texture, Voice

PACKED_REST = 255


def arrays_of(voice: Voice) -> tuple[str, ...]:
    """What a voice has an array of; expressive ones have their timing beside what all have."""
    return ("sounding", "attack", "velocity", *(("offset",) if voice.expressive else ()))


@dataclass(frozen=True, eq=False)
class PackedGrid:
    """A grid as bytes; `unpack` gives it back exactly.

    Attributes:
        texture: the voices and the step.
        steps: number of steps, T.
        arrays: for each voice three uint8 arrays of one axis, for expressive ones four. Sounding: a pitch a step, 255
            for a rest, shape (T,); or the bits of (T, P) for poly and drums. Attack: the bits of (T,) or (T, P); empty
            for drums. Velocity: one a note, in order of step and then of pitch. Offset: the same, 4 more than in the
            grid.
        timeline: tempo, metre and key.
        title: of the piece.
        composer: of the piece.
    """

    texture: Texture
    steps: int
    arrays: tuple[np.ndarray, ...]
    timeline: Timeline
    title: str = ""
    composer: str = ""

    def __eq__(self, other: object) -> bool:
        return (
            isinstance(other, PackedGrid)
            and self._facts() == other._facts()
            and all(np.array_equal(a, b) for a, b in zip(self.arrays, other.arrays, strict=True))
        )

    def _facts(self) -> tuple:
        return self.texture, self.steps, self.timeline, self.title, self.composer

    @classmethod
    def of(cls, grid: Grid) -> PackedGrid:
        """Pack a grid."""
        arrays = [
            array
            for voice, cells in zip(grid.texture.voices, grid.voices, strict=True)
            for array in _pack_cells(voice, cells)
        ]
        return cls(grid.texture, grid.steps, tuple(arrays), grid.timeline, grid.title, grid.composer)

    def check(self) -> None:
        """See that the arrays hold what `steps` and the texture promise.

        Raises:
            ValueError: they do not.
        """
        expected = []
        first = 0
        for voice in self.texture.voices:
            bits = -(-self.steps * (1 if voice.kind == "mono" else voice.size) // 8)
            attack = self.arrays[first + (0 if voice.kind == "drums" else 1)]
            first += len(arrays_of(voice))
            expected.append(self.steps if voice.kind == "mono" else bits)
            expected.append(0 if voice.kind == "drums" else bits)
            expected += [int(np.bitwise_count(attack).sum())] * (len(arrays_of(voice)) - 2)
        if expected != [len(array) for array in self.arrays]:
            raise ValueError(f"arrays that do not hold {self.steps} steps of {self.texture.name}")

    def unpack(self) -> Grid:
        """The grid."""
        arrays = iter(self.arrays)
        voices = tuple(
            _unpack_cells(voice, self.steps, *islice(arrays, len(arrays_of(voice)))) for voice in self.texture.voices
        )
        return Grid(self.texture, voices, self.timeline, self.title, self.composer)


def _pack_cells(voice: Voice, cells: Cells) -> tuple[np.ndarray, ...]:
    velocity = cells.velocity[cells.attack].astype(np.uint8)
    if voice.kind == "mono":
        sounding = np.where(cells.sounding == REST, PACKED_REST, cells.sounding).astype(np.uint8)
    else:
        sounding = np.packbits(cells.sounding)
    attack = np.zeros(0, np.uint8) if voice.kind == "drums" else np.packbits(cells.attack)
    if not voice.expressive:
        return sounding, attack, velocity
    return sounding, attack, velocity, (cells.offset[cells.attack] + MOST_OFFSET).astype(np.uint8)


def _unpack_cells(
    voice: Voice,
    steps: int,
    sounding: np.ndarray,
    attack: np.ndarray,
    velocity: np.ndarray,
    offset: np.ndarray | None = None,
) -> Cells:
    shape = (steps,) if voice.kind == "mono" else (steps, voice.size)
    if voice.kind == "mono":
        pitches = sounding.astype(np.int16)
        pitches[pitches == PACKED_REST] = REST
    else:
        pitches = _bits(sounding, shape)
    begins = pitches.copy() if voice.kind == "drums" else _bits(attack, shape)
    loudness = np.zeros(shape, np.uint8)
    loudness[begins] = velocity
    timing = np.zeros(shape, np.int8)
    if offset is not None:
        timing[begins] = offset.astype(np.int8) - MOST_OFFSET
    return Cells(pitches, begins, loudness, timing)


def _bits(packed: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    return np.unpackbits(packed, count=int(np.prod(shape))).astype(bool).reshape(shape)


def timeline_to_dict(timeline: Timeline) -> dict[str, Any]:
    """A JSON-able form; positions are fractions of a quarter as text, so that they come back exactly."""
    return {
        "length": str(timeline.length),
        "pickup": str(timeline.pickup),
        "tempos": [[str(tempo.onset), tempo.bpm] for tempo in timeline.tempos],
        "metres": [[str(metre.onset), metre.numerator, metre.denominator] for metre in timeline.metres],
        "keys": [[str(change.onset), change.key.fifths, change.key.mode] for change in timeline.keys],
    }


def timeline_from_dict(data: dict[str, Any]) -> Timeline:
    """Rebuild a timeline from `timeline_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: the record is incomplete or makes no sense.
    """
    return Timeline(
        length=Fraction(data["length"]),
        pickup=Fraction(data["pickup"]),
        tempos=tuple(Tempo(Fraction(onset), bpm) for onset, bpm in data["tempos"]),
        metres=tuple(Metre(Fraction(onset), above, below) for onset, above, below in data["metres"]),
        keys=tuple(KeyChange(Fraction(onset), Key(fifths, mode)) for onset, fifths, mode in data["keys"]),
    )
