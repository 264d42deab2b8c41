"""Credo learns from music and writes new music with deep belief networks."""

__version__ = "0.1.0"
