"""Imports are light: `import credo`, the music wing and `credo --help` load no tensor library."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

import credo

SOURCE = Path(credo.__file__).parent
TENSORS = ("keras", "jax", "tensorflow", "torch")
EXPORTS = {
    **{"Composer": "compose", "Request": "compose", "Seed": "compose", "Corpus": "corpora", "CredoError": "errors"},
    **{"DBN": "models", "RBM": "models", "Grid": "music", "Key": "music", "Score": "music", "Texture": "music"},
    **{"Recipe": "training", "train": "training", "load": "io", "save": "io"},
}


def modules_below(*folders: str) -> list[str]:
    files = [path for folder in folders for path in sorted((SOURCE / folder).rglob("*.py"))]
    names = [".".join(("credo", *path.relative_to(SOURCE).with_suffix("").parts)) for path in files]
    return [name.removesuffix(".__init__") for name in names]


def python(code: str, **environment: str) -> str:
    inherited = {key: value for key, value in os.environ.items() if key != "KERAS_BACKEND"}
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env={**inherited, **environment}, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1]


def loaded(code: str, names: tuple[str, ...] = TENSORS) -> list[str]:
    """Which of some libraries are loaded after a piece of code."""
    return json.loads(python(f"{code}\nimport json, sys\nprint(json.dumps([n for n in {names} if n in sys.modules]))"))


def importing(modules: list[str]) -> str:
    return "\n".join(f"import {module}" for module in modules)


def test_the_music_wing_loads_no_tensor_library():
    modules = modules_below("music", "io", "corpora", "rendering")
    assert len(modules) > 40
    assert loaded(importing([*modules, "credo.compose.masks", "credo.errors", "credo.shapes"])) == []


def test_that_test_can_fail():
    assert loaded("import credo.models.rbm")[0] == "keras"


def test_the_name_alone_loads_nothing():
    heavy = (*TENSORS, "numpy", "symusic", "rich", "typer")
    assert loaded("import credo; credo.__version__; dir(credo)", heavy) == []


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["compose", "--help"], ["corpus", "--help"]])
def test_help_waits_for_no_library(arguments):
    heavy = (*TENSORS, "symusic", "matplotlib", "verovio", "music21", "midirenderer", "soundfile", "defusedxml")
    assert loaded(f"from credo.cli.main import run\nassert run({arguments}) == 0", heavy) == []


def test_wrong_wishes_are_told_before_a_tensor_library_is_loaded():
    for arguments in (["--bars", "0"], ["--model", "nowhere"], ["--formats", "mp4"], ["--again", "nothing.json"]):
        assert loaded(f"from credo.cli.main import run\nassert run({['compose', *arguments]}) == 2") == []


def test_exactly_these_names_are_exported():
    assert sorted(credo.__all__) == sorted(EXPORTS)
    assert set(dir(credo)) == {*EXPORTS, "__version__"}
    with pytest.raises(AttributeError, match="module 'credo' has no attribute 'Music'"):
        credo.Music  # noqa: B018


@pytest.mark.machine
@pytest.mark.once
def test_each_name_can_be_imported():
    for name in EXPORTS:
        thing = getattr(credo, name)
        assert getattr(thing, "__name__", name) == name
        assert thing.__module__.split(".")[1] == EXPORTS[name]


def test_whoever_imports_keras_has_chosen_a_backend_before():
    """Keras takes TensorFlow, be it there or not, unless somebody chooses before it is first imported."""
    sources = {path: path.read_text("utf-8") for path in SOURCE.rglob("*.py")}
    importers = {path for path, text in sources.items() if re.search(r"^(import|from) keras\b", text, re.MULTILINE)}
    packages = sorted({path.relative_to(SOURCE).parts[0] for path in importers})
    assert {"models", "sampling", "training"} <= set(packages)
    for package in packages:
        assert loaded(f"import credo.{package}", ("credo.models", "keras")) == ["credo.models"], package
