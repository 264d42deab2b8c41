"""One file made ready: read, brought to the grid, checked; or the reason why it is left out.

`prepare` runs in a process of its own (see `pool`), so it takes and gives JSON-able records.
"""

from __future__ import annotations

import base64
import hashlib
import zlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from credo.corpora.piece import Piece, Source
from credo.corpora.reading.clean import Content, content_of
from credo.errors import CredoError, FileError
from credo.music.fitting.casting import affinity
from credo.music.fitting.omissions import Omission, count
from credo.music.fitting.quantising import SAME_STEP, UNISON
from credo.music.grid import Grid
from credo.music.keys import keys_of
from credo.music.score import Score
from credo.music.texture import Texture

FUNCTION = "credo.corpora.reading.prepare:prepare"

# Why a file is left out, in the words of the report.
UNREADABLE = "could not be read"
NO_FIT = "does not fit the texture"
TOO_SHORT = "too short"
TOO_MUCH_OMITTED = "too many notes have no place in the texture"
TOO_FAST = "too many notes are faster than the grid"
OFF_GRID = "too many notes lie between the steps of the grid"
NO_PART = "has no such part"
SILENT_VOICE = "a voice is silent throughout"
LOST = "crashed the reader or took too long"
TOO_LARGE = "needs too much memory"
BROKEN = "broke Credo (please report it)"


@dataclass(frozen=True)
class Rules:
    """What a file must be to become a piece.

    Attributes:
        shortest_quarters: shorter music is left out.
        most_omitted: if more than this share (0..1) of a file's notes has no place in the texture, all of it is left
            out; with less it is kept and reported.
        most_merged: the same for notes that share their step of the grid with another note of their voice.
        most_off_grid: the same for notes that had to be moved onto the grid: on steps of sixteenths, triplets.
        silent_voices: whether to keep pieces in which a voice of the texture never sounds.
        parts: if any, only parts whose names suit one of these are read, such as `piano`.
    """

    shortest_quarters: float = 3.0
    most_omitted: float = 0.1
    most_merged: float = 0.25
    most_off_grid: float = 1.0
    silent_voices: bool = False
    parts: tuple[str, ...] = ()


class _LeftOutError(Exception):
    """The file is left out: a reason of those above, and what exactly."""


def prepare(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Read a file.

    Args:
        job: `name` (in the corpus), `path`, and whatever the caller wants to have back.
        settings: `texture` and `rules` as dicts.

    Returns:
        The job with either `reason` and `detail`, or `piece`, `arrays`, `lengths` and `content`.
    """
    texture, rules = Texture.from_dict(settings["texture"]), Rules(**settings["rules"])
    try:
        return {**job, **_prepare(Path(job["path"]), job["name"], texture, rules)}
    except _LeftOutError as error:
        reason, detail = error.args
    except FileError as error:
        reason, detail = UNREADABLE, error.reason
    except CredoError as error:
        reason, detail = NO_FIT, error.message
    except (MemoryError, RecursionError) as error:
        reason, detail = TOO_LARGE, type(error).__name__
    except Exception as error:  # one file must never cost the others
        reason, detail = BROKEN, f"{type(error).__name__}: {error}"
    return {**job, **left_out(reason, detail)}


def left_out(reason: str, detail: str) -> dict[str, Any]:
    """The part of a record that says why a file is left out, the detail on one line."""
    return {"reason": reason, "detail": " ".join(detail.split())[:300]}


def _prepare(path: Path, name: str, texture: Texture, rules: Rules) -> dict[str, Any]:
    from credo.io.books import content  # only the reading processes need these
    from credo.io.files import load_with_remarks
    from credo.music.transform import fit

    score, remarks = load_with_remarks(path, isolated=True)
    score = _with_parts(score, rules.parts)
    fitted = fit(score, texture)
    grid = fitted.grid
    notes = sum(int(cells.attack.sum()) for cells in grid.voices)
    lost = [omission for omission in fitted.omissions if omission.notes and omission.reason != UNISON]
    off_grid = fitted.deviation.share_off_grid
    _check(grid, notes, sum(len(part.notes) for part in score.parts), lost, off_grid, rules)
    keys = keys_of(score) if any(voice.kind != "drums" for voice in texture.voices) else ()
    source = Source(
        file=name,
        sha256=hashlib.sha256(content(path)).hexdigest(),
        notes=notes,
        omitted=count(lost),
        off_grid=round(off_grid, 4),
        keys=keys,
        key_from="none" if not keys else "file" if score.timeline.keys else "notes",
        remarks=(*remarks, *map(str, fitted.omissions)),
    )
    piece = Piece.of(name, grid, "train", source)
    arrays = piece.packed.arrays
    packed = zlib.compress(b"".join(array.tobytes() for array in arrays))
    return {
        "piece": piece.to_dict(),
        "arrays": base64.b64encode(packed).decode(),
        "lengths": [len(array) for array in arrays],
        "content": asdict(content_of(grid)),
    }


def _with_parts(score: Score, names: Sequence[str]) -> Score:
    """The score with only the parts whose names suit one of the given names; as it is if none are given."""
    if not names:
        return score
    parts = tuple(part for part in score.parts if any(affinity(part.name, name) > 0 for name in names))
    if not any(part.notes for part in parts):
        there = ", ".join(part.name or "?" for part in score.parts) or "none"
        raise _LeftOutError(NO_PART, f"expected a part called {' or '.join(names)}, got {there}")
    return replace(score, parts=parts)


def _check(grid: Grid, notes: int, written: int, lost: list[Omission], off_grid: float, rules: Rules) -> None:
    """Raise unless a piece obeys the rules."""
    merged = [omission for omission in lost if omission.reason == SAME_STEP]
    placeless = [omission for omission in lost if omission.reason != SAME_STEP]
    for reason, omissions, most in (
        (TOO_MUCH_OMITTED, placeless, rules.most_omitted if notes else -1),
        (TOO_FAST, merged, rules.most_merged),
    ):
        if count(omissions) > most * written:
            lines = "; ".join(map(str, omissions[:3])) + ("; ..." if len(omissions) > 3 else "")
            raise _LeftOutError(reason, f"{count(omissions)} of {written} notes: {lines}")
    if off_grid > rules.most_off_grid:
        raise _LeftOutError(
            OFF_GRID, f"{100 * off_grid:.0f} % of the notes, expected {100 * rules.most_off_grid:.0f} %"
        )
    quarters = float(grid.timeline.length)
    if quarters < rules.shortest_quarters:
        raise _LeftOutError(TOO_SHORT, f"{quarters:g} quarters, expected at least {rules.shortest_quarters:g}")
    silent = [
        voice.name for voice, cells in zip(grid.texture.voices, grid.voices, strict=True) if not cells.attack.any()
    ]
    if silent and not rules.silent_voices:
        raise _LeftOutError(SILENT_VOICE, ", ".join(silent))


def piece_of(record: dict[str, Any], texture: Texture) -> Piece:
    """The piece of a record that `prepare` gave."""
    data = np.frombuffer(zlib.decompress(base64.b64decode(record["arrays"])), np.uint8)
    arrays = np.split(data, np.cumsum(record["lengths"])[:-1])
    return Piece.from_dict(record["piece"], texture, tuple(arrays))


def content_of_record(record: dict[str, Any]) -> Content:
    """The content of a record that `prepare` gave."""
    return Content(**record["content"])
