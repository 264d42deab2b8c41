"""Modules here that count notes load no tensor library, and this test can fail."""

import subprocess
import sys
from pathlib import Path

import pytest

import credo.evaluation

FOLDER = Path(credo.evaluation.__file__).parent
MODULES = sorted(
    ".".join(path.relative_to(FOLDER).with_suffix("").parts)
    for pattern in ("*.py", "metrics/*.py")
    for path in FOLDER.glob(pattern)
    if path.stem != "__init__"
)
HEAVY = ("keras", "jax", "torch", "tensorflow", "scipy", "symusic", "music21", "matplotlib")


def loaded_by(module: str) -> list[str]:
    code = f"import sys; import {module}; print(*(name for name in {HEAVY} if name in sys.modules))"
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()


@pytest.mark.parametrize("module", MODULES)
def test_counting_notes_loads_nothing_heavy(module):
    assert loaded_by(f"credo.evaluation.{module}") == []


def test_that_test_can_fail():
    assert "keras" in loaded_by("credo.evaluation.likelihood.monitor")
