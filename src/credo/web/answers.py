"""What the server answers, as types, for the description of the API. Names and units are those of `messages`."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from credo.web.messages import PieceMessage


class Answer(BaseModel):
    """Base of all."""

    model_config = ConfigDict(extra="forbid", protected_namespaces=())


class ErrorBody(Answer):
    """A word for programs, what was expected and what came, and what to do."""

    code: str
    message: str
    hint: str | None


class ErrorAnswer(Answer):
    """An answer that says no."""

    error: ErrorBody


class Extras(Answer):
    """Which optional parts are installed: recordings, pictures, what words feel like, sound, engraving."""

    transcribe: bool
    image: bool
    text: bool
    sound: bool
    notation: bool


class Health(Answer):
    """`warming` while the model is being loaded and compiled, `ok` after that; both take jobs."""

    status: Literal["warming", "ok", "failed"]
    version: str
    extras: Extras


class VoiceAnswer(Answer):
    """A voice; of drums also the pitches by which they are struck. `expressive`: notes may have an offset."""

    name: str
    kind: Literal["mono", "poly", "drums"]
    low: int
    high: int
    program: int
    expressive: bool
    pitches: list[int] | None = None


class TextureAnswer(Answer):
    """The voices of a model; `steps_per_quarter` is the unit of all times."""

    name: str
    steps_per_quarter: int
    voices: list[VoiceAnswer]


class ModelAnswer(Answer):
    """A model; `keys` are those of its training data."""

    name: str
    texture: TextureAnswer
    styles: list[str]
    keys: list[str]


class Accepted(Answer):
    """The id of a job that was taken."""

    id: str


class TasteAnswer(Answer):
    """What the listener is expected to think of a piece: stars, null without ratings, and how many that may be wrong.

    `rank` is 1 for the piece that is expected to be liked best.
    """

    expected_stars: float | None
    doubt: float
    rank: int
    reasons: str


class Result(Answer):
    """An alternative; rank 1 is the most conventional. Energy in nats a beat; heat in nats a beat for each bar."""

    piece: PieceMessage
    seed: int
    rank: int
    energy: float
    heat: list[float]
    remarks: list[str]
    taste: TasteAnswer | None = None


class CueResult(Answer):
    """A cue: its manifest, and where its files are."""

    manifest: dict[str, Any]
    package: str


class JobAnswer(Answer):
    """A job; `position` counts from 1 while it waits and is 0 after that, `results` grows while it runs."""

    id: str
    state: Literal["queued", "running", "done", "failed", "cancelled"]
    progress: float = Field(ge=0, le=1)
    position: int
    error: ErrorBody | None
    results: list[Result | CueResult]


class HeatAnswer(Answer):
    """What surprises the model: the piece in nats a beat, and each bar in nats a beat."""

    energy: float
    bars: list[float]


class ImportAnswer(Answer):
    """A piece of a file, and a line for each thing that was changed or left out.

    `tunes` are the titles of all tunes where the file is an ABC book of several, empty where one has none.
    """

    piece: PieceMessage
    remarks: list[str]
    tunes: list[str] = []


class SampleAnswer(Answer):
    """A note in a file of notes, in seconds from its beginning; `loop` can be repeated, without one it dies away."""

    pitch: int
    start: float
    seconds: float
    loop: tuple[float, float] | None


class SamplesAnswer(Answer):
    """The notes of an instrument; `version` changes when they do."""

    program: str
    version: str
    notes: list[SampleAnswer]


class ReasonAnswer(Answer):
    """Why an attribute has its value."""

    attribute: str
    value: str
    because: str


class AttributesAnswer(Answer):
    """Attributes by name, see the docs of `credo attributes`."""

    attributes: dict[str, Any]
    reasons: list[ReasonAnswer]
    remarks: list[str]


class ProjectRow(Answer):
    """A project without its document; `saved` in seconds since 1970."""

    id: str
    title: str
    revision: int
    saved: float


class ProjectAnswer(ProjectRow):
    """A project."""

    document: dict[str, Any]


class LibraryAnswer(Answer):
    """How many pieces and ratings there are, and what is known of the listener, a line each."""

    profile: str
    pieces: int
    ratings: int
    told: list[str]


class LibraryRow(Answer):
    """A piece of the library; `stars` are those of the listener."""

    number: int
    title: str
    composer: str
    attributes: dict[str, Any]
    bars: int
    seconds: float
    file: str
    stars: float | None


class KnownAnswer(Answer):
    """A piece by the SHA-256 of its file, its number in the library and its stars; null where there are none."""

    sha256: str
    number: int | None
    stars: float | None


class RatingAnswer(Answer):
    """A rating; `rated` in UTC, ISO 8601; `number` of the piece where it is in the library."""

    sha256: str
    stars: float
    rated: str
    title: str
    composer: str
    number: int | None


class SimilarRow(LibraryRow):
    """A piece that is like another; likeness -1 to 1, in all and by aspect; `bar` from which on it is."""

    likeness: float
    aspects: dict[str, float]
    same_music: bool
    semitones_higher: int | None
    bar: int | None
    reasons: str


class SimilarAnswer(Answer):
    """Pieces, the most like first, and lines on what could not be read."""

    pieces: list[SimilarRow]
    remarks: list[str]


class RecommendedRow(LibraryRow):
    """A piece for the listener; `to_find_out`: it is here to learn more of the taste."""

    expected_stars: float | None
    doubt: float
    to_find_out: bool
    reasons: str
