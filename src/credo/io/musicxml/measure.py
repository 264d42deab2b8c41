"""One measure of a part as MusicXML."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from credo.io.musicxml.percussion import position_of_key
from credo.io.musicxml.rhythm import BEAMS, Piece, Ruler, beams
from credo.io.musicxml.staves import Chord, Staff
from credo.music.pitch import LINE_OF_FIFTHS, Key, spell
from credo.music.score import DEFAULT_VELOCITY, Metre, Note

_ACCIDENTALS = {-2: "flat-flat", -1: "flat", 0: "natural", 1: "sharp", 2: "double-sharp"}
_TRIPLET = "<time-modification><actual-notes>3</actual-notes><normal-notes>2</normal-notes></time-modification>"


class Bar(NamedTuple):
    """A bar from `start` to `end` (quarters), the metre and the key in force."""

    start: Fraction
    end: Fraction
    metre: Metre
    key: Key


@dataclass(slots=True)
class _Written:
    """A piece with what stands on it: the notes of a chord, or none for a rest."""

    piece: Piece
    notes: tuple[Note, ...] = ()
    tied_from: bool = False
    tied_to: bool = False
    beams: list[str] = field(default_factory=list)
    tuplets: list[str] = field(default_factory=list)
    accidentals: list[str | None] = field(default_factory=list)


def measure_xml(staves: list[Staff], bar: Bar, divisions: int, drums: str | None) -> list[str]:
    """The notes and rests of one measure, staff by staff and voice by voice.

    Args:
        staves: the part's staves.
        bar: the measure.
        divisions: divisions of a quarter.
        drums: the part's identity if it is a drum part, whose notes name their instruments.
    """
    metre, key = bar.metre, bar.key
    ruler = Ruler(divisions, round(metre.bar * divisions), metre.numerator, metre.denominator)
    first, last = round(bar.start * divisions), round(bar.end * divisions)
    # an upbeat is the end of a bar: its beats are counted from where that bar would begin
    shift = max(ruler.length - (last - first), 0) if first == 0 else 0
    lines: list[str] = []
    voice_number, is_begun = 0, False
    for staff_number, staff in enumerate(staves, 1):
        voices = [_in_bar(voice, first, last) for voice in staff.voices]
        written = [
            _write_voice(chords, ruler, first, last, shift)
            for number, chords in enumerate(voices)
            if chords or number == 0
        ]
        if not drums:
            _mark_accidentals(written, key)
        numbers = [number for number, chords in enumerate(voices) if chords or number == 0]
        for number, voice in zip(numbers, written, strict=True):
            if is_begun:
                lines.append(f"<backup><duration>{last - first}</duration></backup>")
            is_begun = True
            tail = f"<staff>{staff_number}</staff>" if len(staves) > 1 else ""
            for item in voice:
                lines += _item_xml(item, voice_number + number + 1, tail, key, drums, is_shown=number == 0)
        voice_number += max(4, len(staff.voices))
    return lines


def _in_bar(voice: list[Chord], first: int, last: int) -> list[Chord]:
    return [chord for chord in voice if chord.start < last and chord.end > first]


def _write_voice(chords: list[Chord], ruler: Ruler, first: int, last: int, shift: int) -> list[_Written]:
    """A voice of one bar, cut into pieces, its gaps filled with rests."""
    if not chords:
        return [_Written(Piece(0, last - first, ""))]
    written, here, offset = [], first, first - shift
    for chord in [*chords, None]:
        start = max(chord.start, first) if chord else last
        if start > here:
            written += [_Written(piece) for piece in ruler.cut(here - offset, start - offset, is_rest=True)]
        if chord is None:
            break
        here = min(chord.end, last)
        for piece in ruler.cut(start - offset, here - offset):
            tied_from, tied_to = piece.start + offset > chord.start, piece.end + offset < chord.end
            written.append(_Written(piece, chord.notes, tied_from, tied_to))
    _mark_beams(written, ruler)
    _mark_tuplets(written, ruler.divisions // 16)
    return written


def _mark_beams(written: list[_Written], ruler: Ruler) -> None:
    """Join neighbouring short notes of the same beat."""
    group: list[_Written] = []

    def close() -> None:
        for item, levels in zip(group, beams([item.piece.type for item in group]), strict=True):
            item.beams = levels
        group.clear()

    for item in written:
        short = bool(item.notes) and item.piece.type in BEAMS
        if group and (not short or ruler.beam_group(group[0].piece.start) != ruler.beam_group(item.piece.start)):
            close()
        if short:
            group.append(item)
    close()


def _mark_tuplets(written: list[_Written], grid: int) -> None:
    """Bracket triplets: a group begins where none is open and ends where it meets the undivided grid again."""
    group: list[_Written] = []

    def close() -> None:
        if len(group) > 1:
            group[0].tuplets.append("start")
            group[-1].tuplets.append("stop")
        group.clear()

    for item in written:
        if not item.piece.is_triplet:
            close()
            continue
        group.append(item)
        if item.piece.end % grid == 0:
            close()
    close()


def _mark_accidentals(voices: list[list[_Written]], key: Key) -> None:
    """Give each note the accidental that must be drawn, as all voices of a staff read it in the order of time."""
    state: dict[tuple[str, int], int] = {}
    for item in sorted((item for voice in voices for item in voice), key=lambda item: item.piece.start):
        for note in item.notes:
            step, alter, octave = spell(note.pitch, key)
            shown = None
            if not item.tied_from and state.get((step, octave), _signature(key, step)) != alter:
                shown = _ACCIDENTALS[alter]
                state[step, octave] = alter
            item.accidentals.append(shown)


def _signature(key: Key, step: str) -> int:
    """The alteration that a key signature gives a letter."""
    place = LINE_OF_FIFTHS.index(step)
    return (key.fifths - place - 1) // 7 + 1


def _item_xml(item: _Written, voice: int, tail: str, key: Key, drums: str | None, *, is_shown: bool) -> Iterator[str]:
    """The notes of a chord, or a rest; the rests of a second voice are not drawn."""
    piece = item.piece
    duration = f"<duration>{piece.end - piece.start}</duration>"
    kind = f"<voice>{voice}</voice>"
    if piece.type:
        kind += f"<type>{piece.type}</type>{'<dot/>' * piece.dots}"
    triplet = _TRIPLET if piece.is_triplet else ""
    tuplets = "".join(f'<tuplet number="1" type="{side}"/>' for side in item.tuplets)
    if not item.notes:
        hidden = "" if is_shown else ' print-object="no"'
        rest = "<rest/>" if piece.type else '<rest measure="yes"/>'
        notations = f"<notations>{tuplets}</notations>" if tuplets else ""
        yield f"<note{hidden}>{rest}{duration}{kind}{triplet}{tail}{notations}</note>"
        return
    ties = '<tie type="stop"/>' * item.tied_from + '<tie type="start"/>' * item.tied_to
    tied = '<tied type="stop"/>' * item.tied_from + '<tied type="start"/>' * item.tied_to
    for number, note in enumerate(item.notes):
        loud = "" if note.velocity == DEFAULT_VELOCITY else f' dynamics="{note.velocity / 0.9:.2f}"'
        chord = "<chord/>" if number else ""
        instrument = head = accidental = ""
        if drums:
            step, octave, shape = position_of_key(note.pitch)
            where = (
                f"<unpitched><display-step>{step}</display-step><display-octave>{octave}</display-octave></unpitched>"
            )
            instrument = f'<instrument id="{drums}-I{note.pitch + 1}"/>'
            head = f"<notehead>{shape}</notehead>" if shape != "normal" else ""
        else:
            step, alter, octave = spell(note.pitch, key)
            altered = f"<alter>{alter}</alter>" if alter else ""
            where = f"<pitch><step>{step}</step>{altered}<octave>{octave}</octave></pitch>"
            if shown := item.accidentals[number]:
                accidental = f"<accidental>{shown}</accidental>"
        beamed, marks = "", tied
        if number == 0:
            beamed = "".join(f'<beam number="{level}">{how}</beam>' for level, how in enumerate(item.beams, 1))
            marks += tuplets
        notations = f"<notations>{marks}</notations>" if marks else ""
        yield (
            f"<note{loud}>{chord}{where}{duration}{ties}{instrument}{kind}{accidental}{triplet}{head}{tail}"
            f"{beamed}{notations}</note>"
        )
