"""Loudness and timing among the codes of a window."""

from fractions import Fraction

import numpy as np

from credo.music.grid import Cells, Grid
from credo.music.score import Timeline
from credo.music.steps import LEVEL_STARTS, LEVEL_VELOCITIES, decode_steps, encode_steps, levels_of
from credo.music.texture import Texture, Voice
from credo.music.window import Window
from strategies import MIXED

KIT = Texture("kit", (Voice("kit", "drums", instruments=((36,), (38,)), expressive=True),))


def kit(sounding, velocity=None, offset=None) -> Grid:
    cells = Cells.of(KIT.voices[0], np.array(sounding, bool), None, velocity, offset)
    return Grid(KIT, (cells,), Timeline(Fraction(len(cells), 4)))


def test_each_level_is_played_with_a_velocity_of_its_own():
    assert levels_of(np.array(LEVEL_VELOCITIES)).tolist() == list(range(1, 9))
    assert levels_of(np.array([1, 127, *LEVEL_STARTS])).tolist() == [1, 8, *range(2, 9)]


def test_a_hit_has_a_bit_a_level_and_a_timing():
    grid = kit([[1, 0], [0, 1]], np.array([[100, 0], [0, 20]]), np.array([[0, 4], [0, -3]]))
    assert encode_steps(grid)[:, :-1].tolist() == [[1, 0, 7, 0, 5, 0], [0, 1, 0, 1, 0, 2]]
    assert [(block.name, block.groups, block.categories) for block in Window(KIT, 4).blocks[:3]] == [
        ("kit sounding", 8, 2),
        ("kit loudness", 8, 9),
        ("kit timing", 8, 10),
    ]


def test_codes_become_hits():
    like = kit([[1, 1], [0, 0]], np.array([[101, 30], [0, 0]]))
    codes = encode_steps(like)
    codes[:, :6] = [[1, 1, 7, 5, 9, 7], [1, 0, 0, 6, 0, 3]]
    (cells,) = decode_steps(codes, like).voices
    assert cells.sounding.tolist() == [[True, True], [True, False]]
    # the same level keeps the velocity, another has its own; a hit without one is neither soft nor loud
    assert cells.velocity.tolist() == [[101, 69], [80, 0]]
    assert cells.offset.tolist() == [[4, 2], [0, 0]]


def test_rows_of_training_hide_a_drum_at_a_step_and_all_manner():
    window = Window(KIT, 4)
    *_, site, manner = window.groupings
    codes = window.cell_of_code
    assert site[codes].tolist() == [*range(8)] * 3 + [8, 9, 10, 11, 12, 12]
    assert manner[codes].tolist() == [-1] * 8 + [0] * 16 + [-1] * 6
    assert Window(MIXED, 12).manner_of_step_code.sum() == 1 + 17 + 6


def test_a_piece_begins_on_time():
    assert kit([[1, 1]], None, np.array([[-2, 3]])).voices[0].offset.tolist() == [[0, 3]]
