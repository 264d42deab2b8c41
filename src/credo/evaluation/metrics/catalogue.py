"""All figures that a piece is measured by, with what they mean."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from credo.evaluation.metrics import lines, repetition, sounding, statistics, structure
from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.sounding import Slices
from credo.evaluation.metrics.tension import Tension, tension
from credo.music.keys import written_or_estimated_key
from credo.music.score import Score

MELODY, HARMONY, RHYTHM, STRUCTURE = FAMILIES = ("melody", "harmony", "rhythm", "structure")
_SCALES = (2, 4, 8)


@dataclass(frozen=True)
class Subject:
    """A piece, and what several figures are taken from, each worked out once.

    Attributes:
        score: the piece.
    """

    score: Score

    @cached_property
    def notes(self) -> Columns:
        """Its notes."""
        return Columns.of(self.score)

    @cached_property
    def beats(self) -> Beats:
        """Its bars and beats."""
        return Beats.of(self.score)

    @cached_property
    def slices(self) -> Slices:
        """What sounds together."""
        return Slices.of(self.notes)

    @cached_property
    def tension(self) -> Tension:
        """Tension beat by beat, in the key at the start."""
        return tension(self.notes, self.beats, written_or_estimated_key(self.score))

    @cached_property
    def structureness(self) -> Mapping[int, float]:
        """Structureness on each scale."""
        return repetition.structureness(self.notes, self.beats, _SCALES)


class Metric(NamedTuple):
    """One figure of a piece.

    Attributes:
        name: as in tables and files.
        family: one of `FAMILIES`.
        unit: what it is counted in; empty for a share of 0..1 or a plain number.
        meaning: in words.
        of: works it out.
    """

    name: str
    family: str
    unit: str
    meaning: str
    of: Callable[[Subject], float]


def _mean(values: np.ndarray) -> float:
    return float(np.nanmean(values)) if np.isfinite(values).any() else math.nan


CATALOGUE = (
    Metric("pitch range", MELODY, "semitones", "from the lowest pitch to the highest",
           lambda piece: statistics.pitch_range(piece.notes)),
    Metric("pitches used", MELODY, "", "how many different pitches",
           lambda piece: statistics.pitches_used(piece.notes)),
    Metric("pitch entropy", MELODY, "bits", "how evenly pitches are used",
           lambda piece: statistics.pitch_entropy(piece.notes)),
    Metric("mean interval", MELODY, "semitones", "size of a melodic interval",
           lambda piece: lines.mean_interval(piece.notes)),
    Metric("steps", MELODY, "", "melodic intervals that are seconds", lambda piece: lines.step_rate(piece.notes)),
    Metric("leaps", MELODY, "", "melodic intervals of a fifth or more", lambda piece: lines.leap_rate(piece.notes)),
    Metric("repeated notes", MELODY, "", "melodic intervals that are unisons",
           lambda piece: lines.repeat_rate(piece.notes)),
    Metric("rests in lines", MELODY, "", "time within lines that is silent",
           lambda piece: lines.rest_rate(piece.notes)),
    Metric("pitch classes used", HARMONY, "", "of twelve", lambda piece: statistics.pitch_classes_used(piece.notes)),
    Metric("pitch class entropy", HARMONY, "bits", "how evenly pitch classes are used",
           lambda piece: statistics.pitch_class_entropy(piece.notes)),
    Metric("scale consistency", HARMONY, "", "notes in the scale that fits best",
           lambda piece: statistics.scale_consistency(piece.notes)),
    Metric("polyphony", HARMONY, "", "pitches at a time", lambda piece: statistics.polyphony(piece.notes)),
    Metric("polyphony rate", HARMONY, "", "time with two pitches or more",
           lambda piece: statistics.polyphony_rate(piece.notes)),
    Metric("triads", HARMONY, "", "time with a complete triad and nothing else",
           lambda piece: sounding.triad_rate(piece.slices)),
    Metric("dissonance", HARMONY, "", "pairs of pitches at a second, tritone or seventh",
           lambda piece: sounding.dissonance_rate(piece.slices)),
    Metric("chord changes", HARMONY, "a beat", "beats with another chord than the last",
           lambda piece: sounding.chord_change_rate(piece.notes, piece.beats)),
    Metric("progression irregularity", HARMONY, "", "different threes of chords, of all threes",
           lambda piece: sounding.progression_irregularity(piece.notes, piece.beats)),
    Metric("tension diameter", HARMONY, "", "dissonance of a beat on the spiral array",
           lambda piece: _mean(piece.tension.diameter)),
    Metric("tension momentum", HARMONY, "", "move of a beat's harmony on the spiral array",
           lambda piece: _mean(piece.tension.momentum)),
    Metric("tension strain", HARMONY, "", "distance of a beat from the key on the spiral array",
           lambda piece: _mean(piece.tension.strain)),
    Metric("parallel fifths", HARMONY, "per 1000", "of moves of pairs of parts",
           lambda piece: sounding.parallel_rate(piece.slices, 7)),
    Metric("parallel octaves", HARMONY, "per 1000", "of moves of pairs of parts",
           lambda piece: sounding.parallel_rate(piece.slices, 0)),
    Metric("crossed parts", HARMONY, "", "time with a part below a lower one",
           lambda piece: sounding.crossing_rate(piece.slices)),
    Metric("wide spacing", HARMONY, "", "time with upper parts more than an octave apart",
           lambda piece: sounding.wide_spacing_rate(piece.slices)),
    Metric("onsets", RHYTHM, "a quarter", "moments at which notes begin", lambda piece: lines.onset_rate(piece.notes)),
    Metric("onset interval", RHYTHM, "quarters", "from note to note of a line",
           lambda piece: lines.mean_onset_interval(piece.notes)),
    Metric("note length", RHYTHM, "quarters", "of all notes", lambda piece: lines.mean_note_length(piece.notes)),
    Metric("rhythm entropy", RHYTHM, "bits", "how many kinds of values lines have",
           lambda piece: lines.rhythm_entropy(piece.notes)),
    Metric("off the beat", RHYTHM, "", "onsets that are on no beat",
           lambda piece: lines.off_beat_rate(piece.notes, piece.beats)),
    Metric("empty beats", RHYTHM, "", "beats in which nothing sounds",
           lambda piece: statistics.empty_beat_rate(piece.notes, piece.beats)),
    Metric("empty bars", RHYTHM, "", "bars in which nothing sounds",
           lambda piece: statistics.empty_bar_rate(piece.notes, piece.beats)),
    Metric("drum pattern consistency", RHYTHM, "", "strokes on sixteenths or triplets",
           lambda piece: statistics.drum_pattern_consistency(piece.notes)),
    Metric("groove consistency", RHYTHM, "", "how alike the rhythms of neighbouring bars are",
           lambda piece: statistics.groove_consistency(piece.notes, piece.beats)),
    Metric("groove similarity", STRUCTURE, "", "how alike the rhythms of all bars are",
           lambda piece: structure.groove_similarity(piece.notes, piece.beats)),
    Metric("entropy of a bar", STRUCTURE, "bits", "of the pitch classes of one bar",
           lambda piece: structure.bar_entropy(piece.notes, piece.beats, 1)),
    Metric("entropy of 4 bars", STRUCTURE, "bits", "of the pitch classes of four bars",
           lambda piece: structure.bar_entropy(piece.notes, piece.beats, 4)),
    *(
        Metric(f"structureness, {bars} bars", STRUCTURE, "", f"what {bars} bars explain of the piece by coming back",
               lambda piece, bars=bars: piece.structureness[bars])
        for bars in _SCALES
    ),
)  # fmt: skip


def measure(score: Score) -> dict[str, float]:
    """All figures of a piece, by name; NaN where there is nothing to be measured."""
    piece = Subject(score)
    return {metric.name: float(metric.of(piece)) for metric in CATALOGUE}
