"""How good, measured."""
