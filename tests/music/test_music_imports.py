"""The music wing is light: it loads no tensor library and no file reader, and this test can fail."""

import subprocess
import sys

import pytest

HEAVY = ("keras", "jax", "torch", "tensorflow", "symusic", "music21", "matplotlib")
MODULES = (
    "grid harmony keys passage pitch score texture timelines transform window "
    "fitting.casting fitting.omissions fitting.placing fitting.quantising fitting.separation fitting.snapping "
    "fitting.sources"
)


def loaded_by(*modules):
    code = f"import sys; import {', '.join(modules)}; print(*(m for m in {HEAVY} if m in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


def test_the_music_wing_loads_nothing_heavy():
    assert loaded_by(*(f"credo.music.{module}" for module in MODULES.split())) == []


def test_this_test_can_fail():
    pytest.importorskip("symusic")
    assert loaded_by("credo.music.transform", "symusic") == ["symusic"]
