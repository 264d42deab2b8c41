"""CPU time and memory of contrastive divergence: Credo, loops written by hand, and other libraries.

    pip install -e . scikit-learn rbms learnergy
    python benchmarks/training_speed.py --markdown table.md --json table.json

Each contestant has a process of its own, pinned to one processor and one thread (`speed_workers.py`), and they take
turns: an epoch each, round after round, so that a busy machine slows them alike. What counts is the ratio in each
round; printed are the medians with the lowest and highest. A first epoch, in which things are compiled, does not count.
Memory is the most that the process ever had, its libraries included. Contestants that are not installed are left out.

All draw the same number of units, but not all make the same update (`speed_contestants.py`): Credo's default is Adam,
and so are the loops by hand; the ones marked "plain" take plain gradient steps, as the other libraries do.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from speed_contestants import CONTESTANTS
from speed_workers import Worker

SIZES = {"88x256": (20_000, 88, 256), "4096x1024": (8_192, 4_096, 1_024)}
BATCH, DENSITY = 128, 0.05
DEFAULT = [name for name, contestant in CONTESTANTS.items() if contestant.backend in ("", "jax")]


def measure(size: str, method: str, names: list[str], rounds: int, cpu: int, log: Path | None) -> dict[str, dict]:
    """CPU seconds of each epoch, and peak memory, of each contestant."""
    rows, N, hidden = SIZES[size]
    steps = rows // BATCH
    workers: dict[str, Worker] = {}
    found: dict[str, dict] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "data.npy"
        np.save(path, (np.random.default_rng(0).random((rows, N)) < DENSITY).astype(np.uint8))
        task = {"data": str(path), "hidden": hidden, "batch": BATCH, "chains": BATCH if method == "pcd" else 0}
        for name in names:
            worker = Worker(name, CONTESTANTS[name].backend, cpu, log)
            answer = worker.ask(act="start", **task)
            if "missing" in answer:
                print(f"{name}: left out: {answer['missing']}; pip install {CONTESTANTS[name].pip}", file=sys.stderr)
                worker.close()
                continue
            first = worker.ask(act="run", steps=steps)
            workers[name] = worker
            found[name] = {"start": answer["seconds"] + first["seconds"], "seconds": []}
        for _ in range(rounds):
            for name, worker in workers.items():
                answer = worker.ask(act="run", steps=steps)
                found[name]["seconds"].append(answer["seconds"])
                found[name]["peak_megabytes"] = answer["peak_megabytes"]
        for worker in workers.values():
            worker.close()
    for values in found.values():
        seconds = statistics.median(values["seconds"])
        # five products of each row: up, down, up again, and two outer products; a chain that persists has one more up
        values["gigaflops"] = 2e-9 * (6 if method == "pcd" else 5) * N * hidden * steps * BATCH / seconds
    return found


def table(found: dict[str, dict], reference: str) -> list[list[str]]:
    """A row for each contestant, the fastest first."""
    rows = [["", "updates", "CPU s an epoch", f"times {reference}", "GFLOP/s", "peak MB"]]
    base = found.get(reference, {}).get("seconds")
    for name, values in sorted(found.items(), key=lambda item: statistics.median(item[1]["seconds"])):
        ratios = [ours / theirs for ours, theirs in zip(values["seconds"], base, strict=True)] if base else []
        low, high = (min(ratios), max(ratios)) if ratios else (0, 0)
        rows.append(
            [
                name.removesuffix(", plain"),
                CONTESTANTS[name].updates,
                f"{statistics.median(values['seconds']):.3f}",
                f"{statistics.median(ratios):.2f} [{low:.2f}, {high:.2f}]" if ratios else "",
                f"{values['gigaflops']:.0f}",
                f"{values['peak_megabytes']:.0f}",
            ]
        )
    return rows


def markdown(rows: list[list[str]]) -> str:
    """A table, the first row being its head."""
    lines = [rows[0], ["---"] * len(rows[0]), *rows[1:]]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", nargs="*", default=list(SIZES), choices=list(SIZES))
    parser.add_argument("--methods", nargs="*", default=["cd", "pcd"], choices=["cd", "pcd"], help="one step each")
    parser.add_argument("--only", nargs="*", default=DEFAULT, choices=list(CONTESTANTS), help="contestants")
    parser.add_argument("--reference", default="numpy by hand, plain", help="whose time is 1")
    parser.add_argument("--cpu", type=int, default=max(processors()), help="number of the processor that all share")
    parser.add_argument("--json", type=Path, help="file for all times")
    parser.add_argument("--markdown", type=Path, help="file for the tables")
    parser.add_argument("--log", type=Path, help="file for what the libraries print")
    options = parser.parse_args()
    results, text = {}, []
    for size in options.sizes:
        for method in options.methods:
            names = [name for name in options.only if method in CONTESTANTS[name].methods]
            results[f"{size} {method}"] = found = measure(size, method, names, options.rounds, options.cpu, options.log)
            text.append(f"{method.upper()}-1, {size}, batch {BATCH}\n\n{markdown(table(found, options.reference))}\n")
            print(text[-1], flush=True)
    if options.json:
        options.json.write_text(json.dumps(results, indent=2))
    if options.markdown:
        options.markdown.write_text("\n".join(text))


def processors() -> set[int]:
    """The processors that this process may use."""
    return os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else {0}


if __name__ == "__main__":
    main()
