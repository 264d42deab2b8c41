"""Sound files with what games and editors read beside the sound: the loop, marks with names, and what the piece is.

- WAV: 24 bits; `smpl` holds the loop, `cue ` and `LIST adtl` the marks and their names, `LIST INFO` title and the like.
  They stand after the sound, where readers that do not know them come to no harm.
- Ogg Vorbis: comments, LOOPSTART and LOOPLENGTH (in frames) before all others, since some engines read only a few.
- FLAC: 24 bits and the same comments.

A loop is given as its first frame and the frame after its last one. Text is UTF-8.

References: Multimedia Programming Interface and Data Specifications 1.0 (IBM and Microsoft, 1991) for RIFF; its New
Multimedia Data Types and Data Techniques 3.0 (1994) for `smpl`; Xiph's page on chapters in Vorbis comments.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from credo.errors import UsageError
from credo.io.atomic import write_bytes
from credo.rendering.sound.comments import flac_with_comments, ogg_with_comments
from credo.rendering.sound.encode import encode_sound

#: What can be told of a piece: the name here, that of RIFF, and that of Vorbis comments.
INFO = {
    "title": ("INAM", "TITLE"),
    "artist": ("IART", "ARTIST"),
    "software": ("ISFT", "ENCODER"),
    "comment": ("ICMT", "COMMENT"),
    "copyright": ("ICOP", "COPYRIGHT"),
    "genre": ("IGNR", "GENRE"),
    "date": ("ICRD", "DATE"),
}
#: Names of the marks that a loop gets in a WAV file, at its first and at its last frame.
LOOP_MARKS = ("loop start", "loop end")

_HALF = 1 << 23  # of the range of 24 bits
_MIDDLE_C = 60
_MOST_BYTES = (1 << 32) - 1

Loop = tuple[int, int]
Marks = Sequence[tuple[int, str]]


def write_wav(
    path: str | Path,
    samples: np.ndarray,
    rate: int,
    *,
    loop: Loop | None = None,
    marks: Marks = (),
    info: Mapping[str, str] | None = None,
) -> None:
    """Write a 24-bit WAV file, whole or not at all.

    Args:
        path: where to; a file of that name is replaced.
        samples: shape (frames, channels), integers of 24 bits, one or two channels.
        rate: frames a second.
        loop: first frame of what is repeated without end, and the frame after its last one.
        marks: frame and name of hits, sections and the like; a mark may stand at the end, after the last frame.
        info: what is told of the piece, under names of `INFO`.

    Raises:
        UsageError: samples, loop, marks or info are not as described, or 4 GB are not enough.
        FileError: the file cannot be written; nothing is left behind.
    """
    samples = _checked(samples, loop, marks)
    tags = _tags(info)
    channels = samples.shape[1]
    width = 3 * channels
    if len(samples) * width > _MOST_BYTES - (1 << 20):
        raise UsageError(f"{path}: expected at most 4 GB of sound, got {len(samples) * width / 1e9:.1f} GB")
    named = [*marks, *zip((loop[0], loop[1] - 1), LOOP_MARKS, strict=True)] if loop else list(marks)
    named.sort(key=lambda mark: mark[0])
    chunks = [
        _chunk(b"fmt ", struct.pack("<HHIIHH", 1, channels, rate, rate * width, width, 24)),
        _chunk(b"data", samples.view(np.uint8).reshape(-1, 4)[:, :3].tobytes()),
    ]
    if loop:
        chunks.append(_chunk(b"smpl", _sampler(loop, rate)))
    if named:
        points = b"".join(
            struct.pack("<II4sIII", number, frame, b"data", 0, 0, frame)
            for number, (frame, _) in enumerate(named, start=1)
        )
        labels = b"".join(
            _chunk(b"labl", struct.pack("<I", number) + _text(name)) for number, (_, name) in enumerate(named, start=1)
        )
        chunks += [_chunk(b"cue ", struct.pack("<I", len(named)) + points), _chunk(b"LIST", b"adtl" + labels)]
    if tags:
        texts = b"".join(_chunk(INFO[name][0].encode(), _text(value)) for name, value in tags)
        chunks.append(_chunk(b"LIST", b"INFO" + texts))
    body = b"WAVE" + b"".join(chunks)
    write_bytes(path, b"RIFF" + struct.pack("<I", len(body)) + body)


def write_ogg(
    path: str | Path,
    samples: np.ndarray,
    rate: int,
    *,
    loop: Loop | None = None,
    marks: Marks = (),
    info: Mapping[str, str] | None = None,
) -> None:
    """Write an Ogg Vorbis file, whole or not at all. It has exactly as many frames as the samples.

    RPG Maker reads a loop only while all comments together are shorter than about 255 letters: give such a file a
    title and no marks.

    Args:
        path: where to; a file of that name is replaced.
        samples: shape (frames, channels), integers of 24 bits, one or two channels.
        rate: frames a second.
        loop: first frame of what is repeated without end, and the frame after its last one.
        marks: frame and name; written as chapters, in thousandths of a second.
        info: what is told of the piece, under names of `INFO`.

    Raises:
        UsageError: samples, loop, marks or info are not as described.
        MissingExtraError: soundfile is not installed.
        FileError: the file cannot be written; nothing is left behind.
    """
    samples = _checked(samples, loop, marks)
    comments = _comments(rate, loop, marks, info)
    write_bytes(path, ogg_with_comments(encode_sound(samples << 8, rate, ".ogg"), comments))


def write_flac(
    path: str | Path,
    samples: np.ndarray,
    rate: int,
    *,
    loop: Loop | None = None,
    marks: Marks = (),
    info: Mapping[str, str] | None = None,
) -> None:
    """Write a 24-bit FLAC file, whole or not at all; the comments are those of `write_ogg`.

    Args:
        path: where to; a file of that name is replaced.
        samples: shape (frames, channels), integers of 24 bits, one or two channels.
        rate: frames a second.
        loop: first frame of what is repeated without end, and the frame after its last one.
        marks: frame and name; written as chapters, in thousandths of a second.
        info: what is told of the piece, under names of `INFO`.

    Raises:
        UsageError: samples, loop, marks or info are not as described.
        MissingExtraError: soundfile is not installed.
        FileError: the file cannot be written; nothing is left behind.
    """
    samples = _checked(samples, loop, marks)
    comments = _comments(rate, loop, marks, info)
    write_bytes(path, flac_with_comments(encode_sound(samples << 8, rate, ".flac"), comments))


def _checked(samples: np.ndarray, loop: Loop | None, marks: Marks) -> np.ndarray:
    """The samples as int32 in one piece of memory, once all is seen to be as described."""
    is_sound = samples.ndim == 2 and len(samples) and samples.shape[1] in (1, 2)
    if not (is_sound and np.issubdtype(samples.dtype, np.integer)):
        raise UsageError(
            "sound file: expected integers of 24 bits, shape (1 or more frames, 1 or 2 channels), "
            f"got {samples.dtype} of shape {samples.shape}"
        )
    frames = len(samples)
    if not (samples.min() >= -_HALF and samples.max() < _HALF):
        raise UsageError(f"sound file: expected samples of 24 bits, got {samples.min()}..{samples.max()}")
    if loop and not 0 <= loop[0] < loop[1] <= frames:
        raise UsageError(f"loop: expected 0 <= start < end <= {frames} frames, got {loop[0]} and {loop[1]}")
    for frame, name in marks:
        if not 0 <= frame <= frames:
            raise UsageError(f"mark {name!r}: expected a frame of 0..{frames}, got {frame}")
    return np.ascontiguousarray(samples, "<i4")


def _tags(info: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """What is told, in the order of `INFO`."""
    for name in info or {}:
        if name not in INFO:
            raise UsageError(f"info: expected {', '.join(INFO)}, got {name!r}")
    return [(name, info[name]) for name in INFO if info and info.get(name)]


def _comments(rate: int, loop: Loop | None, marks: Marks, info: Mapping[str, str] | None) -> list[tuple[str, str]]:
    """Vorbis comments, the loop first."""
    comments = [("LOOPSTART", str(loop[0])), ("LOOPLENGTH", str(loop[1] - loop[0]))] if loop else []
    comments += [(INFO[name][1], value) for name, value in _tags(info)]
    for number, (frame, name) in enumerate(sorted(marks, key=lambda mark: mark[0]), start=1):
        seconds, thousandths = divmod(round(1000 * frame / rate), 1000)
        clock = f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}.{thousandths:03}"
        comments += [(f"CHAPTER{number:03}", clock), (f"CHAPTER{number:03}NAME", name)]
    return comments


def _sampler(loop: Loop, rate: int) -> bytes:
    """The body of `smpl`: one loop, forwards, without end. Its last frame is part of the loop."""
    header = struct.pack("<9I", 0, 0, round(1e9 / rate), _MIDDLE_C, 0, 0, 0, 1, 0)
    return header + struct.pack("<6I", 0, 0, loop[0], loop[1] - 1, 0, 0)


def _chunk(name: bytes, body: bytes) -> bytes:
    """A chunk, filled up to an even length, which its size does not count."""
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)


def _text(text: str) -> bytes:
    return text.replace("\0", " ").encode() + b"\0"
