"""What a person can judge a corpus by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np

from credo.corpora.corpus import Corpus
from credo.music import harmony
from credo.music.grid import REST, Cells
from credo.music.texture import Texture, Voice

#: What is counted where three or more voices sing one note at a time, and to how many digits.
_HARMONY: dict[str, tuple[Callable[[np.ndarray], harmony.Share], int]] = {
    "triads": (harmony.triads, 4),
    "dissonance": (harmony.dissonant_pairs, 4),
    "parallel_fifths": (partial(harmony.parallels, interval=7), 6),
    "parallel_octaves": (partial(harmony.parallels, interval=0), 6),
    "crossings": (harmony.crossings, 4),
}


@dataclass
class VoiceStatistics:
    """One voice over all pieces.

    Attributes:
        name: of the voice.
        kind: of the voice.
        notes: how many notes begin.
        resting: share of steps (0..1) at which it is silent.
        pitches: how many notes begin on each pitch, lowest first; for drums on each instrument's percussion key.
    """

    name: str
    kind: str
    notes: int = 0
    resting: float = 0.0
    pitches: dict[int, int] = field(default_factory=dict)

    @property
    def low(self) -> int | None:
        """The lowest pitch that occurs."""
        return min(self.pitches, default=None)

    @property
    def high(self) -> int | None:
        """The highest pitch that occurs."""
        return max(self.pitches, default=None)

    @property
    def mean(self) -> float | None:
        """The mean pitch of its notes."""
        return sum(pitch * count for pitch, count in self.pitches.items()) / self.notes if self.notes else None


@dataclass
class Statistics:
    """A corpus in numbers.

    Attributes:
        pieces: number of pieces; `splits` says how many of each split.
        splits: number of pieces of each split.
        bars: number of bars.
        quarters: length of all pieces in quarters.
        minutes: length of all pieces at their own tempos.
        notes: number of notes.
        omitted: notes of the kept files that have no place in the texture.
        off_grid: share of notes (0..1) that had to be moved onto the grid.
        voices: each voice.
        keys: number of pieces by key.
        metres: number of bars by metre.
        lengths: number of notes by length in quarters, longest list first; empty for drums.
        triads: share of sounding steps (0..1) on which the voices form a major or minor triad; None with poly voices.
        dissonance: share of sounding pairs of voices (0..1) that are 1, 2, 6, 10 or 11 semitones apart modulo 12.
        parallel_fifths: share of the moves of two voices at once (0..1) that go from a fifth to a fifth, both the same
            way.
        parallel_octaves: the same for octaves and unisons.
        crossings: share of steps (0..1) at which a voice lies below the next lower one.
        styles: number of pieces by style, most frequent first.
    """

    pieces: int = 0
    splits: dict[str, int] = field(default_factory=dict)
    bars: int = 0
    quarters: float = 0.0
    minutes: float = 0.0
    notes: int = 0
    omitted: int = 0
    off_grid: float = 0.0
    voices: list[VoiceStatistics] = field(default_factory=list)
    keys: dict[str, int] = field(default_factory=dict)
    metres: dict[str, int] = field(default_factory=dict)
    lengths: dict[str, int] = field(default_factory=dict)
    triads: float | None = None
    dissonance: float | None = None
    parallel_fifths: float | None = None
    parallel_octaves: float | None = None
    crossings: float | None = None
    styles: dict[str, int] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Statistics:
        """Rebuild statistics from `to_dict`, also after a trip through JSON."""
        voices = [
            VoiceStatistics(**{**voice, "pitches": {int(pitch): count for pitch, count in voice["pitches"].items()}})
            for voice in data["voices"]
        ]
        return cls(**{**data, "voices": voices})


def statistics(corpus: Corpus, progress: Callable[[int], None] | None = None) -> Statistics:
    """Count what is in a corpus.

    Args:
        corpus: the corpus; each piece is asked for once.
        progress: told after each piece how many have been counted.
    """
    result = Statistics(len(corpus), corpus.split_sizes())
    keys, metres, lengths, styles = Counter(), Counter(), Counter(), Counter()
    shares = _no_shares(corpus.texture)
    voices = [VoiceStatistics(voice.name, voice.kind) for voice in corpus.texture.voices]
    pitches = [Counter() for _ in voices]
    steps = moved = 0
    for number, piece in enumerate(corpus.pieces, 1):
        grid = piece.grid
        steps += grid.steps
        result.quarters += float(grid.timeline.length)
        result.minutes += grid.timeline.seconds_at(grid.timeline.length) / 60
        result.omitted += piece.source.omitted
        moved += piece.source.off_grid * piece.source.notes
        keys[piece.keys[0].key.name if piece.keys else "none"] += 1
        styles.update([piece.style] if piece.style else [])
        metres.update(f"{metre.numerator}/{metre.denominator}" for _, _, metre in grid.timeline.bars())
        for voice, cells, found, counts in zip(corpus.texture.voices, grid.voices, voices, pitches, strict=True):
            onsets = _onset_pitches(voice, cells)
            found.notes += len(onsets)
            counts.update(onsets.tolist())
            silent = cells.sounding == REST if voice.kind == "mono" else ~cells.sounding.any(axis=1)
            found.resting += int(silent.sum())
            if voice.kind != "drums":
                lengths.update(_note_steps(cells, voice).tolist())
        sounding = harmony.sounding_pitches(grid) if shares else None
        shares = {name: share + _HARMONY[name][0](sounding) for name, share in shares.items()}
        if progress:
            progress(number)
    for found, counts in zip(voices, pitches, strict=True):
        found.resting = round(found.resting / steps, 4) if steps else 0.0
        found.pitches = dict(sorted(counts.items()))
    result.voices, result.notes = voices, sum(found.notes for found in voices)
    result.bars = sum(metres.values())
    result.off_grid = round(moved / result.notes, 4) if result.notes else 0.0
    result.quarters, result.minutes = round(result.quarters, 2), round(result.minutes, 2)
    result.styles, result.keys, result.metres = (dict(_by_count(counter)) for counter in (styles, keys, metres))
    rate = corpus.texture.steps_per_quarter
    result.lengths = {str(Fraction(length, rate)): count for length, count in _by_count(lengths)}
    rounded = {name: round(share.value, _HARMONY[name][1]) for name, share in shares.items() if share.total}
    return replace(result, **rounded)


def _by_count(counter: Counter) -> list[tuple[Any, int]]:
    """Most frequent first, then in order."""
    return sorted(counter.items(), key=lambda item: (-item[1], item[0]))


def _onset_pitches(voice: Voice, cells: Cells) -> np.ndarray:
    """The pitch (for drums the percussion key) of each note; shape (notes,)."""
    if voice.kind == "mono":
        return cells.sounding[cells.attack]
    table = np.array([voice.pitch(index) for index in range(voice.size)])
    return table[np.nonzero(cells.attack)[1]]


def _note_steps(cells: Cells, voice: Voice) -> np.ndarray:
    """The length of each note in steps; shape (notes,)."""
    active = (cells.sounding != REST)[:, None] if voice.kind == "mono" else cells.sounding
    attack = cells.attack.reshape(active.shape)
    ends = np.ones((active.shape[1], len(active) + 1), bool)  # line by line, each with an end of its own
    ends[:, :-1] = (attack | ~active).T
    begins = np.zeros_like(ends)
    begins[:, :-1] = attack.T
    starts, stops = np.flatnonzero(begins), np.flatnonzero(ends)
    return stops[np.searchsorted(stops, starts, side="right")] - starts


def _no_shares(texture: Texture) -> dict[str, harmony.Share]:
    """Each of `_HARMONY` before anything was counted; nothing for textures that have no such shares."""
    if len(texture.voices) < 3 or any(voice.kind != "mono" for voice in texture.voices):
        return {}
    return dict.fromkeys(_HARMONY, harmony.Share(0, 0))
