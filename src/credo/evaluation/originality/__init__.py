"""What a piece has in common with other pieces, and whether that is more than they have with one another."""

from credo.evaluation.originality.fingerprints import CELL_BARS, FORMAT_VERSION, RUN_MOVES, Fingerprints, Run

__all__ = ["CELL_BARS", "FORMAT_VERSION", "RUN_MOVES", "Fingerprints", "Run"]
