"""The manner of the notes, drawn after them: which are struck again, how loud, and when.

Whether a drum is struck, how loud and when are codes of one joint, and so are the pitches of a voice and its repeated
attacks. Drawing them all at once would bring bits without a loudness and loudness without a bit, and a bit could hardly
change while its loudness stands; repeated notes would become too few. So the notes are drawn first, without the network
being told of any manner that is free; then the manner, given the notes. There the values that say "not struck" are
forbidden where a drum is struck, and all others where none is.

Which codes are of that kind is the network's to know: it has learnt them beside the music itself (`DBN`'s groupings).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from credo.compose.wishes import MOST_SEED, Request
from credo.models.dbn import DBN
from credo.music.window import Window
from credo.sampling.anneal import Constraints, Rewriter, Schedule, Tapes

#: Added to the logits of what is forbidden.
_FORBIDDEN = -1e9
#: The manner is drawn in this share of the iterations that notes take.
_SHARE = 0.25
#: Between the random seeds of tapes whose manner is drawn one after the other.
_APART = 1_000_003


def draw(
    rewriter: Rewriter,
    window: Window,
    tapes: Tapes,
    request: Request,
    constraints: Constraints,
    progress: Callable[[int, int], None] | None = None,
    *,
    seeds: Sequence[int] = (),
    heat: float = 1.0,
    schedule: Schedule = Schedule(),  # noqa: B008 - immutable
) -> np.ndarray:
    """Draw the free codes of tapes: of notes first, then of their manner.

    Args:
        rewriter: draws.
        window: the layout of the codes.
        tapes: what is held and what is free.
        request: temperature, random seed and iterations count here.
        constraints: what the draws have to obey.
        progress: called with (iterations done, iterations in all).
        seeds: random seeds of the tapes, in the place of the request's; none for one stream of them all.
        heat: multiplies the temperature for the notes.
        schedule: the annealing of the notes, without its number of iterations.

    Returns:
        Codes, shape (B, L, G), uint8.
    """
    own = request.seed if not seeds else seeds[0] if len(seeds) == 1 else list(seeds)
    hot = {"temperature": request.temperature * heat, "seed": own}
    manner = codes_of_manner(rewriter.dbn)
    if not manner.any():
        schedule = schedule._replace(iterations=request.iterations)
        return rewriter.rewrite(tapes, schedule, constraints=constraints, progress=progress, **hot)
    known = tapes.known | rewriter.dbn.held
    # Arrays stand in both stages where one has them, so that the stages share a compiled kernel.
    shape = tapes.codes.shape[1:]
    unseen = np.zeros(shape, bool) if constraints.unseen is None else constraints.unseen
    if _expressive(window) and constraints.bias is None:
        constraints = constraints._replace(bias=np.zeros((shape[0], rewriter.dbn.visible.size), np.float32))
    stages = [request.iterations, max(1, round(_SHARE * request.iterations))]
    codes, done, total = np.where(known, tapes.codes, 0), 0, sum(stages)

    def told(now: int, _: int) -> None:
        if progress:
            progress(done + now, total)

    if not (known | manner).all():
        hushed = constraints._replace(unseen=(~known & manner).all(axis=0) | unseen)
        notes = Tapes(codes, known | manner)
        annealing = schedule._replace(iterations=stages[0])
        codes = rewriter.rewrite(notes, annealing, constraints=hushed, progress=told, **hot)
    done = stages[0]
    if not (known | ~manner).all():
        played = []
        for some in _together(window, len(codes)):  # tapes whose notes forbid the same
            struck = constraints._replace(bias=_bias(window, codes[some], constraints.bias), unseen=unseen)
            tapes = Tapes(codes[some], known[some] | ~manner)
            seed = (request.seed + _APART * some.start) % (MOST_SEED + 1)
            seed = (seeds[some.start] if len(codes[some]) == 1 else own) if seeds else seed
            cool = {"temperature": request.temperature, "seed": seed, "progress": told}
            played.append(rewriter.rewrite(tapes, Schedule(stages[1]), constraints=struck, **cool))
        codes = np.concatenate(played)
    return codes


def _together(window: Window, count: int) -> list[slice]:
    """Which tapes of a batch can be drawn at once: all, or each alone where loudness and timing depend on its notes."""
    if _expressive(window):
        return [slice(tape, tape + 1) for tape in range(count)]
    return [slice(0, count)]


def codes_of_manner(dbn: DBN) -> np.ndarray:
    """Which codes the network has learnt as the manner of the others, shape (G,), bool."""
    beside = [grouping >= 0 for grouping in dbn.groupings if grouping.min() < 0]
    return np.any(beside, axis=0)[dbn.cells] if beside else np.zeros(len(dbn.cells), bool)


def _expressive(window: Window) -> bool:
    return any(voice.expressive for voice in window.texture.voices)


def _bias(window: Window, codes: np.ndarray, bias: np.ndarray | None) -> np.ndarray | None:
    """The bias with what notes forbid their loudness and timing, which tapes with different notes do not share.

    Args:
        window: the layout.
        codes: of one tape, with its notes, shape (1, L, G).
        bias: what is there already, shape (L, N), or None.
    """
    if not _expressive(window):
        return bias
    notes = codes[0]
    columns, first = [], 0
    struck = np.zeros((len(notes), 0), bool)
    for block in window.blocks:
        here = slice(first, first + block.groups)
        forbidden = np.zeros((len(notes), block.groups, block.categories if block.kind == "softmax" else 1), bool)
        if block.kind == "bernoulli":
            struck = notes[:, here] > 0  # the bits of a voice stand just before its loudness and timing
        elif block.name.endswith(("loudness", "timing")):
            forbidden[..., 0] = struck
            forbidden[..., 1:] = ~struck[..., None]
        columns.append(np.where(forbidden, _FORBIDDEN, 0).astype(np.float32).reshape(len(notes), -1))
        first += block.groups
    total = np.concatenate(columns, axis=1)
    return total if bias is None else total + bias
