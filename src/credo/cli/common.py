"""What all commands that write music have in common: their options, and the loop that makes pieces and writes them."""

from __future__ import annotations

import functools
import inspect
import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, get_type_hints

import typer
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from credo.cli.models import composer_class

if TYPE_CHECKING:
    from credo.compose.again import Memory
    from credo.compose.asking import Wish
    from credo.compose.generate import Composition
    from credo.compose.jobs import Job, Work
    from credo.compose.wishes import Request

SAMPLING, RULES, WRITTEN = "Sampling", "Constraints that every note obeys", "What is written"
ATTRIBUTES = "Attributes of the piece"


@dataclass(frozen=True, slots=True)
class Common:
    """The options that all commands have which sample. The fields are the options; see `with_common_options`."""

    model: Annotated[
        str,
        typer.Option(help="A model that comes along, or a folder; `credo info` lists them.", rich_help_panel=SAMPLING),
    ] = "chorale"
    key: Annotated[
        str | None,
        typer.Option(
            help='Such as "G minor", "F# major" or "Bb".  [default: the file\'s, or drawn]', rich_help_panel=SAMPLING
        ),
    ] = None
    tempo: Annotated[
        float | None, typer.Option(help="Quarters a minute.  [default: the file's, or 90]", rich_help_panel=SAMPLING)
    ] = None
    temperature: Annotated[
        float, typer.Option(help="Below 1 more ordinary, above 1 stranger.", rich_help_panel=SAMPLING)
    ] = 1.0
    seed: Annotated[
        int | None,
        typer.Option(help="Makes the piece come out the same again.  [default: drawn]", rich_help_panel=SAMPLING),
    ] = None
    iterations: Annotated[
        int, typer.Option(help="Steps of the sampling; more is slower and better.", rich_help_panel=SAMPLING)
    ] = 256
    alternatives: Annotated[
        int,
        typer.Option(
            help="Versions with seeds that follow each other, numbered from conventional to surprising.",
            rich_help_panel=SAMPLING,
        ),
    ] = 1
    lenient: Annotated[
        bool, typer.Option("--lenient", help="Leave out notes that do not fit the voices.", rich_help_panel=SAMPLING)
    ] = False
    scale: Annotated[str | None, typer.Option(help='"key", or such as "D dorian".', rich_help_panel=RULES)] = None
    range_: Annotated[
        list[str] | None,
        typer.Option("--range", metavar="VOICE:LOW-HIGH", help="Such as soprano:C4-A5.", rich_help_panel=RULES),
    ] = None
    chords: Annotated[
        str | None, typer.Option(help='Over bars, such as "C | G7 | Am F | %".', rich_help_panel=RULES)
    ] = None
    rhythm: Annotated[
        list[str] | None,
        typer.Option(metavar="VOICE:PATTERN", help="Fills a bar: bass:x-x- is two halves.", rich_help_panel=RULES),
    ] = None
    density: Annotated[
        list[str] | None,
        typer.Option(metavar="[VOICE:]NOTES", help="At most so many notes a quarter.", rich_help_panel=RULES),
    ] = None
    polyphony: Annotated[int | None, typer.Option(help="At most so many notes at once.", rich_help_panel=RULES)] = None
    parallels: Annotated[
        bool | None,
        typer.Option(
            "--parallels/--no-parallels",
            help="Allow parallel fifths and octaves.  [default: not in four parts]",
            rich_help_panel=RULES,
        ),
    ] = None
    repeat: Annotated[
        list[str] | None,
        typer.Option(metavar="FIRST-LAST=BAR", help="9-16=1: bars 9 to 16 are 1 to 8 again.", rich_help_panel=RULES),
    ] = None
    style: Annotated[
        str | None,
        typer.Option(help='One of the model\'s, or a mixture: "haydn:0.7,mendelssohn:0.3".', rich_help_panel=SAMPLING),
    ] = None
    cadence: Annotated[
        bool | None,
        typer.Option("--cadence/--no-cadence", help="End with an authentic cadence.", rich_help_panel=RULES),
    ] = None
    mood: Annotated[str | None, typer.Option(help="Such as tense, calm, happy, 紧张.", rich_help_panel=ATTRIBUTES)] = (
        None
    )
    text: Annotated[
        str | None,
        typer.Option(
            help='Words: "a calm waltz in D minor", "雨夜". See `credo attributes`.', rich_help_panel=ATTRIBUTES
        ),
    ] = None
    image: Annotated[Path | None, typer.Option(help="A picture whose mood is meant.", rich_help_panel=ATTRIBUTES)] = (
        None
    )
    valence: Annotated[float | None, typer.Option(help="-1 unpleasant to 1 pleasant.", rich_help_panel=ATTRIBUTES)] = (
        None
    )
    arousal: Annotated[float | None, typer.Option(help="-1 calm to 1 excited.", rich_help_panel=ATTRIBUTES)] = None
    attribute: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=VALUE",
            help="key, mode, metre, tempo, density, register, polyphony, articulation, loudness, valence, arousal, "
            "style or ensemble: mode=dorian.",
            rich_help_panel=ATTRIBUTES,
        ),
    ] = None
    attributes: Annotated[
        Path | None, typer.Option(help="TOML or JSON with such attributes.", rich_help_panel=ATTRIBUTES)
    ] = None
    with_: Annotated[
        list[str] | None,
        typer.Option("--with", metavar="MODEL", help="Another model that plays along: drums.", rich_help_panel=WRITTEN),
    ] = None
    instrument: Annotated[
        list[str] | None,
        typer.Option(metavar="VOICE:NAME", help="A General MIDI name: soprano:oboe.", rich_help_panel=WRITTEN),
    ] = None
    instruments: Annotated[
        str | None, typer.Option(help='One a voice: "oboe,clarinet,horn,bassoon".', rich_help_panel=WRITTEN)
    ] = None
    formats: Annotated[
        str | None,
        typer.Option(
            help="Some of midi,musicxml,sound,roll,score.  [default: all that are installed]", rich_help_panel=WRITTEN
        ),
    ] = None
    out: Annotated[Path, typer.Option(help="Folder to write to.", rich_help_panel=WRITTEN)] = Path("compositions")

    def request(self, *, bars: int | None = None, **wish: Any) -> Request:
        """The wish that the options tell; a seed is drawn where none is given.

        Args:
            bars: None where the length is that of a file.
            wish: further fields.

        Raises:
            UsageError: an option makes no sense.
        """
        from credo.compose import typed
        from credo.compose.styles import parse_style
        from credo.compose.wishes import MOST_BARS, Request
        from credo.errors import UsageError
        from credo.music.pitch import Key

        if not 1 <= self.alternatives <= 1000:
            raise UsageError(f"alternatives: expected 1 to 1000, got {self.alternatives}")
        return Request(
            bars=MOST_BARS if bars is None else bars,
            tempo=self.tempo,
            key=None if self.key is None else Key.parse(self.key),
            temperature=self.temperature,
            seed=secrets.randbelow(1_000_000) if self.seed is None else self.seed,
            iterations=self.iterations,
            scale=self.scale,
            ranges=typed.parse_ranges(self.range_ or ()),
            chords=self.chords,
            rhythm=typed.parse_rhythm(self.rhythm or ()),
            density=typed.parse_density(self.density or ()),
            polyphony=self.polyphony,
            parallels=self.parallels,
            repeats=typed.parse_repeats(self.repeat or ()),
            style=() if self.style is None else parse_style(self.style),
            **{"cadence": bool(self.cadence), **wish},
        )

    def wish(self, *, metre: tuple[int, int] | None = None) -> Wish:
        """The attributes that the options tell: of several that tell the same, the one named first here.

        `--tempo`, `--key` and `--style`; `--valence` and `--arousal`; `--attribute`; `--mood`; `--attributes`;
        `--text` and `--image`, whose valence and arousal are joined.

        Args:
            metre: from a command that has the option.

        Raises:
            UsageError: an attribute makes no sense.
            FileError: the file cannot be read.
        """
        from credo.compose.asking import Wish
        from credo.compose.typed import parse_attributes, read_attributes
        from credo.conditioning.attributes import Attributes
        from credo.conditioning.moods import mood_named
        from credo.conditioning.reading import read_words_and_picture
        from credo.music.pitch import Key

        asked = Attributes(valence=self.valence, arousal=self.arousal).over(parse_attributes(self.attribute or ()))
        asked = asked if self.mood is None else asked.over(mood_named(self.mood).attributes)
        asked = asked if self.attributes is None else asked.over(read_attributes(self.attributes))
        if self.text is not None or self.image is not None:
            reading = read_words_and_picture(self.text, self.image)
            for remark in reading.remarks:
                typer.echo(remark, err=True)
            asked = asked.over(reading.attributes)
        if not asked.named:
            return Wish.of(asked)
        key = None if self.key is None else Key.parse(self.key)
        return Wish.of(Attributes(tempo=self.tempo, key=key, style=self.style, metre=metre).over(asked))

    def wanted_formats(self) -> list[str] | None:
        """The formats, checked; None for all.

        Raises:
            UsageError: there is no such format.
        """
        from credo.compose.deliver import FORMATS
        from credo.errors import UsageError

        wanted = None if self.formats is None else list(dict.fromkeys(n.strip() for n in self.formats.split(",")))
        if wanted is not None and set(wanted) - set(FORMATS):
            raise UsageError(f"formats: expected some of {','.join(FORMATS)}, got {self.formats!r}")
        return wanted


def with_common_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of `Common`, which it takes together as its argument `common`."""
    hints = get_type_hints(command, include_extras=True)
    own = [
        parameter.replace(annotation=hints[name], kind=inspect.Parameter.KEYWORD_ONLY)
        for name, parameter in inspect.signature(command).parameters.items()
        if name != "common"
    ]
    options = get_type_hints(Common, include_extras=True)
    common = [
        inspect.Parameter(
            field.name, inspect.Parameter.KEYWORD_ONLY, default=field.default, annotation=options[field.name]
        )
        for field in fields(Common)
    ]

    @functools.wraps(command)
    def with_options(**arguments: Any) -> None:
        command(common=Common(**{name: arguments.pop(name) for name in options}), **arguments)

    parameters = [*own, *common]
    with_options.__signature__ = inspect.Signature(parameters)
    with_options.__annotations__ = {parameter.name: parameter.annotation for parameter in parameters}
    del with_options.__wrapped__
    return with_options


def successive(job: Job, count: int) -> list[Job]:
    """The job with seeds that follow each other.

    Raises:
        UsageError: a seed would be too large.
    """
    seeds = range(job.request.seed, job.request.seed + count)
    return [replace(job, request=replace(job.request, seed=seed)) for seed in seeds]


def carry_out(
    jobs: Sequence[Job], common: Common, *, memory: Memory | None = None, metre: tuple[int, int] | None = None
) -> None:
    """Make pieces and write them.

    Args:
        jobs: one a piece; of each, as many versions are made as alternatives are asked for.
        common: the options.
        memory: of a piece that is made again.
        metre: the metre that was typed, where the command has the option.

    Raises:
        CredoError: something cannot be read, made or written.
    """
    from credo.compose.copying import Checker
    from credo.compose.deliver import deliver
    from credo.compose.jobs import ranked
    from credo.compose.models import find_model, window_of
    from credo.compose.styles import in_known_style
    from credo.compose.typed import parse_instruments
    from credo.models.folder import read_card

    formats, model = common.wanted_formats(), common.model if memory is None else memory.model
    card = read_card(find_model(model))
    window = window_of(card)
    texture = window.natural
    jobs = [replace(job, request=in_known_style(job.request, window.styles)) for job in jobs]
    versions = [successive(job, common.alternatives) for job in jobs]
    if memory is None:
        instruments = parse_instruments(common.instrument or (), common.instruments, texture)
        company = tuple(common.with_ or ())
        versions = [[replace(job, instruments=instruments, company=company) for job in row] for row in versions]
    checker = Checker.of(model, versions[0][0].company)
    works = [[(job, job.prepare(texture)) for job in row] for row in versions]
    if memory is None:
        wish = common.wish(metre=metre)
        works = [[job.wishing(wish, work, card) for job, work in row] for row in works]
    show = _Show(sum(map(len, works)))
    for _, work in works[0][:1]:
        show.remarks(work)
    for line in checker.remarks:
        show.tell(line)
    with show.console.status("Loading the model"):  # once nothing wrong is asked
        composers = composer_class()
        composer = composers.load(model)
        company = [composers.load(name) for name in versions[0][0].company]
    with show.bar:
        for row in works:
            pieces = [
                checker.check(
                    show.making(job, functools.partial(job.run, composer, work, company=company)),
                    work,
                )
                for job, work in row
            ]
            if len(row) > 1:
                pieces = ranked(composer, pieces)
            for piece in pieces if memory is None else map(memory.remembered, pieces):
                show.written(piece, deliver(piece, common.out, formats=formats))
                for line in memory.differences(piece.settings) if memory else ():
                    show.tell(f"warning: {line}")


class _Show:
    """What the user sees: a bar for each piece, a line about it, and the files on stdout."""

    def __init__(self, total: int) -> None:
        self.console, self.total, self.number = Console(stderr=True), total, 0
        self.told: set[str] = set()
        self.seconds: dict[int, float] = {}
        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal)

    def tell(self, line: str) -> None:
        if line not in self.told:
            self.told.add(line)
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)

    def remarks(self, work: Work) -> None:
        """What was changed of the files, and what is held."""
        from credo.compose.tasks import Task

        if isinstance(work, Task):
            for given in work.inputs:
                for line in getattr(given, "remarks", ()):
                    self.tell(f"{given.name}: {line}")
            self.tell(f"held: {work.held}")

    def making(self, job: Job, make: Callable[..., Composition]) -> Composition:
        self.number += 1
        started = time.monotonic()
        task = self.bar.add_task(f"Composing {self.number} of {self.total}", total=job.request.iterations)
        piece = make(progress=lambda done, total: self.bar.update(task, completed=done, total=total))
        self.bar.remove_task(task)
        self.seconds[piece.settings["request"]["seed"]] = time.monotonic() - started
        return piece

    def written(self, piece: Composition, delivery: Any) -> None:
        from credo.compose.asked import table
        from credo.compose.copying import line_about

        settings, request = piece.settings, piece.settings["request"]
        rank = f"{settings['rank'][0]} of {settings['rank'][1]}, " if "rank" in settings else ""
        energy = f", {settings['energy']:.2f} nats a beat" if "energy" in settings else ""
        self.console.print(
            f"{rank}[bold]{escape(piece.grid.title)}[/]: {request['bars']} bars, "
            f"{piece.score.duration_seconds:.0f} s of music, made in {self.seconds[request['seed']]:.1f} s{energy}",
            highlight=False,
            soft_wrap=True,
        )
        for line in table(settings):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
        for path in delivery.files:
            typer.echo(path)
        for line in (*(f"left out {line}" for line in delivery.missing), *settings.get("remarks", ())):
            self.tell(line)
        if line := line_about(settings):
            self.console.print(line, markup=False, highlight=False, soft_wrap=True)
