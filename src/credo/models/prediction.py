"""Going up and down through an unrolled network, with means, to tell the cells that are not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from credo.models import labels

if TYPE_CHECKING:
    from credo.models.dbn import DBN


def predict(dbn: DBN, v: Any, known: Any, passes: int, keep: Any) -> Any:
    """Logits of all visible units, given the known ones; labels are not known.

    Args:
        dbn: the network.
        v: visible states, shape (B, N); what stands in unknown places does not count.
        known: shape (B, N), 1 where the state is known.
        passes: how often to go up and down.
        keep: factors of the first layer's hidden units (dropout), shape (B, H); None for none.

    Returns:
        Logits, shape (B, N).
    """
    guess = labels.without(dbn, dbn.rbms[0], ops.convert_to_tensor(dbn.rbms[0].m))
    logits = None
    for _ in range(passes):
        state = known * v + (1 - known) * guess
        fields = []  # what each hidden layer hears from below
        for depth, rbm in enumerate(dbn.rbms):
            fields.append(rbm.h_field_from_v(labels.beside(dbn, state) if rbm is dbn.rbms[-1] else state))
            state = ops.sigmoid(rbm.b + fields[-1])
            if keep is not None and depth == 0:
                state = rbm.l + (state - rbm.l) * keep
        # P(h | below, above) is proportional to P(h | above) P(below | h). The normaliser of the second factor is
        # taken as constant, so that on the way down a layer hears both neighbours, as in a Boltzmann machine.
        for rbm, field in zip(reversed(dbn.rbms[1:]), reversed(fields[:-1]), strict=True):
            state = ops.sigmoid(labels.without(dbn, rbm, rbm.v_logits_from_h(state)) + field)
        if keep is not None and len(dbn.rbms) > 1:
            state = dbn.rbms[0].l + (state - dbn.rbms[0].l) * keep
        logits = v_logits(dbn, state, known * v + (1 - known) * guess)
        guess = dbn.visible.mean(logits)
    return logits


def v_logits(dbn: DBN, h: Any, v: Any) -> Any:
    """Logits of the visible units given the first hidden layer and, where they are coupled, the others of them."""
    low = dbn.rbms[0]
    logits = labels.without(dbn, low, low.v_logits_from_h(h))
    return logits if dbn.lateral is None else logits + dbn.lateral.field(v - labels.without(dbn, low, low.m))
