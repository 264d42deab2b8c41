"""Copied music is found wherever it stands, in any key, and nothing else is."""

import time
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from some_chorales import chorales, needs_chorales

import tiny
from credo.errors import FileError, FormatError, UsageError
from credo.evaluation.originality import Fingerprints, Run
from credo.music.grid import REST, Cells, Grid, decode
from credo.music.harmony import Share
from credo.music.passage import concatenate, pad, slice_grid
from credo.music.score import Metre, Note, Part, Score, Timeline
from credo.music.texture import DRUMS, PIANO, SATB, SONG
from credo.music.transform import fit, transpose, transposition_range

BAR = 16


def by_dice(seed: int, texture=SATB) -> Grid:
    """Eight bars."""
    return tiny.random_grid(texture, 32 * texture.steps_per_quarter, np.random.default_rng(seed))


def with_one_note_changed(grid: Grid, voice: int, step: int, semitones: int = 1) -> Grid:
    """The note at a step is moved."""
    cells = grid.voices[voice]
    note = np.cumsum(cells.attack)
    moved = np.where((note == note[step]) & (cells.sounding != REST), cells.sounding + semitones, cells.sounding)
    voices = list(grid.voices)
    voices[voice] = Cells.of(grid.texture.voices[voice], moved, cells.attack, cells.velocity)
    return grid.with_voices(voices)


def moves_of(part: Part) -> list[tuple]:
    notes = part.notes
    return [
        (notes[k].duration, notes[k + 1].onset - notes[k].end, notes[k + 1].pitch - notes[k].pitch)
        for k in range(len(notes) - 1)
    ]


def longest_slowly(part: Part, training: list[Score]) -> int:
    """Notes of the longest run that a part shares with any part of some scores."""
    own, best = moves_of(part), 0
    for other in (moves_of(part) for score in training for part in score.parts):
        length = np.zeros((len(own) + 1, len(other) + 1), int)
        for i, a in enumerate(own):
            for j, b in enumerate(other):
                if a == b:
                    length[i + 1, j + 1] = length[i, j] + 1
        best = max(best, int(length.max()))
    return best + 1 if best else 0


def line(pitches: list[int], lengths: list[int]) -> Grid:
    onsets = np.cumsum([0, *lengths])
    notes = [Note(Fraction(int(o), 4), p, Fraction(n, 4)) for o, p, n in zip(onsets, pitches, lengths, strict=False)]
    parts = [Part.of("Soprano", notes), *(Part.of(name, []) for name in ("Alto", "Tenor", "Bass"))]
    return fit(Score(tuple(parts), Timeline(Fraction(16))), SATB).grid


@settings(deadline=None)  # machines may be busy
@given(st.data())
def test_the_longest_run_is_that_of_a_slow_search(data):
    notes = st.lists(st.tuples(st.sampled_from((60, 62, 64)), st.sampled_from((2, 4))), min_size=2, max_size=11)
    grids = [line(*zip(*data.draw(notes), strict=True)) for _ in range(4)]
    prints = Fingerprints.of(grids[1:])
    run = prints.longest_runs(grids[0])[0]
    soprano = decode(grids[0]).parts[0]
    assert run.notes == longest_slowly(soprano, [decode(grid) for grid in grids[1:]])
    if run.notes:
        inside = [note for note in soprano.notes if run.start <= note.onset and note.end <= run.end]
        assert len(inside) == run.notes
        again = longest_slowly(Part.of("", inside), [decode(grid) for grid in grids[1:]])
        assert again == run.notes


def test_a_run_is_found_in_another_key_place_and_voice():
    copied, own = [60, 64, 62, 65, 67, 64, 60], [71, 59, 72, 58]
    training = transpose(line([62, 61, *copied, 75], [4, 4, 2, 2, 4, 8, 2, 1, 4, 4]), 5)
    soprano, _, tenor, bass = line([*own, *copied], [4, 4, 4, 4, 2, 2, 4, 8, 2, 1, 9]).voices
    piece = training.with_voices([bass, Cells.of(SATB.voices[1], soprano.sounding, soprano.attack), tenor, bass])
    runs = Fingerprints.of([training]).longest_runs(piece)
    assert runs[1] == Run("alto", 7, Fraction(4), Fraction(11))  # the last note is longer than the copied one
    assert Fingerprints.of([training]).longest_run(piece) == runs[1]
    assert [run.notes for run in runs if run.voice != "alto"] == [0, 0, 0]


@pytest.mark.parametrize("notes", [5, 13, 14, 15, 16, 19, 23, 37, 66, 100])
def test_runs_of_any_length(notes):
    """Lengths between those that are kept, too; random notes share no more than they must."""
    dice = np.random.default_rng(notes)
    tune, other = dice.integers(57, 85, (2, 150)).tolist()
    lengths = [1] * 150
    prints = Fingerprints.of([line(tune, lengths)])
    piece = line([*other[:20], *tune[31 : 31 + notes], *other[20:49]], lengths)
    assert prints.longest_runs(piece)[0].notes - notes in (0, 1, 2)  # a neighbour may agree by chance
    assert abs(prints.longest_runs(piece)[0].start - 5) <= Fraction(1, 2)


@pytest.mark.parametrize("texture", [SATB, SONG, PIANO, DRUMS], ids=lambda texture: texture.name)
def test_copies_are_found_on_any_texture(texture):
    training = [by_dice(seed, texture=texture) for seed in range(3)]
    prints = Fingerprints.of(training)
    shift = next((n for n in transposition_range(training[1]) if n), 0) if texture is not DRUMS else 0
    copy = transpose(training[1], shift)
    for bars in (1, 2):
        cells = (8 - bars) * 4 + 1
        assert prints.copied_cells(copy, bars) == (cells, cells)
        assert prints.copied_cells(by_dice(7, texture=texture), bars) == (0, cells)
    assert prints.longest_run(copy).notes > 3 * prints.longest_run(by_dice(7, texture=texture)).notes


def test_drums_are_not_transposed():
    training = by_dice(1, texture=DRUMS)
    other = training.voices[0].sounding[:, ::-1]
    swapped = training.with_voices([Cells.of(DRUMS.voices[0], other)])
    prints = Fingerprints.of([training])
    assert prints.copied_cells(swapped, 1).count == 0
    assert prints.longest_run(training).notes > 5 * prints.longest_run(swapped).notes


def test_cells_copied_from_the_middle():
    training, own = by_dice(1), by_dice(2)
    prints = Fingerprints.of([training])
    for first, two_bars, one_bar in ((8, 5, 9), (9, 0, 0)):  # step 9 is on no beat there
        copied = replace(slice_grid(training, first, first + 3 * BAR), timeline=Timeline())
        piece = concatenate([slice_grid(own, 0, BAR), copied])
        assert prints.copied_cells(piece) == (two_bars, 9)
        assert prints.copied_cells(piece, 1) == (one_bar, 13)


@pytest.mark.parametrize("voice", range(4))
def test_one_changed_note_makes_a_cell_another(voice):
    training = by_dice(5)
    step = 3 * BAR + 7
    step += int(np.flatnonzero(training.voices[voice].sounding[step:] != REST)[0])
    prints = Fingerprints.of([training])
    changed = with_one_note_changed(training, voice, step, 12 if voice else 1)
    outside = prints.copied_cells(changed)
    assert 0 < outside.count <= outside.total - 8


def test_a_note_that_is_repeated_is_not_one_that_is_held():
    """Lengths count inside a cell, and what is held over its beginning does not."""
    held, repeated, longer = (line([60] * (64 // n), [n] * (64 // n)) for n in (16, 4, 32))
    assert Fingerprints.of([held]).copied_cells(repeated, 1) == (0, 13)
    assert Fingerprints.of([held]).copied_cells(longer, 1) == (13, 13)
    assert Fingerprints.of([longer]).copied_cells(held, 2) == (3, 9)  # two notes, not three


def test_finer_steps_have_the_same_fingerprints():
    coarse = fit(tiny.chorale(3), SATB).grid
    finer = fit(tiny.chorale(3), replace(SATB, steps_per_quarter=12)).grid
    prints = Fingerprints.of([coarse])
    assert prints.longest_run(finer) == prints.longest_run(coarse)
    assert prints.copied_cells(finer) == prints.copied_cells(coarse) == Share(13, 13)


def test_beats_are_those_of_the_metre_after_a_pickup():
    piece = fit(tiny.chorale(4, bars=5, metre=(3, 4), pickup=1), SATB).grid
    assert Fingerprints.of([piece]).copied_cells(piece, 1) == (14, 14)
    compound = replace(piece, timeline=Timeline(metres=(Metre(Fraction(0), 6, 8),)))
    assert Fingerprints.of([compound]).copied_cells(compound, 1) == (9, 9)


def test_silence_is_not_copied():
    silent = pad(slice_grid(by_dice(1), 0, 0), 4 * BAR)
    prints = Fingerprints.of([silent, by_dice(2)])
    assert prints.copied_cells(silent) == (0, 0)
    assert prints.longest_run(silent) == Run("soprano", 0, Fraction(0), Fraction(0))
    assert Fingerprints.of([]).copied_cells(by_dice(1)).count == Fingerprints.of([]).longest_run(by_dice(1)).notes == 0


def test_fingerprints_are_saved_and_read(tmp_path):
    training, piece = by_dice(1), by_dice(2)
    prints = Fingerprints.of([training])
    path = prints.save(tmp_path / "prints.npz")
    again = Fingerprints.load(path)
    for grid in (training, piece):
        assert again.longest_runs(grid) == prints.longest_runs(grid)
        assert again.copied_cells(grid) == prints.copied_cells(grid)
    with np.load(path, allow_pickle=False) as stored:
        kept = {name: stored[name] for name in stored.files if name != "format_version"}
    assert all(hashes.dtype == np.uint64 and (np.diff(hashes) > 0).all() for hashes in kept.values())


def test_another_file_is_told(tmp_path):
    path = tmp_path / "prints.npz"
    with pytest.raises(FileError, match="cannot be read"):
        Fingerprints.load(path)
    for content in (b"", b"nothing", b"PK\x03\x04 broken"):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="expected fingerprints"):
            Fingerprints.load(path)
    np.savez(path, format_version=2)
    with pytest.raises(FormatError, match="format 2, expected 1"):
        Fingerprints.load(path)
    np.savez(path, format_version=1)
    with pytest.raises(FormatError, match="expected fingerprints"):
        Fingerprints.load(path)


def test_scores_have_the_fingerprints_of_their_grids():
    score = tiny.chorale(3)
    grid = fit(score, SATB).grid
    prints = Fingerprints.of([score])
    assert prints.copied_cells(grid) == Fingerprints.of([grid]).copied_cells(score) == Share(13, 13)
    assert prints.longest_run(score).notes == prints.longest_run(grid).notes > 4


def test_only_one_and_two_bars_are_kept():
    with pytest.raises(UsageError, match="expected 1 or 2 bars, got 3"):
        Fingerprints.of([]).copied_cells(by_dice(1), 3)


@needs_chorales
def test_bach_repeats_himself_little_and_is_found_at_once():
    prints = Fingerprints.of(chorales("train", 1))
    held_out = [piece for piece in chorales("valid", 3) if piece.steps >= 8 * BAR]
    shares = [[prints.copied_cells(piece, bars) for piece in held_out] for bars in (1, 2)]
    one, two = (sum(each, Share(0, 0)).value for each in shares)
    assert 0.01 < one < 0.1
    assert two < 0.02
    training = chorales("train", 1)[::13]
    assert all(prints.copied_cells(piece).value == 1 for piece in training)
    assert np.median([prints.longest_run(piece).notes for piece in training]) > 40
    piece = slice_grid(held_out[0], 0, min(16 * BAR, held_out[0].steps))
    start = time.process_time()
    prints.longest_runs(piece), prints.copied_cells(piece)
    assert time.process_time() - start < 0.2
