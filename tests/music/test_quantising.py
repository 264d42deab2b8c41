from dataclasses import replace
from fractions import Fraction as Q

import numpy as np
import pytest

from credo.errors import UsageError
from credo.music.fitting.snapping import snap_timeline
from credo.music.grid import Cells, Grid, decode, encode
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from credo.music.texture import DRUMS, MELODY, PIANO, SATB
from credo.music.timelines import cut_timeline, join_timelines
from credo.music.transform import quantise

LINE = replace(MELODY, steps_per_quarter=4)
PLAIN_DRUMS = replace(DRUMS, voices=(replace(DRUMS.voices[0], expressive=False),))


def snapped(texture, *notes, **timeline):
    """(onset, pitch, duration, velocity) of the notes of a one-voice score after quantising, and the omissions."""
    score = Score((Part.of("any", [Note(*note) for note in notes]),), Timeline(**timeline))
    quantised = quantise(score, texture)
    found = [(note.onset, note.pitch, note.duration, note.velocity) for note in quantised.score.parts[0].notes]
    return found, [str(omission) for omission in quantised.omissions]


def test_onsets_and_ends_go_to_the_nearest_step():
    notes, omissions = snapped(LINE, (Q(1, 30), 60, Q(1, 2), 70), (Q(17, 30), 62, Q(11, 30), 71))
    assert notes == [(0, 60, Q(1, 2), 70), (Q(1, 2), 62, Q(1, 2), 71)]
    assert omissions == []


def test_half_a_step_rounds_up_so_that_neighbours_still_touch():
    notes, _ = snapped(LINE, (Q(0), 60, Q(3, 8), 70), (Q(3, 8), 62, Q(5, 8), 70))
    assert notes == [(0, 60, Q(1, 2), 70), (Q(1, 2), 62, Q(1, 2), 70)]


def test_a_note_lasts_at_least_one_step():
    assert snapped(LINE, (Q(0), 60, Q(1, 100), 70))[0] == [(0, 60, Q(1, 4), 70)]


def test_the_next_note_ends_the_one_before():
    notes, _ = snapped(LINE, (Q(0), 60, Q(2), 70), (Q(1), 62, Q(1), 70))
    assert [(onset, duration) for onset, _, duration, _ in notes] == [(0, 1), (1, 1)]


def test_of_notes_on_one_step_the_nearest_stays():
    notes, omissions = snapped(LINE, (Q(7, 8), 65, Q(1, 8), 70), (Q(1), 64, Q(1), 70), (Q(4), 62, Q(1), 70))
    assert [pitch for _, pitch, _, _ in notes] == [64, 62]
    assert omissions == ["melody: shares its step with another note (1 note left out), bar 1"]


def test_keys_of_a_piano_are_lines_of_their_own():
    notes, omissions = snapped(PIANO, (Q(0), 60, Q(2), 70), (Q(0), 64, Q(1), 70), (Q(1), 60, Q(1), 71))
    assert notes == [(0, 60, 1, 70), (0, 64, 1, 70), (1, 60, 1, 71)]
    assert omissions == []


def test_a_doubled_key_sounds_once():
    notes, omissions = snapped(PIANO, (Q(0), 60, Q(2), 70), (Q(0), 60, Q(1), 90))
    assert notes == [(0, 60, 2, 70)]
    assert omissions == ["piano: doubled by another note (1 note left out), bar 1"]


def test_drum_hits_last_one_step_on_the_written_key():
    notes, omissions = snapped(PLAIN_DRUMS, (Q(0), 35, Q(3), 99), (Q(1, 16), 44, Q(1, 16), 50), (Q(1), 81, Q(1), 60))
    assert notes == [(0, 36, Q(1, 4), 99), (0, 42, Q(1, 4), 50)]
    assert omissions == ["drums: no such drum in the kit (1 note left out), bar 1"]


@pytest.mark.parametrize(
    ("played", "step", "offset"),
    [
        (Q(2, 3), 3, -3),  # swung
        (Q(1) + Q(1, 40), 4, 1),  # laid back
        (Q(1) - Q(1, 200), 4, 0),
        (Q(7, 8), 4, -4),  # half a step before
        (Q(7, 8) - Q(1, 1000), 3, 4),
    ],
)
def test_expressive_hits_keep_their_timing(played, step, offset):
    quantised = quantise(Score((Part.of("kit", [Note(played, 38, Q(1, 9), 70)]),)), DRUMS).score
    (note,) = quantised.parts[0].notes
    assert note.onset == Q(9 * step + offset, 36)
    assert abs(note.onset - played) <= Q(1, 72)
    assert note.onset + note.duration <= Q(step + 1, 4)
    cells = encode(quantised, DRUMS).voices[0]
    assert (cells.sounding[step, 1], cells.offset[step, 1], cells.velocity[step, 1]) == (True, offset, 70)
    assert decode(encode(quantised, DRUMS)) == quantised


def test_of_a_flam_the_stroke_stays_and_nothing_is_before_the_start():
    notes, omissions = snapped(DRUMS, (Q(31, 32), 38, Q(1, 9), 40), (Q(1), 38, Q(1, 9), 110), (Q(0), 36, Q(1, 4), 90))
    assert [(onset, pitch, velocity) for onset, pitch, _, velocity in notes] == [(0, 36, 90), (1, 38, 110)]
    assert omissions == ["drums: shares its step with another note (1 note left out), bar 1"]
    early = Cells.of(DRUMS.voices[0], np.eye(9, dtype=bool), offset=np.full((9, 9), -2))
    assert Grid(DRUMS, (early,), Timeline()).voices[0].offset[:2, :2].tolist() == [[0, 0], [0, -2]]


def test_what_is_outside_the_range_is_said_and_never_moved():
    notes, omissions = snapped(LINE, (Q(0), 60, Q(1), 70), (Q(5), 110, Q(1), 70), (Q(9), 20, Q(1), 70))
    assert [pitch for _, pitch, _, _ in notes] == [60]
    assert omissions == ["melody: outside 48..88, the voice's range (2 notes left out), first in bar 2"]


def test_the_length_goes_up_to_a_whole_step():
    score = quantise(Score((Part("", ()),), Timeline(Q(13, 16))), LINE).score
    assert score.timeline.length == 1


def test_bars_are_counted_from_the_first_whole_one():
    _, omissions = snapped(LINE, (Q(0), 20, Q(1), 70), pickup=Q(1), length=Q(9))
    assert omissions == ["melody: outside 48..88, the voice's range (1 note left out), bar 0"]


def test_deviation_is_measured_in_quarters():
    score = Score((Part.of("", [Note(Q(0), 60, Q(1)), Note(Q(17, 16), 62, Q(1)), Note(Q(2), 64, Q(1))]),))
    deviation = quantise(score, LINE).deviation
    assert deviation.mean_quarter == pytest.approx(1 / 48)
    assert deviation.max_quarter == pytest.approx(1 / 16)
    assert deviation.share_off_grid == pytest.approx(1 / 3)


def test_a_score_that_was_not_placed_is_refused():
    with pytest.raises(UsageError, match=r"expected 4 parts.*got 1"):
        quantise(Score((Part("", ()),)), SATB)


def test_changes_go_to_steps_and_those_that_change_nothing_go():
    timeline = Timeline(
        length=Q(16),
        tempos=(Tempo(Q(0), 90.0), Tempo(Q(4), 90.0), Tempo(Q(49, 12), 80.0)),
        metres=(Metre(Q(0), 4, 4), Metre(Q(4), 4, 4), Metre(Q(10), 4, 4)),
        keys=(KeyChange(Q(0), Key(1)), KeyChange(Q(20), Key(2))),
        pickup=Q(1, 20),
    )
    assert snap_timeline(timeline, 4, 64) == Timeline(
        length=Q(16),
        tempos=(Tempo(Q(0), 90.0), Tempo(Q(4), 80.0)),
        metres=(Metre(Q(0), 4, 4), Metre(Q(10), 4, 4)),  # the last one begins a bar anew
        keys=(KeyChange(Q(0), Key(1)),),
        pickup=Q(0),
    )


@pytest.mark.parametrize(
    ("given", "rate", "read"),
    [
        ((7, 32), 4, (7, 16)),
        ((5, 16), 4, (5, 16)),
        ((7, 32), 12, (7, 16)),
        ((3, 32), 12, (3, 16)),
        ((3, 64), 4, (3, 16)),
    ],
)
def test_bars_of_no_whole_steps_are_taken_together(given, rate, read):
    timeline = Timeline(length=Q(7), metres=(Metre(Q(0), *given),))
    assert snap_timeline(timeline, rate, 7 * rate).metres == (Metre(Q(0), *read),)


def test_regrouped_bars_are_said():
    _, omissions = snapped(LINE, (Q(0), 60, Q(1), 70), metres=(Metre(Q(0), 7, 32),))
    assert omissions == ["bars of 7/32 are no whole steps: read as 7/16, bar 1"]


def test_a_cut_timeline_says_what_is_in_force_and_how_far_the_bar_has_gone():
    timeline = Timeline(
        length=Q(20), tempos=(Tempo(Q(0), 90.0),), metres=(Metre(Q(0), 4, 4), Metre(Q(9), 3, 4)), pickup=Q(1)
    )
    assert cut_timeline(timeline, Q(3), Q(13)) == Timeline(
        length=Q(10), tempos=(Tempo(Q(0), 90.0),), metres=(Metre(Q(0), 4, 4), Metre(Q(6), 3, 4)), pickup=Q(2)
    )


def test_joined_timelines_go_on_in_their_bars_or_begin_anew():
    four = Timeline(length=Q(8), metres=(Metre(Q(0), 4, 4),))
    assert join_timelines([four, four]).metres == (Metre(Q(0), 4, 4),)
    cut = replace(four, length=Q(7))
    assert join_timelines([cut, four]).metres == (Metre(Q(0), 4, 4), Metre(Q(7), 4, 4))
    assert join_timelines([cut, replace(four, length=Q(5), pickup=Q(1))]).metres == (Metre(Q(0), 4, 4),)
    bars = list(join_timelines([four, replace(four, length=Q(5), pickup=Q(1))]).bars())
    assert [start for start, _, _ in bars] == [0, 4, 8, 9]


def test_a_timeline_without_a_tempo_keeps_the_usual_one_when_joined():
    joined = join_timelines([Timeline(length=Q(3)), Timeline(length=Q(2), tempos=(Tempo(Q(0), 60.0),))])
    assert joined.tempos == (Tempo(Q(0), 90.0), Tempo(Q(3), 60.0))
