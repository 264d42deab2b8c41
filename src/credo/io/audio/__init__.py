"""Recordings to scores."""

from __future__ import annotations

__all__ = ["transcribe"]


def __getattr__(name: str):
    if name in __all__:
        from credo.io.audio import transcription

        return getattr(transcription, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
