"""The user's library: what is in it, what is like a piece, what is liked, and music for the listener."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from fastapi.responses import Response

from credo.errors import UsageError
from credo.library.taste.choosing import DIVERSITY, EXPLORE
from credo.web.answers import (
    Accepted,
    ImportAnswer,
    KnownAnswer,
    LibraryAnswer,
    LibraryRow,
    RatingAnswer,
    RecommendedRow,
    SimilarAnswer,
)
from credo.web.messages import ForMeMessage, LookMessage, PieceOrNumber, RatingMessage, SimilarMessage
from credo.web.pieces import Sheet
from credo.web.reading import read_piece
from credo.web.routes.common import errors
from credo.web.studio import Here, Studio

router = APIRouter(prefix="/api/v1/library", tags=["library"])
Number = Annotated[int, Path(ge=1, le=2**53, description="The number of a piece.")]
Share = Annotated[float, Query(ge=0, le=1)]


@router.get("", response_model=LibraryAnswer, responses=errors(503))
def about(studio: Here) -> Any:
    """How much there is, and what is known of the listener."""
    with studio.searching.turn():
        return studio.collection.about()


@router.get("/pieces", response_model=list[LibraryRow], responses=errors(422, 503))
def find(
    studio: Here,
    text: Annotated[
        str, Query(max_length=500, description="As `credo library search` reads it; empty for all pieces.")
    ] = "",
    count: Annotated[int, Query(ge=1, le=500)] = 20,
) -> Any:
    """Pieces that words ask for."""
    with studio.searching.turn():
        return studio.collection.find(text, count)


@router.post("/pieces", status_code=201, response_model=KnownAnswer, responses=errors(404, body=True))
def keep(message: LookMessage, studio: Here) -> Any:
    """Keep a piece: it is written to a file beside the library and added. One that is there stays what it is."""
    sheet = studio.desk.sheet(message.piece)
    with studio.searching.turn():
        return studio.collection.keep(sheet)


@router.get("/pieces/{number}", response_model=dict[str, Any], responses=errors(404, 503))
def details(number: Number, studio: Here) -> Any:
    """All that is told of a piece, as `credo library show --json` does; files by their names alone."""
    with studio.searching.turn():
        return studio.collection.details(number)


@router.delete("/pieces/{number}", status_code=204, responses=errors(404, 503))
def remove(number: Number, studio: Here) -> Response:
    """Leave a piece out of the library. No file is touched, and its rating stays."""
    with studio.searching.turn():
        studio.collection.remove(number)
    return Response(status_code=204)


@router.get("/pieces/{number}/notes", response_model=ImportAnswer, responses=errors(404, 422, 501, 503))
def notes(
    number: Number,
    studio: Here,
    model: Annotated[str, Query(max_length=100, description="The model whose voices the notes are put on.")],
) -> Any:
    """A piece of the library on the voices of a model, as `import` reads files."""
    found = studio.desk.model(model)
    data, name, remarks = studio.collection.file_of(number)
    with studio.reading.turn():
        answer = read_piece(data, name, found.name, found.texture)
    return {**answer, "remarks": [*remarks, *answer["remarks"]]}


@router.post("/look", response_model=KnownAnswer, responses=errors(404, body=True))
def look(message: LookMessage, studio: Here) -> Any:
    """What is known of a piece as it stands. Title and locks make no difference."""
    sheet = studio.desk.sheet(message.piece)
    with studio.searching.turn():
        return studio.collection.look(sheet)


@router.get("/ratings", response_model=list[RatingAnswer], responses=errors(503))
def rated(studio: Here) -> Any:
    """All ratings of the listener, the latest first."""
    with studio.searching.turn():
        return studio.collection.rated()


@router.post("/ratings", response_model=KnownAnswer, responses=errors(404, body=True))
def rate(message: RatingMessage, studio: Here) -> Any:
    """Rate a piece, or take a rating back. One that is sent and gets 4 stars or more is kept in the library too."""
    piece = _piece(message, studio)
    with studio.searching.turn():
        return studio.collection.rate(piece, message.stars)


@router.delete("/ratings/{sha256}", status_code=204, responses=errors(404, 503))
def unrate(
    sha256: Annotated[str, Path(max_length=64, description="Of the rated piece's file, hexadecimal.")], studio: Here
) -> Response:
    """Forget a rating; it is overwritten. The piece stays in the library."""
    with studio.searching.turn():
        studio.collection.unrate(sha256)
    return Response(status_code=204)


@router.post("/similar", response_model=SimilarAnswer, responses=errors(404, body=True))
def similar(message: SimilarMessage, studio: Here) -> Any:
    """Pieces of the library that are like a piece, each with its reasons."""
    piece = _piece(message, studio)
    with studio.searching.turn():
        return studio.collection.similar(piece, message.by, message.count, message.bar)


@router.get("/recommended", response_model=list[RecommendedRow], responses=errors(422, 503))
def recommended(
    studio: Here,
    count: Annotated[int, Query(ge=1, le=100)] = 10,
    explore: Share = EXPLORE,
    diversity: Share = DIVERSITY,
) -> Any:
    """Pieces of the library for the listener, each with its reasons; see the docs of `credo recommend`."""
    with studio.searching.turn():
        return studio.collection.recommended(count, explore, diversity)


@router.post("/compose", status_code=202, response_model=Accepted, responses=errors(404, body=True))
def compose(message: ForMeMessage, studio: Here) -> Any:
    """Ask for music for the listener, as a job; the best liked of several candidates come first.

    With a piece or a number, for somebody who likes that piece: more like this.
    """
    like = _piece(message, studio) if message.piece is not None or message.number is not None else None
    return {"id": studio.board.submit(studio.for_me.prepare(message, like))}


def _piece(message: PieceOrNumber, studio: Studio) -> Sheet | int:
    """The piece that is meant.

    Raises:
        UsageError: there is none, or there are two.
    """
    if (message.piece is None) == (message.number is None):
        raise UsageError("piece: expected a piece or a number, and not both")
    return message.number if message.piece is None else studio.desk.sheet(message.piece)  # type: ignore[return-value]
