"""`credo library` and `credo similar`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from credo.library.store import Brief

app = typer.Typer(help="Your own pieces: what they are like, and which are alike.", no_args_is_help=True)

Library = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The library; by default one in your own data folder.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@app.command()
def add(
    paths: Annotated[list[Path], typer.Argument(metavar="PATH...", help="MIDI, MusicXML and ABC files, and folders.")],
    library: Library = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", help="Processes that read.  [default: one a core]")
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Try files again that could not be read.")] = False,
) -> None:
    """Add pieces. Files that have not changed are not read again; those that cannot be read are told.

    **Examples**

    `credo library add ~/Music/scores`

    `credo library add ~/Music/scores compositions --library mine.sqlite`
    """
    from credo.library.adding import add as add_files
    from credo.library.places import open_library

    store = open_library(library, new=True)
    console = Console(stderr=True)
    columns = (TextColumn("Reading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    try:
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Reading", total=None)
            added = add_files(
                store,
                paths,
                workers=workers,
                again=again,
                progress=lambda done, total, name: bar.update(task, completed=done, total=total),
            )
        for path, reason in added.problems:
            typer.echo(f"left out {path}: {reason}", err=True)
        same = f", {added.same} files of music that is there already" if added.same else ""
        typer.echo(
            f"{added.read} pieces read in {added.seconds:.1f} s, {added.known} files unchanged{same}, "
            f"{len(added.problems)} left out; the library has {len(store)} pieces"
        )
    finally:
        store.close()


@app.command()
def code(
    model: Annotated[
        str, typer.Option(help="A model that comes along, or a folder; `credo info` lists them.")
    ] = "piano",
    library: Library = None,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes that read.")] = 2,
) -> None:
    """Let a model hear the pieces: how alike it finds them then counts in `credo similar`.

    Pieces that it has heard are passed by. Choose a model whose voices the pieces have: drums for drums.
    """
    from credo.errors import UsageError
    from credo.library.places import open_library

    if not 1 <= workers <= 64:
        raise UsageError(f"workers: expected 1 to 64, got {workers}")
    store = open_library(library)
    try:
        from credo.library.coder import code as code_pieces

        console = Console(stderr=True)
        columns = (TextColumn("Listening"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Listening", total=None)
            done = code_pieces(
                store, model, workers=workers, progress=lambda at, total: bar.update(task, completed=at, total=total)
            )
        for path, reason in done.problems:
            typer.echo(f"not heard {path}: {reason}", err=True)
        typer.echo(
            f"{done.coded} pieces heard in {done.seconds:.1f} s, {done.known} before, {len(done.problems)} do not fit"
        )
    finally:
        store.close()


@app.command("list")
def list_(
    library: Library = None,
    left_out: Annotated[bool, typer.Option("--left-out", help="The files that could not be read, and why.")] = False,
    count: Annotated[int, typer.Option("--count", "-n", help="At most so many.")] = 1000,
    as_json: AsJson = False,
) -> None:
    """List the pieces."""
    from credo.errors import UsageError
    from credo.library.places import open_library

    if count < 1:
        raise UsageError(f"count: expected 1 or more, got {count}")
    store = open_library(library)
    try:
        if left_out:
            problems = {path: seen.problem for path, seen in store.seen().items() if seen.problem}
            if as_json:
                typer.echo(json.dumps(problems, indent=2, ensure_ascii=False))
            for path, problem in {} if as_json else problems.items():
                typer.echo(f"{path}: {problem}")
            return
        briefs = store.briefs(store.find((), count))
        _tell(briefs, as_json)
        if len(briefs) < len(store) and not as_json:
            typer.echo(f"{len(store) - len(briefs)} more (--count {len(store)} shows all)")
    finally:
        store.close()


@app.command()
def search(
    words: Annotated[
        list[str], typer.Argument(help='Such as: calm minor 3/4; schubert "tempo<100"; metre=6/8 density>2.')
    ],
    library: Library = None,
    count: Annotated[int, typer.Option("--count", "-n", help="At most so many.")] = 20,
    as_json: AsJson = False,
) -> None:
    """Find pieces by title, composer, attributes, musical words and moods.

    A mood leaves nothing out: it puts the pieces first that are nearest to it. Everything else has to be so.

    **Examples**

    `credo library search calm minor 3/4`

    `credo library search schubert "tempo<100" "bars>40"`
    """
    from credo.library.places import open_library
    from credo.library.search import search as search_words

    store = open_library(library)
    try:
        briefs, conditions = search_words(store, " ".join(words), count=count)
        _tell(briefs, as_json)
        if not as_json:
            typer.echo(f"understood as: {'; '.join(map(str, conditions)) or 'all pieces'}", err=True)
    finally:
        store.close()


@app.command()
def show(
    piece: Annotated[str, typer.Argument(metavar="NUMBER|FILE", help="Of the list, or a file of the library.")],
    library: Library = None,
    preview: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the first bars as MIDI; ends in .mid.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Tell all of a piece."""
    from credo.errors import UsageError
    from credo.io.atomic import write_bytes
    from credo.library.lookup import entry_named, told
    from credo.library.places import open_library

    if preview is not None and preview.suffix.lower() not in (".mid", ".midi"):
        raise UsageError(f"preview: expected a file that ends in .mid, got {preview}")
    store = open_library(library)
    try:
        entry = entry_named(store, piece)
        record = told(entry)
        if preview is not None:
            if not entry.preview:
                raise UsageError("preview: this piece has none, for a MIDI file cannot hold it")
            write_bytes(preview, entry.preview)
        if as_json:
            typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
            return
        width = max(map(len, record))
        for name, value in record.items():
            values = value if isinstance(value, list) else [value]
            for line, each in enumerate(values):
                typer.echo(f"{name if not line else '':{width}}  {each}")
    finally:
        store.close()


@app.command()
def remove(
    pieces: Annotated[list[str], typer.Argument(metavar="NUMBER|FILE...", help="What to leave out of the library.")],
    library: Library = None,
) -> None:
    """Leave pieces out of the library. The files stay where they are."""
    from credo.library.lookup import entry_named
    from credo.library.places import open_library

    store = open_library(library)
    try:
        numbers = sorted({entry_named(store, piece).number for piece in pieces})
        typer.echo(f"{store.forget(numbers)} pieces left out; the library has {len(store)}")
    finally:
        store.close()


def similar(
    piece: Annotated[str, typer.Argument(metavar="FILE|NUMBER", help="A file, or a number of `credo library list`.")],
    library: Library = None,
    by: Annotated[str, typer.Option(help="whole, harmony, melody, rhythm or texture.")] = "whole",
    bar: Annotated[
        int | None, typer.Option(help="Passages like the four bars from this one on; the first whole bar is 1.")
    ] = None,
    count: Annotated[int, typer.Option("--count", "-n", help="At most so many.")] = 10,
    as_json: AsJson = False,
) -> None:
    """Find the pieces of your library that are most like a piece, and say why.

    Likeness is 1 for the same, about 0 for pieces that have no more in common than any two. The same music in another
    key or under another name comes first.

    **Examples**

    `credo similar mine.mid`

    `credo similar 17 --by harmony -n 5` - of the library's piece 17

    `credo similar mine.mid --bar 9 --by melody` - passages like bars 9 to 12
    """
    from credo.library.lookup import neighbours
    from credo.library.places import open_library

    store = open_library(library)
    try:
        found, lines = neighbours(store, piece, by=by, bar=bar, count=count)
        for line in lines:
            typer.echo(line, err=True)
        if as_json:
            typer.echo(json.dumps([each.to_dict() for each in found], indent=2, ensure_ascii=False))
            return
        table = _table("likeness", "no.", *(("bar",) if bar is not None else ()), "title", "composer", "because")
        for each in found:
            place = () if bar is None else (str(each.bar),)
            table.add_row(
                f"{each.likeness:.2f}",
                str(each.brief.number),
                *place,
                each.brief.title,
                each.brief.composer,
                each.reasons,
            )
        _print(table)
    finally:
        store.close()


def _tell(briefs: list[Brief], as_json: bool) -> None:
    if as_json:
        keys = ("number", "title", "composer", "attributes", "bars", "seconds", "path")
        typer.echo(
            json.dumps([{key: getattr(each, key) for key in keys} for each in briefs], indent=2, ensure_ascii=False)
        )
        return
    table = _table("no.", "title", "composer", "key", "metre", "tempo", "bars")
    for each in briefs:
        named = each.attributes
        tempo = f"{named['tempo']:.0f}" if "tempo" in named else ""
        key, metre = str(named.get("key", "")), str(named.get("metre", ""))
        table.add_row(str(each.number), each.title, each.composer, key, metre, tempo, str(each.bars))
    _print(table)


def _table(*titles: str) -> Table:
    table = Table(box=None, pad_edge=False)
    for title in titles:
        right = title in ("no.", "likeness", "bar", "tempo", "bars")
        table.add_column(title, justify="right" if right else "left", overflow="fold")
    return table


def _print(table: Table) -> None:
    console = Console()
    Console(width=None if console.is_terminal else 160, markup=False, highlight=False).print(table)
