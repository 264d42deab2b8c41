"""A new piece and how it came about. No tensor library is loaded for this."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from fractions import Fraction
from typing import Any

from credo.compose.playing import Playing
from credo.music.general_midi import INSTRUMENTS, programs_of
from credo.music.grid import Grid, decode
from credo.music.score import Part, Score


@dataclass(frozen=True, slots=True)
class Composition:
    """A new piece and how it came about.

    Attributes:
        grid: the piece on the model's texture.
        kept_quarters: length of the passage that was given by the user, from the start.
        settings: everything needed to make the piece again.
        programs: General MIDI programs of voices that are played by others than the texture says, by name.
        company: parts that other models play along; see `credo.compose.ensemble`.
        playing: what is done to the notes of all parts, which stay on the grid as they were drawn.
    """

    grid: Grid
    kept_quarters: Fraction
    settings: dict[str, Any]
    programs: Mapping[str, int] = field(default_factory=dict)
    company: tuple[Part, ...] = ()
    playing: Playing = field(default_factory=Playing)

    @property
    def score(self) -> Score:
        """The piece as a score, as it sounds."""
        return self.playing.played(self._drawn)

    @property
    def written(self) -> Score:
        """The piece as a score, as it is engraved: with notes as long as they were drawn."""
        return self.playing.written(self._drawn)

    @property
    def _drawn(self) -> Score:
        score = decode(self.grid)
        parts = (replace(part, program=self.programs.get(part.name, part.program)) for part in score.parts)
        return replace(score, parts=(*parts, *self.company))

    def played_by(self, instruments: Mapping[str, str]) -> Composition:
        """The piece with other instruments.

        Args:
            instruments: General MIDI names, or clear parts of them, by voice.

        Raises:
            UsageError: there is no such voice or instrument, or a voice is a drum kit.
        """
        programs = programs_of(self.grid.texture, instruments)
        names = {voice: INSTRUMENTS[program] for voice, program in programs.items()}
        return replace(self, programs=programs, settings={**self.settings, "instruments": names})

    def played(self, playing: Playing) -> Composition:
        """The piece played in another way."""
        return replace(self, playing=playing)
