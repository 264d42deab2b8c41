"""How likely music is under a model, piece by piece: what a comparison of sets of music asks of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from keras import ops

from credo.compose.generate import Composer
from credo.compose.given import Given
from credo.errors import UsageError
from credo.models import random
from credo.models.backend import compiled
from credo.music.score import Score

_ROWS = 64


class Likelihood:
    """Tells how well a model predicts hidden cells of passages, as fine-tuning trains it to.

    A passage is cut into windows of the length that the model was trained on. Of each window a random share of the
    cells is hidden, uniform between none and all, and the model tells them from the others, each by itself. The mean
    over many masks is what the orderless training of B. Uria, I. Murray and H. Larochelle ("A Deep and Tractable
    Density Estimator", ICML 2014) makes small. It needs no normaliser.

    Args:
        composer: with the model.
        masks: how many masks of each window.
        seed: of the masks; windows at the same places of two lists of passages have the same.
    """

    def __init__(self, composer: Composer, *, masks: int = 8, seed: int = 0) -> None:
        if masks < 1:
            raise UsageError(f"masks: expected 1 or more, got {masks}")
        self.composer, self.masks, self.seed = composer, masks, seed
        dbn = composer.dbn
        of_cell = 1 / np.bincount(dbn.cells)[dbn.cells]  # a cell counts once, however many codes it has
        of_cell = ops.convert_to_tensor(of_cell.astype(np.float32))

        def nats(x: Any, inside: Any, key: Any) -> Any:
            known, _ = dbn.draw_mask(ops.shape(x)[:-1], key)
            hidden = (1 - known) * inside[..., None]
            logits = dbn.predict_hidden(dbn.visible.expand(x), dbn.visible.spread(known))
            told = -hidden * dbn.visible.log_prob(x, logits)
            return ops.stack([ops.sum(told, axis=(1, 2)), ops.sum(hidden * of_cell, axis=(1, 2))], axis=-1)

        self._nats = compiled(dbn, nats)

    def __call__(self, passages: Sequence[Score]) -> np.ndarray:
        """Measure passages.

        Args:
            passages: n of them.

        Returns:
            Of each the nats of its hidden cells and how many were hidden, over all masks, shape (n, 2), float64; NaN
            where notes of it have no place on the model's voices, or nothing was hidden. The quotient is nats a cell.
        """
        found = np.full((len(passages), 2), np.nan)
        rows, inside, number = [], [], []
        for place, score in enumerate(passages):
            codes = self._codes(score)
            if codes is None:
                continue
            found[place] = 0
            windows, there = self._windows(codes)
            rows += [windows] * self.masks
            inside += [there] * self.masks
            number += [place] * (self.masks * len(windows))
        if number:
            np.add.at(found, number, self._measured(np.concatenate(rows), np.concatenate(inside)))
        found[found[:, 1] == 0] = np.nan
        return found

    def _codes(self, score: Score) -> np.ndarray | None:
        """The beats of a piece, shape (L, G); None if notes have no place."""
        try:
            return self.composer.beats(Given.of(score, self.composer.texture).grid)
        except UsageError:
            return None

    def _windows(self, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Windows, shape (n, beats, G), with nothing after the end of the piece, and which beats are of it."""
        beats = self.composer.window.beats
        after = -len(codes) % beats
        padded = np.pad(codes, ((0, after), (0, 0)))
        there = np.arange(len(padded)) < len(codes)
        return padded.reshape(-1, beats, codes.shape[1]), there.reshape(-1, beats).astype(np.float32)

    def _measured(self, rows: np.ndarray, inside: np.ndarray) -> np.ndarray:
        results = []
        for start in range(0, len(rows), _ROWS):
            chosen = np.resize(np.arange(start, min(start + _ROWS, len(rows))), _ROWS)  # one shape, one compilation
            here = (rows[chosen].astype("int32"), inside[chosen], random.make_key(self.seed + start))
            results.append(ops.convert_to_numpy(self._nats(*map(ops.convert_to_tensor, here))))
        return np.concatenate(results)[: len(rows)].astype(float)
