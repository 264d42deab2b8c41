"""MIDI files put together by hand."""

import struct


def number(value: int) -> bytes:
    out = [value & 0x7F]
    while value := value >> 7:
        out.append(value & 0x7F | 0x80)
    return bytes(reversed(out))


def track(*events: bytes) -> bytes:
    body = b"".join(events) + b"\x00\xff\x2f\x00"
    return b"MTrk" + struct.pack(">I", len(body)) + body


def midi_file(*tracks: bytes, file_format: int = 1, promised: int | None = None, division: int = 96) -> bytes:
    header = struct.pack(">IHHH", 6, file_format, len(tracks) if promised is None else promised, division & 0xFFFF)
    return b"MThd" + header + b"".join(tracks)


def note(pitch: int = 60, ticks: int = 96, channel: int = 0, velocity: int = 80) -> bytes:
    on = bytes((0, 0x90 | channel, pitch, velocity))
    return on + number(ticks) + bytes((0x80 | channel, pitch, 0))
