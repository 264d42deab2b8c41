"""Styles by name, and mixtures of them."""

import numpy as np
import pytest

from credo.compose.styles import check_style, mix, parse_style
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.texture import SATB
from credo.music.window import Window

KNOWN = ("Haydn, Joseph", "Mendelssohn, Felix", "Hensel, Fanny (Mendelssohn)", "Dvořák, Antonín", "rock")


@pytest.mark.parametrize(
    ("text", "style"),
    [
        ("haydn", (("haydn", 1.0),)),
        ("haydn:3,Mendelssohn:1", (("haydn", 0.75), ("Mendelssohn", 0.25))),
        ("Mendelssohn, Felix", (("Mendelssohn, Felix", 1.0),)),
        ("Mendelssohn, Felix:1,rock:1", (("Mendelssohn, Felix", 0.5), ("rock", 0.5))),
    ],
)
def test_styles_as_people_type_them(text, style):
    assert parse_style(text) == style


@pytest.mark.parametrize("text", ["", "haydn:0", "haydn:-1,rock:2", "haydn:much", ":1"])
def test_styles_that_make_no_sense(text):
    with pytest.raises(UsageError, match="expected"):
        parse_style(text)


@pytest.mark.parametrize(
    ("name", "found"), [("HAYDN", 0), ("mendelssohn, felix", 1), ("felix", 1), ("dvorak", 3), ("Hens", 2), ("rock", 4)]
)
def test_names_match_by_an_unambiguous_part(name, found):
    assert check_style(((name, 1.0),), KNOWN) == ((KNOWN[found], 1.0),)


def test_styles_that_are_not_there():
    with pytest.raises(UsageError, match=r"may be Mendelssohn, Felix or Hensel, Fanny \(Mendelssohn\)"):
        check_style((("mendelssohn", 1.0),), KNOWN)
    with pytest.raises(UsageError, match=r"did you mean Haydn, Joseph\?"):
        check_style((("hayden", 1.0),), KNOWN)
    with pytest.raises(UsageError, match="expected a model with styles"):
        check_style((("haydn", 1.0),), ())


def test_a_request_keeps_its_style():
    request = Request(style=(("Haydn, Joseph", 0.7), ("rock", 0.3)))
    assert Request.from_dict(request.to_dict()) == request
    with pytest.raises(UsageError, match="weight above 0"):
        Request(style=(("rock", 0.0),))


def test_one_style_is_a_label_and_several_are_a_mixture():
    window = Window(SATB, 4, ("a", "b", "c"))
    codes = np.zeros((2, window.size), np.uint8)
    assert mix(window, (), codes, None) is None
    assert not codes.any()
    assert mix(window, (("b", 1.0),), codes, None) is None
    assert codes[:, -1].tolist() == [2, 2]
    context = mix(window, (("a", 0.25), ("c", 0.75)), codes, None)
    assert codes[:, -1].tolist() == [3, 3]
    np.testing.assert_allclose(context[:, -4:], [[0, 0.25, 0, 0.75]] * 2)
    assert np.isnan(context[:, :-4]).all()
    before = np.full_like(context, 0.5)
    assert (mix(window, (("a", 0.5), ("b", 0.5)), codes, before)[:, :-4] == 0.5).all()
