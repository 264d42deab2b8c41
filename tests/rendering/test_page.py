import re
from html.parser import HTMLParser

import pytest

from credo.rendering.page import Section, Table, picture, write_page

pytest.importorskip("jinja2", reason="pages need Jinja")
figures = pytest.importorskip("matplotlib.figure", reason="pictures need matplotlib")


def line(height):
    figure = figures.Figure(figsize=(2, 1))
    figure.subplots().plot([0, height])
    return figure


def test_what_a_page_says_is_text_and_not_markup(tmp_path):
    bad = "<script>alert('Bach')</script> & \"Mock\""
    table = Table([bad], [[bad]], caption=bad)
    page = write_page(tmp_path / "a.html", bad, [Section(bad, [bad], [table])], intro=[bad]).read_text("utf-8")
    assert "<script" not in page
    heard = []
    parser = HTMLParser()
    parser.handle_data = heard.append
    parser.feed(page)
    assert "".join(heard).count(bad) == 8  # the title twice, once for the window


def test_a_page_asks_the_network_for_nothing(tmp_path):
    page = write_page(tmp_path / "a.html", "a", [Section("b", parts=[picture(line(1), "a line")])]).read_text("utf-8")
    linked = set(re.findall(r'(?:src|href)="([^"]*)"', page))
    assert all(link.startswith("#") for link in linked)
    assert "default-src 'none'" in page


def test_figures_of_a_page_keep_their_identifiers_apart():
    one, other = (picture(line(height), "a line").svg for height in (1, 2))
    names = [set(re.findall(r'\bid="([^"]*)"', svg)) for svg in (one, other)]
    assert names[0]
    assert not names[0] & names[1]
    used = set(re.findall(r'(?:href="#|url\(#)([^")]*)', one))
    assert used <= names[0]


def test_the_same_figure_gives_the_same_text():
    assert picture(line(1), "a line") == picture(line(1), "a line")


def test_chinese_is_written_as_it_is(tmp_path):
    page = write_page(tmp_path / "a.html", "音乐", [], lang="zh-CN").read_text("utf-8")
    assert "<title>音乐</title>" in page
    assert 'lang="zh-CN"' in page
