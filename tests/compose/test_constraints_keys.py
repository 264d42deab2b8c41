"""Constraints on keyboards, drums and mixed textures, with networks that have learnt nothing."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from credo.compose.generate import Composer
from credo.compose.wishes import Request
from credo.models import backend
from credo.music.grid import REST
from credo.music.pitch import Key
from credo.music.texture import Texture, Voice
from credo.music.window import Window
from credo.training.build import build
from tiny import RECIPE

pytestmark = pytest.mark.machine

KEYS = Texture("keys", (Voice("keys", "poly", 43, 67),))
KIT = Texture("kit", (Voice("kit", "drums", instruments=((36, 35), (38,), (42, 44, 22))),))
SONG = Texture("song", (Voice("voice", "mono", 60, 76), Voice("keys", "poly", 43, 67)))
BAR, SEEDS = 16, range(5 if backend.name() == "jax" else 1)
C_MAJOR = [0, 2, 4, 5, 7, 9, 11]


@pytest.fixture(scope="module", params=[KEYS, KIT, SONG], ids=lambda texture: texture.name)
def composer(request):
    texture = request.param
    recipe = replace(RECIPE, model=replace(RECIPE.model, window_steps=16))
    card = {"name": "noise", "texture": texture.to_dict(), "window_steps": 16}
    return Composer(build(recipe, Window(texture, 16)), card)


def pieces(composer, **wish):
    for seed in SEEDS:
        key = None if composer.texture == KIT else Key(0)
        piece = composer.compose(Request(**{"bars": 3, "key": key, "iterations": 5, "seed": seed, **wish}))
        assert piece.settings["remarks"] == []
        yield piece.grid


def sounding(grid, voice):
    """Pitches at each step; a list of sets."""
    cells, kind = grid.voices[voice], grid.texture.voices[voice]
    if kind.kind == "mono":
        return [{int(pitch)} - {REST} for pitch in cells.sounding]
    return [{kind.pitch(int(i)) for i in np.flatnonzero(row)} for row in cells.sounding]


@pytest.mark.parametrize("most", [1, 2, 3])
def test_polyphony_counts_each_chord_voice_alone(composer, most):
    for grid in pieces(composer, polyphony=most):
        for voice in range(len(grid.voices)):
            assert max(map(len, sounding(grid, voice))) <= most


def test_patterns_say_where_notes_begin(composer):
    name = composer.texture.voices[-1].name
    for grid in pieces(composer, rhythm=((name, "x-.xx-.."),)):
        cells, sets = grid.voices[-1], sounding(grid, -1)
        drums = composer.texture == KIT
        for step, there in enumerate(sets):
            sign, first = "x-.xx-.."[step % BAR // 2], step % 2 == 0
            begins = bool(np.any(cells.attack[step]))
            assert begins == (sign == "x" and first)
            assert bool(there) == (begins if drums else sign != ".")
            if begins and not drums:
                np.testing.assert_array_equal(cells.attack[step], cells.sounding[step])  # the whole chord is struck


def test_density_counts_places_where_notes_begin(composer):
    for grid in pieces(composer, density=(("all", 1.0),)):
        for cells in grid.voices:
            begins = cells.attack.reshape(len(cells), -1).any(1)
            assert begins.reshape(-1, BAR).sum(1).max() <= 4


def test_bars_return(composer):
    for grid in pieces(composer, repeats=((3, 1, 1),)):
        for cells in grid.voices:
            np.testing.assert_array_equal(cells.sounding[2 * BAR :], cells.sounding[:BAR])
            np.testing.assert_array_equal(cells.attack[2 * BAR + 1 :], cells.attack[1:BAR])


def test_scales_chords_and_cadences_leave_drums_alone_and_bind_keys(composer):
    if composer.texture == KIT:
        assert all(len(grid.voices[0]) == 3 * BAR for grid in pieces(composer, cadence=True, scale="C major"))
        return
    for grid in pieces(composer, scale="key"):
        for voice in range(len(grid.voices)):
            assert all(pitch % 12 in C_MAJOR for there in sounding(grid, voice) for pitch in there)
    chords, tones = "C | G/B | C", ({0, 4, 7}, {7, 11, 2}, {0, 4, 7})
    for grid in pieces(composer, chords=chords, cadence=True):
        lowest = [min(there) % 12 if there else None for there in sounding(grid, -1)]
        assert [lowest[bar * BAR] for bar in range(3)] == [0, 11, 0]
        for step, there in enumerate(sounding(grid, -1)):
            assert {pitch % 12 for pitch in there} <= tones[step // BAR]
        final = sounding(grid, -1)[2 * BAR + 8 :]
        assert all(there == final[0] for there in final)
        assert min(final[0]) % 12 == 0
