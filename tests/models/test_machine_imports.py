"""The machine wing never hears of notes, and chooses a backend only where the user chose none."""

import os
import subprocess
import sys

import keras
import pytest

pytestmark = [pytest.mark.machine, pytest.mark.once]
MUSIC_WING = tuple(f"credo.{name}" for name in ("music", "io", "corpora", "rendering", "compose", "cli"))
HEAVY = ("symusic", "music21", "verovio", "typer")  # Keras itself loads rich, and matplotlib where it is installed
MACHINE_WING = (
    *(f"credo.models.{name}" for name in ("backend", "dbn", "folder", "random", "rbm", "units")),
    *(f"credo.sampling.{name}" for name in ("anneal", "gibbs")),
    *(f"credo.training.{name}" for name in ("finetune", "greedy")),
    "credo.evaluation.likelihood.monitor",
)


def python(code, **environment):
    """What a fresh interpreter prints; a variable set to None is removed."""
    variables = {**os.environ, **environment}
    variables = {name: value for name, value in variables.items() if value is not None}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=variables, check=True)
    return run.stdout.split()


def strangers(*modules):
    code = f"import sys; import {', '.join(modules)}; print(*(m for m in {MUSIC_WING + HEAVY} if m in sys.modules))"
    return python(code)


def test_the_machine_wing_loads_nothing_of_the_music_wing():
    assert strangers(*MACHINE_WING) == []


def test_this_test_can_fail():
    assert strangers("credo.models", "credo.music.pitch") == ["credo.music"]


def choice(code, **environment):
    """What stands in KERAS_BACKEND afterwards, and whether Keras was loaded."""
    return python(f"import sys, os; {code}; print(os.environ['KERAS_BACKEND'], 'keras' in sys.modules)", **environment)


@pytest.mark.parametrize("package", ["models", "training"])
def test_jax_is_chosen_where_the_user_chose_none_and_before_keras_is_loaded(package):
    pytest.importorskip("jax")
    assert choice(f"import credo.{package}", KERAS_BACKEND=None) == ["jax", "False"]


@pytest.mark.parametrize("chosen", ["jax", "tensorflow", "torch"])
def test_what_the_user_chose_stays(chosen):
    assert choice("import credo.models", KERAS_BACKEND=chosen) == [chosen, "False"]


def test_what_keras_was_loaded_with_stays(tmp_path):
    """Keras was imported first, with the choice in its own file."""
    chosen = keras.backend.backend()
    (tmp_path / "keras.json").write_text(f'{{"backend": "{chosen}"}}')
    code = "import os, keras, credo.models.rbm; print('KERAS_BACKEND' in os.environ, keras.backend.backend())"
    assert python(code, KERAS_BACKEND=None, KERAS_HOME=str(tmp_path)) == ["False", chosen]
