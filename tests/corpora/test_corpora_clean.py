"""Duplicates and splits."""

from dataclasses import replace
from fractions import Fraction

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from credo.corpora.reading.clean import content_of, duplicates
from credo.corpora.reading.splits import content_splits, folder_split
from credo.music.grid import Cells
from credo.music.score import Note, Part, Score, Tempo, Timeline
from credo.music.texture import DRUMS, MELODY, SATB
from credo.music.transform import fit, transpose, transposition_range
from strategies import TEXTURES, grids


def melody(*notes, tempo=90, start=0) -> Score:
    """A melody of (onset, pitch, duration)."""
    part = Part.of("melody", [Note(Fraction(on) + start, pitch, Fraction(length)) for on, pitch, length in notes])
    return Score((part,), Timeline(tempos=(Tempo(Fraction(0), tempo),)))


def content(score, texture=MELODY):
    return content_of(fit(score, texture).grid)


@given(st.sampled_from(TEXTURES).flatmap(lambda texture: grids(texture, min_steps=1)), st.integers(-11, 11))
@settings(max_examples=100, deadline=None)
def test_transpositions_share_their_shape(grid, semitones):
    assume(semitones in transposition_range(grid))
    moved = content_of(transpose(grid, semitones))
    assert moved.shape == content_of(grid).shape
    pitched = any(v.kind != "drums" and c.attack.any() for v, c in zip(grid.texture.voices, grid.voices, strict=True))
    assert moved.lowest - content_of(grid).lowest == (semitones if pitched else 0)


def test_tempo_title_loudness_and_silence_at_the_ends_do_not_count():
    notes = ((0, 60, 1), (1, 64, 2))
    plain = content(melody(*notes))
    assert content(replace(melody(*notes, tempo=200), title="Another")) == plain
    assert content(melody(*notes, start=4)) == plain
    grid = fit(melody(*notes), MELODY).grid
    cells = grid.voices[0]
    louder = grid.with_voices([Cells(cells.sounding, cells.attack, cells.velocity // 2 + 40 * cells.attack)])
    assert content_of(louder) == plain


def test_rhythm_intervals_and_repeated_notes_count():
    plain = content(melody((0, 60, 1), (1, 64, 2)))
    for other in (
        melody((0, 60, 1), (1, 64, 1)),
        melody((0, 60, 1), (1, 63, 2)),
        melody((0, 60, 1), (1, 64, 1), (2, 64, 1)),
        melody((0, 60, 1), (2, 64, 1)),
    ):
        assert content(other).shape != plain.shape


def test_voices_that_swap_their_notes_are_other_music(chorale):
    score = chorale(1)
    swapped = replace(score, parts=(score.parts[0], *(replace(part, name=part.name) for part in score.parts[1:])))
    assert content(swapped, SATB) == content(score, SATB)
    grid = fit(score, SATB).grid
    assert content_of(grid.with_voices([*grid.voices[::-1]])).shape != content_of(grid).shape


def test_the_first_of_its_kind_is_kept_and_the_others_name_it(chorale):
    named = [
        ("a", content(chorale(1), SATB)),
        ("b", content(chorale(2), SATB)),
        ("c", content(chorale(1, semitones=2), SATB)),
        ("d", content(chorale(1), SATB)),
        ("e", content(chorale(1, semitones=-1), SATB)),
    ]
    reasons = {found.name: found.reason for found in duplicates(named)}
    assert reasons == {
        "c": "the same music as a, 2 semitones up",
        "d": "the same music as a",
        "e": "the same music as a, 1 semitones down",
    }


def test_drums_are_not_transposed():
    def drums(key):
        return Score((Part.of("drums", [Note(Fraction(i), key, Fraction(1, 4)) for i in range(5)], is_drums=True),))

    assert content(drums(36), DRUMS).shape != content(drums(38), DRUMS).shape
    assert content(drums(36), DRUMS).lowest == -1


def shapes(count):
    return {f"{i}": f"{i * 2654435761 % 2**80:020x}" for i in range(count)}


def test_splits_are_drawn_by_content_alone():
    spread = {name: f"{(int(name) * 0x9E3779B97F4A7C15) % 2**64:016x}0000" for name in shapes(2000)}
    splits = content_splits(spread)
    counts = {split: sum(value == split for value in splits.values()) for split in ("train", "valid", "test")}
    assert 1740 < counts["train"] < 1860
    assert 70 < counts["valid"] < 130
    assert 70 < counts["test"] < 130
    part = {name: spread[name] for name in list(spread)[:1000]}
    assert all(splits[name] == split for name, split in content_splits(part).items())


def test_small_corpora_still_have_all_three_splits():
    low = {name: "0" + shape[1:] for name, shape in shapes(5).items()}
    assert sorted(content_splits(low).values()) == ["test", "train", "train", "train", "valid"]
    assert set(content_splits(dict(list(low.items())[:2])).values()) == {"train"}
    assert content_splits({}) == {}


def test_folders_name_splits():
    assert folder_split("jazz/Valid/x.mid") == "valid"
    assert folder_split("dev/x.mid") == "valid"
    assert folder_split("training/x.mid") == "train"
    assert folder_split("train.mid") is None
