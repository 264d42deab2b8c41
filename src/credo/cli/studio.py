"""`credo studio`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from credo.library.taste import MINE


def studio(
    host: Annotated[
        str, typer.Option(help="Address to listen on. Beyond this machine (0.0.0.0) a token is needed.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="0 for any that is free.")] = 8765,
    model: Annotated[str, typer.Option(help="Loaded at the start; the page can choose others.")] = "chorale",
    open_: Annotated[bool, typer.Option("--open/--no-open", help="Open the page in the browser.")] = True,
    projects: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Where projects are kept.  [default: in your data folder]"),
    ] = None,
    library: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The library that is searched and hearts go to.  [default: your own]"),
    ] = None,
    profile: Annotated[str, typer.Option(metavar="NAME", help="Whose taste hearts tell.")] = MINE,
    token: Annotated[
        str | None,
        typer.Option(help="That clients have to give.  [default: none on this machine, a new one beyond it]"),
    ] = None,
    name: Annotated[
        list[str] | None, typer.Option(help="A further name that this machine is called by, with --host.")
    ] = None,
    shared: Annotated[
        bool,
        typer.Option("--shared", help="Share jobs with other servers of the same --projects, behind a load balancer."),
    ] = False,
    proxy: Annotated[
        str | None, typer.Option(metavar="ADDRESS", help="Of that load balancer, which says whom it speaks for.")
    ] = None,
) -> None:
    """Compose in the browser: a piano roll in which you hold what you like and the model writes the rest.

    All runs on this machine. Projects are saved as you work. Ctrl-C ends it. Programs may use the same server, see
    docs/studio-api.md.

    **Examples**

    `credo studio` - opens the page

    `credo studio --model quartet --port 0` - with another model, on any free port

    `credo studio --host 0.0.0.0 --no-open` - for other machines too; prints an address with a token
    """
    from credo.errors import MissingExtraError

    try:
        from credo.web.serving import serve
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in ("fastapi", "starlette", "uvicorn", "pydantic"):
            raise
        raise MissingExtraError("The Studio", "studio") from error
    serve(
        host,
        port,
        model=model,
        projects=projects,
        library=library,
        profile=profile,
        token=token,
        names=name or (),
        shared=shared,
        proxy=proxy,
        told=typer.echo,
        opens=open_,
    )
