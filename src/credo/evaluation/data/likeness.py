"""Which files hold the same piece: note for note, transposed, or much the same.

A piece is sketched by hashes of its melodic turns: eight successive notes of a part's highest or lowest line, as the
intervals between them and whether each is as long as the one before, longer or shorter. Neither key nor tempo is told.
Of all hashes the lowest are kept; where two sketches overlap, the share that both have tells how much of the smaller
piece stands in the larger one (A. Broder, "On the Resemblance and Containment of Documents", 1997).
"""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from credo.corpora.reading.clean import Content
from credo.evaluation.metrics.columns import TICKS, Columns

#: How many hashes of a piece are kept.
KEPT = 256
#: Notes of a turn.
TURN, DRUM_TURN = 8, 16
#: Fewer hashes in common say nothing.
FEWEST = 12
_TOGETHER = TICKS // 24  # onsets so near are one chord, as players play them
_NEIGHBOURS = 12  # of the files that share a hash, each is compared with so many that follow
_MULTIPLIER = np.uint64(0x9E3779B97F4A7C15)


@dataclass(frozen=True, slots=True, eq=False)
class Sketch:
    """What is kept of a piece.

    Attributes:
        hashes: the lowest hashes of its turns, sorted, shape (at most KEPT,), uint32.
        turns: how many different turns it has.
    """

    hashes: np.ndarray
    turns: int

    @classmethod
    def of(cls, notes: Columns) -> Sketch:
        """Sketch a piece."""
        found = [_turns(notes.where(notes.part == part)) for part in np.unique(notes.part)]
        hashes = np.unique(np.concatenate(found)) if found else np.zeros(0, np.uint32)
        return cls(hashes[:KEPT], len(hashes))

    def to_text(self) -> str:
        """The hashes as text; `from_text` reads it."""
        return base64.b64encode(self.hashes.astype("<u4").tobytes()).decode()

    @classmethod
    def from_text(cls, text: str, turns: int) -> Sketch:
        """A sketch of what `to_text` wrote."""
        return cls(np.frombuffer(base64.b64decode(text), "<u4").astype(np.uint32), turns)

    def shared(self, other: Sketch) -> float:
        """The share (0..1) of the smaller piece's turns that the larger has; 0 where too little is known."""
        bound = min(_bound(self), _bound(other))
        mine, theirs = (s.hashes[: np.searchsorted(s.hashes, bound, "right")] for s in (self, other))
        both = len(np.intersect1d(mine, theirs, assume_unique=True))
        return both / min(len(mine), len(theirs)) if both >= FEWEST else 0.0


@dataclass(frozen=True, slots=True)
class Alike:
    """A file that holds much of what another one does.

    Attributes:
        name: the file.
        of: the file of its group that is recommended.
        share: how much of the smaller one the larger has, 0..1.
        part: whether `name` is clearly the smaller.
    """

    name: str
    of: str
    share: float
    part: bool


def content_of(notes: Columns) -> Content:
    """What a piece is, whatever its key, parts, loudness, tempo and names; see `credo.corpora.reading.clean`."""
    pitched = notes.pitched.pitch
    lowest = int(pitched.min()) if len(pitched) else -1
    pitch = np.where(notes.drums, notes.pitch, notes.pitch - lowest)
    rows = np.stack([notes.onset - notes.onset.min(), notes.end - notes.onset, pitch, notes.drums], axis=1)
    rows = rows[np.lexsort(rows.T)]
    return Content(hashlib.sha256(np.ascontiguousarray(rows, "<i8").tobytes()).hexdigest()[:20], lowest)


def alike(sketches: dict[str, Sketch], least: float) -> list[Alike]:
    """The files of which an earlier one holds much.

    Args:
        sketches: by name, in order of preference.
        least: the share (0..1) from which on two pieces are much the same.

    Returns:
        One entry for each file but the recommended ones. Every member of a group is like its recommended file, so
        that a chain of ever so small steps does not join what is different.
    """
    names, kept = list(sketches), list(sketches.values())
    found = []
    for component in _components(len(kept), _near(kept, least)):
        recommended: list[int] = []
        for number in component:
            shares = ((kept[first].shared(kept[number]), first) for first in recommended)
            near = next(((share, first) for share, first in shares if share >= least), None)
            if near is None:
                recommended.append(number)
            else:
                share, first = near
                part = kept[number].turns < 0.8 * kept[first].turns
                found.append(Alike(names[number], names[first], share, part))
    return found


def _bound(sketch: Sketch) -> int:
    """The hash up to which all of a piece's hashes are kept."""
    return int(sketch.hashes[-1]) if sketch.turns > len(sketch.hashes) else 1 << 32


def _turns(notes: Columns) -> np.ndarray:
    """The hashes of a part's turns, uint32, in no order."""
    starts = np.flatnonzero(np.diff(notes.onset, prepend=-TICKS) > _TOGETHER)
    onset = notes.onset[starts]
    if notes.drums[0]:
        struck = np.add.reduceat(_mixed(notes.pitch.astype(np.uint64)), starts)
        lines, size = [struck[1:]], DRUM_TURN
    else:
        tops, bottoms = (choose.reduceat(notes.pitch, starts) for choose in (np.maximum, np.minimum))
        lines = [np.diff(line) for line in ((tops, bottoms) if len(starts) < len(notes.pitch) else (tops,))]
        size = TURN
    moves = size - 1
    count = len(starts) - moves
    if count <= 0:
        return np.zeros(0, np.uint32)
    waits = np.diff(onset).astype(float)
    longer = np.zeros(len(waits), np.int64)
    longer[1:] = np.clip(np.rint(np.log2(waits[1:] / waits[:-1])), -1, 1)
    found = []
    for line in lines:
        tokens = _mixed(line.astype(np.uint64) * np.uint64(3) + (longer + 1).astype(np.uint64))
        first = _mixed(line.astype(np.uint64) * np.uint64(3) + np.uint64(1))  # nothing is before it
        hashes = first[:count]
        for place in range(1, moves):
            hashes = _mixed(hashes + tokens[place : place + count])
        ordered = np.sort(np.lib.stride_tricks.sliding_window_view(line, moves)[:count], axis=1)
        varied = (np.diff(ordered, axis=1) != 0).sum(axis=1) >= 2  # scales, trills, repeated notes are everybody's
        found.append((hashes[varied] >> np.uint64(32)).astype(np.uint32))
    return np.concatenate(found)


def _mixed(state: np.ndarray) -> np.ndarray:
    """Numbers well stirred, uint64; wraps."""
    state = (state ^ (state >> np.uint64(31))) * _MULTIPLIER
    state = (state ^ (state >> np.uint64(29))) * np.uint64(0xBF58476D1CE4E5B9)
    return state ^ (state >> np.uint64(32))


def _near(sketches: Sequence[Sketch], least: float) -> Iterator[tuple[int, int]]:
    """Pairs of numbers of sketches that have enough in common."""
    if not sketches:
        return
    hashes = np.concatenate([sketch.hashes for sketch in sketches])
    owner = np.repeat(np.arange(len(sketches)), [len(sketch.hashes) for sketch in sketches])
    order = np.lexsort((owner, hashes))
    hashes, owner = hashes[order], owner[order]
    together = []
    for ahead in range(1, min(_NEIGHBOURS, len(hashes) - 1) + 1):
        same = hashes[ahead:] == hashes[:-ahead]
        together.append(owner[:-ahead][same] * len(sketches) + owner[ahead:][same])
    pairs, counts = np.unique(np.concatenate([np.zeros(0, int), *together]), return_counts=True)
    for pair in pairs[counts >= FEWEST // 2]:
        one, other = divmod(int(pair), len(sketches))
        if sketches[one].shared(sketches[other]) >= least:
            yield one, other


def _components(count: int, pairs: Iterator[tuple[int, int]]) -> list[list[int]]:
    """Numbers that pairs join, two or more, each list sorted."""
    parent = list(range(count))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for one, other in pairs:
        low, high = sorted((root(one), root(other)))
        parent[high] = low
    joined: dict[int, list[int]] = {}
    for number in range(count):
        joined.setdefault(root(number), []).append(number)
    return [numbers for numbers in joined.values() if len(numbers) > 1]
