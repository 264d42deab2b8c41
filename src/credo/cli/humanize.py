"""`credo humanize`: drums as a drummer plays them."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from credo.cli.models import composer_class


def humanize(
    file: Annotated[Path, typer.Argument(help="MIDI or MusicXML with a drum part.", metavar="FILE")],
    model: Annotated[str, typer.Option(help="A model of drums; `credo info` lists them.")] = "drums",
    amount: Annotated[float, typer.Option(help="0 leaves all as it is, 1 plays as drawn, up to 2.")] = 1.0,
    style: Annotated[str | None, typer.Option(help="Such as funk, or funk:0.7,jazz:0.3.")] = None,
    temperature: Annotated[float, typer.Option(help="Below 1 more ordinary, above 1 stranger.")] = 1.0,
    iterations: Annotated[int, typer.Option(help="Steps of the sampling.")] = 256,
    seed: Annotated[int | None, typer.Option(help="Makes it come out the same again.  [default: drawn]")] = None,
    out: Annotated[Path | None, typer.Option(help="File to write.  [default: FILE-humanized.mid]")] = None,
) -> None:
    """Give a drum part the loudness and timing of a drummer; notes, instruments and other parts stay.

    **Examples**

    `credo humanize beat.mid` - writes beat-humanized.mid

    `credo humanize song.mid --style funk --amount 0.5 --out grooving.mid` - half way to a funk drummer
    """
    from credo.compose.humanize import MOST_AMOUNT
    from credo.compose.humanize import humanize as play
    from credo.compose.models import find_model, window_of
    from credo.compose.styles import check_style, parse_style
    from credo.compose.wishes import MOST_SEED, Request
    from credo.errors import UsageError
    from credo.io.files import SUFFIXES, load, save
    from credo.models.folder import read_card

    if not 0 <= amount <= MOST_AMOUNT:
        raise UsageError(f"amount: expected 0 to {MOST_AMOUNT:g}, got {amount:g}")
    target = out or file.with_name(f"{file.stem}-humanized.mid")
    if target.suffix.lower() not in SUFFIXES:
        raise UsageError(f"out: expected a file that ends in {', '.join(SUFFIXES)}, got {target}")
    if target.resolve() == file.resolve():
        raise UsageError(f"out: expected another file than the one that is read, got {target}")
    score = load(file)
    if not any(part.is_drums and part.notes for part in score.parts):
        raise UsageError(f"{file}: expected a drum part, got none", hint="in MIDI, drums are on channel 10")
    number = secrets.randbelow(MOST_SEED) if seed is None else seed
    window = window_of(read_card(find_model(model)))
    wish = check_style(parse_style(style), window.styles) if style else ()
    request = Request(temperature=temperature, seed=number, iterations=iterations, style=wish)
    with Console(stderr=True).status("Playing"):
        save(play(score, composer_class().load(model), request, amount=amount), target)
    typer.echo(target)
