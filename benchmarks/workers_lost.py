"""Trainings whose workers are lost on the way: do they go on from the last checkpoint, and end as well?

    python benchmarks/workers_lost.py CORPUS --recipe recipe.toml --out runs/lost
    sudo python benchmarks/workers_lost.py CORPUS --recipe recipe.toml --out runs/lost --only cut
    python benchmarks/workers_lost.py CORPUS --recipe recipe.toml --out runs/lost --only torchrun,slurm

`alone` is one process; `killed` two of them, one of which gets SIGKILL in the middle of fine-tuning; `cut` two hosts,
that is two network namespaces of Linux joined by a pair of virtual Ethernet devices, whose link goes down in the middle
and comes up again (this needs root). Whoever starts the workers starts all of them again when one has failed, as
torchrun, Slurm with `--requeue` and Kubernetes do. Told are the scores, how soon a loss was noticed, and what was said.
`torchrun` and `slurm` leave that to those two: a worker of theirs is killed, and they start all again by themselves
(torch has to be installed, and a Slurm with two processors be there).
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

HOSTS = {"credo-a": "10.77.0.1", "credo-b": "10.77.0.2"}
PORT = 29755


class Job:
    """Two workers of one run, started again by `again`."""

    def __init__(self, command: list[str], out: Path, hosts: dict[str, str] | None) -> None:
        self.command, self.out, self.hosts = command, out, hosts
        self.starts, self.noticed, self.said = 0, [], []
        self.address = f"{HOSTS['credo-a']}:{PORT}" if hosts else ""
        self.workers: list[subprocess.Popen[bytes]] = []

    def start(self) -> None:
        """Start all workers."""
        self.starts += 1
        if not self.hosts:
            with socket.create_server(("127.0.0.1", 0)) as listener:
                self.address = f"127.0.0.1:{listener.getsockname()[1]}"
        self.workers = []
        for rank in range(2):
            environment = {**os.environ, "CREDO_RANK": str(rank), "CREDO_WORKERS": "2", "CREDO_ADDRESS": self.address}
            inside = ["ip", "netns", "exec", list(HOSTS)[rank]] if self.hosts else []
            log = (self.out.parent / f"{self.out.name}-{self.starts}-{rank}.log").open("wb")
            self.workers.append(
                subprocess.Popen([*inside, *self.command, "--out", str(self.out)], env=environment, stderr=log)
            )

    def stage(self) -> str:
        """The stage that the log is in, and the step."""
        try:
            last = (self.out / "log.jsonl").read_text("utf-8").splitlines()[-1]
        except (OSError, IndexError):
            return ""
        return json.loads(last)["stage"]

    def failed_after(self, began: float) -> None:
        """Wait until a worker has failed by itself, note when and what it said, and end the others."""
        while all(worker.poll() is None for worker in self.workers):
            time.sleep(0.05)
        self.noticed.append(time.monotonic() - began)
        time.sleep(1)
        for worker in self.workers:
            worker.kill()
            worker.wait()
        for log in sorted(self.out.parent.glob(f"{self.out.name}-{self.starts}-*.log")):
            told = [line for line in log.read_text("utf-8", "replace").splitlines() if "workers:" in line]
            self.said += told[-1:]

    def finish(self) -> None:
        """Wait for the end."""
        assert [worker.wait() for worker in self.workers] == [0, 0], f"see {self.out.parent}"


def score(out: Path) -> float:
    """Held-out nats a hidden cell of a finished run."""
    return json.loads((out / "model" / "card.json").read_text("utf-8"))["scores"]["held-out nats_a_hidden_cell"]


def wait_for(job: Job, stage: str) -> None:
    """Wait until the log has come to a stage."""
    while job.stage() != stage:
        assert all(worker.poll() is None for worker in job.workers), f"ended too early; see {job.out.parent}"
        time.sleep(0.1)


def killed(job: Job) -> None:
    """One worker is killed in fine-tuning, and all are started again."""
    job.start()
    wait_for(job, "fine-tuning")
    began = time.monotonic()
    job.workers[1].kill()
    job.workers[1].wait()
    while job.workers[0].poll() is None:  # whether the other one notices
        time.sleep(0.05)
    job.failed_after(began)
    job.start()
    job.finish()


def cut(job: Job) -> None:
    """The link between two hosts goes down in fine-tuning; when both have noticed it comes up again."""
    with two_hosts():
        job.start()
        wait_for(job, "fine-tuning")
        ip("-n", "credo-a", "link", "set", "veth-a", "down")
        began = time.monotonic()
        for worker in job.workers:
            worker.wait()
        job.failed_after(began)
        ip("-n", "credo-a", "link", "set", "veth-a", "up")
        job.start()
        job.finish()


def by_torchrun(job: Job) -> None:
    """Two workers of torchrun, which starts both again when one is killed."""
    torchrun = str(Path(sys.executable).with_name("torchrun"))
    options = ("--standalone", "--nproc-per-node", "2", "--max-restarts", "3", "--no-python")
    by_launcher(job, [torchrun, *options, *job.command, "--out", str(job.out)], "RANK")


def by_slurm(job: Job) -> None:
    """A job of Slurm whose script starts its step again as long as it fails."""
    script = job.out.parent / "slurm.sh"
    train = shlex.join([*job.command, "--out", str(job.out)])
    script.write_text(
        f"#!/bin/bash\n#SBATCH --ntasks=2\nfor i in 1 2 3; do srun --kill-on-bad-exit {train} && exit; done\nexit 1\n"
    )
    by_launcher(job, ["sbatch", "--wait", f"--output={job.out.parent}/slurm.log", str(script)], "SLURM_PROCID")


def by_launcher(job: Job, command: list[str], rank: str) -> None:
    """Start workers by a launcher, and kill the one whose variable `rank` is 1 in fine-tuning."""
    with (job.out.parent / f"{job.out.name}-launcher.log").open("wb") as log:
        launcher = subprocess.Popen(command, stdout=log, stderr=log)
        while job.stage() != "fine-tuning":
            assert launcher.poll() is None, f"ended too early; see {log.name}"
            time.sleep(0.1)
        before = workers_of(job, rank)
        os.kill(before["1"], signal.SIGKILL)
        began = time.monotonic()
        while Path("/proc", str(before["0"])).exists():
            time.sleep(0.05)
        job.noticed.append(time.monotonic() - began)
        job.starts = 2
        assert launcher.wait() == 0, f"see {log.name}"


def workers_of(job: Job, rank: str) -> dict[str, int]:
    """The processes of a run by the variable that tells their number."""
    found = {}
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            arguments = (folder / "cmdline").read_bytes().split(b"\0")
            environment = dict(each.partition(b"=")[::2] for each in (folder / "environ").read_bytes().split(b"\0"))
            if b"train" in arguments and str(job.out).encode() in arguments and rank.encode() in environment:
                found[environment[rank.encode()].decode()] = int(folder.name)
    return found


@contextmanager
def two_hosts() -> Iterator[None]:
    """Two network namespaces, joined."""
    for name in HOSTS:
        subprocess.run(["ip", "netns", "del", name], capture_output=True, check=False)
        ip("netns", "add", name)
    try:
        ip("link", "add", "veth-a", "netns", "credo-a", "type", "veth", "peer", "name", "veth-b", "netns", "credo-b")
        for (name, address), device in zip(HOSTS.items(), ("veth-a", "veth-b"), strict=True):
            ip("-n", name, "address", "add", f"{address}/24", "dev", device)
            ip("-n", name, "link", "set", device, "up")
            ip("-n", name, "link", "set", "lo", "up")
        yield
    finally:
        for name in HOSTS:
            ip("netns", "del", name)


def ip(*arguments: str) -> None:
    """Run `ip`."""
    subprocess.run(["ip", *arguments], check=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("corpus", type=Path)
    parser.add_argument("--recipe", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--patience", type=int, default=15, help="seconds after which a silent worker is lost")
    parser.add_argument("--only", default="alone,killed,cut")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    command = [str(Path(sys.executable).with_name("credo")), "train", str(asked.corpus), "--recipe", str(asked.recipe)]
    ways: dict[str, Callable[[Job], None]] = {"killed": killed, "cut": cut, "torchrun": by_torchrun, "slurm": by_slurm}
    for name in asked.only.split(","):
        out = asked.out / name
        shutil.rmtree(out, ignore_errors=True)
        if name == "alone":
            subprocess.run([*command, "--out", str(out)], check=True, stderr=subprocess.DEVNULL)
            print(f"alone: {score(out):.4f} nats a hidden cell")
            continue
        job = Job([*command, "--patience", str(asked.patience)], out, HOSTS if name == "cut" else None)
        ways[name](job)
        print(f"{name}: {score(out):.4f} nats a hidden cell; noticed after {job.noticed[0]:.1f} s; {job.starts} starts")
        for line in job.said:
            print(f"    {line}")


if __name__ == "__main__":
    main()
