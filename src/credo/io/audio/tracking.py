"""Notes in what the network has heard, after R. Bittner and others, ICASSP 2022.

A note begins at a peak of the onset activation and sounds until the note activation has been low for a while, or until
its key is struck again. Two things differ from the paper, for rendered music is then heard better: a key that sounds
already needs a clearer onset, and what sounds without any onset is no note.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from credo.io.audio.hearing import HOP, KEYS, LOWEST, Heard
from credo.io.audio.sound import RATE

#: The time of a frame, in seconds.
FRAME = HOP / RATE


@dataclass(frozen=True, slots=True)
class Thresholds:
    """When something is a note.

    Attributes:
        onset: least activation of an onset, 0..1.
        restrike: the same where the key sounds already: strings and choirs waver, and no wave is a note.
        note: least activation of a sounding note, 0..1.
        gap: frames that a note may be lower without having ended.
        shortest: frames of the shortest note.
    """

    onset: float = 0.5
    restrike: float = 0.68
    note: float = 0.4
    gap: int = 11
    shortest: int = 5


@dataclass(frozen=True, slots=True, order=True)
class Event:
    """A note as it was heard.

    Attributes:
        start, end: in frames, between frames where a peak lies there.
        pitch: MIDI note number 21..108.
        likelihood: mean note activation, 0..1.
    """

    start: float
    end: float
    pitch: int
    likelihood: float


def track(heard: Heard, thresholds: Thresholds | None = None) -> list[Event]:
    """Notes, sorted by their start and pitch.

    Args:
        heard: the network's answer, F frames of 88 keys.
        thresholds: when something is a note.
    """
    limits = thresholds or Thresholds()
    events = []
    for key in range(KEYS):
        for frame, end in _struck(heard.onset[:, key], heard.note[:, key], limits):
            start = _between(heard.onset[:, key], frame)
            events.append(Event(start, end, LOWEST + key, float(heard.note[frame:end, key].mean())))
    return sorted(events)


def _struck(onset: np.ndarray, note: np.ndarray, limits: Thresholds) -> list[tuple[int, int]]:
    """Begin and end, in frames, of the notes of one key that have an onset; of curves of shape (F,)."""
    found: list[tuple[int, int]] = []
    for frame in _peaks(onset, limits.onset):
        sounding = bool(found) and frame <= found[-1][1] + 1
        if sounding and onset[frame] < limits.restrike:
            continue
        if sounding:
            found[-1] = (found[-1][0], frame)
        found.append((frame, _end(note, frame, limits)))
    return [(start, end) for start, end in found if end - start >= limits.shortest]


def _peaks(curve: np.ndarray, least: float) -> list[int]:
    """Frames where a curve, shape (F,), is highest."""
    padded = np.pad(curve, 1)
    return np.flatnonzero((curve >= least) & (curve > padded[:-2]) & (curve >= padded[2:])).tolist()


def _between(curve: np.ndarray, frame: int) -> float:
    """Where the peak of a curve lies, by the parabola through a frame and its neighbours."""
    if not 0 < frame < len(curve) - 1:
        return float(frame)
    before, here, after = (float(curve[frame + step]) for step in (-1, 0, 1))
    bend = before - 2 * here + after
    return frame + (0.5 * (before - after) / bend if bend < 0 else 0.0)


def _end(curve: np.ndarray, frame: int, limits: Thresholds) -> int:
    """The frame after the last one of a note: it has then been low for longer than a gap."""
    low, position = 0, frame
    last = frame
    while position < len(curve) and low <= limits.gap:
        if curve[position] >= limits.note:
            low, last = 0, position + 1
        else:
            low += 1
        position += 1
    return last
