"""Where jobs are asked about: those of this server, and those of other servers that share its projects.

Servers that serve one address behind a load balancer each do the jobs that come to them. What a job has come to is
pinned to a board, a SQLite file beside the projects, so that whichever server is asked next can answer, stop the job,
or tell its progress. A server that has stopped cannot finish its jobs: they fail, and say so.
"""

from __future__ import annotations

import asyncio
import json
import logging
import secrets
import sqlite3
import threading
import time
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from credo.errors import FileError
from credo.library.database import write_ahead
from credo.web.faults import Fault
from credo.web.jobs import KEPT_SECONDS, OVER, Job, Worker, changes

#: Seconds between two looks at the board, and after which a server that shows no sign of life is taken for stopped.
BEAT, LOST = 0.25, 15.0
_PATIENCE = 10.0
_SIGN = 3.0  # seconds between two signs of life
_TABLES = """
CREATE TABLE IF NOT EXISTS servers (name TEXT PRIMARY KEY, seen REAL NOT NULL) STRICT;
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, server TEXT NOT NULL, version INTEGER NOT NULL, changed REAL NOT NULL,
    unwanted INTEGER NOT NULL, shown TEXT NOT NULL
) STRICT;
"""
_LOG = logging.getLogger("credo.web")

Shown = dict[str, Any]


class Board:
    """The jobs that this server can tell about.

    Args:
        worker: does the jobs of this server.
        path: the file that several servers share; None where there is but this one.

    Raises:
        FileError: the file cannot be used.
    """

    def __init__(self, worker: Worker, path: Path | None = None) -> None:
        self.worker, self.path, self.name = worker, path, secrets.token_urlsafe(9)
        self._pinned: dict[str, int] = {}  # versions of this server's jobs, as they were pinned last
        self._lock, self._pinning, self._closing = threading.Lock(), threading.Lock(), threading.Event()
        self._file = None if path is None else _opened(path)
        self._thread = threading.Thread(target=self._run, name="credo-board", daemon=True)

    def start(self) -> None:
        """Start to share jobs, if there is somebody to share them with."""
        if self._file:
            self._sign()
            self._thread.start()

    def close(self) -> None:
        """Pin what the jobs have come to, and stop."""
        self._closing.set()
        if self._thread.is_alive():
            self._thread.join(_PATIENCE)
        if self._file:
            with suppress(sqlite3.Error):
                self._pin()
                self._do("DELETE FROM servers WHERE name = ?", self.name)
            with self._lock:
                self._file.close()
                self._file = None  # whoever asks still hears that there is no such job

    def submit(self, do: Callable[[Job], None]) -> str:
        """Put a job into the queue; gives its id, by which any of the servers can be asked.

        Raises:
            Fault: 503, the queue is full.
        """
        job = self.worker.submit(do)
        if self._file:
            self._try(self._pin)
        return job.id

    def look(self, identity: str) -> Shown:
        """A job as the API answers it.

        Raises:
            Fault: 404, there is none, or it was forgotten.
        """
        try:
            return shown(self.worker.job(identity), self.worker)
        except Fault:
            return self._elsewhere(identity)[1]

    def cancel(self, identity: str) -> Shown:
        """Stop a job; one that is over stays as it is.

        Raises:
            Fault: 404, there is none.
        """
        try:
            return shown(self.worker.cancel(identity), self.worker)
        except Fault:
            self._elsewhere(identity)
            self._do("UPDATE jobs SET unwanted = 1 WHERE id = ?", identity)
            return self.look(identity)

    async def changes(self, identity: str, *, beat: float = 15.0) -> AsyncIterator[Shown | None]:
        """A job after each of its changes, the first at once; None from time to time while nothing happens.

        Args:
            identity: of the job.
            beat: seconds between two signs of life.
        """
        try:
            job = self.worker.job(identity)
        except Fault:
            async for news in self._changes_elsewhere(identity, beat):
                yield news
            return
        async for version in changes(job, beat=beat):
            yield None if version is None else shown(job, self.worker)

    async def _changes_elsewhere(self, identity: str, beat: float) -> AsyncIterator[Shown | None]:
        seen, told = -1, time.monotonic()
        while True:
            version, job = await run_in_threadpool(self._elsewhere, identity)
            if version != seen or job["state"] in OVER:
                seen, told = version, time.monotonic()
                yield job
                if job["state"] in OVER:
                    return
            elif time.monotonic() - told > beat:
                told = time.monotonic()
                yield None
            await asyncio.sleep(BEAT)

    def _elsewhere(self, identity: str) -> tuple[int, Shown]:
        """The version of another server's job, and the job."""
        rows = self._do(
            "SELECT version, shown, seen FROM jobs LEFT JOIN servers ON name = server WHERE id = ?", identity
        )
        if not rows:
            raise Fault(404, "job", "there is no such job; results are kept for a quarter of an hour")
        version, text, seen = rows[0]
        job = json.loads(text)
        if job["state"] not in OVER and time.time() - (seen or 0.0) > LOST:
            error = {"code": "server", "message": "the server that did this has stopped", "hint": "ask again"}
            return version, {**job, "state": "failed", "position": 0, "error": error}
        return version, job

    def _run(self) -> None:
        signed = time.monotonic()
        while not self._closing.wait(BEAT):
            self._try(self._pin)
            self._try(self._stop_unwanted)
            if time.monotonic() - signed > _SIGN:
                self._try(self._sign)
                signed = time.monotonic()

    def _try(self, act: Callable[[], None]) -> None:
        """Do what can be done later as well: a full disk passes."""
        try:
            act()
        except sqlite3.Error as error:
            _LOG.warning("jobs cannot be shared: %s", error)

    def _stop_unwanted(self) -> None:
        """Stop those jobs of this server that were cancelled by way of another one."""
        for (identity,) in self._do("SELECT id FROM jobs WHERE server = ? AND unwanted", self.name):
            self._do("UPDATE jobs SET unwanted = 0 WHERE id = ?", identity)
            with suppress(Fault):
                self.worker.cancel(identity)

    def _pin(self) -> None:
        """Write down the jobs of this server that have changed."""
        with self._pinning:
            versions = {}
            for job in self.worker.jobs():
                versions[job.id] = version = job.version
                if self._pinned.get(job.id) != version:
                    self._do(
                        "INSERT INTO jobs VALUES (?1, ?2, ?3, ?4, 0, ?5) ON CONFLICT (id) DO UPDATE SET "
                        "version = ?3, changed = ?4, shown = ?5",
                        *(job.id, self.name, version, time.time(), json.dumps(shown(job, self.worker))),
                    )
            self._pinned = versions

    def _sign(self) -> None:
        """Give a sign of life, and forget what is old."""
        now = time.time()
        self._do("INSERT INTO servers VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET seen = excluded.seen",
                 self.name, now)  # fmt: skip
        self._do("DELETE FROM jobs WHERE changed < ?", now - 2 * KEPT_SECONDS)
        self._do("DELETE FROM servers WHERE seen < ?", now - 2 * KEPT_SECONDS)

    def _do(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with self._lock:
            return self._file.execute(statement, values).fetchall() if self._file else []


def shown(job: Job, worker: Worker) -> Shown:
    """A job as the API answers it."""
    fault, state = job.fault, job.state
    return {
        "id": job.id,
        "state": state,
        "progress": round(job.progress, 4),
        "position": worker.position(job) if state == "queued" else 0,
        "error": fault and {"code": fault.code, "message": fault.message, "hint": fault.hint},
        "results": job.results,
    }


def _opened(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        file = sqlite3.connect(path, timeout=_PATIENCE, isolation_level=None, check_same_thread=False)
        write_ahead(file, _PATIENCE)
        file.execute("PRAGMA synchronous = OFF")  # nothing here outlives the servers
        file.executescript(_TABLES)
    except (sqlite3.Error, OSError) as error:
        raise FileError(path, f"cannot share jobs: {error}", hint="--projects names another file") from error
    return file
