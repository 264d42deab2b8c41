"""Held notes are held: whatever is asked to stay stays, in sounding and in attack."""

from dataclasses import replace

import numpy as np
import pytest

from credo.compose import masks
from credo.compose.generate import Composer, Request
from credo.errors import UsageError
from credo.models import backend
from credo.music.steps import codes_of_voice, encode_steps
from credo.music.texture import SATB, Texture, Voice
from credo.music.window import Window
from credo.training.build import build
from strategies import MIXED
from tiny import RECIPE, random_grid

pytestmark = pytest.mark.machine

KEYS = Texture("keys", (Voice("keys", "poly", 60, 70),))
KIT = Texture("kit", (Voice("kit", "drums", instruments=((36, 35), (38,), (42, 44, 22))),))


def random_mask(grid, dice):
    """Cells as a user may ask for them: at random, a stretch of time, some voices, or a bit of each."""
    cells = Window(grid.texture, grid.texture.steps_per_quarter).cell_of_step_code
    at_random = (dice.random((grid.steps, cells.max() + 1)) < dice.random())[:, cells]
    start, stop = np.sort(dice.integers(0, grid.steps + 1, 2))
    stretch = masks.steps(grid, start, stop)
    voices = masks.voices(grid, {voice.name for voice in grid.texture.voices if dice.random() < 0.5})
    kinds = [at_random, stretch, voices, stretch & voices, ~stretch, voices & at_random, stretch | at_random]
    mask = kinds[dice.integers(len(kinds))].copy()
    mask[:, -1] = True
    return mask


def struck(texture, mask):
    """The mask without the loudness and timing of drums that may be struck or not."""
    mask, first = mask.copy(), 0
    for voice in texture.voices:
        if voice.expressive:
            bits = mask[:, first : first + voice.size]
            mask[:, first + voice.size : first + 3 * voice.size] &= np.tile(bits, 2)
        first += codes_of_voice(voice)
    return mask


def differing(composer, pairs, shortest, longest, seed):
    """How many held codes differ, how many were held, and how many free ones were changed."""
    dice = np.random.default_rng(seed)
    differ = held = changed = 0
    for number in range(pairs):
        grid = random_grid(composer.texture, int(dice.integers(shortest, longest + 1)), dice)
        asked = random_mask(grid, dice)
        closed = masks.whole_notes(grid, asked)
        assert not (asked & ~closed).any()
        result = composer.complete(grid, closed if number % 2 else asked, Request(seed=number, iterations=3))
        before, after = encode_steps(grid), encode_steps(result)
        closed = struck(grid.texture, closed)
        differ += int(((before != after) & closed).sum())
        held += int(closed.sum())
        changed += int(((before != after) & ~closed).sum())
    return differ, held, changed


def untrained(texture, steps):
    window = Window(texture, steps)
    recipe = replace(RECIPE, model=replace(RECIPE.model, window_steps=steps))
    return Composer(build(recipe, window), {"name": "noise", "texture": texture.to_dict(), "window_steps": steps})


@pytest.mark.parametrize(("pairs", "shortest", "longest"), [(600, 1, 16), (400, 17, 32)])
def test_a_thousand_pieces_keep_their_held_notes(tiny_composer, pairs, shortest, longest):
    pairs = pairs if backend.name() == "jax" else pairs // 20  # elsewhere each piece takes 20 times as long
    differ, held, changed = differing(tiny_composer, pairs, shortest, longest, seed=pairs)
    assert differ == 0
    assert held > 10 * pairs
    assert changed > 10 * pairs


@pytest.mark.parametrize("texture", [KEYS, KIT, MIXED], ids=lambda texture: texture.name)
def test_keys_and_drums_keep_theirs(texture):
    differ, held, changed = differing(untrained(texture, 12), 40, 1, 23, seed=40)
    assert differ == 0
    assert held > 400
    assert changed > 400


def test_loudness_of_held_notes_stays(tiny_composer):
    dice = np.random.default_rng(1)
    grid = random_grid(SATB, 16, dice)
    mask = masks.whole_notes(grid, masks.voices(grid, {"soprano"}))
    assert tiny_composer.complete(grid, mask, Request(iterations=3)).voices[0] == grid.voices[0]


def test_a_mask_that_holds_all_gives_the_piece_back(tiny_composer):
    grid = random_grid(SATB, 16, np.random.default_rng(2))
    assert tiny_composer.complete(grid, masks.everything(grid), Request(iterations=3)) == grid


def test_a_mask_of_another_shape_or_texture_is_refused(tiny_composer):
    grid = random_grid(SATB, 16, np.random.default_rng(3))
    with pytest.raises(UsageError, match="mask: expected shape"):
        tiny_composer.complete(grid, masks.nothing(grid)[:-1], Request())
    other = random_grid(KEYS, 16, np.random.default_rng(3))
    with pytest.raises(UsageError, match="expected the model's texture satb, got keys"):
        tiny_composer.complete(other, masks.nothing(other), Request())
