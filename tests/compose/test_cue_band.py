"""A band arranges a core: roles, layers, strokes, endings, and what is asked of it."""

from collections.abc import Iterable
from fractions import Fraction
from itertools import pairwise

import pytest

from credo.compose.cue.arranging.band import PARTS, Accent, Band, Role, arrange
from credo.compose.cue.arranging.compass import compass
from credo.compose.cue.arranging.harmony import beats_of, read_harmony
from credo.conditioning.attributes import Attributes
from credo.conditioning.ensembles import ENSEMBLES
from credo.conditioning.measure import measure
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline

#: Chords of a phrase in C major, a bar each, from the soprano down.
PHRASE = ((72, 67, 64, 48), (72, 69, 65, 53), (71, 67, 62, 43), (72, 67, 64, 48))
METRES = ((2, 4), (3, 4), (4, 4), (5, 4), (6, 8), (7, 8), (12, 8))
PLAIN = Attributes()


def core(metre=(4, 4), phrases=2, *, passing=False) -> Score:
    """Four voices that sing `PHRASE`, the soprano once each beat and with passing notes if wished."""
    bar = Fraction(4 * metre[0], metre[1])
    lines: list[list[Note]] = [[] for _ in range(4)]
    for number, chord in enumerate(PHRASE * phrases):
        start = number * bar
        for line, pitch in zip(lines[1:], chord[1:], strict=True):
            line.append(Note(start, pitch, bar))
        for length, _ in beats_of(*metre):
            half = length / 2 if passing else length
            lines[0].append(Note(start, chord[0], half))
            if passing:
                lines[0].append(Note(start + half, chord[0] + 2, half))
            start += length
    names = ("soprano", "alto", "tenor", "bass")
    timeline = Timeline(
        4 * phrases * bar,
        (Tempo(Fraction(0), 100.0),),
        (Metre(Fraction(0), *metre),),
        (KeyChange(Fraction(0), Key(0)),),
    )
    return Score(tuple(Part.of(name, line) for name, line in zip(names, lines, strict=True)), timeline)


def play(score: Score, ensemble="epic", *, level=0.8, asked=PLAIN, **options) -> Score:
    band = Band.of(Attributes(ensemble=ensemble))
    return arrange(score, band, attributes=asked, energy=lambda onset: level, **options)


def part(score: Score, name: str) -> Part:
    return next(found for found in score.parts if found.name == name)


def every_note(score: Score) -> Iterable[tuple[Part, Note]]:
    return ((found, note) for found in score.parts for note in found.notes)


def begin(score: Score, onset: Fraction) -> set[str]:
    """Names of the parts in which a note begins at an onset."""
    return {found.name for found, note in every_note(score) if note.onset == onset}


def sounding(score: Score, onset: Fraction) -> set[str]:
    return {found.name for found, note in every_note(score) if note.onset <= onset < note.end}


@pytest.mark.parametrize("metre", METRES)
def test_a_chord_a_bar_is_read_as_such(metre):
    roots = [chord.root for chord in read_harmony(core(metre, passing=True)).regions()]
    assert roots == [0, 5, 7, 0, 5, 7, 0]  # the last chord of a phrase and the first of the next are one


@pytest.mark.parametrize(
    ("metre", "eighths"),
    [
        ((4, 4), (2, 2, 2, 2)),
        ((6, 8), (3, 3)),
        ((7, 8), (2, 2, 3)),
        ((5, 8), (3, 2)),
        ((8, 8), (3, 3, 2)),
        ((3, 8), (3,)),
    ],
)
def test_beats_fill_the_bar(metre, eighths):
    assert tuple(2 * length for length, _ in beats_of(*metre)) == eighths


def test_five_quarters_are_three_and_two():
    assert [strength for _, strength in beats_of(5, 4)] == [2, 0, 0, 1, 0]


@pytest.mark.parametrize("name", ENSEMBLES)
def test_every_ensemble_stays_in_its_compass_and_has_its_parts_in_order(name):
    made = play(core(), name)
    assert [found.name for found in made.parts] == [
        role for role in PARTS if role in Band.of(Attributes(ensemble=name)).roles
    ]
    for found, note in every_note(made):
        low, high = (0, 127) if found.is_drums else compass(found.program)
        assert low <= note.pitch <= high
        assert 1 <= note.velocity <= 127


@pytest.mark.parametrize("metre", METRES)
@pytest.mark.parametrize("ending", ["button", "cadence", "ring-out", "loop"])
def test_notes_are_of_the_chord_or_the_core_and_inside_the_piece(metre, ending):
    score = core(metre, passing=True)
    strokes = [Accent(Fraction(22, 7), "accent"), Accent(Fraction(31, 5), "swell", 0.5)]
    made = play(score, level=0.9, ending=ending, accents=strokes)
    harmony = read_harmony(score)
    assert made.timeline == score.timeline
    for found, note in every_note(made):
        assert note.duration > 0
        assert note.end <= score.timeline.length
        if not found.is_drums:
            own = {n.pitch % 12 for n in score.notes if n.onset <= note.onset < n.end}
            assert note.pitch % 12 in own | set(harmony.at(note.onset + Fraction(1, 8)).tones)


def test_the_same_seed_gives_the_same_notes_and_another_one_does_not():
    assert play(core(), seed=3) == play(core(), seed=3)
    assert play(core(), seed=3) != play(core(), seed=4)


def test_common_tones_of_the_pad_are_held():
    held = [note for note in part(play(core(), "strings"), "pad").notes if note.duration > 4]
    assert {note.pitch % 12 for note in held} == {0, 7}  # C from C major to F major, G from G major to C major


def test_the_bass_strikes_with_the_kick():
    made = play(core(), "rock band", level=0.9)
    kicks = {note.onset for note in part(made, "drums").notes if note.pitch == 36}
    basses = {note.onset for note in part(made, "bass").notes}
    assert len(kicks & basses) >= 0.9 * len(kicks)


def test_layers_come_in_at_bar_lines_by_energy():
    score = core(phrases=4)
    band = Band.of(Attributes(ensemble="rock band"))
    made = arrange(score, band, attributes=PLAIN, energy=lambda onset: float(onset / score.timeline.length))
    first = {found.name: found.notes[0].onset for found in made.parts}
    assert first == {"pad": 0, "lead": 12, "bass": 16, "arpeggio": 24, "drums": 32}  # of 64: .15, .25, .35 and .5
    always = arrange(score, band, attributes=PLAIN, energy=lambda onset: 0.0, layers=True)
    assert all(found.notes[0].onset == 0 for found in always.parts)


def test_a_calm_piece_has_more_than_a_pad():
    made = play(core(), "strings", level=0.1)
    assert {found.name for found in made.parts if found.notes} == {"lead", "pad", "bass"}


def test_energy_is_loudness():
    score = core(phrases=4)
    made = arrange(score, Band.of(PLAIN), attributes=PLAIN, energy=lambda onset: float(onset / 64))
    early, late = ([n.velocity for n in made.notes if low <= n.onset < low + 16] for low in (0, 48))
    assert min(late) > sum(early) / len(early)


@pytest.mark.parametrize("kind", ["accent", "change", "swell", "stop"])
def test_all_that_play_strike_off_the_grid(kind):
    at = Fraction(141, 17)
    made = play(core(), accents=[Accent(at, kind)])
    assert begin(made, at) == {"lead", "pad", "arpeggio", "bass", "drums", "accents"}
    near = [note.onset for _, note in every_note(made) if at - Fraction(1, 8) < note.onset < at + Fraction(1, 6)]
    assert set(near) == {at}


def test_strokes_near_each_other_are_both_struck():
    strokes = [Accent(Fraction(6)), Accent(Fraction(49, 8))]
    made = play(core(), accents=strokes)
    assert all(begin(made, stroke.onset) >= {"lead", "pad", "bass"} for stroke in strokes)


def test_a_stop_is_silence_to_the_next_bar():
    made = play(core(), accents=[Accent(Fraction(9), "stop")])
    assert not any(sounding(made, Fraction(tick, 16)) for tick in range(9 * 16 + 8, 12 * 16))
    assert begin(made, Fraction(12)) >= {"lead", "arpeggio", "bass", "drums"}


def test_a_swell_rises_into_its_stroke():
    made = play(core(), accents=[Accent(Fraction(16), "swell")])
    roll = [note.velocity for note in part(made, "accents").notes if 14 <= note.onset <= 16]
    assert len(roll) > 8
    assert all(one <= other for one, other in pairwise(roll))


def test_a_button_is_short_and_the_last_thing():
    made = play(core(), ending="button", final=Fraction(57, 2))
    assert max(note.onset for note in made.notes) == Fraction(57, 2)
    assert max(note.end for note in made.notes) <= 29
    last = {note.pitch % 12 for found, note in every_note(made) if note.onset == Fraction(57, 2) and not found.is_drums}
    assert last <= {0, 4, 7}


@pytest.mark.parametrize("ending", ["cadence", "ring-out"])
def test_a_last_chord_lasts_to_the_end(ending):
    made = play(core(), ending=ending, final=Fraction(28))
    for name in ("lead", "pad", "bass", "arpeggio"):
        assert part(made, name).notes[-1].end == 32


@pytest.mark.parametrize("ending", ["button", "cadence", "ring-out"])
def test_strokes_behind_the_last_chord_strike_it_again(ending):
    at, off = Fraction(30), Fraction(487, 16)
    score = play(core(), ending=ending, final=Fraction(28), accents=[Accent(at), Accent(off, "stop")])
    for onset in (at, off):
        assert begin(score, onset) >= {"lead", "pad", "bass", "drums"}
        assert {note.pitch % 12 for found, note in every_note(score) if note.onset == onset and not found.is_drums} <= {
            0,
            4,
            7,
        }
    for found in score.parts:
        spans = sorted((note.pitch, note.onset, note.end) for note in found.notes)
        assert all(one[0] != other[0] or one[2] <= other[1] for one, other in pairwise(spans))


@pytest.mark.parametrize("ending", ["button", "cadence", "ring-out"])
def test_a_stroke_just_before_the_last_chord_is_struck(ending):
    at = Fraction(28) - Fraction(1, 15)
    made = play(core(), ending=ending, final=Fraction(28), accents=[Accent(at)])
    assert begin(made, at) >= {"lead", "pad", "bass", "drums"}
    assert begin(made, Fraction(28)) >= {"lead", "pad", "bass", "drums"}


def test_an_ending_goes_to_the_tonic():
    made = play(core(), final=Fraction(25))  # where the core has its dominant
    assert part(made, "bass").notes[-1].pitch % 12 == 0


def test_a_loop_has_no_ending():
    made = play(core(), loop=True)
    assert begin(made, Fraction(31)) >= {"lead"}
    assert {found.name for found, note in every_note(made) if note.end > 31} >= {"lead", "pad", "arpeggio", "bass"}


def test_a_loop_has_no_hole_before_its_first_beat():
    score = play(core(), ending="loop", asked=Attributes(articulation=0.5))
    end = score.timeline.length
    assert {note.end for note in part(score, "pad").notes if note.onset >= end - 4} == {end}
    assert all(note.end <= end for _, note in every_note(score))


def test_another_drummer_takes_over():
    strokes = Part.of("drums", [Note(Fraction(n), 38, Fraction(1, 4), 100) for n in range(40)], is_drums=True)
    made = play(core(), "rock band", drums=strokes, loop=True)
    assert [note.onset for note in part(made, "drums").notes] == list(range(32))


@pytest.mark.parametrize(
    ("name", "asked", "miss"),
    [
        ("density", (0.75, 1.5, 2.5, 4.0), 0.15),
        ("register", (54.0, 60.0, 66.0, 71.0), 1.5),
        ("articulation", (0.3, 0.6, 0.95), 0.05),
        ("loudness", (30.0, 70.0, 115.0), 1.0),
        ("polyphony", (4.0, 5.0, 6.5), 0.6),
    ],
)
def test_what_is_asked_for_is_measured(name, asked, miss):
    score = core(phrases=3, passing=True)
    for value in asked:
        wish = Attributes(**{name: value})
        got = getattr(
            measure(play(score, "pop band" if name == "loudness" else "orchestra", level=0.6, asked=wish)), name
        )
        assert got == pytest.approx(value, abs=miss)


def test_cores_of_other_textures_are_arranged():
    whole = core()
    piano = Score((Part.of("piano", whole.notes),), whole.timeline)
    melody = Score((Part.of("melody", part(whole, "soprano").notes),), whole.timeline)
    silent = Score((Part("piano", ()),), whole.timeline)
    assert [note.pitch % 12 for note in part(play(piano, final=Fraction(28)), "lead").notes[:8]] == [0] * 8
    for score in (piano, melody, silent):
        assert part(play(score), "bass").notes
        assert part(play(score), "pad").notes


def test_a_band_of_roles():
    band = Band.of(Attributes(ensemble="rock band"), {"lead": "oboe", "drums": "none", "accents": "timpani"})
    assert list(band.roles) == ["lead", "pad", "arpeggio", "bass", "accents"]
    assert band.roles["lead"].program == 68
    assert not band.drums


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Band({"drums": Role(0)}),
        lambda: Band.of(PLAIN, {"soloist": "oboe"}),
        lambda: Band.of(PLAIN, dict.fromkeys(("lead", "pad", "arpeggio", "bass"), "none")),
        lambda: Accent(Fraction(1), "bang"),
        lambda: Accent(Fraction(-1)),
        lambda: Accent(Fraction(1), weight=1.5),
        lambda: play(core(), ending="fade"),
        lambda: play(core(), accents=[Accent(Fraction(32))]),
        lambda: play(core(), final=Fraction(33)),
    ],
)
def test_wrong_use_is_told(wrong):
    with pytest.raises(UsageError, match="expected"):
        wrong()
