"""Cues for games, advertisements and films."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import FileResponse

from credo.web.answers import Accepted
from credo.web.messages import CueMessage
from credo.web.routes.common import errors
from credo.web.studio import Here

router = APIRouter(prefix="/api/v1/cues", tags=["cues"])


@router.post("", status_code=202, response_model=Accepted, responses=errors(404, body=True))
def ask(message: CueMessage, studio: Here) -> Any:
    """Ask for a cue. The job's only result is its manifest and where its files are."""
    with studio.understanding.turn():
        work = studio.cues.prepare(message.brief)
    return {"id": studio.board.submit(work)}


@router.get(
    "/{identity}/package",
    response_class=FileResponse,
    responses={
        **errors(404),
        200: {"content": {"application/zip": {"schema": {"type": "string", "format": "binary"}}}},
    },
)
def package(
    identity: Annotated[str, Path(max_length=40, description="The id of the job.")], studio: Here
) -> FileResponse:
    """The files of a cue. The packages of the last eight cues are kept."""
    return FileResponse(studio.cues.package(identity), media_type="application/zip", filename="cue.zip")
