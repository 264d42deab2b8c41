"""Whose voice is whose: an arbitrary score's notes put onto the voices of a texture.

Parts that are lines go whole to the voices they suit best; chords are separated into the voices that are left (see
`separation`); a `poly` voice takes what remains. Pitches are never altered: what has no place is left out and said.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from credo.music.casting import affinity, assign, costs_of_casting
from credo.music.omissions import Ledger, Omission
from credo.music.score import Note, Part, Score
from credo.music.separation import Sounding, separate
from credo.music.texture import Texture, Voice

#: A part is a line if no more than this share of its notes begins while another one sounds on.
LINE_OVERLAPS = 0.05
#: The same for a part that is a line by its name or by the number of parts: a string player's double stops.
EXPECTED_LINE_OVERLAPS = 0.3

#: What it costs, beside `costs_of_casting`, to leave a line without a mono voice: it can go to a poly voice ...
LEFT_TO_POLY = 30.0
#: ... or it is lost, and a line of many notes is a greater loss.
LEFT_OUT, LEFT_OUT_NOTE = 1000.0, 0.2


@dataclass(frozen=True, slots=True)
class Placement:
    """A score on the voices of a texture, not yet quantised.

    Attributes:
        score: one part a voice, in the texture's order, with the voices' names and programs.
        omissions: what was left out, and why.
    """

    score: Score
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True, eq=False)
class _Source:
    """A part on its way to the voices: its notes in ticks by onset, and its place in the score (0 first .. 1 last)."""

    name: str
    notes: list[Sounding]
    place: float


def place(score: Score, texture: Texture) -> Placement:
    """Put the notes of a score onto the voices of a texture.

    Drum parts go to a drums voice and nowhere else. Parts that are lines are assigned to the mono voices by name,
    range, pitch and order so that they fit best together. Mono voices that are left share out the chords of the other
    parts. All else goes to a poly voice, or is left out. Of notes that begin together in a line, the highest stays (in
    the lowest voice the lowest); the others go to a voice that is resting, if there is one.

    Args:
        score: any score.
        texture: the voices.

    Returns:
        A score with one part a voice, and what was left out.
    """
    ledger = Ledger()
    ticks = lcm(32, *{q.denominator for part in score.parts for n in part.notes for q in (n.onset, n.duration)})
    sources: list[_Source] = []
    drums: list[_Source] = []
    for i, part in enumerate(score.parts):
        if part.notes:
            notes = sorted((_in_ticks(note, i, ticks) for note in part.notes), key=_by_onset)
            source = _Source(part.name or f"part {i + 1}", notes, i / max(1, len(score.parts) - 1))
            (drums if part.is_drums else sources).append(source)
    placed: dict[str, list[Sounding]] = {voice.name: [] for voice in texture.voices}
    kits = [voice for voice in texture.voices if voice.kind == "drums"]
    voices = [voice for voice in texture.voices if voice.kind != "drums"]
    if kits and drums:
        _Placer(kits, ticks, placed, ledger).place(drums)
    if voices and sources:
        _Placer(voices, ticks, placed, ledger).place(sources)
    for source in [*([] if kits else drums), *([] if voices else sources)]:
        what = "a drum part" if source in drums else "no drum part"
        ledger.add(source.name, f"{what}, and {texture.name} has no voice for it", *_extent(source))
    parts = tuple(
        Part(
            voice.name,
            tuple(_to_note(note, ticks) for note in sorted(placed[voice.name], key=_by_onset)),
            program=voice.program,
            is_drums=voice.kind == "drums",
        )
        for voice in texture.voices
    )
    return Placement(Score(parts, score.timeline, score.title, score.composer), ledger.close(score.timeline))


@dataclass
class _Placer:
    """Places parts on the voices of a texture: pitched parts on pitched voices, or drum parts on drums.

    Attributes:
        voices: the voices.
        ticks: ticks of a quarter.
        placed: takes the notes, by the name of the voice.
        ledger: takes what is left out.
    """

    voices: Sequence[Voice]
    ticks: int
    placed: dict[str, list[Sounding]]
    ledger: Ledger

    def place(self, sources: Sequence[_Source]) -> None:
        mono = [voice for voice in self.voices if voice.kind == "mono"]
        wide = [voice for voice in self.voices if voice.kind != "mono"]
        counts_agree = len(sources) == len(mono) and not wide
        lines = [source for source in sources if self._is_line(source, mono, counts_agree)]
        cast = assign(
            [costs_of_casting(line.name, [note.pitch for note in line.notes], line.place, mono) for line in lines],
            [LEFT_TO_POLY if wide else LEFT_OUT + LEFT_OUT_NOTE * len(line.notes) for line in lines],
        )
        homes = {v: lines[i] for v, i in cast.items()}
        rest = [source for source in sources if source not in homes.values()]
        spare: list[tuple[_Source, Sounding]] = []
        for v, source in homes.items():
            spare += self._place_line(source, mono[v], lowest=0 < v == len(mono) - 1)
        if wide:
            for source in rest:
                self._place_whole(source, wide)
        else:
            free = [voice for v, voice in enumerate(mono) if v not in homes]
            chords = [source for source in rest if source not in lines]
            if free and chords:
                self._separate(chords, free)
                rest = [source for source in rest if source in lines]
            for source in rest:
                self.ledger.add(source.name, "no voice left for this part", *_extent(source))
        if spare:
            self._place_spare(spare, mono, wide)

    def _is_line(self, source: _Source, mono: Sequence[Voice], counts_agree: bool) -> bool:
        expected = counts_agree or any(affinity(source.name, voice.name) > 0 for voice in mono)
        return _share_of_overlaps(source, self.ticks) <= (EXPECTED_LINE_OVERLAPS if expected else LINE_OVERLAPS)

    def _inside(self, source: _Source, voice: Voice) -> list[Sounding]:
        """The notes that a voice can sound; the others go to the ledger."""
        if voice.kind == "drums":
            inside = [note for note in source.notes if voice.index(note.pitch) is not None]
            reason = "no such drum in the kit"
        else:
            inside = [note for note in source.notes if voice.low <= note.pitch <= voice.high]
            reason = f"outside {voice.low}..{voice.high}, the range of {voice.name}"
        if len(inside) < len(source.notes):
            kept = set(inside)
            for note in source.notes:
                if note not in kept:
                    self.ledger.add(source.name, reason, note.note.onset)
        return inside

    def _place_whole(self, source: _Source, voices: Sequence[Voice]) -> None:
        """Add a part to the poly or drums voice that suits it best."""

        def fit(voice: Voice) -> float:
            indices = [voice.index(note.pitch) for note in source.notes]
            return affinity(source.name, voice.name) / 10 - indices.count(None) / len(indices)

        voice = max(voices, key=fit)
        self.placed[voice.name] += self._inside(source, voice)

    def _place_line(self, source: _Source, voice: Voice, lowest: bool) -> list[tuple[_Source, Sounding]]:
        """Give a part to a mono voice; returns the notes that began together with others."""
        kept: list[Sounding] = []
        spare: list[Sounding] = []
        for note in self._inside(source, voice):
            if kept and 16 * (note.start - kept[-1].start) < self.ticks and note.start < kept[-1].end:
                outer = note.pitch < kept[-1].pitch if lowest else note.pitch > kept[-1].pitch
                spare.append(kept[-1] if outer else note)
                if outer:
                    kept[-1] = note
            else:
                kept.append(note)
        self.placed[voice.name] += self._cut(kept, source.name)
        return [(source, note) for note in spare]

    def _separate(self, chords: Sequence[_Source], voices: Sequence[Voice]) -> None:
        """Share out the chords of some parts to mono voices."""
        names = {note.source: source.name for source in chords for note in source.notes}
        separation = separate([note for source in chords for note in source.notes], voices, self.ticks)
        for voice, line in zip(voices, separation.lines, strict=True):
            self.placed[voice.name] += self._cut(line, voice.name)
        for note in separation.dropped:
            in_range = any(voice.low <= note.pitch <= voice.high for voice in voices)
            reason = "more notes at once than voices" if in_range else "outside the ranges of all voices"
            self.ledger.add(names[note.source], reason, note.note.onset)

    def _cut(self, line: list[Sounding], name: str) -> list[Sounding]:
        """End each note of a line where the next one begins; long cuts go to the ledger."""
        for i in range(len(line) - 1):
            over = line[i].end - line[i + 1].start
            if over > 0 and line[i].start < line[i + 1].start:
                if 8 * over > self.ticks:
                    self.ledger.add(name, "held notes are cut short where the next one begins", line[i].note.onset, 0)
                line[i] = line[i]._replace(end=line[i + 1].start)
        return line

    def _place_spare(
        self, spare: Sequence[tuple[_Source, Sounding]], mono: Sequence[Voice], wide: Sequence[Voice]
    ) -> None:
        """Give notes that began together with others to voices that can take them."""
        spans = {voice: sorted((note.start, note.end) for note in self.placed[voice.name]) for voice in mono}
        for source, note in spare:
            for voice in (*wide, *sorted(mono, key=lambda voice: abs(2 * note.pitch - voice.low - voice.high))):
                if voice.low <= note.pitch <= voice.high and _is_resting(spans.get(voice, ()), note):
                    self.placed[voice.name].append(note)
                    if voice in spans:
                        insort(spans[voice], (note.start, note.end))
                    break
            else:
                self.ledger.add(source.name, "begins together with another note of its voice", note.note.onset)


def _is_resting(spans: Sequence[tuple[int, int]], note: Sounding) -> bool:
    """Whether a line with these sorted spans, none of which overlap, is silent while a note sounds."""
    following = bisect_left(spans, (note.start, note.start))
    free_after = following == len(spans) or spans[following][0] >= note.end
    return free_after and (following == 0 or spans[following - 1][1] <= note.start)


def _share_of_overlaps(source: _Source, ticks: int) -> float:
    """The share of notes that begin while another one sounds on, more than legato."""
    overlaps, end = 0, -1
    for note in source.notes:
        overlaps += end - note.start > min(ticks // 8, (note.end - note.start) // 2)
        end = max(end, note.end)
    return overlaps / len(source.notes)


def _extent(source: _Source) -> tuple[Fraction, int]:
    """The first onset and the number of notes."""
    return source.notes[0].note.onset, len(source.notes)


def _in_ticks(note: Note, source: int, ticks: int) -> Sounding:
    onset, duration = note.onset, note.duration
    start = onset.numerator * (ticks // onset.denominator)
    return Sounding(start, start + duration.numerator * (ticks // duration.denominator), note.pitch, source, note)


def _by_onset(note: Sounding) -> tuple[int, int, int, int]:
    """The order of notes in a part."""
    return note.start, note.pitch, note.end, note.note.velocity


def _to_note(sounding: Sounding, ticks: int) -> Note:
    note = sounding.note
    duration = note.duration
    if sounding.end - sounding.start == duration.numerator * (ticks // duration.denominator):
        return note
    return replace(note, duration=Fraction(sounding.end - sounding.start, ticks))
