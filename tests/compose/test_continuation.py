"""A continuation begins with the bars that were kept, note for note."""

from dataclasses import replace
from fractions import Fraction

import pytest

from credo.compose.generate import Composer, Request
from credo.compose.seeds import Seed
from credo.errors import UsageError
from credo.io.files import load, save
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Tempo
from credo.music.texture import SATB
from tiny import chorale, onsets_and_pitches

pytestmark = [pytest.mark.machine, pytest.mark.once]


def go_on(composer: Composer, start: Seed, **wish):
    return composer.compose(Request(iterations=3, **wish), start)


def assert_kept(piece, score, kept):
    assert piece.kept_quarters == kept
    assert onsets_and_pitches(piece.score, kept) == onsets_and_pitches(score, kept)


def metres(timeline):
    return [(change.onset, change.numerator, change.denominator) for change in timeline.metres]


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("pickup", [0, 1])
def test_kept_bars_stay_note_for_note(tiny_composer, pickup, seed):
    score = chorale(seed, pickup=pickup)
    start = Seed.of(score, SATB, keep_bars=2)
    piece = go_on(tiny_composer, start, bars=4, seed=seed)
    kept = Fraction(8 + pickup)
    # Notes that sound on into the third bar keep their length too: they began in what is kept.
    assert_kept(piece, score, kept)
    bars = list(piece.score.timeline.bars())
    assert len(bars) == 4 + bool(pickup)
    assert piece.score.timeline.length == bars[-1][1] == 16 + pickup
    assert piece.score.timeline.pickup == pickup
    assert piece.score.timeline.tempos[0].bpm == 84
    loudness = [n.velocity for p in piece.score.parts for n in p.notes if n.onset < kept]
    assert loudness == [n.velocity for p in score.parts for n in p.notes if n.onset < kept]


def test_a_note_over_the_last_bar_line_keeps_its_length(tiny_composer):
    score = chorale(1)
    soprano = Part.of("soprano", [Note(Fraction(0), 67, Fraction(3)), Note(Fraction(3), 72, Fraction(4))], program=52)
    score = replace(score, parts=(soprano, *score.parts[1:]))
    for seed in range(3):
        piece = go_on(tiny_composer, Seed.of(score, SATB, keep_bars=1), bars=2, seed=seed)
        assert [(n.pitch, n.duration) for n in piece.score.parts[0].notes][:2] == [(67, 3), (72, 4)]


def test_all_bars_are_kept_where_none_are_named(tiny_composer, tmp_path):
    save(chorale(2, bars=3), tmp_path / "mine.mid")
    seed = Seed.read(tmp_path / "mine.mid", SATB)
    assert seed.keep_bars == 3
    assert_kept(go_on(tiny_composer, seed, bars=4), load(tmp_path / "mine.mid"), Fraction(12))


def test_a_last_bar_that_is_not_full_is_kept_whole(tiny_composer):
    score = chorale(3, bars=2)
    parts = tuple(replace(part, notes=tuple(n for n in part.notes if n.end <= 6)) for part in score.parts)
    short = replace(score, parts=parts, timeline=replace(score.timeline, length=Fraction(6)))
    seed = Seed.of(short, SATB)
    assert (seed.keep_bars, seed.kept_quarters) == (2, 8)
    piece = go_on(tiny_composer, seed, bars=3)
    assert_kept(piece, short, Fraction(8))
    assert piece.score.timeline.length == 12


def test_a_seed_of_one_note_is_kept(tiny_composer):
    score = chorale(3, bars=1)
    one = replace(score, parts=(Part.of("soprano", [Note(Fraction(0), 70, Fraction(1, 4))], program=52),))
    assert Seed.of(one, SATB).keep_bars == 1
    assert_kept(go_on(tiny_composer, Seed.of(one, SATB), bars=2), replace_parts(one), Fraction(4))


def replace_parts(score):
    silent = tuple(Part.of(voice.name, (), program=52) for voice in SATB.voices[1:])
    return replace(score, parts=(*score.parts, *silent))


def test_changes_of_metre_and_tempo_in_kept_bars_stay(tiny_composer):
    score = chorale(4, bars=4)
    timeline = replace(
        score.timeline,
        metres=(Metre(Fraction(0), 4, 4), Metre(Fraction(4), 3, 4), Metre(Fraction(10), 2, 4)),
        tempos=(Tempo(Fraction(0), 100), Tempo(Fraction(4), 60), Tempo(Fraction(12), 200)),
        keys=(KeyChange(Fraction(0), Key(0)), KeyChange(Fraction(4), Key(1))),
    )
    score = replace(score, timeline=timeline)
    piece = go_on(tiny_composer, Seed.of(score, SATB, keep_bars=3), bars=6)  # 4 + 3 + 3 quarters are kept
    assert_kept(piece, score, Fraction(10))
    assert metres(piece.score.timeline) == [(0, 4, 4), (4, 3, 4)], "new bars have the metre of the last one kept"
    assert [tempo.bpm for tempo in piece.score.timeline.tempos] == [100, 60]
    assert [change.key for change in piece.score.timeline.keys] == [Key(0), Key(1)]
    assert len(list(piece.score.timeline.bars())) == 6
    assert piece.score.timeline.length == 10 + 3 * 3


def test_a_bar_cut_short_by_the_next_one_is_kept_short(tiny_composer):
    score = chorale(4, bars=4)
    timeline = replace(score.timeline, metres=(Metre(Fraction(0), 4, 4), Metre(Fraction(6), 4, 4)))
    piece = go_on(tiny_composer, Seed.of(replace(score, timeline=timeline), SATB, keep_bars=2), bars=4)
    assert piece.kept_quarters == 6
    assert [(start, end) for start, end, _ in piece.score.timeline.bars()] == [(0, 4), (4, 6), (6, 10), (10, 14)]


def test_wishes_go_before_what_the_seed_has(tiny_composer):
    seed = Seed.of(chorale(5), SATB, keep_bars=2)
    piece = go_on(tiny_composer, seed, bars=4, metre=(3, 4), tempo=200.0, key=Key(-1, "minor"))
    assert metres(piece.score.timeline) == [(0, 4, 4), (8, 3, 4)]
    assert piece.score.timeline.length == 8 + 2 * 3
    assert [tempo.bpm for tempo in piece.score.timeline.tempos] == [200]
    assert piece.score.timeline.key == Key(-1, "minor")
    assert_kept(piece, chorale(5), Fraction(8))


@pytest.mark.parametrize("keep", [0, -1, 6, 1000])
def test_bars_that_are_not_there_cannot_be_kept(keep):
    with pytest.raises(UsageError, match=f"keep-bars: expected 1 to 5, the bars of the seed, got {keep}"):
        Seed.of(chorale(1), SATB, keep_bars=keep)


def test_bars_count_kept_bars(tiny_composer):
    with pytest.raises(UsageError, match="bars: expected more than the 5 bars that are kept, got 5"):
        go_on(tiny_composer, Seed.of(chorale(1), SATB), bars=5)


def test_notes_out_of_range_are_told_or_left_out(tiny_composer):
    score = chorale(6, bars=2)
    high = Part.of("soprano", [*score.parts[0].notes, Note(Fraction(8), 100, Fraction(1))], program=52)
    low = Part.of("soprano", [Note(Fraction(0), 100, Fraction(1)), *score.parts[0].notes[1:]], program=52)
    wide = replace(score, timeline=replace(score.timeline, length=Fraction(12)))
    beyond = replace(wide, parts=(high, *score.parts[1:]))
    assert Seed.of(beyond, SATB, keep_bars=2).keep_bars == 2, "what is not kept may be anything"
    within = replace(wide, parts=(low, *score.parts[1:]))
    with pytest.raises(UsageError, match=r"fit the texture satb \(soprano 57..84.*--lenient"):
        Seed.of(within, SATB, keep_bars=2)
    seed = Seed.of(within, SATB, keep_bars=2, lenient=True)
    assert go_on(tiny_composer, seed, bars=3).kept_quarters == 8
