"""Scores to MusicXML that can be engraved as it stands.

Notes are cut at barlines and beats and tied, spelled in the key in force, and given the accidentals and beams that an
engraver would draw. Times in quarters become whole divisions of a quarter.

Reference: W3C Music Notation Community Group, MusicXML 4.0, 2021.
"""

from __future__ import annotations

import re
from dataclasses import replace
from fractions import Fraction
from math import lcm
from xml.sax.saxutils import escape, quoteattr

from credo.errors import UsageError
from credo.io.musicxml.measure import Bar, measure_xml
from credo.io.musicxml.rhythm import BASE_DIVISIONS
from credo.io.musicxml.staves import Staff, staves_of
from credo.music.pitch import Key
from credo.music.score import DEFAULT_TEMPO_BPM, Metre, Part, Score, Tempo

_MAX_DIVISIONS = 1_000_000
_COARSE_DIVISIONS = 10_080
_ILLEGAL = re.compile(r"[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_HEAD = """<?xml version="1.0" encoding="UTF-8"?>
<!DOCTYPE score-partwise PUBLIC "-//Recordare//DTD MusicXML 4.0 Partwise//EN" \
"http://www.musicxml.org/dtds/partwise.dtd">
<score-partwise version="4.0">"""


def to_musicxml(score: Score) -> str:
    """Write a score as a MusicXML document; the same score always gives the same text.

    Without a known key there is no signature and notes are spelled as in C; a key that changes inside a bar changes at
    the next barline. The last bar is filled up with rests, unless it is
    what the upbeat lacks. Onsets and durations are exact wherever a million divisions of a quarter suffice.

    Args:
        score: any score; quantise played music first, or its picture will be unreadable.

    Raises:
        UsageError: a pitch or velocity that MIDI and MusicXML cannot write.
    """
    divisions = _divisions(score)
    bars = _bars(score)
    lines = [_HEAD]
    if score.title:
        lines.append(f"<work><work-title>{_text(score.title)}</work-title></work>")
    lines.append("<identification>")
    if score.composer:
        lines.append(f'<creator type="composer">{_text(score.composer)}</creator>')
    lines.append("<encoding><software>Credo</software></encoding></identification>")
    lines.append("<part-list>")
    for number, part in enumerate(score.parts, 1):
        lines += _score_part(part, f"P{number}")
    lines.append("</part-list>")
    for number, part in enumerate(score.parts, 1):
        lines += _part(score, part, f"P{number}", bars, divisions)
    lines.append("</score-partwise>\n")
    return "\n".join(lines)


def _part(score: Score, part: Part, identity: str, bars, divisions: int) -> list[str]:
    """The measures of one part; the first part carries the tempo."""
    for note in part.notes:
        if not (0 <= note.pitch <= 127 and 1 <= note.velocity <= 127 and note.onset >= 0 and note.duration > 0):
            raise UsageError(f"part {part.name!r}: expected pitch 0..127, velocity 1..127, onset >= 0, got {note}")
    staves = staves_of(part, lambda quarters: round(quarters * divisions))
    lines = [f'<part id="{identity}">']
    metre_before, key_before, timeline = None, None, score.timeline
    number = 0 if timeline.pickup else 1
    for index, (start, end, metre) in enumerate(bars):
        is_whole = end - start == metre.bar
        name = str(number) if is_whole or index == 0 else f"X{index}"
        number += is_whole or index == 0
        lines.append(f'<measure number="{name}"{"" if is_whole else " implicit=" + quoteattr("yes")}>')
        key = timeline.key_at(start) or Key(0)
        is_same_metre = metre_before is not None and replace(metre_before, onset=metre.onset) == metre
        lines += _attributes(
            divisions if index == 0 else None,
            (Key(0) if part.is_drums else key) if timeline.keys and key != key_before else None,
            metre if metre.onset == start or not is_same_metre else None,
            staves if index == 0 else None,
            is_same_metre=is_same_metre,
        )
        metre_before, key_before = metre, key
        if identity == "P1":
            lines += _tempo_marks(score, start, end, metre, divisions)
        lines += measure_xml(staves, Bar(start, end, metre, key), divisions, identity if part.is_drums else None)
        if index == len(bars) - 1:
            lines.append('<barline location="right"><bar-style>light-heavy</bar-style></barline>')
        lines.append("</measure>")
    lines.append("</part>")
    return lines


def _score_part(part: Part, identity: str) -> list[str]:
    """The entry of a part in the part list; a drum part has one instrument a percussion key."""
    lines = [f'<score-part id="{identity}">', f"<part-name>{_text(part.name)}</part-name>"]
    if part.is_drums:
        keys = sorted({note.pitch for note in part.notes})
        instruments = [(f"{identity}-I{key + 1}", f"<midi-unpitched>{key + 1}</midi-unpitched>") for key in keys]
        channel = 10
    else:
        instruments = [(f"{identity}-I1", "")]
        channel = None if part.channel is None else part.channel + 1
    for name, _ in instruments:
        label = f"Percussion key {int(name.rpartition('I')[2]) - 1}" if part.is_drums else _text(part.name)
        lines.append(
            f'<score-instrument id="{name}"><instrument-name>{label}</instrument-name></score-instrument>',
        )
    for name, unpitched in instruments:
        midi_channel = f"<midi-channel>{channel}</midi-channel>" if channel else ""
        program = f"<midi-program>{part.program + 1}</midi-program>"
        lines.append(f'<midi-instrument id="{name}">{midi_channel}{program}{unpitched}</midi-instrument>')
    lines.append("</score-part>")
    return lines


def _attributes(
    divisions: int | None, key: Key | None, metre: Metre | None, staves: list[Staff] | None, *, is_same_metre: bool
) -> list[str]:
    """What changes at the start of a measure; a metre that only begins anew is not drawn."""
    if not (divisions or key or metre or staves):
        return []
    lines = ["<attributes>"]
    if divisions:
        lines.append(f"<divisions>{divisions}</divisions>")
    if key:
        lines.append(f"<key><fifths>{key.fifths}</fifths><mode>{key.mode}</mode></key>")
    if metre:
        hidden = ' print-object="no"' if is_same_metre else ""
        lines.append(f"<time{hidden}><beats>{metre.numerator}</beats><beat-type>{metre.denominator}</beat-type></time>")
    if staves and len(staves) > 1:
        lines.append(f"<staves>{len(staves)}</staves>")
    for number, staff in enumerate(staves or [], 1):
        clef = staff.clef
        octave = f"<clef-octave-change>{clef.octave}</clef-octave-change>" if clef.octave else ""
        which = f' number="{number}"' if len(staves) > 1 else ""
        lines.append(f"<clef{which}><sign>{clef.sign}</sign><line>{clef.line}</line>{octave}</clef>")
    lines.append("</attributes>")
    return lines


def _tempo_marks(score: Score, start: Fraction, end: Fraction, metre: Metre, divisions: int) -> list[str]:
    """Tempo changes of a bar; only those on its barline are drawn."""
    tempos = list(score.timeline.tempos)
    if not tempos or tempos[0].onset > 0:
        tempos.insert(0, Tempo(Fraction(0), DEFAULT_TEMPO_BPM))
    units = {Fraction(4): "whole", Fraction(2): "half", Fraction(1): "quarter", Fraction(1, 2): "eighth"}
    lines = []
    for tempo in tempos:
        if not start <= tempo.onset < end:
            continue
        sound = f'<sound tempo="{_number(tempo.bpm)}"/>'
        if tempo.onset > start or tempo not in score.timeline.tempos:
            offset = round((tempo.onset - start) * divisions)
            direction = "<direction-type><words/></direction-type>"
            lines.append(f'<direction>{direction}<offset sound="yes">{offset}</offset>{sound}</direction>')
            continue
        is_dotted = metre.beat not in units
        beat = metre.beat * Fraction(2, 3) if is_dotted else metre.beat
        dot = "<beat-unit-dot/>" if is_dotted else ""
        minute = _number(round(tempo.bpm / float(metre.beat), 1))
        mark = f"<beat-unit>{units.get(beat, 'quarter')}</beat-unit>{dot}<per-minute>{minute}</per-minute>"
        lines.append('<direction placement="above"><direction-type>')
        lines.append(f"<metronome>{mark}</metronome></direction-type>{sound}</direction>")
    return lines


def _bars(score: Score) -> list[tuple[Fraction, Fraction, Metre]]:
    """The bars of a score; a last bar that makes a whole one with the upbeat is cut short."""
    bars, timeline = list(score.timeline.bars()), score.timeline
    start, _, metre = bars[-1]
    if len(bars) > 1 and timeline.pickup and timeline.length - start == metre.bar - timeline.pickup:
        bars[-1] = start, timeline.length, metre
    return bars


def _divisions(score: Score) -> int:
    """Divisions of a quarter that make all times whole, if a million are enough."""
    timeline = score.timeline
    times = [timeline.pickup, timeline.length, *(change.onset for change in (*timeline.tempos, *timeline.metres))]
    times += [metre.bar for metre in timeline.metres]
    denominators = {time.denominator for time in times}
    for part in score.parts:
        for note in part.notes:
            denominators.add(note.onset.denominator)
            denominators.add(note.duration.denominator)
    divisions = BASE_DIVISIONS
    for denominator in denominators:
        divisions = lcm(divisions, denominator)
        if divisions > _MAX_DIVISIONS:
            return _COARSE_DIVISIONS
    return divisions


def _number(value: float) -> str:
    """A number without needless decimals."""
    return str(int(value)) if value == int(value) else repr(float(value))


def _text(text: str) -> str:
    """Text that XML can hold."""
    return escape(_ILLEGAL.sub(" ", text))
