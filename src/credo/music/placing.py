"""Whose voice is whose: an arbitrary score's notes put onto the voices of a texture.

Parts that are lines go whole to the voices they suit best; chords are separated into the voices that are left (see
`separation`); a `poly` voice takes what remains. Pitches are never altered: what has no place is left out and said.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import lcm

from credo.music.names import affinity
from credo.music.omissions import Ledger, Omission
from credo.music.score import Note, Part, Score
from credo.music.separation import Sounding, separate
from credo.music.texture import Texture, Voice

#: A part is a line if no more than this share of its notes begins while another one sounds on.
LINE_OVERLAPS = 0.05
#: The same for a part that is a line by its name or by the number of parts: a string player's double stops.
EXPECTED_LINE_OVERLAPS = 0.3


@dataclass(frozen=True, slots=True)
class Placement:
    """A score on the voices of a texture, not yet quantised.

    Attributes:
        score: one part a voice, in the texture's order, with the voices' names and programs.
        omissions: what was left out, and why.
    """

    score: Score
    omissions: tuple[Omission, ...]


@dataclass(slots=True)
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
    named = [(part.name or f"part {i}", part) for i, part in enumerate(score.parts, 1) if part.notes]
    sources: list[_Source] = []
    drums: list[_Source] = []
    for i, (name, part) in enumerate(named):
        source = _Source(name, [_in_ticks(note, i, ticks) for note in part.notes], i / max(1, len(named) - 1))
        (drums if part.is_drums else sources).append(source)
    placed = {voice.name: [] for voice in texture.voices}
    for sources_of_kind, voices in (
        (drums, [voice for voice in texture.voices if voice.kind == "drums"]),
        (sources, [voice for voice in texture.voices if voice.kind != "drums"]),
    ):
        if voices and sources_of_kind:
            _Placer(voices, ticks, placed, ledger).place(sources_of_kind)
        else:
            for source in sources_of_kind:
                kind = "a drum part" if sources_of_kind is drums else "no drum part"
                ledger.add(source.name, f"{kind}, and {texture.name} has no voice for it", *_extent(source))
    parts = tuple(
        Part.of(
            voice.name,
            [_to_note(sounding, ticks) for sounding in placed[voice.name]],
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
        homes = assign(lines, mono, wide_voices=bool(wide))
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
        for source, note in spare:
            self._place_spare(source, note, mono, wide)

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

    def _place_spare(self, source: _Source, note: Sounding, mono: Sequence[Voice], wide: Sequence[Voice]) -> None:
        """Give a note that began together with another one to a voice that can take it."""
        for voice in (*wide, *sorted(mono, key=lambda voice: abs(2 * note.pitch - voice.low - voice.high))):
            line = self.placed[voice.name]
            resting = voice.kind != "mono" or all(n.end <= note.start or n.start >= note.end for n in line)
            if resting and voice.low <= note.pitch <= voice.high:
                line.append(note)
                return
        self.ledger.add(source.name, "begins together with another note of its voice", note.note.onset)


def assign(lines: Sequence[_Source], voices: Sequence[Voice], wide_voices: bool) -> dict[int, _Source]:
    """The assignment of lines to mono voices that costs least, over all sets of voices.

    Args:
        lines: parts that are lines.
        voices: mono voices, highest first.
        wide_voices: whether a line without a mono voice still has a place.

    Returns:
        The line of each voice, by its number; a voice without a line is missing.
    """
    best: dict[int, tuple[float, tuple[int, ...]]] = {0: (0.0, ())}  # voices taken, as bits -> cost, voice of each line
    for source in lines:
        costs = _costs(source, voices)
        skip = 30.0 if wide_voices else 1000.0 + 10 * min(len(source.notes), 200)
        following: dict[int, tuple[float, tuple[int, ...]]] = {}
        for taken, (cost, chosen) in best.items():
            options = [(taken, cost + skip, -1)]
            options += [(taken | 1 << v, cost + c, v) for v, c in enumerate(costs) if not taken >> v & 1]
            for bits, total, v in options:
                if bits not in following or total < following[bits][0]:
                    following[bits] = (total, (*chosen, v))
        best = following
    _, chosen = min(best.values())
    return {v: source for source, v in zip(lines, chosen, strict=True) if v >= 0}


def _costs(source: _Source, voices: Sequence[Voice]) -> list[float]:
    """What it costs to give a line to each voice: notes out of range, distance, another's name, another's place."""
    pitches = [note.pitch for note in source.notes]
    mean = sum(pitches) / len(pitches)
    names = [affinity(source.name, voice.name) for voice in voices]
    costs = []
    for v, voice in enumerate(voices):
        outside = sum(not voice.low <= pitch <= voice.high for pitch in pitches) / len(pitches)
        name = names[v] if names[v] or max(names) < 1 else -1
        distance = mean - (voice.low + voice.high) / 2
        order = abs(source.place - v / max(1, len(voices) - 1))
        costs.append(400 * outside + distance**2 / 20 - (30 if name > 0 else 60) * name + 10 * order)
    return costs


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


def _to_note(sounding: Sounding, ticks: int) -> Note:
    note = sounding.note
    duration = note.duration
    if sounding.end - sounding.start == duration.numerator * (ticks // duration.denominator):
        return note
    return replace(note, duration=Fraction(sounding.end - sounding.start, ticks))
