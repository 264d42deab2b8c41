"""One file looked at: read, measured and sketched; or why it cannot be read.

`look` runs in a process of its own (see `credo.corpora.reading.pool`), so it takes and gives JSON-able records.
"""

from __future__ import annotations

import math
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np

from credo.corpora.reading.prepare import BROKEN, TOO_LARGE, UNREADABLE, left_out
from credo.errors import CredoError, FileError
from credo.evaluation.data import playing, timing
from credo.evaluation.data.likeness import Sketch, content_of
from credo.evaluation.metrics.columns import TICKS, Beats, Columns
from credo.evaluation.metrics.statistics import polyphony
from credo.io.files import SUFFIXES
from credo.music.keys import keys_of
from credo.music.score import Score

FUNCTION = "credo.evaluation.data.look:look"
#: Classes of note lengths, in quarters.
NOTE_LENGTHS = (1 / 16, 1 / 8, 1 / 6, 1 / 4, 1 / 3, 3 / 8, 1 / 2, 2 / 3, 3 / 4, 1, 3 / 2, 2, 3, 4, 8)
_LONGEST_TEXT = 200


def look(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """Look at a file.

    Args:
        job: `name` and `path`.
        settings: nothing so far.

    Returns:
        The job with either `reason` and `detail`, or what `measure` gives.
    """
    path = Path(job["path"])
    kind = SUFFIXES[path.suffix.lower()]
    try:
        from credo.io.files import load_with_remarks  # only the reading processes need it

        return {**job, **measure(*load_with_remarks(path, isolated=True), kind)}
    except FileError as error:
        reason, detail = UNREADABLE, error.reason
    except CredoError as error:
        reason, detail = UNREADABLE, error.message
    except (MemoryError, RecursionError) as error:
        reason, detail = TOO_LARGE, type(error).__name__
    except Exception as error:  # one file must never cost the others
        reason, detail = BROKEN, f"{type(error).__name__}: {error}"
    return {**job, **left_out(reason, detail)}


def measure(score: Score, remarks: list[str], kind: str) -> dict[str, Any]:
    """Measure a piece.

    Args:
        score: the piece; it has notes.
        remarks: of its reader.
        kind: of file, as in `SUFFIXES`.

    Returns:
        `figures`, a number or None by name; `facts`, what the folder's distributions are made of; `remarks`; and what
        tells duplicates: `shape`, `lowest`, `sketch`, `turns`.
    """
    notes, beats = Columns.of(score), Beats.of(score)
    texts = [score.title, score.composer, *(part.name for part in score.parts)]
    figures = {
        "remarks": float(len(remarks)),
        **timing.grid(notes),
        **timing.lengths(score, notes),
        **timing.bars(score, notes, beats),
        **playing.parts(score, notes),
        **playing.pitches(notes),
        **playing.strokes(notes, remarks),
        **playing.loudness(notes, kind),
        **playing.keys(score),
        "garbled": playing.garbled(texts),
    }
    content, sketch = content_of(notes), Sketch.of(notes)
    return {
        "figures": {name: None if math.isnan(value) else round(value, 4) for name, value in figures.items()},
        "facts": _facts(score, notes, beats),
        "remarks": [_short(remark) for remark in remarks],
        "shape": content.shape,
        "lowest": content.lowest,
        "sketch": sketch.to_text(),
        "turns": sketch.turns,
    }


def _facts(score: Score, notes: Columns, beats: Beats) -> dict[str, Any]:
    """What the distributions over a folder are made of."""
    metre, pitch = timing.main_metre(score), notes.pitched.pitch
    spans: Counter[float] = Counter()
    for bpm, quarters in timing.tempo_spans(score):
        spans[round(bpm, 1)] += quarters
    classes = np.abs(np.log2((notes.end - notes.onset)[:, None] / (TICKS * np.array(NOTE_LENGTHS)))).argmin(axis=1)
    voices = polyphony(notes)
    keys = keys_of(score)
    return {
        "title": _short(score.title),
        "composer": _short(score.composer),
        "key": keys[0].key.name if keys else None,
        "metre": f"{metre.numerator}/{metre.denominator}",
        "tempo": max(spans, key=lambda bpm: (spans[bpm], -bpm)) if spans else None,
        "tempos": len(score.timeline.tempos),
        "parts": sum(bool(part.notes) for part in score.parts),
        "programs": sorted({-1 if part.is_drums else part.program for part in score.parts if part.notes}),
        "low": int(pitch.min()) if len(pitch) else None,
        "high": int(pitch.max()) if len(pitch) else None,
        "polyphony": None if math.isnan(voices) else round(voices, 2),
        "notes_a_bar": round(len(notes.onset) / max(len(beats.bars), 1), 2),
        "note_lengths": np.bincount(classes, minlength=len(NOTE_LENGTHS)).tolist(),
    }


def _short(text: str) -> str:
    return text[:_LONGEST_TEXT]
