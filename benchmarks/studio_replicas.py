"""Several Studios behind a load balancer that sends each request to the next of them, and one that is killed.

    python benchmarks/studio_replicas.py --servers 2      # needs nginx

Starts Studios that share a file of projects (`credo studio --shared`), and nginx before them, without any stickiness.
Through it jobs are asked for, polled, followed by events and cancelled, a cue is made and fetched, a project saved and
read. Then a Studio with a running job gets SIGKILL: the job has to fail with a reason, and all else to go on. Prints
what each Studio did; fails where an answer was wrong.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx2 as httpx
from studio_latency import piece

SERVER = "import sys; from credo.cli.main import run; sys.exit(run(sys.argv[1:]))"
NGINX = """
daemon off; error_log {folder}/nginx.log; pid {folder}/nginx.pid;
events {{}}
http {{
  access_log off; client_max_body_size 70m; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  upstream studios {{ {servers} }}
  server {{
    listen 127.0.0.1:{port};
    location / {{
      proxy_pass http://studios; proxy_http_version 1.1; proxy_buffering off; proxy_connect_timeout 2s;
      proxy_set_header Host $http_host; proxy_set_header X-Forwarded-For $remote_addr;
    }}
  }}
}}
"""
OVER = ("done", "failed", "cancelled")


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def until(look: Callable[[], Any], wanted: Callable[[Any], bool], seconds: float = 180) -> Any:
    """What was looked for, as soon as it is there."""
    end = time.monotonic() + seconds
    while not wanted(found := look()):
        assert time.monotonic() < end, found
        time.sleep(0.1)
    return found


class Place:
    """The address that clients know."""

    def __init__(self, port: int) -> None:
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{port}/api/v1/", timeout=60)

    def ask(self, method: str, path: str, body: Any = None) -> httpx.Response:
        """An answer that is well."""
        answer = self.client.request(method, path, json=body)
        assert answer.is_success, (method, path, answer.status_code, answer.text[:300])
        return answer

    def job(self, identity: str) -> dict[str, Any]:
        """A job, from whichever Studio is asked."""
        return self.ask("GET", f"jobs/{identity}").json()

    def over(self, identity: str) -> dict[str, Any]:
        """A job that is over."""
        return until(lambda: self.job(identity), lambda job: job["state"] in OVER)


def numbers(port: int) -> dict[str, float]:
    """What a Studio counts."""
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    rows = (line.split() for line in text.splitlines() if line and not line.startswith("#"))
    return {row[0].removeprefix("credo_"): float(row[-1]) for row in rows}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--servers", type=int, default=2)
    parser.add_argument("--jobs", type=int, default=12)
    options = parser.parse_args()
    if shutil.which("nginx") is None:
        sys.exit("expected nginx to be installed")
    folder = Path(tempfile.mkdtemp(prefix="credo-replicas-"))
    ports, port = [free_port() for _ in range(options.servers)], free_port()
    command = (sys.executable, "-c", SERVER, "studio", "--no-open", "--shared", "--proxy", "127.0.0.1")
    studios = [
        subprocess.Popen([*command, "--port", str(each), "--projects", str(folder / "studio.sqlite")]) for each in ports
    ]
    lines = " ".join(f"server 127.0.0.1:{each} max_fails=1 fail_timeout=5s;" for each in ports)
    (folder / "nginx.conf").write_text(NGINX.format(folder=folder, port=port, servers=lines))
    balancer = None
    try:
        for each in ports:
            until(lambda each=each: _health(each), lambda health: health == "ok")
        balancer = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "nginx.log")])
        time.sleep(1)
        use(Place(port), options.jobs)
        for each in ports:
            print(f"Studio at {each}: {numbers(each)['jobs_done_total']:.0f} jobs done", flush=True)
        lose(Place(port), studios, ports)
    finally:
        for process in (*studios, *([balancer] if balancer else [])):
            process.terminate()
        shutil.rmtree(folder, ignore_errors=True)


def _health(port: int) -> str:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/api/v1/health").json()["status"]
    except httpx.HTTPError:
        return ""


def use(place: Place, count: int) -> None:
    """Whatever clients do, with each request to another Studio."""
    began = time.monotonic()
    wish = {"task": "complete", "piece": piece(), "wishes": {"seed": 1}}
    asked = [place.ask("POST", "jobs", wish).json()["id"] for _ in range(count)]
    found = [place.over(identity) for identity in asked]
    assert all(job["state"] == "done" for job in found), [job["error"] for job in found]
    same = {json.dumps(job["results"][0]["piece"]["notes"], sort_keys=True) for job in found}
    print(f"{count} jobs, one seed: {len(same)} different results, {time.monotonic() - began:.1f} s", flush=True)
    assert len(same) == 1

    identity = place.ask("POST", "jobs", {**wish, "alternatives": 3}).json()["id"]
    events = place.ask("GET", f"jobs/{identity}/events").text
    assert events.rstrip().splitlines()[-2] == "event: done", events[-300:]
    print(f"events of one job: {events.count('event: progress')} of progress, then done", flush=True)

    long = place.ask("POST", "jobs", {**wish, "wishes": {"seed": 1, "iterations": 2000}, "alternatives": 5}).json()[
        "id"
    ]
    until(lambda: place.job(long), lambda job: job["state"] == "running")
    began = time.monotonic()
    place.ask("DELETE", f"jobs/{long}")
    assert place.over(long)["state"] == "cancelled"
    print(f"a long job: cancelled after {time.monotonic() - began:.1f} s", flush=True)

    cue = place.ask("POST", "cues", {"brief": {"name": "shared", "seconds": 6, "seed": 2}}).json()["id"]
    job = place.over(cue)
    assert job["state"] == "done", job
    package = job["results"][0]["package"].removeprefix("/api/v1/")
    sizes = {len(place.ask("GET", package).content) for _ in range(4)}
    print(f"a cue: {sizes.pop()} bytes from each of them", flush=True)
    assert not sizes

    project = place.ask("POST", "projects", {"title": "shared", "document": {"version": 1}}).json()["id"]
    read = {place.ask("GET", f"projects/{project}").text for _ in range(4)}
    assert len(read) == 1
    print("a project: the same from each of them", flush=True)


def lose(place: Place, studios: list[subprocess.Popen[bytes]], ports: list[int]) -> None:
    """Kill the Studio that has a long job."""
    wish = {"task": "complete", "piece": piece(), "wishes": {"seed": 1, "iterations": 2000}, "alternatives": 5}
    identity = place.ask("POST", "jobs", wish).json()["id"]
    until(lambda: place.job(identity), lambda job: job["state"] == "running")
    busy = next(number for number, port in enumerate(ports) if numbers(port)["jobs_running"])
    studios[busy].send_signal(signal.SIGKILL)
    studios[busy].wait()
    began = time.monotonic()
    job = place.over(identity)
    print(f"a Studio is killed: after {time.monotonic() - began:.1f} s its job has {job['state']}: "
          f"{job['error'] and job['error']['message']}", flush=True)  # fmt: skip
    assert job["error"]["code"] == "server"
    again = place.ask("POST", "jobs", {**wish, "wishes": {"seed": 1}, "alternatives": 1}).json()["id"]
    assert place.over(again)["state"] == "done"
    print("asked again: done by another", flush=True)


if __name__ == "__main__":
    main()
