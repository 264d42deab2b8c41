"""What was asked of a piece and what came out: its record, and a table for people. No tensor library is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from credo.compose.asking import Asking, Wish
from credo.compose.playing import Playing
from credo.compose.wishes import Request
from credo.conditioning.attributes import NAMES, Attributes
from credo.conditioning.measure import measure

if TYPE_CHECKING:
    from credo.compose.composition import Composition

_PLACES = 4


def with_record(piece: Composition, asking: Asking) -> Composition:
    """The piece, played as is asked; what was asked, what that means and what is measured stand in its settings.

    Args:
        piece: as it was drawn.
        asking: what was asked, from which it was made.
    """
    piece = piece.played(asking.playing)
    record = {
        "asked": asking.wish.asked.to_dict(),
        "realised": asking.wish.realised.to_dict(),
        "measured": _rounded(measure(piece.score).to_dict()),
        "playing": asking.playing.to_dict(),
        "remarks": list(asking.remarks),
    }
    remarks = [*asking.remarks, *piece.settings.get("remarks", ())]
    return replace(piece, settings={**piece.settings, "remarks": remarks, "attributes": record})


def read_record(record: Mapping[str, Any], request: Request, instruments: Mapping[str, str]) -> Asking:
    """What was asked of a piece that is to be made again.

    Args:
        record: the attributes in its settings.
        request: that in its settings.
        instruments: those in its settings.

    Raises:
        KeyError, TypeError, UsageError: the record is incomplete or makes no sense.
    """
    wish = Wish(Attributes.from_dict(record["asked"]), Attributes.from_dict(record["realised"]))
    return Asking(wish, request, instruments, Playing.from_dict(record["playing"]), tuple(record["remarks"]))


def table(settings: Mapping[str, Any]) -> list[str]:
    """What was asked of a piece and what came out, a line each; none where nothing was asked.

    Args:
        settings: of the piece.
    """
    record = settings.get("attributes")
    if not record:
        return []
    rows = [("", "asked", "came out", "")]
    for name in NAMES:
        if name in record["realised"]:
            why = "" if name in record["asked"] else "by valence and arousal"
            rows.append((name, _text(record["realised"][name]), _text(record["measured"].get(name)), why))
    widths = [max(len(row[column]) for row in rows) for column in range(3)]
    return [
        "  ".join([row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2]), row[3]]).rstrip()
        for row in rows
    ]


def _text(value: Any) -> str:
    if value is None:
        return "-"
    return f"{value:.3g}" if isinstance(value, float) else str(value)


def _rounded(attributes: dict[str, Any]) -> dict[str, Any]:
    return {n: round(value, _PLACES) if isinstance(value, float) else value for n, value in attributes.items()}
