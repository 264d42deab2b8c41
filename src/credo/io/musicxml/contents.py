"""What stands in the measures of a MusicXML part: notes, time that passes, metre, key, tempo and loudness."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from credo.errors import FormatError
from credo.io.limits import MAX_QUARTERS, check_length, check_note_count
from credo.io.musicxml.percussion import key_at_position
from credo.music.pitch import pitch_of
from credo.music.score import DEFAULT_VELOCITY

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_BEAT_UNITS = {
    "long": Fraction(16), "breve": Fraction(8), "whole": Fraction(4), "half": Fraction(2), "quarter": Fraction(1),
    "eighth": Fraction(1, 2), "16th": Fraction(1, 4), "32nd": Fraction(1, 8), "64th": Fraction(1, 16),
}  # fmt: skip
_NUMBER = re.compile(r"\d+(\.\d+)?")
#: A velocity of 90 is MusicXML's 100 % (a forte).
_FULL_VELOCITY = 90


@dataclass(slots=True)
class PartInfo:
    """What the part list says of a part; instruments map to percussion keys."""

    name: str = ""
    program: int = 0
    channel: int | None = None
    keys: dict[str, int] = field(default_factory=dict)


@dataclass(slots=True)
class RawNote:
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
class Reading:
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
class PartReading:
    """One part while it is read."""

    info: PartInfo
    scale: int = 1
    transpose: int = 0
    velocity: int = DEFAULT_VELOCITY
    is_percussion: bool = False
    notes: list[RawNote] = field(default_factory=list)
    unpitched: int = 0


def read_measure(reading: Reading, part: PartReading, number: int, element: Element) -> None:
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
    reading: Reading, part: PartReading, number: int, element: Element, chord_onset: int, cursor: int
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
        part.notes.append(RawNote(number, onset, duration, pitch, velocity, voice, "start" in ties, "stop" in ties))
    return onset, cursor


def _percussion_key(info: PartInfo, fields: dict[str, Element]) -> int:
    """The percussion key of an unpitched note: what its instrument says, else what its place on the staff means."""
    identity = fields["instrument"].get("id", "") if "instrument" in fields else ""
    if identity in info.keys:
        return info.keys[identity]
    if not identity and len(info.keys) == 1:
        return next(iter(info.keys.values()))
    place = fields["unpitched"]
    return key_at_position(place.findtext("display-step"), place.findtext("display-octave"))


def _read_attributes(reading: Reading, part: PartReading, when: tuple[int, int], element: Element) -> None:
    if (sign := element.findtext("clef/sign")) is not None:
        part.is_percussion = sign == "percussion"
    for child in element:
        if child.tag == "divisions":
            part.scale = reading.divisions // int(child.text or "0")
        elif child.tag == "transpose":
            chromatic, octaves = child.findtext("chromatic"), child.findtext("octave-change")
            part.transpose = round(float(chromatic or 0)) + 12 * int(octaves or 0)
        elif child.tag == "time" and child.find("beats") is not None:
            reading.metres.setdefault(when, _read_metre(child, reading.path))
        elif child.tag == "key" and not part.is_percussion:
            fifths = child.findtext("fifths")
            if fifths is None or not -7 <= int(fifths) <= 7:
                continue
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


def _read_direction(reading: Reading, part: PartReading, when: tuple[int, int], element: Element) -> None:
    """Take tempo and loudness from a <sound>, or a <direction> with one or with a metronome mark."""
    sound = element if element.tag == "sound" else element.find("sound")
    tempo = None
    offset = element.find("offset")
    if offset is not None and offset.get("sound") == "yes":
        when = when[0], max(when[1] + int(offset.text or "0") * part.scale, 0)
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


def _duration(element: Element, scale: int) -> int:
    """The duration of a note, backup or forward in divisions of the whole score."""
    text = element.findtext("duration")
    if not text:
        return 0
    duration = int(text) * scale if text.strip().isdigit() else round(Fraction(text.strip()) * scale)
    return max(duration, 0)


def _velocity(percent: str) -> int:
    return min(max(round(float(percent) * _FULL_VELOCITY / 100), 1), 127)
