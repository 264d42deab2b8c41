"""`credo corpus`: prepare training data."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from credo.errors import FileError, UsageError
from credo.music.texture import TEXTURES, Texture, texture_named

if TYPE_CHECKING:
    from credo.corpora.ingest import Progress as Told
    from credo.corpora.reading.styles import StyleFrom
    from credo.corpora.report import Report


def corpus(
    source: Annotated[
        str,
        typer.Argument(
            metavar="SOURCE",
            help="bach, fiddle or classical-quartets (from your own music21); quartets, lieder (OpenScore) or groove "
            "(Groove MIDI), with --files; or a folder of MIDI, MusicXML and ABC files, or recordings (write ./bach for "
            "a folder called bach); or a corpus that is already prepared, to see its report. With --shard also a URL "
            "such as s3://bucket/folder; with --merge the folder of the parts.",
        ),
    ],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to. Default: corpora/NAME.", show_default=False)
    ] = None,
    texture: Annotated[
        str | None,
        typer.Option("--texture", "-t", help=f"Kinds of voices: {', '.join(sorted(TEXTURES))}.", show_default=False),
    ] = None,
    steps: Annotated[
        int | None,
        typer.Option(help="Steps a quarter: 4 (sixteenths) or 12 (triplets too).", show_default=False),
    ] = None,
    parts: Annotated[
        str | None,
        typer.Option(help='Read only parts with such names, such as "piano" or "soprano,alto".', show_default=False),
    ] = None,
    style_from: Annotated[
        str,
        typer.Option(help="What tells the style of a piece: folder, composer, none; auto: folders if several."),
    ] = "auto",
    files: Annotated[
        Path | None, typer.Option(help="Where a declared data set was unpacked to.", show_default=False)
    ] = None,
    chosen: Annotated[
        Path | None,
        typer.Option(
            "--list",
            metavar="FILE",
            help="Read only the files of SOURCE that FILE names, one a line; credo data-report --select writes it.",
            show_default=False,
        ),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", help="Reading processes. Default: one a core.", show_default=False)
    ] = None,
    name: Annotated[str | None, typer.Option(help="What to call it. Default: the folder's name.")] = None,
    licence: Annotated[str, typer.Option(help="Licence of the files, for the corpus' card.")] = "not stated",
    report: Annotated[bool, typer.Option("--report", help="Print the whole report, not only the summary.")] = False,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Read only share I (from 0) of N of the files, into a part in the folder --out. Shares may be read "
            "at the same time, on different computers.",
            show_default=False,
        ),
    ] = None,
    merge: Annotated[bool, typer.Option("--merge", help="Put the parts in SOURCE together.")] = False,
) -> None:
    """Prepare training data: read files, bring them onto the grid, split them, say what became of each.

    Files that cannot be used are left out, each with its reason in the report.
    Music that occurs twice, be it in another key, is kept once.
    A run that was stopped goes on where it was when started again.

    Examples:
        credo corpus bach

        credo corpus ~/Music/midi --texture piano --out corpora/mine

        credo corpus quartets/ -t quartet --steps 4 --licence CC0 -w 4

        credo corpus ~/Music/midi -t piano --list good.txt

        credo corpus lieder --files ~/Lieder --texture piano --out corpora/lieder-piano

        credo corpus corpora/mine --report

        credo corpus ~/Music/midi -t piano --shard 0/64 --out parts

        credo corpus --merge parts --out corpora/mine
    """
    from credo.corpora.corpus import INDEX_NAME, Card
    from credo.corpora.ingest import Plan, ingest_with_report
    from credo.corpora.reading.prepare import Rules
    from credo.corpora.report import Report
    from credo.corpora.sets.catalog import catalog, declared

    console = Console()
    if shard is not None or merge:
        from credo.cli import shards

        if shard is not None and merge:
            raise UsageError("merge: expected --shard or --merge, got both", hint="read all shards, then merge them")
        alone = {"--list": chosen, "--files": files}
        if merge:
            read_before = {**alone, "--texture": texture, "--steps": steps, "--parts": parts, "--workers": workers}
            shards.refuse(read_before, "with --merge", "it was said when the shards were read")
            with _progress(staged=True) as progress:
                folder, result = shards.merge(source, out, name, licence, _style_from(style_from), progress)
            _show(console, result, folder, whole=report)
            return
        told_later = {"--name": name, "--licence": licence != "not stated", "--style-from": style_from != "auto"}
        shards.refuse(told_later, "with --shard", "say it with --merge")
        shards.refuse(alone, "with --shard", "name a folder or a URL as SOURCE")
        if source in catalog():
            raise UsageError(f"shard: expected a folder or a URL, got the data set {source}")
        own = _texture(_needed(texture), steps)
        with _progress() as progress:
            lines = shards.shard(source, shard, out, own, _names(parts), workers, progress)
        console.print(Text("\n".join(lines)), soft_wrap=True)
        return
    if name is None and source not in catalog() and Path(source, INDEX_NAME).is_file():
        _show(console, Report.load(source), Path(source), whole=report)
        return
    if chosen and source in catalog():
        raise UsageError(f"--list: expected a folder to choose files of, got the data set {source}")
    with _progress() as progress:
        if source in catalog():
            declaration = declared(source)
            if name:
                declaration = replace(declaration, card=replace(declaration.card, name=name))
            folder = out or Path("corpora", name or source)
            own = _texture(texture_named(texture) if texture else declaration.texture, steps)
            _, result = declaration.make(
                folder, files=files, texture=own, parts=_names(parts), workers=workers, progress=progress
            )
        else:
            own = _texture(_needed(texture), steps)
            path = Path(source).expanduser()
            card = Card(name or path.resolve().stem, licence=licence, origin=path.resolve().name)
            folder = out or Path("corpora", card.name)
            rules = Rules(parts=_names(parts))
            plan = Plan(own, card, rules, style_from=_style_from(style_from))
            paths = _listed(chosen, path) if chosen else [path]
            _, result = ingest_with_report(paths, plan, folder, workers=workers, progress=progress)
    _show(console, result, folder, whole=report)


def _listed(path: Path, folder: Path) -> list[Path]:
    """The files that a list names, one a line; all of them lie below a folder."""
    try:
        names = [Path(os.fsdecode(line)) for line in path.read_bytes().splitlines() if line.strip()]
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error
    if not names:
        raise UsageError(f"--list: expected the paths of files, one a line, got an empty {path}")
    for name in names:
        if not name.resolve().is_relative_to(folder.resolve()):
            raise UsageError(f"--list: expected files below {folder}, got {name}")
    return names


def _names(text: str | None) -> tuple[str, ...]:
    """Names with commas between them."""
    return tuple(name.strip() for name in (text or "").split(",") if name.strip())


def _style_from(text: str) -> StyleFrom:
    from credo.corpora.reading.styles import STYLES_FROM

    if text not in STYLES_FROM:
        raise UsageError(f"style-from: expected one of {', '.join(STYLES_FROM)}, got {text!r}")
    return text


def _needed(texture: str | None) -> Texture:
    if texture is None:
        raise UsageError(
            f"texture: expected --texture with one of {', '.join(sorted(TEXTURES))}",
            hint="it says which voices the music has; satb is a choir of four, piano one of any keys",
        )
    return texture_named(texture)


def _texture(texture: Texture, steps: int | None) -> Texture:
    return texture if steps is None else replace(texture, steps_per_quarter=steps)


def _show(console: Console, report: Report, folder: Path, *, whole: bool) -> None:
    from credo.corpora.report import REPORT_NAME

    table = Table(title=f"Corpus {report.card.name}", show_header=False, title_justify="left", padding=(0, 1))
    for label, text in report.rows():
        table.add_row(Text(label), Text(text))
    console.print(table)
    if whole:
        console.print(Text(report.to_markdown()), soft_wrap=True)
    console.print(Text(f"Corpus: {folder}   Report: {folder / REPORT_NAME}"), soft_wrap=True)


@contextmanager
def _progress(*, staged: bool = False) -> Iterator[Told]:
    """A bar on stderr, if that is a terminal; of work in stages a bar each, by the name that is told."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks = {} if staged else {"": bar.add_task("Reading", total=None)}

        def told(done: int, total: int, name: str) -> None:
            stage = name if staged else ""
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total)
            bar.update(tasks[stage], completed=done, total=total)

        yield told
