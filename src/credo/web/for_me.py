"""Music for a listener as jobs."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from typing import Any

from credo.compose.models import available
from credo.compose.wishes import Request
from credo.library.taste.composing import Commission, compose_for
from credo.web.collection import Collection
from credo.web.desk import Desk
from credo.web.jobs import Job
from credo.web.messages import ForMeMessage
from credo.web.pieces import Sheet, in_whole_bars, message_of
from credo.web.wishing import ITERATIONS, MOST_DRAWN


class ForMe:
    """Composes for the listener.

    Args:
        desk: the models.
        collection: the library and the ratings.
    """

    def __init__(self, desk: Desk, collection: Collection) -> None:
        self.desk, self.collection = desk, collection

    def prepare(self, message: ForMeMessage, like: Sheet | int | None) -> Callable[[Job], None]:
        """Check what is asked for; gives what makes it, on the worker's thread.

        Args:
            message: how many pieces, and how.
            like: a piece to go by instead of all ratings.

        Raises:
            UsageError: something makes no sense.
            Fault: there is no such model, or no such piece.
        """
        model = self.desk.model(message.model)
        name = model.name if model.name in available() else str(model.folder)
        request = Request(
            bars=message.bars,
            seed=secrets.randbelow(MOST_DRAWN) if message.seed is None else message.seed,
            iterations=ITERATIONS if message.iterations is None else message.iterations,
            temperature=message.temperature,
        )
        wanted = Commission(message.alternatives, message.candidates, request, name)
        if isinstance(like, int):
            self.collection.details(like)  # tells if there is none
        return lambda job: self._make(job, model.name, wanted, like)

    def _make(self, job: Job, model: str, wanted: Commission, like: Sheet | int | None) -> None:
        composer, heat = self.desk.warm(model)
        with self.collection.for_composing(like) as (store, listener):
            made = compose_for(
                store,
                listener,
                wanted,
                composer=composer,
                progress=lambda done, total: job.advance(0.95 * done / max(total, 1)),
            )
        results: list[dict[str, Any]] = []
        for piece in made.pieces:
            grid, changed = in_whole_bars(piece.grid)
            taste = piece.settings["taste"]
            results.append(
                {
                    "piece": message_of(grid, model),
                    "seed": piece.settings["request"]["seed"],
                    "rank": 0,
                    "energy": round(composer.energy(grid), 4),
                    "heat": [round(float(value), 3) for value in heat.bars(grid)],
                    "remarks": [*changed, *piece.settings["remarks"], *made.lines],
                    "taste": {
                        "expected_stars": taste["expected_stars"],
                        "doubt": taste["doubt"],
                        "rank": taste["rank"][0],
                        "reasons": taste["reasons"],
                    },
                }
            )
        for rank, result in enumerate(sorted(results, key=lambda each: each["energy"]), 1):
            result["rank"] = rank
        job.results = results
        job.advance(1.0)
