"""The zip archive around compressed MusicXML (.mxl), and XML that is safe to parse."""

from __future__ import annotations

import io
import zipfile
import zlib
from pathlib import Path
from typing import TYPE_CHECKING

from defusedxml import DefusedXmlException, ElementTree

from credo.errors import FormatError

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

#: Most bytes that an archive's score may unpack to, and most tags that it may have.
MAX_UNPACKED_BYTES = 50_000_000
MAX_TAGS = 2_500_000

_CONTAINER = "META-INF/container.xml"
_CHUNK_BYTES = 1 << 16
_EPOCH = (1980, 1, 1, 0, 0, 0)
_BAD_ZIP = (zipfile.BadZipFile, zlib.error, EOFError, KeyError, NotImplementedError, RuntimeError, OSError, ValueError)


def read_tree(data: bytes, path: Path) -> Element:
    """The root element of a MusicXML document.

    Args:
        data: the document, or an archive that holds it.
        path: where it came from, for messages.

    Raises:
        FormatError: the archive or the XML is damaged or too large, or declares entities.
    """
    if data.startswith(b"PK\x03\x04"):
        data = _unpack(data, path)
    return _parse(data, path)


def compress(document: bytes) -> bytes:
    """A compressed MusicXML file (.mxl) of a document; the same document always gives the same bytes."""
    container = (
        b'<?xml version="1.0" encoding="UTF-8"?>\n<container><rootfiles>'
        b'<rootfile full-path="score.musicxml" media-type="application/vnd.recordare.musicxml+xml"/>'
        b"</rootfiles></container>\n"
    )
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in ((_CONTAINER, container), ("score.musicxml", document)):
            archive.writestr(zipfile.ZipInfo(name, _EPOCH), content, zipfile.ZIP_DEFLATED)
    return packed.getvalue()


def _unpack(data: bytes, path: Path) -> bytes:
    """The document that an archive's container points at; what the archive says of its sizes is not believed."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as archive:
            names = archive.namelist()
            name = None
            if _CONTAINER in names:
                rootfile = _parse(_read_entry(archive, _CONTAINER, path), path).find(".//{*}rootfile")
                name = rootfile.get("full-path") if rootfile is not None else None
            else:
                name = next((n for n in names if n.lower().endswith((".xml", ".musicxml"))), None)
            if name not in names:
                raise FormatError(path, "compressed MusicXML: the archive holds no score")
            return _read_entry(archive, name, path)
    except FormatError:
        raise
    except _BAD_ZIP as error:
        raise FormatError(path, f"compressed MusicXML: the archive is damaged ({_line(error)})") from error


def _read_entry(archive: zipfile.ZipFile, name: str, path: Path) -> bytes:
    """One file of an archive, read in pieces so that it cannot unpack to more than is allowed."""
    unpacked = bytearray()
    with archive.open(name) as entry:
        while chunk := entry.read(_CHUNK_BYTES):
            unpacked += chunk
            if len(unpacked) > MAX_UNPACKED_BYTES:
                limit = MAX_UNPACKED_BYTES // 1_000_000
                raise FormatError(path, f"compressed MusicXML: expected at most {limit} MB unpacked, got more")
    return bytes(unpacked)


def _parse(data: bytes, path: Path) -> Element:
    """The root element of a document without entities."""
    if data.count(b"<") > MAX_TAGS:
        raise FormatError(path, f"expected at most {MAX_TAGS} XML tags, got more")
    try:
        return ElementTree.fromstring(data)
    except DefusedXmlException as error:
        raise FormatError(path, "expected XML without entities, got a document that declares them") from error
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise FormatError(path, f"XML is damaged: {_line(error)}") from error


def _line(error: BaseException) -> str:
    """An exception's message on one line."""
    return " ".join(str(error).split()) or type(error).__name__
