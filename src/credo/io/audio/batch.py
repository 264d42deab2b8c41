"""Many recordings, written down one after the other."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from credo.errors import FileError, FormatError, UsageError
from credo.io.audio.hearing import Progress
from credo.io.audio.transcription import check_wish, transcribe_with_remarks
from credo.io.files import SOUND_SUFFIXES, check_there, save


@dataclass(frozen=True, slots=True)
class Job:
    """A recording and what is to be written of it.

    Attributes:
        name: what to call it when telling of it.
        recording: the file.
        targets: the files to write.
        tempo, grid: as for `transcribe`.
    """

    name: str
    recording: Path
    targets: tuple[Path, ...]
    tempo: float | None = None
    grid: int | None = None


def plan(
    source: Path,
    out: Path | None = None,
    *,
    tempo: float | None = None,
    grid: int | None = None,
    force: bool = False,
) -> list[Job]:
    """What is to be done for a recording, or for all in a folder and its folders.

    Args:
        source: a file or folder; hidden ones in a folder are passed by.
        out: folder to write to, in folders as those of the source; by default beside each recording.
        tempo: as for `transcribe`.
        grid: likewise; with a grid MusicXML is written beside the MIDI.
        force: whether files that are there may be written over.

    Raises:
        UsageError: tempo or grid are out of bounds; two recordings would be written to one file.
        FileError: there is no such file or folder, it holds no recordings, or a file to write is there already.
    """
    check_wish(tempo, grid)
    suffixes = (".mid",) if grid is None else (".mid", ".musicxml")
    if source.is_dir():
        recordings = _recordings(source)
        if not recordings:
            raise FileError(source, f"holds no files that end in {', '.join(SOUND_SUFFIXES)}")
    else:
        check_there(source)
        if source.suffix.lower() not in SOUND_SUFFIXES:
            raise FormatError(source, f"expected one of {' '.join(SOUND_SUFFIXES)}, got {source.suffix or 'no suffix'}")
        recordings = [source]
    base = source if source.is_dir() else source.parent
    stems = [recording.relative_to(base).with_suffix("") for recording in recordings]
    jobs, taken = [], dict[Path, Path]()
    for recording, stem in zip(recordings, stems, strict=True):
        name = stem if stems.count(stem) == 1 else recording.relative_to(base)  # take.wav and take.mp3 both stay
        targets = tuple((out or base) / name.with_name(name.name + suffix) for suffix in suffixes)
        for target in targets:
            if target.exists() and not force:
                raise FileError(target, "is there already", hint="--force writes over it; --out names another folder")
            if target in taken:
                raise UsageError(f"{recording} and {taken[target]} would both be written to {target}")
            taken[target] = recording
        jobs.append(Job(str(recording.relative_to(base)), recording, targets, tempo, grid))
    return jobs


def write_down(job: Job, progress: Progress | None = None) -> tuple[Sequence[Path], list[str]]:
    """Transcribe a recording and write its files.

    Returns:
        The files, and what there is to say in a line each.

    Raises:
        FileError: the recording cannot be read, or a file not be written.
        MissingExtraError: a library is not installed.
    """
    score, remarks = transcribe_with_remarks(job.recording, tempo=job.tempo, grid=job.grid, progress=progress)
    for target in job.targets:
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(target.parent, f"cannot be written to: {(error.strerror or str(error)).lower()}") from error
        save(score, target)
    return job.targets, remarks


def _recordings(folder: Path) -> list[Path]:
    """Recordings in a folder and its folders, sorted; links to folders are not followed."""
    found = []
    for here, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if not name.startswith(".")]
        found += [
            Path(here, name)
            for name in names
            if not name.startswith(".") and Path(name).suffix.lower() in SOUND_SUFFIXES
        ]
    return sorted(found)
