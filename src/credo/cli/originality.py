"""`credo originality`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table


def originality(
    piece: Annotated[
        Path,
        typer.Argument(
            metavar="PIECE|FOLDER", help="MIDI, MusicXML or ABC, a folder of these, or a corpus (its split valid)."
        ),
    ],
    against: Annotated[
        Path,
        typer.Option(
            metavar="CORPUS",
            help="A folder of MIDI, MusicXML or ABC; a corpus that `credo corpus` prepared; or a saved index (.npz).",
        ),
    ],
    split: Annotated[str, typer.Option(help="Of a prepared corpus: train, valid, test, unused, or all.")] = "train",
    held_out: Annotated[
        Path | None,
        typer.Option(
            metavar="CORPUS", help="Music that was not trained on, as CORPUS; of a prepared one its split valid."
        ),
    ] = None,
    save_index: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Keep the index of CORPUS for the next time; ends in .npz.")
    ] = None,
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Write a page with pictures; ends in .html.")] = None,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write all figures to a file.")
    ] = None,
    workers: Annotated[int, typer.Option("--workers", "-w", help="Processes that read files.")] = 2,
) -> None:
    """Find what pieces share with a corpus, and tell whether it is more than the corpus' own pieces share.

    Runs and passages are found in any key, in any note values, and with a few notes changed.

    **Examples**

    `credo originality compositions --against corpora/bach --out report.html` - what a model copied

    `credo originality mine.mid --against ~/Music/midi --save-index midi.npz` - keep the index

    `credo originality mine.mid --against midi.npz --json figures.json` - and use it
    """
    from credo.errors import UsageError
    from credo.evaluation.originality import baseline, reading, report
    from credo.evaluation.originality.examine import examine
    from credo.io.atomic import write_text

    for path, ending, name in ((save_index, ".npz", "save-index"), (out, ".html", "out")):
        if path is not None and path.suffix.lower() != ending:
            raise UsageError(f"{name}: expected a file that ends in {ending}, got {path}")
    if not 1 <= workers <= 64:
        raise UsageError(f"workers: expected 1 to 64, got {workers}")
    console = Console(stderr=True)
    columns = (TextColumn("{task.description:20}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def progress(done: int, total: int, what: str) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        pieces, lines = reading.read_pieces(piece, workers=workers, progress=progress)
        index, more = reading.open_index(against, split=split, workers=workers, progress=progress)
        lines += more
        if save_index is not None:
            index.save(save_index)
        other = None
        if held_out is not None:
            other, more = reading.open_index(held_out, split="valid", workers=workers, own=False, progress=progress)
            lines += more
        examined = []
        for done, (name, music) in enumerate(pieces, 1):
            found = examine(music, index)
            ratio = None if other is None else baseline.distance_ratio(music, index, other, name)
            examined.append(report.Examined(name, music, found, baseline.judge(found, index.own), ratio))
            progress(done, len(pieces), "Examining")
    for line in lines:
        console.print(f"left out {line}", markup=False, highlight=False, soft_wrap=True)
    if json_file is not None:
        record = {
            "against": str(against),
            "baseline": report.baseline_record(index),
            "pieces": [each.to_dict(index) for each in examined],
            "left_out": lines,
        }
        write_text(json_file, json.dumps(record, indent=2, ensure_ascii=False) + "\n")
    if out is not None:
        from credo.evaluation.originality.page import write_report

        typer.echo(write_report(out, examined, index, corpus=against.name))
        return
    table = Table(box=None, pad_edge=False)
    for number, title in enumerate(report.HEAD):
        table.add_column(title, justify="left" if number in (0, 1, len(report.HEAD) - 1) else "right", overflow="fold")
    for each in examined:
        table.add_row(*report.row_of(each, index))
    Console(width=None if console.is_terminal else 160, markup=False, highlight=False).print(table)
    for each in examined if len(examined) <= 3 else [each for each in examined if each.judgement.flagged]:
        for line in report.sentences(each, index):
            typer.echo(f"{each.name}: {line}")
    for line in report.summary(examined, index):
        typer.echo(line)
