"""What is learnt from a handful of ratings.

Liking is a Gaussian process over pieces. There are several ideas of what a listener may go by: a straight line in all
traits; likeness in one aspect, in all, or to what a network hears; nearness to single liked pieces, which serves those
who like two far-apart things; a region of one trait, or of the mood; the composer. Each idea is a kernel, its mean and
variance are exact, and all are averaged by how well they explain the ratings (C. E. Rasmussen and C. K. I. Williams,
"Gaussian Processes for Machine Learning", 2006, chapters 2 and 5). With few ratings every idea has its say; with more
the right ones have.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from credo.library.features import ASPECTS
from credo.library.taste.shelf import TRAITS, Scale, Shelf, aspects_of

#: Variance of what is said of one piece from one time to another, of liking -1..1.
NOISE = 0.3
#: Variance of a listener's mean liking, and of liking between pieces.
COMMON, SPREAD = 0.25, 0.6
#: How far a region of a trait reaches, in deviations, and how near a piece has to be to a liked one, in cosine.
REACH, NEAR = 0.7, 0.35
#: Rated pieces that count, the latest; and pieces looked at in one go.
MOST, AT_ONCE = 400, 8192
#: An idea that is believed less than this is not asked.
_UNHEARD = 1e-4
#: Each idea: how much each kernel has of the spread. Weights sum to 1.
_LEAN = {"whole": 0.4, "near": 0.3, "traits": 0.3}


def ideas(codes: bool, composers: bool) -> dict[str, tuple[float, dict[str, float]]]:
    """What a listener may go by: for each idea its weight beforehand, and its kernels with their weights.

    Args:
        codes: whether a network heard the pieces.
        composers: whether composers are known.
    """
    found: dict[str, tuple[float, dict[str, float]]] = {
        "all": (3.0, _LEAN),
        "traits": (1.0, {"traits": 1.0}),
        "near": (2.0, {"near": 1.0}),
        **{name: (0.5, {name: 0.7, "whole": 0.3}) for name in ASPECTS},
        **{name: (0.3, {f"region {name}": 0.8, "whole": 0.2}) for name in TRAITS},
        "mood": (0.6, {"region mood": 0.8, "whole": 0.2}),
    }
    if codes:
        found["codes"] = (1.0, {"codes": 0.6, "whole": 0.4})
    if composers:
        found["composer"] = (1.5, {"composer": 0.6, "whole": 0.2, "near": 0.2})
    return found


@dataclass(frozen=True, eq=False)
class Liking:
    """What is expected of some pieces.

    Attributes:
        mean: liking, about -1..1, shape (n,).
        deviation: how unsure that is, shape (n,).
    """

    mean: np.ndarray
    deviation: np.ndarray


class Taste:
    """A listener's taste.

    Args:
        rated: the pieces that were rated, r of them, the latest last.
        liking: of each, -1..1, shape (r,).
        scale: what is usual in the library.
    """

    def __init__(self, rated: Shelf, liking: np.ndarray, scale: Scale) -> None:
        last = np.arange(max(0, len(rated) - MOST), len(rated))
        self.rated, self.liking, self.scale = rated.rows(last), np.asarray(liking, float)[last], scale
        self.ideas = ideas(bool(self.rated.codes.any()), bool((self.rated.composers != "").any()))
        self._inverse: dict[str, np.ndarray] = {}
        logs = {name: float(np.log(weight)) for name, (weight, _) in self.ideas.items()}
        if len(self.rated):
            grams = self._grams(self.rated)
            for name, (_, kernels) in self.ideas.items():
                covariance = _mixed(grams, kernels) + NOISE * np.eye(len(self.rated))
                factor = np.linalg.cholesky(covariance)
                inverse = np.linalg.inv(factor)
                self._inverse[name] = inverse.T @ inverse
                logs[name] -= 0.5 * float(((inverse @ self.liking) ** 2).sum()) + float(np.log(np.diag(factor)).sum())
        most = max(logs.values())
        shares = {name: float(np.exp(value - most)) for name, value in logs.items()}
        #: How far each idea is believed; they sum to 1.
        self.shares = {name: share / sum(shares.values()) for name, share in shares.items()}

    def liking_of(self, pieces: Shelf) -> Liking:
        """What this listener is expected to make of pieces."""
        if not len(self.rated) or not len(pieces):
            return Liking(np.zeros(len(pieces)), np.full(len(pieces), np.sqrt(COMMON + SPREAD)))
        parts = [pieces.rows(np.arange(k, min(k + AT_ONCE, len(pieces)))) for k in range(0, len(pieces), AT_ONCE)]
        found = [self._of_some(part) for part in parts]
        return Liking(np.concatenate([m for m, _ in found]), np.concatenate([d for _, d in found]))

    def _of_some(self, pieces: Shelf) -> tuple[np.ndarray, np.ndarray]:
        grams, sizes = self._grams(pieces), self._sizes(pieces)
        mean, square = np.zeros(len(pieces)), np.zeros(len(pieces))
        for name, (_, kernels) in self.ideas.items():
            share = self.shares[name]
            if share < _UNHEARD:
                continue
            cross = _mixed(grams, kernels)
            told = cross @ self._inverse[name]
            own = told @ self.liking
            variance = np.maximum(_mixed(sizes, kernels) - (told * cross).sum(1), 1e-6)
            mean += share * own
            square += share * (variance + own**2)
        return mean, np.sqrt(np.maximum(square - mean**2, 1e-6))

    def because_of(self, piece: Shelf) -> np.ndarray:
        """How much each rated piece adds to what is expected of one piece, shape (r,); they sum to the mean."""
        grams, total = self._grams(piece), np.zeros(len(self.rated))
        for name, (_, kernels) in self.ideas.items():
            if name in self._inverse:
                total += self.shares[name] * (_mixed(grams, kernels) @ self._inverse[name])[0] * self.liking
        return total

    def likeness_to_rated(self, pieces: Shelf) -> np.ndarray:
        """The likeness of pieces to the rated ones, as `credo similar` counts it, shape (n, r)."""
        return likeness(pieces, self.rated)

    def _grams(self, pieces: Shelf) -> dict[str, np.ndarray]:
        """The kernels between pieces and the rated ones, shape (n, r) each."""
        mine, theirs = aspects_of(pieces), aspects_of(self.rated)
        grams = {name: mine[name] @ theirs[name].T for name in ASPECTS}
        grams["whole"] = _whole(grams, mine, theirs)
        grams["near"] = np.exp((grams["whole"] - 1) / NEAR)
        ours, yours = self.scale.standardised(pieces), self.scale.standardised(self.rated)
        grams["traits"] = ours @ yours.T / len(TRAITS)
        away = {name: (ours[:, None, k] - yours[None, :, k]) ** 2 for k, name in enumerate(TRAITS)}
        away["mood"] = away["valence"] + away["arousal"]
        grams |= {f"region {name}": np.exp(-squared / (2 * REACH**2)) for name, squared in away.items()}
        same_model = pieces.codes.shape[1] == self.rated.codes.shape[1]
        grams["codes"] = pieces.codes @ self.rated.codes.T if same_model else np.zeros(grams["whole"].shape)
        known = self.rated.composers != ""
        grams["composer"] = ((pieces.composers[:, None] == self.rated.composers[None]) & known[None]).astype(float)
        return grams

    def _sizes(self, pieces: Shelf) -> dict[str, np.ndarray]:
        """The kernels between each piece and itself, shape (n,) each."""
        ones = np.ones(len(pieces))
        sizes = {name: (rows**2).sum(1) for name, rows in aspects_of(pieces).items()}
        sizes["traits"] = (self.scale.standardised(pieces) ** 2).mean(1)
        sizes["codes"] = (pieces.codes**2).sum(1)
        return {name: sizes.get(name, ones) for _, kernels in self.ideas.values() for name in kernels}


def likeness(one: Shelf, other: Shelf) -> np.ndarray:
    """The likeness of pieces in all aspects that they have, -1..1, shape (n, m)."""
    mine, theirs = aspects_of(one), aspects_of(other)
    return _whole({name: mine[name] @ theirs[name].T for name in ASPECTS}, mine, theirs)


def _whole(
    grams: Mapping[str, np.ndarray], mine: Mapping[str, np.ndarray], theirs: Mapping[str, np.ndarray]
) -> np.ndarray:
    """The cosine of all aspects side by side, shape (n, m)."""
    ours, yours = (
        np.sqrt(np.maximum(sum((rows**2).sum(1) for rows in each.values()), 1e-9)) for each in (mine, theirs)
    )
    return np.clip(sum(grams[name] for name in ASPECTS) / (ours[:, None] * yours[None]), -1, 1)


def _mixed(grams: Mapping[str, np.ndarray], kernels: Mapping[str, float]) -> np.ndarray:
    return COMMON + SPREAD * np.sum([weight * grams[name] for name, weight in kernels.items()], axis=0)
