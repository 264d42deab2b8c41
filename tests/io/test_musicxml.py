"""MusicXML: what is written comes back, and what other programs write is understood."""

import subprocess
import sys
from ast import literal_eval
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from credo.errors import UsageError
from credo.io import musicxml
from credo.io.files import load
from credo.music.grid import decode
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from strategies import grids, messy_scores, textures

F = Fraction
few = settings(max_examples=25, deadline=None)


def read(document: str) -> Score:
    return musicxml.parse(document.encode(), "test.musicxml")[0]


def contents(score: Score) -> list:
    return [(p.name, sorted(p.notes), p.program, p.is_drums, 9 if p.is_drums else p.channel) for p in score.parts]


def bars(score: Score) -> list:
    return [(start, end) for start, end, _ in score.timeline.bars()]


@few
@given(messy_scores().filter(lambda score: score.notes))
def test_any_score_comes_back_note_for_note(score):
    score = replace(score, parts=tuple(p for p in score.parts if p.notes))
    again = read(musicxml.to_musicxml(score))
    assert contents(again) == contents(score)
    assert again.title == score.title
    assert musicxml.to_musicxml(score) == musicxml.to_musicxml(score)


@few
@given(st.data())
def test_a_quantised_score_comes_back_with_its_bars(data):
    score = decode(data.draw(textures.flatmap(lambda texture: grids(texture, min_steps=1))))
    if not score.notes or score.timeline.pickup >= score.timeline.metre_at(F(0)).bar:
        return
    again = read(musicxml.to_musicxml(score))
    filled = [(p.name, sorted(p.notes)) for p in score.parts]
    assert [(p.name, sorted(p.notes)) for p in again.parts] == filled
    assert (again.title, again.composer) == (score.title, score.composer)
    assert [start for start, _ in bars(again)] == [start for start, _ in bars(score)]
    assert again.duration_seconds >= score.duration_seconds * 0.999


def test_a_whole_score_comes_back_equal():
    soprano = Part.of(
        "Sopräno <1>", [Note(F(0), 67, F(1)), Note(F(1), 66, F(1, 3), 1), Note(F(6), 60, F(7))], program=52
    )
    drums = Part.of("Kit", [Note(F(i, 2), 42, F(1, 8), 127) for i in range(8)], is_drums=True, channel=9)
    timeline = Timeline(
        length=F(14),
        tempos=(Tempo(F(0), 90.0), Tempo(F(2), 61.3), Tempo(F(5), 100.0)),
        metres=(Metre(F(0), 4, 4), Metre(F(5), 6, 8)),
        keys=(KeyChange(F(0), Key(-3, "minor")), KeyChange(F(5), Key(7))),
        pickup=F(1),
    )
    score = Score((soprano, drums), timeline, "Kyrie & Gloria", "J. Nobody")
    assert read(musicxml.to_musicxml(score)) == score


def test_the_last_bar_completes_the_upbeat():
    part = Part.of("Flute", [Note(F(n), 72, F(1)) for n in range(12)])
    score = Score((part,), Timeline(metres=(Metre(F(0), 4, 4),), pickup=F(1), length=F(12)))
    again = read(musicxml.to_musicxml(score))
    assert again.timeline.length == 12
    assert again.timeline.pickup == 1


def test_compressed_files_are_reproducible_and_come_back(tmp_path):
    document = musicxml.to_musicxml(Score((Part.of("a", [Note(F(0), 60, F(1))]),))).encode()
    assert musicxml.compress(document) == musicxml.compress(document)
    assert musicxml.parse(musicxml.compress(document), "a.mxl") == musicxml.parse(document, "a.xml")


@pytest.mark.parametrize("bad", [Note(F(0), 128, F(1)), Note(F(0), 60, F(1), 0), Note(F(-1), 60, F(1))])
def test_a_note_that_cannot_be_written_is_refused(bad):
    with pytest.raises(UsageError, match=r"expected pitch 0\.\.127"):
        musicxml.to_musicxml(Score((Part("x", (bad,)),)))


def test_text_that_xml_cannot_hold_is_replaced():
    assert read(musicxml.to_musicxml(Score((Part.of("a\x00b\ud800", [Note(F(0), 60, F(1))]),)))).parts[0].name == "a b"


# What other programs write. A quarter has 12 divisions.


def document(*parts: str, lists: str = "", head: str = "") -> str:
    body = "".join(f'<part id="P{n}">{part}</part>' for n, part in enumerate(parts, 1))
    return f"<score-partwise>{head}<part-list>{lists}</part-list>{body}</score-partwise>"


def measure(*children: str, **fields: str) -> str:
    attributes = "".join(f' {name}="{value}"' for name, value in fields.items())
    return f"<measure{attributes}>{''.join(children)}</measure>"


def attributes(*children: str) -> str:
    return f"<attributes><divisions>12</divisions>{''.join(children)}</attributes>"


def note(name: str, duration: int | str = 12, *children: str, before: str = "") -> str:
    step, alter, octave = name[0], name[1:-1].count("#") - name[1:-1].count("b"), name[-1]
    pitch = f"<pitch><step>{step}</step><alter>{alter}</alter><octave>{octave}</octave></pitch>"
    return f"<note>{before}{pitch}<duration>{duration}</duration>{''.join(children)}</note>"


def rest(duration: int) -> str:
    return f"<note><rest/><duration>{duration}</duration></note>"


def time(beats: str, unit: int) -> str:
    return f"<time><beats>{beats}</beats><beat-type>{unit}</beat-type></time>"


START, STOP = '<tie type="start"/>', '<tie type="stop"/>'
VOICE1, VOICE2 = "<voice>1</voice>", "<voice>2</voice>"


def backup(duration: int) -> str:
    return f"<backup><duration>{duration}</duration></backup>"


def heard(score: Score, part: int = 0) -> list[tuple]:
    return [(n.onset, n.pitch, n.duration) for n in score.parts[part].notes]


def test_ties_become_one_note_also_across_bars_and_in_unison():
    score = read(
        document(
            measure(attributes(), note("C4", 48, START, VOICE1), backup(48), note("C4", 48, START, VOICE2))
            # voice 2 ends first
            + measure(note("C4", 24, STOP, START, VOICE1), rest(24), backup(48), note("C4", 12, STOP, VOICE2), rest(36))
            + measure(note("C4", 24, VOICE1)),  # the tie leads nowhere: a new note
        )
    )
    assert heard(score) == [(0, 60, 5), (0, 60, 6), (8, 60, 2)]


def test_chords_voices_forward_and_tuplets():
    score = read(
        document(
            measure(
                attributes(),
                note("C4", 24),
                note("E4", 24, before="<chord/>"),
                note("G4", 8),
                note("A4", 8),
                note("B4", 8),
                backup(48),
                "<forward><duration>12</duration></forward>",
                note("Bb2", "12.0"),
            )
        )
    )
    third = F(2, 3)
    assert heard(score) == [
        (0, 60, 2), (0, 64, 2), (1, 46, 1), (2, 67, third), (2 + third, 69, third), (2 + 2 * third, 71, third)
    ]  # fmt: skip


def test_divisions_that_differ_between_parts_and_measures_are_exact():
    first = measure(attributes(), note("C4", 16), note("D4", 32)) + measure(
        "<attributes><divisions>7</divisions></attributes>", note("E4", 1), rest(27)
    )
    second = measure("<attributes><divisions>5</divisions></attributes>", note("F4", 1), rest(19))
    score = read(document(first, second))
    assert heard(score) == [(0, 60, F(4, 3)), (F(4, 3), 62, F(8, 3)), (4, 64, F(1, 7))]
    assert heard(score, 1) == [(0, 65, F(1, 5))]


def test_grace_notes_cues_and_repeats_are_left_out_and_counted():
    text = document(
        measure(
            attributes(),
            "<note><grace/><pitch><step>D</step><octave>5</octave></pitch></note>",
            note("C4", 24),
            note("C4", 24, before="<cue/>"),
            '<barline><repeat direction="backward"/></barline>',
        )
    )
    score, remarks = musicxml.parse(text.encode(), "x")
    assert heard(score) == [(0, 60, 2)]
    assert score.timeline.length == 4
    assert [remark.split()[:2] for remark in remarks] == [["1", "grace"], ["1", "cue"], ["1", "repeat"]]


def test_an_upbeat_a_bar_in_two_halves_and_an_irregular_bar():
    score = read(
        document(
            measure(attributes(time("3", 4)), note("C4", 12), number="0", implicit="yes")
            + measure(note("D4", 36))
            + measure(note("E4", 24))  # a repeat sign divides this bar
            + measure(note("F4", 12))
            + measure(note("G4", 24))  # a bar that lacks a beat
            + measure(note("A4", 36))
            + measure(note("B4", 24))  # completes the upbeat
        )
    )
    assert score.timeline.pickup == 1
    assert bars(score) == [(0, 1), (1, 4), (4, 7), (7, 9), (9, 12), (12, 15)]
    assert score.timeline.length == 14


def test_a_part_that_lacks_rests_does_not_fall_behind_and_an_empty_bar_lasts():
    score = read(
        document(
            measure(attributes(), note("C4", 48)) + measure() + measure(note("C4", 48)),
            measure(attributes(), note("C3", 12)) + measure() + measure(note("D3", 12)),
        )
    )
    assert [onset for onset, _, _ in heard(score, 1)] == [0, 8]


def test_transposing_instruments_sound_as_they_should_and_do_not_tell_the_key():
    transpose = "<transpose><chromatic>-2</chromatic><octave-change>-1</octave-change></transpose>"
    clarinet = measure(attributes("<key><fifths>2</fifths><mode>minor</mode></key>", transpose), note("D5"))
    flute = measure(attributes("<key><fifths>0</fifths><mode>minor</mode></key>"), note("C5"))
    assert read(document(clarinet)).timeline.key == Key(0, "minor")
    score = read(document(clarinet, flute))
    assert score.timeline.key == Key(0, "minor")
    assert [p.notes[0].pitch for p in score.parts] == [60, 72]


def test_metres_that_are_sums():
    score = read(document(measure(attributes(time("3+2", 8)), note("C4", 30)) + measure(note("C4", 30))))
    assert score.timeline.metres == (Metre(F(0), 5, 8),)
    twice = "<time><beats>2</beats><beat-type>4</beat-type><beats>3</beats><beat-type>8</beat-type></time>"
    assert read(document(measure(attributes(twice), note("C4", 42)))).timeline.metres == (Metre(F(0), 7, 8),)


def test_tempo_from_sound_from_a_metronome_mark_and_at_an_offset():
    unit = "<beat-unit>quarter</beat-unit><beat-unit-dot/><per-minute>ca. 60</per-minute>"
    score = read(
        document(
            measure(
                attributes(),
                '<sound tempo="76.5"/>',
                note("C4", 24),
                f"<direction><direction-type><metronome>{unit}</metronome></direction-type></direction>",
                note("C4", 24),
                '<direction><direction-type><words/></direction-type><offset sound="yes">-12</offset>'
                '<sound tempo="50"/></direction>',
            )
        )
    )
    assert score.timeline.tempos == (Tempo(F(0), 76.5), Tempo(F(2), 90.0), Tempo(F(3), 50.0))


def test_loudness_from_directions_and_notes():
    text = document(measure(attributes(), '<sound dynamics="50"/>', note("C4"), note("D4")))
    text = text.replace("<note>", '<note dynamics="100">', 1)
    assert [played.velocity for played in read(text).parts[0].notes] == [90, 45]


def test_drums_are_known_by_their_instruments_or_their_place():
    lists = (
        '<score-part id="P1"><part-name>Kit</part-name>'
        '<midi-instrument id="I1"><midi-channel>10</midi-channel><midi-unpitched>37</midi-unpitched></midi-instrument>'
        '<midi-instrument id="I2"><midi-unpitched>50</midi-unpitched></midi-instrument></score-part>'
    )

    def hit(step: str, octave: int, instrument: str) -> str:
        place = f"<display-step>{step}</display-step><display-octave>{octave}</display-octave>"
        return f"<note><unpitched>{place}</unpitched><duration>12</duration>{instrument}</note>"

    measures = measure(
        attributes(), hit("C", 5, '<instrument id="I1"/>'), hit("C", 5, '<instrument id="I2"/>'), hit("G", 5, "")
    )
    part = read(document(measures, lists=lists)).parts[0]
    assert part.is_drums
    assert part.channel == 9
    assert [played.pitch for played in part.notes] == [36, 49, 42]


def test_names_program_title_and_composer():
    lists = (
        '<score-part id="P1"><part-name> Violin\n I </part-name>'
        '<midi-instrument id="I1"><midi-program>41</midi-program></midi-instrument></score-part>'
    )
    head = (
        "<work><work-title>Quartet</work-title></work>"
        '<identification><creator type="composer">E. Mayer</creator></identification>'
    )
    score = read(document(measure(attributes(), note("C4")), lists=lists, head=head))
    assert (score.parts[0].name, score.parts[0].program, score.title, score.composer) == (
        "Violin I", 40, "Quartet", "E. Mayer"
    )  # fmt: skip


def test_a_document_by_measures_is_read_as_well():
    body = f'<measure><part id="P1">{attributes()}{note("C4", 48)}</part><part id="P2">{note("E4", 4)}</part></measure>'
    score = read(f"<score-timewise><part-list/>{body}</score-timewise>")
    assert (heard(score), heard(score, 1)) == ([(0, 60, 4)], [(0, 64, 4)])


def test_utf16_is_read():
    text = '<?xml version="1.0" encoding="UTF-16"?>' + document(measure(attributes(), note("C4")))
    assert musicxml.parse(text.encode("utf-16"), "x")[0].notes


MUSIC21 = """
import sys
from fractions import Fraction
from music21 import converter
for path in sys.argv[1:]:
    notes = converter.parse(path, forceSource=True).stripTies().flatten().notes
    print([
        (*Fraction(note.offset).limit_denominator(10080).as_integer_ratio(), pitch.midi,
         *Fraction(note.duration.quarterLength).limit_denominator(10080).as_integer_ratio())
        for note in notes if not note.duration.isGrace for pitch in note.pitches
    ])
"""


def chorales() -> list[Path]:
    """Every twentieth of the chorales that music21 carries; the first two are enough for a quick look."""
    from importlib.util import find_spec

    spec = find_spec("music21")
    if spec is None or not spec.origin:
        return []
    return sorted(Path(spec.origin).parent.glob("corpus/bach/*.mxl"))[::20]


@pytest.mark.parametrize("many", [False, pytest.param(True, marks=pytest.mark.slow)])
def test_music21_reads_the_same_notes_of_its_chorales(many):
    paths = chorales()[2:] if many else chorales()[:2]
    if not paths:
        pytest.skip("music21 is not installed")
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", MUSIC21, *map(str, paths)], capture_output=True, text=True, check=True
    )
    for path, line in zip(paths, done.stdout.splitlines(), strict=True):
        ours = [(*n.onset.as_integer_ratio(), n.pitch, *n.duration.as_integer_ratio()) for n in load(path).notes]
        assert sorted(ours) == sorted(literal_eval(line)), path.name
