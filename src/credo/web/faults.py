"""What goes wrong, as JSON with a status: {"error": {"code", "message", "hint"}}."""

from __future__ import annotations

import logging
from http import HTTPStatus

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from credo.errors import CredoError, FileError, MissingExtraError, ModelError, UsageError

_LOG = logging.getLogger("credo.web")
_MOST_TOLD = 300


class Fault(Exception):  # noqa: N818 - it is no failure of ours
    """An answer that says no.

    Args:
        status: of HTTP.
        code: a word for programs.
        message: what was expected and what came.
        hint: what to do.
        retry_after: seconds after which it is worth another try.
    """

    def __init__(
        self, status: int, code: str, message: str, hint: str | None = None, *, retry_after: int | None = None
    ) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.hint, self.retry_after = status, code, message, hint, retry_after

    def response(self) -> JSONResponse:
        """The answer."""
        headers = {} if self.retry_after is None else {"Retry-After": str(self.retry_after)}
        body = {"error": {"code": self.code, "message": self.message, "hint": self.hint}}
        return JSONResponse(body, self.status, headers)


def fault_of(error: BaseException) -> Fault:
    """What to answer to an exception. Paths on this machine are not told."""
    if isinstance(error, Fault):
        return error
    if isinstance(error, FileError):
        return Fault(422, "file", error.reason, error.hint)
    if isinstance(error, UsageError):
        return Fault(422, "usage", error.message, error.hint)
    if isinstance(error, MissingExtraError):
        return Fault(501, "missing-extra", error.message, error.hint)
    if isinstance(error, ModelError):
        return Fault(404, "model", error.message, error.hint)
    if isinstance(error, CredoError):
        return Fault(500, "credo", error.message, error.hint)
    if isinstance(error, MemoryError):
        return Fault(503, "memory", "expected enough memory for this, got none", "ask for less", retry_after=5)
    _LOG.error("unexpected", exc_info=error)
    return Fault(500, "internal", "something went wrong that should not", "see the log of credo studio")


def answer_faults(app: FastAPI) -> None:
    """Give an application these answers."""

    async def credo(_: Request, error: Exception) -> JSONResponse:
        return fault_of(error).response()

    async def invalid(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        return Fault(422, "invalid", _first_of(error)).response()

    async def http(_: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        phrase = HTTPStatus(error.status_code).phrase
        told = Fault(error.status_code, phrase.lower().replace(" ", "-"), str(error.detail)).response()
        told.headers.update(error.headers or {})
        return told

    for kind in (CredoError, Fault, MemoryError, Exception):
        app.add_exception_handler(kind, credo)
    app.add_exception_handler(RequestValidationError, invalid)
    app.add_exception_handler(HTTPException, http)


def _first_of(error: RequestValidationError) -> str:
    """One line for the first thing that is wrong."""
    first = error.errors()[0]
    where = ""
    for part in first["loc"][1:] if first["loc"][:1] == ("body",) else first["loc"]:
        where += f"[{part}]" if isinstance(part, int) else f".{part}" if where else str(part)
    got = f", got {first['input']!r:.60}" if isinstance(first.get("input"), str | int | float | bool) else ""
    return f"{where or 'body'}: {first['msg'].lower()}{got}"[:_MOST_TOLD].encode("utf-8", "replace").decode()
