from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.errors import UsageError
from credo.music.grid import decode
from credo.music.passage import bar_steps, concatenate, pad, slice_grid
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Timeline
from credo.music.texture import DRUMS, MELODY, SATB, SONG
from credo.music.transform import common_key_shift, fit, to_common_key, transpose, transposition_range
from strategies import MIXED, grids, textures

few = settings(max_examples=25, deadline=None)


def melody(*pitches, key=None, **timeline):
    """A grid of quarter notes."""
    notes = [Note(Q(i), pitch, Q(1), 61 + i) for i, pitch in enumerate(pitches)]
    keys = (KeyChange(Q(0), key),) if key else ()
    return fit(Score((Part.of("melody", notes),), Timeline(keys=keys, **timeline)), MELODY).grid


def bars_of(grid):
    """Each bar's start and metre."""
    return [(start, metre.numerator, metre.denominator) for start, _, metre in grid.timeline.bars()]


def keys_of(grid):
    """The keys as they sound, however they are spelled."""
    return [(change.onset, change.key.tonic, change.key.mode) for change in grid.timeline.keys]


@few
@given(st.data())
def test_transposing_back_brings_the_music_back(data):
    grid = data.draw(grids(data.draw(textures)))
    semitones = data.draw(st.sampled_from(transposition_range(grid)))
    back = transpose(transpose(grid, semitones), -semitones)
    assert back.voices == grid.voices
    assert keys_of(back) == keys_of(grid)


@few
@given(st.data())
def test_transposing_the_grid_is_transposing_the_score(data):
    grid = data.draw(grids(data.draw(textures)))
    semitones = data.draw(st.sampled_from([s for s in transposition_range(grid) if abs(s) < 12]))
    moved = decode(transpose(grid, semitones))
    assert moved.parts == decode(grid).transpose(semitones).parts
    if semitones:
        assert moved.timeline == decode(grid).transpose(semitones).timeline


def test_the_range_of_transposition_ends_where_a_voice_does():
    grid = melody(60, 70, 85)
    assert transposition_range(grid) == range(48 - 60, 88 - 85 + 1)
    transpose(grid, 3)
    with pytest.raises(UsageError, match=r"expected -12\.\.3 semitones.*got 4"):
        transpose(grid, 4)


def test_drums_stay_and_do_not_limit():
    grid = fit(Score((Part.of("kit", [Note(Q(0), 36, Q(1))], is_drums=True),)), DRUMS).grid
    assert transpose(grid, 5).voices == grid.voices


def test_the_common_key_is_the_nearest_one_that_fits():
    assert to_common_key(melody(62, 66, 69, 74, key=Key.parse("D"))).timeline.key == Key.parse("C")
    assert common_key_shift(melody(62, 65, 69, key=Key.parse("Dm"))) == -5
    assert common_key_shift(melody(48, 66, 69), Key.parse("D")) == 10  # 48 cannot go down
    assert common_key_shift(melody(48, 66, 88), Key.parse("D")) is None
    with pytest.raises(UsageError, match="D major to fit the voices in C major"):
        to_common_key(melody(48, 66, 88), Key.parse("D"))


def test_a_grid_without_a_key_is_heard_first():
    assert to_common_key(melody(67, 71, 74, 78, 79, 74, 71, 67)) == transpose(melody(67, 71, 74, 78, 79, 74, 71, 67), 5)


@few
@given(st.data())
def test_a_grid_cut_anywhere_and_joined_sounds_the_same(data):
    grid = data.draw(grids(data.draw(textures)))
    cut = data.draw(st.integers(0, grid.steps))
    joined = concatenate([slice_grid(grid, 0, cut), slice_grid(grid, cut, grid.steps)])
    for cells, whole in zip(joined.voices, grid.voices, strict=True):
        np.testing.assert_array_equal(cells.sounding, whole.sounding)
        other = np.arange(grid.steps) != cut
        np.testing.assert_array_equal(cells.attack[other], whole.attack[other])
        np.testing.assert_array_equal(cells.velocity[other], whole.velocity[other])
    assert joined.timeline.length == grid.timeline.length
    for step in range(grid.steps):
        place = grid.quarters(step)
        assert joined.timeline.key_at(place) == grid.timeline.key_at(place)
        assert joined.timeline.seconds_at(place) == pytest.approx(grid.timeline.seconds_at(place))
    assert [bar for bar in bars_of(joined) if bar in bars_of(grid) or bar[0] != grid.quarters(cut)] == bars_of(grid)


def test_a_grid_cut_where_notes_begin_and_joined_is_the_same_grid():
    grid = melody(60, 62, 64, 65, 67, 69, 71, key=Key(0), metres=(Metre(Q(0), 3, 4),), pickup=Q(1))
    for step in range(0, grid.steps + 1, 12):
        assert concatenate([slice_grid(grid, 0, step), slice_grid(grid, step, grid.steps)]) == grid


@few
@given(st.data())
def test_a_slice_is_the_passage_of_the_score(data):
    grid = data.draw(grids(MIXED, min_steps=1))
    start = data.draw(st.integers(0, grid.steps))
    end = data.draw(st.integers(start, grid.steps))
    left, right = grid.quarters(start), grid.quarters(end)
    for cells, cut in zip(grid.voices, slice_grid(grid, start, end).voices, strict=True):
        assert (cut.offset[1:] == cells.offset[start:end][1:]).all()  # nothing sounds before the start
        assert (cut.offset[:1] == cells.offset[start:end][:1].clip(min=0)).all()
    grid = grid.with_voices(replace(cells, offset=None) for cells in grid.voices)
    for part, passage in zip(decode(grid).parts, decode(slice_grid(grid, start, end)).parts, strict=True):
        expected = sorted(
            Note(max(n.onset, left) - left, n.pitch, min(n.end, right) - max(n.onset, left), n.velocity)
            for n in part.notes
            if max(n.onset, left) < min(n.end, right)
        )
        assert list(passage.notes) == expected


def test_a_slice_outside_the_grid_is_refused():
    with pytest.raises(UsageError, match=r"0 <= start <= end <= 24 steps, got 5 and 25"):
        slice_grid(melody(60, 62), 5, 25)


def test_joining_needs_one_texture():
    with pytest.raises(UsageError, match="grids of one texture"):
        concatenate([melody(60), fit(Score(()), SATB).grid])


def test_padding_adds_silence_at_the_end():
    padded = pad(melody(60, 62), 7)
    assert padded.steps == 31
    assert decode(padded).parts == decode(melody(60, 62)).parts
    assert slice_grid(padded, 0, 24) == melody(60, 62)


def test_bars_in_steps():
    grid = melody(60, 62, 64, 65, 67, metres=(Metre(Q(0), 3, 4),), pickup=Q(1))
    assert bar_steps(grid) == [(0, 12), (12, 48), (48, 60)]


def test_an_empty_score_is_an_empty_grid():
    fitted = fit(Score(()), SONG)
    assert fitted.grid.steps == 0
    assert fitted.omissions == ()
    assert concatenate([fitted.grid, fitted.grid]) == fitted.grid
