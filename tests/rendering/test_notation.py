"""Scores to printed music."""

import errno
import re
import struct
import sys
import xml.etree.ElementTree as ET
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest

from credo.errors import CredoError, FileError, MissingExtraError, UsageError
from credo.music.score import Note, Part, Score
from credo.rendering import fonts, notation
from credo.rendering.notation import engrave, engrave_as_one, engrave_svg

pytest.importorskip("verovio")
pytest.importorskip("resvg_py")


def elements(svg: str, name: str) -> list[ET.Element]:
    """The elements of a class."""
    return [element for element in ET.fromstring(svg).iter() if name in element.get("class", "").split()]


def texts(svg: str) -> str:
    return " ".join(text for element in ET.fromstring(svg).iter() for text in [element.text or ""] if text.strip())


def png_size(path: Path) -> tuple[int, int]:
    return struct.unpack(">II", path.read_bytes()[16:24])


def long_score(bars: int) -> Score:
    notes = [Note(Fraction(i), 60 + i % 12, Fraction(1)) for i in range(4 * bars)]
    return Score(tuple(Part.of(name, notes) for name in ("high", "low")))


def test_svg_has_a_head_for_every_note(chorale):
    (page,) = engrave_svg(chorale)
    assert len(elements(page, "notehead")) == len(chorale.notes)
    assert len(elements(page, "measure")) == 3
    assert len(elements(page, "staff")) == 4 * 3


def test_title_composer_and_parts_are_printed(chorale):
    (page,) = engrave_svg(chorale)
    for text in ("Small chorale", "A. Nonymous", "soprano", "bass"):
        assert text in texts(page)


def test_titles_are_text_and_not_markup(chorale):
    title = 'Tom & "Jerry" <b>\n\x07' + "long " * 60
    (page,) = engrave_svg(Score(chorale.parts, chorale.timeline, title=title))
    assert 'Tom & "Jerry" <b> long' in texts(page)


def test_a_short_piece_gets_a_narrow_page(chorale):
    def width(page):
        return int(ET.fromstring(page).get("viewBox").split()[2])

    (page,) = engrave_svg(chorale)
    assert 1200 <= width(page) < 2100
    assert len(elements(page, "system")) == 1
    assert width(engrave_svg(long_score(32))[0]) == 2100


def test_the_last_line_is_not_left_with_a_bar_or_two():
    for bars in (13, 17, 22):
        (page,) = engrave_svg(long_score(bars))
        lines = [len(elements(ET.tostring(line, "unicode"), "measure")) for line in elements(page, "system")]
        assert sum(lines) == bars
        assert lines[-1] >= 0.4 * max(lines)


def test_a_silent_score_is_a_page_of_rests_and_no_parts_are_refused(tmp_path):
    assert engrave(Score((Part("voice", ()),)), tmp_path / "a.png") == [tmp_path / "a.png"]
    with pytest.raises(UsageError, match="parts"):
        engrave(Score(()), tmp_path / "b.png")


def test_voices_of_a_family_are_bracketed(chorale, band):
    assert elements(engrave_svg(chorale)[0], "grpSym")
    assert not elements(engrave_svg(band)[0], "grpSym")


def test_same_score_same_files(chorale, tmp_path):
    for suffix in ("svg", "png"):
        engrave(chorale, tmp_path / f"a.{suffix}")
        engrave(chorale, tmp_path / f"b.{suffix}")
        assert (tmp_path / f"a.{suffix}").read_bytes() == (tmp_path / f"b.{suffix}").read_bytes()


def test_png_is_black_on_white_and_has_text(chorale, tmp_path):
    image = pytest.importorskip("matplotlib.image")
    assert engrave(chorale, tmp_path / "a.PNG") == [tmp_path / "a.PNG"]
    (page,) = engrave_svg(chorale)
    width, height = (int(size) for size in ET.fromstring(page).get("viewBox").split()[2:])
    assert png_size(tmp_path / "a.PNG") == pytest.approx((0.75 * width, 0.75 * height), abs=1)
    picture = image.imread(tmp_path / "a.PNG")[..., :3].min(axis=2)
    assert picture[0].min() == 1, "white ground"
    assert 0.01 < (picture < 0.5).mean() < 0.2
    assert (picture[45:100] < 0.5).any(), "the title"


def test_long_pieces_go_on_to_further_pages(tmp_path):
    piece = long_score(400)
    paths = engrave(piece, tmp_path / "long.svg")
    assert len(paths) > 1
    assert [path.name for path in paths] == ["long.svg", *(f"long-{n}.svg" for n in range(2, len(paths) + 1))]
    heads = sum(len(elements(path.read_text(), "notehead")) for path in paths)
    assert heads == len(piece.notes)


def test_fonts_are_unpacked_once_and_elsewhere_if_need_be(monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path / "file")
    private = fonts.notation_fonts()
    assert [path.name for path in private] == ["Leipzig-0.ttf", *(f"Liberation-{face}.ttf" for face in range(4))]
    assert not private[0].is_relative_to(tmp_path)
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path / "cache")
    cached = fonts.notation_fonts()
    assert cached[0].is_relative_to(tmp_path / "cache")
    times = [path.stat().st_mtime_ns for path in cached]
    assert [path.stat().st_mtime_ns for path in fonts.notation_fonts()] == times


def test_bad_names_are_refused(chorale, tmp_path):
    with pytest.raises(UsageError, match=r"\.svg or \.png"):
        engrave(chorale, tmp_path / "a.pdf")


def test_no_page_is_left_where_a_later_one_fails(tmp_path, monkeypatch):
    monkeypatch.setattr(notation, "engrave_svg", lambda _: ["<svg/>", "<svg/>"])
    write, written = Path.write_bytes, []

    def full_at_the_second(path, data):
        written.append(path)
        if len(written) == 2:
            raise OSError(errno.ENOSPC, "No space left on device")
        return write(path, data)

    monkeypatch.setattr(Path, "write_bytes", full_at_the_second)
    with pytest.raises(FileError, match=r"a-2\.svg.*no space left"):
        engrave(Score(()), tmp_path / "a.svg")
    assert list(tmp_path.iterdir()) == []


def test_music_that_cannot_be_laid_out_is_an_error_of_ours(chorale, monkeypatch):
    monkeypatch.setattr(notation, "to_musicxml", lambda _: "no music")
    with pytest.raises(CredoError, match="laid out"):
        engrave_svg(chorale)


@pytest.mark.parametrize("library", ["verovio", "resvg_py"])
def test_missing_libraries_name_their_extra(chorale, tmp_path, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"credo-music\[notation\]"):
        engrave(chorale, tmp_path / "a.png")


@pytest.mark.parametrize("library", ["fontTools.ttLib", "brotli"])
def test_missing_font_libraries_name_their_extra(chorale, tmp_path, monkeypatch, library):
    monkeypatch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path / "cache")
    monkeypatch.setitem(sys.modules, library, None)
    with pytest.raises(MissingExtraError, match=r"credo-music\[notation\]"):
        engrave(chorale, tmp_path / "a.png")


def test_any_thread_can_engrave(chorale):
    with ThreadPoolExecutor(1) as pool:
        assert pool.submit(engrave_svg, chorale).result() == engrave_svg(chorale)


def test_pages_of_one_picture_stand_one_below_the_other(chorale):
    long = replace(chorale, parts=(replace(chorale.parts[0], notes=_again(chorale.parts[0].notes, 150)),))
    pages = engrave_svg(long)
    assert len(pages) == 2
    picture = engrave_as_one(long, ".svg").decode()
    heights = [int(re.search(r'viewBox="0 0 \d+ (\d+)', page)[1]) for page in pages]
    assert re.match(r'<svg [^>]*viewBox="0 0 \d+ (\d+)"', picture)[1] == str(sum(heights))
    assert f'<svg y="{heights[0]}"' in picture
    with pytest.raises(UsageError, match=r"expected \.svg or \.png"):
        engrave_as_one(chorale, ".pdf")


def _again(notes, times):
    return tuple(replace(note, onset=note.onset + 12 * time) for time in range(times) for note in notes)
