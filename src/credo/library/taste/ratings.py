"""A listener's ratings: one small SQLite file that stays on this machine.

A rating keeps what was measured of the piece, so that it counts on when the piece has left the library, and says
nothing of the piece's notes. Each call is one transaction with a journal that is gone when it returns: a process that
is killed loses the rating it was at and no other, and several processes wait for each other. What is forgotten is
overwritten with zeros.
"""

from __future__ import annotations

import base64
import json
import math
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import platformdirs

from credo.errors import FileError, FormatError, UsageError
from credo.library.database import told, transaction
from credo.library.entry import WIDTH, Entry
from credo.library.features import VERSION
from credo.library.places import LANCE_SUFFIX, user_library

#: The least and the most stars, and those of `credo dislike` and `credo like`.
LEAST, MOST = 1.0, 5.0
#: Seconds to wait for another process.
PATIENCE = 60.0
#: "CRTA": says to whoever looks that the file holds ratings.
APPLICATION = 0x43525441
FORMAT_VERSION = 1
#: The largest export that is read.
MOST_BYTES = 200_000_000
_FIELDS = ("sha256", "stars", "rated", "title", "composer", "path", "attributes", "vector")


@dataclass(frozen=True, eq=False)
class Rating:
    """What a listener said of a piece.

    Attributes:
        sha256: of the piece's file, hexadecimal.
        stars: 1 to 5.
        rated: when, UTC, ISO 8601.
        title: of the piece.
        composer: empty if unknown.
        path: a file that held it.
        attributes: as `Attributes.to_dict` gives them.
        vector: its features, float32, shape (WIDTH,).
    """

    sha256: str
    stars: float
    rated: str
    title: str
    composer: str
    path: str
    attributes: dict[str, Any]
    vector: np.ndarray

    @property
    def liking(self) -> float:
        """-1 for one star, 1 for five."""
        return (self.stars - 3) / 2

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        vector = base64.b64encode(self.vector.astype("<f2").tobytes()).decode()
        return {**{name: getattr(self, name) for name in _FIELDS[:-1]}, "vector": vector}

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Rating:
        """What `to_dict` gave.

        Raises:
            KeyError, TypeError, ValueError: it is something else.
        """
        vector = np.frombuffer(base64.b64decode(data["vector"]), "<f2").astype(np.float32)
        texts = {name: data[name] for name in ("sha256", "rated", "title", "composer", "path")}
        if not all(isinstance(text, str) for text in texts.values()) or len(vector) != WIDTH:
            raise ValueError("texts and a vector")
        if not np.isfinite(vector).all():
            raise ValueError("a vector of numbers")
        return cls(**texts, stars=checked(data["stars"]), attributes=dict(data["attributes"]), vector=vector)


class Ratings:
    """The ratings of one or more profiles, in a file that is made with the first rating.

    Args:
        path: the file.

    Raises:
        FileError: it cannot be opened or written.
        FormatError: it holds something else, or a newer Credo wrote it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            os.close(os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600))  # for nobody else's eyes
        except OSError as error:
            raise FileError(self.path, f"cannot be opened: {(error.strerror or str(error)).lower()}") from error
        self._db = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
        try:
            with self._writing():
                known = self._db.execute("PRAGMA application_id").fetchone()[0]
                empty = not self._db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
                if known != APPLICATION and not empty:
                    raise FormatError(self.path, "expected ratings, found another kind of database")
                if empty:
                    self._db.execute(f"PRAGMA application_id={APPLICATION}")
                    self._db.execute(f"PRAGMA user_version={FORMAT_VERSION * 1000 + VERSION}")
                    self._db.execute(
                        "CREATE TABLE ratings (profile TEXT NOT NULL, sha256 TEXT NOT NULL, stars REAL NOT NULL, "
                        "rated TEXT NOT NULL, title TEXT NOT NULL, composer TEXT NOT NULL, path TEXT NOT NULL, "
                        "attributes TEXT NOT NULL, vector BLOB NOT NULL, PRIMARY KEY (profile, sha256))"
                    )
            with self._told():
                version = self._db.execute("PRAGMA user_version").fetchone()[0]
                self._db.execute("PRAGMA secure_delete=ON")
            if version != FORMAT_VERSION * 1000 + VERSION:
                found = f"{version // 1000}.{version % 1000}"
                raise FormatError(self.path, f"expected ratings of format {FORMAT_VERSION}.{VERSION}, found {found}")
        except BaseException:
            self._db.close()
            raise

    def _told(self) -> AbstractContextManager[None]:
        """Tell what goes wrong with the file in Credo's way."""
        return told(self.path, "ratings")

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """A transaction, from its first moment that of this process alone."""
        with self._told(), transaction(self._db):
            yield

    def rate(self, profile: str, pieces: Sequence[Entry], stars: float) -> list[float | None]:
        """Keep ratings, all or none; of a piece that was rated before the new one counts.

        Args:
            profile: the listener's name.
            pieces: with their contents' SHA-256.
            stars: 1 to 5.

        Returns:
            For each the stars that it had; None if it had none.

        Raises:
            UsageError: the stars or the name make no sense.
        """
        now = datetime.now(UTC).isoformat(timespec="seconds")
        ratings = [
            Rating(
                piece.sha256,
                checked(stars),
                now,
                piece.title,
                piece.composer,
                piece.paths[0] if piece.paths else "",
                piece.attributes.to_dict(),
                piece.vector,
            )
            for piece in pieces
        ]
        return self.put(profile, ratings)

    def put(self, profile: str, ratings: Sequence[Rating]) -> list[float | None]:
        """As `rate`, of ratings as they are."""
        named(profile)
        with self._writing():
            query = "SELECT stars FROM ratings WHERE profile = ? AND sha256 = ?"
            before = [self._db.execute(query, (profile, each.sha256)).fetchone() for each in ratings]
            for each in ratings:
                attributes = json.dumps(each.attributes, ensure_ascii=False)
                row = [getattr(each, name) for name in _FIELDS[:-2]]
                row += [attributes, each.vector.astype("<f2").tobytes()]
                self._db.execute(
                    f"INSERT OR REPLACE INTO ratings (profile, {', '.join(_FIELDS)}) VALUES (?{', ?' * len(_FIELDS)})",
                    [profile, *row],
                )
        return [None if row is None else row[0] for row in before]

    def of(self, profile: str) -> list[Rating]:
        """The ratings of a profile, the oldest first."""
        query = f"SELECT {', '.join(_FIELDS)} FROM ratings WHERE profile = ? ORDER BY rated, sha256"
        with self._told():
            rows = self._db.execute(query, (profile,)).fetchall()
        return [
            Rating(*row[:-2], json.loads(row[-2]), np.frombuffer(row[-1], "<f2").astype(np.float32)) for row in rows
        ]

    def profiles(self) -> dict[str, int]:
        """The names of profiles, and how many ratings each has."""
        with self._told():
            return dict(self._db.execute("SELECT profile, count(*) FROM ratings GROUP BY profile ORDER BY profile"))

    def forget(self, profile: str, hashes: Sequence[str] | None = None) -> int:
        """Forget a profile, or its ratings of some contents; how many ratings there were."""
        with self._writing():
            if hashes is None:
                return self._db.execute("DELETE FROM ratings WHERE profile = ?", (profile,)).rowcount
            query = "DELETE FROM ratings WHERE profile = ? AND sha256 = ?"
            return sum(self._db.execute(query, (profile, sha256)).rowcount for sha256 in hashes)

    def close(self) -> None:
        """Let go of the file."""
        self._db.close()


def place_of(library: str | Path | None) -> Path:
    """Where the ratings of a library's pieces are: beside it; in the user's own folder for one that a fleet shares."""
    place = user_library() if library is None else Path(library)
    name = f"{place.stem}.taste.sqlite"
    return Path(platformdirs.user_data_dir("credo"), name) if place.suffix == LANCE_SUFFIX else place.with_name(name)


def checked(stars: Any) -> float:
    """Stars as a number.

    Raises:
        UsageError: they are not from 1 to 5.
    """
    try:
        number = float(stars)
    except (TypeError, ValueError) as error:
        raise UsageError(f"stars: expected {LEAST:g} to {MOST:g}, got {stars!r}") from error
    if isinstance(stars, bool) or not (math.isfinite(number) and LEAST <= number <= MOST):
        raise UsageError(f"stars: expected {LEAST:g} to {MOST:g}, got {stars}")
    return number


def named(profile: str) -> str:
    """A profile's name.

    Raises:
        UsageError: it is empty, longer than 60 characters, or has characters that do not print.
    """
    if not profile.strip() or len(profile) > 60 or not profile.isprintable():
        raise UsageError(f"profile: expected a name of 1 to 60 characters, got {profile!r}")
    return profile


def exported(profile: str, ratings: Sequence[Rating]) -> dict[str, Any]:
    """A profile as JSON: everything that is kept of it."""
    return {
        "credo": "taste",
        "format": FORMAT_VERSION,
        "features": VERSION,
        "profile": profile,
        "ratings": [each.to_dict() for each in ratings],
    }


def read_export(path: str | Path, most: int = MOST_BYTES) -> Any:
    """The JSON in a file.

    Raises:
        FileError: it cannot be read, or is too large.
        FormatError: it is no JSON.
    """
    path = Path(path)
    try:
        if path.stat().st_size > most:
            raise FileError(path, f"expected at most {most} bytes, found {path.stat().st_size}")
        return json.loads(path.read_bytes())
    except OSError as error:
        if isinstance(error, FileError):
            raise
        raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
    except (ValueError, RecursionError) as error:
        raise FormatError(path, "expected what credo taste export writes") from error


def imported(data: Any) -> tuple[str, list[Rating]]:
    """The name and the ratings of an exported profile.

    Raises:
        UsageError: it is something else, or of another format.
    """
    try:
        known = data["credo"], data["format"], data["features"]
        if known != ("taste", FORMAT_VERSION, VERSION):
            raise UsageError(f"profile: expected an export of format {FORMAT_VERSION}.{VERSION}, got {known}")
        return named(data["profile"]), [Rating.from_dict(each) for each in data["ratings"]]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, UsageError):
            raise
        raise UsageError(f"profile: expected what credo taste export writes, got {type(error).__name__}") from error
