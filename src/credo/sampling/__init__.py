"""Kernels that sample a machine while some cells are held."""

import credo.models  # noqa: F401 - chooses the backend of Keras, before any module here imports Keras
