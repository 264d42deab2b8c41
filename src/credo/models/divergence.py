"""Contrastive divergence: chains of an RBM, and the gradients that they give.

The gradient of the log-likelihood is <(v - m)(h - l)'>_data - <(v - m)(h - l)'>_model, and so for the biases. The
second mean is taken over chains after k steps: from the data (CD-k; Hinton 2002) or from where they were (PCD; Tieleman
2008).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from credo.models import blocks, random
from credo.models.backend import workers

if TYPE_CHECKING:
    from credo.models.rbm import RBM, Parameters

#: Chains of up to so many steps are unrolled; longer ones are a loop, which is compiled in the time of one step.
_UNROLLED = 4


def run_chain(rbm: RBM, p: Parameters, v: Any, h_mean: Any, key: Any) -> tuple[Any, Any]:
    """`k` steps of block Gibbs from v; held codes never change.

    Args:
        rbm: the machine.
        p: its numbers.
        v: visible states, shape (B, N) or (B, L, N).
        h_mean: P(h = 1 | v), shape (B, H) or (B, L, H).
        key: of the draws; step t takes the keys 2t (hidden) and 2t + 1 (visible).

    Returns:
        The last visible states, and the visible logits of the first step; both of v's shape.
    """
    known = None if rbm.held is None else rbm.visible.spread(ops.convert_to_tensor(rbm.held, dtype="float32"))
    start, lead = v, ops.shape(v)[:-1]

    def half_step(index: Any, h_mean: Any) -> tuple[Any, Any]:
        here = random.advance(key, 2 * index)
        h = ops.cast(random.uniform(here, (*lead, rbm.hidden.size)) < h_mean, "float32")
        logits = p.a + rbm.v_field_from_h(h, p)
        sampled = blocks.draw(rbm.visible, logits, random.advance(here))
        return sampled if known is None else known * start + (1 - known) * sampled, logits

    def step(index: Any, v: Any) -> Any:
        return half_step(index, rbm.hidden.mean(p.b + rbm.h_field_from_v(v, p)))[0]

    v, first_logits = half_step(0, h_mean)
    if rbm.k > _UNROLLED:
        return ops.stop_gradient(ops.fori_loop(1, rbm.k, step, v)), first_logits
    for index in range(1, rbm.k):
        v = step(index, v)
    return v, first_logits


def surrogate(rbm: RBM, p: Parameters, data: tuple[Any, Any], model: tuple[Any, Any]) -> Any:
    """Sum over parameters of (parameter x gradient), whose gradient is exactly that of contrastive divergence.

    Args:
        rbm: the machine, whose W, a and b get the gradients.
        p: its numbers, as constants.
        data: visible states (B, N) or (B, L, N) and hidden means (B, H) or (B, L, H) of the data.
        model: the same of the chains.

    Returns:
        A number that means nothing.
    """
    (v0, h0), (vk, hk) = data, model
    gradient_W = statistics(rbm, p, data, model)
    if rbm.l2:
        gradient_W = gradient_W + rbm.l2 * p.W
    gradient_a = ops.mean(rows(vk), axis=0) - ops.mean(rows(v0), axis=0)
    gradient_b = ops.mean(rows(hk), axis=0) - ops.mean(rows(h0), axis=0)
    if rbm.sparsity:
        gradient_b = gradient_b + sparsity(rows(h0), rbm.target, rbm.sparsity)
    return zero_with_gradients((rbm.W, rbm.a, rbm.b), (gradient_W, gradient_a, gradient_b))


def zero_with_gradients(parameters: Any, gradients: Any) -> Any:
    """Zero, whose gradients are given: the sum of (parameter x gradient) without the passes that would add it up."""

    @ops.custom_gradient
    def zero(*values: Any) -> Any:
        def backward(*arguments: Any, upstream: Any = None) -> Any:
            scale = arguments[0] if upstream is None else upstream  # torch names it, the others do not
            return tuple(scale * gradient for gradient in gradients)

        return 0.0 * ops.sum(values[-1]), backward

    gradients = tuple(ops.stop_gradient(gradient) for gradient in gradients)
    return zero(*(ops.reshape(parameter, parameter.shape) for parameter in parameters))  # TensorFlow wants tensors


def statistics(rbm: RBM, p: Parameters, data: tuple[Any, Any], model: tuple[Any, Any]) -> Any:
    """Mean over rows and blocks of patch(v - m) (h - l)', of the model minus of the data, shape (S N, H).

    One product over both is faster than two; dealt out to many workers, it would have to move all rows first.
    """
    heard = [rows(rbm.patches(v - p.m)) for v, _ in (model, data)]
    hears = [rows(h - p.l) for _, h in (model, data)]
    counts = [ops.cast(ops.shape(h)[0], "float32") for h in hears]
    weighted = [hears[0] / counts[0], hears[1] / -counts[1]]
    if workers.current().count > 1:
        return sum(ops.matmul(ops.transpose(x), h) for x, h in zip(heard, weighted, strict=True))
    return ops.matmul(ops.transpose(ops.concatenate(heard, axis=0)), ops.concatenate(weighted, axis=0))


def sparsity(h: Any, target: float, cost: float) -> Any:
    """The gradient that keeps hidden units on for a given share of the time (Lee, Ekanadham & Ng 2008).

    The cost is lambda sum_j (p - q_j)^2, with q_j the mean of P(h_j = 1 | v) over the batch. Its gradient is given to
    the hidden biases alone, as in the paper:

        d / d b_j = 2 lambda (q_j - p) mean over rows of P(h_j = 1 | v) (1 - P(h_j = 1 | v))

    Args:
        h: P(h = 1 | v) of the data, shape (rows, H).
        target: p.
        cost: lambda.

    Returns:
        What is added to the gradient of the loss, shape (H,).
    """
    return 2 * cost * (ops.mean(h, axis=0) - target) * ops.mean(h * (1 - h), axis=0)


def rows(x: Any) -> Any:
    """All blocks one below the other; (B, ..., N) to (B L, N)."""
    return ops.reshape(x, (-1, x.shape[-1]))
