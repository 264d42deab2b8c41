"""How attributes are asked of any model: as what every note obeys, as labels, and as how the piece is played.

    wish = Wish.of(Attributes(valence=-0.4, arousal=0.6))           # filled up by `credo.conditioning.moods`
    asking = ask(wish, Request(bars=8, seed=7), card)
    piece = composer.compose(asking.request).played(asking.playing)

Tempo, metre and key are the piece's own; a mode is a scale that all notes obey; density, register and polyphony are
constraints; a style is a label; loudness, articulation and octaves are done to the notes once they are drawn. What
cannot be asked of a model is told. No tensor library is loaded for this.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from credo.compose.models import window_of
from credo.compose.playing import MOST_OCTAVES, Playing
from credo.compose.styles import find_style
from credo.compose.wishes import Request
from credo.conditioning.attributes import Attributes, Reason
from credo.conditioning.ensembles import ensemble_named
from credo.conditioning.moods import realise
from credo.errors import UsageError
from credo.music.general_midi import INSTRUMENTS
from credo.music.pitch import Key
from credo.music.scales import OF_THE_KEY, SCALES
from credo.music.texture import Texture, Voice

#: How far notes of a voice may lie from the middle that is asked for, in semitones.
_REACH = {"mono": 8, "poly": 15}
#: The least that is left of a voice's compass on one side of that middle; else the piece is moved by octaves.
_ROOM = 6
#: A keyboard sounds this much of the notes of one of the voices beside it.
_WEIGHT = {"mono": 1, "poly": 3}
#: Of a keyboard that may have so many notes at once, the share that it has in the mean.
_FILLED = 0.8
#: What cannot be asked of drums, and of music that is given.
_PITCHED = ("key", "mode", "register", "polyphony", "articulation", "ensemble")
_PLAYED = ("metre", "loudness", "articulation")


@dataclass(frozen=True, slots=True)
class Wish:
    """What is asked for.

    Attributes:
        asked: what the user said.
        realised: that, and what valence and arousal make of the rest.
        reasons: why the rest is what it is.
    """

    asked: Attributes
    realised: Attributes
    reasons: tuple[Reason, ...] = ()

    @classmethod
    def of(cls, attributes: Attributes) -> Wish:
        """A wish, filled up by `credo.conditioning.moods.realise`."""
        reading = realise(attributes)
        return cls(attributes, reading.attributes, reading.reasons)

    @property
    def empty(self) -> bool:
        """Whether nothing is asked for."""
        return not self.asked.named


@dataclass(frozen=True, slots=True)
class Asking:
    """A wish in the words of a model.

    Attributes:
        wish: what is asked for.
        request: what is asked of the sampling.
        instruments: General MIDI names by voice.
        playing: what is done to the notes.
        remarks: what cannot be asked of this model, for people.
    """

    wish: Wish
    request: Request
    instruments: Mapping[str, str] = field(default_factory=dict)
    playing: Playing = field(default_factory=Playing)
    remarks: tuple[str, ...] = ()


def ask(
    wish: Wish,
    request: Request,
    card: Mapping[str, Any],
    *,
    given: bool = False,
    tonality: Key | None = None,
    instruments: Mapping[str, str] | None = None,
) -> Asking:
    """Say a wish in the words of a model.

    Args:
        wish: what is asked for.
        request: what is wished for beside it; what it says of tempo, metre, key, scale, ranges, polyphony, style and
            moments stays.
        card: of the model.
        given: whether the piece works on music of the user's, whose notes and metre stay as they are.
        tonality: the key of that music.
        instruments: General MIDI names of voices that are not to be changed.

    Returns:
        The request, the instruments, the playing, and a remark for each attribute that cannot be asked.

    Raises:
        UsageError: the card makes no sense, or there is no such ensemble.
    """
    window = window_of(dict(card))
    texture, attributes, remarks = window.natural, wish.realised, list[str]()
    pitched = [voice for voice in texture.voices if voice.kind != "drums"]
    if not pitched:
        attributes = _without(attributes, _PITCHED, f"{texture.name} has no pitches", remarks)
    if given:
        attributes = _without(attributes, _PLAYED, "the music that is given keeps its own", remarks)

    changes: dict[str, Any] = {}
    if request.tempo is None:
        changes["tempo"] = attributes.tempo
    if request.metre is None and attributes.metre:
        changes["metre"] = attributes.metre
    if pitched:
        changes |= _tonality(attributes, request, card, tonality, remarks)
    if request.style == () and attributes.style:
        try:
            changes["style"] = ((find_style(attributes.style, window.styles), 1.0),)
        except UsageError:
            remarks.append(f"style: {attributes.style!r} is none of the model's; credo info MODEL lists them")
    if request.moments is None and attributes.density is not None:
        changes["moments"] = _moments(attributes.density, texture, remarks)
    if request.polyphony is None and attributes.polyphony is not None:
        changes["polyphony"] = _polyphony(attributes.polyphony, texture, remarks)
    octaves = 0
    if attributes.register is not None:
        taken, most = {name for name, _, _ in request.ranges}, changes.get("polyphony", request.polyphony)
        ranges, octaves = ranges_for(attributes.register, texture, polyphony=most, move=not given)
        changes["ranges"] = (*request.ranges, *(wish for wish in ranges if wish[0] not in taken))
    return Asking(
        wish,
        replace(request, **changes),
        {**_instruments(attributes, pitched), **(instruments or {})},
        Playing(octaves, attributes.loudness, attributes.articulation),
        tuple(remarks),
    )


def ranges_for(
    register: float, texture: Texture, *, polyphony: int | None = None, move: bool = True
) -> tuple[tuple[tuple[str, int, int], ...], int]:
    """Ranges of voices that bring the mean pitch near a register.

    Each voice has a stretch around the middle of its compass, moved by what the register lies above that of the whole
    texture. Where that would leave a voice too little room, the piece is moved by octaves.

    Args:
        register: mean MIDI pitch.
        texture: the voices.
        polyphony: how many of the mono voices sound, where not all do.
        move: whether the piece may be moved by octaves.

    Returns:
        (voice, lowest, highest) of each pitched voice, and how many octaves the piece is to be moved up.
    """
    voices = [voice for voice in texture.voices if voice.kind != "drums"]
    if not voices:
        return (), 0
    silent = _silent(voices, polyphony)
    weights = [0 if voice.name in silent else _WEIGHT[voice.kind] for voice in voices]
    middles = [(voice.low + voice.high) / 2 for voice in voices]
    far = register - float(np.average(middles, weights=weights))
    least = min((voice.high - voice.low) / 2 - _ROOM for voice in voices)
    octaves = 0 if abs(far) <= max(least, 0) or not move else round(far / 12)
    octaves = min(max(octaves, -MOST_OCTAVES), MOST_OCTAVES)
    ranges = []
    for voice, middle in zip(voices, middles, strict=True):
        centre, reach = middle + far - 12 * octaves, _REACH[voice.kind]
        centre = min(max(centre, voice.low + _ROOM), voice.high - _ROOM)
        ranges.append((voice.name, max(voice.low, round(centre - reach)), min(voice.high, round(centre + reach))))
    return tuple(ranges), octaves


def _silent(voices: list[Voice], polyphony: int | None) -> set[str]:
    """Mono voices that rest where so many sound: the outer ones sound first; see `constraints.pitches.silenced`."""
    mono = [voice.name for voice in voices if voice.kind == "mono"]
    if polyphony is None:
        return set()
    outer = sorted(range(len(mono)), key=lambda number: min(2 * number, 2 * (len(mono) - number) - 1))
    return {mono[number] for number in outer[polyphony:]}


def scale_of(key: Key, mode: str) -> str:
    """A mode on a key's tonic as a scale to obey; of major and minor keys their own notes, see `notes_of_key`."""
    own = ("major", "ionian") if key.mode == "major" else ("minor",)
    return OF_THE_KEY if mode in own else f"{key.name.split()[0]} {mode}"


def third_of(mode: str) -> str | None:
    """`major` or `minor` by the third of a scale; None for one that has both or none."""
    steps = SCALES[mode]
    if (3 in steps) == (4 in steps):
        return None
    return "minor" if 3 in steps else "major"


def _tonality(
    attributes: Attributes, request: Request, card: Mapping[str, Any], tonality: Key | None, remarks: list[str]
) -> dict[str, Any]:
    """Key and scale."""
    if attributes.key is None and attributes.mode is None:
        return {}
    key = request.key or attributes.key or tonality
    third = third_of(attributes.mode) if attributes.mode else None
    if key is None:
        key = _drawn(card, third, request.seed)
    elif third is not None and third != key.mode:
        remarks.append(f"mode: {attributes.mode} has a {third} third, so {key.name} counts as its tonic alone")
        key = Key.of_tonic(key.tonic, third)  # type: ignore[arg-type]
    if request.scale is not None:
        return {"key": key}
    scale = scale_of(key, attributes.mode or key.mode)
    return {"key": key, "scale": scale, "colour": scale != OF_THE_KEY}


def _drawn(card: Mapping[str, Any], third: str | None, seed: int) -> Key:
    """A key with a third, drawn with the random seed as often as the training data have it."""
    shares = {name: share for name, share in (card.get("keys") or {}).items() if share > 0}
    fitting = {name: share for name, share in shares.items() if third is None or Key.parse(name).mode == third}
    fitting = fitting or {"A minor" if third == "minor" else "C major": 1.0}
    names = sorted(fitting)
    weights = np.array([fitting[name] for name in names], float)
    return Key.parse(names[np.random.default_rng(seed).choice(len(names), p=weights / weights.sum())])


def _moments(density: float, texture: Texture, remarks: list[str]) -> float:
    most = texture.steps_per_quarter
    if density > most:
        remarks.append(f"density: {density:g} cannot be asked of {texture.name}, whose grid has {most} steps a quarter")
    return min(density, float(most))


def _polyphony(polyphony: float, texture: Texture, remarks: list[str]) -> int | None:
    mono = sum(voice.kind == "mono" for voice in texture.voices)
    keyboards = sum(voice.kind == "poly" for voice in texture.voices)
    if not keyboards:
        if polyphony > mono:
            remarks.append(f"polyphony: {polyphony:g} cannot be asked of {texture.name}, which has {mono} voices")
        most = min(max(round(polyphony), 1), mono)
        return None if most == mono else most
    remarks.append(f"polyphony: {texture.name} writes about what is asked, and may write less")
    return max(1, round((polyphony - mono) / keyboards / _FILLED))


def _instruments(attributes: Attributes, pitched: list[Voice]) -> dict[str, str]:
    if attributes.ensemble is None:
        return {}
    programs = ensemble_named(attributes.ensemble).voices_for(len(pitched))
    return {voice.name: INSTRUMENTS[program] for voice, program in zip(pitched, programs, strict=True)}


def _without(attributes: Attributes, names: tuple[str, ...], why: str, remarks: list[str]) -> Attributes:
    """The attributes without some that cannot be asked, which is told."""
    there = [name for name in names if getattr(attributes, name) is not None]
    if there:
        remarks.append(f"{', '.join(there)}: cannot be asked of this piece, for {why}")
    return replace(attributes, **dict.fromkeys(there))
