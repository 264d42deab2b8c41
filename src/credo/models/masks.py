"""What fine-tuning hides."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from keras import ops

from credo.models import random

if TYPE_CHECKING:
    from credo.models.dbn import DBN


def draws(dbn: DBN) -> int:
    """How many keys `draw_mask` uses up."""
    return 4 + 2 * len(dbn.groupings)


def draw_mask(dbn: DBN, lead: Sequence[int], key: Any, *, grouped: bool = False) -> tuple[Any, Any]:
    """Hide in each row a share of the cells that is uniform between none and all.

    Args:
        dbn: whose cells, context, groupings and lines count.
        lead: the axes before the codes, (B,) or (B, L).
        key: of the draw.
        grouped: whether some rows hide whole groups of cells (see `groupings`, `lines`) and not single ones. In a
            quarter of the groups that are hidden, only a random share of their cells is.

    Returns:
        Which codes are known, shape (B, G) or (B, L, G), and how many cells are hidden (at least 1), shape (B,).
    """
    B, *middle = lead
    ones, count = (1,) * len(middle), int(dbn.cells.max()) + 1
    share = random.uniform(key, (B, *ones, 1))
    cells = random.uniform(random.advance(key), (*lead, count))
    hidden = ops.cast(cells < share, "float32")
    if grouped and dbn.groupings:
        kinds = 1 + len(dbn.groupings) + (dbn.lines is not None)
        luck = random.uniform(random.advance(key, 2), (B, *ones, 1)) * kinds
        choice = ops.floor(luck)
        for number, grouping in enumerate(dbn.groupings, 1):
            size, here = (*lead, int(grouping.max()) + 1), random.advance(key, 2 + 2 * number)
            draw = ops.cast(random.uniform(here, size) < share, "float32")
            part = ops.minimum(4 * random.uniform(random.advance(here), size), 1.0)
            group = ops.convert_to_tensor(np.maximum(grouping, 0))
            whole, part = (ops.take(x, group, axis=-1) for x in (draw, part))
            whole = whole * ops.convert_to_tensor((grouping >= 0).astype(np.float32))
            hidden = ops.where(choice == number, whole * ops.cast(cells < part, "float32"), hidden)
        if dbn.lines is not None:
            draw = random.uniform(random.advance(key, 3), (B, *ones, int(dbn.lines.max()) + 1)) < share
            whole = ops.take(ops.cast(draw, "float32"), ops.convert_to_tensor(dbn.lines), axis=-1)
            hidden = ops.where(choice == kinds - 1, whole, hidden)
    for number, grouping in enumerate(dbn.groupings if grouped else (), 1):
        if grouping.min() < 0:
            all_of_it = ops.cast(luck - choice < 0.5, "float32") * ops.cast(choice != number, "float32")
            hidden = ops.maximum(hidden, all_of_it * ops.convert_to_tensor((grouping >= 0).astype(np.float32)))
    free = np.zeros(count, np.float32)
    free[dbn.cells[~dbn.held]] = 1
    hidden = hidden * ops.convert_to_tensor(free)
    known = 1 - ops.take(hidden, ops.convert_to_tensor(dbn.cells), axis=-1)
    return known, ops.maximum(ops.sum(hidden, axis=tuple(range(1, 2 + len(middle)))), 1)
