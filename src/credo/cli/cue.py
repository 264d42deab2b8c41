"""`credo cue`."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console

from credo.cli.models import composer_class

if TYPE_CHECKING:
    from credo.compose.cue.outline import Outline
    from credo.compose.cue.package import Package
    from credo.compose.cue.sheets.brief import Brief
    from credo.compose.generate import Composer

_TIME, _MUSIC, _WRITTEN = "Time", "Music", "What is written"


def cue(
    brief: Annotated[
        Path | None, typer.Argument(help="A brief in TOML. Options win over it.", metavar="[BRIEF]")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What the cue is called.  [default: the file's name]")] = None,
    seconds: Annotated[
        str | None,
        typer.Option(
            help="Length: 30, 1:05.250, or timecode with --frame-rate.  [default: 30, or by --bars and --tempo]",
            rich_help_panel=_TIME,
        ),
    ] = None,
    tempo: Annotated[
        str | None,
        typer.Option(help="Quarters a minute: 120, or a range to search, 96-132.", rich_help_panel=_TIME),
    ] = None,
    metre: Annotated[
        str | None, typer.Option(help="Such as 3/4 or 7/8.  [default: 4/4]", rich_help_panel=_TIME)
    ] = None,
    bars: Annotated[
        int | None, typer.Option(help="How many, the last chord's among them.", rich_help_panel=_TIME)
    ] = None,
    hit: Annotated[
        list[str] | None,
        typer.Option(
            metavar="TIME[:KIND[:NAME]]",
            help="A moment that the music meets: 12.5, 20.2:stop, 8:accent:door. Kinds: accent, change, stop, swell.",
            rich_help_panel=_TIME,
        ),
    ] = None,
    section: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME@TIME[:ENERGY]",
            help="Where a section begins: A@0:0.4. Sections of one name have the same music.",
            rich_help_panel=_TIME,
        ),
    ] = None,
    energy: Annotated[
        str | None,
        typer.Option(help="Curve of 0 to 1: 0:0.2,15:0.9. It says who plays, and how loud.", rich_help_panel=_TIME),
    ] = None,
    ending: Annotated[
        str | None, typer.Option(help="button, cadence, ring-out or loop.  [default: button]", rich_help_panel=_TIME)
    ] = None,
    loop: Annotated[bool, typer.Option("--loop", help="Short for --ending loop.", rich_help_panel=_TIME)] = False,
    frame_rate: Annotated[
        str | None, typer.Option(help="Of timecode: 23.976, 24, 25, 29.97, 29.97df, 30.", rich_help_panel=_TIME)
    ] = None,
    key: Annotated[
        str | None, typer.Option(help='Such as "D minor".  [default: drawn]', rich_help_panel=_MUSIC)
    ] = None,
    mood: Annotated[str | None, typer.Option(help="Such as tense, calm, happy, 紧张.", rich_help_panel=_MUSIC)] = None,
    valence: Annotated[float | None, typer.Option(help="-1 unpleasant to 1 pleasant.", rich_help_panel=_MUSIC)] = None,
    arousal: Annotated[float | None, typer.Option(help="-1 calm to 1 excited.", rich_help_panel=_MUSIC)] = None,
    text: Annotated[
        str | None, typer.Option(help='What it is for: "calm rainy night", 平静的雨夜.', rich_help_panel=_MUSIC)
    ] = None,
    image: Annotated[Path | None, typer.Option(help="A picture that it is for.", rich_help_panel=_MUSIC)] = None,
    attribute: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="Any attribute by name: mode=dorian.", rich_help_panel=_MUSIC),
    ] = None,
    ensemble: Annotated[
        str | None, typer.Option(help="Such as strings, rock band, chiptune.", rich_help_panel=_MUSIC)
    ] = None,
    role: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ROLE:INSTRUMENT",
            help="Who plays lead, pad, arpeggio, bass or drums: lead:oboe, drums:none.",
            rich_help_panel=_MUSIC,
        ),
    ] = None,
    model: Annotated[
        str | None, typer.Option(help="Writes the core.  [default: chorale]", rich_help_panel=_MUSIC)
    ] = None,
    drums: Annotated[
        str | None,
        typer.Option(help="Model that writes the drums.  [default: the band's pattern]", rich_help_panel=_MUSIC),
    ] = None,
    seed: Annotated[
        int | None, typer.Option(help="Makes it come out the same again.  [default: drawn]", rich_help_panel=_MUSIC)
    ] = None,
    count: Annotated[int, typer.Option(help="Make so many, with seeds from --seed on.", rich_help_panel=_WRITTEN)] = 1,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N", help="Make only the share I of N of --count, from 0/N on.", rich_help_panel=_WRITTEN
        ),
    ] = None,
    versions: Annotated[
        str | None,
        typer.Option(
            help="Beside the cue: lengths in seconds, no-melody, no-drums, drums-and-bass, sting, loop: 15,6,loop.",
            rich_help_panel=_WRITTEN,
        ),
    ] = None,
    effects: Annotated[
        bool, typer.Option("--effects", help="Short effects too: success, failure ...", rich_help_panel=_WRITTEN)
    ] = False,
    loudness: Annotated[
        float | None, typer.Option(help="Of the mix, in LUFS.  [default: -16]", rich_help_panel=_WRITTEN)
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option(
            help="Some of wav,ogg,flac,midi,musicxml,picture.  [default: all but flac that are installed]",
            rich_help_panel=_WRITTEN,
        ),
    ] = None,
    player: Annotated[
        list[str] | None,
        typer.Option(help="web: a page that plays it; godot: a project.", rich_help_panel=_WRITTEN),
    ] = None,
    out: Annotated[Path, typer.Option(help="Folder to write to.", rich_help_panel=_WRITTEN)] = Path("cues"),
    write_brief: Annotated[
        Path | None,
        typer.Option(metavar="FILE.toml", help="Only write the brief, with comments.", rich_help_panel=_WRITTEN),
    ] = None,
) -> None:
    """Music to a brief, for games, advertisements and films: exact seconds, hit points, loops, stems and versions.

    Each cue gets a folder with mix and stems, notes, a manifest, and the brief that makes it again.

    **Examples**

    `credo cue --name "boss fight" --seconds 30 --mood tense --ensemble orchestra --hit 12.5 --versions 15,6,loop`

    `credo cue --name village --seconds 48 --loop --mood calm --player web` - a loop in layers, and a page to hear it

    `credo cue --text "rain on the window at night" --seconds 20` - from words

    `credo cue --seconds 30 --hit 8:change --write-brief advert.toml` - a file to edit, and then:

    `credo cue advert.toml --out adverts`

    `credo cue advert.toml --seed 1 --count 100 --shard 0/2` - half of a hundred cues; 1/2 is the other half
    """
    from credo.cli.batch import batch, cues_of_share
    from credo.compose.cue.outline import outline
    from credo.compose.cue.package import FORMATS, PLAYERS
    from credo.compose.cue.sheets import typed
    from credo.errors import UsageError

    given = {
        "name": name, "seconds": seconds, "tempo": tempo, "metre": metre, "frame_rate": frame_rate,
        "seed": seed, "bars": bars,
        "ending": "loop" if loop else ending, "loudness": loudness, "model": model, "drums": drums, "text": text,
        "image": None if image is None else str(image), "hits": typed.hits(hit), "sections": typed.sections(section),
        "energy": typed.energy(energy), "roles": typed.roles(role),
        "versions": None if versions is None else [word.strip() for word in versions.split(",") if word.strip()],
    }  # fmt: skip
    if loop and ending not in (None, "loop"):
        raise UsageError(f"loop: expected no other ending beside it, got {ending}")
    wanted = None if formats is None else [word.strip() for word in formats.split(",") if word.strip()]
    for what, some, known in (("formats", wanted or (), FORMATS), ("player", player or (), PLAYERS)):
        if set(some) - set(known):
            raise UsageError(f"{what}: expected some of {', '.join(known)}, got {', '.join(some)}")
    told = _attributes(key, mood, valence, arousal, attribute, ensemble)
    sheet = _brief(brief, {what: value for what, value in given.items() if value is not None}, told)
    if write_brief is not None:
        from credo.io.atomic import write_text

        write_text(write_brief, sheet.to_toml())
        typer.echo(write_brief)
        return
    console = Console(stderr=True)
    if count == 1 and shard is None:
        plan = outline(sheet, _read(sheet))
        _tell_plan(console, plan)
        package = _make(console, plan, out, wanted, player or [], effects)
        _tell_result(console, package)
        return
    if sheet.seed is None and shard is None:
        sheet = replace(sheet, seed=secrets.randbelow(1_000_000))
    more = {"formats": formats, "player": player or None, "effects": effects}
    with batch(out, {"brief": replace(sheet, seed=None).to_toml(), "seed": sheet.seed, **more}):
        waiting = cues_of_share(sheet, count, shard or "0/1", out)
        typer.echo(f"Cues to make: {len(waiting)}" + (f" (shard {shard})" if shard else ""), err=True)
        read = _read(sheet) if waiting else None
        for number, each in enumerate(waiting, 1):
            package = _make(
                console, outline(each, read), out, wanted, player or [], effects, f"{number}/{len(waiting)} "
            )
            typer.echo(package.folder)


def _brief(path: Path | None, given: Mapping[str, Any], told: Mapping[str, Any]) -> Brief:
    """The brief of a file with what the options say in place of what it says."""
    from credo.compose.cue.sheets import sheet
    from credo.compose.cue.sheets.brief import Brief

    data: dict[str, Any] = {"name": "cue"}
    if path is None and not ("bars" in given and "tempo" in given):
        data["seconds"] = 30
    if path is not None:
        found = Brief.read(path)
        data = sheet.to_dict(found)
        if found.image:
            data["image"] = str(path.parent / found.image)
    data["attributes"] = {**data.get("attributes", {}), **told}
    metre = data["attributes"].pop("metre", None)
    data |= {"roles": {**data.get("roles", {}), **given.get("roles", {})}}
    data |= {what: value for what, value in given.items() if what != "roles"}
    if metre and "metre" not in given:
        data["metre"] = metre
    return sheet.from_dict(data)


def _attributes(
    key: str | None,
    mood: str | None,
    valence: float | None,
    arousal: float | None,
    attribute: list[str] | None,
    ensemble: str | None,
) -> dict[str, Any]:
    from credo.compose.typed import parse_attributes
    from credo.conditioning.attributes import Attributes
    from credo.conditioning.moods import mood_named
    from credo.music.pitch import Key

    asked = Attributes(
        key=None if key is None else Key.parse(key), valence=valence, arousal=arousal, ensemble=ensemble
    ).over(parse_attributes(attribute or ()))
    return (asked if mood is None else asked.over(mood_named(mood).attributes)).to_dict()


def _read(sheet: Brief) -> Any:
    """What words and picture of a brief are read as; None if it has neither."""
    if not (sheet.text or sheet.image):
        return None
    from credo.conditioning.reading import read_words_and_picture

    return read_words_and_picture(sheet.text or None, Path(sheet.image) if sheet.image else None)


def _tell_plan(console: Console, plan: Outline) -> None:
    """Tempo and bars, where hits land, and what was read of words and picture."""
    timing, brief = plan.fit, plan.brief
    tempos = [tempo.bpm for tempo in timing.timeline.tempos]
    low, high = min(tempos), max(tempos)
    tempo = f"{low:.2f}" if high - low < 0.05 else f"{low:.1f} to {high:.1f}"
    console.print(
        f"[bold]{_plain(brief.name)}[/]: {brief.seconds:g} s, {timing.bars} bars of {brief.metre[0]}/{brief.metre[1]} "
        f"at {tempo} quarters a minute, {plan.key.name}; length kept within {abs(timing.residual_ms):.2g} ms",
        highlight=False, soft_wrap=True,
    )  # fmt: skip
    for number, landing in enumerate(timing.landings, 1):
        label = _plain(landing.hit.name) or f"hit {number}"
        if landing.reached:
            line = f"at {landing.seconds:.3f} s, bar {timing.bar_at(landing.seconds)}, on the {landing.place}"
            line = line.replace("on the between", "between the steps") + f", {landing.residual_ms:+.2f} ms"
        else:
            line = f"not reached: {landing.reason}"
        console.print(f"  {label} ({landing.hit.seconds:.3f} s): {line}", highlight=False, soft_wrap=True)
    for reason in (*plan.asked.reasons, *plan.reasons.reasons):
        console.print(f"  {reason.attribute} {_plain(reason.value)}: {_plain(reason.because)}", highlight=False,
                      soft_wrap=True)  # fmt: skip


def _plain(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _make(
    console: Console,
    plan: Outline,
    out: Path,
    formats: list[str] | None,
    players: list[str],
    effects: bool,
    label: str = "",
) -> Package:
    from concurrent.futures import ThreadPoolExecutor

    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from credo.compose.cue.making import make
    from credo.compose.cue.package import check_sound, deliver

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    with (
        ThreadPoolExecutor(1) as pool,
        Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar,
    ):
        task = bar.add_task(f"{label}Loading the model", total=None)
        ready = pool.submit(check_sound, formats)  # players tune while the model loads

        def sampling(done: int, total: int) -> None:
            bar.update(task, description=f"{label}Sampling", completed=done, total=total)

        if formats is not None:
            ready.result()  # what is missing is told before the work
        made = make(plan, _composers(), effects=effects, progress=sampling)
        bar.update(task, total=None)
        return deliver(
            made,
            out,
            formats=formats,
            players=players,
            progress=lambda line: bar.update(task, description=f"{label}{line}"),
        )


@cache
def _composers() -> Callable[[str], Composer]:
    """Loads each model once, however many cues it writes."""
    return cache(composer_class().load)


def _tell_result(console: Console, package: Package) -> None:
    """What came out beside what was asked, and where it is."""
    from credo.compose.copying import line_about

    manifest = package.manifest
    record = manifest["attributes"]
    rows = [("", "asked", "came out")]
    for what, value in record["realised"].items():
        rows.append((what, _text(value), _text(record["measured"].get(what))))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        console.print(line.rstrip(), markup=False, highlight=False, soft_wrap=True)
    if manifest.get("lufs") is not None:
        line = f"{manifest['lufs']:.1f} LUFS, true peak {manifest['true_peak_dbtp']:.1f} dBTP"
        for what, name in (("peaks turned down", "limited_db"), ("softer than asked, for its peaks,", "short_db")):
            line += f", {what} by {manifest[name]:.1f} dB" if manifest[name] >= 0.05 else ""
        console.print(line, highlight=False, soft_wrap=True)
    if line := line_about(manifest):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for line in (*manifest["remarks"], *(f"left out {line}" for line in package.missing)):
        console.print(line, markup=False, highlight=False, soft_wrap=True)
    for path in sorted(path for path in package.folder.rglob("*") if path.is_file()):
        if "godot" not in path.relative_to(package.folder).parts[:-1]:
            typer.echo(path)


def _text(value: Any) -> str:
    return "-" if value is None else f"{value:.3g}" if isinstance(value, float) else str(value)
