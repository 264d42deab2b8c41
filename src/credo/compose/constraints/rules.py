"""Constraints between cells: what draws may not take, given all other cells as they stand.

See `credo.sampling.anneal.Rule`. Inside, x are the MIDI pitches of the V mono voices at all T steps, shape (B, T, V),
-1 for a rest, and C the pitches of a voice, its rest first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.compose.constraints.frame import Frame

#: Added to the logit of what breaks a rule: much, but less than what is forbidden in any case.
PENALTY = -1e4


class Line(NamedTuple):
    """Where a voice stands in a beat: first code, first unit, pitches (or keys), lowest pitch; how many of each."""

    mono: bool
    code: int
    unit: int
    size: int
    low: int


class Layout(NamedTuple):
    """Where the voices stand in a beat.

    Attributes:
        beat: steps of a beat.
        codes, units: of a beat.
        lines: the voices.
    """

    beat: int
    codes: int
    units: int
    lines: tuple[Line, ...]

    @classmethod
    def of(cls, frame: Frame, shift: int = 0) -> Layout:
        """The layout of a grid's window; with `shift`, pitches are so many semitones higher than they are.

        Rules that know intervals alone take the window's shift and so are the same, and compiled once, for all keys.
        """
        lines = tuple(
            Line(
                lane.voice.kind == "mono",
                lane.code * frame.window.beat,
                int(frame.unit_of_beat[0, lane.unit]),
                lane.voice.size,
                lane.voice.low + shift,
            )
            for lane in frame.lanes
        )
        blocks = frame.window.blocks
        units = sum(block.groups * (block.categories if block.kind == "softmax" else 1) for block in blocks)
        return cls(frame.window.beat, frame.window.size, units, lines)

    @property
    def mono(self) -> tuple[Line, ...]:
        """The mono voices."""
        return tuple(line for line in self.lines if line.mono)

    @property
    def span(self) -> tuple[int, int]:
        """The lowest pitch of any mono voice, and the one above the highest."""
        return min(line.low for line in self.mono), max(line.low + line.size for line in self.mono)

    def pitches(self, codes: Any) -> Any:
        """The mono voices of codes (B, L, G): (B, T, V), int32."""
        columns = []
        for line in self.mono:
            values = ops.reshape(codes[:, :, line.code : line.code + self.beat], (codes.shape[0], -1))
            columns.append(ops.where(values > 0, values + (line.low - 1), -1))
        return ops.stack(columns, axis=2)

    def to_units(self, per_voice: list[Any]) -> Any:
        """Numbers for the pitches of mono voices, (B, T, C) each, as penalties of units, (B, L, N)."""
        B, L = per_voice[0].shape[0], per_voice[0].shape[1] // self.beat
        pieces, at = [], 0
        for line, numbers in zip(self.mono, per_voice, strict=True):
            if line.unit > at:
                pieces.append(ops.zeros((B, L, line.unit - at)))
            pieces.append(PENALTY * ops.reshape(ops.cast(numbers, "float32"), (B, L, -1)))
            at = line.unit + self.beat * (line.size + 1)
        return ops.concatenate([*pieces, ops.zeros((B, L, self.units - at))], axis=2)

    def to_codes(self, cells: Any) -> Any:
        """Numbers for cells of mono voices, (B, T, V), for the codes of pitch and attack, (B, L, G), float32."""
        B, L = cells.shape[0], cells.shape[1] // self.beat
        pieces, at = [], 0
        for number, line in enumerate(self.mono):
            if line.code > at:
                pieces.append(ops.zeros((B, L, line.code - at)))
            voice = ops.cast(ops.reshape(cells[:, :, number], (B, L, self.beat)), "float32")
            pieces += [voice, voice]
            at = line.code + 2 * self.beat
        return ops.concatenate([*pieces, ops.zeros((B, L, self.codes - at))], axis=2)


@dataclass(frozen=True)
class NoParallels:
    """No two mono voices move in one direction from a fifth, an octave or a unison to the same interval.

    Fifths are counted from the voice that stands lower in the texture to the one that stands higher, modulo the octave,
    as in `credo.music.harmony.parallels`.
    """

    layout: Layout

    def bias(self, codes: Any) -> Any:
        """See `Rule`."""
        x = self.layout.pitches(codes)
        before, after = _shifted(x, 1), _shifted(x, -1)
        masks = [0, 0, 0, 0]  # pitch classes out of reach: upwards and downwards from before, then towards after
        for w in range(len(self.layout.mono)):
            sign, others, there = self._beside(w), self._others(w), x[:, :, w : w + 1]
            for number, other in ((0, before), (2, after)):
                interval = _interval(other, w, sign)
                sound = (other >= 0) & (other[:, :, w : w + 1] >= 0) & (there >= 0)
                bit = _power(there + sign * interval)
                step = there - other[:, :, w : w + 1]
                for side, moves in enumerate((step > 0, step < 0)):
                    taken = ops.where(_is_perfect(interval) & sound & others & moves, bit, 0)
                    masks[number + side] = ops.bitwise_or(masks[number + side], taken)
        low, high = self.layout.span
        pitches = ops.convert_to_tensor(np.arange(low, high, dtype=np.int32))
        numbers = 0  # of any pitch for any voice, (B, T, V, P)
        for number, other in ((0, before), (2, after)):
            here = ops.expand_dims(other, -1)
            up = _has(masks[number], pitches) & (pitches > here)
            down = _has(masks[number + 1], pitches) & (pitches < here)
            numbers = numbers + ops.cast(up, "float32") + ops.cast(down, "float32")
        result = []
        for v, line in enumerate(self.layout.mono):
            own = numbers[:, :, v, line.low - low : line.low - low + line.size]
            result.append(_with_rest(own, ops.zeros_like(own[:, :, :1])))
        return self.layout.to_units(result)

    def broken(self, codes: Any) -> Any:
        """See `Rule`."""
        x = self.layout.pitches(codes)
        after, here = _shifted(x, -1), ops.zeros_like(x)
        step, sounds = after - x, (x >= 0) & (after >= 0)
        for w in range(len(self.layout.mono)):
            sign = self._beside(w)
            interval = _interval(x, w, sign)
            same = _is_perfect(interval) & (_interval(after, w, sign) == interval)
            sound = sounds & sounds[:, :, w : w + 1] & self._others(w)
            bad = sound & same & (step * step[:, :, w : w + 1] > 0)
            here = ops.maximum(here, ops.cast(bad, "int32"))
        return self.layout.to_codes(ops.maximum(here, _shifted(here, 1, 0)))

    def _beside(self, w: int) -> Any:
        """For each voice 1 if it stands above voice w in the texture, else -1; (V,)."""
        return ops.convert_to_tensor(np.where(np.arange(len(self.layout.mono)) < w, 1, -1).astype(np.int32))

    def _others(self, w: int) -> Any:
        """Which voices are not voice w; (V,), bool."""
        return ops.convert_to_tensor(np.arange(len(self.layout.mono)) != w)


@dataclass(frozen=True)
class Harmonies:
    """Notes that are no tones of their chord are reached and left by step, and some tones have to be there.

    Its facts are bits of pitch classes a step: the tones of the chord (0 where there is none), and those that
    have to be there.
    """

    layout: Layout

    def bias(self, codes: Any, facts: Any) -> Any:
        """See `Rule`."""
        tones, required = self._facts(facts)
        x = self.layout.pitches(codes)
        before, after = _shifted(x, 1), _shifted(x, -1)
        foreign = _foreign(x, tones)  # (B, T, V)
        foreign_before, foreign_after = _shifted(foreign, 1, False), _shifted(foreign, -1, False)
        bits = ops.where(x >= 0, _power(x), 0)
        result = []
        for v, line in enumerate(self.layout.mono):
            pitches = ops.convert_to_tensor(line.low + np.arange(line.size, dtype=np.int32))
            own = ops.cast((tones > 0)[..., None] & ~_has(tones, pitches), "bool")  # (1, T, P) foreign to the chord
            numbers, rest = 0, 0
            for other, strange in ((before, foreign_before), (after, foreign_after)):
                there = ops.expand_dims(other[:, :, v], -1)
                far = (there < 0) | (ops.abs(pitches - there) > 2)
                also = ops.expand_dims(strange[:, :, v], -1)
                numbers = numbers + ops.cast(far & (own | also), "float32")
                rest = rest + ops.cast(also, "float32")
            others = 0
            for w in range(len(self.layout.mono)):
                others = others if w == v else ops.bitwise_or(others, bits[:, :, w])
            missing = ops.bitwise_and(required, ops.bitwise_xor(others, 4095))
            lacks = ops.expand_dims(missing > 0, -1)
            numbers = numbers + ops.cast(lacks & ~_has(missing, pitches), "float32")
            result.append(_with_rest(numbers, rest + ops.cast(lacks, "float32")))
        return self.layout.to_units(result)

    def broken(self, codes: Any, facts: Any) -> Any:
        """See `Rule`."""
        tones, required = self._facts(facts)
        x = self.layout.pitches(codes)
        after, foreign = _shifted(x, -1), _foreign(x, tones)
        far = (x < 0) | (after < 0) | (ops.abs(x - after) > 2)
        bad = ops.cast(far & (foreign | _shifted(foreign, -1, False)), "int32")
        first = ops.cast((x[:, :1] >= 0) & foreign[:, :1], "int32")
        bad = ops.maximum(bad, _shifted(bad, 1, 0))
        bad = ops.concatenate([ops.maximum(bad[:, :1], first), bad[:, 1:]], axis=1)
        bits, there = ops.where(x >= 0, _power(x), 0), 0
        for v in range(len(self.layout.mono)):
            there = ops.bitwise_or(there, bits[:, :, v])
        lacks = ops.bitwise_and(required, ops.bitwise_xor(there, 4095)) > 0
        return self.layout.to_codes(ops.maximum(bad, ops.cast(ops.expand_dims(lacks, -1), "int32")))

    def _facts(self, facts: Any) -> tuple[Any, Any]:
        tones, required = (ops.reshape(x, (1, -1)) for x in ops.split(facts, 2, axis=1))
        return tones, required


@dataclass(frozen=True)
class FewKeys:
    """At most so many keys of each poly or drums voice sound at once: where there are more, the inner ones rest."""

    layout: Layout
    most: int

    def bias(self, codes: Any) -> Any:
        """See `Rule`."""
        return PENALTY * self._laid_out(codes, self.layout.units, units=True)

    def broken(self, codes: Any) -> Any:
        """See `Rule`."""
        return self._laid_out(codes, self.layout.codes, units=False)

    def _laid_out(self, codes: Any, width: int, *, units: bool) -> Any:
        """1 for inner keys; of units, for those that are silent too."""
        B, L = codes.shape[:2]
        pieces, at = [], 0
        for line in self.layout.lines:
            if line.mono:
                continue
            start = line.unit if units else line.code
            if start > at:
                pieces.append(ops.zeros((B, L, start - at)))
            keys = codes[:, :, line.code : line.code + line.size * self.layout.beat]
            keys = ops.cast(ops.reshape(keys, (B, L, line.size, self.layout.beat)), "int32")
            inner = ops.cast(_inner(keys, self.most, axis=2), "int32")
            inner = inner if units else inner * keys
            pieces.append(ops.cast(ops.reshape(inner, (B, L, -1)), "float32"))
            at = start + line.size * self.layout.beat
        return ops.concatenate([*pieces, ops.zeros((B, L, width - at))], axis=2)


def _inner(sounds: Any, most: int, axis: int) -> Any:
    """Where so many sound on both sides that nothing should here; outer ones are never told to rest; bool."""
    before = ops.cumsum(sounds, axis=axis) - sounds
    after = ops.sum(sounds, axis=axis, keepdims=True) - before - sounds
    return (before >= (most + 1) // 2) & (after >= most // 2)


def harmonies(frame: Frame, tones: np.ndarray, required: np.ndarray) -> tuple[Harmonies, np.ndarray]:
    """The rule and its facts for bits of pitch classes at each step, shape (T,) each; one rule for all keys."""
    shift = frame.window.shift
    return Harmonies(Layout.of(frame, shift)), frame.facts(rotated(tones, shift), rotated(required, shift))


def rotated(bits: np.ndarray, semitones: int) -> np.ndarray:
    """Bits of pitch classes, transposed upwards; any shape."""
    by = semitones % 12
    return (bits << by | bits >> (12 - by)) & 4095


def _shifted(x: Any, steps: int, filler: Any = -1) -> Any:
    """What stands a step before (1) or after (-1); (B, T, V)."""
    edge = ops.full_like(x[:, :1], filler)
    return ops.concatenate([edge, x[:, :-1]] if steps > 0 else [x[:, 1:], edge], axis=1)


def _interval(x: Any, w: int, sign: Any) -> Any:
    """Between each voice and voice w, from the lower to the higher of both, modulo the octave; (B, T, V).

    Args:
        x: pitches, (B, T, V).
        w: number of the voice.
        sign: 1 for each voice that stands above it, else -1; (V,).
    """
    return (sign * (x - x[:, :, w : w + 1]) + 132) % 12


def _is_perfect(interval: Any) -> Any:
    return (interval == 0) | (interval == 7)


def _power(pitch: Any) -> Any:
    """The bit of a pitch's class."""
    return ops.left_shift(ops.ones_like(pitch), (pitch + 24) % 12)


def _has(mask: Any, pitches: Any) -> Any:
    """Whether the classes of pitches are among bits; (..., T) and (P,) to (..., T, P), bool."""
    return ops.bitwise_and(ops.expand_dims(mask, -1), _power(pitches)) > 0


def _foreign(x: Any, tones: Any) -> Any:
    """Notes that are no tones of their chord; (B, T, V) and (1, T) to (B, T, V), bool."""
    tones = ops.expand_dims(tones, -1)
    return (x >= 0) & (tones > 0) & (ops.bitwise_and(_power(x), tones) == 0)


def _with_rest(numbers: Any, rest: Any) -> Any:
    return ops.concatenate([rest, numbers], axis=2)
