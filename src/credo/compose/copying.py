"""Whether new notes stand in the music that their model learnt from: a quick look, on every composition.

A model's folder may hold `fingerprints.npz` beside its weights (see `credo.evaluation.originality.sieve`). Only newly
written notes count: what the user held is the user's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from credo.compose import masks
from credo.compose.models import find_model, window_of
from credo.compose.tasks import Task
from credo.corpora.corpus import Corpus
from credo.errors import FileError
from credo.evaluation.originality.notes import TICKS, Music
from credo.evaluation.originality.sieve import Sieve
from credo.models.folder import read_card
from credo.music.grid import Grid
from credo.music.score import Score
from credo.music.texture import Voice

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composition
    from credo.compose.jobs import Work

#: The file in a model's folder.
FINGERPRINTS = "fingerprints.npz"


def write_fingerprints(corpus: Corpus, folder: str | Path, split: str = "train") -> Path:
    """Put the fingerprints of a model's training data into its folder.

    Args:
        corpus: the data.
        folder: the model.
        split: the split that it was trained on.

    Raises:
        FileError: the file cannot be written.
    """
    data = read_card(folder).get("data", {}).get("sha256", "")
    pieces = [Music.of(piece.grid) for piece in corpus.in_split(split)]
    return Sieve.of(pieces, data=data).save(Path(folder) / FINGERPRINTS)


@dataclass(frozen=True, eq=False)
class Checker:
    """Looks for the training data of some models in their pieces.

    Attributes:
        sieves: of the model and of those that play along; None for one without fingerprints.
        voices: how many parts each of them writes.
        remarks: what is wrong with the fingerprints, for the user.
    """

    sieves: tuple[Sieve | None, ...]
    voices: tuple[int, ...]
    remarks: tuple[str, ...] = ()

    @classmethod
    def of(cls, model: str | Path, company: Sequence[str | Path] = ()) -> Checker:
        """A checker of the pieces of a model, and of further models that play along, by name or folder.

        Models that were made before there were fingerprints have none, and nothing is said of their pieces.

        Raises:
            ModelError: there is no such model.
        """
        sieves, voices, remarks = [], [], []
        for name in (model, *company):
            folder = find_model(name)
            voices.append(len(window_of(read_card(folder)).natural.voices))
            try:
                sieves.append(Sieve.load(folder / FINGERPRINTS) if (folder / FINGERPRINTS).is_file() else None)
            except FileError as error:
                sieves.append(None)
                remarks.append(f"not compared with the training data: {error}")
        return cls(tuple(sieves), tuple(voices), tuple(remarks))

    def check(self, piece: Composition, work: Work = None) -> Composition:
        """The piece, what it shares with the training data written in its settings.

        Args:
            piece: the piece.
            work: what it was made from, which tells what was held.
        """
        found = []
        first = -self.voices[0]
        for sieve, voices in zip(self.sieves, self.voices, strict=True):
            alone, first = first < 0, first + voices
            if sieve is None:
                continue
            if alone:
                music = Music.of(piece.grid)
                new = new_notes(music, piece.grid, work, piece.kept_quarters)
            else:
                parts = piece.company[first - voices : first]
                music = Music.of(Score(tuple(parts), piece.grid.timeline))
                new = np.ones(len(music), bool)
            found.append(_record(sieve, music, new))
        if not found:
            return piece
        worst = max(found, key=lambda record: (record["above"], record["longest_run"]["notes"]))
        return replace(piece, settings={**piece.settings, "originality": worst})

    def examine(self, score: Score) -> dict[str, Any] | None:
        """What the notes of a score share with the training data of the model; None where nothing is known of that.

        Args:
            score: written by the model, all of it.
        """
        if self.sieves[0] is None:
            return None
        music = Music.of(score)
        return _record(self.sieves[0], music, np.ones(len(music), bool))


def line_about(settings: dict[str, Any]) -> str:
    """What was found, in one line; "" where nothing was looked for."""
    record = settings.get("originality")
    if not record or not record["new_notes"]:
        return ""
    run, lines = record["longest_run"], record["own_pieces_below"]
    own = f"; its own pieces share up to {lines['run']:.0f} with each other" if lines["run"] else ""
    where = f" ({run['part']}, {_bars(run['bars'])})" if run["notes"] else ""
    if not record["above"]:
        return f"originality: at most {run['notes']} new notes in a row are in the training data{where}{own}"
    return (
        f"warning: more like the training data than its own pieces are like one another: {run['notes']} new notes in a "
        f"row{where}, {record['shared_chords']:.0%} of all in shared rows of chords (credo originality says whose)"
    )


def new_notes(music: Music, grid: Grid, work: Work = None, kept: Fraction = Fraction(0)) -> np.ndarray:
    """Which notes of a piece were newly written; bool, shape (n,).

    Args:
        music: the notes of the grid.
        grid: the piece.
        work: a task, whose mask tells what was held.
        kept: length of a beginning that was kept, in quarters.
    """
    new = music.onset >= float(kept) * TICKS
    if not isinstance(work, Task) or len(work.mask) != grid.steps:
        return new
    held = masks.cells_held(grid, masks.whole_notes(grid, work.mask))
    step = music.onset * grid.texture.steps_per_quarter // TICKS
    for number, (voice, cells) in enumerate(zip(grid.texture.voices, held, strict=True)):
        own = music.part == number
        rows = step[own] if voice.kind == "mono" else (step[own], _columns(voice, music.pitch[own]))
        new[own] &= ~cells[rows]
    return new


def _columns(voice: Voice, pitches: np.ndarray) -> np.ndarray:
    """Where pitches stand among those of a voice; shape of `pitches`."""
    return np.array([voice.index(int(pitch)) or 0 for pitch in pitches], np.int64)


def _record(sieve: Sieve, music: Music, new: np.ndarray) -> dict[str, Any]:
    found = sieve.overlap(music, new)
    where = music.onset[new]
    bars = music.bar_at(int(where.max())) - music.bar_at(int(where.min())) + 1 if len(where) else 0
    part = music.parts[found.run_part] if found.run and found.run_part < len(music.parts) else ""
    return {
        "new_notes": found.new,
        "longest_run": {"notes": found.run, "part": part, "bars": list(found.run_bars)},
        "shared_chords": round(found.shared, 4),
        "own_pieces_below": {
            "run": _finite(sieve.line("run", bars)),
            "shared_chords": _finite(sieve.line("shared", bars)),
        },
        "above": sieve.is_above(found, bars),
    }


def _finite(value: float) -> float:
    return round(value, 4) if np.isfinite(value) else 0.0


def _bars(bars: Sequence[int]) -> str:
    first, last = bars
    return f"bar {first}" if first == last else f"bars {first}-{last}"
