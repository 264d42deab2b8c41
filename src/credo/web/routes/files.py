"""Files in and out."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile
from fastapi.responses import Response

from credo.web.answers import ImportAnswer
from credo.web.messages import ExportMessage
from credo.web.reading import read_piece
from credo.web.routes.common import errors
from credo.web.studio import Here
from credo.web.writing import TYPES, file_name, written

router = APIRouter(prefix="/api/v1", tags=["files"])


@router.post("/import", response_model=ImportAnswer, responses=errors(404, 501, body=True))
def read(
    studio: Here,
    file: Annotated[UploadFile, File(description="MIDI, MusicXML, ABC, or a recording; its name says which.")],
    model: Annotated[str, Form(max_length=100, description="The model whose voices the notes are put on.")],
    tune: Annotated[int, Form(ge=1, description="Which tune of an ABC book of several, counted from 1.")] = 1,
) -> Any:
    """Read a file as a piece. Read in a process of its own, with limits of time and memory."""
    found = studio.desk.model(model)
    with studio.reading.turn():
        return read_piece(file.file.read(), file.filename or "", found.name, found.texture, tune)


@router.post(
    "/export",
    response_class=Response,
    responses={
        **errors(404, 501, body=True),
        200: {"content": {kind: {"schema": {"type": "string", "format": "binary"}} for kind in TYPES.values()}},
    },
)
def write(message: ExportMessage, studio: Here) -> Response:
    """A piece as a file. All pages of an engraved score come as one picture."""
    sheet = studio.desk.sheet(message.piece)
    with studio.drawing.turn():
        data = written(sheet.grid, message.format, message.programs)
    name = file_name(message.piece.title, message.format)
    return Response(
        data,
        media_type=TYPES[message.format],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )
