"""Notes to a grid and back.

A `Grid` is a quantised score on a texture: for each voice, what sounds at each step and where it is attacked. The
round trip is exact: for a score that `transform.quantise` made, `decode(encode(score)) == score`, and for every grid,
`encode(decode(grid)) == grid`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

import numpy as np

from credo.errors import UsageError
from credo.music.score import DEFAULT_VELOCITY, Note, Part, Score, Timeline
from credo.music.texture import Texture, Voice

REST = -1

#: A note in the cells of its voice: first step, the step after its last, key (column), pitch, velocity, offset.
Row = tuple[int, int, int, int, int, int]

#: Parts of a step in which an expressive voice's timing is told. It is odd, so that the offsets -4..4 are all the parts
#: of which a step is the nearest; at 120 quarters a minute and four steps a quarter a part lasts 14 ms.
OFFSETS = 9
MOST_OFFSET = OFFSETS // 2


@dataclass(frozen=True, eq=False)
class Cells:
    """One voice of a grid.

    Attributes:
        sounding: what sounds at each step. Mono: shape (T,), int16, a MIDI pitch or `REST`. Poly and drums: shape
            (T, P), bool.
        attack: where a note begins, bool, shape (T,) or (T, P). For drums it equals `sounding`.
        velocity: loudness 1..127 where a note begins and 0 elsewhere, uint8, shape of `attack`.
        offset: for expressive voices, how far after its step a note begins, in 1/`OFFSETS` of a step, -4..4; 0 for
            others and where none begins; int8, shape of `attack`. None stands for 0 everywhere.
    """

    sounding: np.ndarray
    attack: np.ndarray
    velocity: np.ndarray
    offset: np.ndarray = None  # type: ignore[assignment]

    def __post_init__(self) -> None:
        if self.offset is None:
            object.__setattr__(self, "offset", np.zeros(self.attack.shape, np.int8))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Cells) and all(
            np.array_equal(a, b) for a, b in zip(self.arrays, other.arrays, strict=True)
        )

    def __len__(self) -> int:
        return len(self.sounding)

    def __getitem__(self, steps: slice) -> Cells:
        return Cells(*(array[steps] for array in self.arrays))

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Sounding, attack, velocity and offset."""
        return self.sounding, self.attack, self.velocity, self.offset

    @classmethod
    def of(
        cls,
        voice: Voice,
        sounding: np.ndarray,
        attack: np.ndarray | None = None,
        velocity: np.ndarray | None = None,
        offset: np.ndarray | None = None,
    ) -> Cells:
        """Cells in their one canonical form, from arrays that may lack it.

        Rests and silent keys have no attack; a sounding pitch that was not sounding a step before has one; velocities
        stand on attacks only, and are 80 where none is given; offsets stand on attacks of expressive voices only.

        Args:
            voice: the voice the cells belong to.
            sounding: shape (T,) or (T, P).
            attack: shape of `sounding`, or None for attacks where the pitch changes only.
            velocity: shape of `sounding`, or None.
            offset: shape of `sounding`, or None for notes on their steps.
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
        if offset is not None:
            offset = np.where(attack & voice.expressive, np.clip(offset, -MOST_OFFSET, MOST_OFFSET), 0).astype(np.int8)
        return cls(sounding, attack, velocity, offset)

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
        if any((cells.offset[:1] < 0).any() for cells in self.voices):  # nothing sounds before the start
            object.__setattr__(self, "voices", tuple(_not_before_start(cells) for cells in self.voices))

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


def _not_before_start(cells: Cells) -> Cells:
    offset = cells.offset.copy()
    offset[:1] = np.maximum(offset[:1], 0)
    return replace(cells, offset=offset)


def expressive_duration(offset: int, steps_per_quarter: int) -> Fraction:
    """How long a hit of an expressive voice lasts, in quarters: a step, or to the end of its step if it comes late."""
    return Fraction(OFFSETS - max(offset, 0), OFFSETS * steps_per_quarter)


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


def _step_and_offset(quarters: Fraction, texture: Texture) -> tuple[int, int]:
    """The nearest step to a position in quarters, and how far after it that is in 1/`OFFSETS` of a step."""
    rate = OFFSETS * texture.steps_per_quarter
    parts, beside = divmod(quarters.numerator * rate, quarters.denominator)
    if beside:
        raise UsageError(f"encode: expected times on 1/{rate} quarter, got {quarters}; quantise first")
    step = (parts + MOST_OFFSET) // OFFSETS
    return step, parts - step * OFFSETS


def key_of_pitch(voice: Voice, pitch: int) -> int:
    """The column of a pitch in the cells of a voice that has it."""
    return 0 if voice.kind == "mono" else voice.index(pitch) or 0


def _encode_voice(part: Part, voice: Voice, texture: Texture, steps: int) -> Cells:
    rows: list[Row] = []
    for note in part.notes:
        offset = 0
        if voice.expressive:
            start, offset = _step_and_offset(note.onset, texture)
            as_written = note.duration == expressive_duration(offset, texture.steps_per_quarter)
            length = 1 if as_written else 0
        else:
            start, length = _step(note.onset, texture), _step(note.duration, texture)
        if voice.kind == "drums" and length != 1:
            raise UsageError(f"encode: a drum hit lasts one step, got {note.duration} quarters; quantise first")
        if voice.index(note.pitch) is None:
            raise UsageError(f"encode: pitch {note.pitch} has no place in voice {voice.name}; quantise first")
        rows.append((start, start + length, key_of_pitch(voice, note.pitch), note.pitch, note.velocity, offset))
    return cells_of(rows, voice, texture, steps)


def cells_of(rows: Sequence[Row], voice: Voice, texture: Texture, steps: int) -> Cells:
    """The cells of one voice.

    Args:
        rows: its notes, sorted by start.
        voice: the voice.
        texture: what it belongs to.
        steps: length of the grid in steps, T.

    Raises:
        UsageError: notes of one key overlap.
    """
    width = 1 if voice.kind == "mono" else voice.size
    starts, ends, keys, pitches, velocities, offsets = np.array(rows, int).reshape(-1, 6).T
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
    offset = np.zeros((steps, width), np.int8)
    offset[starts, keys] = offsets
    if voice.kind != "mono":
        return Cells(at_once > 0, attack, velocity, offset)
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
        row = _notes_of_row(pitches, cells.attack[:, index], cells.velocity[:, index], grid)
        notes += _moved(row, cells.offset[:, index], grid) if voice.expressive else row
    return notes


def _moved(notes: list[Note], offset: np.ndarray, grid: Grid) -> list[Note]:
    """Hits with their timing; `offset` has shape (T,)."""
    rate = grid.texture.steps_per_quarter
    moved = []
    for note in notes:
        parts = int(offset[int(note.onset * rate)])
        onset = note.onset + Fraction(parts, OFFSETS * rate)
        moved.append(replace(note, onset=onset, duration=expressive_duration(parts, rate)))
    return moved


def _notes_of_row(sounding: np.ndarray, attack: np.ndarray, velocity: np.ndarray, grid: Grid) -> list[Note]:
    """The notes of one line of cells, shape (T,): each lasts from its attack to the next attack or rest."""
    ends = np.flatnonzero(np.append(attack | (sounding == REST), True))
    starts = np.flatnonzero(attack)
    stops = ends[np.searchsorted(ends, starts, side="right")]
    return [
        Note(grid.quarters(int(start)), int(sounding[start]), grid.quarters(int(stop - start)), int(velocity[start]))
        for start, stop in zip(starts, stops, strict=True)
    ]
