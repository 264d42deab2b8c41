"""Processes that read files, each file at the risk of one process only.

A reader written in C may crash, hang or take all memory on a damaged file. The work is therefore done in child
processes which are told one job at a time; one that dies or overstays is replaced, and only its job is lost. The
children are plain interpreters that speak JSON lines on their pipes, so a script that calls Credo needs no
`if __name__ == "__main__"`, and a C library that prints cannot disturb them.
"""

from __future__ import annotations

import contextlib
import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sized
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from credo.errors import CredoError

_BOOT = "import json, sys; sys.path[:] = json.loads(sys.argv[1]); from credo.corpora.reading.pool import serve; serve()"


class UnfetchedError(Exception):
    """What a job needs could not be brought to this computer."""


def run_jobs(
    function: str,
    settings: dict[str, Any],
    jobs: Iterable[dict[str, Any]],
    *,
    workers: int,
    timeout_seconds: float = 60.0,
    memory_bytes: int = 2 << 30,
    at_hand: Callable[[dict[str, Any]], AbstractContextManager[dict[str, Any]]] = contextlib.nullcontext,
) -> Iterator[tuple[dict[str, Any], bytes | str | UnfetchedError]]:
    """Do jobs in child processes.

    Args:
        function: `module:name` of a function that takes a job and the settings and gives a JSON-able record.
        settings: what is common to all jobs, JSON-able.
        jobs: JSON-able records; of an iterator only a few are taken ahead.
        workers: number of processes.
        timeout_seconds: a job that takes longer is given up.
        memory_bytes: memory that a process may take for its jobs (where the system can limit it).
        at_hand: brings what a job needs to this computer, for as long as the block lasts, and gives the job as the
            process is to see it; `UnfetchedError` if it cannot.

    Yields:
        A job and its record as a line of JSON; or, for a job that was lost, the reason (text), or the error if what it
        needs could not be brought. In order of completion.
    """
    setup = {"function": function, "settings": settings, "timeout": timeout_seconds, "memory": memory_bytes}
    waiting = iter(jobs)
    lock, stop = threading.Lock(), threading.Event()
    results: queue.Queue = queue.Queue(maxsize=4 * workers)

    deadlines = _Deadlines()
    crew = [_Worker(setup, deadlines) for _ in range(min(workers, len(jobs)) if isinstance(jobs, Sized) else workers)]

    def work(worker: _Worker) -> None:
        with worker:
            try:
                while not stop.is_set():
                    with lock:
                        job = next(waiting, None)
                    if job is None:
                        break
                    _put(results, (job, _done(worker, job, at_hand)), stop)
            except BaseException as error:  # told to whoever consumes the results
                _put(results, error, stop)
            _put(results, None, stop)

    threads = [threading.Thread(target=work, args=(worker,), daemon=True) for worker in crew]
    deadlines.start()
    for thread in threads:
        thread.start()
    try:
        running = len(threads)
        while running:
            result = results.get()
            if isinstance(result, BaseException):
                raise result
            if result is None:
                running -= 1
            else:
                yield result
    finally:
        stop.set()
        for worker in crew:
            worker.kill()
        for thread in threads:
            thread.join(timeout=10)
        deadlines.end()


def _done(
    worker: _Worker, job: dict[str, Any], at_hand: Callable[[dict[str, Any]], AbstractContextManager[dict[str, Any]]]
) -> bytes | str | UnfetchedError:
    try:
        with at_hand(job) as here:
            return worker.do(here)
    except UnfetchedError as error:
        return error


def _put(results: queue.Queue, item: Any, stop: threading.Event) -> None:
    while not stop.is_set():
        with contextlib.suppress(queue.Full):
            results.put(item, timeout=0.2)
            return


class _Worker:
    """One child process, replaced when it is lost."""

    def __init__(self, setup: dict[str, Any], deadlines: _Deadlines) -> None:
        self.setup, self.deadlines = setup, deadlines
        self.process: subprocess.Popen | None = None

    def __enter__(self) -> _Worker:
        return self

    def __exit__(self, *error: object) -> None:
        self.end()

    def start(self) -> subprocess.Popen:
        process = subprocess.Popen(
            [sys.executable, "-c", _BOOT, json.dumps([entry for entry in sys.path if isinstance(entry, str)])],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.process = process
        with contextlib.suppress(OSError):
            process.stdin.write(json.dumps(self.setup).encode() + b"\n")
            process.stdin.flush()
        if process.stdout.readline() != b"ready\n":
            message = process.stderr.read().decode(errors="replace").strip().splitlines()
            self.end()
            raise CredoError(f"a reading process could not start: {message[-1] if message else 'it said nothing'}")
        process.stderr.close()
        return process

    def kill(self) -> None:
        process = self.process
        if process:
            process.kill()

    def end(self) -> None:
        if self.process:
            self.process.kill()
            self.process.wait()
            for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
                with contextlib.suppress(OSError):
                    pipe.close()
            self.process = None

    def do(self, job: dict[str, Any]) -> bytes | str:
        """A job's record as a line of JSON, or the reason why it was lost."""
        process = self.process or self.start()
        seconds = self.setup["timeout"]
        with self.deadlines.within(seconds, process.kill) as stay:
            try:
                process.stdin.write(json.dumps(job).encode() + b"\n")
                process.stdin.flush()
                line = process.stdout.readline()
            except OSError:
                line = b""
        if line.endswith(b"\n") and not stay.passed:
            return line
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(timeout=5)
        code = process.returncode
        self.end()
        if stay.passed or code == -getattr(signal, "SIGALRM", 0):
            return f"gave no result within {seconds:g} seconds"
        return f"crashed the reader ({_exit_name(code)})"


@dataclass(eq=False)
class _Stay:
    """A block that has to end in time: by when, what is called if it does not, and whether that happened."""

    due: float
    late: Callable[[], None]
    passed: bool = False


class _Deadlines:
    """One thread that looks, ten times a second, whether blocks last too long."""

    def __init__(self) -> None:
        self._stays: set[_Stay] = set()
        self._lock, self._over = threading.Lock(), threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        self._over.set()
        self._thread.join()

    @contextlib.contextmanager
    def within(self, seconds: float, late: Callable[[], None]) -> Iterator[_Stay]:
        """Calls a function unless the block ends in time."""
        stay = _Stay(time.monotonic() + seconds, late)
        with self._lock:
            self._stays.add(stay)
        try:
            yield stay
        finally:
            with self._lock:
                self._stays.remove(stay)

    def _run(self) -> None:
        while not self._over.wait(0.1):
            now = time.monotonic()
            with self._lock:
                for stay in self._stays:
                    if now > stay.due and not stay.passed:
                        stay.passed = True
                        stay.late()


def _exit_name(code: int | None) -> str:
    if code is None:
        return "no exit"
    if code < 0:
        with contextlib.suppress(ValueError):
            return f"{signal.Signals(-code).name}{', perhaps out of memory' if code == -9 else ''}"
    return f"exit status {code}"


def serve() -> None:
    """The child's side: read jobs from stdin until it ends, answer each with one line."""
    answers = os.fdopen(os.dup(1), "wb")
    setup = json.loads(sys.stdin.buffer.readline())
    module, _, name = setup["function"].partition(":")
    function = getattr(__import__(module, fromlist=[name]), name)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    _limit_memory(setup["memory"])
    answers.write(b"ready\n")
    answers.flush()
    silence = os.open(os.devnull, os.O_WRONLY)
    for stream in (1, 2):
        os.dup2(silence, stream)
    for line in sys.stdin.buffer:
        _alarm(setup["timeout"] + 5)  # should the parent have gone, a hanging job still ends
        record = function(json.loads(line), setup["settings"])
        _alarm(0)
        answers.write(json.dumps(record, sort_keys=True).encode() + b"\n")
        answers.flush()


def _alarm(seconds: float) -> None:
    if hasattr(signal, "setitimer"):
        signal.setitimer(signal.ITIMER_REAL, seconds)


def _limit_memory(extra: int) -> None:
    """Let allocations fail, rather than the computer stall, once this process has taken `extra` bytes more."""
    try:
        import resource

        with open("/proc/self/statm", "rb") as statm:
            now = int(statm.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + extra, resource.RLIM_INFINITY))
    except (ImportError, OSError, ValueError):
        pass  # Windows, macOS: no such limit
