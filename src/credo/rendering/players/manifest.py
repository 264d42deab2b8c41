"""A cue's manifest, read for playing: what sounds, from which file, and when."""

from __future__ import annotations

import io
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from credo.errors import FileError, MissingExtraError, UsageError
from credo.rendering.sound.encode import encode_sound

#: The version of the manifest that is read.
FORMAT = 1
#: Codings of a sound, the one that is best to encode from first.
CODINGS = ("wav", "flac", "ogg")


@dataclass(frozen=True, slots=True)
class Sound:
    """Something that sounds.

    Attributes:
        name: what the manifest calls it.
        files: its files by coding, all inside the cue's folder; at least one.
        samples: its length in frames; 0 where the manifest does not say.
        threshold: the intensity 0..1 from which a layer is heard.
        sync: "bar" or "beat": where a stinger or transition may begin.
        bars: bars of the loop, from 1, that a stinger fits; none: all.
    """

    name: str
    files: Mapping[str, Path]
    samples: int = 0
    threshold: float = 0.0
    sync: str = "bar"
    bars: tuple[int, ...] = ()

    def ogg(self, lead_in_seconds: float = 0.0) -> bytes:
        """The sound as Ogg Vorbis: its own file, or encoded from another.

        Args:
            lead_in_seconds: silence to put before it.

        Raises:
            FileError: a file cannot be read.
            MissingExtraError: it has to be encoded, and soundfile is not installed.
        """
        if "ogg" in self.files and not lead_in_seconds:
            return _read(self.files["ogg"])
        try:
            import soundfile
        except (ImportError, OSError) as error:
            raise MissingExtraError("Sound", "audio") from error
        path = next(self.files[coding] for coding in CODINGS if coding in self.files)
        try:
            samples, rate = soundfile.read(io.BytesIO(_read(path)), dtype="float32", always_2d=True)
        except soundfile.SoundFileError as error:
            raise FileError(path, f"is no sound that can be read: {error}") from error
        silence = np.zeros((round(lead_in_seconds * rate), samples.shape[1]), np.float32)
        return encode_sound(np.concatenate([silence, samples]), rate, ".ogg")


@dataclass(frozen=True, slots=True)
class Loop:
    """The part that goes round.

    Attributes:
        samples: its length in frames.
        bars: its bars, all of one length.
        beats: its beats.
        beats_per_bar: beats of a bar.
        bpm: beats a minute.
        layers: what is heard together; the whole mix as the only one where no layers were delivered.
    """

    samples: int
    bars: int
    beats: int
    beats_per_bar: int
    bpm: float
    layers: tuple[Sound, ...]


@dataclass(frozen=True, slots=True)
class Mark:
    """A hit or a section on the timeline of the mix.

    Attributes:
        name: what the manifest calls it.
        seconds: where it is.
        bar: the bar where a section begins; 0 for a hit.
        kind: the kind of a hit; empty for a section.
        residual_ms: how far a hit is from where it was asked; None where it was not reached.
    """

    name: str
    seconds: float
    bar: float = 0
    kind: str = ""
    residual_ms: float | None = None


@dataclass(frozen=True, slots=True)
class Tempo:
    """The tempo from a place on: `bpm` quarters a minute from `bar`, at `seconds`."""

    seconds: float
    bar: float
    bpm: float


@dataclass(frozen=True, slots=True)
class Cue:
    """A cue as players need it; see the fields of `manifest.json`."""

    name: str
    title: str
    key: str
    metre: str
    rate: int
    samples: int
    bars: int
    tempos: tuple[Tempo, ...]
    mix: Sound | None
    loop: Loop | None
    stingers: tuple[Sound, ...]
    transitions: tuple[Sound, ...]
    effects: tuple[Sound, ...]
    versions: tuple[Sound, ...]
    hits: tuple[Mark, ...]
    sections: tuple[Mark, ...]


def read_manifest(folder: Path, manifest: Mapping) -> Cue:
    """Check a manifest against its folder.

    Args:
        folder: where the manifest lies; its paths begin there.
        manifest: what it says.

    Raises:
        UsageError: a field is not what it should be, a path leads out of the folder, or nothing can be played.
        FileError: a file that the manifest names is not there.
    """
    root = _Field(manifest, "manifest")
    if root.at("format").value != FORMAT:
        raise UsageError(f"manifest format: expected {FORMAT}, got {root.at('format').value!r}")
    rate = root.at("sample_rate").whole(8000, 384_000)
    samples = root.at("samples").whole(1)

    def sounds(key: str) -> tuple[Sound, ...]:
        return tuple(each for each in (_sound(item, folder, rate) for item in root.at(key).items()) if each)

    mix = root.at("mix")
    whole = _files(mix, folder) if mix.value else {}
    name = root.at("name").text() or "cue"
    cue = Cue(
        name=name,
        title=root.at("title").text() or name,
        key=root.at("key").text(),
        metre=root.at("metre").text(),
        rate=rate,
        samples=samples,
        bars=root.at("bars").whole(0),
        tempos=tuple(
            Tempo(each.at("seconds").number(0), each.at("bar").number(0), each.at("bpm").number(1))
            for each in root.at("tempo").items()
        ),
        mix=Sound("mix", whole, samples) if whole else None,
        loop=_loop(root.at("loop"), folder, rate),
        stingers=sounds("stingers"),
        transitions=sounds("transitions"),
        effects=sounds("effects"),
        versions=sounds("versions"),
        hits=tuple(_hit(each) for each in root.at("hits").items()),
        sections=tuple(
            Mark(each.at("name").text(), each.at("seconds").number(0), each.at("bar").number(0))
            for each in root.at("sections").items()
        ),
    )
    if not (cue.mix or cue.loop or cue.versions or cue.effects):
        raise UsageError("manifest: expected a sound to play, found none", hint="write the cue with .ogg or .wav files")
    return cue


def _hit(field: _Field) -> Mark:
    """A hit where it landed, or where it was asked if it was not reached."""
    name, kind = field.at("name").text(), field.at("kind").text()
    if field.at("landed").value is None or field.at("reached").value is False:
        return Mark(name, field.at("asked").number(0), kind=kind)
    return Mark(name, field.at("landed").number(0), kind=kind, residual_ms=field.at("residual_ms").number())


def _loop(field: _Field, folder: Path, rate: int) -> Loop | None:
    if not field.value:
        return None
    samples = field.at("samples").whole(1)
    layers = tuple(
        each for each in (_sound(item, folder, rate, samples) for item in field.at("layers").items()) if each
    )
    if not layers:
        mix = field.at("mix")
        files = _files(mix, folder) if mix.value else {}
        layers = (Sound("mix", files, samples),) if files else ()
    bars, beats = field.at("bars").whole(1), field.at("beats").whole(1)
    bpm, per_bar = field.at("bpm").number(1), field.at("beats_per_bar").whole(1)
    return Loop(samples, bars, beats, per_bar, bpm, layers) if layers else None


def _sound(field: _Field, folder: Path, rate: int, samples: int = 0) -> Sound | None:
    """A sound of a list; none where no file of it was delivered."""
    files = _files(field, folder)
    if field.at("samples").value is not None:
        samples = field.at("samples").whole(1)
    elif field.at("seconds").value is not None:
        samples = round(field.at("seconds").number(0) * rate)
    sync = field.at("sync").text() or "bar"
    if sync not in ("bar", "beat"):
        raise UsageError(f"{field.at('sync').where}: expected 'bar' or 'beat', got {sync!r}")
    threshold = field.at("threshold")
    return Sound(
        field.at("name").text() or field.at("role").text(),
        files,
        samples,
        0.0 if threshold.value is None else threshold.number(0, 1),
        sync,
        tuple(each.whole(1) for each in field.at("bars").items()),
    ) if files else None  # fmt: skip


def _files(field: _Field, folder: Path) -> dict[str, Path]:
    """The sound files that an entry names, by coding."""
    root, found = folder.resolve(), {}
    for coding in CODINGS:
        if not (relative := field.at(coding).text()):
            continue
        path = (root / relative).resolve() if "\0" not in relative else root.parent
        if not path.is_relative_to(root) or path == root:
            raise UsageError(f"{field.at(coding).where}: expected a file inside the cue's folder, got {relative!r}")
        if not path.is_file():
            raise FileError(path, "the manifest names it, and it is not there")
        found[coding] = path
    return found


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise FileError(path, f"cannot be read: {error.strerror or error}") from error


@dataclass(frozen=True, slots=True)
class _Field:
    """A value of the manifest and where it stands, so that a complaint can say it."""

    value: object
    where: str

    def at(self, key: str) -> _Field:
        """What stands under a key; None where there is nothing."""
        if not isinstance(self.value, Mapping):
            raise UsageError(f"{self.where}: expected fields with names, got {type(self.value).__name__}")
        return _Field(self.value.get(key), f"{self.where} {key}")

    def items(self) -> list[_Field]:
        """The entries of a list; none where there is nothing."""
        if self.value is None:
            return []
        if not isinstance(self.value, Sequence) or isinstance(self.value, str | bytes):
            raise UsageError(f"{self.where}: expected a list, got {type(self.value).__name__}")
        return [_Field(each, f"{self.where} {place}") for place, each in enumerate(self.value, 1)]

    def text(self) -> str:
        """Text; empty where there is nothing."""
        if self.value is not None and not isinstance(self.value, str):
            raise UsageError(f"{self.where}: expected text, got {self.value!r}")
        return self.value or ""

    def number(self, low: float = -math.inf, high: float = math.inf) -> float:
        """A finite number between two."""
        value = self.value
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise UsageError(f"{self.where}: expected a number, got {value!r}")
        if not low <= value <= high:
            raise UsageError(f"{self.where}: expected {low} to {high}, got {value!r}")
        return float(value)

    def whole(self, low: float, high: float = math.inf) -> int:
        """A whole number between two."""
        number = self.number(low, high)
        if number != int(number):
            raise UsageError(f"{self.where}: expected a whole number, got {self.value!r}")
        return int(number)
