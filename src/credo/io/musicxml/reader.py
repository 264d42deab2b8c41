"""MusicXML to scores.

Every part is read measure by measure in whole divisions, and a measure of the score lasts as long as the longest of
its parts, so that a part with missing rests cannot fall behind. Repeats are played once. Grace notes and cue notes have
no time of their own and are left out.

Reference: W3C Music Notation Community Group, MusicXML 4.0, 2021.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from itertools import pairwise
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING

from credo.errors import FormatError
from credo.io.limits import MAX_QUARTERS, check_length, check_note_count, check_score
from credo.io.musicxml.container import read_tree
from credo.io.musicxml.percussion import key_at_position
from credo.music.pitch import Key, pitch_of
from credo.music.score import DEFAULT_VELOCITY, KeyChange, Metre, Note, Part, Score, Tempo, Timeline

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_DIVISIONS = 10**9
_BEAT_UNITS = {
    "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2), "quarter": Fraction(1),
    "eighth": Fraction(1, 2), "16th": Fraction(1, 4), "32nd": Fraction(1, 8), "64th": Fraction(1, 16),
}  # fmt: skip
_NUMBER = re.compile(r"\d+(\.\d+)?")
#: A velocity of 90 is MusicXML's 100 % (a forte).
_FULL_VELOCITY = 90


@dataclass(slots=True)
class _PartInfo:
    """What the part list says of a part; instruments map to percussion keys."""

    name: str = ""
    program: int = 0
    channel: int | None = None
    keys: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class _RawNote:
    """A note while its part is read; times are in divisions, the onset from the start of its measure."""

    measure: int
    onset: int
    duration: int
    pitch: int
    velocity: int
    voice: str
    tie_start: bool
    tie_stop: bool


@dataclass(slots=True)
class _Reading:
    """What has been gathered so far. Changes are by measure and onset in divisions; the first part to tell wins."""

    path: Path
    divisions: int
    lengths: list[int] = field(default_factory=list)
    tempos: dict[tuple[int, int], float] = field(default_factory=dict)
    metres: dict[tuple[int, int], tuple[int, int]] = field(default_factory=dict)
    keys: dict[tuple[int, int], tuple[int, str, int]] = field(default_factory=dict)
    note_count: int = 0
    left_out: dict[str, int] = field(default_factory=dict)

    def leave_out(self, what: str) -> None:
        """Count something that a score does not hold."""
        self.left_out[what] = self.left_out.get(what, 0) + 1


@dataclass(slots=True)
class _PartReading:
    """One part while it is read."""

    info: _PartInfo
    scale: int = 1
    transpose: int = 0
    velocity: int = DEFAULT_VELOCITY
    notes: list[_RawNote] = field(default_factory=list)
    unpitched: int = 0


def parse(data: bytes, path: str | Path) -> tuple[Score, list[str]]:
    """Read a MusicXML file, plain or compressed.

    Args:
        data: the whole file.
        path: where it came from, for messages.

    Returns:
        The score, and remarks on what the file holds that a score does not.

    Raises:
        FormatError: the content is damaged, out of bounds, or holds no notes.
    """
    path = Path(path)
    root = read_tree(data, path)
    try:
        return _read_score(root, path)
    except FormatError:
        raise
    except (ValueError, KeyError, ZeroDivisionError, OverflowError) as error:
        raise FormatError(path, f"MusicXML is damaged: {' '.join(str(error).split())}") from error


def _read_score(root: Element, path: Path) -> tuple[Score, list[str]]:
    measures = _measures_of_parts(root, path)
    infos = {part.get("id", ""): _part_info(part) for part in root.iterfind("part-list/score-part")}
    reading = _Reading(path, _common_divisions(root, path))
    parts = []
    for identity, elements in measures.items():
        part = _PartReading(infos.get(identity) or _PartInfo())
        for number, element in enumerate(elements):
            _read_measure(reading, part, number, element)
        parts.append(part)
    starts = _measure_starts(reading)
    check_length(Fraction(starts[-1], reading.divisions), path)
    quarters = _Exact(reading.divisions)
    score = Score(
        tuple(_finish_part(part, starts, quarters) for part in parts),
        _timeline(reading, starts, quarters),
        _first_text(root, "work/work-title", "movement-title", "credit/credit-words[@justify='center']"),
        _first_text(root, "identification/creator[@type='composer']"),
    )
    remarks = [f"{count} {what}" for what, count in reading.left_out.items()]
    return check_score(score, path), remarks


class _Exact(dict):
    """Divisions to exact quarters; the same time is the same object."""

    def __init__(self, divisions: int) -> None:
        self.divisions = divisions

    def __missing__(self, time: int) -> Fraction:
        self[time] = quarters = Fraction(time, self.divisions)
        return quarters


def _measures_of_parts(root: Element, path: Path) -> dict[str, list[Element]]:
    """The measures of each part, by the part's identity, of either kind of document."""
    parts: dict[str, list[Element]] = {}
    if root.tag == "score-partwise":
        for part in root.iterfind("part"):
            parts.setdefault(part.get("id", ""), []).extend(part.iterfind("measure"))
    elif root.tag == "score-timewise":
        for measure in root.iterfind("measure"):
            for part in measure.iterfind("part"):
                parts.setdefault(part.get("id", ""), []).append(part)
    else:
        raise FormatError(path, f"expected MusicXML that starts with <score-partwise>, got <{root.tag[:40]}>")
    return parts


def _part_info(element: Element) -> _PartInfo:
    info = _PartInfo(_first_text(element, "part-name"))
    for number, instrument in enumerate(element.iterfind("midi-instrument")):
        program, channel = instrument.findtext("midi-program"), instrument.findtext("midi-channel")
        if number == 0 and program:
            info.program = min(max(int(program) - 1, 0), 127)
        if number == 0 and channel:
            info.channel = min(max(int(channel) - 1, 0), 15)
        if key := instrument.findtext("midi-unpitched"):
            info.keys[instrument.get("id", "")] = min(max(int(key) - 1, 0), 127)
    return info


def _common_divisions(root: Element, path: Path) -> int:
    """Divisions of a quarter that hold every part's own."""
    common = 1
    for element in root.iter("divisions"):
        divisions = int(element.text or "0")
        common = lcm(common, divisions)
        if divisions <= 0 or common > _MAX_DIVISIONS:
            raise FormatError(path, f"expected divisions of a quarter of 1 or more, got {divisions}")
    return common


def _read_measure(reading: _Reading, part: _PartReading, number: int, element: Element) -> None:
    """Add one measure of one part."""
    cursor = chord_onset = length = 0
    limit = MAX_QUARTERS * reading.divisions
    if number == 0:
        part.scale = reading.divisions  # one division a quarter, until the part says otherwise
    for child in element:
        tag = child.tag
        if tag == "note":
            chord_onset, cursor = _read_note(reading, part, number, child, chord_onset, cursor)
        elif tag == "backup":
            cursor = max(cursor - _duration(child, part.scale), 0)
        elif tag == "forward":
            cursor += _duration(child, part.scale)
        elif tag == "attributes":
            _read_attributes(reading, part, (number, cursor), child)
        elif tag in ("direction", "sound"):
            _read_direction(reading, part, (number, cursor), child)
        elif tag == "barline" and child.find("repeat") is not None:
            reading.leave_out("repeat signs were left out: each passage is read once")
        length = max(length, cursor)
        if length > limit:
            check_length(length, reading.path)
    if number == len(reading.lengths):
        reading.lengths.append(length)
    else:
        reading.lengths[number] = max(reading.lengths[number], length)


def _read_note(
    reading: _Reading, part: _PartReading, number: int, element: Element, chord_onset: int, cursor: int
) -> tuple[int, int]:
    """Add a note or rest; the onset that a chord's further notes share, and the cursor, both after it."""
    fields = {}
    ties = set()
    for child in element:
        tag = child.tag
        if tag == "tie":
            ties.add(child.get("type"))
        else:
            fields[tag] = child
    if "grace" in fields:
        reading.leave_out("grace notes were left out")
        return chord_onset, cursor
    duration = _duration(element, part.scale)
    onset = chord_onset if "chord" in fields else cursor
    cursor = max(cursor, onset + duration)
    if "cue" in fields:
        reading.leave_out("cue notes were left out")
        return onset, cursor
    if "pitch" in fields:
        written = fields["pitch"]
        alter = round(float(written.findtext("alter") or 0))
        octave = int(written.findtext("octave") or "")
        pitch = pitch_of((written.findtext("step") or "").strip(), alter, octave) + part.transpose
    elif "unpitched" in fields:
        part.unpitched += 1
        pitch = _percussion_key(part.info, fields)
    else:
        return onset, cursor  # a rest
    if not 0 <= pitch <= 127:
        raise FormatError(reading.path, f"expected pitches within MIDI's 0..127, got {pitch}")
    if duration > 0:
        reading.note_count += 1
        check_note_count(reading.note_count, reading.path)
        velocity = part.velocity
        if loudness := element.get("dynamics"):
            velocity = _velocity(loudness)
        voice = fields["voice"].text or "" if "voice" in fields else ""
        part.notes.append(_RawNote(number, onset, duration, pitch, velocity, voice, "start" in ties, "stop" in ties))
    return onset, cursor


def _percussion_key(info: _PartInfo, fields: dict[str, Element]) -> int:
    """The percussion key of an unpitched note: what its instrument says, else what its place on the staff means."""
    identity = fields["instrument"].get("id", "") if "instrument" in fields else ""
    if identity in info.keys:
        return info.keys[identity]
    if not identity and len(info.keys) == 1:
        return next(iter(info.keys.values()))
    place = fields["unpitched"]
    return key_at_position(place.findtext("display-step"), place.findtext("display-octave"))


def _read_attributes(reading: _Reading, part: _PartReading, when: tuple[int, int], element: Element) -> None:
    for child in element:
        if child.tag == "divisions":
            part.scale = reading.divisions // int(child.text or "0")
        elif child.tag == "transpose":
            chromatic, octaves = child.findtext("chromatic"), child.findtext("octave-change")
            part.transpose = round(float(chromatic or 0)) + 12 * int(octaves or 0)
        elif child.tag == "time" and child.find("beats") is not None:
            reading.metres.setdefault(when, _read_metre(child, reading.path))
        elif child.tag == "key" and (fifths := child.findtext("fifths")) is not None and -7 <= int(fifths) <= 7:
            mode = "minor" if (child.findtext("mode") or "").strip() == "minor" else "major"
            transpose = _transposition(element)
            known = reading.keys.get(when)
            if known is None or (known[2] and not transpose):  # better from a part that does not transpose
                reading.keys[when] = int(fifths), mode, transpose if transpose is not None else part.transpose


def _transposition(attributes: Element) -> int | None:
    """Semitones that these attributes transpose by, if they say so."""
    element = attributes.find("transpose")
    return None if element is None else round(float(element.findtext("chromatic") or 0))


def _read_metre(element: Element, path: Path) -> tuple[int, int]:
    """Numerator and denominator; metres such as 3+2/8 or 2/4+3/8 are added up."""
    total, finest = Fraction(0), 1
    for beats, unit in zip(element.iterfind("beats"), element.iterfind("beat-type"), strict=False):
        count, denominator = sum(int(part) for part in (beats.text or "").split("+")), int(unit.text or "0")
        if not 1 <= count <= 255 or denominator not in (1, 2, 4, 8, 16, 32, 64, 128):
            raise FormatError(path, f"expected a metre such as 4/4, got {count}/{denominator}")
        total, finest = total + Fraction(count, denominator), max(finest, denominator)
    return int(total * finest), finest


def _read_direction(reading: _Reading, part: _PartReading, when: tuple[int, int], element: Element) -> None:
    """Take tempo and loudness from a <sound>, or a <direction> with one or with a metronome mark."""
    sound = element if element.tag == "sound" else element.find("sound")
    tempo = None
    if sound is not None:
        if loudness := sound.get("dynamics"):
            part.velocity = _velocity(loudness)
        if text := sound.get("tempo"):
            tempo = float(text)
    metronome = element.find("direction-type/metronome")
    if tempo is None and metronome is not None:
        number, unit = _NUMBER.search(metronome.findtext("per-minute") or ""), metronome.findtext("beat-unit")
        if number and unit in _BEAT_UNITS:
            dots = len(metronome.findall("beat-unit-dot"))
            tempo = float(number[0]) * float(_BEAT_UNITS[unit] * (2 - Fraction(1, 2**dots)))
    if tempo is not None and 1 <= tempo <= 6000:
        reading.tempos.setdefault(when, tempo)


def _measure_starts(reading: _Reading) -> list[int]:
    """Where each measure starts in divisions, and at last where the piece ends; an empty measure lasts as its metre."""
    starts, bar = [0], 4 * reading.divisions
    metres = {measure: metre for (measure, _), metre in sorted(reading.metres.items())}
    for number, length in enumerate(reading.lengths):
        if number in metres:
            numerator, denominator = metres[number]
            bar = 4 * reading.divisions * numerator // denominator
        starts.append(starts[-1] + (length or bar))
    return starts


def _finish_part(part: _PartReading, starts: list[int], quarters: _Exact) -> Part:
    """A part with its ties made into single notes."""
    open_ties: dict[int, list[tuple[str, int]]] = {}  # pitch to voice and place in `sounding`
    sounding: list[list[int]] = []  # onset, pitch, end, velocity
    for note in part.notes:
        onset = starts[note.measure] + note.onset
        end = onset + note.duration
        place = -1
        if note.tie_stop:
            waiting = [tie for tie in open_ties.get(note.pitch, ()) if sounding[tie[1]][2] == onset]
            if waiting:
                tie = next((tie for tie in waiting if tie[0] == note.voice), waiting[0])
                open_ties[note.pitch].remove(tie)
                place = tie[1]
                sounding[place][2] = end
        if place < 0:
            place = len(sounding)
            sounding.append([onset, note.pitch, end, note.velocity])
        if note.tie_start:
            open_ties.setdefault(note.pitch, []).append((note.voice, place))
    is_drums = part.unpitched * 2 > len(part.notes)
    notes = [Note(quarters[on], pitch, quarters[end - on], velocity) for on, pitch, end, velocity in sounding]
    info = part.info
    return Part.of(info.name, notes, program=info.program, is_drums=is_drums, channel=info.channel)


def _timeline(reading: _Reading, starts: list[int], quarters: _Exact) -> Timeline:
    def times(changes: dict) -> list[tuple[Fraction, object]]:
        by_time = {starts[measure] + onset: value for (measure, onset), value in sorted(changes.items())}
        kept: list[tuple[Fraction, object]] = []
        for time, value in by_time.items():
            if not kept or kept[-1][1] != value:
                kept.append((quarters[time], value))
        return kept

    keys = []
    for onset, (fifths, mode, transpose) in times(reading.keys):
        key = Key(fifths, mode)
        keys.append(KeyChange(onset, key.transpose(transpose) if transpose % 12 else key))
    metres = [Metre(onset, *metre) for onset, metre in times(reading.metres)]
    first_bar = metres[0].bar if metres and metres[0].onset == 0 else Fraction(4)
    pickup = quarters[starts[1]] if len(starts) > 2 and quarters[starts[1]] < first_bar else Fraction(0)
    return Timeline(
        quarters[starts[-1]],
        tuple(Tempo(onset, bpm) for onset, bpm in times(reading.tempos)),
        tuple(_aligned(metres, [quarters[start] for start in starts], pickup)),
        tuple(keys),
        pickup,
    )


def _aligned(metres: list[Metre], starts: list[Fraction], pickup: Fraction) -> list[Metre]:
    """Metres with one more wherever full measures go on after an irregular one, so that bars begin where they should.

    A measure that is written in two halves, as around a repeat sign, needs nothing.
    """
    changes = {metre.onset: metre for metre in metres}
    metre = changes.get(Fraction(0), Metre(Fraction(0), 4, 4))
    following = pickup or metre.bar  # where the next bar begins
    for start, end in pairwise(starts[1:]):
        if start in changes:
            metre, following = changes[start], start
        while following < start:
            following += metre.bar
        if following > start and end - start == metre.bar:
            metre = changes[start] = Metre(start, metre.numerator, metre.denominator)
            following = start
        if following == start:
            following += metre.bar
    if changes and Fraction(0) not in changes:
        changes[Fraction(0)] = Metre(Fraction(0), 4, 4)
    return [changes[onset] for onset in sorted(changes)]


def _duration(element: Element, scale: int) -> int:
    """The duration of a note, backup or forward in divisions of the whole score."""
    text = element.findtext("duration")
    if not text:
        return 0
    duration = int(text) * scale if text.strip().isdigit() else round(Fraction(text.strip()) * scale)
    return max(duration, 0)


def _velocity(percent: str) -> int:
    return min(max(round(float(percent) * _FULL_VELOCITY / 100), 1), 127)


def _first_text(element: Element, *paths: str) -> str:
    """The first text found at one of the paths, on one line."""
    for path in paths:
        if text := " ".join((element.findtext(path) or "").split()):
            return text
    return ""
