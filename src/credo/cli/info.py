"""`credo info`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer


def info(
    what: Annotated[
        str | None, typer.Argument(help="A model's name or folder, a corpus, or a music file.", metavar="[MODEL|FILE]")
    ] = None,
) -> None:
    """Tell what a model, a corpus or a file of music holds; without a name, list the models.

    **Examples**

    `credo info` - the models at hand

    `credo info chorale` - what it was trained on, how well, and under which licence

    `credo info mine.mid` - parts, length, key, metre and measured attributes such as density and valence

    `credo info jigs.abc` - which tunes are in a book

    `credo info instruments` - the names that `--instrument` knows
    """
    from credo.compose.describe import describe, describe_models
    from credo.io.books import is_there

    path = Path(what or "")
    for line in describe_models() if what is None else describe(path if path.exists() or is_there(path) else what):
        typer.echo(line)
