"""The fingerprints that a model brings along: enough to see whether new notes stand in its training data, and no more.

Of each training piece the hashes of seven notes in a row of every line and of four moments in a row of all voices are
kept, in any key and note values; not in which piece they stand, nor where. A hash is cut to so few bits that one in
32 foreign rows of notes and one in 256 foreign rows of chords pass too. So notes of a piece can be recognised, but
none can be read out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from credo.errors import UsageError
from credo.evaluation.originality.baseline import LEAST_NOTES, LEVEL, WHOLE, passage_of
from credo.evaluation.originality.cells import owned, shared_cells
from credo.evaluation.originality.hashing import BASE, found, mixed, runs_of_true
from credo.evaluation.originality.notes import Music, groups
from credo.evaluation.originality.runs import lines_of
from credo.evaluation.originality.stored import read_arrays, write_arrays

FORMAT_VERSION = 1
#: A hash that is not there is taken for one that is in one of 2^BITS cases. Few bits keep a row from being put together
#: note by note: of some 150 ways to go on after six notes, 5 pass that are not in the data. Chords have many more ways.
BITS = {"rows": 5, "chords": 8}
#: Tokens of a line in a hash, which are seven notes; moments of all voices in a hash.
ROW, MOMENTS = 6, 4
#: Bars of the passages of training pieces that others are measured by, and how many of them at most.
PASSAGE_BARS, MOST_PASSAGES = 16, 400
#: What is no sign of copying whatever the data are like, for chance alone brings some of it.
LEAST = {"run": 12.0, "shared": 0.25}
#: Share of the passages that may be repeats of other pieces, and are left aside where the line is drawn.
MOST_REPEATS = 0.15


class Overlap(NamedTuple):
    """What newly written notes share with the training data.

    Attributes:
        new: how many notes are new.
        run: new notes in the longest run of a line that stands there, figures that repeat themselves counted once.
        run_part: number of its part.
        run_bars: its first and last bar.
        shared: share of the new notes that lie in rows of chords that stand there.
    """

    new: int
    run: int
    run_part: int
    run_bars: tuple[int, int]
    shared: float


class _Hashes(NamedTuple):
    """Rows of a line, or of moments: m hashes.

    Attributes:
        hash: shape (m,), uint64.
        head: whether each begins a line, shape (m,), bool.
        notes: places of the notes of each, shape (m, k); of chords the first and the last moment, shape (m, 2).
    """

    hash: np.ndarray
    head: np.ndarray
    notes: np.ndarray


def _rows(music: Music) -> _Hashes:
    """Seven notes in a row of each line."""
    lines = lines_of(music)
    size = len(lines.token) - ROW + 1
    if size < 1:
        return _Hashes(np.zeros(0, np.uint64), np.zeros(0, bool), np.zeros((0, ROW + 1), np.int64))
    line = np.cumsum(np.concatenate([[0], lines.last[:-1]]))
    state, ends = np.zeros(size, np.uint64), np.arange(size) + ROW - 1
    for k in range(ROW):
        state = state * BASE + mixed(lines.token[k : k + size])
    whole = line[:size] == line[ends]
    notes = np.stack([*(lines.note[k : k + size] for k in range(ROW)), lines.follows[ends, 0]], 1)[whole]
    return _Hashes(state[whole], np.diff(line[:size][whole], prepend=-1) != 0, notes)


def _chords(music: Music) -> _Hashes:
    """Four moments in a row of all voices."""
    empty = _Hashes(np.zeros(0, np.uint64), np.zeros(0, bool), np.zeros((0, 2), np.int64))
    if not len(music):
        return empty
    moment = groups(music)
    first = np.flatnonzero(np.diff(moment, prepend=-1))
    onset, size = music.onset[first], len(first) - MOMENTS + 1
    if size < 1:
        return empty
    gaps = [onset[k + 1 : k + 1 + size] - onset[k : k + size] for k in range(MOMENTS - 1)]
    divisor = np.gcd.reduce(gaps)
    pitched = np.append(np.flatnonzero(~music.drums), len(music))
    lowest = np.append(music.pitch, 0)[pitched[np.searchsorted(pitched, first)]]  # of the first chord of a row
    state = mixed(*(gap // divisor for gap in gaps))
    for k in range(MOMENTS):
        row = moment - k  # the row in which a note's moment stands at place k
        inside = (row >= 0) & (row < size)
        row, pitch, drums = row[inside], music.pitch[inside], music.drums[inside]
        height = np.where(drums, pitch + 1000, pitch - lowest[row])
        np.add.at(state, row, mixed(height, k))
    counts = np.bincount(moment)
    sums = np.concatenate([[0], np.cumsum(counts)])
    enough = sums[MOMENTS : MOMENTS + size] - sums[:size] > MOMENTS  # a single line is a matter of rows
    places = np.arange(size)[enough]
    return _Hashes(state[enough], np.diff(places, prepend=-2) != 1, np.stack([places, places + MOMENTS - 1], 1))


@dataclass(frozen=True, eq=False)
class Sieve:
    """The fingerprints of a model's training data.

    Attributes:
        kept: for rows and for chords the size of the hashes' range and the hashes in it, sorted.
        own: `run` and `shared` of passages of the training pieces, each compared with the other pieces; in one order.
        pieces: how many pieces there were.
        data: checksum of the training data on the model's card, "" if unknown.
    """

    kept: dict[str, tuple[int, np.ndarray]]
    own: dict[str, list[float]]
    pieces: int
    data: str = ""

    @classmethod
    def of(cls, pieces: Sequence[Music], *, data: str = "", seed: int = 0) -> Sieve:
        """The fingerprints of pieces, and what these share with one another.

        Args:
            pieces: the training pieces.
            data: checksum of the training data.
            seed: of the passages that are drawn.
        """
        owners = {
            "rows": owned([_rows(music).hash for music in pieces]),
            "chords": owned([_chords(music).hash for music in pieces]),
        }
        kept = {}
        for kind, (hashes, _) in owners.items():
            span = max(len(hashes), 1) << BITS[kind]
            kept[kind] = (span, np.unique(_cut(hashes, span)))
        dice = np.random.default_rng(seed)
        again = -(-min(MOST_PASSAGES, 4 * len(pieces)) // max(len(pieces), 1))
        own: dict[str, list[float]] = {"run": [], "shared": []}
        drawn = np.repeat(np.arange(len(pieces)), again)
        for number in drawn[:: max(-(-len(drawn) // MOST_PASSAGES), 1)].tolist():
            music = pieces[number]
            passage = passage_of(music, PASSAGE_BARS, dice)
            if not len(passage):
                continue

            def there(kind: str, hashes: np.ndarray, number: int = number) -> np.ndarray:
                span, cut = kept[kind]  # of foreign hashes, those that pass are as many as in any other music
                return shared_cells(hashes, *owners[kind], number) | found(_cut(mixed(hashes), span), cut)

            overlap = _overlap(passage, np.ones(len(passage), bool), there)
            own["run"].append(overlap.run)
            own["shared"].append(round(overlap.shared, 4))
        return cls(kept, own, len(pieces), data)

    def overlap(self, music: Music, new: np.ndarray | None = None) -> Overlap:
        """What the new notes of a piece share with the training data.

        Args:
            music: the whole piece.
            new: flags of the new notes, shape (n,); None for all.
        """
        flags = np.ones(len(music), bool) if new is None else new

        def there(kind: str, hashes: np.ndarray) -> np.ndarray:
            span, known = self.kept[kind]
            return found(_cut(hashes, span), known)

        return _overlap(music, flags, there)

    def line(self, figure: str, bars: int) -> float:
        """What nearly no passage of a training piece exceeds, for new music of some bars; infinite if unknown.

        For both figures together `LEVEL` of the passages lie above. Passages that stand nearly whole in another piece
        are repeats, and left aside, unless there are many. Longer music has more stretches of `PASSAGE_BARS`, each of
        which has a chance to be unusual, so that its line is higher.
        """
        stretches = max(-(-bars // PASSAGE_BARS), 1)
        if not self.own[figure]:
            return float("inf")
        single = np.array(self.own["shared"]) < WHOLE
        if single.mean() < 1 - MOST_REPEATS:  # such music has its chords in common
            single[:] = True
        values = np.array(self.own[figure])[single]
        return max(float(np.quantile(values, 1 - LEVEL / 2 / stretches)), LEAST[figure])

    def is_above(self, overlap: Overlap, bars: int) -> bool:
        """Whether new music of some bars shares more with the training data than its pieces do with one another."""
        if overlap.new < LEAST_NOTES:
            return False
        return overlap.run > self.line("run", bars) or overlap.shared > self.line("shared", bars)

    def save(self, path: str | Path) -> Path:
        """Write a compressed npz file, without pickles.

        Raises:
            FileError: the file cannot be written.
        """
        meta = {"format_version": FORMAT_VERSION, "own": self.own, "pieces": self.pieces, "data": self.data}
        arrays = {"meta": np.frombuffer(json.dumps(meta).encode(), np.uint8)}
        for kind, (span, hashes) in self.kept.items():
            steps = np.diff(hashes, prepend=np.uint64(0))
            arrays |= {f"{kind}_{k}": (steps >> np.uint64(8 * k)).astype(np.uint8) for k in range(3)}
            arrays[f"{kind}_span"] = np.array(span, np.int64)
        return write_arrays(path, arrays)

    @classmethod
    def load(cls, path: str | Path) -> Sieve:
        """Read what `save` wrote.

        Raises:
            FileError: the file cannot be read.
            FormatError: it is something else, is damaged, or a newer Credo wrote it.
        """
        with read_arrays(path, "the fingerprints of a model") as stored:
            meta = json.loads(stored["meta"].tobytes())
            if meta["format_version"] != FORMAT_VERSION:
                raise UsageError(f"format {meta['format_version']}, expected {FORMAT_VERSION}")
            kept = {}
            for kind in BITS:
                planes = [stored[f"{kind}_{k}"].astype(np.uint64) << np.uint64(8 * k) for k in range(3)]
                kept[kind] = (int(stored[f"{kind}_span"]), np.cumsum(np.sum(planes, 0, np.uint64), dtype=np.uint64))
            own = {name: [float(value) for value in meta["own"][name]] for name in ("run", "shared")}
            if len(own["run"]) != len(own["shared"]):
                raise ValueError("figures of different lengths")
            return cls(kept, own, int(meta["pieces"]), str(meta["data"]))

    def to_dict(self) -> dict[str, Any]:
        """Sizes and rates, JSON-able."""
        return {kind: len(hashes) for kind, (_, hashes) in self.kept.items()} | {"pieces": self.pieces}


def _cut(hashes: np.ndarray, span: int) -> np.ndarray:
    return (hashes >> np.uint64(8)) % np.uint64(span)


def _overlap(music: Music, new: np.ndarray, there: Callable[[str, np.ndarray], np.ndarray]) -> Overlap:
    rows, chords = _rows(music), _chords(music)
    run, part, bars = 0, 0, (0, 0)
    flags = there("rows", rows.hash)
    for start, stop in _stretches(flags, rows.head):
        _, first = np.unique(rows.hash[start:stop], return_index=True)
        last = rows.notes[start:stop][np.sort(first), -1]
        size = int(new[last].sum()) + int(new[rows.notes[start, :-1]].sum())
        if size > run and new[rows.notes[start:stop]].any():
            run, part = size, int(music.part[rows.notes[start, 0]])
            ends = rows.notes[start, 0], rows.notes[stop - 1, -1]
            bars = tuple(music.bar_at(int(music.onset[note])) for note in ends)
    shared = 0.0
    if new.any():
        moment = groups(music)
        edges = np.zeros(int(moment[-1]) + 2, np.int64)
        flags = there("chords", chords.hash)
        np.add.at(edges, chords.notes[flags, 0], 1)
        np.add.at(edges, chords.notes[flags, 1] + 1, -1)
        shared = float((np.cumsum(edges)[moment] > 0)[new].mean())
    return Overlap(int(new.sum()), run, part, bars, shared)


def _stretches(flags: np.ndarray, head: np.ndarray) -> list[tuple[int, int]]:
    """Stretches of True that no line begins within."""
    found_ = []
    for start, stop in zip(*runs_of_true(flags), strict=True):
        cuts = [int(start), *(np.flatnonzero(head[start + 1 : stop]) + start + 1).tolist(), int(stop)]
        found_ += pairwise(cuts)
    return found_
