"""The same harmonies and rhythms in another voicing, as constraints."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from credo.compose.constraints.frame import Frame
from credo.compose.constraints.obey import FORBIDDEN
from credo.compose.constraints.rules import Harmonies, Layout
from credo.music.grid import REST, Grid
from credo.music.harmony import sounding_pitches
from credo.sampling.anneal import Constraints

if TYPE_CHECKING:
    from credo.compose.generate import Composer


def same_harmonies(composer: Composer, grid: Grid, mask: np.ndarray) -> Constraints:
    """Each voice keeps its rhythm, and at each step exactly the pitch classes sound that sounded before.

    The steps of a note are tied, its attacks are certain, and its pitch is one whose class belongs to all harmonies
    that it sounds in. That no pitch class is missing is a rule.

    Args:
        composer: whose network draws.
        grid: the piece, in mono voices.
        mask: which codes are held, shape (T, K).
    """
    window = composer.window.at(grid.timeline.key)
    frame = Frame(window, window.seat(grid), window.seat_mask(mask))
    pitches = sounding_pitches(grid)  # (T, V)
    attacks = np.stack([cells.attack for cells in grid.voices], axis=1)  # (T, V)
    rests = pitches == REST
    bits = np.bitwise_or.reduce(np.where(rests, 0, 1 << pitches.astype(np.int64) % 12), axis=1)  # (T,) of a harmony
    T, V = pitches.shape
    begins = attacks | rests
    begins[0] = True
    first = np.maximum.accumulate(np.where(begins, np.arange(T)[:, None], 0), axis=0)  # (T, V) where its note begins
    common = np.full((T, V), (1 << 12) - 1)
    np.bitwise_and.at(common, (first, np.arange(V)), bits[:, None])
    common = common[first, np.arange(V)]  # (T, V) classes that belong to all harmonies of a note

    (block, place), beat = frame.places(), window.beat
    bias = np.zeros((frame.beats, composer.dbn.visible.size), np.float32)
    ties = np.arange(frame.beats * window.size).reshape(frame.beats, window.size)
    for v, lane in enumerate(frame.mono):
        if frame.held[:, lane.code].all():
            continue
        own = common[:, v, None] >> (lane.voice.low + np.arange(lane.voice.size)) % 12 & 1  # (T, P)
        forbidden = np.concatenate([~rests[:, v, None], rests[:, v, None] | (own == 0)], axis=1)
        units = frame.unit_of_beat[place][:, lane.unit : lane.unit + lane.values]
        bias[block[:, None], units] = np.where(forbidden, FORBIDDEN, 0)
        bias[block, frame.unit_of_beat[place][:, lane.attacks.start]] = np.where(attacks[:, v], -FORBIDDEN, FORBIDDEN)
        at = first[:, v]
        ties[block, lane.code * beat + place] = block[at] * window.size + lane.code * beat + place[at]
    facts = frame.facts(np.zeros(T, int), bits)
    return Constraints(bias, ties, (Harmonies(Layout.of(frame)),), facts=(facts,))
