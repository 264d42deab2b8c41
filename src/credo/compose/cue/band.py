"""A band: parts for lead, pad, arpeggio, bass, drums and accents, arranged from the voices that a model sampled."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction

from credo.compose.cue import hits, kit, players
from credo.compose.cue.compass import compass, fold
from credo.compose.cue.harmony import Harmony, read_harmony
from credo.compose.cue.hits import ENDINGS, Accent
from credo.compose.cue.stage import NEUTRAL, Knobs, Stage
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ROLES, ensemble_named
from credo.conditioning.measure import measure
from credo.errors import UsageError
from credo.music.general_midi import program_named
from credo.music.score import DEFAULT_TEMPO_BPM, Note, Part, Score

#: All that a band can have, in the order of its parts.
PARTS = (*ROLES, "drums", "accents")
#: Energy from which a part plays, and its level in the mix in dB.
LAYERS: dict[str, tuple[float, float]] = {
    "lead": (0.15, 0.0), "pad": (0.0, -5.0), "arpeggio": (0.35, -4.0), "bass": (0.25, -2.0), "drums": (0.5, -3.0),
    "accents": (0.0, -3.0),
}  # fmt: skip
#: The ensemble where none is named.
DEFAULT_ENSEMBLE = "orchestra"
#: Ensembles with an instrument for accents, General MIDI program; and the kit of a style of drums (0 is the usual one).
ACCENT_PROGRAMS = {"orchestra": 47, "epic": 47}
KITS = {"jazz combo": 32, "rock band": 16, "synth": 24}
#: What a user writes for a role that nobody plays.
NOBODY = "none"
#: How often a band is turned towards what was asked of it.
TRIES = 6


@dataclass(frozen=True, slots=True)
class Role:
    """A player of a band.

    Attributes:
        program: General MIDI program; of drums, the kit.
        threshold: energy, 0..1, from which the player plays.
        level: gain in the mix, in dB.
    """

    program: int
    threshold: float = 0.0
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class Band:
    """Who plays.

    Attributes:
        roles: players by names from `PARTS`, in that order; at least one of them plays pitches.
    """

    roles: Mapping[str, Role]

    def __post_init__(self) -> None:
        unknown = [name for name in self.roles if name not in PARTS]
        if unknown or not set(self.roles) & set(ROLES):
            raise UsageError(f"band: expected some of {', '.join(PARTS)}, one of them pitched, got {list(self.roles)}")
        object.__setattr__(self, "roles", {name: self.roles[name] for name in PARTS if name in self.roles})

    @property
    def drums(self) -> bool:
        """Whether it has a drummer."""
        return "drums" in self.roles

    @classmethod
    def of(cls, attributes: Attributes, roles: Mapping[str, str] | None = None) -> Band:
        """The band of an ensemble.

        Args:
            attributes: its `ensemble` is a name, or instruments; None for an orchestra.
            roles: instruments for some roles, such as `{"lead": "oboe", "drums": "none"}`; `none` leaves the role out.

        Raises:
            UsageError: there is no such ensemble, role or instrument, or nobody is left.
        """
        ensemble = ensemble_named(attributes.ensemble or DEFAULT_ENSEMBLE)
        programs: dict[str, int] = dict(ensemble.roles)
        if ensemble.drums:
            programs["drums"] = KITS.get(ensemble.name, 0)
        if ensemble.name in ACCENT_PROGRAMS:
            programs["accents"] = ACCENT_PROGRAMS[ensemble.name]
        for name, text in (roles or {}).items():
            if name not in PARTS:
                raise UsageError(f"roles: expected some of {', '.join(PARTS)}, got {name!r}")
            programs.pop(name, None)
            if text.strip().lower() != NOBODY:
                programs[name] = 0 if name == "drums" else program_named(text)
        return cls({name: Role(program, *LAYERS[name]) for name, program in programs.items()})


def arrange(
    core: Score,
    band: Band,
    *,
    attributes: Attributes,
    energy: Callable[[Fraction], float],
    accents: Sequence[Accent] = (),
    final: Fraction | None = None,
    ending: str = "button",
    loop: bool = False,
    drums: Part | None = None,
    layers: bool = False,
    seed: int = 0,
) -> Score:
    """Parts for a band, from the voices of a piece.

    Every note is the core's own or a tone of the chord that the core sounds there.

    Args:
        core: the piece; its timeline is kept.
        band: who plays.
        attributes: what is asked for; density, register, polyphony, articulation and loudness are obeyed as far as the
            band and the accents allow.
        energy: how energetic the music is at an onset in quarters, 0..1: how loud, how dense, and who plays.
        accents: moments at which all strike together.
        final: onset of the last stroke in quarters; None for that of the core's last chord.
        ending: `button` (a short stroke on the tonic), `cadence` (the last chord is held), `ring-out` (it is struck,
            rolled, and rings to the end) or `loop` (none: the last bar leads into the first).
        loop: whether the piece is a loop, which has no ending.
        drums: strokes of another drummer in place of the band's own pattern.
        layers: whether all parts play all the time, whatever the energy.
        seed: chooses among figures.

    Returns:
        A score with the parts that the band has, in the order of `PARTS`.

    Raises:
        UsageError: the ending is unknown, or a stroke lies outside the piece.
    """
    if ending not in ENDINGS:
        raise UsageError(f"ending: expected one of {', '.join(ENDINGS)}, got {ending!r}")
    length = core.timeline.length
    outside = [onset for onset in (*(accent.onset for accent in accents), final or 0) if not 0 <= onset < length]
    if outside:
        raise UsageError(f"strokes: expected onsets from 0 up to {length} quarters, got {', '.join(map(str, outside))}")
    harmony = read_harmony(core, attributes.mode)
    loop = loop or ending == "loop"
    if loop:
        final = None
    elif final is None:
        final = harmony.regions()[-1].onset
    job = _Job(core, band, attributes, energy, tuple(sorted(accents, key=lambda accent: accent.onset)), final, ending,
               drums, layers, seed, harmony)  # fmt: skip
    return job.score(_dynamics(job.fitted(), energy, attributes.loudness, job.stage(Knobs(1.0))))


@dataclass(frozen=True, slots=True)
class _Job:
    """Everything that a band is told."""

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
        return Stage.of(self.core, self.harmony, knobs, self.energy, self.seed)

    def fitted(self) -> hits.Lines:
        """The notes, with the knobs turned until they have what was asked for."""
        asked = self.attributes
        tempo = asked.tempo or (self.core.timeline.tempos[0].bpm if self.core.timeline.tempos else DEFAULT_TEMPO_BPM)
        knobs = Knobs(
            rate=asked.density or 1.9 * math.sqrt(100 / max(tempo, 20)),
            thin=asked.density is not None,
            voices=3 if asked.polyphony is None else min(max(round(asked.polyphony - 2), 1), 8),
            hold=asked.articulation,
        )
        best, least = self.play(knobs), math.inf
        wishes = {name: wish for name, wish in asked.named.items() if name in _STEPS}
        if not wishes:
            return best
        for _ in range(TRIES):
            lines = self.play(knobs)
            got = measure(self.score(lines)).named
            misses = {name: abs(got.get(name, 0) - wish) / _STEPS[name] for name, wish in wishes.items()}
            if sum(misses.values()) < least:
                best, least = lines, sum(misses.values())
            turned = _turned(knobs, asked, got)
            if turned == knobs or max(misses.values()) < 0.5:
                break
            knobs = turned
        return best

    def score(self, lines: hits.Lines) -> Score:
        """The notes as parts."""
        parts = tuple(
            Part.of(name, lines[name], program=role.program, is_drums=name == "drums")
            for name, role in self.band.roles.items()
        )
        return replace(self.core, parts=parts)

    def play(self, knobs: Knobs) -> hits.Lines:
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
        for accent in self.accents:
            if self.final is None or accent.onset < self.final:
                lines = hits.strike(lines, accent, stage, _playing(spans, accent.onset))
        if self.final is not None:
            chord = stage.tonic(self.final, self.attributes.mode)
            lines = hits.end(lines, self.final, self.ending, chord, stage, _playing(spans, self.final))
        return {name: _tidy(_in_compass(name, notes, roles), stage.length) for name, notes in lines.items()}

    def _spans(self, stage: Stage, changes: Sequence[Fraction]) -> dict[str, list[tuple[Fraction, Fraction]]]:
        """From when to when each player plays: gated at bar lines and changes."""
        roles = self.band.roles
        if self.layers:
            return {name: [(Fraction(0), stage.length)] for name in roles}
        lowest = min(role.threshold for name, role in roles.items() if name in ROLES)
        starts = sorted({*(bar.start for bar in stage.bars), *changes})
        spans: dict[str, list[tuple[Fraction, Fraction]]] = {name: [] for name in roles}
        for start, end in zip(starts, [*starts[1:], stage.length], strict=True):
            level = self.energy(start)
            for name, role in roles.items():
                always = name == "accents" or (name in ROLES and role.threshold == lowest)
                if not always and level < role.threshold:
                    continue
                if spans[name] and spans[name][-1][1] == start:
                    spans[name][-1] = spans[name][-1][0], end
                else:
                    spans[name].append((start, end))
        return spans


#: By how much an attribute may miss before it counts as one.
_STEPS = {"density": 0.1, "register": 1.0, "polyphony": 0.3, "articulation": 0.03}


def _turned(knobs: Knobs, asked: Attributes, got: Mapping[str, float]) -> Knobs:
    """The knobs, nearer to what was asked for."""
    if asked.density is not None and "density" in got:
        factor = min(max(asked.density / max(got["density"], 0.05), 0.5), 2)
        knobs = replace(knobs, rate=min(max(knobs.rate * factor, 0.02), 16))
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


def _dynamics(
    lines: hits.Lines, energy: Callable[[Fraction], float], loudness: float | None, stage: Stage
) -> hits.Lines:
    """Touches become velocities: by energy, by the place in the bar, and about the loudness that is asked for."""
    ranks = {place.onset: place.rank for bar in stage.bars for place in bar.places}

    def level(name: str, note: Note) -> float:
        stress = (-3, -2, 0, 2, 4, 6)[ranks.get(note.onset, 2)] if name != "drums" else 0
        return 50 + 50 * min(max(energy(note.onset), 0), 1) + note.velocity - NEUTRAL + stress

    levels = {name: [level(name, note) for note in line] for name, line in lines.items()}
    flat = [value for line in levels.values() for value in line]
    shift = 0.0 if loudness is None or not flat else _shift(flat, loudness)
    return {
        name: [
            Note(note.onset, note.pitch, note.duration, round(min(max(value + shift, 1), 127)))
            for note, value in zip(lines[name], levels[name], strict=True)
        ]
        for name in lines
    }


def _shift(levels: list[float], mean: float) -> float:
    """What to add to the levels so that, kept within 1..127, their mean is what is asked for."""
    low, high = -200.0, 200.0
    for _ in range(30):
        middle = (low + high) / 2
        if sum(min(max(value + middle, 1), 127) for value in levels) < mean * len(levels):
            low = middle
        else:
            high = middle
    return (low + high) / 2
