"""Reports as pages: one HTML file, its pictures within it, that opens anywhere and asks the network for nothing."""

from __future__ import annotations

import io
import re
import zlib
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING

from credo import __version__
from credo.errors import MissingExtraError
from credo.io.atomic import write_text

if TYPE_CHECKING:
    from matplotlib.figure import Figure


@dataclass(frozen=True, slots=True)
class Table:
    """A table; what it says is text, and escaped.

    Attributes:
        head: titles of the columns.
        rows: the cells of each row, as many as there are titles.
        caption: what stands below it.
        words: numbers of the columns, beside the first, that hold words and not figures; these stand on the left.
    """

    head: Sequence[str]
    rows: Sequence[Sequence[str]]
    caption: str = ""
    words: Collection[int] = ()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture; `picture` makes it.

    Attributes:
        svg: an SVG element, trusted.
        words: what it shows, for who cannot see it.
        caption: what stands below it.
    """

    svg: str
    words: str
    caption: str = ""


@dataclass(frozen=True, slots=True)
class Section:
    """A part of a page under a title of its own.

    Attributes:
        title: the title.
        text: paragraphs, as text.
        parts: tables and pictures that follow.
    """

    title: str
    text: Sequence[str] = ()
    parts: Sequence[Table | Picture] = ()


def picture(figure: Figure, words: str, caption: str = "") -> Picture:
    """A matplotlib figure as part of a page; the same figure gives the same text.

    Raises:
        MissingExtraError: matplotlib is not installed.
    """
    try:
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
    except ImportError as error:
        raise MissingExtraError("Pictures", "plots") from error
    written = io.StringIO()
    with matplotlib.rc_context({"svg.hashsalt": words, "svg.fonttype": "path"}):
        FigureCanvasSVG(figure).print_svg(written, metadata={"Date": None, "Creator": None})
    svg = written.getvalue()
    svg = svg[svg.index("<svg") :]
    mark = f"f{zlib.crc32(svg.encode()):08x}-"  # identifiers are unique within one figure, and a page may have many
    return Picture(re.sub(r'(id="|href="#|url\(#)', rf"\g<1>{mark}", svg), words, caption)


def write_page(
    path: str | Path, title: str, sections: Iterable[Section], *, intro: Sequence[str] = (), lang: str = "en"
) -> Path:
    """Write a page.

    Args:
        path: the file; one that is there is replaced.
        title: its title.
        sections: what it says.
        intro: paragraphs before the first section.
        lang: the language, such as "en" or "zh-CN".

    Raises:
        FileError: the file cannot be written; nothing is left behind.
        MissingExtraError: Jinja is not installed.
    """
    write_text(path, render("page.html", title=title, sections=list(sections), intro=list(intro), lang=lang))
    return Path(path)


def render(template: str, **values: object) -> str:
    """Fill in one of the templates that come along; all that is said is escaped.

    Raises:
        MissingExtraError: Jinja is not installed.
    """
    try:
        from jinja2 import Environment, FunctionLoader, StrictUndefined
    except ImportError as error:
        raise MissingExtraError("A page", "plots") from error
    folder = resources.files("credo.rendering") / "templates"
    environment = Environment(
        loader=FunctionLoader(lambda name: (folder / name).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template(template).render(version=__version__, **values)
