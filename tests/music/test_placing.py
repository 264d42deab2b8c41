from __future__ import annotations

from collections import Counter
from dataclasses import replace
from fractions import Fraction as Q
from importlib.util import find_spec
from itertools import permutations
from pathlib import Path

import pytest

from credo.music.fitting.casting import affinity, assign
from credo.music.fitting.placing import place
from credo.music.score import Note, Part, Score
from credo.music.texture import DRUMS, MELODY, PIANO, QUARTET, SATB, SONG

FOUR_PARTS = ((76, 77, 79), (67, 69, 71), (60, 60, 62), (48, 53, 55))


def line(name, pitches, start=0, **fields):
    return Part.of(name, [Note(Q(start + i), pitch, Q(1)) for i, pitch in enumerate(pitches)], **fields)


def chords(name, *pitches, **fields):
    return Part.of(name, [Note(Q(i), p, Q(1)) for i, chord in enumerate(pitches) for p in chord], **fields)


def pitches(placement):
    return {part.name: tuple(note.pitch for note in part.notes) for part in placement.score.parts}


def said(placement):
    return [str(omission) for omission in placement.omissions]


def test_a_placed_score_has_the_voices_of_its_texture():
    placed = place(Score((line("x", (60,), program=19),), title="Kyrie"), SATB).score
    assert [(part.name, part.program) for part in placed.parts] == [(voice.name, 52) for voice in SATB.voices]
    assert placed.title == "Kyrie"


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_unnamed_lines_find_their_voices_by_pitch(order):
    placement = place(Score(tuple(line("", FOUR_PARTS[i]) for i in order)), SATB)
    assert tuple(pitches(placement).values()) == FOUR_PARTS
    assert placement.omissions == ()


def test_names_outweigh_pitch():
    score = Score((line("Alto", (72, 72)), line("Soprano", (60, 60)), line("Bass", (60, 60)), line("Tenor", (50, 50))))
    assert pitches(place(score, SATB)) == {"soprano": (60, 60), "alto": (72, 72), "tenor": (50, 50), "bass": (60, 60)}


@pytest.mark.parametrize(
    ("part", "voice", "suits"),
    [
        ("Violin I", "violin 1", 2),
        ("Violino secondo", "violin 2", 1),
        ("2nd Violin", "violin 2", 2),
        ("Vln. 2", "violin 1", -1),
        ("Vc.", "cello", 2),
        ("Alto", "alto", 2),
        ("S.", "soprano", 2),
        ("Clarinet in B", "bass", 0),
        ("Ténor", "tenor", 2),
        ("Singstimme", "voice", 2),
        ("Pianoforte", "voice", -1),
        ("Pianoforte", "piano", 2),
        ("", "soprano", 0),
    ],
)
def test_names_of_parts(part, voice, suits):
    assert affinity(part, voice) == suits


def test_the_cheapest_cast_is_found():
    costs = [[9, 1, 8], [7, 2, 9], [1, 1, 1], [0, 9, 9]]
    best = assign(costs, [20] * 4)
    total = sum(costs[part][v] for v, part in best.items()) + 20 * (4 - len(best))
    assert total == min(sum(costs[part][v] for v, part in enumerate(cast)) + 20 for cast in permutations(range(4), 3))


def test_missing_lines_leave_voices_silent():
    assert pitches(place(Score((line("", FOUR_PARTS[0]), line("", FOUR_PARTS[3]))), SATB)) == {
        "soprano": FOUR_PARTS[0],
        "alto": (),
        "tenor": (),
        "bass": FOUR_PARTS[3],
    }


def test_superfluous_lines_are_said():
    score = Score((*(line(name, p) for name, p in zip("SATB", FOUR_PARTS, strict=True)), line("Flute", (84, 84))))
    placement = place(score, SATB)
    assert tuple(pitches(placement).values()) == FOUR_PARTS
    assert said(placement) == ["Flute: no voice left for this part (2 notes left out), first in bar 1"]


def test_drums_and_pitches_never_mix():
    score = Score((line("kit", (36, 38), is_drums=True), line("tune", (60, 62))))
    assert pitches(place(score, DRUMS)) == {"drums": (36, 38)}
    assert said(place(score, DRUMS)) == [
        "tune: no drum part, and drums has no voice for it (2 notes left out), first in bar 1"
    ]
    assert pitches(place(score, MELODY)) == {"melody": (60, 62)}
    assert said(place(score, MELODY)) == [
        "kit: a drum part, and melody has no voice for it (2 notes left out), first in bar 1"
    ]


def test_a_song_is_the_singer_and_all_the_rest():
    score = Score(
        (
            line("Singstimme", (72, 74, 76)),
            chords("Klavier", (60, 64), (60, 65), (60, 67)),
            line("Klavier", (41, 43, 36)),
        )
    )
    placed = pitches(place(score, SONG))
    assert placed["voice"] == (72, 74, 76)
    assert sorted(placed["piano"]) == sorted((60, 64, 60, 65, 60, 67, 41, 43, 36))


def test_a_piano_alone_has_no_singer():
    placed = pitches(place(Score((chords("Piano", (60, 64), (60, 65)), line("Piano", (41, 43)))), SONG))
    assert placed["voice"] == ()
    assert len(placed["piano"]) == 6


def test_all_parts_meet_at_the_piano():
    assert len(place(Score(tuple(line("", p) for p in FOUR_PARTS)), PIANO).score.parts[0].notes) == 12


def test_a_double_stop_goes_to_a_player_who_rests():
    tune = line("Violin 1", (76, 79, 77, 76))
    double_stop = Part.of("Violin 1", [*tune.notes, Note(Q(1), 70, Q(1))])
    others = [line("Viola", (60, 60, 60)), line("Violoncello", (40, 40, 40))]
    resting = place(Score((double_stop, line("Violin 2", (67,)), *others)), QUARTET)
    assert pitches(resting)["violin 1"] == (76, 79, 77, 76)
    assert pitches(resting)["violin 2"] == (67, 70)
    playing = place(Score((double_stop, line("Violin 2", (67, 67)), *others)), QUARTET)
    assert said(playing) == ["Violin 1: begins together with another note of its voice (1 note left out), bar 1"]


def test_the_lowest_voice_keeps_its_lowest_note():
    cello = Part.of("Cello", [*line("", (50, 48, 47, 48)).notes, Note(Q(1), 36, Q(1))])
    score = Score((*(line(n, (70 - 6 * i,) * 4) for i, n in enumerate(("Violin 1", "Violin 2", "Viola"))), cello))
    assert pitches(place(score, QUARTET))["cello"] == (50, 36, 47, 48)


def test_a_little_legato_is_cut_in_silence_and_a_held_note_is_said():
    legato = [Note(Q(i), 60 + i, Q(33, 32)) for i in range(23)]
    placement = place(Score((Part.of("melody", legato),)), MELODY)
    assert {note.duration for note in placement.score.parts[0].notes[:-1]} == {Q(1)}
    assert placement.omissions == ()
    held = place(Score((Part.of("melody", [*legato, Note(Q(29, 2), 50, Q(3, 2))]),)), MELODY)
    assert said(held) == ["melody: held notes are cut short where the next one begins, bar 4"]


def test_a_chord_of_too_many_notes_keeps_its_outer_ones():
    placement = place(Score((chords("piano", *[(48, 55, 60, 64, 67, 76)] * 3),)), SATB)
    assert pitches(placement)["soprano"] == (76,) * 3
    assert pitches(placement)["bass"] == (48,) * 3
    assert said(placement) == ["piano: more notes at once than voices (6 notes left out), first in bar 1"]


def test_a_melody_is_found_on_top_of_its_accompaniment():
    tune = [Note(Q(4 * i), 76 + i, Q(4)) for i in range(5)]
    under = [Note(Q(i, 2), (60, 64, 67, 64)[i % 4], Q(1, 2)) for i in range(40)]
    placement = place(Score((Part.of("piano", tune + under),)), MELODY)
    assert pitches(placement)["melody"] == tuple(76 + i for i in range(5))


def chorales(every):
    music21 = find_spec("music21")
    if music21 is None:
        pytest.skip("music21, which carries Bach's chorales, is not installed")
    load = pytest.importorskip("credo.io.files").load
    corpus = Path(music21.submodule_search_locations[0]) / "corpus" / "bach"
    scores = [load(path) for path in sorted(corpus.glob("*.mxl"))[::every]]
    return [s for s in scores if [part.name for part in s.parts] == ["Soprano", "Alto", "Tenor", "Bass"]]


def share_in_their_voices(score, merged):
    """How many notes of a four-part score come back from its merged parts to their voices, and of how many."""
    placed = place(merged, SATB).score
    notes = [[Counter((n.onset, n.pitch) for n in part.notes) for part in s.parts] for s in (score, placed)]
    return sum((a & b).total() for a, b in zip(*notes, strict=True)), len(score.notes)


@pytest.fixture(scope="module")
def some_chorales():
    return chorales(every=31)


def merged(score, *groups):
    parts = [Part.of("", [n for i in group for n in score.parts[i].notes]) for group in groups]
    return replace(score, parts=tuple(parts))


@pytest.mark.parametrize("groups", [((0, 1, 2, 3),), ((0, 1), (2, 3)), ((0,), (1, 2, 3)), ((0, 1, 2), (3,))])
def test_chorales_on_one_or_two_staves_are_separated(some_chorales, groups):
    counts = [share_in_their_voices(score, merged(score, *groups)) for score in some_chorales]
    assert len(counts) > 5
    assert sum(right for right, _ in counts) / sum(total for _, total in counts) > 0.97


def test_chorales_whose_lines_are_shuffled_and_nameless_are_put_in_order(some_chorales):
    for score in some_chorales:
        right, total = share_in_their_voices(score, merged(score, (2,), (0,), (3,), (1,)))
        assert right == total
