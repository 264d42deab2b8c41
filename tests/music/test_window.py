"""The layout of a passage as beats: there and back again, and which codes belong together."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.errors import UsageError
from credo.music.steps import BEAT, DOWNBEAT, HALF_BEAT, bar_timeline, encode_steps, metre_codes
from credo.music.texture import SATB, Texture, Voice
from credo.music.window import Window
from strategies import MIXED, TEXTURES, grids

DUET = Texture("duet", (Voice("lead", "mono", 60, 72), Voice("keys", "poly", 50, 51)))


@given(st.sampled_from(TEXTURES).flatmap(grids), st.integers(0, 30), st.booleans())
@settings(max_examples=100, deadline=None)
def test_steps_become_beats_and_beats_steps(grid, first_step, styles):
    window = Window(grid.texture, grid.texture.steps_per_quarter, ("Bach", "Byrd") if styles else ())
    steps = encode_steps(grid)
    labels = np.arange(window.labels) + 1
    beats = window.to_beats(steps, labels, first_step=first_step)
    before = -first_step % window.beat
    assert beats.shape == (-(-(before + grid.steps) // window.beat), window.size)
    assert beats.dtype == np.uint8
    assert (beats[:, -window.labels :] == labels).all()
    back = window.to_steps(beats, steps=grid.steps, first_step=first_step)
    np.testing.assert_array_equal(back, steps)
    everything = window.to_steps(beats)
    assert not everything[:before].any()
    assert not everything[before + grid.steps :].any()


def test_a_beat_is_the_codes_of_its_steps_code_by_code_and_then_its_labels():
    window = Window(DUET, 8)
    assert (window.beat, window.beats, window.codes_per_step, window.size) == (4, 2, 7, 30)
    steps = 10 * np.arange(6)[:, None] + np.arange(7)  # step and code
    beats = window.to_beats(steps, [[1, 2], [3, 4]], first_step=2)
    assert beats[0].tolist() == [x for code in range(7) for x in (0, 0, code, 10 + code)] + [1, 2]
    assert beats[1].tolist() == [x for code in range(7) for x in range(20 + code, 60 + code, 10)] + [3, 4]
    assert not window.to_beats(steps)[:, -2:].any()
    batch = window.to_beats(np.stack([steps, steps + 1]), first_step=2)
    np.testing.assert_array_equal(batch[0, :, :-2], beats[:, :-2])
    np.testing.assert_array_equal(window.to_steps(batch, steps=6, first_step=2)[1], steps + 1)


def test_which_codes_belong_together():
    """Each code is a cell; cells belong to a voice, a pitch and a step; the metre and the labels are context."""
    window = Window(DUET, 8)
    assert window.cell_of_step_code.tolist() == list(range(7))
    assert window.cell_of_code.tolist() == list(range(30))
    assert window.site_of_step_code.tolist() == [0, 0, 1, 2, 1, 2, 3]
    assert window.line_of_step_code.tolist() == [0, 0, 1, 1, 1, 1, 2]
    assert window.lines.tolist() == [0] * 8 + [1] * 16 + [2] * 6
    voices, beat, step, manner = window.groupings
    assert voices.tolist() == window.lines.tolist()
    assert set(beat) == {0}
    assert step.tolist() == [0, 1, 2, 3] * 7 + [4, 4]
    assert manner.tolist() == [-1] * 4 + [0] * 4 + [-1] * 8 + [0] * 8 + [-1] * 6
    assert window.held.tolist() == [False] * 24 + [True] * 6


@pytest.mark.parametrize("texture", [SATB, MIXED], ids=lambda texture: texture.name)
def test_blocks_are_in_the_order_of_the_codes(texture):
    window = Window(texture, texture.steps_per_quarter, ("Bach",))
    blocks = window.blocks
    assert sum(block.groups for block in blocks) == window.size == len(window.held) == len(window.cell_of_code)
    assert [block.name for block in blocks[-4:]] == ["metre", "tonic", "mode", "style"]
    assert [block.categories for block in blocks[-4:]] == [5, 13, 3, 2]
    assert all(block.held for block in blocks[-4:])
    assert not any(block.held for block in blocks[:-4])


@pytest.mark.parametrize("steps", [0, -4, 6, 15])
def test_passages_are_of_whole_quarters(steps):
    with pytest.raises(UsageError, match=f"window: expected whole quarters of 4 steps each, got {steps} steps"):
        Window(SATB, steps)


def test_eighths_that_are_no_beats_are_heard_as_halves_of_quarters():
    timeline = bar_timeline(2, 7, 8, SATB)
    codes = metre_codes(timeline, 4, 28)
    assert codes[:14].tolist() == codes[14:].tolist()
    assert codes[[0, 4, 8, 12]].tolist() == [DOWNBEAT, BEAT, BEAT, BEAT]
    assert codes[[2, 6, 10]].tolist() == [HALF_BEAT] * 3
