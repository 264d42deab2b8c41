"""Samples to the bytes of a sound file.

The same samples give the same bytes. Files are encoded in memory, so that a full disk meets plain Python writing.
"""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np

from credo.errors import CredoError, MissingExtraError, UsageError

#: Suffix of a sound file to libsndfile's names of the container and of the coding inside.
SOUND_FORMATS = {
    ".wav": ("WAV", "PCM_24"),
    ".flac": ("FLAC", "PCM_24"),
    ".ogg": ("OGG", "VORBIS"),
    ".mp3": ("MP3", "MPEG_LAYER_III"),
}

_BLOCK_FRAMES = 4096
_REVERSED_BITS = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


def check_sound_suffix(suffix: str) -> str:
    """The suffix in small letters.

    Raises:
        UsageError: sound cannot be written to such a file.
    """
    if suffix.lower() not in SOUND_FORMATS:
        raise UsageError(f"sound file: expected a name ending in {', '.join(SOUND_FORMATS)}, got {suffix!r}")
    return suffix.lower()


def encode_sound(samples: np.ndarray, rate: int, suffix: str) -> bytes:
    """A sound file in memory: 24-bit .wav and .flac, Ogg Vorbis, or mp3.

    Args:
        samples: shape (frames, channels), floats of -1..1, or int32 whose highest bits are the sound.
        rate: frames a second; mp3 takes 48 000 at most.
        suffix: `.wav`, `.flac`, `.ogg` or `.mp3`.

    Raises:
        UsageError: the suffix is none of these.
        MissingExtraError: soundfile is not installed.
    """
    container, coding = SOUND_FORMATS[check_sound_suffix(suffix)]
    try:
        import soundfile
    except (ImportError, OSError) as error:  # an OSError where libsndfile itself is missing
        raise MissingExtraError("Sound", "audio") from error
    file = io.BytesIO()
    try:
        with soundfile.SoundFile(file, "w", rate, samples.shape[1], coding, format=container) as writer:
            # Blocks, because libsndfile's Ogg coder overflows its stack on one long array.
            for start in range(0, len(samples), _BLOCK_FRAMES):
                writer.write(samples[start : start + _BLOCK_FRAMES])
    except (soundfile.SoundFileError, AssertionError) as error:
        raise CredoError(f"sound: {container} could not be encoded: {error}") from error
    return _with_fixed_serial(file.getvalue()) if container == "OGG" else file.getvalue()


def _with_fixed_serial(ogg: bytes) -> bytes:
    """The same Ogg stream with serial number 1, where libsndfile drew one from the clock.

    A page (RFC 3533, section 6) is a header of 27 bytes, with the serial number at 14 and the checksum at 22, then a
    table of segment lengths, then the segments.
    """
    pages = bytearray(ogg)
    start = 0
    while pages[start : start + 4] == b"OggS":
        table = start + 27
        body = table + pages[start + 26]
        end = body + sum(pages[table:body])
        struct.pack_into("<I", pages, start + 14, 1)
        struct.pack_into("<I", pages, start + 22, 0)
        struct.pack_into("<I", pages, start + 22, ogg_checksum(bytes(pages[start:end])))
        start = end
    return bytes(pages)


def ogg_checksum(page: bytes) -> int:
    """The CRC-32 of Ogg: zlib's polynomial, highest bit first, starting from 0 and not inverted at the end."""
    mirrored = zlib.crc32(page.translate(_REVERSED_BITS), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)
