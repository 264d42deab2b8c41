"""Pieces beside a corpus, as records, as lines and as a page."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from credo.evaluation.originality.baseline import FIGURES, Judgement, line_of, rates, repeats
from credo.evaluation.originality.examine import Findings, Shared, Span
from credo.evaluation.originality.index import Index
from credo.evaluation.originality.notes import Music

#: What the figures are, for people.
TITLES = {
    "run": "longest run of a voice, in notes that do not repeat themselves",
    "passage": "longest passage of all voices, in notes that do not repeat themselves",
    "cells": "share of cells of two bars that stand in the corpus note for note",
    "covered": "share of notes in passages that are shared with some piece",
}


@dataclass(frozen=True, slots=True)
class Examined:
    """A piece, what it shares, and what to think of it.

    Attributes:
        name: of the piece.
        music: its notes.
        found: what it shares.
        judgement: whether that is more than usual.
        ratio: see `distance_ratio`; None where nothing is held out.
    """

    name: str
    music: Music
    found: Findings
    judgement: Judgement
    ratio: float | None = None

    def to_dict(self, index: Index) -> dict[str, Any]:
        """A JSON-able record."""
        found = self.found
        return {
            "piece": self.name,
            "flagged": self.judgement.flagged,
            "reasons": list(self.judgement.reasons),
            "notes": found.notes,
            "bars": found.bars,
            "moved_onto_grid": found.moved,
            "longest_run": _shared(found.run, index),
            "longest_passage": _shared(found.passage, index),
            "cells": {str(bars): {"shared": s.count, "of": s.total} for bars, s in found.cells.items()},
            "covered": round(found.covered, 4),
            "own_pieces_with_less": {name: round(share, 4) for name, share in self.judgement.above.items()},
            "neighbours": [
                {
                    "piece": index.names[each.piece],
                    "covered": round(each.covered, 4),
                    "passage": _shared(each.passage, index),
                }
                for each in found.neighbours
            ],
            "distance_ratio": None if self.ratio is None or math.isnan(self.ratio) else round(self.ratio, 4),
        }


def baseline_record(index: Index) -> dict[str, Any]:
    """What the corpus' own pieces share with the rest of it, JSON-able."""
    own = index.own
    return {
        "pieces_of_corpus": len(index),
        "bars_of_corpus": index.bar_count,
        "own_pieces": own["pieces"],
        "own_pieces_that_repeat_another": repeats(own),
        "passage_bars": own["passage_bars"],
        "figures": {
            name: {
                "mean": round(rate.mean, 4),
                "interval_95": [round(rate.low, 4), round(rate.high, 4)],
                "quantile_97_5": round(line_of(own, name), 4),
            }
            for name, rate in rates(own).items()
        },
    }


def bars_of(span: Span) -> str:
    """Such as "bars 3-5"."""
    if span.first_bar >= span.last_bar:
        return f"bar {span.first_bar}"
    return f"bars {span.first_bar}-{span.last_bar}"


def how(shared: Shared) -> str:
    """How a shared passage differs: its transposition and its note values."""
    words = []
    if shared.semitones:
        count = abs(shared.semitones)
        words.append(f"{count} semitone{'s' * (count > 1)} {'lower' if shared.semitones > 0 else 'higher'}")
    if shared.stretch != 1:
        faster = shared.stretch > 1
        words.append(f"{_times(shared.stretch if faster else 1 / shared.stretch)} as {'fast' if faster else 'slow'}")
    return ", ".join(words)


def row_of(piece: Examined, index: Index) -> list[str]:
    """The cells of a table: see `HEAD`."""
    found = piece.found
    cells = [f"{100 * share.value:.0f} %" if share.total else "-" for share in found.cells.values()]
    nearest = found.neighbours[0] if found.neighbours else None
    return [
        piece.name,
        "yes" if piece.judgement.flagged else "no",
        f"{found.run.notes}" if found.run.notes else "-",
        f"{found.passage.notes}" if found.passage.notes else "-",
        *cells,
        f"{100 * found.covered:.0f} %",
        "-" if piece.ratio is None or math.isnan(piece.ratio) else f"{piece.ratio:.2f}",
        f"{index.names[nearest.piece]} ({100 * nearest.covered:.0f} %)" if nearest else "-",
    ]


HEAD = ("piece", "flagged", "run", "passage", "1 bar", "2 bars", "covered", "ratio", "nearest (shared)")


def sentences(piece: Examined, index: Index) -> list[str]:
    """What a piece shares, in words."""
    lines = [f"flagged: {reason}" for reason in piece.judgement.reasons]
    for what, shared in (("run", piece.found.run), ("passage", piece.found.passage)):
        if shared.piece < 0:
            continue
        again = f", {shared.notes - shared.fresh} of them repeats" if shared.fresh < shared.notes else ""
        other = f" ({how(shared)})" if how(shared) else ""
        part = f" of {shared.part}" if shared.part else ""
        alike = f", {100 * shared.share:.0f} % alike" if not shared.part else ""
        lines.append(
            f"longest {what}: {shared.notes} notes{part}{again}{alike}, {bars_of(shared.here)}{other}; "
            f"{bars_of(shared.there)} of {index.names[shared.piece]}"
        )
    if piece.found.moved:
        lines.append(f"its notes lay beside the grid: {piece.found.moved}")
    return lines


def summary(pieces: Sequence[Examined], index: Index) -> list[str]:
    """What is said of all pieces together."""
    flagged = sum(piece.judgement.flagged for piece in pieces)
    own = index.own
    lines = [
        f"{flagged} of {len(pieces)} share more with the corpus ({len(index)} pieces, {index.bar_count} bars) than "
        "its own pieces share with one another",
        f"own pieces compared: {own['pieces']}, of which {repeats(own)} lie nearly whole in another one (repeats)",
    ]
    found = rates(own)
    for name in FIGURES:
        if name not in found:
            continue
        mean = sum(piece.found.figures[name] for piece in pieces) / max(len(pieces), 1)
        rate, number = found[name], "{:.0%}" if name in ("cells", "covered") else "{:.1f}"
        mean, middle, low, high, line = (
            number.format(value) for value in (mean, rate.mean, rate.low, rate.high, line_of(own, name))
        )
        lines.append(
            f"{name:8} {mean} a piece; own pieces {middle} (95 % interval {low} to {high}), "
            f"97.5 % of them, repeats aside, below {line}"
        )
    return lines


def _times(ratio: Fraction) -> str:
    return {2: "twice", 3: "three times", 4: "four times"}.get(ratio, f"{float(ratio):.3g} times")


def _shared(shared: Shared, index: Index) -> dict[str, Any] | None:
    if shared.piece < 0:
        return None
    return {
        "notes": shared.notes,
        "notes_without_repeats": shared.fresh,
        "cardinality_score": round(shared.share, 4),
        "corpus_note_values": str(shared.stretch),
        "corpus_semitones_higher": shared.semitones,
        "part": shared.part,
        "bars": [shared.here.first_bar, shared.here.last_bar],
        "quarters": [float(shared.here.start), float(shared.here.end)],
        "corpus_piece": index.names[shared.piece],
        "corpus_bars": [shared.there.first_bar, shared.there.last_bar],
        "corpus_quarters": [float(shared.there.start), float(shared.there.end)],
    }
