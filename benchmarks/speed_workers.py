"""Processes that take turns: one for each contestant, pinned to one processor and one thread.

A worker reads a line of JSON and answers with one. Its own output goes to the standard error stream. What is counted
is the CPU time of the process, which a busy machine makes longer but not by what it gives to others; one thread is
what the affinity allows, and the variables below ask for no more.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

THREADS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TF_NUM_INTRAOP_THREADS": "1",
    "TF_NUM_INTEROP_THREADS": "1",
    "TF_CPP_MIN_LOG_LEVEL": "3",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false",
}


class Worker:
    """A contestant in a process of its own.

    Args:
        name: of the contestant.
        backend: of Keras; empty where none is needed.
        cpu: number of the processor.
        log: file for its messages.
    """

    def __init__(self, name: str, backend: str, cpu: int, log: Path | None = None) -> None:
        environment = {**os.environ, **THREADS, "CUDA_VISIBLE_DEVICES": "", "CREDO_SPEED_CPU": str(cpu)}
        if backend:
            environment["KERAS_BACKEND"] = backend
        with open(log or os.devnull, "a") as messages:
            self._process = subprocess.Popen(
                [sys.executable, __file__, name],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=messages,
                env=environment,
                text=True,
            )

    def ask(self, **question: Any) -> dict[str, Any]:
        """Send a question, wait for the answer.

        Raises:
            RuntimeError: the process has ended.
        """
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"a worker ended with status {self._process.wait()}")
        return json.loads(answer)

    def close(self) -> None:
        """End the process."""
        self._process.stdin.close()
        self._process.wait()


def peak_megabytes() -> float:
    """The most memory that this process has had, in MB (10^6 bytes)."""
    status = Path("/proc/self/status")
    if status.is_file():  # the other figure would count the process that started this one
        (line,) = (line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def _serve(name: str) -> None:
    """Answer questions: `start` (a task, its data by path), `run` (steps), `save` (parameters to a path)."""
    from speed_contestants import CONTESTANTS, Task

    answers, sys.stdout = sys.stdout, sys.stderr
    trainer = None
    for line in sys.stdin:
        question = json.loads(line)
        act = question.pop("act")
        began = time.process_time()
        answer: dict[str, Any] = {}
        if act == "start":
            try:
                trainer = CONTESTANTS[name].make(Task(np.load(question.pop("data")), **question))
            except ImportError as error:
                answer["missing"] = str(error)
        elif act == "run":
            trainer.run(question["steps"])
        elif act == "save":
            np.savez(question["path"], **dict(zip("Wab", trainer.parameters(), strict=True)))
        answer |= {"seconds": time.process_time() - began, "peak_megabytes": peak_megabytes()}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {int(os.environ["CREDO_SPEED_CPU"])})
    _serve(sys.argv[1])
