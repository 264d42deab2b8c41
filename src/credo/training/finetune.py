"""Fine-tuning a pretrained stack by backpropagation on hidden cells."""

from __future__ import annotations

import keras

from credo.models.dbn import DBN


def prepare(
    dbn: DBN, *, steps: int, rate: float = 1e-3, warmup: int = 200, clip: float = 5.0, decay: float = 1e-4
) -> None:
    """Make a DBN ready for `fit`: AdamW with a rate that warms up and falls to nothing along a cosine.

    Args:
        dbn: the network, pretrained.
        steps: steps that training will take.
        rate: learning rate after warming up.
        warmup: steps during which the rate rises.
        clip: largest norm of the gradient of all weights together.
        decay: decoupled weight decay of the weights; biases have none.
    """
    warmup = min(warmup, steps // 2)
    schedule = keras.optimizers.schedules.CosineDecay(
        0.0 if warmup else rate, max(steps - warmup, 1), warmup_target=rate if warmup else None, warmup_steps=warmup
    )
    optimizer = keras.optimizers.AdamW(schedule, weight_decay=decay, global_clipnorm=clip)
    optimizer.exclude_from_weight_decay(var_list=[bias for rbm in dbn.rbms for bias in (rbm.a, rbm.b)])
    dbn.compile(optimizer=optimizer)
