"""Short effects of a game, each a melodic shape that says at once what happened."""

from __future__ import annotations

from dataclasses import dataclass, replace
from fractions import Fraction

from credo.compose.cue.arranging.shapes import Shape, melody, shape_of
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ensemble_named
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Part, Score, Tempo, Timeline


@dataclass(frozen=True, slots=True)
class Effect:
    """A short sound of a game.

    Attributes:
        seconds: its length.
        shape: steps on the ladder.
        ladder: semitones above the tonic of the signature's major or minor key.
        bright: whether that is the major key.
        program: General MIDI program where no ensemble is asked for.
        doubled: rungs below at which a second voice goes along; 0 for none.
    """

    seconds: float
    shape: Shape
    ladder: tuple[int, ...]
    bright: bool
    program: int
    doubled: int = 0


_MAJOR_TRIAD, _MINOR_TRIAD, _PENTATONIC = (0, 4, 7), (0, 3, 7), (0, 2, 4, 7, 9)
#: Effects by name: rising and major is good news, falling and minor bad news, one or two high tones a small thing.
EFFECTS: dict[str, Effect] = {
    "success": Effect(1.2, shape_of("0/1 1/1 2/1 3/5"), _MAJOR_TRIAD, True, 11, 1),
    "failure": Effect(1.5, shape_of("2/2 1/2 0/2 -2/6"), (0, 2, 3, 5, 7, 8), False, 58, 0),
    "pick-up": Effect(0.35, shape_of("3/1 5/3"), _MAJOR_TRIAD, True, 9),
    "level-up": Effect(2.0, shape_of("0/1 1/1 2/1 3/2 2/1 3/1 4/1 6/8"), _MAJOR_TRIAD, True, 61, 1),
    "menu-select": Effect(0.2, shape_of("3/1 4/1"), _PENTATONIC, True, 12),
    "game-over": Effect(2.5, shape_of("4/3 3/3 2/3 1/3 -1/3 0/9"), (0, 2, 3, 5, 7), False, 68, 2),
}


def effect(kind: str, *, key: Key, attributes: Attributes | None = None, seed: int = 0) -> Score:
    """A short effect of a game, exactly as long as `EFFECTS` says, of notes of the key.

    Good news is in the major key of the signature and bad news in its minor key, so that both fit the key.

    Args:
        kind: a name from `EFFECTS`.
        key: of the music that it sounds over.
        attributes: loudness, register and the ensemble's lead are obeyed.
        seed: an even one leaves the shape as it is, an odd one varies the length of its tones.

    Raises:
        UsageError: the kind is unknown.
    """
    if kind not in EFFECTS:
        raise UsageError(f"effect: expected one of {', '.join(EFFECTS)}, got {kind!r}")
    chosen, wish = EFFECTS[kind], attributes or Attributes()
    length = sum(chosen.shape.lengths, Fraction(0))
    program = ensemble_named(wish.ensemble).roles["lead"] if wish.ensemble else chosen.program
    tonic = (7 * key.fifths + (0 if chosen.bright else 9)) % 12
    ladder = tuple((tonic + step) % 12 for step in chosen.ladder)
    loud = round(wish.loudness or 100)
    lengths = chosen.shape.lengths
    if seed % 2 and len(lengths) > 2:  # a little longer first, and the last tone gives it back
        lengths = (lengths[0] + Fraction(1, 8), *lengths[1:-1], lengths[-1] - Fraction(1, 8))
    shape = Shape(chosen.shape.steps, lengths)
    centre = 67 if wish.register is None else round(wish.register)
    notes = melody(shape, ladder, program, length, loud, tonic, centre)
    if chosen.doubled:
        steps = tuple(None if step is None else step - chosen.doubled for step in shape.steps)
        below = melody(replace(shape, steps=steps), ladder, program, length, max(loud - 12, 1), tonic, centre)
        notes += [note for note in below if (note.onset, note.pitch) not in {(n.onset, n.pitch) for n in notes}]
    bpm = float(length) * 60 / chosen.seconds
    timeline = Timeline(
        length,
        tempos=(Tempo(Fraction(0), bpm),),
        metres=(Metre(Fraction(0), 4, 4),),
        keys=(KeyChange(Fraction(0), key),),
    )
    return Score((Part.of("lead", notes, program=program),), timeline, title=kind.replace("-", " ").capitalize())
