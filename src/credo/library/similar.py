"""Which pieces of a library are like a piece, and why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from credo.errors import UsageError
from credo.library.entry import Entry, split
from credo.library.features import ASPECTS, resemblance
from credo.library.store import Brief, Store
from credo.library.vectors import Vectors, weights_of

BY = ("whole", *ASPECTS)
#: Two pieces that share this much of their passages are the same music, or versions of it.
SAME_MUSIC = 0.4
#: Pieces that are looked at more closely than by their vectors.
_CLOSER = 100
#: How near numbers are called the same: by share, or by amount.
_ALIKE_SHARE = {"tempo": 0.08, "density": 0.15, "polyphony": 0.15}
_ALIKE_BY = {"register": 2.0, "loudness": 8.0}


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A piece that is like another.

    Attributes:
        brief: the piece.
        likeness: -1..1, in what was asked for; about 0 for pieces that have no more in common than any two.
        aspects: the likeness in each aspect of which both have something, and as `model` that of their codes, where
            a model heard both.
        shared: the share of the passages that both have, 0..1.
        shift: semitones by which it is higher where it is the same music; None if that is not known.
        common: attributes in which both are alike, in words.
        bar: the bar from which on it is like the passage that was asked for; None for whole pieces.
    """

    brief: Brief
    likeness: float
    aspects: Mapping[str, float]
    shared: float = 0.0
    shift: int | None = None
    common: tuple[str, ...] = field(default=())
    bar: int | None = None

    @property
    def is_same_music(self) -> bool:
        """Whether it is the same music, or a version of it."""
        return self.shared >= SAME_MUSIC

    @property
    def reasons(self) -> str:
        """Why it is here, for people."""
        said = []
        if self.is_same_music:
            said.append(f"the same music{_higher(self.shift)} ({100 * self.shared:.0f} % of its passages)")
        elif self.shared >= 0.1:
            said.append(f"shares {100 * self.shared:.0f} % of its passages")
        if self.common:
            *most, last = self.common
            said.append(f"same {', '.join(most)} and {last}" if most else f"same {last}")
        return "; ".join([*said, *(f"{name} {value:.2f}" for name, value in self.aspects.items())])

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return {
            **self.brief.named(),
            "likeness": round(self.likeness, 4),
            "aspects": {name: round(value, 4) for name, value in self.aspects.items()},
            "shared_passages": round(self.shared, 4),
            "same_music": self.is_same_music,
            "semitones_higher": self.shift,
            "bar": self.bar,
            "reasons": self.reasons,
        }


def similar(
    store: Store, piece: Entry, *, by: str = "whole", count: int = 10, vectors: Vectors | None = None
) -> list[Neighbour]:
    """The pieces of a library that are most like a piece; itself is left out.

    Args:
        store: the library.
        piece: an entry of it, or of any score (see `reading.entry_of`).
        by: one of `BY`.
        count: at most so many.
        vectors: those of the library, for whoever asks more than once.

    Returns:
        The same music first, then by likeness.

    Raises:
        UsageError: an argument makes no sense, or the piece has nothing of that aspect.
    """
    check(piece.features, by, count)
    vectors = vectors or Vectors(store)
    numbers, scores = vectors.nearest(piece.features, weights_of(by), max(_CLOSER, 2 * count), piece.number)
    shared = _shared(piece, store.prints(numbers.tolist()))
    ranked = sorted(
        zip(numbers.tolist(), scores.tolist(), strict=True),
        key=lambda pair: (shared.get(pair[0], 0) < SAME_MUSIC, -pair[1], pair[0]),
    )
    likeness = dict(ranked)
    own = {piece.number} - {0}
    briefs = store.briefs([number for number, _ in ranked if number not in own][: count + 5])
    briefs = [brief for brief in briefs if not (piece.paths and brief.path in piece.paths)][:count]
    rows = split(vectors.rows(np.array([brief.number for brief in briefs], np.int64)))
    named, found = piece.attributes.to_dict(), []
    heard = vectors.heard(piece.number, np.array([brief.number for brief in briefs], np.int64))
    for place, brief in enumerate(briefs):
        neighbour = Neighbour(
            brief,
            likeness[brief.number],
            {
                **likeness_of(piece.features, {name: rows[name][place] for name in ASPECTS}),
                **({"model": heard[brief.number]} if brief.number in heard else {}),
            },
            shared.get(brief.number, 0.0),
            common=in_common(named, brief.attributes),
        )
        if neighbour.is_same_music:
            neighbour = replace(neighbour, shift=_shift(piece, store.entry(brief.number)))
        found.append(neighbour)
    return found


def _shared(piece: Entry, prints: Mapping[int, np.ndarray]) -> dict[int, float]:
    """The share of passages that other pieces have in common with one, by number; of those that have any."""
    numbers = np.repeat(list(prints), [len(each) for each in prints.values()])
    hashes = np.concatenate([np.zeros(0, np.uint32), *prints.values()])
    some = np.unique(numbers[np.isin(hashes, piece.prints)]).astype(int).tolist()
    return {number: resemblance(piece.prints, prints[number]) for number in some}


def check(features: Mapping[str, np.ndarray], by: str, count: int) -> None:
    """Raise a UsageError unless something can be found by this."""
    if by not in BY:
        raise UsageError(f"by: expected one of {', '.join(BY)}, got {by!r}")
    if not 1 <= count <= 1000:
        raise UsageError(f"count: expected 1 to 1000, got {count}")
    if by != "whole" and not features[by].any():
        raise UsageError(f"by: this piece has no {by}, as of drums alone or of a single note", hint="try another --by")


def likeness_of(one: Mapping[str, np.ndarray], other: Mapping[str, np.ndarray]) -> dict[str, float]:
    """The likeness in each aspect of which both have something."""
    return {name: float(one[name] @ other[name]) for name in ASPECTS if one[name].any() and other[name].any()}


def in_common(one: Mapping[str, Any], other: Mapping[str, Any]) -> tuple[str, ...]:
    """The attributes in which two records are alike, in words."""
    both = [name for name in one if name in other]
    same: list[str] = [name for name in ("metre", "key", "ensemble") if name in both and one[name] == other[name]]
    if "key" not in same and "mode" in both and one["mode"] == other["mode"]:
        same.append(f"mode ({one['mode']})")
    same += [
        name
        for name, share in _ALIKE_SHARE.items()
        if name in both and abs(one[name] - other[name]) <= share * max(one[name], other[name])
    ]
    same += [name for name, amount in _ALIKE_BY.items() if name in both and abs(one[name] - other[name]) <= amount]
    return tuple(same)


def _shift(piece: Entry, other: Entry | None) -> int | None:
    """How much higher another version is, by the first notes that they share; None if they begin differently."""
    if other is None:
        return None
    pairs: Sequence[tuple[int, int]] = [(a[2], b[2]) for a, b in zip(piece.incipit, other.incipit, strict=False)]
    shifts = {b - a for a, b in pairs}
    return shifts.pop() if len(shifts) == 1 else None


def _higher(shift: int | None) -> str:
    if not shift:
        return "" if shift is None else " at the same pitch"
    size = "1 semitone" if abs(shift) == 1 else f"{abs(shift)} semitones"
    return f", {size} {'higher' if shift > 0 else 'lower'}"
