"""How alike two sets of pieces are, feature by feature.

L.-C. Yang, A. Lerch, "On the Evaluation of Generative Models in Music", Neural Computing and Applications 32, 2020:
each passage is reduced to features; for each feature the distances between passages of one set are compared with those
between the sets, as densities smoothed with a Gaussian kernel (Scott's bandwidth). A generator that does well makes
pieces that are as far from the reference as reference pieces are from one another (`inter_oa` near 1), and that differ
among themselves as much (`intra_oa` near 1).

The figures depend on the number and the length of the passages: cut both sets alike with `passages`, take as many of
each, and show beside them what held-out pieces of the reference reach. Times are in quarters, not in seconds;
transitions are shares of all transitions; in several voices, successive notes are those of one voice.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from credo.errors import UsageError
from credo.music.grid import Grid, decode
from credo.music.passage import bar_steps, slice_grid
from credo.music.score import Note, Score, Timeline
from credo.music.texture import Voice

#: Lengths of the classes of notes, in quarters: whole to sixteenth, dotted half to sixteenth, triplet half to eighth.
NOTE_LENGTHS = (4, 2, 1, 1 / 2, 1 / 4, 3, 3 / 2, 3 / 4, 3 / 8, 4 / 3, 2 / 3, 1 / 3)
#: Parts that a bar is divided into to say where a drum is struck.
BAR_PLACES = 16
_POINTS = 2048  # at which densities are computed


class Overlap(NamedTuple):
    """How alike two sets of pieces are in one feature.

    Attributes:
        inter_oa: overlapping area (0..1) of the distances between the sets with those within the reference.
        intra_oa: overlapping area (0..1) of the distances within the generated set with those within the reference.
        kld: Kullback-Leibler divergence, in nats, from the distances within the reference to those between the sets.
    """

    inter_oa: float
    intra_oa: float
    kld: float


def passages(grids: Iterable[Grid], bars: int) -> list[Grid]:
    """Cut pieces into passages of some whole bars, one after the other; pickups and what is left over are left out.

    Raises:
        UsageError: fewer than one bar is asked for.
    """
    if bars < 1:
        raise UsageError(f"passages: expected 1 or more bars, got {bars}")
    found = []
    for grid in grids:
        stretch: list[tuple[int, int]] = []
        for start, end in _whole_bars(grid):
            stretch = [*stretch, (start, end)] if stretch and stretch[-1][1] == start else [(start, end)]
            if len(stretch) == bars:
                found.append(slice_grid(grid, stretch[0][0], end))
                stretch = []
    return found


def features(piece: Grid | Score) -> dict[str, np.ndarray]:
    """The features of one passage.

    Returns:
        For pitched parts together: `pitch_count` (), `pitch_range` () in semitones, `pitch_class_histogram` (12,),
        `pitch_class_transitions` (144,), `mean_interval` () in semitones, `note_count` (), `mean_ioi` () in quarters
        between onsets, `note_length_histogram` (12,) by `NOTE_LENGTHS`, `note_length_transitions` (144,). For drums:
        `drum_density` () in hits a quarter, `drum_histogram` by instrument (of a score, by percussion key, (128,)),
        `drum_place_histogram` (16,) by the part
        of the bar, `drum_velocity_mean` () and `drum_velocity_sd` (). Scalars have shape (1,); what there are no notes
        for is 0.
    """
    found: dict[str, np.ndarray] = {}
    score = piece if isinstance(piece, Score) else decode(piece)
    pitched = [part.notes for part in score.parts if not part.is_drums]
    drums = [part.notes for part in score.parts if part.is_drums]
    if pitched:
        found |= _pitched_features(pitched)
    if drums:
        kits = None if isinstance(piece, Score) else [v for v in piece.texture.voices if v.kind == "drums"]
        found |= _drum_features(drums, kits, score.timeline)
    return {name: np.atleast_1d(np.asarray(value, float)) for name, value in found.items()}


def compare(generated: Iterable[Grid], reference: Iterable[Grid]) -> dict[str, Overlap]:
    """Compare two sets of passages, of equal length and on one texture, in each of `features`.

    Raises:
        UsageError: a set has fewer than two passages, or textures differ.
    """
    generated, reference = list(generated), list(reference)
    if min(len(generated), len(reference)) < 2:
        raise UsageError(f"compare: expected 2 or more of each, got {len(generated)} and {len(reference)} passages")
    textures = {grid.texture.name: grid.texture for grid in (*generated, *reference)}
    if any(grid.texture != generated[0].texture for grid in (*generated, *reference)):
        raise UsageError(f"compare: expected passages on one texture, got {', '.join(sorted(textures))}")
    ours, theirs = ([features(grid) for grid in grids] for grids in (generated, reference))
    result = {}
    for name in ours[0]:
        one, other = (np.stack([each[name] for each in those]) for those in (ours, theirs))
        result[name] = overlap_of(one, other)
    return result


def overlap_of(generated: np.ndarray, reference: np.ndarray) -> Overlap:
    """Compare one feature of two sets of passages, shapes (n, d) and (m, d), by the distances of all their pairs."""
    return overlap(_distances_within(generated), _distances_within(reference), _distances_between(generated, reference))


def overlap(within_generated: np.ndarray, within_reference: np.ndarray, between: np.ndarray) -> Overlap:
    """Compare three sets of distances, each of shape (n,)."""
    sets = (within_generated, within_reference, between)
    widths = [bandwidth(distances) for distances in sets]
    low, high = min(distances.min() for distances in sets), max(distances.max() for distances in sets)
    if high == low:  # one distance only, everywhere
        return Overlap(1.0, 1.0, 0.0)
    margin = 4 * max(widths)
    places = np.linspace(low - margin, high + margin, _POINTS)
    step = places[1] - places[0]
    own, reference, inter = (
        density(distances, places, width) * step for distances, width in zip(sets, widths, strict=True)
    )
    tiny = np.finfo(float).tiny
    log_ratio = np.log(np.maximum(reference, tiny)) - np.log(np.maximum(inter, tiny))
    return Overlap(
        float(np.minimum(inter, reference).sum()),
        float(np.minimum(own, reference).sum()),
        max(float((reference * log_ratio).sum()), 0.0),
    )


def bandwidth(samples: np.ndarray) -> float:
    """Scott's rule: the standard deviation of n samples, shape (n,), times n^(-1/5)."""
    return float(samples.std(ddof=1)) * len(samples) ** -0.2 if len(samples) > 1 else 0.0


def density(samples: np.ndarray, places: np.ndarray, width: float) -> np.ndarray:
    """A density smoothed with Gaussians, its integral 1.

    Args:
        samples: shape (n,), all between the first and the last place.
        places: where it is wanted, evenly spaced, shape (m,). A sample counts half-way between its two neighbours.
        width: standard deviation of the Gaussians; not less than a step of `places` is used.

    Returns:
        Density at the places, shape (m,).
    """
    step = places[1] - places[0]
    left, beside = np.divmod((samples - places[0]) / step, 1)
    left = left.astype(int)
    weights = np.bincount(left, 1 - beside, len(places) + 1) + np.bincount(left + 1, beside, len(places) + 1)
    reach = np.arange(-len(places) + 1, len(places)) * step / max(width, step)
    smooth = np.convolve(weights[: len(places)], np.exp(-(reach**2) / 2), "valid")
    return smooth / (smooth.sum() * step)


def _pitched_features(voices: Sequence[Sequence[Note]]) -> dict[str, object]:
    notes = [note for voice in voices for note in voice]
    pairs = [pair for voice in voices for pair in pairwise(voice)]
    pitches = [note.pitch for note in notes] or [0]
    classes = [(before.pitch % 12, after.pitch % 12) for before, after in pairs]
    lengths = [(_length_class(before), _length_class(after)) for before, after in pairs]
    return {
        "pitch_count": len({note.pitch for note in notes}),
        "pitch_range": max(pitches) - min(pitches),
        "pitch_class_histogram": _histogram([note.pitch % 12 for note in notes], 12),
        "pitch_class_transitions": _histogram([12 * before + after for before, after in classes], 144),
        "mean_interval": _mean([abs(after.pitch - before.pitch) for before, after in pairs]),
        "note_count": len(notes),
        "mean_ioi": _mean([float(after.onset - before.onset) for before, after in pairs]),
        "note_length_histogram": _histogram([_length_class(note) for note in notes], len(NOTE_LENGTHS)),
        "note_length_transitions": _histogram(
            [len(NOTE_LENGTHS) * before + after for before, after in lengths], len(NOTE_LENGTHS) ** 2
        ),
    }


def _drum_features(
    drums: Sequence[Sequence[Note]], kits: Sequence[Voice] | None, timeline: Timeline
) -> dict[str, object]:
    """Features of some parts of drums; hits are counted by the instruments of their kits, or by keys where none are."""
    notes = [note for part in drums for note in part]
    bars = list(timeline.bars())
    starts = np.array([float(start) for start, _, _ in bars])
    places = []
    for note in notes:
        start, end, metre = bars[int(np.searchsorted(starts, float(note.onset), "right")) - 1]
        places.append(int(BAR_PLACES * (1 - (end - note.onset) / max(metre.bar, end - start))))
    if kits is None:
        histogram = _histogram([note.pitch for note in notes], 128)
    else:
        histogram = np.concatenate(
            [
                _histogram([kit.index(note.pitch) for note in part], kit.size)
                for kit, part in zip(kits, drums, strict=True)
            ]
        )
    velocities = np.array([note.velocity for note in notes] or [0])
    return {
        "drum_density": len(notes) / float(timeline.length) if timeline.length else 0,
        "drum_histogram": histogram,
        "drum_place_histogram": _histogram(places, BAR_PLACES),
        "drum_velocity_mean": velocities.mean(),
        "drum_velocity_sd": velocities.std(),
    }


def _length_class(note: Note) -> int:
    return int(np.abs(np.array(NOTE_LENGTHS) - float(note.duration)).argmin())


def _histogram(categories: Sequence[int], size: int) -> np.ndarray:
    """Share of each category, shape (size,); zeros of nothing."""
    return np.bincount(np.array(categories, int), minlength=size) / max(len(categories), 1)


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values)) if values else 0.0


def _distances_between(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Euclidean distances of all rows of one to all rows of the other, shapes (n, d) and (m, d); shape (n m,)."""
    return np.concatenate([np.linalg.norm(other - row, axis=1) for row in one])


def _distances_within(rows: np.ndarray) -> np.ndarray:
    """Euclidean distances of all pairs of rows, shape (n, d), each pair once; shape (n (n - 1) / 2,)."""
    return np.concatenate([np.linalg.norm(rows[k + 1 :] - row, axis=1) for k, row in enumerate(rows)])


def _whole_bars(grid: Grid) -> list[tuple[int, int]]:
    """First step and step after the last of each bar that is as long as its metre says."""
    bars = zip(bar_steps(grid), grid.timeline.bars(), strict=False)
    rate = grid.texture.steps_per_quarter
    return [steps for steps, (_, _, metre) in bars if Fraction(steps[1] - steps[0], rate) == metre.bar]
