"""Snapping a placed score to the steps of a texture.

What comes out is exactly what a grid can hold: `decode(encode(quantise(score).score)) == quantise(score).score`, and
quantising again changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from operator import itemgetter
from typing import NamedTuple

from credo.errors import UsageError
from credo.music.fitting.omissions import Ledger, Omission
from credo.music.fitting.snapping import nearest_step_of, snap_timeline
from credo.music.fitting.sources import Sounding, in_ticks, ticks_of_quarter
from credo.music.grid import MOST_OFFSET, OFFSETS, Row, expressive_duration, key_of_pitch
from credo.music.score import Note, Part, Score, Timeline
from credo.music.texture import Texture, Voice

UNISON = "doubled by another note"
SAME_STEP = "shares its step with another note"


@dataclass(frozen=True, slots=True)
class Deviation:
    """How far notes began from the grid before they were snapped.

    Attributes:
        mean_quarter: mean distance of an onset from its step, in quarters.
        max_quarter: largest distance, in quarters; at most half a step.
        share_off_grid: share of notes (0..1) that did not begin on a step.
    """

    mean_quarter: float = 0.0
    max_quarter: float = 0.0
    share_off_grid: float = 0.0


@dataclass(frozen=True, slots=True)
class Quantised:
    """A score on the steps of a texture.

    Attributes:
        score: one part a voice, as `grid.encode` wants it.
        omissions: what was left out or changed beyond half a step.
        deviation: how far the notes were from the grid.
    """

    score: Score
    omissions: tuple[Omission, ...]
    deviation: Deviation


class OnSteps(NamedTuple):
    """A note on steps: it sounds from step `start` up to step `end`; `off` is its distance in quarters.

    In an expressive voice it begins `offset` parts of a step after its step, and `off` is nothing.
    """

    start: int
    end: int
    pitch: int
    velocity: int
    off: float
    note: Note
    offset: int = 0

    def row(self, voice: Voice) -> Row:
        """Its place in the cells of its voice."""
        return self.start, self.end, key_of_pitch(voice, self.pitch), self.pitch, self.velocity, self.offset


@dataclass(frozen=True, slots=True)
class Snapped:
    """Lines of notes on the steps of a texture.

    Attributes:
        lines: the notes of each voice, in the texture's order, sorted by start and pitch.
        timeline: on steps too.
        omissions: what was left out or changed beyond half a step.
        deviation: how far the notes were from the grid.
    """

    lines: tuple[list[OnSteps], ...]
    timeline: Timeline
    omissions: tuple[Omission, ...]
    deviation: Deviation


def quantise(score: Score, texture: Texture) -> Quantised:
    """Snap a placed score to the steps of a texture.

    Onsets and ends go to the nearest step (half a step rounds up); a note lasts at least one step; a note ends where
    the next one of its voice (of its key, for `poly`) begins. Of notes that fall on one step of one line, the one that
    was nearest to it stays, then the longest. A drum hit lasts one step and is written on its instrument's first key.
    In expressive voices a hit keeps its deviation from its step, in 1/`OFFSETS` of a step; of hits of one instrument on
    one step, as in flams and rolls, the loudest stays, and swung and late ones are on the step they are nearest to.
    Tempos, metres, keys and pickup go to steps, and the length to a whole number of steps.

    Args:
        score: one part a voice of the texture, in its order, as `placing.place` makes it.
        texture: the voices and the step.

    Raises:
        UsageError: the score has not one part a voice.
    """
    if len(score.parts) != len(texture.voices):
        raise UsageError(
            f"quantise: expected {len(texture.voices)} parts, one a voice of {texture.name}, got {len(score.parts)}",
            hint="place the score on the texture first",
        )
    ticks, rate = ticks_of_quarter(score), texture.steps_per_quarter
    snapped = snap([in_ticks(part, ticks) for part in score.parts], ticks, score.timeline, texture)
    most = max([0, *(note.end for line in snapped.lines for note in line)])
    places = [Fraction(step, rate) for step in range(most + 1)]  # each fraction made once: they are slow to make
    parts = tuple(
        Part(
            voice.name,
            _played(line, rate) if voice.expressive else tuple(_note(n, places) for n in line),
            program=voice.program,
            is_drums=voice.kind == "drums",
        )
        for voice, line in zip(texture.voices, snapped.lines, strict=True)
    )
    quantised = Score(parts, snapped.timeline, score.title, score.composer)
    return Quantised(quantised, snapped.omissions, snapped.deviation)


def snap(lines: Sequence[Sequence[Sounding]], ticks: int, timeline: Timeline, texture: Texture) -> Snapped:
    """As `quantise`, with the notes of each voice in ticks.

    Args:
        lines: the notes of each voice of the texture, in its order.
        ticks: ticks of a quarter.
        timeline: of the piece.
        texture: the voices and the step.
    """
    ledger, rate = Ledger(), texture.steps_per_quarter
    snapped = tuple(
        _snap_line(line, ticks, voice, rate, ledger, lowest=voice is texture.voices[-1] and len(texture.voices) > 1)
        for line, voice in zip(lines, texture.voices, strict=True)
    )
    whole_steps = -(-timeline.length.numerator * rate // timeline.length.denominator)
    steps = max([whole_steps, *(note.end for line in snapped for note in line)])
    on_steps = snap_timeline(timeline, rate, steps, ledger)
    offs = (note.off for line in snapped for note in line)
    return Snapped(snapped, on_steps, ledger.close(timeline), _deviation(offs))


def _note(note: OnSteps, places: list[Fraction]) -> Note:
    return Note(places[note.start], note.pitch, places[note.end - note.start], note.velocity)


def _played(line: list[OnSteps], rate: int) -> tuple[Note, ...]:
    """The hits of an expressive voice with their timing, sorted by onset and pitch."""
    notes = [
        Note(
            Fraction(n.start * OFFSETS + n.offset, OFFSETS * rate),
            n.pitch,
            expressive_duration(n.offset, rate),
            n.velocity,
        )
        for n in line
    ]
    return tuple(sorted(notes))


def _snap_line(
    line: Sequence[Sounding], ticks: int, voice: Voice, rate: int, ledger: Ledger, lowest: bool
) -> list[OnSteps]:
    """The notes of one voice on steps, without collisions, sorted by start and pitch."""
    drums = voice.kind == "drums"
    snapped = []
    for begun, ended, pitch, _, note in line:
        index = voice.index(pitch)
        if index is None:
            reason = "no such drum in the kit" if drums else f"outside {voice.low}..{voice.high}, the voice's range"
            ledger.add(voice.name, reason, note.onset)
            continue
        start, offset = nearest_step_of(begun, ticks, rate), 0
        if voice.expressive:
            parts = max(nearest_step_of(begun, ticks, rate * OFFSETS), 0 if start == 0 else -OFFSETS)
            start = (parts + MOST_OFFSET) // OFFSETS
            offset = parts - start * OFFSETS
        if start < 0:
            ledger.add(voice.name, "before the start of the piece", note.onset)
            continue
        end = start + 1 if drums else max(start + 1, nearest_step_of(ended, ticks, rate))
        off = 0.0 if voice.expressive else abs(begun / ticks - start / rate)
        velocity = min(max(note.velocity, 1), 127)
        snapped.append(OnSteps(start, end, voice.pitch(index), velocity, off, note, offset))
    if voice.kind == "mono":
        return _one_line(snapped, voice, ledger, lowest)
    keys: dict[int, list[OnSteps]] = {}
    for note in snapped:
        keys.setdefault(note.pitch, []).append(note)
    lines = [note for key in keys.values() for note in _one_line(key, voice, ledger, lowest)]
    return sorted(lines, key=itemgetter(0, 2))


def _one_line(snapped: list[OnSteps], voice: Voice, ledger: Ledger, lowest: bool) -> list[OnSteps]:
    """One line of notes with at most one beginning on each step, each ending where the next begins at the latest.

    Of notes on one step the nearest stays, then the longest, then the outer one (the highest; in the lowest voice the
    lowest), then the loudest.
    """
    at_step: dict[int, OnSteps] = {}
    for note in snapped:
        other = at_step.get(note.start)
        if other is not None:
            rank = _rank_of_hit if voice.expressive else _rank
            note, lost = (note, other) if rank(note, lowest) < rank(other, lowest) else (other, note)
            unison = note.pitch == lost.pitch and note.note.onset == lost.note.onset
            ledger.add(voice.name, UNISON if unison else SAME_STEP, lost.note.onset)
        at_step[note.start] = note
    line = sorted(at_step.values(), key=itemgetter(0))
    for i in range(len(line) - 1):
        following = line[i + 1].start
        if line[i].end > following:
            line[i] = line[i]._replace(end=following)
    return line


def _rank(note: OnSteps, lowest: bool) -> tuple[float, int, int, int]:
    return note.off, note.start - note.end, note.pitch if lowest else -note.pitch, -note.velocity


def _rank_of_hit(note: OnSteps, lowest: bool) -> tuple[int, int, int]:
    return -note.velocity, abs(note.offset), note.offset


def _deviation(offs: Iterable[float]) -> Deviation:
    distances = list(offs)
    if not distances:
        return Deviation()
    off_grid = sum(distance > 1e-9 for distance in distances)
    return Deviation(sum(distances) / len(distances), max(distances), off_grid / len(distances))
