"""Pieces from noise: as long, as fast and in the key that was wished for, and the same again for the same seed."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import tiny
from credo.compose import masks
from credo.compose.generate import Composer, Request
from credo.errors import ModelError, UsageError
from credo.io.files import save
from credo.music.pitch import Key
from credo.music.steps import encode_steps
from credo.music.texture import DRUMS
from credo.music.window import Window
from credo.training.build import build

pytestmark = pytest.mark.machine


BARS = [((4, 4), 4), ((3, 4), 3), ((6, 8), 3), ((7, 8), Fraction(7, 2)), ((2, 2), 4)]


@pytest.mark.parametrize(("metre", "bar"), BARS)
def test_a_piece_has_the_bars_and_the_metre_of_the_wish(tiny_composer, metre, bar):
    timeline = tiny_composer.compose(Request(bars=2, metre=metre, iterations=2)).score.timeline
    assert timeline.length == 2 * bar
    assert len(list(timeline.bars())) == 2
    assert [(m.onset, m.numerator, m.denominator) for m in timeline.metres] == [(0, *metre)]


def test_a_piece_has_the_key_and_the_tempo_of_the_wish(tiny_composer):
    piece = tiny_composer.compose(Request(bars=2, key=Key(-2, "minor"), tempo=72.5, iterations=2))
    assert piece.score.timeline.key == Key(-2, "minor")
    assert piece.score.timeline.tempos[0].bpm == 72.5
    assert piece.grid.title == "Tiny in G minor, no. 0"
    assert piece.kept_quarters == 0


def test_keys_are_drawn_as_often_as_the_music_had_them(tiny_composer):
    shares = tiny_composer.card["keys"]
    assert sum(shares.values()) == pytest.approx(100, abs=0.1)
    drawn = [tiny_composer._draw_key(Request(seed=seed)).name for seed in range(300)]
    assert set(drawn) == set(shares)
    for name, share in shares.items():
        assert drawn.count(name) / 3 == pytest.approx(share, abs=10)


@pytest.fixture
def midi(tiny_composer, tmp_path):
    """The MIDI file of a request, in bytes."""

    def make(**wish) -> bytes:
        save(tiny_composer.compose(Request(bars=2, **{"iterations": 12, **wish})).score, tmp_path / "piece.mid")
        return (tmp_path / "piece.mid").read_bytes()

    return make


def test_the_same_seed_makes_the_same_bytes_and_another_does_not(midi):
    assert midi(seed=7) == midi(seed=7)
    assert midi(seed=7) != midi(seed=8)


def test_temperature_and_iterations_count(midi):
    assert len({midi(), midi(temperature=0.2), midi(iterations=5)}) == 3


def test_a_metre_between_the_steps_is_refused(tiny_composer):
    with pytest.raises(UsageError, match="metre: expected bars of whole 1/4 quarters, got 5/32"):
        tiny_composer.compose(Request(bars=16, metre=(5, 32)))


def test_progress_is_told_to_the_end(tiny_composer):
    told = []
    tiny_composer.compose(Request(bars=2, iterations=37), progress=lambda done, total: told.append((done, total)))
    done, totals = zip(*told, strict=True)
    assert list(done) == sorted(done)
    assert len(set(totals)) == 1
    assert done[-1] == totals[-1] >= 37


@pytest.mark.parametrize(
    "change",
    [
        {"texture": None},
        {"texture": "satb"},
        {"texture": {"name": "x", "voices": [], "steps_per_quarter": 4}},
        {"texture": {"name": "x", "voices": "soprano", "steps_per_quarter": 4}},
        {"texture": {"name": "x", "voices": [{"name": "a", "kind": "mono", "low": "c"}], "steps_per_quarter": 4}},
        {"window_steps": 0},
        {"window_steps": 18},
        {"room": 3},
        {"window_steps": "16"},
        {"keys": {"H major": 1}},
        {"keys": {"C major": -1}},
        {"keys": {"C major": "often"}},
        {"keys": ["C major"]},
    ],
)
def test_a_card_that_makes_no_sense_is_refused(tiny_composer, change):
    with pytest.raises(ModelError, match="model: expected"):
        Composer(tiny_composer.dbn, {**tiny_composer.card, **change})


def often(composer, *, bars=2, count=3):
    """A random piece whose first half is held, completed several times at once, and once by itself."""
    steps = bars * 16
    grid = tiny.random_grid(composer.texture, steps, np.random.default_rng(11))
    mask = masks.whole_notes(grid, masks.steps(grid, 0, steps // 2))
    wish = Request(iterations=12, seed=5)
    return grid, mask, composer.complete_often(grid, mask, wish, count), composer.complete(grid, mask, wish)


def held_codes(grid, mask):
    return encode_steps(grid)[mask].tolist()


def test_pieces_completed_at_once_are_each_their_own(tiny_composer):
    grid, mask, pieces, alone = often(tiny_composer)
    assert len(pieces) == 3
    assert pieces[0] == alone
    assert len({encode_steps(piece).tobytes() for piece in pieces}) == 3
    assert [held_codes(piece, mask) for piece in pieces] == 3 * [held_codes(grid, mask)]
    assert 0 < mask.mean() < 1


def test_drums_completed_at_once_are_struck_and_played_each_in_their_own_way():
    """Loudness and timing are drawn for each piece apart, for what they may be depends on its notes."""
    window = Window(DRUMS, 16)
    recipe = replace(tiny.RECIPE, model=replace(tiny.RECIPE.model, hidden=(12,), spans=(1,)))
    composer = Composer(build(recipe, window), {"name": "noise", "texture": DRUMS.to_dict(), "window_steps": 16})
    grid, mask, pieces, alone = often(composer, bars=1)
    kits = [piece.voices[0] for piece in pieces]
    assert pieces[0] == alone
    assert len({kit.sounding.tobytes() for kit in kits}) == 3
    assert [held_codes(piece, mask) for piece in pieces] == 3 * [held_codes(grid, mask)]
    for kit in kits[1:]:
        own = kit.sounding & ~kits[0].sounding
        assert len(np.unique(kit.velocity[own])) > 1  # as all others are where no loudness is drawn


@pytest.mark.once
@pytest.mark.parametrize("bars", [2, 4])
def test_short_drums_are_no_fewer_strokes_a_bar_than_long_ones(bars):
    """Silence around a short piece is no reason for silence in it."""
    drummer = Composer.load("drums")
    pieces = [drummer.compose(Request(bars=bars, seed=seed, iterations=96)).grid for seed in range(4)]
    strokes = [int(piece.voices[0].attack.sum()) / bars for piece in pieces]
    assert min(strokes) > 6, strokes
