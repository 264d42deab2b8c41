"""MusicXML to scores.

Every part is read measure by measure in whole divisions, and a measure of the score lasts as long as the longest of
its parts, so that a part with missing rests cannot fall behind. Repeats are played once. Grace notes and cue notes have
no time of their own and are left out.

Reference: W3C Music Notation Community Group, MusicXML 4.0, 2021.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise
from math import lcm
from pathlib import Path
from typing import TYPE_CHECKING

from credo.errors import FormatError
from credo.io.exact import Quarters
from credo.io.limits import check_length, check_score
from credo.io.musicxml.container import read_tree
from credo.io.musicxml.contents import PartInfo, PartReading, Reading, read_measure
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_MAX_DIVISIONS = 10**9


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
    reading = Reading(path, _common_divisions(root, path))
    parts = []
    for identity, elements in measures.items():
        part = PartReading(infos.get(identity) or PartInfo())
        for number, element in enumerate(elements):
            read_measure(reading, part, number, element)
        parts.append(part)
    starts = _measure_starts(reading)
    check_length(Fraction(starts[-1], reading.divisions), path)
    quarters = Quarters(reading.divisions)
    score = Score(
        tuple(_finish_part(part, starts, quarters) for part in parts),
        _timeline(reading, starts, quarters),
        _first_text(root, "work/work-title", "movement-title", "credit/credit-words[@justify='center']"),
        _first_text(root, "identification/creator[@type='composer']"),
    )
    remarks = [f"{count} {what}" for what, count in reading.left_out.items()]
    return check_score(score, path), remarks


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


def _part_info(element: Element) -> PartInfo:
    info = PartInfo(_first_text(element, "part-name"))
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


def _measure_starts(reading: Reading) -> list[int]:
    """Where each measure starts in divisions, and at last where the piece ends; an empty measure lasts as its metre."""
    starts, bar = [0], 4 * reading.divisions
    metres = {measure: metre for (measure, _), metre in sorted(reading.metres.items())}
    for number, length in enumerate(reading.lengths):
        if number in metres:
            numerator, denominator = metres[number]
            bar = 4 * reading.divisions * numerator // denominator
        starts.append(starts[-1] + (length or bar))
    return starts


def _finish_part(part: PartReading, starts: list[int], quarters: Quarters) -> Part:
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


def _timeline(reading: Reading, starts: list[int], quarters: Quarters) -> Timeline:
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
    metres = [
        Metre(quarters[starts[measure] + onset], *metre) for (measure, onset), metre in sorted(reading.metres.items())
    ]
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

    A measure that is written in two halves, as around a repeat sign, needs nothing; nor does a metre that is written
    again where a bar begins anyway.
    """
    told = {metre.onset: metre for metre in metres}
    metre = told.get(Fraction(0), Metre(Fraction(0), 4, 4))
    kept = [metre] if told else []
    following = pickup or metre.bar  # where the next bar begins
    for start, end in pairwise(starts[1:]):
        while following < start:
            following += metre.bar
        change = told.get(start)
        is_other = change is not None and _shape(change) != _shape(metre)
        if is_other or (following > start and (change is not None or end - start == metre.bar)):
            metre = Metre(start, *_shape(change or metre))
            kept.append(metre)
            following = start
        if following == start:
            following += metre.bar
    return kept


def _shape(metre: Metre) -> tuple[int, int]:
    return metre.numerator, metre.denominator


def _first_text(element: Element, *paths: str) -> str:
    """The first text found at one of the paths, on one line."""
    for path in paths:
        if text := " ".join((element.findtext(path) or "").split()):
            return text
    return ""
