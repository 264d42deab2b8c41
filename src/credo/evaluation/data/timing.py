"""How the notes of a file stand in time: on the grid, on the beat, in bars; how long they go on and how they repeat.

Each function gives figures by name; NaN where there is too little music to measure, which is no accusation.
"""

from __future__ import annotations

import math
from collections import Counter
from itertools import pairwise

import numpy as np

from credo.evaluation.metrics.columns import TICKS, Beats, Columns, ticks
from credo.music.score import Metre, Score

#: How far from its place an onset may be. Files of 96 ticks a quarter cannot write thirds of sixteenths any better.
_NEAR = TICKS // 96
#: How far from a beat a note may be played that is meant for it.
_LATE = TICKS // 12
#: Sixteenths and triplet eighths: what a grid of twelve steps a quarter holds of written rhythm.
_USUAL = (TICKS // 4, TICKS // 3)
#: Down to 64ths and triplet sixteenths: nearly all that is written, and a quarter of all places.
_FINE = (TICKS // 16, TICKS // 12)
#: Equal parts of a quarter that notes may keep to, whatever else they do.
_PULSES = (1, 2, 3, 4, 6, 8, 12)
_FEWEST_ONSETS = 48
_FEWEST_BARS = 16
_FASTEST, _SLOWEST = 300.0, 20.0


def grid(notes: Columns) -> dict[str, float]:
    """Where notes begin within their quarters.

    Returns:
        `off_grid`, the share (0..1) of onsets that are no sixteenth and no triplet eighth; `performed`, the share that
        are no written rhythm at all; and of performances `pulse`, how far they keep to equal parts of the quarter all
        the same: how alike the onsets' phases are, 1 for exactly, 0 for no more than chance. All late is alike.
    """
    onsets = np.unique(notes.onset)
    if len(onsets) < _FEWEST_ONSETS // 3:
        return {"off_grid": math.nan, "performed": math.nan, "pulse": math.nan}
    performed = float((_distance(onsets, _FINE) > _NEAR // 2).mean())
    pulse = math.nan
    if performed > 0.25 and len(onsets) >= _FEWEST_ONSETS:
        pulse = max(_phase_locking(onsets, parts) for parts in _PULSES)
    return {"off_grid": float((_distance(onsets, _USUAL) > _NEAR).mean()), "performed": performed, "pulse": pulse}


def _phase_locking(onsets: np.ndarray, parts: int) -> float:
    """The length of the mean of the onsets' phases in equal parts of a quarter, less what chance brings; 0..1."""
    count = len(onsets)
    squared = float(np.abs(np.exp(2j * np.pi * parts * onsets / TICKS).mean()) ** 2)
    return math.sqrt(max(0.0, (count * squared - 1) / (count - 1)))


def _distance(onsets: np.ndarray, steps: tuple[int, ...]) -> np.ndarray:
    """Ticks from each onset to the nearest multiple of any of the steps, shape (n,)."""
    return np.min([np.abs((onsets + step // 2) % step - step // 2) for step in steps], axis=0)


def lengths(score: Score, notes: Columns) -> dict[str, float]:
    """How long a piece is and how it goes.

    Returns:
        `quarters` from the first onset to the last end; `minutes`; `notes`; `silence`, the longest stretch of quarters
        in which nothing sounds, the start and the end included; `notes_a_second`; `odd_tempo`, the share (0..1) of
        the time, in quarters, at tempos slower than 20 or faster than 300 quarters a minute.
    """
    order = np.argsort(notes.onset, kind="stable")
    begins, heard = notes.onset[order], np.maximum.accumulate(notes.end[order])
    gaps = np.concatenate([[begins[0]], begins[1:] - heard[:-1], [notes.length - heard[-1]]])
    seconds = score.duration_seconds
    odd = sum(span for bpm, span in tempo_spans(score) if not _SLOWEST <= bpm <= _FASTEST)
    return {
        "quarters": float(heard[-1] - begins[0]) / TICKS,
        "minutes": seconds / 60,
        "notes": float(len(begins)),
        "silence": float(max(gaps.max(), 0)) / TICKS,
        "notes_a_second": len(begins) / seconds if seconds else math.nan,
        "odd_tempo": odd / float(score.timeline.length),
    }


def tempo_spans(score: Score) -> list[tuple[float, float]]:
    """Each tempo that is given, in quarters a minute, and for how many quarters it is in force."""
    bounds = [*(float(change.onset) for change in score.timeline.tempos), float(score.timeline.length)]
    spans = [max(end - start, 0.0) for start, end in pairwise(bounds)]
    return [(change.bpm, span) for change, span in zip(score.timeline.tempos, spans, strict=True)] if spans else []


def bars(score: Score, notes: Columns, beats: Beats) -> dict[str, float]:
    """Whether notes know of the bar lines.

    Returns:
        `no_metre`, 1 where the file gives none; `other_metre`, how much more alike accents are in bars of three beats
        than of four (or the other way round, where threes are written); `weak_downbeat`, how much weight begins with
        the bar, of what begins with its heaviest beat (0..1); `loop`, the share (0..1) of bars that are the
        same one, note for note.
    """
    found = {"no_metre": float(not score.timeline.metres), "other_metre": math.nan, "weak_downbeat": math.nan}
    metre = main_metre(score)
    whole = beats.bars[beats.whole & (np.diff(beats.bars, axis=1)[:, 0] == ticks(metre.bar))]
    if len(whole) >= max(_FEWEST_BARS, 0.8 * len(beats.bars)):
        pitched = notes.pitched
        if metre.denominator == 4 and metre.numerator in (2, 3, 4):
            found["other_metre"] = _other_metre(pitched, metre.numerator)
        if metre.beat < metre.bar and len(pitched.onset):
            found["weak_downbeat"] = _weak_downbeat(pitched, whole, metre)
    return {**found, "loop": _loop(notes, beats)}


def main_metre(score: Score) -> Metre:
    """The metre of most bars; 4/4 where none is given."""
    counts = Counter((metre.numerator, metre.denominator) for _, _, metre in score.timeline.bars())
    numerator, denominator = min(counts, key=lambda metre: (-counts[metre], metre))
    return Metre(score.timeline.pickup * 0, numerator, denominator)


def _other_metre(notes: Columns, beats: int) -> float:
    """How much more alike accents are in the other kind of bar, as a share of their energy."""
    beat = (notes.onset + _LATE) // TICKS
    on_beat = np.abs(notes.onset - beat * TICKS) <= _LATE
    accents = np.bincount(beat[on_beat], (notes.end - notes.onset)[on_beat] / TICKS)
    if len(accents) < 4 * _FEWEST_BARS:
        return math.nan
    accents = np.minimum(accents, np.percentile(accents, 95))  # one long chord is no metre
    accents -= accents.mean()
    energy = float(accents @ accents)
    if not energy:
        return math.nan
    three, four = (sum(float(accents[: -bar * n] @ accents[bar * n :]) for n in range(1, 5)) / energy for bar in (3, 4))
    return four - three if beats == 3 else three - four


def _weak_downbeat(notes: Columns, whole: np.ndarray, metre: Metre) -> float:
    """The weight of what begins with the bar, of that of the heaviest beat."""
    beat, bar = ticks(metre.beat), ticks(metre.bar)
    number = np.searchsorted(whole[:, 0], notes.onset + _LATE, "right") - 1
    inside = (number >= 0) & (notes.onset + _LATE < whole[number, 1])
    place = notes.onset + _LATE - whole[number, 0]
    counted = inside & (place % beat <= 2 * _LATE)
    weight = np.minimum(notes.end - notes.onset, bar)[counted]
    profile = np.bincount(place[counted] // beat, weight, bar // beat)
    return float(profile[0] / profile.max()) if profile.max() else math.nan


def _loop(notes: Columns, beats: Beats) -> float:
    """The share of the bars in which something begins that are the commonest of them."""
    if notes.pitched.onset.size:
        notes = notes.pitched
    number = np.searchsorted(beats.bars[:, 0], notes.onset, "right") - 1
    place = (notes.onset - beats.bars[number, 0] + TICKS // 24) // (TICKS // 12)
    order = np.lexsort((notes.part, notes.pitch, place, number))
    table = np.stack([place, notes.pitch, notes.part], axis=1)[order]
    _, first = np.unique(number[order], return_index=True)
    patterns = Counter(rows.tobytes() for rows in np.split(table, first[1:]))
    filled = patterns.total()
    return patterns.most_common(1)[0][1] / filled if filled >= _FEWEST_BARS // 2 else math.nan
