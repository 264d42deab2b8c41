"""Keys and metres that a file does not tell, read off its notes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from credo.music.pitch import Key
from credo.music.score import Score

#: Share of each pitch class, tonic first, in 490 pieces of common-practice music: J. Albrecht and D. Shanahan, "The Use
#: of Large Corpora to Train a New Type of Key-Finding Algorithm", Music Perception 31(1), 2013.
MAJOR_PROFILE = (0.238, 0.006, 0.111, 0.006, 0.137, 0.094, 0.016, 0.214, 0.009, 0.080, 0.008, 0.081)
MINOR_PROFILE = (0.220, 0.006, 0.104, 0.123, 0.019, 0.103, 0.012, 0.214, 0.062, 0.022, 0.061, 0.052)

_KEYS = tuple(Key.of_tonic(tonic, mode) for mode in ("major", "minor") for tonic in range(12))


@dataclass(frozen=True, slots=True)
class KeyEstimate:
    """The key that a piece's pitch classes agree with best.

    Attributes:
        key: the key, with its simplest signature.
        confidence: how much better it correlates than the next best key, 0 (not at all) to 1.
    """

    key: Key
    confidence: float


class _Candidate(NamedTuple):
    key: Key
    correlation: float


def pitch_class_durations(score: Score) -> np.ndarray:
    """How long each pitch class sounds, in quarters, drums apart; shape (12,)."""
    durations = [0.0] * 12
    for part in score.parts:
        if not part.is_drums:
            for note in part.notes:
                durations[note.pitch % 12] += note.duration.numerator / note.duration.denominator
    return np.array(durations)


def estimate_key(score: Score) -> KeyEstimate:
    """The key whose profile correlates best with how long each pitch class sounds (Krumhansl's method).

    A score without pitched notes, or with all twelve alike, is C major with confidence 0.
    """
    best, second = _candidates(score)[:2]
    return KeyEstimate(best.key, max(0.0, min(1.0, best.correlation - second.correlation)))


def written_or_estimated_key(score: Score) -> Key:
    """The key at the start: the written one where there is one, else the estimated one.

    A written minor key is taken at its word. A written major key may be no more than a signature, which its relative
    minor and modes share (D Dorian has none of D minor's flats), so of the keys within one accidental of it the one
    that the notes agree with best is taken.
    """
    written = score.timeline.key
    candidates = _candidates(score)
    if written is None:
        return candidates[0].key
    if written.mode == "minor" or candidates[0].correlation == 0:
        return written
    near = [candidate.key for candidate in candidates if _distance(candidate.key, written) <= 1]
    return written if near[0].tonic == written.tonic and near[0].mode == "major" else near[0]


def _candidates(score: Score) -> list[_Candidate]:
    """All 24 keys with their correlations, best first."""
    durations = pitch_class_durations(score)
    spread = durations.std()
    correlations = np.zeros(24)
    if spread > 0:
        correlations = _PROFILES @ ((durations - durations.mean()) / (spread * np.sqrt(12)))  # (24, 12) @ (12,)
    order = np.argsort(-correlations, kind="stable")
    return [_Candidate(_KEYS[i], float(correlations[i])) for i in order]


def _distance(key: Key, other: Key) -> int:
    """How many accidentals two signatures are apart, round the circle of fifths."""
    apart = (key.fifths - other.fifths) % 12
    return min(apart, 12 - apart)


def _normalised(profile: tuple[float, ...]) -> np.ndarray:
    values = np.array(profile)
    return (values - values.mean()) / (values.std() * np.sqrt(12))


_PROFILES = np.stack(
    [np.roll(_normalised(profile), tonic) for profile in (MAJOR_PROFILE, MINOR_PROFILE) for tonic in range(12)]
)  # (24, 12), each of mean 0 and length 1
