"""Credo learns from music and writes new music with deep belief networks.

The names below are loaded when they are first used, so that `import credo` costs nothing.
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_NAMES = {
    "Composer": "credo.compose.generate",
    "Corpus": "credo.corpora.corpus",
    "CredoError": "credo.errors",
    "DBN": "credo.models.dbn",
    "Grid": "credo.music.grid",
    "Key": "credo.music.pitch",
    "RBM": "credo.models.rbm",
    "Recipe": "credo.training.recipe",
    "Request": "credo.compose.generate",
    "Score": "credo.music.score",
    "Seed": "credo.compose.seeds",
    "Texture": "credo.music.texture",
    "load": "credo.io.files",
    "save": "credo.io.files",
    "train": "credo.training.runs",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name not in _NAMES:
        raise AttributeError(f"module 'credo' has no attribute {name!r}")
    return getattr(importlib.import_module(_NAMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
