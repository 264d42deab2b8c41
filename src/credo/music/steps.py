"""The codes of the steps of a grid.

Each step has a row of small integers: for a mono voice the pitch (0 a rest, 1 the lowest pitch, ...) and the attack
bit, for poly and drums voices one bit a key (and one an onset; for expressive drums a level of loudness and a timing),
and the step's place in the metre. `window` makes of them what a model sees.
"""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from credo.errors import UsageError
from credo.music.grid import MOST_OFFSET, OFFSETS, REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import Metre, Timeline
from credo.music.texture import Texture, Voice

OUTSIDE, DOWNBEAT, BEAT, HALF_BEAT, OFF_BEAT = range(5)
METRE_PLACES = 5
MODES = ("unknown", "major", "minor")

#: Where the levels of loudness of an expressive voice begin, beyond the first: about the octiles of the Groove MIDI
#: data set, of whose variance the eight levels keep 98 % (six 97 %, four 91 %).
LEVEL_STARTS = (28, 40, 51, 63, 77, 95, 120)
#: The velocity that each level is played with: the median of its notes there.
LEVEL_VELOCITIES = (17, 34, 45, 57, 69, 85, 106, 127)
#: Values of the loudness and timing codes of an expressive voice; 0 stands where nothing is struck.
LEVELS, TIMINGS = 1 + len(LEVEL_VELOCITIES), 1 + OFFSETS


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
            if voice.expressive:
                columns.append(np.where(cells.attack, levels_of(cells.velocity), 0))
                columns.append(np.where(cells.attack, 1 + MOST_OFFSET + cells.offset, 0))
    columns.append(metre_codes(grid.timeline, grid.texture.steps_per_quarter, grid.steps)[:, None])
    return np.concatenate([column.astype(np.uint8) for column in columns], axis=1)


def decode_steps(step_codes: np.ndarray, like: Grid) -> Grid:
    """The grid of step codes (the inverse of `encode_steps`).

    Args:
        step_codes: shape (T, codes_per_step).
        like: a grid of as many steps that gives texture and timeline; its velocities stay where its notes stay, in
            expressive voices where they are of the level that is told. Where a drum is struck without a level or a
            timing it has the usual velocity, or is on its step; levels and timings of silence do not count.
    """
    voices, first = [], 0
    for voice, old in zip(like.texture.voices, like.voices, strict=True):
        codes = step_codes[:, first : first + codes_of_voice(voice)].astype(np.int16)
        first += codes.shape[1]
        if voice.kind == "mono":
            sounding = np.where(codes[:, 0] == 0, REST, codes[:, 0] + voice.low - 1)
            attack = codes[:, 1] > 0
        else:
            sounding = codes[:, : voice.size] > 0
            attack = codes[:, voice.size :] > 0 if voice.kind == "poly" else None
        velocity, offset = np.where(sounding == old.sounding, old.velocity, 0), None
        if voice.expressive:
            level, timing = codes[:, voice.size : 2 * voice.size], codes[:, 2 * voice.size :]
            velocity = np.where(level == np.where(velocity > 0, levels_of(velocity), 0), velocity, _VELOCITIES[level])
            offset = np.where(timing > 0, timing - 1 - MOST_OFFSET, 0)
        voices.append(Cells.of(voice, sounding, attack, velocity, offset))
    return like.with_voices(voices)


def levels_of(velocity: np.ndarray) -> np.ndarray:
    """Levels of loudness of velocities, 1 (softest) to 8; any shape, int."""
    return 1 + np.searchsorted(LEVEL_STARTS, velocity, side="right")


def key_codes(key: Key | None, shift: int = 0) -> np.ndarray:
    """The codes of a key: tonic (0 unknown, 1 C, 2 C sharp, ...) and mode; shape (2,), uint8.

    Args:
        key: the key; None if it is not known.
        shift: semitones that it is transposed up.
    """
    if key is None:
        return np.zeros(2, np.uint8)
    return np.array([(key.tonic + shift) % 12 + 1, MODES.index(key.mode)], np.uint8)


def metre_codes(timeline: Timeline, steps_per_quarter: int, steps: int) -> np.ndarray:
    """The place of each step in its bar: downbeat, beat, half a beat, or off the beat; shape (T,), uint8.

    In metres such as 7/8, whose eighths are no beats to a model that knows 4/4, quarters are.
    """
    codes = np.full(steps, OFF_BEAT, np.uint8)
    for start, end, metre in timeline.bars():
        bar_start = end - metre.bar if start == 0 and timeline.pickup else start  # a pickup counts back from its end
        beat = Fraction(1) if metre.denominator >= 8 and metre.numerator % 3 else metre.beat
        for unit, code in ((beat / 2, HALF_BEAT), (beat, BEAT), (metre.bar, DOWNBEAT)):
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


def codes_of_voice(voice: Voice) -> int:
    """Codes of a voice at a step."""
    return {"mono": 2, "poly": 2 * voice.size, "drums": voice.size * (3 if voice.expressive else 1)}[voice.kind]


def units_of_voice(voice: Voice) -> int:
    """Visible units of a voice at a step."""
    drum = 1 + (LEVELS + TIMINGS if voice.expressive else 0)
    return {"mono": voice.size + 2, "poly": 2 * voice.size, "drums": voice.size * drum}[voice.kind]


_VELOCITIES = np.array((0, *LEVEL_VELOCITIES), np.uint8)
