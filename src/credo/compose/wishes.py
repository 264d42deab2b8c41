"""What people type, read."""

from __future__ import annotations

import re

from credo.errors import UsageError


def parse_metre(text: str) -> tuple[int, int]:
    """A metre such as `3/4` as numerator and denominator.

    Raises:
        UsageError: the text is no metre.
    """
    match = re.fullmatch(r"\s*(\d{1,2})\s*/\s*(\d{1,2})\s*", text)
    if not match:
        raise UsageError(f"metre: expected one such as 4/4, 3/4 or 6/8, got {text!r}")
    return int(match[1]), int(match[2])
