"""What was copied is found in any disguise and told where it is from; what was not is left alone."""

from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

import tiny
from credo.errors import FileError, FormatError
from credo.evaluation.originality.baseline import (
    distance_ratio,
    judge,
    line_of,
    measure_baseline,
    passage_of,
    rates,
    repeats,
)
from credo.evaluation.originality.examine import NOTHING, examine
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import TICKS, Music
from credo.music.grid import decode
from credo.music.score import Note, Part, Score, Timeline
from credo.music.texture import DRUMS, PIANO, SATB, SONG
from credo.music.transform import fit

NAMES = [f"piece {number}" for number in range(23)]


def by_dice(seed: int, texture=SATB, bars: int = 8):
    return tiny.random_grid(texture, bars * 4 * texture.steps_per_quarter, np.random.default_rng(seed))


@pytest.fixture(scope="module")
def index():
    index = Index.of((name, Music.of(by_dice(number))) for number, name in enumerate(NAMES))
    measure_baseline(index)
    return index


def played(music: Music, *, times: Fraction = Fraction(1), semitones: int = 0, later: int = 0) -> Music:
    """The piece in other note values, in another key, some ticks later."""
    onset, end = ((each * times.numerator // times.denominator) + later for each in (music.onset, music.end))
    bars = music.bars * times.numerator // times.denominator
    return replace(music, onset=onset, end=end, pitch=music.pitch + semitones, bars=bars)


def together(*pieces: Music) -> Music:
    """Notes of several pieces in one, of which each has its parts."""
    columns = [
        np.concatenate([getattr(p, name) for p in pieces]) for name in ("onset", "end", "pitch", "part", "drums")
    ]
    order = np.lexsort((columns[2], columns[0]))
    longest = max(pieces, key=lambda piece: len(piece.bars))
    return Music(*(column[order] for column in columns), longest.bars)


@pytest.mark.parametrize("semitones", [0, -5, 7])
@pytest.mark.parametrize("times", [Fraction(1), Fraction(2), Fraction(1, 2), Fraction(3, 2)])
def test_a_copy_is_flagged_in_any_key_and_any_note_values(index, times, semitones):
    copy = played(Music.of(by_dice(7)), times=times, semitones=semitones)
    found = examine(copy, index)
    assert judge(found, index.own).flagged
    assert [index.names[each.piece] for each in found.neighbours[:1]] == ["piece 7"]
    assert found.neighbours[0].covered == 1
    for shared in (found.run, found.passage):
        assert (shared.piece, shared.semitones, shared.stretch) == (7, -semitones, 1 / times)
        assert shared.here.start * shared.stretch == shared.there.start
    assert found.passage.notes == len(copy)
    assert found.passage.share == 1
    if times == 1:
        assert found.cells[2].value == 1


def test_loudness_and_instruments_do_not_count(index):
    score = decode(by_dice(3))
    loud = [replace(p, program=40, notes=tuple(replace(n, velocity=127) for n in p.notes)) for p in score.parts]
    found = examine(Music.of(replace(score, parts=tuple(loud))), index)
    assert found.neighbours[0].piece == 3
    assert found.covered == 1


def test_a_copy_within_other_music_is_found_and_its_place_told(index):
    copied = Music.of(by_dice(11))
    copied = copied.only((copied.onset >= 2 * 4 * TICKS) & (copied.onset < 6 * 4 * TICKS))
    own = Music.of(by_dice(101, bars=16))
    own = own.only((own.onset < 4 * 4 * TICKS) | (own.onset >= 8 * 4 * TICKS))
    found = examine(together(own, played(copied, semitones=4, later=2 * 4 * TICKS)), index)
    passage = found.passage
    assert (passage.piece, passage.semitones) == (11, -4)
    assert (passage.here.first_bar, passage.here.last_bar) == (5, 8)
    assert (passage.there.first_bar, passage.there.last_bar) == (3, 6)
    assert passage.notes >= len(copied)
    assert judge(found, index.own).flagged


@pytest.mark.parametrize("what", ["changed", "missing", "added"])
def test_a_few_notes_do_not_hide_a_copy(index, what):
    copied, dice = Music.of(by_dice(5)), np.random.default_rng(1)
    places = dice.choice(len(copied), 3, replace=False)
    if what == "changed":
        pitch = copied.pitch.copy()
        pitch[places] += 1
        piece = replace(copied, pitch=pitch)
    elif what == "missing":
        piece = copied.only(~np.isin(np.arange(len(copied)), places))
    else:
        piece = together(copied, played(copied.only(np.isin(np.arange(len(copied)), places)), semitones=25))
    found = examine(piece, index)
    assert found.passage.piece == 5
    assert found.passage.notes >= len(copied) - 3
    assert 0.9 < found.passage.share < 1
    assert judge(found, index.own).flagged


def test_a_tune_alone_is_found_in_another_part_under_other_voices(index):
    """A line is followed by itself, whatever is around it."""
    tune, other = Music.of(by_dice(9)), Music.of(by_dice(102))
    tune, other = tune.only(tune.part == 0), other.only(other.part > 1)
    found = examine(together(replace(tune, part=tune.part + 7), other), index)
    assert (found.run.piece, found.run.part) == (9, "part 8")
    assert found.run.notes == len(tune)
    assert judge(found, index.own).flagged


def test_random_music_is_not_flagged(index):
    judged = [judge(examine(Music.of(by_dice(seed)), index), index.own) for seed in range(200, 240)]
    assert sum(each.flagged for each in judged) <= 3  # one in forty of the own pieces, give or take
    assert all(each.reasons for each in judged if each.flagged)


@pytest.mark.parametrize("texture", [SATB, SONG, PIANO, DRUMS], ids=lambda texture: texture.name)
def test_copies_are_found_on_any_texture(texture):
    index = Index.of((f"{n}", Music.of(by_dice(n, texture))) for n in range(5))
    measure_baseline(index)
    found = examine(Music.of(by_dice(2, texture)), index)
    assert found.run.piece == found.passage.piece == found.neighbours[0].piece == 2
    assert found.neighbours[0].covered > 0.9
    assert judge(found, index.own).flagged
    assert examine(Music.of(by_dice(99, texture)), index).covered < 0.1


def test_a_grid_and_its_score_are_the_same_music():
    for texture in (SATB, SONG, PIANO, DRUMS):
        one, other = Music.of(by_dice(1, texture)), Music.of(decode(by_dice(1, texture)))
        for name in ("onset", "end", "pitch", "part", "drums", "bars"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), (texture.name, name)


@pytest.mark.parametrize("at_another_beat", [False, True])
def test_performed_music_is_brought_onto_a_grid(at_another_beat):
    """Notes up to a thirtieth of a quarter beside their places; or a piece whose beat is not that of its file."""
    grids = [fit(tiny.chorale(seed, bars=8), SATB).grid for seed in range(9)]
    index = Index.of((f"{seed}", Music.of(grid)) for seed, grid in enumerate(grids))
    dice, score = np.random.default_rng(2), decode(grids[4])

    def moved(note: Note) -> Note:
        if at_another_beat:
            return replace(note, onset=note.onset * Fraction(1031, 900), duration=note.duration * Fraction(1031, 900))
        return replace(note, onset=max(note.onset + Fraction(int(dice.integers(-32, 33)), 960), Fraction(0)))

    parts = [Part.of(part.name, map(moved, part.notes)) for part in score.parts]
    music = Music.of(replace(score, parts=tuple(parts)))
    found = examine(music, index)
    assert music.moved
    assert found.neighbours[0].piece == 4
    assert found.covered > 0.9
    assert not Music.of(score).moved


@pytest.mark.parametrize("notes", [0, 1, 2, 5])
def test_pieces_of_hardly_any_notes(index, notes):
    few = [Note(Fraction(n), 60 + n, Fraction(1)) for n in range(notes)]
    for parts in ((Part.of("", few),), (Part.of("", few, is_drums=True),), ()):
        music = Music.of(Score(parts, Timeline(Fraction(16))))
        found = examine(music, index)
        assert found.passage == NOTHING
        assert not judge(found, index.own).flagged
        alone = Index.of([("a", music)])
        measure_baseline(alone)
        assert len(alone) == 1
        assert not judge(examine(music, alone), alone.own).flagged


def test_nothing_to_compare_with():
    empty = Index.of([])
    measure_baseline(empty)
    found = examine(Music.of(by_dice(1)), empty)
    assert (found.run, found.passage, found.covered) == (NOTHING, NOTHING, 0)
    assert not judge(found, empty.own).flagged
    assert np.isnan(distance_ratio(Music.of(by_dice(1)), empty, empty))


def test_a_figure_that_repeats_itself_is_no_long_run():
    """Of two hundred notes of one figure hardly any are fresh."""
    pitches = [60, 64, 67, 64] * 50
    notes = [Note(Fraction(n, 4), p, Fraction(1, 4)) for n, p in enumerate(pitches)]
    music = Music.of(Score((Part.of("", notes),)))
    run = examine(music, Index.of([("a", music)])).run
    assert run.notes == 200
    assert run.fresh < 10


def test_the_baseline_is_that_of_pieces_beside_all_others(index):
    """Each own piece as if it were not there; repeats are counted, and the line is drawn without them."""
    assert index.own["pieces"] == len(NAMES)
    for number in (0, 13):
        rest = Index.of((n, Music.of(by_dice(k))) for k, n in enumerate(NAMES) if k != number)
        figures = examine(Music.of(by_dice(number)), rest).figures
        assert {name: index.own["figures"][name][number] for name in figures} == figures
    assert repeats(index.own) == 0
    for name, rate in rates(index.own).items():
        assert rate.low <= rate.mean <= rate.high
        assert rate.mean == np.mean(index.own["figures"][name])
    twice = Index.of((f"{k}", Music.of(by_dice(k % len(NAMES)))) for k in range(len(NAMES) + 2))
    measure_baseline(twice)
    assert repeats(twice.own) == 4
    assert line_of(twice.own, "passage") <= line_of(index.own, "passage")
    assert judge(examine(Music.of(by_dice(0)), twice), twice.own).flagged


def test_passages_of_long_pieces():
    music = Music.of(by_dice(1, bars=40))
    passage = passage_of(music, 32, np.random.default_rng(3))
    assert len(passage.bars) == 32
    assert passage.bars[0, 0] == 0
    assert 0 <= passage.onset.min() < passage.onset.max() < passage.bars[-1, 1]
    assert examine(passage, Index.of([("a", music)])).covered == 1
    assert passage_of(music, 40, np.random.default_rng(3)) is music


def test_what_is_nearer_to_the_training_pieces_has_a_ratio_below_one(index):
    other = Index.of((f"other {k}", Music.of(by_dice(300 + k))) for k in range(7))
    assert distance_ratio(Music.of(by_dice(4)), index, index) == 1
    assert distance_ratio(Music.of(by_dice(4)), index, other) < 0.8
    assert distance_ratio(Music.of(by_dice(304)), index, other) > 1.2
    ratios = [distance_ratio(Music.of(by_dice(400 + k)), index, other) for k in range(20)]
    assert 0.97 < np.mean(ratios) < 1.03  # although one set is three times as large
    assert abs(distance_ratio(Music.of(by_dice(303)), index, other, "other 3") - 1) < 0.15  # not beside itself


def test_an_index_is_saved_and_read(tmp_path, index):
    again = Index.load(index.save(tmp_path / "index.npz"))
    assert (again.names, again.own) == (index.names, index.own)
    for piece in (by_dice(7), by_dice(500)):
        assert examine(Music.of(piece), again) == examine(Music.of(piece), index)
    empty = Index.of([])
    measure_baseline(empty)
    assert len(Index.load(empty.save(tmp_path / "empty.npz"))) == 0


def test_a_damaged_index_is_told(tmp_path, index):
    path = tmp_path / "index.npz"
    with pytest.raises(FileError, match="cannot be read"):
        Index.load(path)
    whole = index.save(path).read_bytes()
    middle = len(whole) // 2
    for content in (
        b"",
        b"nothing",
        b"PK\x03\x04 broken",
        whole[:middle],
        whole[:middle] + b"?" * 99 + whole[middle + 99 :],
    ):
        path.write_bytes(content)
        with pytest.raises(FormatError, match="expected an index of a corpus"):
            Index.load(path)
    np.savez(path, something=np.zeros(3))
    with pytest.raises(FormatError, match="damaged or holds something else"):
        Index.load(path)
