"""A server that runs until it is stopped."""

from __future__ import annotations

import importlib.util
import secrets
import socket
import threading
import webbrowser
from collections.abc import Callable, Iterable
from pathlib import Path
from urllib.parse import quote

import uvicorn

from credo.errors import MissingExtraError, UsageError
from credo.library.taste import MINE
from credo.library.taste.ratings import named
from credo.web.app import create_app
from credo.web.collection import Collection
from credo.web.desk import Desk
from credo.web.projects import Projects, usual_place
from credo.web.security import is_loopback
from credo.web.studio import Studio

_SHORTEST_TOKEN = 16


def serve(
    host: str,
    port: int,
    *,
    model: str = "chorale",
    projects: Path | None = None,
    library: Path | None = None,
    profile: str = MINE,
    token: str | None = None,
    names: Iterable[str] = (),
    shared: bool = False,
    proxy: str | None = None,
    told: Callable[[str], None] = print,
    opens: bool = False,
) -> None:
    """Serve the Studio until the process is stopped.

    Args:
        host: address to listen on.
        port: 0 for any that is free.
        model: name or folder of the model that is loaded at the start.
        projects: file of the projects; None for the usual one.
        library: of pieces; None for the user's own.
        profile: whose ratings they are.
        token: that clients have to give; beyond the loopback one is made where none is given.
        names: further names of this machine.
        shared: whether jobs are shared with the other servers of the same projects.
        proxy: address of a load balancer that is believed when it says whom it speaks for.
        told: gets the address of the page, as soon as it can be opened.
        opens: whether the page is opened in the browser.

    Raises:
        UsageError: the address cannot be listened on, or the token can be guessed.
        ModelError: the model cannot be used.
        FileError: the projects cannot be kept.
        MissingExtraError: a library is not installed.
    """
    if importlib.util.find_spec("python_multipart") is None:
        raise MissingExtraError("The Studio", "studio")
    if token is not None and (len(token) < _SHORTEST_TOKEN or not token.isascii() or not token.isprintable()):
        raise UsageError(
            f"token: expected {_SHORTEST_TOKEN} or more plain letters, got {len(token)}", hint="leave it out to get one"
        )
    if token is None and not is_loopback(host):
        token = secrets.token_urlsafe(24)
    desk = Desk(model)
    desk.models()  # tells what is wrong before anything is opened
    listening = _listen(host, port)
    try:
        studio = Studio(desk, Projects(projects or usual_place()), Collection(library, named(profile)), shared=shared)
        address = _address(host, listening.getsockname()[1], token)
        server = _Server(
            uvicorn.Config(
                create_app(studio, token=token, names=names),
                log_level="warning",
                access_log=False,
                proxy_headers=proxy is not None,
                forwarded_allow_ips=proxy,
                server_header=False,
                ws="none",
                timeout_graceful_shutdown=3,
                timeout_keep_alive=30,
            ),
            lambda: _tell(address, told, opens),
        )
        server.run(sockets=[listening])
    finally:
        listening.close()


class _Server(uvicorn.Server):
    """Calls a function once it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self.ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self.ready()


def _tell(address: str, told: Callable[[str], None], opens: bool) -> None:
    told(address)
    if opens:
        threading.Thread(target=webbrowser.open, args=(address,), daemon=True).start()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise UsageError(f"host: expected an address of this machine, got {host!r}: {error.strerror}") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind(where)
        listening.listen(2048)
    except OSError as error:
        listening.close()
        hint = "is another credo studio running? --port 0 takes any that is free"
        raise UsageError(f"port: expected to listen on {host}:{port}, got: {error.strerror}", hint=hint) from error
    return listening


def _address(host: str, port: int, token: str | None) -> str:
    name = socket.gethostname() if host in ("0.0.0.0", "::") else host
    name = f"[{name}]" if ":" in name else name
    return f"http://{name}:{port}/" + (f"?token={quote(token, safe='')}" if token else "")
