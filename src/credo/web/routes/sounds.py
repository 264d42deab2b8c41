"""Sounds of instruments, for players that have none."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Header, Path
from fastapi.responses import Response

from credo.web.answers import SamplesAnswer
from credo.web.routes.common import errors
from credo.web.studio import Here

router = APIRouter(prefix="/api/v1/samples", tags=["files"])
Program = Annotated[str, Path(max_length=10, description="A General MIDI program, 0 to 127, or `drums`.")]
#: Browsers may keep what they have for a day without asking.
_KEPT = "private, max-age=86400"


@router.get(
    "/{program}",
    response_class=Response,
    responses={
        **errors(404, 501, 503),
        200: {"content": {"audio/flac": {"schema": {"type": "string", "format": "binary"}}}},
        304: {"description": "It is as it was."},
    },
)
def sound(
    program: Program,
    studio: Here,
    if_none_match: Annotated[str | None, Header(max_length=200)] = None,
) -> Response:
    """Single notes of an instrument in one file; `places` says where. Rendered once, which takes about a second."""
    tag = f'"{studio.instruments.version(program)}"'
    headers = {"ETag": tag, "Cache-Control": _KEPT}
    if if_none_match and tag in if_none_match:
        return Response(status_code=304, headers=headers)
    return Response(studio.instruments.sound(program), media_type="audio/flac", headers=headers)


@router.get("/{program}/places", response_model=SamplesAnswer, responses=errors(404, 501))
def places(program: Program, studio: Here) -> Any:
    """Where the notes of an instrument are in its file."""
    return studio.instruments.places(program)
