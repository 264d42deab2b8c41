"""`credo like`, `dislike`, `rate`, `recommend` and `taste`."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from credo.library.taste import MINE

if TYPE_CHECKING:
    from credo.library.store import Store
    from credo.library.taste.composing import Commission
    from credo.library.taste.ratings import Ratings

app = typer.Typer(help="What is known of your taste: show, export, import, forget.", no_args_is_help=True)

Library = Annotated[
    Path | None, typer.Option(metavar="FILE", help="The library; by default one in your own data folder.")
]
Profile = Annotated[str, typer.Option(metavar="NAME", help="Whose taste; each name is a profile of its own.")]
Pieces = Annotated[list[str], typer.Argument(metavar="PIECE...", help="Numbers of `credo library list`, or files.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
COMPOSING = "New pieces"


def like(pieces: Pieces, library: Library = None, profile: Profile = MINE) -> None:
    """Say that you like pieces: as five stars. Any file can be liked, whether it is in the library or not."""
    _rate(pieces, 5.0, library, profile)


def dislike(pieces: Pieces, library: Library = None, profile: Profile = MINE) -> None:
    """Say that you do not like pieces: as one star."""
    _rate(pieces, 1.0, library, profile)


def rate(
    piece: Annotated[str, typer.Argument(metavar="PIECE", help="A number of `credo library list`, or a file.")],
    stars: Annotated[str, typer.Argument(metavar="STARS", help="1 (not at all) to 5 (very much); 3 is neither.")],
    library: Library = None,
    profile: Profile = MINE,
) -> None:
    """Rate a piece. Of several ratings of one piece the last one counts."""
    from credo.library.taste.ratings import checked

    _rate([piece], checked(stars), library, profile)


def recommend(
    count: Annotated[int, typer.Argument(metavar="[N]", help="At most so many.")] = 10,
    explore: Annotated[
        float | None, typer.Option(help="0: what you surely like; 1: what tells most of your taste.  [default: 0.1]")
    ] = None,
    diversity: Annotated[
        float | None, typer.Option(help="0: pieces may be like each other; 1: they may not.  [default: 0.1]")
    ] = None,
    library: Library = None,
    profile: Profile = MINE,
    as_json: AsJson = False,
    compose: Annotated[
        int | None, typer.Option(metavar="N", help="Compose so many for you instead.", rich_help_panel=COMPOSING)
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(
            help="A model or a folder.  [default: whose voices suit what you like]", rich_help_panel=COMPOSING
        ),
    ] = None,
    bars: Annotated[int, typer.Option(help="Length in bars.", rich_help_panel=COMPOSING)] = 16,
    candidates: Annotated[
        int, typer.Option(help="Drawn for each piece; the best are kept.", rich_help_panel=COMPOSING)
    ] = 4,
    temperature: Annotated[
        float, typer.Option(help="Below 1 more ordinary, above 1 stranger.", rich_help_panel=COMPOSING)
    ] = 1.0,
    iterations: Annotated[int, typer.Option(help="Steps of the sampling.", rich_help_panel=COMPOSING)] = 256,
    seed: Annotated[
        int | None, typer.Option(help="Makes the same come again.  [default: drawn]", rich_help_panel=COMPOSING)
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(help="Some of midi,musicxml,sound,roll,score.  [default: all]", rich_help_panel=COMPOSING),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.", rich_help_panel=COMPOSING)] = Path("compositions"),
) -> None:
    """Recommend pieces of your library, by what you rated, and say why; or compose new ones for you.

    Without ratings, pieces that are typical of your library and unlike each other. New pieces are asked for by what
    your likes are like; of several candidates those are kept that you are expected to like, unlike each other, and
    too near neither to what you like nor to the training data.

    **Examples**

    `credo recommend` - ten pieces that you have not rated

    `credo recommend 5 --explore 0.8` - five that tell what you like

    `credo recommend --compose 3 --model piano` - three new pieces for you
    """
    from credo.library.taste.choosing import DIVERSITY, EXPLORE
    from credo.library.taste.recommend import Listener, check
    from credo.library.taste.recommend import recommend as recommend_pieces

    explore = EXPLORE if explore is None else explore
    diversity = DIVERSITY if diversity is None else diversity
    check(count, explore, diversity)
    if compose is not None:
        from credo.compose.wishes import Request
        from credo.library.taste.composing import Commission

        seed = secrets.randbelow(1_000_000) if seed is None else seed
        request = Request(bars=bars, seed=seed, iterations=iterations, temperature=temperature)
        _compose(Commission(compose, candidates, request, model, diversity), library, profile, formats, out)
        return
    with _opened(library, profile) as (store, ratings):
        listener = Listener.of(store, ratings.of(profile))
        found = recommend_pieces(store, listener, count=count, explore=explore, diversity=diversity)
        if as_json:
            typer.echo(json.dumps([each.to_dict() for each in found], indent=2, ensure_ascii=False))
            return
        if not listener.ratings:
            typer.echo(listener.about()[0], err=True)
        if not found:
            typer.echo("you have rated all pieces of the library", err=True)
            return
        table = Table(box=None, pad_edge=False)
        for title in ("stars", "no.", "title", "composer", "because"):
            table.add_column(title, justify="right" if title == "no." else "left", overflow="fold")
        for each in found:
            stars = "" if each.stars is None else f"{each.stars:.1f} ± {each.doubt:.1f}"
            table.add_row(stars, str(each.brief.number), each.brief.title, each.brief.composer, each.reasons)
        console = Console()
        Console(width=None if console.is_terminal else 160, markup=False, highlight=False).print(table)


@app.command()
def show(library: Library = None, profile: Profile = MINE, as_json: AsJson = False) -> None:
    """Tell what is known of your taste, and how you rated."""
    from credo.library.taste.recommend import Listener

    with _opened(library, profile) as (store, ratings):
        found = ratings.of(profile)
        listener = Listener.of(store, found)
        if as_json:
            record = {
                "profile": profile,
                "file": str(ratings.path),
                "told": listener.about(),
                "believed": {name: round(share, 4) for name, share in listener.taste.shares.items()},
                "ratings": [
                    {"title": each.title, "composer": each.composer, "stars": each.stars, "rated": each.rated}
                    | {"path": each.path, "in_library": each.sha256 in listener.rated}
                    for each in found
                ],
            }
            typer.echo(json.dumps(record, indent=2, ensure_ascii=False))
            return
        for line in listener.about():
            typer.echo(line)
        for each in found:
            gone = "" if each.sha256 in listener.rated else "  (not in this library)"
            composer = f", {each.composer}" if each.composer else ""
            typer.echo(f"{each.stars:g}  {each.title}{composer}{gone}")
        others = [f"{name} ({number})" for name, number in ratings.profiles().items() if name != profile]
        if others:
            typer.echo(f"other profiles: {', '.join(others)}")
        typer.echo(f"kept in {ratings.path}, nowhere else", err=True)


@app.command()
def export(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A JSON to write.")],
    library: Library = None,
    profile: Profile = MINE,
) -> None:
    """Write all that is kept of a profile to a JSON file, for yourself or for another machine."""
    from credo.errors import UsageError
    from credo.io.atomic import write_bytes
    from credo.library.taste.ratings import exported

    with _opened(library, profile, store=False) as (_, ratings):
        found = ratings.of(profile)
        if not found:
            raise UsageError(f"profile: expected one with ratings, got {profile!r}", hint=_known(ratings))
        text = json.dumps(exported(profile, found), indent=1, ensure_ascii=False) + "\n"
        write_bytes(file, text.encode())
        typer.echo(f"written to {file}: the ratings of {len(found)} pieces")


@app.command("import")
def import_(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="What `credo taste export` wrote.")],
    library: Library = None,
    profile: Annotated[
        str | None, typer.Option(metavar="NAME", help="A name for the profile.  [default: the one in the file]")
    ] = None,
) -> None:
    """Read an exported profile. Of pieces that are rated in both, the rating in the file counts."""
    from credo.library.taste.ratings import imported, read_export

    name, found = imported(read_export(file))
    with _opened(library, profile or name, store=False) as (_, ratings):
        before = ratings.put(profile or name, found)
        known = sum(each is not None for each in before)
        typer.echo(f"read for {profile or name}: ratings of {len(found)} pieces, {known} of which were rated before")


@app.command()
def forget(
    pieces: Annotated[
        list[str] | None, typer.Argument(metavar="[PIECE...]", help="Ratings to forget: numbers or files.")
    ] = None,
    all_: Annotated[bool, typer.Option("--all", help="Forget the whole profile.")] = False,
    library: Library = None,
    profile: Profile = MINE,
) -> None:
    """Forget ratings, or a whole profile. What is forgotten is overwritten and cannot be had again."""
    from credo.errors import UsageError
    from credo.library.taste.recommend import piece_named

    if bool(pieces) == all_:
        raise UsageError("forget: expected pieces, or --all for the whole profile", hint="credo taste show lists them")
    with _opened(library, profile, store=not all_) as (store, ratings):
        if all_:
            typer.echo(f"forgotten: all {ratings.forget(profile)} ratings of {profile}")
            return
        found = ratings.of(profile)
        hashes = []
        for piece in pieces or ():
            titled = [each.sha256 for each in found if piece in (each.title, each.path, str(Path(each.path).name))]
            hashes += titled or [piece_named(store, piece).sha256]
        gone = ratings.forget(profile, list(dict.fromkeys(hashes)))
        typer.echo(f"forgotten: {gone} of the {len(found)} ratings of {profile}")


def _compose(wanted: Commission, library: Path | None, profile: str, formats: str | None, out: Path) -> None:
    """Compose for a listener, write the pieces, and tell why they are as they are."""
    from credo.cli.common import Common
    from credo.compose.copying import line_about
    from credo.compose.deliver import deliver
    from credo.library.taste.composing import compose_for
    from credo.library.taste.recommend import Listener

    names = Common(formats=formats).wanted_formats()
    console = Console(stderr=True)
    with _opened(library, profile) as (store, ratings):
        listener = Listener.of(store, ratings.of(profile))
        columns = (TextColumn("Composing"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("Composing", total=wanted.drawn)
            made = compose_for(store, listener, wanted, progress=lambda done, total: bar.update(task, completed=done))
    if not listener.ratings:
        console.print("no ratings yet: composed after pieces that are typical of your library", highlight=False)
    for piece in made.pieces:
        delivery, taste = deliver(piece, out, formats=names), piece.settings["taste"]
        stars = taste["expected_stars"]
        told = "" if stars is None else f" {stars:.1f} ± {taste['doubt']:.1f} stars expected;"
        lines = [f"{piece.grid.title}:{told} {taste['reasons']}", line_about(piece.settings), *delivery.missing]
        for line in filter(None, lines):
            console.print(line, markup=False, highlight=False, soft_wrap=True)
        for path in delivery.files:
            typer.echo(path)
    for line in made.lines:
        console.print(line, markup=False, highlight=False, soft_wrap=True)


def _rate(pieces: list[str], stars: float, library: Path | None, profile: str) -> None:
    from credo.library.taste.recommend import piece_named

    with _opened(library, profile, new=True) as (store, ratings):
        entries = list({entry.sha256: entry for entry in (piece_named(store, piece) for piece in pieces)}.values())
        for entry, before in zip(entries, ratings.rate(profile, entries, stars), strict=True):
            was = "" if before is None or before == stars else f" (was {before:g}; the last one counts)"
            typer.echo(f"{entry.title}: {stars:g} stars{was}")
        typer.echo(f"ratings so far: {len(ratings.of(profile))}", err=True)


@contextmanager
def _opened(
    library: Path | None, profile: str, *, store: bool = True, new: bool = False
) -> Iterator[tuple[Store, Ratings]]:
    """The library and the ratings beside it; a library that is not there counts as empty where files can be rated."""
    from credo.library.places import open_library, user_library
    from credo.library.taste.ratings import Ratings, named, place_of

    named(profile)
    place = user_library() if library is None else library
    opened = open_library(library) if store and (place.exists() or not new) else None
    try:
        ratings = Ratings(place_of(library))
        try:
            yield opened, ratings  # type: ignore[misc]
        finally:
            ratings.close()
    finally:
        if opened is not None:
            opened.close()


def _known(ratings: Ratings) -> str:
    return f"there are {', '.join(ratings.profiles()) or 'none yet; credo like PIECE begins one'}"
