"""The second pass over a library: codes of its pieces by a model.

It is apart from adding because a model takes longer over a piece than everything else together. Pieces that have a code
already are passed by, so a pass that was stopped goes on where it was.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from credo.compose.coding import Coder
from credo.corpora.reading.pool import run_jobs
from credo.corpora.reading.prepare import FUNCTION, Rules, piece_of
from credo.errors import UsageError
from credo.library.coding import COMPONENTS, POWER, Basis
from credo.library.store import Store
from credo.music.grid import Grid

#: Pieces that a basis is learnt from, at most and at least, and pieces whose codes are kept at once.
MOST, LEAST, BATCH = 1500, 20, 64
#: What of a piece need not fit a model's voices: it is a matter of likeness, not of learning.
RULES = Rules(shortest_quarters=0.0, most_omitted=0.5, most_merged=0.6, silent_voices=True)

Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Coded:
    """What became of the pieces.

    Attributes:
        coded: how many got a code.
        known: how many had one.
        problems: path and reason of those that do not fit the model's voices, or cannot be read any more.
        seconds: how long it took.
    """

    coded: int
    known: int
    problems: tuple[tuple[str, str], ...]
    seconds: float


def code(store: Store, model: str | Path, *, workers: int = 2, progress: Progress | None = None) -> Coded:
    """Give a code to each piece that has none of this model.

    Args:
        store: the library.
        model: a name, or a model's folder.
        workers: processes that read files.
        progress: told how many are done, and how many there are.

    Raises:
        ModelError: there is no such model.
        UsageError: the library has too few pieces that fit the model to learn components from.
    """
    start = time.monotonic()
    coder = Coder.load(model)
    mark = coder.composer.checksum
    known = set(store.codes(mark)[0].tolist())
    waiting = [brief.number for brief in store.briefs() if brief.number not in known]
    total, done = len(waiting) + len(known), len(known)
    waiting = np.random.default_rng(0).permutation(np.array(waiting, np.int64)).tolist()  # the first are a fair sample
    problems: list[tuple[str, str]] = []
    saved = store.basis(mark)
    basis = None if saved is None else Basis.from_bytes(saved)
    coded, first = 0, [] if basis else waiting[:MOST]
    if basis is None and waiting:
        found = list(_codes(store, coder, first, workers, problems))
        if len(found) < LEAST:
            raise UsageError(
                f"codes: expected at least {LEAST} pieces that fit the voices of {model}, got {len(found)}",
                hint="add more pieces, or name another --model",
            )
        basis = Basis.of(np.array([each for _, each in found]), COMPONENTS, POWER)
        store.put_basis(mark, basis.to_bytes())
        basis = Basis.from_bytes(store.basis(mark) or basis.to_bytes())  # another process may have been first
        coded += _keep(store, mark, basis, found)
        if progress:
            progress(done + len(first), total)
    rest = waiting[len(first) :]
    for begin in range(0, len(rest), BATCH):
        if basis is not None:
            coded += _keep(
                store, mark, basis, list(_codes(store, coder, rest[begin : begin + BATCH], workers, problems))
            )
        if progress:
            progress(done + len(first) + min(begin + BATCH, len(rest)), total)
    return Coded(coded, len(known), tuple(sorted(problems)), time.monotonic() - start)


def _keep(store: Store, mark: str, basis: Basis, found: Sequence[tuple[int, np.ndarray]]) -> int:
    if found:
        store.put_codes(mark, [number for number, _ in found], basis.codes(np.array([each for _, each in found])))
    return len(found)


def _codes(
    store: Store, coder: Coder, numbers: Sequence[int], workers: int, problems: list[tuple[str, str]]
) -> Iterator[tuple[int, np.ndarray]]:
    """Numbers and plain codes of pieces; those that do not fit are told in `problems`."""
    read: list[int] = []

    def grids() -> Iterator[Grid]:
        jobs = [{"path": b.path, "name": b.path, "number": b.number} for b in store.briefs(numbers) if b.path]
        texture = coder.composer.texture
        settings = {"texture": texture.to_dict(), "rules": asdict(RULES)}
        with closing(run_jobs(FUNCTION, settings, jobs, workers=workers)) as results:
            for job, answer in results:
                record = json.loads(answer) if isinstance(answer, bytes) else {"reason": "", "detail": answer}
                if "reason" in record:
                    problems.append((job["path"], f"{record['reason']}: {record['detail']}".strip(": ")))
                else:
                    read.append(job["number"])
                    yield piece_of(record, texture).grid

    for place, each in enumerate(coder.codes(grids())):
        yield read[place], each
