"""Standard MIDI Files as bytes: chunks, events and variable-length numbers.

Nothing is allocated on the word of a file: every length is checked against the bytes that are there.

Reference: MIDI Manufacturers Association, Standard MIDI Files 1.0 (RP-001), 1996.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from credo.errors import FormatError

NOTE_OFF, NOTE_ON, CONTROL, PROGRAM, SYSEX, ESCAPE, META = 0x80, 0x90, 0xB0, 0xC0, 0xF0, 0xF7, 0xFF
TEXT, TRACK_NAME, MARKER, END_OF_TRACK = 0x01, 0x03, 0x06, 0x2F
SET_TEMPO, TIME_SIGNATURE, KEY_SIGNATURE = 0x51, 0x58, 0x59

#: The channel of drums, counted from 0.
DRUM_CHANNEL = 9
#: The controller by which RPG Maker and others know where a loop starts.
LOOP_START = 111
#: What begins the text event that names the composer, for want of a kind of its own.
COMPOSER = "Composer: "

#: Data bytes after each system message that may stand in a damaged or streamed file.
_SYSTEM_SIZES = {0xF1: 1, 0xF2: 2, 0xF3: 1}

#: Tick, status byte, first data byte (or the type of a meta event), second data byte (or a meta event's payload).
Event = tuple[int, int, int, "int | bytes"]


@dataclass(frozen=True, slots=True)
class Chunks:
    """A MIDI file taken apart.

    Attributes:
        format: 0 (one track) or 1 (tracks that sound together).
        tpq: ticks a quarter note.
        tracks: the bytes of each track.
    """

    format: int
    tpq: int
    tracks: tuple[bytes, ...]


def split_chunks(data: bytes, path: Path) -> Chunks:
    """Take a MIDI file apart into its tracks.

    Args:
        data: the whole file; a RIFF wrapper around it (.rmi) is taken off.
        path: where it came from, for messages.

    Raises:
        FormatError: no MIDI file, a damaged one, or one that counts in seconds rather than in quarters.
    """
    if data[:4] == b"RIFF" and data[8:12] == b"RMID":
        data = data[max(data.find(b"MThd"), 0) :]
    if data[:4] != b"MThd":
        raise FormatError(path, "expected a MIDI file that starts with MThd")
    if len(data) < 14:
        raise FormatError(path, f"MIDI header is cut short: expected 14 bytes, got {len(data)}")
    header_size, file_format, promised, division = struct.unpack(">IHHh", data[4:14])
    if header_size < 6 or header_size > len(data) - 8:
        raise FormatError(path, f"MIDI header: expected 6 bytes, got a header that claims {header_size}")
    if file_format not in (0, 1):
        raise FormatError(path, f"MIDI format: expected 0 or 1, got {file_format}")
    if division <= 0:
        kind = "0 ticks a quarter" if division == 0 else "SMPTE time in seconds"
        raise FormatError(path, f"MIDI division: expected ticks a quarter, got {kind}")
    tracks, here = [], 8 + header_size
    while here + 8 <= len(data):
        name, size = data[here : here + 4], int.from_bytes(data[here + 4 : here + 8], "big")
        here += 8
        if name == b"MTrk":
            if here + size > len(data):
                raise FormatError(path, f"track is cut short: expected {size} bytes, got {len(data) - here}")
            tracks.append(data[here : here + size])
        here += size
    if len(tracks) < promised:
        raise FormatError(path, f"MIDI file is cut short: expected {promised} tracks, got {len(tracks)}")
    return Chunks(file_format, division, tuple(tracks))


def read_events(track: bytes, path: Path) -> Iterator[Event]:
    """The channel and meta events of a track, in order; the end of the track is the last one.

    Args:
        track: the bytes of one track.
        path: where it came from, for messages.

    Raises:
        FormatError: the track is damaged.
    """
    tick = status = here = 0
    size = len(track)
    try:
        while here < size:
            delta, here = _read_number(track, here)
            tick += delta
            byte = track[here]
            if byte < 0x80:
                if not status:
                    raise ValueError("an event without a status byte")
            else:
                here += 1
                if byte < 0xF0:
                    status = byte
                else:
                    status = 0
                    if byte in (META, SYSEX, ESCAPE):
                        kind = 0
                        if byte == META:
                            kind, here = track[here], here + 1
                        length, here = _read_number(track, here)
                        if here + length > size:
                            raise ValueError("an event is cut short")
                        if byte == META:
                            yield tick, META, kind, track[here : here + length]
                            if kind == END_OF_TRACK:
                                return
                        here += length
                    else:
                        here += _SYSTEM_SIZES.get(byte, 0)
                    continue
            first = track[here]
            second = 0
            here += 1
            if status & 0xE0 != 0xC0:
                second = track[here]
                here += 1
            if (first | second) & 0x80:
                raise ValueError("a data byte above 127")
            yield tick, status, first, second
    except IndexError:
        raise FormatError(path, "MIDI track is damaged: an event is cut short") from None
    except ValueError as error:
        raise FormatError(path, f"MIDI track is damaged at its byte {here}: {error}") from None
    yield tick, META, END_OF_TRACK, b""


def join_chunks(tpq: int, tracks: Iterable[Iterable[tuple[int, bytes]]]) -> bytes:
    """A MIDI file of format 1.

    Args:
        tpq: ticks a quarter note.
        tracks: each track's events in order, each a tick and the bytes of the event.
    """
    chunks = []
    for events in tracks:
        body, here = bytearray(), 0
        for tick, event in events:
            body += _number(tick - here)
            body += event
            here = tick
        chunks.append(b"MTrk" + struct.pack(">I", len(body)) + bytes(body))
    return b"MThd" + struct.pack(">IHHH", 6, 1, len(chunks), tpq) + b"".join(chunks)


def meta(kind: int, payload: bytes = b"") -> bytes:
    """The bytes of a meta event."""
    return bytes((META, kind)) + _number(len(payload)) + payload


def _read_number(track: bytes, here: int) -> tuple[int, int]:
    """A variable-length number of at most four bytes, and the place after it."""
    byte = track[here]
    if byte < 0x80:
        return byte, here + 1
    value = byte & 0x7F
    for place in range(here + 1, here + 4):
        byte = track[place]
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            return value, place + 1
    raise ValueError("a number of more than four bytes")


def _number(value: int) -> bytes:
    """A number as MIDI writes it, seven bits a byte, the highest first."""
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))
