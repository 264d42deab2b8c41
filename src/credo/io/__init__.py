"""Files to scores and back."""

from __future__ import annotations

__all__ = ["load", "save"]


def __getattr__(name: str):
    if name in __all__:
        from credo.io import files

        return getattr(files, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
