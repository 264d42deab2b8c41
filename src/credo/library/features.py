"""What a piece is like in harmony, melody, rhythm and texture, as numbers that are compared.

Each aspect is a few histograms, side by side. A histogram counts shares and its roots are taken, so that rare events
count beside common ones (the cosine of such roots is A. Bhattacharyya's coefficient, Bull. Calcutta Math. Soc. 35,
1943). What music has in common is taken away, the mean over songs, dance tunes and drums in `typical.npy`, so that the
likeness of two pieces, the cosine, is about 0 for two that have no more in common than any two. Pitches count from the
tonic or from each other: pieces in different keys are alike.

The choice follows what symbolic features are known to tell styles apart (C. McKay, J. Cumming and I. Fujinaga,
"jSymbolic 2.2", ISMIR 2018): intervals, vertical intervals, note values, places in the bar, texture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from credo.evaluation.features import NOTE_LENGTHS
from credo.evaluation.originality.hashing import mixed
from credo.music.score import Score

#: How many numbers each aspect has.
SIZES = {"harmony": 66, "melody": 104, "rhythm": 104, "texture": 79}
ASPECTS = tuple(SIZES)
#: Bump when the numbers change their meaning: pieces are then measured anew.
VERSION = 1
#: How many hashes of passages are kept of a piece, the lowest ones.
PRINTS = 64
_MOVES = 6  # moves from note to note in a passage that is hashed
_PLACES = 16  # places in a bar that onsets are counted at
_TRIGRAMS = 48  # hashed triples of intervals
_INSIDE = 1e-6


@dataclass(frozen=True, eq=False)
class Notes:
    """A piece as arrays of n notes, by onset and then pitch.

    Attributes:
        onset: in quarters, shape (n,).
        end: in quarters, shape (n,).
        pitch: MIDI numbers, shape (n,).
        velocity: 1 to 127, shape (n,).
        part: the number of each note's part, shape (n,).
        drums: whether each is struck on drums, shape (n,), bool.
        programs: General MIDI program of each part, shape (parts,).
        bars: where each bar begins and ends, in quarters, shape (bars, 2).
        tonic: pitch class that harmony counts from.
    """

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    velocity: np.ndarray
    part: np.ndarray
    drums: np.ndarray
    programs: np.ndarray
    bars: np.ndarray
    tonic: int

    def __len__(self) -> int:
        return len(self.onset)

    @classmethod
    def of(cls, score: Score, tonic: int = 0) -> Notes:
        """The notes of a score.

        Args:
            score: any score.
            tonic: pitch class 0..11 of its key.
        """
        rows = []
        for number, part in enumerate(score.parts):
            for note in part.notes:
                onset = note.onset.numerator / note.onset.denominator
                length = note.duration.numerator / note.duration.denominator
                rows.append((onset, onset + length, note.pitch, note.velocity, number, part.is_drums))
        table = np.array(rows, float).reshape(-1, 6)
        table = table[np.lexsort((table[:, 2], table[:, 0]))]
        whole = table[:, 2:].astype(np.int64)
        bars = np.array([(float(start), float(end)) for start, end, _ in score.timeline.bars()]).reshape(-1, 2)
        programs = np.array([part.program for part in score.parts], np.int64)
        return cls(table[:, 0], table[:, 1], *(whole[:, k] for k in range(3)), whole[:, 3] > 0, programs, bars, tonic)

    def within(self, start: float, end: float) -> Notes:
        """The notes that begin from `start` up to `end` (quarters); the bars stay."""
        return self._only((self.onset >= start - _INSIDE) & (self.onset < end - _INSIDE))

    def _only(self, chosen: np.ndarray) -> Notes:
        arrays = (a[chosen] for a in (self.onset, self.end, self.pitch, self.velocity, self.part, self.drums))
        return Notes(*arrays, self.programs, self.bars, self.tonic)

    @property
    def pitched(self) -> Notes:
        """Those that are no drums."""
        return self if not self.drums.any() else self._only(~self.drums)


def features(notes: Notes) -> dict[str, np.ndarray]:
    """Each aspect of a piece or passage.

    Args:
        notes: of the piece.

    Returns:
        For each of `ASPECTS` a vector of unit length, float32, of the sizes `SIZES`; all zeros where there is nothing
        to tell, such as the harmony of drums.
    """
    typical = np.split(_typical(), np.cumsum(list(SIZES.values()))[:-1])
    return {
        name: _beside_typical(vector, usual)
        for (name, vector), usual in zip(plain(notes).items(), typical, strict=True)
    }


def plain(notes: Notes) -> dict[str, np.ndarray]:
    """As `features`, before what music has in common is taken away (`benchmarks/library_typical.py` measures that)."""
    pitched = notes.pitched
    line = melody_line(pitched)
    return {
        "harmony": _side_by_side(_harmony(pitched)),
        "melody": _side_by_side(_melody(line, pitched.tonic)),
        "rhythm": _side_by_side(_rhythm(notes)),
        "texture": _side_by_side(_texture(notes, pitched)),
    }


def melody_line(pitched: Notes) -> np.ndarray:
    """The highest of the notes that begin together: onset, end and pitch in rows, shape (m, 3).

    A note that begins below one that sounds on, and further than a fifth below it, is accompaniment and left out.
    """
    if not len(pitched):
        return np.zeros((0, 3))
    last = np.append(np.diff(pitched.onset) > _INSIDE, True)
    rows = np.stack([pitched.onset[last], pitched.end[last], pitched.pitch[last]], 1)
    kept, top, until = [], -1.0, -1.0
    for onset, end, pitch in rows.tolist():
        if onset < until - 0.05 and pitch < top - 7:
            continue
        kept.append((onset, end, pitch))
        top, until = pitch, end
    return np.array(kept)


def prints(notes: Notes) -> np.ndarray:
    """Hashes of passages of the melody, by which the same music is known again in any key and at any tempo.

    Intervals and the ratios of the times between onsets of seven successive notes make a hash; the lowest `PRINTS` of
    a piece are a fair sample of its passages (A. Broder, "On the Resemblance and Containment of Documents", 1997).

    Args:
        notes: of the piece.

    Returns:
        Sorted, uint32, shape (at most PRINTS,).
    """
    line = melody_line(notes.pitched)
    if len(line) <= _MOVES:
        hits = notes.onset, notes.pitch
        line = np.stack([hits[0], notes.end, hits[1]], 1) if len(notes) > _MOVES and notes.drums.any() else line
    if len(line) <= _MOVES:
        return np.zeros(0, np.uint32)
    intervals = np.diff(line[:, 2]).astype(np.int64)
    gaps = np.maximum(np.diff(line[:, 0]), 1e-3)
    ratios = np.round(4 * np.log2(gaps[1:] / gaps[:-1])).astype(np.int64)
    count = len(intervals) - _MOVES + 1
    fields = [intervals[k : k + count] for k in range(_MOVES)] + [ratios[k : k + count] for k in range(_MOVES - 1)]
    return np.unique((mixed(*fields) >> np.uint64(32)).astype(np.uint32))[:PRINTS]


def resemblance(one: np.ndarray, other: np.ndarray) -> float:
    """The share of passages that two pieces have in common, 0..1, estimated from their `prints`."""
    if not len(one) or not len(other):
        return 0.0
    most = min(PRINTS, max(len(one), len(other)))
    lowest = np.union1d(one, other)[:most]
    both = np.isin(lowest, one, assume_unique=True) & np.isin(lowest, other, assume_unique=True)
    return float(both.sum()) / len(lowest)


def _harmony(notes: Notes) -> list[tuple[float, np.ndarray]]:
    if not len(notes):
        return [(1.0, np.zeros(size)) for size in (12, 12, 12, 12, 6, 12)]
    length = notes.end - notes.onset
    classes = (notes.pitch - notes.tonic) % 12
    chroma, bass = beats(notes)
    sounding = chroma > 0.1
    busy = sounding.any(1)
    pairs = np.array([0.0, *((chroma * np.roll(chroma, k, 1)).sum() for k in range(1, 12))])
    moves = np.array([(chroma[:-1] * np.roll(chroma[1:], -k, 1)).sum() for k in range(12)])
    changes = np.diff(bass[bass >= 0]) % 12
    return [
        (1.0, np.bincount(classes, length, 12)),
        (1.0, pairs),
        (1.0, moves),
        (1.0, np.bincount(bass[bass >= 0], minlength=12).astype(float)),
        (0.7, np.bincount(np.minimum(sounding[busy].sum(1), 6) - 1, minlength=6)[:6].astype(float)),
        (0.7, np.bincount(changes, minlength=12).astype(float)),
    ]


def beats(notes: Notes) -> tuple[np.ndarray, np.ndarray]:
    """What sounds in each quarter from the first note on, at most 4096 of them.

    Args:
        notes: one or more, none of drums.

    Returns:
        Sounding time of each pitch class in quarters, counted from the tonic, shape (L, 12); and the class of the
        lowest pitch, -1 for rests, shape (L,).
    """
    start, classes = notes.onset.min(), (notes.pitch - notes.tonic) % 12
    beats = max(int(min(np.ceil(notes.end.max() - start), 4096)), 1)
    first = np.floor(notes.onset - start).astype(int)
    count = np.maximum(np.ceil(notes.end - start - 1e-9).astype(int) - first, 1)
    which = np.repeat(np.arange(len(notes)), count)
    beat = first[which] + np.arange(len(which)) - np.repeat(np.cumsum(count) - count, count)
    inside = beat < beats
    which, beat = which[inside], beat[inside]
    shared = np.minimum(notes.end[which] - start, beat + 1) - np.maximum(notes.onset[which] - start, beat)
    chroma = np.bincount(beat * 12 + classes[which], np.maximum(shared, 0), beats * 12).reshape(beats, 12)
    lowest = np.full(beats, 999)
    np.minimum.at(lowest, beat, notes.pitch[which])
    return chroma, np.where(lowest < 999, (lowest - notes.tonic) % 12, -1)


def _melody(line: np.ndarray, tonic: int) -> list[tuple[float, np.ndarray]]:
    if len(line) < 2:
        return [(1.0, np.zeros(size)) for size in (12, 25, 9, _TRIGRAMS, 10)]
    pitch = line[:, 2].astype(np.int64)
    step = np.clip(np.diff(pitch), -12, 12)
    turn = np.sign(step) + 1
    sizes = np.array([0, 1, 3, 5, 8, 13])  # unison, step, third, fourth or fifth, wider
    coarse = np.sign(step) * (np.searchsorted(sizes, np.abs(step), "right") - 1) + 4
    grams = coarse[:-2] * 81 + coarse[1:-1] * 9 + coarse[2:] if len(step) > 2 else np.zeros(0, np.int64)
    hashed = (mixed(grams) % np.uint64(_TRIGRAMS)).astype(np.int64)
    spread = np.histogram(pitch - np.median(pitch), bins=[-99, -14, -9, -5, -2, 0, 3, 6, 10, 15, 99])[0]
    return [
        (1.0, np.bincount((pitch - tonic) % 12, line[:, 1] - line[:, 0], 12)),
        (1.2, np.bincount(step + 12, minlength=25).astype(float)),
        (0.6, np.bincount(turn[:-1] * 3 + turn[1:], minlength=9).astype(float)),
        (1.0, np.bincount(hashed, minlength=_TRIGRAMS).astype(float)),
        (0.5, spread.astype(float)),
    ]


def _rhythm(notes: Notes) -> list[tuple[float, np.ndarray]]:
    if not len(notes):
        return [(1.0, np.zeros(size)) for size in (12, 12, 36, _PLACES, 12, 8, 8)]
    moments = notes.onset[np.append(True, np.diff(notes.onset) > 0.02)]
    gap = _length_class(np.diff(moments)) if len(moments) > 1 else np.zeros(0, np.int64)
    group = np.array([0, 1, 2, 3, 4, 1, 2, 3, 4, 5, 5, 5])[gap]  # by size, triplets apart
    bar = np.clip(np.searchsorted(notes.bars[:, 0], moments + 1e-6, "right") - 1, 0, max(len(notes.bars) - 1, 0))
    begin, end = notes.bars[bar].T if len(notes.bars) else (np.zeros(len(moments)), np.ones(len(moments)))
    place = np.clip((moments - begin) / np.maximum(end - begin, 1e-6) * _PLACES + 0.01, 0, _PLACES - 1).astype(int)
    within = np.round((moments % 1) * 12).astype(int) % 12
    lengths = np.diff(notes.bars, axis=1)[:, 0] if len(notes.bars) else np.ones(1)
    metre = np.histogram(lengths, bins=[0, 1.6, 2.1, 2.6, 3.1, 3.6, 4.1, 5.1, 1e9])[0].astype(float)
    rate = np.array([len(moments) / max(float(np.ptp(notes.onset)), 1.0)])
    return [
        (1.0, np.bincount(_length_class(notes.end - notes.onset), minlength=12).astype(float)),
        (1.0, np.bincount(gap, minlength=12).astype(float)),
        (1.0, np.bincount(group[:-1] * 6 + group[1:], minlength=36).astype(float)),
        (1.0, np.bincount(place, minlength=_PLACES).astype(float)),
        (1.0, np.bincount(within, minlength=12).astype(float)),
        (0.8, metre),
        (0.6, _bumps(np.log2(rate), -2, 3.5, 8)),
    ]


def _texture(notes: Notes, pitched: Notes) -> list[tuple[float, np.ndarray]]:
    if not len(notes):
        return [(1.0, np.zeros(size)) for size in (12, 8, 8, 17, 12, 8, 8, 6)]
    together = np.diff(np.flatnonzero(np.append(np.append(True, np.diff(notes.onset) > 0.02), True)))
    events = np.concatenate([notes.onset, notes.end])
    order = np.argsort(events, kind="stable")
    voices = np.cumsum(np.concatenate([np.ones(len(notes)), -np.ones(len(notes))])[order])[:-1]
    spans = np.diff(events[order])
    families = np.where(notes.drums, 16, notes.programs[notes.part] // 8)
    parts = np.bincount(notes.part, minlength=1)
    loud = notes.velocity.astype(float)
    connected = np.clip(notes.end - notes.onset, 0, 8)
    drums = notes.pitch[notes.drums]
    return [
        (1.0, np.histogram(pitched.pitch, bins=np.linspace(21, 105, 13))[0].astype(float)),
        (1.0, np.bincount(np.clip(voices, 0, 7).astype(int), np.maximum(spans, 0), 8)),
        (0.8, np.bincount(np.minimum(together, 8) - 1, minlength=8)[:8].astype(float)),
        (0.6, np.bincount(families, minlength=17)[:17].astype(float)),
        (0.7, np.bincount(np.clip(drums - 35, 0, 23) // 2, minlength=12).astype(float)),
        (0.5, _bumps(np.log2(1 + np.array([(parts > 0).sum()])), 1, 4.5, 8)),
        (0.4, _bumps(np.array([loud.mean()]), 20, 120, 8)),
        (0.5, np.histogram(connected, bins=[0, 0.3, 0.6, 1.1, 2.1, 4.1, 99])[0].astype(float)),
    ]


def _length_class(quarters: np.ndarray) -> np.ndarray:
    return np.abs(np.asarray(quarters)[:, None] - np.array(NOTE_LENGTHS)).argmin(1)


def _bumps(values: np.ndarray, low: float, high: float, size: int) -> np.ndarray:
    """A number as a soft place on a scale, so that near numbers are alike."""
    centres = np.linspace(low, high, size)
    return np.exp(-(((np.clip(values.mean(), low, high) - centres) / (centres[1] - centres[0])) ** 2))


def _beside_typical(vector: np.ndarray, typical: np.ndarray) -> np.ndarray:
    """A vector without what all music has in common, of unit length; nothing stays nothing."""
    if not vector.any():
        return vector
    left = vector - typical
    return left / max(float(np.linalg.norm(left)), 1e-9)


@cache
def _typical() -> np.ndarray:
    return np.load(Path(__file__).with_name("typical.npy"), allow_pickle=False).astype(np.float32)


def _side_by_side(histograms: list[tuple[float, np.ndarray]]) -> np.ndarray:
    """Histograms, each with its weight, as one vector of unit length."""
    rooted = [weight * np.sqrt(counts / max(counts.sum(), 1e-12)) for weight, counts in histograms]
    joined = np.concatenate(rooted).astype(np.float32)
    size = float(np.linalg.norm(joined))
    return joined / size if size > 0 else joined
