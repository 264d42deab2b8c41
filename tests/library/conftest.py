import importlib.util
from pathlib import Path

import pytest

from credo.library.places import open_library


@pytest.fixture(params=["sqlite", "lance"])
def store(request, tmp_path):
    """An empty library, of each kind."""
    if request.param == "lance" and not importlib.util.find_spec("lancedb"):
        pytest.skip('LanceDB is not installed: pip install "credo-music[fleet]"')
    opened = open_library(Path(tmp_path, f"library.{request.param}"), new=True)
    yield opened
    opened.close()
