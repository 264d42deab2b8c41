"""A band: parts for lead, pad, arpeggio, bass, drums and accents, arranged from the voices that a model sampled."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction

from credo.compose.cue.arranging.harmony import read_harmony
from credo.compose.cue.arranging.hits import ENDINGS, Accent
from credo.compose.cue.arranging.rehearsal import Rehearsal
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ROLES, ensemble_named
from credo.errors import UsageError
from credo.music.general_midi import program_named
from credo.music.score import Part, Score

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
    told = Rehearsal(core, band, attributes, energy, tuple(sorted(accents, key=lambda accent: accent.onset)), final,
                     ending, drums, layers, seed, harmony)  # fmt: skip
    return told.performed()
