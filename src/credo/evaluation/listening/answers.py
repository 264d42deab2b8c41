"""Reading what listeners saved, and leaving out by the rule who did not listen.

A file comes from a stranger: it is believed nothing that the key does not bear out. What is left out is named.
"""

from __future__ import annotations

import csv
import io
import json
import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from credo.errors import CredoError, FormatError, UsageError
from credo.evaluation.listening.key import POINTS, SCRAMBLED, Key
from credo.io.files import read_bytes

FORMAT, FORMAT_VERSION = "credo-listening-answers", 1
EXPERTISE = ("none", "amateur", "student", "professional")
EQUIPMENT = ("headphones", "loudspeakers", "builtin")
_MAX_BYTES = 2_000_000
_FADE_LENIENCY = 0.3  # seconds: a browser's clock, and what a codec adds to a sound


@dataclass(frozen=True, slots=True)
class Answer:
    """What a listener said of a trial.

    Attributes:
        trial: its place in the listener's order, from 0.
        chosen: the digit for each scale.
        plays: how often each piece was begun.
        heard: seconds of each piece that were heard.
        seconds: from when it was shown to the answer.
        valid: whether all pieces were heard as the rule wants it.
    """

    trial: int
    chosen: dict[str, int]
    plays: tuple[int, ...]
    heard: tuple[float, ...]
    seconds: float
    valid: bool


@dataclass(frozen=True, slots=True)
class Session:
    """What one listener saved.

    Attributes:
        path: the file.
        session: a name drawn when it was begun.
        listener: the listener's number, and whether it was given to them (or else drawn).
        slot: which order of the design was heard.
        started: ISO time.
        answers: by the trial's place.
    """

    path: Path
    session: str
    listener: int
    given: bool
    slot: int
    expertise: str
    equipment: str
    language: str
    started: str
    comment: str
    answers: dict[int, Answer]


@dataclass(frozen=True, slots=True)
class Collected:
    """The files of all listeners.

    Attributes:
        kept: sessions whose answers count.
        left_out: files and reasons: damaged, of another test, saved twice.
        excluded: sessions that did not pass the checks, and how many they passed.
        unheard: number of answers, of sessions that count, that do not: a piece was not heard long enough.
    """

    kept: tuple[Session, ...]
    left_out: tuple[tuple[Path, str], ...]
    excluded: tuple[tuple[Session, int], ...]
    unheard: int


def collect(paths: Iterable[Path], key: Key) -> Collected:
    """Read the files of listeners and leave out those who fail the checks.

    Args:
        paths: files, or folders of them.
        key: the test's key.

    Raises:
        UsageError: there are no files.
    """
    sessions: list[Session] = []
    left_out: list[tuple[Path, str]] = []
    for path in _files(paths):
        try:
            sessions.append(read_answers(path, key))
        except CredoError as error:
            left_out.append((path, getattr(error, "reason", error.message)))
    fullest: dict[str, Session] = {}
    for session in sorted(sessions, key=lambda s: (-len(s.answers), s.path.suffix.lower() == ".csv", str(s.path))):
        twin = fullest.setdefault(session.session, session)
        if twin is not session:
            left_out.append((session.path, f"holds the answers of {twin.path.name} again"))
    single: list[Session] = []
    for session in sorted(fullest.values(), key=lambda session: (session.started, session.session)):
        again = next((reason for earlier in single if (reason := _again(session, earlier))), None)
        if again:
            left_out.append((session.path, again))
        else:
            single.append(session)
    kept, excluded = [], []
    for session in single:
        passed = checks_passed(session, key)
        if passed >= key.rule.passes:
            kept.append(session)
        else:
            excluded.append((session, passed))
    unheard = sum(not answer.valid for session in kept for answer in session.answers.values())
    return Collected(tuple(kept), tuple(left_out), tuple(excluded), unheard)


def checks_passed(session: Session, key: Key) -> int:
    """How many checks were answered rightly, by the key's main scale.

    In pairs the unscrambled excerpt must be preferred, in ratings it must be rated higher than the scrambled one.
    """
    trials = key.slots[session.slot]
    scale = key.main_scale
    points: dict[str, int] = {}
    passed = 0
    for place, answer in session.answers.items():
        trial = trials[place]
        if not answer.valid or not key.is_check(trial):
            continue
        if trial.second is not None:
            passed += key.excerpts[(trial.first, trial.second)[answer.chosen[scale] - 1]].role != SCRAMBLED
        else:
            points[trial.first] = answer.chosen[scale]
    for name, rated in points.items():
        passed += points.get(key.excerpts[name].original, 0) > rated
    return passed


def read_answers(path: str | Path, key: Key) -> Session:
    """Read a file that the page saved.

    Raises:
        FileError: it cannot be read.
        FormatError: it is damaged, of another test, or says what the page does not.
    """
    path = Path(path)
    data = read_bytes(path, _MAX_BYTES)
    try:
        text = data.decode("utf-8-sig")
        fields = _from_csv(text, key) if path.suffix.lower() == ".csv" else json.loads(text)
        if not isinstance(fields, dict) or fields.get("format") != FORMAT:
            raise _ContentError("expected the answers of a listening test, found something else")
        if fields.get("version") != FORMAT_VERSION:
            raise _ContentError(f"expected version {FORMAT_VERSION}, got {fields.get('version')!r}")
        if fields.get("test") != key.test:
            raise _ContentError(f"expected answers to the test {key.test}, got {_short(fields.get('test'))}")
        return _session(path, fields, key)
    except _ContentError as error:
        raise FormatError(path, str(error)) from error
    except (ValueError, RecursionError, csv.Error) as error:
        raise FormatError(path, "is no JSON or CSV file that the page of a test saved, or is damaged") from error


class _ContentError(Exception):
    """What is wrong with a file's content."""


def _session(path: Path, fields: dict[str, Any], key: Key) -> Session:
    slot = _whole(fields, "slot", 0, len(key.slots) - 1)
    if fields.get("consent") is not True:
        raise _ContentError("the listener did not consent")
    session = fields.get("session")
    if not isinstance(session, str) or not re.fullmatch(r"s[0-9a-f]{32}", session):
        raise _ContentError(f"session: expected s and 32 hexadecimal digits, got {_short(session)}")
    rows = fields.get("answers")
    if not isinstance(rows, list) or not rows:
        raise _ContentError("expected answers, got none")
    answers: dict[int, Answer] = {}
    for row in rows:
        if not isinstance(row, dict):
            raise _ContentError(f"expected an answer, got {_short(row)}")
        answer = _answer(row, slot, key)
        if answer.trial in answers:
            raise _ContentError(f"trial {answer.trial} is answered twice")
        answers[answer.trial] = answer
    listener = _whole(fields, "listener", 1, 999_999)
    if (listener - 1) % len(key.slots) != slot:
        raise _ContentError(f"listener {listener} does not belong to slot {slot}")
    comment = fields.get("comment", "")
    return Session(
        path,
        session,
        listener,
        fields.get("given") is True,
        slot,
        _one_of(fields, "expertise", EXPERTISE),
        _one_of(fields, "equipment", EQUIPMENT),
        _one_of(fields, "language", ("en", "zh")),
        _time(fields, "started"),
        comment[:2000] if isinstance(comment, str) else "",
        answers,
    )


def _answer(row: dict[str, Any], slot: int, key: Key) -> Answer:
    trials = key.slots[slot]
    place = _whole(row, "trial", 0, len(trials) - 1)
    trial = trials[place]
    if (row.get("first"), row.get("second")) != (trial.first, trial.second):
        raise _ContentError(f"trial {place} is about other pieces than the key says")
    chosen = row.get("chosen")
    if not isinstance(chosen, dict) or set(chosen) != set(key.scales):
        raise _ContentError(f"trial {place}: expected an answer for each of {', '.join(key.scales)}")
    chosen = {scale: _whole(chosen, scale, 1, highest_digit(key, scale)) for scale in key.scales}
    pieces = [name for name in (trial.first, trial.second) if name is not None]
    plays = [_whole({"plays": each}, "plays", 0, 10_000) for each in _list(row, "plays", len(pieces))]
    heard = [_number({"heard": each}, "heard", 0, 3600) for each in _list(row, "heard", len(pieces))]
    longest = [key.excerpts[name].seconds for name in pieces]
    valid = all(
        seconds >= min(key.rule.hear_seconds, length) - _FADE_LENIENCY
        for seconds, length in zip(heard, longest, strict=True)
    )
    _time(row, "answered")
    return Answer(place, chosen, tuple(plays), tuple(heard), _number(row, "seconds", 0, 1e7), valid)


def highest_digit(key: Key, scale: str) -> int:
    """The largest answer that a scale has."""
    return 2 if key.kind == "pairs" or scale == "human" else POINTS


def _from_csv(text: str, key: Key) -> dict[str, Any]:
    """The fields of a file with one row a trial."""
    rows = list(csv.DictReader(io.StringIO(text, newline=""), strict=True))
    if not rows or None in rows[0] or "format" not in rows[0]:
        raise _ContentError("expected the answers of a listening test, found something else")
    sides = range(1, 2 + (key.kind == "pairs"))
    about = {name: _value(rows[0].get(name)) for name in ("version", "listener", "slot", "given", "consent")}
    texts = ("format", "test", "session", "expertise", "equipment", "language", "started", "comment")
    about |= {name: rows[0].get(name) or "" for name in texts}
    for row in rows:
        if None in row or any(row.get(name) != rows[0].get(name) for name in ("test", "session", "slot")):
            raise _ContentError("expected rows of one listener and equal length")
    answers = [
        {
            **{name: _value(row.get(name)) for name in ("trial", "seconds")},
            **{name: [_value(row.get(f"{name}_{side}")) for side in sides] for name in ("plays", "heard")},
            **{"first": row.get("first"), "second": row.get("second") or None, "answered": row.get("answered")},
            "chosen": {scale: _value(row.get(scale)) for scale in key.scales},
        }
        for row in rows
    ]
    return {**about, "answers": answers}


def _value(text: str | None) -> Any:
    """A number or truth value that a CSV file holds as text."""
    if text in ("true", "false", "TRUE", "FALSE"):  # spreadsheets shout
        return text.lower() == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except (TypeError, ValueError):
            continue
    return text


def _files(paths: Iterable[Path]) -> list[Path]:
    found: list[Path] = []
    for path in paths:
        inside = (
            sorted(each for each in path.glob("*") if each.suffix.lower() in (".json", ".csv")) if path.is_dir() else []
        )
        found += inside or [path]
    if not found:
        raise UsageError("answers: expected files or folders of them, got none")
    return list({path.resolve(): path for path in found}.values())


def _again(session: Session, earlier: Session) -> str | None:
    """Why a session is no listener of its own."""
    if session.given and earlier.given and session.listener == earlier.listener:
        return f"listener {session.listener} took the test before ({earlier.path.name})"
    if (session.slot, session.started, session.answers) == (earlier.slot, earlier.started, earlier.answers):
        return f"holds the very answers of {earlier.path.name} under another name"
    return None


def _whole(fields: dict[str, Any], name: str, low: int, high: int) -> int:
    value = fields.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
        raise _ContentError(f"{name}: expected a whole number from {low} to {high}, got {_short(value)}")
    return value


def _number(fields: dict[str, Any], name: str, low: float, high: float) -> float:
    value = fields.get(name)
    if (
        not isinstance(value, int | float)
        or isinstance(value, bool)
        or not (math.isfinite(value) and low <= value <= high)
    ):
        raise _ContentError(f"{name}: expected a number from {low:g} to {high:g}, got {_short(value)}")
    return float(value)


def _list(fields: dict[str, Any], name: str, length: int) -> list[Any]:
    value = fields.get(name)
    if not isinstance(value, list) or len(value) != length:
        raise _ContentError(f"{name}: expected {length} of them, got {_short(value)}")
    return value


def _one_of(fields: dict[str, Any], name: str, values: tuple[str, ...]) -> str:
    value = fields.get(name)
    if value not in values:
        raise _ContentError(f"{name}: expected one of {', '.join(values)}, got {_short(value)}")
    return value


def _time(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    try:
        datetime.fromisoformat(value)
    except (TypeError, ValueError):
        raise _ContentError(f"{name}: expected a time, got {_short(value)}") from None
    return value


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:39] + "…"
