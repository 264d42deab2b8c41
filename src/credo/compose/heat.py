"""What surprises a model in a piece, bar by bar."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from keras import ops

from credo.compose.generate import Composer
from credo.errors import UsageError
from credo.models.backend import compiled
from credo.music.grid import Grid
from credo.music.passage import bar_steps
from credo.sampling.anneal import padded_length

#: Pairs of masks; each cell is told as often.
_PAIRS = 6
_SEED = 0x4EA7


class Heat:
    """Tells how surprising each bar is, given what is around it.

    The lines of each beat (a voice's cells there) are hidden by a random half, then the other half, several times over
    with fixed random numbers; the network tells what is hidden from the rest. So each cell is measured equally often,
    and the sum over a beat is the surprise of its cells, each with about half of its surroundings known: a conditional
    that needs no normaliser, as in the orderless estimator of Uria, Murray & Larochelle (ICML 2014).

    Args:
        composer: with the model. What is compiled is shared by pieces of similar lengths.
    """

    def __init__(self, composer: Composer) -> None:
        self.composer = composer
        dbn = composer.dbn

        def nats(codes: object, known: object) -> object:
            logits = dbn.predict_hidden(dbn.visible.expand(codes), dbn.visible.spread(known))
            return ops.sum(-(1 - known) * dbn.visible.log_prob(codes, logits), axis=(0, 2))

        self._nats = compiled(dbn, nats)

    def beats(self, grid: Grid) -> np.ndarray:
        """The surprise of each beat.

        Args:
            grid: the piece, on the model's texture.

        Returns:
            Nats, shape (L,), float64.

        Raises:
            UsageError: the grid is of another texture.
        """
        composer = self.composer
        if grid.texture != composer.texture:
            raise UsageError(f"grid: expected the model's texture {composer.texture.name}, got {grid.texture.name}")
        codes = composer.beats(grid).astype(np.int32)
        L, lines = len(codes), composer.rewriter.line_of_code
        before = sum(span // 2 for span in composer.dbn.spans)  # nothing but silence before and after, as in training
        total = padded_length(composer.dbn, L)
        dice = np.random.default_rng(_SEED)
        first = dice.random((_PAIRS, total, int(lines.max()) + 1))[:, :, lines] < 0.5
        known = np.concatenate([first, ~first])  # (2 pairs, L, G)
        known |= composer.dbn.held
        known[:, :before] = known[:, before + L :] = True
        rows = np.repeat(np.pad(codes, ((before, total - before - L), (0, 0)))[None], len(known), axis=0)
        nats = self._nats(ops.convert_to_tensor(rows), ops.convert_to_tensor(known.astype(np.float32)))
        return ops.convert_to_numpy(nats)[before : before + L].astype(float) / _PAIRS

    def bars(self, grid: Grid) -> np.ndarray:
        """The surprise of each bar, in nats a beat of the model (a quarter); shape (bars,), float64.

        Raises:
            UsageError: as `beats`.
        """
        beats, rate = self.beats(grid), grid.texture.steps_per_quarter
        shift = -(-grid.timeline.pickup // 1) - grid.timeline.pickup  # the first beat of an upbeat may be cut
        ends = np.concatenate([[0.0], np.cumsum(beats)])
        found = []
        for start, stop in bar_steps(grid):
            places = [float(Fraction(step, rate) + shift) for step in (start, stop)]
            here, there = np.interp(places, np.arange(len(ends)), ends)
            found.append((there - here) / (places[1] - places[0]))
        return np.array(found)
