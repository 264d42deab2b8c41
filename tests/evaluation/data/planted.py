"""A clean piece, and one fault at a time planted in it."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline

VOICES = {"Soprano": 72, "Alto": 65, "Tenor": 57, "Bass": 48}
#: What sounds on C, F and G: chord tones as steps from C.
CHORDS = {0: (0, 4, 7), 5: (5, 9, 0), 7: (7, 11, 2)}


def piece(seed: int = 0, bars: int = 24) -> Score:
    """Four voices in C major in 4/4, a chord a bar, long notes on the first beat; played loud and soft."""
    dice = random.Random(seed)
    roots = [dice.choice((0, 0, 5, 7)) for _ in range(bars - 1)] + [0]
    parts = []
    for name, middle in VOICES.items():
        notes = []
        for bar, root in enumerate(roots):
            onset = Fraction(4 * bar)
            for length in dice.choice(((2, 1, 1), (3, 1), (2, Fraction(1, 2), Fraction(1, 2), 1), (4,))):
                tone = root if name == "Bass" and onset % 4 == 0 else dice.choice((*CHORDS[root], *CHORDS[root], 2, 9))
                pitch = middle + (tone - middle) % 12 - 6 * (tone - middle > 6)
                notes.append(
                    Note(onset, middle - 5 + (pitch - middle + 5) % 12, Fraction(length), dice.randrange(40, 99))
                )
                onset += length
        parts.append(Part.of(name, notes, program=19))
    zero = Fraction(0)
    return Score(
        tuple(parts),
        Timeline(zero, (Tempo(zero, 96.0),), (Metre(zero, 4, 4),), (KeyChange(zero, Key(0)),)),
        f"No. {seed}",
    )


def changed(score: Score, change: Callable[[Note], Note | None]) -> Score:
    """The score with each note changed, or gone."""
    return with_parts(
        score, [Part.of(p.name, filter(None, map(change, p.notes)), program=p.program) for p in score.parts]
    )


def with_parts(score: Score, parts) -> Score:
    return Score(tuple(parts), replace(score.timeline, length=Fraction(0)), score.title)


def moved(score: Score, spread: float, seed: int = 1) -> Score:
    """Each note somewhat early or late, by up to `spread` quarters, as players are; at 480 ticks a quarter."""
    dice = random.Random(seed)

    def late(note: Note) -> Note:
        return replace(
            note, onset=max(Fraction(0), note.onset + Fraction(round(480 * dice.uniform(-spread, spread)), 480))
        )

    return changed(score, late)
