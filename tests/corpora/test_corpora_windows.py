"""Training windows."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.corpora.corpus import Card, Corpus, Piece, Source
from credo.corpora.windows import training_codes, transpose_codes
from credo.errors import CorpusError, UsageError
from credo.music.grid import decode
from credo.music.pitch import Key
from credo.music.score import KeyChange, Note, Part, Score
from credo.music.texture import DRUMS, SATB
from credo.music.transform import fit, transpose, transposition_range
from credo.music.window import OUTSIDE, Window, decode_steps, encode_steps, key_codes
from strategies import TEXTURES, grids

KEY = Key(-2, "minor")
IN_G_MINOR = (KeyChange(Fraction(0), KEY),)


def corpus_of(chorale, seeds=(1, 2), keys=IN_G_MINOR, pickup=Fraction(0), split="train"):
    pieces = []
    for seed in seeds:
        grid = fit(chorale(seed), SATB).grid
        grid = replace(grid, timeline=replace(grid.timeline, pickup=pickup))
        pieces.append(Piece.of(f"{seed}", grid, split, Source(f"{seed}", "", keys=keys, key_from="file")))
    return Corpus(SATB, tuple(pieces), Card("two"))


@given(st.sampled_from(TEXTURES).flatmap(lambda texture: grids(texture, min_steps=1)), st.integers(-7, 7))
@settings(max_examples=100, deadline=None)
def test_transposed_codes_are_the_codes_of_the_transposed_grid(grid, semitones):
    allowed = transposition_range(grid)
    semitones = min(max(semitones, allowed[0]), allowed[-1])
    moved = transpose_codes(encode_steps(grid), grid.texture, semitones)
    assert moved.dtype == np.uint8
    np.testing.assert_array_equal(moved, encode_steps(transpose(grid, semitones)))


def test_windows_are_the_passages_of_the_pieces(chorale):
    corpus, window = corpus_of(chorale, (1,)), Window(SATB, 52)  # 52 steps: the whole piece
    codes = training_codes(corpus, window, transpose=False)
    assert codes.shape == (13, window.size)  # starts -26 + 2, ..., 22: one a quarter, in phase with the downbeat
    steps = window.step_codes(codes)
    piece = encode_steps(corpus.pieces[0].grid)
    for start, found in zip(range(-24, 26, 4), steps, strict=True):
        for t in range(52):
            inside = 0 <= start + t < 52
            np.testing.assert_array_equal(found[t], piece[start + t] if inside else 0)
    at_start = steps[6]
    assert decode_steps(at_start, corpus.pieces[0].grid) == corpus.pieces[0].grid
    assert (steps[0][:24, -1] == OUTSIDE).all()
    assert (codes[:, -2:] == key_codes(KEY)).all()


def test_each_allowed_transposition_comes_with_its_key(chorale):
    corpus, window = corpus_of(chorale, (1,)), Window(SATB, 8)
    once = training_codes(corpus, window, transpose=False)
    codes = training_codes(corpus, window)
    grid = corpus.pieces[0].grid
    allowed = [n for n in range(-6, 6) if n in transposition_range(grid)]
    assert len(codes) == len(allowed) * len(once)
    for semitones, rows in zip(allowed, np.split(codes, len(allowed)), strict=True):
        moved = Corpus(
            SATB,
            (Piece.of("x", transpose(grid, semitones), source=Source("x", "", keys=(_moved(semitones),))),),
            Card("moved"),
        )
        np.testing.assert_array_equal(rows, training_codes(moved, window, transpose=(0, 0)))


def _moved(semitones):
    return KeyChange(Fraction(0), KEY.transpose(semitones))


def test_a_pickup_shifts_the_starts(chorale):
    window = Window(SATB, 8)
    codes = window.step_codes(training_codes(corpus_of(chorale, (1,), pickup=Fraction(1, 2)), window, transpose=False))
    first = [int(np.flatnonzero(rows[:, -1])[0]) for rows in codes[:2]]  # first step inside the piece
    assert first == [2, 0]  # starts at -2 and 2: half a quarter before and after the start


def test_the_key_is_the_one_in_force_at_the_middle(chorale):
    second = Key(1)
    keys = (KeyChange(Fraction(0), KEY), KeyChange(Fraction(6), second))
    codes = training_codes(corpus_of(chorale, (1,), keys=keys), Window(SATB, 8), transpose=(1, 1))
    middles = np.arange(len(codes)) * 4  # starts at -4, middles at 0
    for middle, row in zip(middles, codes, strict=True):
        np.testing.assert_array_equal(row[-2:], key_codes((KEY if middle < 24 else second).transpose(1)))


def test_an_unknown_key_stays_unknown(chorale):
    codes = training_codes(corpus_of(chorale, keys=()), Window(SATB, 8), transpose=(2, 2))
    assert (codes[:, -2:] == 0).all()


def test_a_share_of_the_windows_is_drawn_by_the_seed(chorale):
    corpus, window = corpus_of(chorale, (1, 2, 3)), Window(SATB, 16)
    everything = {row.tobytes() for row in training_codes(corpus, window)}
    some = training_codes(corpus, window, max_windows=41, seed=7)
    assert len(some) == 41
    assert {row.tobytes() for row in some} <= everything
    np.testing.assert_array_equal(some, training_codes(corpus, window, max_windows=41, seed=7))
    assert not np.array_equal(some, training_codes(corpus, window, max_windows=41, seed=8))
    assert len(training_codes(corpus, window, max_windows=10**6)) == len(training_codes(corpus, window))


def test_drums_come_once():
    hits = [Note(Fraction(i), 36, Fraction(1, 4)) for i in range(8)]
    grid = fit(Score((Part.of("drums", hits, is_drums=True),)), DRUMS).grid
    corpus = Corpus(DRUMS, (Piece.of("beat", grid),), Card("beat"))
    window = Window(DRUMS, 8)
    np.testing.assert_array_equal(training_codes(corpus, window), training_codes(corpus, window, transpose=False))


def test_what_cannot_be_is_told(chorale):
    corpus = corpus_of(chorale)
    with pytest.raises(UsageError, match="expected the corpus' texture"):
        training_codes(corpus, Window(replace(SATB, steps_per_quarter=12), 8))
    with pytest.raises(UsageError, match="hop_steps"):
        training_codes(corpus, Window(SATB, 8), hop_steps=0)
    with pytest.raises(UsageError, match="lowest transposition first"):
        training_codes(corpus, Window(SATB, 8), transpose=(2, -2))
    with pytest.raises(CorpusError, match="got 2 train"):
        training_codes(corpus, Window(SATB, 8), "valid")
    assert decode(corpus.pieces[0].grid).parts  # and the corpus is as it was
