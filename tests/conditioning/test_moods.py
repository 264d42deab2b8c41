"""Moods: by name, as music, and back."""

import numpy as np
import pytest

from credo.conditioning.affect import LINES, MODES, brightness, felt, mode_of, value_of
from credo.conditioning.attributes import LIMITS, Attributes
from credo.conditioning.moods import MOODS, mood_named, realise
from credo.errors import UsageError
from credo.music.pitch import Key
from credo.music.scales import SCALES

GRID = [(v, a) for v in np.linspace(-1, 1, 7) for a in np.linspace(-1, 1, 7)]


def test_moods_have_names_in_two_languages_and_places_in_the_circle():
    assert sum(name.isascii() for name in MOODS) >= 30
    assert sum(not name.isascii() for name in MOODS) >= 30
    assert all(-1 <= axis <= 1 for place in MOODS.values() for axis in place)


@pytest.mark.parametrize(("english", "chinese"), [("tense", "紧张"), ("calm", "平静"), ("Sad ", "悲伤")])
def test_one_mood_in_two_languages(english, chinese):
    assert mood_named(english).attributes == mood_named(chinese).attributes


@pytest.mark.parametrize(
    ("mood", "pleasant", "excited"),
    [("happy", True, True), ("angry", False, True), ("sad", False, False), ("calm", True, False)],
)
def test_the_four_corners(mood, pleasant, excited):
    found = mood_named(mood).attributes
    assert (found.valence > 0, found.arousal > 0) == (pleasant, excited)


def test_several_moods_are_their_mean():
    assert mood_named("tense, calm").attributes.arousal == pytest.approx(-0.05)


def test_unknown_moods_are_told():
    with pytest.raises(UsageError, match="did you mean tense"):
        mood_named("tens")
    with pytest.raises(UsageError, match="mood: expected one of"):
        mood_named(" , ")


@pytest.mark.parametrize(("valence", "arousal"), GRID)
def test_what_is_realised_is_felt(valence, arousal):
    """Exactly as it was asked, where nothing is cut and the mode is not rounded."""
    values = {name: value_of(name, valence, arousal) for name in LINES if name != "articulation"}
    assert felt(values, valence) == pytest.approx((valence, arousal))


@pytest.mark.parametrize(("valence", "arousal"), GRID)
def test_realised_attributes_are_felt_to_the_step_of_a_mode(valence, arousal):
    found = realise(Attributes(valence=valence, arousal=arousal)).attributes
    back = felt({name: getattr(found, name) for name in LINES}, brightness(found.mode))
    assert back[1] == pytest.approx(arousal, abs=0.1)
    assert back[0] == pytest.approx(valence, abs=0.18 if valence > -0.9 else 0.36)  # which would be locrian


def test_what_the_user_gave_stays():
    given = Attributes(tempo=200, mode="lydian", loudness=20, valence=-1, arousal=-1)
    found = realise(given)
    assert found.attributes.over(given) == found.attributes
    assert given.over(found.attributes) == found.attributes
    assert {reason.attribute for reason in found.reasons} == {"density", "register", "articulation"}
    assert all("-1" in reason.because for reason in found.reasons)


def test_without_feelings_nothing_is_realised():
    assert realise(Attributes(tempo=90)).attributes == Attributes(tempo=90)
    only = realise(Attributes(arousal=1)).attributes
    assert only.mode is None
    assert only.loudness > 76
    assert realise(Attributes(valence=1)).attributes.loudness is None


def test_modes_darken_as_valence_falls_and_never_become_locrian():
    found = [mode_of(v) for v in np.linspace(1, -1, 41)]
    assert list(dict.fromkeys(found)) == list(MODES[:-1])
    assert mode_of(1, third="minor") == "dorian"
    assert mode_of(-1, third="major") == "mixolydian"
    key = Key.parse("E minor")
    assert realise(Attributes(valence=1), key=key).attributes.mode == "dorian"
    assert realise(Attributes(valence=1, key=key)).attributes.mode == "dorian"


def test_brightness_is_that_of_known_scales():
    assert {name for name in SCALES if brightness(name) is None} == {
        "whole tone", "octatonic", "half-whole octatonic", "chromatic",
    }  # fmt: skip


def test_values_stay_within_their_limits():
    for valence, arousal in GRID:
        for name in LINES:
            assert LIMITS[name][0] <= value_of(name, valence, arousal) <= LIMITS[name][1]


def test_little_is_felt_of_little():
    assert felt({}, None) == (None, None)
    assert felt({"tempo": 400}, None) == (None, 1)
    assert felt({}, -0.4) == (-0.4, None)
