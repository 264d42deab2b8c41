"""A cue as a Godot project that plays it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from credo.errors import FileError
from credo.io.atomic import write_bytes, write_text
from credo.rendering.players.manifest import Cue, Sound, read_manifest

#: The project's folder in the cue's folder.
PROJECT_NAME = "godot"
#: Silence before a stinger or transition, in which it is started so that its first note falls on the beat.
LEAD_IN_SECONDS = 0.25

_FILES = ("cue_player.gd", "main.gd", "main.tscn")


def write_godot_project(folder: str | Path, manifest: Mapping) -> Path:
    """Write a project for Godot 4.3 or newer that plays a cue.

    It holds a scene to try the cue in, a script to take into a game (`cue_player.gd`), the cue's times as `cue.json`,
    and its sounds as Ogg Vorbis in `audio`. They loop because the script says so: no import settings are needed, and
    the project runs before the editor has imported anything. Stingers and transitions are encoded again from their
    .wav files, with silence before them; the script says why.

    Args:
        folder: the cue's folder.
        manifest: what its `manifest.json` says.

    Returns:
        The project's folder, `godot` in the cue's folder. Its own files are replaced; others there are left alone.

    Raises:
        UsageError: the manifest is not one, or names a file outside the folder.
        FileError: a file cannot be read or written.
        MissingExtraError: soundfile is not installed and a sound has to be encoded.
    """
    cue = read_manifest(Path(folder), manifest)
    project = Path(folder) / PROJECT_NAME
    audio = project / "audio"
    try:
        audio.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise FileError(audio, f"cannot be written: {error.strerror or error}") from error
    data = _data(cue, audio)
    write_text(project / "cue.json", json.dumps(data, indent=1, ensure_ascii=False) + "\n")
    templates = resources.files("credo.rendering") / "templates" / "godot"
    for name in _FILES:
        write_text(project / name, (templates / name).read_text(encoding="utf-8"))
    settings = (templates / "project.godot").read_text(encoding="utf-8")
    title = json.dumps("".join(letter for letter in cue.title if letter.isprintable()), ensure_ascii=False)
    # The rate first: a title may say anything.
    write_text(project / "project.godot", settings.replace("@RATE@", str(cue.rate)).replace("@NAME@", title))
    return project


def _data(cue: Cue, audio: Path) -> dict:
    """What `cue.json` says; writes the sounds into a folder as it goes."""
    data: dict = {
        "title": cue.title,
        "key": cue.key,
        "metre": cue.metre,
        "lead_in_seconds": LEAD_IN_SECONDS,
        "loop": None,
    }
    if cue.loop:
        data["loop"] = {
            **{"seconds": cue.loop.samples / cue.rate, "bars": cue.loop.bars, "beats_per_bar": cue.loop.beats_per_bar},
            **{"beats": cue.loop.beats, "bpm": cue.loop.bpm, "layers": []},
        }
        for place, layer in enumerate(cue.loop.layers, 1):
            file = _write(layer, audio, "layer", place)
            data["loop"]["layers"].append({"name": layer.name, "threshold": layer.threshold, "file": file})
    for kind, lead_in in (("stingers", LEAD_IN_SECONDS), ("transitions", LEAD_IN_SECONDS), ("effects", 0.0)):
        data[kind] = [
            {
                **{"name": each.name, "sync": each.sync, "bars": each.bars},
                "file": _write(each, audio, kind.removesuffix("s"), place, lead_in),
            }
            for place, each in enumerate(getattr(cue, kind), 1)
        ]
    data["mix"] = _write(cue.mix, audio, "mix") if cue.mix else None
    data["hits"] = [{"name": each.name, "seconds": each.seconds} for each in cue.hits]
    data["sections"] = [{"name": each.name, "seconds": each.seconds, "bar": each.bar} for each in cue.sections]
    return data


def _write(sound: Sound, audio: Path, kind: str, place: int = 0, lead_in_seconds: float = 0.0) -> str:
    """Write a sound under a name that any system takes; answers with its path in the project."""
    name = re.sub(r"[^a-z0-9]+", "-", sound.name.lower()).strip("-")[:40]
    parts = [kind, *([str(place)] if place else []), *([name] if name and name != kind else [])]
    file = "-".join(parts) + ".ogg"
    write_bytes(audio / file, sound.ogg(lead_in_seconds))
    return f"{audio.name}/{file}"
