"""Loudness and timing: drawn after the notes, so that the two never disagree.

Whether a drum is struck, how loud and when are codes of one joint. Drawing them all at once would bring bits without a
loudness and loudness without a bit, and a bit could hardly change while its loudness stands. So the notes are drawn
first, without the network being told of any loudness and timing that is free; then loudness and timing, given the
notes. There the values that say "not struck" are forbidden where a drum is struck, and
all others where none is.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from credo.compose.wishes import Request
from credo.music.steps import LEVELS, TIMINGS
from credo.music.window import Window
from credo.sampling.anneal import Constraints, Rewriter, Schedule, Tapes

#: Added to the logits of what is forbidden.
_FORBIDDEN = -1e9
#: Loudness and timing are drawn in this share of the iterations that notes take.
_SHARE = 0.25


def draw(
    rewriter: Rewriter,
    window: Window,
    tapes: Tapes,
    request: Request,
    constraints: Constraints,
    progress: Callable[[int, int], None] | None = None,
) -> np.ndarray:
    """Draw the free codes of tapes: of notes first, then of loudness and timing.

    Args:
        rewriter: draws.
        window: the layout of the codes.
        tapes: what is held and what is free.
        request: temperature, random seed and iterations count here.
        constraints: what the draws have to obey.
        progress: called with (iterations done, iterations in all).

    Returns:
        Codes, shape (B, L, G), uint8.
    """
    options: dict[str, Any] = {"temperature": request.temperature, "seed": request.seed}
    expression = np.zeros(window.size, bool)
    expression[: window.codes_per_step * window.beat] = np.repeat(window.expression_of_step_code, window.beat)
    if not expression.any():
        schedule = Schedule(request.iterations)
        return rewriter.rewrite(tapes, schedule, constraints=constraints, progress=progress, **options)
    known = tapes.known | rewriter.dbn.held
    stages = [request.iterations, max(1, round(_SHARE * request.iterations))]
    codes, done, total = np.asarray(tapes.codes), 0, sum(stages)

    def told(now: int, _: int) -> None:
        if progress:
            progress(done + now, total)

    if not (known | expression).all():
        unheard = (~known & expression).all(axis=0)
        hushed = constraints._replace(unseen=unheard if constraints.unseen is None else unheard | constraints.unseen)
        notes = Tapes(codes, known | expression)
        codes = rewriter.rewrite(notes, Schedule(stages[0]), constraints=hushed, progress=told, **options)
    done = stages[0]
    if not (known | ~expression).all():
        struck = constraints._replace(bias=_bias(window, codes, constraints.bias, expression))
        played = Tapes(codes, known | ~expression)
        codes = rewriter.rewrite(played, Schedule(stages[1]), constraints=struck, progress=told, **options)
    return codes


def _bias(window: Window, codes: np.ndarray, bias: np.ndarray | None, expression: np.ndarray) -> np.ndarray:
    """The bias with what notes forbid their loudness and timing, which tapes with different notes do not share.

    Args:
        window: the layout.
        codes: of one tape, with its notes, shape (1, L, G).
        bias: what is there already, shape (L, N), or None.
        expression: which codes are loudness and timing, shape (G,).
    """
    (notes,) = codes
    columns, first = [], 0
    struck = np.zeros((len(notes), 0), bool)
    for block in window.blocks:
        here = slice(first, first + block.groups)
        if block.kind == "bernoulli":
            struck = notes[:, here] > 0  # the bits of a voice stand just before its loudness and timing
            columns.append(np.zeros((len(notes), block.groups), np.float32))
        elif expression[here].all() and block.categories in (LEVELS, TIMINGS):
            forbidden = np.repeat(struck[..., None], block.categories, axis=-1)
            forbidden[..., 1:] = ~struck[..., None]
            columns.append(np.where(forbidden, _FORBIDDEN, 0).astype(np.float32).reshape(len(notes), -1))
        else:
            columns.append(np.zeros((len(notes), block.groups * block.categories), np.float32))
        first += block.groups
    total = np.concatenate(columns, axis=1)
    return total if bias is None else total + bias
