"""Moments: as many as were asked for, for all voices together, whatever a network has learnt."""

from __future__ import annotations

import numpy as np
import pytest

from credo.compose import masks
from credo.compose.constraints.moments import roots
from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import SCALES
from credo.music.texture import Texture, Voice
from credo.music.window import Window
from credo.training.build import build
from tiny import RECIPE

pytestmark = pytest.mark.machine

BAR, BARS = 16, 4
KIT = Texture("kit", (Voice("kit", "drums", instruments=((36, 35), (38,), (42, 44, 22))),))
KEYS = Texture("keys", (Voice("keys", "poly", 43, 67),))


def begins(grid) -> np.ndarray:
    """Steps at which notes begin, shape (T,), bool."""
    return np.any([cells.attack.reshape(len(cells), -1).any(1) for cells in grid.voices], axis=0)


def untaught(texture) -> Composer:
    """A composer that has learnt nothing."""
    return Composer(
        build(RECIPE, Window(texture, 16)), {"name": "noise", "texture": texture.to_dict(), "window_steps": 16}
    )


@pytest.mark.parametrize("asked", [0.25, 0.7, 1, 1.6, 2.5, 4])
def test_voices_have_the_moments_that_were_asked_for(tiny_composer, asked):
    for seed in range(4):
        grid = tiny_composer.compose(Request(bars=BARS, iterations=6, seed=seed, moments=asked)).grid
        assert begins(grid).sum() == pytest.approx(asked * 4 * BARS, abs=1)


def test_every_bar_has_its_own_places(tiny_composer):
    grid = tiny_composer.compose(Request(bars=BARS, iterations=6, seed=1, moments=1.5)).grid
    bars = begins(grid).reshape(BARS, BAR)
    assert bars[:, 0].all()
    assert len({tuple(bar) for bar in bars}) > 1


def test_copies_have_the_places_of_their_originals(tiny_composer):
    wish = Request(bars=BARS, iterations=6, seed=2, moments=1.6, repeats=((2, 1, 1), (4, 1, 2)), cadence=False)
    piece = tiny_composer.compose(wish)
    bars = begins(piece.grid).reshape(BARS, BAR)
    assert piece.settings["remarks"] == []
    assert (bars[[1, 3]] == bars[0]).all()
    assert roots(wish.repeats) == {2: 1, 4: 1}


@pytest.mark.parametrize("metre", [(3, 4), (6, 8), (5, 8)])
@pytest.mark.parametrize("key", [Key(0), Key(0, "minor")])
def test_with_a_cadence_a_scale_and_chords(tiny_composer, metre, key):
    """The other wishes hold too, or the composer would say so."""
    wish = Request(bars=5, metre=metre, key=key, iterations=6, seed=3, moments=1.3, scale="key", cadence=True)
    piece = tiny_composer.compose(wish)
    assert piece.settings["remarks"] == []
    quarters = 4 * metre[0] / metre[1]
    assert begins(piece.grid).sum() == pytest.approx(1.3 * 4 * quarters + 1, abs=2)


def test_held_notes_count_and_stay(tiny_composer):
    grid = tiny_composer.compose(Request(bars=BARS, iterations=6, seed=4, moments=2)).grid
    mask = masks.voices(grid, {"soprano"})
    remarks = []
    wish = Request(iterations=6, seed=5, moments=2)
    new = tiny_composer.complete(grid, mask, wish, remarks=remarks)
    assert new.voices[0] == grid.voices[0]
    assert remarks == []
    assert begins(new).sum() == pytest.approx(2 * 4 * BARS, abs=2)


@pytest.mark.parametrize("asked", [0.5, 1.5, 3])
def test_drums_keep_the_pulse(asked):
    grid = untaught(KIT).compose(Request(bars=BARS, iterations=4, seed=6, moments=asked)).grid
    assert begins(grid).sum() == pytest.approx(asked * 4 * BARS, abs=1)
    assert (grid.voices[0].sounding[:, 2] == begins(grid)).all()


@pytest.mark.parametrize("asked", [0.5, 1.5, 3])
@pytest.mark.parametrize("polyphony", [None, 1, 3])
def test_keyboards_have_the_moments_that_were_asked_for(asked, polyphony):
    wish = Request(bars=BARS, key=Key(0), iterations=4, seed=7, moments=asked, polyphony=polyphony)
    grid = untaught(KEYS).compose(wish).grid
    assert begins(grid).sum() == pytest.approx(asked * 4 * BARS, abs=1)
    assert polyphony is None or grid.voices[0].sounding.sum(1).max() <= polyphony


def test_fewer_voices_still_move(tiny_composer):
    grid = tiny_composer.compose(Request(bars=BARS, iterations=6, seed=8, moments=2, polyphony=2)).grid
    assert begins(grid).sum() == pytest.approx(2 * 4 * BARS, abs=1)


@pytest.mark.parametrize("asked", [0, -1, 17, float("nan")])
def test_what_cannot_be_is_refused(asked):
    with pytest.raises(UsageError, match="moments: expected more than 0 and at most 16"):
        Request(moments=asked)


MODES = ("lydian", "mixolydian", "dorian", "phrygian", "locrian", "harmonic minor", "minor pentatonic", "whole tone")


@pytest.mark.parametrize("mode", MODES)
def test_cadences_are_in_the_notes_of_the_scale(tiny_composer, mode):
    """In modes without a leading tone too; the bass ends on the tonic."""
    key = Key.of_tonic(2, "minor" if 3 in SCALES[mode] else "major")
    wish = Request(bars=BARS, key=key, iterations=6, seed=9, scale=f"D {mode}", cadence=True, parallels=True)
    piece = tiny_composer.compose(wish)
    classes = {(2 + step) % 12 for step in SCALES[mode]}
    assert piece.settings["remarks"] == []
    assert {note.pitch % 12 for note in piece.score.notes} <= classes
    assert piece.grid.voices[-1].sounding[-1] % 12 == 2
    ending = {int(cells.sounding[-1]) % 12 for cells in piece.grid.voices}
    assert ending & {5, 6}


@pytest.mark.parametrize(("mode", "own"), [("lydian", {6}), ("mixolydian", {10}), ("dorian", {9}), ("phrygian", {1})])
@pytest.mark.parametrize("more", [{}, {"repeats": ((5, 4, 1),)}, {"moments": 1.0}, {"polyphony": 1}, {"metre": (6, 8)}])
def test_modes_are_heard(tiny_composer, mode, own, more):
    key = Key.of_tonic(7, "minor" if 3 in SCALES[mode] else "major")
    wish = Request(bars=8, key=key, iterations=4, seed=1, scale=f"G {mode}", colour=True, cadence=True, **more)
    piece = tiny_composer.compose(wish)
    assert piece.settings["remarks"] == []
    assert {(note.pitch - 7) % 12 for note in piece.score.notes} & own == own
    assert {(note.pitch - 7) % 12 for note in piece.score.notes} <= set(SCALES[mode])


def test_colour_is_left_where_it_cannot_be(tiny_composer):
    """In plain scales, in bars that are held, and where chords are asked for."""
    for more in ({"scale": "key"}, {"scale": "C major"}, {"scale": "C lydian", "chords": "C"}, {}):
        wish = Request(bars=BARS, key=Key(0), iterations=4, seed=1, colour=True, **more)
        assert tiny_composer.compose(wish).settings["remarks"] == []
    grid = tiny_composer.compose(Request(bars=BARS, key=Key(0), iterations=4, seed=1)).grid
    wish = Request(iterations=4, seed=2, scale="C lydian", colour=True)
    assert tiny_composer.complete(grid, masks.everything(grid), wish) == grid


def test_keyboards_have_their_colour():
    wish = Request(bars=BARS, key=Key(0), iterations=4, seed=7, scale="C lydian", colour=True)
    grid = untaught(KEYS).compose(wish).grid
    assert grid.voices[0].sounding[:, [pitch - 43 for pitch in (54, 66)]].any()


@pytest.mark.parametrize("wish", [{"cadence": True}, {"scale": "C lydian", "colour": True}])
def test_keys_beyond_the_compass_are_no_held_notes(wish):
    """A window with room for other keys holds what lies beyond the compass silent; nobody needs to be told."""
    window = Window(KEYS, 16, room=6)
    composer = Composer(
        build(RECIPE, window), {"name": "noise", "texture": KEYS.to_dict(), "window_steps": 16, "room": 6}
    )
    assert composer.compose(Request(bars=2, key=Key(0), iterations=4, seed=1, **wish)).settings["remarks"] == []
