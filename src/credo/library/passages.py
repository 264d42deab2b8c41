"""Which passages of a library's pieces are like a passage of a piece."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np

from credo.conditioning.measure import measure
from credo.corpora.reading.pool import run_jobs
from credo.errors import CredoError, UsageError
from credo.io.files import load_with_remarks
from credo.library.features import Notes, features
from credo.library.similar import Neighbour, check, in_common, likeness_of
from credo.library.store import Store
from credo.library.vectors import Vectors, weights_of
from credo.music.score import Score

FUNCTION = "credo.library.passages:best_passage"
#: Bars of a passage, and pieces whose passages are looked at.
BARS, PIECES = 4, 60


def passage(score: Score, bar: int, bars: int = BARS) -> dict[str, np.ndarray]:
    """The features of some bars.

    Args:
        score: the piece.
        bar: the first of them; the first whole bar of the piece is 1, an upbeat is 0.
        bars: how many.

    Raises:
        UsageError: there is no such bar, or nothing begins in it.
    """
    notes, upbeat = _notes(score), bool(score.timeline.pickup)
    first = bar - 1 + upbeat
    if not 0 <= first < len(notes.bars):
        last = len(notes.bars) - upbeat
        raise UsageError(f"bar: expected {0 if upbeat else 1} to {last}, got {bar}")
    last = min(first + bars, len(notes.bars)) - 1
    found = notes.within(float(notes.bars[first, 0]), float(notes.bars[last, 1]))
    if not len(found):
        raise UsageError(f"bar: expected bars with notes, got silence from bar {bar} on")
    return features(found)


def similar_passages(
    store: Store,
    score: Score,
    bar: int,
    *,
    by: str = "whole",
    count: int = 10,
    workers: int = 2,
    own: Sequence[str] = (),
    vectors: Vectors | None = None,
) -> tuple[list[Neighbour], list[str]]:
    """The passages of a library that are most like four bars of a piece.

    The pieces that are as wholes most like the passage are read again, and each gives its best passage.

    Args:
        store: the library.
        score: the piece.
        bar: where the four bars begin.
        by: one of `similar.BY`.
        count: at most so many.
        workers: processes that read.
        own: files of the piece itself.
        vectors: those of the library.

    Returns:
        The passages, the most alike first, and lines on files that can no longer be read.

    Raises:
        UsageError: an argument makes no sense.
    """
    wanted = passage(score, bar)
    check(wanted, by, count)
    vectors = vectors or Vectors(store)
    numbers, _ = vectors.nearest(wanted, weights_of(by), PIECES + 1)
    briefs = [brief for brief in store.briefs(numbers.tolist()) if brief.path not in own][:PIECES]
    settings = {"query": {name: vector.tolist() for name, vector in wanted.items()}, "by": by}
    jobs = [{"path": brief.path, "place": place} for place, brief in enumerate(briefs)]
    found, lines = [], []
    named = measure(score).to_dict()
    with closing(run_jobs(FUNCTION, settings, jobs, workers=max(1, min(workers, len(jobs))))) as results:
        for job, answer in results:
            record: dict[str, Any] = json.loads(answer) if isinstance(answer, bytes) else {"problem": answer}
            brief = briefs[job["place"]]
            if "problem" in record:
                lines.append(f"{brief.path}: {record['problem']}")
                continue
            common = in_common(named, brief.attributes)
            found.append(Neighbour(brief, record["likeness"], record["aspects"], common=common, bar=record["bar"]))
    found.sort(key=lambda each: (-each.likeness, each.brief.number))
    return found[:count], sorted(lines)


def best_passage(job: dict[str, Any], settings: dict[str, Any]) -> dict[str, Any]:
    """The passage of a file that is most like a query, in a process of its own (see `corpora.reading.pool`).

    Args:
        job: `path`.
        settings: `query`, vectors by aspect, and `by`.

    Returns:
        `bar`, `likeness` and `aspects`, or `problem`.
    """
    query = {name: np.array(vector, np.float32) for name, vector in settings["query"].items()}
    weights = weights_of(settings["by"])
    try:
        score, _ = load_with_remarks(Path(job["path"]), isolated=True)
    except CredoError as error:
        return {"problem": error.message}
    notes, upbeat = _notes(score), bool(score.timeline.pickup)
    best: dict[str, Any] = {}
    for first in range(max(1, len(notes.bars) - BARS + 1)):
        last = min(first + BARS, len(notes.bars)) - 1
        some = notes.within(float(notes.bars[first, 0]), float(notes.bars[last, 1]))
        if not len(some):
            continue
        aspects = likeness_of(query, features(some))
        total = sum(weights.get(name, 0) for name in query if query[name].any())
        likeness = sum(weights.get(name, 0) * value for name, value in aspects.items()) / max(total, 1e-9)
        if likeness > best.get("likeness", -2):
            best = {"bar": first + 1 - upbeat, "likeness": likeness, "aspects": aspects}
    return best or {"problem": "expected bars with notes"}


def _notes(score: Score) -> Notes:
    key = measure(score).key
    return Notes.of(score, key.tonic if key else 0)
