"""A corpus, a recipe and a model small enough to train in seconds."""

from __future__ import annotations

import copy
import random
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from credo.corpora.corpus import Card, Corpus
from credo.corpora.piece import Piece
from credo.music.grid import REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from credo.music.texture import SATB, Texture
from credo.music.transform import fit
from credo.training.recipe import DataRecipe, FinetuningRecipe, ModelRecipe, PretrainingRecipe, Recipe

if TYPE_CHECKING:
    from credo.compose.generate import Composer

RECIPE = Recipe(
    name="tiny",
    seed=3,
    model=ModelRecipe(window_steps=16, hidden=(24, 12), spans=(3, 3)),
    data=DataRecipe(transpose=False),
    pretraining=PretrainingRecipe(steps=20, batch=13),
    finetuning=FinetuningRecipe(steps=30, batch=13, warmup=5, rate=1e-2),
)
CHUNK = 10

C_MAJOR = Key(0)

#: A place in the middle of each voice, round which its notes lie.
CENTRES = {"soprano": 69, "alto": 64, "tenor": 57, "bass": 48}


def chorale(seed: int, bars: int = 5, *, metre=(4, 4), key: Key = C_MAJOR, pickup: int = 0, tempo: float = 84) -> Score:
    """Random triads of a key in four voices, in quarters and halves.

    Args:
        seed: of the dice.
        bars: whole bars.
        metre: numerator and denominator.
        key: the key.
        pickup: quarters before the first whole bar.
        tempo: quarters a minute.
    """
    dice, scale = random.Random(seed), key.scale
    length = pickup + bars * Fraction(4 * metre[0], metre[1])
    notes: dict[str, list[Note]] = {name: [] for name in CENTRES}
    onset = Fraction(0)
    while onset < length:
        duration = min(Fraction(dice.choice((1, 1, 1, 2))), length - onset)
        degree = dice.randrange(7)
        triad = [scale[(degree + third) % 7] for third in (0, 2, 4)]
        for name, centre in CENTRES.items():
            tone = triad[0] if name == "bass" else dice.choice(triad)
            pitch = min((p for p in range(centre - 7, centre + 8) if p % 12 == tone), key=lambda p: abs(p - centre))
            notes[name].append(Note(onset, pitch, duration, 60 + dice.randrange(40)))
        onset += duration
    timeline = Timeline(
        length=length,
        tempos=(Tempo(Fraction(0), tempo),),
        metres=(Metre(Fraction(0), *metre),),
        keys=(KeyChange(Fraction(0), key),),
        pickup=Fraction(pickup),
    )
    return Score(tuple(Part.of(name, line, program=52) for name, line in notes.items()), timeline, f"No. {seed}")


def corpus(splits: tuple[str, ...] = ("train",) * 5 + ("valid", "test")) -> Corpus:
    """One chorale for each split that is named."""
    pieces = tuple(
        Piece.of(f"{number}", fit(chorale(number, key=Key(number % 3)), SATB).grid, split)
        for number, split in enumerate(splits)
    )
    return Corpus(SATB, pieces, Card("small", "made by dice", licence="CC0", citation="nobody", origin="dice"))


def random_grid(texture: Texture, steps: int, dice: np.random.Generator) -> Grid:
    """Anything that a texture can hold: held notes, repeated ones, rests, chords."""
    voices = []
    for voice in texture.voices:
        shape = (steps,) if voice.kind == "mono" else (steps, voice.size)
        stays = dice.random(shape) < 0.6  # long notes, so that masks cut through them
        if voice.kind == "mono":
            sounding = dice.integers(voice.low, voice.high + 1, shape)
            sounding[dice.random(shape) < 0.15] = REST
        else:
            sounding = dice.random(shape) < 0.3
        for step in range(1, steps):
            sounding[step] = np.where(stays[step], sounding[step - 1], sounding[step])
        attack = None if voice.kind == "drums" else dice.random(shape) < 0.15
        voices.append(Cells.of(voice, sounding, attack, dice.integers(1, 128, shape)))
    key = KeyChange(Fraction(0), Key(int(dice.integers(-5, 6))))
    return Grid(texture, tuple(voices), Timeline(keys=(key,)))


def onsets_and_pitches(score: Score, until: Fraction) -> list[list[tuple[Fraction, int, Fraction]]]:
    """The notes of each part that begin before a time, without their loudness."""
    return [[(n.onset, n.pitch, n.duration) for n in part.notes if n.onset < until] for part in score.parts]


_composers: dict[tuple[str, bytes], Composer] = {}


def composer_of(model: str | Path) -> Composer:
    """As `Composer.load`, but what is compiled is shared by all that load the same weights and card.

    Args:
        model: name or folder of a model.

    Raises:
        ModelError: there is no such model, or it cannot be used.
    """
    from credo.compose.generate import Composer
    from credo.compose.models import find_model
    from credo.models.folder import CARD, load_model, read_card, weights_checksum

    folder = find_model(model)
    read_card(folder)  # says what is missing
    known = (weights_checksum(folder), (folder / CARD).read_bytes())
    if known not in _composers:
        _composers[known] = Composer(*load_model(folder), checksum=known[0])
    composer = copy.copy(_composers[known])
    composer.given = model
    return composer
