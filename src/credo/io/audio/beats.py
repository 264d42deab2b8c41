"""The beat of a performance: how fast it is and where the quarters fall.

The tempo is the lag at which the onsets are most like themselves, with a preference for a moderate one; then the
lattice of sixteenths is found that the onsets agree with best. Where they agree with none, the player has no steady
tempo, and each beat is found from the one before (D. Ellis, "Beat Tracking by Dynamic Programming", JNMR 36(1), 2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

#: The tempo that is preferred, and the width of the preference in octaves.
USUAL_BPM, WIDTH_OCTAVES = 105.0, 0.7
SLOWEST, FASTEST = 40.0, 210.0
#: How well onsets agree with a lattice of sixteenths that is the music's own: mean resultant length, 0..1.
STEADY = 0.6
_RATE = 100  # frames of the onset curve a second
_TIGHTNESS = 300.0  # what a beat costs that comes too early or too late, as in Ellis' paper
_ESTIMATE_SLACK, _GIVEN_SLACK = 0.03, 0.005


@dataclass(frozen=True, slots=True)
class Beat:
    """Where the quarters are.

    Attributes:
        bpm: quarters a minute, on average.
        times: the time of each quarter in seconds, ascending, two or more.
        steady: whether they are equally long.
    """

    bpm: float
    times: np.ndarray
    steady: bool

    def quarters(self, seconds: np.ndarray) -> np.ndarray:
        """Positions in quarters from the first one; the first and last quarter go on beyond the ends."""
        times = self.times
        found = np.interp(seconds, times, np.arange(len(times)))
        early, late = times[1] - times[0], times[-1] - times[-2]
        found = np.where(seconds < times[0], (seconds - times[0]) / early, found)
        return np.where(seconds > times[-1], len(times) - 1 + (seconds - times[-1]) / late, found)


def find_beat(onsets: np.ndarray, weights: np.ndarray, tempo: float | None = None) -> Beat:
    """The beat of some onsets.

    Args:
        onsets: in seconds, shape (n,), one or more.
        weights: how much each counts, more than 0, shape (n,).
        tempo: quarters a minute where known; the lattice then keeps within half a per cent of it.
    """
    order = np.argsort(onsets, kind="stable")
    onsets, weights = onsets[order], weights[order]
    bpm = tempo or _tempo(onsets, weights)
    period, agreement = _fitted(onsets, weights, 60 / bpm, _ESTIMATE_SLACK if tempo is None else _GIVEN_SLACK)
    steady = agreement >= STEADY or len(onsets) < 8 or tempo is not None
    if not steady:
        times = _tracked(onsets, weights, period)
        steady = len(times) < 2
    if steady:
        first = _phase(onsets, weights, period)
        times = first + period * np.arange(int((onsets[-1] - first) / period) + 3)
    return Beat(float(60 / np.diff(times).mean()), times, steady)


def _curve(onsets: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Onset strength, `_RATE` frames a second from the first onset on."""
    positions = (onsets - onsets[0]) * _RATE
    curve = np.bincount(np.round(positions).astype(int), weights)
    bump = np.exp(-0.5 * (np.arange(-6, 7) / 2.0) ** 2)
    return np.convolve(curve, bump, "same" if len(curve) > len(bump) else "full")


def _tempo(onsets: np.ndarray, weights: np.ndarray) -> float:
    """The likeliest tempo, in quarters a minute."""
    curve = _curve(onsets, weights)
    size = 1 << (2 * len(curve)).bit_length()
    likeness = np.fft.irfft(np.abs(np.fft.rfft(curve, size)) ** 2, size)[: len(curve)]
    lags = np.arange(int(60 * _RATE / FASTEST), min(int(60 * _RATE / SLOWEST) + 1, len(likeness)))
    if not len(lags) or likeness[lags].max() <= 1e-6 * likeness[0]:
        return USUAL_BPM
    multiples = sum(
        np.where(times * lags < len(likeness), likeness[np.minimum(times * lags, len(likeness) - 1)], 0) / times
        for times in (1, 2, 4)
    )
    prior = np.exp(-0.5 * (np.log2(60 * _RATE / lags / USUAL_BPM) / WIDTH_OCTAVES) ** 2)
    return 60 * _RATE / float(lags[np.argmax(multiples * prior)])


def _fitted(onsets: np.ndarray, weights: np.ndarray, period: float, slack: float) -> tuple[float, float]:
    """The period near one whose sixteenths the onsets agree with best, and how well, 0..1."""
    span = max(onsets[-1] - onsets[0], period)
    fine = max(0.05 * period / (4 * span), 1e-6)
    periods = period * (1 + np.arange(-slack, slack + fine, fine))
    agreement = np.array(
        [abs(np.sum(weights * np.exp(8j * np.pi * onsets / period))) / weights.sum() for period in periods]
    )
    best = int(np.argmax(agreement - 0.05 * np.abs(periods / period - 1) / slack))
    return float(periods[best]), float(agreement[best])


def _phase(onsets: np.ndarray, weights: np.ndarray, period: float) -> float:
    """The time of the last quarter that is not after the first onset.

    The lattice of sixteenths is the onsets' own; of its four places the quarter is where most weight falls, and where
    the music begins if that is nearly as good.
    """
    angle = np.angle(np.sum(weights * np.exp(8j * np.pi * onsets / period)))
    lattice = angle * period / (8 * np.pi)
    places = np.round((onsets - lattice) / period * 4).astype(int)
    loads = np.bincount(places % 4, weights, 4)
    loads[places[0] % 4] *= 1.15
    place = int(np.argmax(loads))
    return lattice + period * (place / 4 + (places[0] - place) // 4)


def _tracked(onsets: np.ndarray, weights: np.ndarray, period: float) -> np.ndarray:
    """Beats that follow a player, in seconds."""
    curve = _curve(onsets, weights)
    curve = curve / max(float(curve.std()), 1e-9)
    length = period * _RATE
    lags = np.arange(max(round(length / 2), 1), round(2 * length) + 1)
    cost = _TIGHTNESS * np.log(lags / length) ** 2
    score, before = curve.copy(), np.full(len(curve), -1)
    for frame in range(int(lags[0]), len(curve)):
        reach = min(len(lags), frame - int(lags[0]) + 1)
        gains = score[frame - lags[:reach]] - cost[:reach]
        best = int(np.argmax(gains))
        if gains[best] > 0:
            score[frame] += gains[best]
            before[frame] = frame - lags[best]
    tail = max(len(curve) - round(length), 0)
    frames = [tail + int(np.argmax(score[tail:]))]
    while before[frames[-1]] >= 0:
        frames.append(int(before[frames[-1]]))
    return onsets[0] + np.array(frames[::-1]) / _RATE
