"""`credo infill`, `harmonize`, `accompany`, `revoice`, `vary` and `blend`: work with a piece."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from credo.cli.common import Common, carry_out, with_common_options

File = Annotated[Path, typer.Argument(help="MIDI, MusicXML or ABC.", metavar="FILE")]


@with_common_options
def infill(
    common: Common,
    file: File,
    bars: Annotated[str, typer.Option(help="The bars to write, such as 5-8; an upbeat belongs to bar 1.")],
    voices: Annotated[str | None, typer.Option(help="Some voices, such as alto,tenor.  [default: all]")] = None,
) -> None:
    """Write some bars anew; everything else stays, and so do notes that reach in from outside.

    **Examples**

    `credo infill mine.mid --bars 5-8` - four new bars that fit what is before and after

    `credo infill mine.mid --bars 3 --voices alto,tenor --alternatives 4` - four ways for two voices in one bar
    """
    from credo.compose.typed import parse_bars, parse_names

    _work(common, "infill", [file], {"bars": list(parse_bars(bars)), "voices": parse_names(voices)})


@with_common_options
def harmonize(
    common: Common,
    file: File,
    voice: Annotated[
        str | None, typer.Option(help="The melody's voice.  [default: the highest for a file of one part]")
    ] = None,
) -> None:
    """Write the other voices to a melody, which stays note for note.

    The melody is a file of one part, or one voice of a piece. A single part that lies too high or too low for its
    voice is moved by octaves, which is told.

    **Examples**

    `credo harmonize tune.mid` - alto, tenor and bass to a tune

    `credo harmonize tune.abc --voice bass --cadence` - a tune in the bass

    `credo harmonize chorale.mid --voice soprano --temperature 0.8` - another harmony for a chorale's melody
    """
    from credo.compose.models import find_model, window_of
    from credo.io.files import load
    from credo.models.folder import read_card

    texture = window_of(read_card(find_model(common.model))).natural
    name = texture.voice(voice).name if voice else ""
    alone = sum(bool(part.notes) for part in load(file).parts) == 1
    name = name or (texture.voices[0].name if alone else "")
    _work(common, "harmonize", [file], {"voice": name}, voices=(name,) if alone else ())


@with_common_options
def accompany(
    common: Common,
    file: File,
    add: Annotated[str, typer.Option(help="The voices to write, such as bass,tenor.")],
    parts: Annotated[
        str | None, typer.Option(help="Voices of the file's parts, in order.  [default: by name and register]")
    ] = None,
) -> None:
    """Add voices to those that are there, which stay. What a named voice had is written anew.

    **Examples**

    `credo accompany duet.mid --add tenor,bass` - two voices under a duet

    `credo accompany tune.mid --parts soprano --add bass` - a bass alone
    """
    from credo.compose.typed import parse_names

    _work(common, "accompany", [file], {"add": parse_names(add)}, voices=tuple(parse_names(parts)))


@with_common_options
def revoice(
    common: Common,
    file: File,
    keep: Annotated[str | None, typer.Option(help="Voices that stay, such as soprano,bass.  [default: none]")] = None,
) -> None:
    """Give the same harmonies and rhythms another voicing.

    Each voice keeps its rhythm, and at each step exactly the same pitch classes sound; which voice has which, and in
    which octave, is new.

    **Examples**

    `credo revoice mine.mid` - all voices change places

    `credo revoice mine.mid --keep soprano,bass` - other inner voices
    """
    from credo.compose.typed import parse_names

    _work(common, "revoice", [file], {"keep": parse_names(keep)})


@with_common_options
def vary(
    common: Common,
    file: File,
    amount: Annotated[float, typer.Option(help="Share of the notes that are written anew, 0 to 1.")] = 0.3,
) -> None:
    """Write a random share of the notes anew: 0 gives the piece back, 1 another one of its length, metre and key.

    **Examples**

    `credo vary mine.mid --amount 0.2` - a few other notes

    `credo vary mine.mid --amount 0.6 --alternatives 5` - five variations from conventional to surprising
    """
    _work(common, "vary", [file], {"amount": amount})


@with_common_options
def blend(
    common: Common,
    file: File,
    other: Annotated[Path, typer.Argument(help="The piece to end with.", metavar="OTHER")],
    steps: Annotated[int, typer.Option(help="Pieces, the two given ones included.")] = 5,
) -> None:
    """Go from one piece to another in steps, by way of what the network's top layer makes of both.

    The first step is the first piece and the last one the second, cut to the bars that both have.

    **Examples**

    `credo blend mine.mid yours.mid` - three pieces between the two

    `credo blend mine.mid yours.mid --steps 9 --temperature 0.7` - smaller steps
    """
    from credo.errors import UsageError

    if not 2 <= steps <= 100:
        raise UsageError(f"steps: expected 2 to 100, got {steps}")
    shares = [round(step / (steps - 1), 6) for step in range(steps)]
    _work(common, "blend", [file, other], *({"share": share} for share in shares))


def _work(common: Common, task: str, files: list[Path], *options: dict[str, Any], voices: tuple[str, ...] = ()) -> None:
    from credo.compose.jobs import Input, Job

    inputs = tuple(Input(path, voices, common.lenient) for path in files)
    request = common.request()
    carry_out([Job(task, request, inputs, each) for each in options], common)
