"""Blind listening tests: built from folders of music, taken in a browser, analysed."""
