"""Keys without sound, and what listeners of known taste would save."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from pathlib import Path

from credo.evaluation.listening.answers import highest_digit, read_answers
from credo.evaluation.listening.design import Trial, design_pairs, design_ratings
from credo.evaluation.listening.key import CHECK, PIECE, SCRAMBLED, Excerpt, Key, Rule

START = "2026-01-01T10:00:{:02d}.000Z"


def key_of(
    kind: str = "pairs",
    systems: Sequence[str] = ("bach", "credo", "markov"),
    *,
    pieces: int = 11,
    checks: int = 4,
    passes: int | None = None,
    listeners: int = 24,
    trials: int = 12,
    scales: Sequence[str] = ("overall",),
    seed: int = 0,
) -> Key:
    """A key; the first system is real."""
    excerpts, of_system, pairs = {}, [], []
    for number, system in enumerate(systems):
        of_system.append([f"p{number}{place:07d}" for place in range(pieces)])
        excerpts |= {name: Excerpt(PIECE, system, f"{name}.mid", 0.0, 20.0, 1.0) for name in of_system[-1]}
    for number in range(checks):
        pairs.append((f"pc{number}", f"ps{number}"))
        excerpts[f"pc{number}"] = Excerpt(CHECK, systems[0], "c.mid", 0.0, 20.0, 1.0)
        excerpts[f"ps{number}"] = Excerpt(SCRAMBLED, systems[0], "c.mid", 0.0, 20.0, 1.0, f"pc{number}")
    design = design_pairs if kind == "pairs" else design_ratings
    slots = design(of_system, pairs, listeners=listeners, trials=trials, dice=random.Random(seed))
    rule = Rule(checks, checks if passes is None else passes, 15.0)
    return Key("test", kind, tuple(scales), tuple(systems), systems[0], rule, excerpts, slots)


def saved(key: Key, listener: int, choose: Callable[[Trial], int], **changes) -> dict:
    """What the page saves for a listener; `choose` gives the digit for every scale of a trial, if it has so many."""
    slot = (listener - 1) % len(key.slots)
    answers = []

    def digits(digit: int) -> dict[str, int]:
        return {scale: min(digit, highest_digit(key, scale)) for scale in key.scales}

    for place, trial in enumerate(key.slots[slot]):
        sides = 1 if trial.second is None else 2
        answers.append(
            {
                **{"trial": place, "first": trial.first, "second": trial.second},
                **{"chosen": digits(choose(trial)), "plays": [1] * sides, "heard": [20.0] * sides},
                **{"ended": [True] * sides, "shown": START.format(0), "answered": START.format(1), "seconds": 41.5},
            }
        )
    return {
        **{"format": "credo-listening-answers", "version": 1, "test": key.test, "session": f"s{listener:032x}"},
        **{"listener": listener, "given": True, "slot": slot, "consent": True, "expertise": "amateur"},
        **{"equipment": "headphones", "language": "en", "started": START.format(listener % 60)},
        **{"finished": START.format(59), "comment": "", "answers": answers, **changes},
    }


def attentive(key: Key, judge: Callable[[Trial], int]) -> Callable[[Trial], int]:
    """A listener who hears what is scrambled, and judges all else by `judge`."""

    def choose(trial: Trial) -> int:
        if not key.is_check(trial):
            return judge(trial)
        scrambled = key.excerpts[trial.first].role == SCRAMBLED
        if key.kind == "ratings":
            return 1 if scrambled else 7
        return 2 if scrambled else 1

    return choose


def session(folder: Path, key: Key, listener: int, choose: Callable[[Trial], int], **changes):
    """The listener's session, read back from a file."""
    return read_answers(write(folder, saved(key, listener, choose, **changes)), key)


def write(folder: Path, fields: dict, name: str | None = None) -> Path:
    """A listener's file."""
    path = folder / (name or f"{fields['session']}.json")
    path.write_text(json.dumps(fields), "utf-8")
    return path
