"""Workers that keep an eye on each other, so that a lost one is named and nobody waits for it for ever.

JAX notices a silent worker too, and then ends the process with a message of its own, from which Python cannot tell the
user anything. So each worker keeps the line on which it met the first one, and both say a word on it now and then: a
line that breaks or falls silent means a loss, which the first worker passes on.
"""

from __future__ import annotations

import os
import selectors
import socket
import sys
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress

#: What is said on a line, a byte each: still there, the job is done, and (with a rank in four bytes) that one is lost.
_HERE, _DONE, _LOST = b".", b"x", b"!"
#: A line is silent after this share of the patience, before JAX loses its own; as many words are said in that time.
_SHARE, _WORDS = 0.8, 20
#: What a process that has lost another ends with.
EXIT_STATUS = 1
_HINT = "start all of them again with --resume; nothing before the last checkpoint is lost"


class Watch:
    """A thread that says and hears words on the lines to other workers.

    Args:
        lines: of the first worker those to all others, of each other that to the first, by rank.
        rank: number of this worker.
        patience: seconds after which JAX takes a silent worker for lost; here it is a little less.
        lost: told when one is lost, on this thread; by default says so and ends the process.
    """

    def __init__(
        self,
        lines: Mapping[int, socket.socket],
        rank: int,
        patience: float,
        lost: Callable[[str], None] | None = None,
    ) -> None:
        self.lines, self.rank, self.silence = dict(lines), rank, _SHARE * patience
        self._lost = lost or _end
        self._over = threading.Event()
        self._heard = dict.fromkeys(self.lines, time.monotonic())
        self._begun: dict[int, bytes] = {}
        self._selector = selectors.DefaultSelector()
        for other, line in self.lines.items():
            line.setblocking(False)
            self._selector.register(line, selectors.EVENT_READ, other)
        self._thread = threading.Thread(target=self._run, name="credo-watch", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def close(self) -> None:
        """Take leave: the end of this worker is no loss to the others."""
        self._over.set()
        self._thread.join()
        for other in list(self.lines):
            self._say(other, _DONE)
            self._leave(other)
        self._selector.close()

    def _run(self) -> None:
        spoken = 0.0
        while not self._over.is_set() and self.lines:
            now = time.monotonic()
            if now - spoken > self.silence / _WORDS:
                spoken = now
                for other in list(self.lines):
                    self._say(other, _HERE)
            for key, _ in self._selector.select(min(self.silence / _WORDS, 0.2)):
                self._hear(key.data)
            for other, when in list(self._heard.items()):
                if other in self.lines and time.monotonic() - when > self.silence:
                    self._tell(other, f"heard nothing of worker {other} for {self.silence:.3g} s")
                    return

    def _say(self, other: int, word: bytes) -> None:
        with suppress(OSError):  # a line that is full or broken is noticed by what is not heard
            self.lines[other].send(word)

    def _hear(self, other: int) -> None:
        try:
            said = self.lines[other].recv(4096)
        except BlockingIOError:
            return
        except OSError:
            said = b""
        self._heard[other] = time.monotonic()
        said, words = said and self._begun.pop(other, b"") + said, 0
        while said:
            if said[:1] == _DONE:
                self._leave(other)
                return
            if said[:1] == _LOST:
                if len(said) < 5:
                    self._begun[other] = said
                    return
                self._tell(None, f"was told by worker {other} that worker {int.from_bytes(said[1:5], 'big')} is lost")
                return
            said, words = said[1:], words + 1
        if not words:
            self._tell(other, f"lost worker {other}, which ended or was ended")

    def _tell(self, other: int | None, what: str) -> None:
        """Pass a loss on, and tell it."""
        for each in [each for each in self.lines if each != other and other is not None]:
            self._say(each, _LOST + other.to_bytes(4, "big"))  # type: ignore[union-attr]
        self._over.set()
        self._lost(f"workers: worker {self.rank} {what} ({_HINT})")

    def _leave(self, other: int) -> None:
        line = self.lines.pop(other)
        self._selector.unregister(line)
        line.close()


def _end(message: str) -> None:
    """Say it and end at once: what is computed together can no more be ended in good order."""
    with suppress(OSError):
        sys.stderr.write(f"credo: {message}\n")
        sys.stderr.flush()
    os._exit(EXIT_STATUS)
