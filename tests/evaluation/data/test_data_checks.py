"""A fault that was planted is recognised, and clean music is not accused."""

import math
import random
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import HealthCheck, given, settings
from planted import changed, moved, piece, with_parts

from credo.evaluation.data import checks
from credo.evaluation.data.look import measure
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Tempo
from strategies import messy_scores


def failed(score, remarks=(), kind="MIDI") -> set[str]:
    return {check.name for check in checks.accusations(measure(score, list(remarks), kind)["figures"])}


def on(score, **timeline):
    return replace(score, timeline=replace(score.timeline, **timeline))


def plus(score, *notes):
    """The score with more notes in its first part."""
    first = score.parts[0]
    return with_parts(score, [replace(first, notes=tuple(sorted([*first.notes, *notes]))), *score.parts[1:]])


def cut(score, quarters):
    return changed(score, lambda note: note if note.onset < quarters else None)


def hastily(score):
    """Notes at any time, and no beat that they keep to."""
    dice = random.Random(5)
    return changed(score, lambda note: replace(note, onset=Fraction(dice.randrange(96 * 480), 480)))


def fine(score):
    """Every note on a fifth of a quarter."""
    dice = random.Random(5)
    return changed(score, lambda note: replace(note, onset=note.onset + Fraction(dice.randrange(5), 5)))


CLEAN = piece()
LONG = Note(Fraction(0), 60, Fraction(70), 50)
FLUTE = Part.of("Flute", [n for part in CLEAN.parts[:2] for n in part.notes], program=73)
LOW, HIGH = CLEAN.parts[3], CLEAN.parts[0]


def places_changed(score):
    """Soprano and bass change places in every third bar."""

    def line(one, other):
        taken = [n for n in one.notes if n.onset % 12 < 8] + [n for n in other.notes if n.onset % 12 >= 8]
        return Part.of(one.name, taken, program=19)

    return with_parts(score, [line(HIGH, LOW), *score.parts[1:3], line(LOW, HIGH)])


FAULTS = {
    "ignores_the_tempo": hastily(CLEAN),
    "too_short": cut(CLEAN, 4),
    "few_notes": with_parts(CLEAN, [replace(HIGH, notes=HIGH.notes[:13])]),
    "too_dense": on(CLEAN, tempos=(Tempo(Fraction(0), 9000.0),)),
    "loop": with_parts(
        CLEAN,
        [
            Part.of(p.name, [replace(n, onset=n.onset % 4 + 4 * b) for b in range(24) for n in p.notes[:2]])
            for p in CLEAN.parts
        ],
    ),
    "monotone": changed(CLEAN, lambda note: replace(note, pitch=60) if note.onset % 8 else note),
    "other_metre": on(CLEAN, metres=(Metre(Fraction(0), 3, 4),)),
    "weak_downbeat": on(CLEAN, pickup=Fraction(1)),
    "wrong_key": on(CLEAN, keys=(KeyChange(Fraction(0), Key(4)),)),
    "extreme_pitches": plus(CLEAN, *(Note(Fraction(4 * bar), 2, Fraction(1), 50) for bar in range(24))),
    "performed": moved(CLEAN, 0.06),
    "off_grid": fine(CLEAN),
    "merged_voices": with_parts(CLEAN, [FLUTE]),
    "copied_part": with_parts(CLEAN, [*CLEAN.parts, replace(HIGH, name="Copy")]),
    "crossing_parts": places_changed(CLEAN),
    "overlapping_notes": changed(CLEAN, lambda note: replace(note, pitch=72, duration=note.duration * 2)),
    "doubled_notes": plus(CLEAN, *HIGH.notes),
    "stuck_notes": plus(CLEAN, LONG),
    "long_silence": changed(CLEAN, lambda note: replace(note, onset=note.onset + (40 if note.onset >= 48 else 0))),
    "too_long": on(CLEAN, tempos=(Tempo(Fraction(0), 3.0),)),
    "odd_tempo": on(CLEAN, tempos=(Tempo(Fraction(0), 480.0),)),
    "odd_velocities": changed(CLEAN, lambda note: replace(note, velocity=127 if note.velocity > 50 else 40)),
    "flat_velocities": changed(CLEAN, lambda note: replace(note, velocity=64)),
    "silent_parts": with_parts(CLEAN, [*CLEAN.parts, Part("Tacet", ())]),
    "no_metre": on(CLEAN, metres=()),
    "no_key": on(CLEAN, keys=()),
    "garbled_text": replace(CLEAN, title="FÃ¼r Elise"),
}


def test_each_check_has_its_fault():
    assert {*FAULTS, "remarks"} == {check.name for check in checks.CHECKS}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_recognised(name):
    assert name in failed(FAULTS[name])


@pytest.mark.parametrize("seed", range(7))
def test_clean_music_is_not_accused(seed):
    assert failed(piece(seed)) == set()


@pytest.mark.parametrize(
    ("name", "others"),
    {
        "copied_part": set(),
        "extreme_pitches": set(),
        "flat_velocities": set(),
        "garbled_text": set(),
        "long_silence": set(),
        "no_key": set(),
        "no_metre": set(),
        "odd_tempo": set(),
        "silent_parts": set(),
        "stuck_notes": set(),
        "wrong_key": set(),
        "performed": {"off_grid"},
    }.items(),
)
def test_one_fault_is_not_taken_for_another(name, others):
    assert failed(FAULTS[name]) - {name} == others


def test_what_the_reader_says_is_told():
    assert failed(CLEAN, ["3 groups of grace notes were left out"]) == {"remarks"}
    assert failed(CLEAN, ["3 notes never end and were left out"]) == {"remarks", "stuck_notes"}


def test_scores_have_no_loudness_of_their_own():
    assert failed(FAULTS["flat_velocities"], kind="MusicXML") == set()


@pytest.mark.parametrize("title", ["Für Elise", "Dvořák", "音乐", "Credo", "", "naïve ©"])
def test_names_that_are_right_are_not_garbled(title):
    assert failed(replace(CLEAN, title=title)) == set()


@pytest.mark.parametrize("title", ["FÃ¼r Elise", "DvoÅ™Ã¡k", "a\ufffdb", "Gr\x81n"])
def test_names_that_are_not(title):
    assert failed(replace(CLEAN, title=title)) == {"garbled_text"}


def test_late_throughout_is_still_to_the_beat():
    """Players of electronic drums are late by the instrument's delay; what counts is that all are."""
    late = changed(moved(CLEAN, 0.03), lambda note: replace(note, onset=note.onset + Fraction(1, 13)))
    assert "ignores_the_tempo" not in failed(late)
    assert "performed" in failed(late)


def test_each_failed_check_takes_off_its_points_and_no_more():
    assert checks.score({}) == 100
    points = {check.name: check.points for check in checks.CHECKS}
    for name, score in FAULTS.items():
        figures = measure(score, [], "MIDI")["figures"]
        accused = [check.name for check in checks.accusations(figures)]
        assert checks.score(figures) == max(0, 100 - sum(points[each] for each in accused)), name


@pytest.mark.parametrize("check", checks.CHECKS, ids=lambda check: check.name)
def test_the_limit_itself_is_no_fault_and_nothing_measured_neither(check):
    step = -1e-6 if check.below else 1e-6
    assert not check.accuses(check.limit)
    assert check.accuses(check.limit + step)
    assert not check.accuses(None)
    assert checks.score({check.figure: check.limit + step}) == 100 - check.points


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(messy_scores().filter(lambda score: any(part.notes for part in score.parts)))
def test_anything_can_be_measured(score):
    record = measure(score, [], "MIDI")
    assert all(figure is None or math.isfinite(figure) for figure in record["figures"].values())
    assert {check.figure for check in checks.CHECKS} <= set(record["figures"])
    assert 0 <= checks.score(record["figures"]) <= 100
    assert sum(record["facts"]["note_lengths"]) == sum(len(part.notes) for part in score.parts)
