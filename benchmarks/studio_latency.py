"""How long the Studio takes for four bars of a chorale, over HTTP on this machine.

    credo studio --no-open --port 8765 &
    python benchmarks/studio_latency.py --url http://127.0.0.1:8765

The soprano is held and the rest is written anew, with a warm model: the time from the request to the first alternative
and to all of them, as a page has them (events, then the job).
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import httpx2 as httpx

PITCHES = (67, 69, 70, 69, 67, 66, 67, 69, 70, 72, 74, 72, 70, 69, 67, 67)


def piece() -> dict:
    notes = [
        {"id": f"s{n}", "voice": "soprano", "onset": 4 * n, "duration": 4, "pitch": pitch, "locked": True}
        for n, pitch in enumerate(PITCHES)
    ]
    return {"model": "chorale", "key": "G minor", "bars": 4, "notes": notes}


def once(client: httpx.Client, alternatives: int) -> tuple[float, float]:
    """Seconds to the first alternative and to the last."""
    begun, first = time.monotonic(), 0.0
    asked = {"task": "complete", "piece": piece(), "alternatives": alternatives}
    path = f"/api/v1/jobs/{client.post('/api/v1/jobs', json=asked).raise_for_status().json()['id']}"
    with client.stream("GET", f"{path}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: ") and not first and json.loads(line[6:])["ready"]:
                with httpx.Client(base_url=client.base_url) as other:
                    assert other.get(path).json()["results"][0]["piece"]["notes"]
                first = time.monotonic() - begun
    job = client.get(path).json()
    assert len(job["results"]) == alternatives, job
    return first, time.monotonic() - begun


def quantile(seconds: list[float], share: float) -> float:
    return sorted(seconds)[min(int(share * len(seconds)), len(seconds) - 1)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--url", default="http://127.0.0.1:8765")
    parser.add_argument("--times", type=int, default=40)
    arguments = parser.parse_args()
    with httpx.Client(base_url=arguments.url, timeout=60) as client:
        while client.get("/api/v1/health").json()["status"] == "warming":
            time.sleep(0.5)
        print("alternatives  first p50  p95     all p50  p95   (seconds)")
        for alternatives in (1, 3):
            for _ in range(3):
                once(client, alternatives)
            firsts, lasts = zip(*(once(client, alternatives) for _ in range(arguments.times)), strict=True)
            row = [f(list(s)) for s in (firsts, lasts) for f in (statistics.median, lambda s: quantile(s, 0.95))]
            print(f"{alternatives:12}  {row[0]:9.3f}  {row[1]:.3f}  {row[2]:8.3f}  {row[3]:.3f}")


if __name__ == "__main__":
    main()
