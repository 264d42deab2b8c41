"""The fitness of segments, against trying all families of paths; and pieces whose form is known."""

import math
from fractions import Fraction

import numpy as np
import pytest

from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.repetition import alikeness, fitness, structureness
from credo.music.score import Note, Part, Score, Timeline

STEPS = ((1, 1), (1, 2), (2, 1))


def families(score, start, length):
    """All (score, steps, frames covered) of families of paths over a segment."""
    frames = len(score)

    def paths(frame, place):
        """Ways from a frame at a place of the segment to its end: (score, steps, covered, next frame)."""
        value = score[frame, start + place]
        if place == length - 1:
            yield value, 1, 1, frame + 1
        for down, right in STEPS:
            if frame + down < frames and place + right < length:
                for more, steps, covered, after in paths(frame + down, place + right):
                    yield value + more, steps + 1, covered + down, after

    def from_frame(frame):
        if frame >= frames:
            yield 0.0, 0, 0
            return
        yield from from_frame(frame + 1)
        for value, steps, covered, after in paths(frame, 0):
            for more, steps_after, covered_after in from_frame(after):
                yield value + more, steps + steps_after, covered + covered_after

    return from_frame(0)


@pytest.mark.parametrize("seed", range(12))
def test_fitness_is_that_of_the_best_family_of_paths(seed):
    rng = np.random.default_rng(seed)
    score = rng.uniform(-1, 1, (6, 6))
    np.fill_diagonal(score, 1.0)
    segments = np.array([(0, 2), (1, 3), (3, 3), (2, 2), (0, 6)])
    for (start, length), found in zip(segments, fitness(score, segments), strict=True):
        total, steps, covered = max(families(score, start, length), key=lambda family: family[0])
        gained, share = max(total - length, 0) / steps, max(covered - length, 0) / 6
        assert found == pytest.approx(2 * gained * share / (gained + share) if gained + share else 0.0)


def song(bars):
    """Bars in 4/4 of four quarters each; a bar is a text of pitch classes."""
    notes = [
        Note(Fraction(4 * bar + beat), 60 + int(pitch, 12), Fraction(1))
        for bar, pitches in enumerate(bars)
        for beat, pitch in enumerate(pitches)
    ]
    return Score((Part.of("", notes),), Timeline(Fraction(4 * len(bars))))


def of(score, scales=(2, 4, 8)):
    return structureness(Columns.of(score), Beats.of(score), scales)


A, B = ["0047", "5599", "77bb", "0400"], ["1166", "88a3", "3316", "6a1a"]


def test_what_comes_back_is_found_on_its_scale():
    """What stands k times explains (k - 1) / k of the piece, at a score of (k - 1) / k a step."""
    assert of(song(4 * A))[4] == pytest.approx(3 / 4)
    assert of(song(A + B + A + B))[8] == pytest.approx(1 / 2)


def test_music_that_does_not_come_back_has_little_structure():
    rng = np.random.default_rng(1)
    wandering = of(song(["".join(rng.choice(list("0123456789ab"), 4)) for _ in range(32)]))
    assert max(wandering.values()) < 0.3


def test_pieces_without_room_have_no_figure():
    assert all(math.isnan(value) for value in of(song([])).values())
    found = of(song(A))
    assert not math.isnan(found[2])
    assert math.isnan(found[4])
    assert math.isnan(found[8])


def test_silence_is_like_silence_and_a_frame_like_itself():
    alike = alikeness(np.array([[0.0, 0], [0, 0], [1, 0], [0, 1], [1, 1]]))
    assert alike[0, 1] == 1
    assert np.all(np.diag(alike) == 1)
    assert alike[0, 2] == alike[2, 3] < 0
