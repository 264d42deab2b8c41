"""MIDI files written, a track for the tempo and one for each part."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from fractions import Fraction
from math import lcm

from credo.errors import UsageError
from credo.io.midi import messages as smf
from credo.music.score import DEFAULT_TEMPO_BPM, Part, Score, Tempo, Timeline

DEFAULT_TPQ = 480
_MAX_TPQ = 32767


def to_midi(
    score: Score, *, marks: Sequence[tuple[Fraction, str]] = (), loop: tuple[Fraction, Fraction] | None = None
) -> bytes:
    """Write a score as a MIDI file of format 1: a track for tempo, metre and key, then one a part.

    The same score always gives the same bytes. There are 480 ticks a quarter, or another number if that makes all
    times exact; where none does, 960 and the nearest tick. Drum parts go to channel 10, other parts to the channel
    they ask for if it is free, else to the next free one; beyond fifteen they share. A part without notes is written
    but not read again.

    Marks are marker events on the first track, at the nearest tick. A loop is told in the two ways that games read:
    markers `loopStart` and `loopEnd`, and controller 111 at its start, on the channel of the first part.

    Args:
        score: the piece.
        marks: an onset in quarters and a name each, such as hits and sections.
        loop: start and end of the part that is repeated, in quarters.

    Raises:
        UsageError: a pitch or velocity that MIDI cannot write; a mark or loop outside the piece, or without length.
    """
    tpq = _ticks_a_quarter(score)
    marks = _with_loop(score, marks, loop)

    def tick(quarters: Fraction) -> int:
        return round(quarters * tpq)

    tracks = [_conductor(score, marks, tick)]
    for number, (part, channel) in enumerate(zip(score.parts, _channels(score.parts), strict=True)):
        if not 0 <= part.program <= 127:
            raise UsageError(f"part {part.name!r}: expected program 0..127, got {part.program}")
        events = [(0, smf.meta(smf.TRACK_NAME, part.name.encode()))] if part.name else []
        events.append((0, bytes((smf.PROGRAM | channel, part.program))))
        notes = []
        for note in part.notes:
            if not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 and note.onset >= 0):
                raise UsageError(
                    f"part {part.name!r}: expected pitch 0..127, velocity 1..127 and onset >= 0, got {note}"
                )
            onset = tick(note.onset)
            end = max(tick(note.end), onset + 1)
            notes.append((onset, 1, end, bytes((smf.NOTE_ON | channel, note.pitch, note.velocity))))
            notes.append((end, 0, end, bytes((smf.NOTE_OFF | channel, note.pitch, 0))))
        if loop and number == 0:
            start = tick(loop[0])
            notes.append((start, -1, start, bytes((smf.CONTROL | channel, smf.LOOP_START, 0))))
        notes.sort(key=lambda event: event[:3])  # where one note ends and another begins, the end comes first
        events += [(when, event) for when, _, _, event in notes]
        events.append((events[-1][0], smf.meta(smf.END_OF_TRACK)))
        tracks.append(events)
    return smf.join_chunks(tpq, tracks)


def _with_loop(
    score: Score, marks: Sequence[tuple[Fraction, str]], loop: tuple[Fraction, Fraction] | None
) -> list[tuple[Fraction, str]]:
    """The marks, and those of the loop, each seen to lie inside the piece."""
    length = score.timeline.length
    if loop and not 0 <= loop[0] < loop[1] <= length:
        raise UsageError(f"loop: expected 0 <= start < end <= {length} quarters, got {loop[0]} and {loop[1]}")
    for onset, name in marks:
        if not 0 <= onset <= length:
            raise UsageError(f"mark {name!r}: expected an onset of 0..{length} quarters, got {onset}")
    return [*marks, *zip(loop, ("loopStart", "loopEnd"), strict=True)] if loop else list(marks)


def _conductor(
    score: Score, marks: Sequence[tuple[Fraction, str]], tick: Callable[[Fraction], int]
) -> list[tuple[int, bytes]]:
    """The first track: title, tempo, metre, key and marks, and the length of the piece."""
    timeline = score.timeline
    events = []
    if score.title:
        events.append((0, smf.meta(smf.TRACK_NAME, score.title.encode())))
    if score.composer:
        events.append((0, smf.meta(smf.TEXT, (smf.COMPOSER + score.composer).encode())))
    tempos = list(timeline.tempos)
    if not tempos or tempos[0].onset > 0:
        tempos.insert(0, Tempo(Fraction(0), DEFAULT_TEMPO_BPM))
    for tempo in _before(timeline.length, tempos):
        microseconds = min(max(round(60_000_000 / tempo.bpm), 1), 0xFFFFFF)
        events.append((tick(tempo.onset), smf.meta(smf.SET_TEMPO, microseconds.to_bytes(3, "big"))))
    keys = [replace(change, onset=Fraction(0)) for change in timeline.keys[:1]]  # in force from the start
    for change in _before(timeline.length, [*keys, *timeline.keys[1:]]):
        payload = bytes((change.key.fifths & 0xFF, change.key.mode == "minor"))
        events.append((tick(change.onset), smf.meta(smf.KEY_SIGNATURE, payload)))
    if timeline.metres or timeline.pickup:
        for onset, numerator, denominator in _bar_metres(timeline):
            payload = bytes((numerator, denominator.bit_length() - 1, 24, 8))
            events.append((tick(onset), smf.meta(smf.TIME_SIGNATURE, payload)))
    events += [(tick(onset), smf.meta(smf.MARKER, name.encode())) for onset, name in marks]
    events.sort(key=lambda event: event[0])
    end = max(tick(timeline.length), events[-1][0])
    return [*events, (end, smf.meta(smf.END_OF_TRACK))]


def _before(end: Fraction, changes: list) -> list:
    """Changes that take place before the end, or at the start."""
    return [change for change in changes if change.onset < end or change.onset == 0]


def _bar_metres(timeline: Timeline) -> list[tuple[Fraction, int, int]]:
    """Onset, numerator and denominator of each change of metre; a bar that is cut short has a metre of its length."""
    changes: list[tuple[Fraction, int, int]] = []
    for start, end, metre in timeline.bars():
        numerator, denominator = metre.numerator, metre.denominator
        beats = (end - start) * denominator / 4
        while beats.denominator > 1 and denominator < 64:
            beats, denominator = 2 * beats, 2 * denominator
        if end - start == metre.bar or beats.denominator > 1:
            denominator = metre.denominator
        else:
            numerator = beats.numerator
        if not 1 <= numerator <= 255 or denominator.bit_count() != 1:
            raise UsageError(f"metre: expected 1..255 over a power of two, got {numerator}/{denominator}")
        if not changes or changes[-1][1:] != (numerator, denominator):
            changes.append((start, numerator, denominator))
    return changes


def _ticks_a_quarter(score: Score) -> int:
    """A number of ticks a quarter that makes all times whole, if one fits into a MIDI file."""
    timeline = score.timeline
    changes = [*timeline.tempos, *timeline.metres, *timeline.keys]
    times = {timeline.length, timeline.pickup, *(change.onset for change in changes)}
    for part in score.parts:
        times.update(note.onset for note in part.notes)
        times.update(note.duration for note in part.notes)
    tpq = 1
    for denominator in {time.denominator for time in times}:
        tpq = lcm(tpq, denominator)
        if tpq > _MAX_TPQ:
            return 2 * DEFAULT_TPQ
    usual = lcm(tpq, DEFAULT_TPQ)
    return usual if usual <= _MAX_TPQ else tpq


def _channels(parts: tuple[Part, ...]) -> list[int]:
    """The channel of each part, 0..15: 9 for drums, else the one it asks for, the next free one, or a shared one."""
    free = [channel for channel in range(16) if channel != smf.DRUM_CHANNEL]
    wanted = [part.channel for part in parts if not part.is_drums]
    others = [channel for channel in free if channel not in wanted]
    channels = []
    for number, part in enumerate(parts):
        if part.is_drums:
            channels.append(smf.DRUM_CHANNEL)
        elif part.channel is not None and part.channel != smf.DRUM_CHANNEL:
            channels.append(part.channel)
        else:
            channels.append(others.pop(0) if others else free[number % len(free)])
    return channels
