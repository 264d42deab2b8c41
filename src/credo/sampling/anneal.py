"""Annealed blocked rewriting: how a fine-tuned DBN writes a passage of any length.

The passage is a *tape*: codes of T steps, K codes a step. At each iteration the tape is cut into windows at a random
place; in every window a random share of the free cells is hidden, the stack predicts them from the rest in one go, and
draws replace them. The opening lays out the whole passage: the share falls from most of the cells to a few (Yao, Ozair,
Cho & Bengio 2014; the schedule of Huang et al. 2017). Single cells cannot move a long note, so cycles follow: each
chooses blocks, a line over a hop of steps, and writes them anew with everything else known, again from most of their
cells to a few; there are fewer blocks from cycle to cycle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import random
from credo.models.backend import compiled
from credo.models.dbn import DBN
from credo.shapes import expect

_CYCLES = 0x5EED  # sets the stream that chooses blocks apart from the one that draws cells


class Schedule(NamedTuple):
    """How much is hidden, and when.

    Attributes:
        iterations: number of iterations.
        opening: part of the iterations that lays out the whole passage.
        most: share of the free cells hidden at the start of the opening.
        least: share of the cells hidden at the end of the opening and of each cycle.
        falling: part of the opening during which the share falls; it stays at `least` after that.
        cycle: iterations of a cycle; 0 for an opening that takes all iterations.
        most_blocks: share of the blocks that the first cycle writes anew.
        least_blocks: share of the blocks that the last cycle writes anew.
        closing: part of the iterations, after the cycles, that goes over the whole passage again with `least` hidden.
    """

    iterations: int = 256
    opening: float = 0.3
    most: float = 0.95
    least: float = 0.05
    falling: float = 0.75
    cycle: int = 12
    most_blocks: float = 0.7
    least_blocks: float = 0.15
    closing: float = 0.1

    def plan(self) -> Plan:
        """The shares of each iteration."""
        opening = max(1, round(self.opening * self.iterations)) if self.cycle else self.iterations
        closing = min(round(self.closing * self.iterations), self.iterations - opening)
        slope = (self.most - self.least) / max(self.falling * opening, 1)
        cells = np.maximum(self.least, self.most - slope * np.arange(opening))
        cells[0] = 1.0  # everything that is free is drawn once before any of it is looked at
        rest = np.arange(self.iterations - opening - closing)
        number, place = (rest // self.cycle, rest % self.cycle) if self.cycle else (rest, rest)
        inside = 1 - (1 - self.least) * place / max(self.cycle - 1, 1)
        last = max(int(number.max(initial=0)), 1)
        blocks = self.most_blocks + (self.least_blocks - self.most_blocks) * number / last
        return Plan(
            np.concatenate([cells, inside, np.full(closing, self.least)]).astype(np.float32),
            np.concatenate([np.ones(opening), blocks, np.ones(closing)]).astype(np.float32),
            np.concatenate([np.zeros(opening), 1 + number, np.full(closing, last + 2)]).astype(np.int32),
        )


class Plan(NamedTuple):
    """What each iteration hides.

    Attributes:
        cells: share of the cells of the chosen blocks, shape (I,).
        blocks: share of the blocks that are chosen, shape (I,).
        cycles: number of the cycle, shape (I,); the iterations of a cycle work on the same blocks.
    """

    cells: np.ndarray
    blocks: np.ndarray
    cycles: np.ndarray


class Tapes(NamedTuple):
    """A batch of passages.

    Attributes:
        codes: shape (B, T, K), integers.
        known: which codes are held, shape (B, T, K), bool.
        context: codes that belong to the whole passage, shape (B, C), integers; always held.
    """

    codes: np.ndarray
    known: np.ndarray
    context: np.ndarray


class Rewriter:
    """Rewrites tapes with a DBN; compiled once for each batch size and number of windows.

    Args:
        dbn: a fine-tuned network over windows of `steps` steps. The last codes of a window are the context.
        steps: steps of a window, W.
        cell_of_step_code: for each code of a step, the cell it belongs to, shape (K,).
        hop: steps between the starts of the windows that the network was trained on; the tape is cut at multiples of
            it only.
        line_of_step_code: for each code of a step, the line (voice) it belongs to, shape (K,); None for one line.
    """

    def __init__(
        self,
        dbn: DBN,
        steps: int,
        cell_of_step_code: np.ndarray,
        *,
        hop: int = 1,
        line_of_step_code: np.ndarray | None = None,
    ) -> None:
        if hop < 1 or steps % hop:
            raise UsageError(f"Rewriter: expected a hop that divides the window's {steps} steps, got {hop}")
        self.dbn, self.steps, self.hop = dbn, steps, hop
        self.cell_of_step_code = np.asarray(cell_of_step_code)
        self.codes_per_step = len(self.cell_of_step_code)
        lines = np.zeros(self.codes_per_step, int) if line_of_step_code is None else np.asarray(line_of_step_code)
        self.line_of_step_code = lines
        self._chunk = compiled(dbn, self._run_chunk)

    def rewrite(
        self,
        tapes: Tapes,
        schedule: Schedule = Schedule(),  # noqa: B008 - immutable
        *,
        temperature: float = 1.0,
        seed: int = 0,
        first_step: int = 0,
        progress: Callable[[int, int], None] | None = None,
    ) -> np.ndarray:
        """Draw the free codes of tapes, given the held ones.

        Args:
            tapes: what is held and what is free; what stands in free places does not count.
            schedule: the annealing.
            temperature: divides the logits of every draw; below 1 for more ordinary passages.
            seed: the same seed gives the same codes on the same backend.
            first_step: a step at which a training window may begin, such as the first downbeat.
            progress: called with (iterations done, iterations in all) from time to time.

        Returns:
            Codes, shape (B, T, K), uint8. Held codes are as they were.

        Raises:
            UsageError: a number is out of range, or the shapes do not fit.
        """
        B, T, K = tapes.codes.shape
        expect("codes", tapes.codes, "B T K", K=self.codes_per_step)
        expect("known", tapes.known, "B T K", B=B, T=T, K=K)
        expect("context", tapes.context, "B C", B=B, C=self.dbn.visible.groups - self.steps * K)
        if temperature <= 0 or schedule.iterations < 1:
            raise UsageError(
                f"rewrite: expected temperature > 0 and iterations >= 1, got {temperature} and {schedule.iterations}"
            )
        W = self.steps
        windows = _round_up(-(-T // W) + 1)
        before = W - first_step % self.hop
        pad = ((0, 0), (before, (windows + 1) * W - before - T), (0, 0))
        known = np.pad(tapes.known, pad, constant_values=True).astype(np.float32)
        codes = np.pad(np.where(tapes.known, tapes.codes, 0), pad).astype(np.int32)
        plan, key, chunk = schedule.plan(), random.make_key(seed), 32
        for done in range(0, schedule.iterations, chunk):
            now = min(chunk, schedule.iterations - done)
            part = Plan(*(np.resize(column[done : done + now], chunk) for column in plan))
            arguments = (codes, known, tapes.context.astype(np.int32), key, *part, np.int32(done), np.int32(now))
            codes = self._chunk(*(ops.convert_to_tensor(x) for x in (*arguments, np.float32(temperature))))
            if progress:
                progress(done + now, schedule.iterations)
        result = ops.convert_to_numpy(codes)[:, before : before + T]
        return np.where(tapes.known, tapes.codes, result).astype(np.uint8)

    def _run_chunk(
        self,
        codes: Any,
        known: Any,
        context: Any,
        key: Any,
        cells: Any,
        blocks: Any,
        cycles: Any,
        done: Any,
        count: Any,
        temperature: Any,
    ) -> Any:
        cycle_key = ops.stack([ops.bitwise_xor(key[0], _CYCLES), key[1]])

        def body(index: Any, codes: Any) -> Any:
            here = random.advance(key, 3 * (done + index))
            blocks_key = random.advance(cycle_key, cycles[index])
            return self._iterate(codes, known, context, (here, blocks_key), (cells[index], blocks[index]), temperature)

        return ops.fori_loop(0, count, body, codes)

    def _iterate(
        self, codes: Any, known: Any, context: Any, keys: tuple[Any, Any], shares: tuple[Any, Any], temperature: Any
    ) -> Any:
        W, K = self.steps, self.codes_per_step
        B, padded = codes.shape[0], codes.shape[1]
        windows = padded // W - 1
        span = windows * W
        cells, lines = int(self.cell_of_step_code.max()) + 1, int(self.line_of_step_code.max()) + 1
        key, blocks_key = keys
        # The tape is cut at a random place, and a share of the free cells of the chosen blocks is hidden.
        phase = ops.cast(random.uniform(key, (1,))[0] * (W // self.hop), "int32") * self.hop
        start = (0, phase, 0)
        here = ops.slice(codes, start, (B, span, K))
        draw = ops.cast(random.uniform(random.advance(key), (B, span, cells)) < shares[0], "float32")
        hidden = ops.take(draw, ops.convert_to_tensor(self.cell_of_step_code), axis=2)
        chosen = ops.cast(random.uniform(blocks_key, (B, padded // self.hop, lines)) < shares[1], "float32")
        chosen = ops.take(ops.repeat(chosen, self.hop, axis=1), ops.convert_to_tensor(self.line_of_step_code), axis=2)
        hidden = hidden * ops.slice(chosen * (1 - known), start, (B, span, K))
        # Windows see their own steps and the context only.
        window_codes = ops.concatenate([self._cut(here), ops.repeat(context, windows, axis=0)], axis=1)
        window_hidden = self._cut(hidden)
        window_hidden = ops.concatenate(
            [window_hidden, ops.zeros((B * windows, context.shape[1]), dtype="float32")], axis=1
        )
        units = self.dbn.visible
        logits = self.dbn.predict_hidden(units.expand(window_codes), units.spread(1 - window_hidden)) / temperature
        uniform = random.uniform(random.advance(key, 2), (B * windows, units.groups))
        drawn = self._join(units.collapse(units.sample(logits, uniform))[:, : W * K], B)
        return ops.slice_update(codes, start, ops.where(hidden > 0, drawn, here))

    def _cut(self, tape: Any) -> Any:
        """(B, windows * W, K) to (B * windows, K * W), code by code."""
        cut = ops.reshape(tape, (-1, self.steps, self.codes_per_step))
        return ops.reshape(ops.transpose(cut, (0, 2, 1)), (-1, self.codes_per_step * self.steps))

    def _join(self, windows: Any, B: int) -> Any:
        """The inverse of `_cut`."""
        cut = ops.transpose(ops.reshape(windows, (-1, self.codes_per_step, self.steps)), (0, 2, 1))
        return ops.reshape(cut, (B, -1, self.codes_per_step))


def _round_up(windows: int) -> int:
    """A number of windows of which there are few, so that pieces of similar length share a compiled kernel."""
    step = max(1, 2 ** (windows.bit_length() - 3))
    return -(-windows // step) * step
