"""Notes to a grid and back.

A `Grid` is a quantised score on a texture: for each voice, what sounds at each step and where it is attacked. The
round trip is exact: for a score that `transform.quantise` made, `decode(encode(score)) == score`, and for every grid,
`encode(decode(grid)) == grid`.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from credo.errors import UsageError
from credo.music.score import DEFAULT_VELOCITY, Note, Part, Score, Timeline
from credo.music.texture import Texture, Voice

REST = -1


@dataclass(frozen=True, eq=False)
class Cells:
    """One voice of a grid.

    Attributes:
        sounding: what sounds at each step. Mono: shape (T,), int16, a MIDI pitch or `REST`. Poly and drums: shape
            (T, P), bool.
        attack: where a note begins, bool, shape (T,) or (T, P). For drums it equals `sounding`.
        velocity: loudness 1..127 where a note begins and 0 elsewhere, uint8, shape of `attack`.
    """

    sounding: np.ndarray
    attack: np.ndarray
    velocity: np.ndarray

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and all(
            np.array_equal(a, b) for a, b in zip(self._arrays(), other._arrays(), strict=True)
        )

    def __len__(self) -> int:
        return len(self.sounding)

    def __getitem__(self, steps: slice) -> Cells:
        return Cells(*(array[steps] for array in self._arrays()))

    def _arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        return self.sounding, self.attack, self.velocity

    @classmethod
    def of(
        cls, voice: Voice, sounding: np.ndarray, attack: np.ndarray | None = None, velocity: np.ndarray | None = None
    ) -> Cells:
        """Cells in their one canonical form, from arrays that may lack it.

        Rests and silent keys have no attack; a sounding pitch that was not sounding a step before has one; velocities
        stand on attacks only, and are 80 where none is given.

        Args:
            voice: the voice the cells belong to.
            sounding: shape (T,) or (T, P).
            attack: shape of `sounding`, or None for attacks where the pitch changes only.
            velocity: shape of `sounding`, or None.
        """
        if voice.kind == "mono":
            sounding = np.asarray(sounding, np.int16)
            active = sounding != REST
            begins = np.diff(sounding, prepend=np.int16(REST)) != 0
        else:
            sounding = np.asarray(sounding, bool)
            active = sounding
            begins = sounding & ~np.concatenate([np.zeros_like(sounding[:1]), sounding[:-1]])
        if voice.kind == "drums":
            attack = sounding
        else:
            attack = active & (begins if attack is None else begins | np.asarray(attack, bool))
        given = np.zeros(sounding.shape, np.uint8) if velocity is None else np.asarray(velocity, np.uint8)
        velocity = np.where(attack, np.where(given > 0, given, DEFAULT_VELOCITY), 0).astype(np.uint8)
        return cls(sounding, attack, velocity)

    @classmethod
    def silent(cls, voice: Voice, steps: int) -> Cells:
        """Rests only."""
        shape = (steps,) if voice.kind == "mono" else (steps, voice.size)
        return cls.of(voice, np.full(shape, REST if voice.kind == "mono" else 0))


@dataclass(frozen=True)
class Grid:
    """A score on a texture.

    Attributes:
        texture: the voices and the step.
        voices: one `Cells` a voice of the texture, all of T steps.
        timeline: tempo, metre and key; its length is T steps, and all its onsets lie on steps.
    """

    texture: Texture
    voices: tuple[Cells, ...]
    timeline: Timeline
    title: str = ""
    composer: str = ""

    def __post_init__(self) -> None:
        if len(self.voices) != len(self.texture.voices) or len({len(cells) for cells in self.voices}) != 1:
            raise UsageError("grid: expected one array a voice, all of the same number of steps")
        if self.timeline.length != Fraction(self.steps, self.texture.steps_per_quarter):
            object.__setattr__(self, "timeline", replace(self.timeline, length=self.quarters(self.steps)))

    @property
    def steps(self) -> int:
        """Number of steps, T."""
        return len(self.voices[0])

    def quarters(self, steps: int) -> Fraction:
        """A number of steps in quarters."""
        return Fraction(steps, self.texture.steps_per_quarter)

    def with_voices(self, voices: Iterable[Cells]) -> Grid:
        """The same grid with other cells."""
        return replace(self, voices=tuple(voices))


def encode(score: Score, texture: Texture) -> Grid:
    """Put a quantised score on the grid of a texture.

    Args:
        score: a score with one part a voice of the texture, in order, as `transform.quantise` makes it.
        texture: the voices and the step.

    Raises:
        UsageError: the score is not quantised to this texture.
    """
    if len(score.parts) != len(texture.voices):
        raise UsageError(f"encode: expected {len(texture.voices)} parts, got {len(score.parts)}; quantise first")
    steps = _step(score.timeline.length, texture)
    voices = tuple(
        _encode_voice(part, voice, texture, steps) for part, voice in zip(score.parts, texture.voices, strict=True)
    )
    return Grid(texture, voices, score.timeline, score.title, score.composer)


def decode(grid: Grid) -> Score:
    """The score that a grid holds (the inverse of `encode`)."""
    parts = tuple(
        Part.of(
            voice.name,
            _decode_voice(cells, voice, grid),
            program=voice.program,
            is_drums=voice.kind == "drums",
        )
        for voice, cells in zip(grid.texture.voices, grid.voices, strict=True)
    )
    return Score(parts, grid.timeline, grid.title, grid.composer)


def _step(quarters: Fraction, texture: Texture) -> int:
    """The step at a position in quarters."""
    step, beside = divmod(quarters.numerator * texture.steps_per_quarter, quarters.denominator)
    if beside:
        raise UsageError(f"encode: expected times on 1/{texture.steps_per_quarter} quarter, got {quarters}")
    return step


def _encode_voice(part: Part, voice: Voice, texture: Texture, steps: int) -> Cells:
    width = 1 if voice.kind == "mono" else voice.size
    rows: list[tuple[int, int, int, int, int]] = []  # start, end, key, pitch, velocity
    for note in part.notes:
        start, length = _step(note.onset, texture), _step(note.duration, texture)
        index = voice.index(note.pitch)
        if voice.kind == "drums" and length != 1:
            raise UsageError(f"encode: a drum hit lasts one step, got {note.duration} quarters; quantise first")
        if index is None:
            raise UsageError(f"encode: pitch {note.pitch} has no place in voice {voice.name}; quantise first")
        rows.append((start, start + length, 0 if voice.kind == "mono" else index, note.pitch, note.velocity))
    starts, ends, keys, pitches, velocities = np.array(rows, int).reshape(-1, 5).T
    change = np.zeros((steps + 1, width), np.int16)
    np.add.at(change, (starts, keys), 1)
    np.add.at(change, (ends, keys), -1)
    at_once = change[:steps].cumsum(axis=0)  # (T, P) how many notes of each key sound
    if (at_once > 1).any():
        onset = Fraction(int(np.flatnonzero((at_once > 1).any(axis=1))[0]), texture.steps_per_quarter)
        raise UsageError(f"encode: notes of voice {voice.name} overlap at {onset}; quantise first")
    attack = np.zeros((steps, width), bool)
    attack[starts, keys] = True
    velocity = np.zeros((steps, width), np.uint8)
    velocity[starts, keys] = velocities
    if voice.kind != "mono":
        return Cells(at_once > 0, attack, velocity)
    begun = np.zeros(steps, int)
    begun[starts] = np.arange(len(starts))
    latest = np.maximum.accumulate(begun)  # notes are sorted by onset
    sounding = np.full(steps, REST, np.int16)
    sounds = at_once[:, 0] > 0
    sounding[sounds] = pitches[latest[sounds]]
    return Cells(sounding, attack[:, 0], velocity[:, 0])


def _decode_voice(cells: Cells, voice: Voice, grid: Grid) -> list[Note]:
    if voice.kind == "mono":
        return _notes_of_row(cells.sounding, cells.attack, cells.velocity, grid)
    notes: list[Note] = []
    for index in np.flatnonzero(cells.sounding.any(axis=0)):
        pitches = np.where(cells.sounding[:, index], voice.pitch(int(index)), REST)
        notes += _notes_of_row(pitches, cells.attack[:, index], cells.velocity[:, index], grid)
    return notes


def _notes_of_row(sounding: np.ndarray, attack: np.ndarray, velocity: np.ndarray, grid: Grid) -> list[Note]:
    """The notes of one line of cells, shape (T,): each lasts from its attack to the next attack or rest."""
    ends = np.flatnonzero(np.append(attack | (sounding == REST), True))
    starts = np.flatnonzero(attack)
    stops = ends[np.searchsorted(ends, starts, side="right")]
    return [
        Note(grid.quarters(int(start)), int(sounding[start]), grid.quarters(int(stop - start)), int(velocity[start]))
        for start, stop in zip(starts, stops, strict=True)
    ]
