"""A band at work: what each player plays, when, and turned until it has what was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING

from credo.compose.cue.arranging import hits, kit, players
from credo.compose.cue.arranging.compass import compass, fold
from credo.compose.cue.arranging.dynamics import with_dynamics
from credo.compose.cue.arranging.harmony import Harmony
from credo.compose.cue.arranging.hits import Accent, Lines
from credo.compose.cue.arranging.stage import Knobs, Stage
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ROLES
from credo.conditioning.measure import measure
from credo.music.score import DEFAULT_TEMPO_BPM, Note, Part, Score

if TYPE_CHECKING:
    from credo.compose.cue.arranging.band import Band, Role

#: How often a band is turned towards what was asked of it, and by how much an attribute may miss before it counts.
TRIES = 6
STEPS = {"density": 0.1, "register": 1.0, "polyphony": 0.3, "articulation": 0.03}
#: Parts without notes that could be held.
UNPITCHED = ("drums", "accents")
#: How near to the end of a loop a note has to come to be held to it, in quarters; the pad's last chord always is.
SEAM = Fraction(1, 2)
#: Onsets a quarter at 100 quarters a minute where no density is asked for.
USUAL_RATE = 1.9
#: A piece that never has more energy than this is calm; this many pitched players come in in it all the same.
CALM, FEWEST = 0.5, 3


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Everything that a band is told; the arguments of `credo.compose.cue.arranging.band.arrange`."""

    core: Score
    band: Band
    attributes: Attributes
    energy: Callable[[Fraction], float]
    accents: tuple[Accent, ...]
    final: Fraction | None
    ending: str
    drums: Part | None
    layers: bool
    seed: int
    harmony: Harmony

    def stage(self, knobs: Knobs) -> Stage:
        """The piece as players see it."""
        return Stage.of(self.core, self.harmony, knobs, self.energy, self.seed)

    def performed(self) -> Score:
        """The parts, with the knobs turned until they have what was asked for."""
        lines = self._best()
        if self.final is None:
            length = self.core.timeline.length
            lines = {
                name: notes if name in UNPITCHED else _over_the_seam(notes, length, length if name == "pad" else SEAM)
                for name, notes in lines.items()
            }
        return self.score(with_dynamics(lines, self.energy, self.attributes.loudness, self.stage(Knobs(1.0))))

    def _best(self) -> Lines:
        """The notes that miss the least of what was asked for; the core's own give way only where they are too many."""
        asked = self.attributes
        wishes = {name: wish for name, wish in asked.named.items() if name in STEPS}
        tempo = asked.tempo or (self.core.timeline.tempos[0].bpm if self.core.timeline.tempos else DEFAULT_TEMPO_BPM)
        knobs = Knobs(
            rate=asked.density or USUAL_RATE * math.sqrt(100 / max(tempo, 20)),
            even=asked.density is None,
            voices=3 if asked.polyphony is None else min(max(round(asked.polyphony - 2), 1), 8),
            hold=asked.articulation,
        )
        if not wishes:
            return self.play(knobs)
        best, misses, denser = self._turned_to(knobs, wishes)
        if denser > STEPS["density"]:
            thinned, less, _ = self._turned_to(replace(knobs, thin=True), wishes)
            best = thinned if less < misses else best
        return best

    def _turned_to(self, knobs: Knobs, wishes: Mapping[str, float]) -> tuple[Lines, float, float]:
        """The best notes of a few tries, what they miss in steps, and by how much they are denser than asked for."""
        best: Lines = {}
        least, denser = math.inf, 0.0
        for _ in range(TRIES):
            lines = self.play(knobs)
            got = measure(self.score(lines)).named
            misses = {name: abs(got.get(name, 0) - wish) / STEPS[name] for name, wish in wishes.items()}
            if sum(misses.values()) < least:
                best, least = lines, sum(misses.values())
                denser = got.get("density", 0) - wishes.get("density", math.inf)
            turned = _turned(knobs, self.attributes, got)
            if turned == knobs or max(misses.values()) < 0.5:
                break
            knobs = turned
        return best, least, denser

    def score(self, lines: Lines) -> Score:
        """The notes as parts."""
        parts = tuple(
            Part.of(name, lines[name], program=role.program, is_drums=name == "drums")
            for name, role in self.band.roles.items()
        )
        return replace(self.core, parts=parts)

    def play(self, knobs: Knobs) -> Lines:
        """The notes of all players, with touches for velocities."""
        stage = self.stage(knobs)
        roles = self.band.roles
        programs = {name: role.program for name, role in roles.items()}
        changes = [accent.onset for accent in self.accents if accent.kind == "change"]
        makers = {
            "lead": lambda: players.lead(stage, programs["lead"]),
            "pad": lambda: players.pad(stage, programs["pad"]),
            "arpeggio": lambda: players.arpeggio(stage, programs["arpeggio"]),
            "bass": lambda: players.bass(stage, programs["bass"], alone="arpeggio" not in roles),
            "drums": lambda: (
                kit.pattern(stage, changes, light=self.final is None)
                if self.drums is None
                else kit.given(self.drums, stage.length)
            ),
            "accents": list,
        }
        spans = self._spans(stage, changes)
        lines = {name: _within(makers[name](), spans[name]) for name in roles}
        strokes = frozenset(accent.onset for accent in self.accents)
        for accent in self.accents:
            if self.final is None or accent.onset < self.final:
                lines = hits.strike(lines, accent, stage, _playing(spans, accent.onset), strokes)
        if self.final is not None:
            chord = stage.tonic(self.final, self.attributes.mode)
            lines = hits.end(lines, self.final, self.ending, chord, stage, _playing(spans, self.final), strokes)
            for accent in self.accents:
                if accent.onset > self.final:
                    lines = hits.again(lines, accent.onset, self.final, self.ending, stage)
        return {name: _tidy(_in_compass(name, notes, roles), stage.length) for name, notes in lines.items()}

    def _spans(self, stage: Stage, changes: Sequence[Fraction]) -> dict[str, list[tuple[Fraction, Fraction]]]:
        """From when to when each player plays: gated at bar lines and changes."""
        roles = self.band.roles
        if self.layers:
            return {name: [(Fraction(0), stage.length)] for name in roles}
        starts = sorted({*(bar.start for bar in stage.bars), *changes})
        thresholds = self._thresholds([self.energy(start) for start in starts])
        spans: dict[str, list[tuple[Fraction, Fraction]]] = {name: [] for name in roles}
        for start, end in zip(starts, [*starts[1:], stage.length], strict=True):
            level = self.energy(start)
            for name, threshold in thresholds.items():
                if level < threshold:
                    continue
                if spans[name] and spans[name][-1][1] == start:
                    spans[name][-1] = spans[name][-1][0], end
                else:
                    spans[name].append((start, end))
        return spans

    def _thresholds(self, levels: Sequence[float]) -> dict[str, float]:
        """The energy from which each player plays, given that of each bar.

        One pitched player always plays; in a piece that is calm throughout, a few come in all the same. Where many
        notes are asked for, somebody has to play them for most of the piece.
        """
        roles = self.band.roles
        thresholds = {name: role.threshold for name, role in roles.items()}
        pitched = sorted((name for name in roles if name in ROLES), key=lambda name: roles[name].threshold)
        for name in pitched[:FEWEST]:
            thresholds[name] *= min(max(levels) / CALM, 1)
        if "arpeggio" in roles and (self.attributes.density or 0) > 1:
            thresholds["arpeggio"] = min(thresholds["arpeggio"], sorted(levels)[len(levels) // 4])
        always = [pitched[0], *(["accents"] if "accents" in roles else [])]
        return {**thresholds, **dict.fromkeys(always, -math.inf)}


def _over_the_seam(notes: list[Note], length: Fraction, near: Fraction) -> list[Note]:
    """A loop's notes, the last ones held to its very end: what comes before the first beat is no hole.

    Args:
        notes: of a part.
        length: of the loop, in quarters.
        near: how near to the end a last note has to come.
    """
    last = max((note.onset for note in notes), default=length)
    return [
        replace(note, duration=length - note.onset) if note.onset == last and length - note.end <= near else note
        for note in notes
    ]


def _turned(knobs: Knobs, asked: Attributes, got: Mapping[str, float]) -> Knobs:
    """The knobs, nearer to what was asked for."""
    if asked.density is not None and "density" in got:
        factor = min(max(asked.density / max(got["density"], 0.05), 0.5), 2)
        knobs = replace(knobs, rate=min(max(knobs.rate * factor, 0.02), 3 * asked.density))
    if asked.register is not None and "register" in got:
        knobs = replace(knobs, offset=min(max(knobs.offset + asked.register - got["register"], -40), 45))
    if asked.polyphony is not None and "polyphony" in got:
        voices = knobs.voices + round(asked.polyphony - got["polyphony"])
        knobs = replace(knobs, voices=min(max(voices, 1), 8))
    if asked.articulation is not None and knobs.hold is not None and "articulation" in got:
        factor = asked.articulation / max(got["articulation"], 0.02)
        knobs = replace(knobs, hold=min(max(knobs.hold * factor, 0.03), 1.0))
    return knobs


def _within(notes: list[Note], spans: Sequence[tuple[Fraction, Fraction]]) -> list[Note]:
    """What of the notes lies inside spans; a rest of a note less than half a quarter long is left out."""
    found = []
    for note in notes:
        for start, end in spans:
            onset, stop = max(note.onset, start), min(note.end, end)
            if onset < stop and (onset == note.onset or stop - onset >= Fraction(1, 2)):
                found.append(Note(onset, note.pitch, stop - onset, note.velocity))
    return found


def _playing(spans: Mapping[str, Sequence[tuple[Fraction, Fraction]]], onset: Fraction) -> tuple[str, ...]:
    """Who plays at an onset."""
    return tuple(name for name, played in spans.items() if any(start <= onset < end for start, end in played))


def _in_compass(name: str, notes: list[Note], roles: Mapping[str, Role]) -> list[Note]:
    """The notes, those that a stroke put beyond the instrument moved back by octaves."""
    low, high = (0, 127) if name == "drums" else compass(roles[name].program)
    return [
        note
        if low <= note.pitch <= high
        else Note(note.onset, fold(note.pitch, low, high), note.duration, note.velocity)
        for note in notes
    ]


def _tidy(notes: list[Note], length: Fraction) -> list[Note]:
    """The notes inside the piece, sorted, none twice and none over the next one of its pitch."""
    best: dict[tuple[Fraction, int], Note] = {}
    for note in notes:
        onset = max(note.onset, Fraction(0))
        stop = min(note.end, length)
        if onset >= stop:
            continue
        key = (onset, note.pitch)
        if key not in best or stop > best[key].end:
            best[key] = Note(onset, note.pitch, stop - onset, note.velocity)
    found = sorted(best.values())
    following: dict[int, Fraction] = {}
    for number in range(len(found) - 1, -1, -1):
        note = found[number]
        limit = following.get(note.pitch, length)
        if note.end > limit:
            found[number] = Note(note.onset, note.pitch, limit - note.onset, note.velocity)
        following[note.pitch] = note.onset
    return found
