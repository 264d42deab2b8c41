"""Likelihood at equal CPU time: frames of piano rolls, each library with the best of a few learning rates.

    pip install -e . scikit-learn rbms learnergy
    python benchmarks/likelihood_speed.py --data polyphonic_benchmarks.npz --key jsb_quarter --markdown table.md

The file holds `KEY/train/data`, `KEY/valid/data` and `KEY/test/data`, rows of 88 bits packed by `numpy.packbits`: the
frames of the sets of Boulanger-Lewandowski, Bengio & Vincent (2012), which are not ours to hand on.

Each run is a process of its own on one processor and one thread. How many steps fit the time is measured first, so that
the rate can fall along half a cosine to its end; loading and compiling do not count and are told apart. The rate is the
one whose first run is best on the validation split; it is run again with the other seeds, and the test split is looked
at then. Log Z is estimated by annealed importance sampling (Neal 2001; Salakhutdinov & Murray 2008) from the data's
base rates, by an implementation of this file's own, which is checked against enumeration whenever it is run.
"""

from __future__ import annotations

import argparse
import itertools
import json
import statistics
import sys
import tempfile
from pathlib import Path

import numpy as np
from speed_contestants import CONTESTANTS, Parameters
from speed_workers import Worker
from training_speed import markdown, processors

RATES = {
    "Adam": (3e-3, 1e-2, 3e-2),
    "plain": (0.3, 0.6, 1.2, 2.4),
    "plain, gradient normalised": (1.0, 3.0, 10.0, 30.0),
}
RUNS = (
    "credo:pcd:1",
    "credo:pcd:5",
    "numpy by hand:pcd:1",
    "numpy by hand, plain:pcd:1",
    "scikit-learn:pcd:1",
    "rbms:pcd:1",
    "learnergy:cd:1",
)


def softplus(x: np.ndarray) -> np.ndarray:
    return np.logaddexp(0, x)


def log_z(
    parameters: Parameters, base: np.ndarray, *, runs: int = 100, temperatures: int = 2000, seed: int = 0
) -> tuple[float, float]:
    """Log partition function of a binary machine and its standard error, nats.

    The way goes from independent visible units with the biases `base`, shape (N,), to the machine:
    log p_t(v) = (1 - t) base.v + t a.v + sum_j softplus(t (b + v W)_j), up to a constant.
    """
    W, a, b = (np.asarray(x, np.float64) for x in parameters)
    dice = np.random.default_rng(seed)
    v = (dice.random((runs, len(a))) < 1 / (1 + np.exp(-base))).astype(float)
    weights = np.full(runs, softplus(base).sum() + len(b) * np.log(2))
    for before, now in itertools.pairwise(np.linspace(0, 1, temperatures + 1)):
        field = b + v @ W
        weights += (now - before) * (v @ (a - base))
        weights += softplus(now * field).sum(1) - softplus(before * field).sum(1)
        h = (dice.random((runs, len(b))) < _sigmoid(now * field)).astype(float)
        v = (dice.random(v.shape) < _sigmoid((1 - now) * base + now * (a + h @ W.T))).astype(float)
    largest = weights.max()
    scaled = np.exp(weights - largest)
    return float(largest + np.log(scaled.mean())), float(scaled.std() / scaled.mean() / np.sqrt(runs))


def _sigmoid(x: np.ndarray) -> np.ndarray:
    return 0.5 * (1 + np.tanh(0.5 * x))


def minus_free_energy(parameters: Parameters, v: np.ndarray) -> np.ndarray:
    """Log of the unnormalised probability of each row, nats; (n, N) to (n,)."""
    W, a, b = (np.asarray(x, np.float64) for x in parameters)
    return np.concatenate([rows @ a + softplus(b + rows @ W).sum(1) for rows in np.array_split(v, 1 + len(v) // 1000)])


def check() -> None:
    """Compare `log_z` with enumeration on a small machine.

    Raises:
        RuntimeError: they differ by more than five standard errors and a hundredth.
    """
    dice = np.random.default_rng(7)
    parameters = dice.normal(0, 1, (11, 7)), dice.normal(0, 1, 11), dice.normal(0, 1, 7)
    exact = np.logaddexp.reduce(minus_free_energy(parameters, np.array(list(itertools.product((0.0, 1.0), repeat=11)))))
    found, error = log_z(parameters, np.zeros(11))
    if abs(found - exact) > 5 * error + 0.01:
        raise RuntimeError(f"log Z: expected {exact:.3f}, got {found:.3f} with a standard error of {error:.3f}")


def train(run: str, rate: float, seed: int, train_path: Path, options: argparse.Namespace) -> dict:
    """One run; the parameters are in its answer as arrays."""
    name, method, k = run.split(":")
    rows = np.load(train_path, mmap_mode="r").shape[0]
    epoch = rows // options.batch
    task = {"data": str(train_path), "hidden": options.hidden, "batch": options.batch, "rate": rate, "k": int(k)}
    task |= {"chains": options.batch if method == "pcd" else 0, "seed": seed}
    worker = Worker(name, CONTESTANTS[name].backend, options.cpu, options.log)
    try:
        answer = worker.ask(act="start", **task)
        if "missing" in answer:
            return answer
        worker.ask(act="run", steps=epoch)
        each = statistics.median(worker.ask(act="run", steps=epoch)["seconds"] for _ in range(5))
        epochs = max(1, round(options.seconds / each))
        start = worker.ask(act="start", **task, steps=epochs * epoch)["seconds"]
        seconds = [worker.ask(act="run", steps=epoch)["seconds"] for _ in range(epochs)]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "parameters.npz"
            worker.ask(act="save", path=str(path))
            saved = np.load(path)
            parameters = saved["W"], saved["a"], saved["b"]
    finally:
        worker.close()
    usual = statistics.median(seconds)
    start += max(0.0, seconds[0] - usual)
    return {"parameters": parameters, "seconds": usual + sum(seconds[1:]), "start": start, "epochs": epochs}


def read(path: Path, key: str) -> dict[str, np.ndarray]:
    """The frames of each split, shape (n, 88), uint8."""
    names = {split: f"{key}/{split}/data" for split in ("train", "valid", "test")}
    with np.load(path) as file:
        missing = [name for name in names.values() if name not in file]
        if missing:
            known = sorted({name.split("/")[0] for name in file})
            raise SystemExit(f"{path}: expected {', '.join(missing)}; there are {', '.join(known)}")
        return {split: np.unpackbits(file[name], axis=1)[:, :88] for split, name in names.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="the .npz file")
    parser.add_argument("--key", default="jsb_quarter")
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--seconds", type=float, default=60, help="CPU seconds of training a run")
    parser.add_argument("--seeds", type=int, default=2, help="runs with the best rate")
    parser.add_argument("--runs", nargs="*", default=RUNS, metavar="NAME:cd|pcd:K")
    parser.add_argument("--temperatures", type=int, default=2000, help="of annealed importance sampling, with 100 runs")
    parser.add_argument("--cpu", type=int, default=max(processors()), help="number of the processor")
    parser.add_argument("--json", type=Path, help="file for all runs")
    parser.add_argument("--markdown", type=Path, help="file for the table")
    parser.add_argument("--log", type=Path, help="file for what the libraries print")
    options = parser.parse_args()
    check()
    frames = read(options.data, options.key)
    mean = frames["train"].mean(0).clip(1e-3, 1 - 1e-3)
    base = np.log(mean / (1 - mean))

    def likelihood(parameters: Parameters, split: str) -> tuple[float, float]:
        z, error = log_z(parameters, base, temperatures=options.temperatures)
        return float(minus_free_energy(parameters, frames[split]).mean()) - z, error

    nothing = (np.zeros((88, 1)), base, np.zeros(1))
    print(f"base rates alone: {likelihood(nothing, 'test')[0]:.2f} nats a frame", file=sys.stderr)
    rows, records = [], []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "train.npy"
        np.save(path, frames["train"])
        for run in options.runs:
            name, method, k = run.split(":")
            tried = {}
            for rate in RATES[CONTESTANTS[name].updates]:
                found = train(run, rate, 0, path, options)
                if "missing" in found:
                    print(f"{name}: left out: {found['missing']}; pip install {CONTESTANTS[name].pip}", file=sys.stderr)
                    break
                score = likelihood(found["parameters"], "valid")[0]
                print(f"{run} rate {rate:g}: {score:.2f} valid, {found['epochs']} epochs", file=sys.stderr, flush=True)
                if np.isfinite(score):
                    tried[rate] = (score, found)
            if not tried:
                continue
            best = max(tried, key=lambda rate: tried[rate][0])
            runs = [tried[best][1], *(train(run, best, seed, path, options) for seed in range(1, options.seeds))]
            scores = [likelihood(each["parameters"], "test") for each in runs]
            values = [score for score, _ in scores]
            rows.append(
                [
                    f"{name.removesuffix(', plain')}, {method.upper()}-{k}",
                    CONTESTANTS[name].updates,
                    f"{best:g}",
                    f"{statistics.mean(each['epochs'] for each in runs):.0f}",
                    f"{statistics.mean(each['seconds'] for each in runs):.1f} + {runs[0]['start']:.1f}",
                    f"{statistics.mean(values):.2f} [{min(values):.2f}, {max(values):.2f}]",
                    f"{max(error for _, error in scores):.2f}",
                ]
            )
            records.append({"run": run, "rate": best, "test": scores, "valid": {r: s for r, (s, _) in tried.items()}})
    rows.sort(key=lambda row: -float(row[5].split()[0]))
    head = ["", "updates", "best rate", "epochs", "CPU s, and to start", "test, nats a frame", "sd of log Z"]
    print(markdown([head, *rows]))
    if options.json:
        options.json.write_text(json.dumps(records, indent=2))
    if options.markdown:
        options.markdown.write_text(markdown([head, *rows]) + "\n")


if __name__ == "__main__":
    main()
