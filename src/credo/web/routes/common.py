"""What routes have in common: how their errors are described."""

from __future__ import annotations

from typing import Any

from credo.web.answers import ErrorAnswer

_WORDS = {
    400: "The request cannot be read.",
    401: "A token is needed.",
    403: "Other pages may not use this server.",
    404: "There is no such thing.",
    408: "The body came too slowly.",
    409: "Another saved later.",
    413: "Too large.",
    415: "Of a type that is not read here.",
    421: "Not a name of this machine.",
    422: "Makes no sense; the message says what was expected.",
    429: "Too many requests; see Retry-After.",
    500: "A bug.",
    501: "An extra is not installed; the hint is its pip line.",
    503: "Too much to do; see Retry-After.",
    507: "No room.",
}
_ALWAYS, _BODIES = (401, 403, 421, 429, 500), (400, 408, 413, 415, 422, 503)


def errors(*codes: int, body: bool = False) -> dict[int | str, dict[str, Any]]:
    """The errors that a route may answer, beside those of all.

    Args:
        codes: of HTTP.
        body: whether it takes a body.
    """
    named = (422,) if 404 in codes else ()  # what is named in the path has a form too
    found = sorted({*_ALWAYS, *(_BODIES if body else ()), *named, *codes})
    return {code: {"model": ErrorAnswer, "description": _WORDS[code]} for code in found}
