"""The longest runs of notes that a line shares with any line of many pieces, transposition and tempo aside.

A line is written as tokens: token i holds the interval from note i to the next, and the ratio of the times from note i
to the next and from there to the one after it. Equal tokens are the same tune in any key and in doubled, halved or any
other note values; a note lasts until the next one, so that neither articulation nor short rests count. All tails of
all lines are kept in alphabetical order (a suffix array, U. Manber and G. Myers 1993), so that the longest shared run
from each note on is found by halving, and lies beside the place where the tail would stand.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from credo.evaluation.originality.hashing import mixed
from credo.evaluation.originality.notes import Music, melodies

#: Longest run that is told from longer ones while searching, in tokens; longer ones are followed to their ends.
DEPTH = 64
_ENDS = 1 << 31  # tokens from here on end a line; each is another one


class Lines(NamedTuple):
    """Lines as tokens, one line after the other; N tokens in all.

    Attributes:
        token: shape (N,), int64, below 2^31.
        then: the interval after that of the token, shape (N,), int64.
        last: whether a token is the last of its line, shape (N,), bool. It is followed by two notes of the line.
        note: the place of the token's note among the notes of its piece, shape (N,).
        follows: the places of the two notes after it, shape (N, 2).
    """

    token: np.ndarray
    then: np.ndarray
    last: np.ndarray
    note: np.ndarray
    follows: np.ndarray


def lines_of(music: Music) -> Lines:
    """The lines of a piece that have three notes or more."""
    struck = _struck(music)
    columns = []
    for _, kind, notes in melodies(music):
        if len(notes) < 3:
            continue
        gap = np.diff(music.onset[notes])
        interval = struck[notes[1:]] if kind == "drums" else np.diff(music.pitch[notes])
        divisor = np.gcd(gap[:-1], gap[1:])
        token = mixed(interval[:-1], gap[:-1] // divisor, gap[1:] // divisor, kind == "drums")
        last = np.arange(len(token)) == len(token) - 1
        follows = np.stack([notes[1:-1], notes[2:]], 1)
        columns.append(((token >> np.uint64(33)).astype(np.int64), interval[1:], last, notes[:-2], follows))
    if not columns:
        empty = np.zeros(0, np.int64)
        return Lines(empty, empty, empty.astype(bool), empty, empty.reshape(0, 2))
    return Lines(*(np.concatenate(column) for column in zip(*columns, strict=True)))


def _struck(music: Music) -> np.ndarray:
    """For each drum note a number for all that is struck with it; shape (n,)."""
    struck = np.zeros(len(music), np.int64)
    drums = np.flatnonzero(music.drums)
    if len(drums):
        _, moment = np.unique(music.onset[drums], return_inverse=True)
        keys = (mixed(music.pitch[drums]) >> np.uint64(24)).astype(np.int64)  # 40 bits, so that sums do not wrap
        pairs = np.unique(np.stack([moment, keys], 1), axis=0)
        sums = np.zeros(moment.max() + 1, np.int64)
        np.add.at(sums, pairs[:, 0], pairs[:, 1])
        struck[drums] = sums[moment] & 0x7FFF
    return struck


class Runs:
    """Lines of many pieces, in which runs are looked up.

    Args:
        lines: of each piece.
        order: the tails in alphabetical order, where it is known; shape (N,).
    """

    def __init__(self, lines: list[Lines], order: np.ndarray | None = None) -> None:
        sizes = [len(each.token) for each in lines]
        self.starts = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
        self.lines = lines
        token = np.concatenate([np.zeros(0, np.int64), *(each.token for each in lines)])
        self.last = np.concatenate([np.zeros(0, bool), *(each.last for each in lines)])
        self.then = np.concatenate([np.zeros(0, np.int64), *(each.then for each in lines)])
        self.token = _closed(token, self.last)
        self.seat = _seats(self.last)  # where each token stands among tokens and ends
        self.piece_of = np.repeat(np.arange(len(lines)), sizes).astype(np.int32)
        self.order = _sorted_tails(self.token, self.seat) if order is None else order
        owner = self.piece_of[self.order] if len(self.order) else np.zeros(0, np.int32)
        other = np.flatnonzero(np.diff(owner, prepend=-1))  # where another piece's tails begin
        edges = np.append(other, len(owner))
        self._before = np.repeat(edges[:-1], np.diff(edges)) - 1  # the nearest one before
        self._after = np.repeat(edges[1:], np.diff(edges))

    def longest(self, lines: Lines, leave_out: int = -1) -> tuple[np.ndarray, np.ndarray]:
        """The longest run from each token of a piece on.

        Args:
            lines: of the piece.
            leave_out: a piece that does not count.

        Returns:
            For each token the length of the run in tokens, 0 for none, and the token of the corpus where it begins;
            both of shape (tokens,).
        """
        length, place = (np.zeros(len(lines.token), np.int64) for _ in range(2))
        if not len(self.order) or not len(length):
            return length, place
        own = np.concatenate([_closed(lines.token, lines.last) % _ENDS, np.full(DEPTH, -1)])
        own[np.flatnonzero(lines.last) + 1 + np.arange(lines.last.sum())] = -1
        seats = _seats(lines.last)
        for first in range(0, len(length), 4096):
            part = slice(first, first + 4096)
            found = self._longest(own, seats[part], leave_out)
            length[part], place[part] = found
        return length, place

    def _longest(self, own: np.ndarray, seats: np.ndarray, leave_out: int) -> tuple[np.ndarray, np.ndarray]:
        low, high = np.zeros(len(seats), np.int64), np.full(len(seats), len(self.order))
        while (low < high).any():
            middle = np.minimum((low + high) // 2, len(self.order) - 1)
            below = self._is_below(self.seat[self.order[middle]], own, seats)
            open_ = low < high
            low, high = np.where(open_ & below, middle + 1, low), np.where(open_ & ~below, middle, high)
        best, place = np.zeros(len(seats), np.int64), np.zeros(len(seats), np.int64)
        for neighbour, jump in ((low - 1, self._before), (low, self._after)):
            here = np.clip(neighbour, 0, len(self.order) - 1)
            out = self.piece_of[self.order[here]] == leave_out
            neighbour = np.where(out & (neighbour == here), jump[here], neighbour)
            valid = (neighbour >= 0) & (neighbour < len(self.order))
            token = self.order[np.clip(neighbour, 0, len(self.order) - 1)]
            common = np.where(valid, self._common(self.seat[token], own, seats), 0)
            better = common > best
            best, place = np.where(better, common, best), np.where(better, token, place)
        return best, place

    def _is_below(self, theirs: np.ndarray, own: np.ndarray, seats: np.ndarray) -> np.ndarray:
        """Whether tails of the corpus come before own ones in the alphabet; both of shape (m,)."""
        below, open_ = np.zeros(len(seats), bool), np.arange(len(seats))
        for k in range(DEPTH):
            a, b = self.token[theirs[open_] + k], own[seats[open_] + k]
            below[open_[a < b]] = True
            open_ = open_[a == b]
            if not len(open_):
                break
        return below

    def _common(self, theirs: np.ndarray, own: np.ndarray, seats: np.ndarray) -> np.ndarray:
        """How many tokens tails of the corpus and own ones have in common; shape (m,)."""
        length, open_ = np.zeros(len(seats), np.int64), np.arange(len(seats))
        while len(open_):
            k = length[open_]
            open_ = open_[self.token[theirs[open_] + k] == own[seats[open_] + k]]
            length[open_] += 1
        return length


def _seats(last: np.ndarray) -> np.ndarray:
    """Where tokens stand once an end has been put after each line; shape (N,)."""
    return np.arange(len(last)) + np.concatenate([[0], np.cumsum(last)[:-1]]) if len(last) else np.zeros(0, np.int64)


def _closed(token: np.ndarray, last: np.ndarray) -> np.ndarray:
    """The tokens with an end after each line, each end another number, and more of them at the very end."""
    ends = int(last.sum())
    closed = np.concatenate([np.zeros(len(token) + ends, np.int64), _ENDS + ends + np.arange(DEPTH + 1)])
    closed[_seats(last)] = token
    closed[np.flatnonzero(last) + 1 + np.arange(ends)] = _ENDS + np.arange(ends)
    return closed


def _sorted_tails(closed: np.ndarray, seat: np.ndarray) -> np.ndarray:
    """The tokens in the order of their tails, by doubling what is compared; tails are told apart by `DEPTH` tokens."""
    _, rank = np.unique(closed, return_inverse=True)
    width = 1
    while width < DEPTH:
        after = np.concatenate([rank[width:], np.zeros(width, rank.dtype)])
        pairs = rank.astype(np.int64) * (len(closed) + 1) + after
        _, rank = np.unique(pairs, return_inverse=True)
        width *= 2
    return np.argsort(rank[seat], kind="stable")
