"""The fonts that turn an engraved page into pixels.

Verovio carries its music font (Leipzig) and a text font (Liberation Serif) as compressed web fonts inside style sheets.
They are unpacked once into the user's cache folder, so that a picture looks the same on every computer and no system
font is needed. Neither font has Chinese, Japanese or Korean characters.
"""

from __future__ import annotations

import atexit
import base64
import io
import re
import shutil
import tempfile
from functools import cache
from pathlib import Path

from credo.io.atomic import write_bytes

#: The family name of the text font.
TEXT_FAMILY = "Liberation Serif"

_STYLE_SHEETS = ("Leipzig", "Liberation")
_FONT_DATA = re.compile(r"base64,\s*([A-Za-z0-9+/=]+)")


def notation_fonts() -> list[Path]:
    """The font files, unpacked if they are not in the cache yet.

    Where the cache cannot be written, they are unpacked for this process alone.

    Raises:
        ImportError: verovio, fontTools or brotli is not installed.
        FileError: they can be written nowhere.
    """
    import platformdirs
    import verovio

    data = Path(verovio.__file__).parent / "data"
    version = verovio.toolkit(False).getVersion().split("-")[0]
    try:
        return _unpacked(data, platformdirs.user_cache_path("credo") / "fonts" / f"verovio-{version}")
    except OSError:
        return _unpacked(data, _folder_of_this_process())


def _unpacked(data: Path, folder: Path) -> list[Path]:
    """The fonts of Verovio's data folder as files in a folder."""
    fonts = []
    for name in _STYLE_SHEETS:
        faces = _FONT_DATA.findall((data / f"{name}.css").read_text(encoding="utf-8"))
        for face, encoded in enumerate(faces):
            path = folder / f"{name}-{face}.ttf"
            if not path.is_file():
                _unpack(base64.b64decode(encoded), path)
            fonts.append(path)
    return fonts


def _unpack(web_font: bytes, path: Path) -> None:
    """Write a web font (WOFF2) as TrueType."""
    import brotli  # noqa: F401  (fontTools needs it and would say so in a message of its own)
    from fontTools.ttLib import TTFont

    font = TTFont(io.BytesIO(web_font))
    font.flavor = None
    content = io.BytesIO()
    font.save(content)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_bytes(path, content.getvalue())


@cache
def _folder_of_this_process() -> Path:
    """A folder that goes when the process ends."""
    folder = Path(tempfile.mkdtemp(prefix="credo-fonts-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder
