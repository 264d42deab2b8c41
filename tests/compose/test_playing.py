"""Loudness, articulation and octaves, done to the notes of a score."""

import itertools
from dataclasses import replace
from fractions import Fraction

import pytest

from credo.compose.playing import Playing
from credo.conditioning.measure import measure
from credo.errors import UsageError
from credo.music.score import Note, Part, Score
from tiny import chorale

PIECE = chorale(3)
DRUMS = Part.of("drums", [Note(Fraction(n, 2), 36, Fraction(1, 2), 90) for n in range(8)], is_drums=True)


def onsets_and_lengths(score):
    return [[(note.onset, note.duration) for note in part.notes] for part in score.parts]


def test_nothing_asked_is_nothing_done():
    assert Playing().played(PIECE) == PIECE
    assert Playing(2, 60, 0.5).played(Score(())) == Score(())


@pytest.mark.parametrize("loudness", [1, 20, 76, 100.4, 127])
def test_the_mean_velocity_is_the_one_asked(loudness):
    played = Playing(loudness=loudness).played(replace(PIECE, parts=(*PIECE.parts, DRUMS)))
    assert measure(played).loudness == pytest.approx(loudness, abs=0.5)
    assert all(1 <= note.velocity <= 127 for note in played.notes)


def test_louder_notes_stay_louder():
    played = Playing(loudness=50).played(PIECE)
    for old, new in zip(PIECE.parts, played.parts, strict=True):
        pairs = sorted((a.velocity, b.velocity) for a, b in zip(old.notes, new.notes, strict=True))
        assert [after for _, after in pairs] == sorted(after for _, after in pairs)


@pytest.mark.parametrize("articulation", [0.06, 0.3, 0.75, 1])
def test_the_share_that_sounds_is_the_one_asked(articulation):
    played = Playing(articulation=articulation).played(PIECE)
    assert measure(played).articulation == pytest.approx(articulation, abs=0.01)
    for old, new in zip(PIECE.parts, played.parts, strict=True):
        assert [note.onset for note in old.notes] == [note.onset for note in new.notes]
        assert old.notes[-1] == new.notes[-1]  # the final chord rings


def test_rests_are_filled_up_to_the_next_note_and_no_further():
    line = Part.of("line", [Note(Fraction(n), 60 + n % 2, Fraction(1, 3)) for n in range(9)])
    played = Playing(articulation=1).played(Score((line,)))
    assert [note.duration for note in played.parts[0].notes] == [Fraction(1)] * 8 + [Fraction(1, 3)]


def test_notes_stay_apart_where_lengths_are_no_whole_ticks():
    line = Part.of("line", [Note(Fraction(n, 7), 60, Fraction(1, 14)) for n in range(20)])
    notes = Playing(articulation=0.999).played(Score((line,))).parts[0].notes
    assert all(note.end <= after.onset for note, after in itertools.pairwise(notes))


def test_what_is_engraved_keeps_its_lengths():
    playing = Playing(1, 60, 0.4)
    assert onsets_and_lengths(playing.written(PIECE)) == onsets_and_lengths(PIECE)
    assert measure(playing.written(PIECE)).register == pytest.approx(measure(PIECE).register + 12)


def test_octaves_move_pitches_and_neither_drums_nor_keys():
    piece = replace(PIECE, parts=(*PIECE.parts, DRUMS))
    played = Playing(octaves=-1).played(piece)
    assert played.parts[-1] == DRUMS
    assert played.timeline == piece.timeline
    assert [note.pitch + 12 for note in played.parts[0].notes] == [note.pitch for note in piece.parts[0].notes]


@pytest.mark.parametrize(("octaves", "least", "most"), [(4, 0, 127), (-4, 0, 127)])
def test_no_note_leaves_what_midi_can_tell(octaves, least, most):
    pitches = [note.pitch for note in Playing(octaves=octaves).played(PIECE).notes]
    assert least <= min(pitches)
    assert max(pitches) <= most
    assert {pitch % 12 for pitch in pitches} == {note.pitch % 12 for note in PIECE.notes}


def test_drums_keep_their_lengths():
    assert Playing(articulation=0.2).played(Score((DRUMS,))) == Score((DRUMS,))


def test_it_survives_json_and_refuses_what_cannot_be():
    assert Playing.from_dict(Playing(1, 60, 0.4).to_dict()) == Playing(1, 60, 0.4)
    for wrong in ({"octaves": 9}, {"loudness": 0}, {"articulation": 2}, {"speed": 1}):
        with pytest.raises(UsageError):
            Playing.from_dict(wrong)
