"""Between two pieces, by way of the top layer."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from keras import ops

from credo.music.grid import Grid
from credo.sampling.anneal import Constraints

if TYPE_CHECKING:
    from credo.compose.generate import Composer

#: How much the mixture's logits weigh beside those of the notes around.
STRENGTH = 0.5


def between(composer: Composer, one: Grid, two: Grid, share: float) -> Constraints:
    """Leans every draw towards a mixture of two pieces.

    The means of the top layer, `DBN.up`, are mixed, and the visible logits of the mixture, `DBN.down`, are added to the
    logits of every draw. The labels are mixed in the same proportion.

    Args:
        composer: whose network it is.
        one: a piece.
        two: another one of the same length.
        share: of the second.
    """
    units, weights = composer.dbn.visible, (1 - share, share)
    states = [units.expand(ops.convert_to_tensor(composer.beats(grid)[None].astype("int32"))) for grid in (one, two)]
    top = sum(weight * composer.dbn.up(v)[-1] for weight, v in zip(weights, states, strict=True))
    logits = np.asarray(ops.convert_to_numpy(composer.dbn.down(top)))[0]
    mixture = sum(weight * np.asarray(ops.convert_to_numpy(v))[0] for weight, v in zip(weights, states, strict=True))
    held = np.asarray(ops.convert_to_numpy(units.spread(ops.convert_to_tensor(composer.dbn.held.astype("float32")))))
    return Constraints(
        bias=(STRENGTH * logits).astype(np.float32),
        context=np.where(held > 0, mixture, np.nan).astype(np.float32),
    )
