"""Pieces as the page has them, to grids and back."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("fastapi", reason="the extra studio is not installed")

from credo.music.grid import decode
from credo.music.score import Metre, Tempo, Timeline
from credo.music.texture import SATB
from credo.web.messages import PieceMessage
from credo.web.pieces import Sheet, in_whole_bars, message_of, notes_of
from strategies import TEXTURES
from tiny import random_grid


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), texture=st.sampled_from(TEXTURES), steps=st.integers(1, 53))
def test_a_piece_goes_to_a_grid_and_back_without_a_loss(seed, texture, steps):
    grid, _ = in_whole_bars(random_grid(texture, steps, np.random.default_rng(seed)))
    message = PieceMessage.model_validate(message_of(grid, "some"))
    sheet = Sheet.read(message, texture)
    assert sheet.grid.voices == grid.voices
    assert message_of(sheet.grid, "some") == message.model_dump()
    pairs = [(note.pitch, note.onset) for note in notes_of(grid)]
    sounding = [(n.pitch, n.onset) for part in decode(grid).parts for n in part.notes]
    assert len(pairs) == len(sounding)


def test_an_upbeat_begins_after_rests():
    grid = random_grid(SATB, 20, np.random.default_rng(1))
    timeline = Timeline(
        Fraction(5),
        (Tempo(Fraction(0), 100.0), Tempo(Fraction(2), 50.0)),
        (Metre(Fraction(0), 4, 4),),
        pickup=Fraction(1),
    )
    whole, remarks = in_whole_bars(type(grid)(SATB, grid.voices, timeline))
    assert whole.steps == 32
    assert whole.timeline.pickup == 0
    assert whole.timeline.tempos == (Tempo(Fraction(0), 100.0),)
    assert [note.onset for note in notes_of(whole)] == [note.onset + 12 for note in notes_of(grid)]
    assert [remark.split()[0] for remark in remarks] == ["tempo:", "the"]
