"""Jobs: what the models are asked to do; and heat."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response, StreamingResponse
from starlette.concurrency import run_in_threadpool

from credo.web.answers import Accepted, HeatAnswer, JobAnswer
from credo.web.faults import Fault
from credo.web.jobs import OVER
from credo.web.messages import HeatMessage, JobMessage
from credo.web.routes.common import errors
from credo.web.studio import Here

router = APIRouter(prefix="/api/v1", tags=["jobs"])
#: Seconds that heat is waited for.
PATIENCE = 30.0
JobId = Annotated[str, Path(max_length=40, description="The id of a job.")]


@router.post("/jobs", status_code=202, response_model=Accepted, responses=errors(404, body=True))
def ask(message: JobMessage, studio: Here) -> Any:
    """Ask a model for something. All that can be checked is checked before the answer."""
    return {"id": studio.board.submit(studio.desk.prepare(message).do)}


@router.get("/jobs/{identity}", response_model=JobAnswer, responses=errors(404))
def look(identity: JobId, studio: Here) -> Any:
    """How far a job is, and the alternatives that are there already. Kept for a quarter of an hour after its end."""
    return Response(json.dumps(studio.board.look(identity)), media_type="application/json")


@router.delete("/jobs/{identity}", response_model=JobAnswer, responses=errors(404))
def cancel(identity: JobId, studio: Here) -> Any:
    """Stop a job. One that runs ends a moment later; its finished alternatives stay."""
    return Response(json.dumps(studio.board.cancel(identity)), media_type="application/json")


@router.get(
    "/jobs/{identity}/events",
    response_class=StreamingResponse,
    responses={**errors(404, 503), 200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def events(identity: JobId, studio: Here) -> StreamingResponse:
    """Server-sent events: `progress` while it waits and runs, at last `done`, `failed` or `cancelled`.

    The data is the job without its results, and `ready`, how many alternatives there are.
    """
    await run_in_threadpool(studio.board.look, identity)  # refused before the answer begins
    turn = studio.streams.turn()
    turn.__enter__()  # this too

    async def lines() -> AsyncIterator[str]:
        try:
            async for told in studio.board.changes(identity):
                if told is None:
                    yield ": still there\n\n"
                    continue
                told["ready"] = len(told.pop("results"))
                name = told["state"] if told["state"] in OVER else "progress"
                yield f"event: {name}\ndata: {json.dumps(told)}\n\n"
        finally:
            turn.__exit__(None, None, None)

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


@router.post("/heat", response_model=HeatAnswer, responses=errors(404, body=True))
async def heat(message: HeatMessage, studio: Here) -> Any:
    """What surprises the model in a piece, bar by bar. Done at once, between the steps of whatever job runs."""
    sheet = await run_in_threadpool(studio.desk.sheet, message.piece)
    waiting = asyncio.wrap_future(studio.worker.errand(lambda: studio.desk.heat(sheet)))
    try:
        return await asyncio.wait_for(waiting, PATIENCE)
    except TimeoutError as error:  # a model is being loaded, or a very long piece is written
        raise Fault(503, "busy", "the model is busy with something long", "try again", retry_after=5) from error
