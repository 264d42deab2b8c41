"""Files to scores and back, by what they are called and what they hold."""

from __future__ import annotations

import importlib.util
from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

from credo.errors import FileError, FormatError, UsageError
from credo.io import books
from credo.io.atomic import atomic_path
from credo.music.score import Score

#: Suffixes that can be read, and the kind of file each promises.
SUFFIXES = {
    ".mid": "MIDI",
    ".midi": "MIDI",
    ".musicxml": "MusicXML",
    ".xml": "MusicXML",
    ".mxl": "compressed MusicXML",
    ".abc": "ABC",
}

#: Suffixes of recordings, whose notes are heard where the extra `transcribe` is installed, and put on `SOUND_STEPS`
#: steps a quarter.
SOUND_SUFFIXES = (".wav", ".flac", ".ogg", ".mp3")
SOUND_STEPS = 12

#: Suffixes that can be written.
WRITABLE_SUFFIXES = (".mid", ".midi", ".musicxml", ".xml", ".mxl")

#: The largest file of each kind that is read, in bytes.
MAX_BYTES = {"MIDI": 20_000_000, "MusicXML": 50_000_000, "compressed MusicXML": 20_000_000, "ABC": 5_000_000}


def load(path: str | Path) -> Score:
    """Read a piece of music.

    Args:
        path: a MIDI, MusicXML or ABC file, or a recording in WAV, FLAC, Ogg or MP3 (see `credo.io.audio`).

    Raises:
        FileError: there is no such file, or it may not be read.
        FormatError: it is not what its suffix promises, or it is damaged, out of bounds or without notes.
        MissingExtraError: it is a recording, and the extra `transcribe` is not installed.
    """
    return load_with_remarks(path)[0]


def load_with_remarks(path: str | Path, *, isolated: bool = False) -> tuple[Score, list[str]]:
    """Read a piece of music and say what of it was left out.

    Args:
        path: a MIDI, MusicXML or ABC file, or a recording.
        isolated: whether this process is a silenced one with limits of its own, which a damaged file may take down.

    Returns:
        The score, and one line for each kind of thing in the file that a score does not hold.

    Raises:
        FileError: there is no such file, or it may not be read.
        FormatError: it is not what its suffix promises, or it is damaged, out of bounds or without notes.
        MissingExtraError: it is a recording, and the extra `transcribe` is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix in SOUND_SUFFIXES:
        from credo.io.audio.transcription import transcribe_with_remarks

        return transcribe_with_remarks(path, grid=SOUND_STEPS, threads=1 if isolated else 0)
    promised = SUFFIXES.get(suffix)
    if promised is None:
        check_there(path)
        raise FormatError(path, f"expected one of {' '.join(SUFFIXES)}, got {path.suffix or 'no suffix'}")
    data = read_bytes(path, MAX_BYTES[promised])
    found = sniff(data)
    if found != promised:
        raise FormatError(path, f"expected {promised}, found {found}")
    if promised == "MIDI":
        from credo.io import midi

        return midi.parse(data, path)
    if promised == "ABC":
        from credo.io import abc

        return abc.parse(data, path, isolated=isolated)
    from credo.io import musicxml

    return musicxml.parse(data, path)


def save(
    score: Score,
    path: str | Path,
    *,
    marks: Sequence[tuple[Fraction, str]] = (),
    loop: tuple[Fraction, Fraction] | None = None,
) -> None:
    """Write a piece of music, whole or not at all.

    Args:
        score: the piece.
        path: where to; the suffix says as what (`.mid`, `.musicxml` or `.mxl`).
        marks: for MIDI only: markers, an onset in quarters and a name each.
        loop: for MIDI only: start and end of what is repeated, in quarters.

    Raises:
        UsageError: the suffix is none of these, or the score holds something that such a file cannot; marks or a
            loop are given and the file is no MIDI file, or they lie outside the piece.
        FileError: the file cannot be written.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in WRITABLE_SUFFIXES:
        raise UsageError(f"{path}: expected one of {' '.join(WRITABLE_SUFFIXES)}, got {suffix or 'no suffix'}")
    if SUFFIXES[suffix] == "MIDI":
        from credo.io import midi

        data = midi.to_midi(score, marks=marks, loop=loop)
    elif marks or loop:
        raise UsageError(f"{path}: expected a MIDI file for marks and loops, got {suffix}")
    else:
        from credo.io import musicxml

        data = musicxml.to_musicxml(score).encode()
        if suffix == ".mxl":
            data = musicxml.compress(data)
    with atomic_path(path) as temporary:
        temporary.write_bytes(data)


def read_bytes(path: Path, limit: int) -> bytes:
    """The content of a file of at most `limit` bytes.

    Raises:
        FileError: there is no such file, or it may not be read.
        FormatError: it is empty or too large.
    """
    check_there(path)
    data = books.content(path, limit + 1)
    if not data:
        raise FormatError(path, "is empty")
    if len(data) > limit:
        raise FormatError(path, f"expected at most {limit / 1e6:g} MB, got more")
    return data


def sniff(data: bytes) -> str:
    """What the content of a file looks like: a kind in `SUFFIXES`, or a few words for something else."""
    if data.startswith(b"MThd") or (data.startswith(b"RIFF") and data[8:12] == b"RMID"):
        return "MIDI"
    if data.startswith(b"PK\x03\x04"):
        return "compressed MusicXML" if b"container.xml" in data or b"musicxml" in data else "a zip archive"
    for magic, kind in _MAGIC.items():
        if data.startswith(magic):
            return kind
    head = data[:4096]
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        text = head[: len(head) // 2 * 2].decode("utf-16", errors="replace")
    else:
        text = head.decode("latin-1").removeprefix("\u00ef\u00bb\u00bf")
    text = text.lstrip()
    if text.startswith("<"):
        if text[:14].lower().startswith(("<!doctype html", "<html")):
            return "a web page"
        return "MusicXML"
    if b"\x00" in head:
        return "binary data"
    if any(line[:2] in ("X:", "K:") for line in text.splitlines()):
        return "ABC"
    return "text" if text else "blank text"


_MAGIC = {
    b"RIFF": "RIFF audio or video",
    b"ID3": "MP3 audio",
    b"OggS": "Ogg audio",
    b"fLaC": "FLAC audio",
    b"%PDF": "PDF",
    b"\x89PNG": "a PNG picture",
    b"\xff\xd8\xff": "a JPEG picture",
    b"\x1f\x8b": "gzip",
}


def can_hear() -> bool:
    """Whether recordings can be read: whether what the extra `transcribe` brings is installed."""
    return all(importlib.util.find_spec(name) for name in ("onnxruntime", "soundfile"))


def check_there(path: Path) -> None:
    """Raise unless the path is a file, or a tune in a book."""
    try:
        is_file = books.is_there(path)
        is_folder = not is_file and path.is_dir()
        is_there = is_file or is_folder or path.exists()
    except OSError as error:
        raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    if is_folder:
        raise FileError(path, "expected a file, found a folder")
    if not is_there:
        raise FileError(path, "no such file")
    if not is_file:
        raise FileError(path, "expected a file, found a device or pipe")
