import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


def example(name: str):
    """An example as a module."""
    spec = importlib.util.spec_from_file_location(name, EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.machine
def test_every_task_on_one_page(tiny_run: Path, tmp_path: Path) -> None:
    from credo.compose.tasks import TASKS

    done = example("tasks").main(str(tiny_run), str(tmp_path / "out"), bars=4, iterations=3)
    assert {path.stem for path in (tmp_path / "out").iterdir()} == set(done)
    assert {piece.settings["task"]["name"] for piece in done.values()} == {"compose", "form", *TASKS}


@pytest.mark.machine
@pytest.mark.skipif(importlib.util.find_spec("music21") is None, reason='needs the chorales: pip install "music21"')
def test_the_articles_example_runs_as_written(tmp_path: Path) -> None:
    import keras

    from credo.io.files import load

    dbn = example("article").main(out=str(tmp_path / "article"), windows=512, epochs=1, hidden=(48, 24), steps=20)

    machines = (keras.Model,)
    if os.environ.get("KERAS_BACKEND") == "tensorflow":
        import tensorflow

        machines = (keras.Model, tensorflow.keras.Model)
    assert all(isinstance(machine, kind) for machine in (dbn, *dbn.rbms) for kind in machines)
    assert load(tmp_path / "article.mid").timeline.length == 16
    again = keras.saving.load_model(tmp_path / "article.keras")
    ours, theirs = (network.generate(2, steps=3, seed=5, blocks=7) for network in (dbn, again))
    assert np.array_equal(ours, theirs)


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("briefs/*.toml")), ids=lambda path: path.stem)
def test_briefs_are_read_and_can_be_met(path: Path) -> None:
    from credo.compose.cue.outline import outline
    from credo.compose.cue.sheets.brief import Brief

    brief = Brief.read(path)
    plan = outline(brief)
    assert plan.fit.seconds == pytest.approx(brief.seconds, abs=1e-3)
    assert all(landing.reached and abs(landing.residual_ms) < 10 for landing in plan.fit.landings)


@pytest.mark.machine
@pytest.mark.once
def test_a_cue_of_a_brief_with_its_page(tiny_run: Path, tmp_path: Path) -> None:
    for library in ("midirenderer", "soundfile", "jinja2"):
        pytest.importorskip(library, reason="needs the extra compose")
    brief = tmp_path / "short.toml"
    brief.write_text(f'bars = 2\ntempo = 120\nending = "loop"\nseed = 1\nmodel = "{tiny_run}"\n')
    [folder] = example("cue").main([brief], str(tmp_path / "out"), players=("web",))
    assert (folder / "player.html").is_file()
