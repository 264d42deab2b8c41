"""A strip is used as the array of its windows would be."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.errors import UsageError
from credo.strips import Strip


@st.composite
def strips(draw):
    blocks, length = draw(st.integers(1, 31)), draw(st.integers(1, 7))
    places = st.integers(0, max(0, blocks - length))
    starts = draw(st.lists(places, max_size=13)) if length <= blocks else []
    return Strip(np.random.default_rng(blocks).integers(0, 99, (blocks, 3)), np.array(starts, int), length)


@given(strips(), st.data())
@settings(deadline=None)
def test_rows_are_those_of_the_array_of_windows(strip, data):
    windows = np.array([strip.blocks[start : start + strip.length] for start in strip.starts])
    windows = windows.reshape(len(strip.starts), strip.length, 3)
    assert len(strip) == len(windows)
    assert strip.shape == windows.shape
    np.testing.assert_array_equal(strip[:], windows)
    np.testing.assert_array_equal(strip[::2], windows[::2])
    if len(strip):
        rows = data.draw(st.lists(st.integers(-len(strip), len(strip) - 1), max_size=5))
        np.testing.assert_array_equal(strip[rows], windows[rows])
        np.testing.assert_array_equal(strip[np.array(rows, int)], windows[np.array(rows, int)])


@pytest.mark.parametrize("starts", [[-1], [0, 4], [7]])
def test_windows_lie_inside(starts):
    with pytest.raises(UsageError, match="strip: expected windows of 3 inside 6 blocks"):
        Strip(np.zeros((6, 2), int), np.array(starts), 3)


@pytest.mark.parametrize(("blocks", "starts"), [(np.zeros(6), np.zeros(2, int)), (np.zeros((6, 2)), np.zeros((2, 1)))])
def test_wrong_shapes_are_refused(blocks, starts):
    with pytest.raises(UsageError, match="expected shape"):
        Strip(blocks, starts, 1)
