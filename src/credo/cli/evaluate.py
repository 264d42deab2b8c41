"""`credo evaluate`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn


def evaluate(
    model: Annotated[str, typer.Argument(help="A model that comes along, or a folder; `credo info` lists them.")],
    corpus: Annotated[Path, typer.Argument(help="A corpus that `credo corpus` prepared, on the model's texture.")],
    likelihood: Annotated[
        bool, typer.Option("--likelihood", help="Measure how likely the corpus' music is under the model.")
    ] = False,
    split: Annotated[str, typer.Option(help="train, valid or test.")] = "valid",
    rows: Annotated[int, typer.Option(help="At most so many passages, drawn at random.")] = 256,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.")] = 0,
    temperatures: Annotated[
        int, typer.Option(help="Of the annealing that estimates log Z; more is slower and better.")
    ] = 1000,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to a file too.")
    ] = None,
) -> None:
    """Measure a model on a corpus.

    **Examples**

    `credo evaluate runs/mine corpora/mine --likelihood`

    `credo evaluate chorale corpora/bach --likelihood --split test --json figures.json`
    """
    from credo.compose.models import find_model, window_of
    from credo.corpora.corpus import Corpus
    from credo.errors import UsageError
    from credo.io.atomic import write_text
    from credo.models.folder import load_model, read_card

    if not likelihood:
        raise UsageError("evaluate: expected what to measure, got nothing", hint="ask for --likelihood")
    folder = find_model(model)
    window = window_of(read_card(folder))
    data = Corpus.load(corpus)
    console = Console(stderr=True)
    with console.status("Loading the model"):
        from credo.training.appraisal import appraise

        dbn, _ = load_model(folder)
    columns = (TextColumn("{task.description:18}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def progress(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        found = appraise(
            dbn, window, data, split=split, rows=rows, seed=seed, temperatures=temperatures, progress=progress
        )
    typer.echo(f"{model} on {data.card.name}, split {split}: {found.rows} passages of {found.beats} beats")
    for figure in found.figures:
        error = "" if figure.error is None else f" ± {figure.error:.3f}"
        typer.echo(f"{figure.name:30}{figure.value:.3f}{error} {figure.unit}\n    {figure.meaning}")
    for note in found.notes:
        typer.echo(f"note: {note}")
    if json_file:
        record = {"model": model, "corpus": data.card.name, "split": split, "seed": seed, **found.to_dict()}
        write_text(json_file, json.dumps({**record, "temperatures": temperatures}, indent=2, ensure_ascii=False) + "\n")
