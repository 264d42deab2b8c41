import importlib.util
import os
from pathlib import Path

import numpy as np
import pytest

EXAMPLES = Path(__file__).parent.parent / "examples"


@pytest.mark.machine
@pytest.mark.skipif(importlib.util.find_spec("music21") is None, reason='needs the chorales: pip install "music21"')
def test_the_articles_example_runs_as_written(tmp_path: Path) -> None:
    import keras

    from credo.io.files import load

    spec = importlib.util.spec_from_file_location("article", EXAMPLES / "article.py")
    article = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(article)
    dbn = article.main(out=str(tmp_path / "article"), windows=512, epochs=1, hidden=(48, 24), steps=20)

    machines = (keras.Model,)
    if os.environ.get("KERAS_BACKEND") == "tensorflow":
        import tensorflow

        machines = (keras.Model, tensorflow.keras.Model)
    assert all(isinstance(machine, kind) for machine in (dbn, *dbn.rbms) for kind in machines)
    assert load(tmp_path / "article.mid").timeline.length == 16
    again = keras.saving.load_model(tmp_path / "article.keras")
    ours, theirs = (network.generate(2, steps=3, seed=5, blocks=7) for network in (dbn, again))
    assert np.array_equal(ours, theirs)
