"""Training data: from files to grids on disk."""
