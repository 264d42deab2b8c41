"""Tempo and bars that keep the times of a cue sheet."""
