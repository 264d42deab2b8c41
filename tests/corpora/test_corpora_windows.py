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
from credo.music.steps import OUTSIDE, decode_steps, encode_steps, key_codes
from credo.music.texture import DRUMS, SATB
from credo.music.transform import fit, transpose, transposition_range
from credo.music.window import Window
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


def labels(codes):
    """Tonic and mode of each beat."""
    return codes[..., -2:]


def test_windows_are_the_passages_of_the_pieces(chorale):
    """They begin at each beat, from half a window before the piece; a beat outside has codes of 0, labels too."""
    corpus, window = corpus_of(chorale, (1,)), Window(SATB, 52)  # 13 beats: the whole piece
    strip = training_codes(corpus, window, transpose=False)
    assert strip.shape == (13, 13, window.size)
    piece = window.repeated(encode_steps(corpus.pieces[0].grid))
    for start, row in zip(range(-6, 7), strip[:], strict=True):
        inside = (np.arange(start, start + 13) >= 0) & (np.arange(start, start + 13) < 13)
        steps = window.to_steps(row)
        for t in range(52):
            expected = piece[4 * start + t] if inside[t // 4] else 0
            np.testing.assert_array_equal(steps[t], expected)
        np.testing.assert_array_equal(labels(row), np.where(inside[:, None], key_codes(KEY), 0))
        assert (steps[~np.repeat(inside, 4), -1] == OUTSIDE).all()
    assert decode_steps(window.to_steps(strip[6]), corpus.pieces[0].grid) == corpus.pieces[0].grid


def test_windows_of_two_pieces_share_nothing_but_what_is_outside(chorale):
    corpus = corpus_of(chorale, (1, 2))
    for steps in (4, 8, 12, 40):  # of odd and even numbers of beats
        window = Window(SATB, steps)
        both = {row.tobytes() for row in training_codes(corpus, window, transpose=False)[:]}
        apart = [training_codes(corpus_of(chorale, (seed,)), window, transpose=False)[:] for seed in (1, 2)]
        assert both == {row.tobytes() for rows in apart for row in rows}


def test_windows_begin_every_so_many_beats(chorale):
    corpus, window = corpus_of(chorale, (1, 2)), Window(SATB, 16)
    every = training_codes(corpus, window)
    some = training_codes(corpus, window, hop=3)
    np.testing.assert_array_equal(some.blocks, every.blocks)
    versions = len(every) // 13
    np.testing.assert_array_equal(some[:], every[:].reshape(versions, 13, 4, -1)[:, ::3].reshape(-1, 4, window.size))


def test_each_allowed_transposition_comes_once_with_its_key(chorale):
    corpus, window = corpus_of(chorale, (1,)), Window(SATB, 8)
    grid = corpus.pieces[0].grid
    allowed = [n for n in range(-6, 6) if n in transposition_range(grid)]
    versions = np.split(training_codes(corpus, window)[:], len(allowed))
    moved = []
    for semitones in allowed:
        source = Source("x", "", keys=(KeyChange(Fraction(0), KEY.transpose(semitones)),))
        piece = Piece.of("x", transpose(grid, semitones), source=source)
        moved.append(training_codes(Corpus(SATB, (piece,), Card("moved")), window, transpose=(0, 0))[:])
    assert len(allowed) > 1
    assert {rows.tobytes() for rows in versions} == {rows.tobytes() for rows in moved}


def test_beats_count_from_the_first_downbeat(chorale):
    """An upbeat of half a beat fills the second half of the beat before."""
    window = Window(SATB, 8)
    corpus = corpus_of(chorale, (1,), pickup=Fraction(1, 2))
    codes = training_codes(corpus, window, transpose=False)[:]
    steps, piece = window.to_steps(codes), window.repeated(encode_steps(corpus.pieces[0].grid))
    assert len(codes) == 14
    np.testing.assert_array_equal(steps[0], [*np.zeros((6, 9)), *piece[:2]])
    np.testing.assert_array_equal(steps[1], [*np.zeros((2, 9)), *piece[:6]])
    np.testing.assert_array_equal(steps[2], piece[2:10])
    assert (labels(codes[1]) == key_codes(KEY)).all()


def test_a_beat_has_the_key_in_force_at_its_beginning(chorale):
    second = Key(1)
    keys = (KeyChange(Fraction(0), KEY), KeyChange(Fraction(13, 2), second))
    codes = training_codes(corpus_of(chorale, (1,), keys=keys), Window(SATB, 4), transpose=(1, 1))[:]
    for beat, row in enumerate(codes):
        np.testing.assert_array_equal(labels(row)[0], key_codes((KEY if beat < 7 else second).transpose(1)))


def test_an_unknown_key_stays_unknown(chorale):
    codes = training_codes(corpus_of(chorale, keys=()), Window(SATB, 8), transpose=(2, 2))[:]
    assert (labels(codes) == 0).all()


def test_beats_have_the_style_of_their_piece(chorale):
    corpus, window = corpus_of(chorale, (1, 2, 3)), Window(SATB, 4, ("Bach", "Byrd"))
    styles = {"1": "Byrd", "2": "Bach", "3": "Brahms"}
    codes = training_codes(corpus, window, transpose=False, style_of=lambda piece: styles[piece.name])[:][:, 0]
    plain = training_codes(corpus, Window(SATB, 4), transpose=False)[:][:, 0]
    np.testing.assert_array_equal(codes[:, :-1], plain)
    assert np.bincount(codes[:, -1]).tolist() == [13, 13, 13]  # unknown, Bach, Byrd
    bach = plain[codes[:, -1] == 1]
    alone = training_codes(corpus_of(chorale, (2,)), Window(SATB, 4), transpose=False)[:][:, 0]
    np.testing.assert_array_equal(bach, alone)
    assert not training_codes(corpus, window, transpose=False)[:][..., -1].any()


def test_labels_are_hidden_in_their_share_of_the_pieces_each_for_itself(chorale):
    corpus, window = corpus_of(chorale, range(40)), Window(SATB, 4, ("Bach",))
    codes = training_codes(corpus, window, hide_labels=0.5, style_of=lambda piece: "Bach", seed=3)[:][:, 0]
    pieces = codes.reshape(-1, 13, window.size)
    told = pieces[..., -3:] > 0
    assert (told == told[:, :1]).all()  # a piece has its labels throughout or never
    np.testing.assert_array_equal(told[..., 0], told[..., 1])
    key, style = told[:, 0, 0], told[:, 0, 2]
    limit = 4 * 0.5 * np.sqrt(len(pieces))
    assert all(abs(each.sum() - len(pieces) / 2) < limit for each in (key, style, key == style))
    for share, expected in ((0.0, True), (1.0, False)):
        codes = training_codes(corpus, window, hide_labels=share, style_of=lambda piece: "Bach")[:][:, 0]
        assert ((codes[:, -3:] > 0) == expected).all()


def test_every_piece_comes_once_before_any_comes_twice(chorale):
    corpus, window = corpus_of(chorale, range(5)), Window(SATB, 4)
    repeats = [window.repeated(encode_steps(piece.grid))[:, 1:8:2].tobytes() for piece in corpus.pieces]
    for most, pieces in ((1, 1), (2 * 13 + 1, 3), (5 * 13, 5)):
        strip = training_codes(corpus, window, most_beats=most, seed=2)
        steps = window.to_steps(strip[:][:, 0]).reshape(-1, 52, 9)
        seen = [rows[:, 1:8:2].tobytes() for rows in steps]
        assert len(seen) == len(set(seen)) == pieces
        assert set(seen) <= set(repeats)
    orders = {training_codes(corpus, window, most_beats=1, seed=seed).blocks.tobytes() for seed in range(8)}
    assert len(orders) > 2


def test_a_share_of_the_windows_is_drawn_by_the_seed(chorale):
    corpus, window = corpus_of(chorale, (1, 2, 3)), Window(SATB, 16)
    everything = {row.tobytes() for row in training_codes(corpus, window)[:]}
    some = training_codes(corpus, window, max_windows=41, seed=7)
    assert len(some) == len(np.unique(some.starts)) == 41
    assert {row.tobytes() for row in some[:]} <= everything
    np.testing.assert_array_equal(some[:], training_codes(corpus, window, max_windows=41, seed=7)[:])
    assert not np.array_equal(some[:], training_codes(corpus, window, max_windows=41, seed=8)[:])
    assert len(training_codes(corpus, window, max_windows=10**6)) == len(training_codes(corpus, window))


def test_drums_come_once():
    hits = [Note(Fraction(i), 36, Fraction(1, 4)) for i in range(8)]
    grid = fit(Score((Part.of("drums", hits, is_drums=True),)), DRUMS).grid
    corpus = Corpus(DRUMS, (Piece.of("beat", grid),), Card("beat"))
    window = Window(DRUMS, 8)
    np.testing.assert_array_equal(training_codes(corpus, window)[:], training_codes(corpus, window, transpose=False)[:])


def test_what_cannot_be_is_told(chorale):
    corpus = corpus_of(chorale)
    with pytest.raises(UsageError, match="expected the corpus' texture"):
        training_codes(corpus, Window(replace(SATB, steps_per_quarter=12), 12))
    with pytest.raises(UsageError, match="hop: expected at least 1, got 0"):
        training_codes(corpus, Window(SATB, 8), hop=0)
    with pytest.raises(UsageError, match="lowest transposition first"):
        training_codes(corpus, Window(SATB, 8), transpose=(2, -2))
    with pytest.raises(CorpusError, match="got 2 train"):
        training_codes(corpus, Window(SATB, 8), "valid")
    assert decode(corpus.pieces[0].grid).parts  # and the corpus is as it was
