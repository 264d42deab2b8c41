"""Ensembles by name: which General MIDI instruments play the voices and the roles of a piece."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass

from credo.errors import UsageError
from credo.music.general_midi import INSTRUMENTS, program_named

#: What instruments do in a band.
ROLES = ("lead", "pad", "arpeggio", "bass")
#: The fewest voices of an ensemble, and the most that can be named.
FEWEST_VOICES, MOST_VOICES = 4, 16


@dataclass(frozen=True, slots=True)
class Ensemble:
    """Instruments that play together.

    Attributes:
        name: what people call it; of instruments that were named, these, separated by commas.
        voices: General MIDI programs of melodic voices from the highest to the lowest, four at least.
        roles: General MIDI programs by role, one for each of `ROLES`.
        drums: whether a drum kit fits it.
    """

    name: str
    voices: tuple[int, ...]
    roles: Mapping[str, int]
    drums: bool = False

    def __post_init__(self) -> None:
        programs = (*self.voices, *self.roles.values())
        if len(self.voices) < FEWEST_VOICES or set(self.roles) != set(ROLES):
            raise UsageError(
                f"ensemble {self.name}: expected {FEWEST_VOICES} voices or more and the roles {', '.join(ROLES)}, "
                f"got {len(self.voices)} and {', '.join(self.roles)}"
            )
        if not all(0 <= program < len(INSTRUMENTS) for program in programs):
            raise UsageError(f"ensemble {self.name}: expected programs 0 to 127, got {programs}")

    @property
    def programs(self) -> frozenset[int]:
        """All its General MIDI programs."""
        return frozenset((*self.voices, *self.roles.values()))

    def voices_for(self, count: int) -> tuple[int, ...]:
        """Programs for so many voices, from the highest to the lowest: each has its share of the compass.

        Args:
            count: how many, one or more.
        """
        if count == 1:
            return self.voices[:1]
        last = len(self.voices) - 1
        return tuple(self.voices[(number * last + (count - 1) // 2) // (count - 1)] for number in range(count))


def _ensemble(name: str, voices: tuple[int, ...], roles: tuple[int, int, int, int], *, drums: bool = False) -> Ensemble:
    return Ensemble(name, voices, dict(zip(ROLES, roles, strict=True)), drums)


#: The ensembles, by name.
ENSEMBLES: dict[str, Ensemble] = {
    ensemble.name: ensemble
    for ensemble in (
        # name, voices from the highest to the lowest, (lead, pad, arpeggio, bass)
        _ensemble("strings", (48, 48, 48, 48), (40, 48, 45, 43)),
        _ensemble("string quartet", (40, 40, 41, 42), (40, 41, 45, 42)),
        _ensemble("orchestra", (73, 68, 60, 48, 43), (68, 48, 46, 43)),
        _ensemble("brass", (56, 60, 57, 58), (56, 61, 60, 58)),
        _ensemble("woodwinds", (73, 68, 71, 70), (73, 71, 68, 70)),
        _ensemble("choir", (52, 52, 52, 52), (53, 52, 46, 52)),
        _ensemble("piano", (0, 0, 0, 0), (0, 0, 0, 0)),
        _ensemble("chamber", (73, 40, 71, 42), (73, 40, 46, 42)),
        _ensemble("rock band", (29, 27, 27, 33), (29, 18, 27, 34), drums=True),
        _ensemble("jazz combo", (66, 11, 0, 32), (66, 26, 0, 32), drums=True),
        _ensemble("pop band", (4, 25, 25, 33), (80, 89, 25, 33), drums=True),
        _ensemble("funk band", (61, 4, 28, 36), (61, 16, 28, 36), drums=True),
        _ensemble("synth", (81, 90, 90, 38), (81, 89, 90, 38), drums=True),
        _ensemble("chiptune", (80, 80, 80, 81), (80, 81, 80, 81), drums=True),
        _ensemble("music box", (10, 10, 10, 10), (10, 8, 10, 46)),
        _ensemble("folk", (110, 21, 25, 32), (110, 21, 25, 32)),
        _ensemble("guitar", (24, 24, 24, 24), (24, 24, 24, 32)),
        _ensemble("organ", (19, 19, 19, 19), (19, 19, 19, 19)),
        _ensemble("harp", (46, 46, 46, 46), (46, 46, 46, 46)),
        _ensemble("bells", (9, 14, 11, 12), (9, 11, 8, 12)),
        _ensemble("ambient", (88, 89, 91, 95), (88, 89, 98, 95)),
        _ensemble("epic", (56, 60, 48, 43), (60, 48, 44, 43), drums=True),
        _ensemble("baroque", (40, 68, 6, 42), (40, 48, 6, 42)),
    )
}
#: Short names of instruments beside those of General MIDI, and the kit.
_SHORT: dict[str, int] = {
    "piano": 0, "electric piano": 4, "organ": 19, "guitar": 24, "acoustic guitar": 25, "electric guitar": 27,
    "bass": 32, "double bass": 43, "electric bass": 33, "synth bass": 38, "strings": 48, "harp": 46, "choir": 52,
    "voice": 53, "brass": 61, "horn": 60, "sax": 66, "saxophone": 66, "bagpipe": 109, "synth": 81, "pad": 89,
}  # fmt: skip
_KIT = ("drums", "drum kit", "kit", "percussion")


def ensemble_named(text: str) -> Ensemble:
    """An ensemble by its name, or of instruments that are named.

    Args:
        text: a name from `ENSEMBLES`, such as `string quartet`; or names of General MIDI instruments from the highest
            to the lowest, separated by commas, such as `flute, clarinet, cello` or `piano, bass, drums`. The first
            leads, the last is the bass.

    Raises:
        UsageError: there is no such ensemble or instrument, or there are too many.
    """
    name = " ".join(text.lower().replace("_", " ").replace("-", " ").split())
    if name in ENSEMBLES:
        return ENSEMBLES[name]
    named = [one for one in (" ".join(part.split()) for part in text.split(",")) if one]
    drums = [one for one in named if one.lower() in _KIT]
    pitched = [one for one in named if one.lower() not in _KIT]
    if not pitched or len(pitched) > MOST_VOICES:
        raise UsageError(
            f"ensemble: expected one of {', '.join(ENSEMBLES)}, or 1 to {MOST_VOICES} instruments, got {text!r}"
        )
    programs = [_program(one, text, alone=len(named) == 1) for one in pitched]
    name = ", ".join([*(INSTRUMENTS[program] for program in programs), *(["drums"] if drums else [])])
    return of_programs(tuple(programs), drums=bool(drums), name=name)


def of_programs(programs: tuple[int, ...], *, drums: bool = False, name: str = "") -> Ensemble:
    """The ensemble of some instruments.

    Args:
        programs: General MIDI programs from the highest to the lowest, one at least.
        drums: whether a kit plays along.
        name: what it is called; empty for the names of its instruments, separated by commas.
    """
    count, last = max(len(programs), FEWEST_VOICES), len(programs) - 1
    voices = tuple(programs[number * len(programs) // count] for number in range(count))
    roles = (programs[0], programs[(last + 1) // 2], programs[last // 2], programs[last])
    return _ensemble(name or ", ".join(INSTRUMENTS[p] for p in programs), voices, roles, drums=drums)


def _program(name: str, text: str, *, alone: bool) -> int:
    """The program of an instrument; the error tells of ensembles too where a single name was typed."""
    if name.lower() in _SHORT:
        return _SHORT[name.lower()]
    try:
        return program_named(name)
    except UsageError as error:
        near = difflib.get_close_matches(name.lower(), [*ENSEMBLES, *_SHORT, *INSTRUMENTS], 3)
        hint = f"did you mean {' or '.join(near)}?" if near else "credo info instruments lists General MIDI's names"
        what = f"one of {', '.join(ENSEMBLES)}, or General MIDI instruments" if alone else "General MIDI instruments"
        raise UsageError(f"ensemble: expected {what} between commas, got {name!r} in {text!r}", hint=hint) from error
