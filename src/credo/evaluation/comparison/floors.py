"""Music that every comparison shows beside the generated one, so that its figures can be read.

The floor is notes at random. A Markov chain is what a generator has to beat: it knows what follows what and nothing
else, and of a high order it copies. Copies are what a generator must not be. All are made from the reference's own
passages, with as many parts, notes and bars.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from credo.music.score import Note, Part, Score

#: Onsets of random notes fall on such parts of a quarter.
_GRID = 4
_TWELFTH = Fraction(1, 12)


class _Sound(NamedTuple):
    """A note that begins in an event: its part, pitch, length in twelfths of a quarter, and loudness."""

    part: int
    pitch: int
    length: int
    velocity: int


class _Event(NamedTuple):
    """What begins at one moment.

    Attributes:
        sounds: the notes.
        wait: twelfths of a quarter until the next event.
    """

    sounds: tuple[_Sound, ...]
    wait: int


#: What stands before the first event.
_BEGINNING = _Event((), 0)


def random_notes(passages: Sequence[Score], count: int, seed: int) -> list[Score]:
    """Passages with the notes of others anywhere: pitches even over the range of their part, onsets over the passage.

    Args:
        passages: whose parts, lengths of notes and numbers of notes are taken.
        count: how many to make.
        seed: of the dice.
    """
    dice = np.random.default_rng(seed)
    made = []
    for number in range(count):
        score = passages[number % len(passages)]
        made.append(replace(score, parts=tuple(_scattered(part, score.timeline.length, dice) for part in score.parts)))
    return made


def copies(passages: Sequence[Score], count: int, seed: int) -> list[Score]:
    """The passages themselves, drawn at random, each as often as any other."""
    dice = np.random.default_rng(seed)
    order = [number for _ in range(-(-count // len(passages))) for number in dice.permutation(len(passages))]
    return [passages[number] for number in order[:count]]


def markov(passages: Sequence[Score], count: int, order: int, seed: int) -> list[Score]:
    """Passages of a Markov chain of events: which notes begin together, and when the next ones do.

    It begins as a passage does; a context that never went on is shortened from its far end. Each passage has the
    length, metre and parts of one of the reference's. Times are rounded to twelfths of a quarter.

    Args:
        passages: what the chain learns from.
        count: how many to make.
        order: how many events it remembers, 1 or more.
        seed: of the dice.
    """
    dice = np.random.default_rng(seed)
    after: dict[tuple[_Event, ...], list[_Event]] = defaultdict(list)
    for passage in passages:
        events = [_BEGINNING, *_events(passage)]
        for place in range(1, len(events)):
            for known in range(min(order, place) + 1):
                after[tuple(events[place - known : place])].append(events[place])
    return [_walk(after, passages[number % len(passages)], order, dice) for number in range(count)]


def _scattered(part: Part, length: Fraction, dice: np.random.Generator) -> Part:
    if not part.notes:
        return part
    pitches = sorted({note.pitch for note in part.notes})
    choice = np.array(pitches) if part.is_drums else np.arange(pitches[0], pitches[-1] + 1)
    steps = max(int(length * _GRID), 1)
    notes = [
        Note(
            onset, int(dice.choice(choice)), min(note.duration, max(length - onset, Fraction(1, _GRID))), note.velocity
        )
        for note in part.notes
        for onset in (Fraction(int(dice.integers(steps)), _GRID),)
    ]
    return replace(part, notes=_as_in(part, notes))


def _as_in(part: Part, notes: Sequence[Note]) -> tuple[Note, ...]:
    """Notes sorted, and one at a time if those of the part are: each ends where the next begins, the highest stay."""
    notes = sorted(notes)
    if not one_at_a_time(part):
        return tuple(notes)
    kept = [note for note, after in pairwise([*notes, None]) if after is None or after.onset > note.onset]
    ends = [*(note.onset for note in kept[1:]), None]
    return tuple(
        note if end is None else replace(note, duration=min(note.duration, end - note.onset))
        for note, end in zip(kept, ends, strict=True)
    )


def one_at_a_time(part: Part) -> bool:
    """Whether no two notes of a part sound together."""
    return all(before.end <= after.onset for before, after in pairwise(part.notes))


def _events(score: Score) -> list[_Event]:
    sounds: dict[int, list[_Sound]] = defaultdict(list)
    for number, part in enumerate(score.parts):
        for note in part.notes:
            length = max(round(note.duration / _TWELFTH), 1)
            sounds[round(note.onset / _TWELFTH)].append(_Sound(number, note.pitch, length, note.velocity))
    times = sorted(sounds)
    ends = [*times[1:], max(round(score.timeline.length / _TWELFTH), *(time + 1 for time in times[-1:]), 1)]
    return [_Event(tuple(sorted(sounds[time])), end - time) for time, end in zip(times, ends, strict=True)]


def _walk(after: dict[tuple[_Event, ...], list[_Event]], like: Score, order: int, dice: np.random.Generator) -> Score:
    length, now, past = round(like.timeline.length / _TWELFTH), 0, [_BEGINNING]
    notes: list[list[Note]] = [[] for _ in like.parts]
    while now < length:
        known = tuple(past[-order:])
        while known not in after:
            known = known[1:]
        event = after[known][dice.integers(len(after[known]))]
        for sound in event.sounds:
            part = min(sound.part, len(notes) - 1)
            duration = min(sound.length, length - now) * _TWELFTH
            notes[part].append(Note(now * _TWELFTH, sound.pitch, duration, sound.velocity))
        past.append(event)
        now += event.wait
    parts = tuple(replace(part, notes=tuple(sorted(of))) for part, of in zip(like.parts, notes, strict=True))
    return replace(like, parts=parts)
