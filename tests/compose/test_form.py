"""Forms: how they are read, how they fill a length, and that a piece has them."""

from fractions import Fraction

import numpy as np
import pytest

from credo.compose.form import Form, bars_of
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.passage import bar_steps
from credo.music.pitch import Key


def names(form: Form) -> str:
    return " ".join(f"{section.name}{section.bars}" for section in form.sections)


@pytest.mark.parametrize(
    ("pattern", "bars", "read"),
    [
        ("AABA", None, "A8 A8 B8 A8"),
        ("A A' B A", None, "A8 A'8 B8 A8"),
        ("A8 A B16 A", None, "A8 A8 B16 A8"),
        ("A4'B", None, "A'4 B8"),
        ("A'4 | B", None, "A'4 B8"),
        ("iABe", None, "i4 A8 B8 e4"),
        ("i2 A8 B8 A8 e1", None, "i2 A8 B8 A8 e1"),
        ("AABA", 16, "A4 A4 B4 A4"),  # shorter sections
        ("AABA", 34, "A8 A8 B8 A8 e2"),  # an ending fills what is left
        ("AB", 40, "A8 B8 A'8 B'8 A''8"),  # and again, varied
        ("iABe", 30, "i4 A8 B8 e10"),
        ("A16", 40, "A16 A'16 e8"),
        ("ABC", 3, "A1 B1 C1"),
    ],
)
def test_forms_are_read_and_fill_their_length(pattern, bars, read):
    form = Form.parse(pattern, bars=bars)
    assert names(form) == read
    assert form.bars == (bars or sum(section.bars for section in form.sections))
    assert [s.first_bar for s in form.sections] == [
        1 + sum(s.bars for s in form.sections[:n]) for n in range(len(form.sections))
    ]
    again = Form.from_dict(form.to_dict(), form.bars)
    assert again.sections == form.sections


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("", "form: expected letters such as AABA"),
        ("A1B!", "form: expected letters"),
        ("aba", "form: expected letters"),
        ("ie", "form: expected sections between"),
        ("AiB", "form: expected sections between"),
        ("eAB", "form: expected sections between"),
        ("A8 A4", "form: expected one length of A, got 8 and 4 bars"),
        ("A8'8", "form: expected one number of bars"),
        ("A0", "form: expected at least one bar"),
    ],
)
def test_what_is_no_form(pattern, told):
    with pytest.raises(UsageError) as caught:
        Form.parse(pattern)
    assert told in str(caught.value)


def test_what_does_not_fit():
    with pytest.raises(UsageError, match="bars: expected at least 4 for the form AABA, got 3"):
        Form.parse("AABA", bars=3)
    with pytest.raises(UsageError, match="bars: expected at least 32 for the form AABA, got 31"):
        Form.parse("AABA", bars=31, section_bars=8)
    with pytest.raises(UsageError, match="vary: expected 0 to 1, got 2"):
        Form.parse("AABA", vary=2)


def test_minutes_become_whole_bars():
    assert bars_of(240, 90, Fraction(4)) == 90
    assert bars_of(60, 100, Fraction(3)) == 33
    assert bars_of(1, 60, Fraction(4)) == 1
    with pytest.raises(UsageError, match="seconds: expected"):
        bars_of(0, 90, Fraction(4))
    with pytest.raises(UsageError, match="seconds: expected at most 512 bars, got 3000"):
        bars_of(7200, 100, Fraction(4))


def test_contrasting_sections_are_in_related_keys():
    form = Form.parse("i A B A' C e")
    assert [key.name for key in form.keys(Key.parse("D major"))] == [
        "D major", "D major", "A major", "D major", "B minor", "D major",
    ]  # fmt: skip
    assert [key.name for key in form.keys(Key.parse("G minor"))][1:3] == ["G minor", "Bb major"]
    assert set(Form.parse("AB", modulate=False).keys(Key(2))) == {Key(2)}
    assert Form.parse("AB").keys(Key(7))[1] == Key(-4), "eight sharps are four flats"


def cells(grid, section):
    """What a section sounds and strikes; shape (2, V, T)."""
    bars = bar_steps(grid)
    where = slice(bars[section.first_bar - 1][0], bars[section.first_bar + section.bars - 2][1])
    return np.array([[v.sounding[where] for v in grid.voices], [v.attack[where] for v in grid.voices]])


@pytest.mark.machine
@pytest.mark.once
def test_a_piece_has_its_form(tiny_composer):
    form = Form.parse("A A' B A A'", section_bars=2, vary=0.5)
    told = []
    request = Request(seed=2, iterations=20, metre=(3, 4), key=Key(0))
    piece = form.write(tiny_composer, request, progress=lambda done, total: told.append((done, total)))
    timeline = piece.score.timeline
    bar = Fraction(3)
    assert timeline.length == 10 * bar
    assert [(start, end) for start, end, _ in timeline.bars()] == [(n * bar, (n + 1) * bar) for n in range(10)]
    assert [(change.onset, change.key.name) for change in timeline.keys] == [
        (0, "C major"), (4 * bar, "G major"), (6 * bar, "C major"),
    ]  # fmt: skip
    a, varied, b, again, varied_again = (cells(piece.grid, section) for section in form.sections)
    assert (a == again).all()
    assert (varied == varied_again).all()
    assert 0 < (a[0] != varied[0]).mean() < 0.8
    assert (a[0] != b[0]).mean() > 0.2
    assert told[-1][0] == told[-1][1] >= 30
    assert [section["name"] for section in piece.settings["sections"]] == ["A", "A'", "B", "A", "A'"]


@pytest.mark.machine
@pytest.mark.once
def test_varied_repeats_differ_as_much_as_is_wished_for(tiny_composer):
    shares = []
    for vary in (0, 0.3, 1):
        form = Form.parse("A A'", section_bars=4, vary=vary)
        piece = form.write(tiny_composer, Request(seed=2, iterations=20, key=Key(0)))
        a, varied = (cells(piece.grid, section)[0] for section in form.sections)
        shares.append((a != varied).mean())
    assert shares[0] == 0
    assert 0 < shares[1] < shares[2]
