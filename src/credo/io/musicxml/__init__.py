"""MusicXML, plain and compressed: `parse` reads, `to_musicxml` writes, `compress` packs."""

from __future__ import annotations

from credo.io.musicxml.container import compress
from credo.io.musicxml.reader import parse
from credo.io.musicxml.writer import to_musicxml

__all__ = ["compress", "parse", "to_musicxml"]
