"""One tiny model, trained once, for all tests that compose; compiled fast, and once."""

import gc
import os
import sys
from pathlib import Path

import pytest

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE))  # for tiny.py, which folders of tests share
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(HERE.parent / ".pytest_cache" / "compiled"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0.05")
os.environ.setdefault("JAX_DISABLE_MOST_OPTIMIZATIONS", "1")  # tests compile much and compute little
os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads cost small machines more than they bring
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")


def pytest_collection_modifyitems(config, items):
    """Leave the tests marked `once` to JAX, which is always installed."""
    if os.environ.get("KERAS_BACKEND", "jax") != "jax":
        left_out = [item for item in items if item.get_closest_marker("once")]
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in set(left_out)]


@pytest.fixture(autouse=True, scope="session")
def _own_folders(tmp_path_factory):
    """The user's folders are the tests' own."""
    with pytest.MonkeyPatch.context() as patch:
        for name in ("XDG_CACHE_HOME", "XDG_DATA_HOME"):
            patch.setenv(name, str(tmp_path_factory.getbasetemp() / name.lower()))
        yield


@pytest.fixture(autouse=True, scope="module")
def _forget_what_was_compiled():
    """What JAX has compiled for a file of tests is of no use to the next one, and gigabytes in the end."""
    yield
    if "jax" in sys.modules:
        sys.modules["jax"].clear_caches()
        gc.collect()


@pytest.fixture(scope="session")
def tiny_run(tmp_path_factory):
    """The folder of a finished run."""
    import tiny
    from credo.training.runs import train

    out = tmp_path_factory.mktemp("runs") / "tiny"
    train(tiny.corpus(), tiny.RECIPE, out, chunk_steps=tiny.CHUNK)
    return out


@pytest.fixture(scope="session")
def tiny_composer(tiny_run):
    """A composer with the model of that run; what it compiles is shared by the tests."""
    from tiny import composer_of

    return composer_of(tiny_run)
