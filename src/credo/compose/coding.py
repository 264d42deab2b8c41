"""The code of a piece: what the hidden units of a deep belief network make of it.

The means of each layer's hidden units, beat by beat, are pooled over the piece: their mean says what the network hears
in it, their standard deviation how much that changes. A model with room for transpositions hears the piece in several
keys, none of which it is told, and the code is the mean of these: it then hangs less on pitch and more on what notes
do (docs/library.md has the figures).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from keras import ops

from credo.compose.generate import Composer
from credo.models import backend
from credo.music.grid import Grid
from credo.music.score import Score
from credo.music.steps import encode_steps
from credo.music.transform import fit

#: Beats of a stretch that goes through the network at once, and stretches in a batch.
_STRETCH, _BATCH = 64, 16
#: A piece counts with so many beats at most, from its beginning.
MOST_BEATS = 2048
#: Semitones by which a piece is moved for a model that has room for them.
SHIFTS = (-6, -3, 0, 3)


@dataclass(frozen=True)
class _Stretch:
    piece: int
    codes: np.ndarray  # (_STRETCH + 2 around, G)
    inside: np.ndarray  # (_STRETCH + 2 around,), 1 where a beat counts


class Coder:
    """Makes codes with one model.

    Args:
        composer: the model.
    """

    def __init__(self, composer: Composer) -> None:
        self.composer = composer
        dbn = composer.dbn
        self.around = sum(span // 2 for span in dbn.spans)
        self.sizes = dbn.layer_sizes
        self.shifts = SHIFTS if composer.window.room >= max(map(abs, SHIFTS)) else (0,)
        self._pooled = backend.compiled(dbn, lambda codes, inside: _pooled(dbn, codes, inside))

    @classmethod
    def load(cls, model: str | Path) -> Coder:
        """A coder with a model that came along, or a model folder.

        Raises:
            ModelError: there is no such model, or it cannot be used.
        """
        return cls(Composer.load(model))

    @property
    def size(self) -> int:
        """Numbers of a code: for each layer a mean and a standard deviation a hidden unit."""
        return 2 * sum(self.sizes)

    def grid_of(self, score: Score) -> Grid:
        """A score on the voices of the model, as far as they hold it."""
        return fit(score, self.composer.texture).grid

    def codes(self, grids: Iterable[Grid]) -> Iterator[np.ndarray]:
        """The codes of pieces, in order.

        Args:
            grids: on the model's texture.

        Yields:
            The means of the hidden units of each layer, lowest first, then their standard deviations over the beats;
            float32, shape (size,).
        """
        pieces = iter(grids)
        while some := list(islice(pieces, 4 * _BATCH)):
            yield from self._of_some(some)

    def _of_some(self, grids: Sequence[Grid]) -> np.ndarray:
        stretches = [each for number, grid in enumerate(grids) for each in self._stretches(number, grid)]
        total = np.zeros((len(grids), self.size + 1))
        for first in range(0, len(stretches), _BATCH):
            batch = stretches[first : first + _BATCH]
            spare = _BATCH - len(batch)
            codes = np.stack([each.codes for each in batch] + [np.zeros_like(batch[0].codes)] * spare)
            inside = np.stack([each.inside for each in batch] + [np.zeros_like(batch[0].inside)] * spare)
            pooled = ops.convert_to_numpy(
                self._pooled(ops.convert_to_tensor(codes.astype("int32")), ops.convert_to_tensor(inside))
            )
            for each, row in zip(batch, pooled, strict=False):
                total[each.piece, :-1] += row
                total[each.piece, -1] += each.inside.sum()
        half = self.size // 2
        mean = total[:, :half] / np.maximum(total[:, -1:], 1)
        square = total[:, half:-1] / np.maximum(total[:, -1:], 1)
        return np.concatenate([mean, np.sqrt(np.maximum(square - mean**2, 0))], 1).astype(np.float32)

    def _stretches(self, number: int, grid: Grid) -> Iterator[_Stretch]:
        for shift in self.shifts:
            yield from self._in_key(number, grid, shift)

    def _in_key(self, number: int, grid: Grid, shift: int) -> Iterator[_Stretch]:
        window = replace(self.composer.window, shift=shift)
        steps = window.repeated(encode_steps(window.seat(grid)))
        codes = window.to_beats(steps, first_step=int(grid.timeline.pickup * window.beat))[:MOST_BEATS]
        padded = np.pad(codes, ((self.around, self.around + _STRETCH), (0, 0)))
        for first in range(0, len(codes), _STRETCH):
            inside = np.zeros(_STRETCH + 2 * self.around, np.float32)
            inside[self.around : self.around + min(_STRETCH, len(codes) - first)] = 1
            yield _Stretch(number, padded[first : first + _STRETCH + 2 * self.around], inside)


def _pooled(dbn: Any, codes: Any, inside: Any) -> Any:
    """Sums and sums of squares of the hidden means over the beats that count, shape (B, 2 H)."""
    layers = ops.concatenate(dbn.up(dbn.visible.expand(codes)), axis=-1) * inside[..., None]
    return ops.concatenate([ops.sum(layers, axis=1), ops.sum(layers**2, axis=1)], axis=-1)
