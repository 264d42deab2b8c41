"""Partitions of cells beside the music, such as loudness: hidden alone, or all of them with other cells."""

import numpy as np
import pytest
from keras import ops

from credo.models import random
from credo.models.dbn import DBN

pytestmark = pytest.mark.machine

BESIDE = np.array([-1, -1, -1, 0, 0, 0, 0])


def hidden_cells(groupings, rows: int = 4000, blocks: int = 3) -> np.ndarray:
    """Which of seven cells are hidden, 1 or 0; (rows, blocks, 7)."""
    dbn = DBN(7, [2], spans=[1], groupings=groupings, blocks=blocks)
    known, _ = dbn.draw_mask((rows, blocks), random.make_key(3), grouped=True)
    return 1 - np.asarray(ops.convert_to_numpy(known))


def test_cells_beside_the_music_are_hidden_alone_and_altogether():
    hidden = hidden_cells([BESIDE])
    music, beside = hidden[..., :3].mean(axis=(1, 2)), hidden[..., 3:].mean(axis=(1, 2))
    # half of the rows are of this kind; of the others half hide all that is beside
    assert 0.45 < (music == 0).mean() < 0.65
    assert 0.23 < ((beside == 1) & (music > 0)).mean() < 0.35
    alone = hidden[music == 0]
    assert alone[..., 3:].any()
    assert 0.2 < alone[..., 3:].mean() < 0.8


def test_other_partitions_hide_nothing_more():
    assert (hidden_cells([np.zeros(7, int)]).mean(axis=(1, 2)) == 1).mean() < 0.3
