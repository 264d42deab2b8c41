"""The key of a test: what the page does not tell, and what was settled before anybody listened."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass, field
from itertools import combinations
from math import comb
from pathlib import Path
from typing import Any

from credo.errors import FileError, FormatError
from credo.evaluation.listening.design import Slot, Trial
from credo.io.atomic import write_text

FORMAT, FORMAT_VERSION = "credo-listening-key", 1
KINDS = ("pairs", "ratings")
#: What can be asked of each piece, or of two. `human` asks whether a person wrote it.
SCALES = ("melody", "harmony", "rhythm", "overall", "human")
#: A rating is one of 1 to 7; a comparison, and the scale `human`, one of 1 and 2.
POINTS = 7
PIECE, CHECK, SCRAMBLED = "piece", "check", "scrambled"


@dataclass(frozen=True, slots=True)
class Excerpt:
    """What stands behind an identifier.

    Attributes:
        role: `piece`, or `check` or `scrambled` where it is there to see who listens.
        system: whose it is.
        file: its name in that system's folder.
        start_seconds, seconds: which stretch of the piece.
        gain: the factor that made it as loud as the others.
        original: the identifier of what was scrambled, where it is.
    """

    role: str
    system: str
    file: str
    start_seconds: float
    seconds: float
    gain: float
    original: str | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """When a listener's answers count.

    Attributes:
        checks: attention checks a listener meets.
        passes: how many of them must be answered rightly; one without an answer is not.
        hear_seconds: how much of each piece must have been heard, unless it was heard to its end.
    """

    checks: int
    passes: int
    hear_seconds: float

    def kept_when_guessing(self, kind: str) -> float:
        """The share of listeners who answer at random that the checks let pass, 0..1."""
        right = 0.5 if kind == "pairs" else (POINTS - 1) / (2 * POINTS)  # rated lower than the other, of 7 points
        return self._kept(right)

    def kept_when_hearing(self, right: float = 0.99) -> float:
        """The share of listeners who are kept of those who answer each check rightly with some probability."""
        return self._kept(right)

    def _kept(self, right: float) -> float:
        counts = range(self.passes, self.checks + 1)
        return sum(comb(self.checks, k) * right**k * (1 - right) ** (self.checks - k) for k in counts)


@dataclass(frozen=True, slots=True)
class Key:
    """All about a test.

    Attributes:
        title: what the page is called.
        kind: `pairs` or `ratings`.
        scales: what is asked, some of `SCALES`.
        systems: their names, in the order in which they were given.
        real: the system that is music by people, if one is.
        rule: when answers count.
        excerpts: what stands behind each identifier.
        slots: what each listener hears, in order.
        settings: how it was built, for the record.
    """

    title: str
    kind: str
    scales: tuple[str, ...]
    systems: tuple[str, ...]
    real: str | None
    rule: Rule
    excerpts: dict[str, Excerpt]
    slots: tuple[Slot, ...]
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def main_scale(self) -> str:
        """The scale that decides about checks, and the one to look at first: `overall`, or else the first."""
        return "overall" if "overall" in self.scales else self.scales[0]

    @property
    def test(self) -> str:
        """The test's name: a fingerprint of all of the key, so that answers belong to no other and no later one."""
        return "t" + hashlib.sha256(json.dumps(self._fields(), sort_keys=True).encode()).hexdigest()[:15]

    def system_pairs(self) -> list[tuple[str, str]]:
        """All pairs of systems."""
        return list(combinations(self.systems, 2))

    def is_check(self, trial: Trial) -> bool:
        """Whether a trial is there to see who listens."""
        return self.excerpts[trial.first].role != PIECE

    def save(self, path: str | Path) -> None:
        """Write the key as JSON.

        Raises:
            FileError: the file cannot be written.
        """
        head = {"format": FORMAT, "version": FORMAT_VERSION, "test": self.test}
        write_text(path, json.dumps({**head, **self._fields()}, indent=1, ensure_ascii=False) + "\n")

    def _fields(self) -> dict[str, Any]:
        slots = [[[trial.first, trial.second] for trial in slot] for slot in self.slots]
        excerpts = {name: asdict(excerpt) for name, excerpt in self.excerpts.items()}
        return {
            **{"title": self.title, "kind": self.kind, "scales": list(self.scales), "systems": list(self.systems)},
            **{"real": self.real, "rule": asdict(self.rule), "settings": self.settings},
            **{"excerpts": excerpts, "slots": slots},
        }

    @classmethod
    def load(cls, path: str | Path) -> Key:
        """Read what `save` wrote.

        Raises:
            FileError: the file cannot be read.
            FormatError: it holds something else, or was changed after the test was built.
        """
        try:
            data = json.loads(Path(path).read_text("utf-8"))
            if data["format"] != FORMAT or data["version"] != FORMAT_VERSION:
                raise ValueError(f"{data['format']} {data['version']}, expected {FORMAT} {FORMAT_VERSION}")
            key = cls(
                **{name: data[name] for name in ("title", "kind", "real", "settings")},
                scales=tuple(data["scales"]),
                systems=tuple(data["systems"]),
                rule=Rule(**data["rule"]),
                excerpts={name: Excerpt(**excerpt) for name, excerpt in data["excerpts"].items()},
                slots=tuple(tuple(Trial(*trial) for trial in slot) for slot in data["slots"]),
            )
            written = data["test"]
        except OSError as error:
            raise FileError(path, f"cannot be read: {(error.strerror or str(error)).lower()}") from error
        except (KeyError, TypeError, ValueError, AttributeError, RecursionError) as error:
            raise FormatError(path, f"expected the key of a listening test: {error!r}") from error
        if key.test != written:
            hint = "analyse with the key as `credo listen build` wrote it"
            raise FormatError(path, "the key was changed after the test was built", hint=hint)
        return key
