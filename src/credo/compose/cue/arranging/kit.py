"""The drummer of a band: a pattern by the groups of the metre and by energy, with fills."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from credo.compose.cue.arranging.figures import FILL_KEYS, FILLS
from credo.compose.cue.arranging.stage import NEUTRAL, Bar, Stage
from credo.music.score import Note, Part

KICK, STICK, SNARE, CLOSED_HAT, OPEN_HAT, CRASH, RIDE = 36, 37, 38, 42, 46, 49, 51
STROKE = Fraction(1, 8)
#: Every so many bars a fill and a crash.
FILL_BARS = 8
#: By drive: key of the back beat and of the cymbal, cymbal strokes a quarter, kicks beside those on strong beats.
_STYLES = ((STICK, RIDE, 1, 0), (SNARE, CLOSED_HAT, 2, 1), (SNARE, CLOSED_HAT, 4, 2))
#: By drive: touch of kick, back beat and cymbal.
_TOUCHES = ((-14, -20, -24), (0, 2, -14), (6, 8, -10))


def pattern(stage: Stage, changes: Collection[Fraction] = (), *, light: bool = False) -> list[Note]:
    """A pattern for each bar: kick where groups of beats begin, back beat where they end, a cymbal above.

    Args:
        stage: what to play.
        changes: onsets that a fill leads into, in quarters.
        light: whether a fill is a small one, as at the end of a loop.
    """
    found: list[Note] = []
    starts = {stage.bar_at(onset).number for onset in changes if onset < stage.length}
    for bar in stage.bars:
        last = bar.number + 1 == len(stage.bars)
        fills = bar.number + 1 in starts or (bar.number + 1) % FILL_BARS == 0 or last
        notes = _bar(stage, bar, crash=bar.number in starts or (bar.number > 0 and bar.number % FILL_BARS == 0))
        if fills:
            notes = _with_fill(bar, notes, 0 if light and last else bar.drive, stage.seed)
        found += notes
    return sorted(found)


def _bar(stage: Stage, bar: Bar, *, crash: bool) -> list[Note]:
    back_key, cymbal, rate, kicks = _STYLES[bar.drive]
    kick_touch, back_touch, cymbal_touch = (NEUTRAL + touch for touch in _TOUCHES[bar.drive])
    allowed = set(bar.rhythm(bar.count, stage.seed)) if stage.knobs.thin else None
    strong = [beat.start for beat in bar.beats if beat.strength]
    following = [*bar.beats[1:], None]
    back = [
        beat.start
        for beat, after in zip(bar.beats, following, strict=True)
        if not beat.strength and (after is None or after.strength)
    ]
    beats = {beat.start for beat in bar.beats}
    # The bass plays the same places (`credo.compose.cue.arranging.players.bass`): these kicks fall on its strokes.
    off = [onset for onset in bar.rhythm(min(bar.count, 2 * bar.quarters), stage.seed) if onset not in beats]
    notes = [_stroke(onset, KICK, kick_touch) for onset in strong]
    notes += [_stroke(onset, KICK, kick_touch - 8) for onset in off[-kicks:] if kicks]
    notes += [_stroke(onset, back_key, back_touch) for onset in back]
    rides = bar.pulse(min(bar.count * (1.25 if stage.knobs.even else 1), rate * bar.quarters))
    notes += [_stroke(onset, cymbal, cymbal_touch + 6 * (onset in beats)) for onset in rides]
    if bar.turns and bar.drive and rides and rides[-1] not in beats:
        notes = [note for note in notes if (note.onset, note.pitch) != (rides[-1], cymbal)]
        notes.append(_stroke(rides[-1], OPEN_HAT, cymbal_touch + 4))
    if crash and bar.drive:
        notes = [note for note in notes if (note.onset, note.pitch) != (bar.start, cymbal)]
        notes.append(_stroke(bar.start, CRASH, NEUTRAL + 4))
    return [note for note in notes if allowed is None or note.onset in allowed]


def _with_fill(bar: Bar, notes: list[Note], drive: int, seed: int) -> list[Note]:
    """The bar with a fill in place of all but the kick on its last beats."""
    choices = [fill for fill in FILLS[drive] if Fraction(len(fill), 4) < bar.quarters]
    if not choices:
        return notes
    fill = choices[(seed + bar.number // FILL_BARS) % len(choices)]
    start = bar.end - Fraction(len(fill), 4)
    kept = [note for note in notes if note.onset < start or note.pitch == KICK]
    played = [
        _stroke(start + Fraction(place, 4), FILL_KEYS[sign], NEUTRAL - 6 + round(14 * place / len(fill)))
        for place, sign in enumerate(fill)
        if sign in FILL_KEYS
    ]
    return kept + played


def given(part: Part, length: Fraction) -> list[Note]:
    """The strokes of another drummer's part, their loudness as a touch about its mean."""
    notes = [note for note in part.notes if note.onset < length]
    mean = sum(note.velocity for note in notes) / max(len(notes), 1)
    return [
        Note(
            note.onset,
            note.pitch,
            min(note.duration, length - note.onset),
            min(max(round(NEUTRAL + 0.7 * (note.velocity - mean)), 1), 127),
        )
        for note in notes
    ]


def _stroke(onset: Fraction, key: int, touch: int) -> Note:
    return Note(onset, key, STROKE, touch)
