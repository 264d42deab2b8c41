"""A band: parts for players, from the voices that a model sampled."""
