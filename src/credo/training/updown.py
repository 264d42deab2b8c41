"""The up-down algorithm: contrastive wake-sleep for a whole deep belief network (Hinton, Osindero & Teh 2006).

Greedy pretraining learns each layer as if nothing came after it. Here all layers are learned together. The recognition
weights of the lower layers are untied from the generative ones, and each step does three things:

* wake: states are drawn upward with the recognition weights, and the generative weights of each lower layer learn to
  tell the states below from those above, by the gradient of -log P(h_d | h_{d+1});
* the top RBM learns by contrastive divergence from the states that reach it, with labels beside them if there are any;
* sleep: from where its chain ends, states are drawn downward, and the recognition weights learn to tell the states
  above from those below, by the gradient of -log q(h_{d+1} | h_d).

    updown = UpDown(dbn)
    updown.compile(optimizer=keras.optimizers.Adam(1e-3))
    updown.fit(codes, batch_size=128, epochs=10)
    save_recognition(updown.recognition(), "recognition.npz")

Afterwards the network's own weights are the generative model. `up`, and all that rests on it, uses their transposes,
which are no longer the best recognition; the untied one serves a likelihood bound as its proposal.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.errors import FormatError, UsageError
from credo.models import blocks, divergence, labels, random
from credo.models.dbn import DBN
from credo.models.rbm import RBM


class Recognition(NamedTuple):
    """How a hidden layer is told from the one below it: logits = c + (x - m) R, with m the offsets of its RBM.

    Attributes:
        R: weights, shape (S N, H).
        c: biases, shape (H,).
    """

    R: Any
    c: Any


@keras.saving.register_keras_serializable("credo")
class UpDown(keras.Model):
    """Trains a DBN by the up-down algorithm; `compile`, `fit` and `Stepper` run it.

    The top RBM takes as many steps, persistent chains and penalties as it was made with. Rows are codes or states, with
    labels where the network has any: `fit(codes, labels)`, or beside them as `models.labels.join` puts them.

    Args:
        dbn: the network, pretrained; it is trained in place. At least two layers, without lateral couplings.
        sleep: weight of the sleep phase in the loss.
        seed: of all sampling.

    Attributes:
        wake_nats: metric, -log P of the visible states given the layer above, nats a row.
        sleep_nats: metric, -log q of the hidden layers in the sleep phase, nats a row.
    """

    def __init__(self, dbn: DBN, *, sleep: float = 1.0, seed: int = 0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        if len(dbn.rbms) < 2 or dbn.lateral is not None or sleep < 0:
            raise UsageError(
                "UpDown: expected a DBN of two layers or more without lateral couplings, and sleep >= 0, got "
                f"{len(dbn.rbms)} layers{', lateral' if dbn.lateral is not None else ''}, {sleep}"
            )
        self.dbn, self.sleep, self.seed = dbn, sleep, seed
        self.upward = []
        for depth, rbm in enumerate(dbn.rbms[:-1]):
            pair = [
                self.add_weight(shape=tuple(weight.shape), initializer="zeros", name=f"{name}_{depth + 1}")
                for name, weight in (("R", rbm.W), ("c", rbm.b))
            ]
            for ours, theirs in zip(pair, (rbm.W, rbm.b), strict=True):
                ours.assign(np.array(ops.convert_to_numpy(theirs)))  # a copy: JAX donates buffers
            self.upward.append(pair)
        self.wake_nats = keras.metrics.Mean(name="wake_nats")
        self.sleep_nats = keras.metrics.Mean(name="sleep_nats")
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        self.built = True

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create."""
        self.built = True

    def call(self, v: Any) -> Any:
        """The code of visible states: means of the top layer, by recognition."""
        x, y = labels.split(self.dbn, v)
        for depth, rbm in enumerate(self.dbn.rbms[:-1]):
            x = rbm.hidden.mean(self._q_logits(depth, x))
        return self.dbn.rbms[-1].mean_h_from_v(labels.beside(self.dbn, x, y))

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """Wake, top and sleep in one; only its gradient means something."""
        del y_pred, sample_weight, training
        v, y = labels.split(self.dbn, x, y)
        *low, top = self.dbn.rbms
        key, number = ops.convert_to_tensor(self.key), 0
        states = [ops.stop_gradient(v)]
        for depth, rbm in enumerate(low):  # upward, by recognition
            states.append(_draw(rbm.hidden, self._q_logits(depth, states[-1]), random.advance(key, number)))
            number += 1
        wake = [
            _nats(rbm.visible, below, rbm.v_logits_from_h(above))
            for rbm, below, above in zip(low, states[:-1], states[1:], strict=True)
        ]
        if self.dbn.labels and y is None:
            y = labels.draw(self.dbn, states[-1], random.advance(key, number))
        loss, state = self._top(top, ops.stop_gradient(labels.beside(self.dbn, states[-1], y)), key, number)
        number += 2 * top.k
        state, asleep = labels.without(self.dbn, top, state), []
        for depth, rbm in reversed(list(enumerate(low))):  # downward, by generation
            below = _draw(rbm.visible, rbm.v_logits_from_h(state), random.advance(key, number))
            asleep.append(_nats(rbm.hidden, state, self._q_logits(depth, below)))
            state, number = below, number + 1
        self.key.assign(random.advance(key, number))
        self.wake_nats.update_state(wake[0])
        self.sleep_nats.update_state(sum(asleep))
        # the hidden biases of lower layers serve recognition alone, and are left as they are
        unused = 0.0 * sum(ops.sum(rbm.b) for rbm in low)
        return loss + ops.mean(sum(wake)) + self.sleep * ops.mean(sum(asleep)) + unused

    def _q_logits(self, depth: int, x: Any) -> Any:
        rbm, (R, c) = self.dbn.rbms[depth], self.upward[depth]
        return c + ops.matmul(rbm.patches(x - rbm.m), R)

    def _top(self, top: RBM, v0: Any, key: Any, number: int) -> tuple[Any, Any]:
        """The surrogate of the top RBM's divergence, and states of its visible units to dream from."""
        p, here = top.constants(), random.advance(key, number)

        def h_mean(v: Any) -> Any:
            return top.hidden.mean(p.b + top.h_field_from_v(v, p))

        start = ops.convert_to_tensor(top.chain) if top.chains else v0
        vk, _ = divergence.run_chain(top, p, start, h_mean(start), here)
        if top.chains:
            top.chain.assign(vk)
        return divergence.surrogate(top, p, (v0, h_mean(v0)), (vk, h_mean(vk))), vk

    def recognition(self) -> list[Recognition]:
        """The recognition weights of each layer but the top one, lowest first, as NumPy arrays."""
        return [Recognition(*(np.array(ops.convert_to_numpy(x)) for x in pair)) for pair in self.upward]

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            **super().get_config(),
            "dbn": keras.saving.serialize_keras_object(self.dbn),
            "sleep": self.sleep,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> UpDown:
        """Rebuild it from its configuration."""
        return cls(**{**config, "dbn": keras.saving.deserialize_keras_object(config["dbn"])})


def save_recognition(recognition: Sequence[Recognition], path: str | Path) -> None:
    """Write recognition weights to an `.npz` file: `R1`, `c1`, `R2`, ...; keep it beside the model."""
    np.savez(path, **{f"{name}{i}": x for i, pair in enumerate(recognition, 1) for name, x in pair._asdict().items()})


def load_recognition(path: str | Path) -> list[Recognition]:
    """Read what `save_recognition` wrote.

    Raises:
        FormatError: the file holds something else.
    """
    with np.load(path, allow_pickle=False) as file:
        layers = range(1, len(file.files) // 2 + 1)
        if not layers or set(file.files) != {f"{name}{i}" for i in layers for name in Recognition._fields}:
            raise FormatError(path, f"expected recognition weights R1, c1, ..., got {', '.join(file.files)}")
        return [Recognition(file[f"R{i}"], file[f"c{i}"]) for i in layers]


def _draw(units: Any, logits: Any, key: Any) -> Any:
    """States that no gradient flows through."""
    return ops.stop_gradient(blocks.draw(units, logits, key))


def _nats(units: Any, states: Any, logits: Any) -> Any:
    """-log P of each row; (B, N) and (B, N), or sequences of them, to (B,)."""
    each = -units.log_prob(units.collapse(states), logits)
    return ops.sum(each, axis=tuple(range(1, len(each.shape))))
