"""Projects: what is saved of the page."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Path
from fastapi.responses import Response

from credo.web.answers import ProjectAnswer, ProjectRow
from credo.web.faults import Fault
from credo.web.messages import ProjectMessage
from credo.web.routes.common import errors
from credo.web.studio import Here

router = APIRouter(prefix="/api/v1/projects", tags=["projects"])
ProjectId = Annotated[str, Path(max_length=40, description="The id of a project.")]


@router.get("", response_model=list[ProjectRow], responses=errors(503))
def rows(studio: Here) -> Any:
    """All projects without their documents, what was saved last first."""
    return studio.projects.rows()


@router.post("", status_code=201, response_model=ProjectRow, responses=errors(507, body=True))
def make(message: ProjectMessage, studio: Here) -> Any:
    """Keep a new project. The document is any JSON of at most 4 MB."""
    return studio.projects.make(message.title, message.document)


@router.get("/{identity}", response_model=ProjectAnswer, responses=errors(404, 503))
def read(identity: ProjectId, studio: Here) -> Any:
    """A project with its document."""
    row, document = studio.projects.read(identity)
    return Response(f'{json.dumps(row)[:-1]}, "document": {document}}}', media_type="application/json")


@router.put("/{identity}", response_model=ProjectRow, responses=errors(404, 409, 507, body=True))
def save(identity: ProjectId, message: ProjectMessage, studio: Here) -> Any:
    """Save over the revision that was read last; 409 where another saved later. It is on the disk before the answer."""
    if message.revision is None:
        raise Fault(422, "invalid", "revision: expected the one that was read last, got none")
    return studio.projects.save(identity, message.title, message.revision, message.document)


@router.delete("/{identity}", status_code=204, responses=errors(404, 503, 507))
def delete(identity: ProjectId, studio: Here) -> Response:
    """Remove a project."""
    studio.projects.delete(identity)
    return Response(status_code=204)
