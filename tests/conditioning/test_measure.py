"""What is read off a score, against pieces whose attributes one can count."""

from dataclasses import replace
from fractions import Fraction

import pytest

from credo.conditioning.attributes import LIMITS, Attributes
from credo.conditioning.measure import measure
from credo.music.pitch import Key
from credo.music.scales import SCALES
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from tiny import chorale

ZERO = Fraction(0)


def line(pitches, *, duration=Fraction(1), sounding=Fraction(1), velocity=80, **fields) -> Part:
    """Notes one after the other, each sounding for a share of its place."""
    notes = [Note(n * duration, p, sounding * duration, velocity) for n, p in enumerate(pitches)]
    return Part.of("line", notes, **fields)


def scale_on(tonic: int, mode: str) -> list[int]:
    """A scale up and down again, from a tonic."""
    up = [tonic + step for step in SCALES[mode]]
    return [*up, tonic + 12, *reversed(up)]


def timeline(key: str = "C", tempo: float = 120, metre=(4, 4)) -> Timeline:
    return Timeline(
        ZERO, (Tempo(ZERO, tempo),), (Metre(ZERO, *metre),), (KeyChange(ZERO, Key.parse(key)),)
    )  # as long as its notes


def test_a_piece_that_one_can_count():
    bass = Part.of("bass", [Note(ZERO, 48, Fraction(4), 40), Note(Fraction(4), 36, Fraction(4), 40)], program=42)
    tune = line([60, 62, 64, 65, 67, 69, 71, 72], sounding=Fraction(1, 2), velocity=100, program=40)
    found = measure(Score((tune, bass), timeline(tempo=72, metre=(2, 4))))
    assert (found.key, found.mode, found.metre, found.tempo) == (Key(0), "major", (2, 4), 72)
    assert found.density == 1
    assert found.register == pytest.approx((sum((60, 62, 64, 65, 67, 69, 71, 72)) / 2 + 4 * 48 + 4 * 36) / 12)
    assert found.polyphony == pytest.approx(12 / 8)
    assert found.articulation == pytest.approx((7 * 0.5 + 1) / 8)
    assert found.loudness == pytest.approx((8 * 100 + 2 * 40) / 10)
    assert found.ensemble == "violin, cello"
    assert found.style is None


@pytest.mark.parametrize("mode", ["major", "lydian", "mixolydian"])
@pytest.mark.parametrize("tonic", [0, 3, 7, 10])
def test_major_modes(mode, tonic):
    key = Key.of_tonic(tonic, "major")
    found = measure(Score((line(scale_on(60 + tonic, mode)),), timeline(key.name)))
    assert (found.key, found.mode) == (key, mode)


@pytest.mark.parametrize("mode", ["minor", "dorian", "phrygian", "harmonic minor", "locrian"])
@pytest.mark.parametrize("tonic", [1, 2, 9])
def test_minor_modes(mode, tonic):
    key = Key.of_tonic(tonic, "minor")
    found = measure(Score((line(scale_on(60 + tonic, mode)),), timeline(key.name)))
    assert (found.key, found.mode) == (key, mode)


def test_a_note_or_two_outside_the_scale_do_not_change_the_mode():
    assert measure(Score((line([*scale_on(62, "minor") * 4, 66, 62]),), timeline("D minor"))).mode == "minor"


def test_a_written_key_that_the_notes_contradict_is_not_believed():
    assert measure(Score((line([*scale_on(64, "major")] * 2),), timeline("C"))).key == Key.parse("E")
    assert measure(Score((line(scale_on(64, "major")),), replace(timeline(), keys=()))).key == Key.parse("E")


def test_tempo_is_the_mean_over_time():
    tempos = (Tempo(ZERO, 60), Tempo(Fraction(4), 120))
    piece = Score((line([60] * 12),), replace(timeline(), tempos=tempos))
    assert measure(piece).tempo == pytest.approx(60 * 12 / (4 + 4))


def test_the_metre_that_is_in_force_longest():
    metres = (Metre(ZERO, 4, 4), Metre(Fraction(4), 3, 4))
    assert measure(Score((line([60] * 13),), replace(timeline(), metres=metres))).metre == (3, 4)


def test_players_that_are_not_quite_together_begin_at_one_moment():
    ragged = [Part.of("p", [Note(n + Fraction(shift, 100), 60, Fraction(1)) for n in range(8)]) for shift in (0, 3, 5)]
    assert measure(Score(tuple(ragged), timeline())).density == pytest.approx(1, abs=0.01)


def test_drums_alone_have_no_pitches():
    found = measure(Score((line([36, 42, 38, 42], duration=Fraction(1, 2), is_drums=True),), timeline()))
    assert found.density == 2
    assert found.arousal is not None
    for name in ("key", "mode", "register", "polyphony", "articulation", "valence"):
        assert getattr(found, name) is None, name


def test_nothing_is_measured_of_nothing():
    assert measure(Score(())) == Attributes()
    assert measure(Score((Part("silent", ()),), timeline(tempo=300))) == Attributes(key=Key(0), metre=(4, 4), tempo=300)


def test_one_note():
    found = measure(Score((line([60]),)))
    assert (found.register, found.polyphony, found.articulation) == (60, 1, None)


@pytest.mark.parametrize("bpm", [1, 1000])
def test_what_lies_beyond_the_limits_is_cut(bpm):
    assert measure(Score((line([60]),), timeline(tempo=bpm))).tempo in LIMITS["tempo"]
    crowd = Part.of("crowd", [Note(ZERO, 60, Fraction(1))] * 100)
    assert measure(Score((crowd,), timeline())).polyphony == 64


def test_a_piece_in_four_voices():
    found = measure(chorale(3, key=Key.parse("G minor"), tempo=84))
    assert (found.key.tonic, found.tempo, found.polyphony, found.articulation) == (7, 84, 4, 1)
