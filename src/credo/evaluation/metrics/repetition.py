"""How much of a piece comes back.

M. Müller, N. Jiang, P. Grosche, "A robust fitness measure for capturing repetitions in music recordings with
applications to audio thumbnailing", IEEE TASLP 21, 2013: a segment is fit if its repetitions, slower or faster by up to
two, explain much of the piece, and well. S.-L. Wu and Y.-H. Yang ("The Jazz Transformer on the Front Line", ISMIR 2020)
take the fittest segment of a range of lengths as the structureness of a piece on that scale; people's music has more of
it than machines', and the more so the longer the scale. They read it off sound, two frames a second. Here the frames
are halves of bars and the scales are counted in bars, so that tempo and instruments play no part.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from credo.evaluation.metrics.columns import Beats, Columns
from credo.evaluation.metrics.tension import sounding_classes

#: Halves of bars that are looked at; of longer pieces so many from the start.
MOST_FRAMES = 96
#: What is less alike than so large a share of all pairs of frames is a penalty, and how large a one.
_KEPT, _PENALTY = 0.2, -2.0
#: Frames of the piece and places of the segment that a path goes on by.
_STEPS = ((1, 1), (1, 2), (2, 1))


def structureness(notes: Columns, beats: Beats, scales: Sequence[int] = (2, 4, 8)) -> dict[int, float]:
    """The largest fitness, 0..1, of the segments of some numbers of bars.

    Args:
        notes: the piece, drums aside.
        beats: its bars.
        scales: bars of the segments.

    Returns:
        One figure a scale; NaN where the piece has not twice as many bars, or nothing sounds.
    """
    halves = half_bars(beats)
    weights = sounding_classes(notes, halves)
    found = dict.fromkeys(scales, math.nan)
    possible = [bars for bars in scales if 4 * bars <= len(halves)] if weights.any() else []
    if not possible:
        return found
    segments = [(start, 2 * bars) for bars in possible for start in range(len(halves) - 2 * bars + 1)]
    fit = fitness(alikeness(weights), np.array(segments))
    lengths = np.array(segments)[:, 1]
    return found | {bars: float(fit[lengths == 2 * bars].max()) for bars in possible}


def half_bars(beats: Beats) -> np.ndarray:
    """Start and end of the halves of a piece's bars in ticks, `MOST_FRAMES` at most, shape (k, 2)."""
    middles = beats.bars.sum(axis=1) // 2
    return np.stack([beats.bars[:, 0], middles, middles, beats.bars[:, 1]], axis=1).reshape(-1, 2)[:MOST_FRAMES]


def alikeness(features: np.ndarray) -> np.ndarray:
    """How alike frames are, for `fitness`.

    Args:
        features: of each frame, 0 or more, shape (T, d).

    Returns:
        Shape (T, T): 1 on the diagonal; 0 to 1 for the fifth of all other pairs that are most alike by their cosine;
        a penalty for the rest. Silence is like silence.
    """
    length = np.linalg.norm(features, axis=1)
    unit = features / np.where(length > 0, length, 1)[:, None]
    cosine = np.round(unit @ unit.T, 9)
    cosine[np.ix_(length == 0, length == 0)] = 1.0
    others = cosine[~np.eye(len(cosine), dtype=bool)]
    threshold = float(np.quantile(others, 1 - _KEPT)) if len(others) else 1.0
    scaled = (cosine - threshold) / (1 - threshold) if threshold < 1 else np.ones_like(cosine)
    score = np.where(cosine >= threshold, scaled, _PENALTY)
    np.fill_diagonal(score, 1.0)
    return score


def fitness(score: np.ndarray, segments: np.ndarray) -> np.ndarray:
    """How well some segments explain a piece by their repetitions.

    A segment is laid along the piece as often as it fits, so that the score of these paths is as high as can be.
    Fitness is the harmonic mean of what a step of the paths scores and of the share of the piece that they cover, both
    less what the segment's trivial path over itself gives.

    Args:
        score: how alike frames are, shape (T, T), 1 on the diagonal.
        segments: first frame and number of frames, M at most, of each of S segments, shape (S, 2).

    Returns:
        Shape (S,), 0..1.
    """
    frames, (starts, lengths) = len(score), segments.T
    count, most, rows = len(segments), int(lengths.max()), np.arange(len(segments))
    places = starts[:, None] + np.arange(most)  # (S, M)
    inside = np.arange(most) < lengths[:, None]
    columns = np.minimum(places, frames - 1)
    # Best families of paths up to a frame: what they score, their steps, and the frames they cover, (3, S, M + 1). At
    # place 0 no path is open; at place m a path has come to the m-th frame of the segment.
    nothing = np.zeros((3, count, most + 1))
    nothing[0, :, 1:] = -np.inf
    before, last = None, nothing
    for frame in range(frames):
        here = np.where(inside, score[frame, columns], -np.inf)  # (S, M)
        now = np.full_like(nothing, -np.inf)
        now[:, :, 0] = _better(last[:, :, 0], last[:, rows, lengths])  # a path that has come to the end may be closed
        now[:, :, 1] = now[:, :, 0] + _gain(here[:, :1], 1)[:, :, 0]
        for down, right in _STEPS:
            source = last if down == 1 else before
            if source is not None and right < most:
                gone = source[:, :, 1 : most + 1 - right] + _gain(here[:, right:], down)
                now[:, :, 1 + right :] = _better(now[:, :, 1 + right :], gone)
        before, last = last, now
    total, steps, covered = _better(last[:, :, 0], last[:, rows, lengths])
    gained = np.maximum(total - lengths, 0) / np.maximum(steps, 1)
    share = np.maximum(covered - lengths, 0) / frames
    return 2 * gained * share / np.maximum(gained + share, 1e-12)


def _gain(score: np.ndarray, frames: int) -> np.ndarray:
    """What a step adds to score, steps and covered frames, shape (3, S, places)."""
    return np.stack([score, np.ones_like(score), np.full_like(score, frames)])


def _better(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Of two families of paths the one that scores more, entry by entry; shape (3, ...)."""
    return np.where(other[0] > one[0], other, one)
