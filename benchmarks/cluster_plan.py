"""What training, reading and writing cost as they grow, for whoever plans a cluster.

    python benchmarks/cluster_plan.py --measure growth.json     # on this machine, some minutes; again for better ones
    python benchmarks/cluster_plan.py --wire 2 4                # bytes that so many workers send, counted on loopback
    python benchmarks/cluster_plan.py --plan growth.json        # tables for a billion bars, by simulation

Measured are the seconds of a step of contrastive divergence of machines of several sizes, each in a process of its own
with its peak of memory; a law with three numbers is fitted to all but two of them, which then test it. The simulation
adds what goes over the wire, by the rule of a ring: of W workers each sends and receives 2 (W - 1) / W of the gradient;
and it waits in each step for the slowest worker, whose times are drawn with a spread of `--jitter`. It knows nothing of
a full switch; workers do not send while they compute, as Credo's do not.
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

#: Visible and hidden units, and rows a step.
SIZES = (
    (1024, 256, 64), (1024, 1024, 64), (1024, 1024, 512), (4096, 512, 128), (4096, 1024, 512), (8192, 512, 64),
    (8192, 2048, 128), (8192, 1024, 256), (2048, 2048, 256), (8192, 2048, 512),
)  # fmt: skip
#: Of these, the ones that the law has to foretell.
HELD = (5, 8)
#: Of each weight: a gradient holds its weights twice, once for the data and once for the chains, in float32.
BYTES = 2 * 4


def measure(visible: int, hidden: int, batch: int) -> dict[str, float]:
    """Seconds of a step, and the peak of memory in bytes, of this process."""
    from credo.models.rbm import RBM  # before Keras, whose backend it chooses
    import keras  # isort: skip
    import resource

    from credo.models.backend.stepper import Stepper

    dice = np.random.default_rng(0)
    data = (dice.random((2048, visible)) < 0.1).astype(np.float32)
    rbm = RBM(visible, hidden, seed=1)
    rbm.compile(optimizer=keras.optimizers.Adam(1e-3))
    stepper, steps = Stepper(rbm, data), 20
    stepper.run(dice.integers(0, len(data), (steps, batch)))  # compiles
    times = []
    for _ in range(3):
        begun = time.perf_counter()
        stepper.run(dice.integers(0, len(data), (steps, batch)))
        times.append((time.perf_counter() - begun) / steps)
    return {"seconds": min(times), "bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024.0}


def loopback() -> int:
    """Bytes that this computer has sent to itself."""
    line = next(
        line for line in Path("/proc/net/dev").read_text("utf-8").splitlines() if line.strip().startswith("lo:")
    )
    return int(line.split(":")[1].split()[0])


def train_beside(rank: int, count: int, address: str, visible: int, hidden: int, batch: int) -> float:
    """One of several workers: gives the bytes a step that all of them sent."""
    from credo.models.backend import workers
    from credo.models.backend.stepper import Stepper
    from credo.models.rbm import RBM
    from credo.training import greedy

    workers.join(address, rank, count, patience=60)
    dice, steps = np.random.default_rng(0), 50
    data = (dice.random((1024, visible)) < 0.1).astype(np.uint8)
    rbm = RBM(visible, hidden, seed=1)
    greedy.prepare_layer(rbm, data, steps=3 * steps, rate=1e-3)
    stepper, rows = Stepper(rbm, data), greedy.batch_rows(len(data), batch, range(3 * steps), 5)
    stepper.run(rows[:steps])  # compiles
    before = loopback()
    stepper.run(rows[steps:])
    workers.whole(rbm.W)
    sent = (loopback() - before) / (2 * steps)
    workers.leave()
    return sent


def wired(counts: Sequence[int]) -> None:
    """Count what workers send, beside what the rule says."""
    visible, hidden, batch = 1024, 512, 64
    for count in counts:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            address = f"127.0.0.1:{listener.getsockname()[1]}"
        begun = []
        for rank in range(count):
            told = ",".join(map(str, (rank, count, address, visible, hidden, batch)))
            begun.append(
                subprocess.Popen([sys.executable, __file__, "--worker", told], stdout=subprocess.PIPE, text=True)
            )
        said = [process.communicate()[0] for process in begun]
        sent, rule = float(said[0].splitlines()[-1]), 2 * (count - 1) * BYTES * visible * hidden
        print(f"{count} workers: {sent / 1e6:.2f} MB a step, all of them together; the rule says {rule / 1e6:.2f} "
              f"({sent / rule - 1:+.1%})", flush=True)  # fmt: skip


def terms(sizes: Sequence[tuple[int, int, int]]) -> np.ndarray:
    """What a step's time grows with: products of rows and weights, weights, and nothing."""
    return np.array([[batch * v * h, v * h, 1.0] for v, h, batch in sizes])


def law(sizes: Sequence[tuple[int, int, int]], seconds: np.ndarray) -> np.ndarray:
    """The three numbers, none below 0, that foretell times with the least relative error."""
    from scipy.optimize import nnls

    rows = terms(sizes)
    scale = rows.max(0)
    found, _ = nnls(rows / scale / seconds[:, None], np.ones(len(seconds)))
    return found / scale


def measured(path: Path) -> None:
    """Measure all sizes, and keep what came out; where that was done before, the shorter time of each."""
    before = json.loads(path.read_text("utf-8"))["steps"] if path.exists() else []
    shortest = {tuple(each["size"]): each["seconds"] for each in before}
    found = []
    for size in SIZES:
        command = [sys.executable, __file__, "--one", ",".join(map(str, size))]
        done = subprocess.run(command, capture_output=True, text=True, check=True, env={**os.environ})
        found.append({"size": size, **json.loads(done.stdout.splitlines()[-1])})
        found[-1]["seconds"] = min(found[-1]["seconds"], shortest.get(size, np.inf))
        print(f"{size}: {1000 * found[-1]['seconds']:.1f} ms a step, {found[-1]['bytes'] / 1e6:.0f} MB", flush=True)
    path.write_text(json.dumps({"cores": os.cpu_count(), "steps": found}, indent=1) + "\n", "utf-8")


def planned(record: dict, asked: argparse.Namespace) -> None:
    """The law, how well it foretells, and the tables."""
    sizes = [tuple(each["size"]) for each in record["steps"]]
    seconds = np.array([each["seconds"] for each in record["steps"]])
    fitted = [k for k in range(len(sizes)) if k not in HELD]
    numbers = law([sizes[k] for k in fitted], seconds[fitted])
    print(f"seconds a step = {numbers[0]:.3g} B N H + {numbers[1]:.3g} N H + {numbers[2]:.3g}   "
          f"(N visible, H hidden, B rows; {record['cores']} cores)")  # fmt: skip
    for k in HELD:
        told = float(terms([sizes[k]])[0] @ numbers)
        print(f"  foretold for {sizes[k]}: {1000 * told:.1f} ms, measured {1000 * seconds[k]:.1f} ms "
              f"({told / seconds[k] - 1:+.0%})")  # fmt: skip
    memory = np.array([each["bytes"] for each in record["steps"]])
    rows = np.array([[v * h, batch * (v + h), 1.0] for v, h, batch in sizes])
    per, *_ = np.linalg.lstsq(rows, memory, rcond=None)
    print(f"bytes a worker = {per[0]:.0f} N H + {per[1]:.0f} B (N + H) + {per[2] / 1e6:.0f} MB, without the data")

    visible, hidden, batch = asked.size
    weights = visible * hidden
    rows_in_all = asked.bars * asked.windows_per_bar * asked.epochs
    steps = rows_in_all / batch
    print(f"\ntraining one layer of {visible} by {hidden} on {asked.bars:.3g} bars: {steps:.3g} steps of {batch} rows, "
          f"{BYTES * weights / 1e6:.0f} MB of gradient a step")  # fmt: skip
    head = "  ".join(f"{speed:g} Gbit/s".rjust(22) for speed in asked.gigabits)
    print(f"{'workers':>8}  {'sent a step':>11}  {head}")
    for count in asked.workers:
        sent = BYTES * weights * 2 * (count - 1) / count
        cells = []
        for speed in asked.gigabits:
            step = simulated(numbers, visible, hidden, batch, count, speed, asked)
            alone = simulated(numbers, visible, hidden, batch, 1, speed, asked)
            hours, share = steps * step / 3600, alone / step / count
            money = hours * count * record["cores"] * asked.price
            cells.append(f"{hours:8.1f} h {share:4.0%} {money:7.1f}".rjust(22))
        print(f"{count:8d}  {sent / 1e6:8.1f} MB  {'  '.join(cells)}")
    print(f"(hours, share of perfect scaling, cost at {asked.price:g} a core hour)")
    files = asked.bars / asked.bars_per_file
    hours = files / asked.files_per_second / 3600
    print(
        f"\nreading {asked.bars:.3g} bars: {files:.3g} files, {hours:.0f} core hours at {asked.files_per_second:g} "
        f"files a core second, {asked.bars * asked.bytes_per_bar / 1e9:.0f} GB of corpus; cost "
        f"{hours * asked.price:.0f}"
    )
    hours = asked.pieces * asked.seconds_per_piece / 3600
    print(
        f"writing {asked.pieces:.3g} pieces: {hours:.0f} core hours at {asked.seconds_per_piece:g} core seconds a "
        f"piece; cost {hours * asked.price:.0f}"
    )


def simulated(
    numbers: np.ndarray, visible: int, hidden: int, batch: int, count: int, gigabits: float, asked: argparse.Namespace
) -> float:
    """Seconds of a step of many workers, the mean of a thousand: rows and all weights, the slowest, and the ring."""
    computing = float(terms([(visible, hidden, max(batch // count, 1))])[0] @ numbers)
    drawn = np.random.default_rng(count).normal(1.0, asked.jitter, (1000, count))
    sending = 2 * (count - 1) / count * BYTES * visible * hidden * 8 / (gigabits * 1e9)
    return computing * float(drawn.max(1).mean()) + sending + 2 * (count - 1) * asked.latency


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--measure", type=Path, metavar="FILE")
    parser.add_argument("--plan", type=Path, metavar="FILE")
    parser.add_argument("--wire", type=int, nargs="+", metavar="WORKERS")
    parser.add_argument("--one", help=argparse.SUPPRESS)
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    parser.add_argument("--bars", type=float, default=1e9)
    parser.add_argument("--windows-per-bar", type=float, default=0.25, help="windows of four bars, none twice")
    parser.add_argument("--epochs", type=float, default=1)
    parser.add_argument("--size", type=int, nargs=3, default=(8192, 2048, 4096), metavar=("N", "H", "B"))
    parser.add_argument("--workers", type=int, nargs="+", default=(1, 2, 4, 8, 16, 32, 64, 128))
    parser.add_argument("--gigabits", type=float, nargs="+", default=(1, 10, 100))
    parser.add_argument("--latency", type=float, default=5e-5, help="seconds of a message")
    parser.add_argument("--jitter", type=float, default=0.05, help="standard deviation of a worker's step, as a share")
    parser.add_argument("--price", type=float, default=0.04, help="of a core hour")
    parser.add_argument("--bars-per-file", type=float, default=10)
    parser.add_argument("--files-per-second", type=float, default=230, help="a core second, of such files")
    parser.add_argument("--bytes-per-bar", type=float, default=110)
    parser.add_argument("--pieces", type=float, default=1e6)
    parser.add_argument("--seconds-per-piece", type=float, default=2.2)
    asked = parser.parse_args()
    if asked.one:
        print(json.dumps(measure(*map(int, asked.one.split(",")))))
    if asked.worker:
        rank, count, address, *size = asked.worker.split(",")
        print(train_beside(int(rank), int(count), address, *map(int, size)))
    if asked.wire:
        wired(asked.wire)
    if asked.measure:
        measured(asked.measure)
    if asked.plan:
        planned(json.loads(asked.plan.read_text("utf-8")), asked)


if __name__ == "__main__":
    main()
