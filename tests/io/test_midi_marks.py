"""Markers and loops in MIDI files."""

from fractions import Fraction
from io import BytesIO

import pytest
from midi_pieces import midi_file, note, track

from credo.errors import UsageError
from credo.io import midi
from credo.io.files import load, save
from credo.music.score import Note, Part, Score, Tempo, Timeline

F = Fraction
FLUTE = Part.of("flute", [Note(F(i), 72 + i, F(1)) for i in range(8)], program=73)
DRUMS = Part.of("drums", [Note(F(i), 36, F(1, 4)) for i in range(8)], is_drums=True)
PIECE = Score((FLUTE, DRUMS), Timeline(F(11), (Tempo(F(0), 120.0),)))
MARKS = [(F(0), "A"), (F(7, 2), "Schlag – 打"), (F(11), "end")]


def test_marks_come_back_and_the_music_is_the_same():
    data = midi.to_midi(PIECE, marks=MARKS)
    assert midi.read_marks(data, "a.mid") == MARKS
    assert midi.parse(data, "a.mid") == midi.parse(midi.to_midi(PIECE), "a.mid")


def test_a_loop_is_told_by_markers_and_by_controller_111_of_the_first_part():
    data = midi.to_midi(PIECE, marks=[(F(4), "hit")], loop=(F(4), F(8)))
    assert midi.read_marks(data, "a.mid") == [(F(4), "hit"), (F(4), "loopStart"), (F(8), "loopEnd")]
    mido = pytest.importorskip("mido")
    tracks = mido.MidiFile(file=BytesIO(data)).tracks
    loops = []
    for number, messages in enumerate(tracks):
        here = 0
        for message in messages:
            here += message.time
            if message.type == "control_change":
                loops.append((number, here, message.channel, message.control))
    assert loops == [(1, 4 * 480, 0, 111)]
    assert [m.text for m in tracks[0] if m.type == "marker"] == ["hit", "loopStart", "loopEnd"]
    assert midi.parse(data, "a.mid") == midi.parse(midi.to_midi(PIECE), "a.mid")


def test_controller_111_is_on_channel_ten_where_drums_come_first():
    data = midi.to_midi(Score((DRUMS, FLUTE)), loop=(F(0), F(8)))
    assert bytes((0xB9, 111, 0)) in data


def test_marks_between_ticks_do_not_move_the_notes():
    triplets = Score((Part.of("flute", [Note(F(i, 3), 72, F(1, 3)) for i in range(9)]),))
    odd = F(12345, 7919)
    data = midi.to_midi(triplets, marks=[(odd, "hit")])
    assert midi.parse(data, "a.mid")[0].parts[0].notes == triplets.parts[0].notes
    [(onset, _)] = midi.read_marks(data, "a.mid")
    assert abs(onset - odd) <= F(1, 960)


@pytest.mark.parametrize("loop", [(F(4), F(4)), (F(-1), F(4)), (F(0), F(12)), (F(8), F(4))])
def test_loops_outside_the_piece_are_refused(loop):
    with pytest.raises(UsageError, match="start < end <= 11 quarters"):
        midi.to_midi(PIECE, loop=loop)


@pytest.mark.parametrize("onset", [F(-1), F(23, 2)])
def test_marks_outside_the_piece_are_refused(onset):
    with pytest.raises(UsageError, match=r"'hit'.*0\.\.11 quarters"):
        midi.to_midi(PIECE, marks=[(onset, "hit")])


def test_marks_of_other_files_are_read_from_every_track():
    marker = b"\x00\xff\x06\x05there"
    data = midi_file(track(b"\x00\xff\x06\x04here"), track(note(ticks=96), note(ticks=96), marker))
    assert midi.read_marks(data, "a.mid") == [(F(0), "here"), (F(2), "there")]


def test_files_are_saved_with_marks_where_they_can_hold_them(tmp_path):
    save(PIECE, tmp_path / "a.mid", marks=MARKS, loop=(F(0), F(8)))
    assert load(tmp_path / "a.mid").parts[0].notes == FLUTE.notes
    assert (F(8), "loopEnd") in midi.read_marks((tmp_path / "a.mid").read_bytes(), "a.mid")
    with pytest.raises(UsageError, match=r"expected a MIDI file for marks and loops, got \.musicxml"):
        save(PIECE, tmp_path / "a.musicxml", marks=MARKS)
    assert not (tmp_path / "a.musicxml").exists()
