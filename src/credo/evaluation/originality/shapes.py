"""Passages that lie elsewhere with a few notes changed, in any key and in any note values, found by geometric hashing.

Three notes that begin one after another are a shape: two intervals, and the ratio of two times. Of two passages that
are alike many shapes are the same, and all of these tell the same transposition, stretch and shift of time from one
passage to the other (A. Arzt, S. Boeck, G. Widmer, "Fast Identification of Piece and Score Position via Symbolic
Fingerprinting", ISMIR 2012; T. Collins, A. Arzt, H. Frostel, G. Widmer, "Using Geometric Symbolic Fingerprinting to
Discover Distinctive Patterns in Polyphonic Music Corpora", 2016). Such a shift is then tried on all notes: the share
of a passage's notes that it brings onto notes of the other one is the cardinality score (see the package).
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credo.evaluation.originality.hashing import mixed
from credo.evaluation.originality.notes import TICKS, Music, groups

#: One shape in so many is kept, always the same ones.
KEPT = 8
_REACH = 12  # semitones between two notes of a shape
_NOTES_AFTER = 12  # notes that are looked at after one, for the moments that follow
#: A shape that occurs more often than this tells little, and is not looked up.
COMMON = 1000
_BUDGET = 200_000  # places that are looked at for one piece, those of rare shapes first
#: A shift is tried if so many shapes tell it.
LEAST_VOTES = 3
_LONGEST = 16 * TICKS  # between two notes of a shape


class Shapes(NamedTuple):
    """The shapes of a piece that are kept.

    Attributes:
        hash: shape (m,), uint32.
        note: the place of the first note of each among the notes of the piece, shape (m,).
        time: from its first note to its second in ticks, shape (m,).
    """

    hash: np.ndarray
    note: np.ndarray
    time: np.ndarray


class Shift(NamedTuple):
    """A way to lay a piece over another one: time t becomes `stretch` t + `time`, pitch p becomes p + `pitch`.

    Attributes:
        piece: number of the other piece.
        above, below: the stretch is above / below.
        time: in ticks, times `below`.
        pitch: in semitones; 0 for drums.
        drums: whether it is about the notes of drums.
        votes: shapes that tell it.
    """

    piece: int
    above: int
    below: int
    time: int
    pitch: int
    drums: bool
    votes: int


def shapes_of(music: Music) -> Shapes:
    """The shapes of a piece: first, second and third note on moments that follow each other, one of which may be left
    out, within an octave of one another.
    """
    moment = groups(music)
    first, second = _pairs(music, moment)
    count = np.bincount(first, minlength=len(music))
    begin = np.concatenate([[0], np.cumsum(count)])
    times = count[second]  # each pair goes on with all pairs of its second note
    left = np.repeat(np.arange(len(first)), times)
    right = begin[second[left]] + np.arange(len(left)) - np.repeat(np.cumsum(times) - times, times)
    a, b, c = first[left], second[left], second[right]
    near = moment[c] - moment[a] <= 3
    a, b, c = a[near], b[near], c[near]
    one, two = music.onset[b] - music.onset[a], music.onset[c] - music.onset[b]
    divisor = np.gcd(one, two)
    drums = music.drums[a]
    up, on = (
        np.where(drums, music.pitch[y] + 128 * music.pitch[x], music.pitch[y] - music.pitch[x])
        for x, y in ((a, b), (b, c))
    )
    hashes = mixed(up, on, one // divisor, two // divisor, drums)
    kept = hashes % np.uint64(KEPT) == 0
    return Shapes((hashes[kept] >> np.uint64(32)).astype(np.uint32), a[kept], one[kept])


def _pairs(music: Music, moment: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of notes one or two moments apart, sorted by the first; both of shape (pairs,)."""
    firsts, seconds = [], []
    for ahead in range(1, _NOTES_AFTER + 1):
        a = np.arange(len(music) - ahead)
        b = a + ahead
        apart = moment[b] - moment[a]
        alike = music.drums[a] == music.drums[b]
        near = (np.abs(music.pitch[b] - music.pitch[a]) <= _REACH) | music.drums[a]
        soon = music.onset[b] - music.onset[a] <= _LONGEST
        good = (apart >= 1) & (apart <= 2) & alike & near & soon
        firsts.append(a[good])
        seconds.append(b[good])
    first, second = (np.concatenate([np.zeros(0, np.int64), *each]) for each in (firsts, seconds))
    order = np.argsort(first, kind="stable")
    return first[order], second[order]


class Table:
    """The shapes of many pieces, sorted.

    Args:
        hash: shape (M,), uint32, sorted.
        note: the first note of each, counted through all pieces, shape (M,), uint32.
        time: shape (M,), uint16.
    """

    def __init__(self, hash: np.ndarray, note: np.ndarray, time: np.ndarray) -> None:  # noqa: A002
        self.hash, self.note, self.time = hash, note, time

    @classmethod
    def of(cls, shapes: list[Shapes], starts: np.ndarray) -> Table:
        """A table of the shapes of pieces whose notes begin at `starts`, shape (pieces + 1,)."""
        hashes = np.concatenate([np.zeros(0, np.uint32), *(each.hash for each in shapes)])
        notes = np.concatenate([np.zeros(0, np.int64), *(e.note + s for e, s in zip(shapes, starts, strict=False))])
        times = np.concatenate([np.zeros(0, np.int64), *(each.time for each in shapes)])
        order = np.argsort(hashes, kind="stable")
        return cls(hashes[order], notes[order].astype(np.uint32), times[order].astype(np.uint16))

    def matches(self, shapes: Shapes, *, everything: bool = False) -> tuple[np.ndarray, np.ndarray]:
        """Which shapes of a piece stand where in the table: their places in `shapes` and in the table, shape (k,).

        Args:
            shapes: of the piece.
            everything: whether to look up common shapes too.
        """
        begin = np.searchsorted(self.hash, shapes.hash, "left")
        count = np.searchsorted(self.hash, shapes.hash, "right") - begin
        rare = np.argsort(count, kind="stable")
        if not everything:
            rare = rare[(count[rare] > 0) & (count[rare] <= COMMON) & (np.cumsum(count[rare]) <= _BUDGET)]
        own = np.repeat(rare, count[rare])
        within = np.arange(len(own)) - np.repeat(np.cumsum(count[rare]) - count[rare], count[rare])
        return own, begin[own] + within


def shifts(
    own: Shapes, music: Music, table: Table, corpus: Music, starts: np.ndarray, *, most: int, leave_out: int = -1
) -> list[Shift]:
    """The shifts that most shapes tell, most votes first.

    Args:
        own: shapes of the piece.
        music: its notes.
        table: shapes of the corpus.
        corpus: the notes of all its pieces, one after the other.
        starts: where the notes of each piece begin, shape (pieces + 1,).
        most: at most so many.
        leave_out: a piece that does not count.
    """
    mine, theirs = table.matches(own)
    a, c = own.note[mine], table.note[theirs].astype(np.int64)
    piece = np.searchsorted(starts, c, "right") - 1
    above, below = table.time[theirs].astype(np.int64), own.time[mine]
    divisor = np.gcd(above, below)
    above, below = above // divisor, below // divisor
    fits = (above <= 4) & (below <= 4) & (piece != leave_out) & (music.drums[a] == corpus.drums[c])
    a, c, piece, above, below = (each[fits] for each in (a, c, piece, above, below))
    time = corpus.onset[c] * below - music.onset[a] * above
    drums = music.drums[a]
    pitch = np.where(drums, 0, corpus.pitch[c] - music.pitch[a])
    keys = np.stack([piece, above, below, time, pitch, drums], 1)
    code = mixed(*keys.T)
    _, where, votes = np.unique(code, return_index=True, return_counts=True)
    best = np.argsort(-votes, kind="stable")[:most]
    best = best[votes[best] >= LEAST_VOTES]
    return [Shift(*(int(x) for x in keys[where[k]]), int(votes[k])) for k in best]  # type: ignore[call-arg]


def met(shift: Shift, music: Music, other: Music) -> np.ndarray:
    """The note of another piece on which a shift puts each note, -1 for none; shape (n,).

    Args:
        shift: the shift.
        music: the notes.
        other: the notes of the other piece, sorted by onset and pitch.
    """
    if not len(other) or not len(music):
        return np.full(len(music), -1)
    key = (other.onset * shift.below) * 512 + other.pitch + 256 * other.drums
    wanted = (music.onset * shift.above + shift.time) * 512 + music.pitch + shift.pitch + 256 * music.drums
    order = np.argsort(key, kind="stable")
    at = np.minimum(np.searchsorted(key[order], wanted), len(key) - 1)
    hit = (key[order][at] == wanted) & (music.drums == shift.drums)
    return np.where(hit, order[at], -1)
