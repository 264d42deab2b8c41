"""Parts of `benchmarks/frame_likelihood.py`: data, models and table."""

import credo.models  # noqa: F401 - chooses the backend before any part imports Keras
