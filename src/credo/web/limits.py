"""How much a client may ask for: bytes, time, depth and number of requests."""

from __future__ import annotations

import asyncio
import re
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from starlette.datastructures import Headers
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from credo.web.faults import Fault

MOST_BYTES = 4_200_000  # a project of 4 MB and what is around it
MOST_UPLOAD = 60_000_000  # five minutes of a stereo recording without compression
#: Bytes of bodies that are held at a time, of all clients together.
MOST_HELD = 256_000_000
#: Where files come.
UPLOADS = ("/api/v1/import", "/api/v1/attributes/image")
MOST_DEPTH = 32
#: Seconds in which a body has to be there.
BODY_SECONDS = 30.0
#: Requests a second that a client may send in the long run, and at once.
RATE, BURST = 50.0, 200
_MOST_CLIENTS = 4096
#: Of what is refused, bytes that are still taken from the line, and seconds.
_MOST_DRAINED, _DRAIN_SECONDS = 8_000_000, 2.0
_STRINGS = re.compile(rb'"(?:[^"\\]|\\.)*"', re.DOTALL)
_INNERMOST = re.compile(rb"\[\]|\{\}")
_ALL_BUT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


class Limits:
    """Reads bodies up to their limit before anything else sees them, and counts requests.

    Args:
        app: what is guarded.
        rate: requests a second that a client may send in the long run.
        burst: and at once.
    """

    def __init__(self, app: ASGIApp, rate: float = RATE, burst: int = BURST) -> None:
        self.app, self.buckets, self.held = app, Buckets(rate, burst), 0

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http" or not scope["path"].startswith("/api/"):
            await self.app(scope, receive, send)
            return
        receive = _Receiver(receive)
        try:
            self.buckets.take(scope["client"][0] if scope.get("client") else "")
            most = _check(scope)
            if self.held + most > MOST_HELD:
                raise Fault(503, "busy", "too much is being sent at a time", "try again soon", retry_after=2)
        except Fault as fault:
            await self._refuse(fault, scope, receive, send)
            return
        self.held += most
        try:
            await self._with_body(most, scope, receive, send)
        finally:
            self.held -= most

    async def _with_body(self, most: int, scope: Scope, receive: _Receiver, send: Send) -> None:
        try:
            body = await _body(scope, receive, most)
        except Fault as fault:
            await self._refuse(fault, scope, receive, send)
            return
        left = [body]
        del body

        async def replay() -> Message:
            if left:
                return {"type": "http.request", "body": left.pop(), "more_body": False}
            return await receive()

        await self.app(scope, replay, send)

    async def _refuse(self, fault: Fault, scope: Scope, receive: _Receiver, send: Send) -> None:
        """Answer, and let the client finish what it is sending, within limits.

        Who closes a connection on which something still comes in takes the answer away with it.
        """
        answer = fault.response()
        answer.headers["Connection"] = "close"

        async def unfinished(message: Message) -> None:
            await send({**message, "more_body": True} if message["type"] == "http.response.body" else message)

        await answer(scope, receive, unfinished)
        if "expect" not in Headers(scope=scope):  # who asks first has sent nothing
            await receive.drain()
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Receiver:
    """What comes in of one request, and whether that was all."""

    def __init__(self, receive: Receive) -> None:
        self.receive, self.over = receive, False

    async def __call__(self) -> Message:
        message = await self.receive()
        self.over = message["type"] == "http.disconnect" or not message.get("more_body", False)
        return message

    async def drain(self) -> None:
        """Throw away what still comes, as far as it is not too much and not too slow."""
        size = 0
        with suppress(TimeoutError):
            async with asyncio.timeout(_DRAIN_SECONDS):
                while not self.over and size < _MOST_DRAINED:
                    size += len((await self()).get("body", b""))


class Buckets:
    """Counts what clients take: `burst` at once, `rate` a second after that."""

    def __init__(self, rate: float, burst: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.rate, self.burst, self.clock = rate, burst, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, client: str) -> None:
        """Take one.

        Raises:
            Fault: 429, nothing is left.
        """
        now = self.clock()
        left, then = self._left.pop(client, (float(self.burst), now))
        left = min(left + (now - then) * self.rate, float(self.burst))
        self._left[client] = (left - 1 if left >= 1 else left, now)
        while len(self._left) > _MOST_CLIENTS:
            self._left.popitem(last=False)
        if left < 1:
            raise Fault(
                429, "rate", f"expected at most {self.rate:g} requests a second", "wait a little", retry_after=1
            )


class Turns:
    """A few threads at a time may do what is expensive; a few more may wait.

    Args:
        at_once: how many.
        waiting: how many may wait.
    """

    def __init__(self, at_once: int, waiting: int) -> None:
        self._turn = threading.Semaphore(at_once)
        self._room = threading.Semaphore(at_once + waiting)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Wait for a turn.

        Raises:
            Fault: 503, too many wait already.
        """
        if not self._room.acquire(blocking=False):
            raise Fault(503, "busy", "too many are waiting for this", "try again soon", retry_after=2)
        try:
            with self._turn:
                yield
        finally:
            self._room.release()


def too_deep(text: bytes, most: int = MOST_DEPTH) -> bool:
    """Whether JSON is nested deeper than so many brackets; text that is no JSON may count as deep."""
    if text.count(b"[") + text.count(b"{") <= most:
        return False
    brackets = _STRINGS.sub(b"", text).translate(None, _ALL_BUT_BRACKETS)
    for _ in range(most):
        brackets = _INNERMOST.sub(b"", brackets)
    return bool(brackets)


def _check(scope: Scope) -> int:
    """Check what the head of a request says; gives the most bytes that its body may have.

    Raises:
        Fault: 413, it is too large; 415, it is of another type.
    """
    headers = Headers(scope=scope)
    upload, told = scope["path"] in UPLOADS, headers.get("content-length", "")
    chunked = "transfer-encoding" in headers
    if scope["method"] in ("POST", "PUT", "PATCH"):
        kind = headers.get("content-type", "").partition(";")[0].strip().lower()
        wanted = "multipart/form-data" if upload else "application/json"
        has_body = chunked or bool(told.strip("0"))
        if kind != wanted and (kind or has_body):  # without a body there is nothing to be of a type
            raise Fault(415, "media-type", f"expected {wanted}, got {kind[:60] or 'nothing'}")
    most = MOST_UPLOAD if upload else MOST_BYTES
    if told.isascii() and told.isdigit():
        if int(told[:20]) > most:
            raise _too_large(most)
        return int(told[:20])
    return most if chunked else 0


async def _body(scope: Scope, receive: Receive, most: int) -> bytes:
    try:
        async with asyncio.timeout(BODY_SECONDS):
            body = await _read(receive, most)
    except TimeoutError as error:
        raise Fault(408, "slow", f"expected the whole body within {BODY_SECONDS:g} seconds") from error
    if scope["path"] not in UPLOADS and too_deep(body):
        raise Fault(400, "depth", f"expected JSON nested at most {MOST_DEPTH} deep")
    return body


async def _read(receive: Receive, most: int) -> bytes:
    parts, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break
        parts.append(message.get("body", b""))
        size += len(parts[-1])
        if size > most:
            raise _too_large(most)
        more = message.get("more_body", False)
    return b"".join(parts)


def _too_large(most: int) -> Fault:
    return Fault(413, "too-large", f"expected at most {most / 1e6:g} MB, got more")
