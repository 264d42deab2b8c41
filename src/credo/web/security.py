"""Who may talk to the Studio.

On the loopback, any program of the user may; a page in the user's browser that comes from elsewhere may not. Names in
`Host` are those of this machine, so that no other name can be bound to its address (DNS rebinding); what changes
something has to come from our own page (`Origin`, `Sec-Fetch-Site`) or from a program that is no browser. Beyond the
loopback a token is needed for everything.
"""

from __future__ import annotations

import hmac
import ipaddress
import socket
from collections.abc import Iterable
from http.cookies import CookieError, SimpleCookie
from urllib.parse import parse_qsl, urlencode

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from credo.web.faults import Fault

LOOPBACK = ("127.0.0.1", "localhost", "::1")
COOKIE = "credo_studio"
#: Answered without a token, for whatever watches over the process.
OPEN = "/api/v1/health"
_READING = ("GET", "HEAD", "OPTIONS")
_POLICY = {
    "default-src": "'none'",
    "script-src": "'self' 'wasm-unsafe-eval'",  # decoders of sound are compiled from files of our own
    "style-src": "'self'",
    "img-src": "'self' data: blob:",
    "font-src": "'self'",
    "connect-src": "'self'",
    "media-src": "'self' blob:",
    "worker-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}
HEADERS = {
    "Content-Security-Policy": "; ".join(f"{name} {value}" for name, value in _POLICY.items()),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "midi=(self), microphone=(self), camera=(), geolocation=()",
}


def is_loopback(host: str) -> bool:
    """Whether an address to listen on can be reached from this machine alone."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


class Security:
    """Refuses those who may not, and puts headers on every answer.

    Args:
        app: what is guarded.
        token: needed for everything; None on the loopback.
        names: further names of this machine that `Host` may have.
    """

    def __init__(self, app: ASGIApp, token: str | None = None, names: Iterable[str] = ()) -> None:
        self.app, self.token = app, token
        self.names = {name.lower() for name in (*LOOPBACK, *names)}
        if token is not None:
            self.names |= {socket.gethostname().lower()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, or refuse it."""
        if scope["type"] != "http":
            if scope["type"] == "websocket":
                await send({"type": "websocket.close", "code": 1008})
            else:
                await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(raw=message.setdefault("headers", []))
                for name, value in HEADERS.items():
                    headers[name] = value
                if scope["path"].startswith("/api/"):
                    headers.setdefault("Cache-Control", "no-store")
            await send(message)

        try:
            self._check(scope)
            answer = self._enter(scope)
        except Fault as fault:
            answer = _refusal(scope, fault)
        await (answer or self.app)(scope, receive, guarded)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise Fault(421, "host", "expected a request to this machine by its own name", "open the address as shown")
        if scope["method"] == "OPTIONS":
            raise Fault(405, "method", "other pages may not use this server")
        site = headers.get("sec-fetch-site")
        cross = site in ("cross-site", "same-site")
        if scope["path"].startswith("/api/") and cross:
            raise Fault(403, "origin", "other pages may not use this server")
        if scope["method"] in _READING:
            return
        origin = headers.get("origin")
        if origin is not None and origin.lower().removeprefix("https://").removeprefix("http://") != hosts[0].lower():
            raise Fault(403, "origin", "other pages may not change anything here")

    def _is_ours(self, host: str) -> bool:
        name = _without_port(host)
        if name in self.names:
            return True
        if self.token is None:
            return False
        try:  # no name leads to an address that is written out, so none can be rebound to it
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    def _enter(self, scope: Scope) -> Response | None:
        """Nothing where the token is there, or a way in where it is part of the page's address."""
        if self.token is None or scope["path"] == OPEN:
            return None
        headers = Headers(scope=scope)
        scheme, _, given = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and self._same(given.strip()):
            return None
        if self._same(_cookie(headers)):
            return None
        query = parse_qsl(scope["query_string"].decode("latin-1"))
        if scope["method"] == "GET" and scope["path"] == "/" and self._same(dict(query).get("token", "")):
            rest = urlencode([pair for pair in query if pair[0] != "token"])
            answer = RedirectResponse("/" + (f"?{rest}" if rest else ""), 303)
            secure = scope["scheme"] == "https"
            answer.set_cookie(COOKIE, self.token, httponly=True, samesite="strict", secure=secure, max_age=30 * 86400)
            return answer
        raise Fault(401, "token", "expected the token that credo studio printed", "open the address with ?token=...")

    def _same(self, given: str) -> bool:
        return hmac.compare_digest(given.encode("utf-8", "replace"), (self.token or "").encode())


def _without_port(host: str) -> str:
    host = host.lower()
    if host.startswith("["):
        return host[1:].partition("]")[0]
    return host.rsplit(":", 1)[0] if host.count(":") == 1 else host


def _cookie(headers: Headers) -> str:
    try:
        found = SimpleCookie(headers.get("cookie", "")).get(COOKIE)
    except CookieError:
        return ""
    return found.value if found else ""


def _refusal(scope: Scope, fault: Fault) -> Response:
    if scope["path"].startswith("/api/"):
        answer: Response = fault.response()
    else:
        answer = PlainTextResponse(f"{fault.message}\n{fault.hint or ''}".strip() + "\n", fault.status)
    if fault.status == 401:
        answer.headers["WWW-Authenticate"] = "Bearer"
    return answer
