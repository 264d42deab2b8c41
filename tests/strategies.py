"""Hypothesis strategies for music: timelines, messy scores, and grids.

Sizes are small primes, so that two axes that are mixed up cannot pass unseen.
"""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import numpy as np
from hypothesis import strategies as st

from credo.music.grid import MOST_OFFSET, REST, Cells, Grid
from credo.music.pitch import Key
from credo.music.score import KeyChange, Metre, Note, Part, Score, Tempo, Timeline
from credo.music.texture import DRUMS, MELODY, PIANO, QUARTET, SATB, SONG, Texture, Voice
from credo.music.timelines import canonical

MIXED = Texture(
    "mixed",
    (
        Voice("lead", "mono", 60, 72, 11),  # 13 pitches
        Voice("keys", "poly", 48, 64, 5),  # 17 keys
        Voice("kit", "drums", instruments=((36, 35), (38,), (42, 44, 22)), expressive=True),
        Voice("wood", "drums", instruments=((75,), (76, 77))),
    ),
    steps_per_quarter=12,
)
TEXTURES = (SATB, replace(SATB, steps_per_quarter=12), QUARTET, PIANO, SONG, MELODY, DRUMS, MIXED)
NAMES = ("", "Soprano", "S", "Alto", "Tenor", "Bass", "Violin I", "Violin 2", "Vla.", "Cello", "Piano", "Singstimme")

ANY_PITCH = st.integers(0, 127)
textures = st.sampled_from(TEXTURES)
keys = st.builds(Key, st.integers(-7, 7), st.sampled_from(("major", "minor")))
velocities = st.integers(1, 127)
tempos = st.floats(20, 300).map(lambda bpm: round(bpm, 3))


def quarters(low: int, high: int) -> st.SearchStrategy[Fraction]:
    """Positions in quarters that files hold: binary, triplet, quintuplet and septuplet parts, and MIDI ticks."""
    denominators = st.sampled_from((1, 2, 3, 4, 5, 7, 8, 12, 16, 32, 480))
    return denominators.flatmap(lambda d: st.integers(low * d, high * d).map(lambda n: Fraction(n, d)))


@st.composite
def timelines(draw, places: st.SearchStrategy[Fraction]) -> Timeline:
    """Timelines with up to three changes of each kind at the given places, sorted, one at a place."""

    def changes(make):
        onsets = sorted(draw(st.sets(places, max_size=3)))
        return tuple(draw(make(onset)) for onset in onsets)

    return Timeline(
        length=draw(places),
        tempos=changes(lambda onset: st.builds(Tempo, st.just(onset), tempos)),
        metres=changes(
            lambda onset: st.builds(Metre, st.just(onset), st.integers(1, 13), st.sampled_from((1, 2, 4, 8, 16, 32)))
        ),
        keys=changes(lambda onset: st.builds(KeyChange, st.just(onset), keys)),
        pickup=draw(st.sampled_from((Fraction(0), Fraction(1), Fraction(1, 2), Fraction(1, 3), Fraction(7, 32)))),
    )


def notes(pitches: st.SearchStrategy[int]) -> st.SearchStrategy[Note]:
    """Single notes, some far off any grid, of any length down to almost nothing."""
    durations = quarters(0, 5).map(lambda duration: duration or Fraction(1, 64))
    return st.builds(Note, quarters(0, 11), pitches, durations, velocities)


@st.composite
def parts(draw, pitches: st.SearchStrategy[int] = ANY_PITCH, is_drums: bool | None = None) -> Part:
    """Parts with overlaps, unisons, chords and pitches anywhere."""
    return Part.of(
        draw(st.sampled_from(NAMES)),
        draw(st.lists(notes(pitches), max_size=13)),
        program=draw(st.integers(0, 127)),
        is_drums=draw(st.booleans()) if is_drums is None else is_drums,
        channel=draw(st.none() | st.integers(0, 15)),
    )


def messy_scores() -> st.SearchStrategy[Score]:
    """Scores as files bring them: any parts on any timeline."""
    usual = st.lists(parts(st.integers(36, 84), is_drums=False), max_size=5)
    anything = st.lists(parts(), max_size=3)
    return st.builds(
        Score, st.one_of(usual, anything).map(tuple), timelines(quarters(0, 13)), st.sampled_from(("", "Kyrie"))
    )


@st.composite
def scores_on(draw, texture: Texture) -> Score:
    """Scores with one part a voice of a texture, not quantised; most notes inside the ranges."""
    placed = []
    for voice in texture.voices:
        inside = [voice.pitch(i) for i in range(voice.size)]
        drums = voice.kind == "drums"
        pitches = st.one_of(st.sampled_from(inside[:5]), st.sampled_from(inside), ANY_PITCH)
        placed.append(draw(parts(pitches, is_drums=drums)))
    return Score(tuple(placed), draw(timelines(quarters(0, 13))), "Gloria", "nobody")


@st.composite
def grids(draw, texture: Texture, min_steps: int = 0, max_steps: int = 61) -> Grid:
    """Grids in canonical form, with a timeline on steps."""
    steps = draw(st.integers(min_steps, max_steps))
    voices = tuple(_cells(draw, voice, steps) for voice in texture.voices)
    places = st.integers(0, max(0, steps - 1)).map(lambda step: Fraction(step, texture.steps_per_quarter))
    timeline = canonical(replace(draw(timelines(places)), length=Fraction(steps, texture.steps_per_quarter)))
    pickup = Fraction(draw(st.sampled_from((0, 0, 1, 3))), texture.steps_per_quarter)
    return Grid(texture, voices, canonical(replace(timeline, pickup=pickup)), "Credo", "nobody")


def _cells(draw, voice: Voice, steps: int) -> Cells:
    shape = (steps,) if voice.kind == "mono" else (steps, voice.size)
    sounding = np.full(shape, REST if voice.kind == "mono" else 0, np.int16)
    attack, velocity, offset = np.zeros(shape, bool), np.zeros(shape, np.uint8), np.zeros(shape, np.int8)
    lates = st.integers(-MOST_OFFSET, MOST_OFFSET)
    drawn = st.tuples(
        st.integers(0, max(0, steps - 1)), st.integers(1, 7), st.integers(0, voice.size - 1), velocities, lates
    )
    for start, length, index, loudness, late in draw(st.lists(drawn, max_size=11)) if steps else ():
        key = () if voice.kind == "mono" else (index,)
        sounding[(slice(start, start + length), *key)] = voice.pitch(index) if voice.kind == "mono" else 1
        attack[(start, *key)] = True
        velocity[(start, *key)] = loudness
        offset[(start, *key)] = late
    return Cells.of(voice, sounding, attack, velocity, offset)
