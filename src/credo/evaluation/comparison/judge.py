"""Generated music against a reference, with floors and ceilings beside it.

The reference's pieces are dealt into two halves. One is what all others are compared with; the other is the ceiling,
real music that the first half has not seen. Below stand random notes, Markov chains of order 1 and 3, and copies. Where
a model is given, it says of each how likely it is; whoever calls brings it, for nothing here knows of models.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from credo.errors import MissingExtraError, UsageError
from credo.evaluation.comparison import floors, notes
from credo.evaluation.comparison.differences import (
    Interval,
    Means,
    frechet,
    interval,
    means,
    realness,
    standardised,
)
from credo.evaluation.comparison.pieces import FEATURES, Figures, Music, figures_of, passages
from credo.evaluation.features import Overlap, overlap_of
from credo.evaluation.grade import Grader
from credo.evaluation.metrics.catalogue import CATALOGUE
from credo.evaluation.originality import Fingerprints
from credo.music.score import Score

#: Passages whose distances to one another are taken, at most; there are as many pairs as their square.
MOST_PAIRED = 300
#: Passages of each floor, and pieces of the reference that they are made from.
MOST_MADE = 200
#: Pieces in which copies are looked for, at most.
MOST_REMEMBERED = 2000
#: Pieces of a set that a model is asked about, at most.
MOST_LIKELY = 100
_FRECHET_RESAMPLINGS = 200
CHAINS = (1, 3)

GENERATED, CEILING, FLOOR = "generated", "ceiling", "floor"
#: What the built sets are called.
HELD_OUT, RANDOM, MARKOV, COPIES = "real, held out", "random notes", "Markov chain, order {}", "copies"
Progress = Callable[[str, int, int], None]


class Under(NamedTuple):
    """A model that is asked how likely music is.

    Attributes:
        name: in tables.
        nats: takes n passages; gives of each nats and the cells that they are of, shape (n, 2), NaN where a passage
            does not fit the model.
    """

    name: str
    nats: Callable[[Sequence[Score]], np.ndarray]


class Remark(NamedTuple):
    """Something that the reader should know.

    Attributes:
        kind: which of the remarks of `words`.
        values: what is filled in, by name.
    """

    kind: str
    values: dict[str, Any]


class System(NamedTuple):
    """A set of music that is compared with the reference.

    Attributes:
        name: in tables.
        role: `GENERATED`, `CEILING` or `FLOOR`.
        figures: its figures.
        pieces: the passages of some of its pieces.
    """

    name: str
    role: str
    figures: Figures
    pieces: Sequence[notes.Piece]


@dataclass(frozen=True)
class Verdict:
    """How a set of music compares with the reference.

    Attributes:
        name: in tables.
        role: `GENERATED`, `CEILING` or `FLOOR`.
        pieces: how many pieces.
        passages: how many passages of them.
        means: each figure of the catalogue that both sets have.
        overlaps: each of the features of Yang and Lerch.
        frechet: squared Fréchet distance over all figures, from as many passages for all systems.
        realness: area under the curve of a classifier; None where scikit-learn is not installed.
        copied: share of the stretches of two bars that stand in the training music.
        grade: median "Bach or Mock" grade; None unless all is in four voices.
        likelihood: nats a hidden cell under a model, lower is more likely; None without a model, or if half of the
            passages do not fit it.
    """

    name: str
    role: str
    pieces: int
    passages: int
    means: dict[str, Means]
    overlaps: dict[str, Overlap]
    frechet: Interval
    realness: Interval | None
    copied: Interval
    grade: Interval | None
    likelihood: Interval | None = None

    @property
    def likeness(self) -> float:
        """Mean over the figures of the area that their densities share with the reference's, 0..1."""
        return _mean([of.overlap for of in self.means.values()])

    @property
    def inter_oa(self) -> float:
        """Mean overlapping area of the features, between the sets and within the reference."""
        return _mean([of.inter_oa for of in self.overlaps.values()])


@dataclass(frozen=True)
class Judgement:
    """What was found.

    Attributes:
        reference: name of the reference.
        bars: bars of a passage; 0 where pieces were taken whole.
        seed: of all dice.
        verdicts: the generated sets, the ceiling, and the floors.
        left_out: by set, the files that could not be measured, and why.
        remarks: what the reader should know.
        under: the model that likelihoods are told of; empty for none, or if it fits none of the sets.
    """

    reference: str
    bars: int
    seed: int
    verdicts: tuple[Verdict, ...]
    left_out: dict[str, tuple[tuple[str, str], ...]] = field(default_factory=dict)
    remarks: tuple[Remark, ...] = ()
    under: str = ""


def judge(
    generated: Sequence[Music],
    reference: Music,
    *,
    training: Music | None = None,
    under: Under | None = None,
    bars: int | None = None,
    most: int = 0,
    seed: int = 0,
    workers: int = 0,
    progress: Progress | None = None,
) -> Judgement:
    """Compare sets of generated music with a reference.

    Args:
        generated: the sets.
        reference: what they should be like.
        training: what the generated sets must not copy; the reference if not given.
        under: a model that is asked how likely each set is.
        bars: bars of the passages that all is cut into, 0 for whole pieces; by default as long as half of the
            generated pieces are, at most.
        most: pieces of a set, at most, drawn at random; 0 for all.
        seed: of all dice.
        workers: processes; 0 for as many as there are cores.
        progress: is told what is done, and how much of it.

    Raises:
        UsageError: a set has fewer than two pieces, or the reference fewer than four.
    """
    generated, reference = [_fewer(music, most, seed) for music in generated], _fewer(reference, most, seed)
    if bars is None:
        bars = usual_bars([*generated, reference], seed)
    *ours, whole = (
        _measured(music, bars, 4 if music is reference else 2, workers, progress) for music in (*generated, reference)
    )
    half, other = halves(whole, seed)
    real = [passage for piece in _passages(reference, half.names, bars, seed) for passage in piece]
    systems = [
        *(
            System(music.name, GENERATED, figures, _passages(music, figures.names, bars, seed))
            for music, figures in zip(generated, ours, strict=True)
        ),
        System(HELD_OUT, CEILING, other, _passages(reference, other.names, bars, seed)),
        *_floors(real, seed, progress),
    ]
    known, forbidden = _fingerprints(reference, half.names, seed), _fingerprints(training or reference, None, seed)
    grader = Grader.of(real) if all(map(notes.in_four_voices, real)) else None
    fair = min(len(half), *(len(system.figures) for system in systems))
    verdicts = []
    for done, system in enumerate(systems, 1):
        learnt = forbidden if system.role == GENERATED else known
        verdicts.append(compare(system, half, fair, learnt, grader, seed))
        if progress:
            progress("comparing", done, len(systems))
    verdicts, misfits = _likely(systems, verdicts, under, seed, progress)
    sets = zip((*generated, reference), (*ours, whole), strict=True)
    left_out = {music.name: figures.left_out for music, figures in sets if figures.left_out}
    remarks = (*_remarks(verdicts, fair, len(reference if training is None else training)), *misfits)
    told = under.name if under and any(verdict.likelihood for verdict in verdicts) else ""
    return Judgement(reference.name, bars, seed, tuple(verdicts), left_out, remarks, told)


def _measured(music: Music, bars: int, least: int, workers: int, progress: Progress | None) -> Figures:
    """The figures of a set, which has to have so many pieces at least."""
    told = None if progress is None else lambda done, total: progress(music.name, done, total)
    figures = music.figures(bars, workers=workers, progress=told)
    if len(figures.names) < least:
        first = figures.left_out[:1]
        raise UsageError(
            f"{music.name}: expected {least} or more pieces to measure, got {len(figures.names)}",
            hint=": ".join(first[0]) if first else None,
        )
    return figures


def _floors(real: Sequence[Score], seed: int, progress: Progress | None) -> list[System]:
    """Music made from passages of the reference."""
    count = min(len(real), MOST_MADE)
    made = {
        RANDOM: floors.random_notes(real, count, seed),
        **{MARKOV.format(order): floors.markov(real, count, order, seed) for order in CHAINS},
        COPIES: floors.copies(real, count, seed),
    }
    systems = []
    for name, scores in made.items():
        figures = figures_of([(f"{number:04}", score) for number, score in enumerate(scores)], 0)
        systems.append(System(name, FLOOR, figures, [[score] for score in scores]))
        if progress:
            progress("floors", len(systems), len(made))
    return systems


def compare(
    system: System, reference: Figures, fair: int, learnt: Fingerprints, grader: Grader | None, seed: int
) -> Verdict:
    """Compare one set with the reference.

    Args:
        system: the set.
        reference: figures of the reference.
        fair: passages of each that the Fréchet distance is taken from, the same for all systems.
        learnt: what must not be copied.
        grader: grades chorales; None if the reference has none.
        seed: of all dice.
    """
    ours = system.figures
    found = {metric.name: means(ours, reference, metric.name, seed) for metric in CATALOGUE}
    rows = [_drawn(len(figures), MOST_PAIRED, seed) for figures in (ours, reference)]
    overlaps = {}
    for name in FEATURES:
        one, other = ours.feature(name)[rows[0]], reference.feature(name)[rows[1]]
        if one.any() or other.any():
            overlaps[name] = overlap_of(one, other)
    try:
        told = realness(ours, reference, seed)
    except MissingExtraError:
        told = None
    return Verdict(
        system.name,
        system.role,
        len(ours.names),
        len(ours),
        {name: of for name, of in found.items() if math.isfinite(of.ours.value) and math.isfinite(of.theirs.value)},
        overlaps,
        _frechet(standardised(ours, reference), standardised(reference, reference), fair, seed),
        told,
        notes.copied(system.pieces, learnt, seed),
        notes.grades(system.pieces, grader, seed) if grader else None,
    )


def usual_bars(sets: Sequence[Music], seed: int, sample: int = 40) -> int:
    """Bars that half of the pieces of every set have, told from some of each; 0 if pieces hardly differ in length."""
    lengths = [[len(list(score.timeline.bars())) for _, score in music.some(sample, seed)] or [0] for music in sets]
    everything = [length for of in lengths for length in of]
    if max(everything) - min(everything) <= 1:
        return 0
    return max(int(min(np.median(of) for of in lengths)), 1)


def halves(figures: Figures, seed: int) -> tuple[Figures, Figures]:
    """The pieces dealt into two halves at random."""
    order = np.random.default_rng(seed).permutation(len(figures.names))
    middle = -(-len(order) // 2)
    return figures.of_pieces(order[:middle].tolist()), figures.of_pieces(order[middle:].tolist())


def _passages(music: Music, names: Collection[str], bars: int, seed: int) -> list[list[Score]]:
    """The passages of some pieces."""
    return [passages(score, bars) for _, score in music.some(MOST_MADE, seed, names)]


def _frechet(ours: np.ndarray, theirs: np.ndarray, fair: int, seed: int) -> Interval:
    """The distance of sets of `fair` rows each, its mean and interval over draws of rows."""
    dice = np.random.default_rng(seed)
    drawn = np.array(
        [
            frechet(*(rows[dice.choice(len(rows), fair, replace=False)] for rows in (ours, theirs)))
            for _ in range(_FRECHET_RESAMPLINGS)
        ]
    )
    return interval(float(drawn.mean()), drawn)


def _drawn(count: int, most: int, seed: int) -> np.ndarray:
    return np.sort(np.random.default_rng(seed).permutation(count)[:most])


def _fewer(music: Music, most: int, seed: int) -> Music:
    if not most or len(music) <= most:
        return music
    if music.files:
        return Music(music.name, tuple(music.files[number] for number in _drawn(len(music.files), most, seed)))
    return Music(music.name, scores=tuple(music.scores[number] for number in _drawn(len(music.scores), most, seed)))


def _fingerprints(music: Music, names: Collection[str] | None, seed: int) -> Fingerprints:
    return Fingerprints.of(score for _, score in music.some(MOST_REMEMBERED, seed, names))


def _likely(
    systems: Sequence[System], verdicts: list[Verdict], under: Under | None, seed: int, progress: Progress | None
) -> tuple[list[Verdict], list[Remark]]:
    """The verdicts with likelihoods, and remarks on the sets that do not fit the model as a whole."""
    if under is None:
        return verdicts, []
    found, remarks = [], []
    for done, (system, verdict) in enumerate(zip(systems, verdicts, strict=True), 1):
        pieces = [system.pieces[number] for number in _drawn(len(system.pieces), MOST_LIKELY, seed)]
        likely, placed, of = notes.likelihood(pieces, under.nats, seed)
        found.append(replace(verdict, likelihood=likely))
        if placed < of:
            values = {"name": system.name, "placed": placed, "of": of, "model": under.name}
            remarks.append(Remark("misfits" if likely else "no fit", values))
        if progress:
            progress("likelihoods", done, len(systems))
    return found, remarks


def _remarks(verdicts: Sequence[Verdict], fair: int, learnt: int) -> list[Remark]:
    remarks = []
    if fair < 100:
        remarks.append(Remark("few", {"count": fair}))
    if any(verdict.realness is None for verdict in verdicts):
        remarks.append(Remark("no classifier", {}))
    if learnt > MOST_REMEMBERED:
        remarks.append(Remark("some remembered", {"some": MOST_REMEMBERED, "of": learnt}))
    return remarks


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return float(np.mean(finite)) if finite else math.nan
