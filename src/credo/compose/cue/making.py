"""A cue is made: its core is sampled, and every version of it arranged for the band."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from credo.compose.copying import Checker
from credo.compose.cue.arranging.band import arrange
from credo.compose.cue.arranging.effects import EFFECTS, effect
from credo.compose.cue.arranging.hits import Accent
from credo.compose.cue.arranging.stings import sting, stinger, transition
from credo.compose.cue.core import read, sample
from credo.compose.cue.outline import Outline, Take
from credo.compose.cue.sheets.brief import PATTERN
from credo.compose.wishes import Request
from credo.music.score import KeyChange, Score, Timeline

if TYPE_CHECKING:  # it loads a tensor library
    from credo.compose.generate import Composer

#: Kinds of stingers that come with a loop.
STINGERS = ("discovery", "danger")
#: Seconds of a sting.
STING_SECONDS = 4.0
#: The style of drums that suits an ensemble, where the model of the drums has it.
DRUM_STYLES = {
    "rock band": "rock", "jazz combo": "jazz", "synth": "dance", "chiptune": "pop", "folk": "country", "guitar": "pop",
}  # fmt: skip
_LOOP_ENERGY = 0.7
_DRUMMING = (0.5, 4.0)  # moments a quarter, the fewest and the most


@dataclass(frozen=True, slots=True)
class Version:
    """The music of one version.

    Attributes:
        take: its place in the outline.
        score: the band's parts.
    """

    take: Take
    score: Score


@dataclass(frozen=True, slots=True)
class Short:
    """Short music beside a cue.

    Attributes:
        name: such as `stinger-danger`.
        kind: `stinger`, `transition`, `effect` or `sting`. The first two fit any bar of the loop.
        score: the music.
    """

    name: str
    kind: str
    score: Score


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue as music.

    Attributes:
        outline: what was settled.
        core: the sampled bars.
        versions: in the order of the outline's takes; the first is the cue itself.
        shorts: what comes beside it.
        remarks: what the user should know.
        originality: what the core shares with the model's training data, see `credo.compose.copying`; None if unknown.
    """

    outline: Outline
    core: Score
    versions: tuple[Version, ...]
    shorts: tuple[Short, ...]
    remarks: tuple[str, ...]
    originality: dict[str, Any] | None = None


def make(
    plan: Outline,
    load: Callable[[str], Composer],
    *,
    effects: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Cue:
    """Sample the core and arrange all versions.

    Args:
        plan: the outline.
        load: gives a composer for a model's name or folder.
        effects: whether short effects for games are made too.
        progress: called with (iterations done, iterations in all) of the core.

    Raises:
        UsageError: the model cannot do what is wished.
        ModelError: a model cannot be used.
    """
    remarks: list[str] = []
    with ThreadPoolExecutor(1) as pool:
        drumming = pool.submit(_drums, plan, load) if plan.band.drums and plan.brief.drums != PATTERN else None
        core = sample(
            load(plan.brief.model), plan.layout, plan.request, keys=plan.keys, progress=progress, remarks=remarks
        )
        drums = drumming.result() if drumming else None
    core = replace(core, title=plan.brief.name, composer="Credo")
    versions = tuple(Version(take, arranged(plan, take, core, drums)) for take in plan.takes)
    shorts = tuple(_shorts(plan, core, effects=effects))
    checker = Checker.of(plan.brief.model)
    told = tuple(dict.fromkeys((*plan.remarks, *remarks, *checker.remarks)))
    return Cue(plan, core, versions, shorts, told, checker.examine(core))


def arranged(plan: Outline, take: Take, core: Score, drums: Score | None = None) -> Score:
    """One version for the band."""
    brief, timing = take.brief, take.fit
    voices = core_of(plan, take, core)
    beaten = core_of(plan, take, drums).parts[0] if drums is not None else None
    accents = [
        Accent(landing.onset, landing.hit.kind, min(landing.hit.weight, 1.0))
        for landing in timing.landings
        if landing.reached
    ]
    return arrange(
        voices,
        plan.band,
        attributes=plan.attributes,
        energy=lambda onset: _LOOP_ENERGY if take.layers else brief.energy_at(timing.seconds_at(onset)),
        accents=accents,
        final=timing.final,
        ending=brief.ending,
        loop=brief.loops,
        drums=beaten,
        layers=take.layers,
        seed=plan.brief.seed or 0,
    )


def core_of(plan: Outline, take: Take, core: Score) -> Score:
    """The voices of one version, on its timeline."""
    timeline = _in_keys(take.fit.timeline, plan, take.order)
    return read(core, plan.layout, take.order, timeline, take.fit.final)


def _in_keys(timeline: Timeline, plan: Outline, order: tuple[int, ...]) -> Timeline:
    """A timeline with the keys of the bars that stand on it."""
    if not plan.keys:
        return replace(timeline, keys=(KeyChange(Fraction(0), plan.key),))
    changes: list[KeyChange] = []
    for (start, _, _), bar in zip(timeline.bars(), (*order, 0), strict=False):
        key = plan.keys[bar - 1] if 0 < bar <= plan.layout.body else plan.key
        if not changes or changes[-1].key != key:
            changes.append(KeyChange(start, key))
    return replace(timeline, keys=tuple(changes))


def _drums(plan: Outline, load: Callable[[str], Composer]) -> Score:
    """The layout's bars by the model of the drums, in the style that suits the ensemble."""
    composer = load(plan.brief.drums)
    style = DRUM_STYLES.get(plan.attributes.ensemble or "")
    known, density = composer.window.styles, plan.attributes.density
    request = Request(
        bars=1,
        metre=plan.request.metre,
        seed=plan.request.seed,
        parallels=True,
        moments=None if density is None else min(max(density, _DRUMMING[0]), _DRUMMING[1]),
        style=((style, 1.0),) if style in known else (),
    )
    return sample(composer, plan.layout, request)


def _shorts(plan: Outline, core: Score, *, effects: bool) -> list[Short]:
    """Stingers and a transition for a loop, a sting if it is asked for, and effects."""
    brief, attributes, seed = plan.brief, plan.attributes, plan.brief.seed or 0
    found: list[Short] = []
    loop = plan.loop
    if loop is not None:
        voices = core_of(plan, loop, core)
        for kind in STINGERS:
            score = stinger(voices, plan.band, kind=kind, seed=seed, attributes=attributes)
            found.append(Short(f"stinger-{kind}", "stinger", score))
        score = transition(voices, plan.band, seed=seed, attributes=attributes)
        found.append(Short("transition", "transition", score))
    if "sting" in brief.versions:
        ends = next((take for take in plan.takes if not take.brief.loops), None)
        voices = core_of(plan, ends or plan.takes[0], core)
        score = sting(voices, plan.band, seconds=STING_SECONDS, seed=seed, attributes=attributes)
        found.append(Short("sting", "sting", score))
    if effects:
        found += [
            Short(kind, "effect", effect(kind, key=plan.key, attributes=attributes, seed=seed)) for kind in EFFECTS
        ]
    return found
