"""What constraints look at: a grid, what is held of it, its bars, and where its codes and units stand."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from credo.music.grid import Grid
from credo.music.score import Metre
from credo.music.steps import METRE_PLACES, codes_of_voice, encode_steps, units_of_voice
from credo.music.texture import Voice
from credo.music.window import Window

if TYPE_CHECKING:
    from credo.sampling.anneal import Rule


class Bar(NamedTuple):
    """A bar.

    Attributes:
        number: from 1; 0 for an upbeat.
        start, stop: first step, and the step after the last.
        origin: where its downbeat is or, for an upbeat, would be.
        metre: in force.
    """

    number: int
    start: int
    stop: int
    origin: int
    metre: Metre


class Lane(NamedTuple):
    """Where a voice stands among the codes and the units of a step.

    Attributes:
        voice: the voice.
        index: its number in the texture.
        code: its first code; a mono voice's is its pitch, and the next one its attack.
        unit: its first unit.
    """

    voice: Voice
    index: int
    code: int
    unit: int

    @property
    def values(self) -> int:
        """Units of its pitches: a rest and the pitches of a mono voice, the keys of others."""
        return self.voice.size + (self.voice.kind == "mono")

    @property
    def codes(self) -> slice:
        """The codes of its pitches."""
        return slice(self.code, self.code + (1 if self.voice.kind == "mono" else self.voice.size))

    @property
    def attack_codes(self) -> slice:
        """The codes of its attacks; none for drums."""
        return slice(self.codes.stop, self.codes.stop + self._attacks)

    @property
    def pitches(self) -> slice:
        """The units of its pitches, for mono voices without the rest."""
        return slice(self.unit + (self.voice.kind == "mono"), self.unit + self.values)

    @property
    def rest(self) -> int:
        """The unit of a mono voice's rest."""
        return self.unit

    @property
    def attacks(self) -> slice:
        """The units of its attacks; none for drums."""
        return slice(self.unit + self.values, self.unit + self.values + self._attacks)

    @property
    def _attacks(self) -> int:
        return {"mono": 1, "poly": self.voice.size, "drums": 0}[self.voice.kind]

    @property
    def midi(self) -> np.ndarray:
        """The MIDI pitches of its pitch units."""
        return np.array([self.voice.pitch(index) for index in range(self.voice.size)])


@dataclass(frozen=True, eq=False)
class Frame:
    """A grid as constraints see it.

    Attributes:
        window: the layout of codes.
        grid: the held notes and the timeline.
        held: which codes are held, shape (T, K).
    """

    window: Window
    grid: Grid
    held: np.ndarray

    @property
    def steps(self) -> int:
        """Number of steps, T."""
        return self.grid.steps

    @cached_property
    def codes(self) -> np.ndarray:
        """The codes of the grid, shape (T, K)."""
        return encode_steps(self.grid)

    @cached_property
    def lanes(self) -> tuple[Lane, ...]:
        """The voices, in order."""
        lanes: list[Lane] = []
        code = unit = 0
        for index, voice in enumerate(self.window.texture.voices):
            lanes.append(Lane(voice, index, code, unit))
            code, unit = code + codes_of_voice(voice), unit + units_of_voice(voice)
        return tuple(lanes)

    @property
    def mono(self) -> tuple[Lane, ...]:
        """The mono voices."""
        return tuple(lane for lane in self.lanes if lane.voice.kind == "mono")

    @property
    def bass(self) -> Lane | None:
        """The voice that has the lowest notes; None for a single line and for drums."""
        poly = [lane for lane in self.lanes if lane.voice.kind == "poly"]
        if poly:
            return poly[-1]
        return self.mono[-1] if len(self.mono) > 1 else None

    @property
    def units(self) -> int:
        """Units of a step, the place in the metre included, U."""
        return sum(map(units_of_voice, self.window.texture.voices)) + METRE_PLACES

    def lane(self, name: str) -> Lane:
        """The voice of a name.

        Raises:
            UsageError: there is no such voice.
        """
        return self.lanes[self.window.texture.voices.index(self.window.texture.voice(name))]

    @cached_property
    def bars(self) -> tuple[Bar, ...]:
        """The bars of the piece."""
        timeline, beat = self.grid.timeline, self.window.beat
        bars = []
        for number, (start, end, metre) in enumerate(timeline.bars(), 0 if timeline.pickup else 1):
            origin = end - metre.bar if number == 0 else start
            stop = min(int(end * beat), self.steps)
            bars.append(Bar(number, int(start * beat), stop, int(origin * beat), metre))
        return tuple(bar for bar in bars if bar.start < self.steps)

    def bar_steps(self, bar: Bar) -> int:
        """Steps of a whole bar like this one."""
        return int(bar.metre.bar * self.window.beat)

    def beat_steps(self, bar: Bar) -> int:
        """Steps of a beat of a bar, 1 at least."""
        return max(1, int(bar.metre.beat * self.window.beat))

    @cached_property
    def on_beat(self) -> np.ndarray:
        """Steps at which a beat begins, shape (T,), bool."""
        places = np.zeros(self.steps, bool)
        for bar in self.bars:
            steps = np.arange(bar.start, bar.stop)
            places[steps] = (steps - bar.origin) % self.beat_steps(bar) == 0
        return places

    def bar_at(self, step: int) -> int:
        """The number of the bar of a step."""
        return next((bar.number for bar in self.bars if bar.start <= step < bar.stop), self.bars[-1].number)

    @cached_property
    def unit_of_beat(self) -> np.ndarray:
        """For each step of a beat and each unit of a step, the unit of the beat, shape (steps of a beat, U)."""
        beat, first, columns = self.window.beat, 0, []
        for block in self.window.blocks[: -self.window.labels]:
            categories = block.categories if block.kind == "softmax" else 1
            units = first + np.arange(block.groups * categories)
            codes = block.groups // beat  # of a step
            columns.append(units.reshape(codes, beat, categories).swapaxes(0, 1).reshape(beat, -1))
            first += len(units)
        return np.concatenate(columns, axis=1)

    @property
    def first_step(self) -> int:
        """The step at which the first whole beat is counted from."""
        return int(self.grid.timeline.pickup * self.window.beat)

    def places(self) -> tuple[np.ndarray, np.ndarray]:
        """The beat of each step and its place in the beat, both of shape (T,), int."""
        return np.divmod(np.arange(self.steps) + -self.first_step % self.window.beat, self.window.beat)

    @property
    def beats(self) -> int:
        """Number of beats (blocks) that the steps are cut into, L."""
        return int(self.places()[0][-1]) + 1

    def facts(self, *columns: np.ndarray) -> np.ndarray:
        """Numbers of each step, (T,) each, beat by beat: first those of one column, then the next; (L, D), int32."""
        block, place = self.places()
        facts = np.zeros((self.beats, len(columns), self.window.beat), np.int32)
        for number, column in enumerate(columns):
            facts[block, number, place] = column
        return facts.reshape(self.beats, -1)

    def runs_after(self, joins: np.ndarray, held: np.ndarray) -> Iterator[tuple[int, int]]:
        """Runs of free steps that go on with a held step before them: first step, and the step after the last.

        Args:
            joins: whether a step goes on with the one before, shape (T,), bool.
            held: which steps are held, shape (T,), bool.
        """
        for start in np.flatnonzero(joins[1:] & held[:-1] & ~held[1:]) + 1:
            stop = start + 1
            while stop < self.steps and joins[stop] and not held[stop]:
                stop += 1
            yield int(start), int(stop)

    def bars_of(self, steps: Sequence[int] | np.ndarray) -> str:
        """The bars of steps in words, such as `bars 3, 5, 9`; of many the first ones."""
        numbers = sorted({self.bar_at(int(step)) for step in steps})
        if len(numbers) == 1:
            return f"bar {numbers[0]}"
        shown = ", ".join(map(str, numbers[:8]))
        return f"bars {shown}" + (f" and {len(numbers) - 8} more" if len(numbers) > 8 else "")


@dataclass(eq=False)
class Part:
    """What one wish asks of the draws.

    Attributes:
        name: of the wish.
        forbidden: values that may not be drawn (of bits: that may not be 1), shape (T, U), bool.
        forced: bits that have to be 1, shape (T, U), bool.
        joins: steps at which a voice goes on with what it had a step before, shape (T, V), bool.
        copies: pairs of steps that have the same cells, shape (E, 2), int.
        rules: with what each knows of the beats, shape (L, D) or None; see `credo.sampling.anneal`.
        until: the step at which the wish ends.
        lean: what is added to the logits of units, shape (T, U), float32; None for nothing.
        begins: steps at which a keyboard begins a note if nobody else does, shape (T,), bool; None for none.
    """

    name: str
    forbidden: np.ndarray
    forced: np.ndarray
    joins: np.ndarray
    copies: np.ndarray
    rules: list[tuple[Rule, np.ndarray | None]] = field(default_factory=list)
    until: int = 0
    lean: np.ndarray | None = None
    begins: np.ndarray | None = None

    @classmethod
    def of(cls, name: str, frame: Frame) -> Part:
        """A part that asks for nothing yet."""
        units, voices = (frame.steps, frame.units), (frame.steps, len(frame.lanes))
        flags = (np.zeros(shape, bool) for shape in (units, units, voices))
        return cls(name, *flags, np.zeros((0, 2), int))

    def only(self, steps: Any, lane: Lane, classes: Any, *, rest: bool = True) -> None:
        """Forbid a voice all but some pitch classes, and rests unless they are allowed."""
        self.forbid(steps, lane, ~np.isin(lane.midi % 12, np.array(sorted(classes))))
        if not rest and lane.voice.kind == "mono":
            self.forbidden[steps, lane.rest] = True

    def forbid(self, steps: Any, lane: Lane, pitches: np.ndarray) -> None:
        """Forbid a voice some of its pitches, shape (P,), bool."""
        rows = np.atleast_1d(np.arange(len(self.forbidden))[steps])
        self.forbidden[np.ix_(rows, np.arange(lane.pitches.start, lane.pitches.stop)[pitches])] = True
