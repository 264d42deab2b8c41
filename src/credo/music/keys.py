"""Keys and metres that a file does not tell, read off its notes.

What a file says of its key is not enough: MIDI and MusicXML often give a signature and no mode, and old music writes
G minor with the one flat of its Dorian signature. Notes alone are not enough either: relative keys share their scale.
So among the keys within one accidental of the written signature the one is taken that the notes agree with best, and a
key whose tonic is the bass of the last chord is preferred.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Score

#: Share of each pitch class, tonic first, in 490 pieces of common-practice music: J. Albrecht and D. Shanahan, "The Use
#: of Large Corpora to Train a New Type of Key-Finding Algorithm", Music Perception 31(1), 2013. Of six published pairs
#: of profiles these agree best with the last bass notes of 380 Bach chorales, by Euclidean distance: 87 % (Aarden and
#: Essen 84 %, Bellman and Budge 84 %, Temperley's from Kostka and Payne 82 %, Krumhansl and Kessler 75 %, Temperley
#: 1999 68 %); half of the rest end on a dominant.
MAJOR_PROFILE = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR_PROFILE = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)

#: What the bass of the last chord is worth, as a correlation. On 364 chorales the tonic then is the last bass note in
#: 329, against 280 with the written keys and 313 without this; the others end on the dominant or in a church mode. Of
#: 500 imitated chorales in files without keys, in 406.
LAST_BASS_WEIGHT = 0.15

#: How much more alike threefold accents must be than fourfold ones, as a share of the accents' energy.
FOURFOLD_START = 0.3

_KEYS = tuple(Key.of_tonic(tonic, mode) for mode in ("major", "minor") for tonic in range(12))
_FIFTHS = np.array([key.fifths for key in _KEYS])
_TONICS = np.array([key.tonic for key in _KEYS])
_PROFILES = np.stack([np.roll(profile, tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)])


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """The key that a piece's notes agree with best.

    Attributes:
        key: the key, with its simplest signature.
        confidence: by how much it agrees better than the next best key, 0..1.
    """

    key: Key
    confidence: float


def estimate_key(score: Score) -> KeyEstimate:
    """The key that the notes agree with best, whatever is written.

    A score without pitched notes is C major with confidence 0.
    """
    notes = _notes(score)
    fit = _fit(notes) if len(notes) else None
    if fit is None:
        return KeyEstimate(Key(0), 0.0)
    second, best = np.argsort(fit, kind="stable")[-2:]
    return KeyEstimate(_KEYS[best], float(min(fit[best] - fit[second], 1.0)))


def written_or_estimated_key(score: Score) -> Key:
    """The key at the start: read with the notes' help where one is written, else estimated; C major of nothing."""
    keys = keys_of(score)
    return keys[0].key if keys else score.timeline.key or Key(0)


def keys_of(score: Score) -> tuple[KeyChange, ...]:
    """The key of each stretch between the written changes of key.

    Args:
        score: any score; drums do not count.

    Returns:
        Keys with their onsets in quarters, the first at 0; empty for music without pitch.
    """
    notes = _notes(score)
    if not len(notes):
        return ()
    written = score.timeline.keys
    if len(written) < 2:
        return (KeyChange(Fraction(0), _best(notes, written[0].key if written else None)),)
    found: list[KeyChange] = []
    bounds = [0.0, *(float(change.onset) for change in written[1:]), np.inf]
    for change, (start, end) in zip(written, pairwise(bounds), strict=True):
        stretch = notes[(notes[:, 0] >= start) & (notes[:, 0] < end)]
        key = _best(stretch, change.key) if len(stretch) else change.key
        if not found or found[-1].key != key:
            found.append(KeyChange(change.onset if found else Fraction(0), key))
    return tuple(found)


def estimate_metre(score: Score) -> Metre:
    """Three or four quarters a bar, for files that give no metre.

    Compares how alike the accents (the lengths of the notes that begin on each quarter) are three and four quarters
    later, up to four bars ahead. Nothing else is told apart: 2/4 counts as 4/4, and compound metres are not heard. With
    the preference for 4/4 it names right 98 % of 335 chorales in 4/4 and 94 % of 35 in 3/4, and of songs with one metre
    96 % of 101 in 4/4 or 2/4 and 86 % of 37 in 3/4.
    """
    accents = np.zeros(int(score.timeline.length) + 1)
    for part in score.parts:
        for note in part.notes:
            if note.onset.denominator == 1 and note.onset >= 0:
                accents[int(note.onset)] += note.duration.numerator / note.duration.denominator
    accents -= accents.mean()

    def likeness(lag: int) -> float:
        return float(accents[:-lag] @ accents[lag:]) if lag < len(accents) else 0.0

    threefold, fourfold = (sum(likeness(bars * beats) for bars in range(1, 5)) for beats in (3, 4))
    return Metre(Fraction(0), 3 if threefold > fourfold + FOURFOLD_START * float(accents @ accents) else 4, 4)


def _notes(score: Score) -> np.ndarray:
    """Onset and end in quarters, and pitch, of all notes, drums apart; shape (n, 3)."""
    rows = []
    for note in (note for part in score.parts if not part.is_drums for note in part.notes):
        onset = note.onset.numerator / note.onset.denominator  # much faster than float()
        rows.append((onset, onset + note.duration.numerator / note.duration.denominator, note.pitch))
    return np.array(rows)


def _fit(notes: np.ndarray) -> np.ndarray | None:
    """How well notes, shape (n, 3), agree with each of `_KEYS`; shape (24,), or None where all fit alike."""
    durations = np.bincount(notes[:, 2].astype(int) % 12, notes[:, 1] - notes[:, 0], 12)
    if durations.std() == 0:
        return None
    last = notes[notes[:, 1] > notes[:, 1].max() - 0.25]
    bass = int(last[:, 2].min()) % 12
    return np.corrcoef(durations, _PROFILES)[0, 1:] + LAST_BASS_WEIGHT * (bass == _TONICS)


def _best(notes: np.ndarray, written: Key | None) -> Key:
    """The likeliest key of some notes, shape (n, 3), near the written one."""
    fit = _fit(notes)
    if fit is None:
        return written or Key(0)
    if written is not None:
        apart = (_FIFTHS - written.fifths) % 12
        fit = np.where(np.minimum(apart, 12 - apart) <= 1, fit, -np.inf)
    best = _KEYS[int(np.argmax(fit))]
    return written if written and (best.tonic, best.mode) == (written.tonic, written.mode) else best
