"""Scores to printed music.

A piece is engraved on one page as tall as it needs, so that about sixty bars of four voices make one picture; what is
longer goes on to further pages.
"""

from __future__ import annotations

import re
from contextlib import ExitStack
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from credo.errors import CredoError, MissingExtraError, UsageError
from credo.io.atomic import atomic_path
from credo.io.musicxml import to_musicxml
from credo.music.score import Score
from credo.rendering.labels import one_line

if TYPE_CHECKING:
    import verovio

#: Pixels of a PNG for one unit of the page.
PNG_ZOOM = 0.75

_PAGE_WIDTH, _MIN_WIDTH, _PAGE_HEIGHT = 2100, 1200, 12_000  # Verovio's units, a tenth of a millimetre
_MARGIN, _HEADING = 60, 150
_TITLE_SIZE, _COMPOSER_SIZE = 68, 42
_SYSTEM = 'class="system"'
#: Tried where the last line of a page is left with less than this share of the others' bars; Verovio's own is 0.25.
_OTHER_SPACINGS, _FULL_ENOUGH = (0.27, 0.29, 0.23), 0.6
_OPTIONS = {
    "pageWidth": _PAGE_WIDTH,
    "pageHeight": _PAGE_HEIGHT,
    "adjustPageHeight": True,
    "adjustPageWidth": False,
    "pageMarginBottom": _MARGIN,
    "pageMarginLeft": _MARGIN,
    "pageMarginRight": _MARGIN,
    "breaks": "auto",
    "minLastJustification": 0.6,
    "header": "none",  # it would leave out the composer
    "footer": "none",
    "svgViewBox": True,
    "xmlIdSeed": 1,  # the same score gives the same file
}
_SIZE = re.compile(r'viewBox="0 0 (\d+) (\d+)')
#: What only a font of the system can have: from the CJK radicals on, musical symbols (private use) left out.
_EAST_ASIAN = re.compile("[\u2e80-\ud7ff\uf900-\U0010ffff]")


def engrave(score: Score, path: str | Path) -> list[Path]:
    """Write a score as printed music.

    Text in a PNG is set in a serif font that comes with Verovio. It has no Chinese, Japanese or Korean characters:
    titles in these need such a font on the system, and their characters are left out where there is none. An SVG
    leaves the choice to the program that shows it.

    Args:
        score: the piece.
        path: a name ending in .svg (to scale freely, transparent) or .png (white, 1575 pixels wide, less
            if it is but one short line). Files of that
            name are replaced.

    Returns:
        The files written: `path`, and for a piece longer than one tall page `name-2.png`, `name-3.png` and so on.

    Raises:
        UsageError: the name ends in something else, or the score has no parts.
        FileError: a file cannot be written; nothing is left behind.
        MissingExtraError: a library is not installed.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    if suffix not in (".svg", ".png"):
        raise UsageError(f"printed music: expected a name ending in .svg or .png, got {path.suffix!r}")
    pages = engrave_svg(score)
    contents = [page.encode() for page in pages] if suffix == ".svg" else [_png(page) for page in pages]
    paths = [path, *(path.with_stem(f"{path.stem}-{number}") for number in range(2, len(pages) + 1))]
    with ExitStack() as stack:  # no page appears before all of them are on the disk
        for page_path, content in zip(paths, contents, strict=True):
            stack.enter_context(atomic_path(page_path)).write_bytes(content)
    return paths


def engrave_as_one(score: Score, suffix: str) -> bytes:
    """A score as one picture, its pages one below the other.

    Args:
        score: the piece.
        suffix: `.svg` or `.png`, see `engrave`.

    Raises:
        UsageError: the suffix is another, or the score has no parts.
        MissingExtraError: a library is not installed.
    """
    if suffix not in (".svg", ".png"):
        raise UsageError(f"printed music: expected .svg or .png, got {suffix!r}")
    pages = engrave_svg(score)
    page = pages[0]
    if len(pages) > 1:
        sizes = [tuple(map(int, _SIZE.search(each).groups())) for each in pages]
        tops = [sum(height for _, height in sizes[:number]) for number in range(len(pages))]
        inner = [
            page[page.index("<svg") :].replace("<svg", f'<svg y="{top}" width="{width}" height="{height}"', 1)
            for page, top, (width, height) in zip(pages, tops, sizes, strict=True)
        ]
        box = f"0 0 {max(width for width, _ in sizes)} {sum(height for _, height in sizes)}"
        page = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}">{"".join(inner)}</svg>'
    return page.encode() if suffix == ".svg" else _png(page)


def engrave_svg(score: Score) -> list[str]:
    """The pages of a score as SVG documents.

    Raises:
        UsageError: the score has no parts.
        MissingExtraError: verovio is not installed.
    """
    if not score.parts:
        raise UsageError("printed music: expected a score with parts, got none")
    try:
        import verovio
    except ImportError as error:
        raise MissingExtraError("Engraving", "notation") from error
    verovio.enableLog(verovio.LOG_OFF)
    verovio.setDefaultResourcePath(str(Path(verovio.__file__).parent / "data"))  # each thread has a path of its own
    toolkit = verovio.toolkit()
    music = _bracketed(to_musicxml(score), score)
    heading = {"pageMarginTop": _MARGIN + (_HEADING if score.title or score.composer else 0)}
    pages = _lay_out(toolkit, music, **heading)
    fullness = _fullness_of_last_line(pages)
    if len(pages) == 1 and pages[0].count(_SYSTEM) == 1:
        # One line that does not fill the page: measure it, then make the page as wide.
        width = _width(_lay_out(toolkit, music, **heading, adjustPageWidth=True)[0])
        width = min(max(width, _MIN_WIDTH), _PAGE_WIDTH)
        pages = _lay_out(toolkit, music, **heading, pageWidth=width, minLastJustification=0, breaks="none")
    for spacing in _OTHER_SPACINGS if len(pages) == 1 else ():
        if fullness >= _FULL_ENOUGH:
            break
        others = _lay_out(toolkit, music, **heading, spacingLinear=spacing)
        if _fullness_of_last_line(others) > fullness:
            pages, fullness = others, _fullness_of_last_line(others)
    return [_with_heading(pages[0], score), *pages[1:]]


def _bracketed(music: str, score: Score) -> str:
    """A MusicXML document with a bracket before its parts, if they are a choir, strings or another such family."""
    families = {-1 if part.is_drums else part.program // 8 for part in score.parts}
    if len(score.parts) < 2 or len(families) > 1 or "<part-group" in music:
        return music
    start = '<part-group type="start" number="1"><group-symbol>bracket</group-symbol></part-group>'
    music = music.replace("<part-list>", f"<part-list>{start}", 1)
    return music.replace("</part-list>", '<part-group type="stop" number="1"/></part-list>', 1)


def _fullness_of_last_line(pages: list[str]) -> float:
    """Bars in the last line of music, as a share of the bars in the fullest line of its page."""
    bars = [line.count('class="measure"') for line in pages[-1].split(_SYSTEM)[1:]]
    return bars[-1] / max(bars) if bars else 1.0


def _lay_out(toolkit: verovio.toolkit, music: str, **options) -> list[str]:
    """The pages of a MusicXML document, with other options of Verovio than the usual ones."""
    toolkit.setOptions({**_OPTIONS, **options})
    if not toolkit.loadData(music):
        raise CredoError("printed music: the score could not be laid out")
    return [toolkit.renderToSVG(page + 1) for page in range(toolkit.getPageCount())]


def _width(page: str) -> int:
    """The width of a page of SVG, in its units."""
    return int(re.search(r'viewBox="0 0 (\d+)', page)[1])


def _with_heading(page: str, score: Score) -> str:
    """A page of SVG with the title in the middle and the composer on the right, above the music."""
    width = _width(page)
    lines = []
    for text, size, x, y, anchor in (
        (score.title, _TITLE_SIZE, width / 2, _MARGIN + _TITLE_SIZE, "middle"),
        (score.composer, _COMPOSER_SIZE, width - _MARGIN, _MARGIN + _HEADING - _COMPOSER_SIZE / 2, "end"),
    ):
        if text := one_line(text, 150):
            ems = sum(1.0 if character >= "\u2e80" else 0.5 for character in text)
            size = min(size, (width - 2 * _MARGIN) / ems)
            lines.append(
                f'<text x="{x:g}" y="{y:g}" font-family="Times, serif" font-size="{size:.4g}" text-anchor="{anchor}">'
                f"{escape(text)}</text>"
            )
    end = page.rindex("</svg>")
    return page[:end] + "".join(lines) + page[end:]


def _png(svg: str) -> bytes:
    """An SVG page as a PNG file on white."""
    try:
        import resvg_py

        from credo.rendering.fonts import TEXT_FAMILY, notation_fonts

        fonts = [str(path) for path in notation_fonts()]
    except ImportError as error:
        raise MissingExtraError("Engraving", "notation") from error
    picture = resvg_py.svg_to_bytes(
        svg_string=svg,
        background="#ffffff",
        zoom=PNG_ZOOM,
        font_files=fonts,
        font_family=TEXT_FAMILY,
        serif_family=TEXT_FAMILY,
        skip_system_fonts=_EAST_ASIAN.search(svg) is None,
    )
    return bytes(picture)
