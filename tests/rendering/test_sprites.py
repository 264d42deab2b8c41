"""Single notes of an instrument in one file: where they are said to be, at their pitch, and without a seam."""

import io
from itertools import pairwise

import numpy as np
import pytest

from credo.errors import UsageError
from credo.rendering.sound import sprites

midirenderer = pytest.importorskip("midirenderer", reason="the extra audio is not installed")
soundfile = pytest.importorskip("soundfile", reason="the extra audio is not installed")
pytest.importorskip("pretty_midi", reason="the extra audio is not installed")

CHOIR = 52


@pytest.fixture(scope="module")
def choir():
    return soundfile.read(io.BytesIO(sprites.sprite(CHOIR)))


@pytest.mark.parametrize("program", [0, 33, 40, CHOIR, 73, sprites.DRUMS])
def test_notes_stand_one_after_the_other(program):
    places = sprites.places_of(program)
    assert [place.pitch for place in places] == sorted({place.pitch for place in places})
    for place, after in pairwise(places):
        assert place.start + place.seconds < after.start
    for place in places:
        assert place.loop is None or place.start < place.loop[0] < place.loop[1] < place.start + place.seconds


def test_what_dies_away_has_no_loop():
    assert all(place.loop is None for place in (*sprites.places_of(0), *sprites.places_of(sprites.DRUMS)))
    assert all(place.loop for place in sprites.places_of(CHOIR))
    assert {36, 38, 42, 46, 49, 51} <= {place.pitch for place in sprites.places_of(sprites.DRUMS)}
    for wrong in (-1, 129):
        with pytest.raises(UsageError, match="program: expected 0 to 127"):
            sprites.places_of(wrong)


def test_each_note_has_its_pitch_and_ends_in_silence(choir):
    sound, rate = choir
    for place in sprites.places_of(CHOIR)[1::3]:
        first = round((place.start + 0.3) * rate)
        spectrum = np.abs(np.fft.rfft(sound[first : first + rate] * np.hanning(rate)))
        hertz = 440 * 2 ** ((place.pitch - 69) / 12)
        around = [spectrum[round(hertz * k) - 8 : round(hertz * k) + 9].max() for k in (1, 2, 3)]
        between = [spectrum[round(hertz * k) - 8 : round(hertz * k) + 9].max() for k in (1.5, 2.5)]
        assert max(around) > 5 * max(between), place
        end = round((place.start + place.seconds) * rate)
        assert np.abs(sound[end + 200 : end + 1800]).max() < 0.02


def test_a_loop_goes_on_as_it_began(choir):
    sound, rate = choir
    for place in sprites.places_of(CHOIR):
        first, last = (round(second * rate) for second in place.loop)
        one, other = sound[first : first + 900], sound[last : last + 900]
        assert np.abs(one - other).max() < 1e-4, place
        before = sound[first - 9 : first], sound[last - 9 : last]
        assert np.abs(before[0] - before[1]).max() < 0.02, place


def test_the_same_each_time():
    assert sprites.sprite(33) == sprites.sprite(33)
    assert sprites.version_of(33) == sprites.version_of(33) != sprites.version_of(34)
