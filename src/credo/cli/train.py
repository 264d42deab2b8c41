"""`credo train`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn


def train(
    corpus: Annotated[Path, typer.Argument(help="A corpus that `credo corpus` prepared.")],
    recipe: Annotated[
        Path | None, typer.Option(help="A TOML file; see recipes/ for examples.  [default: half an hour on two cores]")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="Folder of the run.  [default: runs/<corpus>]")] = None,
    name: Annotated[str | None, typer.Option(help="Name of the model.  [default: the recipe's or the corpus']")] = None,
    seed: Annotated[int | None, typer.Option(help="Of weights and order of the data.  [default: the recipe's]")] = None,
    resume: Annotated[bool, typer.Option(help="Go on with a run that was stopped or killed.")] = False,
    patience: Annotated[
        int, typer.Option(min=1, help="Of many workers: seconds until one that is silent counts as lost.")
    ] = 60,
) -> None:
    """Train a model on your own music.

    The stack is pretrained layer by layer with contrastive divergence, then fine-tuned by backpropagation. The run
    writes checkpoints; after a crash or Ctrl-C, `--resume` goes on.

    **Examples**

    `credo corpus MyMidiFolder --texture satb --out corpora/mine`

    `credo train corpora/mine --out runs/mine`

    `credo compose --model runs/mine`

    **Many workers.** Started by torchrun, Slurm, Open MPI or Ray, each process finds the others and takes its share of
    every batch; a run that was begun goes on. See docs/cluster.md.

    `torchrun --nnodes 2 --nproc-per-node 4 --max-restarts 3 --no-python credo train corpora/mine`
    """
    import os
    from dataclasses import replace

    from credo.compose.copying import write_fingerprints
    from credo.corpora.corpus import Corpus
    from credo.models.backend import workers
    from credo.training import launchers
    from credo.training.recipe import Recipe
    from credo.training.runs import train as run

    place = launchers.place(os.environ)
    if place:
        workers.join(place.address, place.rank, place.count, patience=patience)
    team = workers.current()
    data = Corpus.load(corpus)
    plan = Recipe.from_toml(recipe) if recipe else Recipe()
    plan = replace(plan, name=name or plan.name or data.card.name, seed=plan.seed if seed is None else seed)
    folder = out or Path("runs") / plan.name
    if team.count > 1:  # whoever starts them again after a loss cannot know how far they were
        resume = bool(workers.agreed(resume or (folder / "recipe.json").exists()))
    console = Console(stderr=True)
    bar = Progress(
        TextColumn("{task.description:12}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.fields[metrics]}"),
        console=console,
        disable=not (console.is_terminal and team.first),
    )
    tasks: dict[str, int] = {}
    shown: dict[str, str] = {}

    def progress(stage: str, step: int, steps: int, metrics: dict[str, float]) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=steps, completed=step, metrics="")
            shown.clear()
        shown.update({key: f"{key.replace('_', ' ')} {value:.3f}" for key, value in metrics.items() if key != "loss"})
        bar.update(tasks[stage], completed=step, metrics=", ".join(shown.values()))

    if team.first and data.in_split("train") and not data.in_split("valid"):
        console.print("note: the corpus has no piece in its split valid, so nothing is measured on unseen music")
    with bar:
        result = run(data, plan, folder, resume=resume, progress=progress)
    if not team.first:
        workers.leave()
        return
    write_fingerprints(data, result.model)
    workers.leave()
    console.print(f"Trained in {result.seconds / 60:.1f} minutes", highlight=False)
    for key, value in result.scores.items():
        console.print(f"  {key.replace('_', ' ')}: {value:.3f}", highlight=False)
    typer.echo(result.model)
