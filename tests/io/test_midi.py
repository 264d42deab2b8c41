"""MIDI files: what is written comes back, and real files' habits are understood."""

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from midi_pieces import midi_file, note, number, track

from credo.errors import UsageError
from credo.io import midi
from credo.music.grid import decode
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from strategies import grids, messy_scores, textures

F = Fraction
few = settings(max_examples=25, deadline=None)


def read(data: bytes) -> Score:
    return midi.parse(data, "test.mid")[0]


def as_midi_holds_it(score: Score) -> Score:
    """The score without empty parts, and without notes that end before an earlier one of their pitch does."""
    parts = []
    for part in score.parts:
        kept, ends = [], {}
        for played in part.notes:
            if played.end >= ends.get(played.pitch, 0):
                ends[played.pitch] = played.end
                kept.append(played)
        if kept:
            parts.append(replace(part, notes=tuple(kept)))
    return replace(score, parts=tuple(parts))


def contents(score: Score) -> list:
    return [(part.name, part.notes, 0 if part.is_drums else part.program, part.is_drums) for part in score.parts]


def bars(score: Score) -> list:
    return [(start, end) for start, end, _ in score.timeline.bars()]


@few
@given(messy_scores().map(as_midi_holds_it).filter(lambda score: score.parts))
def test_any_score_comes_back_note_for_note(score):
    again = read(midi.to_midi(score))
    assert contents(again) == contents(score)
    assert again.title == score.title
    assert all(again.timeline.key_at(n.onset) == score.timeline.key_at(n.onset) for n in score.notes)
    assert again.duration_seconds == pytest.approx(score.duration_seconds, rel=1e-4)
    assert midi.to_midi(score) == midi.to_midi(score)


@few
@given(st.data())
def test_a_quantised_score_comes_back_with_its_bars(data):
    score = as_midi_holds_it(decode(data.draw(textures.flatmap(lambda texture: grids(texture, min_steps=1)))))
    if not score.parts:
        return
    again = read(midi.to_midi(score))
    assert contents(again) == contents(score)
    assert (again.title, again.composer) == (score.title, score.composer)
    assert again.timeline.length == score.timeline.length
    if all(((end - start) * 16).denominator == 1 for start, end in bars(score)):  # a metre of 1/3 cannot be written
        assert bars(again) == bars(score)


def test_a_whole_score_comes_back_equal():
    soprano = Part.of("Sopräno", [Note(F(0), 67, F(1)), Note(F(1), 67, F(1, 3), 1)], program=52, channel=3)
    drums = Part.of("Kit", [Note(F(i, 2), 42, F(1, 8), 127) for i in range(8)], is_drums=True, channel=9)
    timeline = Timeline(
        length=F(9),
        tempos=(Tempo(F(0), 90.0), Tempo(F(2), 61.3)),
        metres=(Metre(F(0), 4, 4), Metre(F(5), 6, 8)),
        keys=(KeyChange(F(0), Key(-3, "minor")), KeyChange(F(1), Key(7))),
        pickup=F(1),
    )
    score = Score((soprano, drums), timeline, "Kyrie", "J. Nobody")
    assert read(midi.to_midi(score)) == score


def test_symusic_reads_the_same_notes(tmp_path):
    symusic = pytest.importorskip("symusic")
    parts = [
        Part.of(f"part {n}", [Note(F(i, 3), 40 + n + i, F(1, 3), 1 + i) for i in range(5)], program=n, is_drums=n == 5)
        for n in range(7)
    ]
    other = symusic.Score.from_midi(midi.to_midi(Score(tuple(parts))))
    theirs = [
        (t.name, t.is_drum, t.program, [(F(n.time, other.tpq), n.pitch, F(n.duration, other.tpq)) for n in t.notes])
        for t in other.tracks
    ]
    assert theirs == [(p.name, p.is_drums, p.program, [(n.onset, n.pitch, n.duration) for n in p.notes]) for p in parts]


def test_seventeen_parts_and_drums_keep_their_order_and_programs():
    parts = tuple(Part.of(f"{n}", [Note(F(n), 60, F(1))], program=n, is_drums=n in (3, 11)) for n in range(17 + 2))
    again = read(midi.to_midi(Score(parts)))
    assert contents(again) == contents(Score(parts))
    assert [part.channel == 9 for part in again.parts] == [part.is_drums for part in parts]


def test_a_part_keeps_a_channel_that_it_asks_for():
    parts = [Part.of(str(channel), [Note(F(0), 60, F(1))], channel=channel) for channel in (None, 0, None, 15)]
    assert [part.channel for part in read(midi.to_midi(Score(tuple(parts)))).parts] == [1, 0, 2, 15]


def test_one_track_with_several_channels_becomes_a_part_a_channel():
    data = midi_file(
        track(
            b"\x00\xff\x03\x04Band",
            b"\x00\xc1\x28",  # channel 2: violin
            note(72, channel=1),
            note(36, channel=9),
            note(48, channel=0),
        ),
        file_format=0,
    )
    parts = read(data).parts
    assert [(part.channel, part.program, part.is_drums) for part in parts] == [
        (0, 0, False),
        (1, 40, False),
        (9, 0, True),
    ]
    assert [part.notes[0].onset for part in parts] == [2, 0, 1]


def test_running_status_note_on_with_velocity_0_and_odd_events_are_understood():
    data = midi_file(
        track(
            b"\x00\x90\x3c\x50",  # note on
            b"\x30\x3c\x00",  # running status, velocity 0: it ends
            b"\x00\xf0\x03\x01\x02\xf7",  # system exclusive
            b"\x00\xb0\x07\x7f",  # volume
            b"\x00\xe0\x00\x40",  # pitch bend
            b"\x00\xd0\x11",  # pressure, one data byte
            b"\x30\x90\x3e\x51\x30\x80\x3e\x00",
        )
    )
    assert read(data).parts[0].notes == (Note(F(0), 60, F(1, 2), 80), Note(F(1), 62, F(1, 2), 81))


def test_notes_that_never_end_are_left_out_and_counted():
    score, remarks = midi.parse(midi_file(track(note(60), b"\x00\x90\x40\x50")), "test.mid")
    assert [played.pitch for played in score.parts[0].notes] == [60]
    assert remarks == ["1 notes never end and were left out"]


def test_a_hit_without_length_keeps_its_onset():
    assert read(midi_file(track(note(36, ticks=0, channel=9)))).parts[0].notes == (Note(F(0), 36, F(1, 96)),)


def test_a_riff_wrapper_is_taken_off():
    inner = midi_file(track(note()))
    assert read(b"RIFF" + (len(inner) + 12).to_bytes(4, "little") + b"RMIDdata" + bytes(4) + inner).parts


def test_names_in_old_encodings_are_read():
    data = midi_file(track(b"\x00\xff\x03\x04Fl\xf6t", note()))
    assert read(data).parts[0].name == "Flöt"


def test_a_last_tick_that_closes_a_track_is_no_rest():
    data = midi_file(b"MTrk\x00\x00\x00\x0c" + note() + b"\x01\xff\x2f\x00")
    assert read(data).timeline.length == 1


def test_tempo_metre_and_key_of_a_file_without_any():
    timeline = read(midi_file(track(note()))).timeline
    assert timeline.tempos == (Tempo(F(0), 120.0),)
    assert timeline.metres == timeline.keys == ()


def test_an_impossible_key_is_passed_over():
    assert read(midi_file(track(b"\x00\xff\x59\x02\x20\x05", note()))).timeline.keys == ()


def test_off_grid_ticks_are_exact():
    data = midi_file(track(number(7) + note(60, 5)[1:]), division=32767)
    assert read(data).parts[0].notes[0] == Note(F(7, 32767), 60, F(5, 32767))
    assert read(midi.to_midi(read(data))) == read(data)


@pytest.mark.parametrize("bad", [Note(F(0), 128, F(1)), Note(F(0), 60, F(1), 0), Note(F(-1), 60, F(1))])
def test_a_note_that_midi_cannot_write_is_refused(bad):
    with pytest.raises(UsageError, match=r"expected pitch 0\.\.127"):
        midi.to_midi(Score((Part("x", (bad,)),)))
