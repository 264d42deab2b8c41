"""What the page and the server say to each other, version 1, as types that check what comes in.

Times are steps of the model's texture, whole numbers; bars are counted from 1.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from credo.compose.wishes import MOST_BARS, MOST_SEED

MOST_NOTES = 20_000
MOST_ALTERNATIVES = 8
MOST_ITERATIONS = 2000
#: Bars of music for the listener.
MOST_FOR_ME = 64
_MOST_STEPS = 1_000_000

Name = Annotated[str, Field(min_length=1, max_length=100)]
Text = Annotated[str, Field(max_length=500)]
Step = Annotated[int, Field(ge=0, le=_MOST_STEPS)]
Pitch = Annotated[int, Field(ge=0, le=127)]
Share = Annotated[float, Field(ge=0, le=1)]
TaskName = Literal[
    "compose", "complete", "vary", "continue", "harmonize", "accompany", "revoice", "blend", "humanize", "form"
]
SoundOrScore = Literal["midi", "musicxml", "wav", "ogg", "flac", "png", "svg"]


class Message(BaseModel):
    """Base of all: no field but those that are named, and no value of another type."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False)


class NoteMessage(Message):
    """A note; `offset` is how far a drum is struck after its step, in ninths of a step."""

    id: Name
    voice: Name
    onset: Step
    duration: Annotated[int, Field(ge=1, le=_MOST_STEPS)]
    pitch: Pitch
    velocity: Annotated[int, Field(ge=1, le=127)] = 80
    locked: bool = False
    offset: Annotated[int, Field(ge=-4, le=4)] = 0


class PieceMessage(Message):
    """A piece on the voices of a model. Tempo in quarters a minute."""

    title: Annotated[str, Field(max_length=200)] = ""
    model: Name
    tempo: Annotated[float, Field(ge=10, le=400)] = 90.0
    metre: Annotated[list[int], Field(min_length=2, max_length=2)] = [4, 4]
    key: Annotated[str, Field(max_length=20)] | None = None
    bars: Annotated[int, Field(ge=1, le=MOST_BARS)]
    notes: Annotated[list[NoteMessage], Field(max_length=MOST_NOTES)] = []
    locked_bars: Annotated[list[int], Field(max_length=MOST_BARS)] = []
    locked_voices: Annotated[list[Name], Field(max_length=64)] = []


class SelectionMessage(Message):
    """The place that a task may change; no voices for all."""

    from_step: Step
    to_step: Step
    voices: Annotated[list[Name], Field(max_length=64)] = []


class Options(Message):
    """Of a task: `amount` (vary, humanize), `share` (blend), `bars` (continue, compose, form), `voice`, `add`, `keep`.

    Of a form the `pattern` such as `A A' B A`, `section_bars`, `vary` (how much varied repeats change) and `modulate`.
    """

    amount: Share | None = None
    share: Share | None = None
    bars: Annotated[int, Field(ge=1, le=MOST_BARS)] | None = None
    voice: Name | None = None
    add: Annotated[list[Name], Field(max_length=64)] | None = None
    keep: Annotated[list[Name], Field(max_length=64)] | None = None
    pattern: Annotated[str, Field(max_length=200)] | None = None
    section_bars: Annotated[int, Field(ge=1, le=MOST_BARS)] | None = None
    vary: Share | None = None
    modulate: bool | None = None


class Wishes(Message):
    """What is wished for. `density` and `register` are attributes, see the docs of `credo attributes`."""

    temperature: Annotated[float, Field(ge=0.05, le=10)] = 1.0
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] | None = None
    iterations: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] | None = None
    mood: Text | None = None
    text: Text | None = None
    valence: Annotated[float, Field(ge=-1, le=1)] | None = None
    arousal: Annotated[float, Field(ge=-1, le=1)] | None = None
    density: float | None = None
    register_: Annotated[float | None, Field(alias="register")] = None
    style: Text | None = None
    chords: Annotated[str, Field(max_length=5000)] | None = None
    scale: Text | None = None
    cadence: bool = False
    polyphony: Annotated[int, Field(ge=1, le=64)] | None = None
    parallels: bool | None = None
    ranges: Annotated[dict[Name, Annotated[list[Pitch], Field(min_length=2, max_length=2)]], Field(max_length=64)] = {}
    rhythm: Annotated[dict[Name, Text], Field(max_length=64)] = {}
    attributes: Annotated[dict[Name, str | float | int], Field(max_length=20)] = {}


class JobMessage(Message):
    """What is to be done."""

    task: TaskName
    piece: PieceMessage
    other: PieceMessage | None = None
    selection: SelectionMessage | None = None
    options: Options = Options()
    wishes: Wishes = Wishes()
    alternatives: Annotated[int, Field(ge=1, le=MOST_ALTERNATIVES)] = 1


class HeatMessage(Message):
    """A piece whose surprises are wanted."""

    piece: PieceMessage


class ExportMessage(Message):
    """A piece that is wanted as a file; `programs`: General MIDI, from 0, by voice, for other instruments."""

    piece: PieceMessage
    format: SoundOrScore
    programs: Annotated[dict[Name, Pitch], Field(max_length=64)] = {}


class AttributesMessage(Message):
    """Words or a mood to read, or a piece to measure."""

    text: Text | None = None
    mood: Text | None = None
    piece: PieceMessage | None = None


class ProjectMessage(Message):
    """A project; `revision` is the one that was read last, none for a new project."""

    title: Annotated[str, Field(max_length=200)]
    revision: Annotated[int, Field(ge=0, le=2**53)] | None = None
    document: dict[str, Any]


class CueMessage(Message):
    """A cue that is wanted: the fields of a `brief.toml` as JSON, see the docs of `credo cue`."""

    brief: dict[str, Any]


class PieceOrNumber(Message):
    """A piece as it stands, or one of the library by its number."""

    piece: PieceMessage | None = None
    number: Annotated[int, Field(ge=1, le=2**53)] | None = None


class LookMessage(Message):
    """A piece that may be in the library."""

    piece: PieceMessage


class RatingMessage(PieceOrNumber):
    """A rating: 5 stars for a piece that is liked, 1 for one that is not; null takes back what was said of it."""

    stars: Annotated[float, Field(ge=1, le=5)] | None


class SimilarMessage(PieceOrNumber):
    """What is to be like a piece; `bar` for the four bars from there on, of a piece that is sent."""

    by: Literal["whole", "harmony", "melody", "rhythm", "texture"] = "whole"
    bar: Annotated[int, Field(ge=1, le=MOST_BARS)] | None = None
    count: Annotated[int, Field(ge=1, le=100)] = 10


class ForMeMessage(PieceOrNumber):
    """Music for the listener, by what was rated; with a piece or a number, more music like that one."""

    model: Name
    bars: Annotated[int, Field(ge=1, le=MOST_FOR_ME)] = 8
    alternatives: Annotated[int, Field(ge=1, le=MOST_ALTERNATIVES)] = 3
    candidates: Annotated[int, Field(ge=1, le=8)] = 3
    temperature: Annotated[float, Field(ge=0.05, le=10)] = 1.0
    seed: Annotated[int, Field(ge=0, le=MOST_SEED)] | None = None
    iterations: Annotated[int, Field(ge=1, le=MOST_ITERATIONS)] | None = None
