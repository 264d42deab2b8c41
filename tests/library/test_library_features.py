"""What the numbers of a piece hang on, and what they do not."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
import some_pieces

from credo.library.entry import WIDTH
from credo.library.features import ASPECTS, PRINTS, SIZES, Notes, features, resemblance
from credo.library.reading import entry_of
from credo.music.pitch import Key
from credo.music.score import Note, Part, Score


def of(score: Score) -> dict[str, np.ndarray]:
    return dict(entry_of(score).features)


def test_sizes_are_as_declared():
    found = of(some_pieces.song())
    assert {name: len(vector) for name, vector in found.items()} == SIZES
    assert sum(SIZES.values()) == WIDTH
    assert all(np.linalg.norm(vector) == pytest.approx(1, abs=1e-4) for vector in found.values())


def test_a_transposed_piece_is_the_same_but_for_its_register():
    low, high = of(some_pieces.song()), of(some_pieces.song(semitones=5))
    for name in ("harmony", "melody", "rhythm"):
        np.testing.assert_allclose(low[name], high[name], atol=1e-5)
    assert low["texture"] @ high["texture"] < 0.99


def test_slower_notes_change_rhythm_alone():
    score = some_pieces.song()
    slow = replace(
        score,
        parts=tuple(
            replace(
                part,
                notes=tuple(replace(n, onset=2 * n.onset, duration=2 * n.duration) for n in part.notes),
            )
            for part in score.parts
        ),
    )
    one, other = of(score), of(slow)
    assert one["melody"][12:] @ other["melody"][12:] > 0.99 * float(one["melody"][12:] @ one["melody"][12:])
    assert one["rhythm"] @ other["rhythm"] < 0.7


def test_other_chords_change_harmony():
    one, other = of(some_pieces.song(1)), of(some_pieces.song(2))
    chromatic = Notes.of(some_pieces.song(1).transpose(1), tonic=0)
    assert one["harmony"] @ other["harmony"] > one["harmony"] @ features(chromatic)["harmony"]


def test_drums_have_no_harmony():
    notes = [Note(Fraction(n, 2), 36 + 2 * (n % 2), Fraction(1, 4)) for n in range(16)]
    found = of(Score((Part.of("kit", notes, is_drums=True),)))
    assert [name for name in ASPECTS if found[name].any()] == ["rhythm", "texture"]


def test_one_note_is_enough():
    found = of(Score((Part.of("voice", [Note(Fraction(0), 60, Fraction(1))]),)))
    assert all(np.isfinite(vector).all() for vector in found.values())


def test_prints_know_a_piece_in_any_key_and_at_half_the_speed():
    score = some_pieces.song()
    one = entry_of(score).prints
    assert 0 < len(one) <= PRINTS
    assert (np.diff(one.astype(np.int64)) > 0).all()
    assert resemblance(one, entry_of(score.transpose(-3)).prints) == 1
    assert resemblance(one, entry_of(some_pieces.song(2)).prints) < 0.2


def test_resemblance_is_about_the_share_in_common():
    dice = np.random.default_rng(3)
    both, own, others = (dice.integers(0, 2**32, 2000, dtype=np.uint64).astype(np.uint32) for _ in range(3))
    sketch = [np.unique(np.concatenate([both, each]))[:PRINTS] for each in (own, others)]
    assert resemblance(*sketch) == pytest.approx(1 / 3, abs=0.2)
    assert resemblance(sketch[0], np.zeros(0, np.uint32)) == 0


def test_harmony_counts_from_the_tonic():
    notes = Notes.of(some_pieces.song(), tonic=Key(0).tonic)
    assert not np.allclose(features(notes)["harmony"], features(replace(notes, tonic=5))["harmony"], atol=1e-2)
