"""The user's library and taste as the page and the API have them: one library, one listener, opened when asked for."""

from __future__ import annotations

import hashlib
import re
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from credo.errors import FileError, UsageError
from credo.io import midi
from credo.io.atomic import write_bytes
from credo.io.books import content
from credo.library.entry import Entry
from credo.library.lookup import told
from credo.library.passages import similar_passages
from credo.library.places import LANCE_SUFFIX, open_library, user_library
from credo.library.reading import entry_of
from credo.library.search import search
from credo.library.similar import Neighbour, similar
from credo.library.store import Brief, Seen, Store
from credo.library.taste import MINE
from credo.library.taste.ratings import Rating, Ratings, place_of
from credo.library.taste.recommend import Listener, Recommended, recommend
from credo.library.vectors import Vectors
from credo.music.grid import decode
from credo.music.score import Score
from credo.web.faults import Fault
from credo.web.pieces import Sheet

#: From so many stars on a piece is liked: it is kept in the library, and new music goes by it.
LIKED = 4.0
_LIKENESS = ("likeness", "aspects", "same_music", "semitones_higher", "bar", "reasons")
_EXPECTED = ("expected_stars", "doubt", "to_find_out", "reasons")


class Collection:
    """A library and the ratings beside it, made when they are first needed. All calls wait for each other.

    Args:
        library: the library's file, or a folder that ends in `.lance`; None for the user's own.
        profile: whose taste it is.
    """

    def __init__(self, library: Path | None = None, profile: str = MINE) -> None:
        self.profile = profile
        self._library = library
        self._lock = threading.RLock()
        self._store: Store | None = None
        self._ratings: Ratings | None = None
        self._vectors: Vectors | None = None
        self._learnt: tuple[Any, Listener] | None = None

    @property
    def place(self) -> Path:
        """Where the library is."""
        return user_library() if self._library is None else Path(self._library)

    @property
    def folder(self) -> Path:
        """Where pieces of the Studio are kept as files, beside the library."""
        return self.place.with_name(f"{self.place.name.removesuffix(LANCE_SUFFIX).removesuffix('.sqlite')}-pieces")

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            for opened in (self._store, self._ratings):
                if opened is not None:
                    opened.close()
            self._store = self._ratings = self._vectors = self._learnt = None

    def about(self) -> dict[str, Any]:
        """How much there is, and what is known of the listener."""
        with self._opened() as (store, ratings):
            rated = ratings.of(self.profile)
            listener = self._listener(store, rated)
            return {
                "profile": self.profile,
                "pieces": len(store),
                "ratings": len(rated),
                "told": listener.about() if rated else [],
            }

    def find(self, text: str, count: int) -> list[dict[str, Any]]:
        """Pieces that words ask for; see `credo.library.search`.

        Raises:
            UsageError: an attribute is unknown, or a value makes no sense.
        """
        with self._opened() as (store, ratings):
            briefs, _ = search(store, text, count=count)
            return self._rows(store, ratings, briefs)

    def details(self, number: int) -> dict[str, Any]:
        """All that is told of a piece.

        Raises:
            Fault: 404, there is none of this number.
        """
        with self._opened() as (store, ratings):
            entry = self._entry(store, number)
            record = told(entry)
            record["files"] = [PurePath(path).name for path in entry.paths]
            return {**record, "stars": self._stars(ratings).get(entry.sha256)}

    def file_of(self, number: int) -> tuple[bytes, str, list[str]]:
        """A file of a piece: its bytes, its name, and remarks; where none is there any more, the bars it begins with.

        Raises:
            Fault: 404, there is no such piece; 422, nothing of it can be read.
        """
        with self._opened() as (store, _):
            entry = self._entry(store, number)
        for path in map(Path, entry.paths):
            try:
                return content(path), path.name, []
            except FileError:
                continue
        if not entry.preview:
            raise Fault(422, "file", "expected a file of this piece where it was read, found none")
        return entry.preview, "preview.mid", ["the file is no longer where it was; here is how the piece begins"]

    def look(self, sheet: Sheet) -> dict[str, Any]:
        """What is known of a piece as it stands: its number in the library and its stars, null where there are none."""
        _, data = _file_of_sheet(sheet)
        with self._opened() as (store, ratings):
            return self._known_of(store, ratings, hashlib.sha256(data).hexdigest())

    def keep(self, sheet: Sheet) -> dict[str, Any]:
        """Write a piece to a file beside the library, and add it; one that is there stays what it is.

        Raises:
            FileError: it cannot be written.
            UsageError: it has no notes.
        """
        entry, data = entry_of_sheet(sheet)
        with self._opened() as (store, ratings):
            self._keep(store, entry, data)
            return self._known_of(store, ratings, entry.sha256)

    def rate(self, piece: Sheet | int, stars: float | None) -> dict[str, Any]:
        """Rate a piece, or forget its rating; one of the roll that is liked is kept as `keep` does.

        Raises:
            UsageError: the stars make no sense, or the piece has no notes.
            Fault: 404, there is no such piece.
        """
        with self._opened() as (store, ratings):
            if isinstance(piece, int):
                entry = self._entry(store, piece)
            else:
                entry, data = entry_of_sheet(piece)
                if stars is not None and stars >= LIKED:
                    entry = self._keep(store, entry, data)
            if stars is None:
                ratings.forget(self.profile, [entry.sha256])
            else:
                ratings.rate(self.profile, [entry], stars)
            return self._known_of(store, ratings, entry.sha256)

    def unrate(self, sha256: str) -> None:
        """Forget a rating; the piece stays in the library.

        Raises:
            Fault: 404, there is none.
        """
        with self._opened() as (_, ratings):
            if not ratings.forget(self.profile, [sha256]):
                raise Fault(404, "rating", "there is no such rating")

    def rated(self) -> list[dict[str, Any]]:
        """All ratings, the latest first."""
        with self._opened() as (store, ratings):
            found = ratings.of(self.profile)[::-1]
            numbers = store.numbers([each.sha256 for each in found])
            return [
                {
                    "sha256": each.sha256,
                    "stars": each.stars,
                    "rated": each.rated,
                    "title": each.title,
                    "composer": each.composer,
                    "number": numbers.get(each.sha256),
                }
                for each in found
            ]

    def remove(self, number: int) -> None:
        """Leave a piece out of the library. No file is touched, and its rating stays.

        Raises:
            Fault: 404, there is none of this number.
        """
        with self._opened() as (store, _):
            if not store.forget([number]):
                raise _unknown(number)

    def similar(self, piece: Sheet | int, by: str, count: int, bar: int | None) -> dict[str, Any]:
        """Pieces that are like a piece, each with its reasons, and remarks; see `credo.library.similar`.

        Raises:
            UsageError: an argument makes no sense, or the library is empty.
            Fault: 404, there is no such piece.
        """
        sheet = None if isinstance(piece, int) else piece
        with self._opened() as (store, ratings):
            if not len(store):
                raise UsageError("library: expected pieces, found none", hint="credo library add FOLDER")
            if sheet is not None:
                entry, _ = entry_of_sheet(sheet)
                number = store.numbers([entry.sha256]).get(entry.sha256)
                entry = (store.entry(number) if number is not None else None) or entry
            else:
                entry = self._entry(store, int(piece))  # type: ignore[arg-type]
            if bar is None:
                found, remarks = similar(store, entry, by=by, count=count, vectors=self._vectors), []
            else:
                if sheet is None:
                    raise UsageError("bar: expected a piece with its notes, got a number", hint="open it first")
                found, remarks = similar_passages(
                    store, decode(sheet.grid), bar, by=by, count=count, own=entry.paths, vectors=self._vectors
                )
            return {"pieces": self._rows(store, ratings, found, _LIKENESS), "remarks": remarks}

    def recommended(self, count: int, explore: float, diversity: float) -> list[dict[str, Any]]:
        """Pieces for the listener, each with its reasons; see `credo.library.taste.recommend`.

        Raises:
            UsageError: a number is outside its bounds, or the library has no pieces.
        """
        with self._opened() as (store, ratings):
            listener = self._listener(store, ratings.of(self.profile))
            found = recommend(store, listener, count=count, explore=explore, diversity=diversity)
            return self._rows(store, ratings, found, _EXPECTED)

    @contextmanager
    def for_composing(self, like: Sheet | int | None) -> Iterator[tuple[Store, Listener]]:
        """The library, on a connection of its own, and whom to compose for.

        Args:
            like: a piece that stands for all that is liked; None for the listener's ratings.
        """
        with self._opened() as (_, ratings):
            rated = ratings.of(self.profile)
        store = open_library(self.place)
        try:
            if like is not None:
                entry = self._entry(store, like) if isinstance(like, int) else entry_of_sheet(like)[0]
                rated = [_as_if_liked(entry)]
            yield store, Listener.of(store, rated)
        finally:
            store.close()

    @contextmanager
    def _opened(self) -> Iterator[tuple[Store, Ratings]]:
        with self._lock:
            if self._store is None or self._ratings is None:
                self._store = self._store or open_library(self._library, new=True)
                self._vectors = Vectors(self._store)
                self._ratings = Ratings(place_of(self._library))
            yield self._store, self._ratings

    def _listener(self, store: Store, rated: list[Rating]) -> Listener:
        """What is known of the listener; learnt again when the library or the ratings have changed."""
        sign = (store.changes(), tuple((each.sha256, each.stars) for each in rated))
        if self._learnt is None or self._learnt[0] != sign:
            self._learnt = (sign, Listener.of(store, rated))
        return self._learnt[1]

    def _entry(self, store: Store, number: int) -> Entry:
        entry = store.entry(number)
        if entry is None:
            raise _unknown(number)
        return entry

    def _keep(self, store: Store, entry: Entry, data: bytes) -> Entry:
        number = store.numbers([entry.sha256]).get(entry.sha256)
        if number is not None:
            return self._entry(store, number)
        name = re.sub(r"[^\w-]+", "-", entry.title, flags=re.ASCII).strip("-")[:60] or "piece"
        path = (self.folder / f"{name}-{entry.sha256[:8]}.mid").absolute()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise FileError(path.parent, f"cannot be made: {(error.strerror or str(error)).lower()}") from error
        write_bytes(path, data)
        about = path.stat()
        store.add([Seen(str(path), about.st_size, about.st_mtime_ns, entry.sha256)], [entry])
        return replace(entry, paths=(str(path),))

    def _known_of(self, store: Store, ratings: Ratings, sha256: str) -> dict[str, Any]:
        number = store.numbers([sha256]).get(sha256)
        return {"sha256": sha256, "number": number, "stars": self._stars(ratings).get(sha256)}

    def _stars(self, ratings: Ratings) -> dict[str, float]:
        return {each.sha256: each.stars for each in ratings.of(self.profile)}

    def _rows(
        self, store: Store, ratings: Ratings, found: Sequence[Brief | Neighbour | Recommended], more: Sequence[str] = ()
    ) -> list[dict[str, Any]]:
        """Lines of pieces as the API tells them, with some of the fields of what was found."""
        rated = ratings.of(self.profile)
        numbers = store.numbers([each.sha256 for each in rated])
        stars = {numbers[each.sha256]: each.stars for each in rated if each.sha256 in numbers}
        rows = []
        for each in found:
            brief = each if isinstance(each, Brief) else each.brief
            told_more = {} if isinstance(each, Brief) else each.to_dict()
            rows.append(
                {
                    "number": brief.number,
                    "title": brief.title,
                    "composer": brief.composer,
                    "attributes": brief.attributes,
                    "bars": brief.bars,
                    "seconds": brief.seconds,
                    "file": PurePath(brief.path).name,
                    "stars": stars.get(brief.number),
                    **{name: told_more[name] for name in more},
                }
            )
        return rows


def entry_of_sheet(sheet: Sheet) -> tuple[Entry, bytes]:
    """A piece of the roll as a library keeps it, and its file. Its title and what is locked of it make no difference.

    Raises:
        UsageError: it has no notes.
    """
    score, data = _file_of_sheet(sheet)
    title = " ".join(sheet.piece.title.split()) or "Credo"
    return entry_of(replace(score, title=title), hashlib.sha256(data).hexdigest()), data


def _file_of_sheet(sheet: Sheet) -> tuple[Score, bytes]:
    score = replace(decode(sheet.grid), title="")
    if not any(part.notes for part in score.parts):
        raise UsageError("piece: expected notes, found none")
    return score, midi.to_midi(score)


def _as_if_liked(entry: Entry) -> Rating:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    path = entry.paths[0] if entry.paths else ""
    record = entry.attributes.to_dict()
    return Rating(entry.sha256, 5.0, now, entry.title, entry.composer, path, record, entry.vector)


def _unknown(number: int) -> Fault:
    return Fault(404, "piece", f"there is no piece of number {number} in the library")
