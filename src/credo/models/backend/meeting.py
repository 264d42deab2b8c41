"""How workers find each other: the first one listens, the others call, and each is told whether all have come.

JAX has a meeting of its own, which ends the process where somebody does not come. This one comes before it and says who
is missing.
"""

from __future__ import annotations

import socket
import time
from collections.abc import Iterable
from typing import NamedTuple

from credo.errors import CredoError, UsageError

#: What is said: a greeting, and two whole numbers, the rank and the number of workers as the caller has it.
_GREETING = b"credo-workers-1 "
_LENGTH = len(_GREETING) + 8
_GO = b"go"
_HINT = "check that all were started, with the same number of workers, and that no firewall is between them"


class Meeting(NamedTuple):
    """What comes of a meeting.

    Attributes:
        own: the address by which the others reach this worker: that of the interface over which it met them. What a
            computer's own name leads to is often the loopback.
        lines: of the first worker the lines to all others, of each other that to the first, by rank.
    """

    own: str
    lines: dict[int, socket.socket]


def meet(address: str, rank: int, count: int, patience: float) -> Meeting:
    """Wait until all workers are there.

    Args:
        address: host and port where the first worker listens.
        rank: number of this one, from 0.
        count: how many there are.
        patience: seconds to wait.

    Raises:
        UsageError: the address makes no sense.
        CredoError: not all came in time; the message says which ones.
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise UsageError(f"address: expected one such as 10.0.0.1:29400, got {address!r}")
    end = time.monotonic() + patience
    if rank == 0:
        return _wait_for_others(host.strip("[]"), int(port), count, end, patience)
    return _call(host.strip("[]"), int(port), rank, count, end, patience)


def _wait_for_others(host: str, port: int, count: int, end: float, patience: float) -> Meeting:
    try:
        listener = socket.create_server(("", port), reuse_port=False)
    except OSError as error:
        raise CredoError(
            f"workers: port {port} cannot be listened on: {(error.strerror or str(error)).lower()}"
        ) from error
    callers: dict[int, socket.socket] = {}
    with listener:
        while len(callers) < count - 1:
            listener.settimeout(max(end - time.monotonic(), 0.01))
            try:
                caller, _ = listener.accept()
            except TimeoutError:
                missing = sorted(set(range(1, count)) - set(callers))
                _close(callers.values())
                raise CredoError(
                    f"workers: expected {count} at {host}:{port} within {patience:g} s, missed "
                    f"{', '.join(map(str, missing[:20]))}{' and more' if len(missing) > 20 else ''}",
                    hint=_HINT,
                ) from None
            rank = _heard(caller, count, end)
            if rank is None:
                caller.close()
                continue
            if rank in callers:
                _close([*callers.values(), caller])
                raise CredoError(f"workers: worker {rank} came twice", hint="give each process a rank of its own")
            callers[rank] = caller
        own = next(iter(callers.values())).getsockname()[0]
        for caller in callers.values():
            caller.sendall(_GO)
        return Meeting(own, callers)


def _heard(caller: socket.socket, count: int, end: float) -> int | None:
    """The rank of a caller; None for one that is no worker.

    Raises:
        CredoError: it belongs to another number of workers.
    """
    try:
        caller.settimeout(min(max(end - time.monotonic(), 0.01), 5.0))
        said = _read(caller, _LENGTH)
    except OSError:
        return None
    if not said.startswith(_GREETING) or len(said) != _LENGTH:
        return None
    rank, theirs = (int.from_bytes(said[start : start + 4], "big") for start in (_LENGTH - 8, _LENGTH - 4))
    if theirs != count or not 0 < rank < count:
        caller.close()
        raise CredoError(f"workers: expected {count} of them, but worker {rank} was told of {theirs}", hint=_HINT)
    return rank


def _call(host: str, port: int, rank: int, count: int, end: float, patience: float) -> Meeting:
    failure: BaseException | None = None
    while time.monotonic() < end:
        try:
            call = socket.create_connection((host, port), timeout=max(end - time.monotonic(), 0.01))
            try:
                call.sendall(_GREETING + rank.to_bytes(4, "big") + count.to_bytes(4, "big"))
                call.settimeout(max(end - time.monotonic(), 0.01) + 1)
                if _read(call, len(_GO)) == _GO:
                    return Meeting(str(call.getsockname()[0]), {0: call})
            except BaseException:
                call.close()
                raise
            call.close()
            raise CredoError(f"workers: not all of {count} came to {host}:{port}; worker {rank} did", hint=_HINT)
        except OSError as error:
            failure = error
            time.sleep(0.2)
    raise CredoError(
        f"workers: worker {rank} reached nobody at {host}:{port} within {patience:g} s", hint=_HINT
    ) from failure


def _read(connection: socket.socket, size: int) -> bytes:
    said = b""
    while len(said) < size and (more := connection.recv(size - len(said))):
        said += more
    return said


def _close(callers: Iterable[socket.socket]) -> None:
    for caller in callers:
        caller.close()
