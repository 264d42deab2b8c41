"""Scores as sound: played, in stems, brought to a level, and written with loops and marks."""
