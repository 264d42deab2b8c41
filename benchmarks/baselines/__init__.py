"""Plain generators of chorales that a model must beat; each module has one function `generate` and is a command.

From the folder `benchmarks`: `python -m baselines.markov --corpus CORPUS --count 64 --bars 8 --out FOLDER`. The result
is a corpus folder that `credo.Corpus.load` reads.
"""
