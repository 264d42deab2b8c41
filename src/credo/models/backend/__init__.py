"""The one package that knows which backend runs below Keras.

Everything else is written in `keras.ops`. What `keras.ops` lacks is here, such as compiling a function once; many steps
of training in one compiled call are in `stepper`, and what many processes need is in `workers`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import keras
from keras import ops


def name() -> str:
    """The backend in use: `jax`, `tensorflow` or `torch`."""
    return keras.backend.backend()


def compiled(model: keras.Model, function: Callable[..., Any], *, soon: bool = False) -> Callable[..., Any]:
    """Compile a function that reads a model's variables and returns arrays, once a shape of its arguments.

    The variables are handed in anew at each call, so that the compiled function follows the training.

    Args:
        model: whose variables the function reads. The function must not assign to them.
        function: takes and returns arrays (or nests of them), written in `keras.ops`.
        soon: whether it is wanted soon and for a few seconds only: JAX on a CPU then leaves out what takes the compiler
            long. Matrix products, which take the time of most functions here, are as fast.

    Returns:
        A function of the same arguments. It gives back arrays of the backend.
    """
    if name() == "jax":
        import jax

        def pure(values: list[Any], *arguments: Any) -> Any:
            with keras.StatelessScope(state_mapping=zip(model.variables, values, strict=True)):
                return function(*arguments)

        hurried = soon and jax.default_backend() == "cpu"
        jitted = jax.jit(pure, compiler_options={"xla_llvm_disable_expensive_passes": True} if hurried else None)
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
    """The matrix product in bfloat16, and so are its gradients; on JAX with sums in float32.

    Where the processor has units for it (AMX, tensor cores), it is several times as fast as in float32. Other backends
    round the result to bfloat16, and on processors without such units may sum in it too.

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
