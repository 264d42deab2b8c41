"""Stingers, transitions, closing stings and effects."""

from fractions import Fraction
from itertools import pairwise

import pytest
from test_cue_band import METRES, core

from credo.compose.cue.arranging.band import Band
from credo.compose.cue.arranging.compass import compass
from credo.compose.cue.arranging.effects import EFFECTS, effect
from credo.compose.cue.arranging.harmony import read_harmony
from credo.compose.cue.arranging.stings import STINGERS, common_tones, sting, stinger, stingers, transition
from credo.conditioning.attributes import Attributes
from credo.errors import UsageError
from credo.music.pitch import Key

ORCHESTRA, ROCK = (Band.of(Attributes(ensemble=name)) for name in ("orchestra", "rock band"))
KEYS = [Key.parse(name) for name in ("C major", "A minor", "F# major", "Eb minor")]


def rubs(pitch: int, tones: tuple[int, ...]) -> bool:
    return pitch % 12 not in tones and any((pitch - tone) % 12 in (1, 11) for tone in tones)


@pytest.mark.parametrize("kind", STINGERS)
@pytest.mark.parametrize("metre", METRES)
def test_a_stinger_rubs_against_no_chord_of_its_bar(kind, metre):
    piece = core(metre)
    made, bar = stingers(piece, ORCHESTRA, kind=kind, seed=1), piece.timeline.metre_at(Fraction(0)).bar
    assert len(made.of_bar) == 8
    for number, index in enumerate(made.of_bar):
        chord = read_harmony(piece).at(number * bar)
        assert not any(rubs(note.pitch, chord.tones) for note in made.scores[index].notes)


def test_one_stinger_fits_all_bars():
    piece = core()
    tones = common_tones(read_harmony(piece).chords, piece)
    assert set(tones) == {2, 7, 9}  # D, G and A rub against none of C E G, F A C and G B D
    made = stinger(piece, ORCHESTRA)
    assert {note.pitch % 12 for note in made.notes} <= set(tones)
    assert made.timeline.length in (2, 4, 8)


@pytest.mark.parametrize("kind", STINGERS)
@pytest.mark.parametrize("metre", METRES)
def test_a_stinger_lasts_half_a_bar_to_two_bars(kind, metre):
    bar = Fraction(4 * metre[0], metre[1])
    made = stinger(core(metre), ROCK, kind=kind)
    assert made.timeline.length in (bar / 2, bar, 2 * bar)
    assert max(note.end for note in made.notes) == made.timeline.length


def test_bars_with_the_same_chord_share_a_stinger():
    made = stingers(core(), ORCHESTRA)
    assert made.of_bar == (0, 1, 2, 0, 0, 1, 2, 0)


@pytest.mark.parametrize("bars", [1, 2])
@pytest.mark.parametrize("metre", METRES)
def test_a_transition_rises_to_the_key_that_follows(metre, bars):
    made = transition(core(metre), ROCK, to=Key.parse("Eb major"), bars=bars)
    length = bars * Fraction(4 * metre[0], metre[1])
    assert made.timeline.length == length
    assert {
        part.name: max(note.end for note in part.notes) for part in made.parts if not part.is_drums
    } == dict.fromkeys(("lead", "pad", "arpeggio", "bass"), length)
    pitched = [note for part in made.parts if not part.is_drums for note in part.notes]
    assert {note.pitch % 12 for note in pitched} <= set(Key.parse("Eb major").scale)
    lead = next(part.notes for part in made.parts if part.name == "lead")
    assert all(one.pitch < other.pitch and one.velocity <= other.velocity for one, other in pairwise(lead))


@pytest.mark.parametrize("seconds", [0.5, 2.0, 3.7, 5.0, 15.0])
def test_a_sting_is_as_long_as_asked_for_and_closes(seconds):
    made = sting(core(), ORCHESTRA, seconds=seconds)
    assert made.duration_seconds == pytest.approx(seconds, abs=1e-4)
    bass = next(part.notes for part in made.parts if part.name == "bass")
    assert bass[-1].pitch % 12 == 0
    assert bass[-1].end == made.timeline.length


@pytest.mark.parametrize("kind", EFFECTS)
def test_an_effect_is_exactly_as_long_as_it_says_and_in_key(kind):
    for key in KEYS:
        for seed in range(3):
            made = effect(kind, key=key, seed=seed, attributes=Attributes(register=40 + 10 * seed))
            assert made.duration_seconds == pytest.approx(EFFECTS[kind].seconds, abs=1e-9)
            assert max(note.end for note in made.notes) == made.timeline.length
            low, high = compass(made.parts[0].program)
            assert all(low <= note.pitch <= high and note.pitch % 12 in key.scale for note in made.notes)


def test_good_news_rises_and_bad_news_falls():
    def rise(kind: str) -> int:
        *_, last = notes = sorted(effect(kind, key=KEYS[0]).notes)
        return last.pitch - notes[0].pitch

    assert min(rise(kind) for kind in ("success", "pick-up", "level-up", "menu-select")) > 0
    assert max(rise(kind) for kind in ("failure", "game-over")) < 0


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: stinger(core(), ROCK, kind="boo"),
        lambda: stingers(core(), ROCK, kind="boo"),
        lambda: transition(core(), ROCK, bars=0),
        lambda: sting(core(), ROCK, seconds=60),
        lambda: effect("boo", key=KEYS[0]),
    ],
)
def test_wrong_use_is_told(wrong):
    with pytest.raises(UsageError, match="expected"):
        wrong()
