"""How the next layer of a stack begins."""

from __future__ import annotations

import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models.rbm import RBM


def start_upside_down(top: RBM, below: RBM) -> None:
    """Start an RBM as the one below it turned upside down.

    The first N hidden units of the new machine stand for the visible units of the one below. If there are more, these
    others start with biases of zero and the small weights that they have. Then P(h) of the new layer is what the one
    below implies, so that a stack of both is the model that the one below is alone: its lower bound starts at that
    machine's likelihood, and training the new layer can only raise it (Hinton, Osindero & Teh 2006, section 4).

    Args:
        top: the machine to start; its visible units are the hidden units of the other.
        below: a trained machine of Bernoulli units, of N visible and H hidden ones.

    Raises:
        UsageError: the machines do not fit onto each other, or have spans.
    """
    N, H = below.visible.size, below.hidden.size
    plain = below.span == top.span == 1 and below.visible.groups == N
    if not plain or top.visible.size != H or top.hidden.size < N:
        raise UsageError(
            f"start_upside_down: expected plain machines of bits, of {H} visible units and at least {N} hidden ones on "
            f"top, got {top.visible.size} and {top.hidden.size}"
        )
    W, a, b, m, l = (ops.convert_to_numpy(x) for x in (below.W, below.a, below.b, below.m, below.l))  # noqa: E741
    more = top.hidden.size - N
    own = ops.convert_to_numpy(top.W)[:, N:]
    top.W.assign(np.concatenate([W.T, own], axis=1))
    top.l.assign(np.concatenate([m, np.full(more, 0.5, np.float32)]))
    top.m.assign(l)
    top.b.assign(np.concatenate([a, np.zeros(more, np.float32)]))
    top.a.assign(b)
