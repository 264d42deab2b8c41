"""What kind of chord sounds: its quality without its root, as a chord symbol would write it.

The categories, and the rule by which the root is chosen, are those of music21's chord symbols (M. S. Cuthbert and
C. Ariza, "music21: a toolkit for computer-aided musicology", ISMIR 2010), which the grade of `credo.evaluation.grade`
is defined with. What music21 reads off written note names is read here off the spelling that `credo.music.pitch.spell`
gives a pitch in its key.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from credo.music.pitch import Key, spell

UNIDENTIFIED = "unidentified"
SINGLE = "pedal"

_STEPS = "CDEFGAB"
#: What a step above a note says for its being the root, thirds first; seconds to sevenths.
_ROOT_WEIGHTS = {3: 1 / 6, 5: 1 / 7, 7: 1 / 8, 2: 1 / 9, 4: 1 / 10, 6: 1 / 11}
#: Semitones of each step above the root; other notes may sound as well. The most complete match counts, the first of
#: several.
_QUALITIES: dict[str, dict[int, int]] = {
    "major": {3: 4, 5: 7},
    "minor": {3: 3, 5: 7},
    "augmented": {3: 4, 5: 8},
    "diminished": {3: 3, 5: 6},
    "dominant-seventh": {3: 4, 5: 7, 7: 10},
    "major-seventh": {3: 4, 5: 7, 7: 11},
    "minor-major-seventh": {3: 3, 5: 7, 7: 11},
    "minor-seventh": {3: 3, 5: 7, 7: 10},
    "augmented-major-seventh": {3: 4, 5: 8, 7: 11},
    "augmented-seventh": {3: 4, 5: 8, 7: 10},
    "half-diminished-seventh": {3: 3, 5: 6, 7: 10},
    "diminished-seventh": {3: 3, 5: 6, 7: 9},
    "seventh-flat-five": {3: 4, 5: 6, 7: 10},
    "major-sixth": {3: 4, 5: 7, 6: 9},
    "minor-sixth": {3: 3, 5: 7, 6: 9},
    "suspended-second": {2: 2, 5: 7},
    "suspended-fourth": {4: 5, 5: 7},
    "suspended-fourth-seventh": {4: 5, 5: 7, 7: 10},
    "Neapolitan": {2: 1, 3: 4, 5: 6},
    "Italian": {4: 6, 6: 8},
    "French": {2: 2, 4: 6, 6: 8},
    "German": {3: 3, 4: 6, 6: 8},
    "power": {5: 7},
}
#: Ninth chords without a fifth, the only ones of five notes that four voices can sing.
_NINTHS = {
    "major-ninth": {3: 4, 7: 11, 2: 2},
    "dominant-ninth": {3: 4, 7: 10, 2: 2},
    "minor-major-ninth": {3: 3, 7: 11, 2: 2},
    "minor-ninth": {3: 3, 7: 10, 2: 2},
}


def chord_quality(pitches: Iterable[int], key: Key) -> str:
    """The quality of a chord, such as `"minor"` or `"dominant-seventh"`.

    Args:
        pitches: MIDI note numbers that sound together, at least one, in any order.
        key: the key in force; it decides how the pitches are spelled.

    Returns:
        A quality, `SINGLE` for one pitch alone, or `UNIDENTIFIED`.
    """
    return _quality(tuple(sorted(set(pitches))), key)


@lru_cache(maxsize=1 << 16)
def _quality(pitches: tuple[int, ...], key: Key) -> str:
    if len(pitches) == 1:
        return SINGLE
    steps: dict[int, int] = {}  # letter to pitch class, the lowest of each letter, from the lowest up
    for pitch in pitches:
        steps.setdefault(_STEPS.index(spell(pitch, key)[0]), pitch % 12)
    root = max(steps, key=lambda step: sum(w for above, w in _ROOT_WEIGHTS.items() if (step + above - 1) % 7 in steps))
    above = {(step - root) % 7 + 1: (tone - steps[root]) % 12 for step, tone in steps.items()}
    if {5, 4, 6}.isdisjoint(above):
        for name, tones in _NINTHS.items():
            if tones.items() <= above.items():
                return name
    found = max(_QUALITIES, key=lambda name: len(_QUALITIES[name]) * (_QUALITIES[name].items() <= above.items()))
    if not _QUALITIES[found].items() <= above.items():
        return UNIDENTIFIED
    inverted = next(iter(steps)) != root
    return "suspended-fourth" if found == "suspended-second" and inverted else found
