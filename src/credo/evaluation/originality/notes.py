"""Pieces as arrays of notes on a fine grid, whatever they are made of, so that they can be compared."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credo.music.grid import REST, Cells, Grid
from credo.music.score import Score, Timeline
from credo.music.texture import DRUMS, Voice

#: Parts that a quarter is divided into: sixteenths to 1/64 notes, triplets of all of these, quintuplets.
TICKS = 240
#: Where notes lie in written music, in quarters: on thirty-seconds, or on triplets of sixteenths.
_WRITTEN = np.union1d(np.arange(9) / 8, np.arange(13) / 12)
_AT = 0.005  # quarters that a note may lie beside such a place, for files count in coarse ticks
_KIT = np.arange(128)  # percussion keys of one kind, such as all snares, as one
for _group in DRUMS.voices[0].instruments:
    _KIT[list(_group)] = _group[0]
_PERFORMED = 0.25  # share of the onsets beside these places, above which a piece counts as performed


@dataclass(frozen=True, eq=False)
class Music:
    """A piece as arrays: n notes, sorted by onset and pitch. Loudness, instruments and tempo are left out.

    Attributes:
        onset: where each begins, in ticks from the start, shape (n,), int64.
        end: where each ends, shape (n,).
        pitch: MIDI note numbers, or percussion keys (one for all snares and so on), shape (n,).
        part: number of the part of each, shape (n,).
        drums: whether each is struck on drums, shape (n,), bool.
        bars: for each bar where it begins, where it ends, its beat and the length of whole bars of its metre, all in
            ticks, shape (bars, 4); the first may be an upbeat.
        upbeat: whether the first bar is one.
        parts: names of the parts.
        moved: how the notes came onto the grid: "" where they lay there, else a word or two.
    """

    onset: np.ndarray
    end: np.ndarray
    pitch: np.ndarray
    part: np.ndarray
    drums: np.ndarray
    bars: np.ndarray
    upbeat: bool = False
    parts: tuple[str, ...] = ()
    moved: str = ""

    def __len__(self) -> int:
        return len(self.onset)

    @classmethod
    def of(cls, piece: Score | Grid) -> Music:
        """The notes of a score, which are brought onto a grid if they were performed, or those of a grid."""
        return _of_grid(piece) if isinstance(piece, Grid) else _of_score(piece)

    def bar_at(self, tick: int) -> int:
        """The number of the bar at a place, as musicians count: the first whole one is 1, an upbeat is 0."""
        return int(np.searchsorted(self.bars[:, 0], tick, "right")) - self.upbeat

    def only(self, chosen: np.ndarray) -> Music:
        """Some of the notes, by flags of shape (n,)."""
        arrays = (array[chosen] for array in (self.onset, self.end, self.pitch, self.part, self.drums))
        return Music(*arrays, self.bars, self.upbeat, self.parts, self.moved)


def _sorted(rows: np.ndarray, timeline: Timeline, names: tuple[str, ...], moved: str = "") -> Music:
    """Music of rows of onset, end, pitch, part and drums, shape (n, 5)."""
    rows[:, 2] = np.where(rows[:, 4] > 0, _KIT[np.clip(rows[:, 2], 0, 127)], rows[:, 2])
    rows = rows[np.lexsort((rows[:, 3], rows[:, 2], rows[:, 0]))]
    bars = [[float(x) * TICKS for x in (start, end, metre.beat, metre.bar)] for start, end, metre in timeline.bars()]
    columns = (rows[:, k] for k in range(4))
    return Music(
        *columns, rows[:, 4].astype(bool), np.round(bars).astype(np.int64), bool(timeline.pickup), names, moved
    )


def _of_score(score: Score) -> Music:
    notes = [
        (float(note.onset), float(note.duration), note.pitch, number, part.is_drums)
        for number, part in enumerate(score.parts)
        for note in part.notes
    ]
    table = np.array(notes, float).reshape(-1, 5)
    onsets, moved = _on_grid(table[:, 0])
    rows = np.round(table).astype(np.int64)
    rows[:, 0] = onsets
    rows[:, 1] = onsets + np.maximum(np.round(table[:, 1] * TICKS), 1)
    return _sorted(rows, score.timeline, tuple(part.name for part in score.parts), moved)


def _on_grid(quarters: np.ndarray) -> tuple[np.ndarray, str]:
    """Onsets in quarters, shape (n,), as ticks; and what was done with them."""
    if not len(quarters):
        return np.zeros(0, np.int64), ""
    within = quarters % 1
    beside = np.abs(within[:, None] - _WRITTEN).min(1) > _AT
    if beside.mean() <= _PERFORMED:
        return np.round(quarters * TICKS).astype(np.int64), ""
    steady = _steady(quarters)
    if steady is not None:
        return steady, "its beat was found"
    return _nearest(quarters), "performed, and moved onto sixteenths or triplets"


def _steady(quarters: np.ndarray) -> np.ndarray | None:
    """Ticks of written music whose beat is not that of its file, as when its tempo was changed note by note.

    The commonest time between onsets, or a half, third, quarter or sixth of it, has to divide all of them.
    """
    times, where = np.unique(np.round(quarters, 3), return_inverse=True)
    gaps = np.diff(times)
    if len(gaps) < 8:
        return None
    logs = np.round(np.log2(gaps) * 24)  # steps of 3 %
    values, counts = np.unique(logs, return_counts=True)
    common = float(np.median(gaps[np.abs(logs - values[counts.argmax()]) <= 1]))
    length = 2.0 ** np.round(np.log2(common))  # the note value that comes closest
    for parts in (1, 2, 3, 4, 6):
        steps = np.maximum(np.round(gaps * parts / common), 1)
        if (np.abs(gaps * parts / common - steps) < 0.06).mean() >= 0.95:
            ticks = np.concatenate([[0], np.cumsum(steps)]) * length * TICKS / parts
            return np.round(ticks).astype(np.int64)[where]
    return None


def _nearest(quarters: np.ndarray) -> np.ndarray:
    """The nearest sixteenth of each onset; in quarters whose notes lie clearly better on triplets, the nearest triplet.

    So a note may come up to an eighth of a quarter early or late: 60 ms at 120 quarters a minute.
    """
    beat = np.round(quarters * 12).astype(np.int64) // 12  # a note just before a beat belongs to it
    found = [np.round(quarters * parts) / parts for parts in (4, 3)]
    costs = [np.bincount(beat - beat.min(), (quarters - places) ** 2) for places in found]
    triplets = costs[1] < 0.25 * costs[0]
    return np.round(np.where(triplets[beat - beat.min()], found[1], found[0]) * TICKS).astype(np.int64)


def _of_grid(grid: Grid) -> Music:
    rate = TICKS // grid.texture.steps_per_quarter
    tables = []
    for number, (voice, cells) in enumerate(zip(grid.texture.voices, grid.voices, strict=True)):
        onset, end, pitch = _spans(voice, cells)
        is_drums = np.full(len(onset), voice.kind == "drums")
        tables.append(np.stack([onset * rate, end * rate, pitch, np.full(len(onset), number), is_drums], 1))
    names = tuple(voice.name for voice in grid.texture.voices)
    return _sorted(np.concatenate(tables).astype(np.int64), grid.timeline, names)


def _spans(voice: Voice, cells: Cells) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """First step, step after the last, and pitch of each note; each of shape (n,)."""
    if voice.kind == "drums":
        step, row = np.nonzero(cells.attack)
        return step, step + 1, np.array([voice.pitch(key) for key in range(voice.size)], np.int64)[row]
    mono = voice.kind == "mono"
    sounds = np.atleast_2d(cells.sounding != REST if mono else cells.sounding.T)  # (1 or P, T)
    attack = np.atleast_2d(cells.attack if mono else cells.attack.T)
    width = sounds.shape[1] + 1
    stops = np.ones((len(sounds), width), bool)  # a stop after the last step
    stops[:, :-1] = attack | ~sounds
    begins = np.flatnonzero(np.pad(attack, ((0, 0), (0, 1))))
    places = np.flatnonzero(stops)
    ends = places[np.searchsorted(places, begins, "right")] if len(begins) else begins
    row, step = np.divmod(begins, width)
    pitch = cells.sounding[step].astype(np.int64) if mono else row + voice.low
    return step, step + (ends - begins), pitch


def groups(music: Music) -> np.ndarray:
    """The number of the moment at which each note begins, counted from 0, shape (n,)."""
    return np.cumsum(np.diff(music.onset, prepend=music.onset[:1]) > 0)


def melodies(music: Music) -> list[tuple[int, str, np.ndarray]]:
    """The lines of a piece that can be followed note by note.

    Of a part of single notes it is the part; of one with chords its highest notes, and its lowest. A note below one
    that still sounds is not heard as the top, and likewise for the bottom. Drums are followed from hit to hit.

    Returns:
        For each line the number of its part, what it is ("line", "top", "bottom" or "drums"), and its notes' places
        in the arrays, shape (m,). Of drums that are struck together, the first stands for all.
    """
    found = []
    for number in np.unique(music.part):
        own = np.flatnonzero(music.part == number)
        moment = music.onset[own]
        first = np.flatnonzero(np.diff(moment, prepend=moment[0] - 1))
        if music.drums[own[0]]:
            found.append((int(number), "drums", own[first]))
            continue
        if len(first) == len(own) and (music.end[own[:-1]] <= moment[1:]).all():
            found.append((int(number), "line", own))
            continue
        last = np.concatenate([first[1:], [len(own)]]) - 1
        found.append((int(number), "top", own[last][_outer(music, own[last], 1)]))
        bottom = own[first][_outer(music, own[first], -1)]
        if not np.array_equal(bottom, found[-1][2]):
            found.append((int(number), "bottom", bottom))
    return found


def _outer(music: Music, chosen: np.ndarray, sign: int) -> np.ndarray:
    """Which notes lie outside of the one before them that still sounds; bool, shape (m,)."""
    pitches, onsets, ends = ((array[chosen]).tolist() for array in (sign * music.pitch, music.onset, music.end))
    kept, height, until = [], -1000, -1
    for pitch, onset, end in zip(pitches, onsets, ends, strict=True):
        outside = pitch >= height or onset >= until
        if outside:
            height, until = pitch, end
        kept.append(outside)
    return np.array(kept, bool)
