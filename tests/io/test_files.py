"""Loading and saving by suffix; writing whole or not at all."""

import errno
import os
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import pytest

import credo.io
from credo.errors import FileError, UsageError
from credo.io import files
from credo.io.atomic import atomic_path, write_bytes, write_text
from credo.music.score import Metre, Note, Part, Score, Tempo, Timeline

FLUTE = Part.of("Flute", [Note(Fraction(n), 72 + n, Fraction(1)) for n in range(4)], program=73, channel=0)
SCORE = Score((FLUTE,), Timeline(Fraction(4), (Tempo(Fraction(0), 90.0),), (Metre(Fraction(0), 4, 4),)))


@pytest.mark.parametrize("suffix", [*files.WRITABLE_SUFFIXES, ".MID", ".MusicXML"])
def test_what_is_saved_is_loaded(suffix, tmp_path):
    path = tmp_path / f"piece{suffix}"
    credo.io.save(SCORE, path)
    assert credo.io.load(path) == SCORE
    first = path.read_bytes()
    credo.io.save(SCORE, str(path))
    assert path.read_bytes() == first


def test_every_suffix_that_is_written_is_read():
    assert set(files.WRITABLE_SUFFIXES) <= set(files.SUFFIXES)
    assert set(files.MAX_BYTES) == set(files.SUFFIXES.values())


def test_a_suffix_that_cannot_be_written_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"expected one of \.mid"):
        credo.io.save(SCORE, tmp_path / "piece.abc")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", ["missing/piece.mid", "folder.mid"])
def test_a_place_that_cannot_be_written(place, tmp_path):
    (tmp_path / "folder.mid").mkdir()
    with pytest.raises(FileError):
        credo.io.save(SCORE, tmp_path / place)
    assert [path.name for path in tmp_path.iterdir()] == ["folder.mid"]


def test_a_full_disk_leaves_the_old_file_and_nothing_else(tmp_path, monkeypatch):
    path = tmp_path / "piece.mid"
    path.write_text("old")

    def full(self, data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(FileError, match="cannot be written: no space left on device"):
        credo.io.save(SCORE, path)
    assert path.read_text() == "old"
    assert [p.name for p in tmp_path.iterdir()] == ["piece.mid"]


def test_a_failure_inside_the_block_leaves_nothing_and_goes_on_up(tmp_path):
    def draw():
        with atomic_path(tmp_path / "x.png") as temporary:
            assert temporary.suffix == ".png"
            assert temporary.parent == tmp_path
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        draw()
    assert list(tmp_path.iterdir()) == []


def test_permissions_are_those_of_any_new_file(tmp_path):
    write_text(tmp_path / "new.txt", "a\r\nb\n")
    (tmp_path / "usual.txt").write_text("")
    assert (tmp_path / "new.txt").stat().st_mode == (tmp_path / "usual.txt").stat().st_mode
    assert (tmp_path / "new.txt").read_bytes() == b"a\r\nb\n"
    if sys.platform != "win32":
        (tmp_path / "new.txt").chmod(0o600)
        write_bytes(tmp_path / "new.txt", b"")
        assert (tmp_path / "new.txt").stat().st_mode & 0o777 == 0o600


def test_names_that_lead_out_of_the_folder_are_plain_paths(tmp_path):
    name = "ø" * 60 + ".mid"  # a long name, in bytes even longer
    credo.io.save(SCORE, tmp_path / name)
    assert credo.io.load(tmp_path / name) == SCORE


def _modules_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sys.modules)"
    return set(subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split())


def test_importing_is_light():
    heavy = {"symusic", "numpy", "music21", "keras", "credo.io.files"}
    assert not heavy & _modules_after("import credo.io")
    assert not (heavy - {"credo.io.files"}) & _modules_after("import credo.io.midi, credo.io.musicxml, credo.io.files")
    assert "credo.io.files" in _modules_after("import credo.io; credo.io.load")


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'lode'"):
        _ = credo.io.lode
