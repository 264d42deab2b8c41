"""Plans of trainings, and what the command line changes of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import fields, replace
from typing import Any

from credo.errors import UsageError


def changed(plan: Any, pairs: Sequence[str]) -> Any:
    """A plan, a dataclass of numbers, with other values.

    Args:
        plan: the plan.
        pairs: of a name and its value, such as `"steps=100"`.

    Raises:
        UsageError: the plan has no such name, or the value is no number.
    """
    known, values = {field.name for field in fields(plan)}, {}
    for pair in pairs:
        name, _, value = pair.partition("=")
        try:
            values[name] = type(getattr(plan, name))(float(value))
        except (AttributeError, ValueError):
            raise UsageError(
                f"plan: expected NAME=NUMBER with one of {', '.join(sorted(known))}, got {pair!r}"
            ) from None
    return replace(plan, **values)
