"""The one place that knows which backend runs below Keras.

Everything else is written in `keras.ops`. What `keras.ops` lacks is here: compiling a function once, and running many
training steps in one compiled call.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
import numpy as np
from keras import ops

from credo.strips import Strip


def name() -> str:
    """The backend in use: `jax`, `tensorflow` or `torch`."""
    return keras.backend.backend()


def compiled(model: keras.Model, function: Callable[..., Any]) -> Callable[..., Any]:
    """Compile a function that reads a model's variables and returns arrays, once a shape of its arguments.

    The variables are handed in anew at each call, so that the compiled function follows the training.

    Args:
        model: whose variables the function reads. The function must not assign to them.
        function: takes and returns arrays (or nests of them), written in `keras.ops`.

    Returns:
        A function of the same arguments. It gives back arrays of the backend.
    """
    if name() == "jax":
        import jax

        def pure(values: list[Any], *arguments: Any) -> Any:
            with keras.StatelessScope(state_mapping=zip(model.variables, values, strict=True)):
                return function(*arguments)

        jitted = jax.jit(pure)
        return lambda *arguments: jitted([variable.value for variable in model.variables], *arguments)
    if name() == "tensorflow":
        import tensorflow as tf

        # XLA on a CPU: 10 times slower. Autograph: nothing to rewrite in `keras.ops`, and it hides our own exceptions.
        return tf.function(function, jit_compile=False, autograph=False)

    import torch

    def without_gradients(*arguments: Any) -> Any:
        with torch.no_grad():
            return function(*arguments)

    return without_gradients


def half_product(x: Any, W: Any) -> Any:
    """The matrix product in bfloat16 with sums in float32, and so are its gradients.

    Where the processor has units for it (AMX, tensor cores), it is several times as fast as in float32.

    Args:
        x: shape (..., N), float32.
        W: shape (N, H), float32.

    Returns:
        Shape (..., H), float32.
    """
    if name() != "jax":
        halves = (ops.cast(each, "bfloat16") for each in (x, W))
        return ops.cast(ops.matmul(*halves), "float32")
    return _jax_half_product()(ops.convert_to_tensor(x), ops.convert_to_tensor(W))


@cache
def _jax_half_product() -> Callable[..., Any]:
    """XLA takes the fast units of a CPU only where the sums are asked for in float32; JAX alone can say so."""
    import jax
    from jax import lax
    from jax import numpy as jnp

    def product(one: Any, other: Any, axes: tuple[Any, Any]) -> Any:
        halves = (each.astype(jnp.bfloat16) for each in (one, other))
        return lax.dot_general(*halves, (axes, ((), ())), preferred_element_type=jnp.float32)

    @jax.custom_vjp
    def forward(x: Any, W: Any) -> Any:
        return product(x, W, ((x.ndim - 1,), (0,)))

    def keep(x: Any, W: Any) -> Any:
        return forward(x, W), (x, W)

    def backward(kept: Any, gradient: Any) -> Any:
        x, W = kept
        rows, gradients = (each.reshape(-1, each.shape[-1]) for each in (x, gradient))
        return product(gradient, W, ((gradient.ndim - 1,), (1,))), product(rows, gradients, ((0,), (0,)))

    forward.defvjp(keep, backward)
    return forward


def states_along(step: Callable[[Any, Any], Any], start: Any, inputs: Any) -> Any:
    """All states of a recurrence; gradients flow through it.

    `ops.scan` of Keras does the same, but fails on TensorFlow where a state is a tuple and an output is not.

    Args:
        step: from a state (a tuple of arrays) and the inputs of a time (a tuple of arrays) to the next state.
        start: the state before the first time.
        inputs: a tuple of arrays of shape (T, ...).

    Returns:
        A tuple of arrays of shape (T, ...): the states after each time.
    """
    if name() == "jax":
        from jax import lax

        def both(state: Any, given: Any) -> Any:
            state = step(state, given)
            return state, state

        return lax.scan(both, tuple(start), tuple(inputs))[1]
    if name() == "tensorflow":
        import tensorflow as tf

        return tf.scan(step, tuple(inputs), initializer=tuple(ops.convert_to_tensor(x) for x in start))
    state, states = tuple(start), []
    for time in range(inputs[0].shape[0]):
        state = step(state, tuple(x[time] for x in inputs))
        states.append(state)
    return tuple(ops.stack(each) for each in zip(*states, strict=True))


class Stepper:
    """Runs many training steps of a compiled model for little more than the steps themselves cost.

    On JAX a whole run of steps is one `lax.scan` over the model's own `train_step`, so that Keras' bookkeeping between
    batches is paid once a call; elsewhere it is `train_on_batch`.

    Args:
        model: a model on which `compile` was called.
        data: the training data, shape (n, ...) or a strip of windows, kept in memory.
    """

    def __init__(self, model: keras.Model, data: np.ndarray | Strip) -> None:
        self.model = model
        self.data = data
        self._scan = self._build_scan() if name() == "jax" else None

    def run(self, batches: np.ndarray) -> dict[str, float]:
        """Train on batches of rows.

        Args:
            batches: row numbers, shape (steps, B).

        Returns:
            The model's metrics, averaged over these steps.
        """
        self.model.reset_metrics()
        if self._scan is None:
            logs = [self.model.train_on_batch(self.data[rows], return_dict=True) for rows in batches]  # each its own
            return {key: float(np.mean([each[key] for each in logs])) for key in logs[0]}
        model = self.model
        parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
        state, metrics = self._scan(
            tuple([variable.value for variable in part] for part in parts),
            [variable.value for variable in model.metrics_variables],
            self._device_data,
            batches.astype(np.int32),
        )
        for part, values in zip((*parts, model.metrics_variables), (*state, metrics), strict=True):
            for variable, value in zip(part, values, strict=True):
                variable.assign(value)
        return {key: float(value) for key, value in model.get_metrics_result().items()}

    def _build_scan(self) -> Callable[..., Any]:
        import jax
        from jax import lax

        model = self.model
        model.optimizer.build(model.trainable_variables)
        model._symbolic_build(data_batch=(self.data[:2],))  # creates the metrics' variables
        strip = self.data if isinstance(self.data, Strip) else None
        self._device_data = jax.device_put((strip.blocks, strip.starts.astype(np.int32)) if strip else self.data)

        def rows_of(data: Any, rows: Any) -> Any:
            return data[0][data[1][rows][:, None] + np.arange(strip.length)] if strip else data[rows]

        def scan(state: Any, metrics: Any, data: Any, batches: Any) -> Any:
            def step(carry: Any, rows: Any) -> Any:
                _, carry = model.train_step(carry, (rows_of(data, rows),))
                return carry, None

            carry, _ = lax.scan(step, (*state, metrics), batches)
            return carry[:-1], carry[-1]

        return jax.jit(scan, donate_argnums=0)
