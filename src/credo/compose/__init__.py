"""The bridge: a musical wish becomes a mask, a sample becomes a score."""

import credo.models  # noqa: F401 - chooses the backend of Keras, before any module here imports Keras
