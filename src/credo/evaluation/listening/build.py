"""Building a test: folders of music to a page for listeners and a key for who analyses their answers."""

from __future__ import annotations

import base64
import hashlib
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np

from credo import __version__
from credo.errors import UsageError
from credo.evaluation.listening.design import design_pairs, design_ratings
from credo.evaluation.listening.excerpts import Cut, Playing, draw
from credo.evaluation.listening.inference import judgements_needed, power
from credo.evaluation.listening.key import CHECK, KINDS, PIECE, SCALES, SCRAMBLED, Excerpt, Key, Rule
from credo.evaluation.listening.loudness import RATE, equal_gains
from credo.io.atomic import write_text
from credo.rendering.page import render
from credo.rendering.sound.audio import find_soundfont
from credo.rendering.sound.encode import encode_sound

#: Every current browser plays it.
_CODING, _MIME = ".mp3", "audio/mpeg"
_LIMITS = {"excerpts": (1, 500), "trials": (1, 200), "listeners": (1, 2000), "checks": (0, 20)}

Told = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a test is to be.

    Attributes:
        kind: `pairs` ("which of the two") or `ratings` (1 to 7).
        scales: what is asked, some of `SCALES`.
        real: the system that is music by people, if one is.
        excerpts: of each system, one a piece.
        trials: of each listener, checks aside.
        listeners: how many are planned; as many have an order of their own.
        checks: attention checks of each listener.
        passes: how many must be answered rightly; None for all.
        hear_seconds: how much of a piece must be heard, unless it is heard to its end.
        playing: how excerpts are cut and played.
        seed: of all that is drawn.
        title, contact: what the page is called, and where listeners send their answers; as text.
    """

    kind: str = "pairs"
    scales: tuple[str, ...] = ("melody", "harmony", "rhythm", "overall")
    real: str | None = None
    excerpts: int = 12
    trials: int = 12
    listeners: int = 24
    checks: int = 4
    passes: int | None = None
    hear_seconds: float = 15.0
    playing: Playing = field(default_factory=Playing)
    seed: int = 0
    title: str = "Listening test"
    contact: str = ""


@dataclass(frozen=True, slots=True)
class Built:
    """A test that was built.

    Attributes:
        key: its key.
        page_bytes: size of the page.
        target_lufs: how loud all excerpts are.
        refused: files that could not be used, each with the reason.
        notes: what whoever gives the test should know before.
    """

    key: Key
    page_bytes: int
    target_lufs: float
    refused: tuple[tuple[Path, str], ...]
    notes: tuple[str, ...]


def build(
    systems: Mapping[str, Path],
    plan: Plan,
    page: str | Path,
    key_path: str | Path,
    *,
    checks_from: Path | None = None,
    told: Told | None = None,
) -> Built:
    """Build a test and write its page and its key.

    Args:
        systems: a folder of pieces of each, by name.
        plan: what it is to be.
        page: the page for the listeners.
        key_path: the key, which they must not see.
        checks_from: a folder of pieces for the attention checks; by default that of the real system.
        told: called with what is done, and how many of how many.

    Raises:
        UsageError: the plan makes no sense, or a folder has too few pieces.
        FileError: a folder is missing, or a file cannot be written.
        MissingExtraError: a library is not installed.
    """
    told = told or (lambda *_: None)
    plan = check_plan(plan, list(systems), checks_from)
    refused: list[tuple[Path, str]] = []
    drawn = {
        name: _take(name, folder, plan, plan.excerpts + (plan.checks if name == _source(plan, checks_from) else 0),
                    refused, told)
        for name, folder in systems.items()
    }  # fmt: skip
    own = {name: cuts[: plan.excerpts] for name, cuts in drawn.items()}
    count = min(map(len, own.values()))
    own = {name: cuts[:count] for name, cuts in own.items()}
    notes = _notes(own, plan, count)
    dice = random.Random(f"{plan.seed} checks and order")
    originals = _originals(drawn, plan, checks_from, refused, notes, told)
    pieces = [(PIECE, name, *taken) for name, cuts in own.items() for taken in cuts]
    for cut, sound in originals:
        scrambled = cut.scrambled(dice)
        where = plan.real if checks_from is None else str(checks_from)
        pieces.append((CHECK, where, cut, sound))
        pieces.append((SCRAMBLED, where, scrambled, scrambled.sound(plan.playing.soundfont)))
    gains, target = equal_gains([sound for *_, sound in pieces])
    names = _identifiers(len(pieces), dice)
    excerpts = {
        name: Excerpt(
            *(role, system, cut.file, round(cut.start_seconds, 3), round(cut.seconds, 3), round(gain, 6)),
            original=names[place - 1] if role == SCRAMBLED else None,
        )
        for place, (name, gain, (role, system, cut, _)) in enumerate(zip(names, gains, pieces, strict=True))
    }
    design = design_pairs if plan.kind == "pairs" else design_ratings
    of_system = [[n for n in names if excerpts[n].role == PIECE and excerpts[n].system == s] for s in systems]
    checks = [(excerpt.original, name) for name, excerpt in excerpts.items() if excerpt.original]
    slots = design(of_system, checks, listeners=plan.listeners, trials=plan.trials, dice=dice)
    rule = Rule(len(originals), len(originals) if plan.passes is None else plan.passes, plan.hear_seconds)
    settings = _settings(systems, plan, target)
    key = Key(plan.title, plan.kind, plan.scales, tuple(systems), plan.real, rule, excerpts, slots, settings)
    sounds = {}
    for done, (name, gain, (*_, sound)) in enumerate(zip(names, gains, pieces, strict=True)):
        told("encoding", done, len(names))
        sounds[name] = base64.b64encode(encode_sound(sound * np.float32(gain), RATE, _CODING)).decode()
    told("encoding", len(names), len(names))
    if target < -30:
        notes.append(f"a piece with high peaks makes all play softly, at {target:.0f} LUFS: listeners must turn it up")
    html = _page(key, plan, sounds)
    key.save(key_path)
    write_text(page, html)
    return Built(key, len(html.encode()), target, tuple(refused), tuple(notes))


def check_plan(plan: Plan, systems: list[str], checks_from: Path | None = None) -> Plan:
    """The plan, if it makes sense.

    Raises:
        UsageError: it does not.
    """
    if plan.kind not in KINDS:
        raise UsageError(f"kind: expected {' or '.join(KINDS)}, got {plan.kind!r}")
    if len(systems) < 1 + (plan.kind == "pairs"):
        raise UsageError(f"systems: expected two or more to compare, got {len(systems)}")
    if not plan.scales or set(plan.scales) - set(SCALES) or len(set(plan.scales)) < len(plan.scales):
        raise UsageError(f"scales: expected some of {','.join(SCALES)}, got {','.join(plan.scales)!r}")
    if plan.scales == ("human",) and plan.checks:
        raise UsageError("scales: expected another beside human where there are checks, got human alone")
    for name, (least, most) in _LIMITS.items():
        if not least <= getattr(plan, name) <= most:
            raise UsageError(f"{name}: expected {least} to {most}, got {getattr(plan, name)}")
    if plan.real is not None and plan.real not in systems:
        raise UsageError(f"real: expected one of {', '.join(systems)}, got {plan.real!r}")
    if plan.checks and plan.real is None and checks_from is None:
        raise UsageError(
            "checks: expected to know which music is by people, got nothing",
            hint="say --real SYSTEM or --checks-from FOLDER, or --checks 0 to go without",
        )
    if plan.passes is not None and not 0 <= plan.passes <= plan.checks:
        raise UsageError(f"passes: expected 0 to {plan.checks}, the number of checks, got {plan.passes}")
    playing = plan.playing
    if not 1 <= playing.shortest <= playing.longest <= 300:
        got = f"{playing.shortest:g}-{playing.longest:g}"
        raise UsageError(f"seconds: expected two from 1 to 300 such as 20-30, the shorter one first, got {got}")
    if not 0 < plan.hear_seconds <= playing.shortest:
        raise UsageError(
            f"hear: expected more than 0 and at most {playing.shortest:g} seconds, got {plan.hear_seconds:g}"
        )
    if playing.tempo is not None and not 10 <= playing.tempo <= 400:
        raise UsageError(f"tempo: expected 10 to 400 quarters a minute, got {playing.tempo:g}")
    return plan


def forecast(key: Key, listeners: int) -> list[str]:
    """What the test will show, in sentences, if so many listeners take it and all are kept."""
    needed = judgements_needed(0.6)
    if key.kind == "pairs":
        trials = sum(not key.is_check(trial) for trial in key.slots[0])
        each = trials // len(key.system_pairs())
        got = each * listeners
        lines = [
            f"each listener judges each pair of systems {each} times, so that {listeners} give {got} judgements a pair",
            f"a true share of 60 % is seen with a probability of {power(got, 0.6):.2f} (exact binomial test, .05, two "
            f"sides); 0.80 needs {needed} judgements a pair, which is {-(-needed // each)} listeners",
            "that takes all judgements to be independent; those of a listener, or about a piece, are not: plan more",
        ]
    else:
        d = _difference_seen(listeners)
        seen = "no difference, however large" if d is None else f"a difference of {d:.2f} standard deviations"
        lines = [
            f"with {listeners} listeners a Wilcoxon test sees {seen} (of the differences between the means that one "
            "listener gives to two systems) with a probability of 0.80"
        ]
    rule = key.rule
    if rule.checks:
        lines.append(
            f"answers count if {rule.passes} of {rule.checks} checks are passed: that keeps "
            f"{rule.kept_when_guessing(key.kind):.1%} of those who guess, and {rule.kept_when_hearing():.1%} of those "
            "who get 99 of 100 right"
        )
    return lines


def minutes(key: Key) -> float:
    """How long a listener needs, roughly: every piece heard once, and five seconds a question."""
    return (
        sum(
            sum(key.excerpts[name].seconds + 1 for name in (trial.first, trial.second) if name) + 5 * len(key.scales)
            for trial in key.slots[0]
        )
        / 60
    )


def _source(plan: Plan, checks_from: Path | None) -> str | None:
    return plan.real if plan.checks and checks_from is None else None


def _take(
    name: str, folder: Path, plan: Plan, wanted: int, refused: list[tuple[Path, str]], told: Told
) -> list[tuple[Cut, np.ndarray]]:
    """As many excerpts as are wanted, or as there are.

    Raises:
        UsageError: there is none.
    """
    dice, taken = random.Random(f"{plan.seed} {name}"), []
    before = len(refused)
    told(name, 0, wanted)
    for excerpt in draw(folder, plan.playing, dice, refused):
        taken.append(excerpt)
        told(name, len(taken), wanted)
        if len(taken) == wanted:
            break
    told(name, wanted, wanted)
    if not taken:
        why = f"; the first: {refused[before][0].name}: {refused[before][1]}" if len(refused) > before else ""
        raise UsageError(f"{folder}: expected pieces to cut excerpts from, got none that can be used{why}")
    return taken


def _originals(drawn, plan: Plan, checks_from: Path | None, refused, notes, told) -> list[tuple[Cut, np.ndarray]]:
    """The excerpts that are scrambled for the checks: other ones than are judged, if there are others."""
    if not plan.checks:
        return []
    if checks_from is not None:
        found = _take("checks", checks_from, plan, plan.checks, refused, told)
    else:
        found = drawn[plan.real][plan.excerpts :]
        if len(found) < plan.checks:
            notes.append(f"{plan.real} has too few pieces: some checks are scrambled excerpts that are judged too")
            found = (found + drawn[plan.real])[: plan.checks]
    if len(found) < plan.checks:
        raise UsageError(f"checks: expected {plan.checks} pieces to scramble, got {len(found)}")
    return found


def _notes(own: Mapping[str, list[tuple[Cut, np.ndarray]]], plan: Plan, count: int) -> list[str]:
    """What could give a system away, and what is fewer than was asked for."""
    notes = []
    if count < plan.excerpts:
        notes.append(f"there are {count} excerpts of each system, and not {plan.excerpts}: one has no more pieces")
    pairs_of_one = len(own) - 1 if plan.kind == "pairs" else 1
    groups = len(own) * (len(own) - 1) // 2 if plan.kind == "pairs" else len(own)
    heard = pairs_of_one * -(-plan.trials // max(groups, 1))
    if heard > count:
        notes.append(f"a listener hears {heard} excerpts of each system, of which there are {count}: some come again")
    shown = f"{plan.title} {plan.contact}".lower()
    notes += [f"the page's title or contact names {name!r}" for name in own if name.lower() in shown]
    cues = {name: {cue for cut, _ in cuts for cue in cut.cues} for name, cuts in own.items()}
    if len({frozenset(each) for each in cues.values()}) > 1:
        told = "; ".join(f"{name}: {', '.join(sorted(each))}" for name, each in cues.items())
        remedy = "" if any("sound" in each for each in cues.values()) else " (--instrument makes them equal)"
        notes.append(f"systems can be told by their sound: {told}{remedy}")
    return notes


def _identifiers(count: int, dice: random.Random) -> list[str]:
    """Names that tell nothing, all different."""
    names: dict[str, None] = {}
    while len(names) < count:
        names[f"p{dice.getrandbits(32):08x}"] = None
    return list(names)


def _settings(systems: Mapping[str, Path], plan: Plan, target: float) -> dict[str, Any]:
    """How the test was built, for the record."""
    soundfont = hashlib.sha256(find_soundfont(plan.playing.soundfont).read_bytes()).hexdigest()
    playing = {**asdict(plan.playing), "soundfont": soundfont}
    folders = {name: str(folder) for name, folder in systems.items()}
    return json.loads(
        json.dumps({**asdict(plan), "playing": playing, "folders": folders, "lufs": target, "credo": __version__})
    )


def _difference_seen(listeners: int, wanted: float = 0.8) -> float | None:
    """The standardised difference that a Wilcoxon signed-rank test sees: a t-test's of 3/pi as many (Lehmann 2006)."""
    from scipy.stats import nct, t

    if listeners < 6:
        return None
    count = listeners * 3 / np.pi
    freedom, sizes = count - 1, np.arange(0.02, 5, 0.01)
    edge, shift = t.ppf(0.975, freedom), sizes * np.sqrt(count)
    enough = sizes[nct.sf(edge, freedom, shift) + nct.cdf(-edge, freedom, shift) >= wanted]
    return float(enough[0]) if len(enough) else None


def _page(key: Key, plan: Plan, sounds: Mapping[str, str]) -> str:
    """The page: it knows trials by identifiers alone, and not which are checks."""
    folder = resources.files("credo.rendering") / "templates"
    script = (folder / "listen.js").read_text(encoding="utf-8")
    words = json.loads((folder / "listen-words.json").read_text(encoding="utf-8"))
    data = {
        **{"test": key.test, "kind": key.kind, "scales": key.scales, "hear": key.rule.hear_seconds},
        **{"contact": plan.contact, "mime": _MIME, "minutes": round(minutes(key)), "checks": key.rule.checks > 0},
        "slots": [[[trial.first, trial.second] for trial in slot] for slot in key.slots],
        "sounds": dict(sorted(sounds.items())),
    }
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    return render("listen.html", title=plan.title, data=data, words=words, script=script, digest=digest)
