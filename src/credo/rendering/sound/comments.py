"""Vorbis comments, the tags of Ogg Vorbis and FLAC files, put into files that others have encoded.

A comment is NAME=value in UTF-8. libsndfile can write only some names, and not in an order of ours; here the packet is
written anew and everything else stays as it is.

References: Vorbis I specification, section 5 (comments); RFC 3533 (Ogg pages); RFC 9639, section 8 (FLAC metadata).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from credo.rendering.sound.encode import ogg_checksum

_PAGE = struct.Struct("<4sBBqIIIB")  # magic, version, flags, granule, serial, number, checksum, count of segments
_CONTINUED = 1
_SEGMENT = 255  # bytes of a segment that goes on, and segments of a page
_COMMENT_PACKET = b"\x03vorbis"
_FLAC_COMMENT, _FLAC_LAST = 4, 0x80


@dataclass(frozen=True, slots=True)
class _Page:
    """A page of an Ogg stream: lacing values (the sizes of its segments) and what they hold."""

    flags: int
    granule: int
    serial: int
    lacing: bytes
    body: bytes

    def written(self, number: int) -> bytes:
        """Its bytes, as the page of this number in its stream."""
        fields = [b"OggS", 0, self.flags, self.granule, self.serial, number, 0, len(self.lacing)]
        fields[6] = ogg_checksum(_PAGE.pack(*fields) + self.lacing + self.body)
        return _PAGE.pack(*fields) + self.lacing + self.body


def ogg_with_comments(ogg: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """An Ogg Vorbis stream with these comments instead of its own.

    The second of the three packets at its start is replaced; the pages of the second and third are cut anew, and the
    pages that follow get other numbers.

    Args:
        ogg: one logical stream, in which sound begins on a page of its own.
        comments: names and values, in this order.
    """
    pages = list(_pages(ogg))
    packets, read = [b""], 1  # the first page holds the first packet alone
    while len(packets) < 3:  # comment, setup, and an empty one where the second has ended
        here = 0
        for size in pages[read].lacing:
            packets[-1] += pages[read].body[here : here + size]
            here += size
            if size < _SEGMENT:
                packets.append(b"")
        read += 1
    after = len(_COMMENT_PACKET) + 4
    vendor = packets[0][after : after + int.from_bytes(packets[0][after - 4 : after], "little")]
    comment = _COMMENT_PACKET + _block(vendor, comments) + b"\x01"
    headers = _cut([comment, packets[1]], pages[0].serial)
    return b"".join(page.written(number) for number, page in enumerate([pages[0], *headers, *pages[read:]]))


def flac_with_comments(flac: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """A FLAC file with these comments instead of its own.

    Args:
        flac: the file.
        comments: names and values, in this order.
    """
    here, blocks, vendor, is_last = 4, [], b"", False
    while not is_last:
        kind, size = flac[here] & 0x7F, int.from_bytes(flac[here + 1 : here + 4], "big")
        is_last = bool(flac[here] & _FLAC_LAST)
        content = flac[here + 4 : here + 4 + size]
        here += 4 + size
        if kind == _FLAC_COMMENT:
            vendor = content[4 : 4 + int.from_bytes(content[:4], "little")]
        else:
            blocks.append((kind, content))
    blocks.append((_FLAC_COMMENT, _block(vendor, comments)))
    out = [flac[:4]]
    for number, (kind, content) in enumerate(blocks, start=1):
        out.append(bytes((kind | (_FLAC_LAST if number == len(blocks) else 0),)) + len(content).to_bytes(3, "big"))
        out.append(content)
    return b"".join([*out, flac[here:]])


def _block(vendor: bytes, comments: Sequence[tuple[str, str]]) -> bytes:
    """The vendor of the encoder and the comments, each with its length before it."""
    texts = [f"{name}={value}".encode() for name, value in comments]
    counted = b"".join(struct.pack("<I", len(text)) + text for text in texts)
    return struct.pack("<I", len(vendor)) + vendor + struct.pack("<I", len(texts)) + counted


def _pages(ogg: bytes) -> Iterator[_Page]:
    here = 0
    while here < len(ogg):
        _, _, flags, granule, serial, _, _, count = _PAGE.unpack_from(ogg, here)
        body = here + _PAGE.size + count
        lacing = ogg[here + _PAGE.size : body]
        here = body + sum(lacing)
        yield _Page(flags, granule, serial, lacing, ogg[body:here])


def _cut(packets: Sequence[bytes], serial: int) -> list[_Page]:
    """Pages that hold header packets one after the other; the position of their sound is 0, or -1 if none ends."""
    lacing = b"".join(
        bytes([_SEGMENT]) * (len(packet) // _SEGMENT) + bytes([len(packet) % _SEGMENT]) for packet in packets
    )
    body, pages, continued = b"".join(packets), [], False
    for start in range(0, len(lacing), _SEGMENT):
        sizes = lacing[start : start + _SEGMENT]
        ends = any(size < _SEGMENT for size in sizes)
        page = _Page(_CONTINUED if continued else 0, 0 if ends else -1, serial, sizes, body[: sum(sizes)])
        pages.append(page)
        body, continued = body[sum(sizes) :], sizes[-1] == _SEGMENT
    return pages
