"""Accents, changes, stops, swells and endings: where all players of a band strike together."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Literal, get_args

from credo.compose.cue.arranging.harmony import Chord
from credo.compose.cue.arranging.kit import CRASH, KICK, SNARE, STROKE
from credo.compose.cue.arranging.stage import NEUTRAL, Stage
from credo.errors import UsageError
from credo.music.score import Note

AccentKind = Literal["accent", "change", "stop", "swell"]
Ending = Literal["button", "cadence", "ring-out", "loop"]
ENDINGS: tuple[str, ...] = get_args(Ending)
#: Notes nearer to a stroke than this move to it, quarters: nothing stutters about it.
NEAR = Fraction(1, 6)
#: A short stroke; the silence before a stroke that sounding notes leave; how long a swell rises; a stroke of a roll.
SHORT, GAP, RISE, ROLL = Fraction(1, 2), Fraction(1, 16), Fraction(2), Fraction(1, 8)

Lines = dict[str, list[Note]]


@dataclass(frozen=True, slots=True)
class Accent:
    """A moment at which all that sounds strikes together.

    Attributes:
        onset: in quarters; it may lie off the grid.
        kind: `accent`, a stroke; `change`, one that a fill leads into, and where layers may come and go; `stop`, a
            short stroke and silence up to the next bar; `swell`, a stroke that a roll and a crescendo lead into.
        weight: how heavy, 0..1.
    """

    onset: Fraction
    kind: AccentKind = "accent"
    weight: float = 1.0

    def __post_init__(self) -> None:
        if self.kind not in get_args(AccentKind):
            raise UsageError(f"accent: expected one of {', '.join(get_args(AccentKind))}, got {self.kind!r}")
        if not (self.onset >= 0 and math.isfinite(self.weight) and 0 <= self.weight <= 1):
            raise UsageError(f"accent: expected onset >= 0 and weight 0..1, got {self.onset} and {self.weight:g}")


def strike(lines: Lines, accent: Accent, stage: Stage, roles: Sequence[str], strokes: frozenset[Fraction]) -> Lines:
    """The lines with an accent in them.

    Args:
        lines: notes by role; they are not changed.
        accent: inside the piece.
        stage: the piece.
        roles: who plays at the accent.
        strokes: onsets of all accents, which stay however near they are.
    """
    at = accent.onset
    chord = stage.harmony.at(min(at + NEAR, stage.length))
    if accent.kind == "swell":
        lines = _swell(lines, at, stage, chord, roles)
    lift = round(10 + 22 * accent.weight)
    struck = {}
    for role, notes in lines.items():
        plays = role in roles
        if role == "drums":
            struck[role] = _drums(notes, at, accent.weight, strokes) if plays else notes
        elif role == "accents":
            struck[role] = [*notes, _timpani(at, min(Fraction(1), stage.length - at), chord, NEUTRAL + lift)]
        else:
            struck[role] = _together(notes, at, chord, lift, stage, strokes) if plays else notes
    return _silence(struck, at, _after_stop(at, stage)) if accent.kind == "stop" else struck


def end(
    lines: Lines,
    at: Fraction,
    ending: str,
    chord: Chord,
    stage: Stage,
    roles: Sequence[str],
    strokes: frozenset[Fraction] = frozenset(),
) -> Lines:
    """The lines with their last stroke at `at`, on a chord, and nothing after it.

    Args:
        lines: notes by role; they are not changed.
        at: onset of the last stroke, in quarters.
        ending: `button`, a short stroke; `cadence` and `ring-out`, one that lasts to the end of the piece.
        chord: what to end on.
        stage: the piece.
        roles: who plays at the end.
        strokes: onsets of all accents, which stay however near to the end they are.
    """
    lasts = stage.length - at
    duration = min(SHORT, lasts) if ending == "button" else lasts
    closed: Lines = {}
    for role, notes in lines.items():
        before = [note for note in notes if note.onset < at]
        if role == "drums":
            before = [note for note in before if at - note.onset >= NEAR or note.onset in strokes]
            last = (KICK, SNARE) if ending == "button" else (KICK, CRASH)
            strokes = [Note(at, key, min(STROKE, lasts), NEUTRAL + 16) for key in last]
            closed[role] = before + (strokes if role in roles else [])
        elif role == "accents":
            closed[role] = [*(_cut(before, at)), _timpani(at, duration, chord, NEUTRAL + 20)]
        elif role in roles:
            hit = [note for note in _together(notes, at, chord, 12, stage, strokes) if note.onset <= at]
            last_notes = {
                note.pitch: note for note in (_to_chord(note, chord, role) for note in hit if note.onset == at)
            }
            closed[role] = [note for note in hit if note.onset < at] + [
                Note(at, pitch, duration, note.velocity) for pitch, note in last_notes.items()
            ]
            if ending == "ring-out" and role == "arpeggio":
                closed[role] = _rolled(closed[role], at, chord, stage)
        else:
            closed[role] = _cut(before, at)
    return closed


def again(lines: Lines, at: Fraction, final: Fraction, ending: str, stage: Stage) -> Lines:
    """The lines with a stroke behind their last one: what sounded there, once more.

    Args:
        lines: notes by role, with their end; they are not changed.
        at: onset of the stroke, after `final`.
        final: onset of the last stroke of the music.
        ending: as for `end`.
        stage: the piece.
    """
    lasts = stage.length - at
    duration = min(SHORT, lasts) if ending == "button" else lasts
    struck: Lines = {}
    for role, notes in lines.items():
        last = {note.pitch: note for note in notes if note.onset == final or (final < note.onset < at)}
        length = min(STROKE, lasts) if role == "drums" else duration
        strokes = [Note(at, pitch, length, note.velocity) for pitch, note in last.items()]
        struck[role] = sorted([*_cut(notes, at), *strokes]) if strokes else notes
    return struck


def _together(
    notes: list[Note], at: Fraction, chord: Chord, lift: int, stage: Stage, strokes: frozenset[Fraction]
) -> list[Note]:
    """One player's notes with a stroke: what sounds is struck again, what is near moves there, else a tone is added."""
    found: list[Note] = []
    struck: dict[int, Note] = {}

    def hit(pitch: int, end: Fraction, touch: int) -> None:
        if pitch not in struck or end > struck[pitch].end:
            struck[pitch] = Note(at, pitch, end - at, _touch(touch + lift))

    early, late = at - NEAR, at + NEAR
    for note in notes:
        if note.onset >= late or (note.onset < at - 1 and note.end <= at):
            found.append(note)
        elif note.onset in strokes and note.onset != at:
            found.append(note if not note.onset < at < note.end else replace(note, duration=at - note.onset))
        elif note.onset == at:
            hit(note.pitch, note.end, note.velocity)
        elif (early < note.onset < at < note.end) or at < note.onset:
            hit(_nearest(note.pitch, chord), note.end, note.velocity)
        elif early < note.onset < at:
            continue
        elif note.onset < at < note.end:
            until = at - GAP if at - note.onset > 4 * GAP else at
            found.append(Note(note.onset, note.pitch, until - note.onset, note.velocity))
            if note.end - at >= NEAR:
                hit(note.pitch, note.end, note.velocity)
        else:
            quieter = 8 if at - 1 <= note.onset < at else 0  # room for the stroke to stand out
            found.append(Note(note.onset, note.pitch, note.duration, _touch(note.velocity - quieter)))
    if not struck and notes:
        following = min((note.onset for note in found if note.onset > at), default=stage.length)
        last = max((note for note in found if note.onset < at), default=None) or min(notes)
        pitch = _nearest(last.pitch, chord)
        hit(pitch, min(following, at + 1, stage.length), NEUTRAL)
    return sorted(found + list(struck.values()))


def _drums(notes: list[Note], at: Fraction, weight: float, strokes: frozenset[Fraction]) -> list[Note]:
    kept = [note for note in notes if abs(note.onset - at) >= NEAR or (note.onset in strokes and note.onset != at)]
    keys = (KICK, CRASH) if weight >= 0.4 else (KICK, SNARE)
    return sorted([*kept, *(Note(at, key, STROKE, _touch(NEUTRAL + round(6 + 20 * weight))) for key in keys)])


def _swell(lines: Lines, at: Fraction, stage: Stage, chord: Chord, roles: Sequence[str]) -> Lines:
    """A rise into a stroke: a roll, and a crescendo of all."""
    start = max(at - RISE, Fraction(0))
    rolls = [at - ROLL * step for step in range(int((at - start) / ROLL), 0, -1)]

    def rising(onset: Fraction) -> int:
        return round(-14 + 30 * float((onset - start) / (at - start))) if start <= onset < at else 0

    swelling = {}
    for role, notes in lines.items():
        if role == "accents":
            roll = [_timpani(onset, ROLL, stage.harmony.at(onset), NEUTRAL - 8 + rising(onset)) for onset in rolls]
            swelling[role] = [*notes, *roll]
        elif role == "drums" and role in roles:
            kept = [note for note in notes if not start <= note.onset < at or note.pitch == KICK]
            snare = [Note(onset, SNARE, ROLL, _touch(NEUTRAL - 12 + rising(onset))) for onset in rolls]
            swelling[role] = sorted(kept + snare)
        else:
            swelling[role] = [
                Note(note.onset, note.pitch, note.duration, _touch(note.velocity + rising(note.onset)))
                for note in notes
            ]
    return swelling


def _silence(lines: Lines, at: Fraction, resume: Fraction) -> Lines:
    """The lines with nothing between a short stroke and `resume`; what would sound on begins again there."""
    silent = {}
    for role, notes in lines.items():
        found = []
        for note in notes:
            if note.onset > at and note.onset < resume:
                onset = resume
            elif note.onset <= at < note.end:
                found.append(Note(note.onset, note.pitch, min(note.end, at + SHORT) - note.onset, note.velocity))
                onset = resume
            else:
                found.append(note)
                continue
            if role != "drums" and note.end - onset >= 1:
                found.append(Note(onset, note.pitch, note.end - onset, note.velocity))
        silent[role] = sorted(found)
    return silent


def _after_stop(at: Fraction, stage: Stage) -> Fraction:
    """The first bar that leaves a silence of a beat's half or more after a short stroke."""
    starts = [bar.start for bar in stage.bars]
    index = bisect_left(starts, at + SHORT + Fraction(1, 4))
    return starts[index] if index < len(starts) else stage.length


def _rolled(notes: list[Note], at: Fraction, chord: Chord, stage: Stage) -> list[Note]:
    """The last stroke of an arpeggio as a chord that is rolled upwards and rings."""
    before = [note for note in notes if note.onset < at]
    last = next((note for note in notes if note.onset == at), None)
    if last is None or stage.length - at < 1:
        return notes
    pitches = sorted(_nearest(last.pitch + 4 * number, chord) for number in range(len(chord.tones)))
    spread = [
        Note(at + number * ROLL, pitch, stage.length - at - number * ROLL, last.velocity)
        for number, pitch in enumerate(dict.fromkeys(pitches))
    ]
    return before + spread


def _to_chord(note: Note, chord: Chord, role: str) -> Note:
    """The note as the nearest tone of a chord; in the bass, its lowest one."""
    pitch = note.pitch
    if role == "bass":
        pitch += (chord.bass - pitch + 6) % 12 - 6
        pitch += 12 if pitch < 28 else 0
    return Note(note.onset, _nearest(pitch, chord), note.duration, note.velocity)


def _nearest(pitch: int, chord: Chord) -> int:
    return min(
        (pitch + step for step in range(-6, 7) if (pitch + step) % 12 in chord.tones), key=lambda p: abs(p - pitch)
    )


def _timpani(onset: Fraction, duration: Fraction, chord: Chord, touch: int) -> Note:
    return Note(onset, 41 + (chord.root - 41) % 12, duration, _touch(touch))


def _cut(notes: list[Note], at: Fraction) -> list[Note]:
    """Notes that begin before `at`, none of which sounds on."""
    return [Note(note.onset, note.pitch, min(note.end, at) - note.onset, note.velocity) for note in notes]


def _touch(value: int) -> int:
    return min(max(value, 1), 127)
