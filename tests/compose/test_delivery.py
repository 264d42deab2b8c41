"""What is written: every format, the JSON, and nothing at all where something goes wrong."""

import errno
import json
import os
import resource
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from credo.compose import deliver as delivery
from credo.compose.deliver import FORMATS, deliver, file_stem
from credo.compose.generate import Request
from credo.errors import CredoError, FileError, MissingExtraError, UsageError
from credo.io.files import load
from credo.music.pitch import Key

pytestmark = [pytest.mark.machine, pytest.mark.once]

STEM = "tiny-f-sharp-minor-2-bars-seed-5"


@pytest.fixture(scope="module")
def piece(tiny_composer):
    return tiny_composer.compose(Request(bars=2, seed=5, key=Key(3, "minor"), iterations=3))


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_all_formats_and_the_json(piece, tmp_path):
    pytest.importorskip("verovio")
    pytest.importorskip("matplotlib")
    pytest.importorskip("midirenderer")
    done = deliver(piece, tmp_path / "new" / "folder")
    assert done.missing == ()
    endings = [".json", ".mid", ".musicxml", ".wav", "-roll.png", "-score.png"]
    assert {path.name for path in done.files} == {STEM + ending for ending in endings}
    assert names(tmp_path / "new" / "folder") == sorted(path.name for path in done.files)
    magic = {".mid": b"MThd", ".musicxml": b"<?xml", ".wav": b"RIFF", ".png": b"\x89PNG", ".json": b"{"}
    for path in done.files:
        assert path.read_bytes().startswith(magic[path.suffix])
    assert load(tmp_path / "new" / "folder" / f"{STEM}.mid").timeline.key == Key(3, "minor")


def test_the_json_tells_how_it_came_about(piece, tmp_path, tiny_composer):
    deliver(piece, tmp_path, formats=["midi"])
    record = json.loads((tmp_path / f"{STEM}.json").read_text("utf-8"))
    assert record["files"] == [f"{STEM}.mid"]
    assert record["model"] == "tiny"
    assert record["model_sha256"] == tiny_composer.checksum
    assert (tmp_path / record["model_folder"]).resolve() == Path(tiny_composer.given).resolve()
    assert Request.from_dict(record["request"]) == Request(bars=2, seed=5, key=Key(3, "minor"), iterations=3)
    assert record["inputs"] == []
    assert record["task"] == {"name": "compose", "options": {}, "held": "nothing"}


def test_only_the_formats_that_are_asked_for(piece, tmp_path):
    deliver(piece, tmp_path, formats=["musicxml", "midi"], stem="mine")
    assert names(tmp_path) == ["mine.json", "mine.mid", "mine.musicxml"]
    with pytest.raises(UsageError, match=r"formats: expected some of midi, .*, got mp4"):
        deliver(piece, tmp_path / "other", formats=["midi", "mp4"])
    assert not (tmp_path / "other").exists()


def test_the_same_piece_takes_its_own_place_and_another_one_does_not(piece, tmp_path):
    other = replace(piece, settings={**piece.settings, "request": {**piece.settings["request"], "temperature": 2.0}})
    assert file_stem(piece) == file_stem(other) == STEM
    for one in (piece, other, piece, other):
        deliver(one, tmp_path, formats=["midi"])
    assert names(tmp_path) == sorted(f"{stem}{end}" for stem in (STEM, f"{STEM}-2") for end in (".json", ".mid"))


def without(monkeypatch, *modules):
    for name in {*modules, *sys.modules}:
        if name.split(".")[0] in modules:
            monkeypatch.setitem(sys.modules, name, None)


def test_missing_libraries_are_told_and_the_rest_is_written(piece, tmp_path, monkeypatch):
    without(monkeypatch, "midirenderer", "matplotlib", "verovio")
    done = deliver(piece, tmp_path)
    assert names(tmp_path) == [f"{STEM}.json", f"{STEM}.mid", f"{STEM}.musicxml"]
    assert [line.split(":")[0] for line in done.missing] == ["sound", "roll", "score"]
    for line, extra in zip(done.missing, ("audio", "plots", "notation"), strict=True):
        assert f'pip install "credo-music[{extra}]"' in line


def test_a_missing_library_that_is_needed_by_name_fails_and_leaves_nothing(piece, tmp_path, monkeypatch):
    without(monkeypatch, "matplotlib")
    with pytest.raises(MissingExtraError, match=r"credo-music\[plots\]"):
        deliver(piece, tmp_path / "a" / "b", formats=["midi", "roll"])
    assert names(tmp_path) == []


def full(*_):
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_full_disk_leaves_nothing(piece, tmp_path, monkeypatch):
    deliver(piece, tmp_path / "old", formats=["midi"], stem="kept")
    before = {path: path.read_bytes() for path in (tmp_path / "old").iterdir()}
    monkeypatch.setitem(FORMATS, "musicxml", (".musicxml", full))
    for folder in (tmp_path / "old", tmp_path / "new"):
        with pytest.raises(FileError, match="cannot be written to: no space left on device"):
            deliver(piece, folder, formats=["midi", "musicxml"], stem="kept")
    assert {path: path.read_bytes() for path in (tmp_path / "old").iterdir()} == before
    assert names(tmp_path) == ["old"]


def test_a_disk_that_is_full_in_earnest_leaves_nothing(piece, tmp_path):
    pytest.importorskip("midirenderer")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))  # enough for MIDI, not for sound
    try:
        with pytest.raises(FileError, match="file too large"):
            deliver(piece, tmp_path / "new", formats=["midi", "sound"])
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert names(tmp_path) == []


@pytest.mark.parametrize("error", [CredoError("the synthesiser failed"), RuntimeError("a bug"), KeyboardInterrupt()])
def test_whatever_a_writer_raises_nothing_is_left(piece, tmp_path, monkeypatch, error):
    def fail(*_):
        raise error

    monkeypatch.setitem(FORMATS, "score", ("-score.png", fail))
    with pytest.raises(type(error)):
        deliver(piece, tmp_path / "new")
    assert names(tmp_path) == []


def test_moving_into_place_is_undone(piece, tmp_path, monkeypatch):
    moved = []

    def replace_once(source, target):
        if moved:
            full()
        moved.append(target)
        Path(source).rename(target)

    monkeypatch.setattr(delivery.os, "replace", replace_once)
    monkeypatch.setitem(FORMATS, "midi", (".mid", lambda _, path: path.write_bytes(b"MThd")))
    with pytest.raises(FileError):
        deliver(piece, tmp_path, formats=["midi"])
    assert moved
    assert names(tmp_path) == []


def test_what_cannot_be_a_folder(piece, tmp_path):
    (tmp_path / "file").write_text("mine")
    for folder in (tmp_path / "file", tmp_path / "file" / "below"):
        with pytest.raises(FileError):
            deliver(piece, folder, formats=["midi"])
    (tmp_path / "there" / "x.mid").mkdir(parents=True)
    with pytest.raises(FileError, match="expected a file to write, found a folder"):
        deliver(piece, tmp_path / "there", formats=["midi"], stem="x")
    assert names(tmp_path) == ["file", "there"]
    assert names(tmp_path / "there") == ["x.mid"]


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written(piece, tmp_path):
    (tmp_path / "closed").mkdir(mode=0o500)
    with pytest.raises(FileError, match="permission denied"):
        deliver(piece, tmp_path / "closed", formats=["midi"])
