"""The published benchmark of polyphonic music: test log-likelihood in nats a frame on four piano-roll sets.

    python benchmarks/frame_likelihood.py --data rolls.npz --out runs/frames --model rnn-rbm --set jsb piano
    python benchmarks/frame_likelihood.py --data rolls.npz --out runs/frames --model rnn-rbm --split test
    python benchmarks/frame_likelihood.py --out runs/frames --table test

A call trains a model on each set, or goes on where the last call was stopped, and measures it on the validation split.
Whoever has chosen all there is to choose measures the trained model on the test split, once. The table shows what the
folder holds, beside the published figures.

The protocol is that of Boulanger-Lewandowski, Bengio & Vincent (2012): the sum of log P(frame | all frames before) over
all frames of all pieces, the first ones included, divided by the number of frames. Keys that training never plays count
too. Where a normaliser is annealed, the figure is an estimate that flatters, if anything: see its spread.
"""

from __future__ import annotations

import argparse
import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from frames import controls, deep, static, table, temporal
from frames.plans import changed
from frames.rolls import SETS, Rolls
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from credo.evaluation.likelihood.temporal import Annealing
from credo.training.temporal import train

MODELS = ("notes", "counts", "ar", "rbm", "dbn", "rnn-rbm", "rnn-dbn", "rnn-nade")
#: For choosing among the weights of a training.
QUICK = Annealing(runs=16, steps=300, settle=20)
COLUMNS = (TextColumn("{task.description:32}"), MofNCompleteColumn(), TimeElapsedColumn(), TimeRemainingColumn())


def run(model: str, name: str, options: argparse.Namespace, bar: Progress) -> dict[str, Any]:
    """Train a model on a set, or go on with it, and measure it."""
    rolls = Rolls.load(options.data, name)
    folder = options.out / f"{name}-{model}"
    folder.mkdir(parents=True, exist_ok=True)
    tasks: dict[str, int] = {}

    def told(stage: str, step: int, steps: int, metrics: dict[str, float] | None = None) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(f"{name} {model}: {stage}", total=steps)
        bar.update(tasks[stage], completed=step)

    clock, before = time.process_time(), _hours(folder)
    if model in ("notes", "counts", "ar"):
        result = controls.run(model, rolls, options.split, told)
    elif model in ("rbm", "dbn"):
        result = (static if model == "rbm" else deep).run(rolls, options.split, folder, options, told)
    else:
        result = _temporal(model, rolls, folder, options, told)
    hours = before + (time.process_time() - clock) / 3600
    (folder / "hours.json").write_text(json.dumps(hours))
    result |= {"cpu hours": hours, "seed": options.seed}
    (folder / f"{options.split}.json").write_text(json.dumps(result, indent=1))
    return result


def _temporal(model: str, rolls: Rolls, folder: Path, options: argparse.Namespace, told: Any) -> dict[str, Any]:
    plan = changed(temporal.Plan.of(model, rolls.name), options.plan)
    (folder / "plan.json").write_text(json.dumps(asdict(plan), indent=1))
    built = temporal.build(model, rolls, plan, options.seed, options.out)
    halved = getattr(built, "low", built)
    halved.half = options.half

    def quick(each: Any) -> float:
        found = temporal.likelihood(each, rolls.valid, QUICK, most_frames=512, seed=5)
        halved.half = options.half
        mean, low, high = (value + rolls.beyond["valid"] for value in (found.mean, found.low, found.high))
        print(f"  {rolls.name} {model}: validation, roughly {mean:.3f} [{low:.3f}, {high:.3f}]", flush=True)
        return low  # what annealing says of a machine that it cannot cross is not to choose it

    train(
        built,
        rolls.train,
        temporal.stages(plan),
        folder,
        measure=quick,
        resume=True,
        seed=options.seed,
        progress=told,
    )
    built.save(folder / "model.keras")
    found = temporal.likelihood(
        built,
        rolls.split(options.split),
        Annealing(options.runs, options.temperatures, options.temperatures // 10),
        most_frames=options.most_frames,
        seed=options.seed,
        progress=lambda done, of: told("annealing", done, of),
    )
    beyond = rolls.beyond[options.split]
    result = {"nats": found.mean + beyond, "error": found.standard_error, "frames": len(found.frames)}
    if model == "rnn-nade":
        return {**result, "spread": 0.0, "kind": "exact"}
    return {
        **result,
        "high": found.high + beyond,
        "low": found.low + beyond,
        "spread": found.spread,
        "rejected": found.rejected,
        "runs": options.runs,
        "temperatures": options.temperatures,
        "most_frames": options.most_frames,
        "kind": "lower bound, annealed" if model == "rnn-dbn" else "annealed",
    }


def _hours(folder: Path) -> float:
    path = folder / "hours.json"
    return json.loads(path.read_text()) if path.exists() else 0.0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, help="the .npz file with the four sets")
    parser.add_argument("--set", nargs="+", choices=SETS, default=list(SETS))
    parser.add_argument("--model", nargs="+", choices=MODELS, default=list(MODELS))
    parser.add_argument("--out", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--split", choices=["train", "valid", "test"], default="valid")
    parser.add_argument("--table", choices=["valid", "test"], help="print what the folder holds, and leave")
    parser.add_argument(
        "--plan",
        nargs="*",
        default=[],
        metavar="KEY=VALUE",
        help="see frames/temporal.py, and frames/static.py for rbm",
    )
    parser.add_argument("--runs", type=int, default=100, help="annealing: chains a normaliser")
    parser.add_argument("--temperatures", type=int, default=1000, help="annealing: temperatures")
    parser.add_argument("--most-frames", type=int, default=0, help="anneal so many frames, chosen at random; 0 for all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--half", action="store_true", help="train in bfloat16, where the processor has units for it")
    options = parser.parse_args()
    if options.table:
        print(table.render(options.out, options.table, MODELS))
        return
    if not options.data:
        parser.error("--data: expected the file with the sets")
    with Progress(*COLUMNS) as bar:
        for model in options.model:
            for name in options.set:
                print(name, model, json.dumps(run(model, name, options, bar)), flush=True)


if __name__ == "__main__":
    main()
