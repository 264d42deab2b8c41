"""Reading many files in shards: how fast beside a plain loop of symusic, in how much memory, and what a kill costs.

The files are those of `many_files.py`. Told are: files per CPU second of a plain loop of symusic over a sample; the
same of `credo corpus --shard`, its reading processes counted; the memory of its parent at ten moments; how many records
a shard had when it was killed with signal 9, and how many files it read when it was started again; time and memory of
the merge; and whether the corpus of one shard that was killed, and of several that were not, is the same to the byte.

    python benchmarks/many_files.py --count 20000 --out /tmp/many
    python benchmarks/ingest_scale.py /tmp/many --out /tmp/ingest --shards 4
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from contextlib import suppress
from itertools import islice
from pathlib import Path

CREDO = (sys.executable, "-c", "from credo.cli.main import main; main()")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--texture", default="piano")
    parser.add_argument("--shards", type=int, default=4)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--sample", type=int, default=2000, help="files of the plain loop")
    parser.add_argument("--kill-after", type=float, default=20.0, metavar="SECONDS")
    options = parser.parse_args()
    shutil.rmtree(options.out, ignore_errors=True)
    plain = plain_loop(options.source, options.sample)
    print(f"symusic alone: {plain:.0f} files per CPU second", flush=True)
    killed(options)
    shards(options, options.out / "one", 1)
    read = shards(options, options.out / "several", options.shards)
    sums = [merge(options, name) for name in ("one", "several")]
    print(f"credo: {read:.0f} files per CPU second, {read / plain:.3f} of symusic alone")
    print(
        f"1 killed shard and {options.shards} shards: {'the same bytes' if sums[0] == sums[1] else 'DIFFERENT BYTES'}"
    )
    sys.exit(sums[0] != sums[1])


def plain_loop(source: Path, sample: int) -> float:
    """Files per CPU second that symusic alone reads."""
    import symusic

    files = list(islice((Path(folder, name) for folder, _, names in os.walk(source) for name in names), sample))
    for path in files:  # once, for the disk's sake
        path.read_bytes()
    began = time.process_time()
    for path in files:
        with suppress(Exception):  # some are broken on purpose
            symusic.Score(path)
    return len(files) / (time.process_time() - began)


def killed(options: argparse.Namespace) -> None:
    """Start the only shard, kill it, and say what it had."""
    process = subprocess.Popen(command(options, options.out / "one", 0, 1), stdout=subprocess.DEVNULL)
    time.sleep(options.kill_after)
    process.send_signal(signal.SIGKILL)
    process.wait()
    path = options.out / "one" / "part-000-of-001.sqlite"
    with sqlite3.connect(path) as base:
        count = base.execute("SELECT count(*) FROM records").fetchone()[0]
    base.close()
    print(f"killed after {options.kill_after:g} s: {count} records are there", flush=True)


def shards(options: argparse.Namespace, out: Path, of: int) -> float:
    """Read all shards one after the other; gives files per CPU second."""
    files = seconds = 0.0
    for number in range(of):
        process = subprocess.Popen(command(options, out, number, of), stdout=subprocess.DEVNULL)
        memory = watched(process)
        report = json.loads((out / f"part-{number:03d}-of-{of:03d}.json").read_text("utf-8"))
        files, seconds = files + report["read_now"], seconds + report["cpu_seconds"]
        curve = ", ".join(f"{size:.0f}" for size in memory)
        print(
            f"shard {number}/{of}: {report['files']} files, {report['read_now']} read in {report['seconds']} s, "
            f"{report['cpu_seconds']} CPU s; MB of the parent over time: {curve}; peak {report['peak_megabytes']}",
            flush=True,
        )
    return files / max(seconds, 1e-9)


def merge(options: argparse.Namespace, name: str) -> str:
    """Put parts together; gives a hash of all that came out."""
    out, began = options.out / f"{name}-merged", time.perf_counter()
    arguments = ("corpus", "--merge", str(options.out / name), "--out", str(out), "--name", "many")
    memory = watched(subprocess.Popen([*CREDO, *arguments], stdout=subprocess.DEVNULL))
    pieces = json.loads((out / "corpus.json").read_text("utf-8"))["pieces"]
    size = sum(path.stat().st_size for path in out.iterdir())
    curve = ", ".join(f"{each:.0f}" for each in memory)
    print(
        f"merge of {name}: {pieces} pieces, {size / 1e6:.1f} MB, in {time.perf_counter() - began:.1f} s; "
        f"MB over time: {curve}",
        flush=True,
    )
    digest = hashlib.sha256()
    for path in sorted(out.iterdir()):
        digest.update(path.name.encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def command(options: argparse.Namespace, out: Path, number: int, of: int) -> list[str]:
    arguments = ["corpus", str(options.source), "-t", options.texture, "--shard", f"{number}/{of}", "--out", str(out)]
    return [*CREDO, *arguments, "--workers", str(options.workers)]


def watched(process: subprocess.Popen) -> list[float]:
    """Memory of a process in MB at ten moments of its life; it must end well."""
    sizes = []
    while process.poll() is None:
        with suppress(OSError, ValueError):
            status = Path(f"/proc/{process.pid}/status").read_text("utf-8")
            sizes += [int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS")]
        time.sleep(0.25)
    if process.returncode:
        sys.exit(f"{process.args} ended with {process.returncode}")
    return [sizes[number * (len(sizes) - 1) // 9] for number in range(10)] if sizes else []


if __name__ == "__main__":
    main()
