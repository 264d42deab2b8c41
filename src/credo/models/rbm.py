"""The restricted Boltzmann machine.

With visible states v (N units), hidden states h (H units), weights W, biases a and b, and offsets m and l:

    E(v, h) = -base(v) - a.v - b.h - (v - m)' W (h - l)

where base(v) is the log base measure of the visible units: 0 for discrete ones, -v^2 / 2 s^2 for Gaussian ones. Offsets
of zero give the textbook machine (Smolensky 1986; Hinton 2002); offsets near the means of the data centre it, which
conditions the gradient far better (Montavon & Müller 2012; Melchior, Fischer & Wiskott 2016).

A machine with a *span* S > 1 is convolutional (Lee, Grosse, Ranganath & Ng 2009): its states are sequences of L blocks,
v of shape (B, L, N) and h of shape (B, L, H); each hidden block is joined to the S visible blocks around it by the same
weights, W of shape (S N, H). Beyond the ends of a sequence the offsets stand, that is to say nothing is known there:

    E(v, h) = -base(v) - sum_p a.v_p - sum_q b.h_q - sum_q (patch_q(v - m))' W (h_q - l)

It is the plain machine with a banded matrix of shared weights, for sequences of any length. A plain machine takes
sequences too, and treats each block alike and alone.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from credo.errors import UsageError
from credo.models import blocks, divergence, random
from credo.models.backend import half_product
from credo.models.initial import small_weights
from credo.models.units import Bernoulli, Units
from credo.shapes import expect


class Parameters(NamedTuple):
    """The numbers of an RBM.

    Attributes:
        W: weights, shape (S N, H).
        a: visible biases, shape (N,).
        b: hidden biases, shape (H,).
        m: visible offsets, shape (N,).
        l: hidden offsets, shape (H,).
    """

    W: Any
    a: Any
    b: Any
    m: Any
    l: Any  # noqa: E741 - the letter of the literature (lambda)


@keras.saving.register_keras_serializable("credo")
class RBM(keras.Model):
    """A restricted Boltzmann machine that `compile` and `fit` train by contrastive divergence.

    The loss is linear in the parameters with the statistics of data and model as constants, so that its gradient is
    exactly the CD gradient, `-(<v h>_data - <v h>_model)`; its value says nothing. Watch the metric `reconstruction`
    (nats a code between the data and one step of the chain) and the free-energy gap (`evaluation.likelihood`).

    Args:
        visible: the visible units, or a number of Bernoulli units.
        hidden: number of hidden units (of a block), H (Bernoulli).
        span: number of neighbouring blocks that a hidden block hears, S, an odd number; 1 for a plain machine.
        k: steps of the chain before the negative statistics.
        chains: 0 for CD, chains that start at the data; more for PCD, that many chains which go on for ever and are
            saved with the model.
        blocks: length of the persistent chains where they are sequences, L; 0 where they are not.
        held: shape (G,), 1 where a code is context that the chain never changes; None for none.
        l2: weight decay, added to the gradient as `l2 * W`.
        sparsity: cost of hidden units whose mean over a batch is not `target`; see `divergence.sparsity`. 0 for none.
        target: the share of the time that a hidden unit shall be on, p.
        centring: rate at which the hidden offsets follow the hidden means of the data, with the visible biases
            corrected so that the energy stays what it was up to a constant (see `move_hidden_offsets`); 0 for never.
        weight_scale: standard deviation of the initial weights.
        seed: of the initial weights and of all sampling.

    Attributes:
        half: whether matrix products are taken in bfloat16; see `backend.half_product`. It is not saved.
    """

    def __init__(
        self,
        visible: Units | int,
        hidden: int,
        *,
        span: int = 1,
        k: int = 1,
        chains: int = 0,
        blocks: int = 0,
        held: list[int] | np.ndarray | None = None,
        l2: float = 0.0,
        sparsity: float = 0.0,
        target: float = 0.1,
        centring: float = 0.0,
        weight_scale: float = 0.01,
        seed: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        if hidden < 1 or k < 1 or chains < 0:
            raise UsageError(f"RBM: expected hidden >= 1, k >= 1, chains >= 0, got {hidden}, {k}, {chains}")
        if sparsity < 0 or not 0 < target < 1 or not 0 <= centring <= 1:
            raise UsageError(
                f"RBM: expected sparsity >= 0, 0 < target < 1, 0 <= centring <= 1, got {sparsity}, {target}, {centring}"
            )
        if span < 1 or span % 2 == 0:
            raise UsageError(f"RBM: expected an odd span, got {span}")
        self.visible = Bernoulli(visible) if isinstance(visible, int) else visible
        self.hidden = Bernoulli(hidden)
        self.span, self.blocks = span, blocks
        self.k, self.chains, self.l2, self.weight_scale, self.seed = k, chains, l2, weight_scale, seed
        self.sparsity, self.target, self.centring = sparsity, target, centring
        self.storage = "float32"
        self.half = False
        self.held = None if held is None else [int(x) for x in held]
        if self.held is not None and len(self.held) != self.visible.groups:
            raise UsageError(f"RBM: expected held of {self.visible.groups} codes, got {len(self.held)}")
        self.reconstruction = keras.metrics.Mean(name="reconstruction")
        N, H = self.visible.size, hidden
        self.W = self.add_weight(shape=(span * N, H), initializer=small_weights(weight_scale, seed), name="W")
        self.a = self.add_weight(shape=(N,), initializer="zeros", name="a")
        self.b = self.add_weight(shape=(H,), initializer="zeros", name="b")
        self.m = self.add_weight(shape=(N,), initializer="zeros", trainable=False, name="m")
        self.l = self.add_weight(shape=(H,), initializer="zeros", trainable=False, name="l")
        self.key = self.add_weight(shape=(2,), initializer="zeros", dtype="int32", trainable=False, name="key")
        self.key.assign(random.make_key(seed))
        if chains:
            shape = (chains, blocks, N) if blocks else (chains, N)
            self.chain = self.add_weight(shape=shape, initializer="zeros", trainable=False, name="chain")
        if centring:  # the hidden means of the last batch
            self.h_mean = self.add_weight(shape=(H,), initializer="zeros", trainable=False, name="h_mean")
        self.build((None, self.visible.size))

    def build(self, input_shape: Any) -> None:
        """Nothing is left to create; Keras makes its own lists of the variables here."""
        self.built = True

    # -- what the layers send each other ----------------------------------------------------------------------------

    def patches(self, x: Any) -> Any:
        """The blocks around each block, side by side, with zeros beyond the ends; (B, L, N) to (B, L, S N)."""
        if self.span == 1:
            return x
        L, reach = x.shape[1], self.span // 2
        padded = ops.pad(x, ((0, 0), (reach, reach), (0, 0)))
        return ops.concatenate([padded[:, place : place + L] for place in range(self.span)], axis=-1)

    def overlap(self, x: Any) -> Any:
        """Add patches up where they overlap (the adjoint of `patches`); (B, L, S N) to (B, L, N)."""
        if self.span == 1:
            return x
        N, L, reach = self.visible.size, x.shape[1], self.span // 2
        total = 0.0
        for place in range(self.span):
            part = x[..., place * N : (place + 1) * N]
            total = total + ops.pad(part, ((0, 0), (place, 2 * reach - place), (0, 0)))
        return total[:, reach : reach + L]

    def h_field_from_v(self, v: Any, p: Parameters | None = None) -> Any:
        """What the hidden units hear, their biases aside; (B, N) to (B, H)."""
        p = p or self
        return self._product(self.patches(v - p.m), p.W)

    def v_field_from_h(self, h: Any, p: Parameters | None = None) -> Any:
        """What the visible units hear, their biases aside; (B, H) to (B, N)."""
        p = p or self
        return self.overlap(self._product(h - p.l, ops.transpose(p.W)))

    def _product(self, x: Any, W: Any) -> Any:
        return half_product(x, W) if self.half else ops.matmul(x, W)

    # -- conditionals ------------------------------------------------------------------------------------------------

    def constants(self) -> Parameters:
        """The numbers of the machine, with no gradients flowing into them."""
        return Parameters(
            *(ops.stop_gradient(ops.convert_to_tensor(x)) for x in (self.W, self.a, self.b, self.m, self.l))
        )

    def h_logits_from_v(self, v: Any) -> Any:
        """Logits of the hidden units; (B, N) to (B, H)."""
        return self.b + self.h_field_from_v(v)

    def mean_h_from_v(self, v: Any) -> Any:
        """P(h = 1 | v); (B, N) to (B, H)."""
        return self.hidden.mean(self.h_logits_from_v(v))

    def sample_h_from_v(self, v: Any, key: Any) -> Any:
        """A draw from P(h | v); (B, N) to (B, H). The draw uses up `key`."""
        return blocks.draw(self.hidden, self.h_logits_from_v(v), key)

    def v_logits_from_h(self, h: Any) -> Any:
        """Logits of the visible units; (B, H) to (B, N)."""
        return self.a + self.v_field_from_h(h)

    def mean_v_from_h(self, h: Any) -> Any:
        """E[v | h]; (B, H) to (B, N)."""
        return self.visible.mean(self.v_logits_from_h(h))

    def sample_v_from_h(self, h: Any, key: Any) -> Any:
        """A draw from P(v | h); (B, H) to (B, N). The draw uses up `key`."""
        return blocks.draw(self.visible, self.v_logits_from_h(h), key)

    def layers(self, p: Parameters | None = None, temperature: Any = 1.0) -> blocks.Layers:
        """Its two layers, for block Gibbs sampling.

        Args:
            p: numbers in the place of its own.
            temperature: divides all logits.
        """
        p = p or self
        return blocks.Layers(
            self.visible,
            self.hidden,
            lambda v: (p.b + self.h_field_from_v(v, p)) / temperature,
            lambda h: (p.a + self.v_field_from_h(h, p)) / temperature,
        )

    # -- energies ----------------------------------------------------------------------------------------------------

    def interaction(self, v: Any, h: Any) -> Any:
        """(v - m)' W (h - l) of each row, nats; (B, N) and (B, H) to (B,)."""
        return _by_row(ops.sum(self.h_field_from_v(v) * (h - self.l), axis=-1))

    def energy(self, v: Any, h: Any) -> Any:
        """E(v, h) in nats; (B, N) and (B, H) to (B,)."""
        self._expect("v", v, "N")
        self._expect("h", h, "H")
        linear = ops.matmul(v, self.a) + self.visible.base(v)
        return -_by_row(linear) - _by_row(ops.matmul(h, self.b)) - self.interaction(v, h)

    def free_energy(self, v: Any) -> Any:
        """Free energy of visible states, F(v) = -log sum_h exp(-E(v, h)).

        Args:
            v: visible states, shape (B, N) or (B, L, N).

        Returns:
            F(v) in nats, shape (B,). Lower is more likely.
        """
        self._expect("v", v, "N")
        field = self.h_field_from_v(v)
        linear = ops.matmul(v, self.a) + self.visible.base(v)
        return _by_row(ops.matmul(field, self.l) - linear - self.hidden.cumulant(self.b + field))

    def _expect(self, name: str, x: Any, axis: str) -> None:
        size = self.visible.size if axis == "N" else self.hidden.size
        lead = "B L" if self.span > 1 or len(x.shape) == 3 else "B"
        expect(name, x, f"{lead} {axis}", **{axis: size})

    # -- training ----------------------------------------------------------------------------------------------------

    def call(self, v: Any) -> Any:
        """P(h = 1 | v): what the next layer sees. `v` may be states (B, N) or codes (B, G)."""
        return self.mean_h_from_v(as_states(self.visible, v))

    def start_from(self, mean: np.ndarray, *, centre: bool = True) -> None:
        """Start where the data are: biases at the logits of the data's mean, and offsets that centre the machine.

        Args:
            mean: mean of the visible states over the data, shape (N,).
            centre: whether to set the offsets (m to the mean, l to 1/2, where the hidden units begin).
        """
        self.a.assign(self.visible.logits_of_mean(np.asarray(mean)))
        if centre:
            self.m.assign(np.asarray(mean, np.float32))
            self.l.assign(np.full(self.hidden.size, 0.5, np.float32))

    def start_chains(self, v: np.ndarray) -> None:
        """Put the persistent chains on states, shape (chains, N) or (chains, L, N)."""
        self.chain.assign(v)

    def compute_loss(
        self, x: Any = None, y: Any = None, y_pred: Any = None, sample_weight: Any = None, training: bool = True
    ) -> Any:
        """The surrogate whose gradient is the CD gradient; see the class."""
        del y, y_pred, sample_weight, training
        v0 = ops.stop_gradient(as_states(self.visible, ops.convert_to_tensor(x)))
        p = self.constants()
        key = ops.convert_to_tensor(self.key)
        h0 = self.hidden.mean(p.b + self.h_field_from_v(v0, p))
        if self.chains:
            v = ops.convert_to_tensor(self.chain)
            h_mean = self.hidden.mean(p.b + self.h_field_from_v(v, p))
            vk, _ = divergence.run_chain(self, p, v, h_mean, key)
            self.chain.assign(vk)
            self._watch(v0[::8], p.a + self.v_field_from_h(h0[::8], p))
        else:
            vk, first_logits = divergence.run_chain(self, p, v0, h0, key)
            self._watch(v0, first_logits)
        hk = self.hidden.mean(p.b + self.h_field_from_v(vk, p))
        self.key.assign(random.advance(key, 2 * self.k))
        if self.centring:
            self.h_mean.assign(ops.mean(divergence.rows(h0), axis=0))
        return divergence.surrogate(self, p, (v0, h0), (vk, hk))

    def train_step(self, *arguments: Any) -> Any:
        """Keras' own step of training and then, with `centring`, a move of the hidden offsets.

        It takes what Keras hands over on each backend: a batch, or (on JAX) the state of all variables and a batch.
        """
        result = super().train_step(*arguments)
        if not self.centring:
            return result
        if len(arguments) == 1:
            self.move_hidden_offsets(self.l + self.centring * (self.h_mean - self.l))
            return result
        logs, (trained, others, *rest) = result
        groups = (self.trainable_variables, trained), (self.non_trainable_variables, others)
        mapping = [pair for variables, values in groups for pair in zip(variables, values, strict=True)]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            self.move_hidden_offsets(self.l + self.centring * (self.h_mean - self.l))
            moved = [[_value(scope, each, old) for each, old in zip(*group, strict=True)] for group in groups]
        return logs, (*moved, *rest)

    def move_hidden_offsets(self, l: Any) -> None:  # noqa: E741 - the letter of the literature
        """Give the hidden units other offsets, and the visible ones the biases that make up for it.

        With a' = a + W (l' - l) the energy of every state changes by the same number, so that the distribution stays
        what it was (Montavon & Müller 2012; Melchior, Fischer & Wiskott 2016). With a span that is exact but for the
        S // 2 blocks at either end of a sequence, where fewer hidden blocks hear a visible one.

        Args:
            l: the new offsets, shape (H,).
        """
        shift = ops.matmul(self.W, ops.reshape(l - self.l, (-1, 1)))
        self.a.assign(self.a + ops.sum(ops.reshape(shift, (self.span, self.visible.size)), axis=0))
        self.l.assign(l)

    def _watch(self, v: Any, logits: Any) -> None:
        cross_entropy = self.visible.cumulant(logits) - ops.sum(v * logits, axis=-1) - self.visible.base(v)
        self.reconstruction.update_state(cross_entropy / self.visible.groups)

    # -- saving ------------------------------------------------------------------------------------------------------

    def save_own_variables(self, store: Any) -> None:
        """Write the weights, as float16 where `storage` says so (for models that ship)."""
        for index, variable in enumerate(self._trainable_variables + self._non_trainable_variables):
            value = keras.ops.convert_to_numpy(variable)
            store[str(index)] = (
                value.astype(np.float16) if self.storage == "float16" and value.dtype == np.float32 else value
            )

    def load_own_variables(self, store: Any) -> None:
        """Read the weights that `save_own_variables` wrote."""
        for index, variable in enumerate(self._trainable_variables + self._non_trainable_variables):
            variable.assign(np.asarray(store[str(index)]).astype(variable.dtype))

    def get_config(self) -> dict[str, Any]:
        """What `from_config` needs."""
        return {
            **super().get_config(),
            "visible": keras.saving.serialize_keras_object(self.visible),
            "hidden": self.hidden.size,
            "span": self.span,
            "blocks": self.blocks,
            "k": self.k,
            "chains": self.chains,
            "held": self.held,
            "l2": self.l2,
            "sparsity": self.sparsity,
            "target": self.target,
            "centring": self.centring,
            "weight_scale": self.weight_scale,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> RBM:
        """Rebuild a machine from its configuration."""
        return cls(**{**config, "visible": keras.saving.deserialize_keras_object(config["visible"])})


def _value(scope: Any, variable: Any, otherwise: Any) -> Any:
    """What a variable is at the end of a stateless scope."""
    value = scope.get_current_value(variable)
    return otherwise if value is None else value


def _by_row(x: Any) -> Any:
    """Add up the blocks of each sequence; (B,) or (B, L) to (B,)."""
    return ops.sum(x, axis=-1) if len(x.shape) > 1 else x


def as_states(units: Units, x: Any) -> Any:
    """States of what may be codes (integers, shape (B, G)) or states (floats, shape (B, N))."""
    return units.expand(x) if "int" in keras.backend.standardize_dtype(x.dtype) else x
