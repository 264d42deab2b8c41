"""`credo data-report`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

_WORST = 10


def data_report(
    folder: Annotated[Path, typer.Argument(help="A folder of MIDI, MusicXML and ABC files, and of others.")],
    out: Annotated[
        Path | None, typer.Option("--out", "-o", metavar="FILE", help="Write a page (HTML) with pictures.")
    ] = None,
    lang: Annotated[str, typer.Option(help="Language of the page: en or zh.")] = "en",
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all there is to know, for machines.")
    ] = None,
    csv_file: Annotated[Path | None, typer.Option("--csv", metavar="FILE", help="Write a line a file.")] = None,
    select: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write the paths of the recommended files, one a line.")
    ] = None,
    least: Annotated[int, typer.Option(help="Files of a lower score are not recommended, 0 to 100.")] = 60,
    workers: Annotated[
        int | None, typer.Option("--workers", "-w", help="Reading processes. Default: one a core.", show_default=False)
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds after which a file that is being read is broken.")] = 60.0,
) -> None:
    """Say whether a folder of music is fit to train on: file by file, what is wrong, and which are worth taking.

    Nothing is changed in the folder. Hidden files are passed by.

    **Examples**

    `credo data-report ~/Music/midi`

    `credo data-report ~/Music/midi --out report.html --csv files.csv --select good.txt`

    `credo data-report lieder --out report.html --lang zh`
    """
    from credo.evaluation.data.survey import survey
    from credo.evaluation.data.words import words
    from credo.io.atomic import write_bytes, write_text

    words(lang)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        task = bar.add_task("Looking", total=None)
        found = survey(
            folder,
            workers=workers,
            timeout_seconds=timeout,
            least_score=least,
            progress=lambda done, total, name: bar.update(task, completed=done, total=total),
        )
    _show(Console(), found)
    if json_file:
        write_text(json_file, found.to_json())
    if csv_file:
        write_text(csv_file, found.to_csv())
    if select:
        listed, impossible = found.selection()
        write_bytes(select, listed)
        for name in impossible:
            console.print(Text(f"not in {select}, for no line can hold its name: {name!r}"), soft_wrap=True)
    if out:
        from credo.evaluation.data.page import write_report

        write_report(found, out, lang)
    for path in filter(None, (out, json_file, csv_file, select)):
        typer.echo(path)


def _show(console: Console, found) -> None:
    """The counts, what is wrong, the worst files, and what to do next."""
    from credo.evaluation.data.checks import CHECKS
    from credo.evaluation.data.words import words

    told = words("en")
    table = Table(title=f"{found.total} files", show_header=False, title_justify="left", padding=(0, 1))
    for fate, count in found.fates.items():
        table.add_row(Text(told.fates[fate]), Text(str(count)))
    console.print(table)
    counts = found.failed
    failed = [check for check in CHECKS if counts[check.name]]
    if failed:
        table = Table(title="What is wrong", title_justify="left", padding=(0, 1))
        for head in ("check", "files", "points", "what to do"):
            table.add_column(head)
        for check in sorted(failed, key=lambda check: -counts[check.name] * (check.points + 0.01)):
            row = (told.checks[check.name].title, str(counts[check.name]), str(check.points))
            table.add_row(*map(Text, (*row, told.checks[check.name].advice)))
        console.print(table)
    worst = [file for file in found.files if file.score is not None and file.score < found.least_score]
    if worst:
        console.print(Text("The worst files:"))
    for file in sorted(worst, key=lambda file: (file.score, file.name))[:_WORST]:
        why = ", ".join(file.failed) if file.figures else file.why
        console.print(Text(f"  {file.score:3} {file.name}: {why}"), soft_wrap=True)
    if not found.music:
        console.print(Text("No file here could be read as music."))
    elif not found.recommended:
        console.print(Text("No file is recommended; --least lowers the score that is asked for."))
    else:
        console.print(
            Text(
                f"{len(found.recommended)} files are recommended: --select FILE lists them, --out FILE shows why, "
                "and credo corpus reads them."
            ),
            soft_wrap=True,
        )
