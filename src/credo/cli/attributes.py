"""`credo attributes`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from credo.conditioning.attributes import Reading


def attributes(
    file: Annotated[Path | None, typer.Argument(help="Music whose attributes are measured.", metavar="[FILE]")] = None,
    text: Annotated[str | None, typer.Option(help="Words in English or Chinese.")] = None,
    image: Annotated[Path | None, typer.Option(help="A picture.")] = None,
    mood: Annotated[str | None, typer.Option(help="Such as tense, calm, happy, 紧张.")] = None,
    balance: Annotated[float, typer.Option(help="0: the words' mood alone; 1: the picture's.")] = 0.5,
    study: Annotated[str, typer.Option(help="What colours feel like: valdez or wilms.")] = "valdez",
    out: Annotated[Path | None, typer.Option(help="TOML to write, for --attributes; edit it as you like.")] = None,
) -> None:
    """Show what words, a picture or a mood ask of music, and why; or what a piece of music has.

    **Examples**

    `credo attributes --text "a calm waltz in D minor for solo piano"` - the words' attributes

    `credo attributes --text "雨夜，不要太快" --image street.jpg --out wish.toml` - words and a picture

    `credo compose --attributes wish.toml` - music with these

    `credo attributes mine.mid` - what a piece has
    """
    from credo.conditioning.reading import show, to_toml
    from credo.errors import UsageError

    asked = any(given is not None for given in (text, image, mood))
    if asked == (file is not None):
        raise UsageError(
            "attributes: expected a file of music, or --text, --image or --mood, "
            f"got {'both' if asked else 'none of them'}"
        )
    reading = _measured(file) if file else _asked(text, image, mood, balance, study)
    for line in show(reading):
        typer.echo(line)
    for line in reading.remarks:
        typer.echo(line, err=True)
    if out is not None:
        from credo.io.atomic import write_text

        write_text(out, to_toml(reading))
        typer.echo(out)


def _measured(file: Path) -> Reading:
    from credo.conditioning.attributes import Reading, Reason
    from credo.conditioning.measure import measure
    from credo.io.files import load

    found = measure(load(file))
    texts = found.to_dict()
    return Reading(found, tuple(Reason(name, str(value), "measured") for name, value in texts.items()))


def _asked(text: str | None, image: Path | None, mood: str | None, balance: float, study: str) -> Reading:
    from credo.conditioning.moods import mood_named
    from credo.conditioning.reading import over, read_words_and_picture

    both = read_words_and_picture(text, image, balance=balance, study=study)
    return both if mood is None else over(mood_named(mood), both)
