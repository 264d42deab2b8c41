"""Several models that play together: one writes the piece, the others join in on its timeline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from credo.compose import masks
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.grid import Cells, Grid, decode

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composer, Composition


def join(piece: Composition, others: Sequence[Composer]) -> Composition:
    """The piece with parts of other models, which follow its bars, tempo and keys, and know nothing of its notes.

    Args:
        piece: the piece.
        others: the composers that join in, such as one of drums. They draw with the random seed of the piece, and with
            its temperature and iterations; its constraints are its own.

    Raises:
        UsageError: bars of the piece are no whole number of another model's steps.
    """
    wish = piece.settings["request"]
    request = Request(seed=wish["seed"], temperature=wish["temperature"], iterations=wish["iterations"], parallels=True)
    parts, names = list(piece.company), [*piece.settings.get("with", ())]
    for composer in others:
        timeline, rate = piece.grid.timeline, composer.texture.steps_per_quarter
        if any(((end - start) * rate).denominator != 1 for start, end, _ in timeline.bars()):
            raise UsageError(f"with: expected bars of whole 1/{rate} quarters for {composer.card.get('name')}")
        steps = int(timeline.length * rate)
        silent = tuple(Cells.silent(voice, steps) for voice in composer.texture.voices)
        blank = Grid(composer.texture, silent, timeline)
        parts += decode(composer.complete(blank, masks.nothing(blank), request)).parts
        given = Path(composer.given)
        names.append(str(given.resolve() if given.is_dir() else given))
    return replace(piece, company=tuple(parts), settings={**piece.settings, "with": names})
