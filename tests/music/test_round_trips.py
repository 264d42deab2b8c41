"""Nothing is lost between a quantised score and its grid, nor between a grid and its codes."""

from fractions import Fraction

from hypothesis import given, settings
from hypothesis import strategies as st

from credo.music.fitting.omissions import count
from credo.music.fitting.placing import place
from credo.music.grid import Cells, decode, encode
from credo.music.steps import decode_steps, encode_steps
from credo.music.transform import fit, quantise
from strategies import grids, messy_scores, scores_on, textures

few = settings(max_examples=40, deadline=None)


@few
@given(st.data())
def test_a_quantised_score_comes_back_from_its_grid_note_for_note(data):
    texture = data.draw(textures)
    quantised = quantise(data.draw(scores_on(texture)), texture)
    assert decode(encode(quantised.score, texture)) == quantised.score


@few
@given(st.data())
def test_quantising_a_quantised_score_changes_nothing(data):
    texture = data.draw(textures)
    once = quantise(data.draw(scores_on(texture)), texture)
    twice = quantise(once.score, texture)
    assert twice.score == once.score
    assert twice.omissions == ()
    assert twice.deviation.share_off_grid == 0


@few
@given(st.data())
def test_every_note_is_kept_or_counted_as_left_out(data):
    texture = data.draw(textures)
    score = data.draw(messy_scores())
    fitted = fit(score, texture)
    kept = sum(len(part.notes) for part in decode(fitted.grid).parts)
    assert kept + count(fitted.omissions) == len(score.notes)


@few
@given(st.data())
def test_fitting_is_placing_quantising_and_encoding(data):
    texture = data.draw(textures)
    score = data.draw(messy_scores())
    fitted, placed = fit(score, texture), place(score, texture)
    quantised = quantise(placed.score, texture)
    assert fitted.grid == encode(quantised.score, texture)
    assert fitted.omissions == placed.omissions + quantised.omissions
    assert fitted.deviation == quantised.deviation


@few
@given(st.data())
def test_fitting_what_was_fitted_changes_nothing(data):
    texture = data.draw(textures)
    grid = fit(data.draw(messy_scores()), texture).grid
    again = quantise(decode(grid), texture)
    assert encode(again.score, texture) == grid
    assert again.omissions == ()


@few
@given(st.data())
def test_no_pitch_is_ever_altered(data):
    texture = data.draw(textures)
    score = data.draw(messy_scores())
    before = {note.pitch for note in score.notes}
    for part, voice in zip(decode(fit(score, texture).grid).parts, texture.voices, strict=True):
        for note in part.notes:
            assert any(voice.index(pitch) == voice.index(note.pitch) for pitch in before)


@few
@given(st.data())
def test_a_grid_comes_back_from_its_score(data):
    texture = data.draw(textures)
    grid = data.draw(grids(texture))
    assert encode(decode(grid), texture) == grid


@few
@given(st.data())
def test_a_grid_comes_back_from_its_codes(data):
    texture = data.draw(textures)
    grid = data.draw(grids(texture, min_steps=1))
    assert decode_steps(encode_steps(grid), grid) == grid


@few
@given(st.data())
def test_grids_are_canonical(data):
    texture = data.draw(textures)
    grid = fit(data.draw(messy_scores()), texture).grid
    for voice, cells in zip(texture.voices, grid.voices, strict=True):
        again = Cells.of(voice, cells.sounding, cells.attack, cells.velocity, cells.offset)
        assert again == cells
        assert [a.dtype for a in again.arrays] == [a.dtype for a in cells.arrays]


@few
@given(st.data())
def test_notes_move_by_at_most_half_a_step_in_time(data):
    texture = data.draw(textures)
    deviation = fit(data.draw(messy_scores()), texture).deviation
    half_step = Fraction(1, 2 * texture.steps_per_quarter)
    assert 0 <= deviation.mean_quarter <= deviation.max_quarter <= half_step + 1e-12
    assert 0 <= deviation.share_off_grid <= 1
