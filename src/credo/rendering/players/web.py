"""A cue as a page that plays it: one HTML file with its sounds inside, for any browser and without a network."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from importlib import resources
from pathlib import Path

from credo.io.atomic import write_text
from credo.rendering.page import render
from credo.rendering.players.manifest import Cue, Sound, read_manifest

#: The page's name in the cue's folder.
PAGE_NAME = "player.html"
#: Bytes of sound that a page holds unless told otherwise; what does not fit is named on the page.
SOUND_LIMIT_BYTES = 48_000_000

_SCRIPTS = ("player-sound.js", "player.js")


def write_web_player(folder: str | Path, manifest: Mapping, limit_bytes: int = SOUND_LIMIT_BYTES) -> Path:
    """Write a page that plays a cue.

    It plays the mix on a timeline with its hits and sections, the loop with layers that come and go with an intensity,
    stingers and transitions on the beats and bars of the loop, versions and effects. Sounds are within the page as Ogg
    Vorbis, because a page that was opened from a file may not read other files. The layers of the loop are put in
    first, then stingers, transitions and effects, then the mix and its versions, as long as they fit; the page says
    what did not.

    Args:
        folder: the cue's folder.
        manifest: what its `manifest.json` says.
        limit_bytes: bytes of sound that the page may hold; coded as text they take a third more.

    Returns:
        The page's path, `player.html` in the folder; one that was there is replaced.

    Raises:
        UsageError: the manifest is not one, or names a file outside the folder.
        FileError: a file cannot be read or written.
        MissingExtraError: Jinja is not installed, or soundfile where a sound has no .ogg file.
    """
    folder = Path(folder)
    cue = read_manifest(folder, manifest)
    store = _Store(limit_bytes)
    data = _data(cue, store)
    templates = resources.files("credo.rendering") / "templates"
    script = "\n".join((templates / name).read_text(encoding="utf-8") for name in _SCRIPTS)
    words = json.loads((templates / "player-words.json").read_text(encoding="utf-8"))
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    page = render("player.html", cue=data, sounds=store.sounds, words=words, script=script, digest=digest)
    path = folder / PAGE_NAME
    write_text(path, page)
    return path


class _Store:
    """The sounds of a page, while there is room."""

    def __init__(self, limit_bytes: int) -> None:
        self.room = limit_bytes
        self.sounds: list[str] = []
        self.left_out: list[str] = []

    def put(self, sound: Sound, kind: str) -> dict | None:
        """A sound as the page knows it; None where there is no room, which the page says."""
        content = sound.ogg()
        if len(content) > self.room:
            self.left_out.append(sound.name if sound.name == kind else f"{kind} {sound.name}")
            return None
        self.room -= len(content)
        self.sounds.append(base64.b64encode(content).decode())
        return {"name": sound.name, "sound": len(self.sounds) - 1, "samples": sound.samples}


def _data(cue: Cue, store: _Store) -> dict:
    """What the page knows of a cue. Sounds are numbers of the store's."""
    data: dict = {"name": cue.name, "title": cue.title, "key": cue.key, "metre": cue.metre, "rate": cue.rate}
    data |= {"samples": cue.samples, "bars": cue.bars, "loop": None}
    if cue.loop:
        layers = [(layer, store.put(layer, "loop")) for layer in cue.loop.layers]
        data["loop"] = {
            **{"samples": cue.loop.samples, "bars": cue.loop.bars, "beats": cue.loop.beats_per_bar},
            **{
                "bpm": cue.loop.bpm,
                "layers": [known | {"threshold": each.threshold} for each, known in layers if known],
            },
        }
        if not data["loop"]["layers"]:
            data["loop"] = None
    for kind in ("stingers", "transitions", "effects"):
        known = [(each, store.put(each, kind.removesuffix("s"))) for each in getattr(cue, kind)]
        data[kind] = [found | {"sync": each.sync, "bars": each.bars} for each, found in known if found]
    data["mix"] = store.put(cue.mix, "mix") if cue.mix else None
    data["versions"] = [found for each in cue.versions if (found := store.put(each, "version"))]
    data["tempos"] = [{"seconds": each.seconds, "bar": each.bar, "bpm": each.bpm} for each in cue.tempos]
    data["hits"] = [
        {"name": each.name, "kind": each.kind, "seconds": each.seconds, "residual": each.residual_ms}
        for each in cue.hits
    ]
    data["sections"] = [{"name": each.name, "seconds": each.seconds, "bar": each.bar} for each in cue.sections]
    data["left_out"] = store.left_out
    return data
