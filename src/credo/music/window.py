"""A passage of a grid as a row of small integers: what a model sees.

Each step of a grid has a row of *codes*: for a mono voice the pitch (0 a rest, 1 the lowest pitch, ...) and the attack
bit, for poly and drums voices one bit a key (and one an onset), and the step's place in the metre. A window is the
codes of `steps` successive steps, code by code, then the key. Place in the metre and key are *context*: facts that are
always held. Context 0 means "unknown", and metre 0 means "outside the piece", which is how a model learns how pieces
begin and end.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Literal

import numpy as np

from credo.errors import UsageError
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import Metre, Timeline
from credo.music.texture import Texture, Voice

OUTSIDE, DOWNBEAT, BEAT, HALF_BEAT, OFF_BEAT = range(5)
METRE_PLACES = 5
MODES = ("unknown", "major", "minor")


@dataclass(frozen=True, slots=True)
class Block:
    """A run of codes of one kind in a window.

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
    """The layout of a passage of `steps` steps on a texture.

    Attributes:
        texture: the voices and the step.
        steps: length of the passage.
    """

    texture: Texture
    steps: int

    def __post_init__(self) -> None:
        if self.steps < 1:
            raise UsageError(f"window: expected at least one step, got {self.steps}")

    @cached_property
    def blocks(self) -> tuple[Block, ...]:
        """The kinds of codes, in the order in which they stand in a window."""
        blocks: list[Block] = []
        for voice in self.texture.voices:
            if voice.kind == "mono":
                blocks.append(Block(f"{voice.name} pitch", "softmax", self.steps, voice.size + 1))
                blocks.append(Block(f"{voice.name} attack", "bernoulli", self.steps))
            else:
                blocks.append(Block(f"{voice.name} sounding", "bernoulli", self.steps * voice.size))
                if voice.kind == "poly":
                    blocks.append(Block(f"{voice.name} attack", "bernoulli", self.steps * voice.size))
        blocks.append(Block("metre", "softmax", self.steps, METRE_PLACES, held=True))
        blocks.append(Block("tonic", "softmax", 1, 13, held=True))
        blocks.append(Block("mode", "softmax", 1, len(MODES), held=True))
        return tuple(blocks)

    @cached_property
    def codes_per_step(self) -> int:
        """Codes of a step, its place in the metre included."""
        return sum(_codes_of_voice(voice) for voice in self.texture.voices) + 1

    @property
    def size(self) -> int:
        """Number of codes of a window, G."""
        return sum(block.groups for block in self.blocks)

    @cached_property
    def cell_of_step_code(self) -> np.ndarray:
        """For each code of a step, the cell (voice and pitch) it belongs to; shape (codes_per_step,), int.

        A pitch and its attack bit are one cell: they are hidden and held together.
        """
        cells, first = [], 0
        for voice in self.texture.voices:
            width = 1 if voice.kind == "mono" else voice.size
            cells += list(range(first, first + width)) * (1 if voice.kind == "drums" else 2)
            first += width
        return np.array([*cells, first])

    @cached_property
    def cell_of_code(self) -> np.ndarray:
        """For each code of a window, the cell it belongs to; shape (G,), int. Context codes have the highest ones."""
        per_step = self.cell_of_step_code
        music = (per_step[:, None] * self.steps + np.arange(self.steps)).reshape(-1)
        return np.concatenate([music, [music.max() + 1, music.max() + 2]])

    @cached_property
    def line_of_step_code(self) -> np.ndarray:
        """For each code of a step, the number of its voice; the place in the metre is one more; shape (K,), int."""
        widths = [_codes_of_voice(voice) for voice in self.texture.voices]
        return np.repeat(np.arange(len(widths) + 1), [*widths, 1])

    @cached_property
    def groupings(self) -> list[np.ndarray]:
        """Groups of cells that one hides together when one works on music: a voice's quarter, a quarter, a voice.

        Three arrays of shape (cells of a window,), int: the number of each cell's group.
        """
        cells = int(self.cell_of_code.max()) + 1
        line, quarter = np.zeros(cells, int), np.zeros(cells, int)
        first = self.cell_of_step_code * self.steps
        for step in range(self.steps):
            line[first + step] = self.line_of_step_code
            quarter[first + step] = step // self.texture.steps_per_quarter
        quarters = int(quarter.max()) + 1
        return [line * quarters + quarter, quarter, line]

    @cached_property
    def held(self) -> np.ndarray:
        """Which codes are context; shape (G,), bool."""
        return np.concatenate([np.full(block.groups, block.held) for block in self.blocks])

    def windows(self, step_codes: np.ndarray, starts: np.ndarray, key_codes: np.ndarray) -> np.ndarray:
        """Cut windows out of a piece.

        Args:
            step_codes: codes of a piece, shape (T, codes_per_step), uint8.
            starts: first step of each window, shape (B,); windows may reach beyond the piece's ends.
            key_codes: the key, shape (2,), from `key_codes`.

        Returns:
            Codes, shape (B, G), uint8.
        """
        starts = np.asarray(starts)
        before = max(0, -int(starts.min(initial=0)))
        after = max(0, int(starts.max(initial=0)) + self.steps - len(step_codes))
        padded = np.pad(step_codes, ((before, after), (0, 0)))
        steps = (starts + before)[:, None] + np.arange(self.steps)
        rows = padded[steps].transpose(0, 2, 1).reshape(len(starts), -1)  # (B, codes_per_step * steps)
        return np.concatenate([rows, np.broadcast_to(key_codes, (len(starts), 2))], axis=1).astype(np.uint8)

    def step_codes(self, windows: np.ndarray) -> np.ndarray:
        """The codes a step of windows (the inverse of `windows`, key aside).

        Args:
            windows: codes, shape (B, G).

        Returns:
            Shape (B, steps, codes_per_step).
        """
        music = windows[:, : self.codes_per_step * self.steps]
        return music.reshape(len(windows), self.codes_per_step, self.steps).transpose(0, 2, 1)


def encode_steps(grid: Grid) -> np.ndarray:
    """The codes of each step of a grid.

    Returns:
        Shape (T, codes_per_step), uint8.
    """
    columns = []
    for voice, cells in zip(grid.texture.voices, grid.voices, strict=True):
        if voice.kind == "mono":
            pitch = np.where(cells.sounding == REST, 0, cells.sounding - voice.low + 1)
            columns += [pitch[:, None], cells.attack[:, None]]
        else:
            columns.append(cells.sounding)
            if voice.kind == "poly":
                columns.append(cells.attack)
    columns.append(metre_codes(grid.timeline, grid.texture.steps_per_quarter, grid.steps)[:, None])
    return np.concatenate([column.astype(np.uint8) for column in columns], axis=1)


def decode_steps(step_codes: np.ndarray, like: Grid) -> Grid:
    """The grid of step codes (the inverse of `encode_steps`).

    Args:
        step_codes: shape (T, codes_per_step).
        like: a grid of as many steps that gives texture and timeline; its velocities stay where its notes stay.
    """
    voices, first = [], 0
    for voice, old in zip(like.texture.voices, like.voices, strict=True):
        codes = step_codes[:, first : first + _codes_of_voice(voice)].astype(np.int16)
        first += codes.shape[1]
        if voice.kind == "mono":
            sounding = np.where(codes[:, 0] == 0, REST, codes[:, 0] + voice.low - 1)
            attack = codes[:, 1] > 0
        else:
            sounding = codes[:, : voice.size] > 0
            attack = codes[:, voice.size :] > 0 if voice.kind == "poly" else None
        voices.append(Cells.of(voice, sounding, attack, np.where(sounding == old.sounding, old.velocity, 0)))
    return like.with_voices(voices)


def key_codes(key: Key | None) -> np.ndarray:
    """The codes of a key: tonic (0 unknown, 1 C, 2 C sharp, ...) and mode; shape (2,), uint8."""
    if key is None:
        return np.zeros(2, np.uint8)
    return np.array([key.tonic + 1, MODES.index(key.mode)], np.uint8)


def metre_codes(timeline: Timeline, steps_per_quarter: int, steps: int) -> np.ndarray:
    """The place of each step in its bar: downbeat, beat, half a beat, or off the beat; shape (T,), uint8."""
    codes = np.full(steps, OFF_BEAT, np.uint8)
    for start, end, metre in timeline.bars():
        bar_start = end - metre.bar if start == 0 and timeline.pickup else start  # a pickup counts back from its end
        for unit, code in ((metre.beat / 2, HALF_BEAT), (metre.beat, BEAT), (metre.bar, DOWNBEAT)):
            place = bar_start
            while place < end:
                step = place * steps_per_quarter
                if place >= start and step.denominator == 1 and step < steps:
                    codes[int(step)] = code
                place += unit
    return codes


def bar_timeline(bars: int, numerator: int, denominator: int, texture: Texture) -> Timeline:
    """A timeline of whole bars of one metre.

    Raises:
        UsageError: the bar is no whole number of the texture's steps.
    """
    metre = Metre(Fraction(0), numerator, denominator)
    if (metre.bar * texture.steps_per_quarter).denominator != 1:
        raise UsageError(
            f"metre: expected bars of whole 1/{texture.steps_per_quarter} quarters, got {numerator}/{denominator}"
        )
    return Timeline(length=bars * metre.bar, metres=(metre,))


def _codes_of_voice(voice: Voice) -> int:
    return {"mono": 2, "poly": 2 * voice.size, "drums": voice.size}[voice.kind]
