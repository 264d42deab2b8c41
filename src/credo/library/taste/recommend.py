"""Pieces of a library for a listener, each with its reasons."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from credo.errors import UsageError
from credo.io.books import is_there, stem_of
from credo.io.files import load_with_remarks
from credo.library.entry import Entry
from credo.library.features import resemblance
from credo.library.lookup import entry_named
from credo.library.reading import entry_of, sha256_of
from credo.library.similar import SAME_MUSIC
from credo.library.store import Brief, Store
from credo.library.taste import words
from credo.library.taste.choosing import DIVERSITY, EXPLORE, choose
from credo.library.taste.model import Taste
from credo.library.taste.ratings import Rating
from credo.library.taste.shelf import Scale, Shelf

#: So many deviations of doubt on both sides are told of an expectation.
_DOUBT = 1.0


@dataclass(frozen=True, slots=True)
class Recommended:
    """A piece that is recommended.

    Attributes:
        brief: the piece.
        stars: what the listener is expected to give it, 1 to 5; None without ratings.
        doubt: how many stars that may be wrong, two times out of three.
        unsure: whether it is here to learn more of the listener.
        reasons: why it is here, for people.
    """

    brief: Brief
    stars: float | None
    doubt: float
    unsure: bool
    reasons: str

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {
            **self.brief.named(),
            "expected_stars": None if self.stars is None else round(self.stars, 2),
            "doubt": round(self.doubt, 2),
            "to_find_out": self.unsure,
            "reasons": self.reasons,
        }


@dataclass(frozen=True, eq=False)
class Listener:
    """A listener before a library: what was rated, what was learnt, and the pieces.

    Attributes:
        ratings: the oldest first.
        taste: learnt from them.
        shelf: the library's pieces.
        briefs: their lines, by number.
        rated: numbers of the rated pieces that are in the library, by SHA-256.
    """

    ratings: tuple[Rating, ...]
    taste: Taste
    shelf: Shelf
    briefs: dict[int, Brief]
    rated: dict[str, int]

    @classmethod
    def of(cls, store: Store, ratings: Sequence[Rating]) -> Listener:
        """Learn a taste; a rated piece that is no more in the library counts by what was kept with its rating."""
        shelf, briefs = Shelf.of(store)
        known = store.numbers([each.sha256 for each in ratings])
        told = Shelf.measured(
            np.array([each.vector for each in ratings]).reshape(len(ratings), -1) if ratings else shelf.vectors[:0],
            [each.attributes for each in ratings],
            [each.composer for each in ratings],
        )
        codes = np.zeros((len(ratings), shelf.codes.shape[1]), np.float32)
        for row, each in enumerate(ratings):
            place = int(np.searchsorted(shelf.numbers, known.get(each.sha256, -1)))
            if each.sha256 in known and place < len(shelf) and shelf.numbers[place] == known[each.sha256]:
                codes[row] = shelf.codes[place]
        scale = Scale.of(shelf if len(shelf) > 1 else shelf.joined(told))
        taste = Taste(replace(told, codes=codes), np.array([each.liking for each in ratings]), scale)
        return cls(tuple(ratings), taste, shelf, briefs, known)

    @property
    def titles(self) -> list[str]:
        """Titles of the rated pieces that the taste counts."""
        return [each.title for each in self.ratings][-len(self.taste.rated) :] if self.ratings else []

    def about(self) -> list[str]:
        """What is known of the listener, a line each."""
        pieces = self.shelf if len(self.shelf) else self.taste.rated
        return words.about(self.taste, pieces, self.ratings, [brief.attributes for brief in self.briefs.values()])


def recommend(
    store: Store,
    listener: Listener,
    *,
    count: int = 10,
    explore: float = EXPLORE,
    diversity: float = DIVERSITY,
) -> list[Recommended]:
    """Recommend pieces of a library that were not rated yet.

    Args:
        store: the library.
        listener: what is known of the listener.
        count: at most so many.
        explore: 0 for what is sure to be liked, 1 for what tells most of the listener.
        diversity: 0 for pieces that may be like each other, 1 for pieces that may not.

    Returns:
        The first to be heard first; none if all were rated.

    Raises:
        UsageError: a number is outside its bounds, or the library has no pieces.
    """
    check(count, explore, diversity)
    if not len(listener.shelf):
        raise UsageError("recommend: expected a library with pieces, got an empty one", hint="credo library add FOLDER")
    allowed = ~np.isin(listener.shelf.numbers, list(listener.rated.values()))
    chosen = choose(
        listener.shelf,
        listener.taste,
        count=3 * count,  # some may be the same music under another name
        explore=explore,
        diversity=diversity,
        allowed=allowed,
    )
    keep = _other_music(store, listener, chosen.places, count)
    likes = words.likes_of(listener.taste, listener.shelf)
    found = []
    certain = set(chosen.certain.tolist())
    for k in keep:
        piece = listener.shelf.rows(chosen.places[k : k + 1])
        brief = listener.briefs[int(piece.numbers[0])]
        if chosen.stands_for.any():
            share, named = 100 * chosen.stands_for[k], words.in_words(brief.attributes)
            why = f"typical of {share:.0f} % of your library" + (f": {named}" if named else "")
            stars = stars_of(float(chosen.mean[k])) if listener.ratings else None
            found.append(Recommended(brief, stars, 2 * float(chosen.deviation[k]), True, why))
            continue
        unsure = explore > 0 and int(chosen.places[k]) not in certain
        why = words.reasons(listener.taste, piece, listener.titles, likes, unsure=unsure)
        stars = stars_of(float(chosen.mean[k]))
        found.append(Recommended(brief, stars, 2 * _DOUBT * float(chosen.deviation[k]), unsure, why))
    return found


def _other_music(store: Store, listener: Listener, places: np.ndarray, count: int) -> list[int]:
    """Which of the chosen are new music: not the same under another name as a rated one or one before."""
    numbers = listener.shelf.numbers[places].tolist()
    prints = store.prints([*numbers, *listener.rated.values()])
    heard = [prints[number] for number in listener.rated.values() if number in prints]
    keep = []
    for k, number in enumerate(numbers):
        own = prints.get(number)
        if own is not None and any(resemblance(own, other) >= SAME_MUSIC for other in heard):
            continue
        keep.append(k)
        if own is not None:
            heard.append(own)
        if len(keep) == count:
            break
    return keep


def check(count: int, explore: float, diversity: float) -> None:
    """Raise a UsageError unless so many can be recommended in this way."""
    if not 1 <= count <= 100:
        raise UsageError(f"count: expected 1 to 100, got {count}")
    for name, share in (("explore", explore), ("diversity", diversity)):
        if not 0 <= share <= 1:
            raise UsageError(f"{name}: expected 0 to 1, got {share:g}")


def stars_of(liking: float) -> float:
    """An expected liking as stars, 1 to 5."""
    return float(np.clip(3 + 2 * liking, 1, 5))


def piece_named(store: Store | None, named: str) -> Entry:
    """A piece that a listener names: a number or a file of the library, or any file of music.

    Raises:
        UsageError: there is no such piece.
        FileError: the file cannot be read.
    """
    path = Path(named)
    if is_there(path):
        sha256 = sha256_of(path)
        number = store.numbers([sha256]).get(sha256) if store else None
        entry = store.entry(number) if store and number is not None else None
        if entry is None:
            entry = entry_of(load_with_remarks(path)[0], sha256, name=stem_of(path))
        return entry if entry.paths else replace(entry, paths=(str(path.absolute()),))
    if store is None:
        raise UsageError(f"piece: expected a file, for there is no library yet, got {named}", hint="credo library add")
    return entry_named(store, named)
