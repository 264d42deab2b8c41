"""Pieces to render, and a cache folder of the test's own."""

from fractions import Fraction

import pytest

from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline


@pytest.fixture(autouse=True, scope="session")
def _cache_folder(tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("platformdirs.user_cache_path", lambda *_: tmp_path_factory.getbasetemp() / "cache")
        yield


@pytest.fixture
def chorale() -> Score:
    """Three bars of four voices in G minor; 12 quarters, 6 seconds, 40 notes."""
    lines = {
        "soprano": "67 67 70 69 67 66 67 69 70. 67.",
        "alto": "62 62 67 66 62 62 62 66 67. 62.",
        "tenor": "58 58 62 62 58 57 58 62 62. 58.",
        "bass": "43 55 50 50 55 50 55 50 43. 43.",
    }
    parts = []
    for name, line in lines.items():
        notes, onset = [], Fraction(0)
        for text in line.split():
            duration = Fraction(2 if text.endswith(".") else 1)
            notes.append(Note(onset, int(text.rstrip(".")), duration))
            onset += duration
        parts.append(Part.of(name, notes, program=52))
    timeline = Timeline(
        tempos=(Tempo(Fraction(0), 120.0),),
        metres=(Metre(Fraction(0), 4, 4),),
        keys=(KeyChange(Fraction(0), Key(-2, "minor")),),
    )
    return Score(tuple(parts), timeline, title="Small chorale", composer="A. Nonymous")


@pytest.fixture
def band() -> Score:
    """Two bars of 3/4 after an upbeat of one quarter: a flute and drums."""
    flute = Part.of("flute", [Note(Fraction(i), 72 + i, Fraction(1), 40 + 10 * i) for i in range(7)], program=73)
    hits = [Note(Fraction(i, 2), 42 if i % 2 else 36, Fraction(1, 4)) for i in range(14)]
    timeline = Timeline(metres=(Metre(Fraction(0), 3, 4),), pickup=Fraction(1))
    return Score((flute, Part.of("drums", hits, is_drums=True)), timeline)
