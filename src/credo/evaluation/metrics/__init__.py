"""Figures of single pieces: what a score is measured by."""
