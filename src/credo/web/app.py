"""The application: page and API in one."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI
from fastapi.staticfiles import StaticFiles
from starlette.responses import Response
from starlette.types import ASGIApp, Scope

from credo import __version__
from credo.web.faults import answer_faults
from credo.web.limits import BURST, RATE, Limits
from credo.web.routes import about, cues, files, jobs, library, projects, sounds, wishes
from credo.web.security import Security
from credo.web.studio import Studio

PAGE = Path(__file__).parent / "static"
_ABOUT = """\
Composing with deep belief networks. Times are whole steps of the model's texture, bars are counted from 1. Whatever is
asked for, locked notes, bars and voices come back as they were.

Bodies are JSON of at most 4.2 MB, or files of at most 60 MB. 429 and 503 come with `Retry-After`.
"""


def create_api(studio: Studio, *, warm: bool = True) -> FastAPI:
    """The API and the page, without the guards of `create_app`.

    Args:
        studio: what is served; started and closed with the application.
        warm: whether the model is loaded and compiled before anyone asks.
    """

    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        studio.start(warm=warm)
        yield
        studio.close()

    api = FastAPI(
        title="Credo Studio",
        version=__version__,
        description=_ABOUT,
        openapi_url="/api/v1/openapi.json",
        docs_url=None,  # its page would come from a CDN
        redoc_url=None,
        redirect_slashes=False,
        lifespan=life,
    )
    api.state.studio = studio
    for routes in (about, jobs, files, sounds, wishes, projects, cues, library):
        api.include_router(routes.router)
    answer_faults(api)
    api.router.default = _Page(directory=PAGE, html=True)
    return api


def create_app(
    studio: Studio,
    *,
    token: str | None = None,
    names: Iterable[str] = (),
    rate: float = RATE,
    burst: int = BURST,
    warm: bool = True,
) -> ASGIApp:
    """The API and the page, guarded.

    Args:
        studio: what is served.
        token: needed for everything; None on the loopback.
        names: further names of this machine that clients may call it by.
        rate: requests a second that a client may send in the long run.
        burst: and at once.
        warm: see `create_api`.
    """
    return Security(Limits(create_api(studio, warm=warm), rate, burst), token, names)


class _Page(StaticFiles):
    """The files of the page. Browsers keep them and ask each time whether they are the same."""

    async def get_response(self, path: str, scope: Scope) -> Response:
        answer = await super().get_response(path, scope)
        answer.headers["Cache-Control"] = "no-cache"
        return answer
