"""Restricted Boltzmann machines and deep belief networks, on `keras.ops` alone.

Keras reads the name of its backend once, when it is first imported, and assumes TensorFlow where nobody chose. Credo's
default is JAX (smallest install, fastest loops on a CPU), so the choice is made here, before any of Credo's modules
imports Keras, and only where the user made none through `KERAS_BACKEND` or by importing Keras first.
"""

import importlib.util
import os
import sys

if "keras" not in sys.modules and "KERAS_BACKEND" not in os.environ:
    os.environ["KERAS_BACKEND"] = next(
        (name for name in ("jax", "torch", "tensorflow") if importlib.util.find_spec(name)), "jax"
    )
