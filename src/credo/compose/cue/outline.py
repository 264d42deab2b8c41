"""The outline of a cue: all that is settled before a note is sampled, and before a tensor library is loaded.

Attributes and band, tempo and bars of every version, and the one layout of bars that the model samples for all of them.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np

from credo.compose.asking import Wish, ask, third_of
from credo.compose.cue.arranging.band import Band
from credo.compose.cue.core import Layout, exit_of
from credo.compose.cue.sheets.brief import TEMPOS, Brief, Version
from credo.compose.cue.timing.fitting import Fit, SectionBar, fit, section_bars
from credo.compose.models import find_model
from credo.compose.wishes import MOST_SEED, Request
from credo.conditioning.attributes import Attributes, Reading
from credo.errors import UsageError
from credo.models.folder import read_card
from credo.music.pitch import Key
from credo.music.score import Metre

#: What the version is called that the brief describes.
FULL = "full"
#: By how much the tempo of a version of another length may differ from the cue's.
TEMPO_ROOM = 0.12
#: Bars of a phrase, and the phrases of a long cue by letters, where the brief marks no sections.
PHRASE, FORM, LONG = 8, "AABA", 24
#: Iterations in which a core is sampled: more bring nothing (`benchmarks/sampling_iterations.py`).
ITERATIONS = 96
#: A loop lasts at least so many seconds.
SHORTEST_LOOP = 2.0
_MOST_NEW_BARS = 16  # that are sampled for versions that are longer than the cue


@dataclass(frozen=True, slots=True)
class Take:
    """One version's place in the outline.

    Attributes:
        name: `full`, `loop`, or a length in seconds.
        brief: of this version alone.
        fit: its timeline.
        order: numbers of the layout's bars, in order, without the final chord's.
        layers: whether all parts play all the time, as adaptive music needs them.
    """

    name: str
    brief: Brief
    fit: Fit
    order: tuple[int, ...]
    layers: bool = False


@dataclass(frozen=True, slots=True)
class Outline:
    """What is settled before anything is sampled.

    Attributes:
        brief: with seed and key filled in.
        asked: the attributes of the brief, and what words and picture were read as.
        attributes: those, filled up.
        reasons: why attributes are what they are.
        key: of the cue.
        band: who plays.
        layout: the bars that are sampled.
        keys: of each bar of the layout's body, where sections change the key; else empty.
        request: what is asked of the model.
        takes: the versions that have music of their own; the first is the cue itself.
        mixes: versions that leave out parts of the cue: name to the parts that are left out.
        sections: where sections begin.
        remarks: what the user should know.
    """

    brief: Brief
    asked: Reading
    attributes: Attributes
    reasons: Reading
    key: Key
    band: Band
    layout: Layout
    keys: tuple[Key, ...]
    request: Request
    takes: tuple[Take, ...]
    mixes: Mapping[str, tuple[str, ...]]
    sections: tuple[SectionBar, ...]
    remarks: tuple[str, ...]

    @property
    def fit(self) -> Fit:
        """The timeline of the cue itself."""
        return self.takes[0].fit

    @property
    def loop(self) -> Take | None:
        """The version that loops, if there is one."""
        return next((take for take in self.takes if take.brief.loops), None)


def outline(brief: Brief, read: Reading | None = None) -> Outline:
    """Settle all that can be settled without the model.

    Args:
        brief: what is asked for.
        read: what its words and picture were read as.

    Raises:
        UsageError: the brief asks for something that there is not.
        ModelError: there is no such model.
    """
    remarks = list(read.remarks if read else ())
    asked = brief.attributes.over(read.attributes) if read else brief.attributes
    if asked.metre and not brief.attributes.metre and asked.metre != brief.metre:
        brief = replace(brief, metre=asked.metre, attributes=replace(brief.attributes, metre=asked.metre))
    brief = replace(brief, seed=secrets.randbelow(1_000_000) if brief.seed is None else brief.seed)
    card = read_card(find_model(brief.model))
    wish = Wish.of(asked)
    key = _key(brief, wish.realised, card, remarks)
    asked = replace(asked, key=key) if asked.key else asked
    wish = Wish.of(replace(asked, key=key))
    brief = replace(brief, attributes=replace(brief.attributes, key=key))
    band = Band.of(wish.realised, brief.roles)
    brief, main = _fitted(brief, wish.realised.tempo, remarks)
    remarks += main.remarks
    sections = section_bars(brief, main)
    takes, layout = _takes(brief, main, sections, remarks)
    seed = (brief.seed or 0) % MOST_SEED
    request = Request(bars=1, seed=seed, metre=brief.metre, key=key, iterations=ITERATIONS)
    tonal = Attributes(key=key, mode=wish.realised.mode or key.mode, style=wish.realised.style)
    asking = ask(Wish(tonal, tonal), request, card)
    remarks += asking.remarks
    return Outline(
        brief=brief,
        asked=Reading(asked, read.reasons if read else ()),
        attributes=replace(wish.realised, key=key, metre=brief.metre),
        reasons=Reading(wish.realised, wish.reasons),
        key=key,
        band=band,
        layout=layout,
        keys=_keys(key, sections, layout.body, remarks),
        request=asking.request,
        takes=takes,
        mixes=_mixes(brief, band, remarks),
        sections=sections,
        remarks=tuple(dict.fromkeys(remarks)),
    )


def bars_before(timing: Fit) -> int:
    """The bars of a fit that begin before its final chord."""
    return timing.bars if timing.final is None else sum(line < timing.final for line in timing.bar_lines)


def _fitted(brief: Brief, tempo: float | None, remarks: list[str]) -> tuple[Brief, Fit]:
    """A brief and its fit; where bars are asked for, with a range of tempos that has as many."""
    main = fit(brief, tempo=tempo)
    if brief.bars is None or main.bars == brief.bars:
        return brief, main
    bar = float(Metre(Fraction(0), *brief.metre).bar)
    whole = 60 * bar * brief.bars / brief.seconds
    chord = 1 if brief.loops else 60 * bar * max(brief.bars - 0.8, 0.2) / brief.seconds / whole
    later = 1 if brief.loops else brief.seconds / max(brief.seconds - brief.ring, brief.seconds / 2)
    for low, high in ((whole, whole), (whole * chord, whole), (whole, whole * later), (whole * chord, whole * later)):
        if low < TEMPOS[0] or high > TEMPOS[1]:
            continue
        within = replace(brief, tempo=(low, high))
        found = fit(within, tempo=(low * high) ** 0.5)
        if found.bars == brief.bars:
            if brief.tempo and not brief.tempo[0] <= found.timeline.tempos[0].bpm <= brief.tempo[1]:
                remarks.append(f"tempo: {brief.bars} bars in {brief.seconds:g} s are another tempo than was asked for")
            return within, found
    raise UsageError(
        f"bars: expected as many as fit {brief.seconds:g} s at {TEMPOS[0]:g} to {TEMPOS[1]:g} quarters a minute, "
        f"got {brief.bars} of {brief.metre[0]}/{brief.metre[1]}",
        hint=f"without them there are {main.bars}",
    )


def _key(brief: Brief, attributes: Attributes, card: Mapping[str, Any], remarks: list[str]) -> Key:
    """The key that was asked for, with the third of the mode; else one drawn, as often as the model's music has it."""
    third = third_of(attributes.mode) if attributes.mode else None
    if attributes.key is not None:
        key = attributes.key
        if third and third != key.mode:
            key = Key.of_tonic(key.tonic, third)
            remarks.append(f"key: {attributes.mode} has the third of {key.name}, so that is written")
        return key
    shares = card.get("keys") or {"C major": 1.0, "A minor": 1.0}
    names = sorted(name for name in shares if third in (None, Key.parse(name).mode)) or [f"C {third}"]
    weights = np.array([shares.get(name, 1.0) for name in names], float)
    return Key.parse(names[np.random.default_rng(brief.seed).choice(len(names), p=weights / weights.sum())])


def _takes(
    brief: Brief, main: Fit, sections: Sequence[SectionBar], remarks: list[str]
) -> tuple[tuple[Take, ...], Layout]:
    """The versions that have music of their own, and the bars that all of them need."""
    tempo = _mean_tempo(brief, main)
    lengths = [seconds for name in brief.versions if (seconds := Version.parse(name).seconds)]
    cuts = []
    for seconds in lengths:
        if not brief.loops and abs(seconds - brief.seconds) < 1e-3:
            continue  # that is the cue itself
        cut = _alone(brief, seconds, "button" if brief.loops else brief.ending, tempo)
        cuts.append((f"{seconds:g}", cut, fit(cut, tempo=tempo)))
    wants_loop = "loop" in brief.versions and not brief.loops
    bars = bars_before(main)
    longest = max([bars, *(bars_before(timing) for _, _, timing in cuts)])
    if brief.loops:
        body = bars
    elif longest > bars:
        body = max(bars, min(longest, _MOST_NEW_BARS))
    else:
        body = bars if wants_loop else max(bars - 1, 0)
    body = max(body, 1) if wants_loop else body
    loop = [("loop", *_loop(brief, body, tempo))] if wants_loop else []
    timed = [(FULL, brief, main), *loop, *cuts]
    exits = [exit_of(body, bars_before(timing)) for _, one, timing in timed if not one.loops]
    layout = Layout.of(
        body, wraps=brief.loops or wants_loop or longest > body + 1, exits=exits, returns=_returns(body, sections)
    )
    takes = []
    for name, one, timing in timed:
        order = layout.order(bars_before(timing), ends=not one.loops)
        flat = not brief.energy and all(mark.energy is None for mark in brief.sections)
        takes.append(Take(name, one, timing, tuple(order), layers=one.loops and (flat or name == "loop")))
        if name != FULL:
            remarks += [f"{name}: {line}" for line in timing.remarks]
    return tuple(takes), layout


def _alone(brief: Brief, seconds: float, ending: str, tempo: float) -> Brief:
    """The brief of a version of another length: near the cue's tempo, without its hits, sections and curve."""
    low, high = (tempo * (1 - TEMPO_ROOM), tempo * (1 + TEMPO_ROOM))
    if brief.tempo:
        low, high = max(low, brief.tempo[0]), min(high, brief.tempo[1])
    low, high = (min(max(bound, TEMPOS[0]), TEMPOS[1]) for bound in (low, max(low, high)))
    return replace(
        brief,
        seconds=seconds,
        ending=ending,
        tempo=(low, high),
        bars=None,
        hits=(),
        sections=(),
        energy=(),
        versions=(),
    )


def _loop(brief: Brief, body: int, tempo: float) -> tuple[Brief, Fit]:
    """A loop of the cue's bars at its tempo; of so few that they are over in no time, some times over."""
    tempo = min(max(tempo, TEMPOS[0]), TEMPOS[1])
    once = float(body * Metre(Fraction(0), *brief.metre).bar) * 60 / tempo
    again = max(1, int(np.ceil(SHORTEST_LOOP / once)))
    one = replace(_alone(brief, again * once, "loop", tempo), tempo=(tempo, tempo))
    return one, fit(one, tempo=tempo)


def _mean_tempo(brief: Brief, timing: Fit) -> float:
    """Quarters a minute of the music before the final chord."""
    end = timing.final if timing.final else timing.end
    return 60 * float(end) / timing.seconds_at(end)


def _returns(body: int, sections: Sequence[SectionBar]) -> list[tuple[int, int]]:
    """Bars that are earlier ones again: those of sections with a name that was there, or of a long cue's phrases."""
    found: list[tuple[int, int]] = []
    if sections:
        ends = [*(section.bar for section in sections[1:]), body + 1]
        first: dict[str, tuple[int, int]] = {}
        for section, end in zip(sections, ends, strict=True):
            start, stop = first.setdefault(section.mark.name, (section.bar, end))
            if start != section.bar:
                count = min(end - section.bar, stop - start)
                found += [(section.bar + n, start + n) for n in range(count) if section.bar + n <= body]
    elif body >= LONG:
        for bar in range(PHRASE, body):
            turn, place = divmod(bar // PHRASE, len(FORM))
            original = FORM.index(FORM[place]) * PHRASE + bar % PHRASE if FORM[place] == FORM[0] else None
            if original is None and turn:
                original = FORM.index("B") * PHRASE + bar % PHRASE
            if original is not None and original < bar:
                found.append((bar + 1, original + 1))
    return found


def _keys(key: Key, sections: Sequence[SectionBar], body: int, remarks: list[str]) -> tuple[Key, ...]:
    """The key of each bar, if sections change it."""
    for section in sections:
        others = [name for name in section.mark.attributes.named if name != "key"]
        if others:
            remarks.append(f"section {section.mark.name}: only a key and an energy of its own count, not {others[0]}")
    if all(section.mark.attributes.key is None for section in sections):
        return ()
    keys = [key] * body
    for section in sections:
        for bar in range(section.bar - 1, body):
            keys[bar] = section.mark.attributes.key or key
    return tuple(keys)


def _mixes(brief: Brief, band: Band, remarks: list[str]) -> dict[str, tuple[str, ...]]:
    """Versions that leave out parts."""
    left_out = {
        "no-melody": ("lead",),
        "no-drums": ("drums",),
        "drums-and-bass": tuple(name for name in band.roles if name not in ("drums", "bass")),
    }
    found = {}
    for name in brief.versions:
        if name in left_out:
            if len(set(band.roles) - set(left_out[name])) in (0, len(band.roles)):
                remarks.append(f"{name}: left out, for the band has {', '.join(band.roles)}")
            else:
                found[name] = tuple(part for part in left_out[name] if part in band.roles)
    return found
