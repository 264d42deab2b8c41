"""`credo compose`."""

from __future__ import annotations

import secrets
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def compose(
    context: typer.Context,
    model: Annotated[
        str, typer.Option(help="A model that comes along, or a model folder; `credo info` lists them.")
    ] = "chorale",
    bars: Annotated[int, typer.Option(help="Length in bars, kept bars included.")] = 16,
    tempo: Annotated[float | None, typer.Option(help="Quarters a minute.  [default: the seed's, or 90]")] = None,
    key: Annotated[
        str | None, typer.Option(help='Such as "G minor", "F# major" or "Bb".  [default: the seed\'s, or drawn]')
    ] = None,
    metre: Annotated[str | None, typer.Option(help="Such as 3/4.  [default: the seed's, or 4/4]")] = None,
    temperature: Annotated[float, typer.Option(help="Below 1 more ordinary, above 1 stranger.")] = 1.0,
    seed: Annotated[
        int | None, typer.Option(help="Number that makes the piece come out the same again.  [default: drawn]")
    ] = None,
    count: Annotated[int, typer.Option(help="Pieces to write, with seeds that follow each other.")] = 1,
    seed_file: Annotated[
        Path | None, typer.Option(help="MIDI, MusicXML or ABC whose beginning is kept and continued.")
    ] = None,
    keep_bars: Annotated[int | None, typer.Option(help="Bars of the seed file to keep.  [default: all]")] = None,
    lenient: Annotated[bool, typer.Option(help="Leave out notes of the seed that do not fit the voices.")] = False,
    formats: Annotated[
        str | None, typer.Option(help="Some of midi,musicxml,sound,roll,score.  [default: all that are installed]")
    ] = None,
    iterations: Annotated[int, typer.Option(help="Steps of the annealed sampling; more is slower and better.")] = 256,
    again: Annotated[
        Path | None,
        typer.Option(help="JSON beside a composition that is to be made again; all but --out and --formats is in it."),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.")] = Path("compositions"),
) -> None:
    """Compose new music.

    Each piece is written as MIDI, MusicXML, sound, piano roll and engraved score, with a JSON beside them that holds
    everything needed to make it again.

    **Examples**

    `credo compose` - sixteen bars of four-part chorale, in a key of its own choice

    `credo compose --key "G minor" --tempo 72 --bars 24 --seed 7` - the same piece every time

    `credo compose --seed-file mine.mid --keep-bars 2 --count 4` - four ways to go on after your first two bars

    `credo compose --again compositions/chorale-g-minor-24-bars-seed-7.json --out copy` - the same piece once more
    """
    from credo.compose.again import Memory
    from credo.compose.deliver import FORMATS, deliver
    from credo.compose.models import find_model, window_of
    from credo.compose.seeds import Seed
    from credo.compose.wishes import Request, parse_metre
    from credo.errors import UsageError
    from credo.models.folder import read_card
    from credo.music.pitch import Key

    if not 1 <= count <= 1000:
        raise UsageError(f"count: expected 1 to 1000, got {count}")
    if keep_bars is not None and seed_file is None:
        raise UsageError("keep-bars: expected --seed-file beside it, got none")
    first = secrets.randbelow(1_000_000) if seed is None else seed
    requests = [
        Request(
            bars=bars,
            tempo=tempo,
            key=None if key is None else Key.parse(key),
            metre=None if metre is None else parse_metre(metre),
            temperature=temperature,
            seed=first + number,
            iterations=iterations,
        )
        for number in range(count)
    ]
    wanted = None if formats is None else list(dict.fromkeys(name.strip() for name in formats.split(",")))
    if wanted is not None and set(wanted) - set(FORMATS):
        raise UsageError(f"formats: expected some of {','.join(FORMATS)}, got {formats!r}")
    memory = None
    if again is not None:
        _check_alone(context)
        memory = Memory.read(again)
        model, requests = str(memory.model), [memory.request]
    texture = window_of(read_card(find_model(model))).texture
    if memory is not None:
        given = memory.seed(texture)
    else:
        given = Seed.read(seed_file, texture, keep_bars=keep_bars, lenient=lenient) if seed_file else None
    from credo.compose.generate import Composer  # loads a tensor library, for seconds, once nothing wrong is asked

    console = Console(stderr=True)
    started = time.monotonic()
    with console.status("Loading the model"):
        composer = Composer.load(model)
    told: set[str] = set()
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    bar = Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
    with bar:
        for number, request in enumerate(requests, 1):
            task = bar.add_task(f"Composing {number} of {len(requests)}", total=request.iterations)
            piece = composer.compose(
                request, given, progress=lambda done, _, task=task: bar.update(task, completed=done)
            )
            bar.update(task, description=f"Writing {number} of {len(requests)}")
            delivery = deliver(piece, out, formats=wanted)
            bar.remove_task(task)
            seconds = time.monotonic() - started
            started = time.monotonic()
            console.print(
                f"[bold]{escape(piece.grid.title)}[/]: {request.bars} bars, "
                f"{piece.score.duration_seconds:.0f} s of music, made in {seconds:.1f} s",
                highlight=False,
            )
            for path in delivery.files:
                typer.echo(path)
            for line in delivery.missing:
                if line not in told:
                    told.add(line)
                    console.print(f"left out {line}", markup=False, highlight=False, soft_wrap=True)
            for line in memory.differences(piece.settings) if memory else ():
                console.print(f"warning: {line}", markup=False, highlight=False, soft_wrap=True)


def _check_alone(context: typer.Context) -> None:
    """Refuse options that a piece which is made again already has.

    Raises:
        UsageError: there are some.
    """
    from credo.errors import UsageError

    free = {"again", "out", "formats"}
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in free and source is not None and source.name == "COMMANDLINE":
            raise UsageError(
                f"again: expected no options but --out and --formats beside it, got --{name.replace('_', '-')}"
            )
