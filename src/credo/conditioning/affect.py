"""What valence and arousal do to music, as numbers, and what they are where the music is known.

Each attribute is a straight line in valence v and arousal a, after the findings that studies agree on: arousal moves
tempo and loudness most, then density and articulation; valence moves the mode, then register and articulation
(A. Gabrielsson and E. Lindström, "The Role of Structure in the Musical Expression of Emotions", 2010; S. Livingstone
et al., "Changing Musical Emotion", Computer Music Journal 34(1), 2010; I. Wallis et al., DAFx-08, whose modes from
lydian to locrian, round(3 - 3 v), are these). The slopes are ours. What is felt is then the least-squares solution of
the same lines: a proxy, by which a piece that was made from v and a is measured as v and a, and no more than that.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from credo.conditioning.attributes import LIMITS


@dataclass(frozen=True, slots=True)
class Line:
    """How an attribute follows valence and arousal.

    Attributes:
        neutral: its value where both are 0.
        valence, arousal: what each adds where it is 1; of attributes in octaves, octaves.
        spread: how far pieces of one valence and arousal lie apart, in the same unit: what the line is worth.
        octaves: whether it counts in factors of two, as tempo does.
    """

    neutral: float
    valence: float
    arousal: float
    spread: float
    octaves: bool = False

    def at(self, valence: float, arousal: float) -> float:
        """The value at a valence and an arousal."""
        moved = self.valence * valence + self.arousal * arousal
        return self.neutral * 2**moved if self.octaves else self.neutral + moved

    def moved(self, value: float) -> float:
        """How far a value lies from the neutral one."""
        return math.log2(value / self.neutral) if self.octaves else value - self.neutral


LINES: dict[str, Line] = {
    "tempo": Line(96, 0.15, 0.85, 0.4, octaves=True),
    "density": Line(1.5, 0, 0.8, 0.5, octaves=True),
    "register": Line(61, 4, 2, 5),
    "articulation": Line(0.85, -0.08, -0.22, 0.15),
    "loudness": Line(76, 0, 28, 15),
}
#: The mode's own line: brightness is valence.
BRIGHTNESS = Line(0, 1, 0, 0.35)

#: The seven modes from bright to dark; the third is neutral.
MODES: tuple[str, ...] = ("lydian", "major", "mixolydian", "dorian", "minor", "phrygian", "locrian")
#: How bright scales are, 1 for lydian to -1 for locrian; scales without a tonic's third have none.
_BRIGHT: dict[str, float] = {
    **{mode: 1 - number / 3 for number, mode in enumerate(MODES)},
    "ionian": 2 / 3, "major pentatonic": 2 / 3, "pentatonic": 2 / 3, "major blues": 1 / 3, "melodic minor": -1 / 6,
    "natural minor": -1 / 3, "aeolian": -1 / 3, "harmonic minor": -1 / 2, "minor pentatonic": -1 / 3, "blues": -1 / 3,
}  # fmt: skip


def brightness(mode: str) -> float | None:
    """How bright a scale of `credo.music.scales.SCALES` is, -1..1; None for symmetric ones."""
    return _BRIGHT.get(mode)


def mode_of(valence: float, *, third: str | None = None) -> str:
    """The mode for a valence: `MODES[round(3 - 3 valence)]`, but never locrian, whose tonic triad is diminished.

    Args:
        valence: -1..1.
        third: `major` or `minor` for modes with this third alone, the nearest of them; None for any.
    """
    count = len(MODES) - 1
    number = min(math.floor(count / 2 * (1 - valence) + 0.5), count - 1)
    if third is not None:
        number = min(number, 2) if third == "major" else max(number, 3)
    return MODES[number]


def value_of(attribute: str, valence: float, arousal: float) -> float:
    """An attribute of `LINES` at a valence and an arousal, within its `LIMITS`."""
    low, high = LIMITS[attribute]
    return min(max(LINES[attribute].at(valence, arousal), low), high)


def felt(values: Mapping[str, float], bright: float | None) -> tuple[float | None, float | None]:
    """Valence and arousal of music whose attributes are known.

    The solution of the lines of `LINES` and `BRIGHTNESS` that has the smallest squared error, each divided by its
    spread, cut to -1..1.

    Args:
        values: of attributes of `LINES`; others are ignored.
        bright: of the mode; None where there is none, and then valence is not known and counts as 0.

    Returns:
        Valence and arousal; None for what cannot be known.
    """
    rows = [(LINES[name], LINES[name].moved(value)) for name, value in values.items() if name in LINES]
    if bright is not None:
        rows.append((BRIGHTNESS, bright))
    columns = 2 if bright is not None else 1  # arousal first
    slopes = np.array([(line.arousal, line.valence)[:columns] for line, _ in rows], float).reshape(-1, columns)
    moved = np.array([value for _, value in rows], float)
    spreads = np.array([line.spread for line, _ in rows], float)
    if not slopes[:, 0].any():
        return (None if bright is None else _cut(bright)), None
    solved = np.linalg.lstsq(slopes / spreads[:, None], moved / spreads, rcond=None)[0]
    return (_cut(solved[1]) if columns == 2 else None), _cut(solved[0])


def _cut(value: float) -> float:
    return float(min(max(value, -1.0), 1.0))
