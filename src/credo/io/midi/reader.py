"""MIDI files read.

A part is one channel of one track; a first bar shorter than the next metre is read as an upbeat.
"""

from __future__ import annotations

from collections import defaultdict, deque
from dataclasses import dataclass, field, replace
from fractions import Fraction
from pathlib import Path

from credo.errors import FormatError
from credo.io.exact import Quarters
from credo.io.limits import MAX_QUARTERS, check_length, check_note_count, check_score
from credo.io.midi import messages as smf
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline


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
    last_note: int = 0
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


def read_marks(data: bytes, path: str | Path) -> list[tuple[Fraction, str]]:
    """The markers of a MIDI file, which a score does not hold: onset in quarters and name, sorted by onset.

    Args:
        data: the whole file.
        path: where it came from, for messages.

    Raises:
        FormatError: the content is damaged.
    """
    path = Path(path)
    chunks = smf.split_chunks(data, path)
    marks = [
        (Fraction(tick, chunks.tpq), _text(payload))
        for track in chunks.tracks
        for tick, status, kind, payload in smf.read_events(track, path)
        if status == smf.META and kind == smf.MARKER
    ]
    return sorted(marks, key=lambda mark: mark[0])


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
                length = tick - onset or 1
                notes[channel].append((onset, first, length, velocity))
                if onset + length > reading.last_note:
                    reading.last_note = onset + length
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
        Part(
            name,
            tuple(Note(quarters[on], pitch, quarters[length], loud) for on, pitch, length, loud in sorted(played)),
            program=programs.get(channel, -1),
            is_drums=channel == smf.DRUM_CHANNEL,
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
    elif kind == smf.TEXT and payload.startswith(smf.COMPOSER.encode()):
        reading.composer = _text(payload)[len(smf.COMPOSER) :]


def _timeline(reading: _Reading) -> Timeline:
    """The timeline of what was read. A last tick after the music is how some programs close a track; it is no rest."""
    quarters = reading.quarters
    last = quarters[reading.last_note]
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
