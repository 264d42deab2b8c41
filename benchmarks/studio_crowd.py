"""Many users at a Studio at once, and one that is killed while it works.

    python benchmarks/studio_crowd.py --users 50 --minutes 10

Starts a server of its own with an empty file of projects. Each user completes four bars, asks for heat, exports MIDI
and saves, again and again, and waits as long as `Retry-After` says where the server refuses. In the middle of a job the
server is killed with SIGKILL and started again: each project has to be there as it was saved last. Prints answers by
status, times, and the server's memory; fails where there was any error but a 429 or 503 with `Retry-After`.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import dataclass, field

import httpx2 as httpx
from studio_latency import piece, quantile

SERVER = "import sys; from credo.cli.main import run; sys.exit(run(sys.argv[1:]))"


@dataclass
class Log:
    """What users saw."""

    statuses: Counter = field(default_factory=Counter)
    wrong: list[str] = field(default_factory=list)
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    saved: dict[str, tuple[int, str]] = field(default_factory=dict)
    memory: list[tuple[float, float]] = field(default_factory=list)
    waited: float = 0.0


class User:
    """One who composes; refused requests are sent again when the server says."""

    def __init__(self, client: httpx.AsyncClient, log: Log, number: int, end: float) -> None:
        self.client, self.log, self.end, self.dice = client, log, end, random.Random(number)
        self.piece = {**piece(), "title": f"user {number}"}
        self.project: tuple[str, int] | None = None

    async def ask(self, name: str, method: str, path: str, body: dict | None = None) -> httpx.Response | None:
        """An answer, or None where there was no time left for one."""
        while time.monotonic() < self.end:
            begun = time.monotonic()
            try:
                answer = await self.client.request(method, path, json=body)
            except httpx.HTTPError as error:
                self.log.wrong.append(f"{name}: {error!r}")
                return None
            self.log.statuses[f"{name} {answer.status_code}"] += 1
            if answer.status_code in (429, 503) and answer.headers.get("retry-after", "").isdigit():
                pause = int(answer.headers["retry-after"]) * (1 + self.dice.random() / 2)
                self.log.waited += pause
                await asyncio.sleep(pause)
                continue
            if not answer.is_success:
                self.log.wrong.append(f"{name}: {answer.status_code} {answer.text[:200]}")
                return None
            self.log.seconds[name].append(time.monotonic() - begun)
            return answer
        return None

    async def complete(self) -> None:
        """Have the rest written, and look whether what is locked stayed."""
        begun = time.monotonic()
        job = await self.ask("jobs", "POST", "/api/v1/jobs", {"task": "complete", "piece": self.piece})
        while job is not None:
            path = f"/api/v1/jobs/{job.json()['id']}"
            job = await self.ask("look", "GET", path)
            if job is None:
                return
            found = job.json()
            if found["state"] == "done":
                self.log.seconds["completed"].append(time.monotonic() - begun)
                notes = {note["id"]: note for note in found["results"][0]["piece"]["notes"]}
                if any(notes[note["id"]]["pitch"] != note["pitch"] for note in self.piece["notes"]):
                    self.log.wrong.append("a locked note has changed")
                return
            if found["state"] in ("failed", "cancelled"):
                self.log.wrong.append(f"job: {found['error']}")
                return
            await asyncio.sleep(1)

    async def save(self) -> None:
        """Save over what was saved last."""
        document = {"piece": self.piece, "number": self.dice.random()}
        body = {"title": self.piece["title"], "document": document}
        if self.project is None:
            answer = await self.ask("save", "POST", "/api/v1/projects", body)
        else:
            identity, revision = self.project
            answer = await self.ask("save", "PUT", f"/api/v1/projects/{identity}", {**body, "revision": revision})
        if answer is not None:
            found = answer.json()
            self.project = found["id"], found["revision"]
            self.log.saved[found["id"]] = found["revision"], json.dumps(document, sort_keys=True)

    async def live(self) -> None:
        """Compose until the end."""
        await asyncio.sleep(3 * self.dice.random())
        while time.monotonic() < self.end:
            await self.complete()
            await self.ask("heat", "POST", "/api/v1/heat", {"piece": self.piece})
            await self.ask("export", "POST", "/api/v1/export", {"piece": self.piece, "format": "midi"})
            await self.save()
            await asyncio.sleep(2 * self.dice.random())


def start(folder: str, port: int) -> tuple[subprocess.Popen, str]:
    """A server and its address."""
    command = [sys.executable, "-c", SERVER, "studio", "--no-open", "--port", str(port)]
    server = subprocess.Popen([*command, "--projects", f"{folder}/p.sqlite"], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    return server, server.stdout.readline().strip()


async def watch(client: httpx.AsyncClient, log: Log, begun: float, end: float) -> None:
    while time.monotonic() < end:
        try:
            text = (await client.get("/metrics")).text
            bytes_ = float(re.search(r"^credo_resident_bytes (\S+)", text, re.MULTILINE)[1])  # type: ignore[index]
            log.memory.append((time.monotonic() - begun, bytes_ / 1e6))
        except (httpx.HTTPError, TypeError) as error:
            log.wrong.append(f"metrics: {error!r}")
        await asyncio.sleep(5)


async def crowd(address: str, users: int, minutes: float) -> Log:
    log, begun = Log(), time.monotonic()
    limits = httpx.Limits(max_connections=users + 2)
    async with httpx.AsyncClient(base_url=address, timeout=60, limits=limits) as client:
        while (await client.get("/api/v1/health")).json()["status"] == "warming":
            await asyncio.sleep(0.5)
        end = time.monotonic() + 60 * minutes
        await asyncio.gather(
            watch(client, log, begun, end), *(User(client, log, number, end).live() for number in range(users))
        )
    return log


def killed(folder: str, server: subprocess.Popen, address: str, log: Log) -> None:
    """Kill the server while it works, and look for the projects in another."""
    asked = {"task": "complete", "piece": piece(), "wishes": {"iterations": 2000}, "alternatives": 8}
    with httpx.Client(base_url=address, timeout=60) as client:
        path = f"/api/v1/jobs/{client.post('/api/v1/jobs', json=asked).raise_for_status().json()['id']}"
        while client.get(path).json()["progress"] == 0:
            time.sleep(0.1)
    server.send_signal(signal.SIGKILL)
    server.wait()
    again, address = start(folder, 0)
    try:
        with httpx.Client(base_url=address, timeout=60) as client:
            for identity, (revision, document) in log.saved.items():
                found = client.get(f"/api/v1/projects/{identity}").json()
                kept = found.get("revision"), json.dumps(found.get("document"), sort_keys=True)
                if kept != (revision, document):
                    log.wrong.append(f"project {identity}: expected revision {revision}, got {kept[0]}")
    finally:
        again.terminate()
        again.wait(30)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--users", type=int, default=50)
    parser.add_argument("--minutes", type=float, default=10.0)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        server, address = start(folder, 0)
        try:
            log = asyncio.run(crowd(address, arguments.users, arguments.minutes))
            killed(folder, server, address, log)
        finally:
            server.kill()
            server.wait()
    print(
        f"{arguments.users} users, {arguments.minutes:g} minutes; waited {log.waited:.0f} s for Retry-After, all told"
    )
    print("answers: " + ", ".join(f"{name}: {count}" for name, count in sorted(log.statuses.items())))
    for name, seconds in sorted(log.seconds.items()):
        print(
            f"{name:10} {len(seconds):6}  p50 {statistics.median(seconds):7.3f} s  p95 {quantile(seconds, 0.95):7.3f} s"
        )
    places = [log.memory[int(share * (len(log.memory) - 1))] for share in (0, 0.25, 0.5, 0.75, 1)] if log.memory else []
    print("memory: " + ", ".join(f"{megabytes:.0f} MB at {seconds:.0f} s" for seconds, megabytes in places))
    print(f"{len(log.saved)} projects after the kill")
    print(f"{len(log.wrong)} errors" + "".join(f"\n  {line}" for line in log.wrong[:20]))
    return bool(log.wrong)


if __name__ == "__main__":
    sys.exit(main())
