"""Corpora that are declared once, and what they need."""
