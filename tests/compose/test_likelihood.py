"""How likely passages are under a model: against the masks taken by hand, and where there is nothing to tell."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from keras import ops

from credo.compose.given import Given
from credo.compose.likelihood import Likelihood
from credo.errors import UsageError
from credo.evaluation.comparison.floors import random_notes
from credo.models import random
from credo.music.passage import slice_score
from credo.music.score import Note, Part
from tiny import chorale

pytestmark = [pytest.mark.machine, pytest.mark.once]
ROWS = 64  # rows of a batch, in which masks are drawn


def by_hand(composer, windows, inside, seed):
    """Nats and hidden cells of each window, from a mask of a full batch."""
    dbn, rows = composer.dbn, np.resize(np.arange(len(windows)), ROWS)
    known, _ = dbn.draw_mask((ROWS, composer.window.beats), random.make_key(seed))
    v = dbn.visible.expand(ops.convert_to_tensor(windows[rows].astype("int32")))
    logits = dbn.predict_hidden(v, dbn.visible.spread(known))
    told = dbn.visible.log_prob(ops.convert_to_tensor(windows[rows].astype("int32")), logits)
    known, told = (ops.convert_to_numpy(x) for x in (known, told))
    found = []
    for row, of in enumerate(inside):
        hidden = (known[row] == 0) & (np.arange(len(known[row])) < of)[:, None]
        found.append((-told[row][hidden].sum(), hidden.sum()))  # each code is a cell of its own
    return np.array(found)


def test_against_the_masks_by_hand(tiny_composer):
    beats = tiny_composer.window.beats
    scores = [chorale(1, bars=2), slice_score(chorale(2, bars=2), Fraction(0), Fraction(5))]  # 8 and 5 quarters
    codes = [tiny_composer.beats(Given.of(score, tiny_composer.texture).grid) for score in scores]
    padded = [np.pad(of, ((0, -len(of) % beats), (0, 0))).reshape(-1, beats, of.shape[1]) for of in codes]
    expected = by_hand(tiny_composer, np.concatenate(padded), [4, 4, 4, 1], 5)
    found = Likelihood(tiny_composer, masks=1, seed=5)(scores)
    assert found == pytest.approx(expected.reshape(2, 2, 2).sum(axis=1), rel=1e-4)


def test_more_masks_are_more_cells_of_the_same_passage(tiny_composer):
    one, eight = (Likelihood(tiny_composer, masks=masks)([chorale(1), chorale(2)]) for masks in (1, 8))
    assert (eight[:, 1] > 4 * one[:, 1]).all()
    assert np.array_equal(eight, Likelihood(tiny_composer, masks=8)([chorale(1), chorale(2)]))


def test_music_that_has_no_place_is_not_measured(tiny_composer):
    high = chorale(1).transpose(40)
    crowd = replace(chorale(1), parts=(Part.of("organ", [Note(Fraction(0), 40 + k, Fraction(4)) for k in range(9)]),))
    found = Likelihood(tiny_composer, masks=2)([high, chorale(1), crowd])
    assert np.isnan(found).tolist() == [[True] * 2, [False] * 2, [True] * 2]
    assert Likelihood(tiny_composer, masks=2)([]).shape == (0, 2)


def test_music_like_its_own_is_likelier_than_notes_at_random(tiny_composer):
    real = [chorale(seed) for seed in range(4)]
    real, noise = (Likelihood(tiny_composer)(of).sum(axis=0) for of in (real, random_notes(real, 4, seed=0)))
    assert real[0] / real[1] < 0.9 * noise[0] / noise[1]


def test_wrong_use(tiny_composer):
    with pytest.raises(UsageError, match="masks: expected 1 or more, got 0"):
        Likelihood(tiny_composer, masks=0)
