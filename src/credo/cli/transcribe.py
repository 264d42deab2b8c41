"""`credo transcribe`: notes of recordings."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn


def transcribe(
    source: Annotated[
        Path, typer.Argument(metavar="FILE|FOLDER", help="A recording (WAV, FLAC, Ogg, MP3), or a folder of them.")
    ],
    tempo: Annotated[float | None, typer.Option(help="Quarters a minute.  [default: estimated]")] = None,
    grid: Annotated[
        int | None,
        typer.Option(
            metavar="STEPS",
            help="Put notes on so many steps a quarter: 4 for sixteenths, 12 for triplets too; writes MusicXML "
            "beside the MIDI.  [default: notes stay as they were played]",
        ),
    ] = None,
    out: Annotated[
        Path | None, typer.Option("--out", "-o", help="Folder to write to.  [default: beside the recording]")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Write over files that are there.")] = False,
) -> None:
    """Write down the notes of recordings, as MIDI and, on a grid, as MusicXML.

    One instrument with clear onsets is heard well, a band or a choir badly. Drums and words are not written.

    **Examples**

    `credo transcribe sketch.wav` - writes sketch.mid, in the time that it was played

    `credo transcribe sketch.mp3 --grid 4 --tempo 96` - on sixteenths, and a score

    `credo transcribe ~/Recordings --out notes` - a folder with all its folders
    """
    from credo.errors import CredoError, MissingExtraError
    from credo.io.audio.batch import plan, write_down

    jobs = plan(source, out, grid=grid, tempo=tempo, force=force)
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    failed: list[CredoError] = []
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as bar:
        for number, job in enumerate(jobs, 1):
            task = bar.add_task(f"Listening {number} of {len(jobs)}", total=None)
            try:
                written, remarks = write_down(
                    job, lambda done, total, t=task: bar.update(t, completed=done, total=total)
                )
            except CredoError as error:
                if len(jobs) == 1 or isinstance(error, MissingExtraError):
                    raise
                failed.append(error)
                console.print(f"left out {error}", markup=False, highlight=False, soft_wrap=True)
            else:
                console.print(f"{job.name}: {'; '.join(remarks)}", markup=False, highlight=False, soft_wrap=True)
                for path in written:
                    typer.echo(path)
            bar.remove_task(task)
    if failed and len(failed) == len(jobs):
        raise CredoError(f"{source}: expected recordings with notes, got none in {len(jobs)} files")
