"""Whose voice is whose: an arbitrary score's notes put onto the voices of a texture.

Parts that are lines go whole to the voices they suit best; chords are separated into the voices that are left (see
`separation`); a `poly` voice takes what remains. Pitches are never altered: what has no place is left out and said.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass

from credo.music.fitting.casting import affinity, assign, costs_of_casting
from credo.music.fitting.omissions import Ledger, Omission
from credo.music.fitting.separation import separate
from credo.music.fitting.sources import Sounding, Source, by_onset, ticks_of_quarter
from credo.music.score import Part, Score
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
class Dealt:
    """The notes of a score, dealt out to the voices of a texture.

    Attributes:
        lines: the notes of each voice in ticks, in the texture's order, sorted by onset and pitch.
        ticks: ticks of a quarter.
        omissions: what was left out, and why.
    """

    lines: tuple[list[Sounding], ...]
    ticks: int
    omissions: tuple[Omission, ...]


@dataclass(frozen=True, slots=True)
class Placement:
    """A score on the voices of a texture, not yet quantised.

    Attributes:
        score: one part a voice, in the texture's order, with the voices' names and programs.
        omissions: what was left out, and why.
    """

    score: Score
    omissions: tuple[Omission, ...]


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
    dealt = deal(score, texture)
    parts = tuple(
        Part(
            voice.name,
            tuple(note.to_note(dealt.ticks) for note in line),
            program=voice.program,
            is_drums=voice.kind == "drums",
        )
        for voice, line in zip(texture.voices, dealt.lines, strict=True)
    )
    return Placement(Score(parts, score.timeline, score.title, score.composer), dealt.omissions)


def deal(score: Score, texture: Texture) -> Dealt:
    """As `place`, with the notes in ticks."""
    ledger = Ledger()
    ticks = ticks_of_quarter(score)
    sources: list[Source] = []
    drums: list[Source] = []
    for i, part in enumerate(score.parts):
        if part.notes:
            name, order = part.name or f"part {i + 1}", i / max(1, len(score.parts) - 1)
            (drums if part.is_drums else sources).append(Source.of(part, i, name, order, ticks))
    placed: dict[str, list[Sounding]] = {voice.name: [] for voice in texture.voices}
    kits = [voice for voice in texture.voices if voice.kind == "drums"]
    voices = [voice for voice in texture.voices if voice.kind != "drums"]
    if kits and drums:
        _Placer(kits, ticks, placed, ledger).place(drums)
    if voices and sources:
        _Placer(voices, ticks, placed, ledger).place(sources)
    for source in [*([] if kits else drums), *([] if voices else sources)]:
        what = "a drum part" if source in drums else "no drum part"
        ledger.add(
            source.name, f"{what}, and {texture.name} has no voice for it", source.first_onset, len(source.notes)
        )
    lines = tuple(sorted(placed[voice.name], key=by_onset) for voice in texture.voices)
    return Dealt(lines, ticks, ledger.close(score.timeline))


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

    def place(self, sources: Sequence[Source]) -> None:
        mono = [voice for voice in self.voices if voice.kind == "mono"]
        wide = [voice for voice in self.voices if voice.kind != "mono"]
        counts_agree = len(sources) == len(mono) and not wide
        lines = [source for source in sources if self._is_line(source, mono, counts_agree)]
        homes = self._cast(lines, [source for source in sources if source not in lines], mono, bool(wide))
        rest = [source for source in sources if source not in homes.values()]
        spare: list[tuple[Source, Sounding]] = []
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
                self.ledger.add(source.name, "no voice left for this part", source.first_onset, len(source.notes))
        if spare:
            self._place_spare(spare, mono, wide)

    def _cast(
        self, lines: Sequence[Source], chords: Sequence[Source], mono: Sequence[Voice], has_wide: bool
    ) -> dict[int, Source]:
        """The lines of the mono voices, by the number of the voice.

        Where chords will need voices too, their layers compete as if they were lines, so that a bass below three-part
        chords is not taken for their tenor; lines come first.
        """
        costs = [costs_of_casting(line.name, [n.pitch for n in line.notes], line.order, mono) for line in lines]
        left_out = [LEFT_TO_POLY if has_wide else LEFT_OUT + LEFT_OUT_NOTE * len(line.notes) for line in lines]
        if len(lines) < len(mono) and not has_wide:
            for source in chords:
                for layer in source.layers()[: len(mono)]:
                    costs.append(costs_of_casting("", layer, source.order, mono))
                    left_out.append(LEFT_OUT / 2 + LEFT_OUT_NOTE * len(layer))
        return {v: lines[i] for v, i in assign(costs, left_out).items() if i < len(lines)}

    def _is_line(self, source: Source, mono: Sequence[Voice], counts_agree: bool) -> bool:
        expected = counts_agree or any(affinity(source.name, voice.name) > 0 for voice in mono)
        return source.share_of_overlaps(self.ticks) <= (EXPECTED_LINE_OVERLAPS if expected else LINE_OVERLAPS)

    def _inside(self, source: Source, voice: Voice) -> list[Sounding]:
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

    def _place_whole(self, source: Source, voices: Sequence[Voice]) -> None:
        """Add a part to the poly or drums voice that suits it best."""

        def fit(voice: Voice) -> float:
            indices = [voice.index(note.pitch) for note in source.notes]
            return affinity(source.name, voice.name) / 10 - indices.count(None) / len(indices)

        voice = max(voices, key=fit)
        self.placed[voice.name] += self._inside(source, voice)

    def _place_line(self, source: Source, voice: Voice, lowest: bool) -> list[tuple[Source, Sounding]]:
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

    def _separate(self, chords: Sequence[Source], voices: Sequence[Voice]) -> None:
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
        self, spare: Sequence[tuple[Source, Sounding]], mono: Sequence[Voice], wide: Sequence[Voice]
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
