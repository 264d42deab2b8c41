"""The kinds of voices that a model knows."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, Literal

from credo.errors import UsageError

VoiceKind = Literal["mono", "poly", "drums"]


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice of a texture.

    Attributes:
        name: what the voice is called, such as `"soprano"`.
        kind: `mono` sounds one pitch or rests, `poly` any of its pitches, `drums` any of its instruments.
        low, high: lowest and highest MIDI pitch, both included (0 and 0 for drums).
        program: General MIDI program it is played with.
        instruments: for drums, the groups of percussion keys that count as one instrument; the first key of a group
            is the one that is written.
        expressive: for drums, whether loudness and timing (see `credo.music.grid`) are part of the music that a model
            learns.
    """

    name: str
    kind: VoiceKind
    low: int = 0
    high: int = 0
    program: int = 0
    instruments: tuple[tuple[int, ...], ...] = ()
    expressive: bool = False

    def __post_init__(self) -> None:
        if self.kind == "drums":
            keys = [key for group in self.instruments for key in group]
            if not keys or len(keys) != len(set(keys)):
                raise UsageError(f"voice {self.name}: expected drum instruments that share no key, got {keys}")
        elif self.expressive:
            raise UsageError(f"voice {self.name}: expected a drums voice to be expressive, got {self.kind}")
        elif not 0 <= self.low <= self.high <= 127:
            raise UsageError(f"voice {self.name}: expected 0 <= low <= high <= 127, got {self.low}..{self.high}")

    @property
    def size(self) -> int:
        """Number of pitches (P), or of drum instruments."""
        return len(self.instruments) if self.kind == "drums" else self.high - self.low + 1

    def index(self, pitch: int) -> int | None:
        """Where a pitch or percussion key stands among the voice's own, or None if it has no place."""
        if self.kind == "drums":
            return next((i for i, group in enumerate(self.instruments) if pitch in group), None)
        return pitch - self.low if self.low <= pitch <= self.high else None

    def pitch(self, index: int) -> int:
        """The pitch or percussion key at an index (the inverse of `index`)."""
        return self.instruments[index][0] if self.kind == "drums" else self.low + index


@dataclass(frozen=True, slots=True)
class Texture:
    """A set of voices on a grid.

    Attributes:
        name: what the texture is called.
        voices: the voices, highest first.
        steps_per_quarter: steps of the grid in a quarter: 4 (sixteenths) or 12 (sixteenths and triplets).
    """

    name: str
    voices: tuple[Voice, ...]
    steps_per_quarter: int = 4

    def __post_init__(self) -> None:
        names = [voice.name for voice in self.voices]
        if not names or len(names) != len(set(names)):
            raise UsageError(f"texture {self.name}: expected voices with different names, got {names}")
        if self.steps_per_quarter not in (4, 12):
            raise UsageError(f"texture {self.name}: expected 4 or 12 steps a quarter, got {self.steps_per_quarter}")

    def voice(self, name: str) -> Voice:
        """The voice of a name.

        Raises:
            UsageError: there is no such voice.
        """
        for voice in self.voices:
            if voice.name == name:
                return voice
        raise UsageError(f"voice: expected one of {', '.join(v.name for v in self.voices)}, got {name!r}")

    def to_dict(self) -> dict[str, Any]:
        """A JSON-able form."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> Texture:
        """Rebuild a texture from `to_dict`.

        Raises:
            UsageError: the record is incomplete or makes no sense.
        """
        try:
            voices = tuple(
                Voice(**{**voice, "instruments": tuple(tuple(group) for group in voice.get("instruments", ()))})
                for voice in data["voices"]
            )
            return cls(data["name"], voices, data["steps_per_quarter"])
        except (KeyError, TypeError) as error:
            raise UsageError(f"texture: expected name, voices and steps_per_quarter, got {data!r}") from error


SATB = Texture(
    "satb",
    (
        Voice("soprano", "mono", 57, 84, 52),
        Voice("alto", "mono", 50, 77, 52),
        Voice("tenor", "mono", 43, 72, 52),
        Voice("bass", "mono", 36, 65, 52),
    ),
)

QUARTET = Texture(
    "quartet",
    (
        Voice("violin 1", "mono", 55, 100, 40),
        Voice("violin 2", "mono", 55, 93, 40),
        Voice("viola", "mono", 48, 86, 41),
        Voice("cello", "mono", 36, 79, 42),
    ),
)

#: A seven-octave keyboard less a few keys: in 300 songs, 0.03 % of the piano's notes lie beyond it.
_PIANO_VOICE = Voice("piano", "poly", 24, 100, 0)

PIANO = Texture("piano", (_PIANO_VOICE,))

SONG = Texture("song", (Voice("voice", "mono", 41, 86, 52), _PIANO_VOICE))

MELODY = Texture("melody", (Voice("melody", "mono", 48, 88, 73),), steps_per_quarter=12)

#: The nine drum classes that most kits share (General MIDI percussion keys; the first of a group is written).
DRUMS = Texture(
    "drums",
    (
        Voice(
            "drums",
            "drums",
            instruments=(
                (36, 35),  # kick
                (38, 37, 39, 40),  # snare, side stick, clap
                (42, 22, 44),  # closed hi-hat
                (46, 26),  # open hi-hat
                (43, 41, 58),  # floor tom
                (47, 45),  # mid tom
                (50, 48),  # high tom
                (49, 55, 52, 57),  # crash
                (51, 53, 59),  # ride
            ),
            expressive=True,
        ),
    ),
)

TEXTURES = {texture.name: texture for texture in (SATB, QUARTET, PIANO, SONG, MELODY, DRUMS)}


def texture_named(name: str) -> Texture:
    """A texture by its name.

    Raises:
        UsageError: there is no such texture.
    """
    if name not in TEXTURES:
        raise UsageError(f"texture: expected one of {', '.join(sorted(TEXTURES))}, got {name!r}")
    return TEXTURES[name]
