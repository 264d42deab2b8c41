from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from credo.compose.cue.sheets.timecode import RATES, parse_time, timecode
from credo.errors import UsageError


@pytest.mark.parametrize(
    ("text", "rate", "frames", "per_second"),
    [
        ("00:00:01:00", "24", 24, Fraction(24)),
        ("01:00:00:00", "25", 90000, Fraction(25)),
        ("00:00:10:12", "30", 312, Fraction(30)),
        ("00:01:00:00", "23.976", 1440, Fraction(24000, 1001)),
        ("00:01:00:00", "29.97", 1800, Fraction(30000, 1001)),
        # drop-frame: 29 is followed by 02, but for every tenth minute
        ("00:00:59;29", "29.97df", 1799, Fraction(30000, 1001)),
        ("00:01:00;02", "29.97df", 1800, Fraction(30000, 1001)),
        ("00:01:59;29", "29.97df", 3597, Fraction(30000, 1001)),
        ("00:02:00;02", "29.97df", 3598, Fraction(30000, 1001)),
        ("00:09:59;29", "29.97df", 17981, Fraction(30000, 1001)),
        ("00:10:00;00", "29.97df", 17982, Fraction(30000, 1001)),
        ("01:00:00;00", "29.97df", 107892, Fraction(30000, 1001)),
        ("00:01:00;04", "59.94df", 3600, Fraction(60000, 1001)),
    ],
)
def test_timecode_names_a_frame(text, rate, frames, per_second):
    assert parse_time(text, rate) == frames / per_second
    assert timecode(frames / per_second, rate) == text


def test_an_hour_of_timecode():
    assert float(parse_time("01:00:00:00", "29.97")) == pytest.approx(3603.6)
    assert float(parse_time("01:00:00;00", "29.97df")) == pytest.approx(3599.9964)


def test_a_semicolon_is_drop_frame():
    assert (
        parse_time("00:10:00;00", "29.97") == parse_time("00:10:00:00", "29.97df") != parse_time("00:10:00:00", "29.97")
    )


@pytest.mark.parametrize("text", ["00:01:00;00", "00:01:00;01", "00:59:00;01"])
def test_frames_that_are_dropped_do_not_exist(text):
    with pytest.raises(UsageError, match="02 is the next"):
        parse_time(text, "29.97df")


@pytest.mark.parametrize(
    ("text", "rate"),
    [("00:00:00:24", "24"), ("00:60:00:00", "25"), ("00:00:60:00", "25"), ("00:00:01;00", "25"), ("00:00:01:00", None)]
)  # fmt: skip
def test_timecode_that_makes_no_sense(text, rate):
    with pytest.raises(UsageError, match="time: expected"):
        parse_time(text, rate)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (12, 12), (12.34, Fraction(1234, 100)), ("12.34", Fraction(1234, 100)), ("12,5 s", Fraction(25, 2)),
        ("800 ms", Fraction(4, 5)), ("1:05.250", Fraction(261, 4)), ("1:02:03.5", Fraction(7447, 2)), ("90:00", 5400),
    ],
)  # fmt: skip
def test_seconds_and_minutes(value, seconds):
    assert parse_time(value) == seconds


@pytest.mark.parametrize(
    "value", ["", "soon", "-1", "1:60", "1:75:00", "1:5", float("nan"), float("inf"), -1, True, None, [1]]
)
def test_no_time(value):
    with pytest.raises(UsageError, match="time: expected"):
        parse_time(value)


def test_timecode_counts_from_the_start():
    start = parse_time("01:00:10:00", "25")
    assert parse_time("01:00:12:05", "25", start=start) == Fraction(11, 5)
    assert parse_time(3, "25", start=start) == 3
    with pytest.raises(UsageError, match="behind the start"):
        parse_time("01:00:09:24", "25", start=start)


@given(st.sampled_from(sorted(RATES)), st.integers(0, 2_000_000))
def test_every_frame_has_one_name(rate, frame):
    seconds = frame / RATES[rate].per_second
    assert parse_time(timecode(seconds, rate), rate) == seconds
