"""Annealed blocked rewriting: how a fine-tuned DBN writes a passage of any length.

The passage is a *tape*: codes of T steps, K codes a step. At each iteration the tape is cut into windows at a random
place; in every window a random share of the free cells is hidden, the stack predicts them from the rest in one go, and
draws replace them. The share falls from most of the cells to a few, so that the first iterations lay out the passage
and the last ones settle details (Yao, Ozair, Cho & Bengio 2014; the schedule of Huang et al. 2017).
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


class Schedule(NamedTuple):
    """How the hidden share falls.

    Attributes:
        iterations: number of iterations.
        most: share of the free cells hidden at first.
        least: share hidden at last.
        falling: part of the iterations during which the share falls; it stays at `least` after them.
    """

    iterations: int = 256
    most: float = 0.95
    least: float = 0.05
    falling: float = 0.75

    def share(self, iteration: Any) -> Any:
        """The share of an iteration (a number or an array of numbers)."""
        slope = (self.most - self.least) / max(self.falling * self.iterations, 1)
        return ops.maximum(self.least, self.most - slope * ops.cast(iteration, "float32"))


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
    """

    def __init__(self, dbn: DBN, steps: int, cell_of_step_code: np.ndarray, hop: int = 1) -> None:
        if hop < 1 or steps % hop:
            raise UsageError(f"Rewriter: expected a hop that divides the window's {steps} steps, got {hop}")
        self.dbn, self.steps, self.hop = dbn, steps, hop
        self.cell_of_step_code = np.asarray(cell_of_step_code)
        self.codes_per_step = len(self.cell_of_step_code)
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
        key, done, chunk = random.make_key(seed), 0, 32
        first = True
        while done < schedule.iterations:
            now = min(chunk, schedule.iterations - done)
            shares = np.array(schedule.share(np.arange(done, done + chunk)), np.float32)
            if first:
                shares[0] = 1.0  # everything that is free is drawn once before any of it is looked at
                first = False
            arguments = (codes, known, tapes.context.astype(np.int32), key, shares, np.int32(now))
            codes = self._chunk(*(ops.convert_to_tensor(x) for x in (*arguments, np.float32(temperature))))
            key = ops.convert_to_numpy(random.advance(key, 3 * now))
            done += now
            if progress:
                progress(done, schedule.iterations)
        result = ops.convert_to_numpy(codes)[:, before : before + T]
        return np.where(tapes.known, tapes.codes, result).astype(np.uint8)

    def _run_chunk(self, codes: Any, known: Any, context: Any, key: Any, shares: Any, count: Any, heat: Any) -> Any:
        def body(index: Any, codes: Any) -> Any:
            return self._iterate(codes, known, context, random.advance(key, 3 * index), shares[index], heat)

        return ops.fori_loop(0, count, body, codes)

    def _iterate(self, codes: Any, known: Any, context: Any, key: Any, share: Any, temperature: Any) -> Any:
        W, K = self.steps, self.codes_per_step
        B, padded = codes.shape[0], codes.shape[1]
        windows = padded // W - 1
        span = windows * W
        cells = int(self.cell_of_step_code.max()) + 1
        # The tape is cut at a random place, and a share of the free cells is hidden.
        phase = ops.cast(random.uniform(key, (1,))[0] * (W // self.hop), "int32") * self.hop
        start = (0, phase, 0)
        here = ops.slice(codes, start, (B, span, K))
        draw = ops.cast(random.uniform(random.advance(key), (B, span, cells)) < share, "float32")
        hidden = ops.take(draw, self.cell_of_step_code, axis=2) * (1 - ops.slice(known, start, (B, span, K)))
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
