"""The grade of chorales: its parts against slow and obvious ones, and its order of good and spoilt music."""

import json
from collections import Counter
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from some_chorales import chorales, in_fifths, needs_chorales, with_moved_notes, with_voices_apart

import tiny
from credo.errors import FileError, FormatError, UsageError
from credo.evaluation.chords import SINGLE, UNIDENTIFIED, chord_quality
from credo.evaluation.counts import repeated_sequences
from credo.evaluation.grade import TERMS, Grader
from credo.music.grid import REST, Cells, Grid, decode
from credo.music.passage import pad, slice_grid
from credo.music.pitch import Key
from credo.music.score import Score
from credo.music.texture import PIANO, SATB
from credo.music.transform import fit, transpose

A_MINOR = Key(0, "minor")
C_MAJOR = Key(0)


def grid_of(*chords: tuple[int, int, int, int], steps: int = 4) -> Grid:
    """Four voices in quarters, each chord attacked."""
    pitches = np.repeat(np.array(chords), steps, axis=0)
    attack = np.arange(len(pitches)) % steps == 0
    blank = fit(Score(()), SATB).grid
    voices = tuple(Cells.of(voice, pitches[:, n], attack) for n, voice in enumerate(SATB.voices))
    return Grid(SATB, voices, blank.timeline)


@pytest.fixture(scope="module")
def pieces() -> list[Grid]:
    """Triads by dice, in major and in minor."""
    return [
        fit(tiny.chorale(seed, bars=7, key=Key(seed % 3, "major" if seed % 2 else "minor")), SATB).grid
        for seed in range(7)
    ]


@pytest.mark.parametrize(
    ("pitches", "key", "quality"),
    [
        ((48, 64, 67, 72), C_MAJOR, "major"),
        ((52, 60, 67, 72), C_MAJOR, "major"),
        ((45, 60, 64, 69), A_MINOR, "minor"),
        ((43, 59, 65, 74), C_MAJOR, "dominant-seventh"),
        ((53, 59, 67, 74), C_MAJOR, "dominant-seventh"),
        ((47, 62, 65, 74), C_MAJOR, "diminished"),
        ((47, 62, 65, 69), C_MAJOR, "half-diminished-seventh"),
        ((56, 62, 65, 71), A_MINOR, "diminished-seventh"),
        ((48, 64, 67, 69), C_MAJOR, "minor-seventh"),  # not a major sixth: thirds are stacked
        ((48, 64, 68, 72), A_MINOR, "augmented"),
        ((48, 65, 67, 72), C_MAJOR, "suspended-fourth"),
        ((48, 62, 67, 72), C_MAJOR, "suspended-second"),
        ((43, 60, 62, 67), C_MAJOR, "suspended-fourth"),
        ((48, 64, 70, 74), Key(-1), "dominant-ninth"),
        ((48, 55, 60, 67), C_MAJOR, "power"),
        ((48, 52, 60, 64), C_MAJOR, UNIDENTIFIED),
        ((60, 60, 60, 60), C_MAJOR, SINGLE),
    ],
)
def test_chords_by_quality(pitches, key, quality):
    assert chord_quality(pitches, key) == quality


@given(st.lists(st.integers(40, 80), min_size=1, max_size=4), st.integers(-5, 6), st.sampled_from(("major", "minor")))
def test_the_quality_of_a_chord_is_that_of_all_its_transpositions(pitches, semitones, mode):
    key = Key.of_tonic(0, mode)
    moved = chord_quality([pitch + semitones for pitch in pitches], Key.of_tonic(semitones % 12, mode))
    assert moved == chord_quality(pitches, key)


def repeats_slowly(line: list[int], starts: list[int]) -> Counter:
    """All sequences of the line, one by one, as the definition says it."""
    ticks = [(pitch, step in starts) for step, pitch in enumerate(line)]
    ticks = [tick if tick[1] else "hold" for tick in ticks]
    occurrences = Counter(
        tuple(ticks[start:end])
        for start in starts
        for end in range(start + 1, len(ticks) + 1)
        if sum(tick != "hold" for tick in ticks[start:end]) > 1
    )
    several = {sequence: times for sequence, times in occurrences.items() if times > 1}

    def inside(short, long):
        return any(long[k : k + len(short)] == short for k in range(len(long) - len(short) + 1))

    found = Counter()
    for sequence, times in several.items():
        longer = (other for other, n in several.items() if n == times and len(other) > len(sequence))
        if not any(inside(sequence, other) for other in longer):
            found[len(sequence)] += times
    return found


@given(st.lists(st.tuples(st.sampled_from((REST, 60, 62)), st.integers(1, 3)), min_size=1, max_size=13))
def test_repeated_sequences_are_those_of_the_definition(items):
    line, starts = [], []
    for pitch, length in items:
        starts.append(len(line))
        line += [pitch] * length
    assert repeated_sequences(line, starts) == repeats_slowly(line, starts)


def test_a_line_sung_twice_counts_as_one_long_sequence():
    line = [60, 60, 62, 64, 64, 64]
    assert repeated_sequences(line + line, [0, 2, 3, 6, 8, 9]) == Counter({6: 2})
    assert repeated_sequences([60, 62, 64, 65], [0, 1, 2, 3]) == Counter()


def test_terms_by_hand():
    """C major and G major chords against C major chords alone."""
    one, two = (72, 67, 64, 48), (71, 67, 62, 43)
    grader = Grader.of([grid_of(one, one, one, one, (72, 67, 64, 36))])
    terms = grader.grade(grid_of(one, one, one, two)).terms
    assert list(terms) == list(TERMS)
    # Of 20 quarters of the reference C has 10, E and G 5 each; of 16 of the piece 6, 3 and 5, B and D 1 each.
    shares = [(10 / 20, 6 / 16), (5 / 20, 3 / 16), (5 / 20, 5 / 16), (0, 1 / 16), (0, 1 / 16)]
    assert terms["notes"] == pytest.approx(np.abs(np.cumsum([a - b for a, b in shares])).sum())
    assert terms["rhythm"] == terms["harmonic_quality"] == terms["alto_intervals"] == 0
    assert terms["soprano_intervals"] == pytest.approx(1 / 3)
    assert terms["bass_intervals"] == pytest.approx(1 / 3 + (3 / 4 - 2 / 3))  # repeats 3/4, octave down 1/4, fourth 1/3


def test_parallels_weigh_by_their_number():
    up = [(67 + step, 60 + step, 52, 48) for step in (0, 2, 4, 5)]
    still = [(67, 60, 52, 48)] * 4
    reference = grid_of(*up[:2], *still, (72, 60, 52, 48), (74, 62, 52, 48), (74, 62, 52, 48))
    grader = Grader.of([reference])
    assert grader.counts["parallel_errors"] == Counter(fifths=2, octaves=1)  # up, down; and up
    fifths = grader.grade(grid_of(*up)).terms["parallel_errors"]
    assert fifths == pytest.approx((1 - 2 / 3) * (3 / 16) / (3 / 36))
    assert grader.grade(grid_of(*still)).terms["parallel_errors"] == 0


def test_moves_in_contrary_motion_and_crossed_voices_are_parallels_too():
    grader = Grader.of([grid_of((72, 65, 60, 48), (79, 60, 60, 48)), grid_of((67, 60, 55, 48), (69, 76, 55, 48))])
    assert grader.counts["parallel_errors"]["fifths"] == 2
    assert Grader.of([grid_of((72, 60, 57, 48), (74, 50, 57, 48))]).counts["parallel_errors"] == Counter(octaves=1)
    unison_to_octave = grid_of((62, 62, 57, 48), (76, 64, 57, 48))
    assert not Grader.of([unison_to_octave]).counts["parallel_errors"]


def test_only_the_reference_itself_is_graded_0(pieces):
    for piece in pieces:
        assert Grader.of([piece]).grade(piece).total == 0
        assert Grader.of(pieces).grade(piece).total > 0


@pytest.mark.parametrize("semitones", [-3, 1, 2])
def test_the_key_does_not_matter(pieces, semitones):
    grader = Grader.of(pieces)
    for piece in pieces:
        assert grader.grade(transpose(piece, semitones)).terms == pytest.approx(grader.grade(piece).terms)


def test_scores_and_finer_steps_are_graded_alike(pieces):
    grader = Grader.of(pieces)
    finer = replace(SATB, steps_per_quarter=12)
    for piece in pieces:
        score = decode(piece)
        assert grader.grade(score) == grader.grade(piece)
        assert grader.grade(fit(score, finer).grid).terms == pytest.approx(grader.grade(piece).terms)


def test_a_piece_can_be_taken_out_of_the_reference(pieces):
    assert Grader.of(pieces).without(pieces[2]) == Grader.of([*pieces[:2], *pieces[3:]])


def test_a_grader_is_saved_without_notes(pieces, tmp_path):
    grader = Grader.of(pieces)
    path = grader.save(tmp_path / "reference.json")
    again = Grader.load(path)
    assert again == grader
    assert again.grade(pieces[0]) == grader.grade(pieces[0])
    assert path.stat().st_size < 20_000


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"format_version": 2}', '{"format_version": 1, "counts": 3}'])
def test_another_file_is_told(tmp_path, content):
    path = tmp_path / "reference.json"
    path.write_text(content)
    with pytest.raises(FormatError, match="expected the reference of a grader"):
        Grader.load(path)
    with pytest.raises(FileError, match="cannot be read"):
        Grader.load(tmp_path / "nothing.json")


def test_counts_that_are_not_numbers_are_told(pieces, tmp_path):
    path = Grader.of(pieces).save(tmp_path / "reference.json")
    data = json.loads(path.read_text())
    data["counts"]["rhythm"] = {"1": "many"}
    path.write_text(json.dumps(data))
    with pytest.raises(FormatError, match="many"):
        Grader.load(path)


def test_what_cannot_be_graded_is_told(pieces):
    grader = Grader.of(pieces[1::2])
    piano = fit(tiny.chorale(1), PIANO).grid
    with pytest.raises(UsageError, match="four voices that sing one note at a time, got the texture 'piano'"):
        grader.grade(piano)
    with pytest.raises(UsageError, match="a piece with notes"):
        grader.grade(pad(slice_grid(pieces[0], 0, 0), 16))
    with pytest.raises(UsageError, match="reference pieces with notes"):
        Grader.of([])
    minor = next(piece for piece in pieces if not Grader.of([piece]).counts["major notes"])
    major_only = Grader.of(piece for piece in pieces if Grader.of([piece]).counts["major notes"])
    with pytest.raises(UsageError, match="with pieces in minor"):
        major_only.grade(minor)


@needs_chorales
def test_bach_gets_about_the_published_grade():
    """Published: median 4.91, standard deviation 1.63, of 351 chorales against themselves."""
    grader = Grader.of(chorales("train", 1))
    grades = [grader.grade(piece) for piece in chorales("valid", 1)]
    assert np.median([grade.total for grade in grades]) == pytest.approx(4.91, abs=0.4)
    published = (0.24, 0.23, 0.0, 0.41, 0.47, 0.49, 0.53, 0.69, 1.29)
    for term, median in zip(TERMS, published, strict=True):
        assert np.median([grade.terms[term] for grade in grades]) == pytest.approx(median, abs=0.25), term


@needs_chorales
@pytest.mark.parametrize(
    ("spoil", "term"),
    [
        (lambda piece: with_moved_notes(piece, np.random.default_rng(3)), "harmonic_quality"),
        (with_voices_apart, "harmonic_quality"),
        (in_fifths, "parallel_errors"),
    ],
    ids=["moved notes", "voices apart", "fifths"],
)
def test_spoilt_chorales_get_worse_grades(spoil, term):
    grader = Grader.of(chorales("train", 3))
    pieces = chorales("valid", 3)
    before, after = ([grader.grade(piece) for piece in those] for those in (pieces, [spoil(p) for p in pieces]))
    totals = [np.array([grade.total for grade in grades]) for grades in (before, after)]
    assert np.mean(totals[1] > totals[0]) >= 0.9
    assert np.median(totals[1]) > np.median(totals[0]) + 1.63  # Bach's own standard deviation
    assert np.median([grade.terms[term] for grade in after]) > 2 * np.median([grade.terms[term] for grade in before])
