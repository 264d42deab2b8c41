"""A cue on disk: a folder with sound, notes, a manifest, and the brief to make it again.

    rainy-street/
      manifest.json  brief.toml  RainyStreet_Full_118bpm_Am.wav  .ogg  .mid  .musicxml  .png
      stems/  RainyStreet_Stem-Bass_118bpm_Am.wav ...        their sum is the full mix, bit for bit
      loop/   RainyStreet_Loop_118bpm_Am.wav  .ogg  .mid, and RainyStreet_Loop-Bass_... for each layer
      versions/  RainyStreet_15s_120bpm_Am.wav ...           shorts/  stingers, transitions, effects, stings

Names go as production libraries have them: title, version, tempo and key.
"""

from __future__ import annotations

import importlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

import credo
from credo.compose.cue.making import Cue, Short, Version
from credo.compose.cue.manifest import bpm_of, events_of, file_name, head_of, instrument_of, level_of, loop_of, slug
from credo.compose.cue.outline import FULL, Take
from credo.errors import CredoError, FileError, MissingExtraError, UsageError
from credo.io.files import save
from credo.music.score import Note, Part, Score
from credo.rendering.sound.audio import SAMPLE_RATE
from credo.rendering.sound.chunks import write_flac, write_ogg, write_wav
from credo.rendering.sound.loudness import true_peak
from credo.rendering.sound.mastering import FULL_SCALE, Master, master
from credo.rendering.sound.stems import Stem, render_parts

#: What can be written beside manifest and brief.
FORMATS = ("wav", "ogg", "flac", "midi", "musicxml", "picture")
#: What is written if nothing is said.
USUAL = ("wav", "ogg", "midi", "musicxml", "picture")
PLAYERS = ("web", "godot")
#: The highest true peak, in dBTP: a little below -1, since Ogg Vorbis does not keep peaks exactly.
PEAK = -1.3
#: By how much peaks may be turned down for the loudness that is asked for, in dB.
LIMIT_DB = 6.0
_SOUNDS = {"wav": write_wav, "ogg": write_ogg, "flac": write_flac}

Progress = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Package:
    """What was written.

    Attributes:
        folder: where.
        manifest: what `manifest.json` says.
        missing: for each format that was left out, the line that tells how to get it.
    """

    folder: Path
    manifest: dict[str, Any]
    missing: tuple[str, ...] = ()


@dataclass(slots=True)
class _Desk:
    """Where files are written, and what is known of them."""

    cue: Cue
    folder: Path
    formats: Sequence[str]
    pool: ThreadPoolExecutor
    waiting: list[Future[None]] = field(default_factory=list)

    @property
    def sounds(self) -> list[str]:
        """The formats of sound that are wanted."""
        return [name for name in self.formats if name in _SOUNDS]

    def path(self, where: str, version: str, bpm: float, suffix: str) -> tuple[Path, str]:
        """A file's place, and as seen from the folder."""
        path = self.folder / where / file_name(self.cue, version, bpm, suffix)
        path.parent.mkdir(parents=True, exist_ok=True)
        return path, path.relative_to(self.folder).as_posix()

    def sound(
        self,
        where: str,
        version: str,
        bpm: float,
        samples: np.ndarray,
        *,
        loops: bool = False,
        marks: Sequence[tuple[int, str]] = (),
        lossless: bool = False,
    ) -> dict[str, str]:
        """Write samples in all formats of sound, in the background; gives the files by format.

        Stems are for editors: they are not written as Ogg where they can be had without a loss.
        """
        found = {}
        info = {"title": f"{self.cue.outline.brief.name}, {version}", "software": f"Credo {credo.__version__}"}
        for name in [name for name in self.sounds if name != "ogg" or not lossless] or self.sounds:
            path, found[name] = self.path(where, version, bpm, f".{name}")
            told = {"loop": (0, len(samples)) if loops else None, "marks": () if name == "ogg" and loops else marks}
            self.waiting.append(self.pool.submit(_SOUNDS[name], path, samples, SAMPLE_RATE, info=info, **told))
        return found

    def notes(self, where: str, version: str, bpm: float, score: Score, **options: Any) -> dict[str, str]:
        """Write a score as MIDI and, of the cue itself, as MusicXML."""
        found = {}
        if "midi" in self.formats:
            path, found["midi"] = self.path(where, version, bpm, ".mid")
            save(score, path, **options)
        if "musicxml" in self.formats and version == "Full":
            path, found["musicxml"] = self.path(where, version, bpm, ".musicxml")
            save(score, path)
        return found


def deliver(
    cue: Cue,
    out: str | Path,
    *,
    formats: Sequence[str] | None = None,
    players: Sequence[str] = (),
    soundfont: str | Path | None = None,
    progress: Progress | None = None,
) -> Package:
    """Write a cue into a new folder, all of it or nothing.

    Args:
        cue: the music.
        out: the folder below which the cue's own is made; an older cue of the name is not touched.
        formats: names from `FORMATS`; None for `USUAL`, without those whose libraries are not installed.
        players: names from `PLAYERS`: a page that plays the cue, a Godot project.
        soundfont: as for `credo.rendering.sound.audio.synthesise`.
        progress: is told what is being done.

    Raises:
        UsageError: a format or a player is unknown.
        MissingExtraError: a format that was asked for by name needs a library that is not installed.
        FileError: something cannot be written; then nothing is left behind.
    """
    for name, given, known in (("formats", formats or (), FORMATS), ("players", players, PLAYERS)):
        if unknown := sorted(set(given) - set(known)):
            raise UsageError(f"{name}: expected some of {', '.join(known)}, got {', '.join(unknown)}")
    out = Path(out)
    staging = None
    try:
        out.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=".credo-", dir=out))
        staging.chmod(0o755)
        manifest, missing = _write(cue, staging, formats, players, soundfont, progress or (lambda line: None))
        folder = _place(staging, out, slug(cue.outline.brief.name))
    except BaseException as error:
        if staging:
            shutil.rmtree(staging, ignore_errors=True)
        if isinstance(error, OSError) and not isinstance(error, CredoError):
            raise FileError(out, f"cannot be written to: {(error.strerror or str(error)).lower()}") from error
        raise
    return Package(folder, manifest, missing)


def _place(staging: Path, out: Path, name: str) -> Path:
    """Give the finished folder its name, or the first one with a number that is free."""
    for number in range(1, 10_000):
        folder = out / (name if number == 1 else f"{name}-{number}")
        if not folder.exists():
            os.replace(staging, folder)
            return folder
    raise FileError(out, f"there are too many cues named {name}")


def _write(
    cue: Cue,
    folder: Path,
    formats: Sequence[str] | None,
    players: Sequence[str],
    soundfont: str | Path | None,
    tell: Progress,
) -> tuple[dict[str, Any], tuple[str, ...]]:
    plan, missing = cue.outline, list[str]()
    wanted = list(USUAL if formats is None else formats)
    manifest = head_of(cue)
    with ThreadPoolExecutor(2) as pool:
        desk = _Desk(cue, folder, wanted, pool)
        try:
            check_sound(wanted, soundfont)
        except MissingExtraError as error:
            if formats is not None:
                raise
            missing.append(f"sound: {error}")
            desk.formats = [name for name in wanted if name not in _SOUNDS]
        drawn = pool.submit(_picture, cue, desk) if "picture" in wanted else None
        with closing(_played(desk, soundfont)) as played:
            gain = None
            for version in cue.versions:
                tell(f"Playing {'the cue' if version.take.name == FULL else version.take.name}")
                gain = _add_version(desk, version, next(played), manifest, gain)
            for short in cue.shorts:
                _add_short(desk, short, next(played), manifest, gain)
        tell("Writing files")
        for future in desk.waiting:
            future.result()
    if drawn:
        try:
            manifest["picture"] = drawn.result()
        except MissingExtraError as error:
            if formats is not None:
                raise
            missing.append(f"picture: {error}")
    (folder / "brief.toml").write_text(plan.brief.to_toml(), "utf-8")
    (folder / "manifest.json").write_text(json.dumps(manifest, indent=2, ensure_ascii=False) + "\n", "utf-8")
    for player in players:
        tell(f"Making the {player} player")
        _player(player)(folder, manifest)
    return manifest, tuple(missing)


def check_sound(formats: Sequence[str] | None = None, soundfont: str | Path | None = None) -> None:
    """Get ready to play and to draw, if any of the formats is sound or a picture; None for `USUAL`.

    Raises:
        MissingExtraError: a library is not installed.
        FileError: the soundfont cannot be used.
    """
    wanted = set(USUAL if formats is None else formats)
    if "picture" in wanted:
        with suppress(ImportError):
            importlib.import_module("matplotlib.backends.backend_agg")  # takes a second
    if wanted & set(_SOUNDS):
        importlib.import_module("scipy.signal")  # half a second
        from credo.rendering.sound.encode import encode_sound

        notes = tuple(Part(name, (Note(Fraction(0), 60, Fraction(1, 16)),)) for name in "ab")  # one a processor
        render_parts(Score(notes), frames=1, soundfont=soundfont)
        encode_sound(np.zeros((1, 2)), SAMPLE_RATE, ".wav")


def _played(desk: _Desk, soundfont: str | Path | None) -> Iterator[list[Stem]]:
    """The stems of each version and then of each short, one ahead of what is asked for; nothing where no sound is."""
    levels = {name: role.level for name, role in desk.cue.outline.band.roles.items()}

    def play(score: Score, frames: int | None, wrap: bool) -> list[Stem]:
        heard = tuple(part for part in score.parts if part.notes)
        if not heard:
            raise CredoError("cue: no part has a note", hint="try another seed")
        gains = {part.name: levels[part.name] for part in heard if part.name in levels}
        return render_parts(Score(heard, score.timeline), frames=frames, wrap=wrap, soundfont=soundfont, gains=gains)

    jobs: list[tuple[Score, int | None, bool]] = [
        (version.score, round(version.take.brief.seconds * SAMPLE_RATE), version.take.brief.loops)
        for version in desk.cue.versions
    ]
    for short in desk.cue.shorts:  # a sting has a length, the others ring out
        exact = round(short.score.duration_seconds * SAMPLE_RATE) if short.kind == "sting" else None
        jobs.append((short.score, exact, False))
    if not desk.sounds:
        yield from ([] for _ in jobs)
        return
    with ThreadPoolExecutor(1) as pool:
        following = pool.submit(play, *jobs[0])
        for number in range(len(jobs)):
            now = following
            if number + 1 < len(jobs):
                following = pool.submit(play, *jobs[number + 1])
            yield now.result()


def _add_version(
    desk: _Desk, version: Version, stems: list[Stem], manifest: dict[str, Any], gain: float | None
) -> float | None:
    """Write a version; gives the gain that the cue itself was mastered with."""
    take, score, plan = version.take, version.score, desk.cue.outline
    bpm = bpm_of(take)
    main = take.name == FULL
    where = "" if main else "loop" if take.brief.loops else "versions"
    label = "Full" if main else "Loop" if take.brief.loops else f"{take.name}s"
    marks = [(row["sample"], row["name"]) for row in (*manifest["sections"], *manifest["hits"])] if main else []
    loops = take.brief.loops
    end = take.fit.timeline.length
    events = events_of(desk.cue) if main else []
    files = desk.notes(where, label, bpm, score, marks=events, loop=(end * 0, end) if loops else None)
    made = (
        master(stems, lufs=plan.brief.loudness, peak=PEAK, limit_db=LIMIT_DB, wrap=take.brief.loops) if stems else None
    )
    names = [part.name for part in score.parts if part.notes]
    if made is not None:
        files |= desk.sound(where, label, bpm, made.mix, loops=loops, marks=marks)
    row = {"name": take.name, "seconds": take.brief.seconds, "samples": round(take.brief.seconds * SAMPLE_RATE),
           "bpm": bpm, **level_of(made), **files}  # fmt: skip
    if main:
        manifest["mix"] = files
        manifest |= level_of(made)
    elif not loops:
        manifest["versions"].append(row)
    if made is not None:
        rows = []
        wants = main or loops
        folder, stem = ("loop", "Loop") if loops else ("stems", "Stem")
        for name, samples in zip(names, made.stems, strict=True) if wants else ():
            part = next(part for part in score.parts if part.name == name)
            rows.append({
                "role": name,
                "instrument": instrument_of(part),
                "threshold": plan.band.roles[name].threshold,
                **desk.sound(folder, f"{stem}-{name.title()}", bpm, samples, loops=loops, lossless=not loops),
            })  # fmt: skip
        if main:
            manifest["stems"] = rows
            _add_mixes(desk, take, made, names, manifest)
        if loops:
            manifest["loop"] = loop_of(take, files, rows)
    return made.gain_db if made is not None and (main or gain is None) else gain


def _add_mixes(desk: _Desk, take: Take, made: Master, names: Sequence[str], manifest: dict[str, Any]) -> None:
    """Versions that leave out parts: sums of the stems that are left."""
    for name, left_out in desk.cue.outline.mixes.items():
        kept = [stem for part, stem in zip(names, made.stems, strict=True) if part not in left_out]
        if not kept:
            continue
        samples = np.sum(kept, axis=0, dtype=np.int32)
        high = true_peak(samples / FULL_SCALE)
        if high > PEAK:  # parts that were left out may have softened peaks of the others
            samples = np.rint(samples * 10 ** ((PEAK - high) / 20)).astype(np.int32)
        label = "".join(word.title() for word in name.split("-"))
        files = desk.sound("versions", label, bpm_of(take), samples, loops=take.brief.loops)
        row = {"name": name, "seconds": take.brief.seconds, "samples": len(samples), "left_out": list(left_out)}
        manifest["versions"].append(row | files)


def _add_short(desk: _Desk, short: Short, stems: list[Stem], manifest: dict[str, Any], gain: float | None) -> None:
    bpm = short.score.timeline.tempos[0].bpm
    label = "-".join(word.title() for word in short.name.split("-"))
    row: dict[str, Any] = {"name": short.name, "seconds": round(short.score.duration_seconds, 6), "bpm": bpm}
    row |= desk.notes("shorts", label, bpm, short.score)
    if stems:
        made = master(stems, lufs=desk.cue.outline.brief.loudness, peak=PEAK, gain_db=gain, limit_db=LIMIT_DB)
        row |= {"samples": len(made.mix), **level_of(made), **desk.sound("shorts", label, bpm, made.mix)}
    if short.kind == "sting":
        manifest["versions"].append(row)
    else:
        manifest[f"{short.kind}s"].append(row | ({} if short.kind == "effect" else {"sync": "bar", "bars": []}))


def _picture(cue: Cue, desk: _Desk) -> str:
    from credo.rendering.plots import piano_roll

    version = cue.versions[0]
    brief, timing = version.take.brief, version.take.fit
    path, name = desk.path("", "Full", bpm_of(version.take), ".png")
    times = np.linspace(0, timing.seconds, 400).tolist()
    curve = [(timing.onset_at(time), brief.energy_at(time)) for time in times]
    piano_roll(version.score, path, marks=events_of(cue), curve=curve)
    return name


def _player(name: str) -> Callable[[Path, dict[str, Any]], Path]:
    if name == "web":
        from credo.rendering.players.web import write_web_player

        return write_web_player
    from credo.rendering.players.godot import write_godot_project

    return write_godot_project
