"""Compiled functions are kept for the next process."""

import os
import subprocess
import sys

import keras
import pytest

from credo.models.backend.kept import _make_room

pytestmark = pytest.mark.machine

SCRIPT = """
import sys
from pathlib import Path
from credo.models.backend import kept
kept._WORTH_KEEPING = 0.0
place = kept.keep_compiled(Path(sys.argv[1]))
import keras
from credo.models.backend import compiled
print(place)
print(float(compiled(keras.Model(), lambda x: keras.ops.sum(x * x))(keras.ops.ones((7, 11)))))
"""


def run(folder, **more):
    environment = {key: value for key, value in os.environ.items() if key != "JAX_COMPILATION_CACHE_DIR"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(folder)],
        capture_output=True,
        text=True,
        check=True,
        env={**environment, **more},
    )
    return done.stdout.split()


def test_the_second_process_finds_what_the_first_compiled(tmp_path):
    if keras.backend.backend() != "jax":
        assert run(tmp_path)[0] == "None"
        return
    place, total = run(tmp_path)
    kept = {path.name for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith("-atime")}
    assert place.startswith(str(tmp_path))
    assert kept
    assert run(tmp_path)[1] == total == "77.0"
    assert {path.name for path in tmp_path.rglob("*") if path.is_file() and not path.name.endswith("-atime")} == kept


def test_what_was_not_read_for_longest_makes_room(tmp_path):
    for number in range(4):
        path = tmp_path / f"{number}-cache"
        path.write_bytes(bytes(100))
        os.utime(path, (1000 + (number + 2) % 4, 900))
    _make_room(tmp_path, 250)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0-cache", "1-cache"]
    _make_room(tmp_path, 250)
    assert len(list(tmp_path.iterdir())) == 2


def test_damaged_files_and_other_places_do_no_harm(tmp_path):
    run(tmp_path)
    for path in tmp_path.rglob("*"):
        if path.is_file():
            path.write_bytes(b"nothing of the kind")
    assert run(tmp_path)[1] == "77.0"
    (tmp_path / "file").write_text("")
    assert run(tmp_path / "file") == ["None", "77.0"]
    if keras.backend.backend() == "jax":
        assert run(tmp_path, JAX_COMPILATION_CACHE_DIR=str(tmp_path / "own"))[0] == str(tmp_path / "own")
