import random
import sys
from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest

from credo.io.files import save
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Timeline

sys.path.insert(0, str(Path(__file__).parents[1]))  # for strategies.py, which all folders of tests share
sys.path.insert(0, str(Path(__file__).parent))  # for misbehave.py, which reading processes import

LOWEST = {"Soprano": 62, "Alto": 57, "Tenor": 50, "Bass": 43}


def chorale_score(seed: int, semitones: int = 0, quarters: int = 13, key: Key | None = None) -> Score:
    """Four voices of random quarters and eighths, 13 quarters long."""
    dice = random.Random(seed)
    parts = []
    for name, lowest in LOWEST.items():
        notes, onset = [], Fraction(0)
        while onset < quarters:
            length = min(Fraction(dice.choice((1, 2, 2, 4)), 2), quarters - onset)
            notes.append(Note(onset, lowest + semitones + dice.randrange(9), length, dice.randrange(50, 99)))
            onset += length
        parts.append(Part.of(name, notes))
    keys = (KeyChange(Fraction(0), key),) if key else ()
    return Score(tuple(parts), Timeline(metres=(Metre(Fraction(0), 3, 4),), keys=keys), title=f"No. {seed}")


@pytest.fixture
def chorale() -> Callable[..., Score]:
    return chorale_score


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Seven good files, one of them in a subfolder and one with a suffix in capitals."""
    files = tmp_path / "files"
    (files / "more").mkdir(parents=True)
    for seed in range(5):
        save(chorale_score(seed), files / f"{seed}.mid")
    save(chorale_score(5), files / "more" / "5.musicxml")
    save(chorale_score(6), files / "6.mid")
    (files / "6.mid").rename(files / "6.MID")
    return files
