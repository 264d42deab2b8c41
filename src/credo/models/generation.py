"""What a DBN generates: Gibbs chains through all of its layers, or through its top RBM alone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from keras import ops

from credo.models import blocks, labels, random
from credo.models.prediction import v_logits

if TYPE_CHECKING:
    from credo.models.dbn import DBN


def step(dbn: DBN, v: Any, key: Any, temperature: Any = 1.0, y: Any = None) -> Any:
    """Up, back and forth in the top RBM, and down, every layer sampled.

    Args:
        dbn: the network.
        v: visible states, shape (B, N).
        key: of the draws; uses `2 * layers` keys.
        temperature: divides all logits.
        y: one-hot labels, shape (B, C); None to draw them, where the network has any.

    Returns:
        Visible states, shape (B, N).
    """
    number, h = 0, v
    for rbm in dbn.rbms:
        if dbn.labels and rbm is dbn.rbms[-1]:
            h = labels.beside(dbn, h, labels.draw(dbn, h, key, temperature) if y is None else y)
        h = blocks.draw(rbm.hidden, rbm.h_logits_from_v(h) / temperature, random.advance(key, number))
        number += 1
    return _down(dbn, h, v, random.advance(key, number), temperature)


def chain(dbn: DBN, v: Any, known: Any, key: Any, temperature: Any, steps: Any, y: Any = None) -> Any:
    """Steps from a draw of the visible units by themselves; known codes are put back each time.

    Args:
        dbn: the network.
        v: visible states where codes are known, shape (B, N) or (B, L, N).
        known: which codes are known, shape (B, G) or (B, L, G), 1 or 0.
        key: of the draws.
        temperature: divides all logits.
        steps: their number.
        y: one-hot labels, shape (B, C), which are held; None for none.

    Returns:
        Visible states, of v's shape.
    """
    unit_known = dbn.visible.spread(known)
    draws = 2 * len(dbn.rbms) + 2

    def clamp(sampled: Any) -> Any:
        return unit_known * v + (1 - unit_known) * sampled

    def body(index: Any, state: Any) -> Any:
        return clamp(step(dbn, state, random.advance(key, 1 + index * draws), temperature, y))

    biases = labels.without(dbn, dbn.rbms[0], ops.convert_to_tensor(dbn.rbms[0].a))
    start = blocks.draw(dbn.visible, ops.broadcast_to(biases, ops.shape(v)), key)
    return ops.fori_loop(0, steps, body, clamp(start))


def top_chain(dbn: DBN, v: Any, known: Any, key: Any, temperature: Any, steps: Any, y: Any = None) -> Any:
    """Block Gibbs in the top RBM alone and one way down: in the limit an exact draw of the network with labels.

    Args and result are those of `chain`; of `v` the shape counts, and nothing is known.
    """
    del known
    top, lead = dbn.rbms[-1], v.shape[:-1]
    below = top.visible.parts[0]

    def up(x: Any, here: Any) -> Any:
        seen = labels.beside(dbn, x, labels.draw(dbn, x, here, temperature) if y is None else y)
        return blocks.draw(top.hidden, top.h_logits_from_v(seen) / temperature, here)

    def body(index: Any, x: Any) -> Any:
        here = random.advance(key, 1 + 2 * index)
        h = up(x, here)
        logits = labels.without(dbn, top, top.v_logits_from_h(h)) / temperature
        return blocks.draw(below, logits, random.advance(here))

    start = ops.broadcast_to(labels.without(dbn, top, ops.convert_to_tensor(top.a)), (*lead, below.size))
    x = ops.fori_loop(0, steps, body, blocks.draw(below, start, key))
    here = random.advance(key, 1 + 2 * steps)
    return _down(dbn, up(x, here), v, random.advance(here), temperature)


def _down(dbn: DBN, h: Any, v: Any, key: Any, temperature: Any) -> Any:
    for number, rbm in enumerate(reversed(dbn.rbms)):
        units = dbn.visible if rbm is dbn.rbms[0] else rbm.visible
        logits = v_logits(dbn, h, v) if rbm is dbn.rbms[0] else labels.without(dbn, rbm, rbm.v_logits_from_h(h))
        if rbm is dbn.rbms[-1] and dbn.labels:
            units = rbm.visible.parts[0]
        h = blocks.draw(units, logits / temperature, random.advance(key, number))
    return h
