"""Words, moods and pictures as attributes."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, File, Form, UploadFile

from credo.conditioning.attributes import Reading, Reason
from credo.conditioning.measure import measure
from credo.errors import UsageError
from credo.music.grid import decode
from credo.web.answers import AttributesAnswer
from credo.web.messages import AttributesMessage
from credo.web.reading import read_picture, reading_of
from credo.web.routes.common import errors
from credo.web.studio import Here
from credo.web.wishing import read_words

router = APIRouter(prefix="/api/v1", tags=["wishes"])


@router.post("/attributes", response_model=AttributesAnswer, responses=errors(404, body=True))
def attributes(message: AttributesMessage, studio: Here) -> Any:
    """What words and a mood ask of music, and why; or what a piece has."""
    words = any(text and text.strip() for text in (message.text, message.mood))
    if words == (message.piece is not None):
        raise UsageError(f"attributes: expected a piece, or text and mood, got {'both' if words else 'none of them'}")
    with studio.understanding.turn():
        if message.piece is None:
            return reading_of(read_words(message.text, message.mood))
        found = measure(decode(studio.desk.sheet(message.piece).grid))
    reasons = tuple(Reason(name, str(value), "measured") for name, value in found.to_dict().items())
    return reading_of(Reading(found, reasons))


@router.post("/attributes/image", response_model=AttributesAnswer, responses=errors(501, body=True))
def attributes_of_picture(
    studio: Here,
    file: Annotated[UploadFile, File(description="A picture.")],
    text: Annotated[str | None, Form(max_length=500)] = None,
    mood: Annotated[str | None, Form(max_length=500)] = None,
) -> Any:
    """What a picture asks of music, with words and a mood if there are any."""
    with studio.reading.turn():
        return read_picture(file.file.read(), file.filename or "", text, mood)
