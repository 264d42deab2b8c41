"""What there is: health, metrics, models."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from fastapi.responses import PlainTextResponse, Response

from credo import __version__
from credo.web.answers import Health, ModelAnswer
from credo.web.routes.common import errors
from credo.web.studio import Here

router = APIRouter(tags=["about"])


@router.get("/api/v1/health", responses=errors())
async def health(studio: Here) -> Health:
    """Whether the server is well, and which extras are installed. Needs no token."""
    return Health.model_validate({"status": studio.status, "version": __version__, "extras": studio.extras})


@router.get("/api/v1/models", response_model=list[ModelAnswer], responses=errors())
def models(studio: Here) -> Any:
    """The models, the one of the start first."""
    return [model.to_dict() for model in studio.desk.models().values()]


@router.get(
    "/metrics",
    response_class=Response,
    responses={**errors(), 200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
async def metrics(studio: Here) -> PlainTextResponse:
    """Counters and gauges in the form of Prometheus."""
    lines = []
    for name, (kind, value) in studio.numbers().items():
        lines += [f"# TYPE credo_{name} {kind}", f"credo_{name} {value:.15g}"]
    return PlainTextResponse("\n".join(lines) + "\n", media_type="text/plain; version=0.0.4")
