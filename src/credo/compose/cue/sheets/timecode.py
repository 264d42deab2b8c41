"""Times as people write them in cue sheets: seconds, minutes and seconds, SMPTE timecode.

SMPTE ST 12-1: timecode counts frames. At the rates of NTSC video (23.976, 29.97, 47.952, 59.94) a frame lasts 1001/1000
of its nominal length, so a counted hour is 3.6 s longer than an hour. Drop-frame timecode makes that good by leaving
out numbers, never pictures: the first two of each minute (four at 59.94) but of every tenth.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction

from credo.errors import UsageError


@dataclass(frozen=True, slots=True)
class Rate:
    """How frames are counted.

    Attributes:
        name: as it is written in a cue sheet, such as `29.97df`.
        frames: numbers in a second of timecode.
        per_second: pictures in a second, exactly.
        dropped: numbers that are left out in nine of ten minutes; 0 without drop-frame.
    """

    name: str
    frames: int
    per_second: Fraction
    dropped: int = 0


_NTSC = Fraction(1000, 1001)
#: The frame rates that are known, by name; `df` is drop-frame.
RATES: dict[str, Rate] = {
    rate.name: rate
    for rate in (
        Rate("23.976", 24, 24 * _NTSC),
        Rate("24", 24, Fraction(24)),
        Rate("25", 25, Fraction(25)),
        Rate("29.97", 30, 30 * _NTSC),
        Rate("29.97df", 30, 30 * _NTSC, dropped=2),
        Rate("30", 30, Fraction(30)),
        Rate("47.952", 48, 48 * _NTSC),
        Rate("48", 48, Fraction(48)),
        Rate("50", 50, Fraction(50)),
        Rate("59.94", 60, 60 * _NTSC),
        Rate("59.94df", 60, 60 * _NTSC, dropped=4),
        Rate("60", 60, Fraction(60)),
    )
}
_OTHER_NAMES = {"23.98": "23.976", "29.97nd": "29.97", "29.97ndf": "29.97", "59.94nd": "59.94", "59.94ndf": "59.94"}
_SMPTE = re.compile(r"(\d{1,2}):(\d{2}):(\d{2})([:;])(\d{2})")
_CLOCK = re.compile(r"(?:(\d{1,3}):)?(\d{1,4}):(\d{2}(?:[.,]\d{1,9})?)")
_PLAIN = re.compile(r"(\d{1,7}(?:[.,]\d{1,12})?|[.,]\d{1,12})\s*(ms|s|sec|seconds)?")
_FORMS = "seconds, M:SS.mmm or timecode HH:MM:SS:FF"


def frame_rate_named(text: str | float) -> Rate:
    """A frame rate by its name, such as `25`, `29.97` or `29.97df` (drop-frame).

    Raises:
        UsageError: there is no such rate.
    """
    name = f"{text:g}" if isinstance(text, (int, float)) and not isinstance(text, bool) else str(text)
    name = re.sub(r"\s|fps|-|frame", "", name.lower()).replace("drop", "df")
    name = name.removesuffix(".0")
    name = _OTHER_NAMES.get(name, name)
    if name not in RATES:
        raise UsageError(f"frame_rate: expected one of {', '.join(RATES)} (df is drop-frame), got {text!r}")
    return RATES[name]


def parse_time(
    value: str | float | Fraction, frame_rate: str | None = None, *, start: Fraction | None = None
) -> Fraction:
    """Seconds from what a cue sheet says.

    Args:
        value: seconds as a number or text (`12.5`, `12.5 s`, `800 ms`), minutes and seconds (`1:05.250`, or with hours
            `1:02:03.5`), or timecode `HH:MM:SS:FF`; a `;` before the frames is drop-frame.
        frame_rate: one of `RATES`; timecode needs it.
        start: what timecode counts from, in seconds; other times count from the start of the cue as they are.

    Returns:
        Seconds, exactly as written.

    Raises:
        UsageError: it is no time, a frame of that name does not exist, or it lies before the start.
    """
    if isinstance(value, str):
        text = value.strip()
        if match := _SMPTE.fullmatch(text):
            return _since(start, _frames(match, frame_rate, text), text)
        if match := _CLOCK.fullmatch(text):
            return _clock(match, text)
        if match := _PLAIN.fullmatch(text.lower()):
            number = Fraction(match[1].replace(",", "."))
            return number / 1000 if match[2] == "ms" else number
    elif isinstance(value, (int, float, Fraction)) and not isinstance(value, bool) and 0 <= value < math.inf:
        return Fraction(repr(float(value))) if isinstance(value, float) else Fraction(value)
    raise UsageError(f"time: expected {_FORMS}, got {value!r}")


def timecode(seconds: Fraction | float, frame_rate: str) -> str:
    """The timecode of the frame in which a time lies; drop-frame has a `;` before the frames.

    Args:
        seconds: from 0 on.
        frame_rate: one of `RATES`.

    Raises:
        UsageError: the rate is unknown, or the time is negative or 100 hours or more.
    """
    rate = frame_rate_named(frame_rate)
    number = math.floor(Fraction(seconds) * rate.per_second)
    if rate.dropped and number >= 0:
        # so many pictures a whole ten minutes and a minute have
        ten, one = 600 * rate.frames - 9 * rate.dropped, 60 * rate.frames - rate.dropped
        tens, rest = divmod(number, ten)
        number += 9 * rate.dropped * tens
        number += rate.dropped * max(0, (rest - rate.dropped) // one)
    whole, frame = divmod(number, rate.frames)
    minutes, second = divmod(whole, 60)
    hours, minute = divmod(minutes, 60)
    if not 0 <= hours < 100:
        raise UsageError(f"timecode: expected a time from 0 to 100 hours, got {float(seconds):g} seconds")
    return f"{hours:02}:{minute:02}:{second:02}{';' if rate.dropped else ':'}{frame:02}"


def is_timecode(value: object) -> bool:
    """Whether a value is written as `HH:MM:SS:FF` or `HH:MM:SS;FF`."""
    return isinstance(value, str) and _SMPTE.fullmatch(value.strip()) is not None


def _frames(match: re.Match[str], frame_rate: str | None, text: str) -> Fraction:
    """Seconds from timecode 00:00:00:00 to the beginning of a frame.

    Raises:
        UsageError: there is no frame of that name, or no frame rate is known.
    """
    if frame_rate is None:
        raise UsageError(
            f"time: expected a frame_rate for timecode, got {text!r} alone", hint=f"one of {', '.join(RATES)}"
        )
    rate = frame_rate_named(frame_rate)
    if match[4] == ";" and not rate.dropped:
        if f"{rate.name}df" not in RATES:
            raise UsageError(
                f"time: expected timecode with ':' at {rate.name} frames a second, got {text!r}",
                hint="';' is drop-frame, which 29.97 and 59.94 have",
            )
        rate = RATES[f"{rate.name}df"]
    hour, minute, second, frame = (int(match[part]) for part in (1, 2, 3, 5))
    if minute > 59 or second > 59 or frame >= rate.frames:
        raise UsageError(
            f"time: expected minutes and seconds to 59 and frames to {rate.frames - 1} at {rate.name}, got {text!r}"
        )
    if second == 0 and frame < rate.dropped and minute % 10:
        raise UsageError(
            f"time: expected a frame that exists, got {text!r}",
            hint=f"drop-frame leaves out 0 to {rate.dropped - 1} in the first second of all but every tenth minute: "
            f"{text[:-2]}{rate.dropped:02} is the next",
        )
    minutes = 60 * hour + minute
    number = (60 * minutes + second) * rate.frames + frame - rate.dropped * (minutes - minutes // 10)
    return number / rate.per_second


def _clock(match: re.Match[str], text: str) -> Fraction:
    """Seconds from `M:SS.mmm` or `H:MM:SS.mmm`.

    Raises:
        UsageError: seconds, or minutes beside hours, are 60 or more.
    """
    second = Fraction(match[3].replace(",", "."))
    if second >= 60 or (match[1] and int(match[2]) > 59):
        raise UsageError(f"time: expected seconds below 60, and minutes beside hours, got {text!r}")
    return 3600 * int(match[1] or 0) + 60 * int(match[2]) + second


def _since(start: Fraction | None, seconds: Fraction, text: str) -> Fraction:
    """Seconds from the start of the cue.

    Raises:
        UsageError: the time lies before it.
    """
    if start is not None and seconds < start:
        raise UsageError(f"time: expected timecode at or behind the start of the cue, got {text!r}")
    return seconds - (start or 0)
