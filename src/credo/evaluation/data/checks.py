"""What a file is accused of, from which figure on, and what that takes off its score.

A score begins at 100. Each check that a file fails takes its points off, whatever the figure; what cannot be measured
is no accusation; below 0 there is nothing. Checks of 0 points are told and not counted: they harm no training. A file
that cannot be read has 0. Whether another file holds the same music is no matter of a file's score: of each group the
best one is recommended.

This is the one place where limits and points stand; what each check means, why its limit lies where it does, and what
to do stand in `credo.evaluation.data.words`. Points: 40 and more makes a file unfit by itself, 20 and 30 spoil part of
what is learnt, 10 and 5 are blemishes that `credo corpus` mends or that one can live with.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

#: Files of at least this score are recommended: one fault that unfits, or several that spoil, are too much.
LEAST_SCORE = 60
#: From this share of the smaller piece on, two pieces are much the same.
LEAST_SHARE = 0.5

Unit = Literal["share", "count", "quarters", "minutes", "notes", "rate", "fifths", "cosine", "difference", "ratio"]


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that may be wrong with a file.

    Attributes:
        name: of the check.
        figure: which figure of `credo.evaluation.data.look.measure` it reads.
        limit: a figure beyond it is accused.
        points: what that takes off the score.
        unit: of the figure.
        below: whether figures below the limit are accused, and not those above.
    """

    name: str
    figure: str
    limit: float
    points: int
    unit: Unit
    below: bool = False

    def accuses(self, figure: float | None) -> bool:
        """Whether a figure is beyond the limit; what was not measured is not."""
        return figure is not None and (figure < self.limit if self.below else figure > self.limit)


CHECKS = (
    Check("ignores_the_tempo", "pulse", 0.2, 50, "cosine", below=True),
    Check("too_short", "quarters", 8, 50, "quarters", below=True),
    Check("few_notes", "notes", 16, 50, "notes", below=True),
    Check("too_dense", "notes_a_second", 100, 40, "rate"),
    Check("loop", "loop", 0.5, 30, "share"),
    Check("monotone", "monotone", 0.5, 30, "share"),
    Check("other_metre", "other_metre", 0.8, 20, "difference"),
    Check("weak_downbeat", "weak_downbeat", 0.45, 10, "ratio", below=True),
    Check("wrong_key", "wrong_key", 1, 10, "fifths"),
    Check("extreme_pitches", "extreme", 0.01, 10, "share"),
    Check("performed", "performed", 0.4, 5, "share"),
    Check("off_grid", "off_grid", 0.25, 10, "share"),
    Check("merged_voices", "merged_voices", 0.5, 10, "share"),
    Check("copied_part", "copied_part", 0.95, 10, "share"),
    Check("crossing_parts", "crossing", 0.25, 5, "share"),
    Check("overlapping_notes", "overlapping", 0.05, 10, "share"),
    Check("doubled_notes", "doubled", 0.2, 5, "share"),
    Check("stuck_notes", "stuck", 0, 10, "count"),
    Check("long_silence", "silence", 32, 5, "quarters"),
    Check("too_long", "minutes", 30, 5, "minutes"),
    Check("odd_tempo", "odd_tempo", 0.1, 5, "share"),
    Check("odd_velocities", "odd_velocity", 0.6, 5, "share"),
    Check("flat_velocities", "velocities", 2, 0, "count", below=True),
    Check("silent_parts", "silent_parts", 0, 0, "count"),
    Check("no_metre", "no_metre", 0, 0, "count"),
    Check("no_key", "no_key", 0, 0, "count"),
    Check("garbled_text", "garbled", 0, 0, "count"),
    Check("remarks", "remarks", 0, 0, "count"),
)


def accusations(figures: Mapping[str, float | None]) -> tuple[Check, ...]:
    """The checks that a file fails, in the order of `CHECKS`."""
    return tuple(check for check in CHECKS if check.accuses(figures.get(check.figure)))


def score(figures: Mapping[str, float | None]) -> int:
    """How fit a file that can be read is by itself, 0..100."""
    return max(0, 100 - sum(check.points for check in accusations(figures)))
