"""How likely the music of a corpus is under a model: all figures that are defined for it, each with what it means."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from credo.corpora.corpus import Corpus
from credo.corpora.windows import training_codes
from credo.errors import UsageError
from credo.evaluation.likelihood import ais, bound, pseudo
from credo.evaluation.likelihood.estimate import MOST_DEVIATION
from credo.evaluation.likelihood.monitor import MaskedLikelihood, free_energy_gap
from credo.models.dbn import DBN
from credo.music.window import Window

#: Told after each part of the work: what is measured, how much of it is done, and how much there is.
Progress = Callable[[str, int, int], None]

_RUNS, _SAMPLES = 32, 20
_MOST_TERMS = 1 << 31  # softplus terms of an exact pseudo-likelihood: about a minute of a core


@dataclass(frozen=True)
class Figure:
    """A number.

    Attributes:
        name: what it is called.
        value: the number.
        error: its standard error over rows; None where there is none.
        unit: such as `nats a cell`.
        meaning: in a line, and whether lower or higher is better.
    """

    name: str
    value: float
    error: float | None
    unit: str
    meaning: str


@dataclass(frozen=True)
class Appraisal:
    """What was measured.

    Attributes:
        figures: the numbers.
        notes: what is not defined or not to be trusted for this model, and why.
        rows: how many passages were measured.
        beats: length of a passage.
        cells: free cells of a passage.
    """

    figures: tuple[Figure, ...]
    notes: tuple[str, ...]
    rows: int
    beats: int
    cells: int

    def to_dict(self) -> dict[str, Any]:
        """JSON-able; numbers that are not finite are None."""
        return {**asdict(self), "figures": [_finite(asdict(figure)) for figure in self.figures]}


def appraise(
    dbn: DBN,
    window: Window,
    corpus: Corpus,
    *,
    split: str = "valid",
    rows: int = 256,
    seed: int = 0,
    temperatures: int = 1000,
    progress: Progress | None = None,
) -> Appraisal:
    """Measure how likely passages of a corpus are under a model.

    Args:
        dbn: the network.
        window: what it sees.
        corpus: prepared music on the model's texture.
        split: `train`, `valid` or `test`.
        rows: at most so many passages, drawn evenly at random.
        seed: of all that is drawn.
        temperatures: of the annealing that estimates log Z; slower and better with more.
        progress: told of each part of the work.

    Raises:
        UsageError: a number is out of range, or the corpus has another texture.
        CorpusError: the split is empty.
    """
    if rows < 2 or temperatures < 1:
        raise UsageError(f"evaluate: expected rows >= 2 and temperatures >= 1, got {rows} and {temperatures}")
    told = progress or (lambda *_: None)
    codes = _passages(corpus, window, split, rows, seed)
    cells = len(np.unique(dbn.cells[~dbn.held])) * window.beats
    figures = [_masked(dbn, codes, seed, told)]
    notes: list[str] = []
    bottom = dbn.rbms[0]
    alone = "" if len(dbn.rbms) == 1 else " of the first layer by itself"
    if len(dbn.rbms) > 1:
        notes.append(
            "pseudo-log-likelihood: not to be had for the whole stack, whose P(v) is a sum over all hidden states; "
            "that of the first layer by itself is given"
        )
    figures.append(_pseudo(dbn, codes, cells, seed, alone, told))
    if split == "train" or not corpus.in_split("train"):
        notes.append("free-energy gap: not defined here, for it compares unseen music with that of the split train")
    else:
        told("free energy", 0, 1)
        gap = free_energy_gap(bottom, _passages(corpus, window, "train", rows, seed), codes)
        meaning = f"F({split}) - F(train){alone}; 0 while both are alike, it grows with overfitting"
        figures.append(Figure("free-energy gap", gap, None, "nats a passage", meaning))
        told("free energy", 1, 1)
    if dbn.lateral is None:
        figures += _bound(dbn, codes, cells, temperatures, seed, notes, told)
    else:
        notes.append(
            "lower bound on log P: not defined, for this model's visible units are coupled to each other, so that "
            "P(v | h) is no product and has a normaliser of its own; the pseudo-log-likelihood does without"
        )
    return Appraisal(tuple(figures), tuple(notes), len(codes), window.beats, cells)


def _passages(corpus: Corpus, window: Window, split: str, rows: int, seed: int) -> np.ndarray:
    """Windows in the keys that they are in, shape (n, L, G)."""
    options: dict[str, Any] = {"transpose": False, "style_of": lambda piece: piece.style}
    return training_codes(corpus, window, split, max_windows=rows, seed=seed, **options)[:]


def _masked(dbn: DBN, codes: np.ndarray, seed: int, told: Progress) -> Figure:
    told("hidden cells", 0, 1)
    value = MaskedLikelihood(dbn, codes, seed)()
    told("hidden cells", 1, 1)
    meaning = "-log P of a cell given a random share of the others, as fine-tuning has it; lower is better"
    return Figure("nats a hidden cell", value, None, "nats a cell", meaning)


def _pseudo(dbn: DBN, codes: np.ndarray, cells: int, seed: int, alone: str, told: Progress) -> Figure:
    bottom = dbn.rbms[0]
    told("pseudo-likelihood", 0, 1)
    terms = codes.shape[0] * codes.shape[1] * bottom.visible.size * bottom.span * bottom.hidden.size
    whole = terms <= _MOST_TERMS
    found = (
        pseudo.log_likelihood(bottom, codes, couplings=dbn.lateral)
        if whole
        else pseudo.sampled_log_likelihood(bottom, codes, seed=seed, couplings=dbn.lateral)
    )
    told("pseudo-likelihood", 1, 1)
    scale = found.codes / cells
    how = "over all codes" if whole else "by one random code a passage"
    meaning = f"log P of a cell's codes, each given all others{alone}, {how}; higher is better"
    return Figure("pseudo-log-likelihood", found.mean * scale, found.error * scale, "nats a cell", meaning)


def _bound(
    dbn: DBN, codes: np.ndarray, cells: int, temperatures: int, seed: int, notes: list[str], told: Progress
) -> list[Figure]:
    z = ais.log_z(
        dbn.rbms[-1],
        steps=temperatures,
        runs=_RUNS,
        blocks=codes.shape[1],
        seed=seed,
        progress=lambda done, total: told("log Z", done, total),
    )
    found = bound.lower_bound(
        dbn,
        codes,
        z.log_z,
        samples=_SAMPLES,
        seed=seed,
        progress=lambda done, total: told("lower bound", done, total),
    )
    if not z.trusted:
        notes.append(
            f"log Z: not trusted, for its log weights deviate by {z.deviation:.2f} nats, above {MOST_DEVIATION:g}, "
            "and neither is the log-likelihood, which may be too high; ask for more temperatures"
        )
    name, draws = ("log-likelihood", "") if len(dbn.rbms) == 1 else ("lower bound on log P", f", {_SAMPLES} draws")
    if dbn.held.any():
        draws += ", its context included; that of the music given its context is no lower"
    way = f"{_RUNS} runs at {temperatures} temperatures"
    return [
        Figure("log Z", z.log_z, z.error, "nats", f"normaliser of the top layer by annealing, {way}"),
        Figure(
            "log-weight deviation", z.deviation, None, "nats", f"of the annealing; above {MOST_DEVIATION:g}, reject"
        ),
        Figure("effective runs", z.effective, None, f"of {_RUNS}", "how many runs of the annealing count"),
        Figure(name, found.mean, found.error, "nats a passage", f"log P of a passage{draws}; higher is better"),
        Figure(f"{name}, a cell", found.mean / cells, found.error / cells, "nats a cell", "the same by free cells"),
    ]


def _finite(figure: dict[str, Any]) -> dict[str, Any]:
    return {k: None if isinstance(x, float) and not math.isfinite(x) else x for k, x in figure.items()}
