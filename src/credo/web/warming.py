"""What a Studio does while nobody asks: it compiles what the commonest wishes need, so that nobody waits for it.

Compiling cannot be stopped. So a process of its own does it, of low priority, once for a model and a processor;
the Studio then only reads what was compiled (`credo.models.backend.kept`), in short pieces, while it has nothing to do.
"""

from __future__ import annotations

import hashlib
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from credo import __version__
from credo.errors import CredoError
from credo.io.atomic import write_bytes
from credo.web.desk import PAIR, Desk
from credo.web.faults import Fault
from credo.web.jobs import Job, Stopped, Worker
from credo.web.messages import JobMessage

_LOG = logging.getLogger("credo.web")
#: Lengths in bars of what is made without wishes, beside that of the start, and for which the wishes are made ready.
_PLAIN, _BARS = (8, 16, 12), (8, 4)
_CHORDS = ("C", "F", "G", "C")
#: Seconds without a job before the Studio does something for itself.
_QUIET = 3.0
_BOOT = "import sys; from credo.web.warming import compile_usual; compile_usual(sys.argv[1])"


def usual(model: str) -> Iterator[JobMessage]:
    """The commonest things that are asked of a model, the commonest first, each in a single step of sampling.

    Args:
        model: its name.
    """
    for bars in _PLAIN:
        yield _message(model, bars, {})
    for bars in _BARS:
        chords = " | ".join(_CHORDS[bar % len(_CHORDS)] for bar in range(bars))
        for wish in ({"mood": "calm"}, {"cadence": True}, {"chords": chords}):
            yield _message(model, bars, wish)


class Warmer:
    """Makes the usual ready in the background.

    Args:
        desk: the models; the one of the start is made ready.
        worker: does jobs, and what is short between them.
    """

    def __init__(self, desk: Desk, worker: Worker) -> None:
        self.desk, self.worker = desk, worker
        self._stop, self._child = threading.Event(), None

    def start(self, kept: Path | None) -> None:
        """Begin.

        Args:
            kept: the folder where compiled functions are kept; None where they are not, and nothing is made ready.
        """
        if kept is not None:
            threading.Thread(target=self._run, args=(kept,), name="credo-warmer", daemon=True).start()

    def close(self) -> None:
        """Stop."""
        self._stop.set()
        if self._child is not None:
            self._child.kill()
            self._child.wait()

    def _run(self, kept: Path) -> None:
        name = next(iter(self.desk.models()))
        stamp = kept / f"usual-{_facts(self.desk.model(name).folder)}"
        if not stamp.is_file():
            if not self._compile() or self._stop.is_set():
                return
            try:
                write_bytes(stamp, b"")
            except CredoError as error:
                _LOG.info("%s", error)
        for message in usual(name):
            done = threading.Event()
            while not done.wait(0.2) and not self._stop.is_set():
                if self.worker.quiet_seconds > _QUIET:
                    self.worker.when_idle(lambda message=message, done=done: self._try(message, done))
                    while not done.wait(1.0) and not self._stop.is_set():
                        pass

    def _compile(self) -> bool:
        """Have another process compile; whether it did."""
        self._child = subprocess.Popen(
            [sys.executable, "-c", _BOOT, str(self.desk.first)],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        return self._child.wait() == 0

    def _try(self, message: JobMessage, done: threading.Event) -> None:
        """Do one thing on the worker's thread, and leave it where somebody asks for something."""

        def give_way() -> None:
            if self.worker.length or self._stop.is_set():
                raise Stopped

        try:
            _do(self.desk, message, give_way)
        except Stopped:
            pass  # what is left is read when it is first needed
        except Exception:
            _LOG.exception("something usual could not be made ready")
        finally:
            done.set()


def compile_usual(first: str) -> None:
    """In the child: compile what the usual needs into the folder of the user's cache.

    Args:
        first: name or folder of the model.
    """
    from credo.models.backend.kept import keep_compiled

    if hasattr(os, "nice"):
        os.nice(10)
    parent = os.getppid()
    keep_compiled()
    desk = Desk(first)
    for message in usual(next(iter(desk.models()))):
        if os.getppid() != parent:  # the Studio has gone
            sys.exit(1)
        _do(desk, message, lambda: None)


def _do(desk: Desk, message: JobMessage, give_way: object) -> None:
    try:
        plan = desk.prepare(message)
        plan.do(Job(plan.do, began=time.monotonic(), pause=give_way))
    except (CredoError, Fault) as error:  # a model of drums has no chords
        _LOG.debug("not made ready: %s", error)


def _facts(folder: Path) -> str:
    """A name of the model and of this version."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    told = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.sha256(f"{__version__} {sys.version} {folder} {told}".encode()).hexdigest()[:16]


def _message(model: str, bars: int, wish: dict[str, object]) -> JobMessage:
    piece = {"model": model, "bars": bars, "key": "C major"}
    wishes = {"seed": 0, "iterations": 1, **wish}
    asked = {"task": "complete", "piece": piece, "wishes": wishes, "alternatives": 1 + PAIR}
    return JobMessage.model_validate(asked)
