"""How long the first wish of each kind takes: on a new machine, at a later start, and after a quiet minute.

    python benchmarks/studio_first_click.py

Each kind of wish needs functions of its own, which JAX compiles when they are first needed; a Studio that has nothing
to do has another process compile them, keeps them on the disk, and reads them in quiet moments. Starts servers of its
own with an empty cache folder, and asks each for four bars with a mood, with a cadence and with chords, and without
wishes.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

SERVER = "import sys; from credo.cli.main import run; sys.exit(run(sys.argv[1:]))"
WISHES = {"none": {}, "mood": {"mood": "calm"}, "cadence": {"cadence": True}, "chords": {"chords": "C | F | G | C"}}


def ask(address: str, path: str, body: object = None) -> dict:
    data = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{address}api/v1/{path}", data, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=120) as answer:
        return json.load(answer)


@contextmanager
def serving(folder: str, model: str) -> Iterator[str]:
    """A server whose model is loaded and whose plain lengths are compiled."""
    command = [sys.executable, "-c", SERVER, "studio", "--no-open", "--port", "0", "--model", model]
    command += ["--projects", f"{folder}/projects.sqlite", "--library", f"{folder}/library.sqlite"]
    environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
    environment.pop("JAX_COMPILATION_CACHE_DIR", None)
    server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)
    assert server.stdout is not None
    try:
        address = re.match(r"http://\S+/", server.stdout.readline())[0]  # type: ignore[index]
        while ask(address, "health")["status"] == "warming":
            time.sleep(0.1)
        yield address
    finally:
        server.terminate()
        server.wait(20)


def seconds(address: str, model: str, wish: dict) -> float:
    """From the wish to the notes."""
    piece = {"model": model, "bars": 4, "key": "C major"}
    begun = time.perf_counter()
    job = ask(address, "jobs", {"task": "complete", "piece": piece, "wishes": {"seed": 3, **wish}})
    while (job := ask(address, f"jobs/{job['id']}"))["state"] in ("queued", "running"):
        time.sleep(0.01)
    assert job["state"] == "done", job
    return time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="chorale")
    parser.add_argument("--patience", type=float, default=400, help="seconds to wait for the background to be done")
    asked = parser.parse_args()
    print(f"{'seconds, first click':>28}  " + "  ".join(f"{name:>8}" for name in WISHES) + f"  {'again':>8}")
    with tempfile.TemporaryDirectory() as folder:

        def told(name: str, address: str) -> None:
            found = [seconds(address, asked.model, wish) for wish in WISHES.values()]
            again = seconds(address, asked.model, WISHES["chords"])
            print(f"{name:>28}  " + "  ".join(f"{one:8.2f}" for one in [*found, again]), flush=True)

        with serving(folder, asked.model) as address:
            told("new machine, at once", address)
            end = time.monotonic() + asked.patience
            while not list(Path(folder).rglob("usual-*")) and time.monotonic() < end:
                time.sleep(0.5)
        with serving(folder, asked.model) as address:
            told("later start, at once", address)
        with serving(folder, asked.model) as address:
            time.sleep(60)
            told("later start, after a minute", address)


if __name__ == "__main__":
    main()
