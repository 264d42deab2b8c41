"""The floors of the house: who may import whom, and how large a file may grow."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SOURCES = sorted((HERE.parent / "src" / "credo").rglob("*.py"))
BACKEND = HERE.parent / "src" / "credo" / "models" / "backend"
NAMES_A_BACKEND = re.compile(r"^\s*(import|from)\s+(jax|jaxlib|tensorflow|torch)\b", re.MULTILINE)

WRONG_FLOORS = """
[importlinter]
root_package = credo

[importlinter:contract:upside-down]
name = Upside down
type = layers
layers =
    errors
    cli
containers = credo
"""


def lint_imports(*arguments: str) -> subprocess.CompletedProcess:
    pytest.importorskip("importlinter")
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache", *arguments]
    return subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True)


def test_nobody_imports_from_above():
    done = lint_imports()
    assert done.returncode == 0, done.stdout
    assert "Floors: a module imports only from below KEPT" in done.stdout


def test_that_test_can_fail(tmp_path):
    (tmp_path / "wrong").write_text(WRONG_FLOORS)
    done = lint_imports("--config", str(tmp_path / "wrong"))
    assert done.returncode == 1
    assert "Upside down BROKEN" in done.stdout


def test_one_package_names_a_backend():
    assert {path.parent for path in SOURCES if NAMES_A_BACKEND.search(path.read_text("utf-8"))} == {BACKEND}


@pytest.mark.parametrize("line", ["import jax", "    import torch\n", "from jax import lax", "import tensorflow as tf"])
def test_a_backend_is_noticed(line):
    assert NAMES_A_BACKEND.search(f"x = 1\n{line}")
    assert not NAMES_A_BACKEND.search(f"# {line}")


def test_files_stay_small():
    assert len(SOURCES) > 60
    sizes = {path.name: len(path.read_text("utf-8").splitlines()) for path in SOURCES}
    assert {name: size for name, size in sizes.items() if size > 400} == {}
