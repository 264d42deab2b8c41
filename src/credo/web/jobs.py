"""Jobs: a bounded queue and one thread that does them, which also owns the models."""

from __future__ import annotations

import asyncio
import itertools
import secrets
import threading
import time
from collections import OrderedDict, deque
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any, TypeVar

from credo.web.faults import Fault, fault_of

Answer = TypeVar("Answer")
#: Waiting jobs and errands, and how long a job may take (seconds).
MOST_WAITING, MOST_ERRANDS, MOST_SECONDS = 32, 32, 300.0
#: Finished jobs that are remembered, how many notes of theirs, and how long (seconds).
MOST_KEPT, MOST_KEPT_NOTES, KEPT_SECONDS = 128, 200_000, 900.0
OVER = ("done", "failed", "cancelled")


class Stopped(BaseException):
    """Raised inside the sampling when nobody wants its result any more; no error, so nothing on the way catches it."""


@dataclass(eq=False)
class Job:
    """A piece of work.

    Attributes:
        id: by which it is asked for; cannot be guessed.
        do: the work; hands results and progress to the job, and calls `pause` from time to time.
        state: queued, running, done, failed or cancelled.
        progress: from 0 to 1.
        results: what is there already, JSON-able.
        fault: why it failed.
        version: grows with every change.
    """

    do: Callable[[Job], None]
    id: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    state: str = "queued"
    progress: float = 0.0
    results: list[dict[str, Any]] = field(default_factory=list)
    fault: Fault | None = None
    version: int = 0
    unwanted: bool = False
    began: float = 0.0
    ended: float = 0.0
    seconds: float = MOST_SECONDS
    pause: Callable[[], None] = lambda: None
    _listeners: dict[int, Callable[[], None]] = field(default_factory=dict)
    _numbers: itertools.count[int] = field(default_factory=itertools.count)

    def advance(self, progress: float) -> None:
        """Tell how far it is.

        Raises:
            Stopped: nobody wants it any more, or it takes too long.
        """
        self.progress = min(max(progress, self.progress), 1.0)
        self.changed()
        self.pause()
        if self.unwanted or time.monotonic() - self.began > self.seconds:
            raise Stopped

    def changed(self) -> None:
        """Wake those who listen."""
        self.version += 1
        for wake in list(self._listeners.values()):
            wake()

    def listen(self, wake: Callable[[], None]) -> Callable[[], None]:
        """Call a function after every change; returns what ends that."""
        number = next(self._numbers)
        self._listeners[number] = wake
        return lambda: self._listeners.pop(number, None) and None


class Worker:
    """The thread that samples.

    Short errands (the heat of a piece) are done between the steps of a long job, so that they need not wait for it.

    Args:
        waiting: how many jobs may wait.
        seconds: how long a job may take.
    """

    def __init__(self, *, waiting: int = MOST_WAITING, seconds: float = MOST_SECONDS) -> None:
        self.waiting, self.seconds = waiting, seconds
        self.counts = dict.fromkeys((*OVER, "refused", "errands"), 0)
        self.busy_seconds = 0.0
        self._queue: deque[Job] = deque()
        self._errands: deque[tuple[Callable[[], Any], Future[Any]]] = deque()
        self._chores: deque[Callable[[], None]] = deque()
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._wake = threading.Condition()
        self._closing, self._last = False, time.monotonic()
        self._current: Job | None = None
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Start the thread."""
        self._thread = threading.Thread(target=self._run, name="credo-studio", daemon=True)
        self._thread.start()

    def close(self, timeout: float = 20.0) -> None:
        """Stop; what is running is cancelled."""
        with self._wake:
            self._closing = True
            for job in (*self._queue, *([self._current] if self._current else [])):
                job.unwanted = True
            self._wake.notify_all()
        if self._thread:
            self._thread.join(timeout)

    def submit(self, do: Callable[[Job], None]) -> Job:
        """Put a job into the queue.

        Raises:
            Fault: 503, the queue is full.
        """
        job = Job(do, seconds=self.seconds, pause=self._run_errands)
        with self._wake:
            if len(self._queue) >= self.waiting or self._closing:
                self.counts["refused"] += 1
                raise Fault(
                    503,
                    "queue-full",
                    f"expected at most {self.waiting} waiting jobs",
                    "try again soon",
                    retry_after=self._patience(),
                )
            self._queue.append(job)
            self._jobs[job.id] = job
            self._forget()
            self._wake.notify_all()
        return job

    def errand(self, do: Callable[[], Answer]) -> Future[Answer]:
        """Have something short done by the thread.

        Raises:
            Fault: 503, too many wait.
        """
        future: Future[Answer] = Future()
        with self._wake:
            if len(self._errands) >= MOST_ERRANDS or self._closing:
                raise Fault(503, "busy", "too many are waiting for this", "try again soon", retry_after=1)
            self._errands.append((do, future))
            self._wake.notify_all()
        return future

    def when_idle(self, do: Callable[[], None]) -> None:
        """Have something done when nothing else waits, in the order of asking; it must raise nothing."""
        with self._wake:
            self._chores.append(do)
            self._wake.notify_all()

    def job(self, identity: str) -> Job:
        """A job by its id.

        Raises:
            Fault: 404, there is none, or it was forgotten.
        """
        with self._wake:
            self._forget()
            if identity not in self._jobs:
                raise Fault(404, "job", "there is no such job; results are kept for a quarter of an hour")
            return self._jobs[identity]

    def jobs(self) -> list[Job]:
        """All jobs that are not forgotten."""
        with self._wake:
            return list(self._jobs.values())

    def cancel(self, identity: str) -> Job:
        """Stop a job; one that is over stays as it is.

        Raises:
            Fault: 404, there is none.
        """
        job = self.job(identity)
        with self._wake:
            job.unwanted = True
            if job in self._queue:
                self._queue.remove(job)
                self._over(job, "cancelled")
        return job

    def position(self, job: Job) -> int:
        """How many jobs are before it; 0 for one that is running or over."""
        with self._wake:
            return self._queue.index(job) + 1 if job in self._queue else 0

    @property
    def length(self) -> int:
        """Jobs that wait."""
        return len(self._queue)

    @property
    def is_running(self) -> bool:
        """Whether a job is being done."""
        return self._current is not None

    @property
    def quiet_seconds(self) -> float:
        """Seconds since the last job; 0 while there is one."""
        return 0.0 if self._current or self._queue else time.monotonic() - self._last

    def _patience(self) -> int:
        """Seconds after which there should be room, by the mean of what jobs took."""
        count = self.counts["done"] or 1
        return max(1, min(round(self.busy_seconds / count) + 1, 30))

    def _run(self) -> None:
        while True:
            with self._wake:
                self._wake.wait_for(lambda: self._queue or self._errands or self._chores or self._closing)
                if self._closing:
                    break
                job = self._queue.popleft() if self._queue and not self._errands else None
                chore = self._chores.popleft() if self._chores and not (job or self._errands) else None
                self._current, waiting = job, list(self._queue) if job else []
            self._run_errands()
            for each in waiting:
                each.changed()  # its place in the queue is another
            if job:
                self._do(job)
            elif chore:
                chore()
        for job in list(self._queue):
            self._over(job, "cancelled")
        while self._errands:
            self._errands.popleft()[1].cancel()

    def _do(self, job: Job) -> None:
        job.began, job.state = time.monotonic(), "running"
        job.changed()
        state = "failed"
        try:
            if not job.unwanted:
                job.do(job)
            state = "cancelled" if job.unwanted else "done"
        except Stopped:
            state = "cancelled" if job.unwanted else "failed"
            if state == "failed":
                job.fault = Fault(503, "time", f"expected at most {self.seconds:g} seconds of work", "ask for less")
        except Exception as error:
            job.fault = fault_of(error)
        finally:
            self.busy_seconds += time.monotonic() - job.began
            self._current, self._last = None, time.monotonic()
            self._over(job, state)

    def _over(self, job: Job, state: str) -> None:
        job.state, job.ended = state, time.monotonic()
        job.do = _nothing
        self.counts[state] += 1
        if state == "done":
            job.progress = 1.0
        job.changed()

    def _run_errands(self) -> None:
        while self._errands:
            do, future = self._errands.popleft()
            if not future.set_running_or_notify_cancel():
                continue
            self.counts["errands"] += 1
            try:
                future.set_result(do())
            except Exception as error:
                future.set_exception(error)

    def _forget(self) -> None:
        """Forget old results, but for those of the job that ended last."""
        now, notes = time.monotonic(), 0
        over = sorted((job for job in self._jobs.values() if job.state in OVER), key=lambda job: job.ended)
        for age, job in enumerate(reversed(over)):
            notes += sum(len(result.get("piece", {}).get("notes", ())) for result in job.results)
            if now - job.ended > KEPT_SECONDS or age >= MOST_KEPT or (age and notes > MOST_KEPT_NOTES):
                del self._jobs[job.id]


async def changes(job: Job, *, beat: float = 15.0) -> Any:
    """The versions of a job as they come, the one that is there first; None from time to time while nothing happens.

    Args:
        job: to listen to.
        beat: seconds between two signs of life.
    """
    loop, news, seen = asyncio.get_running_loop(), asyncio.Event(), -1

    def wake() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(news.set)

    stop = job.listen(wake)
    try:
        while True:
            news.clear()
            over = job.state in OVER  # before it is told, so that whoever is told sees the end too
            if job.version != seen or over:
                seen = job.version
                yield seen
                if over:
                    return
                continue
            try:
                async with asyncio.timeout(beat):
                    await news.wait()
            except TimeoutError:
                yield None
    finally:
        stop()


def _nothing(_: Job) -> None:
    pass
