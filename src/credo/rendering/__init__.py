"""Scores to sound and pictures."""
