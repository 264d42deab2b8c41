"""ABC notation; of a book, the first tune (see `credo.io.books`).

The notes are read by the ABC reader that symusic carries, a C program that prints to the terminal and may fail hard; it
runs in a child process with a time limit, unless the caller is such a process already. It plays repeats out, and
accompaniment from chord symbols, stress accents and grace notes are switched off.

Reference: C. Walshaw, The ABC music standard 2.1, 2011.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

from credo.errors import FormatError
from credo.io import midi
from credo.io.books import split_tunes, text_of
from credo.music.score import Note, Score

_TIMEOUT_SECONDS = 20
_KEY_LINE = re.compile(r"^K:.*$", re.MULTILINE)
_GRACE = re.compile(r"\{[^}\n]*\}")
_COMMENT = re.compile(r"%.*$", re.MULTILINE)
_FIRST_BAR = re.compile(r"\s*(?:\[?\|[\]:|]?|:)*\s*")
_UNSEEN_BAR = re.compile(r"\[\|\](\s*(?=:?\|))?")
_NAMED_ENDING = re.compile(r'\[(?="[^"\n]*"[^\]\n]*\|)')
_PLAIN_PLAYING = "%%MIDI nobeataccents\n%%MIDI chordattack 0\n%%MIDI gchordoff"

#: Reads pairs of arguments: an ABC file, and the MIDI file to write of it. Nothing of Credo is imported.
_CHILD = """
import sys
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (4 << 30, 4 << 30))
except (ImportError, ValueError, OSError):
    pass
import symusic
for source, target in zip(sys.argv[1::2], sys.argv[2::2]):
    with open(source, encoding="utf-8") as file:
        score = symusic.Score.from_abc(file.read())
    with open(target, "wb") as file:
        file.write(score.dumps_midi())
"""


def parse(data: bytes, path: str | Path, *, isolated: bool = False) -> tuple[Score, list[str]]:
    """Read the first tune of an ABC file.

    Args:
        data: the whole file, in UTF-8 or Latin-1.
        path: where it came from, for messages.
        isolated: whether this process is a silenced one with limits of its own, which a damaged file may take down;
            then no other is started, which is many times as fast.

    Returns:
        The score, and remarks on what the file holds that a score does not.

    Raises:
        FormatError: there is no tune, or it cannot be read, or it holds no notes.
    """
    path = Path(path)
    tunes = split_tunes(text_of(data))
    if not tunes:
        raise FormatError(path, "ABC: expected a tune that starts with X:, found none")
    tune = tunes[0]
    key_line = _KEY_LINE.search(tune)
    if not key_line:
        raise FormatError(path, "ABC: expected a K: line with the key, found none")
    header, music = tune[: key_line.end()], tune[key_line.end() :]
    plain, graces = _GRACE.subn("", music)
    plain = _plain_bars(plain)
    header = f"{header}\n{_PLAIN_PLAYING}"
    first_bar = _first_bar(plain) if not re.search(r"^\[?V:", tune, re.MULTILINE) else ""
    convert = _convert_here if isolated else _convert
    whole, opening = convert([header + plain, f"{header}\n{first_bar or 'z'}|\n"], path)
    score = _mend(midi.parse(whole, path)[0])
    if first_bar:
        score = _with_pickup(score, opening, path)
    score = replace(score, title=_field(header, "T"), composer=_field(header, "C"))
    remarks = []
    if len(tunes) > 1:
        remarks.append(f"{len(tunes) - 1} further tunes of the book were left out (credo info names them)")
    if graces:
        remarks.append(f"{graces} groups of grace notes were left out")
    return score, remarks


def _plain_bars(music: str) -> str:
    """Music without the bar lines `[|]`, which print nothing, and endings `["last time"`: the reader takes their
    brackets for chords.
    """
    music = _UNSEEN_BAR.sub(lambda match: "" if match[1] is not None else "|", music)
    return _NAMED_ENDING.sub("", music)


def _convert(tunes: list[str], path: Path) -> list[bytes]:
    """MIDI files of ABC texts, made in a child process; an empty one where a later text gives none."""
    with tempfile.TemporaryDirectory(prefix="credo-abc-") as folder:
        arguments = []
        for number, tune in enumerate(tunes):
            source, target = Path(folder, f"{number}.abc"), Path(folder, f"{number}.mid")
            source.write_text(tune, encoding="utf-8")
            target.write_bytes(b"")
            arguments += [str(source), str(target)]
        try:
            subprocess.run(
                [sys.executable, "-P", "-c", _CHILD, *arguments],
                timeout=_TIMEOUT_SECONDS,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd=folder,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise FormatError(path, f"ABC: reading it took more than {_TIMEOUT_SECONDS} seconds") from None
        converted = [Path(target).read_bytes() for target in arguments[1::2]]
    if not converted[0]:
        raise FormatError(path, "ABC: the first tune cannot be read")
    return converted


def _convert_here(tunes: list[str], path: Path) -> list[bytes]:
    """As `_convert`, in this process."""
    import symusic

    converted = []
    for tune in tunes:
        try:
            converted.append(symusic.Score.from_abc(tune).dumps_midi())
        except Exception as error:
            if not converted:
                raise FormatError(path, "ABC: the first tune cannot be read") from error
            converted.append(b"")
    return converted


def _mend(score: Score) -> Score:
    """Undo how the reader plays: each note one tick late and ending where it should, and no loudness given."""
    tick = Fraction(1, 480)
    parts = []
    for part in score.parts:
        notes = [Note(max(note.onset - tick, Fraction(0)), note.pitch, note.duration + tick) for note in part.notes]
        parts.append(replace(part, notes=tuple(sorted(notes)), channel=None))
    length = max(part.end for part in parts)
    return replace(score, parts=tuple(parts), timeline=replace(score.timeline, length=length))


def _with_pickup(score: Score, opening: bytes, path: Path) -> Score:
    """The score with an upbeat, if what stands before the first barline is shorter than a bar."""
    try:
        length = _mend(midi.parse(opening, path)[0]).timeline.length
    except FormatError:
        return score
    is_short = length < score.timeline.metre_at(Fraction(0)).bar
    return replace(score, timeline=replace(score.timeline, pickup=length)) if is_short else score


def _first_bar(music: str) -> str:
    """What stands before the first barline that has music before it."""
    plain = _COMMENT.sub("", music)
    plain = plain[_FIRST_BAR.match(plain).end() :]
    return re.sub(r'"[^"\n]*"', "", plain).partition("|")[0].strip().rstrip(":[")


def _field(header: str, name: str) -> str:
    """The first field of a name, on one line."""
    match = re.search(rf"^{name}:(.*)$", header, re.MULTILINE)
    return " ".join(match[1].split()) if match else ""
