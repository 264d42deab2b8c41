"""What harmony sounds at each beat of a piece, read off its notes.

Each beat is compared with the common chords on all roots; among all sequences of chords the one is taken that agrees
best with the notes and changes seldom off the strong beats (Viterbi), so that passing notes make no chords.
"""

from __future__ import annotations

from bisect import bisect_right
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from credo.music.keys import estimate_key
from credo.music.pitch import Key
from credo.music.scales import SCALES
from credo.music.score import Metre, Score, Timeline

#: Quality to steps above the root, and what it costs to hear it rather than a triad.
QUALITIES: dict[str, tuple[tuple[int, ...], float]] = {
    "major": ((0, 4, 7), 0.0), "minor": ((0, 3, 7), 0.0), "diminished": ((0, 3, 6), 0.1),
    "dominant-seventh": ((0, 4, 7, 10), 0.05), "minor-seventh": ((0, 3, 7, 10), 0.1),
    "major-seventh": ((0, 4, 7, 11), 0.15), "half-diminished-seventh": ((0, 3, 6, 10), 0.1),
    "diminished-seventh": ((0, 3, 6, 9), 0.15), "augmented": ((0, 4, 8), 0.25), "suspended-fourth": ((0, 5, 7), 0.2),
}  # fmt: skip
#: What a change of chord costs at a weak beat, a strong beat and the start of a bar, as a share of a beat's notes.
CHANGE_COSTS = (0.3, 0.18, 0.08)
#: What a tone costs that the chord has and nobody plays; and one that is not of the key either.
MISSING, MISSING_FOREIGN = 0.1, 0.5
_CHORDS = [(root, name) for name in QUALITIES for root in range(12)]
_TONES = np.array([[(pc - root) % 12 in QUALITIES[name][0] for pc in range(12)] for root, name in _CHORDS])
_COSTS = np.array([QUALITIES[name][1] for _, name in _CHORDS])
_ROOTS = np.array([root for root, _ in _CHORDS])


class Beat(NamedTuple):
    """A beat of a bar.

    Attributes:
        start, end: in quarters.
        strength: 2 at the start of a bar, 1 where a group of beats begins, 0 elsewhere.
    """

    start: Fraction
    end: Fraction
    strength: int


@dataclass(frozen=True, slots=True)
class Chord:
    """A chord that sounds for a while.

    Attributes:
        onset, end: in quarters.
        root: pitch class.
        quality: a name from `QUALITIES`.
        tones: its pitch classes that are played or of the key, from the root up.
        bass: pitch class of its lowest tone.
    """

    onset: Fraction
    end: Fraction
    root: int
    quality: str
    tones: tuple[int, ...]
    bass: int

    @property
    def fifth(self) -> int:
        """Pitch class of the fifth, or of the root where the chord has none."""
        return next(((self.root + step) % 12 for step in (7, 6, 8) if (self.root + step) % 12 in self.tones), self.root)


@dataclass(frozen=True, slots=True)
class Harmony:
    """The chords of a piece, one after another without a gap, a chord a beat or longer."""

    chords: tuple[Chord, ...]

    def at(self, onset: Fraction) -> Chord:
        """The chord that sounds at an onset in quarters; before the first and after the last, these."""
        return self.chords[max(bisect_right(self.chords, onset, key=lambda chord: chord.onset) - 1, 0)]

    def regions(self) -> tuple[Chord, ...]:
        """The chords, where neighbours with the same tones are one."""
        found: list[Chord] = []
        for chord in self.chords:
            if found and set(found[-1].tones) == set(chord.tones):
                found[-1] = replace(found[-1], end=chord.end)
            else:
                found.append(chord)
        return tuple(found)

    def only_at(self, onsets: frozenset[Fraction]) -> Harmony:
        """The same harmony, changing at some onsets alone: what sounds at one of them lasts to the next."""
        found: list[Chord] = []
        for chord in self.chords:
            if found and chord.onset not in onsets:
                found[-1] = replace(found[-1], end=chord.end)
            else:
                found.append(chord)
        return Harmony(tuple(found))


@lru_cache(maxsize=256)
def beats_of(numerator: int, denominator: int) -> tuple[tuple[Fraction, int], ...]:
    """The beats of a bar: length in quarters, and strength as in `Beat`.

    Quarters and longer units are beats themselves, in groups of two (4/4), three (3/4, 6/4) or, for other odd numbers,
    three first and twos after (5/4 is 3+2, 7/4 3+2+2). Eighths and shorter units make beats of three in compound
    metres (6/8 is 3+3); else of two and a last one of three (7/8 is 2+2+3), but 5/8 is 3+2, 8/8 3+3+2 and 10/8 3+3+2+2.
    """
    unit = Fraction(4, denominator)
    if denominator <= 4:
        groups = _groups(numerator, {5: (3, 2), 7: (3, 2, 2)})
        return tuple(
            (unit, (2 if number == 0 else 1) if inside == 0 else 0)
            for number, size in enumerate(groups)
            for inside in range(size)
        )
    sizes = _groups(numerator, {5: (3, 2), 8: (3, 3, 2), 10: (3, 3, 2, 2)})
    strong = {0, *([len(sizes) // 2] if len(sizes) >= 4 and len(sizes) % 2 == 0 else [])}
    return tuple((unit * size, 2 if i == 0 else int(i in strong)) for i, size in enumerate(sizes))


def _groups(count: int, special: dict[int, tuple[int, ...]]) -> tuple[int, ...]:
    if count in special:
        return special[count]
    if count % 3 == 0:
        return (3,) * (count // 3)
    if count % 2 == 0 or count < 3:
        return (2,) * (count // 2) or (1,)
    return (2,) * ((count - 3) // 2) + (3,)


def bar_beats(start: Fraction, end: Fraction, metre: Metre) -> tuple[Beat, ...]:
    """The beats of one bar from `start` to `end`, in quarters; a bar that is too short has the first of them."""
    beats: list[Beat] = []
    here = start
    for length, strength in beats_of(metre.numerator, metre.denominator):
        if here >= end:
            break
        beats.append(Beat(here, min(here + length, end), strength))
        here += length
    if here < end:
        beats.append(Beat(here, end, 0))
    return tuple(beats)


def scale_of(key: Key, mode: str | None) -> frozenset[int]:
    """The pitch classes of a key, or of a mode from `SCALES` on its tonic."""
    return frozenset((key.tonic + step) % 12 for step in SCALES[mode]) if mode else frozenset(key.scale)


def tonic_chord(onset: Fraction, end: Fraction, key: Key, scale: frozenset[int]) -> Chord:
    """The chord on a key's tonic, of the notes of a scale."""
    quality = next(
        (name for name in (key.mode, "minor", "major") if (key.tonic + QUALITIES[name][0][1]) % 12 in scale), key.mode
    )
    tones = tuple((key.tonic + step) % 12 for step in QUALITIES[quality][0])
    played = tuple(tone for tone in tones if tone in scale) or tones[:1]
    return Chord(onset, end, key.tonic, quality, played, key.tonic)


def key_of(score: Score) -> Key:
    """The key at the start: as written, else as the notes tell."""
    return score.timeline.key or estimate_key(score).key


def all_beats(timeline: Timeline) -> tuple[Beat, ...]:
    """The beats of a piece up to its length."""
    return tuple(
        beat
        for start, end, metre in timeline.bars()
        if start < timeline.length
        for beat in bar_beats(start, min(end, timeline.length), metre)
    )


def read_harmony(score: Score, mode: str | None = None) -> Harmony:
    """The chord at each beat.

    Args:
        score: at least one beat long; its drum parts do not count. Where nothing sounds the last chord goes on, and
            the tonic's where there is none.
        mode: name of the scale on the key's tonic; None for the key's own. No tone is added to a chord that is neither
            in it nor played.

    Returns:
        A chord for each beat of `beats_of`.
    """
    beats = all_beats(score.timeline)
    key = key_of(score)
    weights, lowest = _weigh(score, beats)
    scales = [scale_of(score.timeline.key_at(beat.start) or key, mode) for beat in beats]
    foreign = np.array([[pc not in scale for pc in range(12)] for scale in scales])
    path = _best_path(weights, lowest, foreign, [beat.strength for beat in beats])
    chords, last = [], tonic_chord(Fraction(0), Fraction(0), key, scale_of(key, mode))
    for number, beat in enumerate(beats):
        if weights[number].sum() == 0:
            chords.append(replace(last, onset=beat.start, end=beat.end))
            continue
        root, quality = _CHORDS[path[number]]
        tones = ((root + step) % 12 for step in QUALITIES[quality][0])
        kept = tuple(pc for pc in tones if pc in scales[number] or weights[number, pc] > 0) or (int(lowest[number]),)
        bass = int(lowest[number]) if lowest[number] in kept else kept[0]
        last = Chord(beat.start, beat.end, root, quality, kept, bass)
        chords.append(last)
    return Harmony(tuple(chords))


def _weigh(score: Score, beats: tuple[Beat, ...]) -> tuple[np.ndarray, np.ndarray]:
    """How much of each pitch class sounds in each beat, shape (B, 12), and the lowest one, shape (B,), -1 of none."""
    starts = [beat.start for beat in beats]
    weights, bass = np.zeros((len(beats), 12)), np.zeros((len(beats), 128))
    for part in score.parts:
        for note in () if part.is_drums else part.notes:
            number = max(bisect_right(starts, note.onset) - 1, 0)
            while number < len(beats) and beats[number].start < note.end:
                beat = beats[number]
                share = float((min(note.end, beat.end) - max(note.onset, beat.start)) / (beat.end - beat.start))
                if share > 0:
                    weights[number, note.pitch % 12] += share * (1.4 if note.onset <= beat.start else 1)
                    bass[number, note.pitch] += share
                number += 1
    # The lowest pitch that sounds for a good part of the beat is the bass, and a tone that counts twice.
    enough = bass >= 0.3 * bass.max(1, keepdims=True, initial=0)
    lowest = np.where(bass.any(1), (enough & (bass > 0)).argmax(1) % 12, -1)
    heard = lowest >= 0
    weights[heard, lowest[heard]] *= 1.5
    return weights, lowest


def _best_path(weights: np.ndarray, lowest: np.ndarray, foreign: np.ndarray, strengths: list[int]) -> np.ndarray:
    """Indices into `_CHORDS` of the likeliest chords, shape (B,)."""
    total = np.maximum(weights.sum(1, keepdims=True), 1e-9)
    shares = weights / total  # (B, 12)
    inside = shares @ _TONES.T  # (B, K)
    unplayed = shares < 0.03
    missing = (unplayed & ~foreign) @ _TONES.T * MISSING + (unplayed & foreign) @ _TONES.T * MISSING_FOREIGN
    rooted = 0.12 * (lowest[:, None] == _ROOTS) - 0.15 * ~_TONES[:, np.maximum(lowest, 0)].T
    fit = np.where(weights.sum(1, keepdims=True) > 0, 2 * inside - 1 - missing - _COSTS + rooted, 0.0)
    back = np.zeros(fit.shape, int)
    best = fit[0] if len(fit) else np.zeros(len(_CHORDS))
    for number in range(1, len(fit)):
        stay, change = best, best.max() - CHANGE_COSTS[strengths[number]]
        back[number] = np.where(stay >= change, np.arange(len(best)), best.argmax())
        best = np.maximum(stay, change) + fit[number]
    path = np.zeros(len(fit), int)
    if len(fit):
        path[-1] = best.argmax()
    for number in range(len(fit) - 1, 0, -1):
        path[number - 1] = back[number, path[number]]
    return path
