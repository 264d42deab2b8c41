"""How near a chorale is to Bach's, by counting what sounds: the "Bach or Mock" grade.

A. Fang, A. Liu, P. Seetharaman, B. Pardo, "Bach or Mock? A Grading Function for Chorales in the Style of J. S. Bach",
ICML Workshop on Machine Learning for Media Discovery, 2020 (arXiv:2006.13329). Nine histograms of a piece are compared
with those of a reference corpus; the grade is the plain sum of nine distances, and lower is better. The definition
follows the authors' published program, of which this is an implementation of its own:

* Notes (sixteenths by scale degree), harmonic quality (chords by quality) and the melodic intervals of each voice are
  compared with the reference pieces of the same mode, the others with all pieces.
* A distance is the Wasserstein distance over *ranks*: categories are numbered from the reference's most frequent one
  down, those that only the piece has come last, rarest first. Repeated sequences are compared over their lengths in
  sixteenths instead.
* The distance of parallel errors (fifths, and octaves or unisons) is multiplied by the errors a note, relative to the
  reference's. As published, a piece whose errors divide in the reference's own proportion therefore gets 0 for them,
  however many there are: read this term beside `credo.music.harmony.parallels`.

Where the program reads note names off a score, this module reads pitches off a grid: semitones stand for named
intervals and degrees, and tied notes are one note. The repeated sequences depend on the length of a piece: compare
pieces, and a reference, of about one length.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from credo.errors import FileError, FormatError, UsageError
from credo.evaluation.counts import MODED, measure, no_counts
from credo.io.atomic import write_text
from credo.music.grid import Grid
from credo.music.score import Score

FORMAT_VERSION = 1
TERMS = ("notes", "rhythm", "parallel_errors", *MODED[1:], "repeated_sequences")


@dataclass(frozen=True)
class Grade:
    """How far a piece is from the reference; lower is better.

    Attributes:
        terms: each distance by its name, in the order of `TERMS`, 0 or more.
    """

    terms: dict[str, float]

    @property
    def total(self) -> float:
        """The grade: the sum of all terms."""
        return sum(self.terms.values())


@dataclass(frozen=True)
class Grader:
    """Grades pieces in four voices against a reference corpus.

    Attributes:
        counts: histograms of all reference pieces, as `credo.evaluation.counts.measure` makes them.
        notes: number of notes of all reference pieces.
    """

    counts: dict[str, Counter[str]]
    notes: int

    @classmethod
    def of(cls, reference: Iterable[Grid | Score]) -> Grader:
        """A grader that compares with these pieces.

        Raises:
            UsageError: there are no pieces, or one has not four voices that sing one note at a time.
        """
        total, notes = no_counts(), 0
        for piece in reference:
            counts, of_piece = measure(piece)
            notes += of_piece
            for name, histogram in counts.items():
                total[name].update(histogram)
        if not notes:
            raise UsageError("grader: expected reference pieces with notes, got none")
        return cls(total, notes)

    def without(self, piece: Grid | Score) -> Grader:
        """The same grader with one of its own reference pieces taken out, to grade that piece fairly."""
        counts, notes = measure(piece)
        total = {name: Counter(histogram) for name, histogram in self.counts.items()}
        for name, histogram in counts.items():
            total[name].subtract(histogram)
        return Grader({name: +histogram for name, histogram in total.items()}, self.notes - notes)

    def grade(self, piece: Grid | Score) -> Grade:
        """Compare a piece with the reference.

        Raises:
            UsageError: the piece has not four voices that sing one note at a time, or no notes, or the reference has
                no piece of its mode.
        """
        counts, notes = measure(piece)
        if not notes:
            raise UsageError("grade: expected a piece with notes, got none")
        mode = next(mode for mode in ("major", "minor") if counts[f"{mode} notes"])
        if not self.counts[f"{mode} notes"]:
            raise UsageError(f"grade: expected a reference with pieces in {mode}, got none")
        terms = {}
        for term in TERMS:
            name = f"{mode} {term}" if term in MODED else term
            own, reference = counts[name], self.counts[name]
            if term == "repeated_sequences":
                terms[term] = _distance_of_lengths(own, reference)
            elif term == "parallel_errors":
                errors = own.total()
                rate = max(reference.total(), 1) / self.notes
                terms[term] = _distance_of_ranks(own, reference) * errors / notes / rate if errors else 0.0
            else:
                terms[term] = _distance_of_ranks(own, reference)
        return Grade(terms)

    def save(self, path: str | Path) -> Path:
        """Write the reference histograms (counts, no notes) as JSON.

        Raises:
            FileError: the file cannot be written.
        """
        counts = {name: dict(sorted(histogram.items())) for name, histogram in self.counts.items()}
        write_text(path, json.dumps({"format_version": FORMAT_VERSION, "notes": self.notes, "counts": counts}) + "\n")
        return Path(path)

    @classmethod
    def load(cls, path: str | Path) -> Grader:
        """Read what `save` wrote.

        Raises:
            FileError: the file cannot be read.
            FormatError: it holds something else.
        """
        try:
            data: dict[str, Any] = json.loads(Path(path).read_text("utf-8"))
            if data["format_version"] != FORMAT_VERSION:
                raise ValueError(f"format {data['format_version']}, expected {FORMAT_VERSION}")
            counts = {name: Counter({k: int(n) for k, n in data["counts"][name].items()}) for name in no_counts()}
            return cls(counts, int(data["notes"]))
        except OSError as error:
            raise FileError(path, f"cannot be read: {error.strerror or error}") from error
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise FormatError(path, f"expected the reference of a grader: {error!r}") from error


def _distance_of_ranks(own: Counter[str], reference: Counter[str]) -> float:
    """Wasserstein distance of two histograms whose categories stand one apart, the reference's most frequent first."""
    ranked = sorted(reference, key=lambda category: (-reference[category], category))
    extra = sorted((category for category in own if not reference[category]), key=lambda c: (own[c], c))
    categories = [*(category for category in ranked if reference[category]), *extra]
    return _earth_moved([own[c] for c in categories], [reference[c] for c in categories], np.ones(len(categories)))


def _distance_of_lengths(own: Counter[str], reference: Counter[str]) -> float:
    """Wasserstein distance of two histograms over numbers; an empty one stands at 0."""
    own, reference = (counts or Counter({"0": 1}) for counts in (own, reference))
    lengths = sorted({*own, *reference}, key=float)
    gaps = np.diff([float(length) for length in lengths], append=0)
    return _earth_moved([own[k] for k in lengths], [reference[k] for k in lengths], gaps)


def _earth_moved(one: list[int], other: list[int], gaps: np.ndarray) -> float:
    """Wasserstein distance of two histograms, `gaps` apart; both shape (n,) and not empty."""
    shares = [np.cumsum(counts) / max(sum(counts), 1) for counts in (one, other)]
    return float((np.abs(shares[0] - shares[1]) * np.abs(gaps))[:-1].sum())
