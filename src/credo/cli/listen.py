"""`credo listen`: blind listening tests."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table as Grid
from rich.text import Text

app = typer.Typer(
    name="listen",
    help="Blind listening tests: build one, have it taken in any browser, analyse the answers.",
    no_args_is_help=True,
    rich_markup_mode="markdown",
)
_ASKED, _HEARD, _COUNTS = "What is asked", "What is heard", "Whose answers count"


@app.command()
def build(
    systems: Annotated[
        list[str],
        typer.Argument(
            metavar="SYSTEM=FOLDER...",
            help="What is compared: a name, which no listener sees, and its pieces (MIDI, MusicXML, ABC or sound).",
            show_default=False,
        ),
    ],
    out: Annotated[Path, typer.Option("--out", "-o", help="The page for the listeners.")] = Path("test.html"),
    key: Annotated[
        Path | None, typer.Option(help="The key, which they must not see.  [default: the page's name, .key.json]")
    ] = None,
    kind: Annotated[str, typer.Option(help="pairs: which of two; ratings: 1 to 7.", rich_help_panel=_ASKED)] = "pairs",
    scales: Annotated[
        str,
        typer.Option(
            help="Some of melody,harmony,rhythm,overall,human (did a person write it?).", rich_help_panel=_ASKED
        ),
    ] = "melody,harmony,rhythm,overall",
    trials: Annotated[int, typer.Option(help="Questions a listener, checks aside.", rich_help_panel=_ASKED)] = 12,
    listeners: Annotated[
        int, typer.Option(help="How many are planned; each of them has an order of its own.", rich_help_panel=_ASKED)
    ] = 24,
    title: Annotated[str, typer.Option(help="Stands at the top of the page.", rich_help_panel=_ASKED)] = (
        "Listening test"
    ),
    contact: Annotated[
        str, typer.Option(help="Where listeners send their file.", rich_help_panel=_ASKED, show_default=False)
    ] = "",
    excerpts: Annotated[int, typer.Option(help="Of each system, one a piece.", rich_help_panel=_HEARD)] = 12,
    seconds: Annotated[
        str, typer.Option(metavar="LOW-HIGH", help="How long, in whole bars.", rich_help_panel=_HEARD)
    ] = "20-30",
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin where pieces begin, not at random.", rich_help_panel=_HEARD)
    ] = False,
    instrument: Annotated[
        str | None,
        typer.Option(help="Play all on one, such as piano.  [default: the files']", rich_help_panel=_HEARD),
    ] = None,
    tempo: Annotated[
        float | None,
        typer.Option(help="Quarters a minute of all.  [default: the files']", rich_help_panel=_HEARD),
    ] = None,
    soundfont: Annotated[
        Path | None, typer.Option(help="An .sf2 file to play with.", rich_help_panel=_HEARD, show_default=False)
    ] = None,
    seed: Annotated[int, typer.Option(help="Of all that is drawn.", rich_help_panel=_HEARD)] = 0,
    real: Annotated[
        str | None, typer.Option(metavar="SYSTEM", help="Which one is music by people.", rich_help_panel=_COUNTS)
    ] = None,
    checks: Annotated[
        int, typer.Option(help="Attention checks: a real piece and the same one scrambled.", rich_help_panel=_COUNTS)
    ] = 4,
    checks_from: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Their pieces.  [default: the real system's]", rich_help_panel=_COUNTS),
    ] = None,
    passes: Annotated[
        int | None, typer.Option(help="How many must be right.  [default: all]", rich_help_panel=_COUNTS)
    ] = None,
    hear: Annotated[
        float,
        typer.Option(
            metavar="SECONDS", help="Of each piece, or all of it, before one answers.", rich_help_panel=_COUNTS
        ),
    ] = 15.0,
) -> None:
    """Build a blind test: one page that works without a network, and a key to keep.

    Excerpts are drawn by the seed, never picked; all are played by the same synthesiser and made equally loud.

    **Examples**

    `credo listen build bach=chorales/test credo=out/credo markov=out/markov --real bach`

    `credo listen build a=one b=two --real a --scales overall,human --seconds 8-12 --hear 5 --instrument piano`

    `credo listen build a=one b=two c=three --kind ratings --checks-from bach/ --listeners 30 --out rate.html`
    """
    from credo.errors import UsageError
    from credo.evaluation.listening.build import Plan, forecast, minutes
    from credo.evaluation.listening.build import build as build_test
    from credo.evaluation.listening.excerpts import Playing

    named: dict[str, Path] = {}
    for text in systems:
        name, equals, folder = text.partition("=")
        if not (name.strip() and equals and folder):
            raise UsageError(f"systems: expected NAME=FOLDER such as bach=chorales/test, got {text!r}")
        if name.strip() in named:
            raise UsageError(f"systems: expected a name for each, got {name.strip()!r} twice")
        named[name.strip()] = Path(folder)
    low, dash, high = seconds.partition("-")
    try:
        playing = Playing(float(low), float(high if dash else low), from_start, instrument, tempo, soundfont)
    except ValueError as error:
        raise UsageError(f"seconds: expected two numbers such as 20-30, got {seconds!r}") from error
    key = key or out.with_name(f"{out.stem}.key.json")
    if key.absolute() == out.absolute():
        raise UsageError(f"key: expected another file than the page, got {key}")
    plan = Plan(
        **{"kind": kind, "scales": tuple(scale.strip() for scale in scales.split(",")), "real": real},
        **{"excerpts": excerpts, "trials": trials, "listeners": listeners, "checks": checks, "passes": passes},
        **{"hear_seconds": hear, "playing": playing, "seed": seed, "title": title, "contact": contact},
    )
    console = Console(stderr=True)
    columns = (
        TextColumn("{task.description:18}", markup=False),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, int] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        built = build_test(named, plan, out, key, checks_from=checks_from, told=told)
    for path, reason in built.refused:
        typer.echo(f"left out: {path}: {reason}", err=True)
    for note in built.notes:
        typer.echo(f"note: {note}", err=True)
    typer.echo(f"{out}  ({built.page_bytes / 1e6:.1f} MB, about {minutes(built.key):.0f} minutes a listener)")
    typer.echo(f"{key}  (keep it to yourself)")
    for line in forecast(built.key, listeners):
        typer.echo(line)


@app.command()
def analyse(
    answers: Annotated[
        list[Path],
        typer.Argument(help="What listeners saved: JSON or CSV files, or folders of them.", show_default=False),
    ],
    key: Annotated[Path, typer.Option(help="The key that `credo listen build` wrote.", show_default=False)],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder to write to.")] = Path("results"),
    seed: Annotated[int, typer.Option(help="Of the bootstrap.")] = 0,
) -> None:
    """Analyse the answers of many listeners: who counts, what they preferred, and how sure that is.

    Files that are damaged, of another test or saved twice are left out and named, and so are listeners who fail the
    checks by the rule that the key holds.

    **Examples**

    `credo listen analyse answers/ --key test.key.json --out results`
    """
    from credo.evaluation.listening.answers import collect
    from credo.evaluation.listening.key import Key
    from credo.evaluation.listening.pairs import analyse_pairs
    from credo.evaluation.listening.ratings import analyse_ratings
    from credo.evaluation.listening.report import conclusions, tables, write_results

    test = Key.load(key)
    collected = collect(answers, test)
    for path, reason in collected.left_out:
        typer.echo(f"left out: {path}: {reason}", err=True)
    for session, passed in collected.excluded:
        rule = f"{passed} of {test.rule.checks} checks passed, {test.rule.passes} wanted"
        typer.echo(f"excluded: {session.path}: {rule}", err=True)
    if collected.unheard:
        typer.echo(f"left out: {collected.unheard} answers: a piece was not heard long enough", err=True)
    analyse_test = analyse_pairs if test.kind == "pairs" else analyse_ratings
    results = analyse_test(test, collected.kept, seed=seed)
    files = write_results(out, test, collected, results)
    typer.echo(f"listeners who count: {len(collected.kept)}")
    console = Console()
    if not console.is_terminal:
        console.width = 160
    for table in tables(test, results):
        grid = Grid()
        for title in table.head:
            grid.add_column(Text(title))
        for row in table.rows:
            grid.add_row(*(Text(cell) for cell in row))
        console.print(grid)
    for line in conclusions(test, collected, results):
        typer.echo(line)
    for path in files:
        typer.echo(path)
