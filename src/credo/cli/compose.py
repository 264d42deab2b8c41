"""`credo compose`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from credo.cli.batch import MOST_AT_ONCE, MOST_PIECES, batch, of_share
from credo.cli.common import Common, carry_out, successive, with_common_options

LENGTH = "Length and form"


@with_common_options
def compose(
    context: typer.Context,
    common: Common,
    bars: Annotated[
        int | None,
        typer.Option(help="Length in bars, kept bars included.  [default: 16, or the form's]", rich_help_panel=LENGTH),
    ] = None,
    minutes: Annotated[float | None, typer.Option(help="Or in minutes, to whole bars.", rich_help_panel=LENGTH)] = None,
    seconds: Annotated[float | None, typer.Option(help="Or in seconds, to whole bars.", rich_help_panel=LENGTH)] = None,
    metre: Annotated[
        str | None, typer.Option(help="Such as 3/4.  [default: the seed's, or 4/4]", rich_help_panel=LENGTH)
    ] = None,
    form: Annotated[
        str | None,
        typer.Option(
            help="Sections by letters: AABA; a prime is a varied repeat, i an introduction, e an ending, A16 has 16 "
            "bars. A longer piece goes through them again, varied.",
            rich_help_panel=LENGTH,
        ),
    ] = None,
    section_bars: Annotated[
        int | None, typer.Option(help="Bars of a section.  [default: 8, or what fits]", rich_help_panel=LENGTH)
    ] = None,
    vary: Annotated[
        float, typer.Option(help="Share of the notes that a varied repeat has of its own.", rich_help_panel=LENGTH)
    ] = 0.3,
    modulate: Annotated[
        bool,
        typer.Option(
            "--modulate/--no-modulate", help="Contrasting sections are in related keys.", rich_help_panel=LENGTH
        ),
    ] = True,
    count: Annotated[int, typer.Option(help="Pieces to write, with seeds that follow each other.")] = 1,
    shard: Annotated[
        str | None,
        typer.Option(
            metavar="I/N",
            help="Of --count pieces write only share I (from 0) of N, without those that are in --out already. Needs "
            "--seed.",
        ),
    ] = None,
    seed_file: Annotated[
        Path | None, typer.Option(help="MIDI, MusicXML or ABC whose beginning is kept and continued.")
    ] = None,
    keep_bars: Annotated[int | None, typer.Option(help="Bars of the seed file to keep.  [default: all]")] = None,
    again: Annotated[
        Path | None,
        typer.Option(help="JSON beside a piece, of any command, that is to be made again; all but --out is in it."),
    ] = None,
) -> None:
    """Compose new music, or go on with yours.

    Each piece is written as MIDI, MusicXML, sound, piano roll and engraved score, with a JSON beside them that holds
    everything needed to make it again.

    **Examples**

    `credo compose` - sixteen bars of four-part chorale, in a key of its own choice

    `credo compose --key "G minor" --tempo 72 --bars 24 --seed 7` - the same piece every time

    `credo compose --form "A A' B A" --minutes 2 --instruments "oboe,clarinet,french horn,bassoon"` - sections

    `credo compose --alternatives 5 --cadence` - five pieces from conventional to surprising

    `credo compose --chords "C | F | G7 | C" --range soprano:C4-G5 --density bass:1` - what every note obeys

    `credo compose --mood tense --attribute mode=phrygian --attribute ensemble=brass --seconds 30` - to a feeling

    `credo compose --seed-file mine.mid --keep-bars 2 --count 4` - four ways to go on after your first two bars

    `credo compose --count 1000 --seed 1 --shard 0/2 --out many` - half of a thousand pieces; 1/2 is the other half

    `credo compose --again compositions/chorale-g-minor-24-bars-seed-7.json --out copy` - the same piece once more
    """
    from credo.compose.again import Memory
    from credo.compose.form import Form, bars_of
    from credo.compose.jobs import Input, Job
    from credo.compose.typed import parse_length, quarters_of_bar
    from credo.compose.wishes import parse_metre
    from credo.errors import UsageError
    from credo.music.score import DEFAULT_TEMPO_BPM

    most = MOST_AT_ONCE if shard is None else MOST_PIECES
    if not 1 <= count <= most:
        raise UsageError(f"count: expected 1 to {most}, got {count}")
    if keep_bars is not None and seed_file is None:
        raise UsageError("keep-bars: expected --seed-file beside it, got none")
    if form is not None and seed_file is not None:
        raise UsageError("form: expected no --seed-file beside it, for a form is composed as a whole")
    metres = None if metre is None else parse_metre(metre)
    duration = parse_length(bars, minutes, seconds)
    if duration is not None:
        if seed_file is not None and (common.tempo is None or metre is None):
            raise UsageError("minutes: expected --tempo and --metre beside them where a seed file is continued")
        common.request(bars=1, metre=metres)  # what else is wrong is told first
        realised = common.wish(metre=metres).realised
        tempo = common.tempo or realised.tempo or DEFAULT_TEMPO_BPM
        bars = bars_of(duration, tempo, quarters_of_bar(metres or realised.metre))
    task, options, inputs, wish = "compose", {}, (), {}
    if form is not None:
        plan = Form.parse(form, bars=bars, section_bars=section_bars, vary=vary, modulate=modulate)
        task, options, bars = "form", plan.to_dict(), plan.bars
        wish = {"cadence": common.cadence is not False}
    if seed_file is not None:
        task, options, inputs = "continue", {"keep_bars": keep_bars}, (Input(seed_file, (), common.lenient),)
    request = common.request(bars=16 if bars is None else bars, metre=metres, **wish)
    jobs = successive(Job(task, request, inputs, options), count)
    memory = None
    if again is not None:
        _check_alone(context)
        memory = Memory.read(again)
        jobs = [memory.job]
    if shard is None:
        carry_out(jobs, common, memory=memory, metre=metres)
        return
    with batch(common.out, context.params):
        waiting = of_share(jobs, shard, common.out)
        typer.echo(f"Shard {shard}: pieces to write: {len(waiting)}", err=True)
        if waiting:
            carry_out(waiting, common, metre=metres)


def _check_alone(context: typer.Context) -> None:
    """Refuse options that a piece which is made again already has.

    Raises:
        UsageError: there are some.
    """
    from credo.errors import UsageError

    free = {"again", "out", "formats"}
    for name in context.params:
        source = context.get_parameter_source(name)
        if name not in free and source is not None and source.name == "COMMANDLINE":
            option = name.strip("_").replace("_", "-")
            raise UsageError(f"again: expected no options but --out and --formats beside it, got --{option}")
