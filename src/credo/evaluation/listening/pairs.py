"""What comparisons say: who was preferred to whom, how strong each system is, and who was told from people."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from credo.evaluation.listening.answers import EXPERTISE, Session
from credo.evaluation.listening.inference import Share, Strengths, holm, share_of, strengths_of
from credo.evaluation.listening.key import Key


@dataclass(frozen=True, slots=True)
class Comparison:
    """How often one system was preferred to another.

    Attributes:
        scale: in what respect.
        system, other: of which the first is the one that is preferred.
        share: how often, with intervals.
        p_holm: the p-value over listeners and pieces, corrected for the number of pairs of systems on this scale.
        by_expertise: the share among listeners of each level of expertise that has any.
    """

    scale: str
    system: str
    other: str
    share: Share
    p_holm: float
    by_expertise: dict[str, Share]


@dataclass(frozen=True, slots=True)
class PairResults:
    """Results of a test of pairs.

    Attributes:
        comparisons: of each scale but `human`, for all pairs of systems.
        strengths: of each scale but `human`, if there are three systems or more.
        told: where `human` was asked, for each system how often the real one was told from it.
        first: for each scale how often the piece that came first was preferred.
    """

    comparisons: tuple[Comparison, ...]
    strengths: dict[str, Strengths]
    told: tuple[Comparison, ...]
    first: dict[str, Share]


@dataclass(frozen=True, slots=True)
class _Judgements:
    """Answers to one scale as arrays of shape (n,); `winner` and `loser` are excerpts."""

    listener: np.ndarray
    expertise: np.ndarray
    winner: np.ndarray
    loser: np.ndarray
    winning: np.ndarray  # numbers of systems
    losing: np.ndarray
    first: np.ndarray

    def between(self, one: int, other: int) -> _Judgements:
        """Those that compare two systems."""
        return self.where(
            ((self.winning == one) & (self.losing == other)) | ((self.winning == other) & (self.losing == one))
        )

    def where(self, kept: np.ndarray) -> _Judgements:
        """Some of them."""
        return _Judgements(*(getattr(self, name)[kept] for name in self.__slots__))

    def share(self, system: int) -> Share:
        """How often a system was preferred."""
        ours = self.winning == system
        pieces = np.where(ours[:, None], np.stack([self.winner, self.loser], 1), np.stack([self.loser, self.winner], 1))
        return share_of(ours, self.listener, pieces)


def analyse_pairs(key: Key, sessions: Iterable[Session], *, seed: int = 0) -> PairResults:
    """Analyse comparisons; answers that are checks, or not valid, do not count."""
    sessions = list(sessions)
    comparisons: list[Comparison] = []
    told: list[Comparison] = []
    strengths, first = {}, {}
    for scale in key.scales:
        judged = _judgements(key, sessions, scale)
        if not len(judged.listener):
            continue
        first[scale] = share_of(judged.first, judged.listener, np.stack([judged.winner, judged.loser], 1))
        if scale == "human":
            others = [system for system in key.systems if key.real and system != key.real]
            told += _compare(key, judged, scale, [(key.real, other) for other in others])
            continue
        comparisons += _compare(key, judged, scale, key.system_pairs())
        if len(key.systems) > 2:
            pieces = np.stack([judged.winner, judged.loser], 1)
            strengths[scale] = strengths_of(
                key.systems, judged.winning, judged.losing, judged.listener, pieces, seed=seed
            )
    return PairResults(tuple(comparisons), strengths, tuple(told), first)


def _compare(key: Key, judged: _Judgements, scale: str, pairs: list[tuple[str, str]]) -> list[Comparison]:
    number = {system: place for place, system in enumerate(key.systems)}
    found = []
    for system, other in pairs:
        ours = judged.between(number[system], number[other])
        if not len(ours.listener):
            continue
        levels = [level for level in EXPERTISE if (ours.expertise == level).any()]
        by_expertise = {level: ours.where(ours.expertise == level).share(number[system]) for level in levels}
        found.append((system, other, ours.share(number[system]), by_expertise))
    corrected = holm([share.p for _, _, share, _ in found])
    return [
        Comparison(scale, system, other, share, p, by_expertise)
        for (system, other, share, by_expertise), p in zip(found, corrected, strict=True)
    ]


def _judgements(key: Key, sessions: list[Session], scale: str) -> _Judgements:
    number = {system: place for place, system in enumerate(key.systems)}
    rows = []
    for session in sessions:
        for place, answer in session.answers.items():
            trial = key.slots[session.slot][place]
            if not answer.valid or key.is_check(trial):
                continue
            names = (trial.first, trial.second)
            winner, loser = names if answer.chosen[scale] == 1 else names[::-1]
            systems = [number[key.excerpts[name].system] for name in (winner, loser)]
            rows.append((session.session, session.expertise, winner, loser, *systems, answer.chosen[scale] == 1))
    columns = list(zip(*rows, strict=True)) or [()] * 7
    kinds = (str, str, str, str, int, int, bool)
    return _Judgements(*(np.array(column, kind) for column, kind in zip(columns, kinds, strict=True)))
