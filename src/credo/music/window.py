"""A passage of a grid as rows of small integers: what a model sees.

Each step of a grid has a row of *codes*: for a mono voice the pitch (0 a rest, 1 the lowest pitch, ...) and the attack
bit, for poly and drums voices one bit a key (and one an onset; for expressive drums a level of loudness and a timing),
and the step's place in the metre. A model sees a sequence of *beats*, blocks of a quarter each: the codes of a beat are
those of its steps, code by code, then its labels, the key and the style. It sees attacks only where a note is struck
again at its own pitch; the others are seen by the pitch (`Window.repeated`). Place in the metre and labels are
*context*: facts that are always held. Label 0 means "unknown", and metre 0 means "outside the piece", which is how a
model learns how pieces begin and end.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

import numpy as np

from credo.errors import UsageError
from credo.music.grid import Cells, Grid
from credo.music.pitch import Key
from credo.music.steps import LEVELS, METRE_PLACES, MODES, TIMINGS, codes_of_voice
from credo.music.texture import Texture, Voice


@dataclass(frozen=True, slots=True)
class Block:
    """A run of codes of one kind in a beat.

    Attributes:
        name: what the codes say, such as `"soprano pitch"`.
        kind: `softmax` (one of `categories`) or `bernoulli` (a bit).
        groups: number of codes.
        categories: values a code can take; 2 for bits.
        held: whether these codes are context, known in every task.
    """

    name: str
    kind: Literal["softmax", "bernoulli"]
    groups: int
    categories: int = 2
    held: bool = False


@dataclass(frozen=True)
class Window:
    """The layout of a passage on a texture.

    A model can be told of music as if all of it were in C: then it learns each thing once and not in twelve keys. The
    window of such a model has *room* at both ends of its voices for what is transposed, and a *shift*, how far the
    notes of the piece at hand are from where the model sees them. In terms of the piece's own pitches, the voices of
    `texture` reach from `room + shift` semitones below those of `natural` to `room - shift` above.

    Attributes:
        natural: the voices and the step of the music.
        steps: length of the passages that a model is trained on, in steps; a whole number of quarters.
        styles: the styles that the model can tell apart, such as composers' names.
        room: semitones at both ends of each voice for transpositions; 0 for a model of all keys.
        shift: semitones from the pitches of the piece up to those that the model sees, from -room to room.
    """

    natural: Texture
    steps: int
    styles: tuple[str, ...] = ()
    room: int = 0
    shift: int = 0

    def __post_init__(self) -> None:
        if not -self.room <= self.shift <= self.room:
            raise UsageError(f"window: expected a shift within {self.room} semitones, got {self.shift}")
        if self.steps < 1 or self.steps % self.beat:
            raise UsageError(f"window: expected whole quarters of {self.beat} steps each, got {self.steps} steps")

    @cached_property
    def texture(self) -> Texture:
        """The voices as the model sees them, in the pitches of the piece."""
        if not self.room:
            return self.natural
        voices = tuple(
            voice
            if voice.kind == "drums"
            else replace(voice, low=voice.low - self.room - self.shift, high=voice.high + self.room - self.shift)
            for voice in self.natural.voices
        )
        return replace(self.natural, voices=voices)

    def at(self, key: Key | None, semitones: int = 0) -> Window:
        """The window for a piece whose home is in a key: it is shifted to C if there is room, or as it is.

        Args:
            key: of the piece; None if it is not known.
            semitones: how far from C, for training on more keys than one.
        """
        if not self.room or key is None:
            return replace(self, shift=0)
        return replace(self, shift=(6 - key.tonic) % 12 - 6 + semitones)

    def seat(self, grid: Grid) -> Grid:
        """A grid of the natural texture on the one that the model sees: the same notes."""
        if grid.texture == self.texture:
            return grid
        voices = [self._with_room(voice, cells) for voice, cells in zip(self.natural.voices, grid.voices, strict=True)]
        return replace(grid, texture=self.texture, voices=tuple(voices))

    def unseat(self, grid: Grid) -> Grid:
        """The inverse of `seat`; no note may be outside the natural voices."""
        if grid.texture == self.natural:
            return grid
        low = self.room + self.shift
        voices = []
        for voice, cells in zip(self.natural.voices, grid.voices, strict=True):
            if voice.kind == "poly":
                keys = slice(low, low + voice.size)
                arrays = (cells.sounding[:, keys], cells.attack[:, keys], cells.velocity[:, keys])
                voices.append(Cells.of(voice, *arrays))
            else:
                voices.append(cells)
        return replace(grid, texture=self.natural, voices=tuple(voices))

    def seat_mask(self, mask: np.ndarray) -> np.ndarray:
        """A mask of the natural texture's codes, shape (T, K), for those that the model sees; what is added is held."""
        columns, first = [], 0
        for voice in self.natural.voices:
            width = codes_of_voice(voice)
            part, first = mask[:, first : first + width], first + width
            if voice.kind == "poly" and self.room:
                pad = ((0, 0), (self.room + self.shift, self.room - self.shift))
                part = np.concatenate([np.pad(x, pad, constant_values=True) for x in np.split(part, 2, axis=1)], axis=1)
            columns.append(part)
        return np.concatenate([*columns, mask[:, first:]], axis=1)

    def _with_room(self, voice: Voice, cells: Cells) -> Cells:
        if voice.kind != "poly":
            return cells
        pad = ((0, 0), (self.room + self.shift, self.room - self.shift))
        return Cells.of(
            self.texture.voice(voice.name), *(np.pad(x, pad) for x in (cells.sounding, cells.attack, cells.velocity))
        )

    @property
    def beat(self) -> int:
        """Steps of a beat (a quarter)."""
        return self.natural.steps_per_quarter

    @property
    def beats(self) -> int:
        """Length of the passages in beats, L."""
        return self.steps // self.beat

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The kinds of codes, in the order in which they stand in a beat."""
        blocks: list[Block] = []
        for voice in self.texture.voices:
            if voice.kind == "mono":
                blocks.append(Block(f"{voice.name} pitch", "softmax", self.beat, voice.size + 1))
                blocks.append(Block(f"{voice.name} attack", "bernoulli", self.beat))
            else:
                blocks.append(Block(f"{voice.name} sounding", "bernoulli", self.beat * voice.size))
                if voice.kind == "poly":
                    blocks.append(Block(f"{voice.name} attack", "bernoulli", self.beat * voice.size))
                if voice.expressive:
                    blocks.append(Block(f"{voice.name} loudness", "softmax", self.beat * voice.size, LEVELS))
                    blocks.append(Block(f"{voice.name} timing", "softmax", self.beat * voice.size, TIMINGS))
        blocks.append(Block("metre", "softmax", self.beat, METRE_PLACES, held=True))
        blocks.append(Block("tonic", "softmax", 1, 13, held=True))
        blocks.append(Block("mode", "softmax", 1, len(MODES), held=True))
        if self.styles:
            blocks.append(Block("style", "softmax", 1, 1 + len(self.styles), held=True))
        return tuple(blocks)

    @cached_property
    def codes_per_step(self) -> int:
        """Codes of a step, its place in the metre included, K."""
        return sum(codes_of_voice(voice) for voice in self.texture.voices) + 1

    @property
    def labels(self) -> int:
        """Codes of a beat that are its labels: tonic, mode and, where there are styles, the style."""
        return 3 if self.styles else 2

    @property
    def size(self) -> int:
        """Number of codes of a beat, G."""
        return self.codes_per_step * self.beat + self.labels

    @cached_property
    def cell_of_step_code(self) -> np.ndarray:
        """For each code of a step, the cell it belongs to; shape (K,), int.

        Each code is a cell of its own: an attack can be drawn when its pitch is known, and the other way round.
        """
        return np.arange(self.codes_per_step)

    @cached_property
    def site_of_step_code(self) -> np.ndarray:
        """For each code of a step, the voice and pitch or drum it tells of; the metre is its own; shape (K,), int."""
        sites, first = [], 0
        for voice in self.texture.voices:
            width = 1 if voice.kind == "mono" else voice.size
            sites += list(range(first, first + width)) * (codes_of_voice(voice) // width)
            first += width
        return np.array([*sites, first])

    @cached_property
    def manner_of_step_code(self) -> np.ndarray:
        """Which codes of a step tell how its notes are struck, and not which; shape (K,), bool.

        Those are repeated attacks, and the loudness and timing of expressive voices.
        """
        flags = [
            code >= (1 if voice.kind == "mono" else voice.size)
            for voice in self.texture.voices
            for code in range(codes_of_voice(voice))
        ]
        return np.array([*flags, False])

    @cached_property
    def cell_of_code(self) -> np.ndarray:
        """For each code of a beat, the cell it belongs to; shape (G,), int. Labels have the highest ones."""
        music = (self.cell_of_step_code[:, None] * self.beat + np.arange(self.beat)).reshape(-1)
        return np.concatenate([music, music.max() + 1 + np.arange(self.labels)])

    @cached_property
    def line_of_step_code(self) -> np.ndarray:
        """For each code of a step, the number of its voice; the place in the metre is one more; shape (K,), int."""
        widths = [codes_of_voice(voice) for voice in self.texture.voices]
        return np.repeat(np.arange(len(widths) + 1), [*widths, 1])

    @cached_property
    def lines(self) -> np.ndarray:
        """For each cell of a beat, the number of its voice; context has the highest; shape (cells,), int."""
        return self._of_cells(np.repeat(self.line_of_step_code, self.beat), len(self.texture.voices))

    @cached_property
    def groupings(self) -> list[np.ndarray]:
        """Groups of cells that one hides together when one works on music: a voice's beat, a beat, a step.

        Then the manner of a beat (see `manner_of_step_code`), which tells nothing of the music itself. With expressive
        voices also a drum at a step: its bit, loudness and timing.

        Arrays of shape (cells of a beat,), int: the number of each cell's group, or -1 for cells that are in none (see
        `DBN`).
        """
        place = np.tile(np.arange(self.beat), self.codes_per_step)
        step = self._of_cells(place, self.beat)
        found = [self.lines, np.zeros_like(step), step]
        if any(voice.expressive for voice in self.texture.voices):
            sites = np.repeat(self.site_of_step_code, self.beat) * self.beat + place
            found.append(self._of_cells(sites, int(sites.max()) + 1))
        if self.manner_of_step_code.any():
            manner = np.repeat(np.where(self.manner_of_step_code, 0, -1), self.beat)
            found.append(self._of_cells(manner, -1))
        return found

    def _of_cells(self, of_music_codes: np.ndarray, of_labels: int) -> np.ndarray:
        result = np.zeros(int(self.cell_of_code.max()) + 1, int)
        result[self.cell_of_code] = [*of_music_codes, *[of_labels] * self.labels]
        return result

    @cached_property
    def held(self) -> np.ndarray:
        """Which codes are context; shape (G,), bool."""
        return np.concatenate([np.full(block.groups, block.held) for block in self.blocks])

    def repeated(self, step_codes: np.ndarray) -> np.ndarray:
        """The codes that a model sees: attack bits only where a note has the pitch of the one before, shape (T, K)."""
        codes = step_codes.copy()
        for _, attacks, begins in self._onsets(step_codes):
            codes[:, attacks] &= ~begins
        return codes

    def attacked(self, step_codes: np.ndarray) -> np.ndarray:
        """The inverse of `repeated`: attack bits at the beginning of every note, shape (T, K)."""
        codes = step_codes.copy()
        for sounding, attacks, begins in self._onsets(step_codes):
            codes[:, attacks] = (codes[:, attacks] > 0) & (codes[:, sounding] > 0) | begins
        return codes

    def _onsets(self, step_codes: np.ndarray) -> Iterator[tuple[slice, slice, np.ndarray]]:
        """For each voice with attacks: its sounding codes, its attacks, and where a pitch begins, (T, P), bool."""
        first = 0
        for voice in self.texture.voices:
            if voice.kind != "drums":
                width = 1 if voice.kind == "mono" else voice.size
                sounding, attacks = slice(first, first + width), slice(first + width, first + 2 * width)
                here = step_codes[:, sounding]
                before = np.concatenate([np.zeros_like(here[:1]), here[:-1]])
                yield sounding, attacks, (here > 0) & (here != before)
            first += codes_of_voice(voice)

    def to_beats(self, step_codes: np.ndarray, labels: np.ndarray | None = None, *, first_step: int = 0) -> np.ndarray:
        """Cut steps into beats.

        Args:
            step_codes: codes of a passage, shape (..., T, K).
            labels: the labels of each beat, shape (..., L, labels) or one for all, (labels,); None for unknown ones.
            first_step: a step at which a beat begins, such as the first downbeat.

        Returns:
            Codes, shape (..., L, G); steps outside the passage have codes of 0.
        """
        T, before = step_codes.shape[-2], -first_step % self.beat
        after = -(before + T) % self.beat
        pad = [(0, 0)] * (step_codes.ndim - 2) + [(before, after), (0, 0)]
        cut = np.pad(step_codes, pad).reshape(*step_codes.shape[:-2], -1, self.beat, self.codes_per_step)
        music = np.swapaxes(cut, -1, -2).reshape(*cut.shape[:-2], self.codes_per_step * self.beat)
        labels = np.zeros(self.labels) if labels is None else np.asarray(labels)
        labels = np.broadcast_to(labels, (*music.shape[:-1], self.labels)).astype(music.dtype)
        return np.concatenate([music, labels], axis=-1)

    def to_steps(self, beats: np.ndarray, *, steps: int | None = None, first_step: int = 0) -> np.ndarray:
        """The codes of each step (the inverse of `to_beats`, labels aside).

        Args:
            beats: codes, shape (..., L, G).
            steps: length of the passage, T; None for all.
            first_step: as in `to_beats`.

        Returns:
            Shape (..., T, K).
        """
        music = beats[..., : self.codes_per_step * self.beat]
        cut = np.swapaxes(music.reshape(*music.shape[:-1], self.codes_per_step, self.beat), -1, -2)
        flat = cut.reshape(*cut.shape[:-3], -1, self.codes_per_step)
        before = -first_step % self.beat
        return flat[..., before : None if steps is None else before + steps, :]
