"""What can be wished for, and what is refused before anything is computed."""

import math

import pytest

from credo.compose.wishes import MOST_BARS, MOST_SEED, Request, parse_metre
from credo.errors import UsageError
from credo.music.pitch import Key


@pytest.mark.parametrize(
    ("wish", "told"),
    [
        ({"bars": 0}, "bars: expected 1 to 512, got 0"),
        ({"bars": MOST_BARS + 1}, "bars: expected 1 to 512, got 513"),
        ({"tempo": 0}, "tempo: expected 10 to 400 quarters a minute, got 0"),
        ({"tempo": math.nan}, "got nan"),
        ({"tempo": math.inf}, "got inf"),
        ({"temperature": 0}, "temperature: expected 0.05 to 10, got 0"),
        ({"temperature": math.nan}, "got nan"),
        ({"temperature": -math.inf}, "got -inf"),
        ({"seed": -1}, "seed: expected 0 to 2147483647, got -1"),
        ({"seed": MOST_SEED + 1}, "got 2147483648"),
        ({"iterations": 0}, "iterations: expected 1 to 100000, got 0"),
        ({"metre": (7, 0)}, "metre: expected one such as 4/4, 3/4 or 6/8, got 7/0"),
        ({"metre": (0, 4)}, "got 0/4"),
        ({"metre": (4, 3)}, "got 4/3"),
    ],
)
def test_what_cannot_be_is_refused(wish, told):
    with pytest.raises(UsageError) as caught:
        Request(**wish)
    assert told in str(caught.value)


@pytest.mark.parametrize(("text", "metre"), [("4/4", (4, 4)), (" 6 / 8 ", (6, 8)), ("12/8", (12, 8))])
def test_metres_are_read(text, metre):
    assert parse_metre(text) == metre


@pytest.mark.parametrize("text", ["", "x", "4", "4/", "3/4/5", "-3/4", "100/4", "1.5/4"])
def test_what_is_no_metre_is_refused(text):
    with pytest.raises(UsageError, match="metre: expected one such as"):
        parse_metre(text)


@pytest.mark.parametrize("wish", [{}, {"key": Key(-3, "minor"), "metre": (6, 8), "tempo": 61.5, "seed": 9, "bars": 3}])
def test_a_wish_survives_json(wish):
    assert Request.from_dict(Request(**wish).to_dict()) == Request(**wish)


@pytest.mark.parametrize("record", [{}, {"key": None}, {"key": 3, "metre": None}, {"key": None, "metre": None, "x": 1}])
def test_what_is_no_wish_is_refused(record):
    with pytest.raises(UsageError, match="request: expected"):
        Request.from_dict(record)
