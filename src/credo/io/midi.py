"""Standard MIDI Files.

Onsets are exact: tick t of a file with d ticks a quarter is the fraction t/d. A part is one channel of one track.
MIDI knows no upbeat. A piece that begins with one is written the usual way, as a first bar in a metre of the upbeat's
length followed by the real metre, and a first bar shorter than the next metre is read as an upbeat; either way the
bars of the score are the same. A MIDI file without a tempo is played at 120 quarters a minute.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from fractions import Fraction
from math import lcm
from pathlib import Path

from credo.errors import FormatError, UsageError
from credo.io import midi_bytes as smf
from credo.io.exact import Quarters
from credo.io.limits import MAX_QUARTERS, check_length, check_note_count, check_score
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, KeyChange, Metre, Note, Part, Score, Tempo, Timeline

DRUM_CHANNEL = 9
DEFAULT_TPQ = 480
_MAX_TPQ = 32767
_COMPOSER = "Composer: "


@dataclass(slots=True)
class _Reading:
    """What has been gathered from the tracks so far; times are in ticks."""

    path: Path
    quarters: Quarters
    parts: list[Part] = field(default_factory=list)
    tempos: dict[int, int] = field(default_factory=dict)
    metres: dict[int, tuple[int, int]] = field(default_factory=dict)
    keys: dict[int, Key] = field(default_factory=dict)
    programs: dict[int, int] = field(default_factory=dict)
    title: str = ""
    composer: str = ""
    end: int = 0
    note_count: int = 0
    unclosed: int = 0
    changes: int = 0


def parse(data: bytes, path: str | Path) -> tuple[Score, list[str]]:
    """Read a MIDI file.

    Args:
        data: the whole file.
        path: where it came from, for messages.

    Returns:
        The score, and remarks on what the file holds that a score does not.

    Raises:
        FormatError: the content is damaged, out of bounds, or holds no notes.
    """
    path = Path(path)
    chunks = smf.split_chunks(data, path)
    reading = _Reading(path, Quarters(chunks.tpq))
    for number, track in enumerate(chunks.tracks):
        _read_track(reading, track, is_first=number == 0, is_only=chunks.format == 0)
    parts = tuple(
        replace(part, program=reading.programs.get(part.channel, 0)) if part.program < 0 else part
        for part in reading.parts
    )
    score = check_score(Score(parts, _timeline(reading), reading.title, reading.composer), path)
    remarks = []
    if reading.unclosed:
        remarks.append(f"{reading.unclosed} notes never end and were left out")
    if reading.changes:
        remarks.append(f"{reading.changes} changes of instrument inside a part were left out")
    return score, remarks


def to_midi(score: Score) -> bytes:
    """Write a score as a MIDI file of format 1: a track for tempo, metre and key, then one a part.

    The same score always gives the same bytes. There are 480 ticks a quarter, or another number if that makes all
    times exact; where none does, 960 and the nearest tick. Drum parts go to channel 10, other parts to the channel
    they ask for if it is free, else to the next free one; beyond fifteen they share. A part without notes is written
    but not read again.

    Raises:
        UsageError: a pitch or velocity that MIDI cannot write.
    """
    tpq = _ticks_a_quarter(score)

    def tick(quarters: Fraction) -> int:
        return round(quarters * tpq)

    tracks = [_conductor(score, tick)]
    for part, channel in zip(score.parts, _channels(score.parts), strict=True):
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
        notes.sort(key=lambda event: event[:3])  # where one note ends and another begins, the end comes first
        events += [(when, event) for when, _, _, event in notes]
        events.append((events[-1][0], smf.meta(smf.END_OF_TRACK)))
        tracks.append(events)
    return smf.join_chunks(tpq, tracks)


def _read_track(reading: _Reading, track: bytes, *, is_first: bool, is_only: bool) -> None:
    """Add what one track holds; onset, pitch, duration and velocity of its notes, channel by channel."""
    sounding: dict[tuple[int, int], deque[tuple[int, int]]] = defaultdict(deque)
    notes: dict[int, list[tuple[int, int, int, int]]] = defaultdict(list)
    programs: dict[int, int] = {}
    started: set[int] = set()
    name = ""
    quarters = reading.quarters
    limit = MAX_QUARTERS * quarters.ticks
    for tick, status, first, second in smf.read_events(track, reading.path):
        if tick > limit:
            check_length(quarters[tick], reading.path)
        kind, channel = status & 0xF0, status & 0x0F
        if kind == smf.NOTE_ON and second:
            reading.note_count += 1
            check_note_count(reading.note_count, reading.path)
            started.add(channel)
            sounding[channel, first].append((tick, second))
        elif kind in (smf.NOTE_OFF, smf.NOTE_ON):
            if waiting := sounding[channel, first]:
                onset, velocity = waiting.popleft()
                notes[channel].append((onset, first, max(tick - onset, 1), velocity))
        elif kind == smf.PROGRAM:
            reading.programs.setdefault(channel, first)
            if channel not in started:
                programs[channel] = first
            elif first != programs.get(channel):
                reading.changes += 1
        elif status == smf.META:
            if first == smf.TRACK_NAME:
                name = name or _text(second)
            elif first == smf.END_OF_TRACK:
                reading.end = max(reading.end, tick)
            else:
                _read_meta(reading, tick, first, second)
    reading.unclosed += sum(map(len, sounding.values()))
    if is_only or (is_first and not notes):
        reading.title = name
    reading.parts += [
        Part.of(
            name,
            [Note(quarters[onset], pitch, quarters[length], velocity) for onset, pitch, length, velocity in played],
            program=programs.get(channel, -1),
            is_drums=channel == DRUM_CHANNEL,
            channel=channel,
        )
        for channel, played in sorted(notes.items())
    ]


def _read_meta(reading: _Reading, tick: int, kind: int, payload: bytes) -> None:
    """Add a tempo, a metre, a key or the composer's name."""
    if kind == smf.SET_TEMPO and len(payload) >= 3:
        reading.tempos[tick] = int.from_bytes(payload[:3], "big")
        if not reading.tempos[tick]:
            raise FormatError(reading.path, "expected a tempo of 1 microsecond a quarter or more, got 0")
    elif kind == smf.TIME_SIGNATURE and len(payload) >= 2:
        if not payload[0] or payload[1] > 6:
            raise FormatError(reading.path, f"expected a metre such as 4/4, got {payload[0]}/2^{payload[1]}")
        reading.metres[tick] = payload[0], 1 << payload[1]
    elif kind == smf.KEY_SIGNATURE and len(payload) >= 2:
        fifths, minor = int.from_bytes(payload[:1], "big", signed=True), payload[1]
        if -7 <= fifths <= 7 and minor in (0, 1):
            reading.keys[tick] = Key(fifths, "minor" if minor else "major")
    elif kind == smf.TEXT and payload.startswith(_COMPOSER.encode()):
        reading.composer = _text(payload)[len(_COMPOSER) :]


def _timeline(reading: _Reading) -> Timeline:
    """The timeline of what was read. A last tick after the music is how some programs close a track; it is no rest."""
    quarters = reading.quarters
    last = max((part.end for part in reading.parts), default=Fraction(0))
    length = quarters[reading.end] if quarters[reading.end] - last > quarters[1] else last
    metres = [Metre(quarters[tick], *metre) for tick, metre in _changes(reading.metres, (4, 4))]
    pickup = Fraction(0)
    if len(metres) > 1 and metres[0].bar == metres[1].onset < metres[1].bar:
        pickup = metres[0].bar
        metres[:2] = [replace(metres[1], onset=Fraction(0))]
    return Timeline(
        length,
        tuple(Tempo(quarters[tick], _bpm(tempo)) for tick, tempo in _changes(reading.tempos, 500_000, always=True)),
        tuple(metres),
        tuple(KeyChange(quarters[tick], key) for tick, key in _changes(reading.keys, None)),
        pickup,
    )


def _changes(values: dict, default, *, always: bool = False) -> list[tuple]:
    """Values by tick, sorted, each different from the one before, `default` at the start if the file begins later."""
    if default is not None and 0 not in values and (values or always):
        values = {0: default, **values}
    kept: list[tuple] = []
    for tick, value in sorted(values.items(), key=lambda item: item[0]):
        if not kept or kept[-1][1] != value:
            kept.append((tick, value))
    return kept


def _conductor(score: Score, tick) -> list[tuple[int, bytes]]:
    """The first track: title, tempo, metre and key, and the length of the piece."""
    timeline = score.timeline
    events = []
    if score.title:
        events.append((0, smf.meta(smf.TRACK_NAME, score.title.encode())))
    if score.composer:
        events.append((0, smf.meta(smf.TEXT, (_COMPOSER + score.composer).encode())))
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
    free = [channel for channel in range(16) if channel != DRUM_CHANNEL]
    wanted = [part.channel for part in parts if not part.is_drums]
    others = [channel for channel in free if channel not in wanted]
    channels = []
    for number, part in enumerate(parts):
        if part.is_drums:
            channels.append(DRUM_CHANNEL)
        elif part.channel is not None and part.channel != DRUM_CHANNEL:
            channels.append(part.channel)
        else:
            channels.append(others.pop(0) if others else free[number % len(free)])
    return channels


def _bpm(microseconds: int) -> float:
    """Quarters a minute, with the fewest decimals that write the same microseconds a quarter again."""
    bpm = 60_000_000 / microseconds
    for decimals in range(4):
        rounded = round(bpm, decimals)
        if rounded and round(60_000_000 / rounded) == microseconds:
            return rounded
    return bpm


def _text(payload: bytes) -> str:
    """Text of a meta event on one line; files say nowhere how they are encoded."""
    try:
        text = payload.decode("utf-8")
    except UnicodeDecodeError:
        text = payload.decode("cp1252", errors="replace")
    return " ".join("".join(letter if letter.isprintable() else " " for letter in text).split())
