"""How the notes of a file lie in its parts: who plays them, how high, how loud, and whether each note is one.

Each function gives figures by name; NaN where there is too little music to measure, which is no accusation.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from itertools import combinations, pairwise

import numpy as np

from credo.evaluation.metrics.columns import TICKS, Columns
from credo.music.keys import estimate_key
from credo.music.score import Part, Score

#: General MIDI programs that play one note at a time: solo strings, brass, reeds and pipes, and solo voices.
_ONE_AT_A_TIME = frozenset({*range(40, 44), *range(56, 61), *range(64, 80)})
_KEYBOARD = (21, 108)
_LONG_QUARTERS = 64
_APART = 5.0  # semitones between two parts' mean pitches, from which on one is the upper
_FEW = 16  # notes
_SOFTEST, _LOUDEST = 10, 127
_MOST_PARTS = 12  # of which every two are compared
_ENSEMBLE = 6  # parts up to which the place of each tells its height; in orchestras it does not
_WHOLE_KEYBOARD = 36  # semitones within which nine tenths of the notes of one hand or voice lie
_SURE = 0.1  # how much better a key must fit than the next one to speak against the signature
_NEVER_END = re.compile(r"(\d+) notes never end")


def parts(score: Score, notes: Columns) -> dict[str, float]:
    """Whether each part is one player's.

    Returns:
        `silent_parts`, how many have no note; `merged_voices`, the largest share (0..1) of the notes of a part for one
        voice, such as a flute's, that another one of its notes overlaps; `crossing`, the largest share of moments at
        which of two hands or voices, five semitones apart on average, the lower one plays the higher; `copied_part`,
        the largest share of a part's notes that another part plays too.
    """
    sounding = [number for number, part in enumerate(score.parts) if len(part.notes) >= _FEW]
    each = {number: notes.where(notes.part == number) for number in sounding}
    solo = [number for number in sounding if not score.parts[number].is_drums]
    merged = [_simultaneous(each[number]) for number in solo if score.parts[number].program in _ONE_AT_A_TIME]
    lines = [number for number in solo if np.ptp(np.percentile(each[number].pitch, (5, 95))) <= _WHOLE_KEYBOARD]
    crossing = [_crossing(each[a], each[b]) for a, b in combinations(lines, 2) if len(solo) <= _ENSEMBLE]
    copied = [_copied(each[a], each[b]) for a, b in combinations(sounding[:_MOST_PARTS], 2)]
    return {
        "silent_parts": float(sum(not part.notes for part in score.parts)),
        "merged_voices": _most(merged),
        "crossing": _most(crossing),
        "copied_part": _most(copied),
    }


def pitches(notes: Columns) -> dict[str, float]:
    """How high the notes are.

    Returns:
        `extreme`, the share (0..1) of pitched notes beyond the keys of a piano; `monotone`, the share of the commonest
        pitch.
    """
    pitch = notes.pitched.pitch
    if len(pitch) < _FEW:
        return {"extreme": math.nan, "monotone": math.nan}
    low, high = _KEYBOARD
    beyond = (pitch < low) | (pitch > high)
    return {"extreme": float(beyond.mean()), "monotone": float(np.bincount(pitch).max() / len(pitch))}


def strokes(notes: Columns, remarks: Iterable[str]) -> dict[str, float]:
    """Whether a note begins once and ends in time.

    Args:
        notes: of the piece.
        remarks: of the reader.

    Returns:
        `stuck`, how many notes last for sixteen bars or never end; `overlapping`, the share (0..1) of notes that begin
        while their own pitch sounds on in their part; `doubled`, the share that begin with another of the same
        pitch in their part.
    """
    order = np.lexsort((notes.end, notes.onset, notes.pitch, notes.part))
    onset, end, pitch, part = (column[order] for column in (notes.onset, notes.end, notes.pitch, notes.part))
    same = (np.diff(pitch) == 0) & (np.diff(part) == 0)
    later = same & (np.diff(onset) > 0)
    over = later & (end[:-1] - onset[1:] > TICKS // 16)
    unclosed = sum(int(match[1]) for remark in remarks for match in [_NEVER_END.match(remark)] if match)
    long = (end - onset >= _LONG_QUARTERS * TICKS).sum()
    return {
        "stuck": float(long + unclosed),
        "overlapping": float(over.sum() / len(onset)),
        "doubled": float((same & ~later).sum() / len(onset)),
    }


def loudness(notes: Columns, kind: str) -> dict[str, float]:
    """How loud the notes are; of MIDI files only, for others tell of loudness in words.

    Args:
        notes: of the piece.
        kind: of file.

    Returns:
        `velocities`, how many different ones there are; `odd_velocity`, the share (0..1) of notes at 10 or below, or at
        127.
    """
    if kind != "MIDI" or len(notes.velocity) < _FEW:
        return {"velocities": math.nan, "odd_velocity": math.nan}
    odd = (notes.velocity <= _SOFTEST) | (notes.velocity >= _LOUDEST)
    return {"velocities": float(len(np.unique(notes.velocity))), "odd_velocity": float(odd.mean())}


def keys(score: Score) -> dict[str, float]:
    """Whether the key signature is that of the notes.

    Returns:
        `no_key`, 1 where pitched music has no signature; `wrong_key`, how many sharps or flats the signature that is
        in force for longest is away from that of the key its notes agree with best, where one agrees clearly.
    """
    if not any(part.notes and not part.is_drums for part in score.parts):
        return {"no_key": math.nan, "wrong_key": math.nan}
    changes = score.timeline.keys
    if not changes:
        return {"no_key": 1.0, "wrong_key": math.nan}
    bounds = [*(change.onset for change in changes), score.timeline.length]
    spans = [end - start for start, end in pairwise(bounds)]
    number = spans.index(max(spans))
    start, end = bounds[number] if number else 0, bounds[number + 1]
    stretch = score
    if len(changes) > 1:
        stretch = Score(tuple(_between(part, start, end) for part in score.parts))
    found = estimate_key(stretch)
    if found.confidence < _SURE or sum(len(part.notes) for part in stretch.parts) < 2 * _FEW:
        return {"no_key": 0.0, "wrong_key": math.nan}
    apart = (found.key.fifths - changes[number].key.fifths) % 12
    return {"no_key": 0.0, "wrong_key": float(min(apart, 12 - apart))}


def garbled(texts: Iterable[str]) -> float:
    """How many of some texts were read in another encoding than they were written in.

    Recognised are characters that stand for what could not be read, control characters, and UTF-8 that was taken for
    Western European text, which becomes itself when it is written and read the right way round.
    """
    return float(sum(any(_is_garbled(text, encoding) for encoding in ("cp1252", "latin-1")) for text in texts))


def _is_garbled(text: str, encoding: str) -> bool:
    if any(letter == "\ufffd" or "\x80" <= letter <= "\x9f" for letter in text):
        return True
    try:
        return text.encode(encoding).decode("utf-8") != text
    except UnicodeError:
        return False


def _between(part: Part, start, end) -> Part:
    return Part(part.name, tuple(note for note in part.notes if start <= note.onset < end), part.program, part.is_drums)


def _simultaneous(notes: Columns) -> float:
    """The share of notes that begin with another one, or while one sounds on by more than legato."""
    heard = np.maximum.accumulate(notes.end)[:-1]
    together = np.diff(notes.onset) == 0
    return float((together | (heard - notes.onset[1:] > TICKS // 4)).mean())


def _crossing(one: Columns, other: Columns) -> float:
    """Of the moments at which both begin notes, the share at which the lower part is the higher."""
    means = [(notes.pitch.mean(), notes) for notes in (one, other)]
    (low, lower), (high, upper) = sorted(means, key=lambda pair: pair[0])
    if high - low < _APART:
        return math.nan
    (times, below), (others, above) = _chords(lower), _chords(upper)
    _, a, b = np.intersect1d(times, others, assume_unique=True, return_indices=True)
    return float((below[a] > above[b]).mean()) if len(a) >= _FEW else math.nan


def _chords(notes: Columns) -> tuple[np.ndarray, np.ndarray]:
    """When chords begin, in ticks, and their mean pitches; both shape (n,)."""
    times, number = np.unique(notes.onset, return_inverse=True)
    return times, np.bincount(number, notes.pitch) / np.bincount(number)


def _copied(one: Columns, other: Columns) -> float:
    """The share of the longer part's notes that the other one plays too; drums and pitches are never copies."""
    if one.drums[0] != other.drums[0]:
        return math.nan
    a, b = (np.unique(notes.onset * 128 + notes.pitch) for notes in (one, other))
    return len(np.intersect1d(a, b, assume_unique=True)) / max(len(a), len(b))


def _most(values: Sequence[float]) -> float:
    measured = [value for value in values if not math.isnan(value)]
    return max(measured, default=math.nan)
