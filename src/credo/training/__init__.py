"""Pretraining, fine-tuning and runs that survive."""

import credo.models  # noqa: F401 - chooses the backend of Keras, before any module here imports Keras
